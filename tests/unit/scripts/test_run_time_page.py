"""The table of the packages that compile when they run: what becomes of the probes' results."""

from __future__ import annotations

import json

import pytest
from script_support import load_script

TITLES = {"cupy_nvcc": "CuPy", "keops_sum": "KeOps"}


@pytest.fixture(scope="module")
def run_time():
    return load_script("pages/run_time")


def line(probe="cupy_nvcc", how="shims", gpu=None, **more):
    row = {"probe": probe, "how": how, "gpu": gpu, "title": TITLES[probe], "version": "1.0", "nvcc": "13.5", **more}
    return json.dumps({key: value for key, value in row.items() if value is not None or key == "gpu"})


def test_what_a_cell_shows(run_time):
    found = run_time.read(
        [
            line(),
            line(how="empty", problem="Traceback\n  File x\nFileNotFoundError: [Errno 2] in /tmp/a/b/ninja\n"),
            line(gpu="H1", version="2.0", nvcc="13.0", error=3.1e-7, right=True),
            line("keops_sum", problem="Library 'nvrtc' not found\n"),
            line(how="bare", problem="/usr/bin/ld: cannot find -lcuda: No such file\nError: it failed\n}\n"),
            line("keops_sum", "told", variables=["LD_LIBRARY_PATH"]),
            line("keops_sum", "shims", "H1", problem="", code=-11),
        ]
    )
    text = run_time.render(found, "2026-01-02")
    assert text.startswith("*Measured on 2026-01-02 with nvcc 13.5; GPU: H1, nvcc 13.0, 13.5.*")
    assert "| CuPy | 1.0, 2.0 | ✓ | ✗ [1] | ✗ [2] |  | right, 3e-07 |" in text
    assert "| KeOps | 1.0 | ✓ with `LD_LIBRARY_PATH` [3] |  |  |  | ✗ [4] |" in text
    assert "1. `FileNotFoundError: [Errno 2] in …/ninja`" in text
    assert "2. `cannot find -lcuda: No such file`" in text
    assert "4. `ended by signal 11`" in text


def test_a_right_answer_is_not_taken_back_by_another_way_to_run(run_time):
    rows = [line(gpu="H1", error=0.0, right=True), line(how="empty", gpu="H1", problem="no ninja")]
    assert run_time.read(rows)["cupy_nvcc"]["gpu"]["right"]
    assert run_time.read(rows[::-1])["cupy_nvcc"]["gpu"]["right"]


def test_wrong_answers_are_no_success(run_time):
    text = run_time.render(run_time.read([line(gpu="H1", error=0.5, right=False)]), "2026-01-02")
    assert "✗ [1]" in text
    assert "1. `wrong answers`" in text


@pytest.mark.parametrize(("classic", "told", "code"), [(True, False, 1), (True, True, 0), (False, False, 0)])
def test_what_a_classic_toolkit_does_we_do(run_time, tmp_path, monkeypatch, classic, told, code):
    page, results = tmp_path / "page.md", tmp_path / "results.jsonl"
    page.write_text(f"before\n{run_time.BEGIN}\nold\n{run_time.END}\nafter\n")
    rows = [line(problem="no"), line(how="classic", problem=None if classic else "no")]
    rows += [line(how="told", variables=["X"])] if told else []
    results.write_text("\n".join(rows))
    monkeypatch.setattr(run_time, "PAGE", str(page))
    assert run_time.main([str(results), "--date", "2026-01-02"]) == code
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "CuPy" in text
