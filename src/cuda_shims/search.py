"""
Where toolkits and their roots are on disk.

What is asked at every start of Python, and what it means that a root is fresh, is in :mod:`_cuda_shims`.
"""

from __future__ import annotations

import os

from _cuda_shims import (
    FINISHED,
    FOLDERS,
    MADE_FROM,
    ROOTS_FOLDER,
    SPLIT,
    STAMP,
    WHEELS_ARE_ROOT,
    executable,
    has_compiler,
    is_fresh,
    is_trusted,
    listed,
    toolkit_majors,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: in a root that is not beside its wheels: a link to the site-packages directory that it serves
SITE = "site"
#: beside the wheels: names such a root for the shims, which cannot compute its place
POINTER_SUFFIX = ".root"


def toolkit_path(site_dir: str, major: int) -> str:
    """
    Name the folder that the wheels of one CUDA major share.

    :param site_dir: the site-packages directory that holds them
    :param major: e.g. 13
    :returns: its absolute path, unresolved (nvcc must be started by it)

    """
    return os.path.join(site_dir, "nvidia", f"cu{major}")


def wheels_path(site_dir: str, major: int) -> str:
    """
    Name the folder whose owner is that of a toolkit's wheels.

    :param site_dir: the site-packages directory that holds them
    :param major: e.g. 13
    :returns: its path; for CUDA 12 that of all of NVIDIA's wheels, whose components have folders of their own in it

    """
    path = toolkit_path(site_dir, major)
    return path if major != SPLIT or os.path.isdir(path) else os.path.dirname(path)


def majors(site_dir: str) -> list[int]:
    """
    List the CUDA majors of which wheels are in a directory, for certain.

    :param site_dir: a site-packages directory, or any directory of ``sys.path``
    :returns: them, newest first; 12 not for the folders of CUDA 11's wheels, which have the same names

    """
    found = toolkit_majors(site_dir)
    if SPLIT in found and not os.path.isdir(toolkit_path(site_dir, SPLIT)) and not has_components(site_dir):
        found.remove(SPLIT)
    return found


def has_components(site_dir: str) -> bool:
    """
    Tell whether components of CUDA 12 are in a directory: those whose name begins with ``nvidia-cuda-``.

    Who has cuBLAS alone, say, has no toolkit. Not on Windows, where no root is made of them.

    :param site_dir: a site-packages directory
    :returns: whether there are

    """
    start, end = "nvidia_cuda_", f"_cu{SPLIT}"
    try:
        names = [] if WHEELS_ARE_ROOT else os.listdir(site_dir)
    except OSError:
        return False
    stems = (name.partition("-")[0] for name in names if name.startswith(start) and name.endswith(".dist-info"))
    folders = (stem[len("nvidia_") : -len(end)] for stem in stems if stem.endswith(end))
    return any(os.path.isdir(os.path.join(site_dir, "nvidia", folder)) for folder in folders)


def compiles(root: str) -> bool:
    """
    Tell whether builds are to be told of a root's compiler.

    :param root: its path, or that of any toolkit
    :returns: ``False`` for a root of CUDA 12's wheels, whose nvcc is a script of ours and no link. What a user names is
        taken for whole, whatever it is

    """
    return os.path.islink(executable(root, "nvcc")) or not os.path.isdir(os.path.join(root, MADE_FROM))


def root_path(site_dir: str, major: int) -> str:
    """
    Name the place of a toolkit's root beside the wheels; on Windows, of what the wheels lack.

    :param site_dir: the site-packages directory that holds the wheels
    :param major: e.g. 13
    :returns: its absolute path; a root of which nothing can be there yet

    """
    return os.path.join(site_dir, ROOTS_FOLDER, f"cu{major}")


def outside_root_path(site_dir: str, major: int) -> str:
    """
    Name the place of a root that may not be made beside its wheels.

    That is the user's cache directory (XDG base directory specification), under a name derived from ``site_dir``.
    CRC-32 twice and not a cryptographic hash: importing one costs milliseconds, and :func:`outside_root`
    checks the answer.

    :param site_dir: the site-packages directory that holds the wheels
    :param major: e.g. 13
    :returns: its absolute path; a root of which nothing can be there yet

    """
    from binascii import crc32  # noqa: PLC0415 # built in, but wanted only here

    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):
        cache = os.path.join(os.path.expanduser("~"), ".cache")
    key = os.fsencode(os.path.realpath(site_dir))
    return os.path.join(cache, "cuda-shims", "roots", f"{crc32(key):08x}{crc32(key[::-1]):08x}", f"cu{major}")


def outside_root(site_dir: str, major: int) -> str | None:
    """
    Find the fresh root of a toolkit that is not beside its wheels.

    :param site_dir: the site-packages directory that holds the wheels
    :param major: e.g. 13
    :returns: its path, or ``None`` when there is none, when it is stale, or when it was made for another directory

    """
    root = outside_root_path(site_dir, major)
    return root if serves(root, site_dir, major) else None


