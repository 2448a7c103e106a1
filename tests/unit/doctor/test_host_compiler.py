"""What the doctor says of the host compiler and of what nvcc says."""

from __future__ import annotations

import os
import sys

import pytest
from fake_toolkit import write
from patient import only

from cuda_shims.doctor import host_compiler

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="roots and shims of this version are for Linux")


# --- the machine ---


def test_no_host_compiler(healthy):
    found = only(healthy.bad(PATH=healthy.prefix.bin))
    assert (found.code, found.level) == ("no-host-compiler", "error")
    assert "nvcc runs gcc, which does not exist" in found.what
    assert "apt-get install g++" in found.fix
    assert "g++-16" in found.fix


def test_no_host_compiler_and_no_limits(healthy):
    write(os.path.join(healthy.prefix.site, "nvidia/cu13/include/crt/host_config.h"), b"\n")
    assert healthy.bad(PATH=healthy.prefix.bin)["no-host-compiler"].fix.endswith("export NVCC_CCBIN=g++")


@pytest.mark.parametrize(
    ("name", "macros"),
    [("g++", {"__GNUC__": 12}), ("c++", {"__GNUC__": 4, "__clang_major__": 19}), ("clang++", {"__clang_major__": 22})],
)
def test_another_compiler_is_there(healthy, name, macros):
    """nvcc asks for gcc alone."""
    os.unlink(os.path.join(healthy.tools, "gcc"))
    path = healthy.compiler(name, **macros)
    assert only(healthy.bad()).fix == f"export NVCC_CCBIN={path}"


@pytest.mark.parametrize(
    ("macros", "name"),
    [
        ({"__GNUC__": 17}, "gcc 17"),
        ({"__GNUC__": 4, "__clang_major__": 23}, "clang 23"),
        ({"__GNUC__": 4, "__clang_major__": 19, "__INTEL_CLANG_COMPILER": 20260000}, "icc 20260000"),
        ({"__GNUC__": 4, "__ICC": 2021}, "icc 2021"),
    ],
)
def test_unsupported_host_compiler(healthy, macros, name):
    healthy.compiler("gcc", **macros)
    healthy.compiler("g++", **macros)
    found = only(healthy.bad())
    assert (found.code, found.level) == ("host-compiler-unsupported", "error")
    assert name in found.what
    assert "gcc up to 16 and clang up to 22" in found.what
    assert "-allow-unsupported-compiler" in found.why
    path = healthy.compiler("g++-14", __GNUC__=14)
    healthy.compiler("clang++-19", __clang_major__=19)
    assert only(healthy.bad()).fix == f"export NVCC_CCBIN={path}"
    assert healthy.bad(NVCC_APPEND_FLAGS="-O3 --allow-unsupported-compiler") == {}


@pytest.mark.parametrize("macros", [{"__GNUC__": 16}, {"__GNUC__": 4, "__clang_major__": 22}])
def test_newest_supported_host_compiler(healthy, macros):
    healthy.compiler("gcc", **macros)
    assert healthy.bad() == {}


@pytest.mark.parametrize("said", ["cc1plus: No such file", ""])
def test_host_compiler_without_cpp(healthy, said):
    healthy.compiler("gcc", said, code=1)
    found = only(healthy.bad())
    assert found.code == "host-compiler-broken"
    assert (said or "#define __x86_64__ 1") in found.what


def test_host_compiler_that_says_nothing(healthy):
    write(os.path.join(healthy.tools, "gcc"), b"#!/bin/sh\n", 0o755)
    assert "it does not answer like one" in only(healthy.bad()).what


def test_host_compiler_that_hangs(healthy, monkeypatch):
    write(os.path.join(healthy.tools, "gcc"), b"#!/bin/sh\nexec /bin/sleep 60\n", 0o755)
    monkeypatch.setattr(host_compiler, "TIMEOUT", 0.1)
    assert "did not end within" in healthy.bad()["host-compiler-broken"].what


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        ({"NVCC_CCBIN": "g++-99"}, "NVCC_CCBIN"),
        ({"CUDAHOSTCXX": "g++-99"}, "CUDAHOSTCXX"),
        ({"NVCC_PREPEND_FLAGS": "-O3 -ccbin g++-99"}, "NVCC_PREPEND_FLAGS"),
        ({"NVCC_APPEND_FLAGS": '--compiler-bindir="g++-99"', "NVCC_CCBIN": "gcc"}, "NVCC_APPEND_FLAGS"),
    ],
)
def test_named_host_compiler_is_not_there(healthy, environ, source):
    found = only(healthy.bad(**environ))
    assert found.code == "no-host-compiler"
    assert f"{source} names g++-99" in found.what
    assert found.fix == (f"take -ccbin out of {source}" if source.endswith("FLAGS") else f"unset {source}")
    healthy.compiler("gcc", __GNUC__=17)
    path = healthy.compiler("g++-14", __GNUC__=14)
    fix = healthy.bad(**environ)["no-host-compiler"].fix
    assert fix.endswith(f"export {'CUDAHOSTCXX' if source == 'CUDAHOSTCXX' else 'NVCC_CCBIN'}={path}")


@pytest.mark.parametrize("source", ["NVCC_CCBIN", "CUDAHOSTCXX"])
def test_named_host_compiler(healthy, source):
    path = healthy.compiler("g++-14", __GNUC__=14)
    healthy.compiler("gcc", __GNUC__=17)
    found = healthy.examine(**{source: path})
    hosts = [each for each in found if each.code.startswith("host-compiler")]
    assert hosts[-1].what == f"The host compiler is gcc 14 ({path})."
    assert len(hosts) == (1 if source == "NVCC_CCBIN" else 2)
    assert healthy.bad(NVCC_CCBIN=path, CUDAHOSTCXX=path) == {}


