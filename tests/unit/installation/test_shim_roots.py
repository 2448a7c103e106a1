"""Which root the shim takes: the one that Python takes, wherever it lies (contract 4.0)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile

import pytest
from fake_toolkit import OLD, PYTHON, TOOL, Prefix, age, write, write_toolkit
from shim_support import plant, ran

from _cuda_shims import MADE_FROM
from _cuda_shims.places import Place

#: who runs a shim, who plants something, whose the wheels are, and whose the directory is that they lie in
ME, OTHER, OWNER, LEADER = 12345, 54321, 2345, 3456
SUPERUSER = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away, and be another user")
#: notes that it was asked, and prints a path as "cuda-shims root" does
_PYTHON = '#!/bin/sh\necho "$0 $CUDA_SHIMS_TOOLKIT" >>"{log}"\necho "{root}"\n'


def nvcc(folder):
    return os.path.join(folder, "bin", "nvcc")


def plant_beside(prefix):
    prefix.toolkit()
    return plant(f"{prefix.site}/cuda_shims_toolkit/cu13", prefix.site)


@pytest.fixture
def beside(prefix):
    """Return a root beside its wheels."""
    return plant_beside(prefix)


@pytest.fixture
def cached(tmp_path):
    """Plant the root of a prefix in a cache, and return it."""

    def cached(prefix, variable="XDG_CACHE_HOME", cache=None, sites=(), **options):
        cache = cache or tmp_path / "user-cache"
        cache.mkdir(exist_ok=True, parents=True)
        place = Place(prefix.site, 13, sites)
        environ = {"HOME": "", variable: str(cache)}
        root, limit = next(iter(place.elsewhere(environ)))
        os.makedirs(limit, mode=0o700, exist_ok=True)
        plant(root, prefix.site, **options)
        assert place.serves(root, limit)
        return root

    return cached


@pytest.fixture
def python(tmp_path):
    """Put a Python down that makes no root; returns a function that tells how often each was asked."""
    log = tmp_path / "asked"

    def put(path, root=""):
        write(path, _PYTHON.format(log=log, root=root).encode(), 0o755)

        def asked():
            text = log.read_text() if log.exists() else ""
            log.write_text("")
            return text.split("\n")[:-1]

        return asked

    return put


@pytest.fixture
def open_prefix():
    """Return a prefix that every user gets at: pytest's own folder is closed whenever another run of it begins."""
    folder = tempfile.mkdtemp(prefix="test-", dir="/tmp")
    os.chmod(folder, 0o755)  # noqa: S103
    yield Prefix(os.path.join(folder, "env"))
    shutil.rmtree(folder)


@pytest.fixture
def as_me(shell):
    """Run a shim as a user who may read all that is in such a prefix, and write none of it."""

    def as_me(shim, path="/nowhere"):
        environ = {"PATH": path, "HOME": "/nonexistent"}
        user = {"user": ME, "group": ME, "extra_groups": []}
        return subprocess.run([*shell, shim], env=environ, capture_output=True, check=False, cwd="/", **user)

    return as_me


# beside its wheels ----------------------------------------------------------------------------------------------------


def _touch(path):
    os.utime(path, (OLD + 10, OLD + 10))


def _nothing(_root, _wheels):
    pass


def _older(_root, wheels):
    age(wheels, OLD - 100)


def _unfinished(root, _wheels):
    os.unlink(f"{root}/{MADE_FROM}")


def _upgrade(_root, wheels):
    site = os.path.dirname(os.path.dirname(wheels))
    os.rename(f"{site}/nvidia_nvvm-13.5.37.dist-info", f"{site}/nvidia_nvvm-13.5.38.dist-info")


def _another_nvcc(_root, wheels):
    os.unlink(f"{wheels}/bin/nvcc")
    write(f"{wheels}/bin/nvcc", b"#!/bin/sh\n" + TOOL, 0o755)
    age(f"{wheels}/bin")
    age(f"{wheels}/bin/nvcc", OLD - 10)


def _copied_nvcc(root, wheels):
    shutil.copy2(f"{wheels}/bin/nvcc", f"{root}/bin/x")
    os.replace(f"{root}/bin/x", f"{root}/bin/nvcc")
    age(f"{root}/bin")


