"""Which values of a parameter every run tests; ``--matrix`` tests all of them."""

from __future__ import annotations

import pytest


def keep(kept, *, of):
    """Leave all values to ``--matrix``, but for those that are kept."""
    return [each if each in kept else pytest.param(each, marks=pytest.mark.matrix) for each in of]


def keep_ends(values, *, first=True):
    """Leave all values to ``--matrix``, but for the first and the last, or the last."""
    return keep([*list(values)[: int(first)], list(values)[-1]], of=values)
