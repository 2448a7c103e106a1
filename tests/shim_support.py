"""What became of a run of the shim."""

from __future__ import annotations

import os

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