def _no_nvcc(_root, wheels):
    os.unlink(f"{wheels}/bin/nvcc")
    write(f"{wheels}/nvvm/bin/nvcc", TOOL, 0o755)  # so that there is one to run
    age(wheels)


def _no_nvcc_of_its_own(root, _wheels):
    os.unlink(f"{root}/bin/nvcc")
    age(f"{root}/bin")


def _a_folder(root, _wheels):
    made = os.path.realpath(root)
    os.unlink(root)
    os.rename(made, root)


def _elsewhere(root, wheels):
    os.rename(os.path.realpath(root), f"{wheels}/../made")
    os.unlink(root)
    os.symlink("../nvidia/made", root)


def _without(root, *paths):
    with open(f"{root}/{MADE_FROM}", "a") as file:
        file.writelines(f"!{path}\n" for path in paths)
    age(f"{root}/{MADE_FROM}")


def _still_not_there(root, wheels):
    _without(root, "cutensor", f"{wheels}/nowhere")


def _has_come(root, _wheels):
    _without(root, "nowhere", "nvidia", "cutensor")


def _has_come_elsewhere(root, wheels):
    _without(root, wheels)


#: what is newer, or what is done
CHANGES = {
    "the wheels' folder": "{wheels}",
    "bin": "{wheels}/bin",
    "lib": "{wheels}/lib",
    "nvvm": "{wheels}/nvvm",
    "include": "{wheels}/include",
    "a distribution": "{wheels}/../../nvidia_nvvm-13.5.37.dist-info",
    "its own folder": "{root}/",
    "its own bin": "{root}/bin",
    "its own lib": "{root}/lib",
    "nothing": _nothing,
    "all is older": _older,
    "unfinished": _unfinished,
    "an upgrade": _upgrade,
    "another nvcc": _another_nvcc,
    "a copy of nvcc": _copied_nvcc,
    "no nvcc": _no_nvcc,
    "no nvcc of its own": _no_nvcc_of_its_own,
    "a folder": _a_folder,
    "a link to elsewhere": _elsewhere,
    "what was not there has not come": _still_not_there,
    "what was not there has come": _has_come,
    "what was not there has come elsewhere": _has_come_elsewhere,
}
FRESH = {"nothing", "all is older", "a copy of nvcc", "what was not there has not come"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_root_is_taken_when_it_is_fresh_and_python_agrees(call, prefix, beside, change):
    wheels = f"{prefix.site}/nvidia/cu13"
    what = CHANGES[change]
    _touch(what.format(root=beside, wheels=wheels)) if isinstance(what, str) else what(beside, wheels)
    found = Place(prefix.site, 13).fresh_root({})
    assert found == (beside if change in FRESH else None)
    expected = {nvcc(beside)} if found else {f"{wheels}/bin/nvcc", f"{wheels}/nvvm/bin/nvcc"}
    assert ran(call(prefix.shim())) in expected


@SUPERUSER
def test_what_cannot_be_read_is_not_fresh_and_nothing_is_said(as_me, open_prefix):
    """A root that its maker's umask has closed, and a system's tool likewise."""
    prefix = open_prefix
    beside = plant_beside(prefix)
    os.chmod(f"{beside}/{MADE_FROM}", 0o600)
    closed = write(f"{prefix.path}/system/ptxas", TOOL, 0o711)
    assert ran(as_me(prefix.shim())) == f"{prefix.site}/nvidia/cu13/bin/nvcc"
    os.unlink(f"{prefix.site}/nvidia/cu13/bin/ptxas")
    # the kernel opens the script for the interpreter, which may not: what matters is that it was tried
    done = as_me(prefix.shim("ptxas"), os.path.dirname(closed))
    assert b"cuda-shims" not in done.stderr
    assert done.stderr.count(b"\n") == 1, done.stderr


@SUPERUSER
@pytest.mark.parametrize("which", ["made", "folder"])
@pytest.mark.parametrize(("maker", "expected"), [(ME, True), (0, True), (OWNER, True), (LEADER, True), (OTHER, False)])
def test_whose_a_root_is_and_python_agrees(as_me, open_prefix, monkeypatch, which, maker, expected):
    """Of this user, the superuser or who could change the wheels; the folder too: its owner could put another there."""
    prefix = open_prefix
    beside = plant_beside(prefix)
    wheels = f"{prefix.site}/nvidia/cu13"
    os.chown(wheels, OWNER, OWNER)
    os.chown(prefix.site, LEADER, LEADER)
    os.lchown(beside, OTHER, OTHER)  # whoever made the link
    os.chown({"made": os.path.realpath(beside), "folder": os.path.dirname(beside)}[which], maker, maker)
    assert ran(as_me(prefix.shim())) == nvcc(beside if expected else wheels)
    monkeypatch.setattr(os, "geteuid", lambda: ME)
    assert Place(prefix.site, 13).fresh_root({}) == (beside if expected else None)


@SUPERUSER
@pytest.mark.parametrize("which", ["made", "folder"])
def test_a_link_that_another_user_made_and_python_agrees(call, prefix, beside, which):
    """It leads to what is this user's own, and its maker can turn it to anything."""
    path = {"made": os.path.realpath(beside), "folder": os.path.dirname(beside)}[which]
    os.rename(path, f"{prefix.path}/mine")
    os.symlink(f"{prefix.path}/mine", path)
    os.lchown(path, OTHER, OTHER)
    assert Place(prefix.site, 13).fresh_root({}) is None
    assert ran(call(prefix.shim())) == nvcc(f"{prefix.site}/nvidia/cu13")


def test_python_makes_it_outside_of_the_current_directory(call, prefix, tmp_path):
    """``-c`` searches that first, and before the code runs, Python 3.13 imports linecache."""
    prefix.toolkit()
    write(f"{prefix.bin}/python", f'#!/bin/sh\npwd >"{tmp_path}/pwd"\n'.encode(), 0o755)
    ran(call(prefix.shim()))
    assert (tmp_path / "pwd").read_text() == "/\n"


# in a cache -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "HOME", "TMPDIR"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_root_in_a_cache(call, prefix, cached, tmp_path, python, variable, slash):
    """That of an environment that this user may not write to."""
    asked = python(f"{prefix.bin}/python")
    prefix.toolkit()
    folder = tmp_path / "user-cache"
    environ = {"HOME": "/nonexistent", "TMPDIR": "/nonexistent", variable: f"{folder}{slash}"}
    root = cached(prefix, variable)
    assert ran(call(prefix.shim(), **environ)) == os.path.join(root, "bin/nvcc")
    assert asked() == []
    assert Place(prefix.site, 13).fresh_root(environ) == root


@pytest.mark.parametrize("name", ["with space", "a*b", "it's", "new\nline", "žluť", "\udcff", "__", "a__b", "$HOME"])
def test_a_root_in_a_cache_of_an_environment_of_any_name(call, new_prefix, cached, tmp_path, name):
    prefix = new_prefix(name)
    prefix.toolkit()
    root = cached(prefix)
    assert ran(call(prefix.shim(), XDG_CACHE_HOME=str(tmp_path / "user-cache"))) == nvcc(root)


def test_a_root_below_a_path_that_cmake_splits_comes_last(call, new_prefix, cached, tmp_path):
    for name in ("plain", "with space"):
        prefix = new_prefix(name)
        prefix.toolkit()
        environ = {"XDG_CACHE_HOME": str(tmp_path / "user-cache")}
        beside = plant(f"{prefix.site}/cuda_shims_toolkit/cu13", prefix.site)
        in_cache = cached(prefix)
        expected = beside if name == "plain" else in_cache
        assert Place(prefix.site, 13).fresh_root(environ) == expected
        assert ran(call(prefix.shim(), **environ)) == nvcc(expected)
        # both are such paths: that beside the wheels serves
        shutil.move(tmp_path / "user-cache", tmp_path / "user cache")
        environ = {"XDG_CACHE_HOME": str(tmp_path / "user cache")}
        assert Place(prefix.site, 13).fresh_root(environ) == beside
        assert ran(call(prefix.shim(), **environ)) == nvcc(beside)
        shutil.rmtree(tmp_path / "user cache")


@pytest.mark.parametrize("folder", [".", "cuda-shims", "cuda-shims/roots", "root's"])
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777, 0o755])
def test_a_cache_that_others_write_to(call, prefix, cached, tmp_path, folder, mode):
    """They could put another root in the place of this one. A group of the user's own has the user's number."""
    prefix.toolkit()
    root = cached(prefix)
    folder = os.path.dirname(root) if folder == "root's" else tmp_path / "user-cache" / folder
    os.chmod(folder, mode)
    environ = {"XDG_CACHE_HOME": str(tmp_path / "user-cache")}
    private = mode in {0o755, 0o770}
    assert (Place(prefix.site, 13).fresh_root(environ) == root) is private
    assert (ran(call(prefix.shim(), **environ)) == nvcc(root)) is private
    if os.geteuid() == 0 and mode == 0o770:
        os.chown(folder, 0, 54321)
        assert Place(prefix.site, 13).fresh_root(environ) is None
        assert ran(call(prefix.shim(), **environ)) != nvcc(root)


