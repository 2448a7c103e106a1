"""
Measure what cuda-shims costs: ``tox -e bench`` or ``python tests/bench/bench.py``.

Everything that is compared is run in turns within one run (A B C A B C …), so that a busy machine slows all of them
alike; medians and their ratios are printed, and nothing is asserted: a timed test fails on a busy machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from typing import TYPE_CHECKING

import bench_builds
import bench_starts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
#: shims, hook, root and wheel; the build of the CMake example; that of the torch example; what a start of Python
#: executes, and what nvcc does; starts of Python in environments that are broken; what grows with distributions and
#: with environments
PARTS = ("start", "builds", "torch", "instructions", "faults", "scale")
TOOLKIT = "cuda-toolkit[cccl,crt,cudart,nvcc,nvvm]"


def main() -> None:
    """Set an environment up, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=200, help="how often each command runs (default: 200)")
    parser.add_argument("--toolkit", default="13.5.*", help="version of cuda-toolkit (default: 13.5.*)")
    parser.add_argument("--wine", action="store_true", help="measure the Windows shim instead (tox -e bench-wine)")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: start, builds)")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):  # choices= refuses an empty list before Python 3.12
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    for name in ("CUDA_SHIMS_STARTUP", "PYTHONDONTWRITEBYTECODE"):  # tox sets the first; both change what is measured
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="cuda-shims-bench-") as folder:
        if options.wine:
            import bench_wine  # which needs what the tests on wine need

            bench_wine.shim_rows(folder, options.rounds, row)
            return
        wheel = build_wheel(folder)
        python = make_environment(os.path.join(folder, "env"), wheel, f"{TOOLKIT}=={options.toolkit}")
        print(
            f"{os.uname().machine}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, rounds: {options.rounds}"
        )
        print(f"{'what':58}{'measured':>24}   bar")
        parts = options.parts or PARTS[:2]
        if "start" in parts:
            shim_rows(python, folder, options.rounds)
            hook_rows(python, options.rounds)
            root_rows(python, max(10, options.rounds // 10))
            row("wheel", f"{os.path.getsize(wheel) / 1024:.1f} KB", "<= 390 KB")
        if "builds" in parts:
            os.mkdir(os.path.join(folder, "builds"))
            subprocess.run([python, "-m", "pip", "install", "-q", "cmake", "ninja"], check=True)
            bench_builds.cmake_rows(python, os.path.join(folder, "builds"), row)
        if "torch" in parts:  # 3 GB to download
            os.mkdir(os.path.join(folder, "torch"))
            tools = ("setuptools", "ninja", *bench_builds.TORCH)
            torch_python = make_environment(os.path.join(folder, "torch-env"), wheel, *tools)
            bench_builds.torch_rows(torch_python, os.path.join(folder, "torch"), row)
        if "faults" in parts:
            import bench_faults  # which needs the tests

            bench_faults.fault_rows(python, folder, row)
        if "scale" in parts:
            import bench_scale  # which is long

            packages = (f"{wheel}[virtualenv]", f"{TOOLKIT}=={options.toolkit}")
            os.mkdir(os.path.join(folder, "scale"))
            clock = bench_scale.Clock(max(10, options.rounds // 5), interleaved, run, row, site_packages)
            place = os.path.join(folder, "scale")
            bench_scale.scale_rows(lambda path: make_environment(path, *packages), place, clock)
        if "instructions" in parts:
            os.mkdir(os.path.join(folder, "started"))
            bench_starts.start_rows(python, os.path.join(folder, "started"), row)
            os.mkdir(os.path.join(folder, "counted"))
            bench_builds.instruction_rows(python, os.path.join(folder, "counted"), row)


def shim_rows(python: str, folder: str, rounds: int) -> None:
    """Compare the shim with the tool itself and with the least that a shell script can be."""
    site_dir = site_packages(python)
    subprocess.run([python, "-c", "pass"], check=True)
    real = os.path.join(site_dir, "cuda_shims_toolkit", "cu13", "bin", "bin2c")
    bare = os.path.join(folder, "bare")
    with open(bare, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec "{real}" "$@"\n')
    os.chmod(bare, 0o755)  # noqa: S103
    shim = os.path.join(os.path.dirname(python), "bin2c")
    direct, least, ours = interleaved([lambda: run([real]), lambda: run([bare]), lambda: run([shim])], rounds)
    row("bin2c, run directly", ms(direct), "")
    row("bin2c, by #!/bin/sh + exec of a fixed path", ms(least), "")
    row("bin2c, by the shim", ms(ours), "")
    row("  the shim against #!/bin/sh + exec", f"{ours / least:.2f} x", "<= 1.5 x")
    row("  what each adds to the tool", f"{ms(ours - direct)} / {ms(least - direct)}", "")


def hook_rows(python: str, rounds: int) -> None:
    """Compare a start of Python with and without the hook, in a small and in a large environment."""
    off = {**os.environ, "CUDA_SHIMS_STARTUP": "0"}
    site_dir = site_packages(python)
    hook = os.path.join(site_dir, "cuda_shims.pth")
    empty = os.path.join(site_dir, "_bench_empty.py")
    with open(empty, "w", encoding="utf-8") as file:
        file.write("def main(): pass\n")
    with open(hook + ".empty", "w", encoding="utf-8") as file:
        file.write("import _bench_empty; _bench_empty.main()\n")
    for dists in (0, 5000):
        for number in range(dists):
            os.mkdir(os.path.join(site_dir, f"other_{number}-1.0.dist-info"))
        run([python, "-c", "pass"])  # the directory changed: the cached listing of the import system is made anew

        def without(instead: str = "") -> float:
            """Start Python while our file is away, and nothing of ours runs at all."""
            os.rename(hook, hook + ".away")
            if instead:
                os.rename(instead, hook)
            try:
                return run([python, "-c", "pass"])
            finally:
                if instead:
                    os.rename(hook, instead)
                os.rename(hook + ".away", hook)

        bare, least, none, ours = interleaved(
            [
                without,
                lambda: without(hook + ".empty"),
                lambda: run([python, "-c", "pass"], off),
                lambda: run([python, "-c", "pass"]),
            ],
            rounds,
        )
        where = f"{dists} other distributions" if dists else "nothing else installed"
        row(f"Python start without cuda_shims.pth, {where}", ms(bare), "")
        row("  with a .pth that imports an empty module", f"+{ms(least - bare)}", "")
        row("  with CUDA_SHIMS_STARTUP=0", f"+{ms(none - bare)}", "")
        row("  with the hook, root fresh", f"+{ms(ours - bare)} ({ours / bare:.3f} x)", "<= +0.6 ms")
    for name in os.listdir(site_dir):
        if name.startswith("other_"):
            os.rmdir(os.path.join(site_dir, name))


def root_rows(python: str, rounds: int) -> None:
    """Measure the first start of an environment: the root is made."""
    root = os.path.join(site_packages(python), "cuda_shims_toolkit")

    def first(environ: Mapping[str, str]) -> float:
        shutil.rmtree(root, ignore_errors=True)
        taken = run([python, "-c", "pass"], environ)
        if not os.path.exists(os.path.join(root, "cu13", "made-from-3")):
            raise SystemExit("bench: the hook made no root")
        return taken

    environ = dict(os.environ)
    plain, making = interleaved(
        [lambda: run([python, "-c", "pass"], {**environ, "CUDA_SHIMS_STARTUP": "0"}), lambda: first(environ)], rounds
    )
    row("first start, root made", f"+{ms(making - plain)}", "<= +60 ms")


def interleaved(commands: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """
    Run commands in turns.

    :param commands: each returns the seconds that it took
    :param rounds: how often
    :returns: the median of each

    """
    taken: list[list[float]] = [[] for _ in commands]
    for command in commands:
        command()
    for _ in range(rounds):
        for command, times in zip(commands, taken):
            times.append(command())
    return [statistics.median(times) for times in taken]


def run(command: list[str], environ: Mapping[str, str] = os.environ) -> float:
    """
    Run a command by :func:`os.posix_spawn`, which adds less of its own than :mod:`subprocess`.

    :param command: its first word is a path
    :param environ: its environment
    :returns: seconds from before the start to after the end

    """
    begin = time.perf_counter()
    pid = os.posix_spawn(command[0], command, environ, file_actions=_QUIET)
    os.waitpid(pid, 0)
    return time.perf_counter() - begin


_QUIET = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]


def build_wheel(folder: str) -> str:
    """
    Build the wheel of this checkout.

    :param folder: where to
    :returns: its path

    """
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT]
    subprocess.run(command, check=True)
    return next(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".whl"))


def make_environment(folder: str, *requirements: str) -> str:
    """
    Make a virtual environment and install into it.

    :param folder: where
    :param requirements: what
    :returns: the path of its interpreter

    """
    venv.create(folder, with_pip=True)
    python = os.path.join(folder, "bin", "python")
    subprocess.run([python, "-m", "pip", "install", "-q", *requirements], check=True)
    return python


def site_packages(python: str) -> str:
    """
    Ask an interpreter for its site-packages directory.

    :param python: its path
    :returns: the directory

    """
    command = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def ms(seconds: float) -> str:
    """
    Spell a duration.

    :param seconds: the duration
    :returns: it in milliseconds

    """
    return f"{seconds * 1000:.2f} ms"


def row(what: str, measured: str, bar: str) -> None:
    """Print a line of the table."""
    print(f"{what:58}{measured:>24}   {bar}")


if __name__ == "__main__":
    main()
