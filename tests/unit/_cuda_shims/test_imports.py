"""What a start of Python imports because of us is what docs/SECURITY.md says."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from checkout import CHECKOUT
from fake_toolkit import write

START = "import site, sys; sys.path.append({site!r}); site.addsitedir({site!r}); print(*sorted(sys.modules))"
#: a row of the page's table -> whether there is a root already, and what the user has set
STARTS = {
    "the root is fresh": (True, {}),
    "CUDA_HOME names another toolkit": (True, {"CUDA_HOME": "{other}"}),
    "the root is missing, and made": (False, {}),
}


def read_page():
    """Return ``row -> (modules of ours, modules of the standard library)``."""
    page = (CHECKOUT / "docs/SECURITY.md").read_text(encoding="utf-8")
    section = page.partition("\n## What is imported at a start\n")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| ([^`|]+?) \| (`[^|]*) \| ([^|]*) \|$", section)
    return {row: [set(re.findall(r"`([\w.]+)`", cell)) for cell in cells] for row, *cells in rows}


@pytest.fixture
def start(prefix, tmp_path):
    """Start Python where the wheel lies and a toolkit, and return what is imported by then."""
    prefix.toolkit()
    prefix.ours()
    for package in ("_cuda_shims", "cuda_shims"):
        os.symlink(CHECKOUT / "src" / package, os.path.join(prefix.site, package))
    environ = {"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}

    def start(**variables):
        command = [sys.executable, "-S", "-c", START.format(site=prefix.site)]
        done = subprocess.run(
            command, env={**environ, **variables}, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return set(done.stdout.split())

    return start


@pytest.mark.parametrize("row", STARTS)
def test_a_start_imports_what_the_page_says(start, prefix, tmp_path, row):
    rooted, variables = STARTS[row]
    other = str(tmp_path / "other")
    write(f"{other}/bin/nvcc", b"#!/bin/sh\n", 0o755)
    write(f"{other}/include/cuda.h", b"#define CUDA_VERSION 13040\n")
    if rooted:
        start()
    variables = {name: value.format(other=other) for name, value in variables.items()}
    more = start(**variables) - start(**variables, CUDA_SHIMS_STARTUP="0")
    assert os.path.exists(os.path.join(prefix.site, "cuda_shims_toolkit"))
    ours = {name for name in more if name.partition(".")[0] in {"_cuda_shims", "cuda_shims"}}
    # how the standard library is divided further down differs from one Python to another
    public = {name.partition(".")[0] for name in more - ours if not name.startswith("_")}
    said_ours, said_public = read_page()[row]
    assert ours == said_ours
    assert public <= {*said_public, "__future__"}


def test_each_row_of_the_page_is_tried():
    assert set(read_page()) == set(STARTS)
