"""An isolated build on every Python."""

from __future__ import annotations

import glob
import os
import subprocess
import sys
from pathlib import Path

import pytest
from e2e_support import NVCC_VERSION, check_loads, nvcc_project, unpacked
from slices import keep

pytestmark = pytest.mark.timeout(300)

CHECKOUT = Path(__file__).resolve().parents[2]
#: what Debian sid has
SID = ["3.14", "3.15"]
PYTHONS = ["3.9", "3.10", "3.11", "3.12", "3.13", *SID]


def find_python(world, version):
    """Return an interpreter of a version, or skip."""
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    candidates = sorted(glob.glob(f"{glob.escape(root)}/versions/{version}.*/bin/python"))
    if f"{sys.version_info[0]}.{sys.version_info[1]}" == version:
        candidates.append(sys.executable)
    words = [world.uv, "python", "find", "--no-python-downloads", "--no-project", version]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    candidates += [done.stdout.strip()] if not done.returncode else []
    check = "import sys, ssl, zlib; print('%d.%d' % sys.version_info[:2])"
    for python in candidates:
        done = subprocess.run([python, "-c", check], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return python
    if version in SID:
        return world.once("debian-sid", debian_pythons).get(version) or pytest.skip(f"no Python {version}")
    pytest.skip(f"no Python {version}: neither pyenv nor uv has one")
    return None


def debian_pythons(folder):
    """Unpack those of Debian sid as ``.ci/run`` does; none where they cannot be had."""
    command = [sys.executable, str(CHECKOUT / ".ci" / "debian_pythons.py"), str(folder / "debian")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return {path.name[6:]: str(path) for path in (folder / "debian/usr/bin").glob("python3.*") if not done.returncode}


@pytest.mark.parametrize(
    "version",
    # the oldest, one in the middle and the newest; the others are for the matrix
    keep({"3.9", "3.15"}, of=PYTHONS),
)
def test_an_isolated_build(world, tmp_path, scratch, version):
    pip = world.venv(tmp_path / "venv", "pip", python=find_python(world, version))
    project, out = nvcc_project(tmp_path / "project"), tmp_path / "out"
    world.run(pip / "python", "-m", "pip", "wheel", "-w", out, project, env=world.environ(TMPDIR=scratch))
    built = unpacked(out)
    report = built.report
    assert report["python"] == [int(part) for part in version.split(".")]
    root = report["root"]
    assert root.startswith(f"{scratch}/")
    assert root.endswith(f"/lib/python{version}/site-packages/cuda_shims_toolkit/cu13")
    assert report["missing"] == []
    assert f"V{NVCC_VERSION}" in report["version"]
    assert os.path.normpath(report["top"]) == root
    assert set(report["environ"].values()) == {root, f"{root}/bin/nvcc"}
    check_loads(world, built, kinds=["shared"])
