"""
Run on a GPU what isolated builds made on a machine that has none.

``python tests/gpu/gpu.py build FOLDER`` builds the projects of ``docs/examples`` on the machine without CUDA, each in
an isolated environment with this checkout's cuda-shims, into FOLDER. Carry FOLDER to the machine with the GPU;
``python tests/gpu/gpu.py run FOLDER`` there, with a Python that has CuPy, checks every answer, writes
``FOLDER/gpu.json`` and needs no network, no compiler and no cuda-shims. A wheel that an example requires and that
Python lacks (cffi) goes into FOLDER too. ``python tests/gpu/gpu.py page FOLDER/gpu.json`` writes
``docs/reference/gpu.md`` from it.
"""

from __future__ import annotations

import argparse
import glob
import importlib.metadata
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(CHECKOUT, "docs", "examples")
PAGE = os.path.join(CHECKOUT, "docs", "reference", "gpu.md")
#: built when it is named: what an extension of torch is built against has to be the other machine's torch, of 3 GB; let
#: PIP_BUILD_CONSTRAINT say which
LEFT_OUT = {"torch-extension"}
BUILT = "built.json"
#: float32 has 24 bits; a sum of a million products loses some of them
LIMIT = 1e-5
SIZES = (1, 1000, 1_000_003, 100_000_000)


def build(folder: str, names: Sequence[str], architecture: str, toolkit: str, python: str) -> int:
    """
    Build examples.

    :param folder: where the wheels go, beside those that are there; made if need be
    :param names: which; all, when there are none
    :param architecture: of the GPU, ``90`` say: machine code for it alone, so that a driver older than the toolkit runs
        it; PTX of a newer toolkit it would refuse
    :param toolkit: what ``cuda-toolkit`` is constrained to, ``13.*`` say
    :param python: the interpreter that the wheels are for
    :returns: how many failed
    """
    import bench  # this file alone can be carried to the machine with the GPU
    import demo

    os.makedirs(folder, exist_ok=True)
    failed, built = 0, {}
    facts = pathlib.Path(folder, BUILT)
    if facts.exists():
        built = json.loads(facts.read_text(encoding="utf-8"))["examples"]
    with tempfile.TemporaryDirectory() as work:
        pip = [python, "-m", "pip", "wheel", "--no-deps"]
        environ = {**os.environ, "CUDAARCHS": architecture, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        environ["TORCH_CUDA_ARCH_LIST"] = f"{architecture[:-1]}.{architecture[-1]}"
        demo.constrain(environ, work, bench.build_wheel(work), toolkit)
        for example in names or sorted({each.name for each in os.scandir(EXAMPLES) if each.is_dir()} - LEFT_OUT):
            begin = time.monotonic()
            project, wheels = os.path.join(work, "projects", example), os.path.join(work, example)
            shutil.copytree(os.path.join(EXAMPLES, example), project)  # some back ends write into their sources
            done = subprocess.run(
                [*pip, "-w", wheels, project],
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode:
                failed += 1
                print(f"{example}: not built\n{done.stdout[-2000:]}", file=sys.stderr)
                continue
            (wheel,) = os.listdir(wheels)
            os.replace(os.path.join(wheels, wheel), os.path.join(folder, wheel))
            built[example] = {"wheel": wheel, "seconds_built": round(time.monotonic() - begin, 1)}
            print(f"{example}: {wheel}, {built[example]['seconds_built']} s", flush=True)
    text = json.dumps({"architecture": architecture, "examples": built}, indent=1)
    facts.write_text(f"{text}\n", encoding="utf-8")
    return failed


def run(folder: str) -> int:
    """
    Run every wheel of a folder on this machine's GPU.

    :param folder: what :func:`build` filled
    :returns: how many gave a wrong answer, or none
    """
    built = json.loads(pathlib.Path(folder, BUILT).read_text(encoding="utf-8"))
    result: dict[str, Any] = {**machine(), "architecture": built["architecture"], "examples": {}}
    with tempfile.TemporaryDirectory() as site:
        wheels = sorted(glob.glob(os.path.join(folder, "*.whl")))
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", site, *wheels],
            check=True,
        )
        # the shared libraries of CUDA, which those wheels look for beside themselves
        beside = next((path for path in sys.path if os.path.isdir(os.path.join(path, "nvidia", "cu13", "lib"))), None)
        if beside:
            os.symlink(os.path.join(beside, "nvidia"), os.path.join(site, "nvidia"))
        environ = {**os.environ, "PYTHONPATH": site}
        for example, facts in built["examples"].items():
            name = next(iter(_packages(os.path.join(folder, facts["wheel"]))))
            code = f"import {name} as m; v = m.cuda_versions(); e = m.selftest(); print(v[0], v[1], e if e else 0.0)"
            begin = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
            )
            answer = {"package": name, "seconds": round(time.monotonic() - begin, 2), **facts}
            if done.returncode:
                answer["problem"] = (done.stderr.strip().splitlines() or ["no output"])[-1]
            else:
                headers, runtime, error = done.stdout.split()
                answer |= {"headers": int(headers), "runtime": int(runtime), "error": float(error)}
            result["examples"][example] = answer
            print(f"{example}: {answer.get('problem') or 'right'}", flush=True)
        sys.path.insert(0, site)
        result["cupy"] = on_cupy_arrays()
    text = json.dumps(result, indent=1)
    print(text)
    pathlib.Path(folder, "gpu.json").write_text(text + "\n", encoding="utf-8")
    wrong = [row for row in result["cupy"]["rows"] if max(row["axpy_error"], row["dot_error"]) > LIMIT]
    return len(wrong) + sum("problem" in answer for answer in result["examples"].values())


