"""
Makes new files and links, and removes them.

Only :mod:`cuda_shims.files.stage`, :mod:`cuda_shims.files.tree` and :mod:`cuda_shims.files.replace` use it to make
anything: in a directory that nobody else sees.
"""

from __future__ import annotations

import errno
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.files.entry import Entry
    from cuda_shims.files.rights import Rights

#: the end of the name of everything that is not in its place yet
SCRATCH = ".cuda-shims-tmp"


class writing:  # noqa: N801 # a context manager; contextlib costs a start of Python more than this class
    """Turn an :class:`OSError` during a write into :class:`NotWritableError`."""

    def __init__(self, path: str) -> None:
        """Note the path to name if the operating system does not name one."""
        self.path = path

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        """End. An error of a link or a move names two paths: the second is the path to be written."""
        if isinstance(error, OSError):
            from cuda_shims.errors import NotWritableError  # noqa: PLC0415

            path = str(error.filename2 or error.filename or self.path)
            raise NotWritableError(path, error.strerror or str(error)) from error


def make(path: str, entry: Entry, rights: Rights) -> None:
    """
    Make a file or symbolic link at a free path.

    :param path: its absolute path
    :param entry: what to make; :mod:`cuda_shims.files.tree` makes hard links
    :param rights: its rights, whatever the umask
    :raises OSError: when it cannot be made, or something has the path

    """
    if entry.link is not None:
        os.symlink(entry.link, path)
        rights.give(path)
        return
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), "wb") as file:
        file.write(entry.data)
    rights.give(path, entry.mode & 0o755)


def remove_empty(path: str, folder: str) -> None:
    """
    Remove a directory if it is empty, then those above it that become empty; never raises.

    :param path: the directory; it need not exist
    :param folder: only directories below this one are removed

    """
    while path.startswith(folder + os.sep):
        try:
            os.rmdir(path)
        except FileNotFoundError:
            pass
        except OSError:
            return
        path = os.path.dirname(path)


def remove_tree(folder: str, *, seconds: float = 0.0, first: str = "") -> None:
    """
    Remove one of our directories with everything in it; links in it are not followed.

    :param folder: the directory; it need not exist
    :param seconds: how long to continue while others have something in it. On NFS and FUSE one open file is enough:
        it stays, under another name, until it is closed
    :param first: a file to remove first, because others believe that the directory, or one in it, is complete while
        it has this file
    :raises OSError: when something in it cannot be removed

    """
    # counted, and not measured by a clock, which continues while a machine sleeps
    tries = _TRIES + round(seconds / _POLL_SECONDS)
    for number in range(1, tries + 1):
        try:
            _remove_once(folder, first)
        except OSError as error:  # another process makes something in it, or removes it as well
            if os.path.lexists(folder) and (number == tries or (number >= _TRIES and error.errno not in _OCCUPIED)):
                raise
        if not os.path.lexists(folder):
            return
        if _TRIES <= number < tries:
            time.sleep(_POLL_SECONDS)


def _remove_once(folder: str, first: str) -> None:
    if os.path.islink(folder) or os.path.isfile(folder):
        os.unlink(folder)
    elif os.path.lexists(folder):
        import shutil  # noqa: PLC0415 # a root that is made first has nothing to remove, and this costs milliseconds

        for stamp in [first, *(os.path.join(each, first) for each in os.listdir(folder))] if first else []:
            try:
                os.unlink(os.path.join(folder, stamp))
            except (FileNotFoundError, NotADirectoryError):
                pass
        shutil.rmtree(folder)


#: how often to try to remove a folder that others write to, before waiting between tries
_TRIES = 3
_POLL_SECONDS = 0.02
#: NFS gives EBUSY for a file that was removed and is open
_OCCUPIED = {errno.ENOTEMPTY, errno.EBUSY}


def discard(path: str) -> None:
    """Remove as much as possible of an unfinished file or directory, and leave the rest."""
    try:
        os.rmdir(path)  # as most of them are: empty
    except OSError:
        try:
            remove_tree(path)
        except OSError:
            pass
