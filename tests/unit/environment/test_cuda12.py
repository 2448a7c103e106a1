"""CUDA 12, whose wheels have a folder for each component and no compiler: found, and described."""

from __future__ import annotations

import os
import shutil

import pytest
from fake_toolkit import SPLIT, write_distribution
from roots import make_root

from _cuda_shims import toolkit_majors
from _cuda_shims.places import Place, find_places, majors
from cuda_shims.environment.toolkit import find_toolkits, read_toolkit

EVERY = (
    *SPLIT,
    "nvidia-cuda-cupti-cu12",
    "nvidia-cuda-sanitizer-api-cu12",
    "nvidia-nvml-dev-cu12",
    "nvidia-cublas-cu12",
)


def content(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def test_it_is_described(prefix):
    prefix.split(components=(*EVERY, "nvidia-cudnn-cu12"))
    (toolkit,) = find_toolkits([prefix.site])
    assert (toolkit.major, toolkit.version, toolkit.release) == (12, "12.9.79", "12.9")
    assert toolkit.path == os.path.join(prefix.site, "nvidia")
    assert [os.path.relpath(each, toolkit.path) for each in toolkit.folders] == [
        *(
            "cuda_nvcc",
            "cuda_runtime",
            "cuda_cccl",
            "cuda_cupti",
            "cuda_nvrtc",
            "cuda_sanitizer_api",
            "cublas",
            "nvml_dev",
        )
    ]
    assert set(toolkit.components) == set(EVERY)
    assert toolkit.tools == {
        "ptxas": os.path.join(toolkit.path, "cuda_nvcc/bin/ptxas"),
        "compute-sanitizer": os.path.join(toolkit.path, "cuda_sanitizer_api/bin/compute-sanitizer"),
    }
    assert toolkit.root is None


@pytest.mark.parametrize(
    ("components", "version"),
    [
        (SPLIT, "12.4.127"),
        (SPLIT[1:2], "12.4.127"),
        (SPLIT[3:], "12.4.127"),
        (SPLIT[2:3], "12"),
    ],
)
def test_its_version(prefix, components, version):
    prefix.split("12.4.127", components)
    assert read_toolkit(Place(prefix.site, 12)).version == version


@pytest.mark.parametrize("components", [["nvidia-cublas-cu12"], ["nvidia-cudnn-cu12"], []])
def test_libraries_alone_are_no_toolkit(prefix, components):
    prefix.split(components=components)
    assert find_toolkits([prefix.site]) == []


def test_cuda_11_is_none(prefix):
    prefix.split("11.8.89", [name.replace("12", "11") for name in SPLIT])
    assert toolkit_majors(prefix.site) == [12]
    assert majors(prefix.site) == []
    assert find_toolkits([prefix.site]) == []
    assert find_places([prefix.site]) == []


def test_metadata_without_its_folder_is_none(prefix):
    prefix.split()
    shutil.rmtree(os.path.join(prefix.site, "nvidia"))
    os.makedirs(os.path.join(prefix.site, "nvidia/cuda_other"))
    assert majors(prefix.site) == []


def test_a_component_is_metadata_and_a_folder(prefix):
    """An installer that was killed has left one of the two, each time another one."""
    prefix.split(components=EVERY)
    shutil.rmtree(os.path.join(prefix.site, "nvidia/cublas"))
    shutil.rmtree(os.path.join(prefix.site, "nvidia_cuda_cupti_cu12-12.9.79.dist-info"))
    found = read_toolkit(Place(prefix.site, 12))
    assert set(found.components) == set(EVERY) - {"nvidia-cublas-cu12", "nvidia-cuda-cupti-cu12"}
    assert not {"cublas", "cuda_cupti"}.intersection(map(os.path.basename, found.folders))


@pytest.mark.usefixtures("on_windows")
def test_not_on_windows(prefix):
    prefix.split()
    assert find_toolkits([prefix.site]) == []


def test_what_has_a_folder_of_the_major_all_the_same(prefix):
    """cuDSS, say, has nvidia/cu12; alone it is what it was."""
    files = {
        "nvidia/cu12/lib/libcudss.so.0": b"",
        "nvidia/cu12/include/cudss.h": b"",
        "nvidia/cu12/include/cuda.h": b"x",
    }
    write_distribution(prefix.site, "nvidia-cudss-cu12", "0.6.0", files)
    toolkit = read_toolkit(Place(prefix.site, 12))
    assert (toolkit.path, toolkit.is_split) == (os.path.join(prefix.site, "nvidia/cu12"), False)
    prefix.split()
    toolkit = read_toolkit(Place(prefix.site, 12))
    assert "nvidia-cudss-cu12" in toolkit.components
    assert toolkit.folders[-1] == os.path.join(prefix.site, "nvidia/cu12")
    root = make_root(prefix.site, 12)
    assert os.path.samefile(f"{root}/lib/libcudss.so", os.path.join(prefix.site, "nvidia/cu12/lib/libcudss.so.0"))
    assert content(root, "include/cuda.h") != b"x"
