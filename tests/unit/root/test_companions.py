"""Companion wheels in a root: cuDNN, NCCL and their like, as the real wheels are laid out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time

import pytest
from fake_toolkit import Prefix, age, write, write_distribution

from _cuda_shims import MADE_FROM, MARKER, OUTSIDE, last_paths, path_values, toolkit_majors, variables
from _cuda_shims.places import OF_EVERY_MAJOR, Place, find_places
from cuda_shims.catalog.companions import distribution_of, folders
from cuda_shims.installation import refresh

#: distribution without its major -> version, files
WHEELS = {
    "nvidia-cudnn": (
        "9.28.1.4",
        ("nvidia/cudnn/include/cudnn.h", "nvidia/cudnn/lib/libcudnn.so.9", "nvidia/cudnn/lib/libcudnn_ops.so.9"),
    ),
    "nvidia-nccl": (
        "2.32.3",
        (
            *("nvidia/nccl/include/nccl.h", "nvidia/nccl/include/nccl_device/core.h"),
            *("nvidia/nccl/lib/libnccl.so.2", "nvidia/nccl/lib/libnccl_device.bc"),
        ),
    ),
    "cutensor": ("2.8.1", ("cutensor/include/cutensor/types.h", "cutensor/lib/libcutensor.so.2")),
    "nvidia-cusparselt": ("0.10.0", ("nvidia/cuNN/include/cusparseLt.h", "nvidia/cuNN/lib/libcusparseLt.so.0")),
    "nvidia-libnvcomp": (
        "6.0.0.12",
        (
            *("nvidia/libnvcomp/include/nvcomp.h", "nvidia/libnvcomp/lib64/libnvcomp.so.6"),
            *("nvidia/libnvcomp/lib64/cmake/nvcomp/nvcomp-config.cmake", "nvidia/libnvcomp/bin/nvlzcat"),
        ),
    ),
    "nvidia-cublasmp": (
        "0.10.0",
        ("nvidia/cublasmp/cuNN/include/cublasmp.h", "nvidia/cublasmp/cuNN/lib/libcublasmp.so.0"),
    ),
}


def companion(prefix: Prefix, name: str, major: int = 13, version: str = "", data: bytes | None = None) -> str:
    """Install a companion wheel; returns its ``.dist-info``."""
    usual, paths = WHEELS[name]
    files = {path.replace("cuNN", f"cu{major}"): data or f"{name} {major}".encode() for path in paths}
    return write_distribution(prefix.site, f"{name}-cu{major}", version or usual, files)


@pytest.fixture
def env(prefix):
    prefix.toolkit()
    prefix.ours()
    return prefix


def make(prefix: Prefix, major: int = 13) -> str:
    return refresh.make_root(Place(prefix.site, major))


def place_of(*prefixes: Prefix) -> Place:
    (place,) = find_places([prefix.site for prefix in prefixes])
    return place


def has(root: str, path: str) -> bool:
    return os.path.isfile(os.path.join(root, path))


@pytest.mark.parametrize("name", WHEELS)
def test_headers_and_libraries_are_where_a_classic_toolkit_has_them(env, name):
    companion(env, name)
    root = make(env)
    for path in WHEELS[name][1]:
        wanted = re.sub(r".*/(include|lib)(64)?/(?=\w+(\.h|/|\.so|\.bc))", r"\1/", path)
        if "/bin/" in path:
            assert not os.path.lexists(os.path.join(root, "bin", os.path.basename(path)))
            continue
        assert os.path.samefile(os.path.join(root, wanted), os.path.join(env.site, path.replace("cuNN", "cu13"))), path
        if ".so." in path:
            assert os.path.samefile(f"{root}/lib64/{os.path.basename(path).partition('.so')[0]}.so", f"{root}/{wanted}")
    assert has(root, "include/cuda_runtime.h")


def test_the_toolkits_own_file_wins(env):
    write(f"{env.site}/nvidia/cu13/include/cudnn.h", b"of the toolkit")
    write(f"{env.site}/nvidia/cu13/lib/libnccl.so.1", b"of the toolkit")
    companion(env, "nvidia-cudnn")
    companion(env, "nvidia-nccl")
    root = make(env)
    with open(f"{root}/include/cudnn.h", "rb") as file:
        assert file.read() == b"of the toolkit"
    assert os.readlink(f"{root}/lib/libnccl.so") == "libnccl.so.1"


def test_pkg_config_knows_their_own_versions(env):
    for name in WHEELS:
        companion(env, name)
    root = make(env)
    names = os.listdir(f"{root}/lib/pkgconfig")
    versions = {}
    for name in names:
        with open(f"{root}/lib/pkgconfig/{name}") as file:
            versions[name] = next(line.split()[1] for line in file if line.startswith("Version:"))
    for name, version in (
        *(("cudnn", "9.28.1.4"), ("cudnn_ops", "9.28.1.4"), ("nccl", "2.32.3"), ("cutensor", "2.8.1")),
        *(("cusparselt", "0.10.0"), ("nvcomp", "6.0.0.12"), ("cublasmp", "0.10.0"), ("cudart-13.5", "13.5")),
    ):
        assert versions[f"{name}.pc"] == version
        assert f"{name}-13.5.pc" not in names


@pytest.mark.parametrize("name", ["nvidia-nccl", "nvidia-cusparselt"])  # the latter in the toolkit's own folder
def test_where_cmake_looks_last(env, name):
    """Without companions PATH gets no more than the compiler's folder."""
    root = make(env)
    assert all(name != "PATH" for name, _ in last_paths(root))
    companion(env, name)
    assert make(env) == root
    assert last_paths(root)[-2:] == [("PATH", f"{root}/search"), ("PATH", f"{root}/include")]
    (library,) = (path for path in WHEELS[name][1] if ".so." in path)
    for file in (os.path.basename(library), os.path.basename(library).partition(".so")[0] + ".so"):
        assert os.path.samefile(f"{root}/search/{file}", f"{root}/lib/{file}")
    environ = {"PATH": f"/usr/bin:{root}/search"}
    values = path_values(root, None, environ)
    assert values["PATH"] == f"{root}/bin:/usr/bin:{root}/search:{root}/include"
    environ = {**environ, **values, MARKER: root}
    os.unlink(root)  # and when they have gone
    assert variables.without_ours(environ)["PATH"] == "/usr/bin"
    assert path_values("/y", root, environ)["PATH"] == "/y/bin:/usr/bin"


