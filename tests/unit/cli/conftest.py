"""The environment of the process that runs a command."""

from __future__ import annotations

import os
import sys

import pytest
from fake_toolkit import TOOL, write


@pytest.fixture
def at_home(monkeypatch):
    """Give a function that makes a prefix the environment of this process."""

    def at_home(prefix, *more):
        # the standard library stays, site-packages of the tests' own Python go
        base = [path for path in sys.path if "-packages" not in path]
        monkeypatch.setattr(sys, "path", [*base, prefix.site, *more])
        monkeypatch.setenv("PATH", os.pathsep.join([prefix.bin, "/usr/bin", "/bin"]))
        write(os.path.join(prefix.bin, "pip"), TOOL, 0o755)
        return prefix

    return at_home


@pytest.fixture
def home(prefix, at_home):
    """The environment of this process, with a toolkit and cuda-shims."""
    prefix.toolkit()
    prefix.ours()
    return at_home(prefix)
