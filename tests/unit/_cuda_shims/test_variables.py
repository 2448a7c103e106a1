"""The variables: all of ours, or none (contract 4.3)."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import TOOL, write

from _cuda_shims import root_variables, variables

ROOT = "/env/root"
OUTER = "/outer/root"
NVCC = f"{ROOT}/bin/nvcc"
ALL = {
    "CUDA_HOME": ROOT,
    "CUDA_PATH": ROOT,
    "CUDAToolkit_ROOT": ROOT,
    "CUDACXX": NVCC,
    "NVCC": NVCC,
    "CUDA_SHIMS_ROOT": ROOT,
}
#: the search paths where the process has none
PATHS = {
    "PKG_CONFIG_PATH": f"{ROOT}/lib/pkgconfig",
    "LIBRARY_PATH": f"{ROOT}/lib64/stubs",
    "CMAKE_LIBRARY_PATH": f"{ROOT}/lib64/stubs",
}


def applied(environ, changes):
    """Return what a process has after changes."""
    after = {**environ, **changes}
    return {name: value for name, value in after.items() if value is not None}


def test_never_these():
    """JAX reads CUDA_ROOT, the loader LD_LIBRARY_PATH; a choice is the user's."""
    names = variables.for_root({}, ROOT)
    assert not {"CUDA_ROOT", "LD_LIBRARY_PATH", "CUDA_SHIMS_TOOLKIT"} & set(names)


def test_all_are_set_as_a_group():
    changes = variables.for_root({"PATH": "/usr/bin"}, ROOT)
    assert changes == {**ALL, **PATHS, "CUDA_SHIMS_FORWARD": None, "PATH": f"{ROOT}/bin:/usr/bin"}


def test_the_shims_are_told_of_what_they_would_not_find():
    """The project's choice: they read no project."""
    assert variables.for_root({}, ROOT, forward=True)["CUDA_SHIMS_FORWARD"] == ROOT


def test_a_root_without_a_compiler_names_none():
    """Nor does it leave that of another toolkit; what is no nvcc stays the user's."""
    environ = {"CUDACXX": "/opt/cuda/bin/nvcc", "NVCC": "/usr/bin/clang++"}
    changes = variables.for_root(environ, ROOT, compiler=False)
    assert changes["CUDACXX"] is None
    assert "NVCC" not in changes
    assert variables.for_root({}, ROOT, compiler=False)["NVCC"] is None
    assert changes["CUDA_HOME"] == ROOT


def test_an_outer_environments_are_replaced():
    environ = {**root_variables(OUTER), "PATH": f"{OUTER}/bin:/usr/bin:{OUTER}/bin"}
    environ["PKG_CONFIG_PATH"] = f"{OUTER}/lib/pkgconfig:/a"
    environ["LIBRARY_PATH"] = environ["CMAKE_LIBRARY_PATH"] = f"/b:{OUTER}/lib64/stubs"
    changes = variables.for_root(environ, ROOT)
    assert {name: changes[name] for name in ALL} == ALL
    assert changes["PATH"] == f"{ROOT}/bin:/usr/bin"
    assert changes["PKG_CONFIG_PATH"] == f"{ROOT}/lib/pkgconfig:/a"
    assert changes["LIBRARY_PATH"] == changes["CMAKE_LIBRARY_PATH"] == f"/b:{ROOT}/lib64/stubs"


@pytest.mark.parametrize("launcher", ["ccache nvcc", "nvcc", "/usr/bin/sccache nvcc"])
def test_a_launcher_of_whichever_nvcc_stays(launcher):
    changes = variables.for_root({"CUDACXX": launcher}, ROOT)
    assert "CUDACXX" not in changes
    assert changes["NVCC"] == NVCC
    assert changes["CUDA_HOME"] == ROOT


def test_a_wrapper_stays_if_it_exists(tmp_path):
    wrapper = tmp_path / "nvcc"
    assert variables.for_root({"CUDACXX": str(wrapper)}, ROOT)["CUDACXX"] == NVCC
    wrapper.touch()
    assert "CUDACXX" not in variables.for_root({"CUDACXX": str(wrapper)}, ROOT)
    assert "CUDACXX" not in variables.for_root({"CUDACXX": f"ccache {wrapper}"}, ROOT)


