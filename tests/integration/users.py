"""Environments that several users get at, what each of them is given there, and what a stranger plants."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile

import pytest
from fake_toolkit import write
from venv_support import Venv, find_uv

HOOK = "import os; print(os.environ.get('CUDA_HOME'))"
EVIL = b"#!/bin/sh\necho EVIL\n#"
#: whose wheels they are, who builds, who plants; none of them has an entry in /etc/passwd
OWNER, USER, STRANGER = 4321, 12345, 65534
#: what a root has and the wheels' own folder has not, beside what both have
WHOLE = (
    "bin/nvcc",
    "include/cuda_runtime.h",
    "lib64/libcudart.so",
    "lib/libcudart_static.a",
    "lib/stubs/libcuda.so",
    "nvvm/lib64/libnvvm.so",
    "nvvm/libdevice/libdevice.10.bc",
)


def written(*folders):
    """Describe all that is in folders, so that a start which writes is seen; not the byte code that Python keeps."""
    found = {}
    for folder in folders:
        for top, names, files in os.walk(folder):
            for name in (".", *names, *files):
                path = os.path.normpath(os.path.join(top, name))
                status = os.lstat(path)
                if "__pycache__" not in path:
                    found[path] = (status.st_ino, status.st_ctime_ns, status.st_mode)
    return found


def identity(uid, gid=None, groups=()):
    """Spell who runs a command, for subprocess."""
    return {"user": uid, "group": uid if gid is None else gid, "extra_groups": list(groups)}


def give(path, uid):
    """Make a user the owner of a tree."""
    for top, folders, files in os.walk(path):
        for name in (".", *folders, *files):
            os.chown(os.path.normpath(os.path.join(top, name)), uid, uid, follow_symlinks=False)


def check_whole(root):
    """It is an absolute path, and what builds look for is below it."""
    assert os.path.isabs(root), root
    assert [name for name in WHOLE if not os.path.exists(os.path.join(root, name))] == [], root


def open_to_others(path, uid):
    """Return the folders above a path in which somebody else than a user and the superuser could put another one."""
    found = []
    folder = os.path.realpath(path)
    while folder != os.path.dirname(folder):
        status = os.stat(folder)
        # with the sticky bit nobody renames what is another's
        if status.st_uid not in {0, uid} or (status.st_mode & 0o002 and not status.st_mode & 0o1000):
            found.append(folder)
        folder = os.path.dirname(folder)
    return found


def plant(root, uid):
    """
    Make a root another one's, with another nvcc, which looks as fresh as it was.

    It is a root that cuda-shims has made: nothing here knows how one is told to be fresh, but that times may tell, and
    that a copy of nvcc may have to be of the size and the time of the wheel's.
    """
    nvcc = os.stat(f"{root}/bin/nvcc")
    real = os.path.realpath(root)
    times = {}
    for top, folders, files in os.walk(real):
        for name in (".", *folders, *files):
            path = os.path.normpath(os.path.join(top, name))
            status = os.lstat(path)
            times[path] = (status.st_atime_ns, status.st_mtime_ns)
    above = os.stat(os.path.dirname(real))
    # a copy: what is hard-linked to a wheel's file stays the wheel's
    os.rename(real, real + ".x")
    shutil.copytree(real + ".x", real, symlinks=True)
    shutil.rmtree(real + ".x")
    os.unlink(f"{real}/bin/nvcc")
    write(f"{real}/bin/nvcc", EVIL.ljust(nvcc.st_size, b"#"), 0o755)
    times[f"{real}/bin/nvcc"] = (nvcc.st_atime_ns, nvcc.st_mtime_ns)
    give(real, uid)
    os.chown(root, uid, uid, follow_symlinks=False)
    for path, both in sorted(times.items(), reverse=True):
        os.utime(path, ns=both, follow_symlinks=False)
    os.utime(os.path.dirname(real), ns=(above.st_atime_ns, above.st_mtime_ns))


def public_python():
    """Return an interpreter that every user can run; pyenv's is below a home that is closed to others."""
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        try:
            subprocess.run([python, "-I", "-c", "import ensurepip"], check=True, **identity(STRANGER))
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip("no Python that other users can run: apt-get install python3 python3-venv")
    return None


