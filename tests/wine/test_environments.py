"""Virtual environments of Windows' CPython: what pip installs is found, by a shell, by Python and by a build."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from bed import windows

pytestmark = pytest.mark.timeout(1200)

#: CPython, release of cuda-toolkit, what its nvcc says
PAIRS = [("3.11", "13.5.0", "13.5.37"), ("3.13", "13.4.3", "13.4.92")]
EXTRAS = "cccl,crt,cudart,nvcc,nvvm"
SHIPPED = ("nvcc", "ptxas", "fatbinary", "nvlink", "bin2c", "cudafe++")
_SAY = "import json, os; print(json.dumps(dict(os.environ)))"
_SETUP = """\
import json, os, shutil, subprocess
from setuptools import setup

said = subprocess.run(["nvcc", "--version"], capture_output=True, text=True)
with open(os.environ["PROBE"], "w") as file:
    json.dump({"environ": dict(os.environ), "nvcc": shutil.which("nvcc"), "said": said.stdout + said.stderr}, file)
setup(name="probe", version="1.0", py_modules=[])
"""
_PYPROJECT = """\
[build-system]
requires = [ "setuptools", "cuda-toolkit[nvcc,cccl,cudart]==%s", "cuda-shims" ]
build-backend = "setuptools.build_meta"
"""


@pytest.fixture(params=PAIRS, ids=lambda pair: f"py{pair[0]}-cuda{pair[1]}")
def pair(request):
    return request.param


def scripts_of(bed, wheel, version, release, name):
    """Return the Scripts directory of a venv that pip installed the toolkit and our wheel in, made once."""

    def make(folder):
        bed.run(bed.python(version), "-m", "venv", windows(folder / "v"))
        pip = [folder / "v/Scripts/python.exe", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        bed.run(*pip, windows(wheel), f"cuda-toolkit[{EXTRAS}]=={release}", timeout=600)
        return str(folder / "v/Scripts")

    return Path(bed.once(f"venv-{name}-{version}", make))


@pytest.fixture
def scripts(bed, windows_wheel, pair):
    return scripts_of(bed, windows_wheel, *pair[:2], "plain")


def test_shims_are_native_programs(scripts):
    for tool in SHIPPED:
        assert (scripts / f"{tool}.exe").read_bytes()[:2] == b"MZ"
        assert not (scripts / tool).exists(), "CMake takes a file without a suffix for the compiler"


def test_every_tool_runs_by_path(bed, scripts, pair):
    path = f"{windows(scripts)};C:\\windows\\system32"
    jobs = [{"command": f"{tool} --version", "environ": {"PATH": path}} for tool in SHIPPED]
    for tool, answer in zip(SHIPPED, bed.jobs(*jobs)):
        assert answer["code"] == 0, answer
        assert f"V{pair[2]}" in answer["out"] + answer["err"] or tool == "cudafe++", answer


def test_start_up_hook(bed, scripts):
    environ = json.loads(bed.run(scripts / "python.exe", "-c", _SAY))
    root = windows(scripts.parent / "Lib/site-packages/nvidia/cu13")
    assert {name: environ[name] for name in ("CUDA_HOME", "CUDA_PATH", "CUDATOOLKIT_ROOT")} == dict.fromkeys(
        ("CUDA_HOME", "CUDA_PATH", "CUDATOOLKIT_ROOT"), root
    )
    assert environ["CUDACXX"] == environ["NVCC"] == f"{root}\\bin\\nvcc.exe"
    assert environ["PATH"].partition(";")[0] == f"{root}\\bin"
    assert "PKG_CONFIG_PATH" not in environ


def test_users_own_toolkit_is_left_alone(bed, scripts):
    environ = json.loads(bed.run(scripts / "python.exe", "-c", _SAY, CUDA_HOME="C:\\CUDA\\v12.9"))
    assert environ["CUDA_HOME"] == "C:\\CUDA\\v12.9"
    assert "CUDA_PATH" not in environ


def test_command_line(bed, scripts, pair):
    python = scripts / "python.exe"
    root = windows(scripts.parent / "Lib/site-packages/nvidia/cu13")
    assert bed.run(python, "-m", "cuda_shims", "root").strip() == root
    assert bed.run(scripts / "cuda-shims.exe", "which", "ptxas").strip() == f"{root}\\bin\\ptxas.exe"
    assert f"CUDA {pair[2]}" in bed.run(python, "-m", "cuda_shims", "list")


def test_exec(bed, scripts, pair):
    """The command's exit code, arguments and variables; os.exec* of Windows loses them."""
    python = scripts / "python.exe"
    code = "import os, sys; print(os.environ['CUDA_HOME'], sys.argv[1:]); sys.exit(3)"
    words = ["-m", "cuda_shims", "exec", "python", "-c", code, "a b", ""]
    said = bed.run(python, *words, rc=3, path=[scripts], CUDA_SHIMS_STARTUP="0")
    assert said.strip() == f"{windows(scripts.parent / 'Lib/site-packages/nvidia/cu13')} ['a b', '']"
    assert f"V{pair[2]}" in bed.run(python, "-m", "cuda_shims", "exec", "nvcc", "--version", CUDA_SHIMS_STARTUP="0")


def test_pip_isolated_build(bed, windows_wheel, pair, tmp_path):
    """In pip's own environment: the shim is there, the hook has run, and nvcc is the wheels'."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "setup.py").write_text(_SETUP)
    (project / "pyproject.toml").write_text(_PYPROJECT % pair[1])
    links = os.pathsep.join([windows(windows_wheel.parent)])
    pip = [bed.python(pair[0]), "-m", "pip", "wheel", "--no-deps", "--disable-pip-version-check"]
    words = ["-w", windows(tmp_path / "out"), windows(project)]
    probe = tmp_path / "probe.json"
    bed.run(*pip, *words, timeout=900, PROBE=windows(probe), PIP_FIND_LINKS=links)
    said = json.loads(probe.read_text())
    root = said["environ"]["CUDA_HOME"]
    assert re.search(r"pip-build-env-\w+\\overlay\\Lib\\site-packages\\nvidia\\cu13$", root)
    assert f"V{pair[2]}" in said["said"]
    assert said["nvcc"].lower() == f"{root}\\bin\\nvcc.exe".lower()
    assert (tmp_path / "out/probe-1.0-py3-none-any.whl").exists()


def test_uninstall_leaves_what_is_not_ours(bed, windows_wheel):
    version, release, nvcc = PAIRS[0]
    scripts = scripts_of(bed, windows_wheel, version, release, "uninstall")
    site_dir = scripts.parent / "Lib/site-packages"
    bed.run(scripts / "python.exe", "-m", "pip", "uninstall", "-y", "-q", "cuda-shims", timeout=600)
    assert not [path for path in site_dir.iterdir() if "cuda_shims" in path.name]
    assert not [tool for tool in (*SHIPPED, "cuda-shims") if (scripts / f"{tool}.exe").exists()]
    assert f"V{nvcc}" in bed.run(site_dir / "nvidia/cu13/bin/nvcc.exe", "--version")
