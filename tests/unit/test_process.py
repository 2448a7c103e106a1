"""A command in the place of our process, as Windows needs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

import cuda_shims
from cuda_shims import process


@pytest.fixture
def windows(monkeypatch):
    monkeypatch.setattr(process, "_WINDOWS", True)


@pytest.mark.usefixtures("windows")
def test_names_that_differ_in_case_are_one():
    before = {"PATH": "a", "CUDATOOLKIT_ROOT": "old", "CUDA_SHIMS_FORWARD": "x"}
    changes = {"CUDAToolkit_ROOT": "new", "CUDA_SHIMS_FORWARD": None, "PATH": "b"}
    assert process.apply(before, changes) == {"PATH": "b", "CUDATOOLKIT_ROOT": "new"}


def test_names_that_differ_in_case_are_two_elsewhere():
    assert process.apply({"PATH": "a"}, {"Path": "b", "X": None}) == {"PATH": "a", "Path": "b"}


@pytest.mark.usefixtures("windows")
def test_the_command_is_looked_for_on_its_own_path(tmp_path, capfd):
    tool = tmp_path / "tool"
    tool.write_text('#!/bin/sh\necho "$NAME" "$@"; exit 5\n')
    tool.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/bin:/usr/bin", "NAME": "value"}
    assert process.become("tool", ["a b", ""], environ) == 5
    assert capfd.readouterr().out == "value a b \n"


@pytest.mark.usefixtures("windows")
def test_no_such_command(tmp_path):
    with pytest.raises(FileNotFoundError):
        process.become("tool", [], {"PATH": str(tmp_path)})


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
    assert process.become(sys.executable, ["x"], environ) == given
    assert Process.waited == 3


def test_a_program_is_found_on_path_and_never_in_the_current_directory(tmp_path, monkeypatch):
    tool = tmp_path / "there" / "tool"
    tool.parent.mkdir()
    shutil.copy("/bin/true", tool)
    monkeypatch.chdir(tool.parent)
    for path in ("", ".", ":", "../there", f"/nowhere::{tmp_path}"):
        assert process.find_program("tool", path) is None
    assert process.find_program("tool", f":.:/nowhere:{tool.parent}:") == str(tool)
    assert process.find_program(str(tool), "") == str(tool)
    assert process.find_program("./tool", "") == "./tool"
    assert process.find_program("./other", str(tool.parent)) is None
    assert process.absolute_entries(":a:/b::/c d:.") == "/b:/c d"


def run_module(folder, *options, **more):
    command = [sys.executable, *options, "-m", "cuda_shims", "--version"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **more})


def test_as_a_module_it_runs_nothing_of_the_current_directory(tmp_path):
    (tmp_path / "argparse.py").write_text("raise SystemExit('planted')\n")
    version = f"cuda-shims {cuda_shims.__version__}\n"
    assert run_module(tmp_path).stdout == version
    assert run_module(tmp_path, "-I").stdout == version
    # who names that directory has asked for it
    assert run_module(tmp_path, PYTHONPATH=str(tmp_path)).stderr == "planted\n"


def test_as_a_module_it_runs_in_its_own_folder_and_in_none(tmp_path):
    version = f"cuda-shims {cuda_shims.__version__}\n"
    assert run_module(os.path.dirname(os.path.dirname(cuda_shims.__file__))).stdout == version
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os, subprocess; os.rmdir({str(gone)!r}); "
    code += f"subprocess.run([{sys.executable!r}, '-m', 'cuda_shims', '--version'], check=True)"
    done = subprocess.run([sys.executable, "-c", code], cwd=gone, capture_output=True, text=True, check=False)
    assert done.stdout == version


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"A=1\0PATH=/x:/\xff\0EMPTY=\0", {"A": "1", "PATH": "/x:/\udcff", "EMPTY": ""}),
        (b"A=1=2\0A=3\0no name\0", {"A": "1=2"}),
        (b"", {}),
    ],
)
def test_the_environment_that_this_process_was_given(monkeypatch, tmp_path, data, expected):
    (tmp_path / "environ").write_bytes(data)
    monkeypatch.setattr(process, "_BEFORE", str(tmp_path / "environ"))
    assert process.given_environment() == expected
    monkeypatch.setattr(process, "_BEFORE", str(tmp_path / "nowhere"))
    assert process.given_environment() == dict(os.environ)


def test_windows_reads_no_folder_proc(monkeypatch, tmp_path):
    """Anybody may make one on a drive of Windows."""
    (tmp_path / "environ").write_bytes(b"A=1\0")
    monkeypatch.setattr(process, "_BEFORE", str(tmp_path / "environ"))
    monkeypatch.setattr(process, "_WINDOWS", True)
    assert process.given_environment() == dict(os.environ)


@pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="this system does not tell it")
def test_the_environment_is_that_before_any_change():
    code = "import os; os.environ['A'] = 'changed'; from cuda_shims.process import given_environment as given; "
    code += "print(given() == {'A': 'as given', 'PYTHONPATH': os.environ['PYTHONPATH'], 'LC_CTYPE': 'C'})"
    environ = {"A": "as given", "PYTHONPATH": os.pathsep.join(sys.path), "LC_CTYPE": "C"}
    done = subprocess.run([sys.executable, "-S", "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize(
    ("parent", "login", "name"),
    [
        ("fish", "/bin/bash", "fish"),
        ("bash", "/usr/bin/fish", "bash"),
        ("uv", "/usr/bin/fish", "fish"),
        (None, "/usr/bin/zsh", "zsh"),
        (None, "", ""),
    ],
)
def test_who_reads_what_is_printed(monkeypatch, tmp_path, parent, login, name):
    if parent:
        (tmp_path / "comm").write_text(f"{parent}\n")
    monkeypatch.setattr(process, "_PARENT", str(tmp_path / "comm"))
    assert process.reader({"SHELL": login} if login else {}) == name


def test_fish_reads_what_it_has_started():
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("needs fish: apt-get install fish")
    code = "from cuda_shims.process import reader; print(reader({}))"
    done = subprocess.run(
        [fish, "-c", f"{sys.executable} -c '{code}'; true"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "fish\n"
