"""``which``: what is here, and how to get what is not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from fake_dll import write_dll
from fake_toolkit import COMPILER, TOOL, write, write_distribution

from _cuda_shims import places
from _cuda_shims.places import Place
from cuda_shims.catalog import contents
from cuda_shims.cli import advice, lookup, main
from cuda_shims.cli.output import SCHEMA
from cuda_shims.environment.environment import target_environment
from cuda_shims.errors import ConfigError, ToolkitNotFoundError
from cuda_shims.installation.refresh import make_root
from cuda_shims.selection import Scope

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(places.__file__)))
LINUX, WINDOWS = "linux-x86_64", "windows-amd64"


@pytest.fixture(autouse=True)
def on_linux(monkeypatch):
    monkeypatch.setattr(lookup, "system", lambda: LINUX)


def ask(prefix, name, **environ):
    scope = Scope("/nonexistent", {"PATH": "", **environ}, target_environment(prefix.site), elsewhere=True)
    return lookup.which(name, scope)


HERE = [
    # name, its place in a root, its place in the wheels' folder
    ("cuda_runtime.h", "include/cuda_runtime.h", "include/cuda_runtime.h"),
    ("crt/host_config.h", "include/crt/host_config.h", "include/crt/host_config.h"),
    ("cub/cub.cuh", "include/cccl/cub/cub.cuh", "include/cccl/cub/cub.cuh"),
    ("nvvm.h", "include/nvvm.h", "include/nvvm.h"),
    ("libcudart.so", "lib/libcudart.so", "lib/libcudart.so.13"),
    ("libcudart.so.13", "lib/libcudart.so.13", "lib/libcudart.so.13"),
    ("libcudart.so.13.5.37", "lib/libcudart.so.13", "lib/libcudart.so.13"),
    ("cudart", "lib/libcudart.so", "lib/libcudart.so.13"),
    ("-lcudart", "lib/libcudart.so", "lib/libcudart.so.13"),
    ("libcudart_static.a", "lib/libcudart_static.a", "lib/libcudart_static.a"),
    ("libcheckpoint.so", "lib/libcheckpoint.so", "lib/libcheckpoint.so"),
    ("CUDA::cudart", "lib/libcudart.so", "lib/libcudart.so.13"),
    ("CUDA::cudart_static", "lib/libcudart_static.a", "lib/libcudart_static.a"),
    ("CUDA::bin2c", "bin/bin2c", "bin/bin2c"),
    ("CUDA::cuda_driver", "lib/stubs/libcuda.so", None),
    ("-lcuda", "lib/stubs/libcuda.so", None),
    ("libnvidia-ml.so", "lib/stubs/libnvidia-ml.so", None),
    ("CUDA::nvml", "lib/stubs/libnvidia-ml.so", None),
    ("nvcc", "bin/nvcc", "bin/nvcc"),
    ("cicc", "nvvm/bin/cicc", "nvvm/bin/cicc"),
    ("libdevice.10.bc", "nvvm/libdevice/libdevice.10.bc", "nvvm/libdevice/libdevice.10.bc"),
    ("CCCL::CUB", "include/cccl/cub/cub.cuh", "include/cccl/cub/cub.cuh"),
    ("CUDAToolkit::cudart", "lib/libcudart.so", "lib/libcudart.so.13"),
    ("__nvcc_device_query", "bin/__nvcc_device_query", "bin/__nvcc_device_query"),
    ("cudart-13.5.pc", "lib/pkgconfig/cudart-13.5.pc", None),
    ("cudart.pc", "lib/pkgconfig/cudart-13.5.pc", None),
    ("cccl-config.cmake", "lib/cmake/cccl/cccl-config.cmake", None),
    ("CCCLConfig.cmake", "lib/cmake/cccl/cccl-config.cmake", None),
]


@pytest.mark.parametrize(("name", "in_root", "in_wheels"), HERE)
def test_what_is_here(prefix, name, in_root, in_wheels):
    folder = prefix.toolkit(components=[*COMPILER, "nvidia-cuda-cupti", "nvidia-nvml-dev"])
    before = ask(prefix, name)
    assert before.path == (f"{folder}/{in_wheels}" if in_wheels else None)
    root = make_root(Place(prefix.site, 13))
    answer = ask(prefix, name)
    assert answer == (contents.kind_of(name), f"{root}/{in_root}", "13.5.37", "")
    assert os.path.isfile(answer.path)


COMPANIONS = [
    # distribution, file below site-packages, what is asked
    ("nvidia-cudnn-cu13", "nvidia/cudnn/include/cudnn.h", "cudnn.h"),
    ("nvidia-cudnn-cu13", "nvidia/cudnn/lib/libcudnn.so.9", "CUDNN::cudnn"),
    ("nvidia-nccl-cu13", "nvidia/nccl/lib/libnccl.so.2", "-lnccl"),
    ("nvidia-cusparselt-cu13", "nvidia/cusparselt/lib/libcusparseLt.so.0", "libcusparseLt.so"),
    ("nvidia-cusparselt-cu13", "nvidia/cu13/lib/libcusparseLt.so.0", "libcusparseLt.so"),
    ("nvidia-libnvcomp-cu13", "nvidia/libnvcomp/lib64/libnvcomp.so.6", "nvcomp::nvcomp"),
    ("nvidia-cublasmp-cu13", "nvidia/cublasmp/cu13/include/cublasmp.h", "cublasmp.h"),
    ("cutensor-cu13", "cutensor/include/cutensor/types.h", "cutensor/types.h"),
    ("nvidia-mathdx", "nvidia/mathdx/include/cublasdx.hpp", "cublasdx.hpp"),
]


@pytest.mark.parametrize("toolkit", [True, False])
@pytest.mark.parametrize(("distribution", "file", "name"), COMPANIONS)
def test_a_companion_in_its_own_folder(prefix, distribution, file, name, toolkit):
    """As long as no root has it."""
    if toolkit:
        prefix.toolkit()
    holds = f"{distribution} holds it; run: pip install {distribution}"
    assert ask(prefix, name) == (contents.kind_of(name), None, "13.5.37" if toolkit else None, holds)
    write_distribution(prefix.site, distribution, "1.2", {file: b""})
    assert ask(prefix, name).path == f"{prefix.site}/{file}"
    os.unlink(f"{prefix.site}/{file}")
    again = f"pip install --force-reinstall --no-deps {distribution}==1.2"
    assert ask(prefix, name).fix == f"{distribution} 1.2 has lost files, or another has overwritten them; run: {again}"
    # an older one, as torch pins it, may never have had it
    write_distribution(prefix.site, distribution, "1.2", {f"{os.path.dirname(file)}/other": b""})
    assert ask(prefix, name).fix == f"{distribution} 1.2 is installed without it"


def test_a_companion_in_the_root(prefix):
    """There it has the name that linkers ask for."""
    prefix.toolkit()
    files = {"nvidia/cudnn/include/cudnn.h": b"\n", "nvidia/cudnn/lib/libcudnn.so.9": b"ELF"}
    write_distribution(prefix.site, "nvidia-cudnn-cu13", "9.28", files)
    root = make_root(Place(prefix.site, 13))
    for name, file in (("cudnn.h", "include/cudnn.h"), ("CUDNN::cudnn", "lib/libcudnn.so")):
        assert ask(prefix, name) == (contents.kind_of(name), f"{root}/{file}", "13.5.37", "")


def test_a_companion_of_another_major(prefix):
    """It lies in the same folder."""
    prefix.toolkit()
    write_distribution(prefix.site, "nvidia-cudnn-cu12", "9.1", {"nvidia/cudnn/include/cudnn.h": b""})
    write_distribution(prefix.site, "cutensor-cu12", "2.1", {"cutensor/include/cutensor.h": b""})
    for name, distribution in (("cudnn.h", "nvidia-cudnn-cu13"), ("cutensor.h", "cutensor-cu13")):
        answer = ask(prefix, name)
        assert (answer.path, answer.fix) == (None, f"{distribution} holds it; run: pip install {distribution}")


@pytest.mark.parametrize("goes", [False, True], ids=["overwritten", "taken along"])
def test_a_companion_that_another_major_has_taken_the_files_of(prefix, goes):
    """As two of one folder leave each other; ``pip install nvidia-cudnn-cu13`` would say that it is there."""
    prefix.toolkit()
    for major in (13, 12):
        files = {"nvidia/cudnn/include/cudnn.h": b"\n" * major}
        write_distribution(prefix.site, f"nvidia-cudnn-cu{major}", f"9.{major}", files)
    if goes:
        shutil.rmtree(f"{prefix.site}/nvidia_cudnn_cu12-9.12.dist-info")
        shutil.rmtree(f"{prefix.site}/nvidia/cudnn")
    what = "nvidia-cudnn-cu13 9.13 has lost files, or another has overwritten them"
    again = "pip install --force-reinstall --no-deps nvidia-cudnn-cu13==9.13"
    assert ask(prefix, "cudnn.h").fix == f"{what}; run: {again}"


def test_companions_of_cuda_12_by_themselves(prefix):
    write_distribution(prefix.site, "cutensor-cu12", "2.1", {"cutensor/include/cutensor.h": b""})
    assert ask(prefix, "cutensor.h").path == f"{prefix.site}/cutensor/include/cutensor.h"
    assert ask(prefix, "nccl.h").fix == "nvidia-nccl-cu12 holds it; run: pip install nvidia-nccl-cu12"


def test_a_package_that_is_not_here(prefix):
    prefix.toolkit(components=("nvidia-cuda-nvcc", "nvidia-cuda-runtime"))
    root = "its wheel is installed, and packages are in the toolkit root; run: cuda-shims root"
    install = '{} holds it; run: pip install "cuda-toolkit[{}]==13.5.*"'
    for name, fix in (
        ("cudart.pc", root),
        ("cudart-13.5.pc", root),
        ("cudart-12.9.pc", "no CUDA wheel on PyPI holds a library of that name"),
        ("cublas-13.5.pc", install.format("nvidia-cublas", "cublas")),
        ("nccl.pc", "nvidia-nccl-cu13 holds it; run: pip install nvidia-nccl-cu13"),
        ("ThrustConfig.cmake", install.format("nvidia-cuda-cccl", "cccl")),
        ("mine-config.cmake", "no CUDA wheel on PyPI holds a target of that name"),
    ):
        answer = ask(prefix, name)
        assert (answer.kind, answer.path, answer.fix.partition("; did")[0]) == ("package", None, fix)
    make_root(Place(prefix.site, 13))
    assert ask(prefix, "cublas-13.5.pc").path is None
    assert ask(prefix, "cudart-12.9.pc").path is None


def test_a_companion_beside_a_toolkit_that_variables_name(prefix, tmp_path):
    write_distribution(prefix.site, "nvidia-nccl-cu13", "2.1", {"nvidia/nccl/include/nccl.h": b""})
    mine = str(tmp_path / "mine")
    write(f"{mine}/include/cuda.h")
    assert ask(prefix, "nccl.h", CUDA_HOME=mine)[1:3] == (f"{prefix.site}/nvidia/nccl/include/nccl.h", None)
    with pytest.raises(ConfigError, match=r"mine holds no nccl\.h; unset it"):
        ask(prefix, "nccl.h", CUDA_SHIMS_TOOLKIT=mine)


def test_a_tool_of_another_name(prefix):
    nowhere = "no CUDA wheel on PyPI holds a tool of that name"
    assert ask(prefix, "nvc").fix == f"{nowhere}; did you mean nvcc or nvrtc?"
    assert ask(prefix, "nvprof").fix == nowhere


@pytest.mark.usefixtures("on_windows")
@pytest.mark.parametrize("name", ["cublas.lib", "-lcublas", "CUDA::cublas"])
def test_an_import_library_that_no_wheel_has(prefix, monkeypatch, name):
    monkeypatch.setattr(lookup, "system", lambda: WINDOWS)
    prefix.ours()
    prefix.toolkit()
    files = {"nvidia/cu13/bin/x86_64/cublas64_13.dll": write_dll([b"cublasCreate_v2"])}
    write_distribution(prefix.site, "nvidia-cublas", "13.5.1", files)
    missing = ask(prefix, name)
    assert missing.path is None
    assert missing.fix == f"nvidia-cublas {DLL}cuda-shims root"
    make_root(Place(prefix.site, 13))
    assert ask(prefix, name).path == f"{prefix.site}/cuda_shims_toolkit/cu13/lib/x64/cublas.lib"


def test_a_toolkit_that_variables_name(prefix, tmp_path):
    prefix.toolkit()
    mine = str(tmp_path / "mine")
    for file in ("include/npp.h", "lib64/libnppc.so", "lib64/stubs/libcuda.so"):
        write(os.path.join(mine, file))
    for variable in ("CUDA_SHIMS_TOOLKIT", "CUDA_HOME"):
        for name, file in (("npp.h", "include/npp.h"), ("CUDA::nppc", "lib64/libnppc.so")):
            assert ask(prefix, name, **{variable: mine})[:3] == (contents.kind_of(name), f"{mine}/{file}", None)
            assert ask(prefix, name, **{variable: mine}).path == f"{mine}/{file}"
        assert ask(prefix, "-lcuda", **{variable: mine}).path == f"{mine}/lib64/stubs/libcuda.so"
    # forwarding is for what that toolkit has; a choice is for all
    assert ask(prefix, "nvvm.h", CUDA_HOME=mine)[1:3] == (
        f"{prefix.site}/nvidia/cu13/include/nvvm.h",
        "13.5.37",
    )
    with pytest.raises(ConfigError, match=r"mine holds no nvvm\.h; unset it"):
        ask(prefix, "nvvm.h", CUDA_SHIMS_TOOLKIT=mine)
    with pytest.raises(ToolkitNotFoundError):
        ask(prefix, "nvvm.h", CUDA_SHIMS_TOOLKIT="14")


def test_cuda_12(prefix):
    """Its wheels have a folder each, and no nvcc: none of them is a toolkit."""
    files = {"nvidia/cublas/include/cublas_v2.h": b"", "nvidia/cublas/lib/libcublas.so.12": b""}
    write_distribution(prefix.site, "nvidia-cublas-cu12", "12.8.4.1", files)
    assert ask(prefix, "curand.h").fix.endswith('run: pip install "cuda-toolkit[curand]==12.*"')
    runtime = {"nvidia/cuda_runtime/include/cuda.h": b""}
    write_distribution(prefix.site, "nvidia-cuda-runtime-cu12", "12.8.90", runtime)
    assert ask(prefix, "cublas_v2.h").path == f"{prefix.site}/nvidia/cublas/include/cublas_v2.h"
    assert ask(prefix, "libcublas.so").path == f"{prefix.site}/nvidia/cublas/lib/libcublas.so.12"
    again = "pip install --force-reinstall --no-deps nvidia-cuda-runtime-cu12==12.8.90"
    newest = last("libcublas.so.13")
    for name, fix in (
        ("curand.h", 'nvidia-curand-cu12 holds it; run: pip install "cuda-toolkit[curand]==12.8.*"'),
        ("crt/mma.h", 'nvidia-cuda-nvcc-cu12 holds it; run: pip install "cuda-toolkit[nvcc]==12.8.*"'),
        (
            "libcublas.so.13",
            f"nvidia-cublas of CUDA 13.0 to {newest} holds it, and none of CUDA 12.8 does",
        ),
        ("CUDA::cuda_driver", "no wheel for Linux holds it: it is part of NVIDIA's driver"),
        ("cuda_fp16.h", "nvidia-cuda-runtime-cu12 12.8.90 is installed without it; run: " + again),
    ):
        assert ask(prefix, name)[1:] == (None, "12.8.90", fix)
    # beside a toolkit of CUDA 13 they are no answer
    prefix.toolkit()
    answer = ask(prefix, "cublas_v2.h")
    assert (answer.path, answer.fix) == (
        None,
        'nvidia-cublas holds it; run: pip install "cuda-toolkit[cublas]==13.5.*"',
    )


NOWHERE = "no CUDA wheel on PyPI holds"
DLL = "holds its DLL, and cuda-shims makes what links with that; run: "
CUBLAS = f"nvidia-cublas {DLL}" + 'pip install "cuda-toolkit[cublas]==13.5.*"'
CUDNN = f"nvidia-cudnn-cu13 {DLL}pip install nvidia-cudnn-cu13"
PATH = "this is a path; give a name, such as cudaProfiler.h, libcublas.so, CUDA::nvjpeg or nvcc"
STUB = (
    "no wheel for Linux holds it: it is part of NVIDIA's driver; "
    "cuda-shims makes one to link with, in its toolkit root, "
)


UNDEFINED = "CMake's FindCUDAToolkit defines no library of that name"
PIP = "{0} holds it; run: pip install {0}"
NEWEST_13 = max((each for each in contents.releases() if each.startswith("13.")), key=lambda each: int(each[3:]))


def last(name):
    """Name the last release that has something."""
    return contents.find(name)[0].releases[-1]


def line(extra, release):
    return f'pip install "cuda-toolkit[{extra}]=={release}.*"'


def holds(wheel, extra, release):
    return f"nvidia-{wheel} holds it; run: {line(extra, release)}"


MISSING = [
    # name, release that is installed, machine, what is said
    ("cudaProfiler.h", "13", LINUX, holds("cuda-profiler-api", "profiler", "13")),
    ("cudaProfiler.h", "13.4", WINDOWS, holds("cuda-profiler-api", "profiler", "13.4")),
    ("cudaProfiler.h", "14.1", LINUX, holds("cuda-profiler-api", "profiler", "14.1")),
    ("cudaProfiler.h", "11.8", LINUX, holds("cuda-profiler-api-cu12", "profiler", "11.8")),
    ("libcublas.so", "12", LINUX, holds("cublas-cu12", "cublas", "12")),
    ("CUDA::cublas", "13.5", LINUX, holds("cublas", "cublas", "13.5")),
    ("cudla.h", "13.5", "linux-aarch64", holds("cudla", "cudla", "13.5")),
    ("CUDA::cuda_driver", "13.5", WINDOWS, holds("cuda-runtime", "cudart", "13.5")),
    (
        *("generated_cuda_meta.h", "13.5", LINUX),
        f"nvidia-cuda-cupti and nvidia-cuda-sanitizer-api hold it; run: {line('cupti', '13.5')} or "
        + line("sanitizer", "13.5"),
    ),
    ("libcublas.so.12", "13.5", LINUX, "nvidia-cublas-cu12 of CUDA 12.9 holds it, and none of CUDA 13.5 does"),
    ("libcublas.so.12", "13", LINUX, f"nvidia-cublas-cu12 of CUDA 12.9 holds it, and none of CUDA {NEWEST_13} does"),
    (
        *("cuda_tile.h", "13.0", WINDOWS),
        f"nvidia-cuda-runtime of CUDA 13.3 to {last('cuda_tile.h')} holds it, and none of CUDA 13.0 does",
    ),
    (
        *("libnvrtc-builtins.so.13.4", "13.0", LINUX),
        "nvidia-cuda-nvrtc of CUDA 13.4 holds it, and none of CUDA 13.0 does",
    ),
    ("cudla.h", "13.5", LINUX, "nvidia-cudla holds it for Linux on aarch64 only"),
    ("CL/cl.h", "13.5", "linux-aarch64", "nvidia-cuda-opencl holds it for Linux on x86_64 and Windows only"),
    ("libcufile.so", "13.5", WINDOWS, "nvidia-cufile holds it for Linux only"),
    ("cublas64_13.dll", "13.5", LINUX, "nvidia-cublas holds it for Windows only"),
    ("ptxas.exe", "13.5", LINUX, "nvidia-cuda-nvcc holds it for Windows only"),
    ("CUDA::cublas", "13.5", WINDOWS, CUBLAS),
    ("-lcublas", "13.5", WINDOWS, CUBLAS),
    ("cublas.lib", "13.5", WINDOWS, CUBLAS),
    ("cublas.lib", "13.5", LINUX, "nvidia-cublas holds it for Windows only"),
    ("cublas.lib", "12.9", WINDOWS, "nvidia-cublas of CUDA 13.0 to 13.5 holds it, and none of CUDA 12.9 does"),
    ("CUDA::cuda_driver", "13.5", LINUX, f"{STUB}from nvidia-cuda-runtime; run: {line('cudart', '13.5')}"),
    ("-lnvidia-ml", "13.5", LINUX, f"{STUB}from nvidia-nvml-dev; run: {line('nvml', '13.5')}"),
    ("CUDA::cublas_static", "13.5", LINUX, f"{NOWHERE} the static library; use CUDA::cublas"),
    ("CUDA::nvToolsExt", "13.5", LINUX, f"{NOWHERE} its library; use CUDA::nvtx3, which has only headers"),
    ("CUDA::cufft_static_nocallback", "13.5", LINUX, f"{NOWHERE} its library"),
    ("CUDA::mine", "13.5", LINUX, UNDEFINED),
    ("CUDA::cublass", "13.5", LINUX, f"{UNDEFINED}; did you mean CUDA::cublas or CUDA::cublasLt?"),
    ("CUDAToolkit::cublas", "13.5", LINUX, holds("cublas", "cublas", "13.5")),
    ("CUDAToolkit::mine", "13.5", LINUX, UNDEFINED),
    ("CUDAToolkit::nvToolsExt", "13.5", LINUX, f"{NOWHERE} its library; use CUDA::nvtx3, which has only headers"),
    ("CCCL::CCCL", "13.5", LINUX, holds("cuda-cccl", "cccl", "13.5")),
    ("libdevice.10.bc", "13.5", LINUX, holds("nvvm", "nvvm", "13.5")),
    *((name, "13.5", LINUX, PIP.format("nvidia-cudnn-cu13")) for name in ("cudnn.h", "-lcudnn", "CUDNN::cudnn")),
    ("cudnn.h", "12", LINUX, PIP.format("nvidia-cudnn-cu12")),
    ("cudnn.h", "13", "windows-arm64", PIP.format("nvidia-cudnn-cu13")),
    ("cublasdx.hpp", "12.8", LINUX, PIP.format("nvidia-mathdx")),
    ("-lcudnn", "13.5", WINDOWS, CUDNN),
    ("CUDNN::cudnn", "13.5", WINDOWS, CUDNN),
    ("cudnn.lib", "13.5", WINDOWS, CUDNN),
    ("nccl.h", "13.5", WINDOWS, "nvidia-nccl-cu13 holds it for Linux only"),
    (
        *("libnvshmem_device_sm_70.bc", "13.5", LINUX),
        "nvidia-nvshmem-cu12 of CUDA 12.9 holds it, and none of CUDA 13.5 does",
    ),
    ("mine::mine", "13.5", LINUX, f"{NOWHERE} a target of that name"),
    ("cudn.h", "13.5", LINUX, f"{NOWHERE} a header of that name; did you mean cudnn.h or cuda.h?"),
    ("libncl.so", "13.5", LINUX, f"{NOWHERE} a library of that name; did you mean libnccl.so or libOpenCL.so?"),
    ("mine.h", "13.5", LINUX, f"{NOWHERE} a header of that name"),
    ("libmine.so", "13.5", LINUX, f"{NOWHERE} a library of that name"),
    ("-lmine", "13.5", WINDOWS, f"{NOWHERE} a library of that name"),
    ("mine.lib", "13.5", WINDOWS, f"{NOWHERE} a library of that name"),
    ("/usr/include/cuda.h", "13.5", LINUX, PATH),
    ("../cuda.h", "13.5", LINUX, PATH),
    ("a\\..\\cuda.h", "13.5", LINUX, PATH),
    ("./nvcc", "13.5", LINUX, PATH),
    ("~/nvcc", "13.5", LINUX, PATH),
]


@pytest.mark.parametrize(("name", "release", "machine", "expected"), MISSING)
def test_what_is_not_here(name, release, machine, expected):
    assert advice.missing(name, release, {}, machine) == expected


def test_what_should_be_here():
    """A wheel is there and its file is not: a half-removed one, or a header that may never have been."""
    installed = {"nvidia-nvjpeg": "13.3.2.43", "nvidia-cuda-cccl": "13.3.5.0.6", "nvidia-cuda-runtime": "13.5.37"}
    fix = "nvidia-nvjpeg 13.3.2.43 is installed without it; run: pip install --force-reinstall --no-deps nvidia-nvjpeg"
    assert advice.missing("nvjpeg.h", "13.5", installed, LINUX) == fix + "==13.3.2.43"
    assert (
        advice.missing("thrust/x.h", "13.5", installed, LINUX) == "nvidia-cuda-cccl 13.3.5.0.6 is installed without it"
    )
    assert advice.missing("libcuda.so", "13.5", installed, LINUX).endswith("; run: cuda-shims root")


def test_the_name_of_this_machine(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr("platform.machine", lambda: "AArch64")
    assert advice.system() == "linux-aarch64"
    monkeypatch.setattr("os.name", "nt")
    assert advice.system() == "windows-aarch64"


# the command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def which(prefix, tmp_path):
    """Run the command in an environment of its own."""

    def which(*arguments, **environ):
        code = f"import sys; sys.path.insert(0, {prefix.site!r}); from cuda_shims.cli import main; sys.exit(main())"
        done = subprocess.run(
            [sys.executable, "-S", "-c", code, "which", *arguments],
            env={"PATH": prefix.bin, "PYTHONPATH": SOURCE, **environ},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    return which


def test_the_command_finds(which, prefix):
    folder = prefix.toolkit()
    prefix.ours()
    root = make_root(Place(prefix.site, 13))
    assert which("cuda.h") == (0, f"{root}/include/cuda.h\n", "")
    assert which("-lcudart") == which("-l", "cudart") == (0, f"{root}/lib/libcudart.so\n", "")
    code, out, err = which("CUDA::cudart_static", "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert (said["schema"], said["tool"], said["kind"]) == (SCHEMA, "CUDA::cudart_static", "target")
    assert (said["path"], said["toolkit"]) == (f"{root}/lib/libcudart_static.a", "13.5.37")
    assert said["holdings"] == [each._asdict() | {key: list(each._asdict()[key]) for key in ("releases", "platforms")}
                                for each in contents.find("CUDA::cudart_static")]  # fmt: skip
    assert os.path.exists(f"{folder}/lib/libcudart_static.a")


def test_the_command_does_not_find(which, prefix):
    prefix.toolkit()
    code, out, expected = which("cudaProfiler.h")
    assert (code, out) == (127, "")
    start = "cuda-shims: cudaProfiler.h is not installed here: nvidia-cuda-profiler-api holds it; run: "
    assert expected.startswith(start)
    assert re.fullmatch(r'.*pip install.* "cuda-toolkit\[profiler\]==13\.5\.\*"\n', expected)
    code, out, err = which("cudaProfiler.h", "--json")
    assert (code, err) == (127, expected)
    said = json.loads(out)
    assert said["path"] is None
    assert [each["distribution"] for each in said["holdings"]] == [
        "nvidia-cuda-profiler-api",
        "nvidia-cuda-profiler-api-cu12",
    ]
    code, out, err = which("nvprof", "--json")
    assert (code, json.loads(out)["holdings"]) == (127, [])
    assert err == "cuda-shims: nvprof is not installed here: no CUDA wheel on PyPI holds a tool of that name\n"


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "/",
        "/bin/ls",
        "../../bin/ls",
        "a" * 100_000,
        "\udcff\udcfe.h",
        "a\n\x1b[31m.h",
        "%s{0}.h",
        "lib\\.so",
    ],
)
@pytest.mark.parametrize("installed", [False, True])
def test_names_that_are_none(which, prefix, name, installed):
    if installed:
        prefix.toolkit()
    write(f"{prefix.bin}/tool", TOOL, 0o755)
    code, out, err = which("--", name)
    assert (code, out) == (127, "")
    assert err.startswith("cuda-shims: ")
    assert (err.count("\n"), err.isascii(), len(err) < 300) == (1, True, True)


def test_names_that_no_argument_can_be(capfd, monkeypatch, prefix):
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "-packages" not in path])
    monkeypatch.setenv("PATH", prefix.bin)
    for name in ("nvcc\0", "\0.h", "lib\0.so", "CUDA::\0", "a" * 10_000_000, "b" * 10_000_000 + ".h"):
        assert main(["which", "--", name]) == 127
        out, err = capfd.readouterr()
        assert (out, err.count("\n"), "\0" in err, len(err) < 300) == ("", 1, False, True)


def test_a_terminal_without_the_letters_of_a_name(which):
    code, out, err = which("é.h", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (code, out) == (127, "")
    assert err == r"cuda-shims: \xe9.h is not installed here: no CUDA wheel on PyPI holds a header of that name" + "\n"


def test_one_name_is_wanted(which):
    for arguments in ([], ["-l"], ["-lcublas", "nvcc"], ["nvcc", "ptxas"]):
        code, out, err = which(*arguments)
        assert (code, out) == (2, "")
        assert re.fullmatch(r"cuda-shims: which.+(NAME|-l|'ptxas').+\n", err), err
