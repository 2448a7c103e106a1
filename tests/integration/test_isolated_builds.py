"""
Isolated builds: an environment of the build's own, maybe split over two prefixes, within one that has cuda-shims, too.

What builds is what the project requires, of the release that it requires, whatever is installed around it.
"""

from __future__ import annotations

import json
import os
import zipfile

import pytest
from fake_toolkit import COMPILER, record_hash, write
from users import WHOLE
from venv_support import TOML, find_uv

BACKEND = """\
import json, os, shutil, subprocess, sys, zipfile
DYNAMIC = {dynamic!r}

def get_requires_for_build_wheel(config_settings=None):
    return DYNAMIC

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    home = os.environ.get("CUDA_HOME") or ""
    files = [os.path.relpath(os.path.join(top, name), home)
             for top, _, names in os.walk(home, followlinks=True) if top.count(os.sep) < home.count(os.sep) + 6
             for name in names if os.path.exists(os.path.join(top, name))] if home else []
    nvcc = shutil.which("nvcc") or ""
    report = dict(
        home=home, files=files, nvcc=nvcc, path=sys.path,
        compiler=subprocess.run([nvcc], stdout=subprocess.PIPE, text=True).stdout.split(chr(0))[0] if nvcc else "",
        version=open(os.path.join(home, "version.txt")).read() if "version.txt" in files else "",
        modules={{name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())
                 if name.partition(".")[0] in ("cuda_shims", "_cuda_shims")}},
        variables={{name: value for name, value in os.environ.items() if "CUDA" in name}},
    )
    with open(os.environ["REPORT"], "w") as file:
        json.dump(report, file)
    with zipfile.ZipFile(os.path.join(wheel_directory, "probe-1.0-py3-none-any.whl"), "w") as archive:
        info = "probe-1.0.dist-info/"
        archive.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: probe\\nVersion: 1.0\\n")
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(info + "RECORD", "")
    return "probe-1.0-py3-none-any.whl"
"""
#: that of this checkout, and not the one that is installed around the build
OURS = "cuda-shims>=0.1.0.dev0"
HOME = "import os; print(os.environ.get('CUDA_HOME'))"
NVRTC = {"include/nvrtc.h": b"\n", "lib/libnvrtc.so.13": b"ELF nvrtc"}
#: the mark of a release that is another one: in each root that its code makes
MARK = (b"CUDA Version ", b"CUDA Relic ")


@pytest.fixture
def build(cuda_shims_wheel, tmp_path):
    """Give a function that builds a project in isolation in an environment, and returns what its back end saw."""

    def build(venv, static, dynamic=(), by="newest pip", wheels=(), **environ):
        project = str(tmp_path / "project")
        requires = json.dumps([*static, *TOML])
        text = f'[build-system]\nrequires = {requires}\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        write(f"{project}/pyproject.toml", text.encode())
        write(f"{project}/backend.py", BACKEND.format(dynamic=list(dynamic)).encode())
        report = str(tmp_path / "report.json")
        where = [venv.house, os.path.dirname(cuda_shims_wheel), *(os.path.dirname(wheel) for wheel in wheels)]
        links = [word for folder in where for word in ("--find-links", folder)]
        out = str(tmp_path / "out")
        if by == "uv":
            command = [find_uv(), "build", "-q", "--wheel", "--python", venv.python, "--out-dir", out, "--offline"]
        else:
            pip = os.path.join(venv.house, by, "pip")
            command = [venv.python, pip, "wheel", "-q", "--no-deps", "--disable-pip-version-check", "-w", out]
            command.append("--no-cache-dir")
        venv.run(*command, "--no-index", *links, project, REPORT=report, **environ)
        with open(report, encoding="utf-8") as file:
            return json.load(file)

    return build


def pinned(*names, version="13.5.37"):
    return [f"{name}=={version}" for name in names]


