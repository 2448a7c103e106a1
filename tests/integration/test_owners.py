"""Prefixes that users share: what is ours is writable for its owner alone, and what a stranger made is not run."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile

import pytest
from conftest import Venv, find_uv
from fake_toolkit import write

HOOK = "import os; print(os.environ.get('CUDA_HOME'))"
EVIL = b"#!/bin/sh\necho EVIL\n"
#: whose wheels they are, who builds, who plants
OWNER, USER, STRANGER = 4321, 1234, 65534


def identities(*folders):
    """Describe what is there, so that what is written later can be told from it; not what Python compiles."""
    found = {}
    for folder in folders:
        for top, names, files in os.walk(folder):
            for name in (".", *names, *files):
                path = os.path.normpath(os.path.join(top, name))
                status = os.lstat(path)
                if "__pycache__" not in path and not stat.S_ISLNK(status.st_mode):
                    found[path] = (status.st_ino, status.st_ctime_ns, stat.S_IMODE(status.st_mode))
    return found


@pytest.mark.parametrize("umask", [0, 0o022, 0o077], ids=["umask 0", "umask 022", "umask 077"])
@pytest.mark.parametrize("name", ["venv", "a venv"], ids=["beside", "in the cache"])
def test_nothing_of_ours_is_writable_for_others(new_venv, toolkit, home, umask, name):
    venv = new_venv(name, base=["cuda-shims", *toolkit("13.4.92")])
    written = {}

    def run(*command):
        before = identities(venv.path, str(home))
        subprocess.run(command, env=venv.environ(), cwd=home, umask=umask, check=True, stdout=subprocess.DEVNULL)
        after = identities(venv.path, str(home))
        # not directories that were there and in which something else is now
        new = {path: mode for path, (inode, _, mode) in after.items() if before.get(path, [0])[0] != inode}
        written.update(new)
        assert {path: oct(mode) for path, mode in new.items() if mode & 0o022} == {}, command
        return new

    assert run(venv.python, "-c", "pass")  # the hook
    venv.install(*toolkit("13.5.37"))
    assert run(f"{venv.bin}/nvcc")  # renewed by the shim
    os.unlink(f"{venv.bin}/ptxas")
    write(f"{venv.bin}/ptxas", b"#!/bin/sh\n# somebody's\n", 0o777)
    shutil.rmtree(f"{venv.site}/cuda_shims_toolkit")
    assert run(f"{venv.bin}/cuda-shims", "install", "--force")
    names = {os.path.basename(path) for path in written}
    wanted = {"nvcc", "ptxas", "RECORD", "stamp", "libcuda.so", "cu13", "bin", "cuda_shims_toolkit"}
    wanted |= {".lock", "record"} if name == "venv" else {"cu13.root", "roots", "cuda-shims"}
    assert wanted <= names


def test_a_strict_umask_takes_nothing_from_other_users(new_venv, toolkit, home):
    """In a prefix that root keeps for all: an upgrade, and a start of Python by root, who has umask 077."""
    venv = new_venv(base=["cuda-shims", *toolkit("13.4.92")])
    venv.ask("pass")
    venv.install(*toolkit("13.5.37"))
    paths = [f"{venv.bin}/nvcc", f"{venv.site}/cuda_shims-0.1.0.dist-info/RECORD"]
    paths += [f"{venv.site}/cuda_shims_toolkit/{name}" for name in ("cu13", "cu13/stamp", "cu13/version.txt", "record")]
    before = {path: stat.S_IMODE(os.stat(path).st_mode) for path in paths}
    subprocess.run([venv.python, "-c", "pass"], env=venv.environ(), cwd=home, umask=0o077, check=True)
    with open(paths[0], encoding="utf-8") as file:
        assert "# toolkit: 13.5.37\n" in file.read()
    assert {path: stat.S_IMODE(os.stat(path).st_mode) for path in paths} == before


# --- several users ---


def identity(uid):
    return {"user": uid, "group": uid, "extra_groups": []}


class Shared(Venv):
    """An environment that other users get at: in a folder, and of an interpreter, that they can read."""

    def __init__(self, folder, name, python, house, wheel):
        super().__init__(os.path.join(folder, name), house, wheel, os.path.join(folder, "home-0"))
        self.folder = folder
        self.run(find_uv(), "venv", "-q", "--python", python, self.path)
        (version,) = os.listdir(os.path.join(self.path, "lib"))
        self.site = os.path.join(self.path, "lib", version, "site-packages")
        self.roots = os.path.join(self.site, "cuda_shims_toolkit")

    def as_user(self, uid, *command, home=None):
        """Run a command as a user, by default in a home of the user's own, and return what it printed."""
        home = home or os.path.join(self.folder, f"home-{uid}")
        if not os.path.exists(home):
            os.mkdir(home, 0o755)
            os.chown(home, uid, uid)
        environ = self.environ(HOME=home, XDG_CACHE_HOME=f"{home}/cache")
        done = subprocess.run(
            command, env=environ, cwd="/", capture_output=True, text=True, check=False, **identity(uid)
        )
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.strip().rstrip("\0")

    def hook(self, uid, **more):
        return self.as_user(uid, self.python, "-c", HOOK, **more)

    def shim(self, uid, **more):
        return self.as_user(uid, os.path.join(self.bin, "nvcc"), **more)

    def plant(self, root, uid=STRANGER):
        """Replace a root by one of a stranger's, which looks fresh, with another nvcc."""
        os.rename(root, root + ".x")
        shutil.copytree(root + ".x", root, symlinks=True)
        shutil.rmtree(root + ".x")
        os.unlink(f"{root}/bin/nvcc")
        write(f"{root}/bin/nvcc", EVIL, 0o755)
        give(root, uid)

    def check(self, uid, **more):
        """Neither the shim nor the hook gives a stranger's root; return the root that the hook gives."""
        for given in (self.shim(uid, **more), self.hook(uid, **more), self.shim(uid, **more)):
            assert given != "EVIL"
            assert given.startswith("/")
        assert self.as_user(uid, f"{given.removesuffix('/bin/nvcc')}/bin/nvcc") != "EVIL"
        home = self.hook(uid, **more)
        assert self.as_user(uid, f"{home}/bin/nvcc") == f"{home}/bin/nvcc"
        return home


