"""``cuda-shims list``: the tools of a toolkit against what PATH gives."""

from __future__ import annotations

import argparse
import os
import textwrap
from typing import Any

from cuda_shims.catalog.tools import TOOLS, missing_tool_fix, tool_requirement
from cuda_shims.cli.output import Output
from cuda_shims.cli.place import find_scope
from cuda_shims.environment.installer import for_environment
from cuda_shims.environment.path import on_path, runs_ours
from cuda_shims.environment.toolkit import Toolkit
from cuda_shims.selection import no_toolkit, selected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: the width of a line that lists names: that of the table, so that it fits a narrow terminal
_WIDTH = 60


def run(options: argparse.Namespace, output: Output) -> int:
    """Print a row for each tool."""
    scope = find_scope(options)
    found = selected(scope).toolkits
    if not found:
        raise no_toolkit(scope.environment)
    toolkit, *others = found
    rows = tool_rows(toolkit, os.environ.get("PATH", ""))

    def spell(fix: str) -> str:
        return for_environment(fix, scope.environment, scope.environ, here=not scope.elsewhere)

    for row in rows:
        if row["fix"]:
            row["fix"] = spell(row["fix"])
    lines = [f"CUDA {toolkit.version} in {toolkit.home}", *_table(rows, toolkit.major)]
    missing = [tool_requirement(row["tool"], toolkit.major) for row in rows if not row["path"]]
    if any(missing):
        fix = f'pip install "{next(filter(None, missing))}"'
        lines += ["to install a missing one:", f"  {spell(fix)}"]
    lines += _of_others(rows)
    for each in others:
        lines.append(f"CUDA {each.version} is in {each.home}: {spell(f'cuda-shims list --cuda {each.major}')}")
    described = [_describe(each) for each in found]
    output.answer({"toolkit": described[0], "others": described[1:], "tools": rows}, *lines)
    return 0


def _table(rows: list[dict[str, Any]], major: int) -> Iterator[str]:
    cells = []
    for tool, row in zip(TOOLS, rows):
        if row["path"]:
            cells.append((tool.name, row["version"] or "", row["distribution"]))
        else:
            need = tool_requirement(tool.name, major)
            cells.append((tool.name, "-", need or f"none on PyPI before CUDA {tool.since}"))
    wide, width = (max(len(row[at]) for row in cells) for at in (0, 1))
    for name, version, what in cells:
        yield f"  {name:{wide}}  {version:{width}}  {what}"


def _of_others(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Name the tools of other toolkits on PATH, by folder: of each toolkit there are a dozen."""
    first: dict[str, list[str]] = {}
    behind: dict[str, list[str]] = {}
    for row in rows:
        if row["on_path"] and not row["on_path_is_ours"]:
            first.setdefault(os.path.dirname(row["on_path"]), []).append(row["tool"])
        else:
            for path in row["shadows"]:
                behind.setdefault(os.path.dirname(path), []).append(row["tool"])
    for text, folders in (("PATH gives others, from", first), ("PATH has others behind these, in", behind)):
        for folder, tools in folders.items():
            yield f"{text} {folder}:"
            yield from textwrap.wrap(", ".join(tools), _WIDTH, initial_indent="  ", subsequent_indent="  ")


def _describe(toolkit: Toolkit) -> dict[str, Any]:
    names = ("major", "version", "path", "site_dir", "components", "tools", "found_via", "folders", "root")
    return {name: getattr(toolkit, name) for name in names}


def tool_rows(toolkit: Toolkit, path: str) -> list[dict[str, Any]]:
    """Describe every tool of the catalog."""
    rows = []
    for tool in TOOLS:
        real = toolkit.tools.get(tool.name)
        distribution = toolkit.distribution(tool.distribution)
        found = list(on_path(tool.name, path))
        first = found[0] if found else None
        rows.append(
            {
                "tool": tool.name,
                "path": real,
                "distribution": distribution,
                "version": toolkit.components.get(distribution),
                "fix": None if real else missing_tool_fix(tool.name, toolkit.major),
                "on_path": first,
                "on_path_is_ours": bool(first and runs_ours(first, toolkit)),
                "shadows": [each for each in found[1:] if not runs_ours(each, toolkit)],
            }
        )
    return rows
