"""Many processes in one environment whose wheels change, a slice of ``tox -e stress``; and locks while nvcc runs."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
import stress as harness
from e2e_support import EXTRAS, SYSTEM_PATH, TOOLKIT, site_packages

pytestmark = pytest.mark.timeout(600)

#: what begins a host of its own: mounts, network, name and process numbers
HOST = ["unshare", "-m", "-n", "-u", "-p", "-f", "--mount-proc", "--kill-child"]


def run_stress(world, tmp_path, *arguments):
    options = harness.parser().parse_args(["--no-pip", "--pause", "0.5", *arguments])
    figures = harness.stress(world, str(tmp_path / "stress"), options)
    assert figures["faults"] == []
    assert figures["compiles"] == options.processes * options.rounds
    assert figures["changes of the toolkit"] > 1
    assert figures["changes of cuda-shims"] > 1
    return figures


def test_a_slice_of_the_stress_run(world, tmp_path):
    run_stress(world, tmp_path, "--processes", "4", "--rounds", "3")


def needs_hosts():
    done = subprocess.run([*HOST, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no second host here: {done.stderr.strip()}")


@pytest.mark.matrix
def test_two_hosts_share_a_folder(world, tmp_path):
    needs_hosts()
    figures = run_stress(world, tmp_path, "--no-hash", "--processes", "4", "--rounds", "2", "--hosts", "2")
    assert figures["hosts"] == ["stress-host-0", "stress-host-1"]


@pytest.mark.matrix
def test_two_hosts_share_a_folder_that_each_locks_for_itself(world, tmp_path):
    """As over sshfs: a lock of one host says nothing on the other."""
    needs_hosts()
    if not shutil.which("bindfs", path=SYSTEM_PATH) or not os.path.exists("/dev/fuse"):
        pytest.skip("needs bindfs and /dev/fuse: apt-get install bindfs")
    figures = run_stress(world, tmp_path, "--no-hash", "--processes", "2", "--rounds", "2", "--hosts", "2", "--fuse")
    assert figures["hosts"] == ["stress-host-0", "stress-host-1"]


# stops where nvcc has the sources preprocessed: says so through a pipe, and waits for an answer
HOST_COMPILER = """\
#!/bin/sh
case "$*" in
  *-E*k.cu*) echo compiles >"$PIPES/there"; read answer <"$PIPES/back" ;;
esac
exec c++ "$@"
"""


@pytest.mark.parametrize("way", ["shim", "hook"])
def test_no_lock_is_held_while_nvcc_runs(world, tmp_path, way):
    """Though its root was stale, and so made by whoever started it."""
    scripts = world.venv(tmp_path / "venv", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}", "cuda-shims")
    site = site_packages(tmp_path / "venv")
    world.run(scripts / "python", "-c", "pass")
    pipes = tmp_path / "pipes"
    pipes.mkdir()
    for name in ("there", "back"):
        os.mkfifo(pipes / name)
    compiler = tmp_path / "c++"
    compiler.write_text(HOST_COMPILER)
    compiler.chmod(0o755)
    (tmp_path / "k.cu").write_text("__global__ void k(int *x) { x[threadIdx.x] = 1; }\n")
    (site / "nvidia/cu13/lib/libmore.so.13").write_bytes(b"")  # now the root is stale
    words = ["-cubin", "-arch=sm_80", "-ccbin", compiler, "k.cu", "-o", "k.cubin"]
    start = [
        scripts / "python",
        "-c",
        "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)",
        "nvcc",
    ]
    command = [*world.hide, *([scripts / "nvcc"] if way == "shim" else start), *words]
    environ = world.environ(PIPES=pipes)
    compile_ = subprocess.Popen(list(map(str, command)), env=environ, cwd=tmp_path)
    try:
        assert (pipes / "there").read_text() == "compiles\n"
        folder = site / "cuda_shims_toolkit"
        assert os.path.lexists(folder / "cu13/lib/libmore.so")
        assert not list(folder.glob("*cuda-shims-tmp"))
        with open("/proc/locks", encoding="ascii") as file:
            held = {line.split()[-3].rpartition(":")[2] for line in file}
        assert not held & {str(path.stat().st_ino) for path in (folder, *folder.iterdir())}
        (pipes / "back").write_text("go on\n")
        assert compile_.wait() == 0
    finally:
        compile_.kill()
        compile_.wait()
    assert (tmp_path / "k.cubin").stat().st_size
