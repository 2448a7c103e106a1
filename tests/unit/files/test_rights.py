"""Whose what we write becomes; other users are those of tests/integration/test_other_owners.py."""

from __future__ import annotations

import os
import stat

import pytest

from cuda_shims.files import rights
from cuda_shims.files.entry import Entry
from cuda_shims.files.replace import write_entry
from cuda_shims.files.rights import OWN, Rights, rights_of
from cuda_shims.files.stage import Stage

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who can give files away")


def fields(found):
    return found.uid, found.gid, found.group


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir(0o755)
    os.chmod(folder, 0o755)  # noqa: S103 # whatever the umask
    return str(folder)


def act_as(monkeypatch, uid, gid, groups=()):
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(os, "getegid", lambda: gid)
    monkeypatch.setattr(os, "getgroups", lambda: list(groups))


def test_our_own_folder(folder):
    assert fields(rights_of(folder)) == (-1, -1, 0)


@pytest.mark.parametrize(
    ("uid", "groups", "mode", "expected"),
    [
        (0, (), 0o755, (1000, 2000, 0)),  # sudo
        (0, (), 0o775, (1000, 2000, 0o020)),
        (1000, (), 0o755, (-1, -1, 0)),  # the owner, who is not in the group: it may not write anyway
        (1000, (2000,), 0o775, (-1, 2000, 0o020)),
        (1000, (2000,), 0o755, (-1, 2000, 0)),
        (1000, (), 0o775, None),  # the group could not remove what we make
        (1001, (2000,), 0o775, None),  # nor could the owner
        (1001, (), 0o777, None),
    ],
)
@ROOT
def test_what_can_be_given(folder, monkeypatch, uid, groups, mode, expected):
    os.chown(folder, 1000, 2000)
    os.chmod(folder, mode)
    act_as(monkeypatch, uid, uid, groups)
    if expected is None:
        with pytest.raises(PermissionError, match="another user"):
            rights_of(folder)
        rights_of(folder, strict=False)
    else:
        assert fields(rights_of(folder)) == expected


@ROOT
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_what_is_given(folder, mask):
    old = os.umask(mask)
    try:
        with Stage(os.path.join(folder, "ours"), Rights(1000, 2000, 0o020)) as stage:
            for name, entry in {
                "file": Entry("", None, b"x"),
                "tool": Entry("", None, b"x", 0o755),
                "link": Entry("", "../target"),
            }.items():
                write_entry(os.path.join(folder, "ours", name), entry, stage)
    finally:
        os.umask(old)
    modes = {"": 0o775, "file": 0o664, "tool": 0o775, "link": None}
    for name, mode in modes.items():
        status = os.lstat(os.path.join(folder, "ours", name))
        assert (status.st_uid, status.st_gid) == (1000, 2000), name
        assert mode in {None, stat.S_IMODE(status.st_mode)}, name


@ROOT
def test_what_takes_the_place_of_a_file_is_whose_that_was(folder):
    """RECORD keeps its owner and permissions, a shim those that its installer gave it and what it needs to be run."""
    for name, mode, entry, wanted in (
        ("RECORD", 0o640, Entry("", None, b"new", 0), 0o640),
        ("nvcc", 0o770, Entry("", None, b"new", 0o755), 0o755),
    ):
        path = os.path.join(folder, name)
        with open(path, "wb"):
            pass
        os.chmod(path, mode)
        os.chown(path, 1000, 2000)
        with Stage(folder, OWN) as stage:
            write_entry(path, entry, stage)
        status = os.stat(path)
        assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1000, 2000, wanted)


@pytest.mark.parametrize("is_folder", [True, False])
def test_another_process_makes_the_folder_at_the_same_moment(folder, monkeypatch, is_folder):
    path = os.path.join(folder, "ours")
    real = os.mkdir

    def mkdir(*arguments):
        if is_folder:
            real(path)
        else:
            os.symlink("nowhere", path)
        real(*arguments)

    monkeypatch.setattr(os, "mkdir", mkdir)
    if is_folder:
        OWN.make_folders(path)
        assert os.path.isdir(path)
    else:
        with pytest.raises(FileExistsError):
            OWN.make_folders(path)


def test_on_windows_there_are_none(folder, monkeypatch):
    monkeypatch.setattr(rights, "_WINDOWS", True)
    monkeypatch.delattr(os, "geteuid")
    monkeypatch.setattr(os, "chmod", lambda *_: pytest.fail("no such rights there"))
    assert rights_of(folder) is OWN
    OWN.make_folders(os.path.join(folder, "a/b"))
    assert os.path.isdir(os.path.join(folder, "a/b"))
