"""Real virtual environments, and the installers that change them."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys

import pytest
from fake_toolkit import PYTHON, record_hash, snapshot

#: one that runs on PyPy, which is of Python 3.9 in Debian 12
PYPY_PIP = "23.2.1"
#: before 26.2 a build is not isolated under Python 3.15
OLD_PIP = PYPY_PIP if sys.version_info < (3, 15) else "26.2"
#: installers that each environment must be served by, and left by; the newest pip floats on purpose, uv is the one that
#: runs the tests
INSTALLERS = ("old pip", "newest pip", "uv hardlink", "uv copy", "uv symlink")
VERSIONS = ("13.4.92", "13.5.37")
#: a CUDA that nobody has seen yet: no table of ours knows it
NEXT_VERSION = "14.0.7"
#: of CUDA 12
OLD_VERSIONS = ("12.8.93", "12.9.79")
#: what cuda-shims requires to read TOML: pyproject.toml, and what the doctor knows of logs
TOML = ["tomli"] if sys.version_info < (3, 11) else []


def find_uv():
    uv = shutil.which("uv", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")]))
    if uv is None:
        pytest.skip("needs uv: pip install uv")
    return uv


class Venv:
    """A virtual environment, and the installers that change it."""

    def __init__(self, path, house, wheel, home):
        self.path = str(path)
        self.bin = os.path.join(self.path, "bin")
        self.python = os.path.join(self.bin, "python")
        self.site = os.path.join(self.path, "lib", PYTHON, "site-packages")
        self.house = house
        self.wheel = str(wheel)
        self.home = str(home)
        self.uv_cache = os.path.join(self.home, "uv-cache")

    def environ(self, **more):
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": self.home,
            "XDG_CACHE_HOME": os.path.join(self.home, "cache"),
            "UV_CACHE_DIR": self.uv_cache,
            "UV_NO_CONFIG": "1",
            "LC_ALL": "C.UTF-8",
            **more,
        }

    def run(self, *command, code=0, cwd=None, **environ):
        done = subprocess.run(
            command, env=self.environ(**environ), cwd=cwd or self.home, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, (command, done.stdout, done.stderr)
        return done.stdout

    def create(self, *options):
        self.run(find_uv(), "venv", "-q", "--python", sys.executable, *options, self.path)
        return self

    def _command(self, installer, command):
        if installer.startswith("uv"):
            link_mode = ["--link-mode", installer.split()[1]] if command == "install" else []
            return [find_uv(), "pip", command, "-q", "--python", self.python, *link_mode]
        return [self.python, os.path.join(self.house, installer, "pip"), command, "-q", "--disable-pip-version-check"]

    def install(self, *packages, by="uv hardlink", options=()):
        """Install wheels of the house, and ours under its name; nothing is looked up anywhere else."""
        wheels = [self.wheel if name == "cuda-shims" else name for name in packages]
        where = ["--no-index", "--no-deps", "--find-links", self.house]
        self.run(*self._command(by, "install"), *where, *options, *wheels)

    def uninstall(self, *names, by):
        if by == "ours":
            assert names == ("cuda-shims",)
            assert "removed" in self.run(self.python, "-m", "cuda_shims", "uninstall")
        else:
            yes = [] if by.startswith("uv") else ["--yes", "--root-user-action=ignore"]
            self.run(*self._command(by, "uninstall"), *yes, *names)

    def nvcc(self, **environ):
        """Run the shim as a shell does; returns the path of the tool that answered."""
        return self.run(os.path.join(self.bin, "nvcc"), "-x", **environ).split("\0")[0]

    def ask(self, code, **environ):
        return self.run(self.python, "-c", f"import os, sys, subprocess, shutil\n{code}", **environ).strip()

    def files(self):
        """All that is there, but what Python compiles of other people's modules."""
        site = f"lib/{PYTHON}/site-packages/"
        folder = f"{site}__pycache__"

        def theirs(path):  # uv's lock, and the _virtualenv.py that it puts into environments of Python 3.9
            compiled = path.startswith(f"{site}tomli/") and "__pycache__" in path
            return compiled or path == ".lock" or path.startswith(f"{folder}/_virtualenv.")

        found = snapshot(self.path)
        kept = {path: value for path, value in found.items() if not theirs(path)}
        if not any(path.startswith(f"{folder}/") for path in kept):
            kept.pop(folder, None)
        return kept


def check_records(site):
    """Every file that a RECORD names is there with its hash; returns how many were checked."""
    checked = 0
    for folder in os.listdir(site):
        if folder.endswith(".dist-info"):
            with open(os.path.join(site, folder, "RECORD"), encoding="utf-8", newline="") as file:
                for path, digest, _ in csv.reader(file):
                    if digest:
                        with open(os.path.join(site, path), "rb") as content:
                            assert record_hash(content.read()) == digest, (folder, path)
                        checked += 1
    return checked
