"""Commands that are asked of another environment than the shell's: what the shell's has is no answer (A16)."""

from __future__ import annotations

import json
import os
import sys
import venv

import pytest
from fake_toolkit import TOOL, write

from cuda_shims.cli import main

NAMES = ["nvcc", "cuda_runtime.h", "-lcudart", "CUDA::cudart", "cuobjdump"]


@pytest.fixture
def here(prefix, tmp_path, monkeypatch):
    """The environment of this process, with a toolkit, and another nvcc on PATH."""
    prefix.toolkit()
    prefix.ours()
    base = [path for path in sys.path if "-packages" not in path]
    monkeypatch.setattr(sys, "path", [*base, prefix.site])
    other = write(str(tmp_path / "system/nvcc"), TOOL, 0o755)
    write(str(tmp_path / "system/cuobjdump"), TOOL, 0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([prefix.bin, os.path.dirname(other), "/usr/bin", "/bin"]))
    return prefix


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("empty") / "venv")
    venv.create(path)
    return path


@pytest.fixture
def empty(tmp_path, empty_venv):
    """Give a function that makes an environment without a toolkit: the options that name it, and its path."""

    def empty(option):
        if option == "--python":
            return [option, empty_venv], f"--python {empty_venv}/bin/python", empty_venv
        path = str(tmp_path / "empty")
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        for folder in (path, f"{path}/lib/{version}/site-packages"):
            write(f"{folder}/other-1.0.dist-info/METADATA", b"Name: other\nVersion: 1.0\n")
        return [option, path], f"{option} {path}", path

    return empty


@pytest.mark.parametrize("option", ["--python", "--target", "--prefix"])
@pytest.mark.parametrize("name", NAMES)
def test_which(here, empty, capsys, option, name):
    options, place, path = empty(option)
    assert main(["which", *options, "--", name]) == 127
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{name} is not installed in " in said.err
    assert path in said.err.partition(": ")[2].partition(": ")[0]
    assert said.err.count("\n") == 1
    line = f"pip {place} install " if option == "--python" else f"pip install {place} "
    assert line in said.err
    assert here.path not in said.err
    # here it is
    if name != "cuobjdump":
        assert main(["which", "--", name]) == 0
        assert here.path in capsys.readouterr().out


@pytest.mark.usefixtures("here")
def test_which_of_what_no_wheel_holds(empty, capsys):
    options, _, _ = empty("--target")
    assert main(["which", *options, "frobnicate"]) == 127
    assert "no CUDA wheel on PyPI holds a tool of that name" in capsys.readouterr().err


def test_which_names_our_command_of_that_environment(here, new_prefix, capsys):
    """A header is there, and the stub of the driver that is made from it is not: the root makes it."""
    other = new_prefix("other")
    other.toolkit()
    assert main(["which", "--target", other.site, "libcuda.so"]) == 127
    assert f"run: cuda-shims root --target {other.site}\n" in capsys.readouterr().err
    assert main(["which", "libcuda.so"]) == 127
    assert "run: cuda-shims root\n" in capsys.readouterr().err
    assert here.path


@pytest.mark.usefixtures("here")
def test_which_in_json(empty, capsys):
    options, _, _ = empty("--target")
    assert main(["which", *options, "nvcc", "--json"]) == 127
    said = json.loads(capsys.readouterr().out)
    assert (said["path"], said["toolkit"]) == (None, None)
    assert said["holdings"]


@pytest.mark.parametrize("option", ["--python", "--target", "--prefix"])
@pytest.mark.parametrize("command", ["root", "env", "exec", "list"])
def test_others(here, empty, capsys, option, command):
    options, _, path = empty(option)
    words = ["true"] if command == "exec" else []
    assert main([command, *options, *words]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert path in said.err
    assert here.path not in said.err


@pytest.mark.parametrize("option", ["--python", "--target", "--prefix"])
def test_doctor(here, empty, capsys, option):
    options, place, _ = empty(option)
    assert main(["doctor", *options, "--json"]) == 1
    found = {each["code"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    assert place in found["no-toolkit"]["fix"]
    assert "toolkit" not in found
    assert not [each for each in found.values() if here.site in each["what"]]
