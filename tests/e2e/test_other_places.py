"""NVIDIA's real nvcc in environments that are no virtual ones, and in those of uv's tools; what it makes loads."""

from __future__ import annotations

import os
import stat
import sys

import pytest
from conda_layout import conda_environment
from e2e_support import EXTRAS, NVCC_VERSION, RUNTIME_VERSION, SOURCE, TOOLKIT
from fake_toolkit import PYTHON

pytestmark = pytest.mark.timeout(300)

WHEELS = ["cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}"]
#: by the start-up hook's nvcc, not by the shim
COMPILE = """\
import ctypes, os, shutil, subprocess
nvcc = shutil.which("nvcc")
assert nvcc == os.environ["CUDACXX"], (nvcc, os.environ["CUDACXX"])
command = ["nvcc", "-arch=sm_80", "-cudart", "shared", "-shared", "-Xcompiler", "-fPIC", "k.cu", "-o", "k.so"]
subprocess.run(command, check=True)
ctypes.CDLL(os.path.join(os.environ["CUDA_HOME"], "lib/libcudart.so"), ctypes.RTLD_GLOBAL)
library = ctypes.CDLL("./k.so")
print("loaded", library.header_version(), library.runtime_version(), os.environ["CUDA_HOME"])
"""
PYTHON_PROGRAM = os.path.realpath(sys.executable)


class Place:
    """An environment: how Python is started in it, where its shims are, and where its root is."""

    def __init__(self, world, folder):
        self.world, self.folder = world, folder
        (folder / "k.cu").write_text(SOURCE)
        self.more = {}
        self.options = ()

    def install(self, *options):
        self.world.run(self.world.uv, "pip", "install", "-q", *options, *WHEELS)

    def ours(self, *words):
        """Run a cuda-shims that is installed elsewhere."""
        tools = self.world.tools("cuda-shims", "cuda-shims")
        return self.world.run(tools / "python", "-m", "cuda_shims", *words)

    def bundle(self):
        """Made in one place, moved to another, and nobody's to write to."""
        made, path = self.folder / "made", self.folder / "task"
        self.install("-p", PYTHON_PROGRAM, "--target", made)
        self.ours("install", "-q", "--target", made)
        made.rename(path)
        for folder, _, _ in os.walk(path):
            os.chmod(folder, stat.S_IRUSR | stat.S_IXUSR)
        self.more, self.options = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}, ("--target", path)
        return PYTHON_PROGRAM, path / "bin", path

    def prefix(self):
        path = self.folder / "prefix"
        self.install("-p", PYTHON_PROGRAM, "--prefix", path)
        self.ours("install", "-q", "--prefix", path)
        site = path / f"lib/{PYTHON}/site-packages"
        self.more, self.options = {"PYTHONPATH": site}, ("--prefix", path)
        return PYTHON_PROGRAM, path / "bin", site

    def user_site(self):
        path = self.folder / "base"
        site = path / f"lib/{PYTHON}/site-packages"
        self.install("-p", PYTHON_PROGRAM, "--prefix", path)  # as pip install --user lays it out; uv has no --user
        self.more = {"PYTHONUSERBASE": path}
        if "True" not in self.world.run(PYTHON_PROGRAM, "-c", "import site; print(site.ENABLE_USER_SITE)"):
            pytest.skip("this Python has no user site")
        return PYTHON_PROGRAM, path / "bin", site

    def conda(self):
        path = conda_environment(str(self.folder / "conda"))
        self.install("-p", f"{path}/bin/python")
        # what the activation of conda-forge's compilers sets
        self.more = {"CONDA_PREFIX": path, "NVCC_PREPEND_FLAGS": " -ccbin=/usr/bin/c++", "CXX": "/usr/bin/c++"}
        return f"{path}/bin/python", f"{path}/bin", f"{path}/lib/{PYTHON}/site-packages"

    def uv_tool(self):
        self.more = {"UV_TOOL_DIR": self.folder / "tools", "UV_TOOL_BIN_DIR": self.folder / "bin"}
        words = ["tool", "install", "-q", "-p", PYTHON_PROGRAM, WHEELS[0], "--with", WHEELS[1]]
        self.world.run(self.world.uv, *words, env=self.world.environ(**self.more))
        path = self.folder / "tools/cuda-shims"
        return path / "bin/python", self.folder / "bin", path / f"lib/{PYTHON}/site-packages"


@pytest.mark.parametrize("kind", ["bundle", "prefix", "user_site", "conda", "uv_tool"])
def test_a_place(world, tmp_path, kind):
    place = Place(world, tmp_path)
    python, scripts, site = getattr(place, kind)()
    root = f"{site}/cuda_shims_toolkit/cu13"
    environ = world.environ(scripts, **place.more)
    said = world.run(python, "-c", COMPILE, cwd=tmp_path, env=environ)
    assert f"loaded {RUNTIME_VERSION} {RUNTIME_VERSION} {root}" in said
    # a shell's, by the shim
    assert f"V{NVCC_VERSION}" in world.run("nvcc", "--version", cwd=tmp_path, env=environ)
    assert f"#$ TOP={root}/bin/.." in world.run("nvcc", "--dryrun", "k.cu", cwd=tmp_path, env=environ)
    said = world.run(python, "-m", "cuda_shims", "doctor", "-v", *place.options, cwd=tmp_path, env=environ)
    assert said.splitlines()[-1] == "a build will find this toolkit", said
