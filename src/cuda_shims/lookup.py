"""
What ``which`` answers: where a header, a library, a CMake target's library or a tool is, or which wheel holds it.

:mod:`cuda_shims.provides` knows the wheels; here it meets an environment.
"""

from __future__ import annotations

import glob
import os
import platform
from typing import NamedTuple

from . import envvars, provides, report, shims
from .catalog import NEWEST, find_tool, install_line
from .errors import ConfigError, ToolkitNotFoundError, ToolNotFoundError
from .toolkits import distributions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .toolkits import Toolkit

#: where the wheels, our roots and CUDA's own installer have what is asked for
_HEADERS = ("include", "include/cccl", "nvvm/include", "compute-sanitizer/include", "extras/CUPTI/include")
_LIBRARIES = (
    *("lib", "lib64", "lib/stubs", "lib64/stubs", "lib/x64", "lib/arm64", "nvvm/lib64", "extras/CUPTI/lib64"),
    *("bin", "bin/x86_64", "bin/arm64", "nvvm/bin", "compute-sanitizer"),
)
_TOOLS = ("bin", "nvvm/bin")
_FOLDERS = {"header": _HEADERS, "library": _LIBRARIES, "tool": _TOOLS}
_SHOWN = 80


class Answer(NamedTuple):
    """What became of a question."""

    #: ``header``, ``library``, ``target`` or ``tool``
    kind: str
    #: where it is; ``None`` when it is not here
    path: str | None
    #: the version of the toolkit that was looked in, if one was
    toolkit: str | None
    #: half a sentence: how to get what is not here
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


def which(
    name: str, toolkit: Callable[[], Toolkit], site_dirs: Callable[[], Iterable[str]], environ: Mapping[str, str]
) -> Answer:
    """
    Find something.

    :param name: as :func:`cuda_shims.provides.find` takes it; a tool also without its ``.exe``
    :param toolkit: gives the toolkit to look in
    :param site_dirs: gives the directories in which CUDA 12 may be
    :param environ: the environment: PATH and ``CUDA_SHIMS_TOOLKIT`` count
    :returns: the answer
    :raises ConfigError: when ``CUDA_SHIMS_TOOLKIT`` names a folder without it

    """
    kind = provides.kind_of(name)
    if kind == "tool":
        tool = name.removesuffix(shims.SUFFIX) if shims.SUFFIX else name
        if find_tool(tool) or not provides.places(name):
            return _tool(tool, toolkit, environ)
    installed = _installed(toolkit, site_dirs, environ)
    for home in installed.homes:
        for file in provides.files_of(name):
            for folder in _FOLDERS[provides.kind_of(file) if kind == "target" else kind]:
                path = os.path.join(home, *folder.split("/"), *file.split("/"))
                if os.path.isfile(path):
                    return Answer(kind, path, None if home == installed.foreign else installed.version)
    if installed.foreign and installed.foreign == environ.get(envvars.TOOLKIT):
        problem = f"{installed.foreign} holds no {shown(name)}; unset it or name a toolkit root"
        raise ConfigError("environment", envvars.TOOLKIT, problem)
    return Answer(kind, None, installed.version, missing(name, installed.release, installed.components, system()))


def _tool(tool: str, toolkit: Callable[[], Toolkit], environ: Mapping[str, str]) -> Answer:
    try:
        path, found = report.which(tool, toolkit, environ)
    except ToolNotFoundError as error:
        return Answer("tool", None, None, error.fix)
    return Answer("tool", path, found.version if found else None)


def _installed(
    toolkit: Callable[[], Toolkit], site_dirs: Callable[[], Iterable[str]], environ: Mapping[str, str]
) -> _Installed:
    choice = environ.get(envvars.TOOLKIT, "")
    foreign = choice if os.path.isabs(choice) else "" if choice else environ.get(envvars.FORWARD, "")
    found = None
    try:
        found = toolkit()
    except ToolkitNotFoundError:
        if choice and not foreign:
            raise
    if not found and not foreign:
        return _cuda12(site_dirs())
    homes = [home for home in (found.root, *found.folders) if home] if found else []
    if foreign:
        homes = [foreign] if choice else [foreign, *homes]
    if not found:
        return _Installed(str(NEWEST), {}, None, tuple(homes), foreign)
    return _Installed(found.release, found.components, found.version, tuple(homes), foreign)


def _cuda12(site_dirs: Iterable[str]) -> _Installed:
    """Describe the wheels of CUDA 12, which form no toolkit: each has a folder of its own, and none has nvcc."""
    components: dict[str, str] = {}
    homes: list[str] = []
    for site_dir in site_dirs:
        there = distributions(site_dir, "nvidia")
        components |= {name: version for name, version, _ in there if name.endswith("-cu12")}
        homes += sorted(glob.glob(os.path.join(glob.escape(site_dir), "nvidia", "*", "")))
    if not components:
        return _Installed(str(NEWEST), {})
    version = components.get("nvidia-cuda-runtime-cu12", "12")
    return _Installed(".".join(version.split(".")[:2]), components, version, tuple(homes))


