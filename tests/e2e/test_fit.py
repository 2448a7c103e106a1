"""
``cuda-shims fit`` beside the metadata of each torch for CUDA 13: its line resolves by pip and uv, its table builds.

The metadata is that of the index's wheels, whose 900 MB are not downloaded; of PyTorch's own index, which is not asked,
that of made-up wheels that require the same.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile

import pytest
from cuda_metadata import metadata
from e2e_support import nvcc_project, site_packages, wheel_command
from slices import keep_ends
from torch_support import TORCH, check_compiler, compile_requirements

#: builds that PyTorch's own index has
THEIRS = ("2.9.1+cu130", "2.10.0+cu130")
#: on the index, for CUDA 12.8
OLDER = ("2.9.1", "2.10.0")


@pytest.fixture
def pip(world):
    """Give a function that asks pip what it would install; returns the report's metadata of each."""

    def pip(*requirements, **environ):
        # not what this machine has beside the index: a torch for CPUs, a cap
        found = {name: world.base[name].split()[-1] for name in ("PIP_CONSTRAINT", "PIP_FIND_LINKS")}
        command = [world.tools("pip-newest", "pip", "setuptools") / "python", "-m", "pip", "install", "-q", "--dry-run"]
        said = world.run(
            *command, "--ignore-installed", "--report", "-", *requirements, env=world.environ(**{**found, **environ})
        )
        report = json.loads(said[said.index("{\n") :])
        return {each["metadata"]["name"].lower(): each["metadata"] for each in report["install"]}

    return pip


@pytest.fixture
def fit(world, tmp_path):
    """Give a function that asks an environment that has cuda-shims, and nothing but the metadata of a torch."""
    scripts = world.venv(tmp_path / "venv", "cuda-shims")

    def fit(torch, text, *words, rc=0):
        folder = site_packages(scripts.parent) / f"torch-{torch}.dist-info"
        folder.mkdir(exist_ok=True)
        (folder / "METADATA").write_text(text)
        return world.run(scripts / "cuda-shims", "fit", *words, env=world.environ(scripts), rc=rc)

    return fit


@pytest.fixture
def real(pip):
    """Give a function that spells the metadata of a torch of the index as its METADATA does."""

    def real(torch):
        (found,) = pip("--no-deps", "--only-binary", ":all:", f"torch=={torch}").values()
        lines = [f"Requires-Dist: {each}" for each in found["requires_dist"]]
        return "\n".join(["Metadata-Version: 2.4", "Name: torch", f"Version: {found['version']}", *lines, "", ""])

    return real


