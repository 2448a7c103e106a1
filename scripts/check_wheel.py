"""
Build the wheels and the sdist twice and look at them: the same bytes, modes, contents, size, metadata.

``tox -e wheel`` runs it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile

from build_wheels import PLATFORMS, build_all

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: of the shim for Windows, in bytes
LAUNCHER_LIMIT = 24 * 1024
SHIMS = {"nvcc", "ptxas", "fatbinary", "nvlink", "bin2c", "cudafe++"}


def main() -> int:
    """Check everything; the first thing that is wrong ends it with a sentence."""
    with tempfile.TemporaryDirectory(prefix="cuda-shims-wheel-") as folder:
        first, second = (build_all(os.path.join(folder, name), isolation=False) for name in ("first", "second"))
        names = [os.path.basename(path) for path in first]
        if [digest(path) for path in first] != [digest(path) for path in second]:
            raise SystemExit(f"check_wheel: {names} differ between two builds")
        subprocess.run([sys.executable, "-m", "twine", "--no-color", "check", "--strict", *first], check=True)
        wheels = [path for path in first if path.endswith(".whl")]
        # pyproject.toml says what is on purpose
        subprocess.run(["check-wheel-contents", *wheels], check=True, cwd=ROOT)
        for platform, wheel in zip(PLATFORMS, wheels):
            look_inside(wheel, platform)
        sizes = ", ".join(f"{os.path.getsize(wheel) / 1024:.1f}" for wheel in wheels)
    print(f"check_wheel: {', '.join(names)}: twice the same, contents in order; the wheels have {sizes} KB")
    return 0


def digest(path: str) -> str:
    """
    Hash a file.

    :param path: the file
    :returns: SHA-256, in hexadecimal

    """
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def look_inside(wheel: str, platform: str) -> None:
    """
    Check what an installer will do with a wheel.

    :param wheel: its path
    :param platform: of :data:`build_wheels.PLATFORMS`

    """
    start, suffix = (b"#!/bin/sh\n# cuda-shims shim", "") if platform == "any" else (b"MZ", ".exe")
    with zipfile.ZipFile(wheel) as archive:
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()}
        scripts = {name.rpartition("/")[2]: mode for name, mode in modes.items() if ".data/scripts/" in name}
        if scripts != dict.fromkeys((tool + suffix for tool in SHIMS), 0o755):
            raise SystemExit(f"check_wheel: the shims and their modes are {scripts}")
        bodies = {archive.read(name) for name in modes if ".data/scripts/" in name}
        if len(bodies) != 1 or not next(iter(bodies)).startswith(start):
            raise SystemExit("check_wheel: the shims differ, or are none")
        if suffix and len(next(iter(bodies))) > LAUNCHER_LIMIT:
            raise SystemExit(f"check_wheel: the shim for {platform} has more than {LAUNCHER_LIMIT} bytes")
        wanted = {"cuda_shims.pth", "cuda_shims.start", "_cuda_shims/__init__.py", "cuda_shims/py.typed"}
        if not wanted <= set(modes):
            raise SystemExit(f"check_wheel: missing: {sorted(wanted - set(modes))}")
        if archive.read("cuda_shims.start") != b"_cuda_shims:main\n":
            raise SystemExit("check_wheel: cuda_shims.start is not what it should be")
    if not os.path.basename(wheel).endswith(f"-py3-none-{platform}.whl"):
        raise SystemExit(f"check_wheel: {os.path.basename(wheel)} is not for {platform}")


if __name__ == "__main__":
    raise SystemExit(main())
