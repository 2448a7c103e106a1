"""What a message is about that names what an earlier build has noted: files of an environment that is gone."""

from __future__ import annotations

import os
import re

from . import log_causes
from .log_causes import Cause, fixed, plain
from .log_fixes import Scene

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .log_causes import Words

#: environments of isolated builds: pip's, PDM's, that of build, uv's
_ISOLATED = re.compile(r"[/\\](?:(?:pip-|pdm-)?build-env-|builds-v\d{1,2}[/\\]\.tmp)")
_ANEW = "its environment was made anew, and a toolkit root is made when Python, or a shim, first starts there"
_ANEW_FIX = "start one there (nvcc --version), and build again"


def stale(what: str, why: str) -> Callable[[Words, Scene], Cause]:
    """
    Make the function of a rule whose message names a file that an earlier build has noted, and that is not there.

    :param what: see :func:`~cuda_shims.log_causes.plain`
    :param why: the same
    :returns: the function

    """
    gone = plain(what, why, Scene.fresh)

    def explain(words: Words, scene: Scene) -> Cause:
        return _made_anew(gone(words, scene), words["name"])

    return explain


def _made_anew(cause: Cause, name: str) -> Cause:
    site, _, rest = name.replace("\\", "/").partition("/cuda_shims_toolkit/")
    major = rest.partition("/")[0]
    if not (rest and os.path.isdir(os.path.join(site, "nvidia", major))):
        return cause
    # the doctor's own start may have made the root since; of a root that is there, a file may be missing for good
    if os.path.lexists(os.path.join(site, "cuda_shims_toolkit", major)) and not os.path.exists(name):
        return cause
    return cause._replace(why=_ANEW, fix=fixed(_ANEW_FIX))


def tool_at(words: Words, scene: Scene) -> Cause | None:
    """Explain a tool of the toolkit that is called by its path and is not there."""
    cause = log_causes.tool(words, scene)
    return _made_anew(cause, words["name"]) if cause and cause.code == "stale" else cause


def build_tool(words: Words, _: Scene) -> Cause | None:
    """Explain a ninja or cmake of an isolated build's environment, which a build folder has noted."""
    name = words["name"]
    if not _ISOLATED.search(name):
        return None
    what = f"The build asks for {name}, which is not there."
    return Cause("", what, "it was configured in an isolated build, whose environment is gone", Scene.fresh, name)


__all__ = ["build_tool", "stale", "tool_at"]
