"""What a start of Python imports because of us: one module, and four more where there is something to choose."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import write

#: all that a start may load which has nothing to do
OURS = {"_cuda_shims"}
#: and one that has to choose; nothing of the standard library that a start without us does not load
CHOOSING = {*OURS, *(f"_cuda_shims.{name}" for name in ("places", "selection", "uncommon", "variables"))}
MODULES = "import sys; print(*sorted(sys.modules))"


def modules(venv, cwd=None, **environ):
    """Return what is imported when Python has started."""
    return set(venv.run(venv.python, "-c", MODULES, cwd=cwd, **environ).split())


@pytest.fixture
def venv(new_venv, toolkit):
    venv = new_venv(base=["cuda-shims", *toolkit()])
    for _ in range(2):  # makes the root, and the byte code
        venv.ask("pass")
    return venv


@pytest.fixture
def other(tmp_path):
    """Return the folder of a toolkit of the user's, as CUDA's installer makes it."""
    path = str(tmp_path / "cuda-13.4")
    write(f"{path}/bin/nvcc", b"#!/bin/sh\nprintf 'other\\0'\n", 0o755)
    write(f"{path}/include/cuda.h", b"#define CUDA_VERSION 13040\n")
    write(f"{path}/lib64/libcudart.so", b"ELF")
    return path


def test_a_fresh_root(venv):
    off = modules(venv, CUDA_SHIMS_STARTUP="0")
    assert not OURS & off
    assert modules(venv) - off == OURS


VARIABLES = {
    "CUDA_HOME": {"CUDA_HOME": "{0}"},
    "CUDA_PATH": {"CUDA_PATH": "{0}"},
    "CUDAToolkit_ROOT": {"CUDAToolkit_ROOT": "{0}"},
    "CUDACXX": {"CUDACXX": "{0}/bin/nvcc"},
    "a login profile": {
        "CUDA_HOME": "{0}",
        "CUDA_PATH": "{0}",
        "CUDACXX": "{0}/bin/nvcc",
        "PATH": "{0}/bin:/usr/bin:/bin",
    },
    "a link": {"CUDA_HOME": "{0}-link"},
    "a slash at the end": {"CUDA_HOME": "{0}/"},
}


@pytest.mark.parametrize("project", [None, b'[project]\nname = "x"\n', b'[build-system]\nrequires = ["setuptools"]\n'],
                         ids=["no project", "a project", "a project that builds"])  # fmt: skip
@pytest.mark.parametrize("case", VARIABLES)
def test_a_toolkit_of_the_users(venv, other, tmp_path, case, project):
    """Somebody who has CUDA_HOME in a login profile pays for it at each start of each program in Python."""
    os.symlink(other, f"{other}-link")
    cwd = tmp_path / "project"
    cwd.mkdir()
    if project:
        write(str(cwd / "pyproject.toml"), project)
    environ = {name: value.format(other) for name, value in VARIABLES[case].items()}
    off = modules(venv, cwd, **environ, CUDA_SHIMS_STARTUP="0")
    assert OURS <= modules(venv, cwd, **environ) - off <= CHOOSING
    # what is paid for: the toolkit is that of the user
    code = "print(os.environ.get('CUDA_HOME')); subprocess.run(['nvcc'])"
    home = environ.get("CUDA_HOME", "None")
    said = venv.run(
        venv.python, "-c", f"import os, subprocess\n{code}", cwd=cwd, **{"PATH": f"{venv.bin}:/usr/bin:/bin", **environ}
    )
    assert sorted(said.replace("\0", "\n").split()) == sorted([home, "other"])
