"""Environments that several users of a machine start Python in: made by one, used by others."""

from __future__ import annotations

import os
import shutil
import subprocess

from users import identity, public_python
from venv_support import Venv, find_uv

#: who installs; a member of the same group; neither
OWNER, MATE, OTHER = 4321, 4322, 65534
#: the group of a team
TEAM = 5000


class Team(Venv):
    """A user's environment in a folder that others can read, with installers and wheels that they can run and read."""

    def __init__(self, folder, house, wheels, name="venv"):
        super().__init__(os.path.join(folder, name), house, wheels[0], os.path.join(folder, "home-0"))
        self.folder = folder
        self.later = wheels[1]
        os.mkdir(self.home)
        self.run(find_uv(), "venv", "-q", "--python", public_python(), self.path)
        (version,) = os.listdir(os.path.join(self.path, "lib"))
        self.site = os.path.join(self.path, "lib", version, "site-packages")

    def attempt(self, uid, *command, gid=None, groups=(), umask=0o022, **more):
        """Run a command as a user, in a home of the user's own; return what became of it."""
        home = os.path.join(self.folder, f"home-{uid}")
        if not os.path.exists(home):
            os.mkdir(home, 0o755)
            os.chown(home, uid, uid)
        environ = {"HOME": home, "XDG_CACHE_HOME": f"{home}/cache", "UV_CACHE_DIR": f"{home}/uv", **more}
        return subprocess.run(
            list(map(str, command)),
            env=self.environ(**environ),
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            umask=umask,
            **identity(uid, gid, groups),
        )

    def as_user(self, uid, *command, **more):
        """Run a command as a user, which has to succeed; return what it printed."""
        done = self.attempt(uid, *command, **more)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout.strip()

    def home_of_toolkit(self, uid, **more):
        """Start Python as a user, and return the toolkit that it has, whose compiler has to run."""
        code = "import os; print(os.environ['CUDA_HOME'])"
        home = self.as_user(uid, self.python, "-c", code, **more)
        assert self.as_user(uid, f"{home}/bin/nvcc", **more).rstrip("\0") == f"{home}/bin/nvcc"
        return home

    def give(self, uid, gid=None):
        """Make a user, and a group, the owner of all."""
        for top, folders, files in os.walk(self.path):
            for name in (".", *folders, *files):
                path = os.path.normpath(os.path.join(top, name))
                os.chown(path, uid, uid if gid is None else gid, follow_symlinks=False)

    def share(self):
        """Let the group write, as ``chmod -R g+w`` and ``g+s`` on folders do: what is made in them is the group's."""
        for top, folders, files in os.walk(self.path):
            for name in (".", *folders, *files):
                path = os.path.join(top, name)
                if not os.path.islink(path):
                    mode = os.stat(path).st_mode | 0o020
                    os.chmod(path, mode | 0o2000 if os.path.isdir(path) else mode)


def public_copy(folder, house, wheels):
    """Copy wheels, each pip and uv to where everybody reads them; return the house's copy, the wheels' and uv's."""
    shutil.copytree(house, os.path.join(folder, "house"))
    uv = shutil.copy(os.path.realpath(find_uv()), os.path.join(folder, "uv"))
    copies = [shutil.copy(wheel, os.path.join(folder, os.path.basename(wheel))) for wheel in wheels]
    for top, names, files in os.walk(folder):
        for name in (*names, *files):
            path = os.path.join(top, name)
            os.chmod(path, 0o755 if os.path.isdir(path) or path == uv else 0o644)
    return os.path.join(folder, "house"), copies, uv
