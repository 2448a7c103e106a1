"""
What compiles when it runs, or looks for CUDA's pieces then: it finds the wheels', and nothing of ours misleads it.

Each probe runs in an environment with the real package, on a machine without CUDA and without a GPU, with our hook and
without; it says where it found things, and compiles for a GPU that is not there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from e2e_support import TOOLKIT, site_packages
from example_support import RELEASES

pytestmark = [pytest.mark.timeout(900), pytest.mark.matrix]

PACKAGES = ("numba-cuda", "cupy-cuda13x", "triton", "jax", "jaxlib", "cuda-bindings", "cuda-core", "cuda-pathfinder")
EXTRAS = "cccl,cudart,nvcc,nvjitlink,nvrtc,nvvm"

PATHFINDER = """
from cuda.pathfinder import find_nvidia_header_directory, load_nvidia_dynamic_lib
found = {name: load_nvidia_dynamic_lib(name).abs_path for name in ("nvrtc", "nvvm", "cudart", "nvJitLink")}
answer = [*found.values(), find_nvidia_header_directory("cudart")]
"""
NVRTC = """
from cuda.core import Program, ProgramOptions
from cuda.pathfinder import find_nvidia_header_directory
include = find_nvidia_header_directory("cudart")
if where == "root":
    include = os.path.join(os.environ["CUDA_HOME"], "include")
code = '''
#include <cuda_fp16.h>
#include <cuda/std/type_traits>
__global__ void add(__half *x) { static_assert(cuda::std::is_same<int, int>::value, ""); x[0] = __hadd(x[0], x[1]); }
'''
options = ProgramOptions(arch="sm_80", include_path=[include, os.path.join(include, "cccl")])
cubin = Program(code, "c++", options).compile("cubin").code
"""
NUMBA = """
from numba import cuda, types
from numba.cuda.cuda_paths import get_cuda_paths
def double(x):
    x[cuda.grid(1)] *= 2
answer = [cuda.compile_ptx(double, (types.float32[:],), cc=(8, 0))[0]]
answer += [str(each.info) for each in get_cuda_paths().values() if each.info]
"""
CUPY = """
import cupy
from cupy.cuda import compiler
code = 'extern "C" __global__ void one(float *x) { x[0] = 1; }'
cubin = compiler.compile_using_nvcc(code, arch="80")
answer = [cupy._environment.get_nvcc_path()]
"""
TRITON = """
import triton
from triton import knobs
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from kernel import add_one
source = ASTSource(fn=add_one, signature={"x": "*fp32"}, constexprs={})
cubin = triton.compile(source, target=GPUTarget("cuda", 80, 32)).asm["cubin"]
answer = [knobs.nvidia.ptxas.path, knobs.nvidia.ptxas.version]
"""
TRITON_KERNEL = """
import triton
import triton.language as tl
@triton.jit
def add_one(x):
    tl.store(x, tl.load(x) + 1)
"""
JAX = """
import jax._src.lib
answer = [jax._src.lib.cuda_path]
"""
TVM = """
import tvm
from tvm.support import nvcc
code = 'extern "C" __global__ void one(float *x) { x[0] = 1; }'
with tvm.target.Target({"kind": "cuda", "arch": "sm_80"}):
    cubin = bytes(nvcc.compile_cuda(code, target_format="cubin", arch="sm_80", compiler="nvcc"))
