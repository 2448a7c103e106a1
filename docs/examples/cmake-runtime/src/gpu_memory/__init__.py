"""How much memory the current GPU has."""

from __future__ import annotations

import ctypes
import os

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libgpu_memory.so"))
_library.gpu_memory_error.restype = ctypes.c_char_p


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    headers, runtime = ctypes.c_int(), ctypes.c_int()
    _library.gpu_memory_versions(ctypes.byref(headers), ctypes.byref(runtime))
    return headers.value, runtime.value


def free_and_total() -> tuple[int, int]:
    """Return the bytes of memory that are free, and that there are."""
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    if status := _library.gpu_memory(ctypes.byref(free), ctypes.byref(total)):
        raise RuntimeError(_library.gpu_memory_error(status).decode())
    return free.value, total.value


def selftest() -> None:
    """Ask the GPU, and see that the answer makes sense."""
    free, total = free_and_total()
    if not 0 < free <= total:
        raise AssertionError(f"{free} bytes of {total}")
