"""Prefixes that users share: what is ours is writable for its owner alone, and what a stranger made is not run."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess

import pytest
import users
from fake_toolkit import write
from users import HOOK, OWNER, STRANGER, USER, give, open_to_others, plant


def identities(*folders):
    """Describe what is there, so that what is written later can be told from it; not links, which have no mode."""
    return {path: state for path, state in users.written(*folders).items() if not stat.S_ISLNK(state[2])}


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
    wanted = {"nvcc", "ptxas", "RECORD", "libcuda.so", "bin", "version.txt"}
    wanted |= {"cuda_shims_toolkit"} if name == "venv" else {"roots", "cuda-shims"}
    assert wanted <= names


def test_a_strict_umask_takes_nothing_from_other_users(new_venv, toolkit, home):
    """In a prefix that root keeps for all: an upgrade, and a start of Python by root, who has umask 077."""
    venv = new_venv(base=["cuda-shims", *toolkit("13.4.92")])
    venv.ask("pass")
    venv.install(*toolkit("13.5.37"))
    paths = [f"{venv.bin}/nvcc", f"{venv.site}/cuda_shims-0.1.0.dist-info/RECORD"]
    paths += [f"{venv.site}/cuda_shims_toolkit/{name}" for name in ("cu13", "cu13/bin", "cu13/version.txt")]
    before = {path: stat.S_IMODE(os.stat(path).st_mode) for path in paths}
    subprocess.run([venv.python, "-c", "pass"], env=venv.environ(), cwd=home, umask=0o077, check=True)
    with open(paths[0], encoding="utf-8") as file:
        assert "# toolkit: 13.5.37\n" in file.read()
    assert {path: stat.S_IMODE(os.stat(path).st_mode) for path in paths} == before


# --- several users ---


def plant_fresh(venv, root, uid, **more):
    """
    Plant a root that is as fresh as the one that it replaces.

    That it is one is seen by its maker: what a user has made, the same user runs. Of a stale one no guard is asked.
    """
    plant(root, uid)
    assert venv.hook(uid, **more) == root
    assert venv.as_user(uid, f"{root}/bin/nvcc") == "EVIL"


def hand_over(root, uid):
    """Make a planted root another one's, its link too, where that is one."""
    give(os.path.realpath(root), uid)
    os.chown(root, uid, uid, follow_symlinks=False)


def test_a_strangers_root_beside_the_wheels(shared):
    venv = shared()
    root = venv.hook(0)
    assert root == f"{venv.roots}/cu13"
    plant_fresh(venv, root, USER)
    assert venv.shim(USER) == "EVIL"
    hand_over(root, STRANGER)
    # another user, who cannot fix it: a root of the user's own
    assert venv.check(USER).startswith(f"{venv.folder}/home-{USER}/cache/cuda-shims/roots/")
    assert venv.as_user(USER, f"{root}/bin/nvcc") == "EVIL"  # and it is there still
    # the superuser, as who it would be worth most
    assert venv.check(0) == root
    assert os.stat(root).st_uid == 0


def test_a_strangers_root_where_everybody_writes(shared):
    """How it came to be there: site-packages is as /tmp, and the stranger was the first."""
    venv = shared()
    root = venv.hook(0)
    plant_fresh(venv, root, STRANGER)
    os.chown(venv.roots, STRANGER, STRANGER)
    os.chmod(venv.site, 0o1777)  # noqa: S103
    for uid in (USER, 0):
        assert open_to_others(venv.check(uid), uid) == []


@pytest.mark.parametrize("uid", [0, USER], ids=["superuser", "user"])
def test_a_root_in_a_strangers_folder(shared, uid):
    """The root is the superuser's, and who owns the folder can put another one in its place at any time."""
    venv = shared()
    root = venv.hook(0)
    assert venv.hook(uid) == root
    os.chown(venv.roots, STRANGER, STRANGER)
    assert venv.shim(uid) != f"{root}/bin/nvcc"
    given = venv.check(uid)
    assert open_to_others(given, uid) == []
    assert venv.shim(uid) == f"{given}/bin/nvcc"


