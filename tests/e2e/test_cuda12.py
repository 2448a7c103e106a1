"""CUDA 12 from NVIDIA's real wheels: its root against that of CUDA 13, C++ and Cython builds, and both side by side."""

from __future__ import annotations

import json
import os
import platform
import re
import stat
import sys
import zipfile
from pathlib import Path

import pytest
from e2e_support import NVCC_VERSION, TOOLKIT, site_packages

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="needs x86_64: file names and loader are of its wheels"),
]

RELEASE = "12.9.2.0"
VERSION = 12090
#: small wheels that fill every part of a root
EXTRAS = "cccl,cudart,cupti,nvcc,nvml,nvrtc,nvtx,opencl,profiler,sanitizer"
#: what the root of CUDA 13.5 has and that of 12.9 cannot have, by folder: the wheels of 12.9 hold nothing of it
ONLY_13 = {
    "bin": {"__nvcc_device_query", "bin2c", "crt", "cudafe++", "fatbinary", "nvcc.profile", "nvlink"},
    "lib": {"libnvvm"},  # 12.9 has it in nvvm/lib64
    "lib/pkgconfig": {"nvvm"},
    "nvvm": {"bin"},  # cicc
    "compute-sanitizer": {"TreeLauncherSubreaper", "TreeLauncherTargetLdPreloadHelper", "docs", "x86"},
    "include": {"cccl", "nvtxw3"},  # 12.9 has what is in the first in include, and the other is new
}
ALIKE = (
    "lib/cmake",
    "lib/stubs",
    "extras/CUPTI",
    f"targets/{platform.machine()}-linux",
    "nvvm/include",
    "nvvm/libdevice",
)
SAY = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture(scope="module")
def environments(world):
    """Return the scripts directories of an environment of each major, with the same components."""

    def make(folder):
        found = {}
        for major, release in (("12", RELEASE), ("13", TOOLKIT)):
            found[major] = str(world.venv(folder / major, "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={release}"))
            world.run(folder / major / "bin/python", "-c", "")
        return found

    return {int(major): Path(path) for major, path in world.once("cuda12-environments", make).items()}


def root_of(scripts, major):
    return site_packages(scripts.parent) / f"cuda_shims_toolkit/cu{major}"


def variables(world, python, **more):
    return json.loads(world.run(python, "-c", SAY, env=world.environ(**more)))


def names(folder):
    """List a folder of a root; of libraries and .pc files without their versions."""
    found = set()
    for name in os.listdir(folder):
        library = (
            re.sub(r"\.so\.[\d.]+$|\.so$", "", name) if "/lib" in str(folder) or "sanitizer" in str(folder) else name
        )
        found.add(re.sub(r"-1\d\.\d\.pc$", "", library))
    return found


def test_the_root_against_that_of_13(world, environments):
    """Nothing of it is missing but what no wheel of 12.9 holds."""
    for major, scripts in environments.items():
        home = variables(world, scripts / "python")["CUDA_HOME"]
        assert home == str(root_of(scripts, major))
    old, new = root_of(environments[12], 12), root_of(environments[13], 13)
    assert names(new) == names(old)
    for folder, only in ONLY_13.items():
        missing = names(new / folder) - names(old / folder)
        # headers differ with the release; their folders are components
        assert {each for each in missing if folder != "include" or (new / folder / each).is_dir()} == only, folder
    for folder in ALIKE:
        assert names(old / folder) == names(new / folder), folder
    # its runtime brings culibos, which CUDA 13 has a wheel of its own for
    assert names(old / "lib") - names(new / "lib") == {"libculibos.a", "libnvrtc.alt", "libnvrtc-builtins.alt"}
    for name in ("cub", "cuda", "nv", "thrust"):
        assert (old / "include" / name).is_dir()
    dangling = [Path(top, each) for top, folders, files in os.walk(old) for each in (*folders, *files)]
    assert [str(each) for each in dangling if not each.exists()] == []
    release = json.loads((old / "version.json").read_text())
    assert release["cuda"]["version"].startswith("12.9.")
    said = world.run("readelf", "-d", old / "lib/stubs/libcuda.so")
    assert "libcuda.so.1" in said


