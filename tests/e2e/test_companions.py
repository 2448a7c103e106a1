"""
The companion wheels (cuDNN, NCCL and their like) from a root: compile, link, load, and what looks for them.

There is no GPU: each library is asked for its version, which no driver is needed for. What other people's projects need
is in docs/how-to/companions.md.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from e2e_support import TOOLKIT, site_packages

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="on Windows the root is another: tests/wine"),
]

#: of the toolkit, what the companions require of it included, so that all is of one release
EXTRAS = "cublas,cccl,cudart,cusolver,cusparse,nvcc,nvjitlink,nvrtc"


class Companion(NamedTuple):
    """A companion, and a program's question after its version."""

    #: a wheel of CUDA 13
    distribution: str
    version: str
    header: str
    #: what a linker calls it, and what a program that is linked with it needs
    library: str
    soname: str
    #: C++ that fills ``v[3]``, or ``n`` if ``base`` is given: the version is its digits to that base
    ask: str
    base: int = 0
    #: what it says, if that is not the version of its wheel
    says: str = ""


def _property(name):
    return " ".join(f"{name}({part}, &v[{place}]);" for place, part in enumerate(_PARTS))


_PARTS = ("MAJOR_VERSION", "MINOR_VERSION", "PATCH_LEVEL")
COMPANIONS = [
    Companion("nvidia-cudnn-cu13", "9.28.1.4", "cudnn.h", "cudnn", "libcudnn.so.9", "n = cudnnGetVersion();", 100),
    Companion("nvidia-nccl-cu13", "2.32.3", "nccl.h", "nccl", "libnccl.so.2", "ncclGetVersion(&n);", 100),
    Companion(
        "nvidia-nvshmem-cu13",
        "3.8.0",
        "nvshmem_host.h",  # nvshmem.h wants CCCL's headers, which nvcc alone looks for by itself
        "nvshmem_host",
        "libnvshmem_host.so.3",
        "nvshmemx_vendor_get_version_info(&v[0], &v[1], &v[2]);",
    ),
    Companion(
        "cutensor-cu13",
        "2.8.1",
        "cutensor.h",
        "cutensor",
        "libcutensor.so.2",
        "n = cutensorGetVersion();",
        100,
        says="2.8.0",
    ),
    Companion(
        "nvidia-cusparselt-cu13",
        "0.10.0",
        "cusparseLt.h",
        "cusparseLt",
        "libcusparseLt.so.0",
        _property("cusparseLtGetProperty"),
    ),
    Companion("nvidia-cudss-cu13", "1.0.0.35", "cudss.h", "cudss", "libcudss.so.1", _property("cudssGetProperty")),
    Companion(
        "nvidia-libnvcomp-cu13",
        "6.0.0.12",
        "nvcomp.h",
        "nvcomp",
        "libnvcomp.so.6",
        "nvcompProperties_t p; nvcompGetProperties(&p); n = p.version / 1000 * 10000 + p.version % 1000;",
        100,
    ),
    Companion(
        "nvidia-nvjpeg2k-cu13",
        "0.11.0.51",
        "nvjpeg2k.h",
        "nvjpeg2k",
        "libnvjpeg2k.so.0",
        _property("nvjpeg2kGetProperty"),
    ),
]
LIBRARIES = [f"-l{each.library}" for each in COMPANIONS]


def program():
    """Write a program that uses all of them in one translation unit, and prints a line for each."""
    lines = [f"#include <{each.header}>" for each in COMPANIONS]
    lines += ["#include <cstdio>", "int main() {"]
    for each in COMPANIONS:
        lines += ["  { int n = 0, v[3] = {-1, -1, -1};", f"    {each.ask}"]
        if each.base:
            lines += [f"    v[2] = n % {each.base}; v[1] = n / {each.base} % {each.base}; v[0] = n / {each.base**2};"]
        lines += [f'    std::printf("{each.library} %d.%d.%d\\n", v[0], v[1], v[2]); }}']
    return "\n".join([*lines, "}", ""])


@pytest.fixture
def scripts(world):
    """Return the scripts directory of an environment that has all of them beside a toolkit."""

    def make(folder):
        wheels = [f"{each.distribution}=={each.version}" for each in COMPANIONS]
        requirements = ["cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}", *wheels, "cmake", "ninja"]
        return str(world.venv(folder / "venv", *requirements))

    return Path(world.once("companions", make))


@pytest.fixture
def root(world, scripts):
    """Return its root."""
    return world.run(scripts / "cuda-shims", "root").strip()


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "program.cpp"
    file.write_text(program())
    return file


def by_hook(world, scripts, *command, **more):
    """Run a command as a back end does: Python starts it, and nothing but the hook has set a variable."""
    code = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    return world.run(scripts / "python", "-c", code, *command, **more)


