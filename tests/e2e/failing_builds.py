"""Builds that fail, each in one way, and what of CUDA their environments lack: what ``doctor --log`` has to explain."""

from __future__ import annotations

from typing import NamedTuple

#: the release of CUDA that the tests' torch was built for
TORCH_RELEASE = "13.2.2"
#: what the project requires where nothing else is said
REQUIRES = ("setuptools", "cuda-toolkit[cccl,cudart,nvcc]==13.5.0")
OURS = (*REQUIRES, "cuda-shims")

KERNEL = """\
__global__ void scale(float *x) { x[threadIdx.x] *= 2; }
void run(float *x) { scale<<<1, 32>>>(x); }
int main() { return 0; }
"""
SOURCES = {
    "k.cu": KERNEL,
    "main.cpp": "int main() {}\n",
    "profiler.cu": "#include <cudaProfiler.h>\n" + KERNEL,
    "profiler.cpp": "#include <cudaProfiler.h>\nint main() {}\n",
    "half.cu": "#include <cuda_fp16.h>\n" + KERNEL,
    "thrust.cu": "#include <thrust/device_vector.h>\nint main() {}\n",
    "std.cu": "#include <cuda/std/array>\nint main() {}\n",
    "thrust.cpp": "#include <thrust/device_vector.h>\nint main() {}\n",
    "nvtx.cu": "#include <nvToolsExt.h>\n" + KERNEL,
    "cudnn.cpp": "#include <cudnn.h>\nint main() {}\n",
    "calls.cu": "__device__ int f(int);\n__global__ void g(int *x) { *x = f(*x); }\n"
    "void run(int *x) { g<<<1, 1>>>(x); }\nint main() { run(nullptr); }\n",
    "called.cu": "__device__ int f(int a) { return a + 1; }\n",
    "large.cu": "__global__ void g(float *x) {\n#pragma unroll\n"
    "  for (int i = 0; i < 60000; i++) x[i] = x[i] * x[(i * 7) % 60000] + __sinf(x[(i * 3) % 60000]);\n}\n",
    "large.cpp": """\
#include <array>
template <int N> struct S {
  static constexpr auto value = [] {
    std::array<int, 1000> a{};
    for (int i = 0; i < 1000; i++) a[i] = i * N;
    return a;
  }();
  int v = S<N - 1>::value[3] + S<N - 1>().v;
};
template <> struct S<0> { static constexpr std::array<int, 1000> value{}; int v = 0; };
int main() { return S<800>().v; }
""",
    "device.cu": "int f() { cudaDeviceProp p; return p.clockRate + p.deviceOverlap; }\n",
    "attribute.cu": "int f() { int v; cudaDeviceGetAttribute(&v, cudaDevAttrClockRate, 0); return v; }\n",
    "functional.cu": "#include <thrust/functional.h>\nstruct A : thrust::unary_function<int, int> {};\n",
    "async.cu": """\
__global__ void copy(const void *from) {
  __shared__ int4 to;
  unsigned at = __cvta_generic_to_shared(&to);
  asm volatile("cp.async.ca.shared.global [%0], [%1], 16;" ::"r"(at), "l"(from));
}
""",
    "add.cu": "#include <cuda_fp16.h>\n__global__ void add(__half *x) { x[0] = x[1] + x[2]; }\n",
    "thread.cu": "int f() { return cudaThreadSynchronize(); }\n",
    "texture.cu": "texture<float, 1, cudaReadModeElementType> t;\n",
    "prefetch.cu": "int f(void *p, cudaStream_t s) { return cudaMemPrefetchAsync(p, 64, 0, s); }\n",
    "iterator.cu": "#include <cub/cub.cuh>\ncub::CountingInputIterator<int> i(0);\n",
    "tensorrt.cpp": "#include <NvInfer.h>\nint main() {}\n",
    "needs.cpp": 'extern "C" int cuInit(unsigned);\nint f() { return cuInit(0); }\n',
    "torch.cpp": "namespace c10 { void check(int); }\nvoid f() { c10::check(1); }\n",
    "Makefile": "all:\n\tnvcc -c k.cu\n",
    "build.ninja": "rule cuda\n  command = nvcc -c k.cu\nbuild k.o: cuda k.cu\n",
    "extension.py": "from setuptools import setup, Extension\n"
    "setup(name='e', ext_modules=[Extension('e', ['main.cpp'])], script_args=['build_ext', '--inplace'])\n",
    # a user-space killer, as systems have them that do not wait for the kernel's
    "killer.py": """\
import os, signal, subprocess, sys, time
build = subprocess.Popen(sys.argv[2:])
while build.poll() is None:
    for pid in (each for each in os.listdir("/proc") if each.isdigit()):
        try:
            name = open(f"/proc/{pid}/comm").read()
            parent = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1]
            above = open(f"/proc/{parent}/stat").read().rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if name.strip() == sys.argv[1] and str(build.pid) in (parent, above):
            os.kill(int(pid), signal.SIGKILL)
    time.sleep(0.01)
sys.exit(build.returncode)
""",
}

NEW = "cmake_minimum_required(VERSION 3.24...4.0)\n"
CUDA = NEW + "set(CMAKE_CUDA_ARCHITECTURES 80-real)\nproject(p LANGUAGES CXX CUDA)\n"
TOOLKIT = NEW + "project(p LANGUAGES CXX)\nfind_package(CUDAToolkit REQUIRED)\n"
LINKED = "add_executable(x main.cpp)\ntarget_link_libraries(x PRIVATE {})\n"
CONFIGURE = "cmake -G Ninja -S . -B build"
BUILD = f"{CONFIGURE} && cmake --build build"
CARGO = 'PATH="@CARGO@:$PATH" CARGO_HOME=$PWD/home cargo build --offline'
MESON = "meson setup build"
UV = 'uv pip install --dry-run -p "$(command -v python)"'
CUBLAS = "dependency('cuda', modules : ['cublas'])"


class Failure(NamedTuple):
    """A build that fails. In its command @HOME@ is the wheels' folder, @ROOT@ a root of ours, @SHIM@ a shim."""

    name: str
    #: one of the environments of test_logs.py
    where: str
    command: str
    #: the finding's code
    code: str
    #: what has to be in what it says, why, and how to fix it
    words: tuple[str, ...]
    #: text of a CMakeLists.txt or a meson.build
    files: dict[str, str] | None = None
    requires: tuple[str, ...] | None = REQUIRES
    #: whether the build has to pass with the requirement that the fix names
    fixes: bool = False
    #: what else the fix says, and the command that follows it, which has to pass in the place of the build's
    then: tuple[str, str] | None = None


