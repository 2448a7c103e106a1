"""The table of what is in which wheel against installed wheels, and what ``which`` answers there."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
from pathlib import Path

import pytest
from e2e_support import OTHER_TOOLKIT, SYSTEM_PATH, TOOLKIT, site_packages

from cuda_shims.catalog import contents
from cuda_shims.catalog.table import read_table

#: what it takes to compile, and of the libraries one
PARTS = "cuda-toolkit[cccl,crt,cudart,nvcc,nvvm,nvjpeg]"
#: one of each kind that is in those wheels: where it is in the root
HERE = {
    "cuda_runtime.h": "include/cuda_runtime.h",
    "thrust/sort.h": "include/cccl/thrust/sort.h",
    "cuda/std/array": "include/cccl/cuda/std/array",
    "libnvjpeg.so": "lib/libnvjpeg.so",
    "libnvjpeg.so.13": "lib/libnvjpeg.so.13",
    "libcudart_static.a": "lib/libcudart_static.a",
    "-lnvjpeg": "lib/libnvjpeg.so",
    "CUDA::nvjpeg": "lib/libnvjpeg.so",
    "CUDA::cudart_static": "lib/libcudart_static.a",
    "CUDA::cuda_driver": "lib/stubs/libcuda.so",
    "nvcc": "bin/nvcc",
    "cicc": "nvvm/bin/cicc",
}
#: and of each kind that is not, with where the wheel that is said to hold it puts it
NOT_HERE = {
    "cudaProfiler.h": ("nvidia-cuda-profiler-api", "include/cudaProfiler.h"),
    "libcublas.so": ("nvidia-cublas", "lib/libcublas.so"),
    "-lcurand": ("nvidia-curand", "lib/libcurand.so"),
    "CUDA::nppc": ("nvidia-npp", "lib/libnppc.so"),
    "CUDA::nvml": ("nvidia-nvml-dev", "lib/stubs/libnvidia-ml.so"),
    "cuobjdump": ("nvidia-cuda-cuobjdump", "bin/cuobjdump"),
}


def with_everything(world):
    """Return the scripts directory of an environment with all wheels; that of test_toolkit_use.py, so made the same."""

    def make(folder):
        requirements = ("cuda-shims", f"cuda-toolkit[all]=={TOOLKIT}", "cmake", "ninja")
        return str(world.venv(folder / "venv", *requirements))

    return Path(world.once(f"all-{TOOLKIT}", make))


def which(world, scripts, name, rc=0, *options):
    command = [scripts / "python", "-m", "cuda_shims", "which", *options, name]
    return world.run(*command, env=world.environ(scripts), cwd=scripts.parent, rc=rc)


def record(site):
    """Yield (distribution, path below the folder of a toolkit or of a component) of each file of NVIDIA's wheels."""
    for file in site.glob("nvidia_*.dist-info/RECORD"):
        name = file.parent.name.partition("-")[0].replace("_", "-")
        for path in re.findall(r"(?m)^nvidia/[^/,]+/([^,]+),", file.read_text()):
            yield name, path


def check(site, release):
    """Every header, library and tool that is installed is in the table, with the wheel that installed it."""
    counts = {"header": 0, "library": 0, "tool": 0}
    machine = f"linux-{platform.machine()}"
    for distribution, path in record(site):
        for kind, pattern in (
            ("header", r"(?:nvvm/|compute-sanitizer/)?include/(?:cccl/)?(.+)"),
            ("library", r"(?:lib|nvvm/lib64|bin|compute-sanitizer)/([^/]+\.(?:so[\d.]*|a))"),
            ("tool", r"(?:nvvm/)?bin/([\w+-]+)"),
        ):
            match = re.fullmatch(pattern, path)
            if match and not match[1].startswith(("__init__", "TreeLauncher")):
                places = contents.places(match[1])
                held = {
                    each.distribution for each in places if each.release == release and machine.startswith(each.system)
                }
                assert distribution in held, (distribution, path)
                assert contents.find(match[1])[0].kind == kind, path
                counts[kind] += 1
    return counts


