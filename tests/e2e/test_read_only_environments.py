"""An environment of the superuser's, used by somebody else from a shell: NVIDIA's real wheels, nvcc and CMake."""

from __future__ import annotations

import json
import os

import pytest
from e2e_support import EXTRAS, TOOLKIT
from place_support import (
    SYSTEM_PYTHON,
    USER,
    as_user,
    by_python,
    check_one_answer,
    cmake_from_a_shell,
    compile_from_a_shell,
    needs_system_python,
    public_folder,
    shell_environ,
)
from slices import keep

__all__ = ["public_folder"]  # a fixture


def plain_home(folder):
    os.mkdir(f"{folder}/home")
    os.chown(f"{folder}/home", USER, USER)
    return {"HOME": f"{folder}/home"}


def linked_home(folder):
    os.makedirs(f"{folder}/disks/of/7/home")
    os.chown(f"{folder}/disks/of/7/home", USER, USER)
    os.symlink(f"{folder}/disks/of/7/home", f"{folder}/home")
    return {"HOME": f"{folder}/home"}


def no_home(folder):  # noqa: ARG001
    return {"HOME": "/nonexistent"}


@pytest.mark.parametrize("home", keep([plain_home], of=[plain_home, linked_home, no_home]))
def test_another_user_builds_from_a_shell(world, public_folder, home):
    needs_system_python()
    scripts = world.venv(
        f"{public_folder}/venv", "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}", python=SYSTEM_PYTHON
    )
    work = f"{public_folder}/work"
    for folder in (work, f"{public_folder}/tmp"):
        os.mkdir(folder)
        os.chown(folder, USER, USER)
    environ = shell_environ(scripts, TMPDIR=f"{public_folder}/tmp", **home(public_folder))
    # as a back end does, and as make does
    compile_from_a_shell(world, [*as_user(), *by_python(scripts / "python")], environ, work)
    compile_from_a_shell(world, as_user(), environ, work)
    report = cmake_from_a_shell(world, as_user(), environ, work)
    root = check_one_answer(world, as_user(), environ, report, work)
    said = world.run(*as_user(), scripts / "python", "-c", "import os; print(os.environ['CUDA_HOME'])", env=environ)
    assert said.strip() == root
    said = world.run(*as_user(), "cuda-shims", "doctor", "--json", cwd=work, env=environ, rc=None)
    found = {each["code"]: each["level"] for each in json.loads(said)["findings"]}
    assert (found["root"], found["hook"]) == ("ok", "ok"), found
