"""
The lock that uv holds on an environment while it changes it.

uv reads RECORD of what it uninstalls, then removes what it has read. What a start of Python makes and adds to RECORD
between the two would stay for good. So who is about to write shares that lock: he waits until uv is done, and uv, for
some milliseconds, until he is. pip and others hold no lock.

Source: ``PythonEnvironment::lock`` and ``Interpreter::lock`` in uv's ``crates/uv-python``: flock(2), exclusive, on
``.lock`` in the prefix of a virtual environment or in the directory of ``--target``.
"""

from __future__ import annotations

import contextlib
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: how long uv is waited for: to uninstall takes a hundredth of it, and to install at most puts a root off
WAIT_SECONDS = 1.0
_POLL_SECONDS = 0.01
_NAME = ".lock"


@contextlib.contextmanager
def shared(site_dir: str) -> Iterator[None]:
    """
    Keep uv from changing an environment for as long as we write to it.

    Not waited for is a uv that waits for us: it has started this process (``--compile-bytecode``, a build without
    isolation). Where that takes longer, where there is no such lock, and on Windows, what is to be written is written
    all the same: a build needs its toolkit.

    :param site_dir: the site-packages directory

    """
    descriptor = _acquire(site_dir)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


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
        with contextlib.suppress(OSError):  # never made: it is uv's; and no FIFO or link of somebody's stops us
            return os.open(os.path.join(folder, _NAME), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    return None


def _is_below_uv() -> bool:
    try:
        with open(f"/proc/{os.getppid()}/comm", "rb") as file:
            return file.read().startswith(b"uv")
    except OSError:
        return False


__all__ = ["WAIT_SECONDS", "shared"]
