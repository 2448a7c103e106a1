"""
The lock that uv holds on an environment while it changes it.

uv reads RECORD of what it uninstalls, then removes what it has read. A file that a start of Python makes and adds to
RECORD between the two would stay for good. So a process that writes shares that lock: it waits until uv is done, and
uv, for some milliseconds, until the process is done. pip and others hold no lock.

Source: ``PythonEnvironment::lock`` and ``Interpreter::lock`` in uv's ``crates/uv-python``: flock(2), exclusive, on
``.lock`` in the prefix of a virtual environment or in the directory of ``--target``.
"""

from __future__ import annotations

import os
import time

#: how long to wait for uv: it uninstalls in a hundredth of that, and an installation at most delays a root
WAIT_SECONDS = 1.0
_POLL_SECONDS = 0.01
_NAME = ".lock"


class shared:  # noqa: N801 # a context manager
    """
    Keep uv from changing an environment for as long as we write to it.

    A uv that waits for us is not waited for: one that started this process (``--compile-bytecode``, a build without
    isolation). If uv takes longer than :data:`WAIT_SECONDS`, where there is no such lock, and on Windows, we write all
    the same: a build needs its toolkit.
    """

    def __init__(self, site_dir: str) -> None:
        """Describe it."""
        self.site_dir = site_dir
        self.descriptor: int | None = None

    def __enter__(self) -> None:
        """Take uv's lock, shared with its other readers."""
        self.descriptor = _acquire(self.site_dir)

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        if self.descriptor is not None:
            os.close(self.descriptor)


def _acquire(site_dir: str) -> int | None:
    try:
        import fcntl  # noqa: PLC0415 # not on Windows
    except ImportError:
        return None
    descriptor = _open(site_dir)
    if descriptor is None:
        return None
    end = time.monotonic() + (0.0 if _is_below_uv() else WAIT_SECONDS)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:  # of another kind where the file system has no locks
            if isinstance(error, BlockingIOError) and time.monotonic() < end:
                time.sleep(_POLL_SECONDS)
                continue
        return descriptor


def _open(site_dir: str) -> int | None:
    prefix = os.path.dirname(os.path.dirname(os.path.dirname(site_dir)))  # lib/python3.13/site-packages
    for folder in (prefix, site_dir):
        try:  # never made: it is uv's; and no FIFO or link of somebody's stops us
            return os.open(os.path.join(folder, _NAME), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError:
            pass
    return None


def _is_below_uv() -> bool:
    try:
        with open(f"/proc/{os.getppid()}/comm", "rb") as file:
            return file.read().startswith(b"uv")
    except OSError:
        return False
