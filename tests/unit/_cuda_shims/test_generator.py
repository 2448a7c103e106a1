"""CMake's generator in a developer prompt: Ninja where that works, and nothing that a user has not left open."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import write

from _cuda_shims import generator, variables

NINJA = {"CMAKE_GENERATOR": "Ninja", "CUDA_SHIMS_GENERATOR": "Ninja"}


@pytest.fixture
def prompt(tmp_path):
    """Give a function that makes a developer prompt, of folders on PATH with programs in them."""

    def prompt(*folders, **environ):
        for number, names in enumerate(folders):
            for name in names.split():
                write(str(tmp_path / str(number) / f"{name}.exe"))
        path = [str(tmp_path / str(number)) for number in range(len(folders))]
        return {"VSCMD_VER": "17.14", "PATH": os.pathsep.join(path), **environ}

    return prompt


@pytest.mark.parametrize(
    ("folders", "chosen"),
    [
        (["cl ninja"], True),
        (["ninja", "cl"], True),
        (["cl", "ninja gcc"], True),  # CMake takes the first on PATH
        (["cl gcc", "ninja"], True),
        (["cl", "gcc"], False),
        (["gcc", "cl ninja"], False),
        (["clang ninja", "cl"], False),
        (["ninja"], False),
        (["", "cl ninja", ""], True),
        ([], False),
    ],
)
def test_what_is_on_path(prompt, folders, chosen):
    assert generator.choose(prompt(*folders)) == (NINJA if chosen else {})


@pytest.mark.parametrize(
    "name", ["CMAKE_GENERATOR", "CMAKE_GENERATOR_PLATFORM", "CMAKE_GENERATOR_TOOLSET", "CC", "CXX"]
)
def test_what_a_user_chose_stays(prompt, name):
    assert generator.choose(prompt("cl ninja", **{name: "x"})) == {}
    assert generator.choose(prompt("cl ninja", **{name: ""})) == NINJA


def test_only_in_a_developer_prompt(prompt):
    environ = prompt("cl ninja")
    del environ["VSCMD_VER"]
    assert generator.choose(environ) == {}


def test_a_folder_of_that_name_is_no_program(prompt, tmp_path):
    (tmp_path / "0/ninja.exe").mkdir(parents=True)
    assert generator.choose(prompt("cl")) == {}


def test_it_is_taken_back_if_it_is_ours():
    assert generator.taken_back(NINJA) == dict.fromkeys(NINJA)
    assert generator.taken_back({"CMAKE_GENERATOR": "Ninja"}) == {}
    for later in ({"CMAKE_GENERATOR": "NMake Makefiles"}, {"CMAKE_GENERATOR": "Visual Studio 17 2022"}, {}):
        environ = {"CUDA_SHIMS_GENERATOR": "Ninja", **later}
        assert generator.taken_back(environ) == {"CUDA_SHIMS_GENERATOR": None}


@pytest.mark.usefixtures("on_windows")
@pytest.mark.parametrize("common", [True, False])
def test_the_hook(hook, prefix, prompt, common):
    prefix.ours()
    prefix.toolkit()
    hook(prefix.site)
    more = {} if common else {"CUDA_SHIMS_TOOLKIT": "13"}
    said = hook(prefix.site, **prompt("cl ninja"), **more)
    assert NINJA.items() <= said.items()
    assert hook(prefix.site, **{**prompt("cl ninja"), **said}) == said
    assert NINJA.items() <= {**said, **variables.for_root(said, said["CUDA_HOME"])}.items()
    back = variables.without_ours(said)
    assert {name: back[name] for name in NINJA} == dict.fromkeys(NINJA)
    assert "CMAKE_GENERATOR" not in hook(prefix.site, **more)


def test_not_on_other_systems(hook, prefix, prompt):
    prefix.ours()
    prefix.toolkit()
    for _ in range(2):
        assert "CMAKE_GENERATOR" not in hook(prefix.site, **prompt("cl ninja"))