@SUPERUSER
@pytest.mark.parametrize("folder", [".", "cuda-shims", "cuda-shims/roots", "root's"])
def test_a_cache_that_is_another_users(call, prefix, cached, tmp_path, folder):
    """With sudo HOME may be the caller's, who could put another root in the place of this one."""
    prefix.toolkit()
    root = cached(prefix)
    folder = os.path.dirname(root) if folder == "root's" else tmp_path / "user-cache" / folder
    environ = {"XDG_CACHE_HOME": str(tmp_path / "user-cache")}
    for owner, expected in ((0, root), (OTHER, None)):
        os.chown(folder, owner, owner)
        assert Place(prefix.site, 13).fresh_root(environ) == expected
        assert ran(call(prefix.shim(), **environ)) == nvcc(expected or f"{prefix.site}/nvidia/cu13")


def test_a_link_in_the_folder_of_temporary_files_is_no_cache(call, prefix, cached, tmp_path):
    """All write there: whoever made it can turn it to anything at any time."""
    prefix.toolkit()
    root = cached(prefix, "TMPDIR")
    environ = {"TMPDIR": str(tmp_path / "user-cache")}
    assert ran(call(prefix.shim(), **environ)) == nvcc(root)
    (own,) = (tmp_path / "user-cache").iterdir()
    own.rename(tmp_path / "moved")
    own.symlink_to(tmp_path / "moved")
    assert ran(call(prefix.shim(), **environ)) == nvcc(f"{prefix.site}/nvidia/cu13")


