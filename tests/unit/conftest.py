from __future__ import annotations

import os

import pytest
from fake_toolkit import Prefix


@pytest.fixture(autouse=True)
def _plain_environment(tmp_path, monkeypatch):
    """No toolkit, choice, cache or project of the machine that runs the tests reaches one of them."""
    for name in list(os.environ):
        if name.startswith(("CUDA", "_CUDA_SHIMS", "NVCC")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def new_prefix(tmp_path):
    """Give a function that makes prefixes: (name, site-packages below it)."""
    return lambda name="env", site=None: Prefix(str(tmp_path / name), site)


@pytest.fixture
def prefix(new_prefix):
    return new_prefix()
