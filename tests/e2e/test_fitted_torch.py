"""Each torch of the index for CUDA 13, with the toolkit that ``cuda-shims fit`` names: extensions compile, and load."""

from __future__ import annotations

import json
import re
import shutil
import sys

import pytest
from e2e_support import site_packages
from example_support import EXAMPLES_FOLDER, device_code
from torch_support import TORCH

pytestmark = [pytest.mark.timeout(1800), pytest.mark.matrix, pytest.mark.xdist_group("torch")]

#: another minor than any torch is for
WRONG = "13.5"
SETUP = """\
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension

libraries = ["cudnn", "cusparseLt", "nccl", "nvshmem_host"]
extension = CUDAExtension("doubling", ["doubling.cpp", "kernel.cu"], libraries=libraries)
setup(name="doubling", py_modules=[], ext_modules=[extension], cmdclass={"build_ext": BuildExtension})
"""
#: CUDAContext.h includes the headers of cuBLAS, cuSOLVER and cuSPARSE. nvshmem.h needs CCCL, which only nvcc has on its
#: path
BINDING = """\
#include <ATen/cuda/CUDAContext.h>
#include <cudnn.h>
#include <cusparseLt.h>
#include <nccl.h>
#include <nvshmem_host.h>
#include <torch/extension.h>
void twice(float *x, int n, cudaStream_t stream);
torch::Tensor doubled(torch::Tensor x) {
  TORCH_CHECK(x.is_cuda(), "x is not on a GPU");
  twice(x.data_ptr<float>(), x.numel(), at::cuda::getCurrentCUDAStream());
  return x;
}
std::map<std::string, std::pair<int, int>> versions() {  // of the headers, of the libraries
  int runtime = 0, lt[3] = {}, nccl = 0, shmem[3] = {};
  cudaRuntimeGetVersion(&runtime);
  for (int i = 0; i < 3; ++i) cusparseLtGetProperty(libraryPropertyType(MAJOR_VERSION + i), &lt[i]);
  ncclGetVersion(&nccl);
  nvshmemx_vendor_get_version_info(&shmem[0], &shmem[1], &shmem[2]);
  return {
      {"cudart", {CUDART_VERSION, runtime}},
      {"cudnn", {CUDNN_VERSION, int(cudnnGetVersion())}},
      {"cusparseLt", {CUSPARSELT_VERSION, lt[0] * 1000 + lt[1] * 100 + lt[2]}},
      {"nccl", {NCCL_VERSION_CODE, nccl}},
      {"nvshmem", {NVSHMEM_VENDOR_MAJOR_VERSION * 100 + NVSHMEM_VENDOR_MINOR_VERSION, shmem[0] * 100 + shmem[1]}},
  };
}
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("doubled", &doubled).def("versions", &versions); }
"""
KERNEL = """\
#include <cuda_runtime.h>
__global__ void kernel(float *x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] *= 2; }
void twice(float *x, int n, cudaStream_t stream) { kernel<<<(n + 255) / 256, 256, 0, stream>>>(x, n); }
"""
RUN = """\
import json, torch, doubling
try:
    doubling.doubled(torch.ones(3))
except RuntimeError as error:
    assert "x is not on a GPU" in str(error)
print(json.dumps([torch.version.cuda, doubling.versions()]))
"""
#: what torch brings, by what projects name it by: a header, a library
COMPANIONS = ("cudnn.h", "-lcudnn", "cusparseLt.h", "-lcusparseLt", "nccl.h", "-lnccl", "nvshmem.h", "-lnvshmem_host")


@pytest.fixture
def folder(tmp_path):
    """Return a folder for environments that have a torch: 3 GB each, which go with the test."""
    yield tmp_path / "environments"
    shutil.rmtree(tmp_path / "environments")


@pytest.fixture(params=TORCH)
def torch(request):
    """Return the release of a torch."""
    return request.param


@pytest.fixture
def environment(world, folder, torch):
    """Return the scripts of an environment that has that torch, cuda-shims, and no compiler."""
    return world.venv(folder / "venv", "cuda-shims", f"torch=={torch}", "ninja", "setuptools")


@pytest.fixture
def variables(world, scratch):
    """Return the variables of a build: for one GPU, and with no compiler cache in the place of the compiler."""
    return world.environ(TORCH_CUDA_ARCH_LIST="8.0", MAX_JOBS="1", CCACHE_DISABLE="1", TMPDIR=scratch)


def minor(torch):
    return ".".join(TORCH[torch].split(".")[:2])


def extra(release):
    return f"cuda-shims[cu{release.replace('.', '')}]"


def install(world, scripts, *requirements):
    """Install by uv, and let uv say whether all that is installed fits."""
    world.run(world.uv, "pip", "install", "-q", "-p", scripts / "python", *requirements)
    return world.run(world.uv, "pip", "check", "-p", scripts / "python", rc=None)


def findings(world, scripts, folder):
    """Ask the doctor; returns what is wrong."""
    said = world.run(scripts / "cuda-shims", "doctor", "--json", cwd=folder, env=world.environ(scripts), rc=None)
    return {each["code"]: each for each in json.loads(said)["findings"] if each["level"] != "ok"}


