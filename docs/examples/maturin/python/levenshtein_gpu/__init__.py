"""Edit distances, by a GPU."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ._native import ffi, lib


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    return lib.levenshtein_gpu_headers_version(), lib.levenshtein_gpu_runtime_version()


def distances(text: str, others: Sequence[str]) -> list[int]:
    """Return how many bytes of UTF-8 have to change, come or go to make ``text`` of each other one."""
    data, pieces = text.encode(), [each.encode() for each in others]
    if len(data) > 128:
        raise ValueError("a text of at most 128 bytes is wanted")
    if not pieces:
        return []
    ends = list(itertools.accumulate(map(len, pieces)))
    answers = ffi.new("int[]", len(pieces))
    status = lib.levenshtein_gpu_distances(
        ffi.from_buffer("uint8_t[]", data),
        len(data),
        ffi.from_buffer("uint8_t[]", b"".join(pieces)),
        ends,
        answers,
        len(ends),
    )
    if status:
        raise RuntimeError(f"CUDA error {status}")
    return list(answers)


def distance(text: str, other: str) -> int:
    """Return the distance of two texts."""
    return distances(text, [other])[0]


def selftest() -> None:
    """Compare with known answers."""
    if distances("kitten", ["sitting", "kitten", "", "mitten"]) != [3, 0, 6, 1]:
        raise AssertionError("the GPU finds other distances")
