"""``which``: what is here, and how to get what is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from fake_toolkit import COMPILER, TOOL, write, write_distribution

from cuda_shims import cli, lookup, provides
from cuda_shims.errors import ConfigError, ToolkitNotFoundError
from cuda_shims.root_maker import make_root
from cuda_shims.toolkits import read_toolkit

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(cli.__file__)))
LINUX, WINDOWS = "linux-x86_64", "windows-amd64"


@pytest.fixture(autouse=True)
def on_linux(monkeypatch):
    monkeypatch.setattr(lookup, "system", lambda: LINUX)


def nowhere():
    raise ToolkitNotFoundError("here")


def ask(prefix, name, *, toolkit=True, **environ):
    found = (lambda: read_toolkit(prefix.site, 13)) if toolkit else nowhere
    return lookup.which(name, found, lambda: [prefix.site], {"PATH": "", **environ})


HERE = [
    # name, its place in a root, its place in the wheels' folder
    ("cuda_runtime.h", "include/cuda_runtime.h", "include/cuda_runtime.h"),
    ("crt/host_config.h", "include/crt/host_config.h", "include/crt/host_config.h"),
    ("cub/cub.cuh", "include/cccl/cub/cub.cuh", "include/cccl/cub/cub.cuh"),
    ("nvvm.h", "include/nvvm.h", "include/nvvm.h"),
    ("libcudart.so", "lib/libcudart.so", "lib/libcudart.so.13"),
    ("libcudart.so.13", "lib/libcudart.so.13", "lib/libcudart.so.13"),
    ("libcudart.so.13.5.37", "lib/libcudart.so.13", "lib/libcudart.so.13"),
    ("cudart", "lib/libcudart.so", "lib/libcudart.so.13"),
    ("-lcudart", "lib/libcudart.so", "lib/libcudart.so.13"),
    ("libcudart_static.a", "lib/libcudart_static.a", "lib/libcudart_static.a"),
    ("libcheckpoint.so", "lib/libcheckpoint.so", "lib/libcheckpoint.so"),
    ("CUDA::cudart", "lib/libcudart.so", "lib/libcudart.so.13"),
    ("CUDA::cudart_static", "lib/libcudart_static.a", "lib/libcudart_static.a"),
    ("CUDA::bin2c", "bin/bin2c", "bin/bin2c"),
    ("CUDA::cuda_driver", "lib/stubs/libcuda.so", None),
    ("-lcuda", "lib/stubs/libcuda.so", None),
    ("libnvidia-ml.so", "lib/stubs/libnvidia-ml.so", None),
    ("CUDA::nvml", "lib/stubs/libnvidia-ml.so", None),
    ("nvcc", "bin/nvcc", "bin/nvcc"),
    ("cicc", "nvvm/bin/cicc", "nvvm/bin/cicc"),
    ("__nvcc_device_query", "bin/__nvcc_device_query", "bin/__nvcc_device_query"),
]


@pytest.mark.parametrize(("name", "in_root", "in_wheels"), HERE)
def test_what_is_here(prefix, name, in_root, in_wheels):
    folder = prefix.toolkit(components=[*COMPILER, "nvidia-cuda-cupti", "nvidia-nvml-dev"])
    before = ask(prefix, name)
    assert before.path == (f"{folder}/{in_wheels}" if in_wheels else None)
    root = make_root(prefix.site, 13)
    answer = ask(prefix, name)
    assert answer == (provides.kind_of(name), f"{root}/{in_root}", "13.5.37", "")
    assert os.path.isfile(answer.path)


def test_a_toolkit_that_variables_name(prefix, tmp_path):
    prefix.toolkit()
    mine = str(tmp_path / "mine")
    for file in ("include/npp.h", "lib64/libnppc.so", "lib64/stubs/libcuda.so"):
        write(os.path.join(mine, file))
    for variable in ("CUDA_SHIMS_TOOLKIT", "CUDA_SHIMS_FORWARD"):
        for name, file in (("npp.h", "include/npp.h"), ("CUDA::nppc", "lib64/libnppc.so")):
            assert ask(prefix, name, **{variable: mine})[:3] == (provides.kind_of(name), f"{mine}/{file}", None)
            assert ask(prefix, name, toolkit=False, **{variable: mine}).path == f"{mine}/{file}"
        assert ask(prefix, "-lcuda", **{variable: mine}).path == f"{mine}/lib64/stubs/libcuda.so"
    # forwarding is for what that toolkit has; a choice is for all
    assert ask(prefix, "nvvm.h", CUDA_SHIMS_FORWARD=mine)[1:3] == (
        f"{prefix.site}/nvidia/cu13/include/nvvm.h",
        "13.5.37",
    )
    with pytest.raises(ConfigError, match=r"mine holds no nvvm\.h; unset it"):
        ask(prefix, "nvvm.h", CUDA_SHIMS_TOOLKIT=mine)
    with pytest.raises(ToolkitNotFoundError):
        ask(prefix, "nvvm.h", toolkit=False, CUDA_SHIMS_TOOLKIT="14")


def test_cuda_12(prefix):
    """Its wheels have a folder each, and no nvcc: none of them is a toolkit."""
    files = {"nvidia/cublas/include/cublas_v2.h": b"", "nvidia/cublas/lib/libcublas.so.12": b""}
    write_distribution(prefix.site, "nvidia-cublas-cu12", "12.8.4.1", files)
    assert ask(prefix, "curand.h", toolkit=False).fix.endswith('run: pip install "cuda-toolkit[curand]==12.*"')
    runtime = {"nvidia/cuda_runtime/include/cuda.h": b""}
    write_distribution(prefix.site, "nvidia-cuda-runtime-cu12", "12.8.90", runtime)
    assert ask(prefix, "cublas_v2.h", toolkit=False).path == f"{prefix.site}/nvidia/cublas/include/cublas_v2.h"
    assert ask(prefix, "libcublas.so", toolkit=False).path == f"{prefix.site}/nvidia/cublas/lib/libcublas.so.12"
    again = "pip install --force-reinstall --no-deps nvidia-cuda-runtime-cu12==12.8.90"
    newest = last("libcublas.so.13")
    for name, fix in (
        ("curand.h", 'nvidia-curand-cu12 holds it; run: pip install "cuda-toolkit[curand]==12.8.*"'),
        ("crt/mma.h", 'nvidia-cuda-nvcc-cu12 holds it; run: pip install "cuda-toolkit[nvcc]==12.8.*"'),
        (
            "libcublas.so.13",
            f"nvidia-cublas of CUDA 13.0 to {newest} holds it, and none of CUDA 12.8 does",
        ),
        ("CUDA::cuda_driver", "no wheel for Linux holds it: it is of NVIDIA's driver"),
        ("cuda_fp16.h", "nvidia-cuda-runtime-cu12 12.8.90 is installed without it; run: " + again),
    ):
        assert ask(prefix, name, toolkit=False)[1:] == (None, "12.8.90", fix)
    # beside a toolkit of CUDA 13 they are no answer
    prefix.toolkit()
    answer = ask(prefix, "cublas_v2.h")
    assert (answer.path, answer.fix) == (
        None,
        'nvidia-cublas holds it; run: pip install "cuda-toolkit[cublas]==13.5.*"',
    )


NOWHERE = "no CUDA wheel on PyPI holds"
DLL_ALONE = "nvidia-cublas has the DLL alone; no CUDA wheel on PyPI holds its import library"
PATH = "this is a path; ask for a name, such as cudaProfiler.h, libcublas.so, CUDA::nvjpeg or nvcc"
STUB = "no wheel for Linux holds it: it is of NVIDIA's driver; cuda-shims makes one to link with, in its toolkit root, "


NEWEST_13 = max((each for each in provides.releases() if each.startswith("13.")), key=lambda each: int(each[3:]))


def last(name):
    """Name the last release that has something."""
    return provides.find(name)[0].releases[-1]


def line(extra, release):
    return f'pip install "cuda-toolkit[{extra}]=={release}.*"'


def holds(wheel, extra, release):
    return f"nvidia-{wheel} holds it; run: {line(extra, release)}"


MISSING = [
    # name, release that is installed, machine, what is said
    ("cudaProfiler.h", "13", LINUX, holds("cuda-profiler-api", "profiler", "13")),
    ("cudaProfiler.h", "13.4", WINDOWS, holds("cuda-profiler-api", "profiler", "13.4")),
    ("cudaProfiler.h", "14.1", LINUX, holds("cuda-profiler-api", "profiler", "14.1")),
    ("cudaProfiler.h", "11.8", LINUX, holds("cuda-profiler-api-cu12", "profiler", "11.8")),
    ("libcublas.so", "12", LINUX, holds("cublas-cu12", "cublas", "12")),
    ("CUDA::cublas", "13.5", LINUX, holds("cublas", "cublas", "13.5")),
    ("cudla.h", "13.5", "linux-aarch64", holds("cudla", "cudla", "13.5")),
    ("CUDA::cuda_driver", "13.5", WINDOWS, holds("cuda-runtime", "cudart", "13.5")),
    (
        *("generated_cuda_meta.h", "13.5", LINUX),
        f"nvidia-cuda-cupti and nvidia-cuda-sanitizer-api hold it; run: {line('cupti', '13.5')} or "
        + line("sanitizer", "13.5"),
    ),
    ("libcublas.so.12", "13.5", LINUX, "nvidia-cublas-cu12 of CUDA 12.9 holds it, and none of CUDA 13.5 does"),
    ("libcublas.so.12", "13", LINUX, f"nvidia-cublas-cu12 of CUDA 12.9 holds it, and none of CUDA {NEWEST_13} does"),
    (
        *("cuda_tile.h", "13.0", WINDOWS),
        f"nvidia-cuda-runtime of CUDA 13.3 to {last('cuda_tile.h')} holds it, and none of CUDA 13.0 does",
    ),
    (
        *("libnvrtc-builtins.so.13.4", "13.0", LINUX),
        "nvidia-cuda-nvrtc of CUDA 13.4 holds it, and none of CUDA 13.0 does",
    ),
    ("cudla.h", "13.5", LINUX, "nvidia-cudla holds it for Linux on aarch64 alone"),
    ("CL/cl.h", "13.5", "linux-aarch64", "nvidia-cuda-opencl holds it for Linux on x86_64 and Windows alone"),
    ("libcufile.so", "13.5", WINDOWS, "nvidia-cufile holds it for Linux alone"),
    ("cublas64_13.dll", "13.5", LINUX, "nvidia-cublas holds it for Windows alone"),
    ("ptxas.exe", "13.5", LINUX, "nvidia-cuda-nvcc holds it for Windows alone"),
    ("CUDA::cublas", "13.5", WINDOWS, DLL_ALONE),
    ("-lcublas", "13.5", WINDOWS, DLL_ALONE),
    ("cublas.lib", "13.5", LINUX, DLL_ALONE),
    ("CUDA::cuda_driver", "13.5", LINUX, f"{STUB}from nvidia-cuda-runtime; run: {line('cudart', '13.5')}"),
    ("-lnvidia-ml", "13.5", LINUX, f"{STUB}from nvidia-nvml-dev; run: {line('nvml', '13.5')}"),
    ("CUDA::cublas_static", "13.5", LINUX, f"{NOWHERE} the static library; use CUDA::cublas"),
    ("CUDA::nvToolsExt", "13.5", LINUX, f"{NOWHERE} its library; use CUDA::nvtx3, which is headers alone"),
    ("CUDA::cufft_static_nocallback", "13.5", LINUX, f"{NOWHERE} its library"),
    ("CUDA::mine", "13.5", LINUX, "CMake's FindCUDAToolkit defines no library of that name"),
    ("mine.h", "13.5", LINUX, f"{NOWHERE} a header of that name"),
    ("libmine.so", "13.5", LINUX, f"{NOWHERE} a library of that name"),
    ("-lmine", "13.5", WINDOWS, f"{NOWHERE} a library of that name"),
    ("mine.lib", "13.5", WINDOWS, f"{NOWHERE} a library of that name"),
    ("/usr/include/cuda.h", "13.5", LINUX, PATH),
    ("../cuda.h", "13.5", LINUX, PATH),
    ("a\\..\\cuda.h", "13.5", LINUX, PATH),
    ("./nvcc", "13.5", LINUX, PATH),
    ("~/nvcc", "13.5", LINUX, PATH),
]


@pytest.mark.parametrize(("name", "release", "machine", "expected"), MISSING)
def test_what_is_not_here(name, release, machine, expected):
    assert lookup.missing(name, release, {}, machine) == expected


def test_what_should_be_here():
    """A wheel is there and its file is not: a half-removed one, or a header that may never have been."""
    installed = {"nvidia-nvjpeg": "13.3.2.43", "nvidia-cuda-cccl": "13.3.5.0.6", "nvidia-cuda-runtime": "13.5.37"}
    fix = "nvidia-nvjpeg 13.3.2.43 is installed without it; run: pip install --force-reinstall --no-deps nvidia-nvjpeg"
    assert lookup.missing("nvjpeg.h", "13.5", installed, LINUX) == fix + "==13.3.2.43"
    assert (
        lookup.missing("thrust/x.h", "13.5", installed, LINUX) == "nvidia-cuda-cccl 13.3.5.0.6 is installed without it"
    )
    assert lookup.missing("libcuda.so", "13.5", installed, LINUX).endswith("; run: cuda-shims root")


def test_the_name_of_this_machine(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr("platform.machine", lambda: "AArch64")
    assert lookup.system() == "linux-aarch64"
    monkeypatch.setattr("os.name", "nt")
    assert lookup.system() == "windows-aarch64"


# the command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def which(prefix, tmp_path):
    """Run the command in an environment of its own."""

    def which(*arguments, **environ):
        code = f"import sys; sys.path.insert(0, {prefix.site!r}); from cuda_shims.cli import main; sys.exit(main())"
        done = subprocess.run(
            [sys.executable, "-S", "-c", code, "which", *arguments],
            env={"PATH": prefix.bin, "PYTHONPATH": SOURCE, **environ},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    return which


def test_the_command_finds(which, prefix):
    folder = prefix.toolkit()
    root = make_root(prefix.site, 13)
    assert which("cuda.h") == (0, f"{root}/include/cuda.h\n", "")
    assert which("-lcudart") == which("-l", "cudart") == (0, f"{root}/lib/libcudart.so\n", "")
    code, out, err = which("CUDA::cudart_static", "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert (said["schema"], said["tool"], said["kind"]) == (cli.SCHEMA, "CUDA::cudart_static", "target")
    assert (said["path"], said["toolkit"]) == (f"{root}/lib/libcudart_static.a", "13.5.37")
    assert said["holdings"] == [each._asdict() | {key: list(each._asdict()[key]) for key in ("releases", "platforms")}
                                for each in provides.find("CUDA::cudart_static")]  # fmt: skip
    assert os.path.exists(f"{folder}/lib/libcudart_static.a")


def test_the_command_does_not_find(which, prefix):
    prefix.toolkit()
    expected = (
        "cuda-shims: cudaProfiler.h is not installed here: nvidia-cuda-profiler-api holds it; "
        'run: pip install "cuda-toolkit[profiler]==13.5.*"\n'
    )
    assert which("cudaProfiler.h") == (127, "", expected)
    code, out, err = which("cudaProfiler.h", "--json")
    assert (code, err) == (127, expected)
    said = json.loads(out)
    assert said["path"] is None
    assert [each["distribution"] for each in said["holdings"]] == [
        "nvidia-cuda-profiler-api",
        "nvidia-cuda-profiler-api-cu12",
    ]
    code, out, err = which("nvprof", "--json")
    assert (code, json.loads(out)["holdings"]) == (127, [])
    assert err == "cuda-shims: nvprof is not installed here: no CUDA wheel on PyPI holds a tool of that name\n"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "..",
        "/",
        "/bin/ls",
        "../../bin/ls",
        "a" * 100_000,
        "\udcff\udcfe.h",
        "a\n\x1b[31m.h",
        "%s{0}.h",
        "lib\\.so",
    ],
)
@pytest.mark.parametrize("installed", [False, True])
def test_names_that_are_none(which, prefix, name, installed):
    if installed:
        prefix.toolkit()
    write(f"{prefix.bin}/tool", TOOL, 0o755)
    code, out, err = which("--", name)
    assert (code, out) == (127, "")
    assert err.startswith("cuda-shims: ")
    assert (err.count("\n"), err.isascii(), len(err) < 300) == (1, True, True)


def test_names_that_no_argument_can_be(capfd, monkeypatch, prefix):
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "-packages" not in path])
    monkeypatch.setenv("PATH", prefix.bin)
    for name in ("nvcc\0", "\0.h", "lib\0.so", "CUDA::\0", "a" * 10_000_000, "b" * 10_000_000 + ".h"):
        assert cli.main(["which", "--", name]) == 127
        out, err = capfd.readouterr()
        assert (out, err.count("\n"), "\0" in err, len(err) < 300) == ("", 1, False, True)


def test_a_terminal_without_the_letters_of_a_name(which):
    code, out, err = which("é.h", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (code, out) == (127, "")
    assert err == r"cuda-shims: \xe9.h is not installed here: no CUDA wheel on PyPI holds a header of that name" + "\n"


def test_one_name_is_wanted(which):
    for arguments in ([], ["-l"], ["-lcublas", "nvcc"], ["nvcc", "ptxas"]):
        code, out, err = which(*arguments)
        assert (code, out) == (2, "")
        assert "usage: " in err
