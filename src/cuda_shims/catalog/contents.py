"""
Which of NVIDIA's wheels holds a header, a library, a tool, or the library of a CMake target.

The knowledge is in ``contents.txt``, which ``scripts/table/contents.py`` writes from the wheels of CUDA 12.9 and all
later releases, and in ``companions.txt``; both are read on first use. Nothing here looks at an environment.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cuda_shims import likeness
from cuda_shims.catalog.table import Place, name_stem, read_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: libraries of NVIDIA's driver, which no wheel for Linux holds, to the header that a root's link-time stub is made from
DRIVER_STUBS = {"cuda": "cuda.h", "nvidia-ml": "nvml.h"}
#: the endings of headers, known or not
HEADER_SUFFIXES = (".h", ".hh", ".hpp", ".hxx", ".cuh", ".inl")
_PREFIX = "CUDA::"
_TARGET = re.compile(r"CUDA::.*|[\w.-]+::[\w.-]+", re.DOTALL)
#: the namespace of FindCUDAToolkit's targets; targets without a namespace are FindCUDAToolkit's too
_TOOLKIT = {"", "CUDA", "CUDAToolkit"}
#: targets of CCCL's own CMake files, within CCCL:: or another namespace, to a header that they are for
_CCCL = {"CCCL": "cuda/version", "Thrust": "thrust/version.h", "CUB": "cub/cub.cuh", "libcudacxx": "cuda/version"}
#: namespaces that hold targets of several companions
_SHARED = {"torch", "cuquantum"}
#: the files with which pkg-config and CMake find a package
_PACKAGE = re.compile(
    r"(?P<library>[\w.+-]{1,100}?)(?P<release>-\d+\.\d+)?\.pc|(?P<package>\w{1,100}?)-?config\.cmake",
    re.IGNORECASE | re.ASCII,
)
_LIBRARY = re.compile(r"\.(?:so(?:\.[\w.]*)?|a|bc|lib|dll)$", re.IGNORECASE)
#: no file in a wheel has a name nearly as long; a longer string is not a name
_LONGEST = 200


class Holding(NamedTuple):
    """A wheel that holds something."""

    #: ``header``, ``library``, ``target`` or ``tool``
    kind: str
    #: a header as it is included, a library as ``-l`` takes it, a target with its namespace, a tool without ``.exe``
    name: str
    #: the distribution, e.g. ``nvidia-cublas``; ``nvidia-cublas-cu12`` for CUDA 12
    distribution: str
    #: the extra of ``cuda-toolkit`` that installs it; empty: none does, it is a companion
    extra: str
    #: the CUDA releases in which it holds it, e.g. ``("13.4", "13.5")``
    releases: tuple[str, ...]
    #: ``linux``, ``windows``, or both
    platforms: tuple[str, ...]


def releases() -> tuple[str, ...]:
    """List the CUDA releases that the table knows, in order: ``("12.9", "13.0", …)``."""
    return read_table().releases


def target_names(target: str) -> tuple[str, ...]:
    """
    Name what a target of CMake stands for, or what CMake's FindCUDAToolkit searches for to define it.

    :param target: of FindCUDAToolkit, with or without ``CUDA::`` (``CUDAToolkit::`` since CMake 4.5), of CCCL, or of a
        companion as projects' modules spell it, in any case: ``CUDNN::cudnn_all``, ``NCCL::NCCL``, ``torch::cudnn``
    :returns: names of libraries, else of a header or a tool; none for a target that is defined without a library, or
        not at all

    """
    namespace, _, name = target[:_LONGEST].rpartition("::")
    if namespace in _TOOLKIT:
        return read_table().targets.get(name, ())
    if name in _CCCL and namespace in {"CCCL", name}:
        return (_CCCL[name],)
    known = read_table().companions
    within = known.get(namespace.lower())
    one = known.get(name.lower()) if within or namespace.lower() in _SHARED else None
    if one is None and within and name.lower().startswith(namespace.lower()):  # CUDNN::cudnn_all, of the same files
        one = within
    return (one,) if one else ()


def driver_stub(name: str) -> str | None:
    """
    Tell whether something is one of the driver's libraries for which our roots have a link-time stub.

    :param name: as :func:`find` takes it
    :returns: the header that the stub is made from, e.g. ``cuda.h``; ``None`` for anything else and ``libcuda.so.1``,
        which is the driver itself

    """
    names = target_names(name) if _is_target(name) else (_linked(name),)
    stems = (name_stem(each) if each.endswith(".so") else each for each in names if _is_name(each))
    return next((DRIVER_STUBS[each] for each in stems if each in DRIVER_STUBS), None)


def kind_of(name: str) -> str:
    """
    Tell what kind of thing a name means, by its form, or by the table where the form does not tell.

    :param name: as :func:`find` takes it
    :returns: ``header``, ``library``, ``target``, ``package`` (a file of pkg-config's or CMake's) or ``tool``, also for
        an unknown name

    """
    name = name[:_LONGEST].replace("\\", "/")
    if _is_target(name):
        return "target"
    if name.startswith("-l") or _LIBRARY.search(name):
        return "library"
    if _PACKAGE.fullmatch(name):
        return "package"
    if "/" in name or name.lower().endswith(HEADER_SUFFIXES):
        return "header"
    return next((kind for kind, _, _ in _matches(name)), "library" if name in DRIVER_STUBS else "tool")


def files_of(name: str) -> list[str]:
    """
    Name the files that something can be.

    :param name: as :func:`find` takes it
    :returns: file names, headers with their folder, in the order in which a build prefers them. Those of a library
        include ``libX.so``, which no wheel holds and our roots have

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


