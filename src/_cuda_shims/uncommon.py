"""
The rest of the start-up hook, for cases that :mod:`_cuda_shims` cannot settle: it must select, or make a root.

It reads the search path and the environment from its arguments, never ``sys.prefix``. It imports from
:mod:`cuda_shims` only to make a root or to read a project that configures us. ``CUDA_SHIMS_DEBUG=1`` makes it explain
itself on stderr.
"""

import os
import sys

from _cuda_shims import FORWARD, load, mentions_us, read_small, selection, variables
from _cuda_shims.places import find_places, search_path_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from _cuda_shims.places import Place
    from _cuda_shims.selection import Project

#: the two functions of the library, by name, so that a start of Python imports nothing else of it
_MAKE_ROOT = ("cuda_shims.installation.refresh", "make_root")
_READ_PROJECT = ("cuda_shims.config", "read_project")
#: the space that a root needs: bytes, and files and links
_ROOM = (512 * 1024, 500)


def activate(search_path: "list[str]", environ: "MutableMapping[str, str]") -> "str | None":
    """Select a toolkit, make its root if necessary, set the variables, and return the root that they then name."""
    places = find_places(search_path_of(search_path, environ.get("PATH", "")))
    selected = selection.select(places, environ, lambda: read_project(environ))
    _debug(f"selected: {selected.because}", selected.toolkit or selected.home or "", selected.refused or "")
    if selected.refused:
        if selected.because == selection.PROJECT:  # the shims do not read projects, but must refuse it too
            _update(environ, {**variables.without_ours(environ), FORWARD: selected.refused})
        return None
    if selected.because == selection.USER and selected.home:
        _update(environ, variables.for_user_toolkit(environ, selected.home))
        return None
    from _cuda_shims.shims import compiles  # noqa: PLC0415 # not needed where a user's toolkit is chosen

    if selected.home:
        _update(environ, variables.for_root(environ, selected.home, compiler=compiles(selected.home)))
        return selected.home
    if selected.toolkit is None:
        return None
    root = selected.toolkit.usable_root(environ) or _make(selected.toolkit)
    if root is not None:
        forward = selected.because == selection.PROJECT
        _update(environ, variables.for_root(environ, root, compiler=compiles(root), forward=forward))
    return root


def activate_as_guest(common_case: "Callable[[os._Environ[str]], bool]", own: str, *, keep: bool) -> None:
    """Do what a start of Python does, in somebody else's environment, and leave no byte code in it."""
    from _frozen_importlib_external import cache_from_source  # noqa: PLC0415 # needed only here

    try:
        compiled = cache_from_source(own)
        if os.lstat(compiled).st_uid == os.geteuid():
            os.unlink(compiled)
            os.rmdir(os.path.dirname(compiled))
    except OSError:  # it is missing, or its folder has other byte code
        pass
    try:
        if not common_case(os.environ):
            activate(sys.path, os.environ)
    finally:
        sys.dont_write_bytecode = keep


def read_project(environ: "Mapping[str, str]") -> "Project":
    """Read what the project and CUDA_SHIMS_PREFER say; an unusable value counts as none, and the commands report it."""
    prefer = environ.get("CUDA_SHIMS_PREFER", "")
    project = selection.Project(prefer=prefer if prefer in {"user", "wheels"} else "user")
    try:
        if mentions_us(read_small("pyproject.toml")):
            module, function = _READ_PROJECT
            project = getattr(load(module), function)(os.getcwd(), environ)
    except FileNotFoundError:
        pass
    except Exception as error:  # noqa: BLE001 # a start of Python may not report it
        _debug("configuration not used:", error)
    return project


def _make(place: "Place") -> "str | None":
    # the fallback where no root can be made: the folders of CUDA 12's components are not a toolkit
    other = place.wheels if place.has_compiler else None
    try:
        if all(map(_is_full, (place.site_dir, *(limit for _, limit in place.elsewhere(os.environ))))):
            _debug("no root: there is no room for one, neither on", place.site_dir, "nor in a cache directory")
            return other
        module, function = _MAKE_ROOT
        root: str = getattr(load(module), function)(place)
    except Exception as error:  # noqa: BLE001 # builds continue with the wheels' own files
        _debug("no root:", repr(error))
        return other
    return root


def _is_full(folder: str) -> bool:
    # checked before anything is imported: on a full disk each start would read and plan for nothing
    while folder and not os.path.exists(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    try:
        status = os.statvfs(folder)
    except (AttributeError, OSError):  # Windows
        return False
    free = status.f_bfree if os.geteuid() == 0 else status.f_bavail
    files = status.f_files and status.f_favail < _ROOM[1]  # some file systems count none
    return bool(status.f_blocks and (free * status.f_frsize < _ROOM[0] or files))


def _update(environ: "MutableMapping[str, str]", changes: "Mapping[str, str | None]") -> None:
    for name, value in changes.items():
        if value is None:
            environ.pop(name, None)
        elif environ.get(name) != value:
            _debug(f"{name}={value}")
            environ[name] = value


def _debug(*words: object) -> None:
    if os.environ.get("CUDA_SHIMS_DEBUG") == "1" and sys.stderr is not None:
        print("cuda-shims:", *words, file=sys.stderr)
