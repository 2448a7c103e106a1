"""
A second build in the folder of a first one, whose environment is gone, was upgraded, made anew, or was never isolated.

What is rebuilt when it is imported is an extension module that tells what it was compiled from: the release of the
headers, and how often its source was edited.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from e2e_support import (
    EXTRAS,
    NVCC_VERSION,
    OTHER_RUNTIME_VERSION,
    OTHER_TOOLKIT,
    RUNTIME_VERSION,
    SYSTEM_PATH,
    TOOLKIT,
    constrain_builds,
    site_packages,
    wheel_command,
)
from example_support import EXAMPLES_FOLDER, RELEASES
from examples import EXAMPLES
from slices import keep

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("rebuilds")]

REQUIREMENT = f"cuda-toolkit[{EXTRAS}]"
#: what is in an environment that stays, beside the toolkit
BUILDERS = ("pip", "scikit-build-core", "meson-python", "ninja", "cuda-shims")
SOURCE = """\
#include <Python.h>
#include <cuda_runtime.h>
#include <cuda/std/version>
#define EDITED 0
static PyObject *told(PyObject *, PyObject *) { return Py_BuildValue("[ii]", CUDART_VERSION, EDITED); }
static PyMethodDef methods[] = {{"told", told, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "_k", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit__k() { return PyModule_Create(&module); }
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.18...4.0)
project(rebuilt LANGUAGES CXX CUDA)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
find_package(CUDAToolkit REQUIRED)
find_package(CCCL REQUIRED)
python_add_library(_k MODULE k.cu)
target_link_libraries(_k PRIVATE CUDA::cudart_static CCCL::CCCL)
install(TARGETS _k LIBRARY DESTINATION rebuilt_by_cmake)
"""
MESON = """\
project('rebuilt', 'cuda', default_options : ['cuda_std=c++17'])
py = import('python').find_installation(pure : false)
py.extension_module('_k', 'k.cu', cuda_args : '-arch=sm_80', link_language : 'cuda', subdir : 'rebuilt_by_meson',
  install : true)
py.install_sources('src/rebuilt_by_meson/__init__.py', subdir : 'rebuilt_by_meson')
"""
SETTINGS = {
    "cmake": '[tool.scikit-build]\nbuild-dir = "build/{wheel_tag}"\neditable.rebuild = true\n',
    "meson": "",
}
BACKENDS = {"cmake": "scikit_build_core.build", "meson": "mesonpy"}
#: ninja: with the machine's own, and an environment that has nvcc, Meson's would work: it notes "nvcc" without a path
REQUIRES = {"cmake": ["scikit-build-core"], "meson": ["meson-python", "ninja"]}


class Project:
    """A project in a folder, which is built over and over."""

    def __init__(self, world, folder, system):
        self.world = world
        self.folder = folder
        self.system = system
        self.package = f"rebuilt_by_{system}"
        source = folder / "src" / self.package
        source.mkdir(parents=True)
        (source / "__init__.py").write_text("from ._k import told\n")
        (folder / "k.cu").write_text(SOURCE)
        (folder / "CMakeLists.txt").write_text(CMAKE)
        (folder / "meson.build").write_text(MESON)
        requires = json.dumps([*REQUIRES[system], f"{REQUIREMENT}==13.*", "cuda-shims"])
        (folder / "pyproject.toml").write_text(
            f'[build-system]\nbuild-backend = "{BACKENDS[system]}"\nrequires = {requires}\n'
            f'[project]\nname = "{self.package}"\nversion = "1.0"\n{SETTINGS[system]}'
        )
        self.edited = 0

    def edit(self):
        """Change the source, so that what was compiled from it is old."""
        # "cmake --install" skips a file that is less than a second newer than the installed one (cmFileCopier: DifferS)
        time.sleep(1)
        self.edited += 1
        (self.folder / "k.cu").write_text(SOURCE.replace("EDITED 0", f"EDITED {self.edited}"))

    def built(self):
        """Return the folder that the back end keeps."""
        (found,) = (each for each in (self.folder / "build").iterdir() if each.is_dir())
        return found

    def told(self, python, *, path=(), rc=0, **variables):
        """Import it in another folder; return what it tells, or what is printed."""
        environ = self.world.environ(*path, **variables)
        code = f"import {self.package} as m; print('told', m.told())"
        said = self.world.run(python, "-c", code, cwd="/", env=environ, rc=rc)
        return said if rc else json.loads(said.rpartition("told ")[2])


@pytest.fixture(params=["cmake", pytest.param("meson", marks=pytest.mark.matrix)])
def project(request, world, tmp_path):
    return Project(world, tmp_path / "project", request.param)


def at(world, release, **more):
    """Return the environment of an isolated build that gets a release of the toolkit."""
    constraints = world.once(f"rebuilds-{release}", lambda folder: _constraint(folder, release))
    environ = world.environ(**{"CUDAARCHS": "80-real", **more})
    constrain_builds(environ, constraints)
    return environ


def _constraint(folder, release):
    (folder / "constraints.txt").write_text(f"cuda-toolkit=={release}\n")
    return str(folder / "constraints.txt")


def tools():
    """Return what builds need of programs, and this machine lacks."""
    return [each for each in ("cmake", "ninja") if shutil.which(each, path=SYSTEM_PATH) is None]


def environment(world, folder, release=TOOLKIT, **more):
    """Make an environment that stays."""
    return world.venv(folder, *BUILDERS, *tools(), f"{REQUIREMENT}=={release}", **more)


def wheel(world, front_end, folder, out, environ):
    """Build a wheel in isolation, and return the folder that it is unpacked in."""
    meson = folder.joinpath("meson.build").exists() and "mesonpy" in folder.joinpath("pyproject.toml").read_text()
    command = wheel_command(world, front_end, out, folder, *(["-Cbuild-dir=build/kept"] if meson else []))
    world.run(*command, env=environ)
    (built,) = out.glob("*.whl")
    shutil.unpack_archive(built, out / "site", "zip")
    return out / "site"


@pytest.mark.parametrize(
    ("system", "front_end"),
    [
        ("cmake", "uv"),
        *(pytest.param("cmake", each, marks=pytest.mark.matrix) for each in ("pip", "build")),
        *(pytest.param("meson", each, marks=pytest.mark.matrix) for each in ("uv", "pip")),
    ],
)
def test_the_isolated_environment_is_gone(world, tmp_path, system, front_end):
    """The back end configures anew, and nothing is left of the first environment, whose toolkit was another one."""
    project = Project(world, tmp_path / "project", system)
    for release, number in ((OTHER_TOOLKIT, OTHER_RUNTIME_VERSION), (TOOLKIT, RUNTIME_VERSION)):
        site = wheel(world, front_end, project.folder, tmp_path / release, at(world, release))
        assert project.told(sys.executable, PYTHONPATH=site) == [number, project.edited]
        if project.system == "cmake":
            text = (project.built() / "CMakeCache.txt").read_text()
            environments = set(re.findall(r"/[^];=[]*?/(?=lib/python3[^];=[]*/cuda_shims_toolkit/cu13)", text))
            assert len(environments) == 1
            (compiler,) = project.built().glob("CMakeFiles/*/CMakeCUDACompiler.cmake")
            assert f'COMPILER_VERSION "{RELEASES[release].nvcc}"' in compiler.read_text()
        project.edit()


def test_imported_after_an_isolated_install(world, project, tmp_path):
    """It fails; the doctor says what to do; done, an edit is compiled on import, in a venv that is not activated."""
    scripts = environment(world, tmp_path / "venv")
    python = scripts / "python"
    path = [scripts] if tools() else []
    world.run(world.uv, "pip", "install", "-p", python, "--no-deps", "-e", project.folder, env=at(world, TOOLKIT))
    said = project.told(python, path=path, rc=1)
    (tmp_path / "log").write_text(said)
    command = [scripts / "cuda-shims", "doctor", "--json", "--log", tmp_path / "log"]
    told = json.loads(world.run(*command, cwd=project.folder, env=world.environ(scripts), rc=1))
    (finding,) = told["findings"]
    assert finding["code"] == "stale", said
    assert finding["quote"] in said
    fix = finding["fix"].partition(": ")[2]
    assert re.match(r"uv pip install .*\"cuda-toolkit\[.*; uv pip install .*--no-build-isolation -e \.$", fix)
    # pip refuses build constraints without isolation
    folders = (scripts, os.path.dirname(world.uv))
    environ = world.environ(*folders, PIP_BUILD_CONSTRAINT=None, CUDAARCHS="80-real")
    environ["PIP_CONSTRAINT"] = environ["UV_CONSTRAINT"] = at(world, TOOLKIT)["PIP_CONSTRAINT"]
    world.run("/bin/sh", "-ec", fix.replace("; ", "\n"), cwd=project.folder, env=environ)
    assert project.told(python, path=path) == [RUNTIME_VERSION, 0]
    project.edit()
    assert project.told(python, path=path) == [RUNTIME_VERSION, 1]


@pytest.mark.matrix
def test_imported_after_an_install_without_isolation(world, project, tmp_path):
    """Activated or not, with the start-up hook or without; only Meson, which notes "nvcc", needs one of the two."""
    scripts = environment(world, tmp_path / "venv")
    python = scripts / "python"
    options = ["--no-build-isolation", "--no-deps", "-p", python, "-e", project.folder]
    world.run(world.uv, "pip", "install", *options, env=world.environ(CUDAARCHS="80-real"))
    for path, variables in (([], {}), ([scripts], {}), ([scripts], {"CUDA_SHIMS_STARTUP": "0"})):
        project.edit()
        assert project.told(python, path=path or ([scripts] if tools() else []), **variables) == [
            RUNTIME_VERSION,
            project.edited,
        ]
    project.edit()
    if project.system == "cmake" and not tools():
        assert project.told(python, CUDA_SHIMS_STARTUP="0") == [RUNTIME_VERSION, project.edited]
    elif project.system == "meson":
        said = project.told(python, CUDA_SHIMS_STARTUP="0", rc=1)
        assert (
            "nvcc: not found" in said or "cannot find binary path" in said
        )  # the latter by sccache, which Meson takes


@pytest.mark.matrix
@pytest.mark.parametrize(("link_mode", "named"), [("copy", False), ("hardlink", False), ("hardlink", True)])
def test_the_toolkit_is_upgraded_below_a_build_folder(world, tmp_path, link_mode, named):
    """As by any installer, objects are compiled again; not so by uv's links, which are older: the doctor says it."""
    project = Project(world, tmp_path / "project", "cmake")
    if named:
        file = "${CUDAToolkit_LIBRARY_ROOT}/version.json"
        line = f'set_source_files_properties(k.cu PROPERTIES OBJECT_DEPENDS "{file}")\n'
        (project.folder / "CMakeLists.txt").write_text(CMAKE + line)
    # so that its files are in uv's cache, and older than what is compiled now
    environment(world, tmp_path / "earlier", link_mode=link_mode)
    scripts = environment(world, tmp_path / "venv", OTHER_TOOLKIT, link_mode=link_mode)
    python, environ = scripts / "python", world.environ(CUDAARCHS="80-real", UV_LINK_MODE=link_mode)
    install = [world.uv, "pip", "install", "-p", python]
    editable = [*install, "--no-build-isolation", "--no-deps", "--reinstall", "-e", project.folder]
    world.run(*editable, env=environ)
    assert project.told(python) == [OTHER_RUNTIME_VERSION, 0]
    world.run(*install, f"cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]=={TOOLKIT}", env=environ)
    stale = link_mode == "hardlink" and not named
    assert project.told(python) == [OTHER_RUNTIME_VERSION if stale else RUNTIME_VERSION, 0]
    # CMake has noted the old release in either case
    command = [scripts / "cuda-shims", "doctor", "--json"]
    told = json.loads(world.run(*command, cwd=project.folder, env=world.environ(scripts), rc=None))
    (finding,) = (each for each in told["findings"] if each["code"] == "build-stale")
    assert f"{project.built().relative_to(project.folder)} ({RELEASES[OTHER_TOOLKIT].nvcc})" in finding["what"]
    shutil.rmtree(project.folder / "build")
    world.run(*editable, env=environ)
    assert project.told(python) == [RUNTIME_VERSION, 0]
    told = json.loads(world.run(*command, cwd=project.folder, env=world.environ(scripts), rc=None))
    assert "build-stale" not in {each["code"] for each in told["findings"]}


@pytest.mark.parametrize(
    "name",
    keep(
        ["setuptools"],
        of=["setuptools", "setuptools-cython", "cmake-runtime", "hatchling", "make", "ninja", "pdm-backend"],
    ),
)
def test_an_example_is_built_for_another_release(world, tmp_path, name):
    """In the same folder, where setuptools leaves build/: what was compiled for another toolkit is compiled anew."""
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLES_FOLDER / name, folder)
    package = next(each.package for each in EXAMPLES if each.name == name)
    for release in (OTHER_TOOLKIT, TOOLKIT):
        site = wheel(world, "uv", folder, tmp_path / release, at(world, release, CUDAARCHS="80"))
        code = f"import json, {package}; print(json.dumps({package}.cuda_versions()))"
        said = world.run(sys.executable, "-c", code, env=world.environ(PYTHONPATH=site))
        assert json.loads(said) == [RELEASES[release].number] * 2