def test_a_relative_cache_is_none(call, prefix, cached, tmp_path):
    """It would be in whatever directory is the current one: a checkout's."""
    prefix.toolkit()
    cached(prefix)
    for variables in ({"XDG_CACHE_HOME": "user-cache"}, {"HOME": "."}, {"TMPDIR": "."}):
        assert "/nvidia/cu13/" in ran(call(prefix.shim(), cwd=str(tmp_path), **variables))


def test_a_cache_that_is_shared_with_a_host_of_other_wheels(call, prefix, cached, tmp_path):
    prefix.toolkit()
    root = cached(prefix)
    environ = {"XDG_CACHE_HOME": str(tmp_path / "user-cache")}
    name = f"{prefix.site}/nvidia_cublas-13.5.1.dist-info"
    os.mkdir(name)
    assert ran(call(prefix.shim(), **environ)) != nvcc(root)
    assert Place(prefix.site, 13).fresh_root(environ) is None
    os.rmdir(name)
    assert ran(call(prefix.shim(), **environ)) == nvcc(root)


def test_a_root_of_these_and_of_other_wheels_is_not_that_of_these(call, prefix, new_prefix, cached, tmp_path):
    """What a run with PYTHONPATH has left in the cache."""
    prefix.toolkit()
    other = new_prefix("other")
    write_toolkit(other.site, components=["nvidia-cuda-cupti"])
    names = [name for name in os.listdir(prefix.site) if name.endswith(".dist-info")]
    lines = [*names, f"{other.site}/nvidia_cuda_cupti-13.5.37.dist-info"]
    both = cached(prefix, sites=(prefix.site, other.site), lines=lines)
    environ = {"XDG_CACHE_HOME": str(tmp_path / "user-cache")}
    assert Place(prefix.site, 13).fresh_root(environ) is None
    assert ran(call(prefix.shim(), **environ)) != nvcc(both)
    root = cached(prefix)
    assert Place(prefix.site, 13).fresh_root(environ) == root
    assert ran(call(prefix.shim(), **environ)) == nvcc(root)


# several directories --------------------------------------------------------------------------------------------------


@pytest.fixture
def other(new_prefix):
    """Return the site-packages directory of another environment, which has a wheel of the same major."""
    site = new_prefix("other").site
    write_toolkit(site, components=["nvidia-cuda-cupti"])
    return site


