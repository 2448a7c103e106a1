"""The table of what is in which wheel: every form of a name, and names that are none."""

from __future__ import annotations

import pytest

from cuda_shims.catalog import contents, tools
from cuda_shims.catalog.table import read_table
from cuda_shims.doctor.part import find_part

CUDA_13 = ("13.0", "13.1", "13.2", "13.3", "13.4", "13.5")
#: what is said here holds whatever comes after
KNOWN = ("12.9", *CUDA_13)
BOTH, LINUX, WINDOWS = ("linux", "windows"), ("linux",), ("windows",)


def held(name):
    """Return (distribution, extra, first release, last release, platforms) of each wheel; of releases up to 13.5."""
    found = [(each, [release for release in each.releases if release in KNOWN]) for each in contents.find(name)]
    return [(each[2], each[3], releases[0], releases[-1], each.platforms) for each, releases in found if releases]


def both(wheel, extra, platforms=BOTH, of_12=None):
    """What most things are: in a wheel of CUDA 13, and in that of 12.9."""
    return [
        (f"nvidia-{wheel}", extra, "13.0", "13.5", platforms),
        (f"nvidia-{of_12 or wheel}-cu12", extra, "12.9", "12.9", platforms),
    ]


def linked(wheel, extra):
    """What our roots make an import library of, on Windows and of CUDA 13."""
    return [*both(wheel, extra)[:1], *both(wheel, extra, LINUX)[1:]]


def companion(wheel, platforms=BOTH):
    """Return what most companions are."""
    return [(f"{wheel}-cu13", "", "13.0", "13.5", platforms), (f"{wheel}-cu12", "", "12.9", "12.9", platforms)]


