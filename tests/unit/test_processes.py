"""A command in the place of our process, as Windows needs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cuda_shims import processes


@pytest.fixture
def windows(monkeypatch):
    monkeypatch.setattr(processes, "_WINDOWS", True)


@pytest.mark.usefixtures("windows")
def test_names_that_differ_in_case_are_one():
    before = {"PATH": "a", "CUDATOOLKIT_ROOT": "old", "CUDA_SHIMS_FORWARD": "x"}
    changes = {"CUDAToolkit_ROOT": "new", "CUDA_SHIMS_FORWARD": None, "PATH": "b"}
    assert processes.changed(before, changes) == {"PATH": "b", "CUDATOOLKIT_ROOT": "new"}


def test_names_that_differ_in_case_are_two_elsewhere():
    assert processes.changed({"PATH": "a"}, {"Path": "b", "X": None}) == {"PATH": "a", "Path": "b"}


@pytest.mark.usefixtures("windows")
def test_the_command_is_looked_for_on_its_own_path(tmp_path, capfd):
    tool = tmp_path / "tool"
    tool.write_text('#!/bin/sh\necho "$NAME" "$@"; exit 5\n')
    tool.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/bin:/usr/bin", "NAME": "value"}
    assert processes.become("tool", ["a b", ""], environ) == 5
    assert capfd.readouterr().out == "value a b \n"


@pytest.mark.usefixtures("windows")
def test_no_such_command(tmp_path):
    with pytest.raises(FileNotFoundError):
        processes.become("tool", [], {"PATH": str(tmp_path)})


@pytest.mark.parametrize(("code", "given"), [(0, 0), (255, 255), (0xC0000005, -0x3FFFFFFB), (0xFFFFFFFF, -1)])
@pytest.mark.usefixtures("windows")
def test_exit_codes_of_32_bits(monkeypatch, code, given):
    class Process:
        waited = 0

        def __init__(self, command, env):
            assert command == [sys.executable, "x"]
            assert env == {"PATH": os.path.dirname(sys.executable)}

        def wait(self):
            Process.waited += 1
            if Process.waited < 3:
                raise KeyboardInterrupt  # Ctrl-C reaches the command as well
            return code

    monkeypatch.setattr(subprocess, "Popen", Process)
    environ = {"PATH": os.path.dirname(sys.executable)}
    assert processes.become(sys.executable, ["x"], environ) == given
    assert Process.waited == 3
