"""A root of all wheels of a major on a search path, whichever directories they lie in."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import snapshot, write, write_distribution, write_split

from _cuda_shims.places import find_places
from cuda_shims.environment.toolkit import read_toolkit
from cuda_shims.installation.refresh import make_root

NVCC, REST = ("nvidia-cuda-nvcc", "nvidia-cuda-crt"), ("nvidia-nvvm", "nvidia-cuda-runtime", "nvidia-cuda-cccl")


@pytest.fixture
def two(new_prefix):
    """Return an environment that has the compiler, and another on its path that has the libraries."""
    near, far = new_prefix("near"), new_prefix("far")
    near.toolkit(components=NVCC)
    far.toolkit(components=REST)
    near.ours()
    return near, far


def place_of(*prefixes):
    (place,) = find_places([prefix.site for prefix in prefixes])
    return place


def test_what_each_directory_has(two):
    place = place_of(*two)
    root = make_root(place)
    assert place.fresh_root() == root
    assert root.startswith(two[0].site)
    for path in ("bin/nvcc", "include/crt/host_config.h", "include/fatbinary_section.h"):
        assert os.path.samefile(os.path.join(root, path), os.path.join(two[0].site, "nvidia/cu13", path)), path
    for path in ("include/cuda.h", "lib/libcudart.so.13", "nvvm/bin/cicc", "lib64/libcudart_static.a"):
        assert os.path.samefile(os.path.join(root, path.replace("64", "")), os.path.join(root, path)), path
        wheel = os.path.join(two[1].site, "nvidia/cu13", path.replace("64", ""))
        assert os.path.samefile(os.path.join(root, path), wheel), path
    assert not os.path.islink(os.path.join(root, "include"))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_it_lies_beside_the_compiler_and_the_nearest_wins(two, order):
    near, far = two
    for prefix, text in ((near, b"near"), (far, b"far")):
        write(os.path.join(prefix.site, "nvidia/cu13/include/both/inner.h"), text)
        write(os.path.join(prefix.site, f"nvidia/cu13/include/both/{text.decode()}.h"), text)
    place = place_of(*(two[each] for each in order))
    assert place.site_dir == near.site
    root = make_root(place)
    with open(os.path.join(root, "include/both/inner.h"), "rb") as file:
        assert file.read() == (b"near", b"far")[order[0]]
    assert {"near.h", "far.h", "inner.h"} == set(os.listdir(os.path.join(root, "include/both")))


def test_another_search_path_has_another_root(two):
    alone, both = place_of(two[0]), place_of(*two)
    roots = {make_root(place): place for place in (alone, both)}
    assert len(roots) == 2
    assert all(place.fresh_root() == root for root, place in roots.items())
    assert not os.path.exists(os.path.join(make_root(alone), "include/cuda.h"))


def test_a_change_in_the_other_directory_is_seen(two):
    near, far = two
    place = place_of(*two)
    root = make_root(place)
    write_distribution(far.site, "nvidia-curand", "1", {"nvidia/cu13/lib/libcurand.so.10": b""})
    assert place.fresh_root() is None
    assert make_root(place) == root
    assert os.path.exists(os.path.join(root, "lib/libcurand.so"))
    with open(os.path.join(root, "version.json"), encoding="utf-8") as file:
        assert '"libcurand"' in file.read()
    os.rename(far.path, f"{far.path}.away")
    assert place.fresh_root() is None
    assert near.site in root


def test_what_the_other_directory_is_moved_with(two):
    """Links within one directory are relative, so that an environment can be moved; those to another cannot be."""
    root = make_root(place_of(*two))
    for path, (content, *_) in snapshot(root).items():
        if isinstance(content, str) and content != "folder" and "nvidia" in content:
            assert os.path.isabs(content) == (two[1].site in content), path


def test_components_of_cuda_12(new_prefix):
    near, far = new_prefix("near"), new_prefix("far")
    write_split(near.site, "12.9.79", ("nvidia-cuda-nvrtc-cu12",))
    write_split(far.site, "12.8.90", ("nvidia-cuda-runtime-cu12", "nvidia-cuda-nvrtc-cu12"))
    near.ours()
    place = place_of(near, far)
    toolkit = read_toolkit(place)
    assert toolkit.is_split
    assert toolkit.components == {"nvidia-cuda-nvrtc-cu12": "12.9.79", "nvidia-cuda-runtime-cu12": "12.8.90"}
    assert toolkit.folders[0].startswith(far.site)  # in the order of the table
    root = make_root(place)
    assert place.fresh_root() == root
    nvrtc = os.path.join(near.site, "nvidia/cuda_nvrtc/lib/libnvrtc.so.12")
    assert os.path.samefile(os.path.join(root, "lib/libnvrtc.so"), nvrtc)
    assert os.path.isfile(os.path.join(root, "include/cuda.h"))
