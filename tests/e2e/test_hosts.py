"""Host compilers, and what people tell nvcc by its variables and options: all of it arrives, through shim and CMake."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from e2e_support import SYSTEM_PATH, TOOLKIT, site_packages
from slices import keep

pytestmark = pytest.mark.timeout(600)

SOURCE = """\
#include <cuda_runtime.h>
__global__ void kernel(float *x) { x[0] = 1; }
void run(float *x) { kernel<<<1, 1>>>(x); }
#ifndef FIRST
#define FIRST 0
#endif
#ifndef LAST
#define LAST 0
#endif
extern "C" int first() { return FIRST; }
extern "C" int last() { return LAST; }
extern "C" const char *host_compiler() { return __VERSION__; }
"""
ASK = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.host_compiler.restype = ctypes.c_char_p
print(library.host_compiler().decode(), library.first(), library.last(), sep="|")
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.24...4.0)
set(CMAKE_CUDA_ARCHITECTURES 80-real)
project(p LANGUAGES CUDA)
add_library(k MODULE k.cu)
set_target_properties(k PROPERTIES PREFIX "")
"""
PACKAGES = {"g++-12": "g++-12", "clang++": "clang"}
#: a host compiler and what it says of itself
HOSTS = {"g++-12": r"12\.\d+\.\d+", "clang++": r".*Clang \d+"}


@pytest.fixture
def scripts(world):
    requirements = ("cuda-shims", f"cuda-toolkit[cccl,cudart,nvcc]=={TOOLKIT}", "cmake", "ninja")
    return Path(world.once("hosts", lambda folder: str(world.venv(folder / "venv", *requirements))))


@pytest.fixture(params=HOSTS)
def host(request):
    """Return the path of a host compiler and a pattern for what it says."""
    found = shutil.which(request.param, path=SYSTEM_PATH)
    if found is None:
        pytest.skip(f"{request.param} is not installed (Debian package {PACKAGES[request.param]})")
    return found, HOSTS[request.param]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "k.cu").write_text(SOURCE)
    return tmp_path


def ask(world, scripts, library):
    return world.run(scripts / "python", "-c", ASK, library).strip().split("|")


NVCC = ("nvcc", "-arch=sm_80", "-shared", "-Xcompiler", "-fPIC", "k.cu", "-o", "k.so")
WAYS = {
    "NVCC_CCBIN": ({"NVCC_CCBIN": "{}"}, ()),
    "NVCC_PREPEND_FLAGS": ({"NVCC_PREPEND_FLAGS": "-ccbin {}"}, ()),
    "NVCC_APPEND_FLAGS": ({"NVCC_APPEND_FLAGS": "-ccbin={}"}, ()),
    "-ccbin": ({}, ("-ccbin", "{}")),
    "--compiler-bindir": ({}, ("--compiler-bindir={}",)),
}
CI_WAYS = ("NVCC_CCBIN", "-ccbin")


@pytest.mark.parametrize(
    "way",
    # an option of another spelling is for the matrix
    keep(CI_WAYS, of=WAYS),
)
def test_host_compiler_of_nvcc(world, scripts, host, folder, way):
    path, said = host
    variables, options = WAYS[way]
    env = world.environ(scripts, **{name: value.format(path) for name, value in variables.items()})
    world.run(*NVCC, *(each.format(path) for each in options), cwd=folder, env=env)
    assert re.match(said, ask(world, scripts, folder / "k.so")[0])


@pytest.mark.parametrize(
    "variables",
    [
        {"CUDAHOSTCXX": "{}"},
        pytest.param({"NVCC_CCBIN": "{}"}, marks=pytest.mark.matrix),
        pytest.param({"CXX": "{}", "CUDAHOSTCXX": "{}"}, marks=pytest.mark.matrix),
    ],
)
def test_host_compiler_of_cmake(world, scripts, host, folder, variables):
    path, said = host
    (folder / "CMakeLists.txt").write_text(CMAKE)
    env = world.environ(scripts, **{name: value.format(path) for name, value in variables.items()})
    world.run(scripts / "cmake", "-G", "Ninja", "-S", ".", "-B", "build", cwd=folder, env=env)
    world.run(scripts / "cmake", "--build", "build", cwd=folder, env=env)
    assert re.match(said, ask(world, scripts, folder / "build/k.so")[0])


