"""Our own wheel, as it is published, of this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig

from checkout import CHECKOUT


def build_wheel(folder, checkout=CHECKOUT):
    """Build a checkout's wheel with whichever builder is there, and with what builds the published one."""
    pins = str(CHECKOUT / "scripts/build/build-requirements.txt")
    scripts = sysconfig.get_path("scripts")
    uv = shutil.which("uv", path=os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)]))
    commands = [[sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(checkout)]]
    if uv:
        options = ["-q", "--build-constraints", pins, "--out-dir", str(folder)]
        commands.insert(0, [uv, "build", "--wheel", *options, str(checkout)])
    said = []
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.returncode:
            (wheel,) = folder.glob("*.whl")
            return str(wheel)
        said.append(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    raise AssertionError("our wheel cannot be built:\n" + "\n".join(said))
