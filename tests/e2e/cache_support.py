"""Projects whose sources say by which nvcc they were compiled, and their builds through ccache or sccache."""

from __future__ import annotations

import json
import re
import shutil
import socket
import sys
import zipfile
from pathlib import Path

from e2e_support import EXTRAS

SOURCE = """\
#include <cuda_runtime.h>
#define TEXT(name) #name
#define VERSION(major, minor, build) TEXT(<nvcc major.minor.build>)
__global__ void k(float *x) { *x = 1; }
extern "C" const char *built() { return VERSION(__CUDACC_VER_MAJOR__, __CUDACC_VER_MINOR__, __CUDACC_VER_BUILD__); }
"""
KERNEL = """\
#include "own.h"
__global__ void kernel{n}(float *x) {{ *x = OWN + {n}; }}
extern "C" void run{n}(float *x) {{ kernel{n}<<<1, 1>>>(x); }}
"""
HOST = '#include <cuda_runtime.h>\n#include "own.h"\nextern "C" int host{n}() {{ return CUDART_VERSION + OWN; }}\n'
KERNELS, HOSTS = 8, 4
CMAKE = """\
cmake_minimum_required(VERSION 3.18...4.0)
set(CMAKE_CUDA_ARCHITECTURES 90-real)
project(cached LANGUAGES CXX CUDA)
find_package(CUDAToolkit REQUIRED)
file(GLOB sources CONFIGURE_DEPENDS *.cu *.cpp)
add_library(cached SHARED ${sources})
target_link_libraries(cached PRIVATE CUDA::cudart_static)
install(TARGETS cached LIBRARY DESTINATION cached)
"""
PYPROJECT = f"""\
[build-system]
requires = ["scikit-build-core", "cuda-shims", "cuda-toolkit[{EXTRAS}]==13.*"]
build-backend = "scikit_build_core.build"
[project]
name = "cached"
version = "1.0"
[tool.scikit-build]
wheel.py-api = "py3"
wheel.packages = []
"""


def built_by(file):
    """Return the nvcc that compiled an object or a library; of a library with objects of several, each."""
    return " ".join(sorted({each.decode() for each in re.findall(rb"<nvcc ([0-9.]+)>", file.read_bytes())}))


def environment(world, folder, toolkit):
    """Make an environment in which no Python has started: its shims are hard links to the same file in uv's cache."""
    return world.venv(folder, "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={toolkit}") / "nvcc"


def upgrade(world, nvcc, toolkit):
    """Install another release as uv does it: no Python starts."""
    python = nvcc.with_name("python")
    world.run(world.uv, "pip", "install", "-q", "-p", python, f"cuda-toolkit[{EXTRAS}]=={toolkit}")


def project(folder):
    """Lay out a project of twelve sources."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "CMakeLists.txt").write_text(CMAKE)
    (folder / "own.h").write_text("#define OWN 7\n")
    for n in range(KERNELS):
        own = SOURCE.replace("built()", f"built{n}()").replace("void k(", f"void k{n}(")
        (folder / f"kernel{n}.cu").write_text(own + KERNEL.format(n=n))
    for n in range(HOSTS):
        (folder / f"host{n}.cpp").write_text(HOST.format(n=n))
    return folder


def toolkit(world, folder, version):
    """Make an environment that stays, and return its scripts directory and its root."""
    scripts = environment(world, folder, version).parent
    return scripts, world.run(scripts / "cuda-shims", "root", env=world.environ()).strip()


class Farm:
    """Builds projects in isolation, each in a machine's environment, with one cache."""

    def __init__(self, world, program, folder, **variables):
        self.world, self.program, self.folder = world, program, folder
        self.pip = world.tools("pip", "pip") / "python"
        launchers = {f"CMAKE_{name}_COMPILER_LAUNCHER": program for name in ("CUDA", "CXX")}
        self.variables = {**launchers, **self.settings(), **variables}

    def settings(self):
        """Return the cache's own variables."""
        # depend mode: what nvcc -E prints lacks what stands in "#ifndef __CUDA_ARCH__"
        mode = {"CCACHE_COMPILERCHECK": "content", "CCACHE_DEPEND": "1", "CCACHE_SLOPPINESS": "include_file_ctime"}
        return {**mode, "CCACHE_DIR": self.folder / "cache", "CCACHE_STATSLOG": self.folder / "log"}

    def begin(self):
        """Begin to count."""
        (self.folder / "log").write_text("")

    def share(self):
        """Return which share of the sources was a hit."""
        log = (self.folder / "log").read_text()
        results = re.findall(r"^# .*/(?:kernel|host)\d+\.\w+\n((?:\w+\n)+)", log, re.MULTILINE)
        assert len(results) == KERNELS + HOSTS
        return sum("_cache_hit\n" in each for each in results) / len(results)

    def build(self, source, front_end, root, home=None):
        """Build, and return which share of the sources was a hit, and by which nvcc the kernels were compiled."""
        self.begin()
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(source / "build", ignore_errors=True)
        environ = self.world.environ(
            **{"HOME": home or self.folder, "UV_CACHE_DIR": self.world.uv_cache, **self.variables},
            CUDA_HOME=root,
            SKBUILD_BUILD_DIR="build",
        )
        uv = (self.world.uv, "build", "-q", "--wheel", "-p", sys.executable, "-o", out, source)
        pip = (self.pip, "-m", "pip", "wheel", "-q", "--no-deps", "-w", out, source)
        self.world.run(*(uv if front_end == "uv" else pip), env=environ)
        (wheel,) = out.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (each for each in archive.namelist() if each.endswith(".so"))
            library = Path(archive.extract(name, out))
        return self.share(), built_by(library)


class SccacheFarm(Farm):
    """The same with sccache, which has a server and counts compilations, CMake's own checks among them."""

    def settings(self):
        """Return the cache's own variables."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        return {
            "SCCACHE_DIR": self.folder / "cache",
            "SCCACHE_SERVER_PORT": port,
            "SCCACHE_CONF": self.folder / "none",
            "SCCACHE_IDLE_TIMEOUT": "600",
        }

    def begin(self):
        """Begin to count."""
        self._ask("--zero-stats")

    def counts(self):
        """Return how many were hits, and how many were not, by language."""
        stats = json.loads(self._ask("--show-stats", "--stats-format", "json"))["stats"]
        return stats["cache_hits"]["counts"], stats["cache_misses"]["counts"]

    def share(self):
        """Return which share of all compilations was a hit."""
        hits, misses = (sum(each.values()) for each in self.counts())
        assert hits + misses >= KERNELS + HOSTS
        return hits / (hits + misses)

    def close(self):
        """Stop the server."""
        self._ask("--stop-server", rc=None)

    def _ask(self, *words, rc=0):
        return self.world.run(self.program, *words, env=self.world.environ(HOME=self.folder, **self.variables), rc=rc)
