"""The import libraries of NVIDIA's DLLs: by LLVM's readers and linker, and by programs that start with the DLLs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bed import windows
from fake_dll import ImportLibrary
from venvs import PAIRS, pip, shared_venv

from cuda_shims.root.import_library import read_exports
from cuda_shims.root.supplement import import_libraries

pytestmark = pytest.mark.timeout(1200)

#: wheels whose DLLs are some 100 MB together, and those of 2 GB, for ``--matrix``
SMALL = ("nvidia-cuda-cupti", "nvidia-cuda-nvrtc", "nvidia-npp", "nvidia-nvjpeg", "nvidia-nvvm", "nvidia-cuda-runtime")
LARGE = (
    *("nvidia-cublas", "nvidia-cufft", "nvidia-curand", "nvidia-cusolver", "nvidia-cusparse", "nvidia-nvjitlink"),
    *("nvidia-nvfatbin", "nvidia-cudnn-cu13"),
)
WHEELS = [pytest.param(SMALL, id="small"), pytest.param((*SMALL, *LARGE), id="all", marks=pytest.mark.matrix)]
#: library -> a call that needs no GPU, which gives 42 if all is well
CALLS = {
    "nvrtc": "int a = 0, b = 0; return nvrtcVersion(&a, &b) || a != 13 ? 1 : 42;",
    "nvvm": "int a = 0, b = 0; return nvvmVersion(&a, &b) || a != 2 ? 1 : 42;",
    "nvjpeg": "int a = 0; return nvjpegGetProperty(0, &a) || a != 13 ? 1 : 42;",
    "nppc": "return *(const int *)nppGetLibVersion() == 13 ? 42 : 1;",
    "cublas": "return *cublasGetStatusString(0) ? 42 : 1;",
    "cublasLt": "return cublasLtGetVersion() > 130000 ? 42 : 1;",
    "cufft": "int a = 0; return cufftGetVersion(&a) || a < 12000 ? 1 : 42;",
    "curand": "int a = 0; return curandGetVersion(&a) || a < 10000 ? 1 : 42;",
    "cusolver": "int a = 0; return cusolverGetVersion(&a) || a < 12000 ? 1 : 42;",
    "cusparse": "return *cusparseGetErrorString(3) ? 42 : 1;",
    "cudnn": "return cudnnGetVersion() > 90000 ? 42 : 1;",
}
_FUNCTION = re.compile(r"\b\w+(?=\()")
_RETURNS_TEXT = ("String", "nppGetLibVersion")


@pytest.fixture(scope="session")
def dlls(once):
    """Give a function that returns the folders with the DLLs of wheels, in the order of PATH."""

    def dlls(wheels):
        def make(folder):
            command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--only-binary", ":all:"]
            platform = ["--platform", "win_amd64", "--python-version", "3.12", "--target", str(folder)]
            # those of the toolkit's release have versions of their own, which its METADATA knows: the newest do as well
            subprocess.run([*command, *platform, *wheels], check=True)
            return str(folder)

        name = "all" if len(wheels) > len(SMALL) else "small"
        site = Path(once(f"dlls-{name}", make))
        folders = [site / "nvidia/cu13/bin/x86_64", site / "nvidia/cudnn/bin"]
        return [str(each) for each in folders if each.is_dir()]

    return dlls


@pytest.fixture
def made(dlls, tmp_path):
    """Give a function that writes the import libraries of wheels and returns their paths by name."""

    def made(wheels):
        found = {}
        for path, data in import_libraries(dlls(wheels), ()):
            file = tmp_path / os.path.basename(path)
            file.write_bytes(data)
            found[file.stem] = file
        return found

    return made


def zig(*words):
    """Run one of LLVM's programs."""
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout


def compile_c(source, text):
    source.write_text(text)
    target = source.with_suffix(".obj")
    zig("clang", "--target=x86_64-pc-windows-msvc", "-O1", "-ffreestanding", "-c", source, "-o", target)
    return target


