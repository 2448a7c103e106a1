"""cuTile: tileiras, of a wheel of its own, which runs ptxas."""

from __future__ import annotations

DISTRIBUTION = "cuda-tile"


def build(_folder):
    from cuda.tile import _compile

    return None, [_compile._find_compiler_bin().path]