@pytest.mark.matrix
@pytest.mark.parametrize("name", ["setuptools", "setuptools-cython", "maturin"])
def test_an_example_in_an_environment_that_is_upgraded(world, tmp_path, name):
    """By uv's links, which are older than what was compiled: the toolkit's version.json is not."""
    (example,) = (each for each in EXAMPLES if each.name == name)
    if reason := example.missing():
        pytest.skip(reason)
    folder = tmp_path / "project"
    shutil.copytree(example.path, folder)
    environment(world, tmp_path / "earlier")  # so that its files are in uv's cache
    requirements = ["setuptools", "cython", "maturin", "cffi", "cuda-shims"]
    toolkit = "cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]=="
    scripts = world.venv(tmp_path / "venv", *requirements, f"{toolkit}{OTHER_TOOLKIT}")
    environ = world.environ(scripts, *example.program_folders(), CUDAARCHS="80")
    if example.prepare:
        example.prepare(world, folder, environ)
    for release in (OTHER_TOOLKIT, TOOLKIT):
        options = ["-q", "--no-build-isolation", "--no-deps", "--reinstall", "-p", scripts / "python"]
        world.run(world.uv, "pip", "install", "-q", "-p", scripts / "python", f"{toolkit}{release}", env=environ)
        world.run(world.uv, "pip", "install", *options, folder, env=environ)
        code = f"import json, {example.package} as m; print(json.dumps(m.cuda_versions()))"
        said = world.run(scripts / "python", "-c", code, cwd="/", env=world.environ())
        assert json.loads(said) == [RELEASES[release].number] * 2


