"""Our own list of what we wrote."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import snapshot

from cuda_shims.files import replace
from cuda_shims.files.ledger import LEDGER, read_ledger
from cuda_shims.files.stage import Stage


def test_the_ledger_is_read_back(tmp_path):
    digests = {"a b": "link:x y", "c": "sha256:00", "\udcff": "link:\udcfe"}
    with Stage(str(tmp_path)) as stage:
        replace.write_ledger(str(tmp_path), digests, stage)
        assert read_ledger(str(tmp_path)) == digests
        before = snapshot(str(tmp_path), times=True)
        replace.write_ledger(str(tmp_path), dict(reversed(digests.items())), stage)
        assert snapshot(str(tmp_path), times=True) == before
        replace.write_ledger(str(tmp_path), {}, stage)
    assert read_ledger(str(tmp_path)) == {}
    assert os.listdir(tmp_path) == [LEDGER]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\xff\n",
        b"path\n",
        b"a\tb\tc\n",
        b"path\tsha256:0000\tc\n",
        b"path\tmd5:0\n",
        b"\n\n",
        b"path\tsha256\n",
        b"{}",
    ],
)
def test_garbage_in_the_ledger_gives_no_right_to_touch_anything(tmp_path, data):
    (tmp_path / LEDGER).write_bytes(data + b"good\tlink:x\n")
    assert read_ledger(str(tmp_path)).get("path", "sha256") in {"sha256", "sha256:"}
    (tmp_path / LEDGER).write_bytes(data)
    assert not [each for each in read_ledger(str(tmp_path)).values() if len(each) > len("sha256:")]


@pytest.mark.parametrize("path", ["a\0b", "../theirs", "/etc/theirs", "inner/../../theirs", "link/theirs"])
def test_a_ledger_speaks_of_its_folder_alone(tmp_path, path):
    """Anybody may have written it who can write there."""
    folder = tmp_path / "ours"
    (folder / "inner").mkdir(parents=True)
    (folder / "link").symlink_to(tmp_path)
    (folder / LEDGER).write_bytes(f"{path}\tlink:x\ninner/../mine\tlink:x\nlink\tlink:x\n".encode())
    assert set(read_ledger(str(folder))) == {"inner/../mine", "link"}


def test_an_empty_ledger_is_not_written(tmp_path):
    with Stage(str(tmp_path)) as stage:
        replace.write_ledger(str(tmp_path), {}, stage)
    assert os.listdir(tmp_path) == []
