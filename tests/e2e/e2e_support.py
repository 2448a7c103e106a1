"""Real builds by real front ends with NVIDIA's real wheels, on a machine that seems to have no CUDA of its own."""

from __future__ import annotations

import ast
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

#: the toolkit of a build environment, with what its parts say of themselves
TOOLKIT = "13.5.0"
NVCC_VERSION = "13.5.37"
RUNTIME_VERSION = 13050
#: another one, of an outer environment or of the user
OTHER_TOOLKIT = "13.4.3"
OTHER_RUNTIME_VERSION = 13040
#: what a build of CUDA sources asks for
EXTRAS = "cccl,cudart,nvcc"

SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
_TOOLS = ["nvcc", "ptxas", "fatbinary", "nvlink", "bin2c", "cudafe++", "cicc", "nvcc.profile", "__nvcc_device_query"]
_LIBRARIES = ("/usr/lib*", "/usr/lib/*", "/usr/local/lib*")
_HEADERS = ("/usr/include", "/usr/local/include")
#: where a CUDA of the machine's own may be
FOREIGN = [
    *("/usr/local/cuda*", "/opt/cuda*", "/usr/lib/cuda*", "/usr/lib/nvidia-cuda-toolkit"),
    *(f"{folder}/{tool}" for folder in ("/usr/bin", "/usr/local/bin") for tool in _TOOLS),
    *(f"{folder}/libcuda{name}*" for folder in _LIBRARIES for name in ("rt", "devrt")),
    *(f"{folder}/{name}" for folder in _HEADERS for name in ("cuda.h", "cuda_runtime*.h")),
]
#: variables that steer a build, by which this machine's settings could pass for ours
STEERING = re.compile(
    r"(CUDA(?!HOSTCXX$)|_?CUDA_SHIMS|NVCC(?!_CCBIN$)|CUPY|SKBUILD|CMAKE|CONDA|HATCH|PDM|POETRY|TOX|COV_|COVERAGE|PYTEST"
    r"|(PYTHONPATH|PYTHONHOME|VIRTUAL_ENV|CPATH|LIBRARY_PATH|LD_LIBRARY_PATH|LD_PRELOAD|PIP_USER|PIP_TARGET|PIP_PREFIX"
    r"|UV_PYTHON|UV_LINK_MODE|UV_PROJECT_ENVIRONMENT|UV_NO_BUILD_ISOLATION|XDG_DATA_HOME)$)"
)

# $1 loader cache, $2 a file that is no program and no library, then what to hide, "--", the command
_HIDE = """\
[ ! -e /etc/ld.so.cache ] || mount --bind "$1" /etc/ld.so.cache || exit 120
empty=$2
shift 2
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mount -t tmpfs none "$1"; else mount --bind "$empty" "$1"; fi || exit 120
  shift
done
shift
exec "$@"
"""
_PROBE = """\
import glob, json, shutil, subprocess, sys
libraries = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True).stdout
toolkits = [name for name in glob.glob("/usr/local/cuda*/*") + glob.glob("/opt/cuda*/*")]
json.dump([shutil.which("nvcc", path="/usr/local/bin:/usr/bin"), "libcudart" in libraries, toolkits], sys.stdout)
"""


def foreign():
    """Return the files and folders that a CUDA of this machine's own consists of, none below another."""
    found = []
    for path in sorted({os.path.realpath(each) for pattern in FOREIGN for each in glob.glob(pattern)}, key=len):
        if not any(path.startswith(outer + os.sep) for outer in found) and os.path.exists(path):
            found.append(path)
    return found


def loader_cache(folder):
    """Make a cache for the dynamic loader in which no CUDA is."""
    lines = []
    for name in ["/etc/ld.so.conf", *sorted(glob.glob("/etc/ld.so.conf.d/*.conf"))]:
        if os.path.exists(name):
            text = Path(name).read_text(encoding="utf-8", errors="replace")
            lines += [line for line in text.splitlines() if not re.match(r"\s*include\b|.*cuda", line)]
    conf, cache = folder / "ld.so.conf", folder / "ld.so.cache"
    conf.write_text("\n".join([*lines, ""]))
    ldconfig = shutil.which("ldconfig", path=SYSTEM_PATH)
    if ldconfig is None or subprocess.run([ldconfig, "-C", cache, "-f", conf, "-X"], check=False).returncode:
        pytest.skip("ldconfig cannot make a loader cache without the CUDA of this machine")
    return str(cache)


