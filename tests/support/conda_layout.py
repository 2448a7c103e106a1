"""
Environments laid out as conda does, without conda: an interpreter of their own, and a note of each package.

What is where is what the recipes of conda-forge's python, cuda-nvcc-impl and cuda-nvcc say.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from fake_toolkit import PYTHON, write

TOOLS = ("bin2c", "cudafe++", "fatbinary", "nvcc", "nvlink", "ptxas")


def conda_environment(path: str) -> str:
    """Make an environment; returns its path, or skips where a copy of this Python's program is none."""
    base = os.path.join(sys.base_prefix, "lib", PYTHON)
    os.makedirs(f"{path}/bin")
    os.makedirs(f"{path}/lib/{PYTHON}/site-packages")
    shutil.copy2(os.path.realpath(sys.executable), f"{path}/bin/{PYTHON}")
    for name in ("python", "python3", "python3.1"):
        os.symlink(PYTHON, f"{path}/bin/{name}")
    for name in os.listdir(base):
        if name not in {"site-packages", "__pycache__", "sitecustomize.py"}:
            os.symlink(f"{base}/{name}", f"{path}/lib/{PYTHON}/{name}")
    os.symlink(PYTHON, f"{path}/lib/python3.1")  # for a conda that knows no Python 3.10
    conda_package(path, "python", f"{PYTHON[6:]}.9", ["bin/python", f"bin/{PYTHON}", "lib/python3.1"])
    code = "import sys, sysconfig; print(sys.prefix, sysconfig.get_path('purelib'))"
    done = subprocess.run([f"{path}/bin/python", "-c", code], capture_output=True, text=True, check=False)
    if done.stdout.split() != [path, f"{path}/lib/{PYTHON}/site-packages"]:
        pytest.skip(f"a copy of this Python's program is no environment of its own: {done.stdout}{done.stderr[-300:]}")
    return path


def conda_package(path: str, name: str, version: str, files: list[str]) -> None:
    """Note a package as conda does."""
    note = json.dumps({"build": "0", "files": files, "name": name, "version": version}, indent=2)
    write(f"{path}/conda-meta/{name}-{version}-0.json", note.encode())


def conda_compiler(path: str) -> None:
    """Install what cuda-nvcc-tools and cuda-nvcc-dev_linux-64 have; a second time as conda puts it back."""
    for tool in TOOLS:
        write(f"{path}/bin/{tool}", f"#!/bin/sh\necho conda {tool}\n".encode(), 0o755)
    os.makedirs(f"{path}/targets/x86_64-linux/bin", exist_ok=True)
    if not os.path.lexists(f"{path}/targets/x86_64-linux/bin/nvcc"):
        os.symlink("../../../bin/nvcc", f"{path}/targets/x86_64-linux/bin/nvcc")
    conda_package(path, "cuda-nvcc-tools", "13.0.88", [f"bin/{tool}" for tool in TOOLS])
    conda_package(path, "cuda-nvcc-dev_linux-64", "13.0.88", ["targets/x86_64-linux/bin/nvcc"])