def test_folder_of_host_compilers(healthy):
    assert healthy.bad(NVCC_CCBIN=healthy.tools, PATH=healthy.prefix.bin) == {}


def test_empty_ccbin(healthy):
    found = only(healthy.bad(NVCC_CCBIN=""))
    assert (found.code, found.fix) == ("no-host-compiler", "unset NVCC_CCBIN")


def test_limits_of_what_is_not_there(tmp_path):
    assert host_compiler.read_limits(str(tmp_path)) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#if __GNUC__ > 16", {"gcc": 16}),
        ("#if __GNUC__ > 99999999", {}),  # counting down from it would take for ever
        ("#if __GNUC__ > " + "9" * 5000, {}),
        ("#if __GNUC__ > \u0661\u0666", {}),
        ("#if __GNUC__ > 16x", {}),
        ("#if __GNUC__ > 0\n#if defined(__clang__)\n#if __clang_major__ >= 0", {}),
        ("#if defined(__clang__)\n#if __clang_major__ >= " + "9" * 5000, {}),
        ("#if __GNUC__ > 16\0", {"gcc": 16}),
        ("#" * 1_000_000 + "\n#if __GNUC__ > 16", {"gcc": 16}),
        ("#if defined(__clang__)\n" + "x\n" * 500_000, {}),
        ("#if defined(__clang__)\n" * 50_000, {}),
        ("#if defined(__clang__)\n#if " + "__clang_major__ " * 100_000, {}),
    ],
    ids=lambda value: ascii(value)[:40],
)
@pytest.mark.timeout(60)
def test_limits_of_a_header_that_nobody_would_write(tmp_path, text, expected):
    write(str(tmp_path / "include/crt/host_config.h"), text.encode())
    limit = host_compiler.read_limits(str(tmp_path))
    assert limit == expected
    assert host_compiler.find_accepted(limit, {"PATH": ""}) is None


@pytest.mark.parametrize("digits", ["9" * 5000, "9" * 9, "\u0661", "12x"])
def test_a_compiler_that_prints_no_version(healthy, digits):
    healthy.compiler("gcc", f"#define __GNUC__ {digits}")
    assert only(healthy.bad()).code == "host-compiler-broken"


@pytest.mark.parametrize("entry", ["", ".", "./", "bin", "../here"])
def test_a_compiler_of_the_current_directory_is_not_run(healthy, tmp_path, monkeypatch, entry):
    here = tmp_path / "here"
    monkeypatch.chdir(os.path.dirname(write(str(here / "file"))))
    for place in (here, here / "bin"):
        for name in ("gcc", "g++", "c++", "clang++", "g++-16", "nvcc"):
            write(str(place / name), f"#!/bin/sh\necho >>{here}/run\n".encode(), 0o755)
    found = only(healthy.bad(PATH=os.pathsep.join([entry, healthy.environ["PATH"]])))
    assert (found.code, found.level) == ("host-compiler-broken", "error")
    assert found.fix == "take that entry out of PATH"
    assert "an empty or relative entry of PATH finds it; it was not run" in found.what
    assert not os.path.exists(here / "run")


# --- what nvcc says ---


def test_nvcc_fails(healthy):
    found = only(healthy.bad(FAKE_EXIT="1", FAKE_SAYS="nvcc fatal   : it does not work"))
    assert (found.code, found.level) == ("nvcc-fails", "error")
    assert "nvcc fatal   : it does not work" in found.what
    assert found.fix.endswith("install --force-reinstall nvidia-cuda-nvcc==13.5.37")
    assert "exit code 3" in only(healthy.bad(FAKE_EXIT="3", FAKE_SAYS="")).what


def test_nvcc_cannot_write_where_it_keeps_what_it_passes_on(healthy):
    found = only(healthy.bad(FAKE_EXIT="1", FAKE_SAYS="nvcc fatal   : Could not open output file '/tmp/tmpxft_0.ii'"))
    assert found.code == "nvcc-fails"
    assert found.fix.startswith("set TMPDIR to a folder ")


def test_nvcc_fails_by_the_users_flags(healthy):
    found = only(healthy.bad(FAKE_EXIT="1", FAKE_SAYS="Unknown option '-bad'", NVCC_APPEND_FLAGS="-bad"))
    assert found.fix == "correct or unset NVCC_APPEND_FLAGS"


def test_nvcc_of_another_machine(healthy):
    nvcc = os.path.join(healthy.prefix.site, "nvidia/cu13/bin/nvcc")
    write(nvcc, b"\x7fELF of another machine\xff", 0o755)
    assert "Exec format error" in only(healthy.bad()).what


@pytest.mark.parametrize("says", ["nothing", "another"])
def test_nvcc_takes_another_home(patient, says):
    line = b"echo all is well\n" if says == "nothing" else b"echo '#$ TOP=/opt/cuda/bin/..' >&2\n"
    patient.toolkit(tool=b"#!/bin/sh\n" + line)
    patient.ours()
    patient.install()
    found = only(patient.bad())
    assert (found.code, found.level) == ("nvcc-wrong-home", "error")
    assert ("/opt/cuda" if says == "another" else "nvcc.profile") in found.what
