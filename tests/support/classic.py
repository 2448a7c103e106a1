"""A toolkit laid out as CUDA's own installer does it, of the files of wheels."""

from __future__ import annotations

import os
from pathlib import Path

#: what CUDA's installer has in /usr/local/cuda besides folders that a wheel has, too
INSTALLED = {"bin", "include", "lib", "nvvm", "extras", "version.json", "version.txt"}


def copied(source, target):
    """Copy with links followed, and stop at one that leads back."""
    if os.path.isdir(source):
        assert len(Path(target).parts) < 60, f"{source} leads back to itself"
        target.mkdir()
        for name in os.listdir(source):
            copied(os.path.join(source, name), target / name)
    else:
        os.link(os.path.realpath(source), target)


def make_classic(site, root, folder):
    """Lay the same files out as CUDA's installer does: no links but lib64 and targets."""
    folder.mkdir()
    names = set(os.listdir(site / "nvidia/cu13")) | INSTALLED
    for name in sorted(names & set(os.listdir(root))):
        copied(os.path.join(root, name), folder / name)
    (folder / "lib64").symlink_to("lib")
    target = folder / "targets" / f"{os.uname().machine}-linux"
    target.mkdir(parents=True)
    for name in ("include", "lib"):
        (target / name).symlink_to(f"../../{name}")
    return folder