def test_the_table_is_that_of_the_wheels(world):
    scripts = with_everything(world)
    site = site_packages(scripts.parent)
    counts = check(site, "13.5")
    assert counts["header"] > 2000
    assert counts["library"] > 35
    assert counts["tool"] > 10
    # every target that CMake can define with these wheels, and no other, has a holding
    root = Path(world.run(scripts / "python", "-m", "cuda_shims", "root", env=world.environ(scripts)).strip())
    for target in read_table().targets:
        name = f"CUDA::{target}"
        held = [each for each in contents.find(name) if "13.5" in each.releases and "linux" in each.platforms]
        places = [each for each in contents.places(name) if each.release == "13.5"]
        here = any(f"linux-{platform.machine()}".startswith(each.system) for each in places)
        assert bool(held) or not here
        if here or contents.driver_stub(name):
            assert which(world, scripts, name).startswith(f"{root}/"), name
        else:
            assert f"{name} is not installed here" in which(world, scripts, name, 127), name


def test_the_targets_are_those_that_cmake_defines(world, tmp_path):
    """With all wheels, FindCUDAToolkit finds a library for a target if and only if the table has one."""
    if shutil.which("make", path=SYSTEM_PATH) is None:
        pytest.skip("make is not in /usr/bin (Debian package make)")
    scripts = with_everything(world)
    targets = sorted(read_table().targets)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20...4.0)\nproject(x LANGUAGES CXX)\nfind_package(CUDAToolkit REQUIRED)\n"
        f"foreach(name {' '.join(targets)})\n"
        '  if(TARGET CUDA::${name})\n    message(STATUS "defined ${name}")\n  endif()\nendforeach()\n'
    )
    command = [scripts / "python", "-m", "cuda_shims", "exec", scripts / "cmake", "-S", tmp_path, "-B", tmp_path / "b"]
    said = world.run(*command, env=world.environ(scripts), cwd=tmp_path)
    machine = f"linux-{platform.machine()}"
    held = [
        target
        for target in targets
        if contents.driver_stub(f"CUDA::{target}")
        or any(
            each.release == "13.5" and machine.startswith(each.system) for each in contents.places(f"CUDA::{target}")
        )
    ]
    assert re.findall(r"defined (\w+)", said) == held


def test_which(world, tmp_path):
    scripts = world.venv(tmp_path / "env", "cuda-shims", f"{PARTS}=={OTHER_TOOLKIT}")
    root = world.run(scripts / "python", "-m", "cuda_shims", "root", env=world.environ(scripts), cwd=tmp_path).strip()
    for name, place in HERE.items():
        assert which(world, scripts, name) == f"{root}/{place}\n"
        assert os.path.isfile(f"{root}/{place}")
        said = json.loads(which(world, scripts, name, 0, "--json"))
        assert (said["path"], said["toolkit"][:5]) == (f"{root}/{place}", "13.4.")
        assert said["holdings"] or name == "CUDA::cuda_driver"
    for name, (wheel, _) in NOT_HERE.items():
        said = which(world, scripts, name, 127)
        assert said.startswith(f"cuda-shims: {name} is not installed here: ")
        assert said.count("\n") == 1
        assert wheel in said
        # the line that it says does what it says
        *install, requirement = shlex.split(said.rpartition("run: ")[2])
        assert install == ["uv", "pip", "install", "--python", f"{scripts}/python"]
        assert re.search(r"==13(\.4)?\.\*$", requirement)
        world.run(world.uv, *install[1:], "-q", requirement)
    for name, (_, place) in NOT_HERE.items():
        assert which(world, scripts, name) == f"{root}/{place}\n"
    for name in ("CUDA::cublas_static", "CUDA::nvToolsExt", "mine.h", "libmine.so", "nvprof"):
        assert "no CUDA wheel on PyPI holds" in which(world, scripts, name, 127)
    assert "nvidia-cublas-cu12 of CUDA 12.9 holds it" in which(world, scripts, "libcublas.so.12", 127)


