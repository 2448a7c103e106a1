"""Windows neither replaces nor removes a program that runs; what is done instead."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest
from fake_toolkit import snapshot

from cuda_shims.environment.environment import Environment
from cuda_shims.files import replace, write
from cuda_shims.files.entry import Entry
from cuda_shims.installation.install import install

NEW = Entry("nvcc.exe", None, b"new", 0o755)


@pytest.fixture
def running(tmp_path, monkeypatch):
    """Return the path of a program that runs, on Windows, whose folder for temporary files is ``temp``."""
    path = tmp_path / "Scripts/nvcc.exe"
    path.parent.mkdir()
    path.write_bytes(b"old")
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    monkeypatch.setattr(replace, "_WINDOWS", True)
    inode = os.stat(path).st_ino

    def refusing(function):
        def call(*paths):
            if os.path.exists(paths[-1]) and os.stat(paths[-1]).st_ino == inode:
                raise PermissionError(errno.EACCES, "Access is denied", paths[-1])
            return function(*paths)

        return call

    monkeypatch.setattr(os, "replace", refusing(os.replace))
    monkeypatch.setattr(os, "unlink", refusing(os.unlink))
    return str(path)


def names(folder):
    return sorted(os.listdir(folder))


def test_replaced(running, tmp_path):
    replace.write_entry(running, NEW)
    assert names(os.path.dirname(running)) == ["nvcc.exe"]
    assert Path(running).read_bytes() == b"new"
    (aside,) = names(tmp_path / "temp")
    assert aside.endswith(write.SCRATCH)
    assert (tmp_path / "temp" / aside).read_bytes() == b"old"


def test_removed(running, tmp_path):
    replace.remove(running, str(tmp_path))
    assert not os.path.exists(os.path.dirname(running))
    assert len(names(tmp_path / "temp")) == 1


def test_temporary_files_on_another_drive(running, tmp_path, monkeypatch):
    real = os.rename

    def rename(old, new):
        if os.path.dirname(new) == str(tmp_path / "temp"):
            raise OSError(errno.EXDEV, "another drive", old, new)
        real(old, new)

    monkeypatch.setattr(os, "rename", rename)
    replace.write_entry(running, NEW)
    aside, program = sorted(names(os.path.dirname(running)), key=len, reverse=True)
    assert (program, aside.endswith(write.SCRATCH)) == ("nvcc.exe", True)


def test_what_may_not_be_written_is_an_error_and_leaves_nothing(running, tmp_path, monkeypatch):
    monkeypatch.setattr(replace, "_WINDOWS", False)
    before = snapshot(str(tmp_path))
    with pytest.raises(PermissionError):
        replace.write_entry(running, NEW)
    with pytest.raises(PermissionError):
        replace.remove(running, str(tmp_path))
    assert snapshot(str(tmp_path)) == before


def test_a_later_install_removes_what_was_set_aside(prefix):
    prefix.toolkit()
    old = os.path.join(prefix.bin, f"nvcc.exe.1.old{write.SCRATCH}")
    young = os.path.join(prefix.bin, f"ptxas.exe.1.old{write.SCRATCH}")
    for path in (old, young):
        with open(path, "wb"):
            pass
    os.utime(old, (0, 0))
    install(Environment((prefix.site,), prefix.bin, prefix.ours(), is_target=False, label="test"))
    assert (os.path.exists(old), os.path.exists(young)) == (False, True)
