"""How something is made where there is nothing."""

from __future__ import annotations

import os
import stat

import pytest

from cuda_shims.files import write
from cuda_shims.files.entry import Entry
from cuda_shims.files.rights import OWN, Rights
from cuda_shims.files.write import make


@pytest.mark.parametrize("entry", [Entry("it", None, b"ours"), Entry("it", "elsewhere")])
@pytest.mark.parametrize("there", ["file", "link", "dangling link"])
def test_what_is_there_is_neither_written_to_nor_through(tmp_path, entry, there):
    """What somebody has put there meanwhile."""
    theirs = tmp_path / "theirs"
    if there != "dangling link":
        theirs.write_bytes(b"theirs")
    path = tmp_path / "it"
    os.link(theirs, path) if there == "file" else path.symlink_to(theirs)
    with pytest.raises(FileExistsError):
        write.make(str(path), entry, OWN)
    assert theirs.exists() is (there != "dangling link")
    assert not theirs.exists() or theirs.read_bytes() == b"theirs"


class Noting(Rights):
    """Notes the mode of a file before it gets its own."""

    def give(self, path, mode=None):
        self.before = stat.S_IMODE(os.lstat(path).st_mode)
        super().give(path, mode)


def test_nobody_else_opens_a_file_before_it_has_its_rights(tmp_path):
    path, rights = str(tmp_path / "tool"), Noting()
    old = os.umask(0)
    try:
        make(path, Entry("tool", None, b"x", 0o777), rights)
    finally:
        os.umask(old)
    assert (rights.before, stat.S_IMODE(os.stat(path).st_mode)) == (0o600, 0o755)


@pytest.mark.parametrize("entry", [Entry("x", None, b"new"), Entry("x", "new")], ids=["file", "link"])
def test_what_is_there_stays(tmp_path, entry):
    os.symlink("elsewhere", tmp_path / "x")
    with pytest.raises(FileExistsError):
        make(str(tmp_path / "x"), entry, Rights())
    assert os.readlink(tmp_path / "x") == "elsewhere"
    assert os.listdir(tmp_path) == ["x"]
