"""What a project asks of CUDA, and what the doctor says when a wheel of it is not there."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import write, write_distribution
from patient import only

from cuda_shims.catalog import tools
from cuda_shims.doctor import project


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
            "libraries=['cudnn', 'cutensor']",
            [(1, "-lcudnn", "nvidia-cudnn"), (1, "-lcutensor", "cutensor")],
        ),
        (
            "a.cu",
            "#include <nccl.h>\n#include <cudnn.h>\n#include <host/nvshmem_api.h>\n#include <cublasdx.hpp>",
            [(1, "nccl.h", "nvidia-nccl"), (2, "cudnn.h", "nvidia-cudnn"), (4, "cublasdx.hpp", "nvidia-mathdx")],
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
    assert list(project.find_uses_in(name, text)) == expected


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
    found = project.find_uses(folder)
    assert found[:3] == [
        ("CMakeLists.txt:1", "CUDA::cublas", "cublas"),
        ("CMakeLists.txt:1", "CUDA::curand", "curand"),
        ("Makefile:1", "-lnvjpeg", "nvjpeg"),
    ]
    assert found[3:] == [(os.path.join("src", "CMakeLists.txt:2"), "CUDA::cufft", "cufft")]
    monkeypatch.setattr(project, "_MAX_FILES", 1)
    assert [each.part for each in project.find_uses(folder)] == ["cublas", "curand"]


@pytest.mark.parametrize(
    ("name", "part", "uses"),
    [
        ("meson.build", "dependency('cuda' ", 0),
        ("meson.build", "dependency('cuda', modules : ['cublas", 0),
        ("meson.build", "dependency('cuda' modules:" + "[" * 20, 0),
        ("setup.py", "libraries = [ 'cublas', ", 0),
        ("Makefile", "-lcublas ", None),
        ("CMakeLists.txt", "CUDA::cublas\n", None),
        ("CMakeLists.txt", "NCCL::NCCL\n", None),
        ("CMakeLists.txt", "CUDNN", 0),
        ("CMakeLists.txt", "find_package(", 0),
        ("CMakeLists.txt", "find_package (NCCL)\n", None),
        ("x.cu", "#include <cublas.h>\n", None),
        ("x.cu", "#include <cublas.h ", 1),
        ("build.rs", "rustc-link-lib=", 0),
    ],
)
@pytest.mark.timeout(60)
def test_a_megabyte_of_the_same_word(name, part, uses):
    count = 1024 * 1024 // len(part)
    found = list(project.find_uses_in(name, part * count))
    assert len({use[1:] for use in found}) == (1 if uses is None else uses)
    if uses is None:
        assert len(found) == count
        assert found[-1][0] == (count if part.endswith("\n") else 1)


def test_a_folder_that_is_no_project(tmp_path):
    folder = str(tmp_path)
    write(os.path.join(folder, "cuda/include/cublas.h"), b'#include "cublas_api.h"')
    os.mkdir(os.path.join(folder, "Makefile"))
    assert project.find_uses(folder) == []
    write(os.path.join(folder, "setup.py"))
    assert [each.part for each in project.find_uses(folder)] == ["cublas"]


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    write(str(tmp_path / "CMakeLists.txt"), b"CUDA::cublas")

    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr("builtins.open", refuse)
    assert project.find_uses(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("requires", "extras"),
    [
        ([], None),
        (["setuptools", "cuda-shims"], None),
        (["cuda-toolkit[cccl, NVCC]==13.*"], {"cccl", "nvcc", "nvvm", "cudart", "crt"}),
        (["Cuda_Toolkit[cusolver,nothing]"], {"cusolver", "cublas", "nvrtc", "cusparse", "nvjitlink"}),
        (["cuda-toolkit"], set()),
        (["nvidia-curand==10.*", "@"], {"curand"}),
        (["nvidia-nccl-cu13>=2.29"], {"nvidia-nccl"}),
        (["Nvidia_cuDNN_cu13", "nvidia-mathdx"], {"nvidia-cudnn", "nvidia-mathdx", "cublas", "nvrtc"}),
        (["cuda-shims[cu13]"], {"nvcc", "nvvm", "crt", "cudart", "cccl"}),
        (["cuda-toolkit[nvcc]", "torch>=2"], None),
        (["cuda-toolkit[nvcc]", "cupy-cuda13x"], None),
    ],
)
def test_what_requirements_bring(requires, extras):
    assert project.read_parts(requires) == extras


@pytest.mark.parametrize("requirement", ["cuda-toolkit[all]==13.*", "cuda-shims[cu13-all]"])
def test_all_brings_all(requirement):
    assert project.read_parts([requirement]) == {each.extra for each in tools.COMPONENTS}


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
    assert project.add_extras(requires, ["cublas"]) == expected


# what the doctor says ------------------------------------------------------------------------------------------------


def write_project(patient, requires, **files):
    if requires is not None:
        text = f"[build-system]\nrequires = {requires!r}\n"
        write(os.path.join(patient.folder, "pyproject.toml"), text.encode())
    for name, text in files.items():
        write(os.path.join(patient.folder, name.replace("_", ".")), text.encode())


ALL_OF_THEM = ["cuda-shims", "cuda-toolkit[cccl,cudart,nvcc]==13.*"]


def test_a_project_that_uses_what_is_there(healthy):
    write_project(healthy, ALL_OF_THEM, CMakeLists_txt="CUDA::cudart CUDA::cuda_driver")
    assert healthy.examine()[-1].code == "needs"
    assert healthy.bad() == {}


def test_a_project_without_pyproject(healthy):
    write_project(healthy, None, CMakeLists_txt="\nx(CUDA::cublas CUDA::cublasLt)", main_cu="#include <curand.h>")
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-missing", "error")
    assert found.what == (
        "The project uses what is not installed: "
        "CUDA::cublas (CMakeLists.txt:2) of nvidia-cublas, curand.h (main.cu:1) of nvidia-curand."
    )
    assert found.fix.endswith('"cuda-toolkit[cublas,curand]==13.5.*"')


COMPANIONS = {"CMakeLists_txt": "find_package(NCCL)", "main_cu": "#include <cudnn.h>"}
NAMED = "find_package(NCCL) (CMakeLists.txt:1) of nvidia-nccl-cu{0}, cudnn.h (main.cu:1) of nvidia-cudnn-cu{0}."


def test_companions_without_pyproject(healthy):
    """A project may do without, so that it is a warning."""
    write_project(healthy, None, **COMPANIONS)
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-missing", "warning")
    assert found.what == f"The project uses what is not installed: {NAMED.format(13)}"
    assert found.fix.endswith(" nvidia-nccl-cu13 nvidia-cudnn-cu13")
    for name in ("nvidia-nccl-cu13", "nvidia-cudnn-cu12"):
        write_distribution(healthy.prefix.site, name, "2.1", {})
    assert only(healthy.bad()).fix.endswith(" install nvidia-cudnn-cu13")
    write_distribution(healthy.prefix.site, "nvidia-cudnn-cu13", "9.28", {})
    assert "need-missing" not in healthy.bad()


def test_companions_beside_what_the_toolkit_lacks(healthy):
    write_project(healthy, None, CMakeLists_txt="CUDA::cublas NCCL::NCCL")
    found = only(healthy.bad())
    assert (found.level, found.fix.partition("install ")[2]) == (
        "error",
        '"cuda-toolkit[cublas]==13.5.*" nvidia-nccl-cu13',
    )


def test_a_requirement_that_lacks_companions(healthy):
    write_project(healthy, ALL_OF_THEM, **COMPANIONS)
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-undeclared", "warning")
    assert found.fix == 'in pyproject.toml, add "nvidia-nccl-cu13" and "nvidia-cudnn-cu13"'
    write_project(healthy, ALL_OF_THEM, CMakeLists_txt="CUDA::cublas NCCL::NCCL", main_cu="")
    found = only(healthy.bad())
    changed = '"cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*"'
    assert (found.level, found.fix) == ("error", f'in pyproject.toml: {changed}, and add "nvidia-nccl-cu13"')
    # torch brings its own
    write_project(healthy, ["torch"], CMakeLists_txt="NCCL::NCCL")
    assert only(healthy.bad()).code == "need-missing"


def test_a_requirement_that_lacks_an_extra(healthy):
    write_project(healthy, ALL_OF_THEM, CMakeLists_txt="CUDA::cublas")
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-undeclared", "error")
    assert "CUDA::cublas (CMakeLists.txt:1) of nvidia-cublas" in found.what
    assert found.fix == 'in pyproject.toml: "cuda-toolkit[cccl,cublas,cudart,nvcc]==13.*"'


def test_a_requirement_that_is_lacking(healthy):
    write_project(healthy, ["cuda-shims[cu13]"], CMakeLists_txt="CUDA::cublas")
    found = only(healthy.bad())
    assert (found.code, found.fix) == ("need-undeclared", 'in pyproject.toml, add "cuda-toolkit[cublas]==13.5.*"')


def test_what_is_required_and_not_installed_here(healthy):
    write_project(healthy, ["cuda-toolkit[nvcc,cublas]"], CMakeLists_txt="CUDA::cublas")
    found = only(healthy.bad())
    assert (found.code, found.level) == ("need-missing", "warning")


def test_what_no_wheel_holds(healthy):
    write_project(healthy, ALL_OF_THEM, CMakeLists_txt="CUDA::cublas_static")
    found = only(healthy.bad())
    assert found.code == "need-nowhere"
    assert "CUDA::cublas_static (CMakeLists.txt:1)" in found.what


@pytest.mark.parametrize(
    "text", ["x = ", "build-system = 1", "[build-system]\nrequires = 1", "[build-system]\nrequires = [1]"]
)
def test_a_pyproject_that_says_nothing(healthy, text):
    write_project(healthy, None, CMakeLists_txt="CUDA::cudart")
    write(os.path.join(healthy.folder, "pyproject.toml"), text.encode())
    assert set(healthy.bad()) <= {"check-failed"}