def hiding_command(folder):
    """
    Return the command that, put before another, hides every CUDA of this machine from it; skip where none can.

    It needs a private mount namespace: root's ``unshare -m``, else an unprivileged one. Where there is nothing to hide
    it is empty.
    """
    if not sys.platform.startswith("linux"):
        pytest.skip(f"these tests hide a system's CUDA with Linux's mount namespaces; this is {sys.platform}")
    found = foreign()
    if not found:
        return []
    unshare = shutil.which("unshare", path=SYSTEM_PATH)
    if unshare is None:
        pytest.skip(f"unshare (util-linux) is missing, and this machine has a CUDA of its own to hide: {found[0]}")
    empty = folder / "empty"
    empty.touch(mode=0o400)
    script = ["/bin/sh", "-c", _HIDE, "sh", loader_cache(folder), str(empty), *found, "--"]
    said = ""
    for namespace in (["-m"], ["-r", "-m"]):  # root's; then that of a user, where the kernel lets users have one
        command = [unshare, *namespace, "--propagation", "private", *script]
        done = subprocess.run([*command, sys.executable, "-c", _PROBE], capture_output=True, text=True, check=False)
        if not done.returncode:
            assert json.loads(done.stdout) == [None, False, []], "a CUDA of this machine is still to be seen"
            return command
        said = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    pytest.skip(f"no private mount namespace to be had, and this machine has a CUDA to hide ({found[0]}): {said}")
    return []


def skip_without_headers(said):
    """Skip where a build wanted Python's headers and this Python has none: asked afterwards, no list tells whose do."""
    wants = re.search(r"Python\.h: No such file|missing: .*Development\.Module|Python dependency not found", said)
    if wants and not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        pytest.skip(f"needs {sysconfig.get_path('include')}/Python.h (Debian package python3-dev)")


