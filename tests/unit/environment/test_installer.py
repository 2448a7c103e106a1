"""The line that installs something in an environment works where it is read."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import Prefix, write, write_distribution

from cuda_shims.environment import installer
from cuda_shims.environment.environment import prefix_environment, target_environment


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


def test_no_pip_at_all_on_path(prefix):
    assert command(prefix, [prefix.bin]) == "pip install"


def test_an_environment_below_a_path_with_a_blank(tmp_path, pip):
    prefix = Prefix(str(tmp_path / "First Last"))
    write_distribution(prefix.site, "pip", "26.1", {"pip/__init__.py": b""})
    assert command(prefix, [pip(tmp_path / "other")]) == f"pip --python '{prefix.bin}/python' install"


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
