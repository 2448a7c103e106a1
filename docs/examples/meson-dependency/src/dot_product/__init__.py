"""Dot products, by cuBLAS on a GPU."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libdot_product.so"))


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    headers, runtime = ctypes.c_int(), ctypes.c_int()
    _library.dot_product_versions(ctypes.byref(headers), ctypes.byref(runtime))
    return headers.value, runtime.value


def dot(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the sum of the products."""
    if len(x) != len(y):
        raise ValueError(f"as many numbers in x as in y, not {len(x)} and {len(y)}")
    if not x:
        return 0.0
    kind, answer = ctypes.c_double * len(x), ctypes.c_double()
    if status := _library.dot_product(kind(*x), kind(*y), len(x), ctypes.byref(answer)):
        raise RuntimeError(f"cuBLAS status {status - 10000}" if status > 10000 else f"CUDA error {status}")
    return answer.value


def selftest() -> None:
    """Compare with a sum that is known."""
    if dot(range(1001), range(1001)) != 1000 * 1001 * 2001 / 6:
        raise AssertionError("the GPU sums differently")
