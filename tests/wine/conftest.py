"""The fixtures of the tests on Windows: the bed, and our own wheel for Windows."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
from bed import Bed

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))


@pytest.fixture(scope="session")
def bed(once):
    """Return the Windows to run things on."""
    pytest.importorskip("ziglang", reason="ziglang is missing: it compiles the shim and the test programs")
    return Bed(once)


@pytest.fixture(scope="session")
def windows_wheel(once):
    """Return the path of our wheel for Windows on x86-64."""

    def make(folder):
        from build_wheels import build_wheel

        return build_wheel(str(folder), "win_amd64", isolation=False)

    return Path(once("windows-wheel", make))


@pytest.fixture(scope="session")
def shim(once, windows_wheel):
    """Return the path of the shim that is in the wheel."""

    def make(folder):
        with zipfile.ZipFile(windows_wheel) as archive:
            (name,) = [each for each in archive.namelist() if each.endswith("/scripts/nvcc.exe")]
            (folder / "nvcc.exe").write_bytes(archive.read(name))
        return str(folder / "nvcc.exe")

    return Path(once("shim", make))