def hollow(first, rest):
    """Run something where PATH has next to nothing."""
    return f'mkdir hollow && ln -s "$(command -v sh)" hollow/sh && {first} && export PATH=$PWD/hollow && {rest}'


def stale(first, rest):
    """Run something after another build, whose environment is gone."""
    return f"ln -s @ROOT@ gone && CUDACXX=$PWD/gone/bin/nvcc {first} >/dev/null && rm gone && {rest}"


def short_of_memory(command):
    """Run something with less and less memory: how much is too little to end, and enough to say so, differs."""
    return (
        f"for kilobytes in 220000 180000 140000 120000 100000 60000; do (ulimit -v $kilobytes; {command}); done; false"
    )


def cmake(text):
    return {"CMakeLists.txt": text}


def meson(languages, rest=""):
    return {"meson.build": f"project('p', {languages})\n{rest}\n"}


SHIMS = 'in pyproject.toml, add "cuda-shims"'
NVCC = "nvcc -arch=sm_80"
FAILURES = [
    # --- headers
    Failure(
        "header",
        "bare",
        f"{NVCC} -c profiler.cu",
        "header-missing",
        ("cudaProfiler.h", "nvidia-cuda-profiler-api", '"cuda-toolkit[cccl,cudart,nvcc,profiler]==13.5.0"'),
        fixes=True,
    ),
    Failure(
        "header-environment",
        "bare",
        f"{NVCC} -c profiler.cu",
        "header-missing",
        ("cudaProfiler.h", "pip install", '"cuda-toolkit[profiler]==13.5.*"'),
        requires=None,
        fixes=True,
    ),
    Failure(
        "header-clang", "none", "clang++ -c profiler.cpp", "header-missing", ("cudaProfiler.h", "profiler]==13.5.0")
    ),
    Failure(
        "header-edg",
        "bare",
        "cudafe++ --gen_c_file_name x --stub_file_name y profiler.cpp",
        "header-missing",
        ("cudaProfiler.h", "profiler]==13.5.0"),
    ),
    Failure(
        "header-cccl",
        "no-cccl",
        f"{NVCC} -c half.cu",
        "header-missing",
        ("nv/target", "nvidia-cuda-cccl", '"cuda-toolkit[cccl,nvcc]==13.5.0"'),
        requires=("cuda-toolkit[nvcc]==13.5.0",),
        fixes=True,
    ),
    Failure(
        "header-crt",
        "no-crt",
        f"{NVCC} -c k.cu",
        "header-missing",
        ("crt/host_config.h", "nvidia-cuda-crt", '"cuda-toolkit[crt]==13.5.*"'),
        requires=("nvidia-nvvm",),
    ),
    Failure(
        "header-host",
        "none",
        "c++ -c thrust.cpp",
        "header-missing",
        ("thrust/device_vector.h", 'I"$CUDA_HOME/include/cccl"', "CCCL::CCCL"),
        requires=OURS,
        then=('-I"$CUDA_HOME/include/cccl"', "c++ -std=c++17 -I@ROOT@/include/cccl -I@ROOT@/include -c thrust.cpp"),
    ),
    Failure(
        "header-nvtx",
        "bare",
        f"{NVCC} -c nvtx.cu",
        "header-missing",
        ("nvToolsExt.h", "<nvtx3/nvToolsExt.h>", "[cccl,cudart,nvcc,nvtx]==13.5.0"),
        fixes=True,
        then=(
            "#include <nvtx3/nvToolsExt.h> instead",
            f"sed -i s,nvToolsExt,nvtx3/nvToolsExt, nvtx.cu && {NVCC} -c nvtx.cu",
        ),
    ),
    Failure("header-cudnn", "none", "c++ -c cudnn.cpp", "header-missing", ("nvidia-cudnn-cu13",)),
    Failure(
        "nvcc-alone",
        "alone",
        f"{NVCC} -c k.cu",
        "nvcc-link",
        ("cuda_runtime.h", "nvidia-cuda-runtime", '"cuda-toolkit[cccl,crt,cudart,nvvm]==13.5.*"'),
        requires=("nvidia-cuda-crt",),
    ),
    Failure(
        "no-cicc",
        "no-nvvm",
        f"{NVCC} -c k.cu",
        "tool-missing",
        ("cicc", "nvidia-nvvm", '"cuda-toolkit[nvvm]==13.5.*"'),
        requires=("nvidia-cuda-crt",),
    ),
    Failure(
        "nvcc-link",
        "none",
        f"ln -s @HOME@/bin/nvcc nvcc && ./{NVCC} -c k.cu",
        "nvcc-link",
        ("through a link", SHIMS),
        fixes=True,
        then=("", f"{NVCC} -c k.cu"),
    ),
    # --- libraries
    *(
        Failure(
            f"library-{linker}",
            "none",
            f"c++ -fuse-ld={linker} main.cpp -lcublas",
            "library-missing",
            ("-lcublas", "nvidia-cublas", '"cuda-toolkit[cccl,cublas,cudart,nvcc]==13.5.0"', 'add "cuda-shims"'),
        )
        for linker in ("bfd", "gold", "lld", "mold")
    ),
    Failure(
        "library-shared",
        "bare",
        f"{NVCC} -cudart shared k.cu",
        "library-missing",
        ("-lcudart", "a number at its end", SHIMS),
        fixes=True,
    ),
    Failure("library-driver", "bare", f"{NVCC} k.cu -lcuda", "library-missing", ("driver", "stub", SHIMS), fixes=True),
    Failure(
        "library-lib64",
        "old",
        f"{NVCC} k.cu",
        "library-missing",
        ("-lcudart_static", "lib64", SHIMS),
        fixes=True,
    ),
    Failure(
        "library-static",
        "bare",
        f"{NVCC} k.cu -lcublas_static",
        "library-missing",
        ("the shared one", "-lcublas,"),
        fixes=True,
        then=("link to -lcublas,", f"{NVCC} k.cu -L$CUDA_HOME/lib -lcublas"),
    ),
    Failure(
        "lto",
        "bare",
        f"{NVCC} -dlto -shared -Xcompiler -fPIC k.cu -o k.so",
        "lto-library",
        ("libnvvm.so", SHIMS),
        fixes=True,
    ),
    # --- CMake
    Failure(
        "cmake-nvcc",
        "none",
        CONFIGURE,
        "nvcc-not-found",
        ("CMake finds no nvcc", '"cuda-toolkit[cccl,cudart,nvcc]==13.5.*"', '"cuda-shims"'),
        cmake(CUDA),
        ("setuptools",),
        fixes=True,
    ),
    Failure(
        "cmake-compiler",
        "none",
        f"CUDAToolkit_ROOT=@HOME@ {CONFIGURE}",
        "nvcc-not-found",
        (SHIMS,),
        cmake(CUDA),
        fixes=True,
    ),
    Failure(
        "cmake-link",
        "link",
        CONFIGURE,
        "nvcc-link",
        ("through a link", SHIMS),
        cmake(CUDA),
        fixes=True,
    ),
    Failure(
        "cmake-13.0",
        "old",
        CONFIGURE,
        "library-missing",
        ("lib64", SHIMS),
        cmake(CUDA),
        fixes=True,
    ),
    Failure(
        "cmake-toolkit",
        "bare",
        CONFIGURE,
        "toolkit-incomplete",
        ("CUDA_CUDART", SHIMS),
        cmake(TOOLKIT),
        fixes=True,
    ),
    Failure(
        "cmake-toolkit-nvcc",
        "none",
        CONFIGURE,
        "nvcc-not-found",
        (SHIMS,),
        cmake(TOOLKIT),
        fixes=True,
    ),
    Failure(
        "cmake-optional",
        "none",
        CONFIGURE,
        "nvcc-not-found",
        (SHIMS,),
        cmake(TOOLKIT.replace(" REQUIRED", "") + LINKED.format("CUDA::cudart")),
        fixes=True,
    ),
    Failure(
        "cmake-target",
        "ours",
        CONFIGURE,
        "target-missing",
        ("CUDA::culibos", "nvidia-cuda-culibos", '"cuda-toolkit[cccl,cudart,culibos,nvcc]==13.5.0"'),
        cmake(TOOLKIT + LINKED.format("CUDA::culibos")),
        OURS,
        fixes=True,
    ),
    Failure(
        "cmake-target-nvtx",
        "ours",
        CONFIGURE,
        "target-missing",
        ("CUDA::nvToolsExt", "CUDA::nvtx3"),
        cmake(TOOLKIT + LINKED.format("CUDA::nvToolsExt")),
        OURS,
    ),
    Failure(
        "cmake-target-unasked",
        "ours",
        CONFIGURE,
        "target-missing",
        ("CUDA::cudart", "find_package(CUDAToolkit REQUIRED)"),
        cmake(NEW + "project(p LANGUAGES CXX)\n" + LINKED.format("CUDA::cudart")),
        OURS,
        then=(
            "find_package(CUDAToolkit REQUIRED)",
            f"sed -i '2a find_package(CUDAToolkit REQUIRED)' CMakeLists.txt && {CONFIGURE}",
        ),
    ),
    Failure(
        "cmake-version",
        "ours",
        CONFIGURE,
        "toolkit-version",
        ("CUDA 13.4", "13.5", '"cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]==13.4.*"'),
        cmake(TOOLKIT.replace("CUDAToolkit", "CUDAToolkit 13.4 EXACT")),
        OURS,
        fixes=True,
    ),
    Failure(
        "cccl",
        "script",
        CONFIGURE,
        "cccl-not-found",
        ("CCCL", SHIMS),
        cmake(TOOLKIT.replace("CUDAToolkit", "CCCL")),
        fixes=True,
    ),
    Failure(
        "cccl-headers",
        "bare",
        CONFIGURE,
        "cccl-headers",
        ("CCCL's CMake files", SHIMS),
        cmake(TOOLKIT.replace("CUDAToolkit", "CCCL")),
        fixes=True,
    ),
    Failure(
        "findcuda",
        "ours",
        CONFIGURE,
        "findcuda-removed",
        ("cuda_add_library", "CMP0146"),
        cmake("cmake_minimum_required(VERSION 3.27)\nproject(p)\nfind_package(CUDA)\ncuda_add_library(k k.cu)\n"),
        then=(
            "",
            "sed -i 's/(p)/(p LANGUAGES CUDA)/; /find_package/d; s/cuda_add/add/' CMakeLists.txt && " + CONFIGURE,
        ),
    ),
    Failure(
        "cmake-too-old",
        "ours",
        CONFIGURE,
        "cmake-version",
        ("CMake 99.0", '"cmake>=99.0"'),
        cmake("cmake_minimum_required(VERSION 99.0)\n"),
    ),
    Failure(
        "cmake-too-new",
        "ours",
        CONFIGURE,
        "cmake-policy",
        ("3.5", "CMAKE_POLICY_VERSION_MINIMUM"),
        cmake("cmake_minimum_required(VERSION 3.1)\nproject(p LANGUAGES CXX)\n"),
        then=("CMAKE_POLICY_VERSION_MINIMUM to 3.5", f"CMAKE_POLICY_VERSION_MINIMUM=3.5 {CONFIGURE}"),
    ),
    Failure(
        "architecture-empty",
        "ours",
        f"{CONFIGURE} -DCMAKE_CUDA_ARCHITECTURES=",
        "architecture-empty",
        ("names no architecture", "CUDAARCHS"),
        cmake(NEW + "project(p LANGUAGES CUDA)\n"),
        then=("-DCMAKE_CUDA_ARCHITECTURES=80", f"{CONFIGURE} -DCMAKE_CUDA_ARCHITECTURES=80"),
    ),
    Failure(
        "architecture-cmake",
        "ours",
        f"{CONFIGURE} -DCMAKE_CUDA_ARCHITECTURES=70",
        "architecture",
        ("compute_70", "12.9 was the last", "75, 80"),
        cmake(NEW + "project(p LANGUAGES CUDA)\n"),
        then=("75, 80", f"{CONFIGURE} -DCMAKE_CUDA_ARCHITECTURES=75"),
    ),
    Failure(
        "stale-cache",
        "ours",
        stale(CONFIGURE, CONFIGURE),
        "stale",
        ("gone/bin/nvcc", "cmake --fresh"),
        cmake(CUDA),
        then=("remove the build directory", CONFIGURE),
    ),
    Failure(
        "stale-compiler",
        "ours",
        stale(CONFIGURE, "cmake --build build"),
        "stale",
        ("gone/bin/nvcc", "cmake --fresh"),
        cmake(CUDA + "add_library(k k.cu)\n"),
        then=("remove the build directory", BUILD),
    ),
    Failure(
        "stale-variable",
        "none",
        f"CUDACXX=/nonexistent/bin/nvcc {CONFIGURE}",
        "stale",
        ("/nonexistent/bin/nvcc", "remove the variable CUDACXX"),
        cmake(CUDA),
    ),
    # --- Meson, setuptools
    Failure(
        "meson",
        "none",
        MESON,
        "nvcc-not-found",
        ("Meson finds no nvcc", SHIMS),
        meson("'cuda'"),
        fixes=True,
    ),
    Failure(
        "meson-dependency",
        "none",
        MESON,
        "nvcc-not-found|toolkit-incomplete",
        ("Meson finds", SHIMS),
        meson("'cpp'", CUBLAS),
    ),
    Failure(
        "meson-targets",
        "bare",
        f"CUDA_PATH=@HOME@ {MESON}",
        "toolkit-incomplete",
        ("targets/", SHIMS),
        meson("'cpp'", CUBLAS),
    ),
    Failure(
        "meson-module",
        "ours",
        MESON,
        "library-missing",
        ("cublas", "nvidia-cublas", '"cuda-toolkit[cccl,cublas,cudart,nvcc]==13.5.0"'),
        meson("'cpp'", CUBLAS),
        OURS,
        fixes=True,
    ),
    Failure(
        "meson-log",
        "link",
        f"{MESON} || {{ cat build/meson-logs/meson-log.txt; exit 1; }}",
        "nvcc-link",
        ("through a link", SHIMS),
        meson("'cuda'"),
        fixes=True,
    ),
    Failure(
        "meson-version",
        "ours",
        MESON,
        "meson-cuda",
        ("version that meson.build requires", "CUDA_PATH"),
        meson("'cpp'", "dependency('cuda', version : '>=99')"),
        OURS,
    ),
    Failure("meson-said", "link", MESON, "meson-log", ("doctor --log /", "meson-log.txt"), meson("'cuda'")),
    # --- versions
    Failure(
        "ptx",
        "floated",
        f"{NVCC} -c k.cu",
        "version-mismatch",
        ("PTX 9.5", "CUDA 13.5 and 13.0", '"cuda-toolkit[nvcc,nvvm,crt,cudart,cccl]==13.5.*" instead of nvidia-'),
        requires=("nvidia-cuda-nvcc==13.0.88",),
        fixes=True,
    ),
    Failure(
        "headers",
        "torch-like",
        f"{NVCC} -c std.cu",
        "version-mismatch",
        ("two releases", '"cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]==13.5.0"'),
        fixes=True,
    ),
    Failure(
        "objects",
        "old",
        f"@HOME@/bin/{NVCC} -rdc=true -c called.cu -o new.o && {NVCC} -rdc=true -c calls.cu && {NVCC} calls.o new.o",
        "older-objects",
        ("new.o", "newer nvcc", "remove the build directory"),
    ),
    # --- architectures, options, sources
    Failure(
        "dropped",
        "bare",
        "nvcc -arch=sm_70 -c k.cu",
        "architecture",
        ("sm_70", "12.9 was the last", "75, 80"),
        then=("75, 80", "nvcc -arch=sm_75 -c k.cu"),
    ),
    Failure(
        "run",
        "ours",
        f"{NVCC} run.cu -o run && ./run",
        "driver-old",
        ("missing", "driver 580"),
        {
            "run.cu": """\
#include <cstdio>
int main() { cudaError_t e = cudaFree(nullptr); std::puts(cudaGetErrorString(e)); return e; }
"""
        },
    ),
    Failure(
        "not-yet",
        "old",
        "nvcc -arch=sm_107 -c k.cu",
        "architecture",
        ("sm_107", "CUDA 13.4 was the first", '"cuda-toolkit==13.4.*" or later'),
        then=("13.4", "@HOME@/bin/nvcc -arch=sm_107 -c k.cu"),
    ),
    Failure(
        "no-such",
        "bare",
        "nvcc -gencode arch=compute_99,code=sm_99 -c k.cu",
        "architecture",
        ("no release up to",),
        then=("75, 80", "nvcc -gencode arch=compute_80,code=sm_80 -c k.cu"),
    ),
    Failure(
        "renamed",
        "bare",
        "nvcc -arch=sm_101 -c k.cu",
        "architecture",
        ("called 110",),
        then=("called 110", "nvcc -arch=sm_110 -c k.cu"),
    ),
    Failure(
        "ptxas",
        "bare",
        f"{NVCC} -ptx k.cu && ptxas -arch=sm_70 k.ptx",
        "architecture",
        ("sm_70", "12.9 was the last"),
        then=("75, 80", f"{NVCC} -ptx k.cu && ptxas -arch=sm_80 k.ptx"),
    ),
    Failure(
        "pair",
        "bare",
        "nvcc -gencode arch=compute_90,code=sm_80 -c k.cu",
        "architecture-pair",
        ("sm_80", "compute_90", "arch=compute_80,code=sm_80"),
        then=("-gencode arch=compute_80,code=sm_80", "nvcc -gencode arch=compute_80,code=sm_80 -c k.cu"),
    ),
    Failure(
        "option",
        "bare",
        f"{NVCC} -fopenmp -c k.cu",
        "nvcc-option",
        ("-fopenmp", "-Xcompiler=-fopenmp"),
        then=("-Xcompiler=-fopenmp", f"{NVCC} -Xcompiler=-fopenmp -c k.cu"),
    ),
    Failure(
        "cxx17",
        "bare",
        f"{NVCC} -std=c++14 -c thrust.cu",
        "cxx17",
        ("C++17", "-std=c++17"),
        then=("-std=c++17", f"{NVCC} -std=c++17 -c thrust.cu"),
    ),
    Failure(
        "removed-members",
        "bare",
        f"{NVCC} -c device.cu",
        "removed-in-13",
        ("cudaDeviceProp has no clockRate", "deviceOverlap", "cudaDeviceGetAttribute"),
        then=(
            "cudaDevAttrClockRate",
            f"{NVCC} -c attribute.cu",
        ),
    ),
    Failure("removed-types", "bare", f"{NVCC} -c functional.cu", "removed-in-13", ("unary_function", "CCCL 3")),
    # --- host compilers
    Failure(
        "gcc-too-new",
        "bare",
        f"{NVCC} -U__GNUC__ -D__GNUC__=99 -c k.cu",
        "host-compiler-unsupported",
        ("no gcc newer than 16", "NVCC_CCBIN=g++-16"),
    ),
    Failure(
        "clang-too-new",
        "bare",
        f"{NVCC} -ccbin clang++ -Xcompiler -U__clang_major__,-D__clang_major__=99 -c k.cu",
        "host-compiler-unsupported",
        ("no clang newer than 22", "NVCC_CCBIN=clang++-22"),
    ),
    Failure(
        "no-gcc",
        "bare",
        hollow("nvcc=$(command -v nvcc)", "$nvcc -arch=sm_80 -c k.cu"),
        "host-compiler-missing",
        ("There is no gcc", "apt-get install g++"),
        then=("install g++", f"{NVCC} -c k.cu"),
    ),
    Failure(
        "no-cc1plus",
        "bare",
        hollow(
            'nvcc=$(command -v nvcc) && cp "$(readlink -f "$(command -v gcc)")" hollow/gcc', "$nvcc -arch=sm_80 -c k.cu"
        ),
        "host-compiler-missing",
        ("There is no cc1plus", "apt-get install g++"),
        then=("install g++", f"{NVCC} -c k.cu"),
    ),
    Failure(
        "no-ccbin",
        "bare",
        f"{NVCC} -ccbin /nonexistent/g++ -c k.cu",
        "host-compiler-missing",
        ("/nonexistent/g++", "NVCC_CCBIN"),
        then=("correct or unset", f"{NVCC} -c k.cu"),
    ),
    Failure(
        "no-g++",
        "none",
        hollow("python=$(command -v python)", "CC=g++ CXX=g++ $python extension.py"),
        "host-compiler-missing",
        ("There is no g++", "apt-get install g++"),
        then=("install g++", "CXX=g++ python extension.py"),
    ),
    # --- linking
    Failure(
        "extern",
        "bare",
        f"{NVCC} -c calls.cu",
        "device-code",
        ("_Z1fi", "-rdc=true", "CUDA_SEPARABLE_COMPILATION"),
        then=("-rdc=true", f"{NVCC} -rdc=true -c calls.cu"),
    ),
    Failure(
        "nvlink",
        "bare",
        f"{NVCC} -rdc=true -c calls.cu && {NVCC} calls.o -o x",
        "device-code",
        ("_Z1fi", "the file that defines it is not linked"),
        then=("link all", f"{NVCC} -rdc=true -c calls.cu called.cu && {NVCC} calls.o called.o -o x"),
    ),
    Failure(
        "device-link",
        "bare",
        f"{NVCC} -rdc=true -c calls.cu called.cu && c++ calls.o called.o -L@HOME@/lib -lcudart_static -ldl -lrt",
        "undefined-symbol",
        ("device code was not linked", "nvcc -dlink", "CUDA_RESOLVE_DEVICE_SYMBOLS"),
        then=(
            "nvcc -dlink *.o -o dlink.o",
            (
                f"{NVCC} -dlink calls.o called.o -o dlink.o && "
                "c++ calls.o called.o dlink.o -L@HOME@/lib -lcudart_static -ldl -lrt -lpthread"
            ),
        ),
    ),
    *(
        Failure(
            f"runtime-{linker}",
            "bare",
            f"{NVCC} -c k.cu && c++ -fuse-ld={linker} k.o",
            "undefined-symbol",
            ("__cudaRegisterFatBinary", "-lcudart", "CUDA::cudart"),
        )
        for linker in ("bfd", "gold", "lld", "mold")
    ),
    # --- programs that are not there
    Failure(
        "make",
        "none",
        "make",
        "nvcc-not-found",
        ("There is no nvcc", SHIMS),
        fixes=True,
    ),
    Failure(
        "ninja",
        "none",
        "ninja",
        "nvcc-not-found",
        ("There is no nvcc", SHIMS),
        fixes=True,
    ),
    Failure(
        "python",
        "none",
        "python -c \"import subprocess; subprocess.call(['nvcc'])\"",
        "nvcc-not-found",
        (SHIMS,),
        fixes=True,
        then=("", "python -c \"import subprocess; subprocess.check_call(['nvcc', '--version'])\""),
    ),
    Failure(
        "cuobjdump",
        "bare",
        "cuobjdump k.o",
        "tool-missing",
        ("cuobjdump", "since CUDA 13.2", "cuobjdump,nvcc]==13.5.0"),
        fixes=True,
        then=("", "nvcc -arch=sm_80 -cubin -o k.cubin k.cu && cuobjdump k.cubin"),
    ),
    Failure(
        "shim",
        "none",
        "cp @SHIM@ nvdisasm && ./nvdisasm k.cubin",
        "tool-missing",
        ("nvdisasm", '"cuda-toolkit[cccl,cudart,nvcc,nvdisasm]==13.5.0"'),
        fixes=True,
        then=("", "nvcc -arch=sm_80 -cubin -o k.cubin k.cu && nvdisasm k.cubin"),
    ),
    Failure(
        "not-executable",
        "none",
        "mkdir -p cu13/bin && cp @HOME@/bin/nvcc cu13/bin && chmod -x cu13/bin/nvcc && $PWD/cu13/bin/nvcc k.cu",
        "not-executable",
        ("may not be run", "--force-reinstall --no-deps nvidia-cuda-nvcc"),
    ),
    Failure(
        "not-loaded",
        "none",
        "python -c 'import ctypes; ctypes.CDLL(\"libcublas.so.13\")'",
        "library-not-loaded",
        ("libcublas.so.13", "pip install", " nvidia-cublas", "run path"),
    ),
    Failure(
        "shim-choice",
        "ours",
        "CUDA_SHIMS_TOOLKIT=12 nvcc -c k.cu",
        "shim",
        ("unset CUDA_SHIMS_TOOLKIT",),
        then=("unset CUDA_SHIMS_TOOLKIT", "nvcc -c k.cu"),
    ),
    Failure(
        "clang-cuda",
        "none",
        "clang++ -x cuda -c k.cu",
        "clang-cuda",
        ("clang finds no toolkit", "--cuda-path=", "root)"),
    ),
    # --- pip, uv, cargo
    Failure(
        "pip-version",
        "pip",
        "pip install --dry-run 'cuda-toolkit==14.*'",
        "no-such-version",
        ("cuda-toolkit==14.*", "CUDA 13.0 to 13.", '"cuda-toolkit[cccl,cudart,nvcc]==13.*"'),
        then=(
            '"cuda-toolkit[cccl,cudart,nvcc]==13.*"',
            "pip install --dry-run --target y 'cuda-toolkit[cccl,cudart,nvcc]==13.*'",
        ),
    ),
    Failure(
        "uv-version",
        "pip",
        f"{UV} 'cuda-toolkit==14.*'",
        "no-such-version",
        ("cuda-toolkit==14.*", '"cuda-toolkit[cccl,cudart,nvcc]==13.*"'),
        then=('"cuda-toolkit[cccl,cudart,nvcc]==13.*"', f"{UV} 'cuda-toolkit[cccl,cudart,nvcc]==13.*'"),
    ),
    Failure(
        "uv-musl",
        "pip",
        f"{UV} --python-platform x86_64-unknown-linux-musl 'cuda-toolkit[nvcc]==13.5.*'",
        "no-wheel",
        ("nvidia-cuda-", "glibc", "python:3-slim"),
    ),
    Failure(
        "placeholder",
        "pip",
        "pip install --dry-run --platform musllinux_1_2_x86_64 --only-binary :all: --target x nvidia-cuda-nvcc && nvcc",
        "placeholder-wheel",
        ("placeholder", "Alpine", "python:3-slim"),
    ),
    Failure(
        "uv-extra",
        "pip",
        f"{UV} 'cuda-toolkit[cublass]==13.5.0' && false",
        "no-such-extra",
        ("no extra cublass", "cublas, "),
        then=("cublas, ", f"{UV} 'cuda-toolkit[cublas]==13.5.0'"),
    ),
    Failure(
        "uv-extra-later",
        "pip",
        f"{UV} 'cuda-toolkit[cuobjdump]==13.0.3.0' && false",
        "no-such-extra",
        ("no extra cuobjdump", "13.2"),
        then=('"cuda-toolkit==13.2.*" or later', f"{UV} 'cuda-toolkit[cuobjdump]==13.2.*'"),
    ),
    Failure(
        "pip-renamed",
        "pip",
        "pip install --no-cache-dir --target x nvidia-cuda-nvcc-cu13",
        "renamed-package",
        ("nvidia-cuda-nvcc-cu13", '"cuda-toolkit[nvcc]==13.5.*"'),
        then=('"cuda-toolkit[nvcc]==13.5.*"', "pip install --dry-run --target y 'cuda-toolkit[nvcc]==13.5.*'"),
    ),
    Failure(
        "cargo",
        "none",
        CARGO,
        "nvcc-not-found",
        ("There is no nvcc", SHIMS),
        {
            ".cargo/config.toml": '[source.crates-io]\nreplace-with = "debian"\n'
            '[source.debian]\ndirectory = "/usr/share/cargo/registry"\n',
            "Cargo.toml": '[package]\nname = "x"\nversion = "1.0.0"\nedition = "2021"\n'
            '[build-dependencies]\ncc = "1"\n',
            "build.rs": 'fn main() { cc::Build::new().cuda(true).file("k.cu").compile("k"); }\n',
            "src/lib.rs": "",
        },
        fixes=True,
    ),
    # --- what the toolkit is not, or has no more
    Failure(
        "default-path",
        "none",
        "/usr/local/cuda/bin/nvcc -c k.cu",
        "nvcc-not-found",
        ("There is no /usr/local/cuda/bin/nvcc", "no toolkit", SHIMS),
    ),
    Failure(
        "nvcc-empty",
        "bare",
        "make -f empty.mk",
        "nvcc-empty",
        ("-gencode", "make NVCC=nvcc"),
        {"empty.mk": "all:\n\t@true && $(NVCC) -gencode arch=compute_80,code=sm_80 -c k.cu\n"},
        then=("make NVCC=nvcc", "make -f empty.mk NVCC=nvcc"),
    ),
    Failure(
        "cuda-home-colon",
        "none",
        "python -c \"import subprocess; subprocess.call([':/usr/local/cuda/bin/nvcc'])\"",
        "cuda-home-colon",
        ("CUDA_HOME is :/usr/local/cuda", "colon"),
    ),
    Failure(
        "other-processor",
        "none",
        "mkdir -p cu13/bin && head -c 64 @HOME@/bin/nvcc | tr '\\076\\003' '\\267\\002' >cu13/bin/nvcc && "
        "chmod +x cu13/bin/nvcc && $PWD/cu13/bin/nvcc k.cu",
        "other-processor",
        ("another kind of processor",),
    ),
    Failure(
        "cmake-variable",
        "ours",
        CONFIGURE,
        "cmake-variable",
        ("libcuda.so", "-DCUDA_CUDA_LIBRARY="),
        cmake(
            NEW + "project(p CXX)\nfind_library(CUDA_CUDA_LIBRARY no_such)\n" + LINKED.format("${CUDA_CUDA_LIBRARY}")
        ),
        OURS,
        then=("stubs/libcuda.so", f"{CONFIGURE} -DCUDA_CUDA_LIBRARY=@ROOT@/lib/stubs/libcuda.so"),
    ),
    Failure(
        "cmake-asked",
        "none",
        CONFIGURE,
        "cuda-asked",
        ("in their own words", SHIMS),
        cmake(NEW + 'project(p CXX)\nmessage(FATAL_ERROR "Could not find CUDA, which this needs")\n'),
    ),
    Failure(
        "cmake-language",
        "none",
        CONFIGURE,
        "cuda-unidentified",
        ("no CUDA compiler that works",),
        cmake(
            NEW + "project(p CXX)\ninclude(CheckLanguage)\ncheck_language(CUDA)\n"
            'message(FATAL_ERROR "CUDA was not found")\n'
        ),
    ),
    Failure(
        "cmake-host",
        "ours",
        f"CUDAFLAGS='-U__GNUC__ -D__GNUC__=99' {CONFIGURE}",
        "host-compiler-unsupported|cuda-unidentified",
        ("gcc",),
        cmake(NEW + "project(p LANGUAGES CUDA)\n"),
        OURS,
    ),
    Failure(
        "architecture-low",
        "bare",
        "nvcc -arch=sm_75 -c async.cu",
        "architecture-low",
        ("sm_80",),
        then=("below sm_80", f"{NVCC} -c async.cu"),
    ),
    Failure(
        "half-operators",
        "bare",
        f"set -x; {NVCC} -D__CUDA_NO_HALF_OPERATORS__ -D__CUDA_NO_HALF_CONVERSIONS__ -c add.cu",
        "half-operators",
        ("switched off", "-U__CUDA_NO_HALF_OPERATORS__"),
        then=(
            "-U__CUDA_NO_HALF_OPERATORS__",
            f"{NVCC} -D__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_OPERATORS__ -c add.cu",
        ),
    ),
    Failure(
        "nvcc-path",
        "bare",
        f"{NVCC} -c k.cu called.cu -o x.o",
        "nvcc-path",
        ("a second file",),
        then=("", f"{NVCC} -c k.cu -o k.o && {NVCC} -c called.cu -o called.o"),
    ),
    Failure(
        "removed-thread",
        "bare",
        f"{NVCC} -c thread.cu",
        "removed-in-13",
        ("cudaDeviceSynchronize",),
        then=("cudaDeviceSynchronize", f"sed -i s/Thread/Device/ thread.cu && {NVCC} -c thread.cu"),
    ),
    Failure("removed-texture", "bare", f"{NVCC} -c texture.cu", "removed-in-12", ("texture objects",)),
    Failure(
        "removed-location",
        "bare",
        f"{NVCC} -c prefetch.cu",
        "removed-in-13",
        ("cudaMemLocation",),
        then=(
            "cudaMemLocationTypeDevice",
            f"sed -i 's/p, 64, 0/p, 64, {{cudaMemLocationTypeDevice, 0}}, 0/' prefetch.cu && {NVCC} -c prefetch.cu",
        ),
    ),
    Failure("removed-cub", "bare", f"{NVCC} -c iterator.cu", "removed-in-13", ("CountingInputIterator",)),
    Failure("tensorrt", "none", "c++ -c tensorrt.cpp", "other-software", ("TensorRT is not a part of CUDA",)),
    Failure(
        "library-needed",
        "none",
        "c++ -shared -fPIC needs.cpp -o libneeds.so @ROOT@/lib/stubs/libcuda.so && "
        "c++ main.cpp -L. -Wl,--no-as-needed -lneeds",
        "library-needed",
        ("libcuda.so.1", "--allow-shlib-undefined"),
        then=(
            "-Wl,--allow-shlib-undefined",
            "c++ main.cpp -L. -Wl,--no-as-needed -lneeds -Wl,--allow-shlib-undefined",
        ),
    ),
    Failure(
        "other-torch",
        "none",
        "c++ -shared -fPIC torch.cpp -o _C.so && python -c 'import ctypes; ctypes.CDLL(\"./_C.so\")'",
        "library-mixed",
        ("_C.so does not fit this torch",),
    ),
    Failure(
        "module",
        "pip",
        "pip wheel --no-deps -v -w out .",
        "build-module",
        ("no psutil", '"psutil"', "build-system.requires"),
        {"setup.py": "import psutil\nimport setuptools\nsetuptools.setup(name='p', version='1', py_modules=[])\n"},
        ("setuptools",),
        then=(
            'add "psutil"',
            'sed -i \'s/"setuptools"/"setuptools", "psutil"/\' pyproject.toml && pip wheel --no-deps -w out .',
        ),
    ),
    # --- the machine
    Failure("disk", "bare", f"{NVCC} -E k.cu -o /dev/full", "disk-full", ("no room on the disk", "TMPDIR")),
    Failure(
        "memory",
        "bare",
        short_of_memory(f"{NVCC} -c half.cu"),
        "out-of-memory",
        ("MAX_JOBS", "CMAKE_BUILD_PARALLEL_LEVEL"),
    ),
    Failure(
        "memory-gcc", "none", short_of_memory("g++ -std=c++17 -c large.cpp"), "out-of-memory", ("MAX_JOBS", "memory")
    ),
    Failure("killed", "bare", f"python3 killer.py cicc {NVCC} -c large.cu", "out-of-memory", ("killed", "MAX_JOBS")),
    # --- sources
    Failure(
        "source",
        "bare",
        f"{NVCC} -c bad.cu",
        "source",
        ("bad.cu", "the source has an error"),
        {"bad.cu": "__global__ void f(int) { return 1 + ; }\n"},
    ),
    Failure(
        "source-types",
        "bare",
        f"{NVCC} -c bad.cu",
        "source",
        ("bad.cu",),
        {"bad.cu": '__global__ void f(__float128 *x) { *x = y; wmma::fragment a; static_assert(1 > 2, "no"); }\n'},
    ),
    Failure(
        "shared-memory",
        "bare",
        f"{NVCC} -c bad.cu",
        "shared-memory",
        ("more shared memory", "cudaFuncSetAttribute"),
        {"bad.cu": "__global__ void f(int *x) { __shared__ int a[99999]; a[threadIdx.x] = *x; *x = a[*x]; }\n"},
    ),
]
_TORCH = ("torch", f"cuda-toolkit[cccl,cudart,nvcc]=={TORCH_RELEASE}")
_SETUP = {
    "setup.py": "from setuptools import setup\nfrom torch.utils.cpp_extension import BuildExtension, CUDAExtension\n"
    "setup(name='e', ext_modules=[CUDAExtension('e', ['k.cu'])], cmdclass={'build_ext': BuildExtension})\n"
}
_BUILD = "python setup.py build_ext --inplace"
#: in an environment with torch, with the wheels' nvcc on PATH where the name says so
TORCH_FAILURES = [
    # the second where /usr/local/cuda is there, and empty
    Failure("torch", "torch", _BUILD, "nvcc-not-found|stale", ("torch finds no", SHIMS), _SETUP, _TORCH),
    Failure("torch-gpu", "torch-nvcc", _BUILD, "torch-no-gpu", ("TORCH_CUDA_ARCH_LIST=",), _SETUP, _TORCH),
    Failure(
        "torch-dropped",
        "torch-nvcc",
        f"TORCH_CUDA_ARCH_LIST=7.0 {_BUILD}",
        "architecture",
        ("compute_70", "12.9 was the last"),
        _SETUP,
        _TORCH,
    ),
    Failure(
        "torch-unknown",
        "torch-nvcc",
        f"TORCH_CUDA_ARCH_LIST=7.7 {_BUILD}",
        "torch-architecture",
        ("7.7", "TORCH_CUDA_ARCH_LIST="),
        _SETUP,
        _TORCH,
    ),
    Failure(
        "torch-version",
        "torch",
        # no wheel has a CUDA 12 nvcc: torch asks no more of it than its release
        "mkdir -p 12/bin && printf '#!/bin/sh\\necho release 12.8, V12.8.93\\n' >12/bin/nvcc && chmod +x 12/bin/* && "
        f"CUDA_HOME=$PWD/12 TORCH_CUDA_ARCH_LIST=8.0 {_BUILD}",
        "torch-version",
        ("built for CUDA 13.2", "of CUDA 12.8", "unset CUDA_HOME", "==13.2.*"),
        _SETUP,
        _TORCH,
    ),
]
#: several causes in one log
SEVERAL = Failure(
    "several",
    "bare",
    f"{NVCC} -c profiler.cu; {NVCC} k.cu -lcublas -lcufft; nvcc -arch=sm_70 -c k.cu; exit 1",
    "",
    (),
)


