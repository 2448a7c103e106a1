"""
Where things come into being before they are moved to their place, and the lock of a folder.

A stage is a directory of one process in a folder of ours. It is known to be abandoned by the lock that its maker holds
on it: the kernel gives that back when a process dies, however it dies, so nothing has to be waited for, and no process
number, which another host or container has as well, says anything. A stage of another host's, or of another mount,
whose locks may not be seen here, is known by its age. Nothing that a killed process leaves behind is anywhere else, and
an uninstaller removes the folder whole.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import NamedTuple

from . import apply, search

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: how long another process is waited for that changes the same folder: a root is renewed in a tenth of that, and one
#: that was stopped has gone on, or not, when this one is done
LOCK_SECONDS = 1.0
_POLL_SECONDS = 0.02
#: where no lock tells: nothing takes so long to be moved to its place
_OLD_SECONDS = 60.0
_LOCK = ".lock"


class Stage:
    """A directory that nobody else uses; what is left in it goes with it."""

    def __init__(self, path: str) -> None:
        """
        Describe a stage; :func:`stage` makes one.

        :param path: the directory

        """
        self.path = path
        self._count = 0

    def new(self) -> str:
        """
        Name a file that is not there yet.

        :returns: its absolute path

        """
        self._count += 1
        return os.path.join(self.path, f".{self._count}")


@contextlib.contextmanager
def stage(folder: str) -> Iterator[Stage]:
    """
    Make a stage, and remove those that killed processes left.

    :param folder: a folder of ours; it is made if it is not there
    :raises NotWritableError: when the stage cannot be made

    """
    with apply.writing(folder):
        apply.make_folders(folder)
        claim = _claim(folder)
    try:
        # by the clock of the file system, which may be another host's
        with contextlib.suppress(OSError):
            sweep(folder, os.stat(claim.path).st_mtime)
        yield Stage(claim.path)
    finally:
        apply.discard(claim.path)
        if claim.descriptor is not None:
            os.close(claim.descriptor)


class _Claim(NamedTuple):
    path: str
    #: of the locked directory; ``None`` where directories cannot be locked
    descriptor: int | None


def _claim(folder: str) -> _Claim:
    prefix = _who_locks(folder)
    while True:
        path = os.path.join(folder, prefix + os.urandom(8).hex() + apply.SCRATCH)
        os.mkdir(path, 0o755)
        try:
            descriptor = _lock(path)
        except (BlockingIOError, FileNotFoundError):  # sweep() has found it before we locked it
            continue
        except OSError:
            apply.discard(path)
            raise
        if descriptor is None or os.path.exists(path):
            return _Claim(path, descriptor)
        os.close(descriptor)


def _who_locks(folder: str) -> str:
    # a name for this kernel and this mount, which see each other's locks: NFS may, sshfs and bindfs do not
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            host = file.read(8)
    except (OSError, ValueError):
        host = "0"
    return f"{host}-{os.stat(folder).st_dev:x}-"


def _lock(path: str) -> int | None:
    # lock a directory; None where that cannot be done: on Windows, on NFS
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


def sweep(folder: str, now: float) -> None:
    """
    Remove what killed processes left unfinished.

    :param folder: a folder that we write to
    :param now: the time, as the folder's file system has it

    """
    prefix = _who_locks(folder)
    for name in os.listdir(folder):
        if name.endswith(apply.SCRATCH):
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError):  # its owner is alive and has just moved it, or holds the lock
                is_known = name.startswith(prefix) and os.path.isdir(path) and not os.path.islink(path)
                descriptor = _lock(path) if is_known else None
                if descriptor is not None or now - os.lstat(path).st_mtime > _OLD_SECONDS:
                    apply.discard(path)
                if descriptor is not None:
                    os.close(descriptor)


def tidy(folder: str) -> None:
    """
    Remove what killed processes left in a folder of ours, and write nothing if they left nothing.

    :param folder: the folder; it need not be there
    :raises NotWritableError: when it cannot be written

    """
    names = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        names = os.listdir(folder)
    if any(name.endswith(apply.SCRATCH) for name in names):
        with stage(folder):
            pass


def sweep_outside(folder: str) -> None:
    """
    Remove roots whose environment is gone.

    :param folder: the folder of all roots that are not beside their wheels

    """
    for key in os.listdir(folder):
        with contextlib.suppress(OSError):  # not a folder, or another process is sweeping
            for name in os.listdir(os.path.join(folder, key)):
                link = os.path.join(folder, key, name, search.SITE)
                if os.path.islink(link) and not os.path.exists(link):
                    apply.discard(os.path.join(folder, key))


@contextlib.contextmanager
def exclusive(folder: str) -> Iterator[bool]:
    """
    Keep other processes from changing what is in a folder of ours.

    By flock(2) itself, which filelock would use too: to import that takes as long as to renew a root, and where the
    file system has no locks it raises NotImplementedError or, in later versions, warns on stderr and takes a file for
    the lock, which stays behind when its process is killed. On Windows it is filelock.

    :param folder: the folder; it is made if it is not there
    :returns: ``False`` where the file system has no locks, or on Windows no filelock is installed, and when another
        process holds this one for :data:`LOCK_SECONDS`: then nothing may be changed in more than one step
    :raises NotWritableError: when the file cannot be made

    """
    path = os.path.join(folder, _LOCK)
    with apply.writing(folder):
        apply.make_folders(folder)
        release = _acquire(path)
    try:
        yield release is not None
    finally:
        if release is not None:
            release()


def _acquire(path: str) -> Callable[[], None] | None:
    try:
        import fcntl  # noqa: PLC0415 # not on Windows
    except ImportError:
        return _acquire_on_windows(path)
    end = time.monotonic() + LOCK_SECONDS
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if not isinstance(error, BlockingIOError) or time.monotonic() > end:
                return None
            time.sleep(_POLL_SECONDS)
            continue
        # an uninstaller may have removed it: then the lock that others take is that of another file
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return lambda: os.close(descriptor)
        os.close(descriptor)


def _acquire_on_windows(path: str) -> Callable[[], None] | None:
    try:
        from filelock import FileLock, Timeout  # noqa: PLC0415
    except ImportError:
        return None
    lock = FileLock(path, timeout=LOCK_SECONDS)
    try:
        lock.acquire(poll_interval=_POLL_SECONDS)
    except Timeout:
        return None
    return lock.release


__all__ = ["LOCK_SECONDS", "Stage", "exclusive", "stage", "sweep", "sweep_outside", "tidy"]
