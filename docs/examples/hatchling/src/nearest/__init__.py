"""Nearest neighbours in the plane, by a GPU."""

from __future__ import annotations

import ctypes
import os
import random
from collections.abc import Sequence

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libnearest.so"))


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    headers, runtime = ctypes.c_int(), ctypes.c_int()
    _library.nearest_versions(ctypes.byref(headers), ctypes.byref(runtime))
    return headers.value, runtime.value


def nearest(points: Sequence[tuple[float, float]], queries: Sequence[tuple[float, float]]) -> list[int]:
    """Return, for each query, the index of the point that is nearest."""
    if not points:
        raise ValueError("at least one point is wanted")
    if not queries:
        return []
    answers = (ctypes.c_int * len(queries))()
    flat = [
        (ctypes.c_float * (2 * len(each)))(*(value for pair in each for value in pair)) for each in (points, queries)
    ]
    if status := _library.nearest(flat[0], len(points), flat[1], answers, len(queries)):
        raise RuntimeError(f"CUDA error {status}")
    return list(answers)


def selftest() -> None:
    """Find each of a thousand points by one close to it."""
    points = [(float(index % 32), float(index // 32)) for index in range(1024)]
    queries = [(x + random.uniform(-0.4, 0.4), y + random.uniform(-0.4, 0.4)) for x, y in points]  # noqa: S311
    if nearest(points, queries) != list(range(1024)):
        raise AssertionError("the GPU finds others")
