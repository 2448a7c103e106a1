"""
What is said of tools and of CUDA's majors has one place, ``catalog.py``.

What cannot read it, the shims and ``pyproject.toml``, says the same; ``test_shim.py`` asks ``shim.sh`` of each tool.
"""

from __future__ import annotations

import ast
import glob
import os
import re

from cuda_shims import catalog, shims

CHECKOUT = os.path.join(os.path.dirname(__file__), "..", "..")
SOURCE = os.path.join(CHECKOUT, "src", "cuda_shims")
#: the line that installs a tool where there is no toolkit
LINES = {tool.name: re.search("pip install .*", catalog.missing_tool_fix(tool.name)).group() for tool in catalog.TOOLS}


def read(*path):
    with open(os.path.join(CHECKOUT, *path), encoding="utf-8") as file:
        return file.read()


def test_shim_c_names_the_wheel_of_each_tool():
    text = read("src/launcher/shim.c")
    extras = dict(re.findall(r'\{L"([\w+-]+)", L"(\w*)"\}', text))
    major = re.search(r'L"\]==(\d+)\.\*', text).group(1)
    for tool, line in LINES.items():
        extra = extras.get(tool, tool)  # others are named as the tool
        assert line == (f'pip install "cuda-toolkit[{extra}]=={major}.*"' if extra else LINES["nvcc"]), tool
    assert set(extras) <= set(LINES)


def test_both_shims_name_the_newest_bundle():
    for text in (shims.template("shim.sh").decode(), read("src/launcher/shim.c")):
        assert set(re.findall(r"cuda-shims\[\w+\]", text)) == {catalog.BUNDLE}
        assert f"neither a CUDA major ({catalog.NEWEST})" in text


def test_pyproject_has_the_bundle_of_each_major():
    text = read("pyproject.toml")
    extras = dict(re.findall(r'^(cu\d+(?:-all)?) = \[ "cuda-toolkit(.*)" \]$', text, re.MULTILINE))
    assert set(extras) == {f"cu{major}{kind}" for major in catalog.COMPILED for kind in ("", "-all")}
    names = {each.extra for each in catalog.COMPONENTS if each.distribution in catalog.COMPILER_COMPONENTS}
    for major in catalog.COMPILED:
        parts, releases = re.fullmatch(rf"\[(.*)\](=={major}\.\*.*)", extras[f"cu{major}"]).groups()
        assert set(parts.split(",")) == names
        assert extras[f"cu{major}-all"] == f"[all]{releases}"


def test_no_other_module_names_the_bundle_or_the_newest_major():
    found = []
    for path in glob.glob(os.path.join(SOURCE, "*.py")):
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
                named = re.search(r"cuda-shims\[cu\d|==\d\d\.\*", text) or text == str(catalog.NEWEST)
                if named or (node.value == catalog.NEWEST and id(node) in numbers):
                    found.append(f"{os.path.basename(path)}:{node.lineno}: {node.value}")
    # of CUDA 12 there is no bundle
    assert [each for each in found if "==12.*" not in each] == []


def test_what_ships_is_what_nvcc_has():
    assert set(catalog.SHIPPED_SHIMS) == {tool for tool, line in LINES.items() if line == LINES["nvcc"]} - {"cicc"}
    known = {each.distribution for each in catalog.COMPONENTS}
    assert {tool.distribution for tool in catalog.TOOLS} <= known


def test_contributing_names_what_is_there():
    text = read("docs/CONTRIBUTING.md")
    paths = re.findall(r"`((?!docs/examples|\.venv)(?:[\w.-]+/)+[\w.-]+)`", text)
    assert len(paths) > 25
    folders = ("", "src/cuda_shims", "docs")
    assert [each for each in paths if not any(os.path.exists(os.path.join(CHECKOUT, at, each)) for at in folders)] == []
    (table,) = re.findall(r"^\| what NVIDIA ships .*?(?=\n\n)", text, re.MULTILINE | re.DOTALL)
    modules = [name for name in re.findall(r"`(\w+)`", table) if not os.path.isfile(os.path.join(SOURCE, f"{name}.py"))]
    assert modules == []
