"""
Two CUDA kernels for float32 vectors, used on CuPy arrays or on anything with ``__cuda_array_interface__``.

The kernels are in a shared library beside this file, loaded with :mod:`ctypes` when the package is imported. Importing
it, and asking for the path, the versions and the number of devices, needs neither a GPU nor a driver.
"""

from __future__ import annotations

import ctypes
import math
import os
import sys
from typing import Any, NamedTuple


class CudaError(RuntimeError):
    """A CUDA call failed: ``code`` is its cudaError_t, ``name`` CUDA's name for it."""

    def __init__(self, what: str, code: int) -> None:
        """Look up what CUDA says about ``code``, which ``what`` returned."""
        self.code = code
        self.name: str = _library.vector_ops_error_name(code).decode()
        message = _library.vector_ops_error_string(code).decode()
        super().__init__(f"{what}: {message} ({self.name}, CUDA error {code})")


def library_path() -> str:
    """Return the path of the shared library."""
    name = "vector_ops.dll" if sys.platform == "win32" else "libvector_ops.so"
    folders = list(__path__)  # an editable install has two: the sources and what was built
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    raise ImportError(f"{name} is not in {' or '.join(folders)}: install the project, its sources hold no library")


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(library_path())
    size, pointer, real = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_float
    library.vector_ops_axpy.argtypes = [size, real, pointer, pointer, pointer]
    library.vector_ops_dot.argtypes = [size, pointer, pointer, pointer, pointer]
    library.vector_ops_selftest.argtypes = [size, ctypes.POINTER(ctypes.c_double)]
    library.vector_ops_runtime_version.argtypes = [ctypes.POINTER(ctypes.c_int)]
    library.vector_ops_device_count.argtypes = [ctypes.POINTER(ctypes.c_int)]
    for text in (library.vector_ops_error_name, library.vector_ops_error_string):
        text.argtypes, text.restype = [ctypes.c_int], ctypes.c_char_p
    return library


_library = _load()


def _check(what: str, code: int) -> None:
    if code:
        raise CudaError(what, code)


def runtime_version() -> tuple[int, int]:
    """Return the CUDA version that the library was built with, e.g. ``(13, 5)``."""
    version = ctypes.c_int()
    _check("runtime_version", _library.vector_ops_runtime_version(version))
    return version.value // 1000, version.value % 1000 // 10


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    major, minor = runtime_version()
    return _library.vector_ops_headers_version(), major * 1000 + minor * 10


def device_count() -> int:
    """Return how many GPUs this CUDA can use here: 0 without a driver, or with one that is too old."""
    count = ctypes.c_int()
    _check("device_count", _library.vector_ops_device_count(count))
    return count.value


def selftest(size: int = 1_000_000) -> float:
    """Run both kernels on ``size`` elements of their own and return the larger of the two relative errors."""
    worst = ctypes.c_double()
    _check("selftest", _library.vector_ops_selftest(size, worst))
    return worst.value


class _Vector(NamedTuple):
    pointer: int
    size: int
    stream: int | None


def _contiguous(shape: tuple[int, ...], strides: tuple[int, ...] | None, item_size: int) -> bool:
    """Tell whether elements lie one after the other, in C order."""
    if strides is None or 0 in shape:
        return True
    for length, stride in zip(reversed(shape), reversed(strides)):
        if length > 1 and stride != item_size:
            return False
        item_size *= length
    return True


def _vector(name: str, array: Any, *, written: bool = False) -> _Vector:
    """Take what the C interface needs from ``array``, or say what is wrong with it."""
    interface = getattr(array, "__cuda_array_interface__", None)
    if interface is None:
        raise TypeError(f"{name} must be an array in GPU memory, e.g. CuPy's, not {type(array).__name__}")
    if interface["typestr"] != "<f4":
        raise TypeError(f"{name} must hold float32 (<f4), not {interface['typestr']}")
    if interface.get("mask") is not None:
        raise ValueError(f"{name} must not be masked")
    shape = tuple(interface["shape"])
    if not _contiguous(shape, interface.get("strides"), 4):
        raise ValueError(f"{name} must be C-contiguous: pass a copy, e.g. cupy.ascontiguousarray({name})")
    pointer, read_only = interface["data"]
    if written and read_only:
        raise ValueError(f"{name} is read-only, and the answer goes there")
    return _Vector(pointer, math.prod(shape), interface.get("stream"))


def _same_size(x: _Vector, y: _Vector) -> int:
    if x.size != y.size:
        raise ValueError(f"x and y must have the same size, not {x.size} and {y.size}")
    return x.size


def _stream(given: int | None, *vectors: _Vector) -> int:
    """Return the stream to work on: the given one, else the one on which the arrays were made."""
    if given is not None:
        return given
    named = {vector.stream for vector in vectors if vector.stream is not None}
    if len(named) > 1:
        raise ValueError("the arrays belong to different streams: synchronize them and pass stream=")
    return named.pop() if named else 0


def axpy(alpha: float, x: Any, y: Any, *, stream: int | None = None) -> None:
    """
    Add ``alpha * x`` to ``y`` in place.

    :param alpha: the factor
    :param x: float32, C-contiguous, in GPU memory of the current device
    :param y: the same, of the same size
    :param stream: a cudaStream_t as an integer (CuPy's ``stream.ptr``); by default the stream of the arrays
    """
    source, target = _vector("x", x), _vector("y", y, written=True)
    size, stream = _same_size(source, target), _stream(stream, source, target)
    _check("axpy", _library.vector_ops_axpy(size, alpha, source.pointer, target.pointer, stream))


def dot(x: Any, y: Any, out: Any, *, stream: int | None = None) -> None:
    """
    Write the sum of ``x * y`` to ``out``, which holds one float32 in GPU memory.

    :param x: float32, C-contiguous, in GPU memory of the current device
    :param y: the same, of the same size
    :param out: one element of the same kind, e.g. ``cupy.empty(1, cupy.float32)``
    :param stream: as for :func:`axpy`
    """
    left, right, answer = _vector("x", x), _vector("y", y), _vector("out", out, written=True)
    if answer.size != 1:
        raise ValueError(f"out must hold one element, not {answer.size}")
    size, stream = _same_size(left, right), _stream(stream, left, right, answer)
    _check("dot", _library.vector_ops_dot(size, left.pointer, right.pointer, answer.pointer, stream))


__all__ = ["CudaError", "axpy", "cuda_versions", "device_count", "dot", "library_path", "runtime_version", "selftest"]
