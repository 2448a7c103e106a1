"""Sorts numbers on a GPU and sums them up."""

from __future__ import annotations

import ctypes
import itertools
import os
import random

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "librunning_sum.so"))
_library.running_sum.argtypes = [ctypes.POINTER(ctypes.c_int64), ctypes.c_size_t]


def _versions() -> tuple[int, int, int]:
    found = [ctypes.c_int() for _ in range(3)]
    _library.running_sum_versions(*map(ctypes.byref, found))
    return found[0].value, found[1].value, found[2].value


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    return _versions()[:2]


def cccl_version() -> str:
    """Return the version of CCCL, e.g. ``3.4.2``."""
    number = _versions()[2]
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"


def sort_and_sum(numbers: list[int]) -> list[int]:
    """Return the running sums of the numbers in ascending order."""
    if not numbers:
        return []
    values = (ctypes.c_int64 * len(numbers))(*numbers)
    if status := _library.running_sum(values, len(numbers)):
        raise RuntimeError(f"CUDA error {status}")
    return list(values)


def selftest() -> None:
    """Sort and sum a hundred thousand numbers on the GPU and on the CPU, and compare."""
    numbers = [random.randrange(-(10**9), 10**9) for _ in range(100_000)]  # noqa: S311 # no secret
    if sort_and_sum(numbers) != list(itertools.accumulate(sorted(numbers))):
        raise AssertionError("the GPU sums differently")
