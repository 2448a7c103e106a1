"""The lock of a folder on Windows: it is filelock's, which works here too."""

from __future__ import annotations

import os
import sys

from cuda_shims.files import lock


def test_one_at_a_time_and_not_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "LOCK_SECONDS", 0.1)
    folder = str(tmp_path / "ours")
    first = lock.acquire(folder)
    assert os.path.isdir(folder)
    assert lock.acquire(folder) is None
    first.release()
    lock.acquire(folder).release()


def test_without_filelock(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "filelock", None)
    assert lock.acquire(str(tmp_path)) is None
