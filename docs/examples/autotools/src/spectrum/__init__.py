"""Power spectra, by a GPU."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Sequence

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libspectrum.so"))


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    headers, runtime = ctypes.c_int(), ctypes.c_int()
    _library.spectrum_versions(ctypes.byref(headers), ctypes.byref(runtime))
    return headers.value, runtime.value


def power(signal: Sequence[float]) -> list[float]:
    """Return the power of each frequency, from 0 to half the number of samples."""
    if not signal:
        return []
    answer = (ctypes.c_float * (len(signal) // 2 + 1))()
    if status := _library.spectrum_power((ctypes.c_float * len(signal))(*signal), answer, len(signal)):
        raise RuntimeError(f"cuFFT result {status - 10000}" if status > 10000 else f"CUDA error {status}")
    return list(answer)


def selftest() -> None:
    """Find the one frequency of a cosine."""
    found = power([math.cos(2 * math.pi * 5 * at / 256) for at in range(256)])
    if found.index(max(found)) != 5 or not math.isclose(found[5], 128**2, rel_tol=1e-3):
        raise AssertionError("the GPU hears another tone")
