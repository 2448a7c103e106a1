"""
Builds against the same with a classic toolkit: a part of ``bench.py``.

A classic toolkit is a copy of the wheels in one prefix, laid out as CUDA's own installer lays it out, without a link.
Each pair is one build with it and one with a root of links and our hook, in turns, so that a machine that gets slower
slows both; wall time is what is compared, and the processors' time is shown beside it, which other load changes less.
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EXAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs", "examples")
PAIRS = 5
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
    _compare("CMake example", steps, python, folder, build, row)


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
    _compare("torch example", steps, python, folder, build, row, directory=project)


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
    home = shutil.copytree(root, os.path.join(folder, "cuda"), symlinks=False)
    nvcc = os.path.join(home, "bin", "nvcc")
    named = {**dict.fromkeys(("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT"), home), "CUDACXX": nvcc, "NVCC": nvcc}
    path = os.pathsep.join([os.path.join(home, "bin"), environ["PATH"]])
    classic = {**environ, **named, "PATH": path, "CUDA_SHIMS_STARTUP": "0"}
    # a build back end is a Python, where our hook has run: so has every cmake that it starts
    say = "import json, os, sys; json.dump(dict(os.environ), sys.stdout)"
    said = subprocess.run([python, "-c", say], env=environ, check=True, capture_output=True, text=True).stdout
    return {"ours": (root, json.loads(said)), "classic": (home, classic)}


def _compare(  # noqa: PLR0913, PLR0917 # one caller a project
    name: str,
    steps: Mapping[str, list[str]],
    python: str,
    folder: str,
    build: str,
    row: Callable[[str, str, str], None],
    directory: str | None = None,
) -> None:
    ways = _environments(python, folder)
    taken: dict[tuple[str, str], list[Taken]] = {}
    for pair in range(-1, PAIRS):  # the first one warms what is cached, and is not counted
        for way in sorted(ways, reverse=bool(pair % 2)):
            home, environ = ways[way]
            shutil.rmtree(build, ignore_errors=True)
            for step, command in steps.items():
                spent = _run(command, environ, directory)
                if pair >= 0:
                    taken.setdefault((way, step), []).append(spent)
            _check(build, home, {other for other, _ in ways.values()} - {home})
    for step in steps:
        _row(f"{name}, {step}", taken["ours", step], taken["classic", step], row)
    if len(steps) > 1:
        totals = {
            way: [Taken(*map(sum, zip(*each))) for each in zip(*(taken[way, step] for step in steps))] for way in ways
        }
        _row(f"{name}, both", totals["ours"], totals["classic"], row)


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
    wall = [one.wall / other.wall for one, other in zip(ours, classic)]
    processors = [one.processors / other.processors for one, other in zip(ours, classic)]
    row(f"{what}: median, classic toolkit", f"{statistics.median(each.wall for each in classic):.2f} s", "")
    row("  median of five ratios, ours to it", f"{statistics.median(wall):.3f} x", "<= 1.01 x")
    row("  the five", " ".join(f"{each:.3f}" for each in wall), "")
    row("  the same of processors' time", f"{statistics.median(processors):.3f} x", "")


def _run(command: list[str], environ: Mapping[str, str], directory: str | None) -> Taken:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    done = subprocess.run(command, env=environ, cwd=directory, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Taken(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
