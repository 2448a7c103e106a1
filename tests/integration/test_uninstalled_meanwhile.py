"""Uninstalled while a start of Python or ``install`` writes, at each of its writes: nothing of ours is left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import time
from functools import partial

import pytest
from fake_toolkit import NVCC_TOOLS
from places import SITE, Place, forked, upgrade
from venv_support import find_uv

from _cuda_shims import ROOTS_FOLDER
from _cuda_shims.shims import is_shim
from cuda_shims.environment import record as records
from cuda_shims.environment.ours import find_dist_info
from cuda_shims.errors import NotWritableError
from cuda_shims.installation import uv_lock


class Uninstaller:
    """pip or uv, who may do a part of its work, and the rest later; which files, it knows when it begins."""

    def __init__(self, place, by):
        self.place, self.by = place, by
        self.late = False
        dist_info = place.environment.dist_info
        self.lines = [line.rstrip("/") for line in records.record_lines(records.read_record(dist_info))]
        if by == "pip":  # sorted, and a folder of which all is named by one move
            bins = sorted(line for line in self.lines if line.startswith("../"))
            tops = {re.sub("/.*", "/", line) for line in self.lines} - {"../"}
            if ROOTS_FOLDER in tops:
                tops = tops - {ROOTS_FOLDER} | {f"{ROOTS_FOLDER}/"}
            self.lines = [*bins, *sorted(tops)]
        self.done = 0

    def until(self, last):
        """Go on until a line is done with that name or below that folder."""
        if self.late:
            return
        numbers = [number for number, line in enumerate(self.lines) if re.search(rf"^{last}(/|$)", line)]
        for line in self.lines[self.done : max(numbers, default=-1) + 1]:
            self.remove(line)
            self.done += 1

    def finish(self):
        for line in self.lines[self.done :]:
            self.remove(line)
        for top in sorted({line.split("/")[0] for line in self.lines} - {".."}):
            with contextlib.suppress(OSError):
                shutil.rmtree(os.path.join(self.place.site, top))

    def remove(self, line):
        path = os.path.join(self.place.site, line)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def ours(place):
    """All that is left of us, an empty folder of byte code apart."""
    files = set(place.files()) - {f"{SITE}/nvidia"}
    found = {path for path in files if "cuda_shims" in path or "cuda-shims" in path}
    return found | {path for path in files if path.startswith("bin/") and is_shim(os.path.join(place.path, path))}


def deface(place):
    """Take away what ``install`` brings back."""
    place.start()
    os.unlink(os.path.join(place.bin, "ptxas"))
    shutil.rmtree(os.path.join(place.site, ROOTS_FOLDER, "cu13", "bin"))


SCENARIOS = {
    "first start": (None, Place.start),
    "renewal": (upgrade, Place.start),
    "install": (deface, Place.install),
}


@pytest.mark.parametrize(
    ("name", "by"),
    [("first start", "uv"), ("first start", "pip"), ("renewal", "uv"), ("renewal", "pip"), ("install", "uv")],
)
def test_at_each_write(new_place, name, by, record_property, pytestconfig):
    prepare, action = SCENARIOS[name]
    place = new_place(prepare)
    _, writes = forked(lambda: action(place))
    # of a first start RECORD does not name the folder yet; uv's next line after the start-up file is the folder's
    points = ["cuda_shims.pth", ROOTS_FOLDER if prepare and by == "pip" else "cuda_shims-.*dist-info"]
    step = 1 if pytestconfig.getoption("--matrix") else 6  # each sixth, another one at each point
    numbers = [(last, number) for at, last in enumerate(points) for number in range(1 + at, len(writes) + 1, step)]
    numbers.append((points[0], len(writes) + 3))  # how many there are depends on the time that they take
    for last, number in numbers:
        installer = Uninstaller(new_place(prepare), by)
        status, _ = forked(partial(act, action, installer), number, partial(installer.until, last))
        assert status == 0, (number, last)
        assert ours(installer.place) == set(), (number, last, writes[number - 1 :][:1])
        shutil.rmtree(installer.place.path)
    record_property("tried", len(numbers))


def act(action, installer):
    """Write, while something happens, and let the uninstaller finish."""
    attempt(action, installer.place)
    installer.late = True
    if not installer.done:  # there were fewer writes than the last time: it begins now, when RECORD names all
        installer = Uninstaller(installer.place, installer.by)
    installer.finish()


def attempt(action, place):
    with contextlib.suppress(NotWritableError, AssertionError):  # a start that has no root
        action(place)


def test_what_the_uninstaller_is(new_place):
    """It leaves nothing when nobody else is there, so that what is left above is left by the other one."""
    for by in ("uv", "pip"):
        place = new_place(Place.start)
        assert os.path.exists(os.path.join(place.bin, NVCC_TOOLS[0]))
        Uninstaller(place, by).finish()
        assert ours(place) == set(), by


@contextlib.contextmanager
def locked(place, how):
    """Hold the lock that uv holds, as another process does: an open file is what has it."""
    path = os.path.join(place.path, ".lock")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # a copy of the environment has it in common with the others
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, how)
        yield file


def waiting(pid, kind):
    """Wait until a process waits for a lock."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with open("/proc/locks", encoding="ascii") as file:
            if re.search(rf"-> FLOCK +ADVISORY +{kind} +{pid} ", file.read()):
                return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("name", SCENARIOS)
def test_between_what_uv_reads_and_removes(new_place, name, monkeypatch):
    """It has read RECORD when another process begins to write, and holds its lock until it is done."""
    prepare, action = SCENARIOS[name]
    place = new_place(prepare)
    before = place.files()
    monkeypatch.setattr(uv_lock, "WAIT_SECONDS", 60)  # a loaded machine may take long to uninstall
    with locked(place, fcntl.LOCK_EX) as lock:
        installer = Uninstaller(place, "uv")
        child = os.fork()
        if not child:
            lock.close()  # or it would wait for itself
            status, _ = forked(partial(attempt, action, place))
            os._exit(status != 0)
        time.sleep(0.4)
        assert place.files() == before
        installer.finish()
    assert os.waitpid(child, 0)[1] == 0
    assert ours(place) == set()


def test_uv_waits_for_who_writes(new_venv, toolkit):
    """That what we take for its lock is its lock, and that a reader's of ours keeps it out."""
    venv = new_venv("env", base=["cuda-shims", *toolkit()])
    record = os.path.join(find_dist_info([venv.site]), "RECORD")
    with locked(venv, fcntl.LOCK_SH):
        command = [find_uv(), "pip", "uninstall", "-q", "--python", venv.python, "cuda-shims"]
        uv = subprocess.Popen(command, env=venv.environ())
        assert waiting(uv.pid, "WRITE")
        assert os.path.exists(record)
    assert uv.wait(60) == 0
    assert not os.path.exists(record)
