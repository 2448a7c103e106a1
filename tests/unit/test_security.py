"""docs/SECURITY.md quotes what runs at every start of Python: the quotations are true, and the figures too."""

from __future__ import annotations

import ast
import os
import re

import pytest

from cuda_shims import config, shims, stages

DOCS = os.path.join(os.path.dirname(__file__), "..", "..", "docs")


def read(*path):
    with open(os.path.join(DOCS, *path), encoding="utf-8") as file:
        return file.read()


def test_the_start_up_files_are_quoted_whole_and_the_code_of_one_spread_out():
    tree = ast.parse(shims.template("cuda_shims.pth"))
    (code,) = (
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "exec"
    )
    quoted = re.findall(r"^```text\n(.*?)^```$", read("SECURITY.md"), re.MULTILINE | re.DOTALL)
    pth, start = (shims.template(f"cuda_shims.{kind}").decode() for kind in ("pth", "start"))
    assert quoted == [pth, code + "\n", start]


def test_the_figures():
    page = read("SECURITY.md")
    (lines,) = re.findall(r"shell script of some (\d+) lines", page)
    assert abs(int(lines) - shims.template("shim.sh").count(b"\n")) <= 10
    assert f"more than {config.MAX_BYTES // 1024 // 1024} MB" in page
    assert pytest.approx(1) == stages.LOCK_SECONDS, "wait for longer than a second"
    assert shims.template("shim.sh").split(b"\n")[2].startswith(b"# toolkit: ")
