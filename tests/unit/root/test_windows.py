"""What the wheels' folder lacks on Windows, where it is the root: made, found, renewed and removed like a root."""

from __future__ import annotations

import filecmp
import os
import shutil

import pytest
from fake_toolkit import age, snapshot, write, write_distribution
from roots import make_root, root_path

import cuda_shims as api
from _cuda_shims import MADE_FROM, ROOTS_FOLDER, root_variables
from _cuda_shims.places import Place
from cuda_shims.config import Config
from cuda_shims.doctor.case import make_case
from cuda_shims.doctor.root import check_root
from cuda_shims.environment.environment import target_environment
from cuda_shims.installation import refresh
from cuda_shims.root.build import plan_root

pytestmark = pytest.mark.usefixtures("on_windows")


@pytest.fixture
def prefix(prefix):
    prefix.ours()
    return prefix


def place(prefix, major=13):
    return root_path(prefix.site, major)


def expected(prefix, toolkit, path="/usr/bin"):
    paths = {"PATH": f"{toolkit}/bin:{path}", "CMAKE_PREFIX_PATH": place(prefix)}
    return {**root_variables(toolkit), **paths}


def test_the_wheels_folder_is_the_root(hook, prefix):
    toolkit = prefix.toolkit()
    for _ in range(2):
        assert hook(prefix.site) == expected(prefix, toolkit)
    assert Place(prefix.site, 13).fresh_root() == toolkit
    assert make_root(prefix.site) == toolkit


def test_a_second_start_writes_nothing(hook, prefix):
    prefix.toolkit()
    hook(prefix.site)
    before = snapshot(prefix.path)
    hook(prefix.site)
    assert snapshot(prefix.path) == before


@pytest.mark.parametrize(("version", "folder"), [("13.2.78", "cuda_cccl"), ("13.5.37", "cccl")])
def test_the_files_of_cccl_find_their_headers(prefix, version, folder):
    """From where they are, through what CMake joins: the folder that they lie in, and ``from_install_prefix``."""
    toolkit = prefix.toolkit(version)
    make_root(prefix.site)
    package = os.path.join(place(prefix), "lib/cmake/cub")
    with open(os.path.join(package, "cub-header-search.cmake"), encoding="utf-8") as file:
        way = file.read().split('"')[1]
    assert os.path.samefile(os.path.join(package, way, "include/cccl"), os.path.join(toolkit, "include/cccl"))
    for name in ("cccl", "cub", "thrust", "libcudacxx"):
        path = f"lib/cmake/{name}/{name}-config.cmake"
        assert filecmp.cmp(os.path.join(place(prefix), path), os.path.join(toolkit, folder, path), shallow=False)


def test_nothing_is_copied_that_works_where_it_is(prefix):
    """13.0 and 13.1: CMake finds lib/cmake beside bin, and CCCL its headers from there."""
    prefix.toolkit("13.0.88")
    make_root(prefix.site)
    assert os.listdir(os.path.join(place(prefix), "lib")) == []


def test_no_links(prefix):
    prefix.toolkit()
    entries = plan_root(Place(prefix.site, 13), place(prefix)).entries
    assert len(entries) == 6
    assert not [entry for entry in entries if entry.link is not None]
    assert not [entry for entry in entries if "\\" in entry.path]


def _upgrade(prefix, toolkit):
    for name in os.listdir(prefix.site):
        if name.startswith("nvidia_cuda_cccl"):
            shutil.rmtree(os.path.join(prefix.site, name))
    new = {"nvidia/cu13/cccl/lib/cmake/cub/cub-config.cmake": b"# new\n"}
    write_distribution(prefix.site, "nvidia-cuda-cccl", "13.6.1", new)
    age(prefix.site)
    assert toolkit


def _addition(_, toolkit):
    write(os.path.join(toolkit, "bin/cuobjdump"), b"", 0o755)


def _garbage(prefix, _):
    with open(os.path.join(place(prefix), MADE_FROM), "wb") as file:
        file.write(b"\xff\0\n")


