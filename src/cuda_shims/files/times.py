"""When directories last changed, noted so that any later change is visible."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: the granularity of file systems' clocks, in nanoseconds: of most, the kernel's tick with some room; of others
CLOCK, COARSE_CLOCK = 50_000_000, 2_000_000_000


def observe(paths: Iterable[str]) -> tuple[int, ...]:
    """
    Note when directories last changed.

    Call this before reading them. A change within the granularity of the file system's clock after that would have
    the same time (git's index calls this "racily clean"). An installer that ends and a build that starts are that
    close, so this waits up to 50 ms. Where the clock counts in seconds that would be too long, and the next start
    makes the root again.

    :param paths: the directories
    :returns: nanoseconds since the epoch, for each; empty where a later change could have the same time, and where an
        uninstaller has removed one

    """
    paths = tuple(paths)
    try:
        times, racy = _times(paths)
        if 0 < racy <= CLOCK:
            time.sleep(racy / 1_000_000_000)
            times, racy = _times(paths)
    except OSError:
        return ()
    return () if racy else times


def change_times(paths: Iterable[str]) -> tuple[int, ...]:
    """Read when directories last changed, in nanoseconds since the epoch; a missing one raises :class:`OSError`."""
    return tuple([os.stat(path).st_mtime_ns for path in paths])


def _times(paths: tuple[str, ...]) -> tuple[tuple[int, ...], int]:
    # when they changed, and for how long another change would bear the same time as the newest
    times = change_times(paths)
    newest = max(times)
    age = time.time_ns() - newest
    granularity = COARSE_CLOCK if newest % 1_000_000_000 == 0 else CLOCK
    return times, granularity - age if 0 <= age < granularity else 0


def set_time(path: str, newest: int) -> int | None:
    """
    Give one of our files a time that no change up to ``newest`` is newer than, and every later one is.

    A file system may round a time down, to microseconds or to even seconds. The file would then be older than the
    state that it stands for, for ever. So the time is rounded up there, once that moment has passed.

    :param path: the file
    :param newest: the time, in nanoseconds since the epoch
    :returns: its new time, in the same unit; ``None`` if no such time can be set yet
    :raises OSError: when it cannot be set

    """
    for grain in (1, 1_000, COARSE_CLOCK):
        wanted = -(-newest // grain) * grain
        if wanted > newest and time.time_ns() - wanted < CLOCK:
            return None
        os.utime(path, ns=(wanted, wanted))
        if os.stat(path).st_mtime_ns == wanted:
            return wanted
    return None
