"""CUDA 12, whose wheels have a folder for each component and no compiler: found, merged, chosen."""

from __future__ import annotations

import json
import os
import shutil
import sys

import pytest
from fake_toolkit import SPLIT, TOOL, write, write_distribution
from shim_support import failed, ran

import _cuda_shims
from cuda_shims import (
    api,
    chosen,
    cli,
    component_folders,
    doctor,
    errors,
    report,
    root_maker,
    roots,
    search,
    shims,
    startup,
)
from cuda_shims.catalog import BUNDLE, NEWEST
from cuda_shims.environments import target_environment
from cuda_shims.root_maker import make_root
from cuda_shims.toolkits import find_toolkits, read_toolkit

EVERY = (
    *SPLIT,
    "nvidia-cuda-cupti-cu12",
    "nvidia-cuda-sanitizer-api-cu12",
    "nvidia-nvml-dev-cu12",
    "nvidia-cublas-cu12",
)
COMPILER_LINE = f'pip install "{BUNDLE}"'
CUOBJDUMP_LINE = f'pip install "cuda-toolkit[cuobjdump]=={NEWEST}.*"'
NVCC = "NVIDIA publishes no nvcc on PyPI before CUDA 13"


@pytest.fixture(autouse=True)
def _no_system(monkeypatch, tmp_path):
    """This machine may have a CUDA where everybody looks."""
    monkeypatch.setattr(startup, "_USUAL", str(tmp_path / "usr-local-cuda/bin"))


@pytest.fixture
def root(prefix):
    prefix.split(components=EVERY)
    return make_root(prefix.site, 12)


