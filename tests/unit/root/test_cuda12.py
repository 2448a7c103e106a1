"""A root of CUDA 12's components: merged, renewed; its sanitizer, and what is in the place of nvcc."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from cuda12_support import COMPILER_LINE, EVERY, NVCC
from fake_toolkit import TOOL, write, write_distribution
from roots import make_root, planned
from shim_support import failed

from _cuda_shims.places import Place
from _cuda_shims.shims import compiles, is_shim
from cuda_shims.environment.environment import target_environment
from cuda_shims.installation.install import install
from cuda_shims.installation.uninstall import uninstall
from cuda_shims.root import cuda12
from cuda_shims.root.merge import merged


@pytest.fixture
def root(prefix):
    prefix.ours()
    prefix.split(components=EVERY)
    return make_root(prefix.site, 12)


def content(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def test_its_root(root, prefix):
    assert root == os.path.join(prefix.site, "cuda_shims_toolkit/cu12")
    for path, target in {
        "bin/ptxas": "cuda_nvcc/bin/ptxas",
        "include/cuda.h": "cuda_runtime/include/cuda.h",
        "include/crt/host_defines.h": "cuda_nvcc/include/crt/host_defines.h",
        "include/thrust/x.h": "cuda_cccl/include/thrust/x.h",
        "lib/libcudart.so": "cuda_runtime/lib/libcudart.so.12",
        "lib64/libnvrtc.so": "cuda_nvrtc/lib/libnvrtc.so.12",
        "lib/libcudart_static.a": "cuda_runtime/lib/libcudart_static.a",
        "lib/cmake/cccl/cccl-config.cmake": "cuda_cccl/lib/cmake/cccl/cccl-config.cmake",
        "nvvm/libdevice/libdevice.10.bc": "cuda_nvcc/nvvm/libdevice/libdevice.10.bc",
        "nvvm/lib64/libnvvm.so": "cuda_nvcc/nvvm/lib64/libnvvm.so",
        "nvvm/include/nvvm.h": "cuda_nvcc/nvvm/include/nvvm.h",
        "extras/CUPTI/include/cupti.h": "cuda_cupti/include/cupti.h",
        "extras/CUPTI/lib64/libcupti.so": "cuda_cupti/lib/libcupti.so.12",
        "compute-sanitizer/libsanitizer-collection.so": "cuda_sanitizer_api/lib/libsanitizer-collection.so",
    }.items():
        assert os.path.samefile(os.path.join(root, path), os.path.join(prefix.site, "nvidia", target)), path
    assert not os.path.lexists(os.path.join(root, "lib/libsanitizer-collection.so"))
    assert os.path.isfile(os.path.join(root, "lib/stubs/libcuda.so"))
    assert os.path.isfile(os.path.join(root, "lib/stubs/libnvidia-ml.so"))
    assert content(root, "version.txt") == b"CUDA Version 12.9.79\n"
    assert json.loads(content(root, "version.json"))["libcublas"]["version"] == "12.9.79"
    assert b"Version: 12.9\n" in content(root, "lib/pkgconfig/cudart-12.9.pc")


def test_folders_are_merged_and_the_first_one_stays(root, prefix):
    nv = os.path.join(root, "include/nv")
    assert not os.path.islink(nv)
    assert sorted(os.listdir(nv)) == ["of_cupti.h", "x.h"]
    assert os.path.islink(os.path.join(root, "include/cub"))
    assert content(root, "include/generated_cuda_meta.h") == b"of cupti\n"
    assert content(root, "compute-sanitizer/include/generated_cuda_meta.h") == b"of the sanitizer\n"
    assert not any("__init__.py" in names for _, _, names in os.walk(root))
    assert planned(prefix.site, root, 12).entries == planned(prefix.site, root, 12).entries


def test_a_file_where_another_component_has_a_folder(tmp_path):
    write(str(tmp_path / "a/x"), b"")
    write(str(tmp_path / "b/x/y"), b"")
    folders = [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "nowhere")]
    assert list(merged(folders)) == [("x", str(tmp_path / "a/x"))]
    assert list(merged(folders[::-1])) == [("x", str(tmp_path / "b/x"))]


CHANGES = {
    "installed": lambda site: write_distribution(
        site, "nvidia-nvjpeg-cu12", "12.9.1", {"nvidia/nvjpeg/include/nvjpeg.h": b""}
    ),
    "removed": lambda site: shutil.rmtree(os.path.join(site, "nvidia_cublas_cu12-12.9.79.dist-info")),
    "its folder removed": lambda site: shutil.rmtree(os.path.join(site, "nvidia/cublas")),
    "upgraded": lambda site: os.rename(
        os.path.join(site, "nvidia_cuda_nvrtc_cu12-12.9.79.dist-info"),
        os.path.join(site, "nvidia_cuda_nvrtc_cu12-12.9.86.dist-info"),
    ),
    "a library more": lambda site: write(os.path.join(site, "nvidia/cublas/lib/libcublasLt.so.12"), b""),
    "a header more": lambda site: write(os.path.join(site, "nvidia/cuda_cupti/include/more.h"), b""),
    "a tool more": lambda site: write(os.path.join(site, "nvidia/cuda_nvcc/bin/more"), b""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_stale_after_a_change_of_any_component(root, prefix, change):
    assert Place(prefix.site, 12).fresh_root() == root
    CHANGES[change](prefix.site)
    assert Place(prefix.site, 12).fresh_root() is None
    assert make_root(prefix.site, 12) == root
    assert Place(prefix.site, 12).fresh_root() == root


def test_another_wheel_of_nvidias_renews_it_once(root, prefix):
    write_distribution(prefix.site, "nvidia-nvimgcodec-cu12", "0.9", {"nvidia/nvimgcodec/include/nvimgcodec.h": b""})
    os.utime(os.path.join(prefix.site, "nvidia"))
    assert Place(prefix.site, 12).fresh_root() is None
    assert make_root(prefix.site, 12) == root
    assert not os.path.lexists(os.path.join(root, "include/nvimgcodec.h"))
    assert Place(prefix.site, 12).fresh_root() == root


def test_install_and_uninstall(prefix):
    prefix.toolkit()
    prefix.split(components=EVERY)
    environment = target_environment(prefix.site)
    assert {each.kind for each in install(environment)} == {"create"}
    for major in (12, 13):
        assert Place(prefix.site, major).fresh_root()
    assert os.path.exists(os.path.join(environment.scripts, "compute-sanitizer"))
    # a root that is fresh is kept, and so is the rest
    assert {each.kind for each in install(environment)} == {"keep"}
    uninstall(environment)
    assert not os.path.lexists(os.path.join(prefix.site, "cuda_shims_toolkit"))


def test_the_sanitizers_script(root, prefix, call, commands):
    script = os.path.join(root, "bin/compute-sanitizer")
    assert os.access(script, os.X_OK)
    folder = os.path.join(os.path.realpath(root), "compute-sanitizer")
    loader = write(os.path.join(commands, "loader"), TOOL, 0o755)
    text = content(script).replace(b"/lib64/ld-linux-x86-64.so.2", loader.encode())
    write(script, text.replace(b"/lib/ld-linux-aarch64.so.1", loader.encode()), 0o755)
    link = os.path.join(prefix.path, "elsewhere")
    os.symlink(script, link)
    own = ["--injection-path", folder]
    for given, expected in (
        (["--version"], [*own, "--version"]),
        (["--tool", "x", "a b", ""], [*own, "--tool", "x", "a b", ""]),
        (["--injection-path", "/x", "y"], ["--injection-path", "/x", "y"]),
        (["--injection-path=/x", "y"], ["--injection-path=/x", "y"]),
    ):
        done = call(link, *given)
        words = [os.fsdecode(word) for word in done.stdout.split(b"\0")[1:-1]]
        assert words == [os.path.join(folder, "compute-sanitizer"), *expected], done.stderr


@pytest.mark.parametrize(("machine", "there"), [("x86_64", True), ("aarch64", True), ("riscv64", False)])
def test_the_loader_of_the_machine(machine, there):
    assert bool(cuda12.sanitizer_script(machine)) is there


def test_what_cmake_is_told(root, call):
    nvcc = os.path.join(root, "bin/nvcc")
    assert is_shim(nvcc)
    assert not compiles(root)
    for arguments, line in (
        (["-v", "__cmake_determine_cuda"], f"#$ TOP={root}\n"),
        (["-ccbin=/usr/bin/g++", "-v", "__cmake_determine_cuda"], f"#$ TOP={root}\n"),
        (["--version"], "Cuda compilation tools, release 12.9, V12.9.79\n"),
    ):
        done = call(nvcc, *arguments)
        assert (done.returncode, done.stderr) == (127, b"")
        first, second = done.stdout.decode().splitlines(keepends=True)
        assert first == line
        assert NVCC in second
    failed(
        call(nvcc, "-c", "x.cu"),
        "nvcc (cuda-shims): CUDA 12 is installed here",
        NVCC,
        COMPILER_LINE,
    )
