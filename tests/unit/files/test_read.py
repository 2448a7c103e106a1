"""Files that are no files, and what is said of them."""

from __future__ import annotations

import os
import socket

import pytest
from fake_toolkit import write

from cuda_shims.files import plan
from cuda_shims.files import read as reading
from cuda_shims.files.action import CONFLICT, REPLACE
from cuda_shims.files.entry import Entry


def test_a_file(tmp_path):
    path = write(str(tmp_path / "file"), b"a\xff")
    os.symlink("file", tmp_path / "link")
    assert reading.read_bytes(path) == reading.read_bytes(str(tmp_path / "link")) == b"a\xff"
    assert reading.read_text(path) == "aÿ"


@pytest.mark.parametrize("size", [2 << 20, reading.MAX_BYTES])
def test_a_file_of_any_size_that_there_is(tmp_path, size):
    """torch's RECORD has 2 MB."""
    path = write(str(tmp_path / "file"))
    os.truncate(path, size)
    assert len(reading.read_bytes(path)) == size


def bind(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (os.mkfifo, "not a regular file"),
        (os.mkdir, "Is a directory"),
        (lambda path: os.symlink("/dev/zero", path), "not a regular file"),
        (lambda path: os.symlink(os.path.basename(path), path), "symbolic links"),
        (bind, "No such device"),
        (lambda path: os.truncate(write(path), reading.MAX_BYTES + 1), "larger than"),
        (lambda _: None, "No such file"),
    ],
)
def test_what_is_no_file(tmp_path, monkeypatch, make, error):
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    make("./it")
    before = os.listdir("/proc/self/fd")
    with pytest.raises(OSError, match=error):
        reading.read_bytes("./it")
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.parametrize(
    ("make", "digest"),
    [
        (os.mkfifo, "special:"),
        (os.mkdir, "dir:"),
        (bind, "special:"),
        (lambda path: os.symlink(os.path.basename(path), path), "link:it"),
        (lambda path: os.truncate(write(path), reading.MAX_BYTES + 1), "special:"),
    ],
)
def test_what_is_no_file_is_nobodys_to_replace(tmp_path, monkeypatch, make, digest):
    monkeypatch.chdir(tmp_path)
    make("./it")
    assert plan.disk_digest("./it") == digest
    (action,) = plan.make_plan(str(tmp_path), [plan_entry("./it")], {"./it": digest}, ours=lambda _: True, force=True)
    assert action.kind == (REPLACE if digest.startswith("link:") else CONFLICT)


def plan_entry(path):
    return Entry(path, None, b"new")


@pytest.mark.parametrize("path", ["x" * 300, "loop/x", "file/x", "nowhere/x"])
def test_where_nothing_can_be(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    os.symlink("loop", "loop")
    write("./file")
    assert plan.disk_digest(path) is None