def check_own(report, venv):
    """All code of ours that runs in the back end is that of the build environment."""
    outside = {name: path for name, path in report["modules"].items() if path and path.startswith(f"{venv.path}/")}
    assert outside == {}
    assert "_cuda_shims" in report["modules"]


def check_inner(report, venv, more=()):
    """The build has the toolkit of its build environment, whole, by the code that is there."""
    assert not report["home"].startswith(f"{venv.path}/")
    assert [name for name in (*WHOLE, *more) if name not in report["files"]] == [], report["home"]
    assert report["nvcc"] == report["compiler"] == f"{report['home']}/bin/nvcc"
    assert report["version"] == "CUDA Version 13.5.37\n"


# --- two prefixes ---


@pytest.mark.parametrize("by", [pytest.param("old pip", marks=pytest.mark.matrix), "newest pip", "uv"])
@pytest.mark.parametrize("split", ["a library", "all but ours", "ours", "the compiler"])
def test_static_and_dynamic_requirements(new_venv, build, more_wheels, by, split):
    """pip puts them into two prefixes: the root has what both hold."""
    venv, nvrtc = new_venv(), more_wheels("nvidia-cuda-nvrtc", NVRTC)
    library, wheels = "nvidia-cuda-nvrtc==13.5.37", pinned(*COMPILER)
    compiler = "nvidia-cuda-nvcc==13.5.37"
    static, dynamic = {
        "a library": (["cuda-shims", *wheels], [library]),
        "all but ours": (["cuda-shims", library], wheels),
        "ours": ([*wheels, library], ["cuda-shims"]),
        "the compiler": (["cuda-shims", library, *(each for each in wheels if each != compiler)], [compiler]),
    }[split]
    report = build(venv, static, dynamic, by, wheels=[nvrtc])
    check_inner(report, venv, ("lib64/libnvrtc.so", "include/nvrtc.h"))


# --- an environment around it ---


@pytest.fixture
def relic(cuda_shims_wheel, tmp_path):
    """Return a wheel of cuda-shims that is another release, by its version and by what its roots say."""
    path = str(tmp_path / "relic" / "cuda_shims-0.0.9-py3-none-any.whl")
    os.mkdir(os.path.dirname(path))
    marked = 0
    with zipfile.ZipFile(cuda_shims_wheel) as wheel, zipfile.ZipFile(path, "w") as archive:
        (old,) = {name.partition("/")[0] for name in wheel.namelist() if name.endswith(".dist-info/METADATA")}
        version = old[len("cuda_shims-") : -len(".dist-info")].encode()
        record = ""
        for entry in wheel.infolist():
            data = wheel.read(entry)
            if entry.filename.endswith("/RECORD"):
                continue
            if entry.filename.endswith(".py"):
                marked += MARK[0] in data
                data = data.replace(*MARK)
            if entry.filename.endswith("/METADATA"):
                data = data.replace(b"\nVersion: " + version, b"\nVersion: 0.0.9", 1)
            entry.filename = entry.filename.replace(f"cuda_shims-{version.decode()}.", "cuda_shims-0.0.9.")
            archive.writestr(entry, data)
            record += f"{entry.filename},{record_hash(data)},{len(data)}\n"
        archive.writestr("cuda_shims-0.0.9.dist-info/RECORD", f"{record}cuda_shims-0.0.9.dist-info/RECORD,,\n")
    assert marked, "no module writes version.txt any more"
    return path


@pytest.fixture
def outer(new_venv, relic, toolkit):
    """Return an environment with that other release, and a toolkit of another version."""
    venv = new_venv("outer")
    venv.wheel = relic
    venv.install("cuda-shims", *toolkit("13.4.92"))
    return venv


OUTER = {
    "nothing": {},
    "CUDA_SHIMS_TOOLKIT": {"CUDA_SHIMS_TOOLKIT": "13"},
    "CUDA_SHIMS_PREFER": {"CUDA_SHIMS_PREFER": "wheels", "CUDA_HOME": "OTHER"},
}