def test_a_cmake_of_the_machine_with_nothing_on_path(world, scripts, folder):
    """What the how-to names for it: one option, and no hook runs, for it is no Python that starts it."""
    text = CMAKE.replace("add_library", "find_package(CUDAToolkit REQUIRED)\nfind_package(CCCL REQUIRED)\nadd_library")
    (folder / "CMakeLists.txt").write_text(text)
    root = world.run(scripts / "cuda-shims", "root").strip()
    cmake = site_packages(scripts.parent) / "cmake/data/bin/cmake"
    ninja = f"-DCMAKE_MAKE_PROGRAM={scripts / 'ninja'}"
    options = ("-G", "Ninja", "-S", ".", "-B", "build", ninja)
    assert "Failed to find nvcc" in world.run(cmake, *options, cwd=folder, rc=1)
    shutil.rmtree(folder / "build")
    world.run(cmake, *options, f"-DCMAKE_PREFIX_PATH={root}", cwd=folder)
    world.run(cmake, "--build", "build", cwd=folder)
    cache = (folder / "build/CMakeCache.txt").read_text()
    assert re.search(rf"^CMAKE_CUDA_COMPILER:\w+={re.escape(root)}/bin/nvcc$", cache, re.MULTILINE)
    assert f"CCCL_DIR:PATH={root}/lib/cmake/" in cache


def test_a_host_compiler_below_a_path_with_a_blank(world, scripts, folder):
    (folder / "my compilers").mkdir()
    compiler = folder / "my compilers/g++"
    compiler.write_text('#!/bin/sh\nexec g++ -DFIRST=7 "$@"\n')
    compiler.chmod(0o755)
    world.run(*NVCC, "-ccbin", compiler, cwd=folder, env=world.environ(scripts))
    assert ask(world, scripts, folder / "k.so")[1] == "7"


def test_flags_before_and_after(world, scripts, folder):
    variables = {"NVCC_PREPEND_FLAGS": "-DFIRST=1 -DLAST=2+3", "NVCC_APPEND_FLAGS": "-UFIRST -DFIRST=4"}
    (folder / "CMakeLists.txt").write_text(CMAKE)
    env = world.environ(scripts, **variables)
    world.run(*NVCC, cwd=folder, env=env)
    shim = ask(world, scripts, folder / "k.so")[1:]
    world.run(scripts / "cmake", "-G", "Ninja", "-S", ".", "-B", "build", cwd=folder, env=env)
    world.run(scripts / "cmake", "--build", "build", cwd=folder, env=env)
    assert shim == ask(world, scripts, folder / "build/k.so")[1:] == ["4", "5"]


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        ((), {}),
        (("-ccbin", "g++-12", "-Xcompiler", "-Wall,-O2", "-DTEXT=\"a b  'c'\""), {}),
        (("--options-file", "options.txt"), {"NVCC_PREPEND_FLAGS": "-DA", "NVCC_APPEND_FLAGS": "-DB"}),
        (("@options.txt", "--ptxas-options=-v,--warn-on-spills"), {}),
        (("--generate-code=arch=compute_80,code=[compute_80,sm_80]", "-I", "/a b", "-D", ""), {"TMPDIR": "/tmp"}),
        (("-ccbin", "/nowhere/g++"), {}),
        ((), {"NVCC_CCBIN": "/nowhere/g++"}),
        (("--no-such-option",), {}),
    ],
)
def test_all_reaches_nvcc_as_it_is(world, scripts, folder, options, variables):
    """What the shim has nvcc do is what nvcc does: the same commands, the same words, the same exit code."""
    (folder / "options.txt").write_text('-O3 -DSPACE="1 2"\n')
    env = world.environ(scripts, **variables)
    root = site_packages(scripts.parent) / "cuda_shims_toolkit/cu13"
    said = []
    for nvcc in (scripts / "nvcc", root / "bin/nvcc"):
        script = '"$@" >out 2>&1; echo "exit $?" >>out; cat out'
        command = ("sh", "-c", script, "sh", nvcc, "--dryrun", "-c", "k.cu", *options)
        text = world.run(*command, cwd=folder, env=env)
        said.append(re.sub(r"tmpxft_[0-9a-f]+_[0-9a-f]+", "tmpxft", text))
    assert said[0] == said[1]
    assert "exit " in said[0]