def check_program(world, root, file):
    """It needs each library by its soname, and each library is of the version of its wheel."""
    said = subprocess.run(["readelf", "-dW", file], capture_output=True, text=True, check=True).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", said))
    assert {each.soname for each in COMPANIONS} <= needed, said
    said = world.run(file, env=world.environ(LD_LIBRARY_PATH=f"{root}/lib"))
    versions = [f"{each.library} {each.says or '.'.join(each.version.split('.')[:3])}" for each in COMPANIONS]
    assert said.splitlines() == versions


def test_nvcc_by_the_shim(world, scripts, root, source, tmp_path):
    """In a shell, no variable set, no option but ``-l``."""
    command = [scripts / "nvcc", "-x", "cu", "-arch", "sm_80", source, "-o", tmp_path / "program"]
    world.run(*command, *LIBRARIES)
    check_program(world, root, tmp_path / "program")


def test_a_compiler_for_c_by_cuda_home(world, scripts, root, source, tmp_path):
    """As a Makefile or a setup.py has it: ``-I$CUDA_HOME/include``, ``-L$CUDA_HOME/lib64``."""
    line = 'g++ -I"$CUDA_HOME/include" "$1" -o "$2" -L"$CUDA_HOME/lib64" -lcudart '
    by_hook(world, scripts, "sh", "-c", line + shlex.join(LIBRARIES), "sh", source, tmp_path / "program")
    check_program(world, root, tmp_path / "program")


def test_pkg_config(world, scripts, root, source, tmp_path):
    files = " ".join([*(each.library.lower() for each in COMPANIONS), "cudart-13.5"])
    line = f'g++ "$1" -o "$2" $(pkg-config --cflags --libs {files})'
    by_hook(world, scripts, "sh", "-ec", line, "sh", source, tmp_path / "program")
    check_program(world, root, tmp_path / "program")


CMAKE = """\
cmake_minimum_required(VERSION 3.18...4.0)
project(companions LANGUAGES CXX CUDA)
find_package(CUDAToolkit REQUIRED)
find_package(nvcomp CONFIG REQUIRED)
add_executable(program program.cpp)
target_link_libraries(program PRIVATE CUDA::cudart nvcomp::nvcomp)
foreach(pair IN ITEMS {pairs})
  string(REPLACE "|" ";" pair ${{pair}})
  list(GET pair 0 library)
  list(GET pair 1 header)
  find_path(${{library}}_INCLUDE NAMES ${{header}} REQUIRED)
  find_library(${{library}}_LIBRARY NAMES ${{library}} REQUIRED)
  message(STATUS "found ${{${{library}}_INCLUDE}}/${{header}} ${{${{library}}_LIBRARY}}")
  target_include_directories(program PRIVATE ${{${{library}}_INCLUDE}})
  target_link_libraries(program PRIVATE ${{${{library}}_LIBRARY}})
endforeach()
"""


@pytest.mark.parametrize("way", ["hook", "shim"])
def test_cmake(world, scripts, root, source, tmp_path, way):
    """``find_path``, ``find_library``, ``find_package(nvcomp)`` find all, and what they find links."""
    pairs = " ".join(f'"{each.library}|{each.header}"' for each in COMPANIONS)
    (source.parent / "CMakeLists.txt").write_text(CMAKE.format(pairs=pairs))
    (cmake,) = site_packages(scripts.parent).glob("cmake/data/bin/cmake")  # that in bin starts Python, and so the hook
    configure = [cmake, "-S", source.parent, "-B", tmp_path / "build", "-G", "Ninja", "-DCMAKE_CUDA_ARCHITECTURES=80"]
    build = [cmake, "--build", tmp_path / "build"]
    if way == "hook":
        said = by_hook(world, scripts, *configure, env=world.environ(scripts))
        by_hook(world, scripts, *build, env=world.environ(scripts))
    else:
        said = world.run(*configure, f"-DCMAKE_PREFIX_PATH={root}", env=world.environ(scripts))
        world.run(*build, env=world.environ(scripts))
    libraries = f"{root}/search" if way == "hook" else f"{root}/lib"
    for each in COMPANIONS:
        assert f"-- found {root}/include/{each.header} {libraries}/lib{each.library}.so\n" in said
    check_program(world, root, tmp_path / "build/program")


# --- beside those of CUDA 12 ---


#: a small one that has the same folder and names for every CUDA
SMALL = "nvidia-nvjpeg2k"
FOLDER, LIBRARY = "nvidia/nvjpeg2k/lib", "libnvjpeg2k.so.0"


