"""Matrices of float32, transposed on a GPU."""

from __future__ import annotations

import array
import ctypes
import os

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libtranspose.so"))
_library.transpose_error.restype = ctypes.c_char_p


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    headers, runtime = ctypes.c_int(), ctypes.c_int()
    _library.transpose_versions(ctypes.byref(headers), ctypes.byref(runtime))
    return headers.value, runtime.value


def transpose(matrix: array.array[float], rows: int, columns: int) -> array.array[float]:
    """Return ``columns`` x ``rows`` floats for ``rows`` x ``columns`` of them, row by row."""
    if matrix.typecode != "f" or rows < 1 or columns < 1 or len(matrix) != rows * columns:
        raise ValueError(f"an array of {rows} x {columns} floats is wanted, array('f', ...)")
    answer = array.array("f", bytes(4 * len(matrix)))
    kind = ctypes.c_float * len(matrix)
    if status := _library.transpose(kind.from_buffer(matrix), kind.from_buffer(answer), rows, columns):
        raise RuntimeError(_library.transpose_error(status).decode())
    return answer


def selftest() -> None:
    """Transpose a matrix on the GPU and on the CPU, and compare."""
    rows, columns = 301, 517
    matrix = array.array("f", range(rows * columns))
    expected = array.array("f", (matrix[row * columns + column] for column in range(columns) for row in range(rows)))
    if transpose(matrix, rows, columns) != expected:
        raise AssertionError("the GPU transposes differently")
