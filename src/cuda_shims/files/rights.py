"""The owner and permissions of what we write: those of the folder that we write to, whatever the umask."""

from __future__ import annotations

import errno
import os

_WINDOWS = os.name == "nt"


class Rights:
    """Owner, group and permissions of new files."""

    __slots__ = ("gid", "group", "uid")

    def __init__(self, uid: int = -1, gid: int = -1, group: int = 0) -> None:
        """Describe them, -1 for the user who writes; ``group`` is the bit of a mode that lets the group write, or 0."""
        self.uid = uid
        self.gid = gid
        self.group = group

    def give(self, path: str, mode: int | None = None) -> None:
        """
        Apply them to a new file, directory or link.

        :param path: its path; for a link, the link itself receives them
        :param mode: its permission bits without the group's right to write; ``None`` for a link
        :raises OSError: when they cannot be applied

        """
        if _WINDOWS:
            return
        if self.uid != -1 or self.gid != -1:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        if mode is not None:
            os.chmod(path, mode | self.group)

    def make_folder(self, path: str) -> None:
        """Make a directory in an existing one, or raise :class:`OSError`, also if it exists."""
        os.mkdir(path, 0o755)
        self.give(path, 0o755)

    def make_folders(self, path: str) -> None:
        """Make a directory and the missing ones above it; an existing one keeps its rights."""
        if os.path.isdir(path):
            return
        self.make_folders(os.path.dirname(path))
        try:
            self.make_folder(path)
        except FileExistsError:
            if not os.path.isdir(path):
                raise


#: the rights of files that belong only to the writer
OWN = Rights()


def rights_of(folder: str, *, strict: bool = True) -> Rights:
    """
    Find the rights that let others change our files as they may change the rest of a folder.

    :param folder: we write everything below this folder
    :param strict: refuse if we cannot give these rights: the owner of the folder could not remove what we make
    :returns: the rights for new files
    :raises OSError: when the folder cannot be read, or with ``EPERM`` when the rights cannot be given

    """
    status = os.stat(folder)
    if _WINDOWS:
        return OWN
    user, group = os.geteuid(), status.st_mode & 0o020
    owner = status.st_uid if user == 0 else -1
    other = status.st_gid != os.getegid()
    may = user == 0 or not other or status.st_gid in os.getgroups()
    if strict and ((user not in {0, status.st_uid}) or (group and not may)):
        raise PermissionError(errno.EPERM, "it belongs to another user, and files cannot be given to that user", folder)
    return Rights(owner if owner != user else -1, status.st_gid if may and other else -1, group if may else 0)
