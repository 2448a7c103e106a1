"""
The parsers that ``tests/hostile/fuzz.py`` runs, which read what others wrote.

With each: the errors that it may raise, words of its format, where real files of it are, and what broke it once.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
import zipfile
from typing import TYPE_CHECKING, NamedTuple

from fake_dll import ImportLibrary, write_dll

from _cuda_shims import MARKER, variables
from _cuda_shims.selection import nvcc_home
from cuda_shims import config, fit
from cuda_shims.doctor import build_file, host_compiler, project
from cuda_shims.environment import distribution, header, metadata, ours, record
from cuda_shims.environment import toolkit as toolkits
from cuda_shims.environment.environment import target_environment
from cuda_shims.errors import ConfigError, NoFitError, UnreadableMetadataError
from cuda_shims.files import ledger, plan
from cuda_shims.installation import conda
from cuda_shims.root import driver_stub, import_library

if TYPE_CHECKING:
    from collections.abc import Callable

#: words of every format: bytes that some reader takes for a line's end, a digit, a blank or the end of a text
COMMON = (
    "\0|\n|\r|\r\n|\v|\f|\x1c|\x85|\u2028|\xa0|\ufeff|\u0663|\u00b2|\uff11|9999999999|-1| |\t|\"|'|\\|,|/|..|~|$(x)"
)
_MACROS = "#define |CUDA_VERSION |13050|CUDAAPI |cuA|(|__CUDA_API_PTDS(|__CUDA_API_PTSZ(|DECLDIR |nvmlA|\\\n"
_TOML = "[|]|[[|]]|=|{|}|.|a|#|\"\"\"|'''|tool|cuda-shims|toolkit|prefer|requires|true|13|1e|0x|\\u0041"
_BUILD = "CUDA::|cublas|dependency('cuda'|modules|:|[|]|)|libraries=[|-l|rustc-link-lib=|#|#include <|>|#include"
_REQUIRES = (
    "Name: |Version: |Requires-Dist: |nvidia-cuda-runtime|-cu12|+cu130|==13.0.96|~=|<14|; |extra == 'x'| and | or |("
)
_HOST = "#if |#if defined(__clang__)\n|__GNUC__ > |__clang_major__ >= |#|_MSC_VER < 1 || _MSC_VER >= |a\n"


class Target(NamedTuple):
    """A parser, or several that read the same file."""

    #: what is in the way of a stranger's input
    run: Callable[[bytes, str], None]
    #: its documented errors
    errors: tuple[type[Exception], ...]
    #: words of its format, with bars between
    tokens: str
    #: patterns of real files, relative to this repository (``docs/…``), to a toolkit, or to site-packages
    files: tuple[str, ...]
    #: what is like a real file where there is none
    sample: bytes


def text_of(data: bytes) -> str:
    """Decode as paths are."""
    return data.decode("utf-8", "surrogateescape")


def put(data: bytes, *path: str) -> str:
    """Write a file, its folders too, and return its path."""
    file = os.path.join(*path)
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "wb") as stream:
        stream.write(data)
    return file


def _record(data: bytes, folder: str) -> None:
    text = text_of(data)
    path = next(iter(record.record_lines(text)), "x")
    once = record.amended(text, {path: b"1", "cuda_shims_toolkit": None}, ["y"])
    gone = [] if "\r" in text else set(text.split("\n")) - set(once.split("\n"))
    if any(
        path not in line and '"' not in line and not line.startswith(("y,", "cuda_shims_toolkit,")) for line in gone
    ):
        raise AssertionError("a line of somebody else's has changed")
    if record.amended(once, {path: b"1", "cuda_shims_toolkit": None}, ["y"]) != once:
        raise AssertionError("amended twice is not amended once")
    put(data, folder, "x-1.dist-info", "RECORD")
    ours.recorded_scripts(os.path.join(folder, "x-1.dist-info"))


def _ledger(data: bytes, folder: str) -> None:
    put(data, folder, ledger.LEDGER)
    recorded = ledger.read_ledger(folder)
    if ledger.ledger_text(recorded).count(b"\n") != len(recorded):
        raise AssertionError("a path that breaks its line")
    plan.removals(folder, {path: digest for path, digest in recorded.items() if not path.startswith("/dev")})


def _pyproject(data: bytes, folder: str) -> None:
    put(data, folder, "pyproject.toml")
    with contextlib.suppress(ConfigError):
        config.load_config(folder, {})
    system = config.load_pyproject(folder).get("build-system")
    given = system.get("requires") if isinstance(system, dict) else None
    requires = [each for each in given if isinstance(each, str)] if isinstance(given, list) else [text_of(data)]
    project.read_parts(requires)
    project.add_extras(requires, ["cublas"])


def _cuda_h(data: bytes, folder: str) -> None:
    put(data, folder, "include", "cuda.h")
    header.header_version(folder)
    names = driver_stub.driver_functions(data)
    driver_stub.stub_library(driver_stub.CUDA_SONAME, names, "x86_64", driver_stub.CUDA_ERROR_STUB_LIBRARY)


def _nvml_h(data: bytes, _: str) -> None:
    names = driver_stub.nvml_functions(data)
    driver_stub.stub_library(driver_stub.NVML_SONAME, names, "aarch64", driver_stub.NVML_ERROR_LIBRARY_NOT_FOUND)


def _dll(data: bytes, folder: str) -> None:
    exports = import_library.read_exports(put(data, folder, "x.dll"))
    library = import_library.import_library("x.dll", exports)
    # a linker has to find each name, and nobody's disk to be filled
    if len(ImportLibrary(library).imports()) != len(exports.names) or len(library) > 2000 + 200 * len(data):
        raise AssertionError("a library that does not hold what the DLL exports")


def _host_config(data: bytes, folder: str) -> None:
    put(data, folder, "include", "crt", "host_config.h")
    limits = host_compiler.read_limits(folder)
    if not all(0 <= major < 10000 for major in limits.values()):  # MSVC's is 1960
        raise AssertionError(f"no compiler has such a version: {limits}")
    host_compiler.find_accepted(limits, {"PATH": ""})


_BUILD_FILES = ("CMakeLists.txt", "meson.build", "build.rs", "Makefile", "setup.py", "pyproject.toml", "a.cu")


def _uses(data: bytes, _: str) -> None:
    text = data.decode("utf-8", "replace")
    lines = text.count("\n") + 1
    for name in _BUILD_FILES:
        for line, spelling, _part, _sure in build_file.find_uses_in(name, text):
            if not 0 < line <= lines or not spelling:
                raise AssertionError(f"line {line} of {name}: {spelling!r}")


def _names(data: bytes, folder: str) -> None:
    # names of files that an installer, or a stranger, put into site-packages
    site_dir = tempfile.mkdtemp(dir=folder)
    with contextlib.suppress(OSError):  # too long, or there already
        for name in data.replace(b"\0", b"").split(b"/")[:8]:
            os.makedirs(os.path.join(os.fsencode(site_dir), name or b"x"))
            os.makedirs(os.path.join(os.fsencode(site_dir), b"nvidia", name or b"x", b"bin"))
    try:
        list(distribution.distributions(site_dir))
        for toolkit in toolkits.find_toolkits([site_dir]):
            if not os.path.isdir(toolkit.path):
                raise AssertionError(f"a toolkit that is not there: {toolkit.path}")
    finally:
        shutil.rmtree(site_dir)


def _variables(data: bytes, folder: str) -> None:
    value = text_of(data.replace(b"\0", b""))
    nvcc_home(value)
    environ = {"NVCC": value, "PATH": value, "CUDA_HOME": value, MARKER: value}
    for changes in (variables.for_root(environ, folder), variables.for_user_toolkit(environ, value)):
        if not all(isinstance(each, (str, type(None))) for each in changes.values()):
            raise AssertionError(changes)
    for name in ("TOOLKIT", "PREFER"):
        config.load_config(folder, {f"CUDA_SHIMS_{name}": value})


def _conda(data: bytes, folder: str) -> None:
    put(data, folder, "conda-meta", "x.json")
    conda.restoring(conda.owners(os.path.join(folder, "bin"), ["nvcc"]).values())


def _compiler(data: bytes, _: str) -> None:
    # what a program that calls itself a compiler prints
    real, host_compiler.run = host_compiler.run, lambda *_: (0, text_of(data))
    try:
        host_compiler.ask("nvcc", sys.executable, {"PATH": ""})
    finally:
        host_compiler.run = real
    host_compiler.last_line(text_of(data))
    for _ in host_compiler.host_compilers({"NVCC_APPEND_FLAGS": text_of(data), "PATH": ""}):
        pass


def _metadata(data: bytes, folder: str) -> None:
    put(data, folder, "torch-1.dist-info", "METADATA")
    with contextlib.suppress(NoFitError):
        fit.find_fit(target_environment(folder))
    fit.find_fit(target_environment(folder), put(data, folder, "x.metadata"))


def _wheel(data: bytes, folder: str) -> None:
    metadata.read_metadata(put(data, folder, "x.whl"))


def _sample_wheel() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(
            zipfile.ZipInfo("torch-2.dist-info/METADATA"), b"Name: torch\nVersion: 2\nRequires-Dist: x\n" * 9
        )
    return file.getvalue()


TARGETS = {
    "record": Target(_record, (), 'a,,|sha256=|bin/nvcc|"a""b",,', ("*.dist-info/RECORD",), b"a.py,sha256=x,1\n"),
    "ledger": Target(_ledger, (OSError,), "a\t|link:|sha256:|a\tlink:b\n", (), b"a\tlink:b\nc\tsha256:0f\n"),
    "pyproject": Target(
        *(_pyproject, (ConfigError,), _TOML, ("docs/examples/*/pyproject.toml",)),
        b'[tool.cuda-shims]\ntoolkit = 13\nprefer = "wheels"\n',
    ),
    "cuda-h": Target(
        _cuda_h, (), _MACROS, ("include/cuda.h",), b"#define CUDA_VERSION 13050\nCUresult CUDAAPI cuInit(\n"
    ),
    "nvml-h": Target(_nvml_h, (), _MACROS, ("include/nvml.h",), b"nvmlReturn_t DECLDIR nvmlInit_v2(void);\n"),
    "dll": Target(
        _dll, (ValueError,), "MZ|PE|\x01|\x10|\x30|\x7f|.dll", (), write_dll([b"cublasCreate_v2", b"x"], data=[b"d"])
    ),
    "host-config": Target(
        *(_host_config, (), _HOST, ("include/crt/host_config.h",)),
        b"#if defined(__clang__)\n#if (__clang_major__ >= 23)\n#endif\n#if __GNUC__ > 16\n",
    ),
    "uses": Target(
        *(_uses, (), _BUILD, tuple(f"docs/examples/*/{name}" for name in (*_BUILD_FILES, "*.cu"))),
        b"dependency('cuda', modules : ['cublas'])\nlibraries = ['cufft'] -lcurand CUDA::nvrtc\n",
    ),
    "names": Target(
        *(_names, (), "cu|cu13|.dist-info|nvidia_cuda_nvcc-|13.5.37|-", ()),
        b"cu13/nvidia_cuda_nvcc-13.5.37.dist-info/cuda_shims-0.1.0.dist-info",
    ),
    "variables": Target(
        _variables, (ConfigError,), "13|/usr/local/cuda|nvcc|:|wheels|no", (), b"ccache /opt/cuda/bin/nvcc"
    ),
    "metadata": Target(
        *(_metadata, (NoFitError, UnreadableMetadataError), _REQUIRES, ("*.dist-info/METADATA",)),
        b"Name: torch\nVersion: 2.9.1+cu130\nRequires-Dist: cuda-toolkit[cudart]<14,==13.0.*; os_name == 'posix'\n\n",
    ),
    "wheel": Target(_wheel, (UnreadableMetadataError,), "PK\x01\x02|PK\x03\x04|PK\x05\x06", (), _sample_wheel()),
    "conda-note": Target(
        *(_conda, (), '"name": |"version": |"files": |"bin/nvcc"|[|]|{|}|,|1e999|null', ()),
        b'{"name": "cuda-nvcc-tools", "version": "13.0.88", "files": ["bin/nvcc"]}',
    ),
    "compiler": Target(
        *(_compiler, (), '#define __GNUC__ 12\n|__clang_major__|-ccbin |--compiler-bindir=|"', ()),
        b"#define __GNUC__ 12\n#define __clang_major__ 19\n -ccbin g++-12 --compiler-bindir='x y'",
    ),
}

#: what broke a parser once, to be tried first ever after
FOUND = {
    "record": (b"a\xc2\x85b,,\n", b"a\x0bb,,\nc,,\n"),
    "ledger": (b"a\0b\tlink:c\n", b"..\tsha256:0f\n"),
    "pyproject": (b"[tool.cuda-shims]\ntoolkit = " + b"9" * 5000, b"[tool.cuda-shims]\nx" + b".a" * 20000 + b" = 1"),
    "cuda-h": ("#define CUDA_VERSION \u00b2\n".encode(), b"#define CUDA_VERSION " + b"9" * 5000),
    "host-config": (b"#if __GNUC__ > 0\n", b"#if __GNUC__ > 99999999\n", b"#if __GNUC__ > " + b"9" * 5000),
    "uses": (b"dependency('cuda'" * 3000, b"libraries=[" * 5000, b"-lcublas " * 7000),
    "names": ("cu013/cu\uff11\uff13/cu999999999999/cu\u00b2".encode(),),
    "compiler": (b"#define __GNUC__ " + b"9" * 5000,),
    "metadata": (b"Name: torch\nVersion: 2\nRequires-Dist: x; extra == (\n",),
}
