"""
Pass the tests, on a machine that has Python and a C++ compiler and nothing else.

Makes a virtual environment for tox in ``.tox/check``, of the releases in ``.ci/tox.txt``, and runs tox: lint, types,
docs, the wheel, the unit and integration tests under every interpreter that is here, and the end-to-end tests with
NVIDIA's real wheels. Arguments go to tox, e.g. ``-e py312`` or ``-e e2e -- -k uv``. A test that needs a program that is
missing says so and is skipped; ``.ci/run`` installs them all first.
"""

from __future__ import annotations

import filecmp
import glob
import importlib.util
import os
import shutil
import subprocess
import sys
import venv

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main() -> int:
    """Run everything; the exit code is tox's."""
    if not shutil.which("c++") and not shutil.which("g++"):
        raise SystemExit("check: no C++ compiler on PATH; on Debian and Ubuntu: apt install g++")
    if importlib.util.find_spec("ensurepip") is None:
        raise SystemExit("check: this Python has no ensurepip; on Debian and Ubuntu: apt install python3-venv")
    folder = os.path.join(ROOT, ".tox", "check")
    python = os.path.join(folder, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))
    pins, used = os.path.join(ROOT, ".ci", "tox.txt"), os.path.join(folder, "tox.txt")
    if not os.path.exists(used) or not filecmp.cmp(pins, used, shallow=False):
        venv.create(folder, with_pip=True, clear=True)
        options = ["-q", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
        subprocess.run([python, "-m", "pip", "install", *options, "-r", pins], check=True)
        shutil.copyfile(pins, used)
    environ = {**os.environ, "PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), *interpreters()])}
    return subprocess.run([python, "-m", "tox", "run", *sys.argv[1:]], cwd=ROOT, env=environ, check=False).returncode


def interpreters() -> list[str]:
    """
    Find the interpreters that pyenv installed: they are on no PATH.

    :returns: the scripts directory of each

    """
    home = os.environ.get("PYENV_ROOT") or os.path.join(os.path.expanduser("~"), ".pyenv")
    return sorted(glob.glob(os.path.join(glob.escape(home), "versions", "3.*", "bin")))


if __name__ == "__main__":
    raise SystemExit(main())