@pytest.mark.parametrize(
    "command", ["/opt/cuda/bin/nvcc", "ccache /opt/cuda/bin/nvcc", "/opt/cuda/bin/nvcc -ccbin g++-12", ""]
)
def test_preferred_wheels_replace_every_name_of_another_toolkit(command):
    environ = {"CUDA_HOME": "/opt/cuda", "CUDACXX": command, "NVCC": command}
    changes = variables.for_root(environ, ROOT)
    assert {name: changes.get(name) for name in ALL} == ALL


def test_a_compiler_of_the_users_that_is_no_nvcc_is_left_alone():
    assert "CUDACXX" not in variables.for_root({"CUDACXX": "/usr/bin/clang++"}, ROOT)


def test_a_second_time_changes_nothing():
    environ = {"PATH": "/usr/bin", "CUDA_SHIMS_FORWARD": "/opt/cuda"}
    for _ in range(2):
        environ = applied(environ, variables.for_root(environ, ROOT))
        assert environ == {**ALL, **PATHS, "PATH": f"{ROOT}/bin:/usr/bin"}


# the user's toolkit ---------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path):
    write(str(tmp_path / "cuda/bin/nvcc"), TOOL, 0o755)
    return str(tmp_path / "cuda")


def test_the_shims_are_sent_to_the_users_toolkit(home):
    changes = variables.for_user_toolkit({"PATH": f"/usr/bin:{home}/bin"}, home)
    assert changes == {"CUDA_SHIMS_FORWARD": home, "PATH": f"{home}/bin:/usr/bin"}


@pytest.mark.parametrize("name", ["python", "python3", "sh", "cc"])
def test_a_folder_with_more_than_cuda_keeps_its_place_on_path(home, name):
    write(os.path.join(home, "bin", name))
    assert variables.for_user_toolkit({"PATH": "/usr/bin"}, home) == {"CUDA_SHIMS_FORWARD": home}


@pytest.mark.parametrize("home", ["/nowhere", "relative/cuda", "cuda"])
def test_a_toolkit_without_nvcc_takes_the_forwarding_back(home, tmp_path):
    write(str(tmp_path / "cuda/bin/nvcc"), TOOL, 0o755)  # below the current directory
    assert variables.for_user_toolkit({"PATH": "/usr/bin", "CUDA_SHIMS_FORWARD": "/old"}, home) == {
        "CUDA_SHIMS_FORWARD": None
    }


@pytest.mark.parametrize(("more", "rest"), [("", None), (":/a", "/a")])
def test_no_name_of_an_outer_root_stays_beside_the_users(home, more, rest):
    environ = {**root_variables(OUTER), "CUDA_HOME": home, "PATH": f"{OUTER}/bin:/usr/bin"}
    environ["PKG_CONFIG_PATH"] = f"{OUTER}/lib/pkgconfig{more}"
    environ["LIBRARY_PATH"] = f"{more[1:]}{':' if more else ''}{OUTER}/lib64/stubs"
    after = {**environ, **variables.for_user_toolkit(environ, home)}
    assert after["PKG_CONFIG_PATH"] == after["LIBRARY_PATH"] == rest
    assert not [name for name, value in after.items() if value and name != "CUDA_SHIMS_ROOT" and OUTER in value]
    assert after["CUDA_HOME"] == home


def test_nothing_to_take_back():
    assert variables.without_ours({"PATH": "/usr/bin", "CUDA_HOME": "/opt/cuda"}) == {}


def test_what_a_hook_has_set_is_taken_back_and_no_more():
    environ = applied({"PATH": "/usr/bin", "CUDACXX": "ccache nvcc"}, variables.for_root({"PATH": "/usr/bin"}, ROOT))
    environ.update(CUDACXX="ccache nvcc", CUDA_PATH="/opt/cuda", CUDA_SHIMS_FORWARD="14", LIBRARY_PATH="/a")
    after = applied(environ, variables.without_ours(environ))
    assert after == {"PATH": "/usr/bin", "CUDACXX": "ccache nvcc", "CUDA_PATH": "/opt/cuda", "LIBRARY_PATH": "/a"}


def test_the_users_toolkit_where_path_is_unset(home):
    """Programs were found in the default folders, and still are."""
    assert variables.for_user_toolkit({}, home)["PATH"] == f"{home}/bin:{os.defpath}"