def test_a_strangers_root_in_the_cache(shared):
    """What sudo does: it runs as root, and HOME is still its caller's."""
    venv = shared("a venv")
    home = venv.home_of(STRANGER)
    root = venv.hook(0, home=home)
    assert root.startswith(f"{home}/cache/cuda-shims/roots/")
    assert venv.shim(0, home=home) == f"{root}/bin/nvcc"
    give(home, STRANGER)
    plant_fresh(venv, root, STRANGER)
    assert venv.shim(STRANGER) == "EVIL"  # who has made it, and may have it
    venv.check(0, home=home)
    assert venv.as_user(STRANGER, f"{root}/bin/nvcc") == "EVIL" or os.stat(root).st_uid == 0


def test_a_strangers_root_in_ones_own_cache(shared):
    """A cache directory that was closed too late: what is in it by now is looked at, too."""
    venv = shared()
    root = venv.hook(USER)
    assert root.startswith(f"{venv.folder}/home-{USER}/cache/cuda-shims/roots/")
    plant_fresh(venv, root, USER)
    hand_over(root, STRANGER)
    venv.check(USER)


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
    plant_fresh(venv, root, OWNER)
    assert venv.shim(USER) == "EVIL"  # by whose the wheels are, who could have changed those
    hand_over(root, STRANGER)
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


def move_out(root, place):
    """Move a root elsewhere: its links that lead out of it lead to the same things then, and its times are the same."""
    real = os.path.realpath(root)
    for top, folders, files in os.walk(real):
        above = os.stat(top)
        for name in (*folders, *files):
            path = os.path.join(top, name)
            if os.path.islink(path):
                target = os.path.normpath(os.path.join(top, os.readlink(path)))
                if not f"{target}/".startswith(f"{real}/"):
                    status = os.lstat(path)
                    os.unlink(path)
                    os.symlink(target, path)
                    os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)
                    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)
        os.utime(top, ns=(above.st_atime_ns, above.st_mtime_ns))
    os.rename(real, place)
    if os.path.islink(root):
        os.unlink(root)


def test_a_strangers_link_to_a_folder_of_the_superusers(shared):
    """A folder that belongs to root and that everybody writes to, as /tmp: its owner has not made what is in it."""
    venv = shared()
    root = venv.hook(0)
    plant_fresh(venv, root, STRANGER)
    place = os.path.join(venv.folder, "everybodys")
    move_out(root, place)
    os.chown(place, 0, 0)
    os.chmod(place, 0o1777)  # noqa: S103
    os.symlink(place, root)
    os.chown(root, STRANGER, STRANGER, follow_symlinks=False)
    assert venv.as_user(0, f"{root}/bin/nvcc") == "EVIL"
    venv.check(USER)
    venv.check(0)


@pytest.mark.parametrize("uid", [0, USER], ids=["superuser", "user"])
def test_a_link_in_the_cache_to_a_folder_of_the_superusers(shared, uid):
    """As before, in a cache that nobody else can write to by now."""
    venv = shared("a venv")
    root = venv.hook(uid)
    plant_fresh(venv, root, uid)
    place = os.path.join(venv.folder, "everybodys")
    move_out(root, place)
    os.chown(place, 0, 0)
    os.chmod(place, 0o1777)  # noqa: S103
    os.symlink(place, root)
    os.chown(root, uid, uid, follow_symlinks=False)
    assert venv.as_user(uid, f"{root}/bin/nvcc") == "EVIL"
    venv.check(uid)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("by", ["copied", "moved"])
def test_an_environment_whose_root_is_elsewhere_is_copied(shared, by):
    """What names the first one's root comes along: the copy has its own wheels, and gets its own root."""
    venv = shared("a venv")
    root = venv.hook(0)
    assert root.startswith(f"{venv.folder}/home-0/cache/cuda-shims/roots/")
    first, second = venv.path, f"{venv.folder}/b venv"
    if by == "copied":
        shutil.copytree(first, second, symlinks=True)
    else:
        os.rename(first, second)
    marker = f"{second}{venv.site[len(first) :]}/nvidia/cu13/lib/libcudart.so.13"
    os.unlink(marker)  # it may be a hard link
    write(marker, b"of the second\n")
    for _ in ("no start of Python yet", "after one"):
        nvcc = venv.as_user(0, f"{second}/bin/nvcc")
        assert read(f"{os.path.dirname(nvcc)}/../lib/libcudart.so.13") == "of the second\n"
        given = venv.as_user(0, f"{second}/bin/python", "-c", HOOK)
        assert given != root
        assert read(f"{given}/lib64/libcudart.so") == "of the second\n"
