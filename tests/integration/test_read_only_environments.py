"""
Environments that their users cannot write to: shared software of a cluster, images made by the superuser.

The root lies in the cache directory of who builds, else in a folder of the user's own in TMPDIR, and everything that
names a root names that one.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess

import pytest
from users import HOOK, STRANGER, USER, check_whole, give, open_to_others, plant, written


def doctor(venv, uid, **more):
    """Return what the doctor finds, by code, for a user whose shell has the environment's scripts on PATH."""
    command = [f"{venv.bin}/cuda-shims", "doctor", "--json"]
    done = venv.start_as(uid, *command, PATH=f"{venv.bin}:/usr/bin:/bin", **more)
    assert done.stderr == ""
    return {each["code"]: each for each in json.loads(done.stdout)["findings"]}


# --- links on the way to the cache ---


def by_home(venv):
    """As a cluster's automounter has it: /home/me leads to a disk's own path."""
    real = f"{venv.folder}/disks/7/home/me"
    os.makedirs(real)
    give(f"{venv.folder}/disks", USER)
    os.symlink(real, f"{venv.folder}/home-{USER}")
    return {"XDG_CACHE_HOME": None}


def by_dot_cache(venv):
    """As where a quota makes people move it: ~/.cache leads to scratch space."""
    os.makedirs(f"{venv.folder}/scratch/of/users/me")
    give(f"{venv.folder}/scratch", USER)
    os.symlink(f"{venv.folder}/scratch/of/users/me", f"{venv.home_of(USER)}/.cache")
    return {"XDG_CACHE_HOME": None}


def by_variable(venv):
    os.makedirs(f"{venv.folder}/scratch/of/users/me")
    give(f"{venv.folder}/scratch", USER)
    os.symlink(f"{venv.folder}/scratch/of/users/me", f"{venv.folder}/link")
    return {"XDG_CACHE_HOME": f"{venv.folder}/link"}


def by_the_environment(venv):
    """The software's folder is a link, as to the release of the day."""
    os.makedirs(f"{venv.folder}/releases/2026/11")
    os.rename(venv.path, f"{venv.folder}/releases/2026/11/venv")
    os.symlink(f"{venv.folder}/releases/2026/11/venv", venv.path)
    return {}


def by_nothing(venv):  # noqa: ARG001
    return {"XDG_CACHE_HOME": None}


@pytest.mark.parametrize("linked", [by_home, by_dot_cache, by_variable, by_the_environment, by_nothing])
@pytest.mark.parametrize("first", ["hook", "shim"])
def test_a_root_in_the_cache_is_the_one_that_everything_names(shared, linked, first):
    venv = shared()
    more = linked(venv)
    before = written(venv.path)
    if first == "shim":  # no Python has started for this user yet
        check_whole(os.path.dirname(os.path.dirname(venv.shim(USER, **more))))
    root = venv.answers(USER, **more)
    assert "/cuda-shims/roots/" in root
    assert venv.as_user(USER, f"{root}/bin/nvcc") == f"{root}/bin/nvcc"
    assert written(venv.path) == before
    # nothing is made twice
    kept = written(venv.folder)
    assert venv.answers(USER, **more) == root
    assert written(venv.folder) == kept
    found = doctor(venv, USER, **more)
    assert {code: found[code]["level"] for code in ("path", "hook", "root")} == dict.fromkeys(
        ("path", "hook", "root"), "ok"
    )
    # the shims do not say which toolkit they run: nobody who may write to them has started a Python there
    assert f"as a user who may write to {venv.bin}, run" in found["shim-stale"]["fix"]
    assert not {"shim-missing", "shim-foreign"} & set(found)
    assert root in found["root"]["what"]


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox", "zsh", "mksh"])
def test_each_shell_finds_the_root_in_the_cache(shared, shell):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"needs {shell}: apt-get install {shell}")
    # as what /bin/sh leads to: zsh by another name is no POSIX shell
    words = [program, *{"busybox": ["sh"], "zsh": ["--emulate", "sh"]}.get(shell, [])]
    venv = shared()
    root = venv.hook(USER)
    check_whole(root)
    assert venv.as_user(USER, *words, f"{venv.bin}/nvcc") == f"{root}/bin/nvcc"
    assert venv.as_user(USER, *words, f"{venv.bin}/ptxas") == f"{root}/bin/ptxas"


@pytest.mark.parametrize("name", ["a venv", "venv(1)", "un été (2)"])
def test_a_path_that_is_not_plain(shared, name):
    """The shim computes the place in the cache from a path with a blank, too."""
    venv = shared(name)
    root = venv.answers(USER)
    assert " " not in root
    assert venv.as_user(0, venv.python, "-c", HOOK) != root  # the superuser has another home
    assert venv.answers(USER) == root


