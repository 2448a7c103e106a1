"""torch.utils.cpp_extension with a real CUDA build of torch, whose release of CUDA the wheels' nvcc shares, or not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from e2e_support import TOOLKIT, site_packages
from example_support import EXAMPLES_FOLDER, RELEASES

pytestmark = [pytest.mark.timeout(1800), pytest.mark.matrix, pytest.mark.xdist_group("torch")]

#: torch, the release of the toolkit that it pins
TORCH = {"2.15.0": "13.2.2", "2.14.1": "13.0.3.0"}
INLINE = """
import sys, torch
from torch.utils.cpp_extension import load_inline
cuda = '''
#include <cuda_runtime.h>
__global__ void twice_kernel(float *x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] *= 2; }
void twice(torch::Tensor x) { twice_kernel<<<(x.numel() + 255) / 256, 256>>>(x.data_ptr<float>(), x.numel()); }
int headers() { return CUDART_VERSION; }
int runtime() { int version = 0; return cudaRuntimeGetVersion(&version) ? -1 : version; }
'''
declared = "void twice(torch::Tensor x); int headers(); int runtime();"
module = load_inline("inline", declared, cuda, functions=["twice", "headers", "runtime"], verbose=True)
print("versions", module.headers(), module.runtime(), torch.version.cuda)
"""


def environment(world, torch, name, *more):
    def make(folder):
        release = TORCH[torch]
        requirements = ["cuda-shims", f"torch=={torch}", "ninja", "setuptools"]
        requirements += [f"cuda-toolkit[cccl,cublas,cudart,cusolver,cusparse,nvcc]=={release}"]
        scripts = world.venv(folder / "venv", *requirements)
        if more:  # past what torch pins
            world.run(world.uv, "pip", "install", "-q", "--no-deps", "-p", scripts / "python", *more)
        return str(scripts)

    return Path(world.once(name, make))


def load_inline(world, scripts, folder):
    variables = {"TORCH_CUDA_ARCH_LIST": "8.0", "TORCH_EXTENSIONS_DIR": folder / "built"}
    return world.run(scripts / "python", "-c", INLINE, env=world.environ(scripts, **variables), cwd=folder)


@pytest.mark.parametrize("torch", TORCH)
def test_load_inline(world, tmp_path, record_property, torch):
    cell = {"system": "torch: load_inline", "front_end": "venv", "toolkit": TORCH[torch]}
    record_property("cell", cell)
    scripts = environment(world, torch, f"torch-{torch}")
    said = load_inline(world, scripts, tmp_path)
    number = RELEASES[TORCH[torch]].number
    assert f"versions {number} {number} {number // 1000}.{number % 1000 // 10}" in said
    root = site_packages(scripts.parent) / "cuda_shims_toolkit/cu13"
    assert f"{root}/bin/nvcc" in said
    assert "mismatch" not in said


def test_another_minor_than_torchs(world, tmp_path, record_property):
    """Torch warns, and goes on: within a major, CUDA's runtime is compatible with what was built with another minor."""
    record_property("cell", {"system": "torch: nvcc of another minor release", "front_end": "venv", "toolkit": TOOLKIT})
    version = RELEASES[TOOLKIT].nvcc
    parts = [f"nvidia-{part}=={version}" for part in ("cuda-nvcc", "nvvm", "cuda-crt", "cuda-runtime")]
    scripts = environment(world, "2.15.0", "torch-other-minor", *parts, "nvidia-cuda-cccl")
    shutil.copytree(EXAMPLES_FOLDER / "torch-extension", tmp_path / "project")
    env = world.environ(scripts, TORCH_CUDA_ARCH_LIST="8.0")
    said = world.run(scripts / "python", "setup.py", "build_ext", "--inplace", cwd=tmp_path / "project", env=env)
    said = " ".join(said.split())
    assert "The detected CUDA version (13.5) has a minor version mismatch with the version that was used" in said
    assert "Most likely this shouldn't be a problem" in said
    code = "import swiglu; print(*swiglu.cuda_versions())"
    versions = world.run(scripts / "python", "-c", code, cwd=tmp_path / "project/src", env=env)
    assert versions.split()[-2:] == ["13050", "13050"]
