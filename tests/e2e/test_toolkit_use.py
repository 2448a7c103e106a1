"""NVIDIA's real wheels beside ours, used by hand: nvcc with everything it can link, CMake, pkg-config, uninstalling."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import shutil
import sys
from pathlib import Path

import pytest
from e2e_support import TOOLKIT, site_packages
from slices import keep

#: cuda-toolkit's version, nvcc's, and what cudaRuntimeGetVersion says
OLD = "13.0.3.0"
RELEASES = {OLD: ("13.0.88", 13000), "13.2.2": ("13.2.86", 13020), TOOLKIT: ("13.5.37", 13050)}
SOURCE = """\
#include <cstdio>
#include <cuda.h>
#include <cuda_fp16.h>
#include <cub/version.cuh>
#include <thrust/version.h>
#ifdef CCCL
#include <cuda/std/array>
#include <thrust/device_vector.h>
#endif
__global__ void fill(float *out, __half value) { out[threadIdx.x] = __half2float(value); }
int main(int argc, char **) {
  int runtime = 0;
  cudaRuntimeGetVersion(&runtime);
#ifdef DRIVER
  if (argc > 100) std::printf("%d", (int)cuInit(0));
#endif
  std::printf("%d %d\\n", runtime, (int)(CUB_VERSION > 0));
  if (argc > 100) fill<<<1, 32>>>(nullptr, __float2half(1));
}
"""
DEVICE = {
    "main.cu": """\
#include <cstdio>
__device__ float twice(float x);
__global__ void apply(float *x) { *x = twice(*x); }
int main(int argc, char **) {
  int runtime = 0;
  cudaRuntimeGetVersion(&runtime);
  std::printf("%d 1\\n", runtime);
  if (argc > 100) apply<<<1, 1>>>(nullptr);
}
""",
    "twice.cu": "__device__ float twice(float x) { return 2 * x; }\n",
}
CMAKE = """\
cmake_minimum_required(VERSION 3.25...4.0)
project(use LANGUAGES CUDA CXX)
find_package(CUDAToolkit REQUIRED)
find_package(CCCL REQUIRED)
file(WRITE found.txt "")
foreach(name IN LISTS TARGETS)
  if(TARGET CUDA::${name})
    get_target_property(library CUDA::${name} IMPORTED_LOCATION)
    get_target_property(stub CUDA::${name} IMPORTED_IMPLIB)
    get_target_property(headers CUDA::${name} INTERFACE_INCLUDE_DIRECTORIES)
    file(APPEND found.txt "${name} ${library} ${stub} ${headers}\\n")
  endif()
endforeach()
add_executable(use main.cu twice.cu)
set_target_properties(use PROPERTIES CUDA_SEPARABLE_COMPILATION ON)
target_link_libraries(use PRIVATE CUDA::cudart_static CUDA::cuda_driver CCCL::CCCL)
add_executable(lto main.cu twice.cu)
set_target_properties(lto PROPERTIES CUDA_SEPARABLE_COMPILATION ON INTERPROCEDURAL_OPTIMIZATION ON)
"""
#: FindCUDAToolkit's name of every library that the wheels of cuda-toolkit[all] hold, but for helpers without a target
# fmt: off
TARGETS = [
    "cudart", "cudart_static", "cuda_driver", "cublas", "cublasLt", "cufft", "cufftw", "curand", "cusolver",
    "cusparse", "nppc", "nppial", "nppicc", "nppidei", "nppif", "nppig", "nppim", "nppist", "nppisu", "nppitc",
    "npps", "nvrtc", "nvrtc_builtins", "nvJitLink", "nvfatbin", "nvjpeg", "nvml", "cupti", "nvperf_host",
    "nvperf_target", "pcsamplingutil", "OpenCL", "culibos", "nvptxcompiler_static", "cuFile", "cuFile_rdma", "nvtx3",
    "nvtx3_interop", "nvvm",
]
# fmt: on
COMPILE = ("nvcc", "-std=c++17", "-arch=sm_90")

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(
    scope="session",
    # the older ones are for the matrix
    params=keep([TOOLKIT], of=RELEASES),
)
def everything(request, world):
    """Return (scripts directory, release) of an environment with all of a toolkit's wheels."""
    release = request.param

    def make(folder):
        requirements = ("cuda-shims", f"cuda-toolkit[all]=={release}", "cmake", "ninja")
        return str(world.venv(folder / "venv", *requirements))

    return Path(world.once(f"all-{release}", make)), release


