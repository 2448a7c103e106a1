"""The variables: all of ours, or none (contract 4.3)."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import TOOL, write

from cuda_shims import envvars

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


def test_the_variables_of_a_root():
    assert envvars.root_variables(ROOT) == ALL


def test_never_these():
    names = envvars.for_root({}, ROOT)
    assert not {"CUDA_ROOT", "LIBRARY_PATH", "LD_LIBRARY_PATH", "CUDA_SHIMS_TOOLKIT"} & set(names)


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        ({}, None),
        ({"CUDA_HOME": ""}, None),
        ({"CUDA_HOME": ROOT, "CUDACXX": NVCC}, None),
        ({**envvars.root_variables(OUTER)}, None),
        ({"CUDA_HOME": OUTER}, OUTER),  # without the marker it is the user's
        ({"CUDA_HOME": "/opt/cuda"}, "/opt/cuda"),
        ({"CUDA_PATH": "/opt/cuda"}, "/opt/cuda"),
        ({"CUDAToolkit_ROOT": "/opt/cuda"}, "/opt/cuda"),
        ({**envvars.root_variables(OUTER), "CUDA_PATH": "/opt/cuda"}, "/opt/cuda"),
        ({"CUDACXX": "/opt/cuda/bin/nvcc"}, "/opt/cuda"),
        ({"NVCC": "/opt/cuda/bin/nvcc"}, "/opt/cuda"),
        ({"NVCC": "ccache /opt/cuda/bin/nvcc"}, "/opt/cuda"),
        ({"NVCC": "/opt/cuda/bin/nvcc -ccbin g++-12"}, "/opt/cuda"),
        ({"CUDACXX": "/my cuda/bin/nvcc"}, "/my cuda"),
        ({"CUDACXX": "nvcc"}, None),
        ({"CUDACXX": "ccache nvcc", "NVCC": "/usr/bin/ccache nvcc"}, None),
        ({"CUDA_ROOT": "/opt/cuda", "LD_LIBRARY_PATH": "/opt/cuda/lib64"}, None),
    ],
)
def test_whose_toolkit_the_variables_name(environ, home):
    assert envvars.user_toolkit(environ, ROOT) == home


def test_all_are_set_as_a_group():
    assert envvars.for_root({"PATH": "/usr/bin"}, ROOT) == {
        **ALL,
        "CUDA_SHIMS_FORWARD": None,
        "PATH": f"{ROOT}/bin:/usr/bin",
        "PKG_CONFIG_PATH": f"{ROOT}/lib/pkgconfig",
    }


def test_an_outer_environments_are_replaced():
    environ = {**envvars.root_variables(OUTER), "PATH": f"{OUTER}/bin:/usr/bin:{OUTER}/bin"}
    environ["PKG_CONFIG_PATH"] = f"{OUTER}/lib/pkgconfig:/a"
    changes = envvars.for_root(environ, ROOT)
    assert {name: changes[name] for name in ALL} == ALL
    assert changes["PATH"] == f"{ROOT}/bin:/usr/bin"
    assert changes["PKG_CONFIG_PATH"] == f"{ROOT}/lib/pkgconfig:/a"


@pytest.mark.parametrize("launcher", ["ccache nvcc", "nvcc", "/usr/bin/sccache nvcc"])
def test_a_launcher_of_whichever_nvcc_stays(launcher):
    changes = envvars.for_root({"CUDACXX": launcher}, ROOT)
    assert "CUDACXX" not in changes
    assert changes["NVCC"] == NVCC
    assert changes["CUDA_HOME"] == ROOT


@pytest.mark.parametrize(
    "command", ["/opt/cuda/bin/nvcc", "ccache /opt/cuda/bin/nvcc", "/opt/cuda/bin/nvcc -ccbin g++-12", ""]
)
def test_preferred_wheels_replace_every_name_of_another_toolkit(command):
    environ = {"CUDA_HOME": "/opt/cuda", "CUDACXX": command, "NVCC": command}
    changes = envvars.for_root(environ, ROOT)
    assert {name: changes.get(name) for name in ALL} == ALL


def test_a_compiler_of_the_users_that_is_no_nvcc_is_left_alone():
    environ = {"CUDACXX": "/usr/bin/clang++"}
    home = envvars.user_toolkit(environ, ROOT)
    assert home is not None or "CUDACXX" not in envvars.for_root(environ, ROOT)


@pytest.mark.parametrize(
    ("path", "drop", "expected"),
    [
        ("", (), "/r/bin"),
        ("/usr/bin", (), "/r/bin:/usr/bin"),
        ("/r/bin:/usr/bin", (), "/r/bin:/usr/bin"),
        ("/usr/bin:/r/bin:/x:/r/bin", (), "/r/bin:/usr/bin:/x"),
        ("/o/bin:/usr/bin", ("/o/bin",), "/r/bin:/usr/bin"),
        (":/usr/bin::/x:", (), "/r/bin::/usr/bin::/x:"),
        ("/r/bin2:/r", (), "/r/bin:/r/bin2:/r"),
    ],
)
def test_first_on_path_once(path, drop, expected):
    once = envvars.prepended(path, "/r/bin", *drop)
    assert once == expected
    assert envvars.prepended(once, "/r/bin", *drop) == once


def test_a_second_time_changes_nothing():
    environ = {"PATH": "/usr/bin", "CUDA_SHIMS_FORWARD": "/opt/cuda"}
    for _ in range(2):
        for name, value in envvars.for_root(environ, ROOT).items():
            environ.pop(name, None)
            if value is not None:
                environ[name] = value
        found = {**ALL, "PATH": f"{ROOT}/bin:/usr/bin", "PKG_CONFIG_PATH": f"{ROOT}/lib/pkgconfig"}
        assert environ == found


# the user's toolkit ---------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path):
    write(str(tmp_path / "cuda/bin/nvcc"), TOOL, 0o755)
    return str(tmp_path / "cuda")


def test_the_shims_are_sent_to_the_users_toolkit(home):
    changes = envvars.for_user_toolkit({"PATH": f"/usr/bin:{home}/bin"}, home)
    assert changes == {"CUDA_SHIMS_FORWARD": home, "PATH": f"{home}/bin:/usr/bin"}


@pytest.mark.parametrize("name", ["python", "python3", "sh", "cc"])
def test_a_folder_with_more_than_cuda_keeps_its_place_on_path(home, name):
    write(os.path.join(home, "bin", name))
    assert envvars.for_user_toolkit({"PATH": "/usr/bin"}, home) == {"CUDA_SHIMS_FORWARD": home}


@pytest.mark.parametrize("home", ["/nowhere", "relative/cuda", "cuda"])
def test_a_toolkit_without_nvcc_takes_the_forwarding_back(home, tmp_path):
    write(str(tmp_path / "cuda/bin/nvcc"), TOOL, 0o755)  # below the current directory
    assert envvars.for_user_toolkit({"PATH": "/usr/bin", "CUDA_SHIMS_FORWARD": "/old"}, home) == {
        "CUDA_SHIMS_FORWARD": None
    }


@pytest.mark.parametrize(("more", "rest"), [("", None), (":/a", "/a")])
def test_no_name_of_an_outer_root_stays_beside_the_users(home, more, rest):
    environ = {**envvars.root_variables(OUTER), "CUDA_HOME": home, "PATH": f"{OUTER}/bin:/usr/bin"}
    environ["PKG_CONFIG_PATH"] = f"{OUTER}/lib/pkgconfig{more}"
    after = {**environ, **envvars.for_user_toolkit(environ, home)}
    assert after["PKG_CONFIG_PATH"] == rest
    assert not [name for name, value in after.items() if value and name != "CUDA_SHIMS_ROOT" and OUTER in value]
    assert after["CUDA_HOME"] == home
