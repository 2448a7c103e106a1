"""Whole directories of ours; how a root is made of one is in tests/unit/root/test_write.py."""

from __future__ import annotations

import io
import os

import pytest
from fake_toolkit import write

from cuda_shims.files import tree
from cuda_shims.files.entry import Entry


@pytest.mark.parametrize(
    ("mount", "layered"),
    [
        ("overlay none rw,lowerdir=/l", True),
        ("fuse.fuse-overlayfs fuse-overlayfs rw", True),
        ("ext4 overlay rw", False),
        ("ext4 /dev/sda1 rw", False),
    ],
)
def test_a_layered_file_system_is_told_by_its_mount(tmp_path, monkeypatch, mount, layered):
    device = os.stat(tmp_path).st_dev
    lines = [
        f"20 1 0:{os.minor(device) + 1} / /other rw shared:1 - overlay overlay rw",
        f"21 1 {os.major(device)}:{os.minor(device)} / / rw,relatime shared:2 master:1 - {mount}",
        "",
    ]
    monkeypatch.setattr(tree, "open", lambda *_: io.BytesIO("\n".join(lines).encode()), raising=False)
    assert tree._is_layered(str(tmp_path)) is layered


def test_where_nothing_is_known_of_mounts_it_may_be_one(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(tree, "open", refuse, raising=False)
    assert tree._is_layered(str(tmp_path))


def test_what_is_as_it_should_be(tmp_path):
    file, link, hard = (str(tmp_path / name) for name in ("file", "link", "hard"))
    write(file, b"data")
    os.symlink("file", link)
    os.link(file, hard)
    assert tree.is_as(file, Entry("", None, b"data"))
    assert not tree.is_as(file, Entry("", None, b"other"))
    assert not tree.is_as(link, Entry("", None, b"data"))
    assert tree.is_as(link, Entry("", "file"))
    assert not tree.is_as(link, Entry("", "other"))
    assert not tree.is_as(file, Entry("", "file"))
    # a hard link, and what stands for one
    for path in (hard, link):
        assert tree.is_as(path, Entry("", "file", hard=file))
    assert not tree.is_as(write(str(tmp_path / "other"), b"longer"), Entry("", "file", hard=file))
    with pytest.raises(FileNotFoundError):
        tree.is_as(str(tmp_path / "nowhere"), Entry("", None, b"data"))
