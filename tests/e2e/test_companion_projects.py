"""
Other people's projects that look for companions, none edited: each finds them in the root, by no variable set by hand.

Their whole builds take an hour: what is shown is what they find, and an object or a link that uses it. What each needs
is in docs/how-to/companions.md.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import CHECKOUT
from e2e_support import TOOLKIT, site_packages
from project_table import read_table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.skipif(sys.platform != "linux", reason="on Windows the root is another: tests/wine"),
]

PAGE = CHECKOUT / "docs/how-to/companions.md"
PROJECTS = read_table()
LIGHTGBM, DLIB, CUPY = (PROJECTS[name].pin for name in ("lightgbm", "dlib", "cupy"))
REQUIREMENTS = {name: PROJECTS[name].requires for name in ("lightgbm", "dlib", "cupy")}
LIGHTGBM_SETTINGS = PROJECTS["lightgbm"].settings
#: or it asks the GPU
DLIB_VARIABLES = PROJECTS["dlib"].environ
#: one object that includes nccl.h
OBJECT = "CMakeFiles/lightgbm_objs.dir/src/boosting/cuda/nccl_gbdt.cpp.o"
ONE_OBJECT = {"build.targets": OBJECT, "install.components": "none"}
PIN = f"cuda-toolkit=={TOOLKIT}"


def needs(python):
    if sys.version_info < python:
        pytest.skip(f"it is for Python {'.'.join(map(str, python))} and later")


def sources(world, scripts, requirement, folder):
    """Unpack an sdist; returns where, and what its build said when it was asked for its metadata."""
    name = requirement.partition("=")[0]
    command = ["python", "-m", "pip", "download", "-v", "--no-deps", "--no-build-isolation", "--no-binary", name]
    env = world.environ(scripts, PIP_BUILD_CONSTRAINT=None)
    said = world.run(*command, "-d", folder, requirement, cwd=folder, env=env)
    (archive,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(archive, folder)
    return folder / archive.name[: -len(".tar.gz")], said


def by_hook(world, scripts, *command, **variables):
    """Run a command as a back end does, by Python."""
    code = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    return world.run("python", "-c", code, *command, env=world.environ(scripts, **variables))


def check_lightgbm(said):
    assert re.search(r"-- Using nccl library: \S+/cuda_shims_toolkit/cu13/search/libnccl\.so\n", said), said[-4000:]
    assert re.search(r"-- Found NCCL: \S+/cuda_shims_toolkit/cu13/include\b", said)
    assert f"Building CXX object {OBJECT}" in said


@pytest.mark.matrix
def test_lightgbm_by_uv(world, tmp_path):
    needs((3, 10))
    project = tmp_path / "app"
    world.venv(project / ".venv")
    settings = ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in LIGHTGBM_SETTINGS.items())
    lines = ["[project]", 'name = "app"', 'version = "1"']
    lines += ["[tool.uv]", 'no-binary-package = ["lightgbm"]', f"build-constraint-dependencies = [{json.dumps(PIN)}]"]
    lines += ["[tool.uv.extra-build-dependencies]", f"lightgbm = {json.dumps(REQUIREMENTS['lightgbm'])}"]
    lines += ["[tool.uv.config-settings-package]", f"lightgbm = {{ {settings} }}"]
    (project / "pyproject.toml").write_text("\n".join([*lines, ""]))
    command = [world.uv, "pip", "install", "-v", "--no-deps", "-p", project / ".venv/bin/python"]
    for name, value in ONE_OBJECT.items():
        command += ["-C", f"{name}={value}"]
    check_lightgbm(world.run(*command, "--refresh-package", "lightgbm", LIGHTGBM, cwd=project))


@pytest.mark.matrix
def test_lightgbm_by_pip_without_isolation(world, tmp_path):
    needs((3, 10))
    wheels = [*REQUIREMENTS["lightgbm"], PIN, "pip", "scikit-build-core>=0.11", "cmake", "ninja"]
    scripts = world.venv(tmp_path / "venv", *wheels)
    command = ["python", "-m", "pip", "install", "-v", "--no-build-isolation", "--no-deps", "--no-cache-dir"]
    for name, value in (LIGHTGBM_SETTINGS | ONE_OBJECT).items():
        command += ["-C", f"{name}={value}"]
    env = world.environ(scripts, PIP_BUILD_CONSTRAINT=None)
    check_lightgbm(world.run(*command, "--no-binary", "lightgbm", LIGHTGBM, env=env))


@pytest.mark.matrix
def test_dlib(world, tmp_path):
    """By the CMake project that its setup.py configures: without cuDNN that goes on for CPUs alone."""
    wheels = [*REQUIREMENTS["dlib"], PIN, "pip", "setuptools", "packaging", "wheel", "cmake", "ninja"]
    scripts = world.venv(tmp_path / "venv", *wheels)
    folder, _ = sources(world, scripts, DLIB, tmp_path)
    configure = ["cmake", "-G", "Ninja", "-S", folder / "tools/python", "-B", tmp_path / "build"]
    said = by_hook(world, scripts, *configure, **DLIB_VARIABLES)
    assert re.search(r"-- Found CUDNN: \S+/cuda_shims_toolkit/cu13/search/libcudnn\.so\n", said), said[-4000:]
    assert "DLIB WILL USE CUDA" in said
    by_hook(
        world, scripts, "ninja", "-C", tmp_path / "build", "dlib_build/CMakeFiles/dlib.dir/cuda/cudnn_dlibapi.cpp.o"
    )


@pytest.mark.matrix
def test_cupy(world, tmp_path):
    """It says what it found when it is asked for its metadata."""
    needs((3, 10))
    wheels = [*REQUIREMENTS["cupy"], PIN, "pip", "setuptools", "wheel", "cython>=3.2,<3.3", "numpy"]
    scripts = world.venv(tmp_path / "venv", *wheels)
    _, said = sources(world, scripts, CUPY, tmp_path)
    modules = dict(re.findall(r"^\s+(\w+)\s*: (Yes|No)\b", said, re.MULTILINE))
    assert {name: modules.get(name) for name in ("cuda", "nccl", "cutensor", "cusparselt")} == {
        "cuda": "Yes",
        "nccl": "Yes",
        "cutensor": "Yes",
        "cusparselt": "Yes",
    }, said[-4000:]


@pytest.mark.matrix
def test_nccl_tests(world, tmp_path):
    """NVIDIA's Makefile of its NCCL tests, whose checkout the variable names: PyPI has no sdist of it."""
    checkout = os.environ.get("CUDA_SHIMS_TEST_NCCL_TESTS")
    if not checkout:
        pytest.skip("CUDA_SHIMS_TEST_NCCL_TESTS names no checkout of NVIDIA's nccl-tests")
    folder = tmp_path / "nccl-tests"
    shutil.copytree(checkout, folder)
    scripts = world.venv(tmp_path / "venv", "cuda-shims[cu13]", PIN, "nvidia-nccl-cu13")
    make = ["make", "-C", folder / "src", f"BUILDDIR={tmp_path}/build", "NVCC_GENCODE=-arch=sm_80"]
    program = tmp_path / "build/all_reduce_perf"
    world.run("cuda-shims", "exec", *make, "os.build", program, env=world.environ(scripts))
    said = subprocess.run(["readelf", "-dW", program], capture_output=True, text=True, check=True).stdout
    assert "Shared library: [libnccl.so.2]" in said


