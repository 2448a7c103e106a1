"""
Which of NVIDIA's wheels holds a header, a library, a tool, or the library of a CMake target.

The knowledge is in ``provides.txt``, which ``scripts/provides.py`` writes from the wheels of CUDA 12.9 and all later
releases; it is read when something is first asked for. Nothing here looks at an environment.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: libraries of NVIDIA's driver, which no wheel for Linux holds, to the header that a root's link-time stub is made from
DRIVER_STUBS = {"cuda": "cuda.h", "nvidia-ml": "nvml.h"}
#: names that end so are headers, known or not
HEADER_SUFFIXES = (".h", ".hh", ".hpp", ".hxx", ".cuh", ".inl")
_PREFIX = "CUDA::"
_LIBRARY = re.compile(r"\.(?:so(?:\.[\w.]*)?|a|lib|dll)$", re.IGNORECASE)
#: no name of a file in a wheel comes near; a longer one is no name
_LONGEST = 200


class Holding(NamedTuple):
    """A wheel that holds something."""

    #: ``header``, ``library``, ``target`` or ``tool``
    kind: str
    #: a header as it is included, a library as ``-l`` takes it, a target with ``CUDA::``, a tool without ``.exe``
    name: str
    #: the distribution, e.g. ``nvidia-cublas``; ``nvidia-cublas-cu12`` for CUDA 12
    distribution: str
    #: the extra of ``cuda-toolkit`` that brings it
    extra: str
    #: the CUDA releases in which it holds it, e.g. ``("13.4", "13.5")``
    releases: tuple[str, ...]
    #: ``linux``, ``windows``, or both
    platforms: tuple[str, ...]


class Place(NamedTuple):
    """One wheel of one release that holds something."""

    #: the distribution, with ``-cu12`` for CUDA 12
    distribution: str
    #: the extra of ``cuda-toolkit`` that brings it
    extra: str
    #: the CUDA release
    release: str
    #: ``linux``, ``windows``, or one machine of it alone: ``linux-x86_64``, ``windows-arm64`` …
    system: str


class _Table(NamedTuple):
    releases: tuple[str, ...]
    #: target of CMake without CUDA:: -> the names that CMake searches for
    targets: dict[str, tuple[str, ...]]
    #: kind -> file name -> where it is
    files: dict[str, dict[str, list[Place]]]
    #: library as -l takes it -> its files
    stems: dict[str, list[str]]


@cache
def _table() -> _Table:
    with open(os.path.join(os.path.dirname(__file__), "provides.txt"), encoding="ascii") as file:
        return _parsed(file.read())


def _parsed(text: str) -> _Table:
    releases: list[str] = []
    targets: dict[str, tuple[str, ...]] = {}
    files: dict[str, dict[str, list[Place]]] = {"header": {}, "library": {}, "tool": {}}
    block: list[str] = []
    for line in re.sub(r"\n ", " ", text).splitlines():
        key, _, names = line.partition(": ")
        kind, *conditions = key.split()
        if kind == "releases":
            releases = names.split()
        elif kind == "targets":
            for target, _, others in (each.partition("=") for each in names.split()):
                targets[target] = tuple((others or target).split(","))
        elif kind.startswith("["):
            block = key.strip("[]").split()
        elif kind in files:
            distribution, extra, *always = block
            places = list(_places(distribution, extra, _narrowed(releases, always), _narrowed(releases, conditions)))
            for name in names.split():
                files[kind].setdefault(name, []).extend(places)
    stems: dict[str, list[str]] = {}
    for name in files["library"]:
        stems.setdefault(_stem(name), []).append(name)
    return _Table(tuple(releases), targets, files, stems)


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
    # "linux" of a distribution that is for linux-x86_64 alone is that
    systems = {max(one, two, key=len) for one in outer for two in inner if one.startswith(two) or two.startswith(one)}
    for release in here[1]:
        if release in always[1]:
            name = distribution + "-cu12" if release.startswith("12.") else distribution
            for system in sorted(systems):
                yield Place(name, extra, release, system)


def _stem(file: str) -> str:
    """Return what the linker calls a library: ``cublas`` of ``libcublas.so.13`` and of ``cublas64_13.dll``."""
    match = re.fullmatch(r"lib(.+?)\.(?:so[\d.]*|a)|(.+?)(?:(?:64)?_[\d._]+)?(?:\.alt)?\.(?:dll|lib)", file)
    return (match.group(1) or match.group(2)) if match else file


def releases() -> tuple[str, ...]:
    """
    List the CUDA releases that the table knows.

    :returns: e.g. ``("12.9", "13.0", …)``, in order

    """
    return _table().releases


def target_names(target: str) -> tuple[str, ...]:
    """
    Tell what a target of CMake's FindCUDAToolkit stands for.

    :param target: with or without ``CUDA::``
    :returns: the names that CMake searches for, of libraries without a header's or a tool's; none for a target that it
        does not define, or defines without a library

    """
    return _table().targets.get(target.removeprefix(_PREFIX), ())


def driver_stub(name: str) -> str | None:
    """
    Tell whether something is a library of NVIDIA's driver, of which our roots have a link-time stub.

    :param name: as :func:`find` takes it
    :returns: the header that the stub is made from, e.g. ``cuda.h``; ``None`` for all else, and for ``libcuda.so.1``,
        which is the driver itself

    """
    names = target_names(name) if name.startswith(_PREFIX) else (_linked(name),)
    stems = (_stem(each) if each.endswith(".so") else each for each in names if _is_name(each))
    return next((DRIVER_STUBS[each] for each in stems if each in DRIVER_STUBS), None)


def kind_of(name: str) -> str:
    """
    Tell what a name is the name of, by its form, and by the table where that does not tell.

    :param name: as :func:`find` takes it
    :returns: ``header``, ``library``, ``target`` or ``tool``, which also a name is that nothing is known of

    """
    name = name[:_LONGEST].replace("\\", "/")
    if name.startswith(_PREFIX):
        return "target"
    if name.startswith("-l") or _LIBRARY.search(name):
        return "library"
    if "/" in name or name.lower().endswith(HEADER_SUFFIXES):
        return "header"
    return next((kind for kind, _, _ in _matches(name)), "library" if name in DRIVER_STUBS else "tool")


def files_of(name: str) -> list[str]:
    """
    Name the files that something can be.

    :param name: as :func:`find` takes it
    :returns: file names, headers with their folder; those that a build takes first come first. ``libX.so`` is among
        those of a library, which no wheel holds and our roots have

    """
    if not _is_name(name):
        return []
    kind = kind_of(name)
    if kind == "target":
        return [file for each in target_names(name) for file in files_of(_searched(each))]
    if kind != "library":
        return [name.replace("\\", "/")]
    linked = _linked(name)
    exact = linked if _LIBRARY.search(linked) else f"lib{linked}.so"
    return list(dict.fromkeys([exact, *(file for _, file, _ in _matches(name))]))


def places(name: str) -> list[Place]:
    """
    Find the wheels that hold something, each release and system apart.

    :param name: as :func:`find` takes it
    :returns: the places; none for what no wheel holds

    """
    if not _is_name(name):
        return []
    return list(dict.fromkeys(place for _, _, places in _matches(name.replace("\\", "/")) for place in places))


def is_listed(name: str) -> bool:
    """
    Tell whether the table has something by its own name, and not by that of a folder.

    :param name: as :func:`find` takes it
    :returns: ``False`` for a header of Thrust, say, which may also never have been

    """
    return kind_of(name) != "header" or name.replace("\\", "/") in _table().files["header"]


def find(name: str) -> list[Holding]:
    """
    Find the wheels that hold something.

    :param name: a header as it is included (``thrust/sort.h``), a library by its file's name (``libcublas.so.13``,
        ``cublas.lib``, ``cublas64_13.dll``), its own (``cublas``) or the linker's (``-lcublas``, which no DLL answers),
        a target of CMake (``CUDA::nvjpeg``), a tool (``nvcc``, ``ptxas.exe``)
    :returns: the wheels, those of the newest CUDA first; none for what no wheel holds, a path, and what is no name

    """
    if not _is_name(name):
        return []
    kind, shown = kind_of(name), name.replace("\\", "/")
    if kind == "tool":
        shown = name.removesuffix(".exe")
    elif kind == "library":
        shown = next((_stem(file) for _, file, _ in _matches(name)), name)
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for place in places(name):
        by_platform = found.setdefault((place.distribution, place.extra), {})
        by_platform.setdefault(place.system.partition("-")[0], set()).add(place.release)
    holdings = []
    for (distribution, extra), by_platform in found.items():
        for when in {frozenset(each): None for _, each in sorted(by_platform.items())}:
            platforms = tuple(sorted(platform for platform, each in by_platform.items() if each == when))
            chosen = tuple(release for release in releases() if release in when)
            holdings.append(Holding(kind, shown, distribution, extra, chosen, platforms))
    return sorted(holdings, key=lambda each: -releases().index(each.releases[-1]))


def _is_name(name: str) -> bool:
    parts = name.replace("\\", "/").split("/") if len(name) <= _LONGEST else [""]
    return name.isprintable() and "*" not in name and not {"", ".", ".."} & set(parts) and name[1:2] != ":"


def _searched(name: str) -> str:
    """Return as :func:`find` takes it what CMake searches for: mostly what it can link with, which no DLL is."""
    files = _table().files
    return name if "." in name or name in files["tool"] else f"-l{name}"


def _linked(name: str) -> str:
    return re.sub(r"^-l:?", "", name)


def _matches(name: str) -> Iterator[tuple[str, str, list[Place]]]:
    """Yield (kind, file, places) of each file that a name stands for."""
    table = _table()
    if name.startswith(_PREFIX):
        for each in target_names(name):
            yield from _matches(_searched(each))
    elif name.startswith("-l") and not _LIBRARY.search(name):
        for file in table.stems.get(_linked(name), ()):
            if not file.endswith(".dll"):
                yield "library", file, table.files["library"][file]
    elif _LIBRARY.search(name):
        yield from _of_file(_linked(name))
    else:
        yield from _bare(name)


def _of_file(name: str) -> Iterator[tuple[str, str, list[Place]]]:
    any_case = name.lower() if name.lower().endswith((".lib", ".dll")) else ""  # as Windows compares
    stem, dot_so, version = name.partition(".so")
    for file, places in _table().files["library"].items():
        held, _, held_version = file.partition(".so")
        # libcublas.so.12.9.1, which CUDA's installer has, is libcublas.so.12 in a wheel
        shared = (
            dot_so and held == stem and (not version or (held_version and f"{version}.".startswith(held_version + ".")))
        )
        if file == name or file.lower() == any_case or shared:
            yield "library", file, places


def _bare(name: str) -> Iterator[tuple[str, str, list[Place]]]:
    table = _table()
    tool = name.removesuffix(".exe")
    if tool in table.files["tool"]:
        of_windows = [each for each in table.files["tool"][tool] if each.system.startswith("windows")]
        yield "tool", name, table.files["tool"][tool] if tool == name else of_windows
    for file in table.stems.get(name, ()):
        yield "library", file, table.files["library"][file]
    headers = table.files["header"]
    parts = name.split("/")
    folders = ["/".join(parts[:count]) + "/" for count in range(len(parts) - 1, 0, -1)]
    keys = [name, *(key for count, each in enumerate(folders) for key in (_hidden(each, parts, count), each))]
    for key in keys:
        if key in headers:
            yield "header", name, headers[key]
            return


def _hidden(folder: str, parts: list[str], count: int) -> str:
    return folder + "__*/" if parts[len(parts) - 1 - count].startswith("__") else ""


__all__ = [
    "DRIVER_STUBS",
    "HEADER_SUFFIXES",
    "Holding",
    "Place",
    "driver_stub",
    "files_of",
    "find",
    "is_listed",
    "kind_of",
    "places",
    "releases",
    "target_names",
]
