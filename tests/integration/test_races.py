"""Many starts of Python at a time, with locks and without, and processes that are killed while they hold one."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import subprocess
import time

import pytest
from fake_toolkit import snapshot, write

HOME = "import os; print(os.environ.get('CUDA_HOME'))"
#: errors of flock(2) on file systems that have none: FUSE; some of NFS, SMB and Lustre; NFS without a lock daemon
NO_LOCKS = ("ENOSYS", "EOPNOTSUPP", "ENOLCK")


@pytest.fixture
def venv(new_venv, toolkit):
    venv = new_venv(base=["cuda-shims", *toolkit()])
    venv.ask("pass")
    return venv


def spoil(venv, name="libmore.so.13"):
    """Make the root stale: it has to get a link for one more library."""
    write(f"{venv.site}/nvidia/cu13/lib/{name}")
    return f"{venv.site}/cuda_shims_toolkit/cu13/lib/{name}"


def left_over(venv):
    return glob.glob(f"{glob.escape(venv.path)}/**/*cuda-shims-tmp*", recursive=True)


def starts(venv, count, *before, **environ):
    """Start Python many times at once; return the values of CUDA_HOME."""
    command = [*before, venv.python, "-c", HOME]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, env=venv.environ(**environ), **pipes) for _ in range(count)]
    said = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0] * count, said
    assert {error for _, error in said} == {""}
    return [home.strip() for home, _ in said]


def test_many_starts_at_once(venv):
    root = f"{venv.site}/cuda_shims_toolkit/cu13"
    for turn in range(5):
        link = spoil(venv, f"lib{turn}.so.13")
        assert set(starts(venv, 16)) == {root}
        assert os.path.exists(link)
        assert left_over(venv) == []


def test_many_first_starts_at_once(venv):
    root = f"{venv.site}/cuda_shims_toolkit/cu13"
    for _ in range(5):
        shutil.rmtree(os.path.dirname(root))
        assert set(starts(venv, 16)) == {root}
        assert left_over(venv) == []


@pytest.mark.parametrize("error", NO_LOCKS)
def test_a_file_system_without_locks(venv, error, tmp_path):
    """The root is renewed all the same, nothing is printed, and nothing is left over; one process or many."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace: apt-get install strace")
    trace = [
        strace,
        "-f",
        "-qq",
        "-A",  # many write to it, and one that begins last and finds the root renewed would leave it empty
        "-o",
        str(tmp_path / "trace"),
        "-e",
        "trace=flock",
        "-e",
        f"inject=flock:error={error}",
    ]
    done = subprocess.run([*trace, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")
    root = f"{venv.site}/cuda_shims_toolkit/cu13"
    for count in (1, 8):
        link = spoil(venv, f"lib{count}.so.13")
        assert set(starts(venv, count, *trace)) == {root}
        assert "INJECTED" in (tmp_path / "trace").read_text()
        assert os.path.exists(link)
        assert left_over(venv) == []


def test_the_lock_of_a_killed_process(venv):
    """The kernel gives it back: the next start renews the root as if there had been none."""
    link = spoil(venv)
    folder = f"{venv.site}/cuda_shims_toolkit"
    hold = f"from cuda_shims.files.stage import Stage\nwith Stage({folder!r}): print('held', flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environ = venv.environ(CUDA_SHIMS_STARTUP="0")
    with subprocess.Popen([venv.python, "-c", hold], env=environ, **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
    assert venv.ask(HOME.partition("; ")[2]) == f"{folder}/cu13"
    assert os.path.exists(link)
    assert left_over(venv) == []


#: has a file open until it was removed, and a while longer
HOLD = """\
import os, sys, time
with open(sys.argv[1]):
    print("held", flush=True)
    while os.path.lexists(sys.argv[1]):
        time.sleep(0.01)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def fuse(tmp_path):
    """Give a folder on a file system that keeps a file which is removed while it is open, as NFS does."""
    if not shutil.which("bindfs") or not os.path.exists("/dev/fuse"):
        pytest.skip("needs bindfs and /dev/fuse: apt-get install bindfs")
    for name in ("lower", "mount"):
        (tmp_path / name).mkdir()
    mount = ["bindfs", tmp_path / "lower", tmp_path / "mount"]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"bindfs may not mount here: {done.stderr.strip()}")
    yield "mount"
    subprocess.run(["fusermount", "-uz", tmp_path / "mount"], check=True)  # a user may, who may not umount


@pytest.mark.parametrize("seconds", [0.3, 600])
def test_uninstalled_while_a_file_is_open_elsewhere(fuse, new_venv, toolkit, seconds):
    """It waits for who has it open; not for ever."""
    venv = new_venv(f"{fuse}/venv", base=["cuda-shims", *toolkit()])
    venv.ask("pass")
    folder = f"{venv.site}/cuda_shims_toolkit"
    hold = [venv.python, "-I", "-S", "-c", HOLD, f"{folder}/ledger", str(seconds)]
    with subprocess.Popen(hold, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        patience = (
            "sys.modules['cuda_shims.installation.uninstall']._SECONDS = 60; " if seconds < 1 else ""
        )  # it is busy
        uninstall = "import sys, cuda_shims.installation.uninstall; from cuda_shims.cli.run import main; "
        uninstall += f"{patience}raise SystemExit(main(['uninstall']))"
        command = [venv.python, "-c", uninstall]
        done = subprocess.run(command, env=venv.environ(), capture_output=True, text=True, check=False)
        left = [path for path in snapshot(venv.path) if "cuda_shims" in path]
        holder.kill()
    if seconds < 1:
        assert (done.returncode, done.stderr, left) == (0, "", [])
    else:
        assert done.returncode == 1
        note = "Directory not empty; remove it when no process uses it"
        assert f"left alone {folder} ({note})\n" in done.stdout
        assert done.stderr == f"cuda-shims: {folder} stays: {note}\n"
        assert len(left) == 2, left
        assert os.path.basename(left[1]).startswith(".fuse_hidden"), left


@pytest.mark.parametrize("path", ["bin/nvcc", "bin", "lib/libcudart.so", "lib/pkgconfig", "lib64", "made-from-3"])
def test_half_a_root_is_no_root(venv, path):
    """An uninstaller that met a start of Python, say, removed some of it, and a root's stamp was left or came after."""
    root = f"{venv.site}/cuda_shims_toolkit/cu13"
    whole = set(snapshot(root))
    time.sleep(0.06)  # a root that is as old as its wheels counts as stale at first
    venv.ask("pass")
    if os.path.isdir(f"{root}/{path}") and not os.path.islink(f"{root}/{path}"):
        shutil.rmtree(f"{root}/{path}")
    else:
        os.unlink(f"{root}/{path}")
    assert venv.nvcc() == f"{root}/bin/nvcc"
    assert set(snapshot(root)) == whole
