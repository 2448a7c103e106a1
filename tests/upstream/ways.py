"""The three toolkits that a suite runs with: cuda-shims, NVIDIA's wheels by themselves, a classic copy of them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from classic import make_classic
from e2e_support import site_packages

SHIMS, BARE, CLASSIC = "cuda-shims", "bare wheels", "classic copy"
WAYS = (SHIMS, BARE, CLASSIC)
#: as the front end of a build starts it: out of a Python
EXEC = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"
#: the one architecture that all is compiled for where a test does not say which: that of an H200
ARCHITECTURE = "90"
#: the programs of the wheel of CMake, below site-packages
CMAKE_BIN = "cmake/data/bin"


class Way(NamedTuple):
    """An environment with the suites' programs, and what leads a build to its toolkit."""

    name: str
    scripts: Path
    #: what CUDA_HOME is
    home: Path
    environ: dict
    #: before each command
    start: tuple

    @property
    def cmake_bin(self):
        """Return the folder of cmake and ctest themselves, past the scripts of their wheel."""
        return site_packages(self.scripts.parent) / CMAKE_BIN


def make_way(world, name, folder, extras, tools, toolkit):
    """
    Make the environment of a way.

    :param world: the machine without CUDA
    :param name: of the way
    :param folder: an existing one
    :param extras: of ``cuda-toolkit``
    :param tools: requirements of what runs the tests
    :param toolkit: its release
    :returns: the way
    """
    requirements = [f"cuda-toolkit[{extras}]=={toolkit}", *tools]
    if name != BARE:
        requirements.append("cuda-shims")
    scripts = world.venv(Path(folder) / name.replace(" ", "-"), *requirements)
    site = site_packages(scripts.parent)
    if name == BARE:
        home = site / "nvidia/cu13"
    else:
        asked = world.run(
            scripts / "python", "-c", "import os; print(os.environ['CUDA_HOME'])", env=world.environ(scripts)
        )
        home = Path(asked.strip())
    if name == CLASSIC:
        home = make_classic(site, home, Path(folder) / "cuda")
        world.run(world.uv, "pip", "uninstall", "-q", "-p", scripts / "python", "cuda-shims", *_wheels(site))
    # the suites run what they have built where it was built: CUDA's installer tells the loader, a copy does not
    more = {"CUDAARCHS": ARCHITECTURE, "LD_LIBRARY_PATH": home / ("lib" if name == BARE else "lib64")}
    if name == SHIMS:
        return Way(name, scripts, home, world.environ(scripts, **more), (str(scripts / "python"), "-c", EXEC))
    # as NVIDIA's own guide has it; CUDA_PATH is for Meson
    environ = world.environ(home / "bin", scripts, **more, CUDA_HOME=home, CUDA_PATH=home)
    return Way(name, scripts, home, environ, ())


def _wheels(site):
    return sorted(path.name.partition("-")[0] for path in site.glob("nvidia_*.dist-info"))
