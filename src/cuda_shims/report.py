"""What ``list`` and ``which`` answer: the tools of a toolkit against what PATH gives."""

from __future__ import annotations

import os

from . import envvars, search, shims
from .catalog import TOOLS, missing_tool_fix
from .errors import ConfigError, ToolkitNotFoundError, ToolNotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from .toolkits import Toolkit


_HOPS = 20  # as many links as a shim follows


def on_path(tool: str, path: str) -> Iterator[str]:
    """
    Find every executable of a name on a search path.

    :param tool: its file name without extension
    :param path: the value of PATH; relative entries are skipped
    :returns: absolute paths, in order, a file that is reached twice once

    """
    seen = set()
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder, tool + shims.SUFFIX)
        if os.path.isabs(folder) and os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            real = os.path.realpath(candidate)
            if real not in seen:
                seen.add(real)
                yield candidate


def runs_ours(path: str, toolkit: Toolkit) -> bool:
    """
    Tell whether an executable ends in a toolkit.

    :param path: the executable
    :param toolkit: the toolkit
    :returns: whether it is one of its tools, one of its root's, or a shim that finds them

    """
    for _ in range(_HOPS):
        prefix = os.path.dirname(os.path.dirname(path))
        if prefix in {*toolkit.folders, toolkit.root}:
            return True
        # a shim finds its toolkit by its own place, and by that of each link that leads to it
        if shims.is_shim(path) and toolkit.site_dir.startswith(prefix + os.sep):
            return True
        if not os.path.islink(path):
            return False
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return False


def tool_rows(toolkit: Toolkit, path: str) -> list[dict[str, Any]]:
    """
    Describe every tool of the catalog.

    :param toolkit: the toolkit
    :param path: the value of PATH
    :returns: a row for each: ``tool``, ``path`` (``None`` when it is not installed), ``distribution``, ``version``,
        ``fix``, ``on_path`` (what PATH gives), ``on_path_is_ours``, ``shadows`` (what that hides)

    """
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


def which(tool: str, toolkit: Callable[[], Toolkit], environ: Mapping[str, str]) -> tuple[str, Toolkit | None]:
    """
    Find what a shim would run; the search order is the shim's.

    :param tool: the tool's name
    :param toolkit: gives the toolkit
    :param environ: the environment: PATH and ``CUDA_SHIMS_TOOLKIT`` count
    :returns: (absolute path, the toolkit it belongs to, if it is a pip-installed one)
    :raises ToolNotFoundError: when there is none
    :raises ConfigError: when ``CUDA_SHIMS_TOOLKIT`` names a folder without it

    """
    choice = environ.get(envvars.TOOLKIT, "")
    home = choice if os.path.isabs(choice) else "" if choice else environ.get(envvars.FORWARD, "")
    if home:
        for folder in ("bin", os.path.join("nvvm", "bin")):
            path = os.path.join(home, folder, tool + shims.SUFFIX)
            if os.path.isfile(path) and os.access(path, os.X_OK) and not shims.is_shim(path):
                return path, None
        if choice:
            raise ConfigError(
                "environment", envvars.TOOLKIT, f"{home} holds no {tool}; unset it or name a toolkit root"
            )
    try:
        found: Toolkit | None = toolkit()
    except ToolkitNotFoundError:
        if choice:
            raise
        found = None
    own = _path_of(tool, found) if found else None
    if own:
        return own, found
    for path in on_path(tool, "" if choice else environ.get("PATH", "")):
        if not shims.is_shim(path):
            return path, None
    raise ToolNotFoundError(tool, _how_to_get(tool, found))


def _how_to_get(tool: str, toolkit: Toolkit | None) -> str:
    if toolkit and tool in toolkit.tools:
        return f"{toolkit.tools[tool]} is not executable, as its wheel has it; a toolkit root runs it: cuda-shims root"
    return missing_tool_fix(tool, toolkit.major if toolkit else None)


def _path_of(tool: str, toolkit: Toolkit) -> str | None:
    # in the root where there is one; without, a file that no wheel marks as executable is not run
    path = toolkit.tools.get(tool)
    if path is None:
        return None
    root = search.fresh_root(toolkit.site_dir, toolkit.major)
    if root is None:
        return path if not toolkit.parts or os.access(path, os.X_OK) else None
    home = next(folder for folder in toolkit.folders if path.startswith(folder + os.sep))
    return root + path[len(home) :]


__all__ = ["on_path", "runs_ours", "tool_rows", "which"]
