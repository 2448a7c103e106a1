"""The projects, as ``projects.toml`` has them: which release, what its build needs, what of it is compiled."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = Path(__file__).with_name("projects.toml")


class Project(NamedTuple):
    """A release on PyPI, and its build."""

    name: str
    version: str
    #: of its sdist
    sha256: str
    #: what its build gets beyond the sdist's own requirements, ``cuda-shims`` first
    requires: list[str]
    #: what ``build-system.requires`` names, which pip without isolation has to find installed
    own: list[str]
    environ: dict[str, str]
    #: config settings
    settings: dict[str, str]
    #: which sources are compiled: patterns, or how many kernels of each folder; ``None``: all
    sources: list[str] | int | None
    #: seconds that a build may take
    limit: int

    @property
    def pin(self) -> str:
        """Return the requirement of this release."""
        return f"{self.name}=={self.version}"

    @property
    def torch(self) -> str:
        """Return the torch that it is compiled against, whose requirements hold the toolkit's release."""
        return next((each for each in self.requires if each.startswith("torch==")), "")


def first_requires(common: dict[str, Any], torch: bool | str) -> list[str]:
    """Return what a build gets first: cuda-shims, and of an extension of torch the common one or the row's."""
    if not torch:
        return [common["shims"]]
    *shims, usual = common["torch"]
    return [*shims, usual if torch is True else f"torch=={torch}"]


def read_table(path: Path = TABLE) -> dict[str, Project]:
    """Return the projects by name, in the table's order."""
    with path.open("rb") as file:
        data = tomllib.load(file)
    common = data.pop("common")
    projects = {}
    for name, row in data.items():
        torch = row.get("torch", False)
        projects[name] = Project(
            name,
            row["version"],
            row["sha256"],
            [*first_requires(common, torch), *row.get("requires", [])],
            row.get("own", ["setuptools", "wheel"]),
            {**(common["torch-environ"] if torch else {}), **row.get("environ", {})},
            row.get("settings", {}),
            row.get("sources"),
            row.get("limit", common["limit"]),
        )
    return projects
