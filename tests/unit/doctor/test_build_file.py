"""What one file of a project asks of CUDA, and whether a build of it can do without."""

from __future__ import annotations

import pytest

from cuda_shims.doctor.build_file import find_uses_in, read_file


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "CMakeLists.txt",
            "a\n target_link_libraries(x CUDA::cublas CUDA::cuFile)",
            [(2, "CUDA::cublas", "cublas"), (2, "CUDA::cuFile", "cufile")],
        ),
        (
            "x.cmake",
            "$<CUDA::nvtx3>;CUDA::cuda_driver",
            [(1, "CUDA::nvtx3", "nvtx"), (1, "CUDA::cuda_driver", "cudart")],
        ),
        (
            "CMakeLists.txt",
            "# CUDA::cublas\nfoo() # CUDA::curand\nx(CUDA::nvJitLink)",
            [(3, "CUDA::nvJitLink", "nvjitlink")],
        ),
        (
            "CMakeLists.txt",
            "CUDA::cublas_static CUDA::nvToolsExt",
            [(1, "CUDA::cublas_static", ""), (1, "CUDA::nvToolsExt", "")],
        ),
        (
            "CMakeLists.txt",
            "CUDA::cudart_static CUDA::toolkit MyCUDA::cublas CUDA::other",
            [(1, "CUDA::cudart_static", "cudart")],
        ),
        (
            "CMakeLists.txt",
            "x(CUDAToolkit::cublas CCCL::CCCL) # NCCL::NCCL\ny(CUDNN::cudnn_all nvcomp::nvcomp torch::cudnn my::cudnn)",
            [
                (1, "CUDA::cublas", "cublas"),
                (1, "CCCL::CCCL", "cccl"),
                (2, "CUDNN::cudnn_all", "nvidia-cudnn"),
                (2, "nvcomp::nvcomp", "nvidia-libnvcomp"),
                (2, "torch::cudnn", "nvidia-cudnn"),
            ],
        ),
        (
            "FindMine.cmake",
            "find_package(CUDAToolkit)\nFIND_PACKAGE ( Nccl REQUIRED)\nfind_package(Torch) find_package(CUB)",
            [(2, "find_package(Nccl)", "nvidia-nccl"), (3, "find_package(CUB)", "cccl")],
        ),
        (
            "setup.py",
            "libraries=['cudnn']; more=['cutensor', 'cu', 'curve']",
            [(1, "-lcudnn", "nvidia-cudnn"), (1, "cudnn", "nvidia-cudnn"), (1, "cutensor", "cutensor")],
        ),
        (
            "a.cu",
            "#include <nccl.h>\n#include <cudnn.h>\n#include <host/nvshmem_api.h>\n#include <cublasdx.hpp>",
            [(1, "nccl.h", "nvidia-nccl"), (2, "cudnn.h", "nvidia-cudnn"), (4, "cublasdx.hpp", "nvidia-mathdx")],
        ),
        (
            "meson.build",
            "cuda = dependency('cuda', version : '>=13',\n modules : ['cublas', 'nvrtc'])",
            [(2, "module 'cublas'", "cublas"), (2, "module 'nvrtc'", "nvrtc")],
        ),
        (
            "meson.build",
            "dependency('cuda', modules: 'curand')\ndependency('x', modules: ['cufft'])",
            [(1, "module 'curand'", "curand")],
        ),
        (
            "setup.py",
            "Extension('x', libraries=['cusolver', 'm'], extra_link_args=['-lcufft'])",
            [(1, "-lcufft", "cufft"), (1, "-lcusolver", "cusolver"), (1, "cusolver", "cusolver")],
        ),
        (
            "Makefile",
            "LIBS = -lnvjpeg -lnvidia-ml\nX = foo-lcublas",
            [(1, "-lnvjpeg", "nvjpeg"), (1, "-lnvidia-ml", "nvml")],
        ),
        ("build.rs", 'println!("cargo:rustc-link-lib=dylib=cublas");', [(1, "library cublas", "cublas")]),
        (
            "a.cu",
            '#include <cublas_v2.h>\n  # include "curand_kernel.h"\n#include <vector>',
            [(1, "cublas_v2.h", "cublas"), (2, "curand_kernel.h", "curand")],
        ),
        (
            "a.cpp",
            "#include <cuda_profiler_api.h>\n#include <nvtx3/nvToolsExt.h>\n#include <thrust/sort.h>",
            [(1, "cuda_profiler_api.h", "profiler"), (2, "nvtx3/nvToolsExt.h", "nvtx"), (3, "thrust/sort.h", "cccl")],
        ),
        ("a.py", "CUDA::cublas -lcublas #include <cublas.h>", []),
        ("a.pyx", 'cdef extern from "cufft.h":\n    pass', [(1, "cufft.h", "cufft")]),
        (
            "CMakeLists.txt",
            "target_link_libraries(x\n PUBLIC cublas m)\ny(${CUDA_curand_LIBRARY} ${CUDA_CUFFT_LIBRARIES})",
            [
                (3, "CUDA_curand_LIBRARY", "curand"),
                (3, "CUDA_CUFFT_LIBRARY", "cufft"),
                (2, "cublas", "cublas"),
            ],
        ),
        (
            "CMakeLists.txt",
            'set(X "-l:libcusolver.so.12 -lnccl")\nfind_path(Y NAMES cudnn.h)\nfind_library(Z nvrtc)',
            [
                (1, "-lcusolver", "cusolver"),
                (1, "-lnccl", "nvidia-nccl"),
                (2, "cudnn.h", "nvidia-cudnn"),
                (3, "nvrtc", "nvrtc"),
            ],
        ),
        # what is said of a library is no use of it
        ("CMakeLists.txt", 'if(TARGET CUDA::cublas)\nendif()\nmessage("CUDA::cufft")\noption(X "CUDA::curand")', []),
        (
            "CMakeLists.txt",
            "#[[ CUDA::cublas\n]]\n#[=[ CUDA::cufft ]] CUDA::curand ]=] x(CUDA::npps)",
            [(3, "CUDA::npps", "npp")],
        ),
        ("meson.build", "cc.find_library('cusparse', required: false)", [(1, "library 'cusparse'", "cusparse")]),
    ],
)
def test_what_a_file_asks(name, text, expected):
    assert [each[:3] for each in find_uses_in(name, text)] == expected