def write(folder, **sources):
    for name, text in sources.items():
        Path(folder, name.replace("_cu", ".cu").replace("_txt", ".txt")).write_text(text)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="static"),
        pytest.param(("-DCCCL", "-c"), id="cccl", marks=pytest.mark.matrix),
        pytest.param(("-cudart", "shared"), id="shared"),
        pytest.param(("-DDRIVER", "-lcuda"), id="driver-stub"),
        pytest.param(("-lcublas", "-lnvrtc", "-lnvJitLink", "-lculibos", "-lnvidia-ml"), id="libraries"),
    ],
)
def test_nvcc_links(everything, world, tmp_path, options):
    scripts, release = everything
    write(tmp_path, use_cu=SOURCE)
    env = world.environ(scripts)
    world.run(*COMPILE, "use.cu", "-o", "use", *options, cwd=tmp_path, env=env)
    if "-c" in options:
        return
    needed = world.run("readelf", "-d", "use", cwd=tmp_path)
    assert "RUNPATH" not in needed
    assert "RPATH" not in needed
    assert ("libcudart.so.13" in needed) == ("shared" in options)
    assert ("[libcuda.so.1]" in needed) == ("-lcuda" in options)
    if "-lcuda" not in options and "-lnvidia-ml" not in options:  # the driver's libraries are not on this machine
        lib = site_packages(scripts.parent) / "nvidia/cu13/lib"
        said = world.run("./use", cwd=tmp_path, env=world.environ(LD_LIBRARY_PATH=lib))
        assert said == f"{RELEASES[release][1]} 1\n"


@pytest.mark.parametrize("option", ["-rdc=true", "-dlto"])
def test_nvcc_links_device_code(everything, world, tmp_path, option):
    scripts, release = everything
    for name, text in DEVICE.items():
        (tmp_path / name).write_text(text)
    world.run(*COMPILE, option, *DEVICE, "-o", "use", cwd=tmp_path, env=world.environ(scripts))
    assert world.run("./use", cwd=tmp_path) == f"{RELEASES[release][1]} 1\n"


def test_nvcc_version_and_root(everything, world):
    scripts, release = everything
    env = world.environ(scripts)
    assert f"V{RELEASES[release][0]}" in world.run("nvcc", "--version", env=env)
    root = world.run("cuda-shims", "root", env=env).strip()
    top = world.run("sh", "-c", "nvcc -v __x 2>&1 | sed -n 's/^#$ TOP=//p'", env=env).strip()
    assert os.path.normpath(top) == root


def test_cmake_finds_every_library(everything, world, tmp_path):
    scripts, release = everything
    (tmp_path / "CMakeLists.txt").write_text(CMAKE)
    for name, text in DEVICE.items():
        (tmp_path / name).write_text(text)
    env = world.environ(scripts)
    define = (f"-DTARGETS={';'.join(TARGETS)}", "-DCMAKE_CUDA_ARCHITECTURES=90")
    world.run("cmake", "-G", "Ninja", "-S", ".", "-B", "build", *define, cwd=tmp_path, env=env)
    root = world.run("cuda-shims", "root", env=env).strip()
    found = {line.split()[0]: line for line in (tmp_path / "found.txt").read_text().splitlines()}
    assert set(found) == {*TARGETS} - ({"nvvm"} if "nvvm" not in found else set())
    for line in found.values():
        assert root in line, line
        assert "/usr" not in line, line
    world.run("cmake", "--build", "build", cwd=tmp_path, env=env)
    for name in ("use", "lto"):
        said = world.run(f"build/{name}", cwd=tmp_path) if name == "lto" else f"{RELEASES[release][1]} 1\n"
        assert said == f"{RELEASES[release][1]} 1\n"


