"""docs/how-to/run-time-compilers.md, of processes that inherit nothing and of libraries that are looked for by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from e2e_support import TOOLKIT, site_packages

pytestmark = pytest.mark.timeout(900)

#: what a package does that compiles when it runs, in the process itself and in workers of it
COMPILE = """
import multiprocessing, os, shutil, subprocess, sys
def compile_one(folder):
    source = os.path.join(folder, f"{os.getpid()}.cu")
    with open(source, "w") as file:
        file.write("#include <cuda_fp16.h>\\n__global__ void one(__half *x) { *x = 1; }")
    nvcc = os.path.join(os.environ["CUDA_HOME"], "bin", "nvcc")
    assert shutil.which("nvcc") == nvcc
    subprocess.run([nvcc, "-arch=sm_80", "-cubin", source, "-o", source + "bin"], check=True)
    return nvcc
if __name__ == "__main__":
    print(compile_one(sys.argv[1]), shutil.which("cuda-shims"))
    os.environ.clear()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(*pool.map(compile_one, sys.argv[1:]))
"""
#: as tinygrad and KeOps look for NVRTC and use it
NVRTC = """
import ctypes, json, os, sys
from ctypes.util import find_library
name = sys.argv[1] if sys.argv[1:] else find_library("nvrtc")
answer = [name]
try:
    nvrtc = ctypes.CDLL(name) if name else None
except OSError as error:
    nvrtc = None
    answer.append(str(error))
if nvrtc:
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), b"__global__ void f(int *x) { *x = 1; }", b"f.cu", 0, None, None)
    answer.append(nvrtc.nvrtcCompileProgram(program, 1, (ctypes.c_char_p * 1)(b"-arch=sm_80")))
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    answer.append(log.value.decode())
print(json.dumps(answer))
"""
BUILTIN_OPERATION_FAILURE = 7
#: whose NVRTC does not look beside itself for what it opens, as those of 13.2 and later do
OLD = "13.0.2"


def environment(world, release):
    requirements = ["cuda-shims", f"cuda-toolkit[cccl,cudart,nvcc,nvrtc]=={release}"]
    name = f"run-time-{release}"
    return Path(world.once(name, lambda folder: str(world.venv(folder / "venv", *requirements))))


def test_processes_that_inherit_nothing(world, tmp_path):
    """The compiler is found, a program of the environment's is not."""
    scripts = environment(world, TOOLKIT)
    program = tmp_path / "program.py"
    program.write_text(COMPILE)
    said = world.run("/usr/bin/env", "-i", scripts / "python", program, tmp_path)
    nvcc = str(site_packages(scripts.parent) / "cuda_shims_toolkit/cu13/bin/nvcc")
    assert said.splitlines() == [f"{nvcc} None", nvcc]
    assert len(list(tmp_path.glob("*.cubin"))) == 2


@pytest.mark.parametrize("release", [TOOLKIT, pytest.param(OLD, marks=pytest.mark.matrix)])
def test_libraries_by_name(world, release):
    scripts = environment(world, release)
    root = world.run(scripts / "cuda-shims", "root", env=world.environ(scripts)).strip()

    def ask(*name, **variables):
        return json.loads(world.run(scripts / "python", "-c", NVRTC, *name, env=world.environ(scripts, **variables)))

    assert ask() == [None]
    assert ask(LD_LIBRARY_PATH=f"{root}/lib")[:2] == ["libnvrtc.so.13", 0]
    by_linker = ask(LIBRARY_PATH=f"{root}/lib")
    assert by_linker[0] == "libnvrtc.so.13"
    assert "cannot open shared object file" in by_linker[1]
    code, log = ask(f"{root}/lib/libnvrtc.so")[1:]
    assert code == (BUILTIN_OPERATION_FAILURE if release == OLD else 0)
    assert ("failed to open libnvrtc-builtins.so" in log) == (release == OLD)
