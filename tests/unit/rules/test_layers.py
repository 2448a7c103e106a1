"""The modules of ``src``: short, described, in no circle; which may import which, import-linter says."""

from __future__ import annotations

import ast
import os
import re

import pytest
from checkout import CHECKOUT

SOURCE = CHECKOUT / "src"
LINES = 350
#: name -> path
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("_cuda_shims", "cuda_shims")
    for path in sorted((SOURCE / package).rglob("*.py"))
    if path.parent.name != "templates"
}


def read(name):
    return MODULES[name].read_text(encoding="utf-8")


def imports_of(text):
    """Return the modules of ours that one imports, wherever in it: a circle that only a function closes is one too."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            wholes = [f"{node.module}.{each.name}" for each in node.names]
            found |= {whole if whole in MODULES else node.module for whole in wholes}
    return found & set(MODULES)


def circle(edges):
    """Return the names along a circle, the first one again at the end; empty where there is none."""
    done = set()

    def visit(name, path):
        if name in path:
            return [*path[path.index(name) :], name]
        if name not in done:
            for each in sorted(edges.get(name, ())):
                found = visit(each, [*path, name])
                if found:
                    return found
            done.add(name)
        return []

    return next(filter(None, (visit(name, []) for name in sorted(edges))), [])


def test_all_are_looked_at():
    assert len(MODULES) > 50
    assert {"_cuda_shims", "cuda_shims.cli", "cuda_shims.catalog.tools"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_short(name):
    lines = read(name).count("\n")
    assert lines <= LINES


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is(name):
    assert ast.get_docstring(ast.parse(read(name)))


def test_no_module_imports_itself_by_others():
    assert circle({name: imports_of(read(name)) for name in MODULES}) == []


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []
    text = (
        "import _cuda_shims.places\ndef f():\n    from cuda_shims.catalog import tools\n    from cuda_shims import main"
    )
    assert imports_of(text) == {"_cuda_shims.places", "cuda_shims.catalog.tools", "cuda_shims"}


def test_contributing_shows_the_order_of_the_contract():
    project, page = (
        (CHECKOUT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "docs/CONTRIBUTING.md")
    )
    (contract,) = re.findall(r"(?ms)^layers = \[\n(.*?)\n\]", project)
    layers = [set(re.findall(r"(?:cuda_shims\.)?(\w+)", line)) for line in contract.split("\n")]
    table = page.partition("\n## The house\n")[2].partition("\n## ")[0]
    rows = [set(re.findall(r"`(\w+)`", names)) for names in re.findall(r"(?m)^\| (`.*?) \| ", table)]
    assert rows == [layer - {"version"} for layer in layers[::-1] if layer != {"__main__"}]
    others = {"__init__.py", "__pycache__", "py.typed"}
    there = {name.removesuffix(".py") for name in os.listdir(SOURCE / "cuda_shims") if name not in others}
    assert set.union(*layers) == {"_cuda_shims", *there}
