"""Fixtures of the tests on made-up toolkits, for the conftest.py of each of their folders to import."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from fake_toolkit import Prefix
from shim_support import SHELLS

import _cuda_shims
from _cuda_shims import COMPILERS, FORWARD, HOMES, MARKER, TOOLKIT, uncommon
from cuda_shims.environment import installer

_SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(uncommon.__file__)))
#: what the start-up hook may set
_NAMES = (*HOMES, *COMPILERS, MARKER, FORWARD, TOOLKIT)
_NAMES = (*_NAMES, "PATH", "PKG_CONFIG_PATH", "CMAKE_PREFIX_PATH", "LIBRARY_PATH", "CMAKE_LIBRARY_PATH")
_NAMES = (*_NAMES, "LIB", "INCLUDE", "CMAKE_GENERATOR", "CUDA_SHIMS_GENERATOR")


@pytest.fixture(autouse=True)
def plain_environment(tmp_path, tmp_path_factory, monkeypatch):
    """No toolkit, choice, cache or project of the machine that runs the tests reaches one of them."""
    for name in list(os.environ):
        if name.startswith(("CUDA", "_CUDA_SHIMS", "NVCC")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("tmp")))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(installer, "_program", lambda _: "cuda-shims")  # PATH leads to it
    monkeypatch.setattr(installer, "_unfound_pip", lambda: "pip")


@pytest.fixture
def new_prefix(tmp_path):
    """Give a function that makes prefixes: (name, site-packages below it)."""
    return lambda name="env", site=None: Prefix(str(tmp_path / name), site)


@pytest.fixture
def prefix(new_prefix):
    return new_prefix()


@pytest.fixture
def hook(monkeypatch):
    """Run the hook as site does in a process whose sys.path and environment are given; returns what it has set."""

    def hook(*path, **variables):
        # the standard library stays: the hook imports what it needs
        base = [each for each in sys.path if "site-packages" not in each and "pytest" not in each]
        monkeypatch.setattr(sys, "path", [*base, _SOURCE, *path])
        environ = {name: value for name, value in os.environ.items() if name not in _NAMES}
        monkeypatch.setattr(os, "environ", {**environ, "PATH": "/usr/bin", **variables})
        monkeypatch.setattr(_cuda_shims, "_done_for", [])
        _cuda_shims.main()
        return {name: os.environ[name] for name in _NAMES if name in os.environ}

    return hook


@pytest.fixture
def on_windows(monkeypatch):
    """Have the wheels' own folder for a toolkit's root, as on Windows; paths and links stay this system's."""
    from cuda_shims.installation import install  # noqa: F401 # and all that it imports

    for name, module in list(sys.modules.items()):
        if name.startswith(("_cuda_shims", "cuda_shims")) and hasattr(module, "WHEELS_ARE_ROOT"):
            monkeypatch.setattr(module, "WHEELS_ARE_ROOT", True)


@pytest.fixture(params=SHELLS)
def shell(request):
    """Return the command of each shell that may be somebody's /bin/sh."""
    name, *options = SHELLS[request.param]
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"needs {name}: apt-get install {name}")
    return [path, *options]


@pytest.fixture
def commands(tmp_path):
    """All that a shim may call, in a folder that holds no compiler of this machine's."""
    folder = tmp_path / "commands"
    folder.mkdir()
    for name in ("readlink", "sleep", "env"):
        (folder / name).symlink_to(shutil.which(name))
    return str(folder)


@pytest.fixture
def call(shell, commands):
    """Run a shim by a shell."""

    def call(shim, *arguments, path=(), cwd=None, stdin=None, **variables):
        environ = {"PATH": os.pathsep.join([*path, commands]), **variables}
        return subprocess.run(
            [*shell, shim, *arguments], env=environ, cwd=cwd, input=stdin, capture_output=True, check=False, timeout=60
        )

    return call
