"""The executables on PATH, and whether they belong to one of our toolkits."""

from __future__ import annotations

import os

from _cuda_shims import EXE
from _cuda_shims.shims import is_shim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.environment.toolkit import Toolkit

_HOPS = 20  # as many links as a shim follows


def on_path(tool: str, path: str) -> Iterator[str]:
    """
    Find every executable of a name on a search path.

    :param tool: its file name without extension
    :param path: the value of PATH; relative entries are skipped
    :returns: absolute paths, in order; a file that several entries lead to appears once

    """
    seen = set()
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder, tool + EXE)
        if os.path.isabs(folder) and os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            real = os.path.realpath(candidate)
            if real not in seen:
                seen.add(real)
                yield candidate


def runs_ours(path: str, toolkit: Toolkit) -> bool:
    """
    Tell whether an executable runs a toolkit's tool.

    :param path: the executable
    :param toolkit: the toolkit
    :returns: whether it is one of its tools, one of its root's, or a shim that finds them

    """
    for _ in range(_HOPS):
        prefix = os.path.dirname(os.path.dirname(path))
        if prefix in {*toolkit.folders, toolkit.root}:
            return True
        # a shim finds its toolkit by its own path, and by that of each link to it
        if is_shim(path) and toolkit.site_dir.startswith(prefix + os.sep):
            return True
        if not os.path.islink(path):
            return False
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return False
