"""
What the start-up hook does when :mod:`_cuda_shims` cannot settle it alone.

It makes a root, chooses among toolkits, or leaves it to a toolkit that the user's own variables name. It looks at the
search path and the environment that it is given, never at ``__file__`` or ``sys.prefix``, and imports what it needs
when it needs it. ``CUDA_SHIMS_DEBUG=1`` makes it explain itself on stderr.
"""

from __future__ import annotations

import os
import sys

from . import envvars, search

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

#: no CUDA major has more digits
_DIGITS = 3


def activate(search_path: list[str], environ: MutableMapping[str, str]) -> str | None:
    """
    Find a toolkit, make its root if it is missing or stale, and set the variables.

    :param search_path: ``sys.path``
    :param environ: changed in place
    :returns: the root that the variables name now, or ``None`` if they were left to the user or nothing was found

    """
    choice = environ.get(envvars.TOOLKIT, "")
    if os.path.isabs(choice):
        _update(environ, envvars.for_root(environ, choice, compiler=search.compiles(choice)))
        return choice
    # no config._is_major: that module costs more to import than all that is done here
    if choice and not (choice.isascii() and choice.isdigit() and len(choice) <= _DIGITS and choice[0] != "0"):
        _debug(f"{envvars.TOOLKIT}={choice!r} is no choice: nothing is set, and the shims say so")
        return None
    site_dir, major = _choose(search_path, environ, choice)
    if site_dir is None:
        _debug("no toolkit with a compiler on sys.path")
        return None
    root = search.fresh_root(site_dir, major) or _make(site_dir, major)
    if root is None:
        return None
    home = envvars.user_toolkit(environ, root)
    if home and not choice and not _prefers_wheels(environ):
        _debug("left to the toolkit that your variables name:", home)
        _update(environ, envvars.for_user_toolkit(environ, home))
        return None
    _update(environ, envvars.for_root(environ, root, compiler=search.compiles(root)))
    return root


def _choose(search_path: list[str], environ: MutableMapping[str, str], choice: str) -> tuple[str | None, int]:
    major = int(choice) if choice else None
    found = list(search.candidates(search_path, major))
    compilers = [pair for pair in found if search.has_compiler(*pair)]
    if not compilers:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        siblings = list(search.candidates(search.sibling_site_dirs(environ.get("PATH", ""), version), major))
        compilers = [pair for pair in siblings if search.has_compiler(*pair)]
        found += siblings
    if major is None and found and (not compilers or len({major for _, major in found}) > 1):
        wanted = _config_value("toolkit", environ) if os.path.exists("pyproject.toml") else None
        chosen = [pair for pair in (*compilers, *found) if str(pair[1]) == wanted]
        if not chosen and not compilers:
            chosen = [pair for pair in found if is_asked_for(pair[0], environ)]
            if not chosen:
                _debug("CUDA 12 is there, which has no compiler, and nobody asked for it: nothing is set")
        return (*chosen, *compilers, (None, 0))[0]
    return (*compilers, *found, (None, 0))[0]


#: where CMake, torch and others look for a toolkit when no variable and no PATH has one
_USUAL = "/usr/local/cuda/bin"
#: who requires cuda-toolkit 12 most often: read first, for the others are as many as the environment is large
_LIKELY = ("torch-", "cupy_cuda12x-", "numba_cuda-")


def is_asked_for(site_dir: str, environ: Mapping[str, str]) -> bool:
    """
    Tell whether the wheels of CUDA 12 are there as a toolkit, and not because some package loads their libraries.

    They have no compiler, so they may not hide one. That cuda-toolkit 12 is installed says little by itself:
    cupy-cuda12x[ctk] and numba-cuda[cu12] require it, and so do the lists of requirements for torch's builds for CUDA
    12.6 and 12.8. A REQUESTED file says no more: uv writes one for every distribution. So it counts when no other
    distribution beside it requires it.

    :param site_dir: the site-packages directory that holds them
    :param environ: the environment
    :returns: whether they are, and nothing of the user's names a toolkit or holds an nvcc

    """
    if envvars.user_toolkit(environ, search.root_path(site_dir, search.SPLIT)):
        return False
    names = [name for name in os.listdir(site_dir) if name.endswith(".dist-info")]
    if not any(name.startswith(f"cuda_toolkit-{search.SPLIT}.") for name in names):
        return False
    if has_nvcc(environ):
        return False
    names.sort(key=lambda name: not name.startswith(_LIKELY))
    return not any(_requires_toolkit(os.path.join(site_dir, name)) for name in names)


