"""``-lcuda`` for who names ``$CUDA_HOME/lib64`` alone: CuPy, OpenCV, FindCUDA; and nothing else is found elsewhere."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from e2e_support import TOOLKIT, site_packages

pytestmark = pytest.mark.timeout(900)

SOURCE = """\
#include <cuda.h>
int main(int argc, char **) { return argc > 100 ? (int)cuInit(0) : 0; }
"""
#: what a build back end does
CHILD = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
CMAKE = """\
cmake_minimum_required(VERSION 3.18...4.0)
project(use CXX)
find_library(DRIVER cuda HINTS "$ENV{CUDA_HOME}/lib64" REQUIRED)
find_library(MANAGEMENT nvidia-ml HINTS "$ENV{CUDA_HOME}/lib64" REQUIRED)
add_executable(use use.cpp)
target_include_directories(use PRIVATE "$ENV{CUDA_HOME}/include")
target_link_libraries(use PRIVATE "${DRIVER}")
file(WRITE found.txt "${DRIVER}\\n${MANAGEMENT}\\n")
"""
#: OpenCV, PCL and many others
FIND_CUDA = """\
cmake_minimum_required(VERSION 3.18)
project(use CXX)
find_package(CUDA REQUIRED)
find_library(DRIVER cuda HINTS "${CUDA_TOOLKIT_ROOT_DIR}/lib64" REQUIRED)
file(WRITE found.txt "${CUDA_CUDA_LIBRARY}\\n${DRIVER}\\n")
"""
#: the driver's libraries
DRIVERS = {"cuda", "nvidia-ml"}


@pytest.fixture(scope="module")
def scripts(world, tmp_path_factory):
    """Return the scripts directory of an environment with a compiler and some libraries."""
    extras = "cccl,crt,cublas,cudart,nvcc,nvml,nvrtc,nvvm"
    folder = tmp_path_factory.mktemp("driver") / "env"
    return world.venv(folder, "cuda-shims", f"cuda-toolkit[{extras}]=={TOOLKIT}", "cmake", "ninja")


def by_hook(scripts, *command):
    return [scripts / "python", "-c", CHILD, *command]


def by_exec(scripts, *command):
    return [scripts / "cuda-shims", "exec", *command]


def by_shell(scripts, *command):
    return ["sh", "-c", f'eval "$({scripts}/cuda-shims env)"; exec "$@"', "sh", *command]


def shell(text):
    """Spell a line that has variables of the build's in it."""
    return ["sh", "-ec", text]


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "use.cpp").write_text(SOURCE)
    return tmp_path


@pytest.mark.parametrize("compiler", ["c++", "clang++"])
@pytest.mark.parametrize("way", [by_hook, by_exec, by_shell])
def test_linked_with_lib64_alone(world, scripts, sources, way, compiler):
    if shutil.which(compiler, path=world.base["PATH"]) is None:
        pytest.skip(f"{compiler} is missing (Debian package {'g++' if compiler == 'c++' else 'clang'})")
    line = f'{compiler} use.cpp -o use "-I$CUDA_HOME/include" "-L$CUDA_HOME/lib64" -lcuda'
    world.run(*way(scripts, *shell(line)), cwd=sources, env=world.environ(scripts))
    needed = world.run("readelf", "-d", "use", cwd=sources)
    assert "[libcuda.so.1]" in needed
    assert "RUNPATH" not in needed
    assert "RPATH" not in needed


def test_nvcc_as_a_linker(world, scripts, sources):
    """As jitify's build and Makefiles have it: nvcc itself, with lib64 alone."""
    line = 'nvcc -x c++ use.cpp -o use "-L$CUDA_HOME/lib64" -lcuda -lnvidia-ml'
    world.run(*by_hook(scripts, *shell(line)), cwd=sources, env=world.environ(scripts))
    assert "[libcuda.so.1]" in world.run("readelf", "-d", "use", cwd=sources)


def cmakes(world, scripts):
    system = shutil.which("cmake", path=world.base["PATH"])
    return {"newest": scripts / "cmake", **({"the system's": system} if system else {})}


@pytest.mark.parametrize("which", ["newest", "the system's"])
@pytest.mark.parametrize("way", [by_hook, by_exec])
def test_cmake_with_lib64_alone(world, scripts, sources, way, which):
    cmake = cmakes(world, scripts).get(which) or pytest.skip("no CMake of the system's (Debian package cmake)")
    (sources / "CMakeLists.txt").write_text(CMAKE)
    env = world.environ(scripts)
    world.run(*way(scripts, cmake, "-G", "Ninja", "-S", ".", "-B", "build"), cwd=sources, env=env)
    world.run(*way(scripts, cmake, "--build", "build"), cwd=sources, env=env)
    root = Path(world.run("cuda-shims", "root", env=env).strip())
    found = (sources / "found.txt").read_text().splitlines()
    assert found == [str(root / f"lib64/stubs/lib{name}.so") for name in ("cuda", "nvidia-ml")]
    assert "[libcuda.so.1]" in world.run("readelf", "-d", "build/use", cwd=sources)


@pytest.mark.parametrize("which", ["newest", "the system's"])
def test_find_cuda(world, scripts, sources, which):
    cmake = cmakes(world, scripts).get(which) or pytest.skip("no CMake of the system's (Debian package cmake)")
    (sources / "CMakeLists.txt").write_text(FIND_CUDA)
    env = world.environ(scripts)
    policy = "-DCMAKE_POLICY_DEFAULT_CMP0146=OLD"
    world.run(*by_hook(scripts, cmake, "-G", "Ninja", "-S", ".", "-B", "build", policy), cwd=sources, env=env)
    root = world.run("cuda-shims", "root", env=env).strip()
    assert (sources / "found.txt").read_text().splitlines() == [f"{root}/lib64/stubs/libcuda.so"] * 2