def test_no_program_is_hidden_by_a_folder_of_its_name(env):
    """By a folder ``cmake``, as lib has it, a folder on PATH turns "not found" into "Permission denied"."""
    companion(env, "nvidia-libnvcomp")
    root = make(env)
    assert os.path.isdir(f"{root}/lib/cmake")
    assert [name for name in os.listdir(f"{root}/search") if os.path.isdir(f"{root}/search/{name}")] == []
    with pytest.raises(FileNotFoundError):
        subprocess.run(["cmake"], env={"PATH": os.pathsep.join(path for _, path in last_paths(root)[-2:])}, check=False)


# freshness ------------------------------------------------------------------------------------------------------------

CHANGES = {
    "another comes": lambda env: companion(env, "nvidia-nccl"),
    "one of a folder of its own comes": lambda env: companion(env, "cutensor"),
    "it is upgraded": lambda env: upgrade(env, "nvidia-cudnn", "9.29.0.1"),
    "it goes": lambda env: remove(env, "nvidia-cudnn"),
    "CUDA 12's comes into its place": lambda env: (remove(env, "nvidia-cudnn"), companion(env, "nvidia-cudnn", 12)),
    "a library more": lambda env: write(f"{env.site}/nvidia/cudnn/lib/libmore.so.1"),
    "one whose folder has a place for each major": lambda env: companion(env, "nvidia-cublasmp"),
}


def remove(env: Prefix, name: str, major: int = 13) -> None:
    shutil.rmtree(f"{env.site}/{WHEELS[name][1][0].partition('/include')[0]}")
    shutil.rmtree(f"{env.site}/{name.replace('-', '_')}_cu{major}-{WHEELS[name][0]}.dist-info")


def upgrade(env: Prefix, name: str, version: str) -> None:
    remove(env, name)
    companion(env, name, version=version)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_makes_the_root_stale(env, change):
    os.makedirs(f"{env.site}/nvidia/cublasmp/cu12")
    companion(env, "nvidia-cudnn")
    root = make(env)
    assert place_of(env).fresh_root() == root
    CHANGES[change](env)
    assert place_of(env).fresh_root() is None
    assert make(env) == root
    assert place_of(env).fresh_root() == root


def test_one_that_is_half_there_leaves_the_root_stale_until_it_has_come(env):
    """An installer writes the files first, then the ``.dist-info``, whose coming no folder that is looked at tells."""
    write(f"{env.site}/nvidia/cudnn/include/cudnn.h")
    root = make(env)
    assert not has(root, "include/cudnn.h")
    assert place_of(env).fresh_root() is None
    companion(env, "nvidia-cudnn")
    assert make(env) == root
    assert has(root, "include/cudnn.h")
    assert place_of(env).fresh_root() == root


def test_one_whose_files_are_still_to_come(env):
    """Another installer writes the ``.dist-info`` first."""
    companion(env, "nvidia-cudnn")
    library = f"{env.site}/nvidia/cudnn/lib/libcudnn_ops.so.9"
    os.unlink(library)
    make(env)
    assert place_of(env).fresh_root() is None
    companion(env, "nvidia-cudnn")
    assert has(make(env), "lib/libcudnn_ops.so")
    assert place_of(env).fresh_root()


def test_one_that_is_half_there_with_a_time_of_tomorrow(env):
    """A clock was ahead: for a day each start of Python would make the root anew."""
    companion(env, "nvidia-cudnn")
    os.unlink(f"{env.site}/nvidia/cudnn/lib/libcudnn_ops.so.9")
    os.utime(f"{env.site}/nvidia/cudnn/lib", (time.time() + 86400,) * 2)
    make(env)
    assert place_of(env).fresh_root()


