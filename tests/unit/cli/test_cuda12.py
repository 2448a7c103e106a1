"""CUDA 12, whose wheels have no compiler: the shim and the command line agree, and the doctor knows it."""

from __future__ import annotations

import json
import os
import re
import sys

import pytest
from cuda12_support import COMPILER_LINE, EVERY, NVCC, new_prefix, no_system, prefix
from fake_toolkit import SPLIT, TOOL, write
from roots import make_root, root_path
from shim_support import failed, ran

import _cuda_shims
import cuda_shims
from _cuda_shims.places import Place
from cuda_shims import errors
from cuda_shims.catalog.tools import NEWEST
from cuda_shims.cli import lookup, main
from cuda_shims.doctor import checks
from cuda_shims.environment.environment import target_environment
from cuda_shims.environment.toolkit import read_toolkit
from cuda_shims.installation import home
from cuda_shims.selection import Scope

__all__ = ["new_prefix", "no_system", "prefix"]  # fixtures

CUOBJDUMP_LINE = f'pip install "cuda-toolkit[cuobjdump]=={NEWEST}.*"'


@pytest.fixture
def root(prefix):
    prefix.split(components=EVERY)
    return make_root(prefix.site, 12)


def which(prefix, tool, **environ):
    scope = Scope("/nowhere", environ, target_environment(prefix.site), elsewhere=True)
    try:
        answer = lookup.which(tool, scope)
    except errors.CudaShimsError as error:
        return str(error)
    return answer.path or answer.fix


def test_the_sanitizer_by_its_shim(call, prefix):
    prefix.split(components=EVERY)
    shim = prefix.shim("compute-sanitizer")
    said = failed(call(shim), "compute-sanitizer is not executable, as its wheel has it", "cuda-shims root")
    assert said == failed(call(shim, CUDA_SHIMS_TOOLKIT="12"))
    assert "is not executable, as its wheel has it" in which(prefix, "compute-sanitizer")
    root = make_root(prefix.site, 12)
    write(os.path.join(root, "bin/compute-sanitizer"), TOOL, 0o755)
    assert ran(call(shim)) == os.path.join(root, "bin/compute-sanitizer")
    assert which(prefix, "compute-sanitizer") == os.path.join(root, "bin/compute-sanitizer")


def test_a_shim_has_the_root_made_of_the_toolkit_that_has_the_tool(call, prefix):
    """Beside CUDA 13 without it, and by the environment's own python."""
    prefix.toolkit()
    prefix.split(components=EVERY)
    shim = prefix.shim("compute-sanitizer")
    log = os.path.join(prefix.path, "log")
    script = f'#!/bin/sh\nprintf "%s %s\\n" "$CUDA_SHIMS_TOOLKIT" "$*" >>{log}\n'
    write(os.path.join(prefix.bin, "python"), script.encode(), 0o755)
    failed(call(shim), "is not executable")
    with open(log, encoding="utf-8") as file:
        assert file.read().startswith("12 -c import sys\n")


def test_it_is_no_compiler_for_shims(root, prefix, call):
    failed(call(prefix.shim(), path=[os.path.join(root, "bin")]), "CUDA 12 is installed here", NVCC)
    failed(call(prefix.shim(), CUDA_SHIMS_TOOLKIT=root), "holds no such tool")
    assert not which(prefix, "nvcc", PATH=os.path.join(root, "bin")).startswith("/")


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
    assert not Place(prefix.site, 12).serves(root, None)
    assert "/cuda_nvcc/" in ran(call(prefix.shim("ptxas")))
    os.chown(os.path.join(prefix.site, "nvidia"), 4711, -1)  # whose the wheels are
    assert Place(prefix.site, 12).serves(root, None)
    assert "/cu12/bin/" in ran(call(prefix.shim("ptxas")))


@pytest.fixture
def command(prefix, monkeypatch, capsys):
    monkeypatch.setattr(sys, "path", [prefix.site, *(each for each in sys.path if "site-packages" not in each)])
    monkeypatch.setenv("PATH", "/usr/bin")

    def command(*arguments):
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_list(command, prefix):
    prefix.split(components=EVERY)
    code, out, err = command("list")
    assert (code, err) == (0, "")
    assert out.startswith("CUDA 12.9.79 in ")
    assert "\n  ptxas 12.9.79 nvidia-cuda-nvcc-cu12\n" in re.sub(r"(?<=\S) +", " ", out)
    assert max(map(len, out.splitlines()[1:])) <= 65
    assert "  nvcc               -        none on PyPI before CUDA 13.0\n" in out
    prefix.toolkit()
    out = command("list")[1]
    assert out.startswith("CUDA 13.5.37 in ")
    assert out.endswith("cuda-shims list --cuda 12\n")
    out = command("list", "--target", prefix.site)[1]
    assert out.endswith(f"cuda-shims list --target {prefix.site} --cuda 12\n")
    assert command("list", "--cuda", "12")[1].startswith("CUDA 12.9.79 in ")
    data = json.loads(command("list", "--json")[1])
    assert [data["toolkit"]["major"], *(each["major"] for each in data["others"])] == [13, 12]


