"""A start of Python writes into environments that have cuda-shims, and into no other."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import snapshot
from venv_support import find_uv

HOME = "print(os.environ.get('CUDA_HOME'))"


@pytest.fixture
def prefix(new_venv, toolkit, tmp_path):
    """Return a prefix without an interpreter that has a toolkit and never had cuda-shims; its site-packages."""
    maker = new_venv("maker")
    folder = tmp_path / "elsewhere" / "shared"  # beside none of ours: pip splits an environment over such two
    maker.install(*toolkit(), options=["--prefix", str(folder)])
    return str(folder), str(folder / os.path.relpath(maker.site, maker.path))


def by_pythonpath(prefix, _venv):
    return {"PYTHONPATH": prefix[1]}


def by_path(prefix, venv):
    """As pip names its build environment's two prefixes, but not beside the one that has cuda-shims."""
    os.makedirs(f"{prefix[0]}/bin", exist_ok=True)
    return {"PATH": f"{prefix[0]}/bin:{venv.bin}:/usr/bin:/bin", "PYTHONPATH": prefix[1]}


def by_pth(prefix, venv):
    with open(f"{venv.site}/shared.pth", "w", encoding="utf-8") as file:
        file.write(f"{prefix[1]}\n")
    return {}


@pytest.mark.parametrize("remover", ["newest pip", "uv", "ours"])
@pytest.mark.parametrize("way", [by_pythonpath, by_path, by_pth])
def test_nothing_is_made_where_cuda_shims_is_not(new_venv, prefix, home, way, remover):
    venv = new_venv(base=["cuda-shims"])
    environ = way(prefix, venv)
    before = snapshot(prefix[0], times=True)
    found = venv.ask(HOME, **environ)
    assert snapshot(prefix[0], times=True) == before
    # and its toolkit is used all the same, by a root of this environment's or of this user's
    assert found.startswith((f"{venv.site}/", f"{home}/cache/"))
    assert venv.run(f"{found}/bin/nvcc").rstrip("\0") == f"{found}/bin/nvcc"
    assert os.path.isfile(f"{found}/lib64/libcudart.so")
    assert venv.ask(HOME, **environ) == found
    venv.run(venv.python, "-m", "cuda_shims", "root", **environ)
    assert snapshot(prefix[0], times=True) == before
    venv.uninstall("cuda-shims", by=remover)
    assert snapshot(prefix[0], times=True) == before


def test_nor_by_the_shim(new_venv, prefix):
    venv = new_venv(base=["cuda-shims"])
    before = snapshot(prefix[0], times=True)
    environ = by_path(prefix, venv)
    before[os.path.relpath(f"{prefix[0]}/bin", prefix[0])] = snapshot(prefix[0], times=True)["bin"]
    assert os.path.isfile(venv.nvcc(**environ))
    assert snapshot(prefix[0], times=True) == before


def test_a_prefix_that_was_told_to(new_venv, prefix):
    """The guard of the above: ``install --prefix`` is somebody who asks."""
    venv = new_venv(base=["cuda-shims"])
    venv.run(find_uv(), "pip", "install", "-q", "--no-deps", "-p", venv.python, "--prefix", prefix[0], venv.wheel)
    venv.run(venv.python, "-m", "cuda_shims", "install", "--prefix", prefix[0])
    assert venv.ask(HOME, PYTHONPATH=prefix[1]) == f"{prefix[1]}/cuda_shims_toolkit/cu13"