@pytest.mark.parametrize("by", [pytest.param("old pip", marks=pytest.mark.matrix), "newest pip", "uv"])
@pytest.mark.parametrize("case", OUTER)
@pytest.mark.parametrize("state", ["first start", "fresh root"])
def test_another_release_around_the_build(outer, build, tmp_path, by, case, state):
    """The back end runs what its own requirements brought, every module of it, and gets that toolkit."""
    other = str(tmp_path / "other")
    write(f"{other}/bin/nvcc", b"#!/bin/sh\necho other\n", 0o755)
    environ = {name: value.replace("OTHER", other) for name, value in OUTER[case].items()}
    if state == "fresh root":
        assert outer.run(outer.python, "-c", HOME).strip() == f"{outer.site}/cuda_shims_toolkit/cu13"
        with open(f"{outer.site}/cuda_shims_toolkit/cu13/version.txt", encoding="utf-8") as file:
            assert file.read() == "CUDA Relic 13.4.92\n"
    report = build(outer, [OURS, *pinned(*COMPILER)], by=by, **environ)
    check_own(report, outer)
    check_inner(report, outer)


@pytest.mark.parametrize("by", ["newest pip", "uv"])
def test_a_toolkit_of_the_users_around_the_build(outer, build, tmp_path, by):
    """It is used, as everywhere; and what finds that out is the build environment's own code."""
    other = str(tmp_path / "other")
    write(f"{other}/bin/nvcc", b"#!/bin/sh\nprintf '%s\\0' other\n", 0o755)
    report = build(outer, [OURS, *pinned(*COMPILER)], by=by, CUDA_HOME=other)
    check_own(report, outer)
    assert report["home"] == other
    assert report["compiler"] == "other"
    if "CUDA_SHIMS_FORWARD" in report["variables"]:
        assert report["variables"]["CUDA_SHIMS_FORWARD"] == other


@pytest.mark.parametrize("case", OUTER)
def test_two_prefixes_and_another_release_around_them(outer, build, more_wheels, tmp_path, case):
    nvrtc = more_wheels("nvidia-cuda-nvrtc", NVRTC)
    other = str(tmp_path / "other")
    write(f"{other}/bin/nvcc", b"#!/bin/sh\necho other\n", 0o755)
    environ = {name: value.replace("OTHER", other) for name, value in OUTER[case].items()}
    wheels = [*pinned(*COMPILER), "nvidia-cuda-nvrtc==13.5.37"]
    report = build(outer, [OURS], wheels, wheels=[nvrtc], **environ)
    check_own(report, outer)
    check_inner(report, outer, ("lib64/libnvrtc.so",))


@pytest.mark.parametrize("case", OUTER)
def test_a_release_without_a_module_that_the_build_has(outer, build, tmp_path, case):
    """The outer release may lack, or have moved, what the inner one imports: nothing of it is asked for."""
    package = f"{outer.site}/cuda_shims"
    for top, _, names in os.walk(package):
        for name in names:
            path = f"{top}/{name}"
            if name.endswith(".py") and path not in {f"{package}/__init__.py", f"{package}/__main__.py"}:
                os.unlink(path)  # a hard link to uv's cache
                write(path, b"raise ImportError('of another release')\n")
            elif name.endswith(".pyc"):
                os.unlink(path)
    other = str(tmp_path / "other")
    write(f"{other}/bin/nvcc", b"#!/bin/sh\necho other\n", 0o755)
    environ = {name: value.replace("OTHER", other) for name, value in OUTER[case].items()}
    report = build(outer, [OURS, *pinned(*COMPILER)], **environ)
    check_own(report, outer)
    check_inner(report, outer)


def test_the_layout_is_that_of_the_release_that_the_build_requires(outer, build):
    """A root in the build environment that the outer release has made is one that the inner release never made."""
    outer.run(outer.python, "-c", "pass")
    report = build(outer, [OURS, *pinned(*COMPILER)], CUDA_SHIMS_TOOLKIT="13")
    assert report["version"] == "CUDA Version 13.5.37\n"