@pytest.mark.parametrize(
    "alone", ["", "nvidia_cudnn_cu13-9.28.1.4.dist-info", "cutensor", "cuquantum", "nvidia/mathdx"]
)
def test_the_python_beside_is_asked_for_wheels_of_several_directories(
    call, prefix, other, beside, python, tmp_path, new_prefix, alone
):
    both = tmp_path / "both"
    if alone:
        other = new_prefix("companions").site
        write(f"{other}/{alone}/x")
    write(nvcc(both), TOOL, 0o755)
    asked = python(f"{prefix.bin}/python", both)
    shim = prefix.shim()
    for _ in range(2):
        assert ran(call(shim, PYTHONPATH=f"/nowhere::{other}")) == nvcc(both)
        assert asked() == [f"{prefix.bin}/python 13"]
    for harmless in ("", prefix.site, "/nowhere", f"{prefix.path}/bin/../lib/{PYTHON}/site-packages", "*"):
        assert ran(call(shim, PYTHONPATH=harmless)) == nvcc(beside)
        assert asked() == []


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        ("include-system-site-packages = true\n", True),
        ("include-system-site-packages = false\n", False),
        ("implementation = CPython\nuv = 0.9\ninclude-system-site-packages = true\n", True),
        ("", True),  # as CPython takes it
    ],
)
def test_the_base_of_a_virtual_environment(call, prefix, other, beside, python, settings, seen):
    base = other.partition("/lib/")[0]
    write(f"{prefix.path}/pyvenv.cfg", f"home = {base}/bin\n{settings}".encode())
    asked = python(f"{prefix.bin}/python")
    assert ran(call(prefix.shim())) == nvcc(beside)
    assert asked() == [f"{prefix.bin}/python 13"] * seen


def test_the_base_of_the_user_site(call, prefix, other, beside, python):
    """``pip install --user`` where the base has torch: its Python is on PATH, and not beside the shim."""
    base = other.partition("/lib/")[0]
    asked = python(f"{base}/bin/{PYTHON}")
    shim = prefix.shim()
    assert ran(call(shim, path=["relative/bin", "", "/nowhere/bin", f"{base}/bin"])) == nvcc(beside)
    assert asked() == [f"{base}/bin/{PYTHON} 13"]
    # a Python beside it has no other base
    asked = python(f"{prefix.bin}/{PYTHON}")
    assert ran(call(shim, path=[f"{base}/bin"])) == nvcc(beside)
    assert asked() == []


def test_the_user_site_of_an_interpreter(call, prefix, other, beside, python):
    asked = python(f"{prefix.bin}/{PYTHON}")
    user = other.partition("/lib/")[0]
    assert ran(call(prefix.shim(), PYTHONUSERBASE=user)) == nvcc(beside)
    assert asked() == [f"{prefix.bin}/{PYTHON} 13"]
    os.makedirs(f"{prefix.path}/home")
    os.rename(user, f"{prefix.path}/home/.local")
    assert ran(call(prefix.shim(), HOME=f"{prefix.path}/home")) == nvcc(beside)
    assert asked() == [f"{prefix.bin}/{PYTHON} 13"]


@pytest.mark.parametrize("fresh", [True, False])
def test_what_uv_run_lays_over_a_project(call, prefix, other, beside, python, fresh):
    """The overlay's Python is asked, also where the project's root is stale: it alone sees both."""
    if not fresh:
        os.unlink(beside)
    overlay = other.partition("/lib/")[0]
    write(f"{other}/_uv_ephemeral_overlay.pth")
    python(f"{prefix.bin}/python")
    asked = python(f"{overlay}/bin/python")
    ran(call(prefix.shim(), path=[f"{overlay}/bin", prefix.bin]))
    assert asked() == [f"{overlay}/bin/python 13"]


@pytest.mark.parametrize("fresh", [True, False])
def test_an_overlay_in_the_current_directory_is_none(call, prefix, other, beside, python, fresh):
    """Of a relative entry of PATH, which a checkout may have."""
    overlay = other.partition("/lib/")[0]
    write(f"{other}/_uv_ephemeral_overlay.pth")
    if not fresh:
        os.unlink(beside)
    python(f"{overlay}/bin/python")
    asked = python(f"{prefix.bin}/python")
    write(f"{prefix.path}/pyvenv.cfg", b"home = /nowhere/bin\ninclude-system-site-packages = false\n")
    done = call(prefix.shim(), path=["other/bin", prefix.bin], cwd=os.path.dirname(overlay))
    assert ran(done) == nvcc(beside if fresh else f"{prefix.site}/nvidia/cu13")
    assert asked() == [f"{prefix.bin}/python 13"] * (not fresh)


