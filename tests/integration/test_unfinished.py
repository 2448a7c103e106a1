"""A root that is not finished, or not any more, is one for nobody: neither hook nor shim, in no shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time

import pytest
from fake_toolkit import snapshot
from shim_support import SHELLS
from venv_support import Venv

#: calls by which something is removed, renamed or made
CALLS = "unlink,unlinkat,rmdir,rename,renameat,renameat2,mkdir,mkdirat,symlink,symlinkat,link,linkat,utimensat"
#: of the many writes of a command, each of so many at its ends, and of those between each n-th
ENDS, STEP = 6, 15


@pytest.fixture
def shells():
    """Return the shells that are here, each as it is started."""
    found = {name: command for name, command in SHELLS.items() if shutil.which(command[0])}
    if len(found) < 2:
        pytest.skip("needs two of dash, bash and busybox: apt-get install dash bash busybox")
    return found


@pytest.fixture
def new_copy(new_venv, toolkit, tmp_path):
    """Give a function that copies an environment with a toolkit, cuda-shims and a root."""
    template = new_venv("template", base=["cuda-shims", *toolkit()])
    template.ask("pass")
    time.sleep(1)  # busybox compares times by whole seconds
    numbers = iter(range(10**6))

    def new_copy():
        path = tmp_path / f"copy{next(numbers)}"
        subprocess.run(["cp", "-a", template.path, path], check=True)
        return Venv(path, template.house, template.wheel, template.home)

    return new_copy


def home_of(venv):
    """Return the toolkit that the hook gives."""
    return venv.ask("print(os.environ.get('CUDA_HOME'))")


def listing(root):
    """Name all that a root holds; where it lies may have a name of its own each time."""
    return set(snapshot(os.path.realpath(root)))


def test_every_shell_judges_alike(new_copy, shells):
    """Of a root of which a file is missing, whichever that is, each shell that may be /bin/sh thinks the same."""
    venv = new_copy()
    root = os.path.realpath(home_of(venv))
    files = [
        os.path.relpath(os.path.join(top, name), root)
        for top, _, names in os.walk(root)
        for name in names
        if not os.path.islink(os.path.join(top, name))
    ]
    assert files
    differ = {}
    for file in files:
        found = {}
        for name, shell in shells.items():
            copy = new_copy()
            home = home_of(copy)
            os.unlink(os.path.join(os.path.realpath(home), file))
            tool = copy.run(*shell, f"{copy.bin}/nvcc").split("\0")[0]
            found[name] = (os.path.relpath(tool, copy.path), file in listing(home))
            shutil.rmtree(copy.path)
        if len(set(found.values())) > 1:
            differ[file] = found
    assert differ == {}


def calls_of(command, environ, trace):
    """Run a command, and return its writes: (call, how often it was called until then, line)."""
    words = ["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-o", str(trace), *command]
    subprocess.run(words, env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found, counts = [], {}
    for line in trace.read_text().splitlines():
        if match := re.match(r"\d+ +(\w+)\(", line):
            counts[match[1]] = counts.get(match[1], 0) + 1
            found.append((match[1], counts[match[1]], line))
    return found


def uninstall(venv):
    return [venv.python, "-m", "cuda_shims", "uninstall"]


def start(venv):
    """Start Python after an upgrade of the toolkit."""
    return [venv.python, "-c", "pass"]


def first_start(venv):
    """Start Python where there is no root yet."""
    return start(venv)


@pytest.mark.parametrize("command", [uninstall, start, first_start])
def test_killed_while_a_root_changes(new_copy, shells, toolkit, tmp_path, command):
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt-get install strace")

    def prepared():
        venv = new_copy()
        whole = listing(home_of(venv))
        if command is start:
            venv.install(*toolkit("13.4.92"))
        if command is first_start:
            shutil.rmtree(f"{venv.site}/cuda_shims_toolkit")
        return venv, whole

    venv, whole = prepared()
    environ = venv.environ(PYTHONDONTWRITEBYTECODE="1")
    calls = [call for call in calls_of(command(venv), environ, tmp_path / "trace") if "cuda_shims_toolkit" in call[2]]
    assert len(calls) > 2 * ENDS
    if command is start:
        whole = listing(home_of(venv))
    chosen = [*calls[:ENDS], *calls[ENDS:-ENDS:STEP], *calls[-ENDS:]]
    used = 0
    for number, (name, count, line) in enumerate(chosen):
        venv, _ = prepared()
        inject = f"inject={name}:signal=KILL:when={count}"
        words = ["strace", "-f", "-qq", "-e", f"trace={name}", "-e", inject, "-o", "/dev/null", *command(venv)]
        done = subprocess.run(words, env=environ, check=False, capture_output=True)
        assert done.returncode != 0, line
        shell = list(shells)[number % len(shells)]
        if os.path.exists(f"{venv.bin}/nvcc"):
            tool = venv.run(*shells[shell], f"{venv.bin}/nvcc").split("\0")[0]
            assert os.path.isfile(tool)
            if tool.startswith(f"{venv.site}/cuda_shims_toolkit/"):
                used += 1
                root = os.path.dirname(os.path.dirname(tool))
                assert whole - listing(root) == set(), (shell, f"killed at {line}")
        shutil.rmtree(venv.path)
    assert used