answer = [nvcc.find_cuda_path(), str(nvcc.get_cuda_version())]
"""
_RUN = """
import json, os, sys
where, program, folder = sys.argv[1:]
answer, cubin = [], b""
exec(program)
open(os.path.join(folder, "cubin"), "wb").write(cubin)
print("\\n" + json.dumps(answer))
"""


class Place:
    """An environment with the packages, and what they say in it."""

    def __init__(self, world, release, folder, name, *packages):
        # cuobjdump's wheels begin with 13.2, and those of a later release read what an earlier one wrote
        requirements = [*packages, "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={release}", "nvidia-cuda-cuobjdump"]
        self.bin = Path(world.once(name, lambda made: str(world.venv(made / "venv", *requirements))))
        self.site = site_packages(self.bin.parent)
        self.world, self.folder, self.release = world, folder, release
        self.cu13 = str(self.site / "nvidia/cu13")
        self.root = str(self.site / "cuda_shims_toolkit/cu13")

    def ask(self, program, where="wheels", **variables):
        """Run a probe as its users run theirs; returns what it answers."""
        env = self.world.environ(
            self.bin, **variables, TRITON_CACHE_DIR=self.folder / "cache", XDG_CACHE_HOME=self.folder
        )
        (self.folder / "kernel.py").write_text(TRITON_KERNEL)
        (self.folder / "run.py").write_text(_RUN)
        said = self.world.run(
            self.bin / "python", self.folder / "run.py", where, program, self.folder, cwd=self.folder, env=env
        )
        return json.loads(said.splitlines()[-1])

    def compiler(self):
        """Return the release of the compiler that made the last cubin."""
        env = self.world.environ(self.bin)
        said = self.world.run(f"{self.cu13}/bin/cuobjdump", "-elf", self.folder / "cubin", env=env)
        assert "sm=80" in said
        return re.findall(r"Tool Version: Cuda compilation tools, release [\d.]+, V(\S+)", said)


@pytest.fixture(params=RELEASES)
def place(request, world, tmp_path):
    return Place(world, request.param, tmp_path, f"lookups-{request.param}", *PACKAGES)


@pytest.fixture(autouse=True)
def cell(request, record_property):
    """Note a row of the matrix: the test's name says it."""
    system = request.node.originalname.removeprefix("test_").replace("_", " ")
    release = request.node.callspec.params["place"] if hasattr(request.node, "callspec") else TOOLKIT
    record_property("cell", {"system": NAMES[system], "front_end": "venv", "toolkit": release})


NAMES = {
    "pathfinder": "cuda-pathfinder",
    "nvrtc": "NVRTC (cuda-core), with the headers of wheels and root",
    "numba": "Numba-CUDA",
    "cupy": "CuPy with the back end nvcc",
    "triton": "Triton, with its ptxas and with ours",
    "jax": "JAX's look-up",
    "tvm": "TVM's nvcc",
}
OFF = {"CUDA_SHIMS_STARTUP": "0"}


def test_pathfinder(place):
    found = place.ask(PATHFINDER)
    assert found == place.ask(PATHFINDER, **OFF)
    assert all(each.startswith(f"{place.cu13}/") for each in found)


def test_nvrtc(place):
    for where in ("wheels", "root"):
        place.ask(NVRTC, where)
        assert place.compiler() == [RELEASES[place.release].nvcc]


def test_numba(place):
    ptx, *found = place.ask(NUMBA)
    assert [ptx, *found] == place.ask(NUMBA, **OFF)
    assert all(each.startswith(place.cu13) for each in found)
    assert f"V{RELEASES[place.release].nvcc}" in ptx


def test_cupy(place):
    """Without the hook it finds the wheels' own nvcc; with it, that of the root, which is the same one."""
    assert place.ask(CUPY) == [f"{place.root}/bin/nvcc"]
    assert place.compiler() == [RELEASES[place.release].nvcc]


def test_triton(place):
    bundled, _ = place.ask(TRITON)
    assert [bundled, _] == place.ask(TRITON, **OFF)
    assert bundled.startswith(f"{place.site}/triton/")
    release = ".".join(place.release.split(".")[:2])
    for ptxas in (f"{place.bin}/ptxas", f"{place.root}/bin/ptxas"):
        shutil.rmtree(place.folder / "cache")
        assert place.ask(TRITON, TRITON_PTXAS_PATH=ptxas) == [ptxas, release]
        assert place.compiler() == [RELEASES[place.release].nvcc]


def test_jax(place):
    assert place.ask(JAX) == place.ask(JAX, **OFF) == [place.cu13]


def test_tvm(world, tmp_path):
    place = Place(world, TOOLKIT, tmp_path, "lookups-tvm", "apache-tvm")
    release = str(tuple(map(int, RELEASES[TOOLKIT].nvcc.split("."))))
    assert place.ask(TVM) == [place.root, release]
    assert place.compiler() == [RELEASES[TOOLKIT].nvcc]
    assert os.path.isdir(place.root)
