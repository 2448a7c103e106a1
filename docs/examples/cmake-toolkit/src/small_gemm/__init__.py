"""Products of many small matrices on a GPU."""

from __future__ import annotations

import array
import ctypes
import os

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libsmall_gemm.so"))
_floats = ctypes.POINTER(ctypes.c_float)
_library.small_gemm.argtypes = [_floats, _floats, _floats, ctypes.c_int, ctypes.c_int, ctypes.c_float]


def _versions() -> tuple[int, int, int]:
    headers, runtime, cublas = ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
    _library.small_gemm_versions(ctypes.byref(headers), ctypes.byref(runtime), ctypes.byref(cublas))
    return headers.value, runtime.value, cublas.value


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    return _versions()[:2]


def cublas_version() -> int:
    """Return the version of the cuBLAS that was loaded, as it counts itself."""
    return _versions()[2]


def multiply(a: array.array[float], b: array.array[float], size: int, *, bias: float = 0.0) -> array.array[float]:
    """Return the products of ``size`` x ``size`` matrices of floats, each column by column, with ``bias`` added."""
    batch, rest = divmod(len(a), size * size)
    if rest or not batch or len(a) != len(b) or {a.typecode, b.typecode} != {"f"}:
        raise ValueError(f"two arrays of floats are wanted that hold equally many {size} x {size} matrices")
    answer = array.array("f", bytes(4 * len(a)))
    kind = ctypes.c_float * len(a)
    pointers = [kind.from_buffer(each) for each in (a, b, answer)]
    if status := _library.small_gemm(*pointers, size, batch, bias):
        raise RuntimeError(f"cuBLAS status {status - 10000}" if status > 10000 else f"CUDA error {status}")
    return answer


def selftest() -> None:
    """Multiply a hundred matrices by known ones on the GPU, and compare."""
    size, batch = 8, 100
    a = array.array("f", (index % 7 for index in range(size * size * batch)))
    twice = array.array("f", (2.0 if index % (size * size) % (size + 1) == 0 else 0.0 for index in range(len(a))))
    if multiply(a, twice, size, bias=1.0) != array.array("f", (2 * value + 1 for value in a)):
        raise AssertionError("the GPU multiplies differently")
