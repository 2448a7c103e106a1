"""
``doctor --log`` on the logs of builds that really fail, and of builds that do not, or fail for other reasons.

Each build runs with NVIDIA's real wheels where no other CUDA is; what it says goes through the doctor. A log of the
first kind has to be explained by one finding, which quotes the line that says it, names the cause, and says how to fix
it; with --matrix that is done where it can be, and the build has to pass. In a log of the second kind nothing may be
found.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from e2e_support import TOOLKIT, site_packages
from failing_builds import FAILURES, OTHERS, REQUIRES, SEVERAL, SOURCES, TORCH_FAILURES, TORCH_RELEASE

TOOLS = ("cmake", "meson", "ninja", "setuptools")
EXACT = (
    "nvidia-nvvm==13.5.37",
    "nvidia-cuda-crt==13.5.37",
    "nvidia-cuda-runtime==13.5.*",
    "nvidia-cuda-cccl==13.3.5.*",
)
_ALONE = ("--no-deps", "nvidia-cuda-nvcc==13.5.37")
#: environment -> its requirements
ENVIRONMENTS = {
    "none": TOOLS,
    "bare": (f"cuda-toolkit[cccl,cudart,nvcc]=={TOOLKIT}", *TOOLS),
    "ours": (f"cuda-toolkit[cccl,cudart,nvcc]=={TOOLKIT}", "cuda-shims", *TOOLS),
    "old": ("cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]==13.0.3.0", *TOOLS),
    "pip": ("pip", "uv"),
    "torch": ("torch==2.15.0", f"cuda-toolkit[cccl,cublas,cudart,cusolver,cusparse,nvcc]=={TORCH_RELEASE}", *TOOLS),
    "alone": _ALONE,
    "no-nvvm": (*_ALONE, *EXACT[1:]),
    "no-crt": (*_ALONE, EXACT[0], *EXACT[2:]),
    "no-cccl": (*_ALONE, *EXACT[:3]),
    "floated": ("--no-deps", "nvidia-cuda-nvcc==13.0.88", *EXACT),
    "torch-like": (*_ALONE, *EXACT[:2], "nvidia-cuda-runtime==13.0.*", EXACT[3]),
}
#: what runs a build as a back end does
START = "import subprocess, sys; sys.exit(subprocess.call(['/bin/sh', '-c', sys.argv[1]]))"


class Bed:
    """The environments, and a doctor."""

    def __init__(self, world, folder):
        self.world = world
        self.folder = folder
        self.log = folder / "build.log"

    def bin(self, name):
        def make(folder):
            return str(self.world.venv(folder / "venv", *ENVIRONMENTS[name]))

        return Path(self.world.once(f"log-{name}", make))

    def wheels(self, name):
        return site_packages(self.bin(name).parent) / "nvidia/cu13"

    def path(self, where):
        """Return the folders that are first on PATH."""
        if where in {"none", "ours", "pip", "torch"}:
            return [self.bin(where)]
        if where == "torch-nvcc":
            return [self.wheels("torch") / "bin", self.bin("torch")]
        if where in {"link", "script"}:  # what people make of the wheels' nvcc by hand
            folder = self.folder / "by-hand"
            folder.mkdir()
            nvcc = self.wheels("bare") / "bin/nvcc"
            if where == "link":
                (folder / "nvcc").symlink_to(nvcc)
            else:
                (folder / "nvcc").write_text(f'#!/bin/sh\nexec "{nvcc}" "$@"\n')
                (folder / "nvcc").chmod(0o755)
            return [folder, self.bin("none")]
        return [self.wheels(where) / "bin", self.bin("none")]

    def project(self, files, requires):
        """Lay out a project with everything that some build compiles."""
        folder = self.folder / "project"
        folder.mkdir()
        for name, text in {**SOURCES, **(files or {})}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        if requires is not None:
            (folder / "pyproject.toml").write_text(f"[build-system]\nrequires = {json.dumps(requires)}\n")
        return folder

    def fill(self, command):
        """Put the paths of this machine into a command."""
        ours = self.bin("ours") / "cuda-shims"
        root = self.world.once("log-root", lambda _: self.world.run(ours, "root").strip())
        marks = {"@HOME@": self.wheels("bare"), "@ROOT@": root, "@SHIM@": self.bin("ours") / "nvcc"}
        marks["@CARGO@"] = os.path.dirname(shutil.which("cargo") or "")
        for mark, path in marks.items():
            command = command.replace(mark, str(path))
        return command

    def build(self, where, command, project, *, rc=9, **variables):
        """Run a build, and keep what it says."""
        command = self.fill(command)
        env = self.world.environ(*self.path(where), CUDAARCHS="80", LC_ALL="C.UTF-8", **variables)
        if "CMAKE_CUDA_ARCHITECTURES" in command:
            del env["CUDAARCHS"]
        command = f"({command}\n) || exit 9" if rc else command
        said = self.world.run("/bin/sh", "-c", command, cwd=project, env=env, rc=rc)
        self.log.write_text(said, errors="surrogateescape")
        return said

    def doctor(self, project, *, rc=1):
        """Return what the doctor finds in the log."""
        command = [self.bin("ours") / "cuda-shims", "doctor", "--json", "--log", self.log]
        said = json.loads(self.world.run(*command, cwd=project, env=self.world.environ(self.bin("ours")), rc=rc))
        assert said["ok"] == (rc == 0)
        return said["findings"]


@pytest.fixture
def bed(world, tmp_path):
    return Bed(world, tmp_path)


def skip_without(command):
    for program in ("clang++", "ld.gold", "ld.lld", "mold", "cargo", "make"):
        if (
            re.search(rf"(?i)\b{re.escape(program.removeprefix('ld.'))}(?!\w)", command)
            and shutil.which(program) is None
        ):
            pytest.skip(f"{program} is not on this machine")
    if "cargo" in command and not list(Path("/usr/share/cargo/registry").glob("cc-1.*")):
        pytest.skip("the cc crate is not on this machine (Debian package librust-cc-dev)")


def firsts():
    """List the failures; of those that the doctor calls by one code all but the first are for ``--matrix``."""
    known = set()
    for each in FAILURES:
        yield pytest.param(each, id=each.name, marks=[pytest.mark.matrix] * (each.code in known))
        known.add(each.code)


@pytest.mark.parametrize("failure", list(firsts()))
def test_explained(bed, failure, request):
    skip_without(failure.command)
    project = bed.project(failure.files, failure.requires)
    said = bed.build(failure.where, failure.command, project)
    found = bed.doctor(project)
    assert len(found) == 1, said
    assert found[0]["code"] in failure.code.split("|"), said
    (finding,) = found
    text = " ".join((finding["what"], finding["why"], finding["fix"]))
    assert [word for word in failure.words if word not in text] == [], finding
    assert finding["quote"].strip("…") in said.splitlines()[finding["line"] - 1]
    if failure.then:
        assert failure.then[0] in text
    # a build that is made twice is for the matrix: CI has 45 minutes
    if request.config.getoption("--matrix") and (failure.fixes or failure.then):
        follow_fix(bed, failure, finding["fix"], project)


def follow_fix(bed, failure, fix, project):
    """Do what a fix says, where it is a requirement in an environment that has it, and build again."""
    for left in (project / "build", project / "nvcc"):
        shutil.rmtree(left, ignore_errors=True)
    command = failure.then[1] if failure.then else failure.command
    if not failure.fixes:
        bed.build(failure.where, command, project, rc=0)
        return
    requires = list(failure.requires or ENVIRONMENTS[failure.where])
    gone = re.split(r", ", fix.partition(" instead of ")[2])
    for line in re.findall(r'"([^"]+)"', fix):
        name = re.match(r"[\w-]+", line).group()
        kept = [each for each in requires if not each.startswith(name) and each not in gone]
        requires = [*(kept if failure.requires else requires), line]
    assert requires != list(failure.requires or ENVIRONMENTS[failure.where])

    def make(folder):
        return str(bed.world.venv(folder / "venv", *requires, *TOOLS))

    scripts = Path(bed.world.once(f"log-fixed-{'-'.join(re.findall(r'[a-z0-9.]+', ' '.join(requires)))}", make))
    wheels = site_packages(scripts.parent) / "nvidia/cu13/bin"
    env = bed.world.environ(*([scripts] if "cuda-shims" in requires else [scripts, wheels]), CUDAARCHS="80")
    bed.world.run(scripts / "python", "-c", START, bed.fill(command), cwd=project, env=env)


@pytest.mark.matrix
@pytest.mark.xdist_group("torch")
@pytest.mark.parametrize("failure", [pytest.param(each, id=each.name) for each in TORCH_FAILURES])
def test_torch_explained(bed, failure, request):
    test_explained(bed, failure, request)


def test_several_causes_in_order(bed):
    project = bed.project({}, REQUIRES)
    bed.build(SEVERAL.where, SEVERAL.command, project)
    found = bed.doctor(project)
    assert [each["code"] for each in found] == ["header-missing", "architecture"]
    assert "Likewise: -lcublas, -lcufft." in found[0]["what"]
    assert '"cuda-toolkit[cccl,cublas,cudart,cufft,nvcc,profiler]==13.5.0"' in found[0]["fix"]
    assert found[0]["line"] < found[1]["line"]


@pytest.mark.parametrize(
    "other",
    # every second one, and the loud ones, in every run
    [
        pytest.param(each, id=each.name, marks=[pytest.mark.matrix] * (at > 8 and at % 2))
        for at, each in enumerate(OTHERS)
    ],
)
def test_nothing_is_said_of_what_is_healthy_or_fails_for_other_reasons(bed, other):
    skip_without(other.command)
    project = bed.project(other.files, REQUIRES)
    none = (
        dict.fromkeys(name for name in bed.world.base if name.startswith(("PIP_", "UV_")))
        if "network" in other.name
        else {}
    )
    said = bed.build(other.where, other.command, project, rc=9 if other.fails else 0, **none)
    assert said
    assert bed.doctor(project, rc=0) == []


#: a project whose back end runs nvcc by its name
SETUP = """\
import subprocess
from setuptools import setup
subprocess.check_call(["nvcc", "-arch=sm_80", "-cubin", "profiler.cu", "-o", "k.cubin"])
setup(name="p", version="1.0", py_modules=[])
"""


def piped(bed, project, front_end, rc=1):
    """Run a front end, what it says into the doctor."""
    env = bed.world.environ(bed.bin("pip"), UV_PYTHON=bed.bin("pip") / "python")
    command = f"{front_end} 2>&1 | {bed.bin('ours')}/python -m cuda_shims doctor --log -"
    return bed.world.run("/bin/sh", "-c", command, cwd=project, env=env, rc=rc)


@pytest.mark.parametrize("front_end", ["pip wheel --no-deps -v -w out .", "uv build --wheel --out-dir out ."])
def test_the_log_of_a_front_end_by_a_pipe(bed, front_end):
    project = bed.project({"setup.py": SETUP}, ["setuptools"])
    said = piped(bed, project, front_end)
    assert re.match(r"error: There is no nvcc\.\n  line \d+: .*No such file or directory: 'nvcc'\n  why: ", said)
    line = '"cuda-toolkit[cccl,cudart,nvcc]==13.5.*", and add "cuda-shims"'
    assert said.endswith(f"  fix: in pyproject.toml, add {line}\n")


def test_fixes_one_by_one_until_the_build_passes(bed):
    project = bed.project({"setup.py": SETUP}, ["setuptools", f"cuda-toolkit[cccl,cudart,nvcc]=={TOOLKIT}"])
    pyproject = project / "pyproject.toml"
    build = "uv build --wheel --out-dir out ."
    assert piped(bed, project, build).endswith('  fix: in pyproject.toml, add "cuda-shims" to requires\n')

    pyproject.write_text(pyproject.read_text().replace('"setuptools"', '"setuptools", "cuda-shims"'))
    said = piped(bed, project, build)
    assert said.startswith("error: The header cudaProfiler.h is not found.\n")
    line = re.search(r'fix: in pyproject\.toml: ("cuda-toolkit\[\S+")\n$', said).group(1)

    pyproject.write_text(re.sub(r'"cuda-toolkit[^"]*"', line, pyproject.read_text()))
    said = piped(bed, project, build, rc=0)
    assert said.startswith("cuda-shims knows no message in this log; that does not prove")
    assert list((project / "out").glob("*.whl"))
