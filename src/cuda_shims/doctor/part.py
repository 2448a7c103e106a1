"""A part: what a project may need, in any release. An extra of cuda-toolkit, or a companion's name without a major."""

from __future__ import annotations

import os

from cuda_shims.catalog import companions, contents, tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cuda_shims.catalog.contents import Holding

_SYSTEM = "windows" if os.name == "nt" else "linux"
#: distribution of CUDA 13 -> the toolkit's extra
EXTRAS = {each.distribution: each.extra for each in tools.COMPONENTS}
_DISTRIBUTIONS = {extra: distribution for distribution, extra in EXTRAS.items()}
#: what a wheel requires, so that its part brings these too (METADATA of 13.0 to 13.5, and of today's companions)
_BRINGS = {
    "nvcc": "nvvm cudart crt",
    "cublas": "nvrtc",
    "cufft": "nvjitlink",
    "cusparse": "nvjitlink",
    "cusolver": "cublas nvrtc cusparse nvjitlink",
    "tileiras": "nvcc nvvm cudart crt nvjitlink",
    "nvidia-cudnn": "cublas nvrtc",
    "nvidia-nvshmem": "cccl",
    "nvidia-cudss": "cublas nvrtc",
    "nvidia-cublasmp": "nvidia-nccl cublas nvrtc",
    "nvidia-cusolvermp": "nvidia-nccl nvidia-cublasmp cudart cublas nvrtc cusolver cusparse nvjitlink",
    "nvidia-cufftmp": "nvidia-nvshmem cccl",
    "nvidia-libmathdx": "nvrtc",
    "cutensornet": "cutensor",
    "cudensitymat": "cutensor cutensornet",
}


def part_of(holding: Holding) -> str:
    """Name the part of a holding."""
    return holding.extra or companions.name_without_major(holding.distribution)


def find_part(word: str, *, header: bool) -> str | None:
    """Name the part that a word in a build file means; empty where no wheel holds it, ``None`` for other words."""
    if header or "::" in word:
        return next(iter(_parts(word)), None)
    # a DLL counts: a build does not link with it, but no other wheel is nearer
    for name in (f"CUDA::{word}", f"-l{word}", word if contents.kind_of(word) == "library" else ""):
        if parts := _parts(name):
            return parts[0]
    # instead of the static libraries, wheels hold the shared ones; CUDA 13 has no NVTX 2
    static = word.removesuffix("_static")
    return "" if contents.target_names(word) or (static != word and _parts(f"-l{static}")) else None


def _parts(name: str) -> list[str]:
    newest = contents.releases()[-1]
    found = [each for each in contents.find(contents.driver_stub(name) or name) if newest in each.releases]
    return [part_of(each) for each in found if each.kind != "tool" and _SYSTEM in each.platforms]


def part_required(distribution: str) -> str | None:
    """Name the part that a required distribution is, if it is one."""
    if distribution in EXTRAS:
        return EXTRAS[distribution]
    name = companions.name_without_major(distribution)
    return name if any(name in names for names in companions.folders().values()) else None


def with_brought(parts: Iterable[str]) -> set[str]:
    """Add what the wheels of parts require."""
    named = set(parts)
    return named.union(*(_BRINGS.get(part, "").split() for part in named))


def is_companion(part: str) -> bool:
    """Tell whether no extra of cuda-toolkit brings a part."""
    return part not in _DISTRIBUTIONS


def distribution_of_13(part: str) -> str:
    """Name the distribution of an extra, as CUDA 13 has it."""
    return _DISTRIBUTIONS[part]
