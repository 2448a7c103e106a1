"""docs/how-to/continuous-integration.md: the steps of its workflows, as a runner starts them; cibuildwheel's table."""

from __future__ import annotations

import re
import shutil

import pytest
import yaml
from checkout import CHECKOUT
from e2e_support import NVCC_VERSION, SYSTEM_PATH, check_built, cmake_project, pin_toolkit, site_packages, unpacked
from github_support import run_job

pytestmark = pytest.mark.timeout(300)

PAGE = (CHECKOUT / "docs/how-to/continuous-integration.md").read_text(encoding="utf-8")
JOBS = {
    name: job
    for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for name, job in yaml.safe_load(block)["jobs"].items()
}
(TABLE,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def runner(world, tmp_path, scratch):
    """Give a function that runs a job of the page in a project's folder, with a Python of its own on PATH."""
    python = world.venv(tmp_path / "python", "pip")

    def runner(name, project):
        def start(command, variables, path):
            marked = tmp_path / "code"
            environ = world.environ(*path, python, TMPDIR=scratch, **{**variables, "CODE": marked})
            pin_toolkit(environ, tmp_path)
            said = world.run("sh", "-c", '"$@"; echo $? > "$CODE"', "sh", *command, cwd=project, env=environ)
            return int(marked.read_text()), said

        folder = tmp_path / "runner"
        folder.mkdir()
        return run_job(JOBS[name], folder, start)

    return runner


def test_a_build_that_works(world, tmp_path, scratch, runner):
    project = cmake_project(tmp_path / "project", toolkit="13.*")
    ((_, code, said),) = runner("linux", project)
    assert code == 0, said
    check_built(world, unpacked(project / "dist"), scratch)
    assert "Failed to find nvcc" not in (project / "build.log").read_text()


def test_a_build_that_fails(tmp_path, runner):
    project = cmake_project(tmp_path / "project", toolkit="13.*")
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"cuda-shims", ', ""))
    build, doctor = runner("linux", project)
    assert build[1] != 0, "the pipe hides that the build failed"
    assert doctor[:2] == ("why it failed", 1)
    assert "error: CMake finds no nvcc.\n" in doctor[2]
    assert '  fix: in pyproject.toml, add "cuda-shims" to requires\n' in doctor[2]


@pytest.mark.matrix
def test_steps_that_no_front_end_starts(tmp_path, runner):
    if shutil.which("cmake", path=SYSTEM_PATH) is None:
        pytest.skip("cmake is not in /usr/bin (Debian package cmake)")
    project = cmake_project(tmp_path / "project")
    install, build = runner("compile", project)
    assert install[1] == 0, install[2]
    assert "a build will find this toolkit" in install[2]
    assert build[1] == 0, build[2]
    report = (project / "build/report.txt").read_text()
    root = site_packages(tmp_path / "python") / "cuda_shims_toolkit/cu13"
    assert f"compiler={root}/bin/nvcc\ncompiler_version={NVCC_VERSION}\n" in report


def test_an_environment_without_a_toolkit_ends_the_job(tmp_path, runner, monkeypatch):
    """Its project's own build would bring one, and the doctor says so; the step's CMake has none."""
    step = JOBS["compile"]["steps"][2]
    assert "cuda-shims[cu13]" in step["run"]
    monkeypatch.setitem(step, "run", step["run"].replace("[cu13]", ""))
    ((_, code, said),) = runner("compile", cmake_project(tmp_path / "project"))
    assert code == 1
    assert "no pip-installed CUDA toolkit in" in said.splitlines()[-1]


def test_what_uv_drops_for_ci(world, tmp_path):
    environ = world.environ(UV_CACHE_DIR=tmp_path / "cache")
    install = ["pip", "install", "-p", world.venv(tmp_path / "venv") / "python", "nvidia-cuda-runtime==13.5.*"]
    world.run(world.uv, *install, env=environ)
    assert list((tmp_path / "cache").rglob("libcudart.so.13"))
    world.run(world.uv, "cache", "prune", "--ci", env=environ)
    assert not list((tmp_path / "cache").rglob("libcudart.so.13"))


# --- cibuildwheel ---


def identifiers(world, tmp_path, system, table, rc=0):
    project = tmp_path / "project"
    if not project.exists():
        cmake_project(project)
        (project / "pyproject.toml").write_text((project / "pyproject.toml").read_text() + table)
    tools = world.tools("cibuildwheel", "cibuildwheel")
    options = ["--platform", system, "--archs", "all" if system == "linux" else "AMD64", "--print-build-identifiers"]
    return world.run(tools / "cibuildwheel", *options, project, env=world.environ(CI="1"), rc=rc).split()


def test_cibuildwheel_reads_the_table(world, tmp_path):
    linux = identifiers(world, tmp_path, "linux", TABLE)
    assert {"cp311-manylinux_x86_64", "cp313-manylinux_aarch64"} <= set(linux)
    assert not [each for each in linux if "musllinux" in each or "i686" in each]
    assert "cp313-win_amd64" in identifiers(world, tmp_path, "windows", TABLE)


def test_cibuildwheel_refuses_another_table(world, tmp_path):
    said = identifiers(world, tmp_path, "linux", TABLE.replace("repair-wheel-command", "repair-command"), rc=2)
    assert "'repair-command'" in said
