"""Meson's and CMake's own tests of CUDA, each started by its own runner, which also says what came of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import reasons
import ways
from sources import CMAKE, MESON

#: what both suites are run with
TOOLS = (f"cmake=={CMAKE.version}", f"meson=={MESON.version}", "ninja")
CMAKE_TESTS = r"^Cuda(Only)?\."
#: seconds that a test of CMake's may take: one compiles for all architectures
LIMIT = 1800
#: Meson would put ccache or sccache before each compiler; the objects of one way would then come from another
NATIVE = "[binaries]\nc = 'cc'\ncpp = 'c++'\ncuda = 'nvcc'\n"


class Result(NamedTuple):
    """What came of one test."""

    suite: str
    test: str
    way: str
    outcome: str
    seconds: float
    #: why it has not passed
    reason: str
    #: what it printed, its end
    said: str


def run_cmake(world, way, source, work, tests=CMAKE_TESTS, jobs=2):
    """
    Run tests of CMake's, by an installed one: CMake's own tests know how to (``CMake_TEST_EXTERNAL_CMAKE``).

    :param world: the machine without CUDA
    :param way: the toolkit
    :param source: CMake's sources
    :param work: the folder of the builds, made if need be
    :param tests: a regular expression of their names
    :param jobs: how many at a time
    :returns: their results
    """
    options = [
        f"-DCMake_TEST_EXTERNAL_CMAKE={way.cmake_bin}",
        "-DCMake_TEST_CUDA=NVIDIA",
        "-DCMake_TEST_CUDA_CUPTI=ON",
        f"-DCMake_TEST_CUDA_ARCH={ways.ARCHITECTURE}",
    ]
    world.run(*way.start, "cmake", "-S", source, "-B", work, "-G", "Ninja", *options, env=way.environ)
    report = Path(work, "results.xml")
    # all that they say
    options = ["-j", jobs, "--timeout", LIMIT, "--test-output-size-failed", 1 << 20, "--output-junit", report]
    world.run(*way.start, "ctest", "--test-dir", work, "-R", tests, *options, env=way.environ, rc=None)
    return [_result("CMake", way, case) for case in _cases(report)]


def run_meson(world, way, source, work, tests=("cuda",), jobs=2):
    """
    Run tests of Meson's.

    :param world: the machine without CUDA
    :param way: the toolkit
    :param source: Meson's sources, the release that is installed
    :param work: an existing folder for the builds
    :param tests: ``cuda``, or the beginnings of folders' names below it, ``cuda/10``
    :param jobs: how many at a time
    :returns: their results
    """
    native = Path(work, "native.ini")
    native.write_text(NATIVE)
    report = Path(source, "meson-test-run.xml")
    report.unlink(missing_ok=True)
    # --use-tmpdir: with builds in its own sources it finds no compiler at all
    options = ["--use-tmpdir", "--native-file", native, "-j", jobs, "--only", *tests]
    program = [way.scripts / "python", "run_project_tests.py"]
    said = world.run(*way.start, *program, *options, cwd=source, env={**way.environ, "TMPDIR": str(work)}, rc=None)
    assert report.exists(), said[-8000:]
    return [_result("Meson", way, case) for case in _cases(report)]


def _cases(report):
    return ET.parse(report).iter("testcase")  # noqa: S314 # of our own run


def _result(suite, way, case):
    parts = {part.tag: part for part in case}
    said = "\n".join(part.text or "" for name, part in parts.items() if name.startswith("system-"))
    outcome = "failed" if "failure" in parts else "skipped" if "skipped" in parts else "passed"
    message = parts["failure"].get("message", "") if "failure" in parts else ""
    name = re.sub(r"^cuda: *", "", case.get("name", ""))
    reason = "" if outcome == "passed" else reasons.reason(said, message)
    return Result(suite, name, way.name, outcome, round(float(case.get("time", 0)), 1), reason, said[-6000:])


RUN = {"Meson": run_meson, "CMake": run_cmake}