# --- torch, with the companions that it pins ---


@pytest.fixture
def torch(world):
    """Return the scripts directory of an environment of torch 2.15.0, whose cuSPARSELt lies in a folder of its own."""
    needs((3, 11))

    def make(folder):
        toolkit = "cuda-toolkit[cccl,cublas,cudart,cusolver,cusparse,nvcc]==13.2.2"
        return str(world.venv(folder / "venv", "cuda-shims", "torch==2.15.0", "cmake", "ninja", "setuptools", toolkit))

    scripts = Path(world.once("torch-companions", make))
    assert (site_packages(scripts.parent) / "nvidia/cusparselt/lib/libcusparseLt.so.0").exists()
    return scripts


TORCH_CMAKE = """\
cmake_minimum_required(VERSION 3.18...4.0)
project(probe LANGUAGES CXX)
find_package(Torch REQUIRED)
add_library(probe SHARED probe.cpp)
target_link_libraries(probe PRIVATE ${TORCH_LIBRARIES} torch::cudnn torch::cusparselt)
"""
TORCH_SOURCE = """\
#include <cudnn.h>
#include <cusparseLt.h>
extern "C" long probe() { int v = 0; cusparseLtGetProperty(MINOR_VERSION, &v); return cudnnGetVersion() * 100 + v; }
"""
SETUP = """\
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension
setup(
    name="probe",
    ext_modules=[CUDAExtension("probe", ["probe.cu"], libraries=["cudnn"])],
    cmdclass={"build_ext": BuildExtension},
)
"""
EXTENSION = """\
#include <Python.h>
#include <cudnn.h>
static PyObject *version(PyObject *, PyObject *) { return PyLong_FromSize_t(cudnnGetVersion()); }
static PyMethodDef methods[] = {{"version", version, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "probe", nullptr, -1, methods};
PyMODINIT_FUNC PyInit_probe() { return PyModule_Create(&module); }
"""
AOTI = """\
import sys
from torch._inductor import cpp_builder
options = cpp_builder.CppTorchDeviceOptions(device_type="cuda", aot_mode=True)
builder = cpp_builder.CppBuilder(name="probe", sources=sys.argv[1], output_dir=sys.argv[2], BuildOption=options)
builder.build()
print(builder.get_target_file_path())
"""
PINNED = 92600  # cuDNN 9.26.0


