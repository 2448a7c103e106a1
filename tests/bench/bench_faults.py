"""What a start of Python costs in an environment that is broken: ``python tests/bench/bench.py faults``, as root."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))

from faults import FAULTS  # it is the tests that know how to break an environment

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 5
#: runs where the fault is: starts with the hook and without it in turns; prints the milliseconds of both
_TIMES = """\
import json, os, subprocess, sys, time
def start(**more):
    began = time.perf_counter()
    done = subprocess.run([sys.argv[1], "-c", "pass"], env={**os.environ, **more}, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done
    return (time.perf_counter() - began) * 1000
start(CUDA_SHIMS_STARTUP="0")
print(json.dumps([[start(), start(CUDA_SHIMS_STARTUP="0")] for _ in range(8)]))
"""


def fault_rows(python: str, folder: str, row: Callable[[str, str, str], None]) -> None:
    """
    Measure each fault in copies of an environment: the first start in it, which may repair it, and those after it.

    :param python: the environment's
    :param folder: for the copies
    :param row: prints a row

    """
    if os.geteuid() or not shutil.which("unshare"):
        raise SystemExit("bench: the faults need root and unshare (util-linux)")
    whole = os.path.dirname(os.path.dirname(python))
    path = os.path.join(folder, "broken")
    subprocess.run([python, "-c", "pass"], check=True)
    for name, fault in FAULTS.items():
        first, later = [], []
        for _ in range(_ROUNDS):
            # links to the files, which nothing writes into
            subprocess.run(["cp", "-al", whole, path], check=True)
            (site,) = (each for each, folders, _ in os.walk(path) if "nvidia" in folders)
            with open(os.path.join(site, "nvidia", "cu13", "lib", "libmore.so.13"), "wb"):
                pass  # the root is stale
            fault.spoil(site, os.path.join(path, "bin"))
            command = [sys.executable, "-c", _TIMES, os.path.join(path, "bin", "python")]
            if fault.shell:
                private = ["unshare", "-m", "--propagation", "private"]
                command = [*private, "sh", "-c", fault.shell, "sh", path, *command]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            shutil.rmtree(path)
            pairs = json.loads(done.stdout)
            first.append(pairs[0][0] - statistics.median(without for _, without in pairs))
            later += [with_hook - without for with_hook, without in pairs[1:]]
        measured = f"+{statistics.median(first):.1f} ms, then +{statistics.median(later):.1f} ms"
        row(f"start of Python: {name}", measured, "<= +60 ms")