@pytest.mark.parametrize(
    ("name", "part", "uses"),
    [
        ("meson.build", "dependency('cuda' ", 0),
        ("meson.build", "dependency('cuda', modules : ['cublas", 0),
        ("meson.build", "dependency('cuda' modules:" + "[" * 20, 0),
        ("setup.py", "libraries = [ 'cublas', ", 1),
        ("Makefile", "-lcublas ", None),
        ("CMakeLists.txt", "CUDA::cublas\n", None),
        ("CMakeLists.txt", "NCCL::NCCL\n", None),
        ("CMakeLists.txt", "CUDNN", 0),
        ("CMakeLists.txt", "find_package(", 0),
        ("CMakeLists.txt", "find_package (NCCL)\n", None),
        ("x.cu", "#include <cublas.h>\n", None),
        ("x.cu", "#include <cublas.h ", 1),
        ("build.rs", "rustc-link-lib=", 0),
        ("CMakeLists.txt", "if(", 0),
        ("CMakeLists.txt", '"', 0),
        ("CMakeLists.txt", '\\\\"', 0),
        ("CMakeLists.txt", "#[[", 0),
        ("CMakeLists.txt", "a", 0),
        ("CMakeLists.txt", "${CUDA_", 0),
        ("CMakeLists.txt", "$<CUDA::cublas\n", None),
        ("CMakeLists.txt", "target_link_libraries(cublas)\n", None),
        ("CMakeLists.txt", "target_link_libraries(" + "cublas " * 999, None),
        ("CMakeLists.txt", "add_subdirectory(", 0),
        ("CMakeLists.txt", "CPMAddPackage(x ", 0),
        ("build.rs", "{", 0),
        ("x.cu", "#if\n", 0),
        ("setup.py", "(", 0),
        ("setup.py", "if x:\n", 0),
        ("setup.py", "'", 0),
        ("setup.py", "-", 0),
    ],
)
@pytest.mark.timeout(60)
def test_a_megabyte_of_the_same_word(name, part, uses):
    count = 1024 * 1024 // len(part)
    found = list(find_uses_in(name, part * count))
    assert len({use[1:3] for use in found}) == (1 if uses is None else uses)
    if uses is None and part.count("cublas") < 2:
        assert len(found) == count
        assert found[-1][0] == (count if part.endswith("\n") else 1)


