"""
Build all that is published: the sdist, and the wheel of each platform, on one machine.

``python scripts/build_wheels.py [FOLDER]`` (default: ``dist``). Needs ``build``, ``hatchling`` and, for Windows' shim,
the ``ziglang`` that ``scripts/hatch_build.py`` pins, or lets ``build`` fetch them. Two runs give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLATFORMS = ("any", "win_amd64", "win_arm64")


def main() -> None:
    """Build, and list what was built."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", nargs="?", default=os.path.join(ROOT, "dist"), help="where to (default: dist)")
    parser.add_argument("--no-isolation", action="store_true", help="with what this environment has installed")
    options = parser.parse_args()
    for path in build_all(options.folder, isolation=not options.no_isolation):
        print(path)


def build_all(folder: str, *, isolation: bool = True) -> list[str]:
    """
    Build the sdist and every wheel.

    :param folder: where to
    :param isolation: whether the requirements are fetched into environments of their own
    :returns: their paths

    """
    wheels = [build_wheel(folder, platform, isolation=isolation) for platform in PLATFORMS]
    return [_build(folder, "--sdist", {}, isolation=isolation), *wheels]


def build_wheel(folder: str, platform: str, *, isolation: bool = True) -> str:
    """
    Build the wheel of a platform.

    :param folder: where to
    :param platform: of :data:`PLATFORMS`
    :param isolation: as above
    :returns: its path

    """
    return _build(folder, "--wheel", {"CUDA_SHIMS_WHEEL_PLATFORM": platform}, isolation=isolation)


def _build(folder: str, kind: str, variables: dict[str, str], *, isolation: bool) -> str:
    with tempfile.TemporaryDirectory(prefix="cuda-shims-wheels-") as scratch:
        command = [sys.executable, "-m", "build", kind, "--outdir", scratch, ROOT]
        command += [] if isolation else ["--no-isolation"]
        subprocess.run(command, check=True, env={**os.environ, **variables}, stdout=subprocess.DEVNULL)
        (name,) = os.listdir(scratch)
        os.makedirs(folder, exist_ok=True)
        return shutil.move(os.path.join(scratch, name), os.path.join(folder, name))


if __name__ == "__main__":
    main()
