"""
Builds against the same with a classic toolkit: a part of ``bench.py``.

A classic toolkit is a copy of the wheels in one prefix, laid out as CUDA's own installer does: no links but lib64.
A pair is some builds with it and as many with a root of links and our hook, in turns: a machine that gets slower then
slows both. Single builds differ by several per cent on a quiet machine, so the spread is printed too; where valgrind
is there, the instructions of one run of nvcc can be counted, which hardly differ between two runs.
"""

from __future__ import annotations

import glob
import json
import os
import resource
import shutil
import statistics
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

from bench_starts import instructions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(ROOT, "docs", "examples")
PAIRS = 5
#: builds of each way in a pair
CMAKE_BUILDS, TORCH_BUILDS = 6, 5
ENVIRONMENT = {"CUDAARCHS": "80", "TORCH_CUDA_ARCH_LIST": "8.0"}
#: torch, and the one release of the toolkit that it pins
TORCH = ("torch==2.15.0", "cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]==13.2.2")


class Taken(NamedTuple):
    """What one build took, in seconds."""

    wall: float
    processors: float


def cmake_rows(python: str, folder: str, row: Callable[[str, str, str], None]) -> None:
    """
    Compare configure and build of the CMake example.

    :param python: the interpreter of an environment with the wheels, ours, cmake and ninja
    :param folder: an empty folder
    :param row: prints a line: what, the figure, the bar
    """
    project = _copy("scikit-build-core", folder)
    cmake = os.path.join(os.path.dirname(python), "cmake")
    build = os.path.join(folder, "build")
    steps = {
        "configure": [cmake, "-G", "Ninja", "-S", project, "-B", build],
        "build": [cmake, "--build", build],
    }
    _compare("CMake example", steps, CMAKE_BUILDS, _environments(python, folder), build, row)


def torch_rows(python: str, folder: str, row: Callable[[str, str, str], None]) -> None:
    """
    Compare the build of the torch example.

    :param python: the interpreter of an environment with torch, its toolkit's wheels, ours, setuptools and ninja
    :param folder: an empty folder
    :param row: prints a line: what, the figure, the bar
    """
    project = _copy("torch-extension", folder)
    build = os.path.join(project, "build")
    steps = {"build": [python, os.path.join(project, "setup.py"), "-q", "build_ext"]}
    _compare("torch example", steps, TORCH_BUILDS, _environments(python, folder), build, row, directory=project)


def _copy(example: str, folder: str) -> str:
    return shutil.copytree(os.path.join(EXAMPLES, example), os.path.join(folder, "project"))


def _environments(python: str, folder: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Return the toolkit and the variables of each way: the hook's doing, and a user who names a classic toolkit."""
    environ = {**os.environ, **ENVIRONMENT}
    for name in ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "CUDACXX", "NVCC"):
        environ.pop(name, None)
    # as activation has it, and without a machine's own CUDA
    folders = [each for each in os.environ["PATH"].split(os.pathsep) if not os.path.exists(os.path.join(each, "nvcc"))]
    environ["PATH"] = os.pathsep.join([os.path.dirname(python), *folders])
    command = [python, "-m", "cuda_shims", "root"]
    root = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    home = os.path.join(folder, "cuda")
    for name in ("bin", "include", "lib", "nvvm"):
        shutil.copytree(os.path.join(root, name), os.path.join(home, name), symlinks=False)
    os.symlink("lib", os.path.join(home, "lib64"))
    nvcc = os.path.join(home, "bin", "nvcc")
    named = {**dict.fromkeys(("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT"), home), "CUDACXX": nvcc, "NVCC": nvcc}
    path = os.pathsep.join([os.path.join(home, "bin"), environ["PATH"]])
    classic = {**environ, **named, "PATH": path, "CUDA_SHIMS_STARTUP": "0"}
    # a build back end is a Python, where our hook has run: so has every cmake that it starts
    say = "import json, os, sys; json.dump(dict(os.environ), sys.stdout)"
    said = subprocess.run([python, "-c", say], env=environ, check=True, capture_output=True, text=True).stdout
    return {"ours": (root, json.loads(said)), "classic": (home, classic)}


