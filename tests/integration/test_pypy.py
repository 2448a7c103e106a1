"""PyPy, whose site-packages is lib/pypy3.N: hook, shim, and pip's build environment of two prefixes."""

from __future__ import annotations

import os
import shutil

import pytest
from fake_toolkit import write

HOME = "print(os.environ.get('CUDA_HOME'))"
# NVIDIA's wheels as dynamic requirements: pip puts them into a second prefix
BACKEND = """\
import os, subprocess, zipfile

def get_requires_for_build_wheel(config_settings=None):
    return {requires!r}

def build_wheel(folder, config_settings=None, metadata_directory=None):
    nvcc = subprocess.run(["nvcc"], stdout=subprocess.PIPE, universal_newlines=True).stdout.partition("\\0")[0]
    with open({report!r}, "w") as file:
        file.write(f"{{os.environ.get('CUDA_HOME')}} {{nvcc}}")
    with zipfile.ZipFile(os.path.join(folder, "probe-1-py3-none-any.whl"), "w") as wheel:
        for name, text in {files!r}.items():
            wheel.writestr("probe-1.dist-info/" + name, text)
    return "probe-1-py3-none-any.whl"
"""
FILES = {
    "METADATA": "Metadata-Version: 2.1\nName: probe\nVersion: 1\n",
    "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "",
}
PYPROJECT = """\
[build-system]
requires = ["cuda-shims"]
build-backend = "backend"
backend-path = ["."]
"""


@pytest.fixture
def pypy(new_venv):
    """Give a virtual environment of PyPy's, which has a pip of its own."""
    python = shutil.which("pypy3") or pytest.skip("needs PyPy: apt-get install pypy3 pypy3-venv")
    venv = new_venv("pypy")
    shutil.rmtree(venv.path)
    venv.run(python, "-m", "venv", venv.path)
    venv.site = venv.ask("import sysconfig; print(sysconfig.get_path('purelib'))")
    assert os.path.basename(os.path.dirname(venv.site)).startswith("pypy3.")
    return venv


@pytest.mark.parametrize("by", ["PyPy's pip", "uv hardlink"])
def test_an_environment(pypy, toolkit, by):
    pypy.install("cuda-shims", *toolkit(), by=by)
    root = f"{pypy.site}/cuda_shims_toolkit/cu13"
    assert pypy.nvcc() == f"{root}/bin/nvcc"  # at once: the shim has PyPy make the root
    assert pypy.ask(HOME) == root
    assert pypy.run(pypy.python, "-m", "cuda_shims", "root").strip() == root
    assert pypy.run(pypy.python, "-m", "cuda_shims", "install") == "nothing to do: everything is as it should be\n"
    pypy.uninstall("cuda-shims", by=by)
    assert not [name for name in (*os.listdir(pypy.site), *os.listdir(pypy.bin)) if "shims" in name or name == "nvcc"]
    assert pypy.ask(HOME) == "None"


def test_pips_two_prefixes(pypy, toolkit, tmp_path):
    report = str(tmp_path / "report")
    write(str(tmp_path / "project/pyproject.toml"), PYPROJECT.encode())
    backend = BACKEND.format(requires=toolkit(), report=report, files=FILES)
    write(str(tmp_path / "project/backend.py"), backend.encode())
    links = ["--find-links", pypy.house, "--find-links", os.path.dirname(pypy.wheel)]
    pip = [pypy.python, os.path.join(pypy.house, "PyPy's pip", "pip"), "wheel", "-q", "--disable-pip-version-check"]
    pypy.run(*pip, "--no-index", *links, "-w", str(tmp_path), str(tmp_path / "project"))
    with open(report, encoding="utf-8") as file:
        home, nvcc = file.read().split()
    assert "/pip-build-env-" in home
    assert home.endswith(f"/lib/{os.path.basename(os.path.dirname(pypy.site))}/site-packages/cuda_shims_toolkit/cu13")
    assert nvcc == f"{home}/bin/nvcc"
