"""What the build of a log requires: the list of a pyproject.toml that counts for it."""

from __future__ import annotations

import re

from cuda_shims.config import load_pyproject
from cuda_shims.doctor import project as needs
from cuda_shims.doctor.log import clue
from cuda_shims.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: the list of a project's own build
OWN, _UV = "build-system.requires", ("tool", "uv", "extra-build-dependencies")
#: uv of a package that comes from an index; its own project it names with a path
_FOREIGN = re.compile(
    r"(?:Failed to (?:download and )?build|This\s+error\s+likely\s+indicates\s+that)\s+`([\w.-]{1,100})(?:==|@)"
)
_OWN = re.compile(r"Failed to build `[\w.-]{1,100} @ file:")


def read_requires(directory: str, text: str) -> tuple[list[str] | None, str]:
    """Give what a build requires, and the name of the list of it in pyproject.toml."""
    foreign = [] if _OWN.search(text) else _FOREIGN.findall(text)
    try:
        project = load_pyproject(directory) if directory else {}
    except ConfigError:
        return None, OWN
    given: Any
    if foreign and (project or clue.is_isolated(text)):
        # somebody else's sdist: what the project itself is built with has no part in that
        own, lists = f"extra-build-dependencies.{foreign[-1]}", needs.find_table(project, *_UV)
        given = next((each for name, each in lists.items() if needs.name_of(name) == needs.name_of(foreign[-1])), [])
    else:
        own, given = OWN, needs.find_table(project, "build-system").get("requires")
    if isinstance(given, list):
        given = [each.get("requirement") if isinstance(each, dict) else each for each in given]
    return needs.read_strings(given), own
