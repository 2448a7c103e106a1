"""
Where files are made before they move to their place, and the lock of a folder.

A stage is a directory of one process in one of our folders. Its maker holds a lock on it. The kernel releases that
lock when the process dies, however it dies, so a stage without a lock is abandoned and nobody has to wait. A process
number would say nothing, because another host or container has the same one. Locks of another host or another mount
may be invisible here, so the age of their stages decides. A killed process leaves files nowhere else, and an
uninstaller removes the folder as a whole.
"""

from __future__ import annotations

import os

from cuda_shims.files import write
from cuda_shims.files.rights import OWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cuda_shims.files.rights import Rights

#: if no lock tells: no move takes this long
_OLD_SECONDS = 60.0


class Stage:
    """
    A directory that nobody else uses. It is made on entry; on exit it is removed with everything in it.

    :raises OSError: on entry, when it cannot be made

    """

    __slots__ = ("_count", "_descriptor", "folder", "path", "rights")

    def __init__(self, folder: str, rights: Rights = OWN) -> None:
        """
        Describe it.

        :param folder: one of our folders, where the stage is made; created if it does not exist
        :param rights: the rights of everything made in the stage

        """
        self.folder = folder
        self.rights = rights
        self.path = ""
        self._count = 0
        self._descriptor: int | None = None

    def __enter__(self) -> Stage:  # noqa: PYI034 # typing.Self is of Python 3.11
        """Make it, and remove the stages that killed processes left."""
        self.rights.make_folders(self.folder)
        self._claim()
        try:
            sweep(self.folder, self.now())
        except OSError:
            pass
        return self

    def __exit__(self, *_: object) -> None:
        """Remove it."""
        write.discard(self.path)
        release(self._descriptor)

    def now(self) -> float:
        """Tell the time of the file system's clock, which may be another host's, in seconds since the epoch."""
        return os.stat(self.path).st_mtime

    def new(self) -> str:
        """Name a file in the stage that does not exist yet, by its absolute path."""
        self._count += 1
        return os.path.join(self.path, f".{self._count}")

    def _claim(self) -> None:
        prefix = _who_locks(self.folder)
        while True:
            path = os.path.join(self.folder, prefix + os.urandom(8).hex() + write.SCRATCH)
            os.mkdir(path, 0o755)
            descriptor = None
            try:
                descriptor = lock(path)
                self.rights.give(path, 0o755)
            except (BlockingIOError, FileNotFoundError):  # sweep() has found it before we locked it
                release(descriptor)
                continue
            except OSError:
                release(descriptor)
                write.discard(path)
                raise
            self.path, self._descriptor = path, descriptor
            return


def _who_locks(folder: str) -> str:
    # a name for this kernel and this mount, which see each other's locks: NFS may, sshfs and bindfs do not
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            host = file.read(8).hex()
    except OSError:
        host = "0"
    return f"{host}-{os.stat(folder).st_dev:x}-"


def lock(path: str) -> int | None:
    """
    Lock a directory.

    :param path: the directory
    :returns: the holder of the lock, for :func:`release`; ``None`` where locks do not work: on Windows, on NFS
    :raises OSError: when there is no such directory; :class:`BlockingIOError` when another process has locked it

    """
    try:
        import fcntl  # noqa: PLC0415 # not on Windows
    except ImportError:
        return None
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def release(descriptor: int | None) -> None:
    """Release a lock that :func:`lock` returned; ``None`` is ignored."""
    if descriptor is not None:
        os.close(descriptor)


def sweep(folder: str, now: float) -> None:
    """
    Remove what killed processes left unfinished in a folder.

    :param folder: a folder that we write to
    :param now: the time of its file system's clock, in seconds: :meth:`Stage.now`
    :raises OSError: when the folder cannot be read

    """
    prefix = _who_locks(folder)
    for name in os.listdir(folder):
        if name.endswith(write.SCRATCH):
            path = os.path.join(folder, name)
            try:
                age = now - os.lstat(path).st_mtime
            except OSError:
                continue
            discard_abandoned(path, age, locks=name.startswith(prefix))


def discard_abandoned(path: str, age: float, *, locks: bool = True, unused: Callable[[], bool] = lambda: True) -> None:
    """
    Remove an unfinished file or directory, unless the process that makes it is alive; never raises.

    :param path: a file or directory
    :param age: how old it is, in seconds
    :param locks: whether that process's lock is visible here; if not, the age decides
    :param unused: called once the lock is ours, when that process has finished

    """
    try:
        descriptor = lock(path) if locks and os.path.isdir(path) and not os.path.islink(path) else None
        try:
            if (descriptor is not None or age > _OLD_SECONDS) and unused():
                write.discard(path)
        finally:
            release(descriptor)
    except OSError:  # its maker is alive and has just moved it, or holds the lock
        pass


def tidy(folder: str) -> None:
    """
    Remove what killed processes left in one of our folders, and write nothing if they left nothing.

    :param folder: the folder; it need not exist
    :raises OSError: when it cannot be read or written

    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    if any(name.endswith(write.SCRATCH) for name in names):
        with Stage(folder):
            pass