def machine() -> dict[str, Any]:
    """
    Describe the machine.

    :returns: its GPU, driver, CuPy, Python, system
    """
    import cupy  # on the machine with the GPU alone

    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    gpu, driver, memory = subprocess.check_output(query, text=True).splitlines()[0].split(", ")
    capability = cupy.cuda.Device(0).compute_capability
    return {
        "gpu": gpu,
        "capability": capability,
        "memory": memory,
        "driver": driver,
        "driver_cuda": cupy.cuda.runtime.driverGetVersion(),
        "cupy_version": cupy.__version__,
        "python": platform.python_version(),
        "libc": " ".join(platform.libc_ver()),
        "libraries": {
            name: importlib.metadata.version(name)
            for name in ("nvidia-cublas", "nvidia-cuda-runtime", "nvidia-cufft", "nvidia-curand")
            if any(True for _ in importlib.metadata.distributions(name=name))
        },
    }


def on_cupy_arrays() -> dict[str, Any]:
    """
    Run the kernels of ``vector_ops`` on CuPy arrays, and compare with NumPy in double precision.

    :returns: for each size the largest relative errors, and how fast it was
    """
    import cupy
    import numpy as np
    import vector_ops  # one of the wheels

    rows = []
    random = np.random.default_rng(1)
    for size in SIZES:
        x, y = (random.random(size, np.float32) for _ in range(2))
        on_gpu, answer, total = cupy.asarray(x), cupy.asarray(y), cupy.empty(1, cupy.float32)
        vector_ops.axpy(2.5, on_gpu, answer)
        vector_ops.dot(on_gpu, cupy.asarray(y), total)
        exact, exact_sum = 2.5 * x.astype("f8") + y, float(x.astype("f8") @ y.astype("f8"))
        row = {
            "size": size,
            "axpy_error": float(np.max(np.abs(answer.get() - exact) / exact)),
            "dot_error": abs(float(total[0]) - exact_sum) / exact_sum,
        }
        rows.append(row)
    # the last and largest ones
    rows[-1]["axpy_ms"] = _milliseconds(cupy, vector_ops.axpy, 1e-9, on_gpu, answer)
    rows[-1]["cupy_ms"] = _milliseconds(cupy, cupy.add, answer, on_gpu, answer)
    with cupy.cuda.Stream(non_blocking=True) as stream:  # an array made on another stream names it
        x, y = cupy.arange(1000, dtype="f4"), cupy.ones(1000, "f4")
        vector_ops.axpy(2.0, x, y)
        stream.synchronize()
        on_stream = float(abs(y - (2 * x + 1)).max())
    return {"runtime": list(vector_ops.runtime_version()), "rows": rows, "stream_error": on_stream}