def test_tools_by_root_and_by_shim(world, environments):
    scripts = environments[12]
    root, wheels = root_of(scripts, 12), site_packages(scripts.parent) / "nvidia"
    assert stat.S_IMODE((wheels / "cuda_sanitizer_api/bin/compute-sanitizer").stat().st_mode) == 0o644
    for folder in (root / "bin", scripts):
        assert "release 12.9, V12.9.86" in world.run(folder / "ptxas", "--version")
        assert "Version 2025.2" in world.run(folder / "compute-sanitizer", "--version")
        # it finds its libraries and goes on to start the program: that the wheel lacks what this takes, is NVIDIA's
        said = world.run(folder / "compute-sanitizer", "/bin/true", rc=None)
        assert "Unable to find injection library" not in said
        assert "Target application terminated before first instrumented API call" in said
    assert stat.S_IMODE((wheels / "cuda_sanitizer_api/bin/compute-sanitizer").stat().st_mode) == 0o644


def test_nvcc_is_asked_for(world, environments):
    scripts = environments[12]
    never = "NVIDIA publishes no nvcc on PyPI before CUDA 13"
    inside = world.environ(scripts)
    for command, env in (
        ([scripts / "nvcc", "--version"], None),
        ([scripts / "cuda-shims", "which", "nvcc"], None),
        ([scripts / "cuda-shims", "exec", "nvcc", "x.cu"], None),
        ([scripts / "cuda-shims", "exec", "nvcc", "x.cu"], inside),
    ):
        said = world.run(*command, rc=127, env=env)
        assert said.count("\n") == 1, said
        assert never in said
        assert '"cuda-shims[cu13]"' in said
    said = world.run(scripts / "cuda-shims", "doctor", "-v", env=inside)
    assert never in said
    assert "a build will find this toolkit" in said


PYPROJECT = """\
[build-system]
requires = [{requires}, "cuda-toolkit[{extras}]==12.9.*", "cuda-shims"]
build-backend = "{backend}"
[project]
name = "probe"
version = "1"
[tool.setuptools]
packages = []
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.18...4.0)
project(probe LANGUAGES CXX)
find_package(CUDAToolkit 12.9 REQUIRED)
find_package(CCCL REQUIRED)
add_library(probe MODULE probe.cpp)
set_target_properties(probe PROPERTIES PREFIX "")
target_link_libraries(probe PRIVATE CUDA::cudart CUDA::nvrtc CUDA::cuda_driver CCCL::libcudacxx)
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/found.txt"
  "${CUDAToolkit_VERSION};${CUDAToolkit_LIBRARY_DIR};${CUDAToolkit_INCLUDE_DIRS};${CCCL_DIR}")
install(TARGETS probe LIBRARY DESTINATION .)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/found.txt" DESTINATION .)
"""
CPP = """\
#include <cuda.h>
#include <cuda_runtime.h>
#include <cuda_fp16.h>
#include <cuda/std/array>
#include <nvrtc.h>
extern "C" int header() { return CUDA_VERSION; }
extern "C" int runtime() { int v = 0; return cudaRuntimeGetVersion(&v) == cudaSuccess ? v : -1; }
extern "C" int compiler() { int major, minor; nvrtcVersion(&major, &minor); return major * 1000 + minor * 10; }
extern "C" int driver() { return cuInit(0); }
"""
LOAD = """\
import ctypes, sys
for name in sys.argv[2:]:
    ctypes.CDLL(name, ctypes.RTLD_GLOBAL)
library = ctypes.CDLL(sys.argv[1])
print(library.header(), library.runtime(), library.compiler())
"""
PYX = """\
cdef extern from "cuda.h":
    int CUDA_VERSION
cdef extern from "cuda_runtime_api.h":
    int cudaRuntimeGetVersion(int *version)
def versions():
    cdef int version = 0
    return CUDA_VERSION, cudaRuntimeGetVersion(&version), version
"""
SETUP = """\
import os
from setuptools import Extension, setup
home = os.environ["CUDA_HOME"]
assert "nvcc" not in os.environ.get("CUDACXX", "") + os.environ.get("NVCC", "")
libraries = ["cudart_static", "rt", "pthread", "dl"]
include, lib = [home + "/include"], [home + "/lib64"]
setup(ext_modules=[Extension("probe", ["probe.pyx"], include_dirs=include, library_dirs=lib, libraries=libraries)])
"""


def project(folder, requires, extras, backend, **files):
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT.format(requires=requires, extras=extras, backend=backend))
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