def system() -> str:
    """
    Name this machine as the table does.

    :returns: e.g. ``linux-x86_64``

    """
    return f"{'windows' if os.name == 'nt' else 'linux'}-{platform.machine().lower()}"


def missing(name: str, release: str, components: Mapping[str, str], machine: str) -> str:
    """
    Say how to get what is not there.

    :param name: as :func:`cuda_shims.provides.find` takes it
    :param release: the CUDA release that is installed, e.g. ``13.5``; a major when only that is known
    :param components: the distributions that are installed, with their versions
    :param machine: as :func:`system` names it
    :returns: half a sentence, as :class:`cuda_shims.errors.ToolNotFoundError` takes it

    """
    places = provides.places(name)
    here = [each for each in places if machine.startswith(each.system)]
    known = _known(release)
    fits = {each.distribution: each.extra for each in here if each.release == known}
    if fits:
        return _get(name, fits, release, components)
    windows = machine.startswith("windows")
    stub = None if windows else provides.driver_stub(name)
    if stub:
        return _stub(stub, release, components)
    if here:
        last = max(here, key=lambda each: _number(each.release))
        when = sorted({each.release for each in here if each.distribution == last.distribution}, key=_number)
        span = when[0] if len(when) == 1 else f"{when[0]} to {when[-1]}"
        return (
            f"{last.distribution} of CUDA {span} holds it, and none of CUDA {release if '.' in release else known} does"
        )
    dll = _with_dll_alone(name, windows=windows)
    if dll:
        return f"{dll} has the DLL alone; no CUDA wheel on PyPI holds its import library"
    if places:
        newest = provides.find(name)[0].distribution
        systems = sorted({_readable(each.system) for each in places if each.distribution == newest})
        return f"{newest} holds it for {' and '.join(systems)} alone"
    return _nowhere(name)


def _known(release: str) -> str:
    """Return the release of the table that stands for one: itself, else the newest one that is not newer."""
    every = provides.releases()
    number = _number(release if "." in release else f"{release}.999")
    return next((each for each in reversed(every) if _number(each) <= number), every[0])


def _number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".") if part.isdigit())


def _get(name: str, fits: Mapping[str, str], release: str, components: Mapping[str, str]) -> str:
    for distribution in fits:
        if distribution in components:
            version = components[distribution]
            exact = f"pip install --force-reinstall --no-deps {distribution}=={version}"
            # of a folder that the table has as a whole nobody knows whether this was ever in it
            return f"{distribution} {version} is installed without it" + (
                f"; run: {exact}" if provides.is_listed(name) else ""
            )
    lines = " or ".join(install_line(extra, release) for extra in fits.values())
    return f"{' and '.join(fits)} {'hold' if len(fits) > 1 else 'holds'} it; run: {lines}"


def _stub(header: str, release: str, components: Mapping[str, str]) -> str:
    start = "no wheel for Linux holds it: it is of NVIDIA's driver"
    if release.partition(".")[0] == "12":
        return start
    of = next(each for each in provides.places(header) if each.release == _known(release))
    line = "cuda-shims root" if of.distribution in components else install_line(of.extra, release)
    return f"{start}; cuda-shims makes one to link with, in its toolkit root, from {of.distribution}; run: {line}"


def _with_dll_alone(name: str, *, windows: bool) -> str:
    """Return the distribution that has a DLL and not what links with it, if that is what is asked for."""
    if name.lower().endswith(".lib"):
        stems: tuple[str, ...] = (name[: -len(".lib")],)
    else:
        stems = provides.target_names(name) or (name.removeprefix("-l"),) if windows else ()
    held = [each for stem in stems for each in provides.find(stem) if "windows" in each.platforms]
    return held[0].distribution if held else ""


def _readable(system: str) -> str:
    name, _, machine = system.partition("-")
    return name.capitalize() + (f" on {machine}" if machine else "")


def _nowhere(name: str) -> str:
    kind = provides.kind_of(name)
    parts = name.replace("\\", "/").split("/")
    if os.path.isabs(name) or {".", "..", "~"} & set(parts):
        return "this is a path; ask for a name, such as cudaProfiler.h, libcublas.so, CUDA::nvjpeg or nvcc"
    if kind != "target":
        return f"no CUDA wheel on PyPI holds a {kind} of that name"
    if not provides.target_names(name):
        return "CMake's FindCUDAToolkit defines no library of that name"
    static = name[: -len("_static")]
    if name.endswith("_static") and provides.find(static):
        return f"no CUDA wheel on PyPI holds the static library; use {static}"
    hint = "; use CUDA::nvtx3, which is headers alone" if name == "CUDA::nvToolsExt" else ""
    return f"no CUDA wheel on PyPI holds its library{hint}"


def shown(name: str) -> str:
    """
    Shorten a name that somebody asked for and make it safe to print, on a terminal of whatever code page too.

    :param name: the name
    :returns: it

    """
    text = name if len(name) <= _SHOWN else name[:_SHOWN] + "..."
    return "".join(each if each.isascii() and each.isprintable() else ascii(each)[1:-1] for each in text) or "''"


__all__ = ["Answer", "missing", "shown", "system", "which"]