def test_root_and_which(command, prefix):
    prefix.toolkit()
    prefix.split()
    root = root_path(prefix.site, 12)
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
    assert 'install "cuda-toolkit[cudart,nvcc]==12.*"' in err


@pytest.mark.parametrize("major", ["12.9", "cu12", "012", "", "\u00b2", "/usr/local/cuda"])
def test_an_option_that_is_no_major(command, major):
    code, _, err = command("root", "--cuda", major)
    meant = "; did you mean 12?" if "12" in major and major[0] != "0" else ", such as 12"
    assert (code, err) == (2, f"cuda-shims: root --cuda: {major!a} is not a CUDA major{meant}\n")


def test_env(command, prefix, monkeypatch):
    prefix.split()
    root = root_path(prefix.site, 12)
    out = command("env", "--cuda", "12")[1]
    assert f"CUDA_HOME='{root}'; export CUDA_HOME;" in out
    assert "CUDA_SHIMS_TOOLKIT='12'; export CUDA_SHIMS_TOOLKIT;" in out
    assert "NVCC" not in out
    assert "CUDACXX" not in out
    monkeypatch.setenv("CUDACXX", "/opt/cuda/bin/nvcc")
    monkeypatch.setenv("NVCC", "clang++")
    out = command("env", "--cuda", "12")[1]
    assert "CUDACXX=''; export CUDACXX;" in out
    assert "NVCC=" not in out


def test_exec(command, prefix, monkeypatch):
    prefix.split()
    prefix.toolkit()
    became = []
    monkeypatch.setattr("cuda_shims.process.become", lambda *words: became.append(words) or 0)
    assert command("exec", "--cuda", "12", "make", "-j4")[0] == 0
    ((name, arguments, environ),) = became
    assert (name, arguments) == ("make", ["-j4"])
    assert environ["CUDA_HOME"] == root_path(prefix.site, 12)
    assert environ["CUDA_SHIMS_TOOLKIT"] == "12"
    assert "CUDACXX" not in environ


def test_exec_of_a_tool_that_cuda_12_has_not(command, prefix):
    prefix.split()
    code, out, err = command("exec", "fatbinary", "--version")
    assert (code, out, err.count("\n")) == (127, "", 1)
    assert "NVIDIA publishes no fatbinary on PyPI before CUDA 13" in err
    code, out, err = command("exec", "--target", prefix.site, "--cuda", "12", "fatbinary")
    assert f'; pip install --target {prefix.site} "cuda-shims[cu13]", or ' in err
    assert "no-such-command: no such command on PATH" in command("exec", "no-such-command")[2]


def test_nowhere_to_make_a_root(command, prefix, monkeypatch):
    prefix.split()

    def broken(*_):
        raise errors.NotWritableError(prefix.site, "read-only")

    monkeypatch.setattr(home, "make_root", broken)
    code, out, err = command("root")
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_variables(prefix, monkeypatch):
    prefix.split()
    monkeypatch.setattr(sys, "path", [prefix.site])
    root = root_path(prefix.site, 12)
    found = cuda_shims.variables(environ={"PATH": "/usr/bin"})
    assert found == expected(root)
    assert cuda_shims.variables(read_toolkit(Place(prefix.site, 12)), {"PATH": "/usr/bin"}) == expected(root)


def expected(root):
    homes = dict.fromkeys((*_cuda_shims.HOMES, _cuda_shims.MARKER), root)
    stubs = dict.fromkeys(("LIBRARY_PATH", "CMAKE_LIBRARY_PATH"), f"{root}/lib64/stubs")
    return {**homes, **stubs, "PATH": f"{root}/bin:/usr/bin", "PKG_CONFIG_PATH": f"{root}/lib/pkgconfig"}


def examined(prefix, **environ):
    environment = target_environment(prefix.site)
    return {each.code: each for each in checks.examine(environment, environ, "/nowhere") if each.level != "ok"}


def test_the_doctor_calls_no_toolkit_broken_for_its_missing_compiler(prefix):
    prefix.split(components=EVERY, asked=True)
    make_root(prefix.site, 12)
    found = examined(prefix)
    assert {code for code in found if not code.startswith(("hook", "shim", "not-installed"))} == set()
    every = {each.code: each for each in checks.examine(target_environment(prefix.site), {}, "/nowhere")}
    assert NVCC in every["no-compiler"].what


def test_the_doctor_says_that_it_is_not_chosen(prefix, tmp_path):
    prefix.split()
    (found,) = (each for code, each in examined(prefix).items() if not code.startswith(("hook", "shim", "not-inst")))
    assert (found.code, found.level) == ("toolkit-not-chosen", "error")
    assert "CUDA_SHIMS_TOOLKIT=12" in found.fix
    assert examined(prefix, CUDA_HOME=str(tmp_path))["toolkit-not-chosen"].level == "warning"
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
    found = {each.code: each for each in checks.examine(target_environment(prefix.site), {}, str(tmp_path))}
    assert "nvidia-cublas-cu12" in found["need-missing"].what
    assert "nvrtc" not in found["need-missing"].what
    assert "cuda-toolkit[cublas]==12.9.*" in found["need-missing"].fix
    assert "no wheel of CUDA 12 holds" in found["need-nowhere"].what
