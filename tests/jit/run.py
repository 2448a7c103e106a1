"""
Compile by each package that compiles when it runs, and compare what its kernels give on a GPU.

``python tests/jit/run.py RESULTS [NAME ...]`` appends a JSON line each: which release of the package, what it says it
found, how long it took, and, where there is a GPU, the largest error against what NumPy, or torch in double precision,
says. Each probe is a process of its own, with nothing else running.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import importlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROBES = os.path.join(HERE, "probes")
#: half precision has 11 bits, and a sum loses some
LIMIT = 2e-3
#: what a process inherits: as in an activated environment; the same and what the page tells to set; nothing; NVIDIA's
#: wheels alone; a toolkit that CUDA's own installer laid out
HOW = ("shims", "told", "empty", "bare", "classic")
#: told where there is no GPU to ask
ARCHITECTURES = {
    "TORCH_CUDA_ARCH_LIST": "9.0",
    "TVM_FFI_CUDA_ARCH_LIST": "9.0a",
    "FLASHINFER_CUDA_ARCH_LIST": "9.0a",
    "MAX_JOBS": "2",
}
KEPT = ("JIT_ARTEFACTS", "PYTHONFAULTHANDLER", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
SHIMS = {
    "bin2c",
    "cu++filt",
    "cudafe++",
    "cuobjdump",
    "fatbinary",
    "nvcc",
    "nvdisasm",
    "nvlink",
    "nvprune",
    "ptxas",
    "tileiras",
}


def gpu_name():
    """Return the name of this machine's GPU and its driver, or None."""
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return None


def version_of(distribution):
    """Return what is installed, or what a carried library was made with."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        with open(os.path.join(os.environ["JIT_ARTEFACTS"], "versions.json"), encoding="utf-8") as file:
            return json.load(file)[distribution]


def probe(name, gpu):
    """Run one probe in this process; returns what there is to say of it."""
    module = importlib.import_module(name)
    answer = {"version": version_of(module.DISTRIBUTION), "nvcc": importlib.metadata.version("nvidia-cuda-nvcc")}
    if getattr(module, "NEEDS_GPU", False) and not gpu:
        return {**answer, "skipped": "needs a GPU"}
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        made, found = module.build(folder)
        answer |= {"found": [str(each) for each in found], "seconds": round(time.monotonic() - begin, 1)}
        if gpu:
            got, wanted = (as_array(each) for each in module.compare(made))
            answer["error"] = float(abs(got - wanted).max() / abs(wanted).max())
            answer["right"] = got.shape == wanted.shape and answer["error"] < getattr(module, "LIMIT", LIMIT)
            answer["seconds_all"] = round(time.monotonic() - begin, 1)
    return answer


def as_array(value):
    """Return a package's array as NumPy's, in double precision."""
    import numpy as np

    if hasattr(value, "detach"):
        value = value.detach().double().cpu().numpy()
    return np.asarray(value, "f8")


def environment(how, module, options):
    """Return what a probe's process inherits, None where there is no such one."""
    variables = getattr(module, "variables", None)
    path = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/nvidia/bin"
    scripts = os.path.dirname(sys.executable)
    kept = {key: os.environ[key] for key in KEPT if key in os.environ}
    if not gpu_name():
        kept |= ARCHITECTURES
    if how == "empty":
        return kept
    kept |= {key: os.environ[key] for key in ("HOME", "USER", "LANG") if key in os.environ}
    if how == "shims":
        return {**kept, "PATH": f"{scripts}:{path}"}
    if how == "told":  # what the page says to set
        return variables and {**kept, "PATH": f"{scripts}:{path}", **variables(root_of_this())}
    kept["CUDA_SHIMS_STARTUP"] = "0"
    if how == "bare":  # the environment's programs, but for the shims
        return {**kept, "PATH": f"{without_shims(scripts)}:{path}"}
    home = os.path.abspath(options.classic)
    kept |= {"CUDA_HOME": home, "CUDA_PATH": home, "PATH": f"{home}/bin:{without_shims(scripts)}:{path}"}
    return {**kept, "LD_LIBRARY_PATH": f"{home}/lib64"}  # for that, CUDA's own installer writes into ld.so.conf.d


@functools.cache
def root_of_this():
    code = "import os; print(os.environ['CUDA_HOME'])"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}, check=True
    ).stdout.strip()


@functools.cache
def without_shims(scripts):
    folder = tempfile.mkdtemp()
    for each in os.scandir(scripts):
        if each.name not in SHIMS:
            os.symlink(each.path, os.path.join(folder, each.name))
    return folder


def run_one(name, how, options, gpu):
    """Run one probe as a process of its own; returns its row."""
    begin = time.monotonic()
    module = importlib.import_module(name)
    title = module.__doc__.partition(": ")[0]
    row = {"probe": name, "title": title, "distribution": module.DISTRIBUTION, "how": how, "gpu": gpu}
    if how == "told" and hasattr(module, "variables"):
        row["variables"] = sorted(module.variables(""))
    environ = environment(how, module, options)
    command = [sys.executable, os.path.abspath(__file__), options.results, name, "--one"]
    if environ is None:
        return None
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=options.timeout, env=environ, check=False
        )
        if done.returncode:
            row |= {"code": done.returncode, "problem": (done.stdout + done.stderr)[-20000:]}
        else:
            row |= json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired as error:
        row["problem"] = f"{error}\n{(error.stdout or b'').decode()[-1500:]}{(error.stderr or b'').decode()[-1500:]}"
    row["wall"] = round(time.monotonic() - begin, 1)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results")
    parser.add_argument("name", nargs="*")
    parser.add_argument("--one", action="store_true", help="run the probe in this process")
    parser.add_argument("--how", action="append", choices=HOW, help="what its process inherits (default: shims, told)")
    parser.add_argument("--classic", help="a toolkit laid out as CUDA's installer does, for --how classic")
    parser.add_argument("--but", action="append", default=[], help="leave a probe out")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--timeout", type=int, default=600)
    options = parser.parse_intermixed_args()
    gpu = gpu_name()
    sys.path.insert(0, PROBES)
    if options.one:
        print("\n" + json.dumps(probe(options.name[0], gpu)))
        return 0
    every = sorted(each[:-3] for each in os.listdir(PROBES) if each.endswith(".py") and not each.endswith("_source.py"))
    names = [name for name in options.name or every if name not in options.but]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        pairs = [(name, how) for how in options.how or HOW[:2] for name in names]
        for done in concurrent.futures.as_completed([pool.submit(run_one, *pair, options, gpu) for pair in pairs]):
            row = done.result()
            if row is None:
                continue
            with open(options.results, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            said = row.get("problem") or row.get("skipped") or row.get("right", "compiled")
            print(f"{row['probe']}, {row['how']}: {row['wall']} s: {said if said is not True else 'right'}", flush=True)
            bad += "problem" in row or row.get("right") is False
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
