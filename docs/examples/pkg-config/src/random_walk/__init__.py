"""Normally distributed numbers from a GPU."""

from __future__ import annotations

import array
import ctypes
import math
import os
import statistics

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "librandom_walk.so"))
_library.random_walk_normal.argtypes = [ctypes.POINTER(ctypes.c_float), ctypes.c_size_t, ctypes.c_ulonglong]


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    headers, runtime = ctypes.c_int(), ctypes.c_int()
    _library.random_walk_versions(ctypes.byref(headers), ctypes.byref(runtime))
    return headers.value, runtime.value


def normal(count: int, *, seed: int = 0) -> array.array[float]:
    """Return ``count`` numbers of mean 0 and deviation 1; the same for the same ``seed``."""
    numbers = (ctypes.c_float * (count + count % 2))()  # cuRAND makes them in pairs
    if status := _library.random_walk_normal(numbers, len(numbers), seed):
        raise RuntimeError(f"cuRAND status {status - 10000}" if status > 10000 else f"CUDA error {status}")
    return array.array("f", numbers[:count])


def selftest() -> None:
    """Make a million numbers on the GPU and look at their mean and deviation."""
    numbers = normal(1_000_001, seed=1)
    if not math.isclose(statistics.fmean(numbers), 0, abs_tol=0.01):
        raise AssertionError("their mean is not 0")
    if not math.isclose(statistics.pstdev(numbers), 1, abs_tol=0.01):
        raise AssertionError("their deviation is not 1")