def _milliseconds(cupy: Any, call: Any, *arguments: Any, repeat: int = 20) -> float:
    times = []
    for _ in range(repeat):
        start, end = cupy.cuda.Event(), cupy.cuda.Event()
        start.record()
        call(*arguments)
        end.record()
        end.synchronize()
        times.append(cupy.cuda.get_elapsed_time(start, end))
    return round(sorted(times)[repeat // 2], 4)


def _packages(wheel: str) -> list[str]:
    import zipfile

    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    return sorted({name.split("/")[0] for name in names if name.count("/") == 1 and name.endswith("/__init__.py")})


TEMPLATE = """\
# On a GPU

pip built the projects of [the examples](../examples) in isolated builds, on a machine with no GPU, no driver and no
CUDA except NVIDIA's wheels. The resulting wheels ran on a machine with a GPU, where they need neither a compiler nor
cuda-shims. `tests/gpu/gpu.py` does both halves and writes this page.

| | |
|---|---|
| GPU | {gpu}, {memory}, compute capability {capability} |
| driver | {driver}, for CUDA {driver_cuda} |
| toolkit of the wheels | {wheels}, machine code for sm_{architecture} |
| there | Python {python}, {libc}, CuPy {cupy_version}; {libraries} |

## Every example: {right} of {count} gave the right answers

Each example compares the results of its kernels, or of CUDA's library, with values that it computes itself or knows.

| example | headers and runtime | build | self-test |
|---|---|---|---|
{examples}

## CuPy arrays

The two kernels of [vector_ops](../examples/scikit-build-core) ran on arrays of random float32 numbers in [0, 1). The
table compares them with NumPy in double precision; float32 itself is exact to 6.0e-08.

| elements | axpy, largest relative error | dot, relative error |
|---|---|---|
{errors}

Largest difference on a CuPy stream: {stream_error:g}. axpy on {size:,} elements takes {axpy_ms:.3f} ms
({axpy_speed:.0f} GB/s), CuPy's own addition of such arrays {cupy_ms:.3f} ms ({cupy_speed:.0f} GB/s); medians of 20.
"""


def page(result: dict[str, Any]) -> str:
    """
    Write the page of the figures.

    :param result: what :func:`run` found
    :returns: Markdown
    """
    cupy, answers = result["cupy"], result["examples"]
    last = cupy["rows"][-1]
    examples = []
    for example, answer in sorted(answers.items()):
        versions = " and ".join(_version(answer[name]) for name in ("headers", "runtime") if name in answer)
        outcome = answer.get("problem") or f"right, {answer['seconds']:.1f} s with the start of Python"
        built = f"{answer['seconds_built']:.0f} s"
        examples.append(f"| [{example}](../examples/{example}) | {versions} | {built} | {outcome} |")
    errors = [f"| {row['size']:,} | {row['axpy_error']:.1e} | {row['dot_error']:.1e} |" for row in cupy["rows"]]
    shown = {
        **result,
        "capability": f"{result['capability'][:-1]}.{result['capability'][-1]}",
        "driver_cuda": _version(result["driver_cuda"]),
        "wheels": ".".join(map(str, cupy["runtime"])),
        "libraries": ", ".join(f"{name} {version}" for name, version in result["libraries"].items()),
        "right": sum("problem" not in answer for answer in answers.values()),
        "count": len(answers),
        "examples": "\n".join(examples),
        "errors": "\n".join(errors),
        # two arrays are read and one is written, of four bytes an element
        **{f"{name}_speed": 12e-6 * last["size"] / last[f"{name}_ms"] for name in ("axpy", "cupy")},
    }
    return TEMPLATE.format(**shown, **last, stream_error=cupy["stream_error"])


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def main(arguments: list[str] | None = None) -> int:
    """Run one half, or write the page; 0 when all answers were right."""
    parser = argparse.ArgumentParser(description="Builds the examples here, and runs them on a machine with a GPU.")
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    making = steps.add_parser("build", help="build every example, isolated, into a folder")
    making.add_argument("folder")
    making.add_argument("example", nargs="*", help="of docs/examples (default: all but torch's)")
    making.add_argument("--architecture", default="90", help="of the GPU (default: %(default)s)")
    making.add_argument("--toolkit", default="13.*", help="the release of the wheels (default: %(default)s)")
    making.add_argument("--python", default=sys.executable, help="what the wheels are for (default: this one)")
    running = steps.add_parser("run", help="run a folder's wheels on this machine's GPU")
    running.add_argument("folder")
    writing = steps.add_parser("page", help="write docs/reference/gpu.md")
    writing.add_argument("result", help="the gpu.json that run wrote")
    options = parser.parse_args(arguments)
    if options.step == "build":
        return 1 if build(options.folder, options.example, options.architecture, options.toolkit, options.python) else 0
    if options.step == "run":
        return 1 if run(options.folder) else 0
    text = page(json.loads(pathlib.Path(options.result).read_text(encoding="utf-8")))
    pathlib.Path(PAGE).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