NAMES = [
    # name, kind, the name that it is known by, the wheels
    ("cudaProfiler.h", "header", None, both("cuda-profiler-api", "profiler")),
    ("cublas_v2.h", "header", None, both("cublas", "cublas")),
    ("thrust/sort.h", "header", None, both("cuda-cccl", "cccl")),
    ("cub/cub.cuh", "header", None, both("cuda-cccl", "cccl")),
    ("cuda/std/array", "header", None, both("cuda-cccl", "cccl")),
    ("cuda/atomic", "header", None, both("cuda-cccl", "cccl")),
    ("cuda/__ptx/ptx_dot_variants.h", "header", None, both("cuda-cccl", "cccl")),
    ("nv/target", "header", None, both("cuda-cccl", "cccl")),
    ("crt\\host_config.h", "header", "crt/host_config.h", [
        ("nvidia-cuda-crt", "crt", "13.0", "13.5", BOTH),
        ("nvidia-cuda-nvcc-cu12", "nvcc", "12.9", "12.9", BOTH),
    ]),
    ("cuda/tma", "header", None, [("nvidia-cuda-cccl", "cccl", "13.2", "13.5", BOTH)]),
    ("thrust/event.h", "header", None, [("nvidia-cuda-cccl-cu12", "cccl", "12.9", "12.9", BOTH)]),
    ("cudaEGL.h", "header", None, both("cuda-runtime", "cudart", LINUX)),
    ("CL/cl_d3d11.h", "header", None, both("cuda-opencl", "opencl", WINDOWS)),
    ("cudla.h", "header", None, [("nvidia-cudla", "cudla", "13.2", "13.5", LINUX)]),
    ("nvtxw3/nvtxw3.h", "header", None, [("nvidia-nvtx", "nvtx", "13.5", "13.5", BOTH)]),
    ("nvfunctional", "header", None, [("nvidia-cuda-runtime", "cudart", "13.4", "13.5", WINDOWS)]),
    ("libcublas.so", "library", "cublas", both("cublas", "cublas", LINUX)),
    ("libcublas.so.13", "library", "cublas", both("cublas", "cublas", LINUX)[:1]),
    ("libcublas.so.12.9.1", "library", "cublas", both("cublas", "cublas", LINUX)[1:]),
    ("libcublas.so.1", "library", None, []),
    ("-l:libcublas.so.12", "library", "cublas", both("cublas", "cublas", LINUX)[1:]),
    ("cublas", "library", None, both("cublas", "cublas")),
    ("-lcublas", "library", "cublas", linked("cublas", "cublas")),
    ("cublas.lib", "library", "cublas", both("cublas", "cublas", WINDOWS)[:1]),
    ("cublas64_13.dll", "library", "cublas", both("cublas", "cublas", WINDOWS)[:1]),
    ("CUBLAS64_12.DLL", "library", "cublas", both("cublas", "cublas", WINDOWS)[1:]),
    ("cudart.lib", "library", "cudart", both("cuda-runtime", "cudart", WINDOWS)),
    ("cudart", "library", None, both("cuda-runtime", "cudart")),
    ("libcudart_static.a", "library", "cudart_static", both("cuda-runtime", "cudart", LINUX)),
    ("libcudart_STATIC.a", "library", None, []),
    ("libculibos.a", "library", "culibos", [
        ("nvidia-cuda-culibos", "culibos", "13.0", "13.5", LINUX),
        ("nvidia-cuda-runtime-cu12", "cudart", "12.9", "12.9", LINUX),
    ]),
    ("libnvrtc-builtins.so.13.4", "library", "nvrtc-builtins", [("nvidia-cuda-nvrtc", "nvrtc", "13.4", "13.4", LINUX)]),
    ("libcheckpoint.so", "library", "checkpoint", both("cuda-cupti", "cupti", LINUX)),
    ("libcheckpoint.so.1", "library", None, []),
    ("nvJitLink_130_0.dll", "library", "nvJitLink", both("nvjitlink", "nvjitlink", WINDOWS)[:1]),
    ("cupti64_2026.1.2.dll", "library", "cupti", [("nvidia-cuda-cupti", "cupti", "13.2", "13.2", WINDOWS)]),
    ("libcuda.so", "library", None, []),
    ("libcuda.so.1", "library", None, []),
    ("-lcuda", "library", "cuda", both("cuda-runtime", "cudart", WINDOWS)),
    ("nvidia-ml", "library", None, []),
    ("CUDA::nvjpeg", "target", None, linked("nvjpeg", "nvjpeg")),
    ("CUDA::cudart_static", "target", None, both("cuda-runtime", "cudart")),
    ("CUDA::cuda_driver", "target", None, both("cuda-runtime", "cudart", WINDOWS)),
    ("CUDA::nvml", "target", None, both("nvml-dev", "nvml", WINDOWS)),
    ("CUDA::cuFile_rdma", "target", None, both("cufile", "cufile", LINUX)),
    ("CUDA::nvrtc_builtins", "target", None, linked("cuda-nvrtc", "nvrtc")),
    ("CUDA::nvtx3", "target", None, both("nvtx", "nvtx")),
    ("CUDA::nvtx3_interop", "target", None, both("nvtx", "nvtx", LINUX)),
    ("CUDA::sanitizer", "target", None, linked("cuda-sanitizer-api", "sanitizer")),
    ("CUDA::bin2c", "target", None, both("cuda-nvcc", "nvcc")[:1]),
    ("CUDA::nvToolsExt", "target", None, []),
    ("CUDA::cublas_static", "target", None, []),
    ("CUDA::nvml_static", "target", None, []),
    ("CUDA::toolkit", "target", None, []),
    ("nvcc", "tool", None, both("cuda-nvcc", "nvcc")[:1]),
    ("ptxas", "tool", None, both("cuda-nvcc", "nvcc")),
    ("ptxas.exe", "tool", "ptxas", both("cuda-nvcc", "nvcc", WINDOWS)),
    ("cuobjdump", "tool", None, [("nvidia-cuda-cuobjdump", "cuobjdump", "13.2", "13.5", BOTH)]),
    ("cicc", "tool", None, [("nvidia-nvvm", "nvvm", "13.0", "13.5", BOTH)]),
    ("libdevice.10.bc", "library", None, [
        ("nvidia-nvvm", "nvvm", "13.0", "13.5", BOTH),
        ("nvidia-cuda-nvcc-cu12", "nvcc", "12.9", "12.9", BOTH),
    ]),
    ("CUDAToolkit::cublas", "target", None, linked("cublas", "cublas")),
    *((name, "target", None, both("cuda-cccl", "cccl")) for name in (
        *("CCCL::CCCL", "CCCL::Thrust", "CCCL::CUB", "CCCL::libcudacxx"),
        *("Thrust::Thrust", "CUB::CUB", "libcudacxx::libcudacxx"),
    )),
    ("cudnn.h", "header", None, companion("nvidia-cudnn")),
    ("cudnn_v9.h", "header", None, companion("nvidia-cudnn", LINUX)),
    ("nccl_device/core.h", "header", None, companion("nvidia-nccl", LINUX)),
    ("cutensor/types.h", "header", None, companion("cutensor")),
    ("cublasdx.hpp", "header", None, [("nvidia-mathdx", "", "12.9", "13.5", BOTH)]),
    ("-lnccl", "library", "nccl", companion("nvidia-nccl", LINUX)),
    ("cudnn", "library", None, companion("nvidia-cudnn")),
    ("libcusparseLt.so", "library", "cusparseLt", companion("nvidia-cusparselt", LINUX)),
    ("libcudnn.so.9.28.1", "library", "cudnn", companion("nvidia-cudnn", LINUX)),
    ("cutensor.lib", "library", "cutensor", companion("cutensor", WINDOWS)),
    ("libcufftMp.so.12", "library", "cufftMp", companion("nvidia-cufftmp", LINUX)[:1]),
    ("libnvshmem_device_sm_75.bc", "library", None, companion("nvidia-nvshmem", LINUX)[:1]),
    # cuFFTMp has copies of these; the toolkit's own win
    ("cufftw.h", "header", None, both("cufft", "cufft")),
    ("libcufftw.so.12", "library", "cufftw", both("cufft", "cufft", LINUX)[:1]),
    # as the modules of projects call them
    *((name, "target", None, companion(wheel, platforms)) for name, wheel, platforms in (
        ("torch::cusparselt", "nvidia-cusparselt", BOTH),
        ("NCCL::NCCL", "nvidia-nccl", LINUX),
        ("NCCL::nccl", "nvidia-nccl", LINUX),
        ("cuTENSOR::cuTENSOR", "cutensor", BOTH),
        ("cuDSS::cuDSS", "nvidia-cudss", BOTH),
        ("nvcomp::nvcomp", "nvidia-libnvcomp", BOTH),
        ("nvshmem::nvshmem_host", "nvidia-nvshmem", LINUX),
        ("nvshmem::nvshmem", "nvidia-nvshmem", LINUX),
        ("cuQuantum::custatevec", "custatevec", LINUX),
    )),
    *((name, "target", None, [*companion("nvidia-cudnn")[:1], *companion("nvidia-cudnn", LINUX)[1:]]) for name in (
        *("CUDNN::cudnn", "CUDNN::cudnn_all", "cudnn::cudnn_ops", "torch::cudnn"),
    )),
    ("MathDx::cusolverdx", "target", None, [("nvidia-mathdx", "", "12.9", "13.5", BOTH)]),
    ("mine::cudnn", "target", None, []),
    ("CUDNN::cudn", "target", None, []),
    ("NVSHMEM::host", "target", None, []),
    ("torch::torch", "target", None, []),
    ("CCCL::cudax", "target", None, []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "known_by", "wheels"), NAMES)