def test_a_tool_that_links_to_the_shim(shared):
    """~/.local/bin/nvcc leads to the environment's, as uv tool and pipx make it."""
    venv = shared()
    os.makedirs(f"{venv.folder}/exposed")
    os.symlink(f"{venv.bin}/nvcc", f"{venv.folder}/exposed/nvcc")
    assert venv.as_user(USER, f"{venv.folder}/exposed/nvcc") == f"{venv.hook(USER)}/bin/nvcc"


def test_pypy(shared):
    python = shutil.which("pypy3", path="/usr/bin:/bin")
    if python is None:
        pytest.skip("needs a PyPy that other users can run: apt-get install pypy3")
    venv = shared(python=python)
    root = venv.hook(USER)
    check_whole(root)
    assert venv.shim(USER) == f"{root}/bin/nvcc"
    assert venv.answers(USER) == root


def test_an_upgrade_is_noticed_in_the_cache(shared, toolkit):
    venv = shared(packages=toolkit("13.4.92"))

    def release(root):
        with open(f"{root}/version.txt", encoding="utf-8") as file:
            return file.read().split()[-1]

    assert release(venv.answers(USER)) == "13.4.92"
    venv.install(*toolkit())
    assert release(venv.answers(USER)) == "13.5.37"


@pytest.mark.parametrize("where", ["beside the wheels", "in the cache"])
def test_a_root_without_its_compiler_is_not_believed(shared, where):
    """It looks fresh, by all times in it, and a program that it ought to have is gone."""
    venv = shared()
    uid = 0 if where == "beside the wheels" else USER
    root = venv.hook(uid)
    assert root.startswith(venv.roots) == (uid == 0)
    folder = os.path.realpath(f"{root}/bin")
    status = os.stat(folder)
    os.unlink(f"{folder}/nvcc")
    os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))
    check_whole(venv.answers(uid))


# --- no home ---


NO_HOME = {
    "not there": {"HOME": "/nonexistent"},
    "not the user's": {"HOME": "/"},
    "unset": {"HOME": None},
    "relative": {"HOME": "home"},
    "empty": {"HOME": ""},
    "relative cache": {"HOME": "/nonexistent", "XDG_CACHE_HOME": "cache"},
    "cache that cannot be made": {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/proc/self/cache"},
}


@pytest.mark.parametrize("first", ["hook", "shim"])
@pytest.mark.parametrize("case", NO_HOME)
def test_a_user_without_a_home(shared, case, first):
    """Containers run as a uid that has no entry in /etc/passwd."""
    venv = shared()
    more = {"XDG_CACHE_HOME": None, **NO_HOME[case]}
    current = f"{venv.folder}/checkout"
    os.mkdir(current)
    give(current, USER)
    if first == "shim":
        venv.shim(USER, cwd=current, **more)
    root = venv.answers(USER, cwd=current, **more)
    assert root.startswith(f"{venv.tmp}/")
    own = os.path.join(venv.tmp, root[len(venv.tmp) + 1 :].partition("/")[0])
    status = os.lstat(own)
    assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o700, USER)
    assert venv.as_user(USER, f"{root}/bin/nvcc") == f"{root}/bin/nvcc"
    assert os.listdir(current) == []  # no folder "~", no "home"
    # nothing is made twice
    kept = written(venv.folder)
    assert venv.answers(USER, cwd=current, **more) == root
    assert written(venv.folder) == kept
    found = doctor(venv, USER, cwd=current, **more)
    assert root in found["root"]["what"]
    assert found["root"]["level"] == "ok"


def test_a_temporary_folder_that_is_not_there(shared):
    """Neither a home nor a TMPDIR: /tmp serves, as it does for every program."""
    venv = shared()
    root = venv.answers(USER, HOME="/nonexistent", XDG_CACHE_HOME=None, TMPDIR=None)
    try:
        assert root.startswith("/tmp/")
        assert open_to_others(root, USER) == []
        assert venv.answers(USER, HOME="/nonexistent", XDG_CACHE_HOME=None, TMPDIR="relative") == root
        assert venv.answers(USER, HOME="/nonexistent", XDG_CACHE_HOME=None, TMPDIR="/nonexistent") == root
    finally:
        if root.startswith("/tmp/"):
            shutil.rmtree(os.path.join("/tmp", root.split("/")[2]))


