"""How a file takes the place of another one, when the stage is of no use for it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cuda_shims.files.entry import Entry
from cuda_shims.files.replace import write_entry
from cuda_shims.files.stage import Stage

NEW = Entry("file", None, b"new")


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "place"
    folder.mkdir()
    (folder / "file").write_bytes(b"old")
    return folder / "file"


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """Have each move out of the stage fail; gives a function that takes the error's number, and the moves tried."""
    real, moves = os.replace, []

    def start(code):
        def replace(old, new):
            moves.append(old)
            if old.startswith(str(tmp_path / "ours")):
                raise OSError(code, os.strerror(code), old, None, new)
            real(old, new)

        monkeypatch.setattr(os, "replace", replace)
        return moves

    return start


def test_a_stage_on_another_file_system(tmp_path, place, failing):
    with Stage(str(tmp_path / "ours")) as stage:
        moves = failing(errno.EXDEV)
        write_entry(str(place), NEW, stage)
        assert os.listdir(stage.path) == []
    assert place.read_bytes() == b"new"
    assert os.listdir(place.parent) == ["file"]
    assert [Path(each).parent == place.parent for each in moves] == [False, True]


@pytest.mark.parametrize("code", [errno.EIO, errno.EROFS, errno.ENOSPC])
def test_no_other_error_is_tried_again_elsewhere(tmp_path, place, failing, code):
    with Stage(str(tmp_path / "ours")) as stage:
        moves = failing(code)
        with pytest.raises(OSError, match=os.strerror(code)):
            write_entry(str(place), NEW, stage)
        assert os.listdir(stage.path) == []
    assert place.read_bytes() == b"old"
    assert os.listdir(place.parent) == ["file"]
    assert len(moves) == 1
