"""The page of other people's projects: what becomes of the table and of the builds' results."""

from __future__ import annotations

import json
import os

import pytest
from script_support import load_script

TABLE = """\
[common]
shims = "cuda-shims[cu13]"
torch = ["cuda-shims[cu130]", "torch==2.14.1"]
torch-environ = { FORCE_CUDA = "1", MAX_JOBS = "2" }
limit = 600

[one]
version = "1.0"
sha256 = "a"

[two]
version = "2.0"
sha256 = "b"
torch = true
requires = ["numpy"]
settings = { "cmake.define.X" = "ON" }
"""


@pytest.fixture(scope="module")
def projects():
    return load_script("pages/projects")


@pytest.fixture
def page(projects, tmp_path):
    """Return a function that renders the page of the table and some cells."""

    def page(*changes, table=TABLE):
        cells = {
            (project, version, way): {
                "project": project,
                "version": version,
                "way": way,
                "date": "2026-01-02",
                "outcome": "built",
                "seconds": 1,
                "kernels": 1,
                "of": 3,
                "objects": 0,
                "links": 1,
            }
            for project, version in (("one", "1.0"), ("two", "2.0"))
            for way in projects.WAYS
        }
        for key, change in changes:
            cells[key] |= change
        (tmp_path / "table.toml").write_text(table)
        (tmp_path / "results.jsonl").write_text("".join(json.dumps(cell) + "\n" for cell in cells.values()))
        rows, torch = projects.read_rows(str(tmp_path / "table.toml"))
        return projects.render(rows, projects.read_cells(str(tmp_path / "results.jsonl")), torch)

    return page


FAILED = {"outcome": "failed", "doctor": "architecture-refused"}


def test_what_is_needed_and_what_came_of_it(page):
    text, problems = page()
    assert problems == []
    assert "| one 1.0 | nothing | 1 of 3 `.cu`, linked | ✓ | ✓ | ✓ |" in text
    needs = "`torch`, `numpy`, `FORCE_CUDA=1`, `cmake.define.X=ON`"
    assert f"| two 2.0 | {needs} | 1 of 3 `.cu`, linked | ✓ | ✓ | ✓ |" in text
    assert "from results of 2026-01-02;" in text
    assert "from results of 2026-01-02 to 2026-01-03;" in page((("one", "1.0", "uv"), {"date": "2026-01-03"}))[0]
    assert "torch 2.14.1" in text
    assert "## Failures" not in text


def test_a_row_may_name_its_torch(page):
    text, problems = page(table=TABLE.replace("torch = true", 'torch = "2.11.0"'))
    assert problems == []
    assert "| two 2.0 | `torch==2.11.0`, `numpy`, `FORCE_CUDA=1`, `cmake.define.X=ON` |" in text
    assert "compiled against torch 2.14.1, or" in text


def test_what_was_compiled_whole(page):
    whole = {"kernels": 3, "objects": 2, "links": 2}
    assert "| 3 `.cu`, 2 C, C++, linked |" in page((("one", "1.0", "classic"), whole))[0]
    no_kernel = {"kernels": 0, "of": 0, "objects": 5, "links": 0}
    assert "| 5 C, C++, not linked |" in page((("one", "1.0", "classic"), no_kernel))[0]


def test_a_red_cell_wants_a_cause(page):
    changes = [(("one", "1.0", way), FAILED) for way in ("uv", "pip", "classic")]
    text, problems = page(*changes)
    assert [problem.partition(":")[0] for problem in problems] == ["one, uv", "one, pip", "one, classic"]
    assert "architecture-refused" in problems[0]
    cause = 'sha256 = "a"\ncauses = { uv = "It is old.", pip = "It is old.", classic = "So it is here." }'
    text, problems = page(*changes, table=TABLE.replace('sha256 = "a"', cause))
    assert problems == []
    assert "| one 1.0 | nothing |  | ✗ [1] | ✗ [1] | ✗ [2] |" in text
    assert "\n1. It is old.\n2. So it is here.\n" in text


def test_one_cause_of_all_ways(page):
    changes = [(("one", "1.0", way), FAILED) for way in ("uv", "pip", "classic")]
    text, problems = page(*changes, table=TABLE.replace('sha256 = "a"', 'sha256 = "a"\ncauses = "It wants a GPU."'))
    assert problems == []
    assert "| one 1.0 | nothing |  | ✗ [1] | ✗ [1] | ✗ [1] |" in text


def test_a_cause_of_what_is_green_is_stale(page):
    text, problems = page(table=TABLE.replace('sha256 = "a"', 'sha256 = "a"\ncauses = { uv = "It is old." }'))
    assert problems == ["one, uv: a cause, and it is built: It is old."]
    assert "## Failures" not in text


def test_what_classic_builds_has_to_be_built_with_the_wheels(page):
    cause = TABLE.replace('sha256 = "a"', 'sha256 = "a"\ncauses = { uv = "It is old." }')
    assert page((("one", "1.0", "uv"), FAILED), table=cause)[1] == [
        "one: built with a classic toolkit, and not with the wheels"
    ]


def test_a_cell_that_is_missing(page):
    text, problems = page((("one", "1.0", "pip"), {"way": "another"}))
    assert problems == ["one 1.0, pip: never built"]
    assert "| one 1.0 | nothing | 1 of 3 `.cu`, linked | ✓ | ? | ✓ |" in text


def test_a_release_that_was_not_built_yet(page):
    text, problems = page(table=TABLE.replace('"1.0"', '"1.1"'))
    assert problems == []
    assert "| one 1" not in text
    assert "| two 2.0 |" in text


def test_the_page_is_what_the_results_say(projects):
    rows, torch = projects.read_rows(os.path.join(projects.FOLDER, "projects.toml"))
    text, problems = projects.render(rows, projects.read_cells(os.path.join(projects.FOLDER, "results.jsonl")), torch)
    assert problems == []
    with open(projects.PAGE, encoding="utf-8") as file:
        assert file.read() == text
