"""The parsers on a small, fixed sample of what ``fuzz.py`` makes; ``CUDA_SHIMS_TEST_INPUTS`` asks for more."""

from __future__ import annotations

import os
import subprocess
import sys

import fuzz
import fuzz_targets
import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
INPUTS = int(os.environ.get("CUDA_SHIMS_TEST_INPUTS", "150"))


@pytest.mark.parametrize("name", fuzz_targets.TARGETS)
def test_no_parser_raises_what_it_does_not_document(name):
    assert fuzz.fuzz(name, 1, range(INPUTS)) == []


def test_inputs_are_the_same_in_every_process():
    code = """\
import fuzz, hashlib, random
seeds = [b"one", b"two" * 99]
inputs = [fuzz.mutation(seeds, [b"x"], random.Random(f"1 {number}")) for number in range(50)]
print(hashlib.sha256(b"".join(inputs)).hexdigest())
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([HERE, *sys.path])}
    said = set()
    for seed in ("1", "2"):
        variables = {**environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, check=True)
        said.add(done.stdout)
    assert len(said) == 1


def _never_end(*_):
    while True:
        pass


@pytest.mark.parametrize(
    ("run", "word"),
    [(lambda *_: {}[1], "KeyError"), (_never_end, "TookTooLong"), (lambda *_: int("x"), "")],
)
def test_what_is_wrong_is_told(monkeypatch, run, word):
    monkeypatch.setattr(fuzz, "SECONDS", 0.05)
    target = fuzz_targets.Target(run, (ValueError,), "x", (), b"sample")
    monkeypatch.setitem(fuzz_targets.TARGETS, "test", target)
    found = fuzz.fuzz("test", 1, range(2))
    assert [wrong.startswith(word) for wrong, _ in found] == ([True, True] if word else [])


@pytest.mark.parametrize(("power", "found"), [(1, set()), (2, {"b'x'", "b'y'", "b'xx'", "b'xy'", "b'yx'", "b'yy'"})])
def test_growth_is_told(monkeypatch, power, found):
    now = [0.0]
    monkeypatch.setattr(fuzz.time, "process_time", lambda: now[0])

    def run(data, _):
        now[0] += (len(data) / 32768) ** power * 0.05

    monkeypatch.setitem(fuzz_targets.TARGETS, "test", fuzz_targets.Target(run, (), "x", (), b""))
    monkeypatch.setattr(fuzz, "COMMON", "y")
    assert {unit for unit, _ in fuzz.growth("test")} == found


def test_the_command(tmp_path):
    path = os.pathsep.join(each for each in sys.path if not each.startswith(os.path.dirname(HERE)))
    environ = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path)}
    command = [sys.executable, os.path.join(HERE, "fuzz.py")]
    done = subprocess.run([*command, "--seconds", "0.01", "nvml-h"], env=environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"200 inputs, 0 bad ones" in done.stdout
    done = subprocess.run([*command, "nothing"], env=environ, capture_output=True, check=False)
    assert (done.returncode, b"unknown: nothing" in done.stderr) == (2, True)
