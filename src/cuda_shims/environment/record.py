"""
The RECORD of our own distribution: what an installer removes when it uninstalls us. Pure: text in, text out.

One line for the folder ``cuda_shims_toolkit`` stands for everything in it, rather than one for each link: pip skips a
line whose path does not *exist*, and a link to a file of an uninstalled wheel does not. pip moves a directory away
whole, and uv removes it whole (both measured).
"""

from __future__ import annotations

import os
from binascii import b2a_base64

from cuda_shims.files.digest import sha256
from cuda_shims.files.read import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def record_hash(data: bytes) -> str:
    """Compute a file's hash as RECORD spells it: ``sha256=`` and URL-safe base64 without padding."""
    text = b2a_base64(sha256(data).digest(), newline=False).decode().rstrip("=")
    return "sha256=" + text.replace("+", "-").replace("/", "_")


def record_lines(text: str) -> dict[str, tuple[str, str]]:
    """Read the text of a RECORD: path to (hash, size), each as spelt there; a quoted path (with comma) is unquoted."""
    rows = {}
    for line in _lines(text):
        parts = line.rsplit(",", 2)
        if len(parts) == 3:  # noqa: PLR2004
            path = parts[0]
            if path.startswith('"') and path.endswith('"'):
                path = path[1:-1].replace('""', '"')
            rows[path] = (parts[1], parts[2])
    return rows


def _lines(text: str) -> list[str]:
    # not splitlines(), which treats a vertical tab or U+2028 within a name as an end of line too
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]


def amended(text: str, add: Mapping[str, bytes | None], drop: Collection[str] = (), first: Collection[str] = ()) -> str:
    """
    Add lines to a RECORD, or renew them; every other line stays as it is.

    :param text: the RECORD's content
    :param add: path to the file's content (``None``: no hash, for a folder)
    :param drop: paths whose lines go
    :param first: paths whose lines come first, in their order: uv removes what RECORD names from top to bottom, and
        stops at what it cannot remove
    :returns: the new content

    """
    lines = {}
    for path, data in add.items():
        spelt = '"{}"'.format(path.replace('"', '""')) if "," in path or '"' in path else path
        lines[path] = f"{spelt},," if data is None else f"{spelt},{record_hash(data)},{len(data)}"
    end = "\r\n" if "\r\n" in text else "\n"
    kept = []
    for line in _lines(text):
        path = next(iter(record_lines(line)), "")
        if path in lines:
            kept.append(lines.pop(path))
        elif path not in drop:
            kept.append(line)
    kept += lines.values()
    ranks = {path: rank for rank, path in enumerate(first)}
    kept.sort(key=lambda line: ranks.get(next(iter(record_lines(line)), ""), len(ranks)))
    return end.join([*kept, ""])


def read_record(dist_info: str) -> str | None:
    """
    Read the RECORD of an installed distribution.

    :param dist_info: its ``.dist-info`` directory
    :returns: the content; ``None`` when it cannot be read or does not exist (an operating system's package)

    """
    try:
        return read_bytes(os.path.join(dist_info, "RECORD")).decode("utf-8", "surrogateescape")
    except OSError:
        return None
