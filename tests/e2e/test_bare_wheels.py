"""
What fails with NVIDIA's wheels alone, message by message, and that the same works where cuda-shims is installed too.

Each case is run twice, in environments that differ by our wheel and nothing else: first with what people do to help
themselves (``HELP``: a link to nvcc, its folder on PATH, CUDA_HOME ...), where the message has to come; then with
nothing done.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from e2e_support import TOOLKIT, site_packages
from example_support import EXAMPLES_FOLDER

pytestmark = pytest.mark.timeout(600)

KERNEL = """\
#include <cuda_fp16.h>
__global__ void scale(float *x) { x[threadIdx.x] *= 2; }
void run(float *x) { scale<<<1, 32>>>(x); }
int main() { return 0; }
"""
CALLS = """\
#include <cuda.h>
#include <cublas_v2.h>
#include <nvrtc.h>
int main(int count, char **) {
  int major, minor, number = 0;
  if (count > 100) cuInit(0);
  cublasHandle_t handle = nullptr;
  return count > 100 ? cublasGetVersion(handle, &number) : nvrtcVersion(&major, &minor);
}
"""
LANGUAGE = """\
cmake_minimum_required(VERSION 3.24...4.0)
set(CMAKE_CUDA_ARCHITECTURES 80-real)
project(p LANGUAGES CXX CUDA)
"""
CXX_ONLY = """\
cmake_minimum_required(VERSION 3.24...4.0)
project(p LANGUAGES CXX)
find_package(CUDAToolkit REQUIRED)
"""
CMAKE = "cmake -G Ninja -S . -B build && cmake --build build"
MESON = "meson setup build && meson compile -C build"
NVCC = "nvcc -arch=sm_80 -shared -Xcompiler -fPIC k.cu -o k.so"


# --- what people do to help themselves: from the folder of the wheels' toolkit and an empty one, variables and PATH ---


def nothing(_cu13, _folder):
    return {}, []


def link(cu13, folder):
    (folder / "bin").mkdir()
    (folder / "bin/nvcc").symlink_to(cu13 / "bin/nvcc")
    return {}, [folder / "bin"]


def script(cu13, folder):
    (folder / "bin").mkdir()
    (folder / "bin/nvcc").write_text(f'#!/bin/sh\nexec "{cu13}/bin/nvcc" "$@"\n')
    (folder / "bin/nvcc").chmod(0o755)
    return {}, [folder / "bin"]


def path(cu13, _folder):
    return {}, [cu13 / "bin"]


def homes(cu13, _folder):
    return dict.fromkeys(("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT"), cu13), []


def toolkit_root(cu13, _folder):
    return {"CUDAToolkit_ROOT": cu13}, []


def folder_of_links(cu13, folder):
    """A toolkit made with three ln -s and a loop: bin is one link."""
    for name in ("bin", "include", "nvvm"):
        (folder / name).symlink_to(cu13 / name)
    (folder / "lib").mkdir()
    (folder / "lib64").symlink_to("lib")
    for library in (cu13 / "lib").glob("lib*"):
        (folder / "lib" / library.name).symlink_to(library)
        (folder / "lib" / re.sub(r"\.so.*", ".so", library.name)).unlink(missing_ok=True)
        (folder / "lib" / re.sub(r"\.so.*", ".so", library.name)).symlink_to(library)
    return homes(folder, None)


class Case(NamedTuple):
    """A project, what is run in it, and what is said of it where we are not installed."""

    name: str
    help: object
    files: dict
    command: str
    said: str
    release: str = TOOLKIT


def meson(languages, rest):
    return {"meson.build": f"project('p', {languages})\n{rest}\n", "main.cpp": "int main() {}\n", "k.cu": KERNEL}


# the second where /usr/local/cuda was hidden by an empty folder
NO_MESON = r'Please specify the desired CUDA Toolkit version|CUDA target "targets/\S+-linux" does not exist'
# meson puts a compiler cache that is on PATH before it
BROKEN = r"Compiler (\S+ )?nvcc cannot compile programs"
CUBLAS = "executable('x', 'main.cpp', dependencies : dependency('cuda', modules : ['cublas']))"
LIBRARY = "add_library(m MODULE k.cu)\nset_target_properties(m PROPERTIES {})\n"
SETUP = [f"{EXAMPLES_FOLDER}/setuptools/", "python setup.py build_ext --inplace"]
LEGACY = "cmake_minimum_required(VERSION 3.24...3.26)\nproject(p LANGUAGES CXX)\nfind_package(CUDA REQUIRED)\n"
LEGACY += "list(APPEND CUDA_NVCC_FLAGS -arch=sm_80)\ncuda_add_executable(x k.cu)\n"
CCCL = LANGUAGE + "find_package(CCCL REQUIRED)\nadd_library(m MODULE k.cu)\ntarget_link_libraries(m CCCL::CCCL)\n"
TEXT = "CMakeLists.txt"
CASES = [
    Case("nvcc", nothing, {"k.cu": KERNEL}, NVCC, "nvcc: not found"),
    Case("nvcc-link", link, {"k.cu": KERNEL}, NVCC, r"fatal error: cuda_(runtime|fp16)\.h: No such file or directory"),
    *(
        Case(f"nvcc-{each}", path, {"k.cu": KERNEL}, f"{NVCC} -cudart shared -l{each}", f"cannot find -l{each}")
        for each in ("cudart", "cublas", "nvrtc")
    ),
    Case("nvcc-cuda", path, {"k.cu": CALLS}, "nvcc k.cu -o x -lcuda -lcublas -lnvrtc", "cannot find -lcuda:"),
    Case("nvcc-lto", path, {"k.cu": KERNEL}, f"{NVCC} -dlto", "nvlink fatal *: elfLink linker library load error"),
    Case("nvcc-13.0", path, {"k.cu": KERNEL}, NVCC, "cannot find -lcuda(devrt|rt_static)", "13.0.3.0"),
    Case("cmake", nothing, {TEXT: LANGUAGE}, CMAKE, r"Failed to find nvcc\..*set\s+the\s+CUDAToolkit_ROOT"),
    Case("cmake-link", link, {TEXT: LANGUAGE}, CMAKE, "Couldn't find CUDA library root"),
    Case("cmake-root", toolkit_root, {TEXT: LANGUAGE}, CMAKE, "No CMAKE_CUDA_COMPILER could be found"),
    Case("cmake-13.0", path, {TEXT: LANGUAGE}, CMAKE, r"CMakeCUDACompilerId\.cu.*failed", "13.0.3.0"),
    *(
        Case(f"cmake-{name}", path, {TEXT: LANGUAGE + LIBRARY.format(properties), "k.cu": KERNEL}, CMAKE, said)
        for name, properties, said in (
            ("shared", "CUDA_RUNTIME_LIBRARY Shared", "cannot find -lcudart"),
            ("lto", "CUDA_SEPARABLE_COMPILATION ON INTERPROCEDURAL_OPTIMIZATION ON", "linker library load error"),
        )
    ),
    Case("toolkit", nothing, {TEXT: CXX_ONLY}, CMAKE, "Could not find `nvcc` executable in any searched paths"),
    Case("toolkit-link", link, {TEXT: CXX_ONLY}, CMAKE, "missing: *CUDAToolkit_INCLUDE_DIRECTORIES CUDA_CUDART"),
    Case("toolkit-path", path, {TEXT: CXX_ONLY}, CMAKE, r"Could NOT find CUDAToolkit \(missing: CUDA_CUDART\)"),
    Case("toolkit-homes", homes, {TEXT: CXX_ONLY}, CMAKE, r"Could NOT find CUDAToolkit \(missing: CUDA_CUDART\)"),
    Case(
        "toolkit-driver",
        folder_of_links,
        {TEXT: CXX_ONLY + "add_executable(x x.cpp)\ntarget_link_libraries(x CUDA::cuda_driver)", "x.cpp": KERNEL[-26:]},
        CMAKE,
        r'Target "x" links to:\s+CUDA::cuda_driver\s+but the target was not found',
    ),
    Case("cccl", script, {TEXT: CCCL, "k.cu": KERNEL}, CMAKE, r'By not providing "FindCCCL\.cmake"'),
    Case("cccl-path", path, {TEXT: CCCL, "k.cu": KERNEL}, CMAKE, "Could not find _THRUST_VERSION_INCLUDE_DIR"),
    Case("findcuda", nothing, {TEXT: LEGACY, "k.cu": KERNEL}, CMAKE, "Specify CUDA_TOOLKIT_ROOT_DIR"),
    Case("findcuda-link", link, {TEXT: LEGACY, "k.cu": KERNEL}, CMAKE, "missing: *CUDA_INCLUDE_DIRS"),
    Case("meson", nothing, meson("'cuda'", "library('m', 'k.cu')"), MESON, r"Unknown compiler\(s\): \[\['nvcc'\]\]"),
    Case("meson-link", link, meson("'cuda'", "library('m', 'k.cu')"), MESON, BROKEN),
    Case("meson-module", path, meson("'cpp', 'cuda'", CUBLAS), MESON, NO_MESON),
    Case("meson-cpp", nothing, meson("'cpp'", CUBLAS), MESON, NO_MESON),
    Case("meson-homes", homes, meson("'cpp'", CUBLAS), MESON, r'CUDA target "targets/\S+-linux" does not exist'),
    Case(
        "meson-version",
        path,
        meson("'cpp', 'cuda'", "dependency('cuda', version : '>= 12')"),
        MESON,
        f'Dependency "cuda" not found|{NO_MESON}',
    ),
    Case("setuptools", nothing, {"": SETUP[0]}, SETUP[1], "nvcc is not on PATH: add it, or set CUDA_HOME"),
    Case("setuptools-path", path, {"": SETUP[0]}, SETUP[1], r"CUDA lib64 path could not be located in \S+/cu13/lib64"),
    Case("setuptools-home", homes, {"": SETUP[0]}, SETUP[1], r"CUDA lib64 path could not be located in \S+/cu13/lib64"),
    Case("setuptools-script", script, {"": SETUP[0]}, SETUP[1], "CUDA include path could not be located in"),
]
TORCH = "torch==2.15.0"
TORCH_RELEASE = "13.2.2"
#: the second where /usr/local/cuda is there, and empty
NO_HOME = "CUDA_HOME environment variable is not set|nvcc not found at '/usr/local/cuda/bin/nvcc'"
_EXTENSION = f"{EXAMPLES_FOLDER}/torch-extension/"
#: a C++ source that asks the runtime, as torch's own headers for CUDA do
_BINDING = {
    "ext.cpp": "#include <Python.h>\n#include <cuda_runtime_api.h>\n"
    'extern "C" PyObject *PyInit_ext(void) { int version; cudaRuntimeGetVersion(&version); return nullptr; }\n',
    "setup.py": "from setuptools import setup\nfrom torch.utils.cpp_extension import BuildExtension, CUDAExtension\n"
    "setup(name='ext', ext_modules=[CUDAExtension('ext', ['ext.cpp'])], cmdclass={'build_ext': BuildExtension})\n",
}
TORCH_CASES = [
    Case("torch", nothing, {"": _EXTENSION}, SETUP[1], NO_HOME, TORCH_RELEASE),
    Case("torch-script", script, {"": _EXTENSION}, SETUP[1], "cannot find -lcudart", TORCH_RELEASE),
    Case("torch-cpp", script, _BINDING, SETUP[1], r"fatal error: cuda_runtime_api\.h: No such file", TORCH_RELEASE),
    Case("torch-path", path, {"": _EXTENSION}, SETUP[1], "cannot find -lcudart", TORCH_RELEASE),
    Case("torch-homes", homes, {"": _EXTENSION}, SETUP[1], "cannot find -lcudart", TORCH_RELEASE),
]
#: what a back end does: Python starts a program
_START = "import subprocess, sys; sys.exit(subprocess.call(['/bin/sh', '-c', sys.argv[1]]))"


def environment(world, case, *ours):
    """Return the scripts directory of an environment of the wheels, and perhaps of ours, shared by all cases."""
    torch = case in TORCH_CASES
    requirements = [f"cuda-toolkit[cccl,cublas,cudart,nvcc,nvrtc]=={case.release}", "setuptools", "ninja", *ours]
    if torch:
        requirements = [f"cuda-toolkit[cccl,cublas,cudart,cusolver,cusparse,nvcc]=={case.release}", TORCH]
        requirements += ["setuptools", "ninja", *ours]
    else:
        requirements += ["cmake", "meson"]
    name = f"bare-{case.release}-{len(ours)}{'-torch' if torch else ''}"
    return Path(world.once(name, lambda folder: str(world.venv(folder / "venv", *requirements))))


def project(case, folder):
    folder.mkdir()
    for name, content in case.files.items():
        if name:
            (folder / name).write_text(content)
        else:
            shutil.copytree(content, folder, dirs_exist_ok=True)
    return folder


def check(world, tmp_path, case):
    bare = environment(world, case)
    cu13 = site_packages(bare.parent) / "nvidia/cu13"
    (tmp_path / "help").mkdir()
    variables, folders = case.help(cu13, tmp_path / "help")
    steering = {"CUDAARCHS": "80", "TORCH_CUDA_ARCH_LIST": "8.0"}
    env = world.environ(*folders, bare, **variables, **steering)
    code = "import subprocess, sys; done = subprocess.call(['/bin/sh', '-c', sys.argv[1]]); sys.exit(9 if done else 0)"
    said = world.run(bare / "python", "-c", code, case.command, cwd=project(case, tmp_path / "bare"), env=env, rc=9)
    assert re.search(case.said, " ".join(said.split())), said[-4000:]

    ours = environment(world, case, "cuda-shims")
    env = world.environ(ours, **steering)
    world.run(ours / "python", "-c", _START, case.command, cwd=project(case, tmp_path / "ours"), env=env)


#: those that are much like another one
LIKE_OTHERS = {
    *("nvcc-cublas", "nvcc-nvrtc", "cmake-13.0", "cmake-shared", "toolkit-link", "toolkit-homes", "findcuda-link"),
    *("meson-cpp", "meson-homes", "meson-version", "setuptools-home", "setuptools-path", "setuptools-script"),
    *(
        "nvcc-cuda",
        "cmake-root",
        "toolkit-path",
        "cccl-path",
        "nvcc-13.0",
        "cmake-lto",
        "meson-module",
        "nvcc-link",
        "meson-link",
        "cmake-link",
        "toolkit-driver",
        "nvcc-lto",
    ),
}


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.name, marks=[pytest.mark.matrix] * (case.name in LIKE_OTHERS)) for case in CASES],
)
def test_fails_with_the_wheels_alone_and_works_with_us(world, tmp_path, case):
    check(world, tmp_path, case)


@pytest.mark.matrix
@pytest.mark.xdist_group("torch")
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in TORCH_CASES])
def test_torch_fails_with_the_wheels_alone_and_works_with_us(world, tmp_path, case):
    check(world, tmp_path, case)