@pytest.mark.matrix
def test_cmake_by_itself(world, tmp_path):
    """A root that is made anew compiles nothing anew; an environment made anew has one once its Python has started."""
    if tools():
        pytest.skip(f"not on this machine: {', '.join(tools())}")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.18)\nproject(p LANGUAGES CXX CUDA)\nfind_package(CUDAToolkit REQUIRED)\n"
        "add_library(k SHARED k.cu)\ntarget_link_libraries(k PRIVATE CUDA::cudart)\n"
    )
    (tmp_path / "k.cu").write_text('extern "C" int version() { return CUDART_VERSION; }\n')

    def made():
        shutil.rmtree(tmp_path / "venv", ignore_errors=True)
        return world.venv(tmp_path / "venv", "cuda-shims", f"{REQUIREMENT}=={TOOLKIT}")

    def build(rc=0):
        return world.run("cmake", "--build", "build", cwd=tmp_path, rc=rc)

    scripts = made()
    options = ["-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_CUDA_ARCHITECTURES=80-real"]
    world.run(scripts / "cuda-shims", "exec", "--", "cmake", *options, cwd=tmp_path)
    build()
    root = site_packages(tmp_path / "venv") / "cuda_shims_toolkit/cu13"
    shutil.rmtree(root.parent)
    world.run(scripts / "python", "-c", "")
    assert root.exists()
    assert "no work to do" in build()
    scripts = made()
    os.utime(tmp_path / "k.cu")
    said = build(rc=1)
    assert re.search("no known rule to make it|is not a full path", said)
    (tmp_path / "log").write_text(said)
    told = json.loads(world.run(scripts / "cuda-shims", "doctor", "--json", "--log", tmp_path / "log", rc=1))
    assert [each["fix"] for each in told["findings"]] == ["start one there (nvcc --version), and build again"]
    assert "Linking" in build()  # the doctor was such a start
    os.rename(tmp_path / "venv", tmp_path / "moved")
    (tmp_path / "log").write_text(build(rc=1))
    doctor = [tmp_path / "moved/bin/python", "-m", "cuda_shims", "doctor", "--json", "--log", tmp_path / "log"]
    assert "cmake --fresh" in world.run(*doctor, rc=1)
    fresh = [tmp_path / "moved/bin/python", "-m", "cuda_shims", "exec", "--", "cmake", "--fresh", *options]
    if subprocess.run(["cmake", "--fresh", "--version"], capture_output=True, check=False).returncode:
        shutil.rmtree(tmp_path / "build")  # before CMake 3.24
        fresh.remove("--fresh")
    world.run(*fresh, cwd=tmp_path)
    assert NVCC_VERSION in Path(next(tmp_path.glob("build/CMakeFiles/*/CMakeCUDACompiler.cmake"))).read_text()
    build()
