"""What the doctor checks on Windows alone, on a Windows that is played: programs are shell scripts."""

from __future__ import annotations

import codecs
import os

import pytest
from fake_toolkit import write

from _cuda_shims.places import Place
from cuda_shims import quoting
from cuda_shims.cli.lookup import which_tool
from cuda_shims.config import Config
from cuda_shims.doctor import case as findings
from cuda_shims.doctor import compiler, host_compiler, shell, visual_studio
from cuda_shims.doctor.case import make_case
from cuda_shims.environment.environment import target_environment
from cuda_shims.environment.path import on_path
from cuda_shims.installation import shims
from cuda_shims.selection import Scope

BANNER = "Microsoft (R) C/C++ Optimizing Compiler Version {} for {}\nCopyright (C) Microsoft Corporation.\n"
LIMIT = b"#if _MSC_VER < 1920 || _MSC_VER >= 1960\n#error -- unsupported Microsoft Visual Studio version!\n#endif\n"


@pytest.fixture(autouse=True)
def _windows(on_windows, monkeypatch):  # noqa: ARG001
    for module in (findings, quoting, compiler, host_compiler, shell, visual_studio):
        monkeypatch.setattr(module, "_WINDOWS", True)
    monkeypatch.setattr(host_compiler, "DEFAULT", ("nvcc", "cl.exe"))
    codecs.register(lambda name: codecs.lookup("cp1252") if name == "mbcs" else None)


class Machine:
    """A Windows machine: an environment, a folder on PATH, a project."""

    def __init__(self, prefix, folder):
        self.prefix, self.folder = prefix, folder
        self.toolkit = prefix.toolkit()
        write(os.path.join(self.toolkit, "include/crt/host_config.h"), LIMIT)
        self.environ = {"PATH": str(folder / "path"), "ProgramFiles(x86)": str(folder / "Program Files (x86)")}

    def program(self, path, text, code=0):
        script = f"#!/bin/sh\n/bin/cat <<'EOF'\n{text}\nEOF\nexit {code}\n"
        return write(str(self.folder / path), script.encode(), 0o755)

    def cl(self, version="19.44.35211", machine="x64", banner=BANNER):
        return self.program("path/cl.exe", banner.format(version, machine))

    def visual_studio(self):
        home = self.folder / "VS"
        self.program("Program Files (x86)/Microsoft Visual Studio/Installer/vswhere.exe", home)
        return write(str(home / "VC/Auxiliary/Build/vcvars64.bat"))

    def case(self):
        case = make_case(target_environment(self.prefix.site), self.environ, Config())
        return case._replace(directory=str(self.folder))

    def findings(self, check):
        return list(check(self.case()))

    def host(self):
        (found,) = self.findings(compiler.check_host_compiler)
        return found


@pytest.fixture
def machine(prefix, tmp_path):
    return Machine(prefix, tmp_path)


@pytest.mark.parametrize(
    "banner",
    [
        BANNER,
        "Microsoft (R) C/C++-Optimierungscompiler Version {} für {}\nCopyright\n",
        "Compilateur d'optimisation Microsoft (R) C/C++ version {} pour {}\nCopyright\n",
        "用于 {1} 的 Microsoft (R) C/C++ 优化编译器 {0} 版\n",
    ],
)
def test_cl_says_what_it_is(machine, banner):
    path = machine.cl(banner=banner)
    found = machine.host()
    assert (found.level, found.what) == ("ok", f"The host compiler is MSVC 19.44 ({path}).")


def test_too_new(machine):
    machine.cl("19.60.1")
    found = machine.host()
    assert found.code == "host-compiler-unsupported"
    assert "and this nvcc supports MSVC up to 19.59" in found.what


def test_unknown_limit(machine):
    machine.cl("19.99.1")
    write(os.path.join(machine.toolkit, "include/crt/host_config.h"), b"\n")
    assert machine.host().level == "ok"


def test_32_bits(machine):
    path = machine.cl(machine="x86")
    found = machine.host()
    why = "it makes 32-bit programs, which nvcc does not"
    assert found.what == f"nvcc runs {path}, which is not a working C++ compiler: {why}."


def test_no_compiler_answer(machine):
    machine.program("path/cl.exe", "hello", 3)
    assert machine.host().what.endswith("which is not a working C++ compiler: hello.")


def test_no_visual_studio(machine):
    found = machine.host()
    assert (found.code, found.level) == ("no-host-compiler", "error")
    fix = 'install the Build Tools for Visual Studio with "Desktop development with C++" (MSVC 19.59 at most)'
    assert found.fix == fix


def test_visual_studio_that_is_not_on_path(machine):
    batch_file = machine.visual_studio()
    found = machine.host()
    assert (found.code, found.level) == ("host-compiler-not-on-path", "warning")
    assert found.fix.startswith('build in an "x64 Native Tools Command Prompt" (MSVC 19.59 at most)')
    assert found.fix.endswith(f"call {batch_file}")


def test_visual_studio_without_cpp(machine):
    """Vswhere then prints nothing."""
    machine.program("Program Files (x86)/Microsoft Visual Studio/Installer/vswhere.exe", "")
    assert machine.host().code == "no-host-compiler"


