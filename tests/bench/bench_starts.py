"""
What a start of Python executes because of us, in instructions: a part of ``bench.py``.

They are counted by valgrind and hardly differ between two runs, on a busy machine neither; what differs between two
machines falls out of the ratios.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: what changes a start; any could be set where this runs
_STEERING = (
    *("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "CUDACXX", "NVCC", "CUDA_SHIMS_ROOT", "CUDA_SHIMS_FORWARD"),
    *("CUDA_SHIMS_STARTUP", "PYTHONDONTWRITEBYTECODE"),
)


def start_rows(python: str, folder: str, row: Callable[[str, str, str], None]) -> None:
    """
    Count what ``python -c 0`` executes, byte code warm: without the hook, and with it in each state of a root.

    :param python: the interpreter of an environment with the wheels and ours
    :param folder: an empty folder
    :param row: prints a line: what, the figure, the bar

    """
    if not shutil.which("valgrind"):
        row("python -c 0, instructions", "no valgrind here", "")
        return
    other = os.path.join(folder, "other")
    os.makedirs(os.path.join(other, "bin"))
    nvcc = os.path.join(other, "bin", "nvcc")
    with open(nvcc, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n")
    os.chmod(nvcc, 0o755)  # noqa: S103
    environ = {name: value for name, value in os.environ.items() if name not in _STEERING}
    environ["PYTHONHASHSEED"] = "0"
    off = {**environ, "CUDA_SHIMS_STARTUP": "0"}
    own = {**environ, "CUDA_HOME": other}
    say = "import sysconfig; print(sysconfig.get_path('purelib'))"
    said = subprocess.run([python, "-c", say], env=off, check=True, capture_output=True, text=True).stdout
    roots = os.path.join(said.strip(), "cuda_shims_toolkit")

    def counted(variables: Mapping[str, str], *, first: bool = False) -> int:
        if first:
            shutil.rmtree(roots, ignore_errors=True)
        command = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/%p.out", python, "-c", "0"]
        subprocess.run(command, env=variables, cwd=folder, check=True)
        (path,) = glob.glob(f"{glob.escape(folder)}/*.out")
        count = instructions(path)
        os.unlink(path)
        return count

    for variables in (off, own, environ):  # each compiles what it imports; the last one makes the root
        for _ in range(2):
            shutil.rmtree(roots, ignore_errors=True)
            subprocess.run([python, "-c", "0"], env=variables, cwd=folder, check=True)
    without = counted(off)
    row("python -c 0 with CUDA_SHIMS_STARTUP=0: instructions", f"{without / 1e6:.1f} M", "")
    for what, count, bar in (
        ("root fresh", counted(environ), "<= 1.05 x"),
        ("CUDA_HOME names another toolkit", counted(own), "<= 1.15 x"),
        ("first start, root made", counted(environ, first=True), ""),
        ("first start, CUDA_HOME names another toolkit", counted(own, first=True), ""),
        ("with companions: first start", (_companions(said.strip()), counted(environ, first=True))[1], ""),
        ("with companions: root fresh", counted(environ), "<= 1.05 x"),
    ):
        row(f"  {what}: {count / 1e6:.1f} M, to it", f"{count / without:.3f} x", bar)


def _companions(site: str) -> None:
    # those that torch brings, made up: what they hold is links, and 700 MB
    for name in ("cudnn", "nccl", "nvshmem"):
        folder = os.path.join(site, f"nvidia_{name}_cu13-1.0.dist-info")
        paths = [f"nvidia/{name}/{each}" for each in (f"include/{name}.h", f"lib/lib{name}.so.1")]
        for path in [*paths, f"{os.path.basename(folder)}/RECORD"]:
            os.makedirs(os.path.dirname(os.path.join(site, path)), exist_ok=True)
            with open(os.path.join(site, path), "w", encoding="utf-8") as file:
                file.writelines(f"{each},,0\n" for each in paths if path.endswith("RECORD"))


def instructions(path: str) -> int:
    """
    Read how many instructions a process executed.

    :param path: the file that callgrind wrote
    :returns: their number

    """
    with open(path, encoding="utf-8", errors="replace") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("summary:"))