@pytest.fixture
def environment(world, tmp_path):
    """Return the scripts directory of an environment with a toolkit alone."""
    return world.venv(tmp_path / "venv", "cuda-shims", f"cuda-toolkit[cccl,cudart,nvcc]=={TOOLKIT}")


def in_the_root(world, scripts, library=LIBRARY, **more):
    """Return the real path of a library in the root, or nothing."""
    root = world.run(scripts / "cuda-shims", "root", env=world.environ(**more)).strip()
    path = Path(root, "lib", library)
    return os.path.realpath(path) if path.exists() else ""


def install(world, scripts, *words):
    world.run(world.uv, "pip", "install", "-q", "--no-deps", "-p", scripts / "python", *words)


def test_beside_that_of_cuda_12_in_another_directory(world, environment, tmp_path):
    """A nearer directory holds CUDA 12's: the root takes CUDA 13's out of the farther one, or none."""
    # with one of CUDA 13 beside it, for whose sake the directory is looked at
    install(world, environment, "--target", tmp_path / "nearer", f"{SMALL}-cu12", "nvidia-nvtiff-cu13")
    assert (tmp_path / "nearer" / FOLDER / LIBRARY).exists()
    nearer = {"PYTHONPATH": str(tmp_path / "nearer")}
    assert in_the_root(world, environment, "libnvtiff.so.0", **nearer)
    assert in_the_root(world, environment, **nearer) == ""
    install(world, environment, f"{SMALL}-cu13")
    own = os.path.realpath(site_packages(environment.parent) / FOLDER / LIBRARY)
    assert in_the_root(world, environment, **nearer) == own
    assert in_the_root(world, environment) == own


def test_beside_that_of_cuda_12_in_the_same_directory(world, environment):
    """Both write the same files: whoever came last owns them, and the root has them while that is CUDA 13's."""
    install(world, environment, f"{SMALL}-cu13")
    own = os.path.realpath(site_packages(environment.parent) / FOLDER / LIBRARY)
    assert in_the_root(world, environment) == own
    install(world, environment, f"{SMALL}-cu12")
    assert in_the_root(world, environment) == ""
    install(world, environment, "--reinstall", f"{SMALL}-cu13")
    assert in_the_root(world, environment) == own


# --- where CMake looks, and when ---


FINDS = """\
cmake_minimum_required(VERSION 3.18...4.0)
project(finds LANGUAGES CXX)
find_path(HEADER NAMES {header} HINTS "${{OWN}}/include" $ENV{{OWN}}/include)
find_library(LIBRARY NAMES {library} HINTS "${{OWN}}/lib" $ENV{{OWN}}/lib)
message(STATUS "found ${{HEADER}} ${{LIBRARY}}")
"""


def finds(world, scripts, folder, header, library, *options, **environ):
    """Return the folder of a header and the library that a CMake project finds which names no toolkit."""
    (folder / "CMakeLists.txt").write_text(FINDS.format(header=header, library=library))
    configure = ["cmake", "--fresh", "-S", folder, "-B", folder / "build", *options]
    said = by_hook(world, scripts, *configure, env=world.environ(scripts, **environ))
    return re.findall(r"^-- found (.*)", said, re.MULTILINE)


@pytest.fixture
def own(tmp_path):
    """Return a folder with a library of the user's own that has the name of a companion."""
    folder = tmp_path / "own"
    for path in ("include/nccl.h", "lib/libnccl.so"):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).touch()
    return folder


def test_what_the_user_names_comes_before_the_root(world, scripts, root, own, tmp_path):
    """As ``NCCL_ROOT`` of xgboost does, which reads it as a hint: a CMAKE_PREFIX_PATH of ours would come before."""
    users = [f"{own}/include {own}/lib/libnccl.so"]
    assert finds(world, scripts, tmp_path, "nccl.h", "nccl") == [f"{root}/include {root}/search/libnccl.so"]
    assert finds(world, scripts, tmp_path, "nccl.h", "nccl", f"-DOWN={own}") == users
    assert finds(world, scripts, tmp_path, "nccl.h", "nccl", OWN=own) == users
    assert finds(world, scripts, tmp_path, "nccl.h", "nccl", f"-DCMAKE_PREFIX_PATH={own}") == users
    assert finds(world, scripts, tmp_path, "nccl.h", "nccl", CMAKE_PREFIX_PATH=own) == users


def test_a_companion_in_the_toolkits_own_folder_alone(world, environment, tmp_path):
    install(world, environment, "nvidia-libmathdx-cu13", "cmake")
    root = world.run(environment / "cuda-shims", "root").strip()
    found = finds(world, environment, tmp_path, "libmathdx.h", "mathdx")
    assert found == [f"{root}/include {root}/search/libmathdx.so"]