@pytest.mark.parametrize("cmake", ["", ', "cmake"'], ids=["the system's CMake", "the newest CMake"])
def test_a_cmake_project_without_the_cuda_language(world, environments, tmp_path, scratch, cmake):
    source = project(
        tmp_path / "source",
        f'"scikit-build-core"{cmake}',
        "cccl,cudart,nvcc,nvrtc",
        "scikit_build_core.build",
        CMakeLists_txt=CMAKE,
        probe_cpp=CPP,
    )
    world.run(world.uv, "build", "-q", "--wheel", "-o", tmp_path / "out", source, env=world.environ(TMPDIR=scratch))
    (wheel,) = (tmp_path / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "unpacked")
    version, *folders = (tmp_path / "unpacked/found.txt").read_text().split(";")
    assert version.startswith("12.9.")
    for folder in folders:
        assert "/site-packages/cuda_shims_toolkit/cu12" in folder
        assert not folder.startswith(str(environments[12].parent))
    lib = root_of(environments[12], 12) / "lib"
    # the driver's library is not here: nothing of it is called
    stub = tmp_path / "libcuda.so.1"
    stub.symlink_to(lib / "stubs/libcuda.so")
    libraries = (lib / "libcudart.so.12", lib / "libnvrtc.so.12", stub)
    said = world.run(sys.executable, "-I", "-c", LOAD, tmp_path / "unpacked/probe.so", *libraries)
    assert said == f"{VERSION} {VERSION} {VERSION}\n"


def test_a_cython_module(world, tmp_path, scratch):
    source = project(
        tmp_path / "source",
        '"setuptools", "cython>=3"',
        "cudart,nvcc",
        "setuptools.build_meta",
        setup_py=SETUP,
        probe_pyx=PYX,
    )
    pip = world.tools("pip-newest", "pip", "setuptools")
    world.run(pip / "python", "-m", "pip", "wheel", "-w", tmp_path / "out", source, env=world.environ(TMPDIR=scratch))
    (wheel,) = (tmp_path / "out").glob("*.whl")
    scripts = world.venv(tmp_path / "env", wheel)
    said = world.run(scripts / "python", "-I", "-c", "import probe; print(*probe.versions())")
    assert said == f"{VERSION} 0 {VERSION}\n"


def test_side_by_side(world, tmp_path):
    """The newest, and each when it is chosen: by hook, shim, command line and project, one root each."""
    wheels = ("nvidia-cuda-runtime-cu12==12.9.*", "nvidia-cuda-nvcc-cu12==12.9.*")
    scripts = world.venv(tmp_path / "env", "cuda-shims", f"cuda-toolkit[cccl,cudart,nvcc]=={TOOLKIT}", *wheels)
    site = site_packages(scripts.parent)
    for choice, major, release in (("", 13, NVCC_VERSION), ("12", 12, "12.9.86"), ("13", 13, NVCC_VERSION)):
        root = site / f"cuda_shims_toolkit/cu{major}"
        chosen = {"CUDA_SHIMS_TOOLKIT": choice} if choice else {}
        option = ["--cuda", choice] if choice else []
        for environ in (
            variables(world, scripts / "python", **chosen),
            json.loads(world.run(scripts / "cuda-shims", "exec", *option, scripts / "python", "-c", SAY)),
        ):
            homes = {environ[name] for name in ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT")}
            assert homes == {str(root)}
            assert environ["PATH"].split(":")[0] == f"{root}/bin"
            assert environ.get("CUDACXX") == (f"{root}/bin/nvcc" if major == 13 else None)
            assert f"cu{25 - major}/" not in environ["PATH"] + environ["PKG_CONFIG_PATH"]
        said = world.run(scripts / "ptxas", "--version", env=world.environ(**chosen))
        assert f"V{release}" in said
        assert world.run(scripts / "cuda-shims", "which", *option, "ptxas") == f"{root}/bin/ptxas\n"
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = 12\n")
    said = json.loads(world.run(scripts / "python", "-c", SAY, cwd=tmp_path))
    assert said["CUDA_HOME"] == str(site / "cuda_shims_toolkit/cu12")
    assert {each.name for each in (site / "cuda_shims_toolkit").iterdir()} >= {"cu12", "cu13"}
    # an upgrade of one component of one of them
    world.run(world.uv, "pip", "install", "-q", "-p", scripts / "python", "nvidia-cuda-nvcc-cu12==12.8.93")
    assert "V12.8.93" in world.run(scripts / "ptxas", "--version", env=world.environ(CUDA_SHIMS_TOOLKIT="12"))
    assert f"V{NVCC_VERSION}" in world.run(scripts / "ptxas", "--version")
