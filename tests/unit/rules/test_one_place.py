"""
What is said of tools and of CUDA's majors has one place, ``catalog/tools.py``.

What cannot read it, the shims and ``pyproject.toml``, says the same.
"""

from __future__ import annotations

import ast
import glob
import os
import re

import pytest
from checkout import CHECKOUT
from script_support import load_script

from cuda_shims.catalog import tools
from cuda_shims.installation import shims

SOURCE = os.path.join(CHECKOUT, "src", "cuda_shims")
#: the line that installs a tool where there is no toolkit
LINES = {tool.name: re.search("pip install .*", tools.missing_tool_fix(tool.name)).group() for tool in tools.TOOLS}


def read(*path):
    with open(os.path.join(CHECKOUT, *path), encoding="utf-8") as file:
        return file.read()


def test_both_shims_say_what_the_catalog_says():
    """Of a tool that is not there; shim.sh is asked in test_shim_sh.py, shim.exe in test_forwarder.py."""
    writer = load_script("build/advice")
    advice = writer.Advice(CHECKOUT)
    renew = "run: python scripts/build/advice.py"
    assert writer.with_block(read(writer.SHIM), advice) == read(writer.SHIM), renew
    assert writer.header(advice) == read(writer.HEADER), renew


def test_a_shim_without_the_marks_of_the_advice_is_refused():
    writer = load_script("build/advice")
    with pytest.raises(SystemExit, match="lacks the lines"):
        writer.with_block(read(writer.SHIM).replace(writer.MARKS[1], ""), writer.Advice(CHECKOUT))


def test_shim_sh_names_the_newest_bundle():
    text = shims.template("shim.sh").decode()
    assert set(re.findall(r"cuda-shims\[\w+\]", text)) == {tools.BUNDLE}
    assert f"neither a CUDA major ({tools.NEWEST})" in text


def test_pyproject_has_the_bundle_of_each_major_and_of_its_minors():
    text = read("pyproject.toml")
    extras = dict(re.findall(r'^(cu\d+(?:-all)?) = \[ "cuda-toolkit(.*)" \]$', text, re.MULTILINE))
    names = {each.extra for each in tools.COMPONENTS if each.distribution in tools.COMPILER_COMPONENTS}
    for major in tools.COMPILED:
        assert extras.pop(f"cu{major}-all") == f"[all]=={major}.*"
        bundle, _, releases = extras.pop(f"cu{major}").partition("==")
        assert (set(bundle.strip("[]").split(",")), releases) == (names, f"{major}.*")
        minors = [name for name in extras if name.startswith(f"cu{major}")]
        assert minors == [f"cu{major}{minor}" for minor in range(len(minors))]
        assert [extras.pop(name) for name in minors] == [f"{bundle}=={major}.{n}.*" for n in range(len(minors))]
    assert extras == {}


def test_no_other_module_names_the_bundle_or_the_newest_major():
    found = []
    paths = glob.glob(os.path.join(SOURCE, "**", "*.py"), recursive=True)
    assert len(paths) > 40
    for path in paths:
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read())
        documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        # a number by itself, in "or 13", "else 13", "== 13"
        chosen = (ast.BoolOp, ast.IfExp, ast.Compare)
        numbers = {
            id(each) for node in ast.walk(tree) if isinstance(node, chosen) for each in ast.iter_child_nodes(node)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in documents:
                text = node.value if isinstance(node.value, str) else ""
                named = re.search(r"cuda-shims\[cu\d|==\d\d\.\*", text) or text == str(tools.NEWEST)
                if named or (node.value == tools.NEWEST and id(node) in numbers):
                    found.append(f"{os.path.basename(path)}:{node.lineno}: {node.value}")
    # of CUDA 12 there is no bundle
    assert [each for each in found if "==12.*" not in each] == []


def test_what_ships_is_what_nvcc_has():
    assert set(tools.SHIPPED_SHIMS) == {tool for tool, line in LINES.items() if line == LINES["nvcc"]} - {"cicc"}
    known = {each.distribution for each in tools.COMPONENTS}
    assert {tool.distribution for tool in tools.TOOLS} <= known


def test_contributing_names_what_is_there():
    text = read("docs/CONTRIBUTING.md")
    paths = re.findall(r"`((?!docs/examples|\.venv|\.tox)(?:[\w.-]+/)+[\w.-]+)`", text)
    assert len(paths) > 25
    folders = ("", "src/cuda_shims", "docs")
    assert [each for each in paths if not any(os.path.exists(os.path.join(CHECKOUT, at, each)) for at in folders)] == []
    rows = re.findall(r"^\| (`.*`) \| (.*) \|$", text.partition("## The house")[2].partition("## ")[0], re.MULTILINE)
    first = [re.findall(r"`(\w+)`", names) for names, _ in rows]
    assert rows
    missing = []
    for (package, *_), (_, held) in zip(first, rows):
        top = os.path.join(CHECKOUT, "src", package) if package == "_cuda_shims" else os.path.join(SOURCE, package)
        modules = {
            os.path.splitext(os.path.basename(path))[0] for path in glob.glob(os.path.join(top, "**"), recursive=True)
        }
        missing += [f"{package}: {name}" for name in re.findall(r"`(\w+)`", held) if name not in modules]
    assert missing == []
