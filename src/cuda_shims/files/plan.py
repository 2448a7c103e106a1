"""
Plans: the steps that make the disk hold the planned entries. Reads, and writes nothing.

This module decides ownership. A file is ours if our ledger lists it with its present content, or if the caller
recognises it by its content (a shim). Our folders are ours as a whole. Nothing else is ever replaced or removed.
Anybody who can write to the folder may have written the ledger, so the ledger decides only about that folder, unless
the caller knows better.
"""

from __future__ import annotations

import errno
import os

from cuda_shims.files.action import CONFLICT, CREATE, KEEP, REMOVE, REPLACE, Action
from cuda_shims.files.digest import sha256
from cuda_shims.files.read import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cuda_shims.files.entry import Entry


def entry_digest(entry: Entry) -> str:
    """Compute what our ledger says about an entry."""
    return f"link:{entry.link}" if entry.link is not None else f"sha256:{sha256(entry.data).hexdigest()}"


def disk_digest(path: str) -> str | None:
    """Compute the same for the path on disk."""
    try:
        if os.path.islink(path):
            return f"link:{os.readlink(path)}"
        return f"sha256:{sha256(read_bytes(path)).hexdigest()}"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        return "dir:"
    except OSError as error:
        if error.errno in {errno.ENAMETOOLONG, errno.ELOOP}:
            return None
        if error.errno in {errno.EINVAL, errno.EFBIG, errno.ENXIO}:  # ENXIO: a socket
            return "special:"
        raise


def make_plan(
    folder: str,
    entries: Iterable[Entry],
    recorded: Mapping[str, str],
    *,
    ours: Callable[[str], bool] = lambda _: False,
    force: bool = False,
) -> list[Action]:
    """
    Compare the planned entries with the disk.

    :param folder: the folder that the entries' paths are relative to
    :param entries: the planned entries
    :param recorded: path to digest, of what we wrote there earlier
    :param ours: says whether the file at an absolute path is ours although the ledger does not know it
    :param force: treat other people's files as ours
    :returns: the steps, removals last: a reader never sees less than before
    :raises OSError: when a file on disk cannot be read

    """
    actions = []
    wanted = set()
    for entry in entries:
        wanted.add(entry.path)
        path = os.path.join(folder, entry.path)
        digest = entry_digest(entry)
        there = disk_digest(path)
        if there == digest and (entry.link is not None or _mode_is_right(path, entry.mode)):
            kind = KEEP
        elif there is None:
            kind = CREATE
        elif there not in {"dir:", "special:"} and (force or recorded.get(entry.path) == there or ours(path)):
            kind = REPLACE
        else:
            kind = CONFLICT
        actions.append(Action(kind, entry.path, entry, digest))
    return [*actions, *removals(folder, {path: each for path, each in recorded.items() if path not in wanted})]


def removals(folder: str, recorded: Mapping[str, str]) -> list[Action]:
    """
    Plan to remove what we wrote.

    :param folder: the folder that the paths are relative to
    :param recorded: path to digest, of what we wrote; the caller has left out what cannot be ours
    :returns: a removal for each file that is unchanged, a conflict for each that somebody changed, and nothing for
        one that is gone
    :raises OSError: when a file cannot be read

    """
    actions = []
    for path, digest in recorded.items():
        there = disk_digest(os.path.join(folder, path))
        if there is not None:
            actions.append(Action(REMOVE if there == digest else CONFLICT, path, None, ""))
    return actions


def _mode_is_right(path: str, mode: int) -> bool:
    # only the permission that a tool must have to be started
    return os.name == "nt" or not mode & 0o100 or bool(os.stat(path).st_mode & 0o100)
