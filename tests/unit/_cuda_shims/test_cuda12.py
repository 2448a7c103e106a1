"""CUDA 12, whose wheels have no compiler, and the hook: chosen where it was asked for."""

from __future__ import annotations

import os

import pytest
from cuda12_support import new_prefix, no_system, prefix
from fake_toolkit import TOOL, write, write_distribution
from roots import make_root, root_path

import _cuda_shims
from _cuda_shims import selection, uncommon
from cuda_shims.installation import refresh

__all__ = ["new_prefix", "no_system", "prefix"]  # fixtures


def expected(root, **more):
    homes = dict.fromkeys((*_cuda_shims.HOMES, _cuda_shims.MARKER), root)
    stubs = dict.fromkeys(("LIBRARY_PATH", "CMAKE_LIBRARY_PATH"), f"{root}/lib64/stubs")
    paths = {"PATH": f"{root}/bin:/usr/bin", "PKG_CONFIG_PATH": f"{root}/lib/pkgconfig"}
    return {**homes, **stubs, **paths, **more}


def test_libraries_that_nobody_asked_for_as_a_toolkit(hook, prefix):
    prefix.split()
    assert hook(prefix.site) == {"PATH": "/usr/bin"}
    assert not os.path.exists(os.path.join(prefix.site, "cuda_shims_toolkit"))


def test_a_toolkit_that_was_asked_for(hook, prefix):
    prefix.split(asked=True)
    root = root_path(prefix.site, 12)
    for _ in range(2):
        assert hook(prefix.site) == expected(root)


REQUIRED = "Name: {}\nVersion: 1\nRequires-Dist: cuda{}toolkit[nvrtc]==12.6.3; platform_system == 'Linux'\n"


@pytest.mark.parametrize("name", ["torch", "some-package"])
@pytest.mark.parametrize("separator", ["-", "_"])
def test_a_toolkit_that_another_package_requires(hook, prefix, name, separator):
    prefix.split(asked=True)
    folder = write_distribution(prefix.site, name, "1", {})
    write(os.path.join(folder, "METADATA"), REQUIRED.format(name, separator).encode())
    assert hook(prefix.site) == {"PATH": "/usr/bin"}
    assert hook(prefix.site, CUDA_SHIMS_TOOLKIT="12")["CUDA_HOME"].endswith("/cu12")


def test_our_own_extra_and_what_cannot_be_read_require_nothing(hook, prefix):
    write(os.path.join(prefix.site, "cuda_shims-0.1.0.dist-info/METADATA"), REQUIRED.format("cuda-shims", "-").encode())
    prefix.split(asked=True)
    os.makedirs(os.path.join(prefix.site, "broken-1.dist-info/METADATA"))
    assert hook(prefix.site)["CUDA_HOME"].endswith("/cu12")


def test_a_compiler_on_path_is_not_hidden(hook, prefix, tmp_path):
    prefix.split(asked=True)
    write(str(tmp_path / "system/nvcc"), TOOL, 0o755)
    path = f"{tmp_path}/system:/usr/bin"
    assert hook(prefix.site, PATH=path) == {"PATH": path}


def test_a_compiler_where_everybody_looks_is_not_hidden(hook, prefix):
    prefix.split(asked=True)
    write(os.path.join(selection._USUAL, "nvcc"), TOOL, 0o755)
    assert hook(prefix.site) == {"PATH": "/usr/bin"}


def test_our_shim_on_path_is_no_compiler(hook, prefix):
    prefix.split(asked=True)
    prefix.shim()
    assert hook(prefix.site, PATH=f"{prefix.bin}:/usr/bin")["CUDA_HOME"].endswith("/cu12")


@pytest.mark.parametrize("name", [*_cuda_shims.HOMES, *_cuda_shims.COMPILERS])
def test_a_variable_of_the_users_wins(hook, prefix, tmp_path, name):
    prefix.split(asked=True)
    value = f"{tmp_path}/bin/nvcc" if name in _cuda_shims.COMPILERS else str(tmp_path)
    assert hook(prefix.site, **{name: value}) == {"PATH": "/usr/bin", name: value}


def test_a_toolkit_of_another_major_was_asked_for(hook, prefix):
    prefix.split()
    write_distribution(prefix.site, "cuda-toolkit", "13.5.0", {})
    assert hook(prefix.site) == {"PATH": "/usr/bin"}


