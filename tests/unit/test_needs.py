"""What a project asks of CUDA, and what the doctor says when a wheel of it is not there."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import write

from cuda_shims import catalog, needs


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
            "meson.build",
            "cuda = dependency('cuda', version : '>=13',\n modules : ['cublas', 'nvrtc'])",
            [(1, "module 'cublas'", "cublas"), (1, "module 'nvrtc'", "nvrtc")],
        ),
        (
            "meson.build",
            "dependency('cuda', modules: 'curand')\ndependency('x', modules: ['cufft'])",
            [(1, "module 'curand'", "curand")],
        ),
        (
            "setup.py",
            "Extension('x', libraries=['cusolver', 'm'], extra_link_args=['-lcufft'])",
            [(1, "-lcufft", "cufft"), (1, "-lcusolver", "cusolver")],
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
    ],
)
def test_what_a_file_asks(name, text, expected):
    assert list(needs.uses_in(name, text)) == expected


def test_a_project_is_searched_within_bounds(tmp_path, monkeypatch):
    folder = str(tmp_path)
    write(os.path.join(folder, "CMakeLists.txt"), b"CUDA::cublas CUDA::curand")
    write(os.path.join(folder, "src/CMakeLists.txt"), b"\n\xff\0CUDA::cufft CUDA::cublas")
    for left_out in ("build/CMakeLists.txt", ".git/x.cmake", "out/CMakeLists.txt", "env/x.cmake", "sub/x.cmake"):
        write(os.path.join(folder, left_out), b"CUDA::npps")
    write(os.path.join(folder, "out/CMakeCache.txt"))
    write(os.path.join(folder, "sub/pyproject.toml"))
    write(os.path.join(folder, "env/pyvenv.cfg"))
    os.mkfifo(os.path.join(folder, "meson.build"))
    os.symlink("/nowhere", os.path.join(folder, "setup.py"))
    write(os.path.join(folder, "Makefile"), b"-lnvjpeg", 0o644)
    found = needs.find_uses(folder)
    assert found[:3] == [
        ("CMakeLists.txt:1", "CUDA::cublas", "cublas"),
        ("CMakeLists.txt:1", "CUDA::curand", "curand"),
        ("Makefile:1", "-lnvjpeg", "nvjpeg"),
    ]
    assert found[3:] == [(os.path.join("src", "CMakeLists.txt:2"), "CUDA::cufft", "cufft")]
    monkeypatch.setattr(needs, "_MAX_FILES", 1)
    assert [each.extra for each in needs.find_uses(folder)] == ["cublas", "curand"]


@pytest.mark.parametrize(
    ("name", "part", "uses"),
    [
        ("meson.build", "dependency('cuda' ", 0),
        ("meson.build", "dependency('cuda', modules : ['cublas", 0),
        ("meson.build", "dependency('cuda' modules:" + "[" * 20, 0),
        ("setup.py", "libraries = [ 'cublas', ", 0),
        ("Makefile", "-lcublas ", None),
        ("CMakeLists.txt", "CUDA::cublas\n", None),
        ("x.cu", "#include <cublas.h>\n", None),
        ("x.cu", "#include <cublas.h ", 1),
        ("build.rs", "rustc-link-lib=", 0),
    ],
)
@pytest.mark.timeout(60)
def test_a_megabyte_of_the_same_word(name, part, uses):
    count = 1024 * 1024 // len(part)
    found = list(needs.uses_in(name, part * count))
    assert len({use[1:] for use in found}) == (1 if uses is None else uses)
    if uses is None:
        assert len(found) == count
        assert found[-1][0] == (count if part.endswith("\n") else 1)


def test_a_folder_that_is_no_project(tmp_path):
    folder = str(tmp_path)
    write(os.path.join(folder, "cuda/include/cublas.h"), b'#include "cublas_api.h"')
    os.mkdir(os.path.join(folder, "Makefile"))
    assert needs.find_uses(folder) == []
    write(os.path.join(folder, "setup.py"))
    assert [each.extra for each in needs.find_uses(folder)] == ["cublas"]


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    write(str(tmp_path / "CMakeLists.txt"), b"CUDA::cublas")

    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr("builtins.open", refuse)
    assert needs.find_uses(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("requires", "extras"),
    [
        ([], None),
        (["setuptools", "cuda-shims"], None),
        (["cuda-toolkit[cccl, NVCC]==13.*"], {"cccl", "nvcc", "nvvm", "cudart", "crt"}),
        (["Cuda_Toolkit[cusolver,nothing]"], {"cusolver", "cublas", "nvrtc", "cusparse", "nvjitlink"}),
        (["cuda-toolkit"], set()),
        (["nvidia-curand==10.*", "@"], {"curand"}),
        (["cuda-shims[cu13]"], {"nvcc", "nvvm", "crt", "cudart", "cccl"}),
        (["cuda-toolkit[nvcc]", "torch>=2"], None),
        (["cuda-toolkit[nvcc]", "cupy-cuda13x"], None),
    ],
)
def test_what_requirements_bring(requires, extras):
    assert needs.brought_extras(requires) == extras


@pytest.mark.parametrize("requirement", ["cuda-toolkit[all]==13.*", "cuda-shims[cu13-all]"])
def test_all_brings_all(requirement):
    assert needs.brought_extras([requirement]) == {each.extra for each in catalog.COMPONENTS}


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        (["x", "cuda-toolkit[nvcc,cccl]==13.*"], "cuda-toolkit[cccl,cublas,nvcc]==13.*"),
        (
            ["cuda_toolkit == 13.5.0 ; sys_platform == 'linux'"],
            "cuda-toolkit[cublas]== 13.5.0 ; sys_platform == 'linux'",
        ),
        (["cuda-shims[cu13]"], None),
    ],
)
def test_the_requirement_as_it_should_be(requires, expected):
    assert needs.with_extras(requires, ["cublas"]) == expected
