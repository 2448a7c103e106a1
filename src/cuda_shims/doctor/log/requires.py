"""What the build of a log requires, and how to add to it: in a pyproject.toml, or in the environment."""

from __future__ import annotations

import re

from cuda_shims.catalog import tools
from cuda_shims.config import load_pyproject
from cuda_shims.doctor import project as needs
from cuda_shims.doctor.log import clue
from cuda_shims.errors import ConfigError
from cuda_shims.quoting import quote_requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from cuda_shims.doctor.case import Case

#: the list of a project's own build
OWN, _UV = "build-system.requires", ("tool", "uv", "extra-build-dependencies")
#: uv of a package that comes from an index; its own project it names with a path
_FOREIGN = re.compile(
    r"(?:Failed to (?:download and )?build|This\s+error\s+likely\s+indicates\s+that)\s+`([\w.-]{1,100})(?:==|@)"
)
_OWN = re.compile(r"Failed to build `[\w.-]{1,100} @ file:")
#: pip of an sdist of an index, of a repository, of a folder; and what it says of the one that failed
_SDIST = re.compile(
    r"(?:Downloading|Using cached|Saved) (?:[^\s]{0,300}/)?"
    r"([A-Za-z0-9][\w.]{0,60}(?:-[A-Za-z_][\w.]{0,40}){0,8})-\d[\w.!+]{0,60}\.(?:tar\.gz|zip)\b"
    r"|Collecting (?:[\w.-]{1,100} ?@ ?)?(git\+https?://[\w.:/@~+-]{1,200})"
)
_FOLDER = re.compile(r"(?m)^\s*(?:Obtaining file:|Processing (?:\.|/|[A-Za-z]:)[^\s]*$)")
_FAILED = re.compile(
    r"(?:Failed building (?:wheel|editable) for|Could not build wheels for|Failed to build '?"
    r"|pyproject\.toml based projects \()\s*([\w.-]{1,100})"
)


class Requires:
    """What a build requires."""

    def __init__(self, case: Case, text: str) -> None:
        """Find the list that counts for a build."""
        self._case = case
        self.isolated = clue.is_isolated(text)
        #: what pip built that is somebody else's, as pip is given it; empty for a project, and for what uv builds
        self.sdist = find_sdist(text) if self.isolated else ""
        #: the list; ``None`` where no pyproject.toml has it: then the environment counts
        self.listed, self.name = ([], OWN) if self.sdist else read_requires(case.directory, text)
        # what it requires is somebody else's to read; nothing else of this machine has a part in it
        unknown = bool(self.sdist) or (self.listed is None and self.isolated)
        self.listed = [] if unknown else self.listed
        #: the parts that they name, or bring; what torch and similar packages bring is not known
        self._parts = {part for each in self.listed or () for part in needs.read_parts([each]) or ()}
        #: those that any fix brings
        self.bundled = (needs.read_parts([tools.BUNDLE]) or set()) if self.sdist else set()
        #: what to say of a missing component
        self.lacking = "that is not installed" if self.listed is None else f"{self.name} does not list that package"
        if unknown:
            self.lacking = f"an isolated build has only what {self.name} brings"
        self._to = "" if self.name == OWN and not unknown else f" to {self.name}"

    def names(self, distribution: str) -> bool:
        """Tell whether the list has a distribution."""
        return distribution in {needs.name_of(each) for each in self.listed or ()}

    def has(self, part: str) -> bool:
        """Tell whether the requirements bring a part or, if these are unknown, the environment has it."""
        return self._case.has(part) if self.listed is None else part in self._parts

    def bring(self, parts: Iterable[str]) -> str:
        """Say what brings parts."""
        if self.sdist:
            wanted = self._case.requirements([each for each in parts if each not in self.bundled])
            ours = self._case.home and self._case.environment.dist_info is not None
            return self.install(*([] if ours else [tools.BUNDLE]), *wanted)
        if self.listed is None:
            return self._case.pip(*self._case.requirements(parts))
        return needs.spell_addition(self._case, self.listed, parts, self._to)

    def replace(self, requirement: str) -> str:
        """Say how to require another release of the toolkit."""
        if self.listed is None or self.sdist:
            return self.install(requirement)
        return f"in pyproject.toml: {quote_requirement(requirement)}"

    def install(self, *requirements: str) -> str:
        """Say how the build gets distributions."""
        if self.sdist:  # pip takes no requirement for the build of another's package
            first = f"{self._case.pip(*requirements)} and" if requirements else "install"
            again = self._case.pip("--no-build-isolation", self.sdist)
            return f"{first} what the package's own build-system.requires names; then: {again}"
        if self.listed is None:
            return self._case.pip(*requirements)
        added = " and ".join(f'"{each}"' for each in requirements)
        return f"in pyproject.toml, add {added}{self._to or ' to requires'}"


def find_sdist(text: str) -> str:
    """Find the package that pip failed to build, as pip is given it; empty where it is a project's own."""
    if _FOLDER.search(text):
        return ""
    found = [name or url for name, url in _SDIST.findall(text)]
    sdists: dict[str, str] = {needs.name_of(each.rpartition("/")[2].removesuffix(".git")): each for each in found}
    failed = list(map(needs.name_of, _FAILED.findall(text)))
    if known := [sdists[name] for name in failed if name in sdists]:
        return known[-1]
    # nothing has failed by name yet: it is the last one; or one package was built, whatever its name is
    return list(sdists.values())[-1] if sdists and (len(sdists) == 1 or not failed) else ""


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