def made_up(folder, torch):
    """Make a wheel of a torch that holds its metadata alone."""
    folder.mkdir()
    with zipfile.ZipFile(folder / f"torch-{torch}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"torch-{torch}.dist-info/METADATA", metadata("torch", torch))
        wheel.writestr(
            f"torch-{torch}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"torch-{torch}.dist-info/RECORD", "")
    return folder


@pytest.mark.parametrize("torch", keep_ends(TORCH, first=False))
def test_torch_of_the_index(world, tmp_path, pip, fit, real, torch):
    minor = ".".join(TORCH[torch].split(".")[:2])
    line = fit(torch, real(torch)).strip()
    assert line == f"cuda-shims[cu{minor.replace('.', '')}]"
    found = compile_requirements(world, tmp_path / "in.txt", line, f"torch=={torch}")
    assert (found["torch"], found["cuda-toolkit"]) == (torch, TORCH[torch])
    check_compiler(found, minor)
    check_compiler({name: each["version"] for name, each in pip(line, f"torch=={torch}").items()}, minor)


@pytest.mark.matrix
def test_the_newest_torch(world, tmp_path, fit, real):
    newest = compile_requirements(world, tmp_path / "in.txt", "torch")["torch"]
    line = fit(newest, real(newest)).strip()
    assert re.fullmatch(r"cuda-shims\[cu13\d\]", line)
    assert compile_requirements(world, tmp_path / "in.txt", line, "torch")["torch"] == newest


@pytest.mark.parametrize("torch", keep_ends(THEIRS, first=False))
def test_torch_of_its_own_index(world, tmp_path, pip, fit, torch):
    links = made_up(tmp_path / "links", torch)
    line = fit(torch, metadata("torch", torch)).strip()
    assert line == "cuda-shims[cu130]"
    found = compile_requirements(
        world, tmp_path / "in.txt", line, f"torch=={torch}", UV_FIND_LINKS=f"{links},{world.base['UV_FIND_LINKS']}"
    )
    assert found["torch"] == torch
    check_compiler(found, "13.0")
    links = f"{links} {world.base['PIP_FIND_LINKS'].split()[-1]}"
    found = pip(line, f"torch=={torch}", PIP_FIND_LINKS=links)
    check_compiler({name: each["version"] for name, each in found.items()}, "13.0")


@pytest.mark.parametrize("torch", OLDER)
def test_torch_for_cuda_12(fit, real, torch):
    said = fit(torch, real(torch), rc=1)
    assert f"torch {torch} needs CUDA 12.8" in said
    assert "NVIDIA publishes no nvcc for CUDA 12 as a wheel; take a build of torch for CUDA 13 (+cu130 or so" in said
    assert said.count("\n") == 1


@pytest.mark.matrix
def test_constraints_hold_the_build_of_somebody_else(world, tmp_path, fit, scratch):
    """Whose requirements name no minor, and torch by its name."""
    torch = THEIRS[-1]
    links = made_up(tmp_path / "links", torch)
    constraints = tmp_path / "torch.txt"
    constraints.write_text(fit(torch, metadata("torch", torch), "--format", "constraints"))
    project = loose_project(tmp_path / "project", '"torch", ')
    environ = world.environ(
        TMPDIR=scratch,
        PIP_FIND_LINKS=f"{links} {world.base['PIP_FIND_LINKS'].split()[-1]}",
        PIP_BUILD_CONSTRAINT=f"{constraints} {world.base['PIP_CONSTRAINT'].split()[-1]}",
        PIP_CONSTRAINT=f"{constraints} {world.base['PIP_CONSTRAINT'].split()[-1]}",
    )
    world.run(*wheel_command(world, "pip", tmp_path / "out", project), env=environ)
    (wheel,) = (tmp_path / "out").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        assert "release 13.0," in json.loads(archive.read("cuda_probe/report.json"))["version"]


def test_uv_builds_somebody_else_by_the_table(world, tmp_path, fit):
    """Whose requirements name neither."""
    torch = THEIRS[-1]
    links = made_up(tmp_path / "links", torch)
    probe = loose_project(tmp_path / "probe", "")
    text = (probe / "pyproject.toml").read_text()
    (probe / "pyproject.toml").write_text(re.sub(r"(?m)^requires = .*$", "requires = []", text))
    app = tmp_path / "app"
    app.mkdir()
    table = fit(torch, metadata("torch", torch), "--format", "uv", "--for", "cuda-probe")
    (app / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\n'
        f'dependencies = ["cuda-probe"]\n[tool.uv.sources]\ncuda-probe = {{ path = "{probe}" }}\n{table}'
    )
    environ = world.environ(UV_FIND_LINKS=f"{links},{world.base['UV_FIND_LINKS']}")
    world.run(world.uv, "sync", "-q", "-p", sys.executable, cwd=app, env=environ)
    report = json.loads((site_packages(app / ".venv") / "cuda_probe/report.json").read_text())
    assert "release 13.0," in report["version"]


def test_the_fix_of_the_doctor(world, tmp_path, fit):
    """Of a toolkit that somebody installed at another minor than torch's."""
    torch = THEIRS[-1]
    fit(torch, metadata("torch", torch))
    scripts = tmp_path / "venv/bin"
    command = [scripts / "cuda-shims", "doctor", "--json"]

    def install(*requirements):
        world.run(world.uv, "pip", "install", "-q", "-p", scripts / "python", *requirements)
        said = world.run(*command, cwd=tmp_path, env=world.environ(scripts), rc=None)
        found = json.loads(said[said.index("{\n") :])["findings"]
        return {each["code"]: each for each in found if each["code"].startswith("torch")}

    (found,) = install("cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]==13.4.*").values()
    assert found["what"] == "torch 2.10.0+cu130 was built for CUDA 13.0, but the toolkit is for CUDA 13.4."
    assert found["fix"].startswith("uv pip install ")
    assert found["fix"].endswith(' "cuda-shims[cu130]" torch==2.10.0+cu130')
    assert set(install("cuda-shims[cu130]", "torch==2.10.0+cu130")) == {"torch"}


def loose_project(folder, more):
    """Lay out a project that compiles with nvcc, of any CUDA 13."""
    project = nvcc_project(folder)
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(
        re.sub(r"requires = \[(.*)==[\d.]+\"", rf'requires = [{more}\1==13.*"', text)
    )
    return project