def test_a_folder_that_no_wheel_has_is_left_alone(env):
    """As what pip leaves behind: the root is fresh."""
    write(f"{env.site}/nvidia/cudnn/include/cudnn.h")
    age(env.site)
    for folder in ("nvidia/cudnn/include", "nvidia/cudnn"):
        os.utime(f"{env.site}/{folder}", (time.time() - 3600,) * 2)
    root = make(env)
    assert not has(root, "include/cudnn.h")
    assert place_of(env).fresh_root() == root


# of which major -------------------------------------------------------------------------------------------------------


def test_only_those_of_the_roots_major(env):
    companion(env, "nvidia-cudnn", 12)
    companion(env, "nvidia-cublasmp", 12)
    companion(env, "cutensor", 13)
    root = make(env)
    assert not has(root, "include/cudnn.h")
    assert not has(root, "include/cublasmp.h")
    assert has(root, "include/cutensor/types.h")
    assert place_of(env).fresh_root() == root


@pytest.mark.parametrize("last", [12, 13])
def test_both_majors_in_one_folder(env, last):
    """Their files have the same names: the later one's are there, and RECORD tells whose they are by their sizes."""
    for major in (25 - last, last):
        companion(env, "nvidia-cudnn", major, data=b"x" * major)
    root = make(env)
    assert has(root, "include/cudnn.h") == (last == 13)
    assert place_of(env).fresh_root() == root


@pytest.mark.parametrize(
    "record", [b"\xff\xfe,,", b"", b"nvidia/cudnn/lib/libcudnn.so.9,,9999999999999999999999", None]
)
def test_a_record_that_says_nothing(env, record):
    folder = companion(env, "nvidia-cudnn", 13)
    companion(env, "nvidia-cudnn", 12)
    if record is None:
        os.unlink(f"{folder}/RECORD")
    else:
        write(f"{folder}/RECORD", record)
    assert not has(make(env), "include/cudnn.h")


def test_cuda_12_has_its_own(prefix):
    prefix.ours()
    prefix.split()
    companion(prefix, "nvidia-cudnn", 12)
    companion(prefix, "cutensor", 13)
    root = make(prefix, 12)
    assert has(root, "include/cudnn.h")
    assert has(root, "lib/libcudnn.so")
    assert not os.path.lexists(f"{root}/include/cutensor")


# on the search path ---------------------------------------------------------------------------------------------------


def test_a_directory_that_has_a_companion_alone(env, new_prefix):
    """As cuDNN is laid over a project by ``uv run --with nvidia-cudnn-cu13``."""
    over = new_prefix("over")
    companion(over, "nvidia-cudnn")
    assert toolkit_majors(over.site) == [0]
    assert find_places([over.site]) == []
    place = place_of(over, env)
    assert place == Place(env.site, 13, (over.site, env.site))
    root = refresh.make_root(place)
    assert has(root, "include/cudnn.h")
    assert place.fresh_root() == root
    assert not has(make(env), "include/cudnn.h")
    upgrade(over, "nvidia-cudnn", "9.29.0.1")
    assert place.fresh_root() is None


def test_a_directory_that_has_a_companion_outside_nvidias_folder(env, new_prefix):
    over = new_prefix("over")
    companion(over, "cutensor", 12)
    assert place_of(over, env) == Place(env.site, 13)
    companion(over, "cutensor")
    assert place_of(over, env) == Place(env.site, 13, (over.site, env.site))
    assert has(refresh.make_root(place_of(over, env)), "include/cutensor/types.h")


def test_a_directory_that_has_a_companion_of_every_major(env, new_prefix):
    over = new_prefix("over")
    write_distribution(over.site, "nvidia-mathdx", "25.6.0", {"nvidia/mathdx/include/cublasdx.hpp": b""})
    env.split()
    both = (over.site, env.site)
    assert find_places([over.site]) == []
    places = [Place(env.site, 13, both), Place(env.site, 12, both)]
    assert find_places(both) == places
    assert [has(refresh.make_root(place), "include/cublasdx.hpp") for place in places] == [True, True]


def test_folders_outside_nvidias_and_the_wheel_of_every_major_are_those_of_the_table():
    outside = {folder.split("/")[0] for folder in folders()} - {"nvidia"}
    assert outside == set(OUTSIDE)
    assert distribution_of(OF_EVERY_MAJOR.replace("_", "-"), 13) == OF_EVERY_MAJOR.replace("_", "-")


def test_a_directory_that_has_something_else_of_nvidias(env, new_prefix):
    other = new_prefix("other")
    write_distribution(other.site, "nvidia-nvimgcodec", "1.0", {"nvidia/nvimgcodec/x.py": b""})
    companion(other, "nvidia-cudnn", 12)
    assert place_of(other, env) == Place(env.site, 13)


def test_what_was_not_there_is_written_down(env):
    root = make(env)
    with open(f"{root}/{MADE_FROM}") as file:
        assert {"nvidia", "!cutensor", "!cuquantum"} <= set(file.read().splitlines())
