"""In an environment that is broken in any way Python starts and says nothing, builds go on, and the cure is known."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess

import pytest
from fake_toolkit import snapshot
from faults import ANY, FAULTS, NONE, ROOT, WHEELS

HOME = "import os; print(os.environ.get('CUDA_HOME'))"


@pytest.fixture
def stale(new_venv, toolkit):
    """An environment whose root has been made, and is stale since."""
    venv = new_venv(base=["cuda-shims", *toolkit()])
    venv.ask("pass")
    spoiled = f"{venv.site}/nvidia/cu13/lib/libmore.so.13"
    with open(spoiled, "w", encoding="utf-8"):
        pass
    return venv


def within(venv, shell, command, **environ):
    """Run a command in the state that a fault needs; skip where it cannot be had."""
    if shell:
        needs = "setpriv" if "setpriv" in shell else "unshare"
        if os.geteuid() != 0 or not shutil.which(needs):
            pytest.skip(f"needs root and {needs}: apt-get install util-linux")
        command = ["unshare", "-m", "--propagation", "private", "sh", "-c", shell, "sh", venv.path, *command]
    done = subprocess.run(command, env=venv.environ(**environ), cwd="/", capture_output=True, text=True, check=False)
    if shell and done.returncode in {1, 99} and ("mount" in done.stderr or "unshare" in done.stderr):
        pytest.skip(f"no mounts here: {done.stderr}")
    return done.returncode, done.stdout, done.stderr


def left(folder):
    """Name what is in the folder of roots, but the folders that the links stand for."""
    return sorted(name for name in os.listdir(folder) if not name.startswith(".cu13-"))


@pytest.mark.parametrize("name", FAULTS)
def test_python_starts_and_says_nothing(stale, name, home):
    fault = FAULTS[name]
    fault.spoil(stale.site, stale.bin)
    foreign = {path: value for path, value in snapshot(stale.site).items() if path.startswith("nvidia")}
    assert within(stale, fault.shell, [stale.python, "-c", "pass"]) == (0, "", "")
    code, said, error = within(stale, fault.shell, [stale.python, "-c", HOME])
    assert (code, error) == (0, "")
    root, wheels = f"{stale.site}/cuda_shims_toolkit/cu13", f"{stale.site}/nvidia/cu13"
    outside = f"{home}/cache/cuda-shims/roots/"
    kind = {root: ROOT, wheels: WHEELS, "None": NONE}.get(said.strip(), ROOT if said.startswith(outside) else said)
    assert kind == fault.home or (fault.home == ANY and kind in {ROOT, WHEELS})
    # the shim, where there is anything that it could run
    if os.path.exists(f"{wheels}/bin/nvcc") and os.path.exists(f"{stale.bin}/nvcc"):
        code, said, error = within(stale, fault.shell, [f"{stale.bin}/nvcc", "-x"])
        assert (code, error) == (0, "")
        assert said.split("\0")[0] in {f"{root}/bin/nvcc", f"{wheels}/bin/nvcc"} or said.startswith(outside)
    after = {path: value for path, value in snapshot(stale.site).items() if path.startswith("nvidia")}
    assert after == foreign
    if "us is missing" in name or "module" in name:
        return  # then there is nobody to say what is wrong
    code, said, error = within(stale, fault.shell, [stale.python, "-m", "cuda_shims", "doctor", "--json"])
    assert (code in {0, 1}, error) == (True, "")
    found = {each["code"]: each for each in json.loads(said)["findings"] if each["level"] != "ok"}
    assert (fault.finding in found) is bool(fault.finding), found
    if fault.finding:
        assert found[fault.finding]["fix"]
    else:  # repaired
        assert not [code for code in found if code.startswith("root")]


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.shell and "no cache" not in name])
def test_when_the_fault_is_over_the_next_start_repairs(stale, name):
    fault = FAULTS[name]
    within(stale, fault.shell, [stale.python, "-c", "pass"])
    root = stale.ask(HOME.partition("; ")[2])
    assert os.path.lexists(f"{root}/lib/libmore.so")
    if name == "read-only" or name.startswith("disk full"):  # the one in the cache directory serves
        return
    assert root == f"{stale.site}/cuda_shims_toolkit/cu13"
    assert left(os.path.dirname(root)) == ["cu13", "ledger"]


def test_install_makes_whole_what_looks_fresh(stale):
    FAULTS["clock went back"].spoil(stale.site, stale.bin)
    root = f"{stale.site}/cuda_shims_toolkit/cu13"
    stale.ask("pass")
    assert not os.path.lexists(f"{root}/bin/cuobjdump")
    assert f"replaced {root} (" in stale.run(stale.python, "-m", "cuda_shims", "install")
    assert os.path.exists(f"{root}/bin/cuobjdump")
    assert stale.run(stale.python, "-m", "cuda_shims", "install") == "nothing to do: everything is as it should be\n"


def test_few_file_descriptors(stale):
    """From the first number with which Python itself starts."""
    started = 0
    for limit in range(3, 16):
        done = subprocess.run(
            [stale.python, "-c", "pass"],
            env=stale.environ(),
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)),
        )
        plain = subprocess.run(
            [stale.python, "-c", "pass"],
            env=stale.environ(CUDA_SHIMS_STARTUP="0"),
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)),
        )
        assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, plain.stderr), limit
        started += not done.returncode
    assert started > 8
    assert stale.ask(HOME.partition("; ")[2]) == f"{stale.site}/cuda_shims_toolkit/cu13"


def test_a_process_that_was_stopped_while_it_wrote(stale):
    """The next start does not wait for it, and does not remove what it writes until it is dead."""
    folder = f"{stale.site}/cuda_shims_toolkit"
    held = (
        "import sys, signal, os; from cuda_shims.files.stage import Stage\n"
        f"with Stage({folder!r}): print('held', flush=True); os.kill(os.getpid(), signal.SIGSTOP)"
    )
    environ = stale.environ(CUDA_SHIMS_STARTUP="0")
    with subprocess.Popen([stale.python, "-c", held], env=environ, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        assert stale.ask(HOME.partition("; ")[2]) == f"{folder}/cu13"
        assert os.path.lexists(f"{folder}/cu13/lib/libmore.so")
        assert len([name for name in os.listdir(folder) if name.endswith(".cuda-shims-tmp")]) == 1
        holder.kill()
    shutil.rmtree(f"{folder}/cu13/lib")
    stale.ask("pass")
    assert left(folder) == ["cu13", "ledger"]
