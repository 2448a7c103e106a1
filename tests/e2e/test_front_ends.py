"""The minimal project builds under every front end, with compiler and libraries from the wheels, never the system's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from e2e_support import EXTRAS, SYSTEM_PATH, TOOLKIT, check_built, cmake_project, installed, site_packages, unpacked
from front_end_support import direct, hatch, pdm, poetry, poetry_source, tox
from slices import keep

pytestmark = pytest.mark.timeout(300)

PIPS = {"newest": "pip", "23.2": "pip==23.2"}


@pytest.fixture(autouse=True)
def cell(request, record_property):
    """Note the front end as a cell of the matrix."""
    front_end = request.node.name.removeprefix("test_").replace("_", " ").replace("[", " (").replace("]", ")")
    system = "CMake with the runtime static and shared (scikit-build-core)"
    record_property("cell", {"system": system, "front_end": front_end, "toolkit": TOOLKIT})


@pytest.fixture
def project(tmp_path):
    return cmake_project(tmp_path / "project")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.mark.parametrize("version", keep(["newest"], of=PIPS))
def test_pip(world, project, out, scratch, version):
    pip = world.tools(f"pip-{version}", PIPS[version], "setuptools")
    world.run(pip / "python", "-m", "pip", "wheel", "-w", out, project, env=world.environ(TMPDIR=scratch))
    check_built(world, unpacked(out), scratch)


@pytest.mark.matrix
def test_pip_venv_isolation(world, project, out, scratch):
    pip = world.tools("pip-newest", "pip", "setuptools")
    command = [pip / "python", "-m", "pip", "wheel", "--use-feature=venv-isolation", "-w", out, project]
    world.run(*command, env=world.environ(TMPDIR=scratch))
    check_built(world, unpacked(out), scratch)


@pytest.mark.parametrize("version", ["newest", "23.2"])
@pytest.mark.matrix
def test_pip_with_dynamic_requirements(world, tmp_path, out, scratch, version):
    project = cmake_project(tmp_path / "project", dynamic=True)
    pip = world.tools(f"pip-{version}", PIPS[version], "setuptools")
    world.run(pip / "python", "-m", "pip", "wheel", "-w", out, project, env=world.environ(TMPDIR=scratch))
    check_built(world, unpacked(out), scratch)


@pytest.mark.matrix
def test_pip_without_isolation_in_a_venv_that_is_not_activated(world, project, out, tmp_path):
    requirements = ["pip", "scikit-build-core", "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}"]
    requirements += [tool for tool in ("cmake", "ninja") if shutil.which(tool, path=SYSTEM_PATH) is None]
    venv = world.venv(tmp_path / "venv", *requirements)
    command = [venv / "python", "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "-w", out, project]
    world.run(*command, env=world.environ(PIP_BUILD_CONSTRAINT=None))  # pip refuses the two together
    check_built(world, unpacked(out), tmp_path / "venv")


def test_debians_own_pip(world, project, out, scratch):
    python = "/usr/bin/python3"
    if not os.path.exists("/etc/debian_version") or not os.path.exists(python):
        pytest.skip("this is no Debian, or its python3 is not installed")
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("Debian's own pip is not installed (package python3-pip)")
    world.run(python, "-m", "pip", "wheel", "-w", out, project, env=world.environ(TMPDIR=scratch))
    built = unpacked(out)
    check_built(world, built, scratch)
    assert "/overlay/local/lib/python3" in built.report["compiler"]
    assert "/dist-packages/" in built.report["compiler"]


@pytest.mark.parametrize("installer", ["pip", pytest.param("uv", marks=pytest.mark.matrix)])
def test_build(world, project, out, scratch, installer):
    tools = world.tools("build", "build[uv]")
    command = [tools / "python", "-m", "build", "--wheel", "--installer", installer, "--outdir", out, project]
    world.run(*command, env=world.environ(TMPDIR=scratch))
    check_built(world, unpacked(out), scratch)


@pytest.mark.parametrize("link_mode", keep(["hardlink"], of=["hardlink", "copy", "symlink"]))
def test_uv_build(world, project, out, link_mode):
    environ = world.environ(UV_LINK_MODE=link_mode)
    world.run(world.uv, "build", "--wheel", "-p", sys.executable, "--out-dir", out, project, env=environ)
    check_built(world, unpacked(out), world.uv_cache)


def test_uv_pip_install(world, project, tmp_path):
    venv = world.venv(tmp_path / "venv", "packaging")
    world.run(world.uv, "pip", "install", "-p", venv / "python", project)
    check_built(world, installed(site_packages(tmp_path / "venv")), world.uv_cache)


def test_uv_sync(world, project):
    world.run(world.uv, "sync", "-p", sys.executable, "--no-editable", cwd=project)
    check_built(world, installed(site_packages(project / ".venv")), world.uv_cache)


@pytest.mark.matrix
def test_pdm(world, tmp_path, out, scratch):
    project = cmake_project(tmp_path / "project", shims=direct(world))
    pdm(world, project, out, scratch)
    check_built(world, unpacked(out), scratch)


@pytest.mark.matrix
def test_pdm_with_dynamic_requirements(world, tmp_path, out, scratch):
    project = cmake_project(tmp_path / "project", shims=direct(world), dynamic=True)
    pdm(world, project, out, scratch)
    check_built(world, unpacked(out), scratch)


def test_poetry(world, tmp_path, out, scratch):
    project = cmake_project(tmp_path / "project", shims=direct(world), extra=poetry_source(world))
    poetry(world, project, scratch, "build", "-f", "wheel", "-o", out)
    check_built(world, unpacked(out), scratch)


@pytest.mark.matrix
def test_hatch(world, project, out, scratch):
    hatch(world, project, scratch, "build", "-t", "wheel", out)
    check_built(world, unpacked(out), scratch / "hatch")


@pytest.mark.matrix
def test_tox(world, project):
    assert "[13050, 13050]" in tox(world, project)
    check_built(world, installed(site_packages(project / ".tox/probe")), project / ".tox")
