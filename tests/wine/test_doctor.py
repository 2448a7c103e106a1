"""What the doctor finds on Windows."""

from __future__ import annotations

import pytest
from bed import windows

pytestmark = pytest.mark.timeout(600)

_CUDA = "cmake_minimum_required(VERSION 3.24)\nproject(x LANGUAGES CXX CUDA)\n"


@pytest.fixture
def doctor(bed, scripts, vs, tmp_path):
    """Give a function that runs the doctor in a project; ``cl``: with a host compiler."""

    def doctor(*words, cl=True, rc=0, **variables):
        code = f"import os, sys; os.chdir({windows(tmp_path)!r}); from cuda_shims.cli import main; sys.exit(main())"
        place = {"path": [scripts, vs.folder], **vs.variables} if cl else {"path": [scripts]}
        return bed.run(scripts / "python.exe", "-c", code, "doctor", *words, rc=rc, **place, **variables)

    return doctor


def test_healthy(doctor):
    assert doctor("-q").strip() == "a build will find this toolkit"
    assert [line.partition(":")[0] for line in doctor().splitlines()[:-1]] == ["ok"] * 3


def test_what_it_looks_at(doctor, scripts, vs):
    said = doctor("-v")
    assert "This is Windows on AMD64." in said
    assert rf"PATH gives {windows(scripts)}\nvcc.exe." in said
    assert f"The host compiler is MSVC 19.44 ({windows(vs.folder)}\\cl.exe)." in said
    assert "nvcc runs, and its toolkit is " in said


def test_no_compiler(doctor):
    said = doctor(cl=False, rc=1)
    assert "error: There is no host compiler: nvcc runs cl.exe, which does not exist." in said
    assert 'fix: install the Build Tools for Visual Studio with "Desktop development with C++" (MSVC 19.59 at' in said


def test_generator(doctor, tmp_path):
    said = doctor(rc=1, CMAKE_GENERATOR="Visual Studio 17 2022")
    assert "error: CMAKE_GENERATOR is Visual Studio 17 2022, which cannot use a pip-installed toolkit." in said
    (tmp_path / "CMakeLists.txt").write_text(_CUDA)
    assert "warning: CMake's default generator is Visual Studio, which cannot use" in doctor("--strict", rc=1)
    assert doctor("-q", CMAKE_GENERATOR="Ninja").strip() == "a build will find this toolkit"


def test_log_of_a_failed_build(doctor, bed, scripts, tmp_path):
    """What nvcc.exe says where there is no cl.exe."""
    source = tmp_path / "k.cu"
    source.write_text("int main() {}\n")
    message = "nvcc fatal   : Cannot find compiler 'cl.exe' in PATH"
    for _ in range(5):  # at times it ends with 255 under wine, before it has said anything
        said = bed.run(scripts / "nvcc.exe", "-c", windows(source), rc=None, path=[scripts])
        if message in said:
            break
    log = tmp_path / "build.log"
    log.write_bytes(b"\xff\xfe" + f"building\r\n{said}\r\n".encode("utf-16-le"))  # as PowerShell's > writes it
    text = doctor("--log", windows(log), cl=False, rc=1)
    assert text.startswith("error: There is no cl.exe on PATH.\n")
    assert message in text
    assert 'fix: install the Build Tools for Visual Studio with "Desktop development with C++" (MSVC 19.59 at' in text
