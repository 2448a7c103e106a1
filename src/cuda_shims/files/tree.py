"""Whole directories: made where nobody sees them yet, and compared with the planned state."""

from __future__ import annotations

import os

from cuda_shims.files import write
from cuda_shims.files.entry import Entry
from cuda_shims.files.read import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cuda_shims.files.rights import Rights

#: if no hard link can be made, a larger file becomes a symbolic link instead of a copy
_SMALL = 4 * 1024 * 1024
#: a hard link to a file of a lower layer copies the file up first
_LAYERED = {"overlay", "fuse.fuse-overlayfs"}


def fill(folder: str, entries: Iterable[Entry], rights: Rights) -> None:
    """
    Make everything that a directory should hold.

    :param folder: an empty directory
    :param entries: what it should hold
    :param rights: the rights of everything new; a hard link has those of its file
    :raises OSError: when something cannot be made

    """
    made = {folder}
    layered: bool | None = None
    for entry in entries:
        path = os.path.join(folder, entry.path)
        parent = os.path.dirname(path)
        if parent not in made:
            rights.make_folders(parent)
            made.add(parent)
        if entry.hard is None:
            write.make(path, entry, rights)
            continue
        layered = _is_layered(folder) if layered is None else layered
        _make_hard(path, entry, entry.hard, rights, layered=layered)


def _make_hard(path: str, entry: Entry, file: str, rights: Rights, *, layered: bool) -> None:
    source = os.path.realpath(file)  # link(2) would make another name of a link
    if not layered:
        try:
            os.link(source, path)
        except OSError:  # another file system, somebody else's file (protected_hardlinks), no file, or too many links
            pass
        else:
            return
    status = os.stat(source)
    if status.st_size <= _SMALL:
        write.make(path, Entry(entry.path, None, read_bytes(source), status.st_mode & 0o755), rights)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        if os.stat(path).st_mtime_ns == status.st_mtime_ns:
            return
        os.unlink(path)  # the file system has rounded the time that identifies a copy
    write.make(path, entry, rights)


def _is_layered(folder: str) -> bool:
    # by the device of the mount: a directory has that of its overlay, whichever layer it is in
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            lines = file.read().decode("latin-1").split("\n")
    except OSError:  # then nothing is known of it
        return True
    kinds = [line.partition(" - ")[2].split(" ")[0] for line in lines if line.split(" ", 3)[2:3] == [number]]
    return not _LAYERED.isdisjoint(kinds)


def is_as(path: str, entry: Entry) -> bool:
    """
    Tell whether a path is as it should be.

    :param path: the path
    :param entry: what it should be
    :returns: whether it is; for a hard link, a link or copy that replaces it also counts
    :raises OSError: when it cannot be read

    """
    if entry.link is not None and os.path.islink(path):
        return os.readlink(path) == entry.link
    if entry.hard is not None:
        own, other = os.stat(path), os.stat(entry.hard)
        return os.path.samestat(own, other) or (own.st_size, own.st_mtime_ns) == (other.st_size, other.st_mtime_ns)
    return entry.link is None and not os.path.islink(path) and read_bytes(path) == entry.data
