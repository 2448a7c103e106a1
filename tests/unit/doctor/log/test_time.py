"""What a log costs: its length. A pattern that began anew at each slash took 21 s for a megabyte of them."""

from __future__ import annotations

import time

import pytest

from cuda_shims.doctor.log import explain

UNITS = ["/", "/a", "\\", "a/", "C:/", "=/", "'/", "/nvcc", "a", ".", "-l", "~", "a ", "\n", "::", "["]
SIZE, PIECE = 200_000, 1000


@pytest.mark.parametrize("unit", UNITS)
def test_a_hostile_log_takes_no_longer_than_its_length(unit):
    """Each needle lets a pattern loose on what is before it."""
    filler = unit * (PIECE // len(unit))
    slow = []
    for rule in explain.RULES:
        text = (filler + rule.needles[0]) * (SIZE // PIECE)
        where = {needle: list(explain._find_positions(needle, text)) for needle in rule.needles}
        start = time.process_time()
        list(explain._find_matches(rule, text, where))
        taken = time.process_time() - start
        if taken > 0.5:  # of a pattern that is as it should be: 0.01 s
            slow.append((rule.code, rule.regex.pattern, taken))
    assert slow == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sh: 1: /usr/bin/nvcc: not found", "/usr/bin/nvcc"),
        ("CUDACXX=/opt/cuda/bin/nvcc: not found", "/opt/cuda/bin/nvcc"),
        ("'C:\\cuda\\bin\\nvcc.exe: not found", "C:\\cuda\\bin\\nvcc.exe"),
        ("(/opt/a+b/bin-1/nvcc: not found", "/opt/a+b/bin-1/nvcc"),
        ("/v/e n/v/bin/nvcc: not found", None),
    ],
)
def test_where_a_path_begins(text, path):
    names = [match["name"] for rule in explain.RULES if rule.code == "stale" for match in rule.regex.finditer(text)]
    assert names == ([path] if path else [])
