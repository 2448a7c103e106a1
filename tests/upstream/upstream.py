"""
Run Meson's and CMake's own tests of CUDA with cuda-shims, with NVIDIA's wheels alone and with a classic copy of them.

``python tests/upstream/upstream.py RESULTS`` (``tox -e upstream``, an hour) writes a JSON line each of what came of a
test, and of the versions; ``scripts/pages/upstream.py`` makes ``docs/reference/upstream.md`` of it. The sources are
those of one release (``sources.py``), each test is started by its suite's own runner (``suites.py``), on a machine that
seems to have no CUDA. With ``--pack FOLDER`` the programs that cuda-shims' builds made go there, to be run on a machine
with a GPU (``pack.py``).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(os.path.dirname(HERE), folder) for folder in ("support", "e2e")]

import pack  # noqa: E402 # they import what the line before makes findable
import sources  # noqa: E402
import suites  # noqa: E402
import ways  # noqa: E402
from e2e_support import NVCC_VERSION, TOOLKIT, World  # noqa: E402
from our_wheel import build_wheel  # noqa: E402


def make_world(work):
    """Return the machine without CUDA, and our wheel for it."""

    def once(name, make):
        folder = work / "made" / name
        folder.mkdir(parents=True)
        return make(folder)

    return World(once, Path(os.environ.get("CUDA_SHIMS_TEST_WHEEL") or once("wheel", build_wheel)))


def versions():
    """Return what all of it was run with."""
    release = platform.freedesktop_os_release()["PRETTY_NAME"]
    gcc = subprocess.run(["c++", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "CMake": sources.CMAKE.version,
        "Meson": sources.MESON.version,
        "toolkit": f"cuda-toolkit {TOOLKIT}, nvcc {NVCC_VERSION}",
        "architecture": ways.ARCHITECTURE,
        "machine": f"{release} on {platform.machine()}, Python {platform.python_version()}, g++ {gcc}",
    }


def run(options, work):
    """Run what was asked for, and note it."""
    world = make_world(work)
    with open(options.results, "a", encoding="utf-8") as notes:
        notes.write(json.dumps({"versions": versions()}) + "\n")
        for name in options.way:
            way = ways.make_way(world, name, work, "all", suites.TOOLS, TOOLKIT)
            for suite in options.suite:
                source = sources.unpack(getattr(sources, suite.upper()), work)
                folder = work / f"{suite.lower()}-{name.replace(' ', '-')}"
                folder.mkdir()
                results = suites.RUN[suite](world, way, source, folder)
                notes.writelines(json.dumps(result._asdict()) + "\n" for result in results)
                notes.flush()
                passed = sum(result.outcome == "passed" for result in results)
                print(f"{suite} with {name}: {passed} of {len(results)} passed", flush=True)
                if options.pack and name == ways.SHIMS:
                    pack.PACK[suite](world, way, source, folder, Path(options.pack))
    if options.pack:
        pack.close(Path(options.pack))


def main():
    """Take the command's words."""
    parser = argparse.ArgumentParser(description="Meson's and CMake's own tests of CUDA, in three setups.")
    parser.add_argument("results", help="a file, to which a JSON line each is added")
    parser.add_argument("--suite", nargs="+", choices=suites.RUN, default=list(suites.RUN))
    parser.add_argument("--way", nargs="+", choices=ways.WAYS, default=list(ways.WAYS))
    parser.add_argument("--pack", help="a folder for the programs, to be run on a machine with a GPU")
    parser.add_argument(
        "--work", help="an existing folder for all that is made, which stays (default: a temporary one)"
    )
    options = parser.parse_args()
    work = Path(options.work or tempfile.mkdtemp(prefix="cuda-shims-upstream-")).resolve()
    try:
        run(options, work)
    finally:
        if not options.work:
            shutil.rmtree(work)


if __name__ == "__main__":
    main()
