"""Does the cost grow: from 10 to 5,000 distributions, and from 1 to 64 environments that share a cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FEW, MANY = 10, 5000
ENVIRONMENTS = 64
#: lines of RECORD in each other distribution: the median of what the tests' own environment holds
_FILES = 20
#: name -> words behind ``python -m cuda_shims``
_COMMANDS = {
    "install, nothing to do": ("install", "-q"),
    "root": ("root",),
    "env": ("env",),
    "which nvcc": ("which", "nvcc"),
    "which libcublas.so": ("which", "libcublas.so"),
    "list": ("list",),
    "doctor": ("doctor",),
    "exec true": ("exec", "true"),
}
_SOURCE = "__global__ void k(float *x) { *x = 1; }\n"


class Clock(NamedTuple):
    """How ``bench.py`` measures."""

    #: how often each command runs
    rounds: int
    #: runs callables in turns and returns the median of each
    times: Callable[[Sequence[Callable[[], float]], int], list[float]]
    #: runs a command, in an environment, and returns the seconds it took
    run: Callable[..., float]
    #: prints a row
    row: Callable[[str, str, str], None]
    #: asks an interpreter for its site-packages directory
    site_packages: Callable[[str], str]


def scale_rows(make: Callable[[str], str], folder: str, clock: Clock) -> None:
    """
    Measure in pairs, in turns.

    :param make: makes an environment with cuda-shims, virtualenv and a toolkit in a folder, and returns its interpreter
    :param folder: for what is made
    :param clock: measures

    """
    rounds, times, run, row, site_packages = clock
    few, many = (make(os.path.join(folder, name)) for name in ("few", "many"))
    other = make(os.path.join(folder, "other"))
    for python, count in ((few, FEW), (many, MANY)):
        _distributions(site_packages(python), count)
        subprocess.run([python, "-c", "pass"], check=True)
        subprocess.run([python, "-m", "cuda_shims", "install", "-q"], check=True)
    off = {**os.environ, "CUDA_SHIMS_STARTUP": "0"}

    def compare(what: str, command: Callable[[str], list[str]], bare: Callable[[str], list[str]] | None = None) -> None:
        """Print what a command takes in both environments, less what the same Python takes without us."""
        pairs = [lambda python=python: run(command(python)) for python in (few, many)]
        bare = bare or (lambda python: [python, "-c", "import argparse, json, subprocess"])
        pairs += [lambda python=python: run(bare(python), off) for python in (few, many)]
        one, two, base_one, base_two = times(pairs, rounds)
        ours = (two - base_two) / (one - base_one)
        measured = f"{1000 * one:.1f} / {1000 * two:.1f} ms, ours {ours:.2f} x"
        row(f"{what}, {FEW} / {MANY} distributions", measured, "")

    compare("start of Python", lambda python: [python, "-c", "pass"], lambda python: [python, "-c", "pass"])
    compare("shim (bin2c)", lambda python: [_beside(python, "bin2c")], lambda _: ["/bin/true"])
    for what, words in _COMMANDS.items():
        compare(what, lambda python, words=words: [python, "-m", "cuda_shims", *words])
    compare("list --python OTHER", lambda python: [python, "-m", "cuda_shims", "list", "--python", other])
    compare("list --python of it", lambda python: [other, "-m", "cuda_shims", "list", "--python", python])
    made = os.path.join(folder, "made")
    compare(
        "virtualenv --cuda-shims",
        lambda python: [python, "-m", "virtualenv", "-q", "--clear", "--no-seed", "--cuda-shims", made],
        lambda python: [python, "-m", "virtualenv", "-q", "--clear", "--no-seed", made],
    )
    _first_start_row(few, many, clock)
    _cache_rows(few, folder, clock)


def _first_start_row(few: str, many: str, clock: Clock) -> None:
    rounds, times, run, row, site_packages = clock

    def first(python: str) -> float:
        shutil.rmtree(os.path.join(site_packages(python), "cuda_shims_toolkit"))
        return run([python, "-c", "pass"])

    off = {**os.environ, "CUDA_SHIMS_STARTUP": "0"}
    one, two, base_one, base_two = times(
        [lambda: first(few), lambda: first(many), lambda: run([few, "-c", "pass"], off),
         lambda: run([many, "-c", "pass"], off)],
        max(10, rounds // 4),
    )  # fmt: skip
    measured = f"+{1000 * (one - base_one):.1f} / +{1000 * (two - base_two):.1f} ms"
    row(f"first start, root made, {FEW} / {MANY} distributions", measured, "<= +60 ms")


def _cache_rows(python: str, folder: str, clock: Clock) -> None:
    rounds, times, run, row, site_packages = clock
    # beside a folder with a blank in its name no root is made: those of all such environments are in the user's cache
    whole = os.path.dirname(os.path.dirname(python))
    shutil.rmtree(os.path.join(site_packages(python), "cuda_shims_toolkit"))
    place = os.path.join(folder, "with a blank")
    os.mkdir(place)
    pythons = []
    for number in range(ENVIRONMENTS):
        path = os.path.join(place, str(number))
        subprocess.run(["cp", "-al", whole, path], check=True)  # as uv links from its cache
        pythons.append(os.path.join(path, "bin", "python"))
    alone, shared = ({**os.environ, "XDG_CACHE_HOME": os.path.join(folder, name)} for name in ("alone", "shared"))
    for each in pythons:
        subprocess.run([each, "-c", "pass"], check=True, env=shared)
    subprocess.run([pythons[0], "-c", "pass"], check=True, env=alone)
    count = len(os.listdir(os.path.join(shared["XDG_CACHE_HOME"], "cuda-shims", "roots")))
    if count < ENVIRONMENTS:
        raise SystemExit(f"bench: {count} roots in the cache, not {ENVIRONMENTS}")

    def first(environ: Mapping[str, str]) -> float:
        command = [pythons[0], "-m", "cuda_shims", "root"]
        root = subprocess.run(command, check=True, env=environ, capture_output=True, text=True).stdout.strip()
        shutil.rmtree(os.path.dirname(root))
        return run([pythons[0], "-c", "pass"], environ)

    places = (alone, shared)
    name = f"1 / {ENVIRONMENTS} environments' roots in the cache"
    one, two = times([lambda each=each: run([pythons[0], "-c", "pass"], each) for each in places], rounds)
    row(f"start of Python, {name}", f"{1000 * one:.2f} / {1000 * two:.2f} ms, {two / one:.3f} x", "")
    one, two = times([lambda each=each: first(each) for each in places], max(10, rounds // 4))
    row(f"first start, {name}", f"{1000 * one:.1f} / {1000 * two:.1f} ms, {two / one:.3f} x", "")
    _ccache_row(pythons, folder, clock)


def _ccache_row(pythons: list[str], folder: str, clock: Clock) -> None:
    rounds, times, run, row, _ = clock
    program = shutil.which("ccache")
    if not program:
        row("compile by ccache and the shim", "no ccache on PATH", "")
        return
    source = os.path.join(tempfile.mkdtemp(dir=folder), "x.cu")
    with open(source, "w", encoding="utf-8") as file:
        file.write(_SOURCE)

    def command(python: str) -> list[str]:
        nvcc = _beside(python, "nvcc")
        return [program, nvcc, "-arch=sm_90", "-c", source, "-o", f"{source}.o"]

    places = []
    for name, users in (("one", pythons[:1]), ("all", pythons)):
        environ = {**os.environ, "CCACHE_DIR": os.path.join(folder, f"ccache-{name}")}
        for each in users:
            subprocess.run(command(each), check=True, env=environ, stdout=subprocess.DEVNULL, stderr=sys.stderr)
        places.append(environ)
    one, two = times([lambda each=each: run(command(pythons[0]), each) for each in places], max(10, rounds // 4))
    measured = f"{1000 * one:.1f} / {1000 * two:.1f} ms, {two / one:.3f} x"
    row(f"ccache hit by the shim, cache of 1 / {ENVIRONMENTS} environments", measured, "")


def _distributions(site_dir: str, count: int) -> None:
    for number in range(count - len([name for name in os.listdir(site_dir) if name.endswith(".dist-info")])):
        name = f"other_{number}"
        path = os.path.join(site_dir, f"{name}-1.0.dist-info")
        os.mkdir(path)
        with open(os.path.join(path, "METADATA"), "w", encoding="utf-8") as file:
            file.write(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        with open(os.path.join(path, "RECORD"), "w", encoding="utf-8") as file:
            file.writelines(f"{name}/module_{line}.py,sha256=x,1\n" for line in range(_FILES))


def _beside(python: str, name: str) -> str:
    return os.path.join(os.path.dirname(python), name)


__all__ = ["Clock", "scale_rows"]
