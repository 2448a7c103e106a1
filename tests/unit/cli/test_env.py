"""What ``cuda-shims env`` prints where the wheels' folder is the root, as on Windows: evaluated, and taken back."""

from __future__ import annotations

import json
import os
import sys

import pytest
from fake_dll import write_dll
from fake_toolkit import age, write, write_distribution
from roots import make_root, root_path
from shell_support import SHELLS, evaluate

from cuda_shims.cli import main
from cuda_shims.cli.commands import env

pytestmark = pytest.mark.usefixtures("on_windows")


@pytest.fixture
def root(prefix, monkeypatch):
    """Return the root of this process's environment, which has a DLL."""
    prefix.ours()
    prefix.toolkit()
    dlls = {"nvidia/cu13/bin/x86_64/cublas64_13.dll": write_dll([b"cublasCreate_v2"])}
    write_distribution(prefix.site, "nvidia-cublas", "13.5.1", dlls)
    age(prefix.site)
    monkeypatch.setattr(sys, "path", [*(each for each in sys.path if "-packages" not in each), prefix.site])
    return make_root(prefix.site)


@pytest.fixture
def said(capsys, monkeypatch):
    """Give a function that answers what ``env`` prints in a shell."""

    def said(fmt, *options, **environ):
        monkeypatch.setattr(env, "given_environment", lambda: environ)
        assert main(["env", "--format", fmt, *options]) == 0
        return capsys.readouterr().out

    return said


def prompt(tmp_path):
    """Return what a developer prompt has."""
    for name in ("cl", "ninja"):
        write(str(tmp_path / f"msvc/{name}.exe"))
    return {"LIB": "/msvc/lib", "INCLUDE": "/msvc/include", "VSCMD_VER": "17", "PATH": f"/usr/bin:/bin:{tmp_path}/msvc"}


@pytest.mark.parametrize("shell", ["dash", "bash", "fish"])
def test_in_a_developer_prompt(said, root, prefix, tmp_path, shell):
    fmt, before = SHELLS[shell][2], prompt(tmp_path)
    plain = evaluate(shell, "", str(tmp_path), **before)
    once = said(fmt, **before)
    after = evaluate(shell, once * 2, str(tmp_path), **before)
    found = {os.fsdecode(name): os.fsdecode(value) for name, value in after.items()}
    assert found["PATH"] == f"{root}/bin:{before['PATH']}:{root}/bin/x86_64"
    assert found["LIB"] == f"/msvc/lib:{root_path(prefix.site, 13)}/lib/x64"
    assert (found["INCLUDE"], found["CMAKE_GENERATOR"]) == ("/msvc/include", "Ninja")
    assert found["CMAKE_PREFIX_PATH"] == root_path(prefix.site, 13)
    back = said(fmt, "--unset", **{name: found[name] for name in found if name.startswith(("CUDA_", "CMAKE_"))})
    assert evaluate(shell, once + back, str(tmp_path), **before) == plain


def test_elsewhere_the_linkers_variables_stay_unset(said, root):
    text = said("sh", PATH="/usr/bin")
    assert "LIB=" not in text
    assert "CMAKE_GENERATOR" not in text
    assert f"{root}/bin/x86_64" in text


def test_json(said, root, prefix, tmp_path):
    found = json.loads(said("json", **prompt(tmp_path)))
    assert found["search_paths"] == {"PATH": f"{root}/bin", "CMAKE_PREFIX_PATH": root_path(prefix.site, 13)}
    assert found["variables"]["LIB"] == f"/msvc/lib:{root_path(prefix.site, 13)}/lib/x64"
    assert found["last_search_paths"] == {"PATH": f"{root}/bin/x86_64"}
    assert not {"PATH", "INCLUDE"} & set(found["variables"])
    back = json.loads(said("json", "--unset", CUDA_SHIMS_ROOT=root, CUDA_SHIMS_GENERATOR="Ninja", CMAKE_GENERATOR="x"))
    assert back["search_paths"]["PATH"] == f"{root}/bin:{root}/bin/x86_64"
    assert back["variables"]["CUDA_SHIMS_GENERATOR"] is None
    assert "CMAKE_GENERATOR" not in back["variables"]