def test_no_place_at_all(shared):
    """readOnlyRootFilesystem and no volume: the wheels' own folder has to serve, and nothing fails."""
    venv = shared()
    script = 'for each in /tmp /var/tmp; do mount --bind $each $each && mount -o remount,ro,bind $each; done; exec "$@"'
    command = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"]
    command += ["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups"]
    environ = venv.environ_of(USER, HOME="/nonexistent", XDG_CACHE_HOME=None)

    def run(*words):
        done = subprocess.run([*command, *words], env=environ, cwd="/", capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.stdout.strip().rstrip("\0")

    assert run(venv.python, "-c", HOOK) == f"{venv.site}/nvidia/cu13"
    assert run(f"{venv.bin}/nvcc") == f"{venv.site}/nvidia/cu13/bin/nvcc"
    found = {each["code"]: each for each in json.loads(run(f"{venv.bin}/cuda-shims", "doctor", "--json"))["findings"]}
    levels = {code: each["level"] for code, each in found.items() if code.startswith("root")}
    assert set(levels.values()) & {"warning", "error"}, levels  # it says what the hook does


@pytest.mark.parametrize("by", ["folder", "link", "writable"])
def test_a_strangers_folder_where_the_users_own_is_made(shared, by):
    """Names in /tmp can be guessed: what a stranger puts there first is not used."""
    venv = shared()
    more = {"HOME": "/nonexistent", "XDG_CACHE_HOME": None}
    root = venv.hook(USER, **more)
    assert root.startswith(f"{venv.tmp}/")
    own = os.path.join(venv.tmp, root[len(venv.tmp) + 1 :].partition("/")[0])
    plant(root, USER)
    assert venv.hook(USER, **more) == root
    assert venv.as_user(USER, f"{root}/bin/nvcc") == "EVIL"  # it would be run, were it the user's own
    if by == "writable":  # made by the user's own umask 0, say: then others have had their way with it
        os.chmod(own, 0o777)  # noqa: S103
        give(f"{own}/{os.listdir(own)[0]}", STRANGER)
    else:
        give(own, STRANGER)
        os.chmod(own, 0o755)  # noqa: S103
    if by == "link":
        os.rename(own, f"{venv.folder}/elsewhere")
        os.symlink(f"{venv.folder}/elsewhere", own)
        os.chown(own, STRANGER, STRANGER, follow_symlinks=False)
    given = venv.check(USER, **more)
    assert open_to_others(given, USER) == []


# --- what a checkout carries ---


@pytest.mark.parametrize("case", ["unset", "relative", "relative cache"])
def test_a_repository_carries_a_root(shared, case):
    """Nothing of the current directory is run: not from a folder that is named as a home which is not known, either."""
    venv = shared()
    name = {"unset": "~", "relative": "home", "relative cache": "cache"}[case]
    made = f"{venv.folder}/made/{name}"  # as deep as what it becomes: links may be relative
    checkout = f"{venv.folder}/work"
    for folder in (os.path.dirname(made), checkout):
        os.mkdir(folder)
        os.chown(folder, USER, USER)
    where = {"XDG_CACHE_HOME": made} if case == "relative cache" else {"HOME": made, "XDG_CACHE_HOME": None}
    os.mkdir(made)
    os.chown(made, USER, USER)
    root = venv.hook(USER, **where)
    assert root.startswith(f"{made}/")
    plant(root, USER)
    assert venv.hook(USER, **where) == root
    assert venv.as_user(USER, f"{root}/bin/nvcc") == "EVIL"
    os.rename(made, f"{checkout}/{name}")

    more = {"XDG_CACHE_HOME": None, **NO_HOME[case]}
    code = "import os, subprocess; print(os.environ.get('CUDA_HOME')); subprocess.run(['nvcc'])"
    done = venv.start_as(USER, venv.python, "-c", code, cwd=checkout, PATH=f"{venv.bin}:/usr/bin:/bin", **more)
    assert "EVIL" not in done.stdout
    assert os.path.isabs(done.stdout.split()[0])
    assert venv.shim(USER, cwd=checkout, **more) != "EVIL"
    check_whole(venv.answers(USER, cwd=checkout, **more))


# --- a cache that others can write to ---


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o755], ids=oct)
@pytest.mark.parametrize("level", [0, 1, 2, -1], ids=["the cache", "cuda-shims", "roots", "the environment's"])
def test_a_cache_that_others_can_write_to(shared, mode, level):
    """A folder above the root is a stranger's, who could put another one there between a look and a build."""
    venv = shared()
    cache = f"{venv.folder}/scratch"
    more = {"XDG_CACHE_HOME": cache}
    os.mkdir(cache)
    os.chown(cache, USER, USER)
    root = venv.hook(USER, **more)
    assert root.startswith(f"{cache}/cuda-shims/roots/")
    folders = [cache]
    for part in os.path.dirname(root)[len(cache) + 1 :].split("/"):
        folders.append(f"{folders[-1]}/{part}")
    # "somebody made it first", and let others write to it; mode 755: it is simply somebody's
    os.chown(folders[level], STRANGER, STRANGER)
    os.chmod(folders[level], mode)
    assert open_to_others(venv.hook(USER, **more), USER) == []
    given = venv.answers(USER, **more)
    assert open_to_others(given, USER) == []
    assert venv.shim(USER, **more) == f"{given}/bin/nvcc"


