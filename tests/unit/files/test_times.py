"""When folders changed, and what that says."""

from __future__ import annotations

import os
import time

import pytest

from cuda_shims.files import times


def test_a_folder_that_changed_just_now_is_waited_for(tmp_path):
    """An installer that has just ended: the root is good at once, and not stale until another start makes it anew."""
    os.utime(tmp_path)
    changed = os.stat(tmp_path).st_mtime_ns
    assert times.observe([str(tmp_path)]) == (changed,)
    assert times.observe([str(tmp_path), str(tmp_path / "gone")]) == ()
    assert 50_000_000 <= time.time_ns() - changed < 10**10


def test_a_folder_that_does_not_stop_changing_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(times.time, "sleep", lambda _: os.utime(tmp_path))
    os.utime(tmp_path)
    assert times.observe([str(tmp_path)]) == ()


def test_a_folder_whose_clock_is_coarse_says_nothing_for_a_while(tmp_path, monkeypatch):
    now = 10**18 + 123
    os.utime(tmp_path, ns=(now, now))
    for later, known in ((0, False), (49_000_000, False), (60_000_000, True), (-1, True)):
        monkeypatch.setattr(times.time, "time_ns", lambda later=later: now + later)
        assert times.observe([str(tmp_path)]) == ((now,) if known else ())
    # a file system that counts whole seconds
    now -= 123
    os.utime(tmp_path, ns=(now, now))
    for later, known in ((1_900_000_000, False), (2_100_000_000, True)):
        monkeypatch.setattr(times.time, "time_ns", lambda later=later: now + later)
        assert times.observe([str(tmp_path)]) == ((now,) if known else ())


class Cutting:
    """A file system that cuts what it is told."""

    def __init__(self, monkeypatch, grain):
        self.grain, self.real = grain, os.utime
        monkeypatch.setattr(os, "utime", self)

    def __call__(self, path, ns):
        self.real(path, ns=tuple(each // self.grain * self.grain for each in ns))


@pytest.mark.parametrize(
    ("grain", "newest", "wanted"),
    [
        (1, 123_456_789_123, 123_456_789_123),
        (100, 123_456_789_123, 123_456_790_000),  # NTFS, SMB
        (1_000, 123_456_789_123, 123_456_790_000),  # NFS version 2, UDF
        (1_000_000_000, 123_456_789_123, 124_000_000_000),  # ext3, HFS+
        (2_000_000_000, 123_456_789_123, 124_000_000_000),  # FAT
        (2_000_000_000, 124_000_000_000, 124_000_000_000),
        (7_000_000_000, 123_456_789_123, None),  # nothing that there is
    ],
)
def test_a_time_that_holds(tmp_path, monkeypatch, grain, newest, wanted):
    """It is not older than what it stands for, whatever the file system makes of it."""
    path = tmp_path / "stamp"
    path.touch()
    Cutting(monkeypatch, grain)
    assert times.set_time(str(path), newest) == wanted
    assert wanted is None or os.stat(path).st_mtime_ns == wanted


@pytest.mark.parametrize(("later", "known"), [(-1, False), (0, False), (49_000_000, False), (51_000_000, True)])
def test_a_time_that_has_not_come_yet_says_nothing(tmp_path, monkeypatch, later, known):
    """What changes until then would not be newer."""
    path = tmp_path / "stamp"
    path.touch()
    Cutting(monkeypatch, 1_000_000_000)
    monkeypatch.setattr(times.time, "time_ns", lambda: 124_000_000_000 + later)
    assert times.set_time(str(path), 123_456_789_123) == (124_000_000_000 if known else None)