def give(path, uid):
    """Make a user the owner of a tree."""
    for top, folders, files in os.walk(path):
        for name in (".", *folders, *files):
            os.chown(os.path.normpath(os.path.join(top, name)), uid, uid, follow_symlinks=False)


def public_python():
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        try:
            subprocess.run([python, "-I", "-c", "import ensurepip"], check=True, **identity(STRANGER))
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip("no Python that other users can run: apt-get install python3 python3-venv")
    return None


@pytest.fixture(scope="module")
def public_folder():
    if os.geteuid() != 0:
        pytest.skip("needs root, who can be other users")
    folder = tempfile.mkdtemp(prefix="cuda-shims-owners-", dir="/tmp")  # pytest's own is closed to them
    os.chmod(folder, 0o755)  # noqa: S103
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def shared(public_folder, house, cuda_shims_wheel, toolkit):
    """Give a function that makes an environment with a toolkit; the superuser's, in which the hook has not run."""

    def make(name="venv"):
        folder = tempfile.mkdtemp(dir=public_folder)
        os.chmod(folder, 0o755)  # noqa: S103
        os.mkdir(os.path.join(folder, "home-0"))
        venv = Shared(folder, name, public_python(), house, cuda_shims_wheel)
        venv.install("cuda-shims", *toolkit())
        return venv

    return make


def test_a_strangers_root_beside_the_wheels(shared):
    venv = shared()
    root = venv.hook(0)
    assert root == f"{venv.roots}/cu13"
    venv.plant(root)
    os.chown(venv.roots, STRANGER, STRANGER)
    os.chmod(venv.site, 0o1777)  # noqa: S103 # how it came to be there
    # another user, who cannot mend it: a root of the user's own
    assert venv.check(USER).startswith(f"{venv.folder}/home-{USER}/cache/cuda-shims/roots/")
    assert venv.as_user(USER, f"{root}/bin/nvcc") == "EVIL"  # and it is there still
    # the superuser, as who it would be worth most
    assert venv.check(0) == root
    assert os.stat(root).st_uid == 0


