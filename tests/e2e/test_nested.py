"""A build environment inside another one, or beside a toolkit of the user's: one whole toolkit, never a mix."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from e2e_support import (
    EXTRAS,
    NVCC_VERSION,
    OTHER_RUNTIME_VERSION,
    OTHER_TOOLKIT,
    RUNTIME_VERSION,
    check_built,
    check_loads,
    check_root,
    cmake_project,
    nvcc_project,
    unpacked,
)
from slices import keep

pytestmark = pytest.mark.timeout(300)

PREFER_WHEELS = '\n[tool.cuda-shims]\nprefer = "wheels"\n'
# what "python -m uv" does: uv gets the environment of a Python in which the start-up hook has run
EXEC = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"


def pip_wheel(world, project, out, environ, python=None):
    python = python or world.tools("pip-newest", "pip", "setuptools") / "python"
    world.run(python, "-m", "pip", "wheel", "-w", out, project, env=environ)
    return unpacked(out)


def uv_build(world, project, out, environ, *prefix):
    command = [*prefix, world.uv, "build", "--wheel", "-p", sys.executable, "--out-dir", out, project]
    world.run(*command, env=environ)
    return unpacked(out)


# --- cuda-shims outside and inside ---


@pytest.fixture(scope="session")
def outer(world):
    """Return the scripts directory of an environment with cuda-shims and another toolkit."""

    def make(folder):
        toolkit = f"cuda-toolkit[{EXTRAS}]=={OTHER_TOOLKIT}"
        return str(world.venv(folder / "venv", "pip", "build", "cuda-shims", toolkit))

    return Path(world.once("outer", make))


@pytest.mark.parametrize("front_end", keep(["uv"], of=["pip", "build", "uv"]))
def test_the_build_environment_takes_its_own_toolkit(world, outer, tmp_path, scratch, front_end):
    environ = world.environ(outer, VIRTUAL_ENV=outer.parent, TMPDIR=scratch)
    said = world.run(outer / "python", "-c", "import os; print(os.environ['CUDA_HOME'])", env=environ)
    assert said.strip().startswith(f"{outer.parent}/lib/"), "the outer environment has not its own toolkit"

    project, out = cmake_project(tmp_path / "project"), tmp_path / "out"
    if front_end == "pip":
        built = pip_wheel(world, project, out, environ, outer / "python")
    elif front_end == "build":
        world.run(outer / "python", "-m", "build", "--wheel", "--outdir", out, project, env=environ)
        built = unpacked(out)
    else:
        built = uv_build(world, project, out, environ, outer / "python", "-c", EXEC)
    check_built(world, built, world.uv_cache if front_end == "uv" else scratch)


# --- another toolkit in the user's variables ---


@pytest.fixture(scope="session")
def classic(world):
    """Return a toolkit as CUDA's own installer lays it out, made of the wheels of another version."""

    def make(folder):
        requirement = f"cuda-toolkit[{EXTRAS}]=={OTHER_TOOLKIT}"
        site = folder / "site"
        world.run(world.uv, "pip", "install", "-q", "-p", sys.executable, "--target", site, requirement)
        home = folder / f"cuda-{OTHER_TOOLKIT}"
        shutil.move(site / "nvidia/cu13", home)
        shutil.rmtree(site)
        (home / "lib64").symlink_to("lib")
        (home / "lib/libcudart.so").symlink_to("libcudart.so.13")
        return str(home)

    return world.once("classic", make)


VARIABLES = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "CUDACXX")


def variable(name, classic):
    return {name: f"{classic}/bin/nvcc" if name == "CUDACXX" else classic}


def check_users(world, built, classic):
    assert built.report["compiler_version"].startswith("13.4.")
    assert built.report["toolkit_version"] == built.report["compiler_version"]
    check_root(built.report, classic)
    check_loads(world, built, toolkit=OTHER_TOOLKIT, version=OTHER_RUNTIME_VERSION)


@pytest.mark.parametrize("name", keep(["CUDA_HOME"], of=VARIABLES))
def test_the_users_toolkit_is_taken_whole(world, classic, tmp_path, name):
    environ = world.environ(**variable(name, classic))
    built = uv_build(world, cmake_project(tmp_path / "project"), tmp_path / "out", environ)
    check_users(world, built, classic)


@pytest.mark.parametrize("name", keep(["CUDA_HOME"], of=VARIABLES))
def test_the_wheels_are_taken_whole_where_the_project_prefers_them(world, classic, tmp_path, name):
    environ = world.environ(**variable(name, classic))
    project = cmake_project(tmp_path / "project", extra=PREFER_WHEELS)
    check_built(world, uv_build(world, project, tmp_path / "out", environ), world.uv_cache)


def test_the_users_toolkit_is_taken_whole_by_pip(world, classic, tmp_path, scratch):
    environ = world.environ(CUDA_HOME=classic, TMPDIR=scratch)
    built = pip_wheel(world, cmake_project(tmp_path / "project"), tmp_path / "out", environ)
    check_users(world, built, classic)


@pytest.mark.matrix
def test_the_wheels_are_taken_whole_by_pip_where_the_project_prefers_them(world, classic, tmp_path, scratch):
    environ = world.environ(f"{classic}/bin", CUDA_HOME=classic, CUDA_PATH=classic, TMPDIR=scratch)
    project = cmake_project(tmp_path / "project", extra=PREFER_WHEELS)
    check_built(world, pip_wheel(world, project, tmp_path / "out", environ), scratch)


# --- dirname(dirname(which nvcc)) ---


@pytest.mark.parametrize(
    ("front_end", "toolkit"),
    [
        pytest.param("pip", None, marks=pytest.mark.matrix),
        ("uv", None),
        pytest.param("uv", "13.0.3.0", marks=pytest.mark.matrix),
    ],
)
def test_which_nvcc_leads_to_a_complete_root(world, tmp_path, scratch, front_end, toolkit):
    project = nvcc_project(tmp_path / "project", **({"toolkit": toolkit} if toolkit else {}))
    environ = world.environ(TMPDIR=scratch)
    build = pip_wheel if front_end == "pip" else uv_build
    built = build(world, project, tmp_path / "out", environ)
    report = built.report
    root = report["root"]
    assert report["missing"] == []
    assert root.endswith("/cuda_shims_toolkit/cu13")
    assert root.startswith(f"{scratch if front_end == 'pip' else world.uv_cache}/")
    nvcc = f"{root}/bin/nvcc"
    assert report["environ"] == {
        **dict.fromkeys(("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT"), root),
        **dict.fromkeys(("CUDACXX", "NVCC"), nvcc),
    }
    assert os.path.normpath(report["top"]) == root
    assert report["path"].split(os.pathsep).count(f"{root}/bin") == 1
    if toolkit is None:
        assert f"V{NVCC_VERSION}" in report["version"]
        check_loads(world, built, kinds=["shared"], version=RUNTIME_VERSION)
    else:
        assert "release 13.0" in report["version"]
