"""Builds on Windows: what CMake finds, in and out of PEP 517's isolation, and that nvcc makes the right code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from bed import windows
from venvs import PAIRS, pip, shared_venv, toolkit

pytestmark = pytest.mark.timeout(1200)

KERNEL = """\
__global__ void sum(const float *in, float *out, int n) {
  __shared__ float part[256];
  float mine = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) mine += in[i];
  part[threadIdx.x] = mine;
  __syncthreads();
  for (int half = blockDim.x / 2; half; half /= 2) {
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    __syncthreads();
  }
  if (!threadIdx.x) atomicAdd(out, part[0]);
}
"""
_PROJECT = """\
cmake_minimum_required(VERSION 3.24)
project(probe LANGUAGES CUDA)
find_package(CUDAToolkit REQUIRED)
find_package(CCCL REQUIRED)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/found.txt
  "${CMAKE_CUDA_COMPILER}\\n${CUDAToolkit_LIBRARY_ROOT}\\n${CUDA_cudart_LIBRARY}\\n${CCCL_DIR}\\n")
add_library(device OBJECT kernel.cu)
set_target_properties(device PROPERTIES CUDA_CUBIN_COMPILATION ON CUDA_ARCHITECTURES 90-real)
add_library(host STATIC kernel.cu)
set_target_properties(host PROPERTIES CUDA_ARCHITECTURES 90)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/found.txt $<TARGET_OBJECTS:device> DESTINATION probe)
install(TARGETS host DESTINATION probe)
"""
_PYPROJECT = """\
[build-system]
requires = [ "scikit-build-core", "%s", "cuda-shims" ]
build-backend = "backend"
backend-path = [ "." ]
[project]
name = "probe"
version = "1.0"
[tool.scikit-build]
wheel.py-api = "py3"
"""
#: scikit-build-core, and a look at what it is given; the shim is what PATH has without the root that the hook put first
_BACKEND = """\
import json, os, shutil, subprocess
from scikit_build_core.build import *
from scikit_build_core import build

def build_wheel(*arguments, **options):
    first, _, rest = os.environ["PATH"].partition(os.pathsep)
    shim = shutil.which("nvcc", path=rest)
    said = subprocess.run([shim, "--version"], capture_output=True, text=True)
    seen = {"environ": dict(os.environ), "nvcc": shutil.which("nvcc"), "shim": shim, "said": said.stdout + said.stderr}
    with open(os.environ["PROBE"], "w") as file:
        json.dump(seen, file)
    return build.build_wheel(*arguments, **options)
