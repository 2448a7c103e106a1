"""
Run the programs of a folder that ``pack.py`` filled, on the GPU of this machine: ``python3 programs.py OUTPUT``.

Writes OUTPUT/gpu.jsonl, a line for the machine and one for each program. It needs nothing but Python and the driver.
"""

from __future__ import annotations

import glob
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
#: seconds
LIMIT = 120
#: exit code by which a test of Meson's says that it cannot be run
SKIPPED = 77


def main(output):
    """Run all of them; the exit code says whether all passed."""
    os.makedirs(output, exist_ok=True)
    failed = 0
    with open(os.path.join(output, "gpu.jsonl"), "w", encoding="utf-8") as notes:
        notes.write(json.dumps({"machine": machine()}) + "\n")
        for name in sorted(glob.glob(os.path.join(glob.escape(HERE), "*.json"))):
            with open(name, encoding="utf-8") as file:
                packed = json.load(file)
            for row in run_suite(packed, os.path.join(HERE, os.path.splitext(os.path.basename(name))[0])):
                notes.write(json.dumps(row) + "\n")
                notes.flush()
                failed += row["outcome"] == "failed"
                print(row["suite"], row["test"], row["outcome"], f"(exit code {row['rc']})", flush=True)
    return 1 if failed else 0


def machine():
    """Describe the GPU and its driver."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"]
    try:
        gpu, driver, capability = subprocess.check_output(query, text=True).splitlines()[0].split(", ")
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError) as error:
        return {"gpu": None, "problem": str(error)}
    return {"gpu": gpu, "driver": driver, "capability": capability}


def run_suite(packed, folder):
    """Run the programs of a suite, at the path that they were built at: some load files by it."""
    there = packed["built in"]
    made = not os.path.lexists(there)
    if made:
        os.makedirs(os.path.dirname(there), exist_ok=True)
        os.symlink(folder, there)
    libraries = {os.path.join(HERE, "lib")}
    libraries |= {top for top, _, names in os.walk(folder) if any(".so" in name for name in names)}
    # what was too large to carry: the libraries of CUDA that this Python has as wheels
    own = [os.path.join(path, "nvidia", "cu13", "lib") for path in sys.path]
    libraries = [*sorted(libraries), *filter(os.path.isdir, own)]
    try:
        for program in packed["programs"]:
            yield run_program(program, libraries)
    finally:
        if made:
            os.remove(there)


def run_program(program, libraries):
    """Run those of one test, until one fails; a row of what came of it."""
    first = program["folder"]
    # those of the test itself before another's of that name
    libraries = sorted(libraries, key=lambda path: not os.path.join(path, "").startswith(os.path.join(first, "")))
    before = os.environ.get("LD_LIBRARY_PATH")
    environ = {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join([*libraries, *filter(None, [before])])}
    begin, rc, said = time.monotonic(), 0, ""
    for command in program["commands"]:
        try:
            done = subprocess.run(
                command,
                cwd=first if os.path.isdir(first) else None,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=LIMIT,
                check=False,
            )
            rc, text = done.returncode, done.stdout.decode(errors="replace")
        except (OSError, subprocess.TimeoutExpired) as error:
            rc, text = -1, str(error)
        said += text
        if rc:
            break
    about = {"suite": program["suite"], "test": program["test"], "way": "GPU"}
    outcome = {0: "passed", SKIPPED: "skipped"}.get(rc, "failed")
    return {**about, "outcome": outcome, "rc": rc, "seconds": round(time.monotonic() - begin, 2), "said": said[-2000:]}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    sys.exit(main(sys.argv[1]))
