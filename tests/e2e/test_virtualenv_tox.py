"""virtualenv, tox and tox-uv make environments with cuda-shims in them, in which NVIDIA's real nvcc compiles."""

from __future__ import annotations

import pytest
from e2e_support import EXTRAS, NVCC_VERSION, RUNTIME_VERSION, SOURCE, TOOLKIT, nvcc_project, site_packages

pytestmark = pytest.mark.timeout(300)

REQUIREMENT = f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}"
NVCC = ("nvcc", "-arch=sm_80", "-shared", "-Xcompiler", "-fPIC", "k.cu", "-o", "k.so")
LOAD = 'import ctypes; print("loaded", ctypes.CDLL("./k.so").header_version())'
TOX = f"""\
[tox]
no_package = true
env_list = gpu
requires = {{requires}}
[testenv]
deps = {{deps}}
set_env =
  VIRTUALENV_CUDA_SHIMS = 1
pass_env =
  UV_*
commands =
  {" ".join(NVCC)}
  python -c '{LOAD}'
{{more}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "k.cu").write_text(SOURCE)
    return tmp_path


@pytest.fixture
def tox_uv(world):
    return world.tools("tox-uv", "tox", "tox-uv", "cuda-shims[virtualenv]")


def config(folder, *, requires="", deps=REQUIREMENT, more=""):
    (folder / "tox.ini").write_text(TOX.format(requires=requires, deps=deps, more=more))


def check(said, environment):
    assert f"loaded {RUNTIME_VERSION}" in said
    assert (site_packages(environment) / "cuda_shims_toolkit/cu13/bin/nvcc").exists()


def test_virtualenv(world, tox_uv, folder):
    environment = folder / "env"
    world.run(tox_uv / "virtualenv", "--cuda-shims", environment)
    world.run(world.uv, "pip", "install", "-q", "-p", environment / "bin/python", REQUIREMENT)
    env = world.environ(environment / "bin")
    assert f"V{NVCC_VERSION}" in world.run("nvcc", "--version", cwd=folder, env=env)
    world.run(*NVCC, cwd=folder, env=env)
    check(world.run("python", "-c", LOAD, cwd=folder, env=env), environment)


def test_tox(world, folder):
    """tox gets the plugin by itself: it makes an environment that has what is required, and runs there."""
    config(folder, requires="cuda-shims[virtualenv]")
    said = world.run(world.tools("tox", "tox") / "tox", "run", "-e", "gpu", cwd=folder)
    check(said, folder / ".tox/gpu")


@pytest.mark.matrix
def test_tox_uv(world, tox_uv, folder):
    """uv asks no plugin of virtualenv's: cuda-shims is a dependency, or virtualenv makes that environment."""
    more = f"[testenv:dep]\ndeps =\n  cuda-shims\n  {REQUIREMENT}\n[testenv:other]\nrunner = virtualenv\n"
    more += "[testenv:none]\ndeps =\nset_env = VIRTUALENV_CUDA_SHIMS = 1\ncommands =\n  python -c 'print(1)'\n"
    config(folder, more=more)
    said = world.run(tox_uv / "tox", "run", "-e", "dep,other,none", cwd=folder)
    check(said.partition("other: ")[0], folder / ".tox/dep")
    check(said.partition("other: ")[2], folder / ".tox/other")
    assert not (folder / ".tox/none/bin/nvcc").exists()
    for name, maker in (("dep", "uv"), ("none", "uv"), ("other", "virtualenv")):
        assert f"\n{maker} = " in (folder / ".tox" / name / "pyvenv.cfg").read_text()


def test_tox_builds_a_package_that_does_not_require_cuda_shims(world, folder):
    project = nvcc_project(folder / "project")
    pyproject = project / "pyproject.toml"
    text = pyproject.read_text()
    assert '"cuda-shims", ' in text
    pyproject.write_text(text.replace('"cuda-shims", ', ""))
    (project / "tox.ini").write_text(
        "[tox]\nenv_list = gpu\n[testenv]\npackage = wheel\n"
        "commands = python -c 'import cuda_probe; print(cuda_probe.__file__)'\n"
    )
    tox = world.tools("tox-with-ours", "tox", "cuda-shims[virtualenv]") / "tox"
    world.run(tox, "run", "-e", "gpu", cwd=project, env=world.environ(VIRTUALENV_CUDA_SHIMS="1"))
    (report,) = site_packages(project / ".tox/gpu").glob("cuda_probe/report.json")
    assert str(project / ".tox/.pkg") in report.read_text()