@pytest.mark.parametrize(("mode", "group"), [(0o777, USER), (0o1777, USER), (0o770, STRANGER)])
def test_ones_own_folder_in_which_others_can_write(shared, mode, group):
    """It belongs to the user, and umask 0 or a shared group has opened it."""
    venv = shared()
    root = venv.hook(USER)
    folder = os.path.dirname(os.path.dirname(root))
    assert venv.shim(USER) == f"{root}/bin/nvcc"
    os.chown(folder, USER, group)
    os.chmod(folder, mode)
    given = venv.check(USER)
    assert given != root
    assert venv.shim(USER) == f"{given}/bin/nvcc"


def test_a_shared_cache_that_the_superuser_made_sticky(shared):
    """As /tmp: what a user makes there, nobody else renames. It may serve, or another place does."""
    venv = shared()
    cache = f"{venv.folder}/scratch"
    os.mkdir(cache)
    os.chmod(cache, 0o1777)  # noqa: S103
    for uid in (STRANGER, USER):  # who comes first makes the folders
        assert open_to_others(venv.hook(uid, XDG_CACHE_HOME=cache), uid) == []
        assert open_to_others(venv.answers(uid, XDG_CACHE_HOME=cache), uid) == []


# --- one cache, several environments ---


def test_environments_that_share_a_cache_leave_each_others_roots(shared):
    """Containers, or nodes of a cluster: each has its own environment, and sees the other's as gone."""
    venv, other = shared(), shared()
    more = {"HOME": venv.home_of(USER), "XDG_CACHE_HOME": None}
    root = venv.hook(USER, **more)
    check_whole(root)
    kept = written(root)
    os.rename(venv.path, f"{venv.path}.away")
    for _ in range(2):
        check_whole(other.hook(USER, **more))
    other.install("cuda-shims", options=["--reinstall"])
    check_whole(other.hook(USER, **more))
    assert other.as_user(USER, f"{other.bin}/cuda-shims", "list", **more)
    assert other.shim(USER, **more)
    os.rename(f"{venv.path}.away", venv.path)
    assert written(root) == kept
    assert venv.answers(USER, **more) == root
    assert written(root) == kept


NVRTC = {"include/nvrtc.h": b"\n", "lib/libnvrtc.so.13": b"ELF nvrtc"}


def test_two_hosts_with_one_home_and_one_path(shared, more_wheels):
    """As apptainer does it, which mounts HOME: two images have other wheels at the same path."""
    first, second = shared(), shared()
    first.install(more_wheels("nvidia-cuda-nvrtc", NVRTC))
    at = f"{first.folder}/opt"
    os.mkdir(at)
    home = first.home_of(USER)

    def on(host, *command, **more):
        script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
        asked = ["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups"]
        mounted = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", host.path, at]
        environ = first.environ_of(USER, home, PATH=f"{at}/bin:/usr/bin:/bin", XDG_CACHE_HOME=None, **more)
        done = subprocess.run(
            [*mounted, *asked, *command], env=environ, cwd="/", capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.strip().rstrip("\0")

    def hook(host):
        return on(host, f"{at}/bin/python", "-c", HOOK)

    def libraries(host, root):
        """What a build that goes on with this CUDA_HOME sees on its own host."""
        return {name for name in on(host, "ls", f"{root}/lib").split() if name.startswith("libnvrtc")}

    def whole(host, root):
        for path in ("bin/nvcc", "lib64/libcudart.so", "include/cuda_runtime.h", "lib/stubs/libcuda.so"):
            on(host, "test", "-e", f"{root}/{path}")

    one = hook(first)
    assert one.startswith(f"{home}/.cache/")
    assert libraries(first, one) == {"libnvrtc.so", "libnvrtc.so.13"}
    other = hook(second)
    assert libraries(second, other) == set()
    # the first one's build goes on
    assert libraries(first, one) == {"libnvrtc.so", "libnvrtc.so.13"}
    for host, root in ((first, one), (second, other)):
        whole(host, root)
        on(host, "test", "-e", f"{root}/lib/libcudart.so")
    # from now on both are there: no start writes
    kept = written(f"{home}/.cache")
    for host, root in ((first, one), (second, other), (first, one), (second, other)):
        assert hook(host) == root
        assert on(host, f"{at}/bin/nvcc") == f"{root}/bin/nvcc"
        # by the mount's Python: the script's first line names where the environment was made
        assert on(host, f"{at}/bin/python", "-m", "cuda_shims", "which", "nvcc") == f"{root}/bin/nvcc"
    assert written(f"{home}/.cache") == kept
