"""docs/how-to/front-ends.md: how each front end keeps the toolkit at a minor, and what it keeps between two builds."""

from __future__ import annotations

import json
import sys

import pytest
from e2e_support import (
    NVCC_VERSION,
    OTHER_RUNTIME_VERSION,
    OTHER_TOOLKIT,
    RUNTIME_VERSION,
    cmake_project,
    installed,
    nvcc_project,
    site_packages,
    unpacked,
)
from front_end_support import direct, hatch, pdm, poetry, poetry_source, tox

pytestmark = pytest.mark.timeout(300)

MINOR = OTHER_TOOLKIT.rpartition(".")[0]
NEWEST, OLDER = (str([each] * 2) for each in (RUNTIME_VERSION, OTHER_RUNTIME_VERSION))
UV_TABLE = f'\n[tool.uv]\nbuild-constraint-dependencies = ["cuda-toolkit=={MINOR}.*"]\n'


@pytest.fixture
def project(tmp_path):
    return cmake_project(tmp_path / "project", toolkit="13.*")


@pytest.fixture
def constraint(world, tmp_path):
    """Give what a variable gets: what it has had, and a file that keeps the toolkit at an older minor."""
    file = tmp_path / "minor.txt"
    file.write_text(f"cuda-toolkit=={MINOR}.*\n")
    return lambda name: {name: f"{world.base[name]} {file}"}


@pytest.fixture
def pip_is_constrained(world, constraint, monkeypatch):
    """Set both of pip's variables for whatever is run."""
    for name in ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"):
        monkeypatch.setitem(world.base, name, constraint(name)[name])


def compiler(built):
    version = built.report["compiler_version"]
    assert version == NVCC_VERSION or version.startswith(f"{MINOR}.")
    return "newest" if version == NVCC_VERSION else "older"


@pytest.mark.parametrize("command", ["build", pytest.param("pip install", marks=pytest.mark.matrix)])
def test_a_table_of_uvs(world, tmp_path, command):
    project = cmake_project(tmp_path / "project", toolkit="13.*", extra=UV_TABLE)
    if command == "build":
        world.run(world.uv, "build", "--wheel", "-p", sys.executable, "--out-dir", tmp_path / "out", cwd=project)
        assert compiler(unpacked(tmp_path / "out")) == "older"
    else:
        venv = world.venv(tmp_path / "venv")
        world.run(world.uv, "pip", "install", "-p", venv / "python", ".", cwd=project)
        assert compiler(installed(site_packages(tmp_path / "venv"))) == "older"


@pytest.mark.matrix
def test_uv_sync_locks_no_requirement_of_a_build_and_builds_once(world, tmp_path):
    project = cmake_project(tmp_path / "project", toolkit="13.*", extra=UV_TABLE)
    sync = [world.uv, "sync", "-p", sys.executable, "--no-editable"]
    world.run(*sync, cwd=project)
    assert compiler(installed(site_packages(project / ".venv"))) == "older"
    assert "nvidia" not in (project / "uv.lock").read_text()
    assert "Built" not in world.run(*sync, cwd=project)
    assert "Built cuda-probe" in world.run(*sync, "--reinstall-package", "cuda-probe", cwd=project)


@pytest.mark.parametrize(
    ("name", "toolkit"),
    [("UV_CONSTRAINT", "older"), pytest.param("UV_BUILD_CONSTRAINT", "newest", marks=pytest.mark.matrix)],
)
def test_hatch(world, project, tmp_path, scratch, constraint, name, toolkit):
    hatch(world, project, scratch, "build", "-t", "wheel", tmp_path / "out", **constraint(name))
    assert compiler(unpacked(tmp_path / "out")) == toolkit


@pytest.mark.matrix
def test_hatch_keeps_its_environment(world, project, tmp_path, scratch, constraint):
    def build(name, **variables):
        hatch(world, project, scratch, "build", "-t", "wheel", tmp_path / name, **variables)
        return compiler(unpacked(tmp_path / name))

    assert build("first", **constraint("UV_CONSTRAINT")) == "older"
    assert build("second") == "older"
    hatch(world, project, scratch, "env", "remove", "hatch-build")
    assert build("third") == "newest"


