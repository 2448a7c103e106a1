"""Conway's game of life, by a GPU."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence

_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libgame_of_life.so"))


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    headers, runtime = ctypes.c_int(), ctypes.c_int()
    _library.game_of_life_versions(ctypes.byref(headers), ctypes.byref(runtime))
    return headers.value, runtime.value


def play(field: Sequence[str], turns: int = 1) -> list[str]:
    """Return a field, rows of ``#`` and ``.`` whose ends meet, after some turns."""
    width = len(field[0]) if field else 0
    if width < 1 or any(len(row) != width or set(row) - set("#.") for row in field):
        raise ValueError("rows of # and . are wanted, all of one length")
    cells = (ctypes.c_ubyte * (width * len(field)))(*(mark == "#" for row in field for mark in row))
    if status := _library.game_of_life(cells, width, len(field), turns):
        raise RuntimeError(f"CUDA error {status}")
    marks = "".join(".#"[cell] for cell in cells)
    return [marks[at : at + width] for at in range(0, len(marks), width)]


def selftest() -> None:
    """Let a glider fly: after 4 turns it is one step further down and to the right."""
    glider = [".#......", "..#.....", "###.....", *["........"] * 5]
    moved = ["........", "..#.....", "...#....", ".###....", *["........"] * 4]
    if play(glider, 4) != moved:
        raise AssertionError("the GPU plays another game")
