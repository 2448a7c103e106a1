"""Which known word is meant: one measure, in whatever case, for files, options and names of CUDA's."""

from __future__ import annotations

import pytest

from cuda_shims.likeness import find_similar


@pytest.mark.parametrize(
    ("word", "known", "count", "near"),
    [
        ("evn", ["env", "exec"], 1, ["env"]),
        ("NVVC", ["nvcc", "ptxas"], 1, ["nvcc"]),
        ("cudn", ["cuda", "cudnn", "cudart"], 2, ["cudnn", "cuda"]),
        ("cudaprofiler.h", ["cudaProfiler.h"], 1, ["cudaProfiler.h"]),
        ("mine.h", ["mma.h"], 1, []),
        ("list" + 10_000_000 * "t", ["list", "list" + 56 * "t"], 1, ["list" + 56 * "t"]),  # compared to a length
        ("", ["list"], 1, []),
        ("list", [], 1, []),
    ],
)
def test_what_is_meant(word, known, count, near):
    assert find_similar(word, known, count) == near
