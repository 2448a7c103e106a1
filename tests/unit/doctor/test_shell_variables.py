"""A shell that still has the variables of an environment that it has left."""

from __future__ import annotations

import shutil

import pytest
from fake_toolkit import write
from patient import TOOL, only

from _cuda_shims import MARKER, last_paths, root_variables, search_paths
from cuda_shims.doctor.checks import examine


@pytest.fixture
def other(tmp_path):
    """Return the root of another environment."""
    write(str(tmp_path / "other/cu13/bin/nvcc"), TOOL, 0o755)
    return str(tmp_path / "other/cu13")


def put(root, path):
    """Return what "cuda-shims env" leaves in a shell."""
    folders = {**search_paths(root), **dict(last_paths(root))}
    return {**root_variables(root), **folders, "PATH": f"{folders['PATH']}:{path}"}


def bad(patient, shell):
    found = examine(patient.environment, {**patient.environ, **root_variables(patient.root)}, patient.folder, shell)
    return {each.code: each for each in found if each.level != "ok"}


def test_both_fixes_are_named(healthy, other):
    shell = {**put(other, healthy.environ["PATH"]), "PATH": healthy.environ["PATH"]}
    found = only(bad(healthy, shell))
    assert (found.code, found.level) == ("shell-other-environment", "warning")
    names = [name for name in put(other, "") if name != "PATH"]
    assert found.what == f"This shell has variables of another environment's toolkit, {other}: {', '.join(names)}."
    assert found.why.endswith(f"nvcc on its PATH is {healthy.prefix.bin}/nvcc")
    place = f"--python {healthy.prefix.bin}/python"
    env = f"cuda-shims env {place}"
    assert (found.fix, found.alternative) == (f'eval "$({env})"', f'eval "$({env} --unset)"')


def test_its_nvcc_on_path_is_not_said_twice(healthy, other):
    found = only(bad(healthy, put(other, healthy.environ["PATH"])))
    assert found.code == "shell-other-environment"
    assert "PATH" in found.what
    assert "nvcc on its PATH" not in found.why


def test_what_is_left_after_a_part_was_unset(healthy, other):
    shell = {**healthy.environ, MARKER: other, "CUDACXX": f"{other}/bin/nvcc", "CUDA_HOME": healthy.root}
    assert "another environment's toolkit, " + other + ": CUDACXX, CUDA_SHIMS_ROOT." in only(bad(healthy, shell)).what


def test_an_environment_that_is_gone(healthy, other):
    shutil.rmtree(other)
    assert f"{other}, which no longer exists: " in only(bad(healthy, put(other, healthy.environ["PATH"]))).what


def test_an_environment_without_a_toolkit(patient, other):
    """To have this environment's is no choice there."""
    patient.ours()
    found = examine(patient.environment, patient.environ, patient.folder, put(other, "/usr/bin"))
    (fix,) = [each.fix for each in found if each.code == "shell-other-environment"]
    assert fix == f'eval "$(cuda-shims env --python {patient.prefix.bin}/python --unset)"'


@pytest.mark.parametrize("has_ours", [True, False])
def test_nothing_to_say(healthy, has_ours):
    shell = put(healthy.root, healthy.environ["PATH"]) if has_ours else healthy.environ
    assert bad(healthy, shell) == {}


def test_the_users_variable_is_seen_though_the_hook_has_replaced_it(healthy, other):
    """``CUDA_SHIMS_PREFER=wheels``: the process has ours, the shell the user's."""
    environ = {**healthy.environ, **root_variables(healthy.root), "CUDA_SHIMS_PREFER": "wheels"}
    found = examine(healthy.environment, environ, healthy.folder, {**healthy.environ, "CUDA_HOME": other})
    (variables,) = [each for each in found if each.code == "variables"]
    assert (variables.level, "CUDA_HOME" in variables.what) == ("ok", True)
