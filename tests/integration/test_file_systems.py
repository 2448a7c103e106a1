"""Roots on file systems that are not like the usual one: coarse times, no links, layers."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import subprocess
import time

import pytest
from fake_toolkit import snapshot
from mounts import layer, whole_seconds, without_links

HOME = "print(os.environ.get('CUDA_HOME'))"
#: what changes a file system
CHANGES = "mkdir,mkdirat,symlink,symlinkat,link,linkat,rename,renameat,renameat2"
CHANGES += ",unlink,unlinkat,rmdir,utimensat,chmod,fchmodat"


def version_of(home):
    with open(f"{home}/version.txt", encoding="utf-8") as file:
        return file.read().split()[-1]


def writes(venv, tmp_path, *command, **environ):
    """Run a command, and return the calls by which it changed the file system, or tried to."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt-get install strace")
    trace = tmp_path / "trace"
    calls = f"trace={CHANGES},open,openat,creat"
    environ = venv.environ(PYTHONDONTWRITEBYTECODE="1", **environ)
    subprocess.run(
        ["strace", "-f", "-qq", "-e", calls, "-o", trace, *command],
        env=environ, cwd=venv.home, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    made = re.compile(rf"\d+ +({CHANGES.replace(',', '|')}|creat)\(|O_CREAT|O_TRUNC|O_WRONLY|O_RDWR")
    return [line for line in trace.read_text().splitlines() if made.search(line) and "/dev/" not in line]


def findings(venv, **environ):
    """Return what the doctor says, by its codes; of a toolkit made of scripts it says some things anywhere."""
    code = "import subprocess, sys; sys.stdout.buffer.write(subprocess.run(sys.argv[1:], stdout=-1).stdout)"
    said = json.loads(venv.run(venv.python, "-c", code, f"{venv.bin}/cuda-shims", "doctor", "--json", **environ))
    return {each["code"]: each["level"] for each in said["findings"]}


# --- a cache with whole seconds ---


@pytest.fixture
def coarse(tmp_path):
    with whole_seconds(tmp_path / "coarse") as folder:
        yield folder


def test_a_cache_with_whole_seconds(new_venv, toolkit, coarse, tmp_path):
    """The wheels' own times have fractions: a root of theirs there is fresh all the same."""
    venv = new_venv("a venv", base=["cuda-shims", *toolkit()])  # with a space in it: the root goes to the cache
    time.sleep(2.1)
    assert any(os.stat(path).st_mtime_ns % 10**9 for path in glob.glob(f"{venv.site}/nvidia/cu13/*"))
    cache = {"XDG_CACHE_HOME": str(coarse)}
    first = venv.ask(HOME, **cache)
    assert first.startswith(f"{coarse}/")
    assert venv.ask(HOME, **cache) == first
    before = snapshot(str(coarse), times=True)
    assert writes(venv, tmp_path, venv.python, "-c", "pass", **cache) == []
    assert writes(venv, tmp_path, f"{venv.bin}/nvcc", **cache) == []
    assert venv.nvcc(**cache) == f"{first}/bin/nvcc"
    assert snapshot(str(coarse), times=True) == before
    assert findings(venv, **cache) == findings(venv)
    assert findings(venv, **cache)["root"] == "ok"
    # and an upgrade is seen
    venv.install(*toolkit("13.4.92"))
    assert version_of(venv.ask(HOME, **cache)) == "13.4.92"


def test_an_environment_with_whole_seconds(new_venv, toolkit, tmp_path):
    """Wheels and root on such a file system: an upgrade within the second in which the root was made is seen."""
    venv = new_venv()
    with whole_seconds(venv.site):
        venv.install("cuda-shims", *toolkit(), by="uv copy")
        time.sleep(2.1)  # what changed in this second may change in it again: then nobody can tell
        home = venv.ask(HOME)
        assert version_of(home) == "13.5.37"
        assert venv.ask(HOME) == home
        assert writes(venv, tmp_path, venv.python, "-c", "pass") == []
        assert writes(venv, tmp_path, f"{venv.bin}/nvcc") == []
        for version in ("13.4.92", "13.5.37", "13.4.92"):
            venv.install(*toolkit(version), by="uv copy")
            assert version_of(venv.ask(HOME)) == version
            assert venv.nvcc() == f"{home}/bin/nvcc"
        time.sleep(2.1)
        assert venv.ask(HOME) == home
        assert findings(venv)["root"] == "ok"


# --- layers of a container's file system ---


def damage_nothing(_root):
    pass


def damage_link(root):
    """As an older release of ours, or somebody, had it: a link where a folder is to be."""
    shutil.rmtree(f"{root}/bin")
    os.symlink("../../nvidia/cu13/bin", f"{root}/bin")


def damage_folder(root):
    os.unlink(f"{root}/lib64")
    os.mkdir(f"{root}/lib64")


def damage_tool(root):
    os.unlink(f"{root}/bin/ptxas")


#: what became of the root in the image, before the container starts
DAMAGES = {
    "nothing": damage_nothing,
    "a link for a folder": damage_link,
    "a folder for a link": damage_folder,
    "no ptxas": damage_tool,
}
COMMANDS = {
    "start": ["python", "-c", "pass"],
    "install": ["cuda-shims", "install"],
    "install --force": ["cuda-shims", "install", "--force"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_root_of_a_lower_layer(new_venv, toolkit, damage, command):
    """A container whose image has a root already, and in which the toolkit is upgraded."""
    venv = new_venv(base=["cuda-shims", *toolkit("13.4.92")])
    home = venv.ask(HOME)
    whole = sorted(os.listdir(f"{home}/bin"))
    DAMAGES[damage](os.path.realpath(home))
    with layer(venv.path):
        venv.install(*toolkit(), by="uv copy")
        program, *words = COMMANDS[command]
        venv.run(f"{venv.bin}/{program}", *words)
        assert venv.ask(HOME) == home
        assert version_of(home) == "13.5.37"
        assert sorted(os.listdir(f"{home}/bin")) == whole
        assert not os.path.islink(f"{home}/bin")
        assert os.path.isfile(f"{home}/lib64/libcudart.so")
        assert venv.nvcc() == f"{home}/bin/nvcc"
        venv.run(f"{home}/bin/ptxas")
        if command != "start":
            assert venv.run(f"{venv.bin}/cuda-shims", "install") == "nothing to do: everything is as it should be\n"
        assert findings(venv)["root"] == "ok"
        assert findings(venv)["hook"] == "ok"


@pytest.mark.parametrize("command", ["install", "install --force"])
@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "nothing"])
def test_a_damaged_root_of_a_lower_layer(new_venv, toolkit, damage, command):
    """The same without an upgrade: what ``install`` is there for."""
    venv = new_venv(base=["cuda-shims", *toolkit()])
    home = venv.ask(HOME)
    whole = sorted(os.listdir(f"{home}/bin"))
    DAMAGES[damage](os.path.realpath(home))
    with layer(venv.path):
        program, *words = COMMANDS[command]
        venv.run(f"{venv.bin}/{program}", *words)
        assert sorted(os.listdir(f"{home}/bin")) == whole
        assert not os.path.islink(f"{home}/bin")
        assert os.path.isfile(f"{home}/lib64/libcudart.so")
        assert venv.run(f"{venv.bin}/cuda-shims", "install") == "nothing to do: everything is as it should be\n"


# --- no symbolic links ---


@pytest.fixture
def linkless(new_venv, toolkit):
    """Return an environment whose packages lie on a file system without links: a shared folder of a virtual machine."""
    venv = new_venv()
    with without_links(venv.site):
        venv.install("cuda-shims", *toolkit(), by="uv copy")
        # its clock counts seconds: a root that is made in the same two of them is made again at the next start
        earlier = time.time() - 60
        for folder, _, names in os.walk(venv.site):
            for each in (folder, *(os.path.join(folder, name) for name in names)):
                os.utime(each, (earlier, earlier))
        yield venv


@pytest.mark.parametrize("first", ["hook", "shim"])
def test_no_links_beside_the_wheels(linkless, home, tmp_path, first):
    venv = linkless
    cache = f"{home}/cache"
    if first == "shim":
        assert venv.nvcc().startswith(f"{cache}/")
    root = venv.ask(HOME)
    assert root.startswith(f"{cache}/")
    assert version_of(root) == "13.5.37"
    assert os.path.isfile(f"{root}/lib64/libcudart.so")
    assert venv.nvcc() == f"{root}/bin/nvcc"
    assert venv.run(f"{venv.bin}/cuda-shims", "root").strip() == root
    assert "cmake" not in venv.run(f"{venv.bin}/cuda-shims", "install", "-v")
    # each further start does nothing
    for _ in range(2):
        before = snapshot(cache, times=True), snapshot(venv.site, times=True)
        assert writes(venv, tmp_path, venv.python, "-c", "pass") == []
        assert writes(venv, tmp_path, f"{venv.bin}/nvcc") == []
        assert (snapshot(cache, times=True), snapshot(venv.site, times=True)) == before


def test_an_upgrade_without_links_beside_the_wheels(linkless, toolkit):
    venv = linkless
    assert version_of(venv.ask(HOME)) == "13.5.37"
    venv.install(*toolkit("13.4.92"), by="uv copy")
    assert version_of(venv.ask(HOME)) == "13.4.92"


def test_uninstalled_without_links(linkless, home):
    venv = linkless
    root = venv.ask(HOME)
    assert root.startswith(f"{home}/cache/")
    venv.uninstall("cuda-shims", by="ours")
    assert not [name for name in os.listdir(venv.site) if "shims" in name]
    assert not os.path.exists(root)


def test_no_links_anywhere(linkless, tmp_path):
    """The cache and the temporary folder are on such a file system, too: Python starts, and the compiler runs."""
    venv = linkless
    with without_links(tmp_path / "nolinks") as folder:
        places = {"XDG_CACHE_HOME": str(folder), "TMPDIR": str(folder)}
        for _ in range(2):
            found = venv.ask(HOME, **places)
            assert found == "None" or os.path.isfile(f"{found}/bin/nvcc")
        assert os.path.isfile(venv.nvcc(**places))
