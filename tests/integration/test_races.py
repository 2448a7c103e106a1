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
    hold = f"from cuda_shims.stages import exclusive\nwith exclusive({folder!r}): print('held', flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environ = venv.environ(CUDA_SHIMS_STARTUP="0")
    with subprocess.Popen([venv.python, "-c", hold], env=environ, **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
    assert venv.ask(HOME.partition("; ")[2]) == f"{folder}/cu13"
    assert os.path.exists(link)
    assert left_over(venv) == []


@pytest.mark.parametrize("path", ["bin/nvcc", "bin", "lib/libcudart.so", "lib/pkgconfig", "lib64", "made-from-1/bin"])
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
