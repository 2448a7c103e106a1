"""Where NVIDIA has no wheels of CUDA, everything says so in one sentence, and proposes to install none."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from cuda_shims import errors
from cuda_shims.catalog import platforms, tools
from cuda_shims.cli import main
from cuda_shims.doctor import case as findings
from cuda_shims.doctor.checks import examine
from cuda_shims.environment.environment import Environment
from cuda_shims.installation import shims

NOWHERE = "NVIDIA has no CUDA wheels for macOS on arm64; they are for Linux on x86_64 and aarch64, and for Windows on "


@pytest.fixture
def on_macos(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")


@pytest.mark.parametrize(
    ("system", "machine", "served", "name"),
    [
        ("linux", "x86_64", True, "Linux on x86_64"),
        ("linux", "aarch64", True, "Linux on aarch64"),
        ("linux", "riscv64", False, "Linux on riscv64"),
        ("win32", "AMD64", True, "Windows on AMD64"),
        ("win32", "ARM64", True, "Windows on ARM64"),
        ("win32", "x86", False, "Windows on x86"),
        ("darwin", "x86_64", False, "macOS on x86_64"),
        ("freebsd15", "amd64", False, "freebsd15 on amd64"),
    ],
)
def test_systems(monkeypatch, system, machine, served, name):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert platforms.here() == name
    assert platforms.unserved().startswith(
        "" if served else f"NVIDIA has no CUDA wheels for {name}; they are for Linux"
    )
    assert bool(platforms.unserved()) is not served


@pytest.mark.usefixtures("on_macos")
def test_errors():
    for error in (errors.ToolkitNotFoundError("here"), errors.ToolNotFoundError("nvcc", "run: pip install x")):
        assert NOWHERE in str(error)
        assert str(error).endswith(platforms.FIX)
        assert "pip install" not in str(error)


@pytest.mark.usefixtures("on_macos")
@pytest.mark.parametrize(
    "arguments",
    [["install"], ["list"], ["root"], ["env"], ["exec", "make"], ["which", "nvcc"], ["which", "cublas_v2.h"]],
    ids=" ".join,
)
def test_the_command_line(prefix, capfd, monkeypatch, arguments):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    where = ["--target", prefix.path]
    code = main([arguments[0], *where, *arguments[1:]])
    out, err = capfd.readouterr()
    assert (code, out, err.count("\n")) == (127 if arguments[0] == "which" else 1, "", 1)
    assert NOWHERE in err
    assert "pip install" not in err


@pytest.mark.usefixtures("on_macos")
def test_the_doctor_finds_one_thing(prefix, tmp_path):
    environment = Environment((prefix.site,), prefix.bin, prefix.ours(), is_target=False, label="here")
    environ = {"PATH": f"{prefix.bin}:/usr/bin:/bin"}
    found = [each for each in examine(environment, environ, str(tmp_path)) if each.level != findings.OK]
    assert [each.code for each in found] == ["unsupported-platform"]
    assert found[0].what == "This is macOS on arm64, for which NVIDIA has no CUDA wheels."


def test_the_shim(prefix, shell):
    """``command -p`` takes the system's own uname, which is Linux's here."""
    text = shims.shim_bytes().decode()
    assert text.count("command -p uname -s") == 1
    path = prefix.shim()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("command -p uname -s", "echo Darwin"))
    done = subprocess.run([*shell, path], env={"PATH": prefix.bin}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (127, "", 1)
    assert "NVIDIA has no CUDA wheels for macOS" in done.stderr
    assert tools.BUNDLE not in done.stderr