def test_which_with_wheels_of_cuda_12(world, tmp_path):
    """Answers are for its major, and of the root that merges the wheels."""
    scripts = world.venv(tmp_path / "env", "cuda-shims", "cuda-toolkit[cudart,cccl,nvjpeg,nvcc]==12.9.*")
    site = site_packages(scripts.parent)
    assert check(site, "12.9")["header"] > 1000
    for name, place, target in (
        ("cuda.h", "include/cuda.h", "cuda_runtime/include/cuda.h"),
        ("thrust/sort.h", "include/thrust/sort.h", "cuda_cccl/include/thrust/sort.h"),
        ("nvvm.h", "nvvm/include/nvvm.h", "cuda_nvcc/nvvm/include/nvvm.h"),
        ("CUDA::nvjpeg", "lib/libnvjpeg.so", "nvjpeg/lib/libnvjpeg.so.12"),
        ("libcudart_static.a", "lib/libcudart_static.a", "cuda_runtime/lib/libcudart_static.a"),
    ):
        assert which(world, scripts, name) == f"{site}/cuda_shims_toolkit/cu12/{place}\n"
        assert (site / "cuda_shims_toolkit/cu12" / place).samefile(site / "nvidia" / target)
    said = which(world, scripts, "curand.h", 127)
    assert "nvidia-curand-cu12 holds it; run: uv pip install " in said
    assert said.endswith(' "cuda-toolkit[curand]==12.9.*"\n')
    assert "nvidia-cuda-crt of CUDA 13" not in which(world, scripts, "crt/host_config.h")


def test_which_in_an_empty_environment(world, tmp_path):
    scripts = world.venv(tmp_path / "env", "cuda-shims")
    for name, extra in {"cudaProfiler.h": "profiler", "libcublas.so": "cublas", "CUDA::nvjpeg": "nvjpeg"}.items():
        said = which(world, scripts, name, 127)
        assert "; run: uv pip install " in said
        assert said.endswith(f' "cuda-toolkit[{extra}]==13.*"\n')


#: of small ones: what is asked, the distribution, the folder of its wheel
COMPANIONS = {
    "nvjpeg2k.h": ("nvidia-nvjpeg2k-cu13", "nvidia/nvjpeg2k"),
    "-lnvtiff": ("nvidia-nvtiff-cu13", "nvidia/nvtiff"),
    "libmathdx.so": ("nvidia-libmathdx-cu13", "nvidia/cu13"),
    "cublasmp.h": ("nvidia-cublasmp-cu13", "nvidia/cublasmp/cu13"),
    "cuQuantum::custabilizer": ("custabilizer-cu13", "cuquantum"),
}


def test_which_of_companions(world, tmp_path):
    """Without a toolkit, so that no root has them: each in its own folder, once the line that is said was run."""
    scripts = world.venv(tmp_path / "env", "cuda-shims")
    said = which(world, scripts, "cudnn.h", 127)
    start = "cuda-shims: cudnn.h is not installed here: nvidia-cudnn-cu13 holds it; run: "
    install = f"uv pip install --python {scripts}/python "
    assert said == f"{start}{install}nvidia-cudnn-cu13\n"
    assert "; did you mean cudnn.h or cuda.h?" in which(world, scripts, "cudn.h", 127)
    for name, (distribution, folder) in COMPANIONS.items():
        assert which(world, scripts, name, 127).endswith(f" holds it; run: {install}{distribution}\n")
        # what they require, NCCL and NVRTC, is large
        world.run(world.uv, "pip", "install", "-q", "-p", scripts / "python", "--no-deps", distribution)
        path = which(world, scripts, name).strip()
        assert path.startswith(f"{site_packages(scripts.parent)}/{folder}/")
        assert os.path.isfile(path)


@pytest.mark.parametrize("name", ["..", "/usr/bin/env", "x" * 100_000, "\x1b[31m.h"])
def test_names_that_are_none(world, name):
    def make(folder):
        return str(world.venv(folder / "venv", "cuda-shims"))

    said = which(world, Path(world.once("bare-shims", make)), name, 127, "--")
    assert said.startswith("cuda-shims: ")
    assert (said.count("\n"), "\x1b" in said, len(said) < 300) == (1, False, True)