class World:
    """The machine without CUDA: runs commands, makes environments, knows our wheel."""

    def __init__(self, once, wheel):
        self.once = once
        self.wheel = wheel
        self.hide = once("hide", hiding_command)
        if shutil.which("c++", path=SYSTEM_PATH) is None:
            pytest.skip("no host compiler: c++ is not in /usr/bin (Debian package g++)")
        self.uv = once("uv", self._find_uv)
        self.uv_cache = subprocess.run([self.uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout
        self.uv_cache = self.uv_cache.strip()
        self.base = {name: value for name, value in os.environ.items() if not STEERING.match(name)}
        self.base["PATH"] = SYSTEM_PATH
        settings = once("settings", self._settings)
        self.index = settings.pop("index")
        self.base |= settings

    @staticmethod
    def _find_uv(folder):
        path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
        if found := shutil.which("uv", path=path):
            return found
        done = subprocess.run(
            [sys.executable, "-m", "venv", folder / "venv"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip("uv is missing, and this Python has no venv and ensurepip to install it with")
        subprocess.run([folder / "venv/bin/python", "-m", "pip", "install", "-q", "uv"], check=True)
        return str(folder / "venv/bin/uv")

    def _settings(self, folder):
        """Let every installer find our wheel, and none take a release of that name; this machine's settings stay."""
        constraint = folder / "constraints.txt"
        constraint.write_text(f"cuda-shims @ {self.wheel.as_uri()}\n")
        links = self.wheel.parent.as_uri()
        environ = {**self.base, **_uv_settings(self.base, links, str(constraint))}
        pip = Path(self._venv(folder / "pip", ["pip"], environ=environ), "python")
        done = subprocess.run(
            [pip, "-m", "pip", "config", "list"], capture_output=True, text=True, env=environ, check=True
        )
        configured = {}
        for line in done.stdout.splitlines():  # global before :env:, which wins
            name, _, value = line.partition("=")
            if name.startswith(("global.", ":env:.")):
                configured[name.partition(".")[2]] = ast.literal_eval(value)
        settings = _uv_settings(self.base, links, str(constraint))
        for name, value in (("find-links", links), ("constraint", constraint), ("build-constraint", constraint)):
            words = [*configured.get(name, "").split(), str(value)]
            settings["PIP_" + name.upper().replace("-", "_")] = " ".join(words)
        usual = subprocess.run(
            [pip, "-c", "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"],
            capture_output=True,
            text=True,
            check=True,
        )
        index = configured.get("index-url", usual.stdout.strip() + "/")
        return {**settings, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "index": index}

    def environ(self, *path, **more):
        """Return the environment of a command; ``path`` are folders to put before the system's; ``None`` unsets."""
        environ = {**self.base, **more}
        environ = {name: str(value) for name, value in environ.items() if value is not None}
        environ["PATH"] = os.pathsep.join([*map(str, path), environ["PATH"]])
        return environ

    def run(self, *command, cwd=None, env=None, rc=0):
        """Run a command where there is no CUDA; return what it printed, both streams. ``rc`` may be ``None``: any."""
        command = [str(word) for word in command]
        done = subprocess.run(
            [*self.hide, *command],
            cwd=cwd,
            env=env or self.base,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if rc not in {None, done.returncode}:
            skip_without_headers(done.stdout)
        assert rc in {None, done.returncode}, f"{' '.join(command)}\nexit {done.returncode}\n{done.stdout[-8000:]}"
        return done.stdout

    def _venv(self, folder, requirements, python=sys.executable, link_mode=None, environ=None):
        environ = environ or self.environ()
        environ = {**environ, "UV_LINK_MODE": link_mode} if link_mode else environ
        install = ["pip", "install", "-q", "-p", folder / "bin/python", *requirements]
        for words in (["venv", "-q", "-p", python, folder], install)[: 2 if requirements else 1]:
            # hidden here, too: a requirement that is an sdist is built now
            command = [*self.hide, self.uv, *map(str, words)]
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
            assert not done.returncode, done.stderr
        return str(folder / "bin")

    def venv(self, folder, *requirements, python=sys.executable, link_mode=None):
        """Make an environment with uv, and return its scripts directory; no Python starts in it."""
        return Path(self._venv(Path(folder), requirements, python, link_mode))

    def tools(self, name, *requirements):
        """
        Return the scripts directory of an environment that holds a front end, one for all tests.

        Its release is the newest unless the test says otherwise: that is what people build with, so no pin of ours
        (``.ci/constraints.txt``) gets here.
        """
        return Path(self.once(f"tools-{name}", lambda folder: self._venv(folder / "venv", requirements)))


def _uv_settings(base, links, constraint):
    settings = {"UV_FIND_LINKS": ",".join(filter(None, [base.get("UV_FIND_LINKS"), links]))}
    for name in ("UV_CONSTRAINT", "UV_BUILD_CONSTRAINT"):
        settings[name] = " ".join(filter(None, [base.get(name), constraint]))
    return settings


# --- the projects ---

PYPROJECT = """\
[build-system]
requires = [{requires}]
build-backend = "{backend}"
{backend_path}
[project]
name = "cuda-probe"
version = "1.0"
requires-python = ">=3.9"

[tool.scikit-build]
wheel.py-api = "py3"
build.verbose = true
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.18...4.0)
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real)
endif()
project(cuda_probe LANGUAGES CXX CUDA)
find_package(CUDAToolkit REQUIRED)

add_library(probe_static MODULE probe.cu)
set_target_properties(probe_static PROPERTIES CUDA_RUNTIME_LIBRARY Static)
target_link_libraries(probe_static PRIVATE CUDA::cudart_static)
add_library(probe_shared MODULE probe.cu)
set_target_properties(probe_shared PROPERTIES CUDA_RUNTIME_LIBRARY Shared)
target_link_libraries(probe_shared PRIVATE CUDA::cudart)
set_target_properties(probe_static probe_shared PROPERTIES PREFIX "")

execute_process(COMMAND nvcc -v __x OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(REGEX MATCH "#\\\\$ TOP=([^\\n]*)" top "${output}")
get_target_property(shared CUDA::cudart IMPORTED_LOCATION)
get_target_property(static CUDA::cudart_static IMPORTED_LOCATION)
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/report.txt"
  "compiler=${CMAKE_CUDA_COMPILER}\\n"
  "compiler_version=${CMAKE_CUDA_COMPILER_VERSION}\\n"
  "library_dir=${CUDAToolkit_LIBRARY_DIR}\\n"
  "include_dirs=${CUDAToolkit_INCLUDE_DIRS}\\n"
  "toolkit_version=${CUDAToolkit_VERSION}\\n"
  "cuda_home=$ENV{CUDA_HOME}\\n"
  "cuda_path=$ENV{CUDA_PATH}\\n"
  "cudart=${shared}\\n"
  "cudart_static=${static}\\n"
  "implicit=${CMAKE_CUDA_IMPLICIT_LINK_DIRECTORIES}\\n"
  "top=${CMAKE_MATCH_1}\\n"
)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/report.txt" DESTINATION cuda_probe)
install(TARGETS probe_static probe_shared LIBRARY DESTINATION cuda_probe)
"""
SOURCE = """\
#include <cuda_runtime.h>
#include <cuda_fp16.h>
__global__ void scale(float *x, __half factor, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= __half2float(factor);
}
extern "C" void run(float *x, int n) { scale<<<(n + 255) / 256, 256>>>(x, __float2half(2.0f), n); }
extern "C" int header_version() { return CUDART_VERSION; }
extern "C" int runtime_version() { int v = 0; return cudaRuntimeGetVersion(&v) == cudaSuccess ? v : -1; }
"""
PACKAGE = """\
import ctypes, os
here = os.path.dirname(os.path.abspath(__file__))
def versions(kind):
    library = ctypes.CDLL(os.path.join(here, "probe_%s.so" % kind))
    return [library.header_version(), library.runtime_version()]
"""
# NVIDIA's wheels as dynamic requirements
DYNAMIC_BACKEND = f"""\
from scikit_build_core.build import *
from scikit_build_core.build import get_requires_for_build_wheel as _requires
def get_requires_for_build_wheel(config_settings=None):
    return [*_requires(config_settings), "cuda-toolkit[{EXTRAS}]=={TOOLKIT}"]
"""


def _pyproject(requires, backend, in_tree, extra):
    text = PYPROJECT.format(
        requires=", ".join(json.dumps(each) for each in requires),
        backend=backend,
        backend_path='backend-path = ["."]\n' if in_tree else "",
    )
    return text + extra


def cmake_project(folder, *, toolkit=TOOLKIT, shims="cuda-shims", dynamic=False, extra=""):
    """Lay out the issue's project: scikit-build-core, NVIDIA's wheels, cuda-shims; CMake says what it found."""
    requires = ["scikit-build-core", shims]
    requires += [] if dynamic else [f"cuda-toolkit[{EXTRAS}]=={toolkit}"]
    folder = Path(folder)
    package = folder / "src/cuda_probe"
    package.mkdir(parents=True)
    backend = "backend" if dynamic else "scikit_build_core.build"
    (folder / "pyproject.toml").write_text(_pyproject(requires, backend, dynamic, extra))
    (folder / "CMakeLists.txt").write_text(CMAKE)
    (folder / "probe.cu").write_text(SOURCE)
    (package / "__init__.py").write_text(PACKAGE)
    if dynamic:
        (folder / "backend.py").write_text(DYNAMIC_BACKEND)
    return folder


def nvcc_project(folder, *, toolkit=TOOLKIT):
    """Lay out a project whose in-tree back end is nvcc_backend.py: the cheapest build there is."""
    folder = Path(folder)
    package = folder / "src/cuda_probe"
    package.mkdir(parents=True)
    requires = ["cuda-shims", f"cuda-toolkit[{EXTRAS}]=={toolkit}"]
    (folder / "pyproject.toml").write_text(_pyproject(requires, "backend", True, ""))
    shutil.copyfile(Path(__file__).with_name("nvcc_backend.py"), folder / "backend.py")
    (folder / "probe.cu").write_text(SOURCE)
    (package / "__init__.py").write_text(PACKAGE)
    return folder


# --- what came out ---


class Built(NamedTuple):
    """What a build left."""

    #: the package's folder, unpacked or installed
    package: Path
    #: what CMake noted, or the in-tree back end
    report: dict


def wheel_command(world, front_end, out, project, *options, pip=("pip-newest", "pip", "setuptools")):
    """
    Spell the command by which a front end builds a wheel in isolation.

    :param world: the machine without CUDA
    :param front_end: ``uv``, ``pip`` or ``build``
    :param out: the folder for the wheel
    :param project: the folder of the project
    :param options: more options
    :param pip: which pip: the name of its environment, and what is in that
    """
    if front_end == "uv":
        command = [world.uv, "build", "--wheel", "-p", sys.executable, "--out-dir", out]
    elif front_end == "pip":
        command = [world.tools(*pip) / "python", "-m", "pip", "wheel", "--no-deps", "-w", out]
    else:
        command = [world.tools("build", "build[uv]") / "python", "-m", "build", "--wheel", "--outdir", out]
    return [*command, *options, project]


def constrain_builds(environ, constraints):
    """Let each front end's isolated builds keep to one more file of constraints."""
    for name in ("UV_BUILD_CONSTRAINT", "PIP_BUILD_CONSTRAINT", "PIP_CONSTRAINT"):
        environ[name] = f"{environ[name]} {constraints}"


def pin_toolkit(environ, folder):
    """
    Let pip take one release of the toolkit, and an extra of our wheel.

    Not our wheel by its path: pip 23 takes no extra of such a constraint.
    """
    pin = folder / "constraints.txt"
    pin.write_text(f"cuda-toolkit=={TOOLKIT}\n")
    for name in ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"):
        environ[name] = f"{environ[name].rpartition(' ')[0]} {pin}".strip()


def unpacked(folder):
    """Unpack the one wheel in a folder and read what its build noted."""
    wheels = list(Path(folder).glob("*.whl"))
    assert len(wheels) == 1, f"{wheels} in {folder}"
    target = Path(folder, "unpacked")
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(target)
    return installed(target)


def installed(site_dir):
    """Read what the build of the package in a site-packages directory noted."""
    package = Path(site_dir, "cuda_probe")
    noted = package / "report.json"
    if noted.exists():
        return Built(package, json.loads(noted.read_text()))
    lines = (package / "report.txt").read_text().splitlines()
    return Built(package, dict(line.split("=", 1) for line in lines))


def site_packages(environment):
    """Return the site-packages directory of a virtual environment."""
    (found,) = Path(environment).glob("lib/python3*/site-packages")
    return found


def check_root(report, root):
    """Everything that CMake found is of one toolkit root."""
    root = os.path.normpath(root)
    assert report["compiler"] == f"{root}/bin/nvcc"
    assert os.path.normpath(report["top"]) == root
    assert os.path.normpath(report["library_dir"]) in {f"{root}/lib", f"{root}/lib64"}
    for name in ("cudart", "cudart_static"):
        assert os.path.normpath(report[name]).startswith(f"{root}/"), report
    for name in ("include_dirs", "implicit"):
        for folder in report[name].split(";"):
            assert folder.startswith(f"{root}/") or "cuda" not in folder.replace(root, ""), report[name]
    assert root in report["include_dirs"]
    assert "/usr/local/cuda" not in "".join(report.values())


def root_below(report, folder):
    """Return the root of ours that a report's compiler is in, which has to lie in a folder."""
    found = re.match(r"(/.*/cuda_shims_toolkit/cu13)/bin/nvcc$", report["compiler"])
    assert found, f"not below a root of ours: {report}"
    inside = {os.path.abspath(folder), os.path.realpath(folder)}
    assert any(found.group(1).startswith(f"{each}/") for each in inside), f"not in {folder}: {report}"
    return found.group(1)


def check_built(world, built, folder):
    """A build took compiler and libraries from the wheels in an environment in a folder, and its result loads."""
    report = built.report
    assert report["compiler_version"] == NVCC_VERSION, report
    assert report["toolkit_version"] == NVCC_VERSION, report
    root = root_below(report, folder)
    check_root(report, root)
    assert report["cuda_home"] == report["cuda_path"] == root
    check_loads(world, built)


_LOAD = """\
import ctypes, importlib, json, sys
sys.path.insert(0, sys.argv[1])
ctypes.CDLL(sys.argv[2], ctypes.RTLD_GLOBAL)
probe = importlib.import_module("cuda_probe")
print(json.dumps({kind: probe.versions(kind) for kind in sys.argv[3:]}))
"""


def check_loads(world, built, kinds=("static", "shared"), toolkit=TOOLKIT, version=RUNTIME_VERSION):
    """What was built loads, with the runtime library of the wheels, and was compiled with their headers."""

    def install(folder):
        requirement = f"cuda-toolkit[cudart]=={toolkit}"
        world.run(world.uv, "pip", "install", "-q", "-p", sys.executable, "--target", folder / "site", requirement)
        (found,) = (folder / "site").glob("nvidia/cu13/lib/libcudart.so.13")
        return str(found)

    library = world.once(f"runtime-{toolkit}", install)
    said = world.run(sys.executable, "-I", "-c", _LOAD, built.package.parent, library, *kinds)
    assert json.loads(said) == {kind: [version, version] for kind in kinds}