@pytest.mark.matrix
@pytest.mark.xdist_group("torch")
def test_find_package_torch(world, torch, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(TORCH_CMAKE)
    (tmp_path / "probe.cpp").write_text(TORCH_SOURCE)
    prefix = site_packages(torch.parent) / "torch/share/cmake"
    options = [f"-DCMAKE_PREFIX_PATH={prefix}", "-DCAFFE2_USE_CUDNN=ON", "-DCAFFE2_USE_CUSPARSELT=ON"]
    configure = ["cmake", "-G", "Ninja", "-S", tmp_path, "-B", tmp_path / "build", "-DTORCH_CUDA_ARCH_LIST=8.0"]
    said = by_hook(world, torch, *configure, *options)
    for name, library in (("CUDNN", "cudnn"), ("CUSPARSELT", "cusparseLt")):
        assert re.search(rf"-- Found {name}: \S+/cuda_shims_toolkit/cu13/lib/lib{library}\.so\n", said), said[-4000:]
    by_hook(world, torch, "cmake", "--build", tmp_path / "build")
    code = "import ctypes, sys, torch; print(ctypes.CDLL(sys.argv[1]).probe())"
    said = world.run(torch / "python", "-c", code, tmp_path / "build/libprobe.so")
    assert said.splitlines()[-1] == str(PINNED * 100 + 8)  # and cuSPARSELt 0.8


@pytest.mark.matrix
@pytest.mark.xdist_group("torch")
def test_a_cuda_extension_that_links_cudnn(world, torch, tmp_path):
    (tmp_path / "setup.py").write_text(SETUP)
    (tmp_path / "probe.cu").write_text(EXTENSION)
    env = world.environ(torch, TORCH_CUDA_ARCH_LIST="8.0")
    world.run("python", "setup.py", "build_ext", "--inplace", cwd=tmp_path, env=env)
    said = world.run("python", "-c", "import torch, probe; print(probe.version())", cwd=tmp_path, env=env)
    assert said.splitlines()[-1] == str(PINNED)


@pytest.mark.matrix
@pytest.mark.xdist_group("torch")
def test_aotinductors_link(world, torch, tmp_path):
    """What torch.compile's ahead-of-time mode links with for CUDA: it takes the real path of libcudart_static.a."""
    (tmp_path / "probe.cpp").write_text("#include <cudnn.h>\n#include <cuda.h>\nint probe() { return cuInit(0); }\n")
    said = world.run("python", "-c", AOTI, tmp_path / "probe.cpp", tmp_path, env=world.environ(torch), cwd=tmp_path)
    library = said.splitlines()[-1]
    said = subprocess.run(["readelf", "-dW", library], capture_output=True, text=True, check=True).stdout
    assert "Shared library: [libcuda.so.1]" in said


def test_the_page_gives_what_was_tried():
    text = PAGE.read_text()
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    uv = tomllib.loads(block)["tool"]["uv"]
    assert uv["no-binary-package"] == list(REQUIREMENTS)
    assert uv["extra-build-dependencies"] == REQUIREMENTS
    assert uv["extra-build-variables"] == {"dlib": DLIB_VARIABLES}
    assert uv["config-settings-package"] == {"lightgbm": LIGHTGBM_SETTINGS}
    for requirement in (LIGHTGBM, DLIB, CUPY):
        assert f"\n| {requirement.replace('==', ' ')} |" in text