def content(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


# found ----------------------------------------------------------------------------------------------------------------


def test_it_is_described(prefix):
    prefix.split(components=(*EVERY, "nvidia-cudnn-cu12"))
    (toolkit,) = find_toolkits([prefix.site])
    assert (toolkit.major, toolkit.version, toolkit.release) == (12, "12.9.79", "12.9")
    assert toolkit.path == os.path.join(prefix.site, "nvidia")
    assert [os.path.relpath(each, toolkit.path) for each in toolkit.folders] == [
        *(
            "cuda_nvcc",
            "cuda_runtime",
            "cuda_cccl",
            "cuda_cupti",
            "cuda_nvrtc",
            "cuda_sanitizer_api",
            "cublas",
            "nvml_dev",
        )
    ]
    assert set(toolkit.components) == set(EVERY)
    assert toolkit.tools == {
        "ptxas": os.path.join(toolkit.path, "cuda_nvcc/bin/ptxas"),
        "compute-sanitizer": os.path.join(toolkit.path, "cuda_sanitizer_api/bin/compute-sanitizer"),
    }
    assert toolkit.root is None


@pytest.mark.parametrize(
    ("components", "version"),
    [
        (SPLIT, "12.4.127"),
        (SPLIT[1:2], "12.4.127"),
        (SPLIT[3:], "12.4.127"),
        (SPLIT[2:3], "12"),
    ],
)
def test_its_version(prefix, components, version):
    prefix.split("12.4.127", components)
    assert read_toolkit(prefix.site, 12).version == version


@pytest.mark.parametrize("components", [["nvidia-cublas-cu12"], ["nvidia-cudnn-cu12"], []])
def test_libraries_alone_are_no_toolkit(prefix, components):
    prefix.split(components=components)
    assert find_toolkits([prefix.site]) == []


def test_cuda_11_is_none(prefix):
    prefix.split("11.8.89", [name.replace("12", "11") for name in SPLIT])
    assert search.toolkit_majors(prefix.site) == [12]
    assert search.majors(prefix.site) == []
    assert find_toolkits([prefix.site]) == []
    assert list(search.candidates([prefix.site])) == []


def test_metadata_without_its_folder_is_none(prefix):
    prefix.split()
    shutil.rmtree(os.path.join(prefix.site, "nvidia"))
    os.makedirs(os.path.join(prefix.site, "nvidia/cuda_other"))
    assert search.majors(prefix.site) == []


@pytest.mark.usefixtures("on_windows")
def test_not_on_windows(prefix):
    prefix.split()
    assert find_toolkits([prefix.site]) == []


def test_what_has_a_folder_of_the_major_all_the_same(prefix):
    """cuDSS, say, has nvidia/cu12; alone it is what it was."""
    files = {
        "nvidia/cu12/lib/libcudss.so.0": b"",
        "nvidia/cu12/include/cudss.h": b"",
        "nvidia/cu12/include/cuda.h": b"x",
    }
    write_distribution(prefix.site, "nvidia-cudss-cu12", "0.6.0", files)
    toolkit = read_toolkit(prefix.site, 12)
    assert (toolkit.path, toolkit.parts) == (os.path.join(prefix.site, "nvidia/cu12"), ())
    prefix.split()
    toolkit = read_toolkit(prefix.site, 12)
    assert "nvidia-cudss-cu12" in toolkit.components
    assert toolkit.folders[-1] == os.path.join(prefix.site, "nvidia/cu12")
    root = make_root(prefix.site, 12)
    assert os.path.samefile(f"{root}/lib/libcudss.so", os.path.join(prefix.site, "nvidia/cu12/lib/libcudss.so.0"))
    assert content(root, "include/cuda.h") != b"x"


# its root -------------------------------------------------------------------------------------------------------------


def test_its_root(root, prefix):
    assert root == os.path.join(prefix.site, "cuda_shims_toolkit/cu12")
    for path, target in {
        "bin/ptxas": "cuda_nvcc/bin/ptxas",
        "include/cuda.h": "cuda_runtime/include/cuda.h",
        "include/crt/host_defines.h": "cuda_nvcc/include/crt/host_defines.h",
        "include/thrust/x.h": "cuda_cccl/include/thrust/x.h",
        "lib/libcudart.so": "cuda_runtime/lib/libcudart.so.12",
        "lib64/libnvrtc.so": "cuda_nvrtc/lib/libnvrtc.so.12",
        "lib/libcudart_static.a": "cuda_runtime/lib/libcudart_static.a",
        "lib/cmake/cccl/cccl-config.cmake": "cuda_cccl/lib/cmake/cccl/cccl-config.cmake",
        "nvvm/libdevice/libdevice.10.bc": "cuda_nvcc/nvvm/libdevice/libdevice.10.bc",
        "nvvm/lib64/libnvvm.so": "cuda_nvcc/nvvm/lib64/libnvvm.so",
        "nvvm/include/nvvm.h": "cuda_nvcc/nvvm/include/nvvm.h",
        "extras/CUPTI/include/cupti.h": "cuda_cupti/include/cupti.h",
        "extras/CUPTI/lib64/libcupti.so": "cuda_cupti/lib/libcupti.so.12",
        "compute-sanitizer/libsanitizer-collection.so": "cuda_sanitizer_api/lib/libsanitizer-collection.so",
    }.items():
        assert os.path.samefile(os.path.join(root, path), os.path.join(prefix.site, "nvidia", target)), path
    assert not os.path.lexists(os.path.join(root, "lib/libsanitizer-collection.so"))
    assert os.path.isfile(os.path.join(root, "lib/stubs/libcuda.so"))
    assert os.path.isfile(os.path.join(root, "lib/stubs/libnvidia-ml.so"))
    assert content(root, "version.txt") == b"CUDA Version 12.9.79\n"
    assert json.loads(content(root, "version.json"))["libcublas"]["version"] == "12.9.79"
    assert b"Version: 12.9\n" in content(root, "lib/pkgconfig/cudart-12.9.pc")


def test_folders_are_merged_and_the_first_one_stays(root, prefix):
    nv = os.path.join(root, "include/nv")
    assert not os.path.islink(nv)
    assert sorted(os.listdir(nv)) == ["of_cupti.h", "x.h"]
    assert os.path.islink(os.path.join(root, "include/cub"))
    assert content(root, "include/generated_cuda_meta.h") == b"of cupti\n"
    assert content(root, "compute-sanitizer/include/generated_cuda_meta.h") == b"of the sanitizer\n"
    assert not any("__init__.py" in names for _, _, names in os.walk(root))
    toolkit = read_toolkit(prefix.site, 12)
    sources = list(roots.made_from(toolkit))
    assert roots.root_entries(toolkit, root, sources) == roots.root_entries(toolkit, root, sources)


def test_a_file_where_another_component_has_a_folder(tmp_path):
    write(str(tmp_path / "a/x"), b"")
    write(str(tmp_path / "b/x/y"), b"")
    folders = [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "nowhere")]
    assert list(component_folders.merged(folders)) == [("x", str(tmp_path / "a/x"))]
    assert list(component_folders.merged(folders[::-1])) == [("x", str(tmp_path / "b/x"))]


