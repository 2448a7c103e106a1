"""
Pass the tests, on a machine that has Python and a C++ compiler and nothing else.

Makes a virtual environment for tox in ``.tox/check``, of the releases in ``.ci/tox.txt``, and runs tox: lint, types,
docs, the wheel, the unit and integration tests under every interpreter that is here, and the end-to-end tests with
NVIDIA's real wheels under one of them. Arguments go to tox, e.g. ``-e py312`` or ``-e e2e -- -k uv``. A test that needs
a program that is missing says so and is skipped; ``.ci/run`` installs them all first.
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

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
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *interpreters()])
    environ = {**chosen(minors_on(path)), **os.environ, "PATH": path}
    return subprocess.run([python, "-m", "tox", "run", *sys.argv[1:]], cwd=ROOT, env=environ, check=False).returncode


def interpreters() -> list[str]:
    """
    Find the interpreters that pyenv installed, and those that ``.ci/run`` unpacked: they are on no PATH.

    :returns: the scripts directory of each

    """
    home = os.environ.get("PYENV_ROOT") or os.path.join(os.path.expanduser("~"), ".pyenv")
    unpacked = os.path.join(ROOT, ".tox", "pythons", "usr", "bin")
    return [*sorted(glob.glob(os.path.join(glob.escape(home), "versions", "3.*", "bin"))), unpacked]


def minors_on(path: str) -> set[int]:
    """
    Find which Python 3 there are, this one included.

    :param path: as in PATH
    :returns: the minor versions

    """
    return {sys.version_info[1], *(minor for minor in range(9, 30) if shutil.which(f"python3.{minor}", path=path))}


def chosen(minors: Iterable[int]) -> dict[str, str]:
    """
    Choose the Pythons of environments that are not about a certain one.

    tox-uv looks at the first name of a list in ``base_python`` alone, and where that is not here, tox skips the
    environment and is content: the end-to-end tests would not run, and nobody would hear of it.

    :param minors: those that are here
    :returns: what ``tox.ini`` reads: the newest, and that of the end-to-end tests

    """
    # what NVIDIA's users have most, and what the compatibility matrix was made with, first
    usual = next((minor for minor in (11, 12, 13, 14, 10, 9) if minor in set(minors)), max(minors))
    return {"CUDA_SHIMS_TEST_PYTHON": f"python3.{usual}", "CUDA_SHIMS_TEST_NEWEST": f"python3.{max(minors)}"}


if __name__ == "__main__":
    raise SystemExit(main())
