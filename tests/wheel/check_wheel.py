"""
Build the wheels and the sdist in many ways and look at them: the same bytes, modes, contents, size, metadata.

``tox -e wheel`` runs it. The ways differ in Python, path, user, umask, time zone, language, git, times of the files and
in what lies about (:mod:`other_ways`).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile

from other_ways import build_in_other_ways, scripts

PLATFORMS, ROOT = scripts.PLATFORMS, scripts.ROOT

#: of the shim for Windows, in bytes
LAUNCHER_LIMIT = 24 * 1024
SHIMS = {"nvcc", "ptxas", "fatbinary", "nvlink", "bin2c", "cudafe++"}


def main() -> int:
    """Check everything; the first thing that is wrong ends it with a sentence."""
    with tempfile.TemporaryDirectory(prefix="cuda-shims-wheel-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 # another user builds below it
        first = scripts.build_all(os.path.join(folder, "first"), isolation=False)
        names = [os.path.basename(path) for path in first]
        expected = {name: scripts.digest(path) for name, path in zip(names, first)}
        ways = build_in_other_ways(folder, expected)
        subprocess.run([sys.executable, "-m", "twine", "--no-color", "check", "--strict", *first], check=True)
        wheels = [path for path in first if path.endswith(".whl")]
        # pyproject.toml says what is on purpose
        subprocess.run(["check-wheel-contents", *wheels], check=True, cwd=ROOT)
        for platform, wheel in zip(PLATFORMS, wheels):
            look_inside(wheel, platform)
        with tarfile.open(first[0]) as archive:
            check_modes(first[0], {each.name: each.mode for each in archive.getmembers()})
        sizes = ", ".join(f"{os.path.getsize(wheel) / 1024:.1f}" for wheel in wheels)
    print(f"check_wheel: {', '.join(names)}: contents in order; the wheels have {sizes} KB; the same bytes {ways}")
    return 0


def look_inside(wheel: str, platform: str) -> None:
    """
    Check what an installer will do with a wheel.

    :param wheel: its path
    :param platform: of :data:`build_wheels.PLATFORMS`

    """
    start, suffix = (b"#!/bin/sh\n# cuda-shims shim", "") if platform == "any" else (b"MZ", ".exe")
    with zipfile.ZipFile(wheel) as archive:
        modes = {info.filename: info.external_attr >> 16 & 0o7777 for info in archive.infolist()}
        check_modes(wheel, modes)
        scripts = {name.rpartition("/")[2]: mode for name, mode in modes.items() if ".data/scripts/" in name}
        if scripts != dict.fromkeys((tool + suffix for tool in SHIMS), 0o755):
            raise SystemExit(f"check_wheel: the shims and their modes are {scripts}")
        bodies = {archive.read(name) for name in modes if ".data/scripts/" in name}
        if len(bodies) != 1 or not next(iter(bodies)).startswith(start):
            raise SystemExit("check_wheel: the shims differ, or are none")
        if suffix and len(next(iter(bodies))) > LAUNCHER_LIMIT:
            raise SystemExit(f"check_wheel: the shim for {platform} has more than {LAUNCHER_LIMIT} bytes")
        (metadata,) = (archive.read(name).decode() for name in modes if name.endswith(".dist-info/METADATA"))
        dead = [each for each in re.findall(r"\]\(([^)]*)\)", metadata) if not each.startswith(("https://", "#"))]
        if dead or "# cuda-shims" not in metadata:
            raise SystemExit(f"check_wheel: what PyPI shows is empty or links to files that it does not have: {dead}")
        wanted = {"cuda_shims.pth", "_cuda_shims/__init__.py", "cuda_shims/py.typed"}
        if not wanted <= set(modes):
            raise SystemExit(f"check_wheel: missing: {sorted(wanted - set(modes))}")
    if not os.path.basename(wheel).endswith(f"-py3-none-{platform}.whl"):
        raise SystemExit(f"check_wheel: {os.path.basename(wheel)} is not for {platform}")


def check_modes(archive: str, modes: dict[str, int]) -> None:
    """
    Check that nobody but the owner may write what is unpacked, and that it runs as nobody else.

    :param archive: its path
    :param modes: name to permission bits

    """
    wrong = {name: oct(mode) for name, mode in modes.items() if mode not in {0o644, 0o755}}
    if wrong or not modes:
        raise SystemExit(f"check_wheel: modes in {os.path.basename(archive)}: {wrong}")


if __name__ == "__main__":
    raise SystemExit(main())