def is_package(file: str, name: str) -> bool:
    """Tell whether a file is the package that is meant: cccl-config.cmake is CCCLConfig.cmake, cuda-13.5.pc cuda.pc."""
    held, meant = _PACKAGE.fullmatch(file), _PACKAGE.fullmatch(name)
    if not held or not meant:
        return False
    if meant["package"]:
        return (held["package"] or "").lower() == meant["package"].lower()
    return held["library"] == meant["library"] and meant["release"] in {None, held["release"]}


def counterpart(package: str, release: str) -> str:
    """Name what a package of some release is for, as :func:`find` takes it: ``-lnccl`` of nccl.pc, ``CCCL::CCCL``."""
    match = _PACKAGE.fullmatch(package)
    if match and match["package"]:
        name = next((each for each in _CCCL if each.lower() == match["package"].lower()), match["package"])
        return f"{name}::{name}"
    if match and match["release"] in {None, f"-{release}"}:
        return f"-l{match['library']}"
    return f"-l{package.removesuffix('.pc')}"


def places(name: str) -> list[Place]:
    """Find the wheels that hold what :func:`find` takes, each release and system apart; none if no wheel does."""
    if not _is_name(name):
        return []
    return list(dict.fromkeys(place for _, _, places in _matches(name.replace("\\", "/")) for place in places))


def is_listed(name: str) -> bool:
    """Tell whether the table lists a header itself and not only its folder, as for Thrust; ``True`` for other names."""
    return kind_of(name) != "header" or name.replace("\\", "/") in read_table().files["header"]


def is_made(name: str) -> bool:
    """Tell whether something is an import library that our roots have on Windows and no wheel has: ``cublas.lib``."""
    files = [file for _, file, _ in _matches(name) if file.endswith(".lib")] if _is_name(name) else []
    return bool(files) and read_table().made.issuperset(files)


def find(name: str) -> list[Holding]:
    """
    Find the wheels that hold something.

    :param name: a header as it is included (``thrust/sort.h``), a library by its file's name (``libcublas.so.13``,
        ``cublas.lib``, ``cublas64_13.dll``), its own (``cublas``, ``libcublas``) or the linker's (``-lcublas``, which
        no DLL answers), a target of CMake (``CUDA::nvjpeg``), a tool (``nvcc``, ``ptxas.exe``)
    :returns: the wheels, those of the newest CUDA first; none if no wheel holds it, for a path and for a non-name

    """
    if not _is_name(name):
        return []
    kind, shown = kind_of(name), name.replace("\\", "/")
    if kind == "tool":
        shown = name.removesuffix(".exe")
    elif kind == "library":
        shown = next((name_stem(file) for _, file, _ in _matches(name)), name)
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


def find_similar(name: str) -> list[str]:
    """
    Find the names that somebody may have meant.

    :param name: as :func:`find` takes it, and finds nothing for
    :returns: at most two names of the same kind that some wheel holds, the nearest first

    """
    if not _is_name(name):
        return []
    table, kind, name = read_table(), kind_of(name), name.replace("\\", "/")
    # what is compared: the part that tells names apart
    own, known = name, [each for each in table.files["header"] if not each.endswith("/")]
    if kind == "target":
        namespace, _, own = name.rpartition("::")
        known = list(table.targets if namespace in _TOOLKIT else _CCCL)
    elif kind == "library":
        own, known = name_stem(_linked(name)), list(table.stems)
    elif kind == "tool":
        known = [*table.files["tool"], *table.stems]
    near = likeness.find_similar(own, known, 3)
    spelled = [name[: name.rindex(own)] + each + name[name.rindex(own) + len(own) :] for each in near]
    return [each for each in spelled if find(each) or driver_stub(each)][:2]


def _is_name(name: str) -> bool:
    parts = name.replace("\\", "/").split("/") if len(name) <= _LONGEST else [""]
    return name.isprintable() and "*" not in name and not {"", ".", ".."} & set(parts) and name[1:2] != ":"


def _is_target(name: str) -> bool:
    return "::" in name and _TARGET.fullmatch(name) is not None


def _searched(name: str) -> str:
    """Return as :func:`find` takes it what CMake searches for: mostly what it can link with, which no DLL is."""
    files = read_table().files
    return name if "." in name or "/" in name or name in files["tool"] else f"-l{name}"


def _linked(name: str) -> str:
    return re.sub(r"^-l:?", "", name)


def _matches(name: str) -> Iterator[tuple[str, str, list[Place]]]:
    """Yield (kind, file, places) of each file that a name stands for."""
    table = read_table()
    if _is_target(name):
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
    for file, places in read_table().files["library"].items():
        held, _, held_version = file.partition(".so")
        # libcublas.so.12.9.1, which CUDA's installer has, is libcublas.so.12 in a wheel
        shared = (
            dot_so and held == stem and (not version or (held_version and f"{version}.".startswith(held_version + ".")))
        )
        if file == name or file.lower() == any_case or shared:
            yield "library", file, places


def _bare(name: str) -> Iterator[tuple[str, str, list[Place]]]:
    table = read_table()
    tool = name.removesuffix(".exe")
    if tool in table.files["tool"]:
        of_windows = [each for each in table.files["tool"][tool] if each.system.startswith("windows")]
        yield "tool", name, table.files["tool"][tool] if tool == name else of_windows
    for file in table.stems.get(name, table.stems.get(name.removeprefix("lib"), ())):
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
