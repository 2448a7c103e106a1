"""Toolkits as they are described."""

from __future__ import annotations

import os
import sys

import pytest
from fake_toolkit import COMPILER, CUDA_H, TOOL, age, write, write_distribution
from roots import make_root

from _cuda_shims.places import Place
from cuda_shims.environment import toolkit as toolkits
from cuda_shims.environment.distribution import distributions
from cuda_shims.environment.header import header_version


def test_a_toolkit(prefix):
    path = prefix.toolkit(components=[*COMPILER, "nvidia-cuda-cuobjdump"])
    write_distribution(prefix.site, "nvidia-nccl-cu13", "2.0", {"nvidia/nccl/lib/libnccl.so.2": b""})
    write_distribution(prefix.site, "nvidia-cublas", "0.0.0a0", {"nvidia_cublas/__init__.py": b""})  # a placeholder
    write_distribution(prefix.site, "numpy", "2.0", {"nvidia/cu13/lookalike": b""})
    age(prefix.site)
    (toolkit,) = toolkits.find_toolkits([prefix.site])
    assert (toolkit.major, toolkit.version, toolkit.release) == (13, "13.5.37", "13.5")
    assert (toolkit.path, toolkit.site_dir, toolkit.found_via) == (path, prefix.site, "argument")
    assert toolkit.components == dict.fromkeys([*COMPILER, "nvidia-cuda-cuobjdump"], "13.5.37")
    assert toolkit.tools["cicc"] == os.path.join(path, "nvvm/bin/cicc")
    assert set(toolkit.tools) == {"nvcc", "ptxas", "fatbinary", "nvlink", "bin2c", "cudafe++", "cicc", "cuobjdump"}
    assert (toolkit.root, toolkit.home) == (None, path)
    root = make_root(prefix.site)
    assert (toolkit.root, toolkit.home) == (root, root)


@pytest.mark.parametrize(
    ("components", "version"),
    [(COMPILER, "13.2.86"), (["nvidia-cuda-runtime"], "13.2.86"), (["nvidia-nvvm"], "13"), ([], "13")],
)
def test_the_version_is_the_compilers_else_the_runtimes(prefix, components, version):
    os.makedirs(os.path.join(prefix.site, "nvidia/cu13"))
    prefix.toolkit("13.2.86", components)
    assert toolkits.read_toolkit(Place(prefix.site, 13)).version == version


@pytest.mark.parametrize(
    ("header", "version"),
    [
        (CUDA_H % 13050, "13.5"),
        (b"#define CUDA_VERSION 12090 /* comment */\n", "12.9"),
        (b"\xff\n#define   CUDA_VERSION\t13000\n", "13.0"),
        (b"#define CUDA_A 1\n#undef CUDA_VERSION 2\n#define CUDA_VERSION_Z 3\n#define CUDA_VERSION 13050\n", "13.5"),
        (b"#define CUDA_VERSION x\n#define CUDA_VERSION\n", None),
        (b"", None),
        (None, None),
    ],
)
def test_a_copied_tree_has_its_version_from_the_header(tmp_path, header, version):
    if header is not None:
        write(str(tmp_path / "include/cuda.h"), header)
    assert header_version(str(tmp_path)) == version


def test_a_copied_tree_of_headers_is_a_toolkit_and_an_empty_folder_is_none(prefix):
    header = write(os.path.join(prefix.site, "nvidia/cu13/include/cuda.h"), CUDA_H % 13050)
    assert [each.version for each in toolkits.find_toolkits([prefix.site])] == ["13.5"]
    os.unlink(header)
    assert toolkits.find_toolkits([prefix.site]) == []


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("nvidia_cuda_nvcc-13.5.37.dist-info", [("nvidia-cuda-nvcc", "13.5.37")]),
        ("Nvidia.CUDA.NVCC-1.0.post1.dist-info", [("nvidia-cuda-nvcc", "1.0.post1")]),
        ("x-1!2.0+local.1.dist-info", [("x", "1!2.0+local.1")]),
        # of no name and no version: what is read here is written into scripts
        ("x-1$(reboot).dist-info", []),
        ("x-1\n2.dist-info", []),
        ("x-\u0661.dist-info", []),
        ("nodash.dist-info", []),
        ("x-1.0$(more).dist-info", []),
        ("x y-1.0.dist-info", []),
        ("x-1\n0.dist-info", []),
        ("x-1'0.dist-info", []),
        ("x-1\u0660.dist-info", []),
        ("x-1.egg-info", []),
    ],
)
def test_distributions_by_the_names_of_their_folders(tmp_path, folder, expected):
    os.mkdir(tmp_path / folder)
    assert [each[:2] for each in distributions(str(tmp_path))] == expected
    assert list(distributions(str(tmp_path / "nowhere"))) == []


def test_a_distribution_without_record_is_passed_by(prefix):
    prefix.toolkit()
    os.mkdir(os.path.join(prefix.site, "nvidia_x-1.dist-info"))
    assert "nvidia-x" not in toolkits.read_toolkit(Place(prefix.site, 13)).components


def test_the_search_path_and_the_other_half_of_a_build_environment(new_prefix, monkeypatch):
    inside, other = new_prefix("pip-build-env-1/overlay"), new_prefix("pip-build-env-1/normal")
    inside.toolkit(components=["nvidia-cuda-nvcc"])
    other.toolkit("13.4.92")
    write(os.path.join(inside.site, "nvidia/cu14/bin/nvcc"), TOOL, 0o755)
    monkeypatch.setattr(sys, "path", ["/nowhere", inside.site])
    monkeypatch.setenv("PATH", os.pathsep.join([inside.bin, other.bin, other.bin]))
    found = toolkits.find_toolkits()
    assert [(each.site_dir, each.major, each.found_via) for each in found] == [
        (inside.site, 14, "sys.path"),
        (inside.site, 13, "sys.path"),
    ]
    assert found[1].place.sites == (inside.site, other.site)
    assert found[1].components == {**dict.fromkeys(COMPILER, "13.4.92"), "nvidia-cuda-nvcc": "13.5.37"}
    assert found[1].folders == tuple(os.path.join(each.site, "nvidia/cu13") for each in (inside, other))
    assert found[1].tools["cicc"].startswith(other.site)
    monkeypatch.setattr(sys, "path", ["/nowhere"])
    monkeypatch.setenv("PATH", other.bin)
    assert [(each.site_dir, each.found_via) for each in toolkits.find_toolkits()] == [(other.site, "PATH")]
