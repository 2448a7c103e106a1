"""The line that installs something in an environment works where it is read."""

from __future__ import annotations

import os
import sys

import pytest
from fake_toolkit import Prefix, write, write_distribution

from cuda_shims.cli.parser import make_parsers
from cuda_shims.environment import installer
from cuda_shims.environment.environment import prefix_environment, target_environment

PROGRAM, UNFOUND_PIP = installer._program, installer._unfound_pip  # which the tests replace


def environment_of(prefix, dist_info=None):
    return target_environment(prefix.site)._replace(
        is_target=False, scripts=prefix.bin, dist_info=dist_info, label="it"
    )


def command(prefix, path, *, here=True, dist_info=None, **variables):
    shell = {"PATH": os.pathsep.join(path), **variables}
    return installer.install_command(environment_of(prefix, dist_info), shell, here=here)


@pytest.fixture
def pip():
    """Give a function that puts a pip into a folder."""

    def pip(folder):
        write(os.path.join(folder, "pip"), b"#!/bin/sh\n", 0o755)
        return str(folder)

    return pip


def test_pip_of_an_environment_that_is_active(prefix, pip, tmp_path):
    path = [pip(prefix.bin), pip(tmp_path / "other")]
    assert command(prefix, path) == "pip install"


def test_a_pip_of_another_environment_comes_first(prefix, pip, tmp_path):
    path = [pip(tmp_path / "other"), pip(prefix.bin)]
    assert command(prefix, path) == f"pip --python {prefix.bin}/python install"
    write_distribution(prefix.site, "pip", "26.1", {"pip/__init__.py": b""})
    assert command(prefix, path) == f"{prefix.bin}/python -m pip install"
    assert command(prefix, path, here=False) == f"{prefix.bin}/python -m pip install"


@pytest.mark.parametrize("has_pip", [True, False])
def test_no_pip_at_all_on_path(prefix, monkeypatch, has_pip):
    """An environment that is not active, whose command somebody called by its path."""
    monkeypatch.setattr(installer, "_unfound_pip", UNFOUND_PIP)
    monkeypatch.setattr(installer, "current_environment", lambda: environment_of(prefix))
    if has_pip:
        write_distribution(prefix.site, "pip", "26.1", {"pip/__init__.py": b""})
    pip = f"{sys.executable} -m pip" if has_pip else "pip"
    assert command(prefix, [prefix.bin]) == f"{pip} install"
    target = target_environment(prefix.site)
    assert installer.install_command(target, {}, here=False) == f"{pip} install --target {prefix.site}"
    other = environment_of(prefix)._replace(site_dirs=(), python="/usr/bin/python3")
    assert installer.install_command(other, {}, here=False) == f"{pip} --python /usr/bin/python3 install"


def test_an_environment_below_a_path_with_a_blank(tmp_path, pip):
    prefix = Prefix(str(tmp_path / "First Last"))
    write_distribution(prefix.site, "pip", "26.1", {"pip/__init__.py": b""})
    assert command(prefix, [pip(tmp_path / "other")]) == f"'{prefix.bin}/python' -m pip install"


@pytest.mark.parametrize("installed_by", ["uv", "uv\n", "pip\n", "", b"\xff"])
def test_who_installed_cuda_shims(prefix, pip, installed_by):
    path, dist_info = [pip(prefix.bin)], prefix.ours()
    data = installed_by if isinstance(installed_by, bytes) else installed_by.encode()
    write(os.path.join(dist_info, "INSTALLER"), data)
    uvs = data.strip() == b"uv"
    active = {"VIRTUAL_ENV": prefix.path}
    assert command(prefix, path, dist_info=dist_info, **active) == ("uv pip install" if uvs else "pip install")
    given = f"uv pip install --python {prefix.bin}/python" if uvs else "pip install"
    assert command(prefix, path, dist_info=dist_info) == given
    assert command(prefix, path, dist_info=dist_info, VIRTUAL_ENV="/elsewhere") == given


