"""The ledger: our own list of what we wrote to a folder, with digests. An installer's list is its RECORD."""

from __future__ import annotations

import os

from cuda_shims.files.read import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: its name, in each folder that we write to
LEDGER = "ledger"
_KINDS = {"link", "sha256"}


def read_ledger(folder: str, may_be_ours: Callable[[str], bool] | None = None) -> dict[str, str]:
    """
    Read what we wrote to a folder.

    :param folder: the folder; without a ledger we wrote nothing there
    :param may_be_ours: says whether we may have written a path, spelled as in the ledger; the default is whether it
        is in the folder
    :returns: path to digest; unreadable lines are left out, and with them the right to touch the files that they
        named

    """
    try:
        text = read_bytes(os.path.join(folder, LEDGER)).decode("utf-8", "surrogateescape")
    except OSError:
        return {}
    real = os.path.realpath(folder)
    may_be_ours = may_be_ours or (lambda path: is_inside(os.path.join(folder, path), real))
    rows = (line.split("\t") for line in text.split("\n") if "\0" not in line)
    found = {row[0]: row[1] for row in rows if len(row) == 2 and row[1].partition(":")[0] in _KINDS}  # noqa: PLR2004
    return {path: digest for path, digest in found.items() if may_be_ours(path)}


def ledger_text(digests: Mapping[str, str]) -> bytes:
    """Spell a ledger: a line for each path, a tab before its digest."""
    lines = [f"{path}\t{digest}\n" for path, digest in sorted(digests.items())]
    return "".join(lines).encode("utf-8", "surrogateescape")


def is_inside(path: str, folder: str) -> bool:
    """Tell whether a path, which may itself be a link, is below a resolved folder, whatever links are on the way."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), "").startswith(os.path.join(folder, ""))
