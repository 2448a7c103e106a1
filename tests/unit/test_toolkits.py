"""Toolkits as they are described."""

from __future__ import annotations

import os
import sys

import pytest
from fake_toolkit import COMPILER, CUDA_H, TOOL, age, write, write_distribution

from cuda_shims import toolkits
from cuda_shims.root_maker import make_root


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
    root = make_root(prefix.site, 13)
    assert (toolkit.root, toolkit.home) == (root, root)


@pytest.mark.parametrize(
    ("components", "version"),
    [(COMPILER, "13.2.86"), (["nvidia-cuda-runtime"], "13.2.86"), (["nvidia-nvvm"], "13"), ([], "13")],
)
def test_the_version_is_the_compilers_else_the_runtimes(prefix, components, version):
    os.makedirs(os.path.join(prefix.site, "nvidia/cu13"))
    prefix.toolkit("13.2.86", components)
    assert toolkits.read_toolkit(prefix.site, 13).version == version


@pytest.mark.parametrize(
    ("header", "version"),
    [
        (CUDA_H % 13050, "13.5"),
        (b"#define CUDA_VERSION 12090 /* comment */\n", "12.9"),
        (b"\xff\n#define   CUDA_VERSION\t13000\n", "13.0"),
        (b"#define CUDA_VERSION x\n#define CUDA_VERSION\n", None),
        (b"", None),
        (None, None),
    ],
)
def test_a_copied_tree_has_its_version_from_the_header(tmp_path, header, version):
    if header is not None:
        write(str(tmp_path / "include/cuda.h"), header)
    assert toolkits.header_version(str(tmp_path)) == version


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("nvidia_cuda_nvcc-13.5.37.dist-info", [("nvidia-cuda-nvcc", "13.5.37")]),
        ("Nvidia.CUDA.NVCC-1.0.post1.dist-info", [("nvidia-cuda-nvcc", "1.0.post1")]),
        ("nodash.dist-info", []),
        ("x-1.egg-info", []),
    ],
)
def test_distributions_by_the_names_of_their_folders(tmp_path, folder, expected):
    os.mkdir(tmp_path / folder)
    assert [each[:2] for each in toolkits.distributions(str(tmp_path))] == expected
    assert list(toolkits.distributions(str(tmp_path / "nowhere"))) == []


def test_a_distribution_without_record_is_passed_by(prefix):
    prefix.toolkit()
    os.mkdir(os.path.join(prefix.site, "nvidia_x-1.dist-info"))
    assert "nvidia-x" not in toolkits.read_toolkit(prefix.site, 13).components


def test_the_search_path_then_the_siblings_on_path(new_prefix, monkeypatch):
    inside, sibling = new_prefix("inside"), new_prefix("sibling")
    for each in (inside, sibling):
        each.toolkit()
    write(os.path.join(inside.site, "nvidia/cu14/bin/nvcc"), TOOL, 0o755)
    monkeypatch.setattr(sys, "path", ["/nowhere", inside.site])
    monkeypatch.setenv("PATH", os.pathsep.join([inside.bin, sibling.bin, sibling.bin]))
    found = [(each.site_dir, each.major, each.found_via) for each in toolkits.find_toolkits()]
    assert found[:3] == [(inside.site, 14, "sys.path"), (inside.site, 13, "sys.path"), (sibling.site, 13, "PATH")]
    assert len(found) == 3
