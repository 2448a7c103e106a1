"""The Mandelbrot set, by a GPU."""

from __future__ import annotations

import ctypes
import os

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libmandelbrot.so"))


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    headers, runtime = ctypes.c_int(), ctypes.c_int()
    _library.mandelbrot_versions(ctypes.byref(headers), ctypes.byref(runtime))
    return headers.value, runtime.value


def escape(width: int, height: int, limit: int = 200) -> list[int]:
    """Return how many steps each point takes to leave, ``limit`` for those that stay, row by row."""
    steps = (ctypes.c_int * (width * height))()
    if status := _library.mandelbrot_escape(steps, width, height, limit):
        raise RuntimeError(f"CUDA error {status}")
    return list(steps)


def picture(width: int, height: int) -> str:
    """Return the set as text."""
    shades = " .:-=+*#%@"
    steps = escape(width, height)
    marks = "".join(shades[min(step, 99) // 10] for step in steps)
    return "\n".join(marks[at : at + width] for at in range(0, len(marks), width))


def selftest() -> None:
    """Look at points of which one is in the set and one is not."""
    steps = escape(300, 200, 500)
    if steps[100 * 300 + 200] != 500:
        raise AssertionError("the origin is in the set")
    if steps[0] != 1:
        raise AssertionError("-2-i is not in the set")