SURE = [
    ("CMakeLists.txt", "target_link_libraries(x CUDA::cublas)"),
    ("CMakeLists.txt", "if(A)\nendif()\ntarget_link_libraries(x cublas)"),
    ("CMakeLists.txt", "function(f)\n if(A)\n  return()\n endif()\nendfunction()\nx(CUDA::cublas)"),
    ("CMakeLists.txt", 'message("if (x) is" CUDA::npps)\nset(X "if (")\nfoo(CUDA::cublas)'),
    ("CMakeLists.txt", "find_package(NCCL 2 REQUIRED)"),
    ("meson.build", "if x\nendif\ndependency('cuda', modules: ['cublas'])"),
    ("meson.build", "dependency('cuda', modules: ['cublas'], required: true)"),
    ("setup.py", "def f():\n    return Extension('x', extra_link_args=['-lcublas'])"),
    ("setup.py", "if __name__ == '__main__':\n    setup(extra_link_args=['-lcublas'])"),
    ("Makefile", "ifdef A\nendif\nX = -lcublas"),
    ("build.rs", 'fn main() { if x { y(); } println!("cargo:rustc-link-lib=cublas"); }'),
    ("a.cu", "#include <cublas_v2.h>"),
    ("a.h", "/* licence */\n#ifndef A_H\n#define A_H\n#include <cublas_v2.h>\n#endif"),
    ("a.h", "#if !defined(A_H)\n#  define A_H\n#include <cublas_v2.h>\n#endif"),
    ("a.cu", "#ifdef A\n#if B\n#endif\n#else\n#endif\n#include <cublas_v2.h>"),
]
UNSURE = [
    ("CMakeLists.txt", "if(USE)\n if(B)\n endif()\n target_link_libraries(x CUDA::cublas)\nendif()"),
    ("CMakeLists.txt", "IF (NOT USE)\nELSE ()\n x(CUDA::cublas)\nENDIF ()"),
    ("CMakeLists.txt", "if(NOT USE)\n return()\nendif()\nx(CUDA::cublas)"),
    ("CMakeLists.txt", "if(NEVER_ENDS)\nx(CUDA::cublas)"),
    ("CMakeLists.txt", "function(link x)\n x(CUDA::cublas)\nendfunction()"),
    ("CMakeLists.txt", "macro(link x)\n x(CUDA::cublas)\nendmacro()"),
    ("CMakeLists.txt", "x($<$<BOOL:${USE}>:CUDA::cublas>)"),
    ("CMakeLists.txt", "target_link_libraries(x PRIVATE a $<$<BOOL:${USE}>:cublas>)"),
    ("CMakeLists.txt", "find_package(NCCL)"),
    ("CMakeLists.txt", "find_library(X NAMES cublas)"),
    ("meson.build", "if x\n  dependency('cuda', modules: ['cublas'])\nendif"),
    ("meson.build", "dependency('cuda', modules: ['cublas'], required: get_option('x'))"),
    ("setup.py", "if cuda:\n    args = ['-lcublas']"),
    ("setup.py", "args = ['-lcublas'] if windows else []"),
    ("setup.py", "try:\n    args = ['-lcublas']\nexcept ImportError:\n    pass"),
    ("setup.py", "print 'of Python 2'\nargs = ['-lcublas']"),
    ("setup.py", "args.append('cublas')"),
    ("Makefile", "ifeq ($(A),1)\nX = -lcublas\nendif"),
    ("build.rs", 'fn main() { if x { println!("cargo:rustc-link-lib=cublas"); } }'),
    ("a.cu", "#ifdef A\n#include <cublas_v2.h>\n#endif"),
    ("a.cu", "#ifndef A\n#include <cublas_v2.h>\n#endif"),
    ("a.cu", "#if A\n#else\n#include <cublas_v2.h>\n#endif"),
    ("a.h", "#ifndef A_H\n#define A_H\n# if X\n#include <cublas_v2.h>\n#endif\n#endif"),
]


@pytest.mark.parametrize(("name", "text"), SURE)
def test_what_a_build_cannot_do_without(name, text):
    (found,) = {
        each.spelling: each for each in find_uses_in(name, text) if each.spelling != "cublas" or name != "setup.py"
    }.values()
    assert found.sure


@pytest.mark.parametrize(("name", "text"), UNSURE)
def test_what_a_build_may_do_without(name, text):
    found = list(find_uses_in(name, text))
    assert found
    assert not any(each.sure for each in found)


def test_what_a_file_takes_in_and_names():
    text = """add_subdirectory(a)  # add_subdirectory(no)
if(X)
  add_subdirectory("${CMAKE_CURRENT_SOURCE_DIR}/b" bin)
  add_library(y y.cu)
endif()
include(cmake/z.cmake)
add_library(NCCL::NCCL ALIAS nccl)
add_executable(x src/x.cu ${DIR}/w.cpp x.cuh)
CPMAddPackage(NAME NVTX GITHUB_REPOSITORY some/nvtx)
"""
    read = read_file("CMakeLists.txt", text)
    assert read.taken == [("a", True), ("${CMAKE_CURRENT_SOURCE_DIR}/b", False), ("cmake/z.cmake", True)]
    assert read.sources == ["src/x.cu", "w.cpp"]
    assert read.made == {"y", "NCCL::NCCL"}
    assert "nvtx" in read.fetched