# --- nothing else changes ---


def variables(world, scripts, **more):
    """Return what a child of Python has, by way of the hook."""
    env = world.environ(scripts, **more)
    said = world.run(*by_hook(scripts, "env", "-0"), env=env)
    return dict(each.split("=", 1) for each in said.split("\0") if "=" in each)


def traced(world, folder, env, *words):
    """Link, and return which files the linker took, or that it found none."""
    said = world.run("c++", "use.o", "-o", "traced", "-Wl,--trace", "-Wl,--unresolved-symbols=ignore-all", *words,
                     cwd=folder, env=env, rc=None)  # fmt: skip
    return sorted(line for line in said.splitlines() if line.startswith("/") and not line.startswith("/tmp/cc"))


def test_no_other_library_is_found_elsewhere(world, scripts, sources):
    with_hook = variables(world, scripts)
    root = with_hook["CUDA_HOME"]
    assert f"{root}/lib64/stubs" in with_hook["LIBRARY_PATH"].split(":")
    without = {name: value for name, value in with_hook.items() if name not in {"LIBRARY_PATH", "CMAKE_LIBRARY_PATH"}}
    world.run("c++", "-c", f"-I{root}/include", "use.cpp", cwd=sources, env=with_hook)
    names = {match[1] for name in os.listdir(f"{root}/lib") if (match := re.match(r"lib(.+?)\.(?:so|a)$", name))}
    assert {"cudart", "cudart_static", "cublas", "nvrtc", "nvvm"} <= names
    assert not names & DRIVERS
    for name in sorted(names | {"m", "pthread", "dl", "rt", "stdc++", "nothing"} | DRIVERS):
        for folder in ([], [f"-L{root}/lib64"]):
            found = [traced(world, sources, env, *folder, f"-l{name}") for env in (without, with_hook)]
            if name in DRIVERS:
                assert any(each.endswith(f"/lib{name}.so") for each in found[1]), name
            else:
                assert found[0] == found[1], name
    # that another would be seen
    assert traced(world, sources, with_hook, "-lm") != traced(world, sources, with_hook, "-lrt")


def test_the_stubs_are_the_drivers_alone(world, scripts):
    """What the linker finds by LIBRARY_PATH is all that this folder holds."""
    root = variables(world, scripts)["CUDA_HOME"]
    names = {re.sub(r"^lib|\.so.*$", "", name) for name in os.listdir(f"{root}/lib64/stubs")}
    assert names == DRIVERS


@pytest.mark.parametrize("name", ["LIBRARY_PATH", "CMAKE_LIBRARY_PATH"])
def test_the_users_own_come_first(world, scripts, name, tmp_path):
    stubs = variables(world, scripts)["CUDA_HOME"] + "/lib64/stubs"
    for given, wanted in (
        (None, stubs),
        ("", stubs),  # an empty entry would be the current directory
        ("/opt/mine/lib", f"/opt/mine/lib:{stubs}"),
        (f"/opt/mine/lib:{stubs}", f"/opt/mine/lib:{stubs}"),
    ):
        assert variables(world, scripts, **{name: given})[name] == wanted, given
    # as often as Python starts
    again = by_hook(scripts, scripts / "python", "-c", f"import os; print(os.environ[{name!r}])")
    assert world.run(*again, env=world.environ(scripts)).strip() == stubs
    # a driver that the user names is taken
    mine = tmp_path / "mine"
    mine.mkdir()
    (tmp_path / "use.cpp").write_text("int main() { return 0; }\n")
    shutil.copy(f"{stubs}/libcuda.so", mine / "libcuda.so")
    env = world.environ(scripts, LIBRARY_PATH=mine)
    line = 'c++ use.cpp -o use -Wl,--trace "-L$CUDA_HOME/lib64" -Wl,--no-as-needed -lcuda'
    said = world.run(*by_hook(scripts, *shell(line)), cwd=tmp_path, env=env)
    assert f"{mine}/libcuda.so" in said
    assert f"{stubs}/libcuda.so" not in said


def test_never_where_programs_run(world, scripts):
    """LD_LIBRARY_PATH would give a program the stand-in for the driver."""
    assert "LD_LIBRARY_PATH" not in variables(world, scripts)
    assert variables(world, scripts, LD_LIBRARY_PATH="/opt/x")["LD_LIBRARY_PATH"] == "/opt/x"
    assert "LD_LIBRARY_PATH" not in world.run(scripts / "cuda-shims", "env", env=world.environ(scripts))


def test_another_toolkit_of_the_users(world, scripts, tmp_path):
    """The whole build takes that one: none of our stubs, none of our variables."""
    home = tmp_path / "cuda"
    (home / "bin").mkdir(parents=True)
    (home / "include").mkdir()
    (home / "bin/nvcc").write_text("#!/bin/sh\n")
    (home / "bin/nvcc").chmod(0o755)
    (home / "include/cuda_runtime.h").write_text("")
    found = variables(world, scripts, CUDA_HOME=home)
    assert found["CUDA_HOME"] == str(home)
    ours = str(site_packages(scripts.parent))
    for name in ("LIBRARY_PATH", "CMAKE_LIBRARY_PATH"):
        assert ours not in found.get(name, ""), name
