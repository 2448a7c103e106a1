"""
What has to happen so that the disk holds what is wanted: entries against what is there. Reads, and writes nothing.

Ownership is decided here. A file is ours when our record lists it with the content that it has, or when the caller can
tell it by its content (a shim); a folder of ours is ours altogether. Nothing else is ever replaced or removed. A record
is a file that anybody may have written who can write to its folder: it speaks of what is in that folder, and of nothing
else unless the caller knows better.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from typing import NamedTuple

from .reading import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .roots import Entry

#: the name of our record, in each folder that we write to
RECORD = "record"
#: what an action does; ``conflict`` does nothing, because the file there is somebody else's
CREATE, REPLACE, KEEP, REMOVE, CONFLICT = "create", "replace", "keep", "remove", "conflict"


class Action(NamedTuple):
    """One step of a plan."""

    #: ``create``, ``replace``, ``keep``, ``remove`` or ``conflict``
    kind: str
    #: path relative to the plan's folder
    path: str
    #: what to put there, or ``None`` for a removal
    entry: Entry | None
    #: the digest that our record is to hold (that of the entry), empty for what it is to forget
    digest: str


class Change(NamedTuple):
    """Something that install or uninstall did, or would do, or could not do."""

    #: ``create``, ``replace``, ``keep``, ``remove`` or ``conflict``
    kind: str
    #: what it is: ``root``, ``shim``, ``hook``, ``file``, ``package``
    what: str
    #: its absolute path
    path: str
    #: more, for a reader: whose a file is, how many entries a root has
    note: str = ""


def entry_digest(entry: Entry) -> str:
    """
    Compute what our record says of an entry.

    :param entry: the entry
    :returns: ``link:TARGET`` or ``sha256:HEX``

    """
    return f"link:{entry.link}" if entry.link is not None else f"sha256:{hashlib.sha256(entry.data).hexdigest()}"


def disk_digest(path: str) -> str | None:
    """
    Compute the same of what is on disk.

    :param path: any path; links are not followed
    :returns: the digest, ``dir:`` for a directory, ``special:`` for a FIFO and its like, or ``None`` when nothing is
        there
    :raises OSError: when it cannot be read

    """
    try:
        if os.path.islink(path):
            return f"link:{os.readlink(path)}"
        return f"sha256:{hashlib.sha256(read_bytes(path)).hexdigest()}"
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
    Compare what is wanted with what is there.

    :param folder: the folder that the entries' paths are relative to
    :param entries: what is wanted
    :param recorded: path to digest, of what we wrote there earlier
    :param ours: tells of an absolute path whether the file there is ours although the record does not know it
    :param force: take what is not ours for ours
    :returns: the steps, removals last: a reader never sees less than before

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


def digests(entries: Iterable[Entry]) -> dict[str, str]:
    """
    Compute the record of a folder that holds nothing but these entries.

    :param entries: the entries
    :returns: path to digest

    """
    return {entry.path: entry_digest(entry) for entry in entries}


def fits(folder: str, entries: Iterable[Entry]) -> bool:
    """
    Tell whether entries can be put in place one by one.

    :param folder: the folder that their paths are relative to
    :param entries: the entries
    :returns: ``False`` when a link or file stands where a folder is wanted (the folder itself included), so that
        writing would go through it into somebody else's folder, or a folder stands where a link or file is wanted

    """
    if os.path.islink(folder) or not os.path.isdir(folder):
        return False
    folders = {folder}
    for entry in entries:
        path = os.path.join(folder, entry.path)
        if os.path.isdir(path) and not os.path.islink(path):
            return False
        parent = os.path.dirname(path)
        while parent not in folders:
            if os.path.lexists(parent) and (os.path.islink(parent) or not os.path.isdir(parent)):
                return False
            folders.add(parent)
            parent = os.path.dirname(parent)
    return True


def removals(folder: str, recorded: Mapping[str, str]) -> list[Action]:
    """
    Plan to take away what we wrote.

    :param folder: the folder that the paths are relative to
    :param recorded: path to digest, of what we wrote; the caller has left out what cannot be ours
    :returns: a removal for each that is still as we wrote it; a conflict for each that somebody changed since

    """
    actions = []
    for path, digest in recorded.items():
        there = disk_digest(os.path.join(folder, path))
        if there is not None:
            actions.append(Action(REMOVE if there == digest else CONFLICT, path, None, ""))
    return actions


def is_inside(path: str, folder: str) -> bool:
    """
    Tell whether a path is in a folder, whatever dots and links are on the way.

    :param path: the path; a link that it names itself is not followed
    :param folder: the folder, resolved
    :returns: whether it is below the folder

    """
    return os.path.join(os.path.realpath(os.path.dirname(path)), "").startswith(os.path.join(folder, ""))


def read_record(folder: str, may_be_ours: Callable[[str], bool] | None = None) -> dict[str, str]:
    """
    Read what we wrote to a folder.

    :param folder: the folder
    :param may_be_ours: tells of a path of the record whether anything of ours can be there; by default that is what is
        in the folder
    :returns: path to digest; lines that are garbage are left out, and with them the right to touch what they spoke of

    """
    try:
        text = read_bytes(os.path.join(folder, RECORD)).decode("utf-8", "surrogateescape")
    except OSError:
        return {}
    real = os.path.realpath(folder)
    may_be_ours = may_be_ours or (lambda path: is_inside(os.path.join(folder, path), real))
    rows = (line.split("\t") for line in text.split("\n") if "\0" not in line)
    found = {row[0]: row[1] for row in rows if len(row) == 2 and row[1].partition(":")[0] in {"link", "sha256"}}  # noqa: PLR2004
    return {path: digest for path, digest in found.items() if may_be_ours(path)}


def record_text(digests: Mapping[str, str]) -> bytes:
    """
    Spell a record: a line for each path, a tab before its digest.

    :param digests: path to digest
    :returns: the file's content

    """
    lines = [f"{path}\t{digest}\n" for path, digest in sorted(digests.items())]
    return "".join(lines).encode("utf-8", "surrogateescape")


def observe(paths: Iterable[str]) -> tuple[int, ...]:
    """
    Note when directories changed last, so that any later change is seen.

    Called before they are read. A change within the granularity of the file system's clock after that would bear the
    same time (git's index knows this as "racily clean"). An installer that ends and a build that starts are that close,
    so up to 50 ms are waited for; where the clock counts in seconds that would be too long, and the root is made again
    at the next start.

    :param paths: the directories
    :returns: nanoseconds since the epoch, of each; empty where a later change could bear the same time, and where an
        uninstaller has taken one away

    """
    paths = tuple(paths)
    try:
        times, racy = _times(paths)
        if 0 < racy <= _CLOCK:
            time.sleep(racy / 1_000_000_000)
            times, racy = _times(paths)
    except OSError:
        return ()
    return () if racy else times


def change_times(paths: Iterable[str]) -> tuple[int, ...]:
    """
    Read when directories changed last.

    :param paths: the directories
    :returns: nanoseconds since the epoch, of each
    :raises OSError: when one is not there

    """
    return tuple(os.stat(path).st_mtime_ns for path in paths)


#: the granularity of most file systems' clocks, which is the kernel's tick, with some room, in nanoseconds; of others'
_CLOCK, _COARSE_CLOCK = 50_000_000, 2_000_000_000


def _times(paths: tuple[str, ...]) -> tuple[tuple[int, ...], int]:
    # when they changed, and for how long another change would bear the same time as the newest
    times = change_times(paths)
    newest = max(times)
    age = time.time_ns() - newest
    granularity = _COARSE_CLOCK if newest % 1_000_000_000 == 0 else _CLOCK
    return times, granularity - age if 0 <= age < granularity else 0


def _mode_is_right(path: str, mode: int) -> bool:
    # only what a tool must have to be started: the umask may have taken other bits
    return os.name == "nt" or not mode & 0o100 or bool(os.stat(path).st_mode & 0o100)


__all__ = [
    "CONFLICT",
    "CREATE",
    "KEEP",
    "RECORD",
    "REMOVE",
    "REPLACE",
    "Action",
    "Change",
    "change_times",
    "digests",
    "disk_digest",
    "entry_digest",
    "fits",
    "is_inside",
    "make_plan",
    "observe",
    "read_record",
    "record_text",
    "removals",
]