def test_every_form_of_a_name(name, kind, known_by, wheels):
    assert held(name) == wheels
    assert {(each.kind, each.name) for each in contents.find(name)} <= {(kind, known_by or name)}
    assert contents.kind_of(name) == kind


def test_two_wheels_hold_one_header():
    wheels = ["nvidia-cuda-cupti", "nvidia-cuda-sanitizer-api"]
    assert [each[0] for each in held("generated_cuda_meta.h")] == [*wheels, *(f"{each}-cu12" for each in wheels)]


def test_releases_that_are_not_in_a_row():
    assert contents.find("crt/cuda_tile.h")[0].releases[:4] == ("13.0", "13.3", "13.4", "13.5")
    assert contents.releases()[: len(KNOWN)] == KNOWN


NO_NAMES = [
    *(
        "",
        " ",
        ".",
        "..",
        "/",
        "\\",
        "-l",
        "-l:",
        "-l:.so",
        "CUDA::",
        "CUDA::*",
        "lib.so",
        "lib.a",
        ".so",
        ".dll",
        ".h",
    ),
    *("cuda.h\0", "\0", "a\nb.h", "\udcff.h", "é.h", "cuda.h ", "~/cuda.h", "$(nvcc)", "*", "[", "(.+", "cuda\\*"),
    *("/usr/include/cuda.h", "C:\\cuda.h", "C:cuda.h", "//host/cuda.h", "./cuda.h", "../cuda.h", "thrust/../cuda.h"),
    *("thrust/", "thrust//sort.h", "cuda/mine.h", "CUDA::CUDA::cublas", "CUDA::-lcublas", "CUDA::libcublas.so"),
    *("CUDA::cublas.h", "libcublas.so.", "libcublas.so.x", "libcublas.so.13\n", "__*/", "cuda/__*", "a" * 10_000_000),
    *(".so" * 3_000_000, "a/" * 5_000_000, "CUDA::" + "a" * 10_000_000, "-l" + "." * 10_000_000),
]