class Other(NamedTuple):
    """A build that does not fail, or fails for a reason that is none of CUDA's."""

    name: str
    where: str
    command: str
    files: dict[str, str] | None = None
    fails: bool = True


LOOK = "find_package(CUDAToolkit)\nfind_library(BLAS cublas)\nadd_executable(x main.cpp)\n"
OTHERS = [
    # --- healthy, and as loud as they get
    Other(
        "cmake",
        "ours",
        f"{CONFIGURE} --trace-expand --log-level=VERBOSE && cmake --build build --verbose",
        cmake(
            CUDA + "find_package(CUDAToolkit REQUIRED)\nadd_library(k k.cu)\ntarget_link_libraries(k CUDA::cudart)\n"
        ),
        False,
    ),
    Other("cmake-optional", "none", f"{CONFIGURE} && cmake --build build", cmake(NEW + "project(p)\n" + LOOK), False),
    Other(
        "cmake-optional-bare", "bare", f"{CONFIGURE} && cmake --build build", cmake(NEW + "project(p)\n" + LOOK), False
    ),
    Other(
        "nvcc", "ours", f"{NVCC} -v --keep -c k.cu && nvcc --dryrun k.cu && nvcc -E half.cu && nvcc --help", fails=False
    ),
    Other(
        "meson",
        "ours",
        f"{MESON} && meson compile -v -C build && cat build/meson-logs/meson-log.txt",
        meson("'cpp', 'cuda'", "library('k', 'k.cu')\ndependency('cuda', modules : ['cublas'], required : false)"),
        False,
    ),
    Other(
        "cmake-language",
        "none",
        f"{CONFIGURE} --log-level=VERBOSE",
        cmake(NEW + "project(p CXX)\ninclude(CheckLanguage)\ncheck_language(CUDA)\n"),
        False,
    ),
    Other("meson-language", "none", MESON, meson("'cpp'", "add_languages('cuda', required : false)"), False),
    Other("setuptools", "none", "python extension.py -v", fails=False),
    Other(
        "headers", "ours", "cat @HOME@/include/crt/host_config.h @HOME@/include/cccl/cuda/std/__cccl/*.h", fails=False
    ),
    # --- sources
    Other("syntax-c++", "none", "c++ -c bad.cpp", {"bad.cpp": "int main( { return nvcc; }\n"}),
    Other("syntax-clang", "none", "clang++ -c bad.cpp", {"bad.cpp": "int main( { return cudaMalloc(); }\n"}),
    Other("no-source", "bare", f"{NVCC} -c no-such.cu"),
    Other("header", "none", "c++ -c bad.cpp", {"bad.cpp": "#include <no_such_header.h>\n"}),
    Other("header-clang", "none", "clang++ -c bad.cpp", {"bad.cpp": '#include "detail/tuple.h"\n'}),
    Other("header-cuda", "bare", f"{NVCC} -c bad.cu", {"bad.cu": "#include <curtains.h>\n#include <npp/mine.h>\n"}),
    # --- linkers
    *(
        Other(f"library-{each}", "none", f"c++ -fuse-ld={each} main.cpp -lfoo -lcudafoo")
        for each in ("bfd", "gold", "lld")
    ),
    Other("library-mold", "none", "c++ -fuse-ld=mold main.cpp -lfoo"),
    *(
        Other(
            f"function-{each}",
            "none",
            f"c++ -fuse-ld={each} bad.cpp",
            {"bad.cpp": 'void cudaHelper(int);\nextern "C" void foo();\nint main() { foo(); cudaHelper(1); }\n'},
        )
        for each in ("bfd", "gold", "lld", "mold")
    ),
    # --- build systems
    Other("cmake-package", "ours", CONFIGURE, cmake(NEW + "project(p CXX)\nfind_package(FooBar REQUIRED)\n")),
    Other("cmake-library", "ours", CONFIGURE, cmake(NEW + "project(p CXX)\nfind_library(FOO foo REQUIRED)\n")),
    Other("cmake-target", "ours", CONFIGURE, cmake(NEW + "project(p CXX)\n" + LINKED.format("Foo::foo"))),
    Other("cmake-source", "ours", CONFIGURE, cmake(NEW + "project(p CXX)\nadd_library(x no.cpp)\n")),
    Other(
        "fortran",
        "none",
        f"{CONFIGURE} && cmake --build build",
        cmake(NEW + "project(p Fortran)\nadd_executable(x a.f90)\n") | {"a.f90": "end program nvcc fatal\n"},
    ),
    Other(
        "optional-and-broken",
        "none",
        f"{CONFIGURE} && cmake --build build",
        cmake(NEW + "project(p CXX)\nfind_package(CUDAToolkit)\nadd_executable(x bad.cpp)\n")
        | {"bad.cpp": "int main( {\n"},
    ),
    Other("meson-dependency", "ours", MESON, meson("'cpp'", "dependency('foobar')")),
    Other("meson-program", "ours", MESON, meson("'cpp'", "find_program('foobar')")),
    Other("make", "none", "make -f other.mk", {"other.mk": "all: no-such-file.o\n\tfoobar\n"}),
    Other("make-program", "none", "make -f other.mk", {"other.mk": "all:\n\tfoobar --nvcc\n"}),
    Other(
        "ninja", "none", "ninja -f other.ninja", {"other.ninja": "rule r\n  command = false\nbuild x: r no-such-file\n"}
    ),
    # --- Python
    Other("import", "none", "python bad.py build_ext", {"bad.py": "import setuptools, no_such_module\n"}),
    Other(
        "test",
        "none",
        "python -m unittest -v bad",
        {
            "bad.py": "import unittest\nclass T(unittest.TestCase):\n"
            "    def test_nvcc(self):\n        self.assertEqual('error: out of memory', 'nvcc fatal')\n"
            "    def test_file(self):\n        open('no-such-file.cu')\n"
        },
    ),
    Other(
        "network-pip",
        "pip",
        "pip install --retries 1 --timeout 2 --index-url http://127.0.0.1:9/simple cuda-toolkit==13.5.0",
    ),
    Other("network-uv", "pip", "uv pip install --no-cache --index-url http://127.0.0.1:9/simple cuda-toolkit==13.5.0"),
    Other("version-pip", "pip", "pip install --no-index no-such-distribution-of-mine"),
    Other(
        "cargo",
        "none",
        CARGO,
        {"Cargo.toml": "[package]\nname = 'x'\nversion = '1.0.0'\n[dependencies]\nno = '1'\n"},
    ),
]
