"""How a word is quoted in a line that somebody will paste into a shell."""

from __future__ import annotations

import os
import shlex

_WINDOWS = os.name == "nt"


def quote_requirement(text: str) -> str:
    """Quote a requirement for a shell: a checkout's pyproject.toml may hold anything."""
    if text.isascii() and all(each.isalnum() or each in "_-.,=+/:@" for each in text):
        return text
    special = set('"$`') & set(text) or "!" in text.replace("!=", "")
    return shlex.quote(text) if special and not _WINDOWS else f'"{text}"'


def quote_path(path: str) -> str:
    """Quote a path for the shells of this system."""
    if _WINDOWS:
        return f'"{path}"' if any(not (each.isalnum() or each in "\\/:._-+") for each in path) else path
    return shlex.quote(path)
