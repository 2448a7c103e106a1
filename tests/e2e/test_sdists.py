"""
Sdists of other people, none edited, built with cuda-shims on a machine without CUDA.

What each needs beyond cuda-shims is in tests/projects/projects.toml, and in docs/how-to/other-peoples-sdists.md. There
is no GPU: a package is loaded, with the driver's stub where it is linked with the driver, and has to say that there is
no driver, or which CUDA compiled it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import CHECKOUT
from e2e_support import OTHER_TOOLKIT, TOOLKIT, nvcc_project, site_packages, unpacked, wheel_command
from example_support import device_code
from foreign_sdists import QUICK, SDISTS, SHIMS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.timeout(1200)

PAGE = CHECKOUT / "docs/how-to/other-peoples-sdists.md"

cells = pytest.mark.parametrize(
    "sdist",
    [pytest.param(each, id=each.name, marks=() if each is QUICK else pytest.mark.matrix) for each in SDISTS],
)


@pytest.fixture
def fits():
    """Give a function that skips what this Python is too old for."""

    def fits(sdist):
        if sys.version_info < sdist.python:
            pytest.skip(f"{sdist.name} {sdist.version} is for Python {'.'.join(map(str, sdist.python))} and later")

    return fits


def uv_project(folder, sdist, shims=SHIMS, constraints=None):
    """Lay out a project that depends on the sdist, with what docs/how-to/other-peoples-sdists.md adds to it."""
    folder.mkdir()
    lines = [
        "[project]",
        'name = "app"',
        'version = "1"',
        f'requires-python = ">={sys.version_info[0]}.{sys.version_info[1]}"',
        f"dependencies = {json.dumps([sdist.pin, *sdist.runtime])}",
        "[tool.uv]",
        "environments = [\"sys_platform == 'linux'\"]",
        f"no-binary-package = {json.dumps([sdist.name])}",
        f"build-constraint-dependencies = {json.dumps(sdist.release if constraints is None else constraints)}",
        "[tool.uv.extra-build-dependencies]",
        f"{sdist.name} = {json.dumps(sdist.requires(shims))}",
    ]
    for table, values in (("extra-build-variables", sdist.environ), ("config-settings-package", sdist.settings)):
        if values:
            inline = ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in values.items())
            lines += [f"[tool.uv.{table}]", f"{sdist.name} = {{ {inline} }}"]
    (folder / "pyproject.toml").write_text("\n".join([*lines, ""]))
    return folder


def uv_sync(world, project, sdist):
    """Have uv build it, not take what it built before."""
    command = [world.uv, "sync", "-v", "-p", sys.executable, "--refresh-package", sdist.name]
    said = world.run(*command, cwd=project, rc=None)
    (project.parent / "build.log").write_text(said)
    return said


def loader_path(world):
    """Return what LD_LIBRARY_PATH has to be for what needs libraries of the toolkit, or the driver: that has a stub."""

    def make(folder):
        requirement = f"cuda-toolkit[curand,nvrtc,profiler]=={TOOLKIT}"
        scripts = world.venv(folder / "venv", SHIMS, requirement)
        root = world.run(scripts / "cuda-shims", "root").strip()
        (folder / "driver").mkdir()
        (folder / "driver/libcuda.so.1").symlink_to(f"{root}/lib/stubs/libcuda.so")
        return f"{root}/lib:{folder}/driver"

    return world.once("sdist-runtime", make)


def doctor(world, project):
    """Return what it finds in the log of a build."""
    ours = Path(loader_path(world).partition("/cuda_shims_toolkit/")[0]).parents[2] / "bin/cuda-shims"
    command = [ours, "doctor", "--json", "--log", project.parent / "build.log"]
    (finding,) = json.loads(world.run(*command, cwd=project, rc=1))["findings"]
    return finding


def check(world, environment, sdist):
    """What was built is linked as it should be, its code for GPUs is by that nvcc, and it loads."""
    site = site_packages(environment)
    for pattern, wanted, architecture in sdist.libraries:
        (library,) = site.glob(pattern)
        said = subprocess.run(["readelf", "-dW", library], capture_output=True, text=True, check=True).stdout
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", said)
        assert {each for each in needed if re.match(r"lib(cu|nv)", each)} == set(wanted), said
        assert "cuda_shims" not in said  # no path of the build's environment
        code = {(each[0], each[1]) for each in device_code(world, library)}
        assert {each[0] for each in code} == ({architecture} if architecture else set())
        assert all(f"{each[1]}.".startswith(f"{sdist.nvcc}.") for each in code), code
    linked = any("libcuda.so.1" in wanted for _, wanted, _ in sdist.libraries)
    env = world.environ(LD_LIBRARY_PATH=loader_path(world) if linked else None)
    said = world.run(environment / "bin/python", "-c", sdist.load, env=env, cwd=environment, rc=None)
    assert sdist.prints in said, said


@cells
def test_uv(world, tmp_path, fits, sdist):
    fits(sdist)
    project = uv_project(tmp_path / "app", sdist)
    said = uv_sync(world, project, sdist)
    assert f"+ {sdist.pin}" in said, said[-8000:]
    check(world, project / ".venv", sdist)


@cells
def test_pip_without_isolation(world, tmp_path, fits, sdist):
    fits(sdist)
    scripts = world.venv(tmp_path / "venv", "pip", *sdist.own, *sdist.requires(SHIMS), *sdist.release, *sdist.runtime)
    command = [scripts / "python", "-m", "pip", "install", "-v", "--no-build-isolation", "--no-cache-dir"]
    command += ["--no-binary", sdist.name, sdist.pin]
    for name, value in sdist.settings.items():
        command += ["--config-settings", f"{name}={value}"]
    env = world.environ(scripts, PIP_BUILD_CONSTRAINT=None, **sdist.environ)  # pip refuses that without isolation
    world.run(*command, env=env)
    check(world, tmp_path / "venv", sdist)


@cells
def test_without_cuda_shims_the_doctor_says_why(world, tmp_path, fits, sdist):
    fits(sdist)
    project = uv_project(tmp_path / "app", sdist, "cuda-toolkit[cccl,cudart,nvcc]")
    said = uv_sync(world, project, sdist)
    assert (f"+ {sdist.pin}" in said) != sdist.fails, said[-8000:]
    finding = doctor(world, project)
    assert finding["code"] == ("stale" if "nvcc not found at" in finding["quote"] else "nvcc-not-found")
    assert re.search(sdist.quote, finding["quote"])
    if sdist.fails:
        assert finding["fix"] == f'in pyproject.toml, add "cuda-shims" to extra-build-dependencies.{sdist.name}'


@pytest.mark.matrix
def test_cmake_without_an_architecture(world, tmp_path):
    """The one more thing that cuvec needs where there is no GPU, which the doctor says too."""
    (cuvec,) = (each for each in SDISTS if each.name == "cuvec")
    project = uv_project(tmp_path / "app", cuvec._replace(project=cuvec.project._replace(settings={})))
    uv_sync(world, project, cuvec)
    finding = doctor(world, project)
    assert finding["code"] == "architecture-native"


@pytest.mark.matrix
def test_uv_pip_in_the_projects_folder(world, tmp_path):
    project = uv_project(tmp_path / "app", QUICK)
    world.venv(project / ".venv")
    command = [world.uv, "pip", "install", "-p", project / ".venv/bin/python", "--refresh-package", QUICK.name]
    world.run(*command, QUICK.pin, cwd=project)
    check(world, project / ".venv", QUICK)


@pytest.mark.matrix
def test_build_without_isolation(world, tmp_path, scratch):
    scripts = world.venv(tmp_path / "venv", "pip", "build", *QUICK.own, *QUICK.requires(SHIMS), *QUICK.release)
    env = world.environ(scripts, PIP_BUILD_CONSTRAINT=None, TMPDIR=scratch)
    command = ["python", "-m", "pip", "download", "--no-deps", "--no-build-isolation", "--no-binary", QUICK.name]
    world.run(*command, QUICK.pin, cwd=tmp_path, env=env)
    world.run("tar", "xf", f"cuda_kernels-{QUICK.version}.tar.gz", cwd=tmp_path)
    folder = tmp_path / f"cuda_kernels-{QUICK.version}"
    world.run("python", "-m", "build", "--wheel", "--no-isolation", folder, cwd=tmp_path, env=env)
    (wheel,) = folder.glob("dist/*.whl")
    world.run(world.uv, "pip", "install", "-p", scripts / "python", wheel)
    check(world, tmp_path / "venv", QUICK)


@pytest.mark.matrix
def test_uv_matches_no_runtime_of_a_setup_py_that_imports_torch(world, tmp_path, fits):
    (diso,) = (each for each in SDISTS if each.name == "diso")
    fits(diso)
    project = uv_project(tmp_path / "app", diso)
    file = project / "pyproject.toml"
    matched = f'"{SHIMS}", {{ requirement = "torch", match-runtime = true }}'
    file.write_text(file.read_text().replace(f'"{SHIMS}", "{diso.project.torch}"', matched))
    assert matched in file.read_text()
    said = " ".join(uv_sync(world, project, diso).split())
    assert "`diso` does not declare static metadata, making runtime-matching impossible" in said


def test_the_page_gives_what_was_tried():
    text = PAGE.read_text()
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    uv = tomllib.loads(block)["tool"]["uv"]
    assert uv["no-binary-package"] == [each.name for each in SDISTS]
    assert uv["extra-build-dependencies"] == {each.name: each.requires(SHIMS) for each in SDISTS}
    assert uv["extra-build-variables"] == {each.name: each.environ for each in SDISTS if each.environ}
    assert uv["config-settings-package"] == {each.name: each.settings for each in SDISTS if each.settings}
    for sdist in SDISTS:
        assert f"\n| {sdist.name} {sdist.version} |" in text


# --- a constraint on the toolkit's minor ---


MINOR = OTHER_TOOLKIT.rpartition(".")[0]


@pytest.fixture
def constraint(tmp_path):
    """Return a file that keeps the toolkit at an older minor."""
    file = tmp_path / "minor.txt"
    file.write_text(f"cuda-toolkit=={MINOR}.*\n")
    return file


def test_uv_constrains_the_build_of_an_sdist(world, tmp_path, constraint):
    project = uv_project(tmp_path / "app", QUICK, constraints=[constraint.read_text().strip()])
    uv_sync(world, project, QUICK)
    check(world, project / ".venv", QUICK._replace(nvcc=MINOR))


def test_pip_constrains_the_environment_that_builds_without_isolation(world, tmp_path, constraint):
    venv = world.venv(tmp_path / "venv", "pip")
    command = [venv / "python", "-m", "pip", "install", "--dry-run", "--report", tmp_path / "report.json"]
    world.run(*command, "--no-deps", "-c", constraint, "cuda-toolkit[nvcc]==13.*")
    (chosen,) = json.loads((tmp_path / "report.json").read_text())["install"]
    assert chosen["metadata"]["version"].startswith(f"{MINOR}.")


#: a front end -> its options, or the variables that it reads; {} is the file
CONSTRAINTS = {
    "uv build": ("--build-constraints {}", {}),
    "uv build with the variable": ("", {"UV_BUILD_CONSTRAINT": "{}"}),
    "pip": ("--build-constraint {}", {}),
    "pip with the variable": ("", {"PIP_BUILD_CONSTRAINT": "{}"}),
    "old pip": ("", {"PIP_CONSTRAINT": "{}"}),
    "build": ("--dependency-constraints-txt {}", {}),
}


@pytest.mark.parametrize(
    "front_end",
    [pytest.param(each, marks=() if each in {"uv build", "pip"} else pytest.mark.matrix) for each in CONSTRAINTS],
)
def test_a_constraint_on_isolated_builds(world, tmp_path, scratch, constraint, front_end):
    project = nvcc_project(tmp_path / "project", toolkit="13.*")
    options, variables = CONSTRAINTS[front_end]
    program, _, version = front_end.partition(" ")
    pip = ("pip-23.2", "pip==23.2", "setuptools") if version == "23.2" else ("pip", "pip")
    command = wheel_command(world, program, tmp_path / "out", project, *options.format(constraint).split(), pip=pip)
    variables = {name: f"{world.base[name]} {each.format(constraint)}" for name, each in variables.items()}
    world.run(*command, env=world.environ(TMPDIR=scratch, **variables))
    assert f"release {MINOR}," in unpacked(tmp_path / "out").report["version"]
