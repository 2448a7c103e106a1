"""Environments that are made quickly, and processes that something happens to at a write of their choice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import traceback

from fake_toolkit import PYTHON, snapshot, write_toolkit

import _cuda_shims
from _cuda_shims import ROOTS_FOLDER
from cuda_shims.environment.environment import Environment
from cuda_shims.environment.ours import find_dist_info
from cuda_shims.installation.install import install
from cuda_shims.installation.uninstall import uninstall

#: what changes a file system
_EVENTS = {
    "os.mkdir",
    "os.symlink",
    "os.link",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.utime",
    "os.chmod",
    "os.chown",
}
_EVENTS |= {"os.truncate", "os.mkfifo", "ctypes.call_function"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
SITE = f"lib/{PYTHON}/site-packages"


def is_write(event, arguments):
    if event == "open":
        path, _, flags = arguments
        return not isinstance(path, int) and isinstance(flags, int) and bool(flags & _WRITES)
    return event in _EVENTS


def kill():
    """Kill this process, as from outside."""
    os.kill(os.getpid(), signal.SIGKILL)


def forked(action, at=0, event=kill):
    """Run ``action`` in a child to which ``event`` happens before its n-th write; return how it ended, its writes."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        count = 0

        def audit(name, arguments):
            nonlocal count
            if is_write(name, arguments) and count >= 0:
                count += 1
                if count == at:
                    count = -1  # what is written by the event is not counted
                    event()
                    count = at
                os.write(writing, f"{name}\n".encode())

        code = 1
        try:
            sys.addaudithook(audit)
            action()
            code = 0
        except BaseException:  # noqa: BLE001 # nothing of pytest may run in this process
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        writes = pipe.read().split()
    _, status = os.waitpid(child, 0)
    return status, writes


class Place:
    """A copy of an environment, and what is done to it."""

    def __init__(self, template, path, home):
        # links and not copies: that nothing is written to an installed file is tested elsewhere, and this is quick
        shutil.copytree(template, path, symlinks=True, copy_function=os.link)
        self.path = str(path)
        self.site = os.path.join(self.path, SITE)
        self.bin = os.path.join(self.path, "bin")
        self.home = str(home)

    @property
    def environment(self):
        return Environment((self.site,), self.bin, find_dist_info([self.site]), is_target=False, label="test")

    def environ(self):
        return {"PATH": "/usr/bin:/bin", "HOME": self.home, "XDG_CACHE_HOME": os.path.join(self.home, "cache")}

    def _prepare(self):
        os.environ.clear()
        os.environ.update(self.environ())
        os.chdir("/")
        sys.path[:] = [each for each in sys.path if "site-packages" not in each] + [self.site]
        _cuda_shims._done_for.clear()

    def start(self):
        """Do what a start of Python does."""
        self._prepare()
        _cuda_shims.main()
        root = os.path.join(self.site, ROOTS_FOLDER, "cu13")
        assert os.environ.get("CUDA_HOME") == root, os.environ.get("CUDA_HOME")

    def install(self):
        self._prepare()
        install(self.environment)

    def uninstall(self):
        self._prepare()
        uninstall(self.environment)

    def files(self):
        """
        All that is there, byte code apart; what differs between two runs is not in it: times, and the random names of
        roots' folders. That which the link names is ``current``.
        """
        folder = os.path.join(self.site, ROOTS_FOLDER)
        link = os.path.join(folder, "cu13")
        current = os.readlink(link) if os.path.islink(link) else None
        names = [name for name in (os.listdir(folder) if os.path.isdir(folder) else []) if name.startswith(".cu13-")]
        others = (f"other{number}" for number in range(len(names)))
        called = {name: "current" if name == current else next(others) for name in names}
        found = {}
        for path, (content, *more) in snapshot(self.path).items():
            parts = [called.get(part, part) for part in path.split("/")]
            if "__pycache__" not in parts:
                found["/".join(parts)] = (called.get(content, content) if isinstance(content, str) else content, *more)
        return found

    def python(self):
        """Start Python really, and return what it says."""
        command = [os.path.join(self.bin, "python"), "-c", "pass"]
        done = subprocess.run(command, env=self.environ(), capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def prepared(place, prepare):
    """Do something in a place, in a process of its own."""
    if prepare:
        status, _ = forked(lambda: prepare(place))
        assert status == 0
    return place


def upgrade(place):
    """Make a root, then upgrade the wheels: what was there is stale, and a tool more has come."""
    place.start()
    for name in os.listdir(place.site):
        if name.startswith("nvidia"):
            shutil.rmtree(os.path.join(place.site, name))
    write_toolkit(place.site, "13.6.1", ("nvidia-cuda-cuobjdump", "nvidia-cuda-nvcc", "nvidia-nvvm", "nvidia-cuda-crt"))
    write_toolkit(place.site, "13.6.1", ("nvidia-cuda-runtime", "nvidia-cuda-cccl"))
