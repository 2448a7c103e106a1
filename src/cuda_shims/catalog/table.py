"""
The tables of what is in which wheel, read: ``contents.txt`` of the toolkit's, ``companions.txt`` of the companions.

``scripts/table`` writes both. :mod:`cuda_shims.catalog.contents` answers from them.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import NamedTuple

from cuda_shims.catalog import companions, tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Place(NamedTuple):
    """One wheel of one release that holds something."""

    #: the distribution, with ``-cu12`` for CUDA 12, and ``-cu13`` of a companion for CUDA 13
    distribution: str
    #: the extra of ``cuda-toolkit`` that brings it; empty: none does, it is a companion
    extra: str
    #: the CUDA release
    release: str
    #: ``linux``, ``windows``, or only one machine of it: ``linux-x86_64``, ``windows-arm64`` …
    system: str


class Table(NamedTuple):
    """The content of both tables."""

    #: the CUDA releases, in order
    releases: tuple[str, ...]
    #: target of CMake without CUDA:: -> the names that CMake searches for
    targets: dict[str, tuple[str, ...]]
    #: kind -> file name -> where it is
    files: dict[str, dict[str, list[Place]]]
    #: library as -l takes it -> its files
    stems: dict[str, list[str]]
    #: names of import libraries that no wheel has: our roots have them where the DLL is installed
    made: frozenset[str]
    #: what a companion's target may be called, in small letters -> its library as -l takes it, or its header
    companions: dict[str, str]


@cache
def read_table() -> Table:
    """Read both, once."""
    with open(os.path.join(os.path.dirname(__file__), "contents.txt"), encoding="ascii") as file:
        return parse(file.read(), companions.text())


def parse(toolkit: str, others: str = "") -> Table:
    """Read the text of ``contents.txt``, and that of ``companions.txt``."""
    releases: list[str] = []
    targets: dict[str, tuple[str, ...]] = {}
    files: dict[str, dict[str, list[Place]]] = {"header": {}, "library": {}, "tool": {}}
    distribution = extra = ""
    where: list[tuple[list[str], list[str]]] = []
    for is_companion, line in _lines(toolkit, others):
        key, _, names = line.partition(": ")
        kind, *conditions = key.split()
        if kind == "releases":
            releases = names.split()
        elif kind == "targets":
            for target, _, searched in (each.partition("=") for each in names.split()):
                targets[target] = tuple((searched or target).split(","))
        elif kind.startswith("["):
            distribution, *words = key.strip("[]").split()
            extra, *always = ("",) if is_companion else words
            where = [_narrowed(releases, always)]
        elif kind == "where":
            where = [_narrowed(releases, each.split()) for each in names.split(", ")]
        elif kind in files:
            here = _narrowed(releases, conditions)
            places = [place for each in where for place in _places(distribution, extra, each, here)]
            for name in names.split():
                files[kind].setdefault(name, []).extend(places)
    made = _import_libraries(files["library"])
    files["library"].update(made)
    stems: dict[str, list[str]] = {}
    for name in files["library"]:
        stems.setdefault(name_stem(name), []).append(name)
    return Table(tuple(releases), targets, files, stems, frozenset(made), _companions(files, stems))


def _import_libraries(libraries: dict[str, list[Place]]) -> dict[str, list[Place]]:
    # what cuda_shims.root.supplement makes; of CUDA 12's wheels there is no root on Windows
    found: dict[str, list[Place]] = {}
    known = {name.lower() for name in libraries}
    for name, places in libraries.items():
        library = f"{name_stem(name)}.lib"
        if name.endswith(".dll") and library.lower() not in known:
            later = [each for each in places if each.release.partition(".")[0] != "12"]
            if later:
                found.setdefault(library, []).extend(later)
    return found


def _lines(toolkit: str, others: str) -> Iterator[tuple[bool, str]]:
    for text in (toolkit, others):
        for line in re.sub(r"\n ", " ", text).splitlines():
            yield text is others, line


def _companions(files: dict[str, dict[str, list[Place]]], stems: dict[str, list[str]]) -> dict[str, str]:
    headers = (name for name, places in files["header"].items() if not places[0].extra and "/" not in name)
    libraries = (stem for stem, names in stems.items() if not files["library"][names[0]][0].extra)
    return {**{name.rpartition(".")[0].lower(): name for name in headers}, **{each.lower(): each for each in libraries}}


def _narrowed(releases: list[str], conditions: list[str]) -> tuple[list[str], list[str]]:
    """Return the systems and the releases that conditions name."""
    systems = [each for each in conditions if not each[0].isdigit()]
    if len(systems) == len(conditions):
        return systems, releases
    chosen: list[str] = []
    for span in conditions[-1].split(","):
        first, dash, last = span.partition("-")
        end = releases.index(last) if last else len(releases) - 1 if dash else releases.index(first)
        chosen += releases[releases.index(first) : end + 1]
    return systems, chosen


def _places(
    distribution: str, extra: str, always: tuple[list[str], list[str]], here: tuple[list[str], list[str]]
) -> Iterator[Place]:
    outer, inner = always[0] or ["linux", "windows"], here[0] or ["linux", "windows"]
    # a distribution only for linux-x86_64 has "linux" in the table and means that
    systems = {max(one, two, key=len) for one in outer for two in inner if one.startswith(two) or two.startswith(one)}
    for release in here[1]:
        if release in always[1]:
            major = int(release.partition(".")[0])
            name = (tools if extra else companions).distribution_of(distribution, major)
            for system in sorted(systems):
                yield Place(name, extra, release, system)


def name_stem(file: str) -> str:
    """Return what the linker calls a library: ``cublas`` of ``libcublas.so.13`` and of ``cublas64_13.dll``."""
    match = re.fullmatch(r"lib(.+?)\.(?:so[\d.]*|a)|(.+?)(?:(?:64)?_[\d._]+)?(?:\.alt)?\.(?:dll|lib)", file)
    return (match.group(1) or match.group(2)) if match else file
