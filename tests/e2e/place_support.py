"""Environments that are no plain virtual environment of who builds: another user's, the system's, one over another."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

import pytest
from e2e_support import CMAKE, SOURCE, SYSTEM_PATH, check_root

SYSTEM_PYTHON = "/usr/bin/python3"
USER = 12345
#: compiles and links by all that a classic toolkit finds without being told
KERNEL = """\
#include <cuda_runtime.h>
#include <cuda_fp16.h>
__global__ void scale(float *x) { x[threadIdx.x] *= 2; }
int main() { int n = 0; return cudaGetDeviceCount(&n) == cudaSuccess ? 0 : 0; }
"""
CUBLAS_KERNEL = """\
#include <cublas_v2.h>
#include <cuda_runtime.h>
int main() { cublasHandle_t handle; return cublasCreate(&handle) == 0 ? 0 : 0; }
"""


def needs_system_python():
    """Skip where Debian's own Python is not there, or where what these tests run lies in what they hide."""
    if not os.path.exists("/etc/debian_version") or not os.path.exists(SYSTEM_PYTHON):
        pytest.skip("this is no Debian, or its python3 is not installed")
    if subprocess.run([SYSTEM_PYTHON, "-c", "import ensurepip, pip"], capture_output=True, check=False).returncode:
        pytest.skip("Debian's own pip and venv are not installed (packages python3-pip, python3-venv)")


def needs_root():
    if os.geteuid() != 0:
        pytest.skip("needs root, who can be other users and mount")


@pytest.fixture
def public_folder():
    """Return a folder that other users get at: pytest's own is closed to them."""
    needs_root()
    folder = tempfile.mkdtemp(prefix="cuda-shims-e2e-", dir="/tmp")
    os.chmod(folder, 0o755)  # noqa: S103
    yield folder
    shutil.rmtree(folder)


def with_local(folder):
    """Return the command that, put before another, gives it a folder as its /usr/local."""
    needs_root()
    os.makedirs(f"{folder}/bin", exist_ok=True)
    script = 'mount --bind "$1" /usr/local && shift && exec "$@"'
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", folder]


def as_user(uid=USER):
    """Return the command that, put before another, runs it as a user who is in no list of users."""
    return ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups"]


def unconstrained(world, **more):
    """
    Return an environment in which the wheel of ours is named by its path, with an extra.

    pip 23, which is Debian's, takes no extra of a constraint that is a path.
    """
    environ = world.environ(**more)
    for name in ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"):
        environ[name] = environ[name].rpartition(" ")[0]
    return {name: value for name, value in environ.items() if value}


def shell_environ(scripts, **more):
    """Return what a login shell has, with a folder of scripts on PATH; ``None`` unsets a variable."""
    environ = {"PATH": f"{scripts}:{SYSTEM_PATH}", "LC_ALL": "C.UTF-8", **more}
    return {name: value for name, value in environ.items() if value is not None}


def by_python(python):
    """Return the command that, put before another, starts it from a Python, as a build back end does."""
    return [python, "-c", "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"]


def compile_from_a_shell(world, before, environ, folder, source=KERNEL, options=()):
    """Compile and link with what the shell finds, no Python between: the two runtimes, and more libraries."""
    with open(os.path.join(folder, "kernel.cu"), "w", encoding="utf-8") as file:
        file.write(source)
    for runtime in ("shared", "static"):
        command = ["nvcc", "-arch=sm_80", "-cudart", runtime, "kernel.cu", "-o", f"kernel-{runtime}", *options]
        world.run(*before, *command, cwd=folder, env=environ)
        assert os.path.exists(os.path.join(folder, f"kernel-{runtime}"))


def cmake_from_a_shell(world, before, environ, folder):
    """Configure and build a CMake project; returns what it found, all of it of one root."""
    if shutil.which("cmake", path=SYSTEM_PATH) is None:
        pytest.skip("needs cmake: apt-get install cmake")
    for name, text in (("CMakeLists.txt", CMAKE), ("probe.cu", SOURCE)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    world.run(*before, "cmake", "-S", ".", "-B", "build", cwd=folder, env=environ)
    world.run(*before, "cmake", "--build", "build", cwd=folder, env=environ)
    with open(os.path.join(folder, "build", "report.txt"), encoding="utf-8") as file:
        return dict(line.split("=", 1) for line in file.read().splitlines())


def check_one_answer(world, before, environ, report, cwd):
    """CMake took the root that every other question names."""
    root = world.run(*before, "cuda-shims", "root", cwd=cwd, env=environ).strip()
    which = world.run(*before, "cuda-shims", "which", "nvcc", cwd=cwd, env=environ).strip()
    assert which == f"{root}/bin/nvcc"
    # CMake names the compiler by the path on which it found it, which is the shim
    top = os.path.normpath(report["top"])
    assert top == os.path.normpath(root)
    check_root({**report, "compiler": f"{root}/bin/nvcc"}, root)
    return root
