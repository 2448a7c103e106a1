"""The heat equation in one dimension, by a GPU."""

from __future__ import annotations

import array
import math
from collections.abc import Iterable

from . import _heat


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    return _heat.versions()


def simulate(values: Iterable[float], steps: int) -> array.array[float]:
    """Return what is left of the values after some steps, both ends held at 0."""
    answer = array.array("f", values)
    if answer and steps > 0:
        _heat.simulate(answer, steps)
    return answer


def selftest() -> None:
    """Let one hot point cool on the GPU; binomial coefficients are the answer."""
    steps = 6
    found = simulate([0.0] * 8 + [1.0] + [0.0] * 8, steps)
    expected = [math.comb(2 * steps, at) / 4**steps for at in range(2 * steps + 1)]
    if not all(map(math.isclose, found[8 - steps : 8 + steps + 1], expected)):
        raise AssertionError("the GPU cools differently")