@pytest.mark.parametrize("name", NO_NAMES, ids=lambda name: ascii(name[:20]))
def test_what_is_no_name(name):
    assert contents.find(name) == contents.places(name) == []
    assert contents.find_similar(name) is not None
    assert contents.kind_of(name) in {"header", "library", "target", "package", "tool"}
    assert contents.driver_stub(name) is None
    assert all("\0" not in file and ".." not in file.split("/") for file in contents.files_of(name))


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("thrust/sort.h", ["thrust/sort.h"]),
        ("crt\\mma.h", ["crt/mma.h"]),
        ("libcublas.so", ["libcublas.so", "libcublas.so.12", "libcublas.so.13"]),
        ("libcufft.so.12.1", ["libcufft.so.12.1", "libcufft.so.12"]),
        ("-lnvJitLink", ["libnvJitLink.so", "libnvJitLink.so.12", "libnvJitLink.so.13", "nvJitLink.lib"]),
        ("CUDA::cuda_driver", ["libcuda_driver.so", "libcuda.so", "cuda.lib"]),
        ("CUDA::nvtx3", ["nvtx3/nvToolsExt.h"]),
        ("CUDA::other", []),
        ("CUDNN::cudnn", ["libcudnn.so", "libcudnn.so.9", "cudnn.lib"]),
        ("nvshmem::nvshmem", ["nvshmem.h"]),
        ("CCCL::CUB", ["cub/cub.cuh"]),
        ("nvcc", ["nvcc"]),
        ("../nvcc", []),
    ],
)
def test_the_files_that_something_is(name, files):
    assert [file for file in contents.files_of(name) if not file.endswith(".dll")] == files


def test_import_libraries_that_no_wheel_has():
    made = ("cublas.lib", "CUBLAS.LIB", "nvvm.lib", "-lcublas", "CUDA::cublas", "cudnn.lib")
    assert [name for name in made if not contents.is_made(name)] == []
    others = ("cudart.lib", "-lcudart", "cutensor.lib", "cublas64_13.dll", "libcublas.so", "mine.lib", "", "nvcc")
    assert [name for name in others if contents.is_made(name)] == []