def test_cmake_of_the_system_links_the_runtime_alone(everything, world, tmp_path):
    scripts, release = everything
    cmake = "/usr/bin/cmake"
    if not os.path.exists(cmake):
        pytest.skip("no CMake of the system's (Debian package cmake)")
    text = (
        "cmake_minimum_required(VERSION 3.18...4.0)\nproject(use CXX)\nfind_package(CUDAToolkit REQUIRED)\n"
        "add_executable(use use.cpp)\ntarget_link_libraries(use CUDA::cudart_static CUDA::cuda_driver)\n"
        'file(WRITE found.txt "${CUDAToolkit_VERSION} ${CUDAToolkit_LIBRARY_DIR}")\n'
    )
    (tmp_path / "CMakeLists.txt").write_text(text)
    (tmp_path / "use.cpp").write_text(
        "#include <cuda_runtime.h>\nint main() { return cudaRuntimeGetVersion(nullptr) == 0; }\n"
    )
    env = world.environ(scripts)
    world.run(cmake, "-S", ".", "-B", "build", cwd=tmp_path, env=env)
    world.run(cmake, "--build", "build", cwd=tmp_path, env=env)
    version, folder = (tmp_path / "found.txt").read_text().split()
    assert version == RELEASES[release][0]
    assert folder.startswith(str(site_packages(scripts.parent) / "cuda_shims_toolkit"))


def test_pkg_config(everything, world, tmp_path):
    scripts, release = everything
    if shutil.which("pkg-config", path=world.base["PATH"]) is None:
        pytest.skip("pkg-config is missing (Debian package pkg-config)")
    env = world.environ(scripts)
    minor = ".".join(release.split(".")[:2])
    source = "#include <cuda.h>\n#include <cuda_runtime.h>\n"
    source += "int main(int c, char **) { int v; return c > 100 ? cuInit(0) : cudaRuntimeGetVersion(&v); }\n"
    (tmp_path / "use.cpp").write_text(source)
    line = f"c++ use.cpp -o use $(pkg-config --cflags --libs cudart-{minor} cuda-{minor} cublas-{minor})"
    world.run("cuda-shims", "exec", "sh", "-c", line, cwd=tmp_path, env=env)
    needed = world.run("readelf", "-d", "use", cwd=tmp_path)
    assert "libcudart.so.13" in needed
    assert "libcuda.so.1" in needed
    code = "import os, sys; os.execvp('pkg-config', sys.argv)"  # what Python starts has the hook's variables
    names = world.run(scripts / "python", "-c", code, "--list-all", env=env)
    assert all(f"{name}-{minor}" in names for name in ("nvrtc", "nvjitlink", "opencl", "cusolver", "cudart_static"))
    validate = ["--validate", f"cudart-{minor}", f"nvidia-ml-{minor}"]
    assert world.run(scripts / "python", "-c", code, *validate, env=env) == ""


def test_every_tool_answers(everything, world):
    scripts, _ = everything
    env = world.environ(scripts)
    world.run("cuda-shims", "install", env=env)
    tools = ["nvcc", "ptxas", "fatbinary", "nvlink", "cudafe++", "compute-sanitizer"]
    tools += [name for name in ("cuobjdump", "nvdisasm", "tileiras") if (scripts / name).exists()]
    for tool in tools:
        assert "release" in world.run(tool, "--version", env=env).lower() or tool == "compute-sanitizer"
    assert (scripts / "cuobjdump").exists() == (everything[1] != "13.0.3.0")


# --- a fresh environment, at once ---


def compile_and_run(world, tmp_path, env, command=COMPILE):
    write(tmp_path, use_cu=SOURCE)
    world.run(*command, "use.cu", "-o", "use", cwd=tmp_path, env=env)
    assert world.run("./use", cwd=tmp_path) == "13050 1\n"