def test_the_other_half_of_a_build_environment(call, new_prefix, python):
    halves = [new_prefix(f"pip-build-env-x1/{name}") for name in ("overlay", "normal")]
    halves[0].toolkit()
    write_toolkit(halves[1].site, components=["nvidia-cuda-cupti"])
    plant(f"{halves[0].site}/cuda_shims_toolkit/cu13", halves[0].site)
    asked = python(f"{halves[0].path}/python/bin/{PYTHON}")
    path = [*(half.bin for half in halves), f"{halves[0].path}/python/bin"]
    ran(call(halves[0].shim(), path=path))
    assert asked() == [f"{halves[0].path}/python/bin/{PYTHON} 13"]


# asking Python --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("site", "name"),
    [
        ("lib/python3.13t/site-packages", "python3.13t"),
        ("lib/pypy3.11/site-packages", "pypy3.11"),
        ("lib/python3/dist-packages", "python3"),
        ("Lib/site-packages", "python3"),
        (".", "python3"),
    ],
)
def test_the_python_of_the_site_packages_is_found_on_path(call, new_prefix, python, tmp_path, site, name):
    """Debian's /usr/bin/python3.x for /usr/local/bin/nvcc; that of a folder that --target has filled."""
    prefix = new_prefix("python-libs/env", site)
    prefix.toolkit()
    asked = python(str(tmp_path / f"usr/bin/{name}"))
    ran(call(prefix.shim(), path=["/nowhere", str(tmp_path / "usr/bin")]))
    assert asked() == [f"{tmp_path}/usr/bin/{name} 13"]


@pytest.mark.parametrize("lines", ["echo out; echo err >&2; exit 1", "cat >/dev/null", "kill -9 $$", "exec /none"])
def test_a_python_that_makes_no_root_leaves_no_trace(call, prefix, lines):
    wheels = prefix.toolkit(tool=b"#!/bin/sh\nprintf '%s\\0' \"$0\"\ncat\n")
    write(f"{prefix.bin}/python", f"#!/bin/sh\n{lines}\n".encode(), 0o755)
    done = call(prefix.shim(), path=["/bin"], stdin=b"source")
    assert ran(done) == nvcc(wheels)
    assert done.stdout.endswith(b"\0source")


@pytest.mark.parametrize("answer", ["", "relative"])
def test_an_answer_that_is_no_absolute_path_is_none(call, prefix, python, tmp_path, answer):
    """What fails says nothing: then it is not the system's tool that runs, /bin/true here."""
    wheels = prefix.toolkit()
    for folder in (wheels, str(tmp_path / "relative")):
        write(f"{folder}/bin/true", TOOL, 0o755)
    asked = python(f"{prefix.bin}/python", answer)
    assert ran(call(prefix.shim("true"), cwd=str(tmp_path))) == f"{wheels}/bin/true"
    assert asked() == [f"{prefix.bin}/python 13"]


def test_python_imports_nothing_of_the_current_directory(call, prefix, tmp_path):
    """A checkout may have a folder of that name."""
    wheels = prefix.toolkit()
    write(f"{prefix.bin}/python", f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n'.encode(), 0o755)
    write(str(tmp_path / "cuda_shims/cli.py"), b"open('imported', 'w').close()\n")
    assert ran(call(prefix.shim(), cwd=str(tmp_path))) == nvcc(wheels)
    assert not (tmp_path / "imported").exists()


def test_a_root_that_is_stale_when_it_has_been_made_serves(call, prefix, beside, python):
    """An installer has gone on meanwhile."""
    _touch(f"{prefix.site}/nvidia/cu13/bin")
    asked = python(f"{prefix.bin}/python", beside)
    assert ran(call(prefix.shim())) == nvcc(beside)
    assert asked() == [f"{prefix.bin}/python 13"]
    os.unlink(nvcc(beside))
    assert ran(call(prefix.shim())) == nvcc(f"{prefix.site}/nvidia/cu13")