@pytest.mark.matrix
def test_hatch_takes_no_back_end_of_the_projects_own(world, tmp_path, scratch):
    project = nvcc_project(tmp_path / "project")
    said = hatch(world, project, scratch, "build", "-t", "wheel", tmp_path / "out", rc=1)
    assert "Cannot import 'backend'" in said


@pytest.mark.matrix
@pytest.mark.usefixtures("pip_is_constrained")
@pytest.mark.parametrize("overrides", [False, True])
def test_pdm(world, tmp_path, scratch, overrides):
    """It reads no constraints of pip's."""
    extra = f'\n[tool.pdm.resolution.overrides]\ncuda-toolkit = "=={MINOR}.*"\n' if overrides else ""
    project = cmake_project(tmp_path / "project", toolkit="13.*", shims=direct(world), extra=extra)
    pdm(world, project, tmp_path / "out", scratch)
    assert compiler(unpacked(tmp_path / "out")) == ("older" if overrides else "newest")


@pytest.mark.matrix
@pytest.mark.usefixtures("pip_is_constrained")
def test_poetry(world, tmp_path, scratch):
    """Nothing reaches the build of the project itself; ``install`` runs no back end."""
    extra = f'\n[tool.poetry.build-constraints]\ncuda-probe = {{ cuda-toolkit = "{MINOR}.*" }}\n'
    extra += poetry_source(world)
    project = cmake_project(tmp_path / "project", toolkit="13.*", shims=direct(world), extra=extra)
    poetry(world, project, scratch, "build", "-f", "wheel", "-o", tmp_path / "out")
    assert compiler(unpacked(tmp_path / "out")) == "newest"
    poetry(world, project, scratch, "install")
    (site,) = (scratch / "venvs").glob("*/lib/python3*/site-packages")
    assert (site / "cuda_probe.pth").exists()
    assert not list(project.rglob("probe_*.so"))


@pytest.mark.matrix
def test_tox(world, project, constraint):
    assert OLDER in tox(world, project, **constraint("PIP_CONSTRAINT"))
    assert OLDER in tox(world, project)  # the environment is the same
    assert NEWEST in tox(world, project, "-r")
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("==13.*", f"=={MINOR}.*"))
    assert OLDER in tox(world, project)


@pytest.mark.matrix
def test_tox_with_a_line_of_its_own(world, project, tmp_path, constraint):
    constraint("PIP_CONSTRAINT")
    settings = f"[testenv:.pkg]\nconstraints = {tmp_path}/minor.txt\n"
    assert OLDER in tox(world, project, settings=settings)


@pytest.mark.matrix
@pytest.mark.parametrize(("name", "loaded"), [("UV_CONSTRAINT", OLDER), ("UV_BUILD_CONSTRAINT", NEWEST)])
def test_tox_uv(world, project, constraint, name, loaded):
    assert loaded in tox(world, project, plugins=["tox-uv"], **constraint(name))


@pytest.mark.matrix
@pytest.mark.parametrize("front_end", ["pipx", "uv tool"])
def test_a_program(world, project, tmp_path, scratch, constraint, front_end):
    """The project as a program in an environment of its own."""
    pyproject = project / "pyproject.toml"
    scripts = '[project.scripts]\nprobe = "cuda_probe:main"\n\n[tool.scikit-build]'
    pyproject.write_text(pyproject.read_text().replace("[tool.scikit-build]", scripts))
    module = project / "src/cuda_probe/__init__.py"
    module.write_text(f'{module.read_text()}\ndef main():\n    print(versions("static"))\n')
    homes = {"PIPX_HOME": "pipx", "PIPX_BIN_DIR": "bin", "UV_TOOL_DIR": "tools", "UV_TOOL_BIN_DIR": "bin"}
    environ = world.environ(TMPDIR=scratch, **{name: tmp_path / folder for name, folder in homes.items()})
    if front_end == "pipx":
        command = [world.tools("pipx", "pipx") / "pipx", "install", "--backend", "pip", "--python", sys.executable]
        environ |= constraint("PIP_BUILD_CONSTRAINT")
    else:
        command = [world.uv, "tool", "install", "-p", sys.executable]
        environ |= constraint("UV_BUILD_CONSTRAINT")
    world.run(*command, project, env=environ)
    assert json.loads(world.run(tmp_path / "bin/probe")) == [OTHER_RUNTIME_VERSION] * 2
