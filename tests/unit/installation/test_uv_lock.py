"""Whom a writer waits for, and for how long; that real uv holds this lock is in tests/integration."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys

import pytest

from cuda_shims.installation import uv_lock


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "lib" / "python3.13" / "site-packages"
    folder.mkdir(parents=True)
    return str(folder)


@pytest.fixture
def naps(monkeypatch):
    """Let time go by in no time, and count how often somebody waited."""
    found = []
    clock = [0.0]

    def sleep(seconds):
        found.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(uv_lock.time, "sleep", sleep)
    monkeypatch.setattr(uv_lock.time, "monotonic", lambda: clock[0])
    return found


def is_free(path, how=fcntl.LOCK_EX):
    with open(path, encoding="ascii") as file:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@pytest.mark.parametrize("place", ["prefix", "target"])
def test_it_is_shared_while_we_write(tmp_path, site, naps, place):
    path = tmp_path / ".lock" if place == "prefix" else tmp_path / "lib/python3.13/site-packages/.lock"
    path.touch()
    with uv_lock.shared(site):
        assert not is_free(path)
        assert is_free(path, fcntl.LOCK_SH)
        with uv_lock.shared(site):  # another start of Python
            pass
    assert is_free(path)
    assert naps == []


def test_uv_is_waited_for_so_long(tmp_path, site, naps):
    with open(tmp_path / ".lock", "w", encoding="ascii") as uv:
        fcntl.flock(uv, fcntl.LOCK_EX)
        with uv_lock.shared(site):
            assert sum(naps) == pytest.approx(uv_lock.WAIT_SECONDS, abs=0.02)


def test_uv_that_ends_is_waited_for_no_longer(tmp_path, site, naps, monkeypatch):
    with open(tmp_path / ".lock", "w", encoding="ascii") as uv:
        fcntl.flock(uv, fcntl.LOCK_EX)

        def sleep(seconds):
            naps.append(seconds)
            fcntl.flock(uv, fcntl.LOCK_UN)

        monkeypatch.setattr(uv_lock.time, "sleep", sleep)
        with uv_lock.shared(site):
            assert len(naps) == 1
            assert not is_free(tmp_path / ".lock")


def test_uv_that_started_us_is_not_waited_for(tmp_path, site, naps, monkeypatch):
    shutil.copy(sys.executable, tmp_path / "uv")
    command = [str(tmp_path / "uv"), "-S", "-c", "import sys; print('here', flush=True); sys.stdin.read()"]
    environ = {**os.environ, "PYTHONHOME": sys.base_prefix}
    with open(tmp_path / ".lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as uv:
            assert uv.stdout.readline() == b"here\n"  # it has its name by now, which Popen does not wait for
            monkeypatch.setattr(os, "getppid", lambda: uv.pid)
            with uv_lock.shared(site):
                pass
    assert naps == []


def test_where_there_is_no_lock_nothing_is_made(tmp_path, site, naps):
    with uv_lock.shared(site):
        pass
    assert naps == []
    assert os.listdir(tmp_path) == ["lib"]
    assert os.listdir(site) == []


@pytest.mark.parametrize("what", ["fifo", "folder", "dangling", "link"])
def test_what_is_no_lock_of_uv(tmp_path, site, naps, what):
    path = tmp_path / ".lock"
    if what == "fifo":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "other")
    if what == "link":
        (tmp_path / "other").touch()
    before = os.lstat(path)
    with uv_lock.shared(site):
        pass
    assert naps == []
    assert os.lstat(path) == before


def test_a_file_system_without_locks(tmp_path, site, naps, monkeypatch):
    (tmp_path / ".lock").touch()

    def flock(*_):
        raise OSError(38, "ENOSYS")

    monkeypatch.setattr(fcntl, "flock", flock)
    with uv_lock.shared(site):
        pass
    assert naps == []


def test_windows(tmp_path, site, monkeypatch):
    (tmp_path / ".lock").touch()
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with uv_lock.shared(site):
        pass


def test_no_proc(monkeypatch):
    monkeypatch.setattr(os, "getppid", lambda: 2**30)
    assert not uv_lock._is_below_uv()
