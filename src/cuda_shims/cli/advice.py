"""How to get a header, a library, a CMake target or a tool that is not installed."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping

from cuda_shims.catalog import contents
from cuda_shims.catalog.tools import install_line


def system() -> str:
    """Name this machine as the table does, e.g. ``linux-x86_64``."""
    return f"{'windows' if os.name == 'nt' else 'linux'}-{platform.machine().lower()}"


def missing(name: str, release: str, components: Mapping[str, str], machine: str) -> str:
    """Say in half a sentence how to get what a release lacks on a machine that :func:`system` names."""
    places = contents.places(name)
    here = [each for each in places if machine.startswith(each.system)]
    known = _known(release)
    fits = {each.distribution: each.extra for each in here if each.release == known}
    windows = machine.startswith("windows")
    if fits:
        made = windows and contents.is_made(name)
        return _make(fits, release, components) if made else _get(name, fits, release, components)
    stub = None if windows else contents.driver_stub(name)
    if stub:
        return _stub(stub, release, components)
    if here:
        last = max(here, key=lambda each: _number(each.release))
        when = sorted({each.release for each in here if each.distribution == last.distribution}, key=_number)
        span = when[0] if len(when) == 1 else f"{when[0]} to {when[-1]}"
        return (
            f"{last.distribution} of CUDA {span} holds it, and none of CUDA {release if '.' in release else known} does"
        )
    if places:
        newest = contents.find(name)[0].distribution
        systems = sorted({_readable(each.system) for each in places if each.distribution == newest})
        return f"{newest} holds it for {' and '.join(systems)} only"
    return _nowhere(name)


def _known(release: str) -> str:
    """Return the table's release for a release: itself, else the newest one that is not newer."""
    every = contents.releases()
    number = _number(release if "." in release else f"{release}.999")
    return next((each for each in reversed(every) if _number(each) <= number), every[0])


def _number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".") if part.isdigit())


def _get(name: str, fits: Mapping[str, str], release: str, components: Mapping[str, str]) -> str:
    for distribution in fits:
        if distribution in components:
            version = components[distribution]
            exact = install_again(f"{distribution}=={version}")
            # the table may have a folder as a whole: then nobody knows whether it ever had this file
            # and of a companion the table has the newest version, which may not be torch's
            return f"{distribution} {version} is installed without it" + (
                f"; run: {exact}" if fits[distribution] and contents.is_listed(name) else ""
            )
    lines = " or ".join(
        # a companion has its own releases, and cuda-toolkit has no extra for it
        install_line(extra, release) if extra else f"pip install {distribution}"
        for distribution, extra in fits.items()
    )
    return f"{' and '.join(fits)} {'hold' if len(fits) > 1 else 'holds'} it; run: {lines}"


def install_again(requirement: str) -> str:
    """Spell the command that installs what an installer believes to be installed."""
    return f"pip install --force-reinstall --no-deps {requirement}"


def _stub(header: str, release: str, components: Mapping[str, str]) -> str:
    start = "no wheel for Linux holds it: it is part of NVIDIA's driver"
    if release.partition(".")[0] == "12":
        return start
    of = next(each for each in contents.places(header) if each.release == _known(release))
    line = "cuda-shims root" if of.distribution in components else install_line(of.extra, release)
    return f"{start}; cuda-shims makes one to link with, in its toolkit root, from {of.distribution}; run: {line}"


def _make(fits: Mapping[str, str], release: str, components: Mapping[str, str]) -> str:
    distribution, extra = next(iter(fits.items()))
    start = f"{distribution} holds its DLL, and cuda-shims makes what links with that"
    install = install_line(extra, release) if extra else f"pip install {distribution}"
    return f"{start}; run: {'cuda-shims root' if distribution in components else install}"


def _readable(system: str) -> str:
    name, _, machine = system.partition("-")
    return name.capitalize() + (f" on {machine}" if machine else "")


def did_you_mean(name: str) -> str:
    """Say which names are like a name that nothing holds; empty if there are none."""
    near = contents.find_similar(name)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _nowhere(name: str) -> str:
    kind = contents.kind_of(name)
    parts = name.replace("\\", "/").split("/")
    if os.path.isabs(name) or {".", "..", "~"} & set(parts):
        return "this is a path; give a name, such as cudaProfiler.h, libcublas.so, CUDA::nvjpeg or nvcc"
    if kind != "target" or not name.startswith(("CUDA::", "CUDAToolkit::")):
        return f"no CUDA wheel on PyPI holds a {kind} of that name{did_you_mean(name)}"
    if not contents.target_names(name):
        return f"CMake's FindCUDAToolkit defines no library of that name{did_you_mean(name)}"
    static = name[: -len("_static")]
    if name.endswith("_static") and contents.find(static):
        return f"no CUDA wheel on PyPI holds the static library; use {static}"
    hint = "; use CUDA::nvtx3, which has only headers" if name.endswith("::nvToolsExt") else ""
    return f"no CUDA wheel on PyPI holds its library{hint}"
