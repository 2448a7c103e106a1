"""The doctor with NVIDIA's real wheels, and that what it advises does away with what it found."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from e2e_support import TOOLKIT, site_packages
from example_support import EXAMPLES_FOLDER
from slices import keep

from cuda_shims.doctor import host_compiler
from cuda_shims.doctor import project as needs
from cuda_shims.doctor.source_tree import find_uses

#: what a compiler needs, at the versions of one release
WHOLE = "cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]"
#: the newest gcc and clang that each release takes
LIMITS = {"13.0.3.0": (15, 20), "13.2.2": (15, 21), "13.4.3": (16, 22), TOOLKIT: (16, 22)}
KERNEL = "__global__ void scale(float *x, float by) { x[threadIdx.x] *= by; }\n"


class Patient:
    """An environment of real wheels."""

    def __init__(self, world, folder, *requirements):
        self.world = world
        self.bin = world.venv(folder, "cuda-shims", *requirements)
        self.site = site_packages(folder)

    def doctor(self, code, *options, env=None, before=()):
        """Return the findings, code to finding; the command has to exit with a code."""
        env = env or self.world.environ(self.bin)
        command = [*before, self.bin / "cuda-shims", "doctor", "--json", "--strict", *options]
        said = json.loads(self.world.run(*command, cwd=self.bin.parent, env=env, rc=code))
        assert said["ok"] == (code == 0)
        return {each["code"]: each for each in said["findings"]}

    def bad(self, **more):
        """Return what is wrong."""
        found = self.doctor(1, **more)
        return {code: each for code, each in found.items() if each["level"] != "ok"}

    def follow(self, fix):
        """Do what a finding's fix says: uv installed this environment, and the shell has not activated it."""
        assert fix.startswith(f"uv pip install --python {self.bin}/python ")
        env = self.world.environ(self.bin, os.path.dirname(self.world.uv))
        self.world.run("/bin/sh", "-c", fix, env=env)

    def compiles(self, folder):
        """Tell whether a kernel compiles, and what nvcc says."""
        source = folder / "kernel.cu"
        source.write_text(KERNEL)
        command = [self.bin / "nvcc", "-arch=sm_80", "-c", source, "-o", folder / "kernel.o"]
        done = subprocess.run(
            [*self.world.hide, *map(str, command)],
            env=self.world.environ(self.bin),
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "release",
    keep(["13.0.3.0", TOOLKIT], of=["13.0.3.0", "13.2.2", "13.4.3", TOOLKIT]),
)
def test_healthy(world, tmp_path, release):
    patient = Patient(world, tmp_path / "env", f"{WHOLE}=={release}")
    found = patient.doctor(0)
    assert {each["level"] for each in found.values()} == {"ok"}
    root = str(patient.site / "cuda_shims_toolkit/cu13")
    assert {"toolkit", "components", "versions", "root", "hook", "shims", "host-compiler", "nvcc"} <= set(found)
    assert root in found["nvcc"]["what"]
    assert str(patient.bin / "nvcc") in found["path"]["what"]
    limits = host_compiler.read_limits(root)
    assert (limits["gcc"], limits["clang"]) == LIMITS[release]
    # not activated, and named
    assert "not activated" in patient.doctor(0, env=world.base)["path"]["what"]
    assert patient.doctor(0, "--python", str(patient.bin.parent))["hook"]["level"] == "ok"


def test_healthy_is_said_in_a_few_lines(world, tmp_path):
    patient = Patient(world, tmp_path / "my env", f"{WHOLE}=={TOOLKIT}")
    env = world.environ(patient.bin, XDG_CACHE_HOME=tmp_path / "cache")
    command = (patient.bin / "python", "-m", "cuda_shims", "doctor")
    toolkit, root, path, verdict = world.run(*command, env=env, cwd=tmp_path).splitlines()
    assert toolkit.startswith("ok: CUDA 13.5.")
    assert root.startswith("ok: The toolkit root is ")
    assert path == f"ok: PATH gives {patient.bin}/nvcc."
    assert verdict == "a build will find this toolkit"
    assert world.run(*command, "-q", env=env, cwd=tmp_path) == f"{verdict}\n"


