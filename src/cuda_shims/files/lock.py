"""The lock of a folder, on Windows: there, a directory cannot replace another one in one step."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from filelock import BaseFileLock

#: how long to wait for another process that changes the same folder: making a root takes a tenth of that
LOCK_SECONDS = 1.0
_POLL_SECONDS = 0.02
_LOCK = ".lock"


def acquire(folder: str) -> BaseFileLock | None:
    """
    Keep other processes from changing one of our folders.

    :param folder: the folder; created if it does not exist
    :returns: the lock, which the caller releases; ``None`` if filelock is not installed, or if another process holds
        the lock for :data:`LOCK_SECONDS`
    :raises OSError: when the folder or the lock file cannot be made

    """
    try:
        from filelock import FileLock, Timeout  # noqa: PLC0415
    except ImportError:
        return None
    os.makedirs(folder, exist_ok=True)
    lock = FileLock(os.path.join(folder, _LOCK), timeout=LOCK_SECONDS)
    try:
        lock.acquire(poll_interval=_POLL_SECONDS)
    except Timeout:
        return None
    return lock
