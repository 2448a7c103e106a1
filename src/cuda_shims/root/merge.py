"""Several folders of wheels as one: links to what only one has, merged folders for what several have."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def merged(folders: Sequence[str], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Merge folders: a link for what only one has; a folder that several have is merged in turn."""
    found: dict[str, list[str]] = {}
    for folder in folders:
        for name in names(folder):
            found.setdefault(name, []).append(os.path.join(folder, name))
    for name, paths in found.items():
        inner = [path for path in paths if os.path.isdir(path)]
        if len(inner) > 1 and inner[0] == paths[0]:
            yield from merged(inner, f"{prefix}{name}/")
        else:
            yield prefix + name, paths[0]


def names(*folder: str) -> list[str]:
    """List a folder of a wheel, in order, without the files that make it a Python package."""
    try:
        found = sorted(os.listdir(os.path.join(*folder)))
    except OSError:
        return []
    return [name for name in found if name not in {"__init__.py", "__pycache__"}]