def test_floated_components(world, tmp_path):
    """What ``pip install nvidia-cuda-nvcc==13.0.88`` gave when 13.5 was the newest."""
    floated = [f"nvidia-{name}==13.5.37" for name in ("nvvm", "cuda-crt")]
    floated += ["nvidia-cuda-runtime==13.5.*", "nvidia-cuda-cccl==13.3.5.*"]
    patient = Patient(world, tmp_path / "env", "nvidia-cuda-nvcc==13.0.88", *floated)
    found = patient.bad()
    assert list(found) == ["version-mismatch", "header-mismatch"]
    assert found["version-mismatch"]["level"] == "error"
    works, said = patient.compiles(tmp_path)
    assert not works
    assert "Unsupported .version" in said
    patient.follow(found["version-mismatch"]["fix"])
    assert {each["level"] for each in patient.doctor(0).values()} == {"ok"}
    works, said = patient.compiles(tmp_path)
    assert works, said


def test_nvcc_alone(world, tmp_path):
    patient = Patient(world, tmp_path / "env")
    world.run(
        world.uv, "pip", "install", "-q", "-p", patient.bin / "python", "--no-deps", f"cuda-toolkit[nvcc]=={TOOLKIT}"
    )
    found = patient.bad()
    assert list(found) == ["no-toolkit"]  # cuda-toolkit itself holds nothing
    world.run(world.uv, "pip", "install", "-q", "-p", patient.bin / "python", "--no-deps", "nvidia-cuda-nvcc==13.5.37")
    found = patient.bad()
    missing = found["component-missing"]
    assert missing["level"] == "error"
    assert missing["fix"].endswith(' "cuda-toolkit[nvvm,crt,cudart,cccl]==13.5.*"')
    patient.follow(missing["fix"])
    assert {each["level"] for each in patient.doctor(0).values()} == {"ok"}


def test_nvcc_without_its_profile(world, tmp_path):
    """``nvcc --dryrun`` succeeds all the same, and a compilation finds no header."""
    patient = Patient(world, tmp_path / "env", f"{WHOLE}=={TOOLKIT}")
    (patient.site / "nvidia/cu13/bin/nvcc.profile").unlink()
    assert list(patient.bad()) == ["nvcc-wrong-home"]
    assert not patient.compiles(tmp_path)[0]


def test_no_host_compiler(world, tmp_path):
    patient = Patient(world, tmp_path / "env", f"{WHOLE}=={TOOLKIT}")
    assert list(patient.bad(before=["/usr/bin/env", f"PATH={patient.bin}"])) == ["no-host-compiler"]
    env = world.environ(patient.bin, NVCC_CCBIN="g++-no-such")
    assert patient.bad(env=env)["no-host-compiler"]["fix"] == "unset NVCC_CCBIN"


def test_a_missing_component_is_explained(world, tmp_path):
    """The build of a project whose requirement lacks an extra fails as CMake does; the doctor's line fixes it."""
    project = tmp_path / "project"
    shutil.copytree(EXAMPLES_FOLDER / "cmake-toolkit", project)
    pyproject = project / "pyproject.toml"
    whole = pyproject.read_text()
    requirement = re.search(r'"cuda-toolkit\[\S+==13\.\*"', whole).group()
    pyproject.write_text(whole.replace(requirement, '"cuda-toolkit[cccl,cudart,nvcc]==13.*"'))
    build = [world.uv, "build", "--wheel", "-p", sys.executable, "--out-dir", tmp_path / "out", project]
    env = world.environ(CUDAARCHS="80")
    said = world.run(*build, env=env, rc=2)
    assert re.search(r'Target "small_gemm" links to:\s+CUDA::cublas\s+but the target was not found', said)

    patient = Patient(world, tmp_path / "env", f"{WHOLE}=={TOOLKIT}")
    command = [patient.bin / "cuda-shims", "doctor", "--json"]
    said = json.loads(world.run(*command, env=world.environ(patient.bin), cwd=project, rc=1))
    (found,) = (each for each in said["findings"] if each["level"] != "ok")
    assert found["code"] == "need-undeclared"
    assert "CUDA::cublas (CMakeLists.txt:" in found["what"]
    line = re.fullmatch(r'in pyproject\.toml: ("cuda-toolkit\[.*==13\.\*")', found["fix"]).group(1)
    pyproject.write_text(whole.replace(requirement, line))
    world.run(*build, env=env)


@pytest.mark.parametrize("folder", sorted(each.name for each in EXAMPLES_FOLDER.iterdir() if each.is_dir()))
def test_examples_require_what_they_use(folder):
    text = (EXAMPLES_FOLDER / folder / "pyproject.toml").read_text()
    requires = re.findall(r'"([^"]+)"', re.search(r"(?ms)^requires = \[(.*?)\]$", text).group(1))
    brought = needs.read_parts(requires)
    for use in find_uses(str(EXAMPLES_FOLDER / folder)):
        assert brought is None or use.part in brought, use