def test_named_compiler(machine):
    machine.cl()
    machine.environ["NVCC_CCBIN"] = str(machine.folder / "nowhere")
    found = machine.host()
    assert found.code == "no-host-compiler"
    assert found.fix == "remove the variable NVCC_CCBIN"
    machine.environ["NVCC_APPEND_FLAGS"] = "-ccbin nowhere"
    assert machine.host().fix == "take -ccbin out of NVCC_APPEND_FLAGS"
    del machine.environ["NVCC_APPEND_FLAGS"]
    machine.environ["NVCC_CCBIN"] = str(machine.folder / "path")
    assert machine.host().level == "ok"


@pytest.mark.parametrize(
    ("cmake", "pyproject", "generator", "level"),
    [
        ("project(x LANGUAGES CXX CUDA)", "", None, "warning"),
        ("project(x)\nenable_language(\n  CUDA)", "", None, "warning"),
        ("project(x LANGUAGES CXX)", "", None, None),
        ("# project(x LANGUAGES CUDA)", "", None, None),
        (None, "", None, None),
        ("project(x CUDA)", "", "Ninja", "ok"),
        ("project(x CUDA)", "", "NMake Makefiles", "ok"),
        (None, "", "Visual Studio 17 2022", "error"),
        ("project(x CUDA)", '[tool.scikit-build]\ncmake.args = ["-GNinja"]\n', None, None),
        ("project(x CUDA)", '[tool.scikit-build.cmake]\nargs = ["-G", "Ninja"]\n', None, None),
        ("project(x CUDA)", '[tool.scikit-build]\ncmake.args = ["-DX=1"]\n', None, "warning"),
        ("project(x CUDA)", "[tool]\nscikit-build = 3\n", None, "warning"),
        ("project(x CUDA)", "no TOML", None, "warning"),
    ],
)
def test_generator(machine, cmake, pyproject, generator, level):
    if cmake:
        write(str(machine.folder / "CMakeLists.txt"), cmake.encode())
    write(str(machine.folder / "pyproject.toml"), pyproject.encode())
    if generator:
        machine.environ["CMAKE_GENERATOR"] = generator
    found = machine.findings(visual_studio.check_generator)
    assert [each.level for each in found] == ([level] if level else [])
    if level in {"warning", "error"}:
        assert found[0].fix == "set the variable CMAKE_GENERATOR to Ninja, and put cl.exe on PATH"


@pytest.mark.parametrize(
    ("site", "temporary", "level"), [(40, 40, "ok"), (152, 40, "error"), (151, 40, "ok"), (40, 103, "warning")]
)
def test_paths_that_get_too_long(machine, site, temporary, level):
    case = machine.case()
    case.toolkit.place = Place("C" * site, 13)
    (found,) = visual_studio.check_long_paths(case._replace(environ={"TEMP": "T" * temporary}))
    assert found.level == level


@pytest.mark.parametrize(("name", "can"), [("First Last", True), ("Ünï", True), ("日", False)])
def test_letters_of_the_code_page(machine, name, can):
    case = machine.case()._replace(home=f"C:\\{name}\\cu13")
    found = list(visual_studio.check_code_page(case))
    assert visual_studio.can_name(case.home) is can
    assert [each.code for each in found] == ([] if can else ["path-letters"])


def test_nvcc_is_not_run_where_it_says_nothing(machine):
    machine.cl()
    case = machine.case()
    folder = machine.folder / "日"
    os.symlink(case.home, folder)
    assert list(compiler.check_nvcc(case._replace(home=str(folder)))) == []


def test_path_without_what_the_hook_put_first(machine):
    case = machine.case()
    environ = {"PATH": f"{case.home}/bin:/usr/bin", "CUDA_SHIMS_ROOT": case.home}
    assert shell._read_path(case._replace(shell=environ)) == "/usr/bin"
    environ["PATH"] = "/usr/bin"
    assert shell._read_path(case._replace(shell=environ)) == "/usr/bin"


def test_scripts_directory_that_is_not_on_path(machine):
    (found,) = machine.findings(shell.check_path)
    assert found.fix == f"put {machine.case().environment.scripts} on PATH"


@pytest.mark.parametrize(
    ("path", "spelt"), [(r"C:\v\Scripts", r"C:\v\Scripts"), (r"C:\First Last\v", r'"C:\First Last\v"')]
)
def test_quoting(path, spelt):
    assert quoting.quote_path(path) == spelt


def test_tools_have_a_suffix(machine, monkeypatch):
    monkeypatch.setattr(shims, "SUFFIX", ".exe")
    monkeypatch.setattr("cuda_shims.environment.path.EXE", ".exe")
    path = machine.program("path/nvcc.exe", "")
    assert list(on_path("nvcc", machine.environ["PATH"])) == [path]
    environ = {"CUDA_SHIMS_TOOLKIT": os.path.dirname(machine.program("home/bin/nvcc.exe", "")).removesuffix("/bin")}
    scope = Scope("/nonexistent", environ, target_environment(machine.prefix.site))
    assert which_tool("nvcc", scope)[0].endswith("home/bin/nvcc.exe")
