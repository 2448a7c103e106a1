"""
The answers of ``which``: where a header, a library, a CMake target's library or a tool is, or which wheel holds it.

:mod:`cuda_shims.catalog.contents` knows the wheels; here it meets an environment.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from _cuda_shims import SPLIT, TOOLKIT, WHEELS_ARE_ROOT
from _cuda_shims.selection import CHOSEN, NONE, PROJECT
from _cuda_shims.shims import is_shim
from cuda_shims.catalog import contents
from cuda_shims.catalog.tools import NEWEST, find_tool, missing_tool_fix
from cuda_shims.cli.advice import did_you_mean, install_again, missing, system
from cuda_shims.environment.companion import find_companions
from cuda_shims.environment.distribution import distributions
from cuda_shims.environment.loss import find_lost
from cuda_shims.environment.path import on_path
from cuda_shims.environment.toolkit import Toolkit
from cuda_shims.errors import ConfigError, ToolkitNotFoundError, ToolNotFoundError
from cuda_shims.installation import shims
from cuda_shims.selection import Scope, Selected, selected

#: where the wheels, our roots and CUDA's own installer have each kind of thing
_HEADERS = ("include", "include/cccl", "nvvm/include", "compute-sanitizer/include", "extras/CUPTI/include")
_LIBRARIES = (
    *("lib", "lib64", "lib/stubs", "lib64/stubs", "lib/x64", "lib/arm64", "nvvm/lib64", "extras/CUPTI/lib64"),
    *("bin", "bin/x64", "bin/x86_64", "bin/arm64", "nvvm/bin", "nvvm/libdevice", "compute-sanitizer"),
)
_TOOLS = ("bin", "nvvm/bin")
#: pkg-config's and CMake's; CUDA's own installer has the former in a separate folder
_PACKAGES = ("lib/pkgconfig", "pkgconfig", "lib/cmake/*", "lib64/cmake/*")
_FOLDERS = {"header": _HEADERS, "library": _LIBRARIES, "tool": _TOOLS}
_SHOWN = 80


class Answer(NamedTuple):
    """The answer to a question."""

    #: ``header``, ``library``, ``target``, ``package`` or ``tool``
    kind: str
    #: where it is; ``None`` when it is not here
    path: str | None
    #: the version of the toolkit that was looked in, if one was
    toolkit: str | None
    #: half a sentence: how to get what is missing here
    fix: str = ""


class _Installed(NamedTuple):
    """The wheels that are here."""

    #: the CUDA release, ``13.5``; the newest major when there is none
    release: str
    #: distribution to version
    components: Mapping[str, str]
    version: str | None = None
    #: the folders to look in
    homes: tuple[str, ...] = ()
    #: of those, a toolkit that the user's variables name
    foreign: str = ""
    #: the directories that hold wheels
    sites: tuple[str, ...] = ()


def which(name: str, scope: Scope) -> Answer:
    """
    Find what :func:`cuda_shims.catalog.contents.find` takes, or a tool without its ``.exe``.

    :raises ConfigError: when ``CUDA_SHIMS_TOOLKIT`` names a folder without it

    """
    kind = contents.kind_of(name)
    if kind == "tool":
        tool = name.removesuffix(shims.SUFFIX) if shims.SUFFIX else name
        if find_tool(tool) or not contents.places(name):
            return _tool(tool, scope)
    installed = _installed(scope)
    for home in installed.homes:
        path = _package_in(home, name) if kind == "package" else _file_in(home, name, kind)
        if path:
            return Answer(kind, path, None if home == installed.foreign else installed.version)
    if installed.foreign and installed.foreign == scope.environ.get(TOOLKIT):
        raise _not_in(installed.foreign, shorten(name))
    if kind == "package":
        other = which(contents.counterpart(name, installed.release), scope)
        root = "its wheel is installed, and packages are in the toolkit root; run: cuda-shims root"
        return Answer(kind, None, installed.version, root if other.path else other.fix)
    lost = _lost(name, installed)
    fix = lost or missing(name, installed.release, installed.components, system())
    return Answer(kind, None, installed.version, fix)


def _file_in(home: str, name: str, kind: str) -> str | None:
    for file in contents.files_of(name):
        for folder in _FOLDERS[contents.kind_of(file) if kind == "target" else kind]:
            path = os.path.join(home, *folder.split("/"), *file.split("/"))
            if os.path.isfile(path):
                return path
    return None


def _package_in(home: str, name: str) -> str | None:
    for folder in _PACKAGES:
        for path in sorted(glob.glob(os.path.join(glob.escape(home), *folder.split("/"), "*"))):
            if contents.is_package(os.path.basename(path), name):
                return path
    return None


def _lost(name: str, installed: _Installed) -> str:
    """Say how to get what a companion has lost: its installer believes that it is installed."""
    lost = find_lost(installed.sites, int(installed.release.partition(".")[0]))
    one = next((each.distribution for each in contents.places(name) if each.distribution in lost), None)
    if one is None:
        return ""
    exact = f"{one}=={lost[one]}"
    return f"{one} {lost[one]} has lost files, or another has overwritten them; run: {install_again(exact)}"


def _not_in(folder: str, name: str) -> ConfigError:
    return ConfigError("environment", TOOLKIT, f"{folder} holds no {name}; unset it or name a toolkit root")


def _tool(tool: str, scope: Scope) -> Answer:
    try:
        path, found = which_tool(tool, scope)
    except ToolNotFoundError as error:
        return Answer("tool", None, None, error.fix)
    return Answer("tool", path, found.version if found else None)


def which_tool(tool: str, scope: Scope) -> tuple[str, Toolkit | None]:
    """Find what a shim would run; the search order is the shim's."""
    found = _selected(scope)
    if found.home:
        for folder in ("bin", os.path.join("nvvm", "bin")):
            path = os.path.join(found.home, folder, tool + shims.SUFFIX)
            if os.path.isfile(path) and os.access(path, os.X_OK) and not is_shim(path):
                return path, None
        if found.because == CHOSEN:
            raise _not_in(found.home, tool)
    # the named toolkit has it, or none
    toolkits = found.toolkits[:1] if found.because in {CHOSEN, PROJECT} else found.toolkits
    holder = next((toolkit for toolkit in toolkits if tool in toolkit.tools), next(iter(toolkits), None))
    own = _path_of(tool, holder) if holder else None
    if own:
        return own, holder
    # PATH is this shell's, and says nothing about another environment
    for path in on_path(tool, "" if scope.elsewhere or found.because == CHOSEN else scope.environ.get("PATH", "")):
        if not is_shim(path):
            return path, None
    raise ToolNotFoundError(tool, _how_to_get(tool, holder))


