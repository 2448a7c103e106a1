"""Libraries in one directory of the search path and the compiler in another: NVIDIA's wheels, as torch pins them."""

from __future__ import annotations

import os

import pytest
from place_support import (
    CUBLAS_KERNEL,
    SYSTEM_PYTHON,
    compile_from_a_shell,
    needs_system_python,
    public_folder,
    shell_environ,
    unconstrained,
    with_local,
)

__all__ = ["public_folder"]  # a fixture

#: what torch 2.15 requires
PINNED = "cuda-toolkit[cublas,cudart]==13.2.2"


def ours(world):
    return f"cuda-shims[cu13] @ {world.wheel.as_uri()}"


@pytest.mark.parametrize("by", [pytest.param("pip", marks=pytest.mark.matrix), "uv"])
def test_an_environment_over_a_base(world, public_folder, by):
    needs_system_python()
    local, path, work = f"{public_folder}/local", f"{public_folder}/over", f"{public_folder}/work"
    os.mkdir(work)
    inside = with_local(local)
    environ = unconstrained(world, PIP_BREAK_SYSTEM_PACKAGES="1", UV_BREAK_SYSTEM_PACKAGES="1")
    if by == "pip":
        world.run(
            *inside, SYSTEM_PYTHON, "-m", "pip", "install", "-q", "--root-user-action=ignore", PINNED, env=environ
        )
        world.run(*inside, SYSTEM_PYTHON, "-m", "venv", "--system-site-packages", path, env=environ)
        world.run(*inside, f"{path}/bin/pip", "install", "-q", ours(world), env=environ)
    else:
        install = [world.uv, "pip", "install", "-q", "--python"]
        world.run(*inside, *install, SYSTEM_PYTHON, "--system", PINNED, env=environ)
        world.run(*inside, world.uv, "venv", "-q", "--system-site-packages", "-p", SYSTEM_PYTHON, path, env=environ)
        # uv looks at the environment alone, so it is told what to leave out
        world.run(*inside, *install, f"{path}/bin/python", "--no-deps", f"cuda-shims @ {world.wheel.as_uri()}",
                  *(f"nvidia-{name}==13.2.*" for name in ("cuda-nvcc", "nvvm", "cuda-crt", "cuda-cccl")),
                  env=environ)  # fmt: skip
    shell = shell_environ(f"{path}/bin", HOME=f"{public_folder}/home")
    compile_from_a_shell(world, inside, shell, work, CUBLAS_KERNEL, ["-lcublas"])
    world.run(*inside, "cuda-shims", "which", "cublas_v2.h", cwd=work, env=shell)


def test_uv_run_with(world, tmp_path):
    """``uv run --with "cuda-shims[cu13]" nvcc`` in a project that has cuBLAS."""
    scripts = world.venv(tmp_path / "project", PINNED)
    environ = world.environ(VIRTUAL_ENV=scripts.parent)
    run = [world.uv, "run", "-q", "--active", "--no-project", "--with", f"cuda-shims @ {world.wheel.as_uri()}"]
    for name in ("cuda-nvcc", "nvvm", "cuda-crt", "cuda-cccl"):
        run += ["--with", f"nvidia-{name}==13.2.*"]
    compile_from_a_shell(world, run, environ, str(tmp_path), CUBLAS_KERNEL, ["-lcublas"])