class Shared(Venv):
    """An environment of the superuser's that other users get at, of an interpreter that they can read."""

    def __init__(self, folder, name, house, wheel, python=None):
        super().__init__(os.path.join(folder, name), house, wheel, os.path.join(folder, "home-0"))
        self.folder = folder
        os.makedirs(self.home, exist_ok=True)
        self.tmp = os.path.join(folder, "tmp")
        os.makedirs(self.tmp, exist_ok=True)
        os.chmod(self.tmp, 0o1777)  # noqa: S103 # as /tmp
        self.run(find_uv(), "venv", "-q", "--python", python or public_python(), self.path)
        (version,) = os.listdir(os.path.join(self.path, "lib"))
        self.site = os.path.join(self.path, "lib", version, "site-packages")
        self.roots = os.path.join(self.site, "cuda_shims_toolkit")

    def home_of(self, uid):
        """Return the home of a user, which is made if it is not there."""
        home = os.path.join(self.folder, f"home-{uid}")
        if not os.path.exists(home):
            os.mkdir(home, 0o755)
            os.chown(home, uid, uid)
        return home

    def environ_of(self, uid, home=None, **more):
        """Return the variables of a user, whose home is one of the user's own; ``None`` unsets one."""
        home = home or self.home_of(uid)
        environ = self.environ(HOME=home, XDG_CACHE_HOME=f"{home}/cache", TMPDIR=self.tmp)
        return {name: value for name, value in {**environ, **more}.items() if value is not None}

    def start_as(self, uid, *command, home=None, cwd="/", **more):
        """Run a command as a user; returns what :func:`subprocess.run` does."""
        environ = self.environ_of(uid, home, **more)
        return subprocess.run(
            command, env=environ, cwd=cwd, capture_output=True, text=True, check=False, **identity(uid)
        )

    def as_user(self, uid, *command, **more):
        """Run a command as a user, and return what it printed."""
        done = self.start_as(uid, *command, **more)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.strip().rstrip("\0")

    def hook(self, uid, **more):
        return self.as_user(uid, self.python, "-c", HOOK, **more)

    def shim(self, uid, **more):
        return self.as_user(uid, os.path.join(self.bin, "nvcc"), **more)

    def answers(self, uid, **more):
        """Return the one root that the hook, the shim and the commands name, which is whole; as a shell asks them."""
        ours = os.path.join(self.bin, "cuda-shims")
        path = {"PATH": f"{self.bin}:/usr/bin:/bin", **more}
        root = self.hook(uid, **more)
        check_whole(root)
        given = {
            "shim": self.as_user(uid, "nvcc", **path),
            "which": self.as_user(uid, ours, "which", "nvcc", **path),
            "root": self.as_user(uid, ours, "root", **path) + "/bin/nvcc",
        }
        assert given == dict.fromkeys(given, f"{root}/bin/nvcc")
        return root

    def check(self, uid, **more):
        """Neither the shim nor the hook gives a stranger's root; return the root that the hook gives."""
        for given in (self.shim(uid, **more), self.hook(uid, **more), self.shim(uid, **more)):
            assert given != "EVIL"
            assert given.startswith("/")
        assert self.as_user(uid, f"{given.removesuffix('/bin/nvcc')}/bin/nvcc") != "EVIL"
        home = self.hook(uid, **more)
        assert self.as_user(uid, f"{home}/bin/nvcc") == f"{home}/bin/nvcc"
        return home


def public_folder():
    """Return a folder that all users get at; pytest's own is closed to them."""
    if os.geteuid() != 0:
        pytest.skip("needs root, who can be other users")
    folder = tempfile.mkdtemp(prefix="cuda-shims-users-", dir="/tmp")
    os.chmod(folder, 0o755)  # noqa: S103
    return folder