def _selected(scope: Scope) -> Selected:
    try:
        return selected(scope)
    except ToolkitNotFoundError as error:
        if error.wanted:
            raise
        return Selected(None, [], NONE)


def _how_to_get(tool: str, toolkit: Toolkit | None) -> str:
    if toolkit and tool in toolkit.tools:
        return f"{toolkit.tools[tool]} is not executable, as its wheel has it; a toolkit root runs it: cuda-shims root"
    fix = missing_tool_fix(tool, toolkit.major if toolkit else None)
    return fix if find_tool(tool) else fix + did_you_mean(tool)


def _path_of(tool: str, toolkit: Toolkit) -> str | None:
    # in the root if there is one; without a root, a file that no wheel marks as executable cannot be run
    path = toolkit.tools.get(tool)
    if path is None:
        return None
    root = toolkit.root
    if root is None:
        return path if not toolkit.is_split or os.access(path, os.X_OK) else None
    home = next(folder for folder in toolkit.folders if path.startswith(folder + os.sep))
    return root + path[len(home) :]


def _installed(scope: Scope) -> _Installed:
    found = _selected(scope)
    foreign = found.home or ""
    toolkit = next(iter(found.toolkits), None)
    if not toolkit and not foreign:
        split = _cuda12(scope.environment.site_dirs)
        if split:
            return split
    sites = toolkit.place.sites if toolkit else scope.environment.site_dirs
    components, theirs = _companions(sites, toolkit.major if toolkit else NEWEST)
    own = [home for home in (toolkit.root, *toolkit.folders) if home] if toolkit else []
    if WHEELS_ARE_ROOT and toolkit:
        own.append(toolkit.place.beside)
    homes = [foreign] if found.because == CHOSEN and foreign else [*filter(None, [foreign]), *own, *theirs]
    if not toolkit:
        return _Installed(str(NEWEST), components, None, tuple(homes), foreign, tuple(sites))
    components |= toolkit.components
    return _Installed(toolkit.release, components, toolkit.version, tuple(homes), foreign, tuple(sites))


def _companions(site_dirs: Iterable[str], major: int) -> tuple[dict[str, str], list[str]]:
    """Describe the companion wheels of a CUDA major, and their folders."""
    components: dict[str, str] = {}
    homes: list[str] = []
    for companion in find_companions(site_dirs, major):
        owners = companion.owners()
        components |= owners
        homes += [companion.path] if owners else []
    return components, homes


def _cuda12(site_dirs: Iterable[str]) -> _Installed | None:
    """Describe the wheels of CUDA 12, which form no toolkit: each has a separate folder, and none has nvcc."""
    components, theirs = _companions(site_dirs, SPLIT)
    homes: list[str] = []
    for site_dir in site_dirs:
        there = distributions(site_dir, "nvidia")
        components |= {name: version for name, version, _ in there if name.endswith(f"-cu{SPLIT}")}
        homes += sorted(glob.glob(os.path.join(glob.escape(site_dir), "nvidia", "*", "")))
    if not components:
        return None
    version = components.get("nvidia-cuda-runtime-cu12", "12")
    return _Installed(".".join(version.split(".")[:2]), components, version, (*homes, *theirs), sites=tuple(site_dirs))


def shorten(name: str) -> str:
    """Shorten a name that somebody typed and make it safe to print, on a terminal with any code page."""
    text = name if len(name) <= _SHOWN else name[:_SHOWN] + "..."
    return "".join(each if each.isascii() and each.isprintable() else ascii(each)[1:-1] for each in text) or "''"