def _no_stamp(prefix, _):
    os.unlink(os.path.join(place(prefix), MADE_FROM))


@pytest.mark.parametrize("change", [_upgrade, _addition, _garbage, _no_stamp])
def test_a_stale_one_is_renewed(hook, prefix, change):
    toolkit = prefix.toolkit()
    hook(prefix.site)
    change(prefix, toolkit)
    assert Place(prefix.site, 13).fresh_root() is None
    assert hook(prefix.site) == expected(prefix, toolkit)
    assert Place(prefix.site, 13).fresh_root() == toolkit
    with open(os.path.join(place(prefix), "lib/cmake/cub/cub-config.cmake"), "rb") as file:
        assert file.read() == (b"# new\n" if change is _upgrade else b"\n")


def test_cccl_is_gone(hook, prefix):
    toolkit = prefix.toolkit()
    hook(prefix.site)
    shutil.rmtree(os.path.join(toolkit, "cccl"))
    for name in os.listdir(prefix.site):
        if name.startswith("nvidia_cuda_cccl"):
            shutil.rmtree(os.path.join(prefix.site, name))
    hook(prefix.site)
    assert os.listdir(os.path.join(place(prefix), "lib")) == []


def test_an_outer_environments_folders_go(hook, new_prefix):
    outer, inner = new_prefix("outer"), new_prefix("inner")
    toolkits = {each: each.toolkit() for each in (outer, inner)}
    variables = hook(outer.site)
    for _ in range(2):
        assert hook(inner.site, **variables) == expected(inner, toolkits[inner])


def test_the_users_own_toolkit(hook, prefix, new_prefix):
    """What an outer environment put on CMake's path is taken back with the rest."""
    prefix.toolkit()
    outer = new_prefix("outer")
    outer.toolkit()
    variables = {**hook(outer.site), "CMAKE_PREFIX_PATH": f"{place(outer)}:/opt/x"}
    home = os.path.dirname(os.path.dirname(write(prefix.path + "/theirs/bin/nvcc", b"", 0o755)))
    said = hook(prefix.site, **{**variables, "CUDA_HOME": home})
    assert said["CUDA_HOME"] == home
    assert said["CMAKE_PREFIX_PATH"] == "/opt/x"


def test_a_toolkit_that_a_user_chose_has_no_supplement(hook, prefix, tmp_path):
    prefix.toolkit()
    said = hook(prefix.site, CUDA_SHIMS_TOOLKIT=str(tmp_path))
    assert said["CUDA_HOME"] == str(tmp_path)
    assert "CMAKE_PREFIX_PATH" not in said


def test_builds_go_on_where_nothing_can_be_written(hook, prefix, monkeypatch):
    toolkit = prefix.toolkit()
    monkeypatch.setattr(refresh, "write_root", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
    assert hook(prefix.site)["CUDA_HOME"] == toolkit


def test_install_and_uninstall(prefix):
    prefix.toolkit()
    before = snapshot(prefix.site)
    environment = target_environment(prefix.site)
    kinds = {change.what: change.kind for change in api.install(environment)}
    assert kinds["root"] == "create"
    assert {change.what: change.kind for change in api.install(environment)}["root"] == "keep"
    api.uninstall(environment)
    after = snapshot(prefix.site)
    assert {path: after.get(path) for path in before if "nvidia" in path} == {
        path: digest for path, digest in before.items() if "nvidia" in path
    }
    assert not [path for path in after if ROOTS_FOLDER in path]


def _root_findings(prefix):
    case = make_case(target_environment(prefix.site), {}, Config())
    return [each.code for each in check_root(case)]


def test_the_doctor(hook, prefix):
    toolkit = prefix.toolkit()
    assert _root_findings(prefix) == ["root-missing"]
    hook(prefix.site)
    assert _root_findings(prefix) == ["root"]
    _addition(prefix, toolkit)
    assert _root_findings(prefix) == ["root-stale"]