def test_chosen_by_the_variable(hook, prefix):
    prefix.split()
    root = root_path(prefix.site, 12)
    found = hook(
        prefix.site, CUDA_SHIMS_TOOLKIT="12", CUDA_HOME="/opt/cuda", CUDACXX="/opt/cuda/bin/nvcc", NVCC="clang++"
    )
    # no compiler of another toolkit beside these headers
    assert found == expected(root, CUDA_SHIMS_TOOLKIT="12", NVCC="clang++")
    assert hook(prefix.site, CUDA_SHIMS_TOOLKIT=root) == expected(root, CUDA_SHIMS_TOOLKIT=root)


def test_chosen_by_the_project(hook, prefix, tmp_path):
    prefix.split()
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = 12\n")
    root = root_path(prefix.site, 12)
    assert hook(prefix.site) == expected(root, CUDA_SHIMS_FORWARD=root)  # the shims read no project
    assert hook(prefix.site, CUDA_HOME=str(tmp_path)) == {"CUDA_HOME": str(tmp_path), "PATH": "/usr/bin"}
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = 13\n")
    assert hook(prefix.site) == {"PATH": "/usr/bin", "CUDA_SHIMS_FORWARD": "13"}


@pytest.mark.parametrize("place", ["one directory", "two directories", "the other first"])
@pytest.mark.parametrize("fresh", [True, False])
def test_side_by_side_each_is_chosen_in_turn(hook, new_prefix, tmp_path, place, fresh):
    one = new_prefix("one")
    other = one if place == "one directory" else new_prefix("other")
    one.toolkit()
    other.split(asked=True)
    if fresh:
        make_root(one.site, 13)
        make_root(other.site, 12)
    path = [other.site, one.site] if place == "the other first" else [one.site, other.site]
    new, old = root_path(one.site, 13), root_path(other.site, 12)
    nvcc = dict.fromkeys(_cuda_shims.COMPILERS, f"{new}/bin/nvcc")
    assert hook(*path) == expected(new, **nvcc)
    assert hook(*path, CUDA_SHIMS_TOOLKIT="12") == expected(old, CUDA_SHIMS_TOOLKIT="12")
    assert hook(*path, CUDA_SHIMS_TOOLKIT="13") == expected(new, **nvcc, CUDA_SHIMS_TOOLKIT="13")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert hook(*path) == expected(new, **nvcc)
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = '12'\n")
    assert hook(*path) == expected(old, CUDA_SHIMS_FORWARD=old)


def test_an_outer_environments_toolkit_is_replaced(hook, new_prefix):
    outer, inner = new_prefix("outer"), new_prefix("inner")
    outer.toolkit()
    inner.split(asked=True)
    variables = hook(outer.site)
    assert hook(inner.site, **variables) == expected(root_path(inner.site, 12))
    variables = hook(inner.site)
    root = root_path(outer.site, 13)
    nvcc = dict.fromkeys(_cuda_shims.COMPILERS, f"{root}/bin/nvcc")
    assert hook(outer.site, **variables) == expected(root, **nvcc)


def test_the_other_half_of_a_build_environment(hook, new_prefix):
    """PIP's static requirements are on sys.path already, the dynamic ones by PATH alone."""
    static, dynamic = new_prefix("pip-build-env-1/overlay"), new_prefix("pip-build-env-1/normal")
    static.split()
    dynamic.toolkit()
    assert hook(static.site, PATH=f"{dynamic.bin}:/usr/bin")["CUDA_HOME"] == root_path(dynamic.site, 13)
    other = new_prefix("other")
    other.split(asked=True)
    assert hook("/nowhere", PATH=f"{other.bin}:/usr/bin")["CUDA_HOME"] == root_path(other.site, 12)


def test_no_root_no_variables(hook, prefix, monkeypatch):
    prefix.split(asked=True)

    def broken(*_):
        raise OSError

    monkeypatch.setattr(refresh, "make_root", broken)
    assert hook(prefix.site) == {"PATH": "/usr/bin"}
    monkeypatch.setattr(uncommon, "_is_full", lambda _: True)
    assert hook(prefix.site) == {"PATH": "/usr/bin"}


def test_an_environment_without_it_is_not_asked_once_more(hook, prefix, monkeypatch):
    """The common case reads no pyproject.toml, and looks for none, where there is no CUDA 12."""
    prefix.toolkit()
    make_root(prefix.site, 13)
    asked = []
    exists = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda path: asked.append(path) or exists(path))
    hook(prefix.site)
    assert asked == [os.path.join(prefix.site, "nvidia/cu13/bin/nvcc")]
