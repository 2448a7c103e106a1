"""What CMake finds by the links that lead to CCCL: the toolkit of the build's nvcc, and no other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
from checkout import CHECKOUT
from fake_toolkit import write

TEMPLATES = CHECKOUT / "src/cuda_shims/installation/templates/cmake"
PACKAGES = {"CCCL": "cccl", "CUB": "cub", "libcudacxx": "libcudacxx", "Thrust": "thrust"}
CONFIG = "set({name}_VERSION {version})\nset(found_in ${{CMAKE_CURRENT_LIST_DIR}})\n"
VERSION = """\
set(PACKAGE_VERSION {version})
if(NOT PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
"""
PROJECT = """\
cmake_minimum_required(VERSION 3.18)
project(probe LANGUAGES NONE)
find_package({wanted} CONFIG)
message(STATUS "in <${{found_in}}>, version <${{{name}_VERSION}}>, found <${{{name}_FOUND}}>")
get_cmake_property(left VARIABLES)
list(FILTER left INCLUDE REGEX "cuda_shims")
message(STATUS "left: <${{left}}>")
"""


@pytest.fixture(autouse=True)
def _cmake():
    if shutil.which("cmake") is None:
        pytest.skip("needs cmake: apt-get install cmake")


def write_packages(folder, version):
    for name, package in PACKAGES.items():
        write(f"{folder}/{package}/{package}-config.cmake", CONFIG.format(name=name, version=version).encode())
        write(f"{folder}/{package}/{package}-config-version.cmake", VERSION.format(version=version).encode())


@pytest.fixture
def toolkit(tmp_path):
    """Give a function that makes a toolkit: an nvcc that says where it is, CCCL of a version, or none."""

    def toolkit(name, version):
        path = f"{tmp_path}/{name}"
        script = f"#!/bin/sh\n[ \"$2\" = __cmake_determine_cuda ] && echo '#$ TOP={path}/bin/..' >&2\nexit 1\n"
        write(f"{path}/bin/nvcc", script.encode(), 0o755)
        if version:
            write_packages(f"{path}/lib64/cmake", version)
        return path

    return toolkit


@pytest.fixture
def find(toolkit, tmp_path):
    """Give a function that configures a project where the environment's bin is on PATH."""
    environment = toolkit("environment", None)
    os.mkdir(f"{environment}/lib")
    for package in PACKAGES.values():
        os.symlink(TEMPLATES, f"{environment}/lib/{package}-cuda-shims")
    (tmp_path / "project").mkdir()

    def find(nvcc_of, *options, wanted="CCCL", path=(), behind=()):
        shutil.copyfile(f"{nvcc_of}/bin/nvcc", f"{environment}/bin/nvcc")  # as a shim runs it
        text = PROJECT.format(wanted=wanted, name=wanted.split()[0])
        (tmp_path / "project/CMakeLists.txt").write_text(text)
        folders = [*path, f"{environment}/bin", *behind, os.path.dirname(shutil.which("cmake")), "/usr/bin", "/bin"]
        environ = {"PATH": os.pathsep.join(folders)}
        command = ["cmake", "-S", tmp_path / "project", "-B", tmp_path / "build", *options]
        shutil.rmtree(tmp_path / "build", ignore_errors=True)
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "left: <>" in done.stdout
        where, version, found = re.search(r"in <(.*)>, version <(.*)>, found <(.*)>", done.stdout).groups()
        assert bool(where) is bool(version) is (found == "1")
        return where.rpartition("/lib64/")[0] or where, version

    find.environment = environment
    return find


@pytest.mark.parametrize("name", PACKAGES)
def test_that_of_the_environments_nvcc(find, toolkit, name):
    ours = toolkit("ours", "3.5.0")
    assert find(ours, wanted=name) == (ours, "3.5.0")
    assert find(ours, wanted=f"{name} 3.4") == (ours, "3.5.0")
    assert find(ours, wanted=f"{name} 4.0") == ("", "")


def test_none_of_a_toolkit_that_has_none(find, toolkit):
    """A user's CUDA_HOME, to which the shim forwards, whatever the wheels have; and a shim that finds no toolkit."""
    assert find(toolkit("theirs", None)) == ("", "")
    silent = toolkit("silent", "3.5.0")
    write(f"{silent}/bin/nvcc", b"#!/bin/sh\nexit 127\n", 0o755)
    assert find(silent) == ("", "")


BY_LANGUAGE = ["-DCMAKE_CUDA_COMPILER_ID=NVIDIA", "-DCMAKE_CUDA_COMPILER={}/bin/nvcc"]
BY_TOOLKIT = ["-DCUDAToolkit_NVCC_EXECUTABLE={}/bin/nvcc"]


@pytest.mark.parametrize("options", [BY_LANGUAGE, BY_TOOLKIT])
def test_that_of_the_nvcc_that_the_project_has(find, toolkit, options):
    ours, theirs = toolkit("ours", "3.5.0"), toolkit("theirs", "3.1.0")
    assert find(ours, *(each.format(theirs) for each in options)) == (theirs, "3.1.0")


def test_cmake_looks_further(find, toolkit, tmp_path):
    write_packages(f"{tmp_path}/further/lib/cmake", "2.8.0")
    found = find(toolkit("theirs", None), behind=[f"{tmp_path}/further/bin"])
    assert found == (f"{tmp_path}/further/lib/cmake/cccl", "2.8.0")


def test_the_first_nvcc_on_path_decides(find, toolkit):
    """A toolkit before the environment whose CCCL CMake does not find by itself."""
    theirs = toolkit("theirs", None)
    assert find(toolkit("ours", "3.5.0"), path=[f"{theirs}/bin"]) == ("", "")


def test_what_somebody_installed_there_wins(find, toolkit):
    """A conda environment has conda's."""
    write_packages(f"{find.environment}/lib/cmake", "2.8.0")
    assert find(toolkit("ours", "3.5.0")) == (f"{find.environment}/lib/cmake/cccl", "2.8.0")
