"""The program that builds other people's projects: what it compiles of a big one, and what it takes for a build."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from e2e_support import EXTRAS, TOOLKIT, site_packages
from project_table import read_table
from project_ways import Built, Place, lay_compilers
from projects import count, outcome

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc stands in /usr/bin")


@pytest.fixture
def compilers(world, tmp_path):  # noqa: ARG001 # which skips where there is no compiler
    """Return a function that compiles sources of a project, and gives the functions that each object has."""

    def compile_(sources, folder="sdist"):
        place = lay_compilers(tmp_path, SimpleNamespace(sources=sources))
        project = tmp_path / folder
        (project / "src").mkdir(parents=True)
        (project / "PKG-INFO").touch()
        found = {}
        for name in ("one", "two", "three"):
            (project / f"src/{name}.cpp").write_text(f'extern "C" int {name}() {{ return 1; }}\n')
            # as setuptools does, by a path that is relative to the folder
            environ = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}"}
            command = ["g++", "-c", f"src/{name}.cpp", "-o", f"{name}.o"]
            subprocess.run(command, cwd=project, env=environ, check=True)
            said = subprocess.run(["nm", project / f"{name}.o"], capture_output=True, text=True, check=True).stdout
            found[name] = f"T {name}" in said
        objects = [project / f"{name}.o" for name in found]
        subprocess.run(["g++", "-shared", *objects, "-o", tmp_path / "all.so"], env=environ, check=True)
        return found

    return compile_


def test_all_of_a_small_one(compilers):
    assert compilers(None) == {"one": True, "two": True, "three": True}


def test_a_number_is_of_kernels_alone(compilers):
    assert compilers(2) == {"one": False, "two": False, "three": False}


def test_those_of_a_pattern(compilers):
    assert compilers(["*/src/t*.cpp"]) == {"one": False, "two": True, "three": True}


def test_what_a_configuration_tries_is_compiled(compilers):
    assert compilers([], folder="sdist/CMakeFiles/CMakeScratch") == {"one": True, "two": True, "three": True}


KERNEL = """\
__global__ void kernel_{0}(float *x) {{ x[0] = 1; }}
extern "C" void {0}(float *x) {{ kernel_{0}<<<1, 1>>>(x); }}
"""


def test_kernels(world, tmp_path):
    """Of two, one is compiled, for the last of the architectures, and a library is linked of both objects."""
    scripts = world.venv(tmp_path / "venv", "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}")
    place = lay_compilers(tmp_path, SimpleNamespace(sources=1))
    project = tmp_path / "sdist"
    project.mkdir()
    (project / "PKG-INFO").touch()
    environ = world.environ(place, scripts)
    for name in ("one", "two"):
        (project / f"{name}.cu").write_text(KERNEL.format(name))
        code = [f"-gencode=arch=compute_{number},code=sm_{number}" for number in (80, 90)]
        command = ["nvcc", *code, "-Xcompiler", "-fPIC", "-c", f"{name}.cu", "-o", f"{name}.o"]
        world.run(*command, cwd=project, env=environ)
    world.run("nvcc", "-shared", "one.o", "two.o", "-o", "all.so", cwd=project, env=environ)
    said = world.run("nm", "all.so", cwd=project)
    assert re.findall(r" T (one|two)$", said, re.MULTILINE) == ["one"]
    steps = [json.loads(line) for line in (tmp_path / "state/log.jsonl").read_text().splitlines()]
    assert count(Built(0, "", steps)) == {"kernels": 1, "of": 2, "objects": 0, "links": 1}
    assert outcome(Built(0, "", steps), "uv") == "built"
    assert device_kernels(world, project / "one.o") == {"90"}


def device_kernels(world, path):
    """Return for which architectures there is code of a kernel in an object."""
    tools = world.tools("cuobjdump", f"cuda-toolkit[cuobjdump]=={TOOLKIT}")
    (cuobjdump,) = site_packages(tools.parent).glob("nvidia/cu13/bin/cuobjdump")
    said = world.run(cuobjdump, "-elf", path)
    return {
        re.search(r"\bsm=(\d+)", part).group(1) for part in said.split("64-bit ELF: ")[1:] if ".text._Z10kernel" in part
    }


def step(toolkit, kind="kernel", source="k.cu", taken=True, code=0):
    return {"kind": kind, "source": source, "taken": taken, "code": code, "toolkit": [toolkit]}


OURS = "-I/e/cuda_shims_toolkit/cu13/bin/../include"


def test_a_build_has_taken_the_toolkit():
    assert outcome(Built(0, "", [step(OURS)]), "uv") == "built"
    assert outcome(Built(0, "", [step("-I/usr/local/cuda/bin/../include")]), "classic") == "built"
    assert outcome(Built(0, "", [step("-I/usr/local/cuda/bin/../include")]), "uv") == "without CUDA"
    assert outcome(Built(0, "", [step(OURS), step("-I/usr/local/cuda/include")]), "classic") == "another toolkit"
    assert outcome(Built(0, "", []), "uv") == "without CUDA"
    assert outcome(Built(1, "", [step(OURS)]), "uv") == "failed"
    assert outcome(Built(None, "", [step(OURS)]), "uv") == "out of time"


def test_what_is_counted():
    steps = [step(OURS), step(OURS), step(OURS, source="l.cu", taken=False), step(OURS, "object", "a.cpp")]
    steps += [step(OURS, "link", ""), step(OURS, "link", "", code=1)]
    assert count(Built(0, "", steps)) == {"kernels": 1, "of": 2, "objects": 1, "links": 1}


def test_pip_gets_the_config_settings(tmp_path):
    """It takes those of its command line for what stands there, and not for what a file requires."""
    place = Place(None, tmp_path, read_table()["lightgbm"], TOOLKIT)
    line = place.with_settings.read_text()
    assert line.endswith(' --config-settings="cmake.define.BUILD_WITH_SHARED_NCCL=ON"\n')
    assert "--config-settings" not in place.requirements.read_text()  # which is uv's: it knows no such option there


def test_the_table():
    table = read_table()
    assert len(table) >= 30
    for project in table.values():
        assert len(project.sha256) == 64
        assert project.requires[0].startswith("cuda-shims[")
    assert table["torch-scatter"].torch
    assert not table["lightgbm"].torch


TABLE = """\
[common]
shims = "cuda-shims[cu13]"
torch = ["cuda-shims[cu130]", "torch==2.14.1"]
torch-environ = { FORCE_CUDA = "1" }
limit = 600
[none]
version = "1"
sha256 = "a"
[usual]
version = "1"
sha256 = "a"
torch = true
[older]
version = "1"
sha256 = "a"
torch = "2.11.0"
requires = ["numpy"]
"""


def test_a_row_may_name_its_torch(tmp_path):
    """In the isolated build and in the environment without isolation: both take the requirements."""
    (tmp_path / "table.toml").write_text(TABLE)
    table = read_table(tmp_path / "table.toml")
    assert {name: project.torch for name, project in table.items()} == {
        "none": "",
        "usual": "torch==2.14.1",
        "older": "torch==2.11.0",
    }
    assert table["none"].requires == ["cuda-shims[cu13]"]
    assert table["older"].requires == ["cuda-shims[cu130]", "torch==2.11.0", "numpy"]
    assert table["older"].environ == table["usual"].environ == {"FORCE_CUDA": "1"}