def serves(root: str, site_dir: str, major: int) -> bool:
    """
    Tell whether a root can be used as it is.

    :param root: its path
    :param site_dir: the site-packages directory that holds the wheels
    :param major: e.g. 13
    :returns: whether it is fresh, made by somebody who is trusted, and, where it is not beside the wheels, for these

    """
    beside = root == root_path(site_dir, major)
    try:
        return (
            is_fresh(root)
            and is_trusted(root, wheels_path(site_dir, major))
            and (beside or os.path.samefile(os.path.join(root, SITE), site_dir))
        )
    except OSError:
        return False


def fresh_root(site_dir: str, major: int) -> str | None:
    """
    Find a toolkit's root and check it.

    :param site_dir: the site-packages directory that holds the wheels
    :param major: e.g. 13
    :returns: the path of a fresh root, or ``None``; on Windows the wheels' own folder, when what it lacks is fresh

    """
    root = root_path(site_dir, major)
    if WHEELS_ARE_ROOT:
        return toolkit_path(site_dir, major) if is_fresh(root) else None
    # one made before its environment was moved below a path with a space serves only where no other place is better
    good = is_plain(root) or not is_plain(outside_root_path(site_dir, major))
    return root if good and serves(root, site_dir, major) else outside_root(site_dir, major)


def is_plain(path: str) -> bool:
    """
    Tell whether build tools cope with a toolkit at a path.

    CMake cannot link against a toolkit below a path with a space (it splits nvcc's ``-L`` lines), ``:`` and ``;``
    separate paths, and nvcc runs its tools through a shell.

    :param path: the path
    :returns: whether it has nothing but letters (of any script), digits and ``/._+@%,=~-``

    """
    return all(char.isalnum() or char in "/._+@%,=~-" for char in path)


def site_dirs(search_path: Iterable[object]) -> Iterator[str]:
    """
    Keep of a search path what may hold installed distributions.

    :param search_path: ``sys.path``, say
    :returns: its absolute directories once each, in order; relative ones name whatever the current directory holds

    """
    seen = set()
    for entry in search_path:
        if isinstance(entry, str) and os.path.isabs(entry) and entry not in seen:
            seen.add(entry)
            yield entry


def compilers(search_path: Iterable[object], major: int | None = None) -> Iterator[tuple[str, int]]:
    """
    Find the toolkits that can compile.

    :param search_path: directories, e.g. ``sys.path``
    :param major: only this CUDA major
    :returns: (site-packages directory, major) of each, in the order of the path, the newest first within a directory

    """
    return (place for place in candidates(search_path, major) if has_compiler(*place))


def candidates(search_path: Iterable[object], major: int | None = None) -> Iterator[tuple[str, int]]:
    """
    Find the toolkits that a build may be given: those that can compile, and CUDA 12, of which NVIDIA has no compiler.

    :param search_path: directories, e.g. ``sys.path``
    :param major: only this CUDA major
    :returns: (site-packages directory, major) of each, in the order of the path, the newest first within a directory

    """
    for site_dir in site_dirs(search_path):
        for found in toolkit_majors(site_dir):
            if major in {None, found} and (
                has_compiler(site_dir, found) or (found == SPLIT and has_components(site_dir))
            ):
                yield site_dir, found


def sibling_site_dirs(path: str, version: str) -> Iterator[str]:
    """
    Find the site-packages directories of PATH entries whose prefix has no interpreter of its own.

    pip and PDM split one build environment over two such prefixes (static and dynamic requirements), and start-up files
    of the first run before the second is on ``sys.path``. A prefix with an interpreter is another environment.

    :param path: the value of PATH
    :param version: the interpreter's, e.g. ``3.13``
    :returns: each directory that is there

    """
    for folder in path.split(os.pathsep):
        prefix, name = os.path.split(folder.rstrip(os.sep))
        if not os.path.isabs(folder) or name not in {"bin", "Scripts"}:
            continue
        layouts = (
            [os.path.join("Lib", "site-packages")]
            if name == "Scripts"
            else [os.path.join("lib", f"python{version}", kind) for kind in ("site-packages", "dist-packages")]
        )
        for layout in layouts:
            site_dir = os.path.join(prefix, layout)
            if os.path.isdir(os.path.join(site_dir, "nvidia")) and not any(
                os.path.exists(os.path.join(folder, python)) for python in ("python3", "python", "python.exe")
            ):
                yield site_dir


__all__ = [
    "FINISHED",
    "FOLDERS",
    "MADE_FROM",
    "POINTER_SUFFIX",
    "ROOTS_FOLDER",
    "SITE",
    "SPLIT",
    "STAMP",
    "WHEELS_ARE_ROOT",
    "candidates",
    "compilers",
    "compiles",
    "fresh_root",
    "has_compiler",
    "has_components",
    "is_fresh",
    "is_plain",
    "is_trusted",
    "listed",
    "majors",
    "outside_root",
    "outside_root_path",
    "root_path",
    "serves",
    "sibling_site_dirs",
    "site_dirs",
    "toolkit_majors",
    "toolkit_path",
    "wheels_path",
]
