"""The fixtures of the tests on Windows: the bed, and our own wheel for Windows."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from bed import Bed
from msvc import visual_studio
from script_support import load_script
from venvs import PAIRS, shared_venv


@pytest.fixture(scope="session")
def bed(once):
    """Return the Windows to run things on."""
    pytest.importorskip("ziglang", reason="ziglang is missing: it compiles the shim and the test programs")
    return Bed(once)


@pytest.fixture(scope="session")
def windows_wheel(once):
    """Return the path of our wheel for Windows on x86-64."""

    def make(folder):
        return load_script("build/build_wheels").build_wheel(str(folder), "win_amd64", isolation=False)

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


@pytest.fixture(scope="session")
def vs(bed):
    """Return a host compiler: the stand-in for Visual Studio."""
    return visual_studio(bed)


@pytest.fixture(
    params=[PAIRS[0], pytest.param(PAIRS[1], marks=pytest.mark.matrix)], ids=lambda pair: f"py{pair[0]}-cuda{pair[1]}"
)
def pair(request):
    """Return a CPython, a release of cuda-toolkit, and what its nvcc says; the other one with ``--matrix``."""
    return request.param


@pytest.fixture
def scripts(bed, windows_wheel, pair):
    """Return the scripts directory of a virtual environment with the pair's toolkit and our wheel."""
    return shared_venv(bed, windows_wheel, *pair[:2])
