"""Where cuda-shims has files, whoever says so."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import write

from cuda_shims.installation.own import is_hook, is_ours_by_content, may_be_ours
from cuda_shims.installation.shims import template


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("{site}/cuda_shims/cli/run.py", True),
        ("{site}/cuda_shims-0.1.0.dist-info/RECORD", True),
        ("{site}/cuda_shims_toolkit/ledger", True),
        ("{site}/cuda_shims.pth", True),
        ("{site}/sitecustomize.py", True),
        ("{site}/__pycache__/cuda_shims.cpython-313.pyc", True),
        ("{site}/__pycache__/sitecustomize.cpython-313.pyc", False),
        ("{site}/numpy/cuda_shims.py", False),
        ("{site}/cuda_shims/../numpy/core.py", False),
        ("{site}/cuda_shims/../../cuda_shims.pth", False),
        ("{bin}/nvcc", True),
        ("{bin}/cuda-shims", True),
        ("{bin}/python", False),
        ("{bin}/inner/nvcc", False),
        ("{site}/../../../bin/nvcc", True),
        ("/etc/cuda_shims.pth", False),
    ],
)
def test_places(prefix, path, ours):
    path = path.format(site=prefix.site, bin=prefix.bin)
    assert may_be_ours(prefix.site, prefix.bin, path) is ours


def test_a_shim_is_ours_whatever_its_name(prefix):
    assert may_be_ours(prefix.site, prefix.bin, prefix.shim("nvcc-13"))
    assert not may_be_ours(prefix.site, prefix.bin, write(f"{prefix.bin}/gcc-13"))


def test_links_on_the_way_are_followed_and_the_last_is_not(prefix, tmp_path):
    os.makedirs(f"{prefix.site}/numpy")
    os.symlink("numpy", f"{prefix.site}/cuda_shims_link")
    os.symlink(tmp_path, f"{prefix.site}/cuda_shims_out")
    for name in ("cuda_shims_link", "cuda_shims_out"):
        assert not may_be_ours(prefix.site, prefix.bin, f"{prefix.site}/{name}/core.py")
        assert may_be_ours(prefix.site, prefix.bin, f"{prefix.site}/{name}")
    os.symlink(prefix.path, tmp_path / "alias")
    assert may_be_ours(prefix.site, prefix.bin, f"{tmp_path}/alias/bin/nvcc")
    assert may_be_ours(
        f"{tmp_path}/alias/{os.path.relpath(prefix.site, prefix.path)}", prefix.bin, f"{prefix.site}/cuda_shims.pth"
    )


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("bin/cuda-shims", True),
        ("bin/cuda-shims.exe", True),
        ("bin/nvcc", True),
        ("bin/nvcc.exe", True),
        ("bin/cuobjdump", True),
        ("bin/cmake", False),
        ("bin/pip", False),
        ("bin/python", False),
        ("bin/cuda-shims-of-others", False),
        ("bin/deeper/nvcc", False),
        ("sbin/nvcc", False),
        ("lib/cccl-cuda-shims", True),
        ("lib/cccl-cuda-shims/cccl-config.cmake", False),
        ("lib/cccl", False),
        ("lib/cmake/cccl-cuda-shims", False),
        ("cccl-cuda-shims", False),
        ("site/cuda_shims/__init__.py", True),
        ("site/_cuda_shims/__init__.py", True),
        ("site/cuda_shims-0.1.0.dist-info/RECORD", True),
        ("site/cuda_shims.pth", True),
        ("site/sitecustomize.py", True),
        ("site/usercustomize.py", False),
        ("site/a.py", False),
        ("site/torch/cuda_shims.py", False),
        ("site/torch/sitecustomize.py", False),
        ("site/__pycache__/_cuda_shims.pyc", True),
        ("site/__pycache__/six.pyc", False),
        ("site/__pycache__/six/cuda_shims.pyc", False),
        ("cuda_shims/x", False),
        ("site/../cuda_shims/x", False),
        ("site/cuda_shims/../six.py", False),
    ],
)
def test_the_places_of_ours(tmp_path, path, ours):
    for name in ("bin", "site/cuda_shims"):
        os.makedirs(tmp_path / name)
    site, scripts = str(tmp_path / "site"), str(tmp_path / "bin")
    assert may_be_ours(site, scripts, f"{tmp_path}/{path}") is ours


def test_links_on_the_way_are_followed(tmp_path):
    """Whoever links a folder of ours to another one has not made that ours."""
    site, scripts = tmp_path / "site", tmp_path / "bin"
    for folder in (site, scripts, tmp_path / "theirs"):
        folder.mkdir()
    (site / "cuda_shims").symlink_to("../theirs")
    (site / "_cuda_shims").symlink_to("../bin")
    assert not may_be_ours(str(site), str(scripts), str(site / "cuda_shims/x"))
    assert may_be_ours(str(site), str(scripts), str(site / "cuda_shims"))
    assert not may_be_ours(str(site), str(scripts), str(site / "_cuda_shims/pip"))
    assert may_be_ours(str(site), str(scripts), str(site / "_cuda_shims/nvcc"))


def test_a_shim_of_any_name_is_ours(prefix):
    for name, ours in (("nvcc-of-old", True), ("tool", False)):
        path = prefix.shim(name) if ours else write(os.path.join(prefix.bin, name), b"#!/bin/sh\n")
        assert may_be_ours(prefix.site, prefix.bin, path) is ours
        assert is_ours_by_content(path) is ours


def test_start_up_files(tmp_path):
    assert [is_hook(f"/x/{name}") for name in ("cuda_shims.pth", "sitecustomize.py", "a.pth")] == [True, True, False]
    path = write(str(tmp_path / "sitecustomize.py"), template("sitecustomize.py"))
    assert is_ours_by_content(path)
    write(path, b"import theirs\n")
    assert not is_ours_by_content(path)
