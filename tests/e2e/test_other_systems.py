"""
Build systems that can be had from no registry of packages: what their sources look for, looked for in the same way.

A restated rule is no run of the program. Each is short, and names the file that it restates.
"""

from __future__ import annotations

import os
import re
import shutil

import pytest
from e2e_support import TOOLKIT, site_packages

EXTRAS = "cccl,cudart,nvcc"


@pytest.fixture
def scripts(world, record_property, request):
    system = {"rules_cuda": "Bazel: rules_cuda's look-up, restated", "xmake": "xmake: find_cuda, restated"}
    name = request.node.name.removeprefix("test_")
    record_property("cell", {"system": system[name], "front_end": "venv", "toolkit": TOOLKIT})
    requirements = ("cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}")
    return world.once("other-systems", lambda folder: str(world.venv(folder / "venv", *requirements)))


def environ(world, scripts):
    """Return what ``cuda-shims exec`` gives a program, by its own means."""
    said = world.run(f"{scripts}/cuda-shims", "exec", "env", "-0", env=world.environ(scripts))
    return dict(each.split("=", 1) for each in said.split("\0") if "=" in each)


def test_rules_cuda(world, scripts):
    """bazel-contrib/rules_cuda, cuda/private/repositories.bzl and cuda/runtime/BUILD.local_cuda."""

    def detect(env):
        home = env.get("CUDA_PATH")
        if home is None:
            ptxas = shutil.which("ptxas", path=env["PATH"])
            home = os.path.dirname(os.path.dirname(ptxas)) if ptxas else "/usr/local/cuda"
        return home

    def complete(home):
        names = ["bin/nvlink", "bin/crt/link.stub", "bin/bin2c", "bin/fatbinary", "include/cuda_runtime.h"]
        names += ["lib64/libcudart.so", "lib64/libcudart_static.a", "lib64/libcudadevrt.a", "lib64/stubs/libcuda.so"]
        return all(os.path.exists(os.path.join(home, name)) for name in names)

    home = detect(environ(world, scripts))
    assert home == str(site_packages(os.path.dirname(scripts)) / "cuda_shims_toolkit/cu13")
    assert complete(home)
    said = world.run(f"{home}/bin/nvcc", "--version")
    assert re.search(r", release 13\.5, ", said)
    # a shell in an activated environment has the shim alone, and the rule takes the environment for the toolkit: that
    # is what the how-to is about
    assert not complete(detect(world.environ(scripts)))


def test_xmake(world, scripts):
    """xmake-io/xmake, xmake/modules/detect/sdks/find_cuda.lua, where /usr/local/cuda* has no nvcc."""
    nvcc = shutil.which("nvcc", path=environ(world, scripts)["PATH"])
    home = os.path.dirname(os.path.dirname(nvcc))
    assert home == str(site_packages(os.path.dirname(scripts)) / "cuda_shims_toolkit/cu13")
    for name in ("bin/nvcc", "lib64/libcudart_static.a", "lib64/libcudadevrt.a", "lib64/stubs", "include/cuda.h"):
        assert os.path.exists(os.path.join(home, name)), name
