"""What became of a run of the shim."""

from __future__ import annotations

import os

from fake_toolkit import age, write

from _cuda_shims import MADE_FROM

#: each that may be somebody's /bin/sh, as it is started
SHELLS = {"dash": ["dash"], "bash --posix": ["bash", "--posix"], "busybox ash": ["busybox", "ash"]}


def ran(done):
    """Return the path that the tool was started by; nothing may have gone wrong before."""
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return os.fsdecode(done.stdout.split(b"\0")[0])


def failed(done, *words):
    """Check that it ended in one clear line, and return that."""
    assert (done.returncode, done.stdout) == (127, b"")
    text = done.stderr.decode(errors="surrogateescape")
    assert text.count("\n") == 1, text
    for word in words:
        assert word in text
    return text


def plant(root, site, *, major=13, lines=None):
    """
    Put down a root as cuda-shims makes it: a link to a folder beside it, with what it was made from.

    By hand, because what is tested is what a shim makes of one that somebody has made in some way.
    """
    wheels = f"{site}/nvidia/cu{major}"
    folder, name = os.path.split(root)
    made = f"{folder}/.{name}-0123abcd"
    os.makedirs(f"{made}/bin")
    os.mkdir(f"{made}/lib")
    for tool in os.listdir(f"{wheels}/bin"):
        if tool == "nvcc":
            os.link(f"{wheels}/bin/nvcc", f"{made}/bin/nvcc")
        else:
            os.symlink(f"{wheels}/bin/{tool}", f"{made}/bin/{tool}")
    if lines is None:
        lines = sorted(name for name in os.listdir(site) if name.startswith("nvidia") and name.endswith(".dist-info"))
    write(f"{made}/{MADE_FROM}", b"".join(os.fsencode(line) + b"\n" for line in lines))
    age(made)
    os.symlink(f".{name}-0123abcd", root)
    return root
