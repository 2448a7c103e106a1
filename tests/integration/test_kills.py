"""
Killed before each of its writes, whatever was begun is finished by the next start, or by the next run of the command.

A process is forked for each write and kills itself just before it, as SIGKILL from outside would; which writes there
are is what Python's audit events say (:pep:`578`), and that these are all, ``strace`` says of a real start.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess

import pytest
from fake_toolkit import write_toolkit
from places import SITE, Place, forked, upgrade
from venv_support import find_uv

from _cuda_shims import ROOTS_FOLDER, is_fresh
from cuda_shims.environment.ours import find_dist_info
from cuda_shims.files import write


def deface(place):
    """Take away what ``install`` brings back, and put in the way what it has to exchange."""
    place.start()
    os.unlink(os.path.join(place.site, "cuda_shims.pth"))
    os.unlink(os.path.join(place.bin, "ptxas"))
    write_toolkit(place.site, "13.5.37", ("nvidia-cuda-cuobjdump",))
    root = os.path.join(place.site, ROOTS_FOLDER, "cu13")
    shutil.rmtree(os.path.join(root, "bin"))
    os.symlink("../../nvidia/cu13/bin", os.path.join(root, "bin"))


SCENARIOS = {
    "first start": (None, Place.start),
    "renewal": (upgrade, Place.start),
    "install": (deface, Place.install),
    "uninstall": (Place.start, Place.uninstall),
}


@pytest.fixture
def points(request):
    """Give a function that lists before which writes to kill; without ``--matrix`` not all, which takes minutes."""
    every = 1 if request.config.getoption("--matrix") else 4
    return lambda writes: [*range(1, len(writes), every), len(writes)]


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_before_each_write(new_place, name, points, record_property):
    prepare, action = SCENARIOS[name]
    undisturbed = new_place(prepare)
    before = undisturbed.files()
    status, writes = forked(lambda: action(undisturbed))
    assert status == 0
    after = undisturbed.files()
    assert before != after
    for number in points(writes):
        place = new_place(prepare)
        status, done = forked(lambda place=place: action(place), number)
        assert (os.WTERMSIG(status), done) == (signal.SIGKILL, writes[: number - 1]), number
        left = place.files()
        # nobody sees a root with less than before, or one that counts as finished and is not
        root = f"{SITE}/{ROOTS_FOLDER}/current/"
        if name == "renewal":
            assert not {path for path in before if path.startswith(root) and path in after} - set(left), number
        if is_fresh(os.path.join(place.site, ROOTS_FOLDER, "cu13"), place.site, 13) and name != "install":
            assert {path: left[path] for path in left if path.startswith(root)} == {
                path: value
                for path, value in (before if name == "uninstall" else after).items()
                if path.startswith(root)
            }, number
        status, _ = forked(lambda place=place: action(place))
        assert status == 0, (number, writes[number - 1])
        found = place.files()
        # all is done but the end of the process: a folder of ours with nothing in it
        for path in [path for path in found if path.endswith(write.SCRATCH)]:
            assert set(writes[number - 1 :]) == {"os.rmdir"}, number
            assert (found.pop(path), os.path.dirname(path)) == (("folder",), f"{SITE}/{ROOTS_FOLDER}"), number
        assert found == after, (number, writes[number - 1])
        shutil.rmtree(place.path)
    record_property("recovered", len(writes))
    assert len(writes) > 15


def test_an_uninstall_that_was_killed_is_finished_by_an_installer(new_place, points, record_property):
    """What is left runs no hook, and uv removes it."""
    undisturbed = new_place(Place.start)
    _, writes = forked(undisturbed.uninstall)
    clean = undisturbed.files()
    folder = f"{SITE}/{ROOTS_FOLDER}"
    finished = 0
    for number in points(writes):
        place = new_place(Place.start)
        forked(place.uninstall, number)
        assert place.python() == (0, ""), number
        finished_here = find_dist_info([place.site]) is not None
        if finished_here:
            command = [find_uv(), "pip", "uninstall", "-q", "--python", os.path.join(place.bin, "python"), "cuda-shims"]
            subprocess.run(command, check=True, env={**place.environ(), "UV_CACHE_DIR": f"{place.home}/uv-cache"})
            finished += 1
        left = {path for path in place.files() if path not in clean}
        # between the distribution's end and that of the folder of roots: it is uninstalled, and such a folder is left
        assert not [path for path in left if not path.startswith(folder)], number
        assert not left or not finished_here, number
        shutil.rmtree(place.path)
    record_property("finished", finished)
    assert finished / len(points(writes)) > 10 / len(writes)  # more than 10 where all are tried


def test_the_events_are_all_writes(new_place):
    """What strace sees a start of Python write is what the audit events are: none is left out above."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace: apt-get install strace")
    calls = {
        "os.mkdir": "mkdir mkdirat",
        "os.symlink": "symlink symlinkat",
        "os.rename": "rename renameat renameat2",
        "os.remove": "unlink unlinkat",
        "os.rmdir": "rmdir",
        "os.utime": "utimensat",
        "os.chmod": "chmod fchmod fchmodat fchmodat2",
        "os.chown": "chown lchown fchown fchownat",
        "os.link": "link linkat",
        "os.truncate": "truncate ftruncate",
        "open": "open openat creat",
    }
    place = new_place()
    _, events = forked(new_place().start)
    trace = os.path.join(place.path, "trace")
    names = ",".join(f"?{name}" for each in calls.values() for name in each.split())
    command = [
        strace,
        "-f",
        "-qq",
        "-o",
        trace,
        "-e",
        f"trace={names}",
        os.path.join(place.bin, "python"),
        "-c",
        "pass",
    ]
    done = subprocess.run(
        command, env={**place.environ(), "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, check=False
    )
    if done.returncode and "ptrace" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")
    assert (done.returncode, done.stderr) == (0, "")
    with open(trace, encoding="utf-8") as file:
        lines = [line.split(maxsplit=1)[1] for line in file if " = -1 " not in line and "(" in line]
    seen = []
    for line in lines:
        call = line.partition("(")[0]
        event = next(event for event, each in calls.items() if call in each.split())
        event = "os.rmdir" if event == "os.remove" and "AT_REMOVEDIR" in line else event
        if event != "open" or re.search(r"O_WRONLY|O_RDWR|O_CREAT", line):
            seen.append(event)
    assert len(seen) > 50
    # what fails is an event too (a folder that is there already), and no write: so these are among those, in order
    rest = iter(events)
    assert all(each in rest for each in seen), (seen, events)