@pytest.mark.parametrize(
    ("name", "header"),
    [
        *((name, "cuda.h") for name in ("cuda", "-lcuda", "-l:libcuda.so", "libcuda.so", "CUDA::cuda_driver")),
        *((name, "nvml.h") for name in ("nvidia-ml", "-lnvidia-ml", "libnvidia-ml.so", "CUDA::nvml")),
        ("CUDAToolkit::nvml", "nvml.h"),
        *(
            (name, None)
            for name in ("libcuda.so.1", "cuda.lib", "cudart", "CUDA::cudart", "CUDA::nvml_static", "cuda.h")
        ),
    ],
)
def test_libraries_of_the_driver(name, header):
    assert contents.driver_stub(name) == header


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("cudn.h", ["cudnn.h", "cuda.h"]),
        ("cudaprofiler.h", ["cudaProfiler.h", "cuda_profiler_api.h"]),
        ("nvtx3\\nvtoolsext.h", ["nvtx3/nvToolsExt.h", "nvtx3/nvToolsExtMem.h"]),
        ("-lcudn", ["-lcudnn", "-lcuda"]),
        ("-l:libncl.so", ["-l:libnccl.so", "-l:libOpenCL.so"]),
        ("libcublass.so.13", ["libcublas.so.13", "libcublasLt.so.13"]),
        ("cutensr.lib", ["cutensor.lib", "cutensorMg.lib"]),
        ("cudn", ["cudnn", "cuda"]),
        ("nvc", ["nvcc", "nvrtc"]),
        ("CUDA::cublass", ["CUDA::cublas", "CUDA::cublasLt"]),
        ("CUDAToolkit::nvjpg", ["CUDAToolkit::nvjpeg"]),
        ("CUDA::cuda_drive", ["CUDA::cuda_driver"]),
        ("CCCL::Trust", ["CCCL::Thrust"]),
        *((name, []) for name in ("mine.h", "-lmine", "libmine.so", "CUDA::mine", "nvprof", "a::b", "lib.so", "-l")),
        # no wheel holds it
        ("CUDA::nvToolsEx", []),
    ],
)
def test_names_that_are_similar(name, similar):
    assert contents.find_similar(name) == similar


def test_what_is_listed_by_its_own_name():
    assert contents.is_listed("cuda.h")
    assert contents.is_listed("cudart")
    assert not contents.is_listed("thrust/sort.h")


def test_the_catalog_agrees_with_the_wheels():
    extras = {each.extra for kind in read_table().files.values() for some in kind.values() for each in some}
    assert extras == {each.extra for each in tools.COMPONENTS} | {""}  # a companion has none
    for tool in tools.TOOLS:
        of_13, *of_12 = contents.find(tool.name)
        assert (of_13.distribution, of_13.extra) == (tool.distribution, tool.extra)
        first = (of_12 or [of_13])[-1].releases[0]
        assert first == ("12.9" if tool.since == "12.0" else tool.since)  # where the table begins
    others = set(read_table().files["tool"]) - {tool.name for tool in tools.TOOLS}
    assert others == {"__nvcc_device_query"}  # nvcc's own


def test_extras_of_the_table_are_those_of_the_catalog():
    extras = {each.distribution: each.extra for each in tools.COMPONENTS}
    for files in read_table().files.values():
        for places in files.values():
            for place in places:
                if place.extra and not place.distribution.endswith("-cu12"):
                    assert extras[place.distribution] == place.extra


def test_what_a_project_names_is_in_the_table():
    """Every library but the static ones and NVTX 2 is asked for by some project."""
    nowhere = {"nvToolsExt", "nvgraph", "nppicom", "cufft_static_nocallback", "cufilt"}
    for target in read_table().targets:
        extra = find_part(target, header=False)
        assert extra is not None
        if extra == "":
            assert target in nowhere or target.endswith("_static"), target