def test_without_isolation(world, tmp_path, scratch, environment, variables, torch):
    line = world.run(environment / "cuda-shims", "fit", env=world.environ(environment)).strip()
    assert line == extra(minor(torch))
    assert set(findings(world, environment, scratch)) == {"component-missing"}
    assert "All installed packages are compatible" in install(world, environment, line)
    assert findings(world, environment, scratch) == {}
    root = site_packages(environment.parent) / "cuda_shims_toolkit/cu13"
    for name in COMPANIONS:
        said = world.run(environment / "cuda-shims", "which", "--", name, env=world.environ(environment))
        assert said.startswith(f"{root}/"), name
    for name, text in (("setup.py", SETUP), ("doubling.cpp", BINDING), ("kernel.cu", KERNEL)):
        (tmp_path / name).write_text(text)
    variables["PATH"] = f"{environment}:{variables['PATH']}"
    said = world.run(environment / "python", "setup.py", "build_ext", "--inplace", cwd=tmp_path, env=variables)
    assert f"{root}/bin/nvcc " in said
    assert "mismatch" not in said
    (built,) = tmp_path.glob("doubling.*.so")
    check_compiler(world, built, torch)
    said = world.run(environment / "python", "-W", "ignore", "-c", RUN, cwd=tmp_path, env=world.environ())
    release, versions = json.loads(said.splitlines()[-1])
    assert release == minor(torch)
    assert versions["cudart"][0] // 10 == int(release.replace(".", "0"))
    assert [name for name, (headers, library) in versions.items() if headers != library] == []


def test_isolated_by_uv(world, tmp_path, environment, variables, torch):
    """A project that names neither torch nor a toolkit to build with, as most of those on PyPI."""
    project, app = tmp_path / "swiglu", environment.parent.parent / "app"
    shutil.copytree(EXAMPLES_FOLDER / "torch-extension", project)
    text = (project / "pyproject.toml").read_text()
    text, count = re.subn(r"(?m)^requires = .*$", 'requires = ["setuptools", "ninja"]', text)
    assert count == 1
    (project / "pyproject.toml").write_text(text)
    command = [environment / "cuda-shims", "fit", "--format", "uv", "--for", "swiglu"]
    table = world.run(*command, env=world.environ(environment))
    app.mkdir()
    (app / "pyproject.toml").write_text(
        f'[project]\nname = "app"\nversion = "1"\nrequires-python = "=={sys.version_info[0]}.{sys.version_info[1]}.*"\n'
        f'dependencies = ["swiglu", "torch=={torch}"]\n'
        f'[tool.uv.sources]\nswiglu = {{ path = "{project}" }}\n'
        f"[tool.uv]\nenvironments = [\"sys_platform == 'linux'\"]\n{table}"
    )
    world.run(world.uv, "sync", "-q", "--refresh-package", "swiglu", "-p", sys.executable, cwd=app, env=variables)
    site = site_packages(app / ".venv")
    assert not list(site.glob("*cuda_shims*"))
    check_compiler(world, site / "swiglu/_C.abi3.so", torch)
    code = "import swiglu, torch; print(*swiglu.cuda_versions(), *swiglu.swiglu(torch.ones(2, 8, device='meta')).shape)"
    said = world.run(app / ".venv/bin/python", "-W", "ignore", "-c", code)
    number = minor(torch).replace(".", "0") + "0"
    assert said.split()[-4:] == [number, number, "2", "4"]


def test_the_wrong_minor(world, tmp_path, scratch, environment, variables, torch):
    """Torch goes on, as its page says; the doctor's fix leaves all that torch requires as it was."""
    assert "The package `torch` requires `cuda-toolkit[" in install(world, environment, extra(WRONG))
    (found,) = findings(world, environment, scratch).values()
    assert (found["code"], found["level"]) == ("torch-mismatch", "warning")
    assert found["what"] == f"torch {torch} was built for CUDA {minor(torch)}, but the toolkit is for CUDA {WRONG}."
    assert found["fix"].startswith("uv pip install ")
    assert found["fix"].endswith(f' "{extra(minor(torch))}" torch=={torch}')
    shutil.copytree(EXAMPLES_FOLDER / "torch-extension", tmp_path / "project")
    variables["PATH"] = f"{environment}:{variables['PATH']}"
    command = [environment / "python", "setup.py", "build_ext", "--inplace"]
    said = " ".join(world.run(*command, cwd=tmp_path / "project", env=variables).split())
    assert f"The detected CUDA version ({WRONG}) has a minor version mismatch with the version that was used" in said
    fix = [each.strip('"') for each in found["fix"].split()[-2:]]
    assert "All installed packages are compatible" in install(world, environment, *fix)
    assert findings(world, environment, scratch) == {}


def check_compiler(world, built, torch):
    """Only the nvcc of torch's minor made the machine code for GPUs in what was built."""
    (code,) = device_code(world, built)
    architecture, compiler, _ = code
    assert (architecture, compiler.rpartition(".")[0]) == ("80", minor(torch))