"""
_LOOK = """\
cmake_minimum_required(VERSION 3.24)
project(probe LANGUAGES NONE)
find_package(CUDAToolkit)
message("FOUND ${CUDAToolkit_FOUND} ${CUDAToolkit_VERSION} ${CUDAToolkit_LIBRARY_ROOT} ${CUDA_cudart_LIBRARY}")
"""


@pytest.fixture
def cubin_of_linux(once, pair):
    """Give a function that compiles the kernel by the Linux nvcc of the same release."""

    def make(folder):
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), toolkit(pair[1])]
        subprocess.run(command, check=True)
        return str(folder)

    nvcc = Path(once(f"linux-{pair[1]}", make)) / "nvidia/cu13/bin/nvcc"

    def cubin(source, arch):
        target = source.with_suffix(f".{arch}.linux")
        subprocess.run([nvcc, "-std=c++17", "-cubin", f"-arch={arch}", source, "-o", target], check=True)
        return target.read_bytes()

    return cubin


@pytest.fixture
def kernel(tmp_path):
    source = tmp_path / "kernel.cu"
    source.write_text(KERNEL)
    return source


@pytest.fixture
def cmake(bed):
    """Return the path of cmake.exe."""
    return bed.tool("cmake", "cmake/data/bin/cmake.exe")


@pytest.fixture
def ninja(bed):
    """Return the folder of ninja.exe."""
    return bed.tool("ninja", "ninja-1.13.2.data/scripts")


def test_cubin_is_that_of_linux(bed, scripts, vs, kernel, cubin_of_linux):
    """Through the shim, byte by byte."""
    made = {}
    for arch in ("sm_75", "sm_90", "sm_100"):
        target = kernel.with_suffix(f".{arch}")
        words = ["-std=c++17", "-cubin", f"-arch={arch}", windows(kernel), "-o", windows(target)]
        bed.run(scripts / "nvcc.exe", *words, path=[scripts, vs.folder], compiles=True, **vs.variables)
        made[arch] = target.read_bytes()
        assert made[arch] == cubin_of_linux(kernel, arch)
    assert len(set(made.values())) == len(made)


@pytest.mark.parametrize(
    ("pair", "front_end"),
    [
        (PAIRS[0], "pip"),
        pytest.param(PAIRS[1], "uv", marks=pytest.mark.matrix),
        pytest.param(PAIRS[1], "pip", marks=pytest.mark.matrix),
        pytest.param(PAIRS[0], "uv", marks=pytest.mark.matrix),
    ],
    ids=lambda each: each if isinstance(each, str) else f"py{each[0]}-cuda{each[1]}",
)
def test_isolated_build(bed, windows_wheel, vs, pair, front_end, kernel, cubin_of_linux, tmp_path):
    """With scikit-build-core: the hook's variables, the shim, CMake's own look at the toolkit, and the wheel."""
    (tmp_path / "CMakeLists.txt").write_text(_PROJECT)
    (tmp_path / "pyproject.toml").write_text(_PYPROJECT % toolkit(pair[1]))
    (tmp_path / "backend.py").write_text(_BACKEND)
    out, probe = tmp_path / "out", tmp_path / "probe.json"
    links = {"PIP_FIND_LINKS": windows(windows_wheel.parent), "UV_FIND_LINKS": windows(windows_wheel.parent)}
    variables = {"path": [vs.folder], "PROBE": windows(probe), "CMAKE_GENERATOR": "Ninja", **links, **vs.variables}
    python, project = bed.python(pair[0]), windows(tmp_path)
    if front_end == "pip":
        pip(bed, python, "wheel", "--no-deps", "-w", windows(out), project, **variables)
    else:
        uv = bed.tool("uv", "uv-0.13.9.data/scripts/uv.exe")
        words = ["build", "--wheel", "--python", windows(python), "-o", windows(out), project]
        bed.run(uv, *words, timeout=900, compiles=True, **variables)
    seen = json.loads(probe.read_text())
    root = seen["environ"]["CUDA_HOME"]
    place = {"pip": r"pip-build-env-\w+\\overlay", "uv": r"uv\\cache\\builds-v0\\\.tmp\w+"}[front_end]
    assert re.search(place + r"\\Lib\\site-packages\\nvidia\\cu13$", root)
    site_dir = root[: -len(r"\nvidia\cu13")]
    names = ("CUDA_HOME", "CUDA_PATH", "CUDATOOLKIT_ROOT", "CUDA_SHIMS_ROOT")
    assert {seen["environ"][name] for name in names} == {root}
    assert {seen["environ"][name] for name in ("CUDACXX", "NVCC")} == {rf"{root}\bin\nvcc.exe"}
    assert seen["environ"]["CMAKE_PREFIX_PATH"].split(";")[0] == rf"{site_dir}\cuda_shims_toolkit\cu13"
    assert seen["nvcc"].lower() == rf"{root}\bin\nvcc.exe".lower()
    assert seen["shim"].lower() == site_dir.lower().replace(r"lib\site-packages", r"scripts\nvcc.exe")
    assert f"V{pair[2]}" in seen["said"]

    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        compiler, home, cudart, cccl = archive.read("probe/found.txt").decode().replace("/", "\\").split()
        assert archive.read("probe/kernel.cubin") == cubin_of_linux(kernel, "sm_90")
        assert b".nv_fatb" in archive.read("probe/host.lib")
    assert compiler == rf"{root}\bin\nvcc.exe"
    assert home == root
    assert cudart == rf"{root}\lib\x64\cudart.lib"
    assert cccl == rf"{site_dir}\cuda_shims_toolkit\cu13\lib\cmake\cccl"


def test_cmake_from_a_shell(bed, windows_wheel, vs, cmake, ninja, tmp_path):
    """No Python, so no hook: CMake takes the shim for its compiler, and the wheels for its toolkit."""
    scripts = shared_venv(bed, windows_wheel, *PAIRS[0][:2])
    (tmp_path / "kernel.cu").write_text(KERNEL)
    (tmp_path / "CMakeLists.txt").write_text(_PROJECT.replace("find_package(CCCL REQUIRED)\n", ""))
    tree = tmp_path / "tree"
    place = {"path": [scripts, vs.folder, ninja], "compiles": True, **vs.variables}
    bed.run(cmake, "-GNinja", "-S", windows(tmp_path), "-B", windows(tree), **place)
    compiler, home, cudart = (tree / "found.txt").read_text().split()
    root = windows(scripts.parent / "Lib/site-packages/nvidia/cu13").replace("\\", "/")
    assert compiler == windows(scripts / "nvcc.exe").replace("\\", "/")
    assert home == root
    assert cudart == f"{root}/lib/x64/cudart.lib"
    bed.run(cmake, "--build", windows(tree), **place)
    assert list(tree.rglob("kernel.cu.obj"))
    assert list(tree.rglob("kernel.cubin"))


@pytest.mark.parametrize("with_cl", [True, False], ids=["cl", "no-cl"])
def test_find_package_without_the_language(bed, windows_wheel, vs, cmake, ninja, tmp_path, with_cl):
    """nvcc names no toolkit where it finds no cl.exe; CUDAToolkit_ROOT does."""
    scripts = shared_venv(bed, windows_wheel, *PAIRS[0][:2])
    (tmp_path / "CMakeLists.txt").write_text(_LOOK)
    words = ["-GNinja", "-S", windows(tmp_path), "-B", windows(tmp_path / "tree")]
    place = {"path": [scripts, ninja], "rc": None}
    if with_cl:
        place = {"path": [scripts, ninja, vs.folder], "rc": None, **vs.variables}
    root = windows(scripts.parent / "Lib/site-packages/nvidia/cu13").replace("\\", "/")
    wanted = f"FOUND TRUE 13.5.37 {root} {root}/lib/x64/cudart.lib"
    said = bed.run(scripts / "python.exe", "-m", "cuda_shims", "exec", windows(cmake), *words, **place)
    assert wanted in said
    said = bed.run(cmake, *words, "--fresh", **place)
    assert "FOUND" in said
    assert (wanted in said) is with_cl