def readobj(*words):
    if shutil.which("llvm-readobj") is None:
        pytest.skip("llvm-readobj is missing (Debian package llvm)")
    return subprocess.run(["llvm-readobj", *map(str, words)], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("wheels", WHEELS)
def test_each_dll_has_a_library_with_its_names(dlls, made, wheels, tmp_path):
    """The DLL by LLVM's reader, the library beside one that LLVM's dlltool makes of the same names."""
    libraries = {dll: path for path in made(wheels).values() for dll in _dlls_of(path)}
    for folder in dlls(wheels):
        for file in sorted(Path(folder).glob("*.dll")):
            if file.name.endswith(".alt.dll"):
                continue
            names = re.findall(r"^  Name: (?!DllMain$)(.+)$", readobj("--coff-exports", file), re.MULTILINE)
            data = {name.decode() for name, is_data in read_exports(str(file)).names if is_data}
            lines = [f'"{name}"{" DATA" if name in data else ""}' for name in names]
            (tmp_path / "x.def").write_text("\n".join([f"LIBRARY {file.name}", "EXPORTS", *lines, ""]))
            zig("dlltool", "-m", "i386:x86-64", "-d", tmp_path / "x.def", "-l", tmp_path / "x.lib")
            ours = ImportLibrary(libraries[file.name].read_bytes())
            theirs = ImportLibrary((tmp_path / "x.lib").read_bytes())
            assert sorted(name.decode() for name, *_ in ours.imports()) == sorted(names)
            assert _comparable(ours) == _comparable(theirs)


def _dlls_of(path):
    return {dll.decode() for _, dll, *_ in ImportLibrary(path.read_bytes()).imports()}


def _comparable(library):
    # the number in the DLL's table is a hint alone, which dlltool leaves out
    imports = sorted((name, dll, machine, kind) for name, dll, machine, _, kind in library.imports())
    return (
        imports,
        sorted(name for name, _ in library.first_index()),
        sorted(name for name, _ in library.second_index()),
    )


@pytest.mark.parametrize("wheels", WHEELS)
def test_every_name_links(made, wheels, tmp_path):
    for name, library in made(wheels).items():
        hints = {each[0].decode(): str(each[3]) for each in ImportLibrary(library.read_bytes()).imports()}
        text = "".join(f'__asm__(".quad \\"__imp_{each}\\"");\n' for each in hints)
        target = tmp_path / f"{name}-user.dll"
        zig("lld-link", "/dll", "/noentry", f"/out:{target}", compile_c(tmp_path / "user.c", text), library)
        found = re.findall(r"^  Symbol: (.+) \((\d+)\)$", readobj("--coff-imports", target), re.MULTILINE)
        # with the hint by which Windows finds it at once
        assert sorted(found) == sorted(hints.items())


@pytest.mark.parametrize(
    ("wheels", "libraries"),
    [
        pytest.param(SMALL, ("nvrtc", "nvvm", "nvjpeg", "nppc"), id="small"),
        pytest.param((*SMALL, *LARGE), tuple(CALLS), id="all", marks=pytest.mark.matrix),
    ],
)
def test_programs_start_and_call(bed, dlls, made, wheels, libraries, tmp_path):
    paths = made(wheels)
    for name in libraries:
        program = compile_c(tmp_path / f"{name}.c", _program(CALLS[name]))
        target = tmp_path / f"{name}.exe"
        words = ("/entry:main", "/subsystem:console", "/nodefaultlib", f"/out:{target}", program, paths[name])
        zig("lld-link", *words)
        assert bed.run(target, path=dlls(wheels), rc=42) == ""


def _program(body):
    (function,) = _FUNCTION.findall(body)
    returns = "const char *" if function.endswith(_RETURNS_TEXT) else "unsigned long long "
    returns = returns if "return " + function in body or "*" in body.split("return")[1] else "int "
    return f"{returns}{function}();\nint main(void) {{ {body} }}\n"


@pytest.mark.parametrize("wheels", WHEELS)
def test_the_same_bytes_at_once(dlls, wheels):
    folders = dlls(wheels)
    start = time.process_time()
    found = dict(import_libraries(folders, ()))
    assert time.process_time() - start < 0.5
    assert dict(import_libraries(folders, ())) == found


# on Windows -----------------------------------------------------------------------------------------------------------

#: /GS-: a stack cookie is of the C runtime, which there is none of
_PROJECT = """\
cmake_minimum_required(VERSION 3.24)
project(probe LANGUAGES C)
set(CMAKE_C_FLAGS_DEBUG "/O2 /GS-")
find_package(CUDAToolkit REQUIRED)
find_library(NVVM nvvm REQUIRED)
add_executable(probe probe.c)
target_link_libraries(probe PRIVATE CUDA::nvrtc ${NVVM})
add_custom_command(TARGET probe POST_BUILD COMMAND probe)
"""
_PROBE = """\
int nvrtcVersion(int *, int *), nvvmVersion(int *, int *);
int main(void) { int a = 0, b = 0; return nvrtcVersion(&a, &b) || a != 13 || nvvmVersion(&a, &b) || a != 2; }
"""


def test_cmake_links_and_runs(bed, windows_wheel, vs, tmp_path):
    """In a developer prompt: the generator, CMake's targets, a library by LIB, and a program that the build runs."""
    scripts = shared_venv(bed, windows_wheel, *PAIRS[0][:2])
    pip(bed, scripts / "python.exe", "install", "-q", "--no-deps", "nvidia-cuda-nvrtc==13.5.*")
    python = scripts / "python.exe"
    (tmp_path / "probe.c").write_text(_PROBE)
    (tmp_path / "CMakeLists.txt").write_text(_PROJECT)
    tree = tmp_path / "tree"
    path = [vs.folder, bed.tool("ninja", "ninja-1.13.2.data/scripts"), scripts]
    place = {"path": path, "compiles": True, **vs.variables}
    cmake = windows(bed.tool("cmake", "cmake/data/bin/cmake.exe"))
    exec_ = ["-m", "cuda_shims", "exec"]
    bed.run(python, *exec_, cmake, "-S", windows(tmp_path), "-B", windows(tree), **place)
    cache = (tree / "CMakeCache.txt").read_text()
    folder = windows(scripts.parent / "Lib/site-packages/cuda_shims_toolkit/cu13/lib/x64").replace("\\", "/")
    assert "CMAKE_GENERATOR:INTERNAL=Ninja\n" in cache
    assert f"CUDA_nvrtc_LIBRARY:FILEPATH={folder}/nvrtc.lib\n" in cache
    assert f"NVVM:FILEPATH={folder}/nvvm.lib\n" in cache
    bed.run(python, *exec_, cmake, "--build", windows(tree), **place)
    assert (tree / "probe.exe").is_file()
    # as setuptools and nvcc do: by LIB
    (source,) = tree.rglob("probe.c.obj")
    words = ["/nologo", windows(source), "nvrtc.lib", "nvvm.lib", f"/out:{windows(tmp_path / 'probe.exe')}"]
    bed.run(python, *exec_, "link.exe", *words, **place)
    bed.run(python, *exec_, windows(tmp_path / "probe.exe"), **place)
    said = bed.run(python, "-m", "cuda_shims", "which", "nvrtc.lib", **place)
    assert said.strip().replace("\\", "/") == f"{folder}/nvrtc.lib"
