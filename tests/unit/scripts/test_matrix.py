"""The compatibility page: what becomes of the tests' results."""

from __future__ import annotations

import json

import pytest
from script_support import load_script


@pytest.fixture(scope="module")
def matrix():
    return load_script("pages/matrix")


def line(test, system="Meson", front_end="uv", toolkit="13.5.0", outcome="passed", reason=""):
    cell = {"system": system, "front_end": front_end, "toolkit": toolkit}
    return json.dumps({**cell, "test": test, "outcome": outcome, "seconds": 1.0, "reason": reason})


def test_a_cell_is_as_bad_as_the_worst_of_its_tests(matrix):
    lines = [line("a"), line("b", outcome="failed", reason="no"), line("c", outcome="known", reason="upstream")]
    assert matrix.read_results(lines) == [matrix.Cell("Meson", "uv", "13.5.0", "failed", "no")]


def test_a_second_run_of_a_test_counts(matrix):
    lines = [line("a", outcome="failed", reason="no"), line("a")]
    assert [cell.outcome for cell in matrix.read_results(lines)] == ["passed"]


def test_page(matrix):
    lines = [
        line("a", toolkit="13.5.0"),
        line("b", toolkit="13.0.3.0"),
        line("c", front_end="pip", outcome="known", reason="it cannot\n (https://example.org)"),
        line("d", system="torch", toolkit="13.0.3.0", outcome="failed", reason="boom"),
        line("e", system="JAX", front_end="venv", outcome="skipped", reason="jax is not there"),
        line("f", front_end="hatch"),
    ]
    page = matrix.render(matrix.read_results(lines), {"Meson": "meson 1.12.1"}, "2026-01-02", "All on one.")
    assert "2026-01-02" in page
    assert "| build system | uv 13.0.3 | uv 13.5.0 | pip 13.5.0 |" in page
    assert "| Meson | ✓ | ✓ | ✗ [1] |" in page
    assert "| torch | **✗** [2] | n/a | n/a |" in page
    assert "| JAX | ? [3] |" in page
    assert "| hatch | Meson | 13.5.0 | ✓ |" in page
    assert "1. it cannot (https://example.org)\n2. boom\n3. jax is not there\n" in page
    assert "- Meson: meson 1.12.1" in page


def test_nothing_red_is_said(matrix):
    page = matrix.render(matrix.read_results([line("a")]), {}, "2026-01-02", "")
    assert "causes\n\nNothing.\n" in page
