"""A PEP 517 back end of no dependencies: notes what a build sees of a toolkit, and compiles with nvcc alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile

VARIABLES = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "CUDACXX", "NVCC")
#: files that a complete toolkit root has
PARTS = (
    *("bin/nvcc", "bin/ptxas", "bin/nvcc.profile", "bin/crt/link.stub", "include/cuda.h", "include/cuda_runtime.h"),
    *("lib64/libcudart.so", "lib64/libcudart_static.a", "lib64/libcudadevrt.a", "lib/stubs/libcuda.so"),
    *("nvvm/bin/cicc", "nvvm/libdevice/libdevice.10.bc", "nvvm/lib64/libnvvm.so", "version.json", "version.txt"),
)
COMPILE = "nvcc -v -shared -arch=sm_80 -Xcompiler=-fPIC -cudart shared probe.cu -lcuda -o probe_shared.so"
WHEEL = "Wheel-Version: 1.0\nGenerator: probe\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
METADATA = "Metadata-Version: 2.1\nName: cuda-probe\nVersion: 1.0\n"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):  # noqa: ARG001 # PEP 517's names
    """Build the one wheel."""
    nvcc = shutil.which("nvcc")
    root = os.path.dirname(os.path.dirname(nvcc or "/nowhere/bin/nvcc"))
    files = {part: os.path.join(root, part) for part in PARTS}
    done = subprocess.run(COMPILE.split(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    sys.stderr.write(done.stdout)
    done.check_returncode()
    report = {
        "python": sys.version_info[:2],
        "nvcc": nvcc,
        "root": root,
        "environ": {name: os.environ.get(name) for name in VARIABLES},
        "path": os.environ["PATH"],
        # absent, or empty
        "missing": [part for part, file in files.items() if not os.path.isfile(file) or not os.path.getsize(file)],
        "top": done.stdout.partition("#$ TOP=")[2].partition("\n")[0],
        "version": subprocess.check_output(["nvcc", "--version"], universal_newlines=True),
    }
    name = "cuda_probe-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.write("probe_shared.so", "cuda_probe/probe_shared.so")
        wheel.write("src/cuda_probe/__init__.py", "cuda_probe/__init__.py")
        wheel.writestr("cuda_probe/report.json", json.dumps(report))
        for file, text in (("WHEEL", WHEEL), ("METADATA", METADATA), ("RECORD", "")):
            wheel.writestr(f"cuda_probe-1.0.dist-info/{file}", text)
    return name
