"""File systems that differ from the one that the tests run on; each needs root."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess

import pytest

#: where mkfs and mount are, whatever PATH says
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def _run(*command):
    return subprocess.run(list(map(str, command)), env={"PATH": _PATH}, capture_output=True, text=True, check=False)


def _need(program, package):
    if os.geteuid() != 0:
        pytest.skip("needs root, who can mount file systems")
    if shutil.which(program, path=_PATH) is None:
        pytest.skip(f"{program} is missing (Debian package {package})")


def _mount(*command):
    done = _run(*command)
    if done.returncode:
        pytest.skip(f"no such mount to be had here: {' '.join(map(str, command))}: {done.stderr.strip()}")


@contextlib.contextmanager
def whole_seconds(folder):
    """Mount a file system whose time stamps are whole seconds: ext2 with the inodes that it was born with."""
    _need("mkfs.ext2", "e2fsprogs")
    image = f"{folder}.img"
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    made = _run("mkfs.ext2", "-q", "-I", "128", image)
    assert made.returncode == 0, made.stderr
    os.makedirs(folder, exist_ok=True)
    _mount("mount", "-o", "loop", image, folder)
    try:
        probe = os.path.join(folder, "probe")
        with open(probe, "wb"):
            os.utime(probe, ns=(10**9 + 1, 10**9 + 1))
        assert os.stat(probe).st_mtime_ns == 10**9
        os.unlink(probe)
        yield folder
    finally:
        _run("umount", "-l", folder)


@contextlib.contextmanager
def without_links(folder):
    """Mount a file system without symbolic links, owners and modes: exFAT, as on a USB drive."""
    _need("mkfs.exfat", "exfatprogs")
    _need("mount.exfat-fuse", "exfat-fuse")
    image = f"{folder}.img"
    with open(image, "wb") as file:
        file.truncate(256 << 20)
    made = _run("mkfs.exfat", image)
    assert made.returncode == 0, made.stderr
    found = _run("losetup", "--find", "--show", image)
    if found.returncode:
        pytest.skip(f"no loop device to be had here: {found.stderr.strip()}")
    device = found.stdout.strip()
    try:
        os.makedirs(folder, exist_ok=True)
        _mount("mount.exfat-fuse", "-o", "umask=022", device, folder)
        try:
            with pytest.raises(OSError, match=r"not implemented|not permitted|not supported"):
                os.symlink("x", os.path.join(folder, "probe"))
            yield folder
        finally:
            _run("umount", folder)
    finally:
        _run("losetup", "--detach", device)


@contextlib.contextmanager
def layer(folder):
    """Make a folder the lower layer of an overlayfs with the same path, as an image's files in a container are."""
    _need("mount", "mount")
    scratch = f"{folder}.layers"
    os.makedirs(scratch)
    _mount("mount", "-t", "tmpfs", "none", scratch)
    try:
        upper, work = os.path.join(scratch, "upper"), os.path.join(scratch, "work")
        os.mkdir(upper)
        os.mkdir(work)
        options = f"lowerdir={folder},upperdir={upper},workdir={work}"
        _mount("mount", "-t", "overlay", "overlay", "-o", options, folder)
        try:
            yield upper
        finally:
            _run("umount", "-l", folder)
    finally:
        _run("umount", "-l", scratch)
