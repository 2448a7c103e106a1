"""``cuda-shims list``: the tools of a toolkit against what PATH gives."""

from __future__ import annotations

import argparse
import os
from typing import Any

from cuda_shims.catalog.tools import TOOLS, missing_tool_fix
from cuda_shims.cli.output import Output
from cuda_shims.cli.place import find_scope
from cuda_shims.environment.path import on_path, runs_ours
from cuda_shims.environment.toolkit import Toolkit
from cuda_shims.selection import no_toolkit, selected


def run(options: argparse.Namespace, output: Output) -> int:
    """Print a row for each tool."""
    scope = find_scope(options)
    found = selected(scope).toolkits
    if not found:
        raise no_toolkit(scope.environment)
    toolkit, *others = found
    rows = tool_rows(toolkit, os.environ.get("PATH", ""))
    lines = [f"CUDA {toolkit.version} in {toolkit.home}"]
    width = max(len(row["tool"]) for row in rows)
    held = {row["tool"]: f"{row['distribution']} {row['version']}" for row in rows if row["path"]}
    wide = max(map(len, held.values()), default=0)
    for row in rows:
        if row["path"]:
            lines.append(f"  {row['tool']:{width}}  {held[row['tool']]:{wide}}  {row['path']}")
        else:
            never, _, _ = row["fix"].partition("; ")  # said of most tools of CUDA 12
            lines.append(
                f"  {row['tool']:{width}}  -  {never if toolkit.is_split and 'before' in never else row['fix']}"
            )
        if row["on_path"] and not row["on_path_is_ours"]:
            lines.append(f"  {'':{width}}  PATH gives another one: {row['on_path']}")
        elif row["shadows"]:
            lines.append(f"  {'':{width}}  before {', '.join(row['shadows'])}")
    lines += [f"CUDA {each.version} is in {each.home}: cuda-shims list --cuda {each.major}" for each in others]
    described = [_describe(each) for each in found]
    output.answer({"toolkit": described[0], "others": described[1:], "tools": rows}, *lines)
    return 0


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
