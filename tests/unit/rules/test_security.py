"""docs/SECURITY.md quotes what runs at every start of Python: the quotations are true, and the figures too."""

from __future__ import annotations

import ast
import os
import re

import pytest
from checkout import CHECKOUT

from cuda_shims import config
from cuda_shims.files import lock
from cuda_shims.installation import shims

DOCS = os.path.join(CHECKOUT, "docs")


def read(*path):
    with open(os.path.join(DOCS, *path), encoding="utf-8") as file:
        return file.read()


def test_the_start_up_file_is_quoted_whole_and_its_code_spread_out():
    tree = ast.parse(shims.template("cuda_shims.pth"))
    (code,) = (
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "exec"
    )
    quoted = re.findall(r"^```text\n(.*?)^```$", read("SECURITY.md"), re.MULTILINE | re.DOTALL)
    assert quoted == [shims.template("cuda_shims.pth").decode(), code + "\n"]


def test_the_figures():
    page = read("SECURITY.md")
    (lines,) = re.findall(r"shell script of about (\d+) lines", page)
    assert abs(int(lines) - shims.template("shim.sh").count(b"\n")) <= 10
    assert f"more than {config.MAX_BYTES // 1024 // 1024} MB" in page
    assert pytest.approx(1) == lock.LOCK_SECONDS, "wait for longer than a second"
    assert shims.template("shim.sh").split(b"\n")[2].startswith(b"# toolkit: ")
