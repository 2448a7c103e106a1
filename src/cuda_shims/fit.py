"""
Which toolkit fits a distribution, from what its metadata, and that of its requirements, says about CUDA.

This imports nothing and uses no index: ``import torch`` takes seconds, and needs the libraries that it loads.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cuda_shims.catalog import contents, tools
from cuda_shims.environment.metadata import Installed, Metadata, is_path, read_metadata
from cuda_shims.environment.requirement import LAST, Requirement, machine, parse_requirement, release_of
from cuda_shims.errors import NoFitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.environment.environment import Environment

#: distributions whose version begins with the release of CUDA, ``nvidia-cuda-runtime==13.0.96``. cuBLAS and most others
#: have other numbers: 13.1.0.3 is from CUDA 13.0. CCCL's number names no release since 13.3, and torch 2.13.0 got
#: nvJitLink 13.3.33 with the runtime of 13.0
_RELEASED = (
    "cuda-toolkit",
    *(f"nvidia-{name}" for name in ("cuda-runtime", "cuda-nvrtc", "cuda-nvcc", "nvvm", "cuda-crt")),
)
#: kept at the same minor release: everything that nvcc needs except CCCL
_HELD = ("cuda-toolkit", *(each for each in tools.COMPILER_COMPONENTS if each != "nvidia-cuda-cccl"))
#: ``cupy-cuda13x``, ``jax-cuda13-plugin``, ``nvidia-cudnn-cu13``
_NAMED = re.compile(r"(?:^|-)cu(?:da)?([1-9]\d)x?(?=-|$)")
#: ``2.9.1+cu130``, ``2.8.3+cu12torch2.9``, ``2.1.2+pt29cu130``
_LABEL = re.compile(r"\+[\w.-]*?cu([1-9]\d)(?:\.?(\d{1,2}))?(?!\d)")
#: these provide CUDA and do not need it: a toolkit does not need to fit itself
_TOOLKIT = ("nvidia-", "cuda-toolkit", "cuda-shims")
#: an extension of torch loads only in the release that it was compiled for
TORCH = "torch"


class Need(NamedTuple):
    """A statement of a distribution about CUDA, in one place."""

    distribution: Metadata
    #: for a reader: ``cuda-toolkit[cudart]==13.0.3``
    because: str
    #: the minor releases that it allows
    low: tuple[int, int]
    high: tuple[int, int]
    #: whether only a name says so: what works with both majors may require a part of each (nixl)
    is_weak: bool = False

    def __str__(self) -> str:
        """Say it in half a sentence."""
        return f"{self.distribution.name} {self.distribution.version} needs CUDA {self.release} ({self.because})"

    @property
    def release(self) -> str:
        """The release, ``13.0``, or the major if it says no more, ``13``."""
        return f"{self.low[0]}.{self.low[1]}" if self.low == self.high else str(self.major)

    @property
    def major(self) -> int:
        """The major: of several the one that the wheels are of, else the nearest."""
        return min(max(tools.NEWEST, self.low[0]), self.high[0])


class Fit(NamedTuple):
    """The toolkit that fits."""

    #: the one line, ``cuda-shims[cu130]``
    requirement: str
    #: the CUDA release, ``13.0``; the major, ``13``, where any of its releases fits
    release: str
    #: the reason
    need: Need
    #: the torch that a build must have, ``torch==2.14.1``; empty: none
    torch: str

    @property
    def build_requires(self) -> list[str]:
        """The requirements of a build that has neither."""
        return [self.requirement, *filter(None, [self.torch])]

    @property
    def constraints(self) -> list[str]:
        """The lines that keep a compiler at this release, and a build at this torch."""
        return [*(f"{name}=={self.release}.*" for name in _HELD), *filter(None, [self.torch])]


def find_fit(environment: Environment, distribution: str | None = None) -> Fit:
    """
    Find the toolkit that fits a distribution.

    :param environment: where distributions are installed
    :param distribution: its name, with extras if need be, or the path of its wheel or metadata. The default is torch
        if it is installed with CUDA, because most compiled extensions are for torch, else everything that needs CUDA
    :returns: what fits
    :raises NoFitError: when none does, it is not clear which one, or the distribution is not installed
    :raises UnreadableMetadataError: when the file at the path cannot be read

    """
    installed = Installed(environment.site_dirs)
    if distribution is None:
        torch = installed.get(TORCH)
        needs = list(_needs(torch, frozenset(), installed)) if torch else []
        return _choose(needs) if needs else _choose(_default(installed, environment), of_several=True)
    if is_path(distribution):
        return _of_one(read_metadata(distribution), frozenset(), installed)
    wanted = parse_requirement(distribution)
    found = installed.get(wanted.name) if wanted else None
    if wanted is None or found is None or not wanted.allows(found.version):
        there = f", {found.name} {found.version} is" if wanted and found else ""
        fix = "install it there, or give the path of its wheel: fit uses no index"
        raise NoFitError(f"{distribution!r} is not installed in {environment.label}{there}", fix)
    return _of_one(found, wanted.extras, installed)


def find_torch(environment: Environment) -> Need | None:
    """Find what the torch of an environment, or its requirements, say about CUDA, if anything."""
    installed = Installed(environment.site_dirs)
    torch = installed.get(TORCH)
    needs = list(_needs(torch, frozenset(), installed)) if torch else []
    return _joined(needs)._replace(distribution=torch) if torch and needs else None


def spell_requirement(release: str) -> str:
    """
    Spell the requirement that installs all parts of a compiler.

    :param release: a CUDA release, ``13.0``, or a major
    :returns: one of our extras, ``cuda-shims[cu130]``; for a release that is newer than those, what it would contain

    """
    if "." not in release:
        return tools.toolkit_requirement(release)
    if release in contents.releases() and tools.is_compiled(release):
        return f"cuda-shims[cu{release.replace('.', '')}]"
    extras = sorted(each.extra for each in tools.COMPONENTS if each.distribution in tools.COMPILER_COMPONENTS)
    return f"cuda-toolkit[{','.join(extras)}]=={release}.*"


def _default(installed: Installed, environment: Environment) -> list[Need]:
    read = (installed.get(name) for name in installed if not name.startswith(_TOOLKIT))
    needs = [need for each in read if each for need in _own_needs(each, frozenset())]
    if not needs:
        what = f"no distribution in {environment.label} says which CUDA it needs"
        raise NoFitError(
            what, f"any toolkit will do, for example {tools.BUNDLE}; or name a wheel: cuda-shims fit ./NAME.whl"
        )
    return needs


def _of_one(metadata: Metadata, extras: frozenset[str], installed: Installed) -> Fit:
    needs = list(_needs(metadata, extras, installed))
    if needs:
        return _choose(needs)
    what = f"{metadata.name} {metadata.version} does not mention CUDA"
    torch = next((each for each in metadata.requires if each.name == TORCH and not each.marker), None)
    if torch:
        raise NoFitError(
            f"{what} but by {torch}, which is not installed", "install that, or give the path of its wheel"
        )
    raise NoFitError(
        what, "it needs no toolkit, or is a build without CUDA; install one for CUDA (for torch, …+cu130 or similar)"
    )


def _needs(metadata: Metadata, extras: frozenset[str], installed: Installed) -> Iterator[Need]:
    """Find what a distribution, and its installed requirements, say about CUDA."""
    here = machine()
    left, seen = [(metadata, extras)], {(metadata.name, extras)}
    while left:
        one, asked = left.pop()
        yield from _own_needs(one, asked)
        for each in one.requires:
            key = (each.name, each.extras)
            if key not in seen and not each.name.startswith(_TOOLKIT) and each.counts(asked, here):
                seen.add(key)
                found = installed.get(each.name)
                if found and each.allows(found.version):
                    left.append((found, each.extras))


def _own_needs(metadata: Metadata, extras: frozenset[str]) -> Iterator[Need]:
    here = machine()
    for each in metadata.requires:
        if each.counts(extras, here):
            yield from _read(metadata, each)
    if _base_of(metadata.name) in _RELEASED:
        numbers = release_of(metadata.version)
        if len(numbers) > 1:
            own = (numbers[0], numbers[1])
            yield Need(metadata, "its version says so", own, own)
    label = _LABEL.search(metadata.version)
    if label:
        major, minor = int(label.group(1)), label.group(2)
        first, last = (int(minor), int(minor)) if minor else (0, LAST)
        yield Need(metadata, "its version says so", (major, first), (major, last))
    name = _NAMED.search(metadata.name)
    if name:
        yield Need(metadata, "its name says so", *_any_minor(name), is_weak=True)


def _read(metadata: Metadata, requirement: Requirement) -> Iterator[Need]:
    """Find what a requirement says about CUDA."""
    name, base = _NAMED.search(requirement.name), _base_of(requirement.name)
    if base in _RELEASED:
        low, high = requirement.minors()
        # up to CUDA 12 each major has separate distributions, except cuda-toolkit
        first, last = _any_minor(name) if name else ((tools.COMPILED[0], 0), (LAST, LAST))
        yield Need(metadata, str(requirement), low if base == "cuda-toolkit" else max(low, first), min(high, last))
    elif name:
        yield Need(metadata, str(requirement), *_any_minor(name), is_weak=True)


def _base_of(distribution: str) -> str:
    name = _NAMED.search(distribution)
    return distribution[: name.start()] if name else distribution


def _any_minor(name: re.Match[str]) -> tuple[tuple[int, int], tuple[int, int]]:
    return (int(name.group(1)), 0), (int(name.group(1)), LAST)


def _joined(needs: list[Need], *, of_several: bool = False) -> Need:
    """Combine several into one; the one that says most is the reason."""
    needs = [each for each in needs if not each.is_weak] or needs
    low, high = max(needs, key=lambda each: each.low), min(needs, key=lambda each: each.high)
    if low.low > high.high:
        fix = f"require the toolkit that you compile with, such as {spell_requirement(low.release)}"
        if of_several and high.distribution != low.distribution:
            fix = f"name the one that you compile for: cuda-shims fit {high.distribution.name}"
        raise NoFitError(f"{high}, and {low}, so that no toolkit fits both", fix)
    best = next((each for each in needs if each.low == each.high), low)
    return best._replace(low=low.low, high=high.high)


def _choose(needs: list[Need], *, of_several: bool = False) -> Fit:
    need = _joined(needs, of_several=of_several)
    if need.high < (tools.COMPILED[0], 0):
        what = f"{need}, and NVIDIA publishes no nvcc for CUDA {need.high[0]} as a wheel"
        raise NoFitError(what, other_build(need))
    torch = next((f"{TORCH}=={each.version}" for each, *_ in needs if each.name == TORCH), "")
    release = _release(need)
    return Fit(spell_requirement(release), release, need, torch)


def other_build(need: Need) -> str:
    """Say what to do if a distribution needs a CUDA without a compiler on PyPI."""
    build = f"take a build of {need.distribution.name} for CUDA {tools.NEWEST} (+cu{tools.NEWEST}0 or so in its version"
    return f"{build}, or cu{tools.NEWEST} in its name), or name a toolkit of CUDA {need.release} in CUDA_HOME"


def _release(need: Need) -> str:
    if need.low == need.high:
        return need.release
    every = [each for each in contents.releases() if each.startswith(f"{need.major}.")]
    fits = [each for each in every if need.low <= _minor(each) <= need.high]
    if fits == every:
        return str(need.major) if every or not need.low[1] else f"{need.major}.{need.low[1]}"
    return fits[-1] if fits else f"{need.major}.{need.low[1]}"


def _minor(release: str) -> tuple[int, int]:
    major, minor = release.split(".")
    return int(major), int(minor)
