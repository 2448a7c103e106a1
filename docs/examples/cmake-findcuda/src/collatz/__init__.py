"""Collatz's rule, by a GPU."""

from __future__ import annotations

import ctypes
import os

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libcollatz.so"))


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    headers, runtime = ctypes.c_int(), ctypes.c_int()
    _library.collatz_versions(ctypes.byref(headers), ctypes.byref(runtime))
    return headers.value, runtime.value


def all_steps(first: int, count: int) -> list[int]:
    """Return how many steps lead to 1 from ``first`` and the numbers after it, ``count`` of them."""
    if first < 1 or count < 1 or first + count > 2**31:
        raise ValueError("numbers from 1 to 2**31 - 1 are wanted")
    steps = (ctypes.c_int * count)()
    if status := _library.collatz_steps(steps, first, count):
        raise RuntimeError(f"CUDA error {status}")
    return list(steps)


def steps(number: int) -> int:
    """Return how many steps lead from a number to 1."""
    return all_steps(number, 1)[0]


def selftest() -> None:
    """Compare with known answers."""
    if all_steps(1, 9) != [0, 1, 7, 2, 5, 8, 16, 3, 19] or steps(27) != 111:
        raise AssertionError("the GPU counts differently")