def _compare(  # one caller a project
    name: str,
    steps: Mapping[str, list[str]],
    builds: int,
    ways: Mapping[str, tuple[str, dict[str, str]]],
    build: str,
    row: Callable[[str, str, str], None],
    directory: str | None = None,
) -> None:
    taken: dict[tuple[str, str], list[Taken]] = {}
    for number in range(-1, PAIRS * builds):  # the first one warms what is cached, and is not counted
        for way in sorted(ways, reverse=bool(number % 2)):
            home, environ = ways[way]
            shutil.rmtree(build, ignore_errors=True)
            for step, command in steps.items():
                spent = _run(command, environ, directory)
                if number >= 0:
                    taken.setdefault((way, step), []).append(spent)
            _check(build, home, {other for other, _ in ways.values()} - {home})
    if len(steps) > 1:
        for way in ways:
            each_build = zip(*(taken[way, step] for step in steps))
            taken[way, "both"] = [Taken(*map(sum, zip(*each))) for each in each_build]
    for step in [*steps, "both"] if len(steps) > 1 else steps:
        _row(f"{name}, {step}", taken["ours", step], taken["classic", step], row)


def _check(build: str, home: str, others: set[str]) -> None:
    """Stop if a build did not take the toolkit that it is to be timed with."""
    texts = []
    for path in glob.glob(os.path.join(build, "**", "*.ninja"), recursive=True):
        with open(path, encoding="utf-8") as file:
            texts.append(file.read())
    if not any(os.path.join(home, "bin", "nvcc") in text for text in texts):
        raise SystemExit(f"bench: the build in {build} did not take {home}")
    if any(other + os.sep in text for other in others for text in texts):
        raise SystemExit(f"bench: the build in {build} took something of another toolkit than {home}")


def _row(what: str, ours: list[Taken], classic: list[Taken], row: Callable[[str, str, str], None]) -> None:
    each = len(ours) // PAIRS
    pairs = [slice(first, first + each) for first in range(0, len(ours), each)]
    wall = [sum(one.wall for one in ours[pair]) / sum(one.wall for one in classic[pair]) for pair in pairs]
    single = [one.wall / other.wall for one, other in zip(ours, classic)]
    spread = statistics.stdev(single) / len(single) ** 0.5
    row(f"{what}: median, classic toolkit", f"{statistics.median(one.wall for one in classic):.2f} s", "")
    row(f"  median of {PAIRS} pairs of {each} builds, ours to it", f"{statistics.median(wall):.3f} x", "<= 1.01 x")
    row("  the pairs", " ".join(f"{ratio:.3f}" for ratio in wall), "")
    row(f"  all {len(single)}: mean, its standard error", f"{statistics.mean(single):.3f} +- {spread:.3f} x", "")


def instruction_rows(python: str, folder: str, row: Callable[[str, str, str], None]) -> None:
    """
    Count what nvcc and all that it starts execute, from a root and from a classic toolkit.

    :param python: the interpreter of an environment with the wheels and ours
    :param folder: an empty folder
    :param row: prints a line: what, the figure, the bar
    """
    if not shutil.which("valgrind"):
        row("nvcc, instructions", "no valgrind here", "")
        return
    source = os.path.join(EXAMPLES, "scikit-build-core", "src", "vector_ops.cu")
    output = os.path.join(folder, "vector_ops.o")
    counts = {}
    for way, (home, environ) in _environments(python, folder).items():
        counted = os.path.join(folder, way)
        os.mkdir(counted)
        valgrind = ["valgrind", "-q", "--tool=callgrind", "--trace-children=yes", f"--callgrind-out-file={counted}/%p"]
        nvcc = os.path.join(home, "bin", "nvcc")
        _run([*valgrind, nvcc, "-arch=sm_80", "-O3", "-c", "-Xcompiler", "-fPIC", source, "-o", output], environ, None)
        counts[way] = sum(map(instructions, glob.glob(os.path.join(counted, "*"))))
    row("nvcc, a kernel compiled: instructions, classic toolkit", f"{counts['classic'] / 1e9:.3f} G", "")
    row("  ours to it", f"{counts['ours'] / counts['classic']:.5f} x", "<= 1.01 x")


def _run(command: list[str], environ: Mapping[str, str], directory: str | None) -> Taken:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    done = subprocess.run(command, env=environ, cwd=directory, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Taken(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
