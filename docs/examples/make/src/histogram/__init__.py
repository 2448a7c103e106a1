"""How often each byte value occurs, counted on a GPU."""

from __future__ import annotations

import collections
import ctypes
import os

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libhistogram.so"))
_library.histogram_count.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_ulonglong)]
_library.histogram_error.restype = ctypes.c_char_p


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    headers, runtime = ctypes.c_int(), ctypes.c_int()
    _library.histogram_versions(ctypes.byref(headers), ctypes.byref(runtime))
    return headers.value, runtime.value


def count(data: bytes) -> list[int]:
    """Return 256 numbers: how often each byte value is in ``data``."""
    counts = (ctypes.c_ulonglong * 256)()
    if status := _library.histogram_count(data, len(data), counts):
        raise RuntimeError(_library.histogram_error(status).decode())
    return list(counts)


def selftest() -> None:
    """Count a megabyte on the GPU and on the CPU, and compare."""
    data = os.urandom(1_000_003)
    expected = collections.Counter(data)
    if count(data) != [expected[value] for value in range(256)]:
        raise AssertionError("the GPU counts differently")
