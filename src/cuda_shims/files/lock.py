"""The lock of a folder, on Windows: there a directory cannot take another one's place in one step."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from filelock import BaseFileLock

#: how long to wait for another process that changes the same folder: a root is made in a tenth of that
LOCK_SECONDS = 1.0
_POLL_SECONDS = 0.02
_LOCK = ".lock"


def acquire(folder: str) -> BaseFileLock | None:
    """
    Keep other processes from changing what is in a folder of ours.

    :param folder: the folder; it is made if it does not exist
    :returns: the lock, which the caller releases; ``None`` where filelock is not installed, and when another process
        holds the lock for :data:`LOCK_SECONDS`
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
