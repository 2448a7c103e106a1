"""What a root holds: the layout of CUDA's own installer (contract 4.2)."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess

import pytest
from fake_toolkit import COMPILER, OLD, age, cccl_cmake, component_files, snapshot, write
from roots import is_fresh, make_root, root_path, write_root

from _cuda_shims import places
from _cuda_shims.places import Place
from cuda_shims import __version__
from cuda_shims.catalog.tools import COMPILER_COMPONENTS, COMPONENTS
from cuda_shims.environment.toolkit import read_toolkit
from cuda_shims.root import layout, sources

ALL = tuple(component_files())
VERSIONS = ("13.0.88", "13.2.86", "13.5.37")
MACHINE = platform.machine()
FOREIGN = pytest.mark.skipif(MACHINE not in {"x86_64", "aarch64"}, reason="needs a machine that CUDA supports")


def made(prefix, version="13.5.37", components=ALL):
    prefix.toolkit(version, components)
    return write_root(prefix.site)


def text(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def links(root):
    return {
        path: value[0] for path, value in snapshot(root).items() if isinstance(value[0], str) and value[0] != "folder"
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_a_root_is_complete(prefix, version):
    root = made(prefix, version)
    toolkit = os.path.join(prefix.site, "nvidia/cu13")
    assert sorted(os.listdir(os.path.join(root, "bin"))) == sorted(os.listdir(os.path.join(toolkit, "bin")))
    for path in (
        "bin/nvcc",
        "bin/nvcc.profile",
        "bin/crt/link.stub",
        "include/cuda.h",
        "include/crt/host_config.h",
        "include/cccl/cub/cub.cuh",
        "nvvm/bin/cicc",
        "nvvm/libdevice/libdevice.10.bc",
        "nvvm/include/nvvm.h",
        "lib/libcudart_static.a",
        "lib/libcudadevrt.a",
        "compute-sanitizer/compute-sanitizer",
        "extras/CUPTI/include/cupti.h",
        *(f"lib/cmake/{name}/{name}-config.cmake" for name in ("cccl", "cub", "thrust", "libcudacxx")),
    ):
        assert os.path.isfile(os.path.join(root, path)), path
    for path, real in (
        ("lib/libcudart.so", "lib/libcudart.so.13"),
        ("lib64/libcudart.so.13", "lib/libcudart.so.13"),
        ("lib/libnvvm.so", "lib/libnvvm.so.4"),
        ("nvvm/lib64/libnvvm.so", "lib/libnvvm.so.4"),
        ("nvvm/lib64/libnvvm.so.4", "lib/libnvvm.so.4"),
        ("extras/CUPTI/lib64/libcupti.so", "lib/libcupti.so.13"),
        ("lib/libcheckpoint.so", "lib/libcheckpoint.so"),
        ("lib/cmake/cub", f"{cccl_cmake(version)}/cub"),
    ):
        assert os.path.samefile(os.path.join(root, path), os.path.join(toolkit, real)), path
    # a real bin: the kernel would resolve bin/.. of a linked one into the wheel
    for folder in ("bin", "lib", "lib/cmake", "nvvm", "nvvm/lib64"):
        assert os.path.isdir(os.path.join(root, folder))
        assert not os.path.islink(os.path.join(root, folder))
    # the CMake files find their headers from lib/cmake/NAME by ../../../include
    assert os.path.isfile(os.path.join(root, "lib/cmake/../../include/cccl/cub/cub.cuh"))
    release = ".".join(version.split(".")[:2])
    assert text(root, "version.txt") == f"CUDA Version {version}\n"
    assert json.loads(text(root, "version.json"))["cuda"]["version"] == version
    assert os.path.isfile(os.path.join(root, f"lib/pkgconfig/cudart-{release}.pc"))


def test_no_link_dangles_and_none_is_absolute(prefix):
    root = made(prefix)
    for path, target in links(root).items():
        assert os.path.exists(os.path.join(root, path)), path
        assert not os.path.isabs(target), path


def test_version_json_names_each_component(prefix):
    found = json.loads(text(made(prefix), "version.json"))
    names = {part.key: part for part in COMPONENTS if part.distribution in ALL}
    assert set(found) == {"cuda", *names}
    for key, part in names.items():
        assert found[key] == {"name": part.title, "version": "13.5.37"}


def test_links_survive_a_move_and_a_copy_of_the_tree(new_prefix, tmp_path):
    prefix = new_prefix("before")
    root = made(prefix)
    shutil.copytree(prefix.path, tmp_path / "copied", symlinks=True)
    os.rename(prefix.path, tmp_path / "moved")
    for name in ("moved", "copied"):
        there = os.path.join(str(tmp_path / name), os.path.relpath(root, prefix.path))
        for path in links(there):
            real = os.path.realpath(os.path.join(there, path))
            assert real.startswith(str(tmp_path / name)), path
            assert os.path.exists(real), path
        site = os.path.join(str(tmp_path / name), os.path.relpath(prefix.site, prefix.path))
        assert is_fresh(there, site)


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (["libx.so.9", "libx.so.10"], "libx.so.10"),
        (["libx.so.13", "libx.so.13.0.88"], "libx.so.13.0.88"),
        (["libx.so.4"], "libx.so.4"),
        (["libx.so", "libx.so.4"], "libx.so"),
        (["libx.a"], None),
        (["x.so.1"], None),
    ],
)
def test_the_unversioned_name_is_the_highest_version(prefix, names, newest):
    toolkit = prefix.toolkit()
    for name in names:
        write(os.path.join(toolkit, "lib", name), name.encode())
    age(prefix.site)
    found = os.path.join(made(prefix), "lib/libx.so")
    if newest is None:
        assert not os.path.lexists(found)
    else:
        assert os.path.samefile(found, os.path.join(toolkit, "lib", newest))


@FOREIGN
def test_link_time_drivers(prefix):
    root = made(prefix)
    for name, symbol in (("libcuda.so", b"\0cuMemAlloc\0"), ("libnvidia-ml.so", b"\0nvmlInit_v2\0")):
        with open(os.path.join(root, "lib/stubs", name), "rb") as file:
            data = file.read()
        assert data.startswith(b"\x7fELF")
        assert symbol in data
        assert name.encode() + b".1\0" in data
    # never on a run path: nothing in lib itself
    assert not os.path.lexists(os.path.join(root, "lib/libcuda.so"))


def test_no_stub_without_its_header(prefix):
    root = made(prefix, components=["nvidia-cuda-nvcc"])
    assert not os.path.lexists(os.path.join(root, "lib/stubs"))


def test_a_machine_without_cuda_has_no_stub(prefix, monkeypatch):
    monkeypatch.setattr(layout, "_machine", lambda: "riscv64")
    root = made(prefix)
    assert not os.path.lexists(os.path.join(root, "lib/stubs"))
    assert os.path.isdir(os.path.join(root, "targets/riscv64-linux/include"))


def test_both_names_of_an_arm_server(prefix, monkeypatch):
    monkeypatch.setattr(layout, "_machine", lambda: "aarch64")
    root = made(prefix)
    for name in ("aarch64-linux", "sbsa-linux"):
        assert os.path.isfile(os.path.join(root, "targets", name, "include/cuda.h"))
        assert os.path.isfile(os.path.join(root, "targets", name, "lib/libcudart.so"))


@pytest.mark.parametrize("name", ["lib/stubs/libcuda.so", "lib/libcudart.so", "nvvm/lib64/libnvvm.so"])
def test_what_a_later_wheel_has_wins(prefix, name):
    toolkit = prefix.toolkit(components=ALL)
    write(os.path.join(toolkit, name), b"NVIDIA's own")
    age(prefix.site)
    root = made(prefix)
    with open(os.path.join(root, name), "rb") as file:
        assert file.read() == b"NVIDIA's own"


@pytest.mark.parametrize("missing", ALL)
def test_without_a_component_there_is_less_and_no_error(prefix, missing):
    root = made(prefix, components=[name for name in ALL if name != missing])
    for path in links(root):
        assert os.path.exists(os.path.join(root, path)), path
    assert is_fresh(root, prefix.site) is (missing != "nvidia-cuda-nvcc")


def test_pkg_config_finds_the_root_from_the_file(prefix):
    root = made(prefix)
    pkg_config = shutil.which("pkg-config") or shutil.which("pkgconf")
    if pkg_config is None:
        pytest.skip("needs pkg-config: apt-get install pkg-config")

    def ask(*arguments):
        folder = os.path.join(root, "lib/pkgconfig")
        environ = {"PKG_CONFIG_PATH": folder, "PATH": os.environ["PATH"]}
        return subprocess.run([pkg_config, *arguments], env=environ, capture_output=True, text=True, check=True).stdout

    assert ask("--modversion", "cudart-13.5").strip() == "13.5"
    (flag,) = ask("--cflags", "cudart-13.5").split()
    assert os.path.samefile(flag[2:], os.path.join(root, "include"))
    assert ask("--libs-only-l", "cudart_static-13.5").split() == ["-lcudart_static", "-lrt", "-lpthread", "-ldl"]
    if MACHINE in {"x86_64", "aarch64"}:
        (flag,) = ask("--libs-only-L", "cuda-13.5").split()
        assert os.path.samefile(flag[2:], os.path.join(root, "lib/stubs"))


@pytest.mark.parametrize(
    ("name", "plain"),
    [("more", True), ("mo-re_1.0+x", True)]
    + [(name, False) for name in ("mo re", "mo\nre", "$(more)", "mo;re", "mo're", "#more")],
)
def test_what_pkg_config_would_take_for_more_than_a_name_has_no_file(prefix, name, plain):
    prefix.toolkit()
    write(os.path.join(prefix.site, f"nvidia/cu13/lib/lib{name}.so.1"))
    root = write_root(prefix.site)
    assert os.path.lexists(os.path.join(root, f"lib/lib{name}.so"))
    assert (f"{name}-13.5.pc" in os.listdir(os.path.join(root, "lib/pkgconfig"))) is plain


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/home/me/.venv/lib-1.0_x+y@z,a=b~/", True),
        ("/home/žluťoučký/日本", True),
        ("/with space", False),
        ("/a:b", False),
        ("/a;b", False),
        ("/it's", False),
        ("/a$b", False),
        ("/a(b)", False),
        ("/a*b", False),
        ("/a\nb", False),
        ("/a\udcffb", True),
    ],
)
def test_where_cmake_copes(path, plain):
    assert places.is_plain(path) is plain


# where it goes, when it is made ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "beside"), [("plain", True), ("not plain", False)])
def test_beside_the_wheels_or_in_the_users_cache(new_prefix, tmp_path, name, beside):
    prefix = new_prefix(name)
    root = made(prefix)
    assert root.startswith(prefix.site if beside else str(tmp_path / "user-cache"))
    for path, target in links(root).items():
        # a cache may be reached by a link of another depth, where .. leads elsewhere
        assert os.path.isabs(target) is (not beside and "nvidia" in target), path
        assert os.path.exists(os.path.join(root, path)), path


def test_a_cache_with_a_space_is_no_better(new_prefix, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache with space"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary folder"))
    os.mkdir(tmp_path / "temporary folder")
    prefix = new_prefix("not plain")
    assert made(prefix) == root_path(prefix.site)


def test_an_upgrade_renews_the_root(prefix):
    prefix.toolkit("13.0.88")
    prefix.ours()
    root = make_root(prefix.site)
    write(os.path.join(root, "bin/left over"))
    shutil.rmtree(os.path.join(prefix.site, "nvidia"))
    for name in os.listdir(prefix.site):
        if name.startswith("nvidia_"):
            shutil.rmtree(os.path.join(prefix.site, name))
    prefix.toolkit("13.5.37", [*COMPILER, "nvidia-cuda-cuobjdump"])
    assert not is_fresh(root, prefix.site)  # although nothing is newer
    assert make_root(prefix.site) == root
    assert text(root, "version.txt") == "CUDA Version 13.5.37\n"
    assert os.path.exists(os.path.join(root, "bin/cuobjdump"))
    assert not os.path.lexists(os.path.join(root, "lib/pkgconfig/cudart-13.0.pc"))
    for path in links(root):
        assert os.path.exists(os.path.join(root, path)), path
    assert is_fresh(root, prefix.site)


@pytest.mark.parametrize("back", [False, True])
def test_a_file_that_becomes_a_folder_in_a_later_wheel(prefix, back):
    toolkit = prefix.toolkit()
    inner = os.path.join(toolkit, "lib/more/libcuda.so")

    def as_file():
        shutil.rmtree(os.path.join(toolkit, "lib/more"), ignore_errors=True)
        write(os.path.join(toolkit, "lib/more"), b"file")

    def as_folder():
        if os.path.exists(os.path.join(toolkit, "lib/more")):
            os.unlink(os.path.join(toolkit, "lib/more"))
        write(inner, b"NVIDIA's")

    first, second = (as_folder, as_file) if back else (as_file, as_folder)
    first()
    age(prefix.site)
    root = make_root(prefix.site)
    second()
    age(toolkit, OLD + 10)  # not the root's stamp
    assert not is_fresh(root, prefix.site)
    assert make_root(prefix.site) == root
    there = os.path.join(root, "lib/more") + ("" if back else "/libcuda.so")
    real = os.path.join(toolkit, "lib/more") + ("" if back else "/libcuda.so")
    assert not os.path.islink(real), "the wheel's own file was overwritten"
    assert os.path.samefile(there, real)


def test_a_foreign_environment_is_not_written_to(new_prefix, tmp_path):
    base = new_prefix("base")
    base.toolkit()
    write(os.path.join(base.bin, "python3"))
    before = snapshot(base.path, times=True)
    root = make_root(base.site)
    assert root.startswith(str(tmp_path / "user-cache"))
    assert os.path.samefile(os.path.join(root, "bin/nvcc"), os.path.join(base.site, "nvidia/cu13/bin/nvcc"))
    assert snapshot(base.path, times=True) == before
    assert make_root(base.site) == root


def test_what_a_root_was_made_from_is_the_same_by_name_and_by_list(prefix, monkeypatch):
    """A large environment is not listed where the distributions have the names that they have as a rule."""
    prefix.toolkit()
    write(os.path.join(prefix.site, f"cuda_shims-{__version__}.dist-info", "METADATA"))
    toolkit = read_toolkit(Place(prefix.site, 13))
    by_name = sources.lines(toolkit, beside=True)
    assert len([line for line in by_name if ".dist-info" in line]) == 1 + len(COMPILER_COMPONENTS)
    assert all(os.path.exists(os.path.join(prefix.site, line)) != (line[0] == "!") for line in by_name)
    monkeypatch.setattr(sources, "__version__", "0")
    assert sources.lines(toolkit, beside=True) == by_name
    monkeypatch.undo()
    monkeypatch.setattr(sources, "distributions", lambda *_: pytest.fail("it was listed"))
    assert sources.lines(toolkit, beside=True) == by_name


def test_what_a_root_was_made_from_when_a_distribution_is_upgraded(prefix):
    prefix.toolkit()
    toolkit = read_toolkit(Place(prefix.site, 13))
    (old,) = (name for name in os.listdir(prefix.site) if name.startswith("nvidia_cuda_nvcc-"))
    new = "nvidia_cuda_nvcc-99.0.dist-info"
    os.rename(os.path.join(prefix.site, old), os.path.join(prefix.site, new))
    lines = sources.lines(toolkit, beside=True)
    assert new in lines
    assert old not in lines


@pytest.mark.parametrize("cccl", [False, True])
def test_nvcc_names_the_folder_of_cccl_where_that_is(prefix, cccl):
    """CMake 4 stops at a folder that nvcc names and that is not there."""
    components = [each for each in COMPILER if cccl or each != "nvidia-cuda-cccl"]
    home = prefix.toolkit("13.5.37", components)
    path = os.path.join(home, "bin/nvcc.profile")
    text = 'TOP = $(_HERE_)/..\nSYSTEM_INCLUDES +=  "-isystem" "$(TOP)/include/cccl" $(_SPACE_)\nPTXAS_FLAGS +=\n'
    write(path, text.encode())
    age(home)
    root = make_root(prefix.site)
    assert os.path.islink(os.path.join(root, "bin/nvcc.profile")) == cccl
    with open(os.path.join(root, "bin/nvcc.profile"), encoding="ascii") as file:
        assert file.read() == (text if cccl else text.replace('"-isystem" "$(TOP)/include/cccl"', ""))
    with open(path, encoding="ascii") as file:
        assert file.read() == text
