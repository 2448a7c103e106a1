"""What a log costs: its length. A pattern that began anew at each slash took 21 s for a megabyte of them."""

from __future__ import annotations

import time

import pytest

from cuda_shims.config import Config
from cuda_shims.doctor.case import Case
from cuda_shims.doctor.log import explain
from cuda_shims.doctor.log.read import MAX_BYTES, Log, clean
from cuda_shims.environment.environment import Environment

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


#: what logs are filled with beside single letters: all needles, with and without lines; ANSI, NULs, quotes
WHOLE = {
    "needles": " ".join(each for rule in explain.RULES for each in rule.needles),
    "needle-lines": "\n".join(each for rule in explain.RULES for each in rule.needles),
    "escapes": "\x1b[0m",
    "open-escape": "\x1b]",
    "nul": "\0",
    "quotes": "\"'`",
    "errors": "CMake Error at ",
    "functions": "undefined reference to `cudaF' ",
    "blanks": " \t",
    "returns": "\r",
}


def take(text):
    """Read and explain a text; give the time that it took."""
    environment = Environment(("/none",), "/none/bin", "cuda_shims.dist-info", is_target=False, label="it")
    case = Case(environment, {"PATH": "/none"}, Config(), [], None, None, here=True, directory="")
    start = time.process_time()
    explain.explain(Log(clean(text)), case)
    return time.process_time() - start


@pytest.mark.parametrize("unit", ["/", "a/", "\\", "'", *WHOLE.values()], ids=lambda unit: repr(unit[:12]))
def test_twice_the_log_takes_twice_the_time(unit):
    once, twice = (take(unit * (size // len(unit))) for size in (MAX_BYTES // 64, MAX_BYTES // 32))
    assert twice <= 3 * once + 0.5


@pytest.mark.matrix
@pytest.mark.parametrize("name", ["needles", "errors", "functions"])
def test_a_log_of_all_bytes_that_are_looked_at(name):
    """On a machine with nothing else to do 2 to 3 s, and 5 at most."""
    assert take(WHOLE[name] * (MAX_BYTES // len(WHOLE[name]))) < 30
