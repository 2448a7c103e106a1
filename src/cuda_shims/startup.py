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
    from collections.abc import MutableMapping

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
        _update(environ, envvars.for_root(environ, choice))
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
    home = envvars.user_toolkit(environ, root)
    if home and not choice and not _prefers_wheels(environ):
        _debug("left to the toolkit that your variables name:", home)
        _update(environ, envvars.for_user_toolkit(environ, home))
        return None
    _update(environ, envvars.for_root(environ, root))
    return root


def _choose(search_path: list[str], environ: MutableMapping[str, str], choice: str) -> tuple[str | None, int]:
    major = int(choice) if choice else None
    found = list(search.compilers(search_path, major))
    if not found:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        found = list(search.compilers(search.sibling_site_dirs(environ.get("PATH", ""), version), major))
    if not found:
        return None, 0
    if major is None and len({major for _, major in found}) > 1:
        wanted = _config_value("toolkit", environ)
        found = [pair for pair in found if str(pair[1]) == wanted] or found
    return found[0]


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


def _make(site_dir: str, major: int) -> str:
    try:
        if _is_full(site_dir):
            _debug("no root: there is no room for one on", site_dir)
            return search.toolkit_path(site_dir, major)
        from .root_maker import make_root  # noqa: PLC0415 # only when there is work to do

        return make_root(site_dir, major)
    except Exception as error:  # noqa: BLE001 # builds go on with what the wheels have
        _debug("no root:", repr(error))
        return search.toolkit_path(site_dir, major)


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


__all__ = ["activate"]
