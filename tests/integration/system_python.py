"""Debian's own Python, whose packages go to a /usr/local that a test has for itself."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess

import pytest
from venv_support import Venv, find_uv

PYTHON = "/usr/bin/python3"


class SystemPython(Venv):
    """
    The system's interpreter, as an environment.

    Each command runs in a mount namespace in which /usr/local is a folder of the test's: nothing is installed on this
    machine. Its pip is one that these tests have downloaded, and keeps to Debian's folders, as Debian's does.
    """

    def __init__(self, folder, house, wheel, home):
        super().__init__("/usr/local", house, wheel, home)
        if not os.path.exists("/etc/debian_version") or not os.path.exists(PYTHON):
            pytest.skip("this is no Debian, or its python3 is not installed")
        if os.path.realpath(find_uv()).startswith("/usr/local/") or os.path.realpath(wheel).startswith("/usr/local/"):
            pytest.skip("what these tests run is in /usr/local, which they hide")
        self.local = str(folder)
        os.makedirs(f"{self.local}/bin")
        self.python = PYTHON
        script = 'mount --bind "$1" /usr/local && shift && exec "$@"'
        for options in (["-m"], ["-r", "-m"]):
            self.inside = ["unshare", *options, "--propagation", "private", "sh", "-c", script, "sh", self.local]
            done = subprocess.run([*self.inside, "true"], capture_output=True, text=True, check=False)
            if not done.returncode:
                break
        else:
            pytest.skip(f"no private mount namespace to be had: {done.stderr.strip()}")
        self.site = self.run(PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()

    def environ(self, **more):
        path = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PIP_BREAK_SYSTEM_PACKAGES": "1"}
        environ = super().environ(**{**path, "UV_BREAK_SYSTEM_PACKAGES": "1", **more})
        return {name: value for name, value in environ.items() if value is not None}

    def run(self, *command, code=0, cwd=None, **environ):
        return super().run(*self.inside, *command, code=code, cwd=cwd, **environ)

    def _command(self, installer, command):
        if installer.startswith("uv"):
            return [find_uv(), "pip", command, "-q", "--system", "--python", PYTHON]
        pip = os.path.join(self.house, installer, "pip")
        return [PYTHON, pip, command, "-q", "--disable-pip-version-check", "--root-user-action=ignore"]

    def lacks(self, root, names):
        """List what a root does not have, as a build sees it: a link may lead to /usr/local."""
        assert os.path.isabs(root), root
        script = 'cd "$1" && shift && for name; do [ -e "$name" ] || printf "%s\\n" "$name"; done'
        return self.run("sh", "-c", script, "sh", root, *names).split()

    def user_site(self):
        """Return the user's own site-packages directory."""
        (found,) = glob.glob(f"{self.home}/.local/lib/python3*/site-packages")
        return found

    def start_clean(self):
        """Forget what a start of Python has made, as an installer that starts none leaves it."""
        for folder in (
            self.site.replace(self.path, self.local, 1),
            *glob.glob(f"{self.home}/.local/lib/python3*/site-packages"),
        ):
            shutil.rmtree(f"{folder}/cuda_shims_toolkit", ignore_errors=True)
        shutil.rmtree(f"{self.home}/cache/cuda-shims", ignore_errors=True)
