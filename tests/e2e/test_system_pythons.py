"""Debian's own Python: installed in one command, built from a shell in the next, with NVIDIA's wheels and CMake."""

from __future__ import annotations

import os

import pytest
from e2e_support import TOOLKIT
from place_support import (
    SYSTEM_PYTHON,
    check_one_answer,
    cmake_from_a_shell,
    compile_from_a_shell,
    needs_system_python,
    public_folder,
    shell_environ,
    unconstrained,
    with_local,
)
from slices import keep

__all__ = ["public_folder"]  # a fixture


@pytest.mark.parametrize("how", keep(["pip"], of=["pip", "pip --user", "uv"]))
def test_two_commands_of_a_dockerfile(world, public_folder, how):
    needs_system_python()
    local, home, work = f"{public_folder}/local", f"{public_folder}/home", f"{public_folder}/work"
    os.mkdir(home)
    os.mkdir(work)
    inside = with_local(local)
    environ = unconstrained(
        world, PIP_BREAK_SYSTEM_PACKAGES="1", UV_BREAK_SYSTEM_PACKAGES="1", PYTHONUSERBASE=f"{home}/.local"
    )
    requirements = [f"cuda-shims[cu13] @ {world.wheel.as_uri()}", f"cuda-toolkit=={TOOLKIT}"]
    if how == "uv":
        install = [world.uv, "pip", "install", "-q", "--system", "--python", SYSTEM_PYTHON]
    else:
        install = [SYSTEM_PYTHON, "-m", "pip", "install", "-q", "--root-user-action=ignore", *how.split()[1:]]
    world.run(*inside, *install, *requirements, env=environ)
    shell = shell_environ(f"{home}/.local/bin:/usr/local/bin", HOME=home)
    report = cmake_from_a_shell(world, inside, shell, work)
    check_one_answer(world, inside, shell, report, work)
    compile_from_a_shell(world, inside, shell, work)