CHANGES = {
    "installed": lambda site: write_distribution(
        site, "nvidia-nvjpeg-cu12", "12.9.1", {"nvidia/nvjpeg/include/nvjpeg.h": b""}
    ),
    "removed": lambda site: shutil.rmtree(os.path.join(site, "nvidia_cublas_cu12-12.9.79.dist-info")),
    "its folder removed": lambda site: shutil.rmtree(os.path.join(site, "nvidia/cublas")),
    "upgraded": lambda site: os.rename(
        os.path.join(site, "nvidia_cuda_nvrtc_cu12-12.9.79.dist-info"),
        os.path.join(site, "nvidia_cuda_nvrtc_cu12-12.9.86.dist-info"),
    ),
    "a library more": lambda site: write(os.path.join(site, "nvidia/cublas/lib/libcublasLt.so.12"), b""),
    "a header more": lambda site: write(os.path.join(site, "nvidia/cuda_cupti/include/more.h"), b""),
    "a tool more": lambda site: write(os.path.join(site, "nvidia/cuda_nvcc/bin/more"), b""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_stale_after_a_change_of_any_component(root, prefix, change):
    assert search.fresh_root(prefix.site, 12) == root
    CHANGES[change](prefix.site)
    assert search.fresh_root(prefix.site, 12) is None
    assert make_root(prefix.site, 12) == root
    assert search.fresh_root(prefix.site, 12) == root


def test_another_wheel_of_nvidias_renews_it_once(root, prefix):
    prefix.split(components=["nvidia-cudnn-cu12"])
    os.utime(os.path.join(prefix.site, "nvidia"))
    assert search.fresh_root(prefix.site, 12) is None
    assert make_root(prefix.site, 12) == root
    assert not os.path.lexists(os.path.join(root, "include/cudnn.h"))
    assert search.fresh_root(prefix.site, 12) == root


def test_install_and_uninstall(prefix):
    prefix.toolkit()
    prefix.split(components=EVERY)
    environment = target_environment(prefix.site)
    assert {each.kind for each in api.install(environment)} == {"create"}
    for major in (12, 13):
        assert search.fresh_root(prefix.site, major)
    assert os.path.exists(os.path.join(environment.scripts, "compute-sanitizer"))
    # a root that is fresh is kept, and so is the rest
    assert {each.kind for each in api.install(environment)} == {"keep"}
    api.uninstall(environment)
    assert not os.path.lexists(os.path.join(prefix.site, "cuda_shims_toolkit"))


# compute-sanitizer, which no wheel marks as executable ----------------------------------------------------------------


def test_the_sanitizers_script(root, prefix, call, commands):
    script = os.path.join(root, "bin/compute-sanitizer")
    assert os.access(script, os.X_OK)
    folder = os.path.join(os.path.realpath(root), "compute-sanitizer")
    loader = write(os.path.join(commands, "loader"), TOOL, 0o755)
    text = content(script).replace(b"/lib64/ld-linux-x86-64.so.2", loader.encode())
    write(script, text.replace(b"/lib/ld-linux-aarch64.so.1", loader.encode()), 0o755)
    link = os.path.join(prefix.path, "elsewhere")
    os.symlink(script, link)
    own = ["--injection-path", folder]
    for given, expected in (
        (["--version"], [*own, "--version"]),
        (["--tool", "x", "a b", ""], [*own, "--tool", "x", "a b", ""]),
        (["--injection-path", "/x", "y"], ["--injection-path", "/x", "y"]),
        (["--injection-path=/x", "y"], ["--injection-path=/x", "y"]),
    ):
        done = call(link, *given)
        words = [os.fsdecode(word) for word in done.stdout.split(b"\0")[1:-1]]
        assert words == [os.path.join(folder, "compute-sanitizer"), *expected], done.stderr


@pytest.mark.parametrize(("machine", "there"), [("x86_64", True), ("aarch64", True), ("riscv64", False)])
def test_the_loader_of_the_machine(machine, there):
    assert bool(component_folders.sanitizer_script(machine)) is there


def test_the_sanitizer_by_its_shim(call, prefix):
    prefix.split(components=EVERY)
    shim = prefix.shim("compute-sanitizer")
    said = failed(call(shim), "compute-sanitizer is not executable, as its wheel has it", "cuda-shims root")
    assert said == failed(call(shim, CUDA_SHIMS_TOOLKIT="12"))
    with pytest.raises(errors.ToolNotFoundError, match="is not executable, as its wheel has it"):
        report.which("compute-sanitizer", lambda: read_toolkit(prefix.site, 12), {})
    root = make_root(prefix.site, 12)
    write(os.path.join(root, "bin/compute-sanitizer"), TOOL, 0o755)
    assert ran(call(shim)) == os.path.join(root, "bin/compute-sanitizer")
    path, _ = report.which("compute-sanitizer", lambda: read_toolkit(prefix.site, 12), {})
    assert path == os.path.join(root, "bin/compute-sanitizer")


def test_a_shim_has_the_root_made_of_the_toolkit_that_has_the_tool(call, prefix):
    """Beside CUDA 13 without it, and by the environment's own python."""
    prefix.toolkit()
    prefix.split(components=EVERY)
    shim = prefix.shim("compute-sanitizer")
    log = os.path.join(prefix.path, "log")
    script = f'#!/bin/sh\nprintf "%s %s\\n" "$CUDA_SHIMS_TOOLKIT" "$*" >>{log}\n'
    write(os.path.join(prefix.bin, "python"), script.encode(), 0o755)
    failed(call(shim), "is not executable")
    assert content(log) == b"12 -I -m cuda_shims root\n"


# what is in the place of nvcc -----------------------------------------------------------------------------------------


def test_what_cmake_is_told(root, call):
    nvcc = os.path.join(root, "bin/nvcc")
    assert shims.is_shim(nvcc)
    assert not search.compiles(root)
    for arguments, line in (
        (["-v", "__cmake_determine_cuda"], f"#$ TOP={root}\n"),
        (["-ccbin=/usr/bin/g++", "-v", "__cmake_determine_cuda"], f"#$ TOP={root}\n"),
        (["--version"], "Cuda compilation tools, release 12.9, V12.9.79\n"),
    ):
        done = call(nvcc, *arguments)
        assert (done.returncode, done.stderr) == (127, b"")
        first, second = done.stdout.decode().splitlines(keepends=True)
        assert first == line
        assert NVCC in second
    failed(
        call(nvcc, "-c", "x.cu"),
        "nvcc (cuda-shims): CUDA 12 is installed here",
        NVCC,
        COMPILER_LINE,
    )


def test_it_is_no_compiler_for_shims(root, prefix, call):
    failed(call(prefix.shim(), path=[os.path.join(root, "bin")]), "CUDA 12 is installed here", NVCC)
    failed(call(prefix.shim(), CUDA_SHIMS_TOOLKIT=root), "holds no such tool")
    assert not which(prefix, "nvcc", PATH=os.path.join(root, "bin")).startswith("/")


# the shim, the hook and the command line agree ------------------------------------------------------------------------


def which(prefix, tool, **environ):
    place = chosen.Place("/nowhere", environ, target_environment(prefix.site), elsewhere=True)
    try:
        return report.which(tool, lambda: chosen.with_tool(place, tool), environ)[0]
    except errors.CudaShimsError as error:
        return str(error)


@pytest.mark.parametrize("made", [False, True], ids=["no root", "root"])
@pytest.mark.parametrize("choice", ["", "12", "13"])
@pytest.mark.parametrize("tool", ["nvcc", "ptxas"])
@pytest.mark.parametrize("majors", [(12,), (13,), (12, 13)], ids=str)
def test_they_agree(call, prefix, majors, tool, choice, made):
    if 13 in majors:
        prefix.toolkit()
    if 12 in majors:
        prefix.split()
    if made:
        for major in majors:
            make_root(prefix.site, major)
    variables = {"CUDA_SHIMS_TOOLKIT": choice} if choice else {}
    done = call(prefix.shim(tool), **variables)
    found = which(prefix, tool, **variables)
    wanted = int(choice) if choice else max(majors)
    if wanted in majors and (wanted, tool) != (12, "nvcc"):
        assert ran(done) == found
        assert (f"cuda_shims_toolkit/cu{wanted}/bin" in found) is made
        assert ("cuda_nvcc" in found) is (wanted == 12 and not made)
    else:
        failed(done, NVCC if (wanted, 12) == (12, majors[0]) else "")
        assert not found.startswith("/")
        assert (NVCC in found) is (wanted == 12 and 12 in majors)


@pytest.mark.parametrize("tool", ["nvcc", "fatbinary", "cuobjdump"])
def test_what_only_cuda_13_has(call, prefix, tool):
    prefix.split()
    line = CUOBJDUMP_LINE if tool == "cuobjdump" else COMPILER_LINE
    never = f"NVIDIA publishes no {tool} on PyPI before CUDA 13"
    own = "or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"
    for variables in ({}, {"CUDA_SHIMS_TOOLKIT": "12"}):
        failed(call(prefix.shim(tool), **variables), "CUDA 12 is installed here, and", never, line, own)
    assert own in which(prefix, tool)
    assert never in which(prefix, tool)
    assert line in which(prefix, tool)


@pytest.mark.parametrize(("tool", "extra"), [("ptxas", "nvcc"), ("compute-sanitizer", "sanitizer")])
def test_what_cuda_12_has_and_is_not_installed(call, prefix, tool, extra):
    prefix.split(components=["nvidia-cuda-runtime-cu12"])
    line = f'pip install "cuda-toolkit[{extra}]==12.*"'
    failed(call(prefix.shim(tool)), "not installed in this environment", line)
    assert line in which(prefix, tool)


def test_a_tool_that_cuda_12_alone_has(call, prefix):
    prefix.toolkit()
    prefix.split(components=EVERY)
    root = make_root(prefix.site, 12)
    write(os.path.join(root, "bin/compute-sanitizer"), TOOL, 0o755)
    found = ran(call(prefix.shim("compute-sanitizer")))
    assert found == which(prefix, "compute-sanitizer") == os.path.join(root, "bin/compute-sanitizer")
    failed(
        call(prefix.shim("cuobjdump")),
        "not installed in this environment",
        CUOBJDUMP_LINE,
    )
    failed(call(prefix.shim("compute-sanitizer"), CUDA_SHIMS_TOOLKIT="13"), "no pip-installed toolkit of that major")


def test_a_shim_beside_cuda_11_knows_nothing_of_12(call, prefix):
    prefix.split("11.8.89", [name.replace("12", "11") for name in SPLIT])
    failed(call(prefix.shim("ptxas")), "nvidia-cuda-nvcc holds it")
    failed(call(prefix.shim("nvcc")), "nvidia-cuda-nvcc holds it")


def test_a_nvcc_on_path_is_still_taken(call, prefix, tmp_path):
    prefix.split()
    system = write(str(tmp_path / "system/nvcc"), TOOL, 0o755)
    assert ran(call(prefix.shim(), path=[os.path.dirname(system)])) == system


def test_a_strangers_root_is_not_taken(root, prefix, call):
    if os.geteuid() != 0:
        pytest.skip("needs root: a root has to be somebody else's")
    os.chown(root, 4711, -1)
    assert not search.serves(root, prefix.site, 12)
    assert "/cuda_nvcc/" in ran(call(prefix.shim("ptxas")))
    os.chown(os.path.join(prefix.site, "nvidia"), 4711, -1)  # whose the wheels are
    os.utime(os.path.join(root, "stamp"))
    assert search.serves(root, prefix.site, 12)
    assert "/cu12/bin/" in ran(call(prefix.shim("ptxas")))


# the hook -------------------------------------------------------------------------------------------------------------


def expected(root, **more):
    homes = dict.fromkeys((*_cuda_shims.HOMES, _cuda_shims.MARKER), root)
    return {**homes, "PATH": f"{root}/bin:/usr/bin", "PKG_CONFIG_PATH": f"{root}/lib/pkgconfig", **more}


def test_libraries_that_nobody_asked_for_as_a_toolkit(hook, prefix):
    prefix.split()
    assert hook(prefix.site) == {"PATH": "/usr/bin"}
    assert not os.path.exists(os.path.join(prefix.site, "cuda_shims_toolkit"))


def test_a_toolkit_that_was_asked_for(hook, prefix):
    prefix.ours()
    prefix.split(asked=True)
    root = search.root_path(prefix.site, 12)
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
    ours = prefix.ours()
    write(os.path.join(ours, "METADATA"), REQUIRED.format("cuda-shims", "-").encode())
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
    write(os.path.join(startup._USUAL, "nvcc"), TOOL, 0o755)
    assert hook(prefix.site) == {"PATH": "/usr/bin"}


def test_our_shim_on_path_is_no_compiler(hook, prefix):
    prefix.split(asked=True)
    prefix.shim()
    assert hook(prefix.site, PATH=f"{prefix.bin}:/usr/bin")["CUDA_HOME"].endswith("/cu12")


@pytest.mark.parametrize("name", [*_cuda_shims.HOMES, *_cuda_shims.COMPILERS])
def test_a_variable_of_the_users_wins(hook, prefix, name):
    prefix.split(asked=True)
    value = "/opt/cuda/bin/nvcc" if name in _cuda_shims.COMPILERS else "/opt/cuda"
    assert hook(prefix.site, **{name: value}) == {"PATH": "/usr/bin", name: value}


def test_a_toolkit_of_another_major_was_asked_for(hook, prefix):
    prefix.split()
    write_distribution(prefix.site, "cuda-toolkit", "13.5.0", {})
    assert hook(prefix.site) == {"PATH": "/usr/bin"}


def test_chosen_by_the_variable(hook, prefix):
    prefix.split()
    root = search.root_path(prefix.site, 12)
    found = hook(
        prefix.site, CUDA_SHIMS_TOOLKIT="12", CUDA_HOME="/opt/cuda", CUDACXX="/opt/cuda/bin/nvcc", NVCC="clang++"
    )
    # no compiler of another toolkit beside these headers
    assert found == expected(root, CUDA_SHIMS_TOOLKIT="12", NVCC="clang++")
    assert hook(prefix.site, CUDA_SHIMS_TOOLKIT=root) == expected(root, CUDA_SHIMS_TOOLKIT=root)


def test_chosen_by_the_project(hook, prefix, tmp_path):
    prefix.split()
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = 12\n")
    assert hook(prefix.site) == expected(search.root_path(prefix.site, 12))
    assert hook(prefix.site, CUDA_HOME="/opt/cuda") == {"CUDA_HOME": "/opt/cuda", "PATH": "/usr/bin"}
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = 13\n")
    assert hook(prefix.site) == {"PATH": "/usr/bin"}


@pytest.mark.parametrize("place", ["one directory", "two directories", "the other first"])
@pytest.mark.parametrize("fresh", [True, False])
def test_side_by_side_each_is_chosen_in_turn(hook, new_prefix, tmp_path, place, fresh):
    one = new_prefix("one")
    other = one if place == "one directory" else new_prefix("other")
    one.toolkit()
    other.split(asked=True)
    for prefix in (one, other):
        prefix.ours()
    if fresh:
        make_root(one.site, 13)
        make_root(other.site, 12)
    path = [other.site, one.site] if place == "the other first" else [one.site, other.site]
    new, old = search.root_path(one.site, 13), search.root_path(other.site, 12)
    nvcc = dict.fromkeys(_cuda_shims.COMPILERS, f"{new}/bin/nvcc")
    assert hook(*path) == expected(new, **nvcc)
    assert hook(*path, CUDA_SHIMS_TOOLKIT="12") == expected(old, CUDA_SHIMS_TOOLKIT="12")
    assert hook(*path, CUDA_SHIMS_TOOLKIT="13") == expected(new, **nvcc, CUDA_SHIMS_TOOLKIT="13")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert hook(*path) == expected(new, **nvcc)
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = '12'\n")
    assert hook(*path) == expected(old)


def test_an_outer_environments_toolkit_is_replaced(hook, new_prefix):
    outer, inner = new_prefix("outer"), new_prefix("inner")
    outer.toolkit()
    inner.split(asked=True)
    variables = hook(outer.site)
    assert hook(inner.site, **variables) == expected(search.root_path(inner.site, 12))
    variables = hook(inner.site)
    root = search.root_path(outer.site, 13)
    nvcc = dict.fromkeys(_cuda_shims.COMPILERS, f"{root}/bin/nvcc")
    assert hook(outer.site, **variables) == expected(root, **nvcc)


def test_the_other_half_of_a_build_environment(hook, new_prefix):
    """PIP's static requirements are on sys.path already, the dynamic ones by PATH alone."""
    static, dynamic = new_prefix("static"), new_prefix("dynamic")
    static.split()
    dynamic.toolkit()
    assert hook(static.site, PATH=f"{dynamic.bin}:/usr/bin")["CUDA_HOME"] == search.root_path(dynamic.site, 13)
    other = new_prefix("other")
    other.split(asked=True)
    assert hook("/nowhere", PATH=f"{other.bin}:/usr/bin")["CUDA_HOME"] == search.root_path(other.site, 12)


def test_no_root_no_variables(hook, prefix, monkeypatch):
    prefix.split(asked=True)

    def broken(*_):
        raise OSError

    monkeypatch.setattr(root_maker, "make_root", broken)
    assert hook(prefix.site) == {"PATH": "/usr/bin"}
    monkeypatch.setattr(startup, "_is_full", lambda _: True)
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


# the command line -----------------------------------------------------------------------------------------------------


@pytest.fixture
def command(prefix, monkeypatch, capsys):
    monkeypatch.setattr(sys, "path", [prefix.site, *(each for each in sys.path if "site-packages" not in each)])
    monkeypatch.setenv("PATH", "/usr/bin")

    def command(*arguments):
        code = cli.main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_list(command, prefix):
    prefix.split(components=EVERY)
    code, out, err = command("list")
    assert (code, err) == (0, "")
    assert out.startswith("CUDA 12.9.79 in ")
    assert f"nvidia-cuda-nvcc-cu12 12.9.79 {prefix.site}/nvidia/cuda_nvcc/bin/ptxas" in " ".join(out.split())
    assert f"{NVCC}.0\n" in out
    prefix.toolkit()
    out = command("list")[1]
    assert out.startswith("CUDA 13.5.37 in ")
    assert out.endswith("cuda-shims list --cuda 12\n")
    assert command("list", "--cuda", "12")[1].startswith("CUDA 12.9.79 in ")
    data = json.loads(command("list", "--json")[1])
    assert [data["toolkit"]["major"], *(each["major"] for each in data["others"])] == [13, 12]


def test_root_and_which(command, prefix):
    prefix.toolkit()
    prefix.split()
    root = search.root_path(prefix.site, 12)
    assert command("root", "--cuda", "12") == (0, f"{root}\n", "")
    assert command("which", "ptxas", "--cuda", "12") == (0, f"{root}/bin/ptxas\n", "")
    assert command("which", "cuda.h", "--cuda=12") == (0, f"{root}/include/cuda.h\n", "")
    code, _, err = command("which", "nvcc", "--cuda", "12")
    assert (code, err.count("\n"), NVCC in err) == (127, 1, True)
    code, _, err = command("root", "--cuda", "11")
    assert (code, "CUDA 11 toolkit" in err) == (1, True)


def test_a_toolkit_that_is_not_there(command):
    code, _, err = command("root", "--cuda", "12")
    assert (code, err.count("\n")) == (1, 1)
    assert 'pip install "cuda-toolkit[cudart,nvcc]==12.*"' in err


@pytest.mark.parametrize("major", ["12.9", "cu12", "012", "", "\u00b2", "/usr/local/cuda"])
def test_an_option_that_is_no_major(command, major, capsys):
    with pytest.raises(SystemExit) as stopped:
        command("root", "--cuda", major)
    assert stopped.value.code == 2
    assert "is not a CUDA major, such as 12" in capsys.readouterr().err


def test_env(command, prefix, monkeypatch):
    prefix.split()
    root = search.root_path(prefix.site, 12)
    out = command("env", "--cuda", "12")[1]
    assert f"CUDA_HOME='{root}'; export CUDA_HOME;" in out
    assert "CUDA_SHIMS_TOOLKIT='12'; export CUDA_SHIMS_TOOLKIT;" in out
    assert "NVCC" not in out
    assert "CUDACXX" not in out
    monkeypatch.setenv("CUDACXX", "/opt/cuda/bin/nvcc")
    monkeypatch.setenv("NVCC", "clang++")
    out = command("env")[1]
    assert "CUDACXX=''; export CUDACXX;" in out
    assert "NVCC=" not in out
    assert "CUDA_SHIMS_TOOLKIT" not in out


def test_exec(command, prefix, monkeypatch):
    prefix.split()
    prefix.toolkit()
    became = []
    monkeypatch.setattr("cuda_shims.processes.become", lambda *words: became.append(words) or 0)
    assert command("exec", "--cuda", "12", "make", "-j4")[0] == 0
    ((name, arguments, environ),) = became
    assert (name, arguments) == ("make", ["-j4"])
    assert environ["CUDA_HOME"] == search.root_path(prefix.site, 12)
    assert environ["CUDA_SHIMS_TOOLKIT"] == "12"
    assert "CUDACXX" not in environ


def test_exec_of_a_tool_that_cuda_12_has_not(command, prefix):
    prefix.split()
    code, out, err = command("exec", "fatbinary", "--version")
    assert (code, out, err.count("\n")) == (127, "", 1)
    assert "NVIDIA publishes no fatbinary on PyPI before CUDA 13" in err
    assert command("exec", "no-such-command")[2] == "cuda-shims: no-such-command: no such command on PATH\n"


def test_nowhere_to_make_a_root(command, prefix, monkeypatch):
    prefix.split()

    def broken(*_):
        raise errors.NotWritableError(prefix.site, "read-only")

    monkeypatch.setattr(root_maker, "make_root", broken)
    code, out, err = command("root")
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_variables(prefix, monkeypatch):
    prefix.split()
    monkeypatch.setattr(sys, "path", [prefix.site])
    root = search.root_path(prefix.site, 12)
    found = api.variables(environ={"PATH": "/usr/bin"})
    assert found == expected(root)
    assert api.variables(read_toolkit(prefix.site, 12), {"PATH": "/usr/bin"}) == expected(root)


# the doctor -----------------------------------------------------------------------------------------------------------


def examined(prefix, **environ):
    environment = target_environment(prefix.site)
    return {each.code: each for each in doctor.examine(environment, environ, "/nowhere") if each.level != "ok"}


def test_the_doctor_calls_no_toolkit_broken_for_its_missing_compiler(prefix):
    prefix.split(components=EVERY, asked=True)
    make_root(prefix.site, 12)
    found = examined(prefix)
    assert {code for code in found if not code.startswith(("hook", "shim", "not-installed"))} == set()
    every = {each.code: each for each in doctor.examine(target_environment(prefix.site), {}, "/nowhere")}
    assert NVCC in every["no-compiler"].what


def test_the_doctor_says_that_it_is_not_chosen(prefix):
    prefix.split()
    (found,) = (each for code, each in examined(prefix).items() if not code.startswith(("hook", "shim", "not-inst")))
    assert (found.code, found.level) == ("toolkit-not-chosen", "error")
    assert "CUDA_SHIMS_TOOLKIT=12" in found.fix
    assert examined(prefix, CUDA_HOME="/opt/cuda")["toolkit-not-chosen"].level == "warning"
    assert "toolkit-not-chosen" not in examined(prefix, CUDA_SHIMS_TOOLKIT="12")


def test_the_doctor_says_what_is_missing(prefix):
    prefix.split(components=["nvidia-cuda-runtime-cu12"])
    missing = examined(prefix, CUDA_SHIMS_TOOLKIT="12")["component-missing"]
    assert (missing.level, "crt/host_defines.h" in missing.why) == ("warning", True)
    assert "cuda-toolkit[nvcc]==12.9.*" in missing.fix
    os.unlink(os.path.join(prefix.site, "nvidia/cuda_runtime/include/cuda_runtime_api.h"))
    assert "nvidia-cuda-runtime-cu12==12.9.79" in examined(prefix, CUDA_SHIMS_TOOLKIT="12")["component-broken"].fix
    assert "form no toolkit" in examined(prefix, CUDA_SHIMS_TOOLKIT="12")["root-missing"].why


def test_the_doctor_on_a_tool_that_lost_its_bit(prefix):
    prefix.split(components=EVERY)
    os.chmod(os.path.join(prefix.site, "nvidia/cuda_nvcc/bin/ptxas"), 0o644)
    found = examined(prefix)["not-executable"]
    assert found.what == "Not executable: ptxas."
    assert "nvidia-cuda-nvcc-cu12==12.9.79" in found.fix


def test_the_doctor_on_what_a_project_needs(prefix, tmp_path):
    prefix.split()
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "CMakeLists.txt").write_text("target_link_libraries(x CUDA::cublas CUDA::nvrtc CUDA::cublas_static)\n")
    found = {each.code: each for each in doctor.examine(target_environment(prefix.site), {}, str(tmp_path))}
    assert "nvidia-cublas-cu12" in found["need-missing"].what
    assert "nvrtc" not in found["need-missing"].what
    assert "cuda-toolkit[cublas]==12.9.*" in found["need-missing"].fix
    assert "no wheel of CUDA 12 holds" in found["need-nowhere"].what