def has_nvcc(environ: Mapping[str, str]) -> bool:
    """
    Tell whether a build finds a compiler that is not of the wheels.

    Not by :func:`cuda_shims.report.on_path`, whose import costs more than all that is done here.

    :param environ: the environment
    :returns: whether there is an nvcc on PATH, or in the usual place; shims are none, nor is what an outer hook set

    """
    from .shims import is_shim  # noqa: PLC0415

    outer = envvars.executable(environ.get(envvars.MARKER, ""), "nvcc")
    for folder in (*environ.get("PATH", "").split(os.pathsep), _USUAL):
        nvcc = os.path.join(folder, "nvcc")
        there = os.path.isabs(nvcc) and os.path.isfile(nvcc) and os.access(nvcc, os.X_OK)
        if there and nvcc != outer and not is_shim(nvcc):
            return True
    return False


def _requires_toolkit(dist_info: str) -> bool:
    if os.path.basename(dist_info).startswith("cuda_shims-"):  # for its extra cu13
        return False
    from .reading import read_bytes  # noqa: PLC0415

    try:
        text = read_bytes(os.path.join(dist_info, "METADATA"))
    except OSError:
        return False
    return b"\nrequires-dist: cuda-toolkit" in text.replace(b"_", b"-").lower()


def _prefers_wheels(environ: MutableMapping[str, str]) -> bool:
    return _config_value("prefer", environ) == "wheels"


def _config_value(name: str, environ: MutableMapping[str, str]) -> object:
    # read only where it decides something: parsing TOML costs more than all the rest
    from .config import load_config  # noqa: PLC0415

    try:
        return getattr(load_config(os.getcwd(), environ), name)
    except Exception as error:  # noqa: BLE001 # the command line reports a bad configuration; a start of Python may not
        _debug("configuration not used:", error)
        return None


#: what a root takes: bytes, and files and links
_ROOM = (512 * 1024, 500)


def _is_full(folder: str) -> bool:
    # asked before anything is imported: on a full disk each start would read and plan for nothing
    try:
        status = os.statvfs(folder)
    except (AttributeError, OSError):  # Windows
        return False
    free = status.f_bfree if os.geteuid() == 0 else status.f_bavail
    files = status.f_files and status.f_favail < _ROOM[1]  # some file systems count none
    return bool(status.f_blocks and (free * status.f_frsize < _ROOM[0] or files))


def _make(site_dir: str, major: int) -> str | None:
    # what serves where no root can be made: the folders of CUDA 12's components form no toolkit
    other = search.toolkit_path(site_dir, major) if search.has_compiler(site_dir, major) else None
    try:
        if _is_full(site_dir):
            _debug("no root: there is no room for one on", site_dir)
            return other
        from .root_maker import make_root  # noqa: PLC0415 # only when there is work to do

        return make_root(site_dir, major)
    except Exception as error:  # noqa: BLE001 # builds go on with what the wheels have
        _debug("no root:", repr(error))
        return other


def _update(environ: MutableMapping[str, str], changes: dict[str, str | None]) -> None:
    for name, value in changes.items():
        if value is None:
            environ.pop(name, None)
        elif environ.get(name) != value:
            _debug(f"{name}={value}")
            environ[name] = value


def _debug(*words: object) -> None:
    if os.environ.get("CUDA_SHIMS_DEBUG") == "1" and sys.stderr is not None:
        print("cuda-shims:", *words, file=sys.stderr)


__all__ = ["activate", "has_nvcc", "is_asked_for"]