def test_who_installed_a_toolkit_without_cuda_shims(prefix, pip, tmp_path, monkeypatch):
    # a file of that name in the working directory says nothing
    write(str(tmp_path / "INSTALLER"), b"uv\n")
    monkeypatch.chdir(tmp_path)
    path = [pip(prefix.bin)]
    assert command(prefix, path) == "pip install"
    write_distribution(prefix.site, "cuda-toolkit", "13.5.0", {})
    toolkit = os.path.join(prefix.site, "cuda_toolkit-13.5.0.dist-info")
    write(os.path.join(toolkit, "INSTALLER"), b"uv\n")
    assert command(prefix, path) == f"uv pip install --python {prefix.bin}/python"


@pytest.mark.parametrize("by", ["pip", "uv"])
def test_targets_and_prefixes(prefix, by):
    write(os.path.join(prefix.ours(), "INSTALLER"), by.encode())
    start = "uv pip install" if by == "uv" else "pip install"
    for environment, option in (
        (target_environment(prefix.site), f"--target {prefix.site}"),
        (prefix_environment(prefix.path), f"--prefix {prefix.path}"),
    ):
        assert installer.install_command(environment, {}, here=False) == f"{start} {option}"


# our own commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def own(prefix, monkeypatch):
    """Make a prefix the environment of this process, with our command in it."""
    monkeypatch.setattr(installer, "_program", PROGRAM)
    monkeypatch.setattr(installer, "current_environment", lambda: environment_of(prefix))
    return write(os.path.join(prefix.bin, "cuda-shims"), b"#!/bin/sh\n", 0o755)


def spell(*path, text="run: cuda-shims root", **variables):
    return installer.name_program(text, {"PATH": os.pathsep.join(map(str, path)), **variables})


def test_our_command_where_path_leads_to_it(own, prefix, tmp_path):
    os.mkdir(tmp_path / "links")
    os.symlink(own, tmp_path / "links" / "cuda-shims")  # as pipx and "uv tool" do
    assert spell(prefix.bin) == spell(tmp_path / "links") == "run: cuda-shims root"


def test_our_command_where_path_does_not_lead_to_it(own, prefix, tmp_path):
    assert own
    write(str(tmp_path / "other" / "cuda-shims"), b"#!/bin/sh\n", 0o755)
    by_python = f"run: {sys.executable} -m cuda_shims root"
    assert spell("/usr/bin") == spell(tmp_path / "other", prefix.bin) == spell() == by_python
    # uv puts the environment on the PATH of what it runs, and the shell that reads this has another
    assert spell(prefix.bin, UV="/usr/bin/uv") == by_python


def test_a_python_below_a_path_with_a_blank(own, monkeypatch):
    assert own
    monkeypatch.setattr(sys, "executable", "/First Last/bin/python")
    assert spell() == "run: '/First Last/bin/python' -m cuda_shims root"


@pytest.mark.parametrize(
    "text",
    ["cuda-shims: no", "install cuda-shims", "/x/cuda-shims root", "a cuda-shims rooted", "cuda-shims was there"],
)
def test_what_is_not_our_command(own, text):
    assert own
    assert spell(text=text) == text


def test_every_command_of_ours_is_known():
    assert {name for name in make_parsers() if installer.name_program(f"cuda-shims {name}", {}, "x")[-1] != "x"} == {""}


def test_the_commands_of_a_fix(prefix):
    environment = target_environment(prefix.site)
    fix = installer.for_environment("pip install x; or cuda-shims list --cuda 12", environment, {}, here=False)
    place = f"--target {prefix.site}"
    assert fix == f"pip install {place} x; or cuda-shims list {place} --cuda 12"


def test_an_interpreter_that_is_not_next_to_the_scripts(prefix, pip, tmp_path):
    """Debian's python3 is in /usr/bin, and pip puts scripts into /usr/local/bin or ~/.local/bin."""
    environment = environment_of(prefix)._replace(python="/usr/bin/python3")
    write_distribution(prefix.site, "pip", "26.1", {"pip/__init__.py": b""})
    shell = {"PATH": pip(tmp_path / "other")}
    assert installer.install_command(environment, shell, here=True) == "/usr/bin/python3 -m pip install"
    assert installer.place_options(environment, here=False) == ["--python", "/usr/bin/python3"]