FOLDERS = {"plain": "env", "blanks and letters": "my env Ünï 日本"}
COMPONENTS = f"cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]=={TOOLKIT}"


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_pip_then_nvcc_at_once(world, tmp_path, folder):
    env = {**world.environ(), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    world.run(sys.executable, "-m", "venv", tmp_path / folder, env=env)
    scripts = tmp_path / folder / "bin"
    world.run(
        scripts / "python",
        "-m",
        "pip",
        "install",
        "-q",
        f"cuda-shims[cu13] @ {world.wheel.as_uri()}",
        COMPONENTS,
        env=env,
    )
    env["PATH"] = f"{scripts}:{env['PATH']}"
    assert "V13.5.37" in world.run("nvcc", "--version", env=env)
    compile_and_run(world, tmp_path, env)
    compile_and_run(world, tmp_path, env, (*COMPILE, "-cudart=static", "-lcuda"))


@pytest.mark.parametrize("link_mode", keep(["hardlink"], of=["hardlink", "copy", "symlink"]))
def test_uv_then_nvcc_at_once(world, tmp_path, link_mode):
    scripts = world.venv(tmp_path / "env", "cuda-shims[cu13]", COMPONENTS, link_mode=link_mode)
    assert not (site_packages(tmp_path / "env") / "cuda_shims_toolkit").exists()
    compile_and_run(world, tmp_path, world.environ(scripts), (*COMPILE, "-lcuda"))
    links = tmp_path / "links"
    links.mkdir()
    (links / "nvcc").symlink_to(scripts / "nvcc")
    compile_and_run(world, tmp_path, world.environ(links))


@pytest.mark.parametrize("cmake", ["build"])
def test_cmake_links_below_a_path_with_blanks(world, tmp_path, cmake):
    env = {**world.environ(), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    scripts = world.venv(tmp_path / "my env", "cuda-shims", COMPONENTS, "cmake", "ninja")
    env["PATH"] = f"{scripts}:{env['PATH']}"
    (tmp_path / "CMakeLists.txt").write_text(CMAKE)
    for name, text in DEVICE.items():
        (tmp_path / name).write_text(text)
    world.run("cmake", "-G", "Ninja", "-S", ".", "-B", cmake, "-DCMAKE_CUDA_ARCHITECTURES=90", cwd=tmp_path, env=env)
    world.run("cmake", "--build", cmake, cwd=tmp_path, env=env)
    root = world.run("cuda-shims", "root", env=env).strip()
    assert root.startswith(str(tmp_path / "cache"))
    # a shell, with no Python in between, comes to the same root
    top = world.run("sh", "-c", "nvcc -v __x 2>&1 | sed -n 's/^#$ TOP=//p'", env=env).strip()
    assert os.path.normpath(top) == root


def test_moved_environment(world, tmp_path):
    scripts = world.venv(tmp_path / "env", "cuda-shims", COMPONENTS)
    compile_and_run(world, tmp_path, world.environ(scripts))
    (tmp_path / "env").rename(tmp_path / "elsewhere")
    env = world.environ(tmp_path / "elsewhere/bin")
    compile_and_run(world, tmp_path, env, (*COMPILE, "-lcuda"))
    top = world.run("sh", "-c", "nvcc -v __x 2>&1 | sed -n 's/^#$ TOP=//p'", env=env).strip()
    assert os.path.normpath(top) == str(site_packages(tmp_path / "elsewhere") / "cuda_shims_toolkit/cu13")


# --- leaving again ---


def nvidia_files_are_whole(site_dir):
    checked = 0
    for record in site_dir.glob("nvidia_*.dist-info/RECORD"):
        for path, digest, _ in csv.reader(record.read_text().splitlines()):
            if digest:
                data = (site_dir / path).read_bytes()
                wanted = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
                assert digest == f"sha256={wanted}", path
                checked += 1
    assert checked > 1000


@pytest.mark.parametrize("how", keep(["pip"], of=["pip", "uv", "cuda-shims"]))
def test_uninstall_leaves_nothing_and_takes_nothing(world, tmp_path, how):
    env = world.environ()
    world.run(sys.executable, "-m", "venv", tmp_path / "env", env=env)
    scripts = tmp_path / "env/bin"
    env = world.environ(scripts)
    before = {each.relative_to(tmp_path) for each in tmp_path.rglob("*")}
    world.run(scripts / "python", "-m", "pip", "install", "-q", COMPONENTS, env=env)
    with_wheels = {each.relative_to(tmp_path) for each in tmp_path.rglob("*")}
    assert with_wheels > before
    world.run(scripts / "python", "-m", "pip", "install", "-q", "cuda-shims", "nvidia-cuda-cuobjdump==13.5.37", env=env)
    compile_and_run(world, tmp_path, env)
    world.run("cuda-shims", "install", env=env)
    assert (scripts / "cuobjdump").exists()
    commands = {
        "pip": (scripts / "python", "-m", "pip", "uninstall", "-q", "-y", "cuda-shims"),
        "uv": (world.uv, "pip", "uninstall", "-q", "-p", scripts / "python", "cuda-shims"),
        "cuda-shims": (scripts / "python", "-m", "cuda_shims", "uninstall"),
    }
    world.run(*commands[how], env=env)
    extra = {each.relative_to(tmp_path) for each in (tmp_path / "env").rglob("*")} - with_wheels
    ours = ("shim", "sitecustomize", "bin/cuobjdump", "bin/nvcc")
    assert [path for path in map(str, extra) if any(word in path for word in ours) and "/nvidia/" not in path] == []
    nvidia_files_are_whole(site_packages(tmp_path / "env"))