def test_a_strangers_root_in_the_cache(shared):
    """What sudo does: it runs as root, and HOME is still its caller's."""
    venv = shared("a venv")
    home = os.path.join(venv.folder, f"home-{STRANGER}")
    root = venv.hook(0, home=home)
    assert root.startswith(f"{home}/cache/cuda-shims/roots/")
    assert venv.shim(0, home=home) == f"{root}/bin/nvcc"
    venv.plant(root)
    give(home, STRANGER)
    venv.check(0, home=home)
    give(home, STRANGER)
    assert venv.hook(STRANGER) == root  # who has made it, and may have it


def test_a_root_of_the_superusers(shared):
    venv = shared()
    root = venv.hook(0)
    assert venv.check(USER) == root
    assert venv.shim(USER) == f"{root}/bin/nvcc"
    assert not os.path.exists(f"{venv.folder}/home-{USER}/cache")


def test_a_root_of_whose_the_wheels_are(shared):
    """One user installs, others build: nobody is the superuser, and nothing is made twice."""
    venv = shared()
    give(venv.path, OWNER)
    root = venv.hook(OWNER)
    assert root == f"{venv.roots}/cu13"
    assert os.stat(root).st_uid == OWNER
    assert venv.check(USER) == root
    assert venv.shim(USER) == f"{root}/bin/nvcc"
    assert not os.path.exists(f"{venv.folder}/home-{USER}/cache")
    # a stranger's in that place is not taken, by the owner neither, who puts it right
    venv.plant(root)
    assert venv.check(USER) != root
    assert venv.check(OWNER) == root


def test_wheels_of_one_user_and_nothing_of_ours_beside_them(shared):
    """Installed and never started by the owner: each other user has a root of the user's own."""
    venv = shared()
    give(venv.path, OWNER)
    before = identities(venv.path)
    homes = {uid: venv.check(uid) for uid in (USER, STRANGER)}
    assert all(home.startswith(f"{venv.folder}/home-{uid}/cache/") for uid, home in homes.items())
    assert identities(venv.path) == before


def test_a_strangers_link_to_a_folder_of_the_superusers(shared):
    """A folder that belongs to root and that everybody writes to, as /tmp: its owner has not made what is in it."""
    venv = shared()
    root = venv.hook(0)
    venv.plant(root)
    place = os.path.join(venv.folder, "tmp")
    os.rename(root, place)
    os.chown(place, 0, 0)
    os.chmod(place, 0o1777)  # noqa: S103
    for name in os.listdir(f"{place}/made-from-1"):  # links that were relative
        link = f"{place}/made-from-1/{name}"
        target = os.path.normpath(os.path.join(f"{root}/made-from-1", os.readlink(link)))
        os.unlink(link)
        os.symlink(target, link)
    os.symlink(place, root)
    os.chown(root, STRANGER, STRANGER, follow_symlinks=False)
    assert venv.as_user(0, f"{root}/bin/nvcc") == "EVIL"
    venv.check(USER)
    venv.check(0)


@pytest.mark.parametrize("uid", [0, USER], ids=["superuser", "user"])
def test_a_strangers_word_for_a_folder_of_the_superusers(shared, uid):
    """As before, and the shim is led there by the file that names a root elsewhere."""
    venv = shared("a venv")
    root = venv.hook(0)
    venv.plant(root)
    place = os.path.join(venv.folder, "tmp")
    shutil.copytree(root, place, symlinks=True)
    os.unlink(f"{place}/site")
    os.symlink(venv.site, f"{place}/site")
    for name in os.listdir(f"{place}/made-from-1"):
        os.unlink(f"{place}/made-from-1/{name}")
    os.symlink(f"{venv.site}/nvidia/cu13", f"{place}/made-from-1/toolkit")
    give(place, STRANGER)
    os.chown(place, 0, 0)
    os.chmod(place, 0o1777)  # noqa: S103
    write(f"{venv.roots}/cu13.root", f"{place}\n".encode())
    give(venv.roots, STRANGER)
    assert venv.shim(uid) != "EVIL"
