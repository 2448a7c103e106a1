"""The making of a root: where, and that nothing is left half-done, whatever goes wrong."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from pathlib import Path

import pytest
from fake_toolkit import Prefix, snapshot, write, write_distribution
from roots import is_fresh, make_root, root_path

from _cuda_shims import caches
from _cuda_shims.places import Place
from cuda_shims.environment.environment import Environment
from cuda_shims.errors import NotWritableError, UninstalledError
from cuda_shims.files import tree
from cuda_shims.files.write import SCRATCH
from cuda_shims.installation import refresh, uv_lock
from cuda_shims.installation.install import install

#: what makes or moves something
CALLS = ("open", "symlink", "replace", "rename", "link", "mkdir")


def environment(prefix):
    folder = os.path.join(prefix.site, "cuda_shims-0.1.0.dist-info")
    return Environment((prefix.site,), prefix.bin, folder, is_target=False, label="test")


@pytest.fixture
def home(prefix):
    prefix.toolkit()
    prefix.ours()
    return prefix


# where ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "may"),
    [
        ("pip-build-env-x1/overlay/lib/python3.11/site-packages", True),
        ("pdm-build-env-x1/lib/python3.11/site-packages", True),
        ("builds-v0/.tmpx1/lib/python3.11/site-packages", True),
        ("env/lib/python3.11/site-packages", False),
        ("env/lib/python3/dist-packages", False),
        ("bundle", False),  # a --target directory that we are not installed in
    ],
)
def test_where_a_start_may_write(tmp_path, layout, may):
    prefix = Prefix(str(tmp_path), layout)
    assert refresh.may_write(prefix.site) is may
    write_distribution(prefix.site, "cuda-shims", "0.1.0", {})
    assert refresh.may_write(prefix.site) is True


def test_where_it_was_told_to_install(prefix):
    prefix.toolkit()
    bare = Environment((prefix.site,), prefix.bin, None, is_target=True, label="test")
    install(bare)
    assert refresh.may_write(prefix.site)
    assert is_fresh(root_path(prefix.site), prefix.site)


def test_uninstalled_before_it_looked(prefix, tmp_path, monkeypatch):
    """A start that goes on after pip has removed all: nobody would remove a root in a cache."""
    prefix.toolkit()
    monkeypatch.setattr("_cuda_shims.__file__", str(tmp_path / "gone" / "__init__.py"))
    before = snapshot(str(tmp_path))
    with pytest.raises(UninstalledError):
        refresh.make_root(Place(prefix.site, 13))
    assert snapshot(str(tmp_path)) == before


def test_a_build_environment_keeps_no_books(tmp_path):
    """Nobody uninstalls there: no shim is stamped, no RECORD amended, no ledger written."""
    prefix = Prefix(str(tmp_path), "pip-build-env-x1/overlay/lib/python3.11/site-packages")
    prefix.toolkit()
    prefix.ours()
    before = snapshot(prefix.path)
    root = make_root(prefix.site)
    assert is_fresh(root, prefix.site)
    added = {os.path.relpath(os.path.join(prefix.path, path), os.path.dirname(root)) for path in snapshot(prefix.path)}
    assert {path: snapshot(prefix.path)[path] for path in before} == before
    assert {path.split("/")[0] for path in added if not path.startswith("..")} == {".", "cu13", os.readlink(root)}


def test_nothing_is_made_where_we_are_not(prefix, tmp_path):
    prefix.toolkit()
    before = snapshot(prefix.path, times=True)
    root = make_root(prefix.site)
    assert root.startswith(str(tmp_path / "user-cache" / "cuda-shims" / "roots") + prefix.site)
    assert snapshot(prefix.path, times=True) == before


def test_the_next_place_where_one_does_not_work(home, tmp_path, monkeypatch):
    """As on a file system without links; nothing is left there, and a later start does not try it again."""
    real = os.symlink

    def symlink(source, target, **options):
        if target.startswith(home.site):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), source, None, target)
        real(source, target, **options)

    monkeypatch.setattr(os, "symlink", symlink)
    root = make_root(home.site)
    assert root.startswith(str(tmp_path / "user-cache"))
    assert os.listdir(os.path.dirname(root_path(home.site))) == ["ledger"]
    monkeypatch.setattr(os, "symlink", lambda *_, **__: pytest.fail("it tries again"))
    assert make_root(home.site) == root


def test_no_place_at_all(home, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "symlink", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EPERM, "no links")))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with pytest.raises(NotWritableError, match="no links"):
        make_root(home.site)
    assert os.listdir(os.path.dirname(root_path(home.site))) == ["ledger"]
    assert not os.path.exists(tmp_path / "user-cache" / "cuda-shims")  # no folders that hold nothing


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_cache_that_others_can_write_to(prefix, tmp_path, monkeypatch, level, mode):
    if mode == 0o770 and os.geteuid() != 0:
        pytest.skip("needs root, who can give a folder to another group")
    prefix.toolkit()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    cache = tmp_path / "user-cache"
    folder = [cache, cache / "cuda-shims", cache / "cuda-shims/roots", cache / f"cuda-shims/roots{prefix.site}"][level]
    folder.mkdir(parents=True)
    os.chmod(folder, mode)
    if mode == 0o770:
        os.chown(folder, -1, os.getgid() + 12345)
    root = make_root(prefix.site)
    assert root.startswith(str(tmp_path / "temporary"))
    assert os.listdir(folder) == []


@pytest.mark.parametrize("level", range(3))
def test_a_cache_that_another_user_makes_meanwhile(prefix, tmp_path, monkeypatch, level):
    """One that others can write to, between the look at what is there and the making of the folders."""
    prefix.toolkit()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    cache = tmp_path / "user-cache"
    cache.mkdir()
    folder = str([cache / "cuda-shims", cache / "cuda-shims/roots", cache / f"cuda-shims/roots{prefix.site}"][level])
    real = os.mkdir

    def mkdir(path, mode=0o777):
        real(path, mode)
        if path == folder:
            os.chmod(path, 0o777)  # noqa: S103
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)

    monkeypatch.setattr(os, "mkdir", mkdir)
    assert make_root(prefix.site).startswith(str(tmp_path / "temporary"))
    assert not [path for path in snapshot(folder) if "cu13" in path]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(("owner", "foreign"), [(12345, True), (2345, False)])
def test_a_folder_beside_the_wheels_that_is_somebody_elses(home, tmp_path, owner, foreign):
    """Whoever owns it could put another root there; whose the wheels are could change those."""
    os.chown(f"{home.site}/nvidia/cu13", 2345, 2345)
    folder = os.path.dirname(root_path(home.site))
    os.makedirs(folder)
    os.chown(folder, owner, owner)
    root = make_root(home.site)
    assert root.startswith(str(tmp_path / "user-cache" if foreign else home.site))
    assert ("cu13" in os.listdir(folder)) is not foreign


def test_a_cache_is_for_its_user_alone(prefix, tmp_path):
    prefix.toolkit()
    old = os.umask(0)
    try:
        root = make_root(prefix.site)
    finally:
        os.umask(old)
    folder = os.path.dirname(root)
    while folder != str(tmp_path):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700, folder
        folder = os.path.dirname(folder)


# whatever goes wrong --------------------------------------------------------------------------------------------------


class Fault:
    """Fails from the n-th call of certain functions of os on, as a full disk does."""

    def __init__(self, monkeypatch, names, number, below):
        self.calls = 0
        self.number = number
        self.below = below
        for name in names:
            self._wrap(monkeypatch, name, getattr(os, name))

    def _wrap(self, monkeypatch, name, real):
        def wrapped(*arguments, **options):
            writes = name != "open" or (len(arguments) > 1 and arguments[1] & os.O_WRONLY)
            if writes and str(arguments[-1 if name == "symlink" else 0]).startswith(self.below):
                self.calls += 1
                if self.calls >= self.number:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), arguments[0])
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, wrapped)


def whole(prefix):
    """No scratch, and a root is complete that looks fresh; which version is at the end of the link does not matter."""
    found = snapshot(prefix.path)
    assert not [path for path in found if SCRATCH in path], "scratch is left"
    root = root_path(prefix.site)
    if is_fresh(root, prefix.site):
        wheels = os.path.join(prefix.site, "nvidia/cu13/bin")
        assert set(os.listdir(os.path.join(root, "bin"))) == set(os.listdir(wheels))
    folder = os.path.dirname(root)
    versions = [name for name in os.listdir(folder) if name.startswith(".cu13-")] if os.path.isdir(folder) else []
    if os.path.lexists(root):
        assert os.readlink(root) in versions
    return {path for path in found if "/.cu13-" not in path}, len(versions)


@pytest.mark.parametrize("renew", [False, True], ids=["new", "renewed"])
def test_a_full_disk_at_every_step(new_prefix, monkeypatch, renew):
    monkeypatch.setattr(caches, "cache_folders", lambda _: iter(()))

    def prepared(name):
        prefix = new_prefix(name)
        prefix.toolkit()
        prefix.ours()
        if renew:
            install(environment(prefix))
            write_distribution(
                prefix.site, "nvidia-cuda-cuobjdump", "13.5.37", {"nvidia/cu13/bin/cuobjdump": b"#!/bin/sh\n"}
            )
            os.unlink(os.path.join(prefix.site, "nvidia/cu13/bin/__nvcc_device_query"))
        return prefix

    whole_prefix = prepared("whole")
    with monkeypatch.context() as patch:
        count = Fault(patch, CALLS, 10**9, whole_prefix.path)
        install(environment(whole_prefix))
        steps = count.calls
    expected, _ = whole(whole_prefix)
    assert steps > 50
    for number in sorted({1, 2, 3, *range(5, steps, 4), *range(steps - 12, steps + 1)}, reverse=True):
        prefix = prepared(f"prefix{number}")
        before = snapshot(prefix.path)
        target = os.readlink(root_path(prefix.site)) if renew else None
        with monkeypatch.context() as patch:
            Fault(patch, CALLS, number, prefix.path)
            with pytest.raises(NotWritableError, match="No space left"):
                install(environment(prefix))
        whole(prefix)
        if not renew:
            assert not os.path.lexists(root_path(prefix.site))
        else:  # the root is as it was
            assert os.readlink(root_path(prefix.site)) == target
            after = snapshot(prefix.path)
            assert {path: after[path] for path in before if "/.cu13-" in path} == {
                path: value for path, value in before.items() if "/.cu13-" in path
            }
        install(environment(prefix))
        found, versions = whole(prefix)
        assert found == expected, number
        assert versions <= (2 if renew else 1)


def test_an_error_names_a_place_of_ours(home, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("TMPDIR", "/nonexistent")

    def full(source, target, *_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), source, None, target)

    monkeypatch.setattr(os, "symlink", full)
    with pytest.raises(NotWritableError) as raised:
        make_root(home.site)
    assert raised.value.path.startswith(os.path.dirname(root_path(home.site)))


@pytest.mark.parametrize("code", [errno.ENOENT, errno.ENOTEMPTY, errno.ESTALE])
def test_no_root_elsewhere_while_the_folder_is_being_removed(home, monkeypatch, code):
    """A root in a cache would stay: whoever uninstalls cuda-shims at this moment does not know it."""

    real = refresh.write_root

    def gone(wanted, *arguments, **options):
        if wanted.path != root_path(home.site):
            return real(wanted, *arguments, **options)
        shutil.rmtree(os.path.dirname(wanted.path), ignore_errors=True)
        raise OSError(code, os.strerror(code), wanted.path)

    with monkeypatch.context() as patch:
        patch.setattr(refresh, "write_root", gone)
        with pytest.raises(NotWritableError):
            make_root(home.site)
    assert not os.path.exists(os.path.join(os.environ["XDG_CACHE_HOME"], "cuda-shims"))
    assert make_root(home.site) == root_path(home.site)


def test_a_root_elsewhere_where_a_link_leads_nowhere(home):
    os.symlink("nowhere", os.path.dirname(root_path(home.site)))
    assert make_root(home.site).startswith(os.environ["XDG_CACHE_HOME"])


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("name", ["symlink", "open", "rename", "replace", "link"])
def test_an_interruption_leaves_nothing(home, monkeypatch, interruption, name):
    before = snapshot(home.path)
    real = getattr(os, name)

    def interrupted(*arguments, **options):
        if name == "open" and not arguments[1] & os.O_WRONLY:
            return real(*arguments, **options)
        raise interruption

    with monkeypatch.context() as patch:
        patch.setattr(os, name, interrupted)
        with pytest.raises(interruption):
            make_root(home.site)
    left = {path for path in snapshot(home.path) if path not in before}
    assert not [path for path in left if SCRATCH in path or "cu13" in path]


@pytest.mark.parametrize("there", ["file", "link", "dangling link", "folder", "folder with a link"])
def test_what_stands_in_the_place_of_a_root(home, there):
    root = root_path(home.site)
    theirs = write(os.path.join(home.path, "theirs/bin/nvcc"), b"theirs")
    os.makedirs(os.path.dirname(root))
    if there == "file":
        write(root)
    elif "link" in there and "folder" not in there:
        os.symlink(os.path.join(home.path, "theirs" if there == "link" else "nowhere"), root)
    else:
        write(os.path.join(root, "left over"))
        if there == "folder with a link":
            os.symlink(os.path.dirname(theirs), os.path.join(root, "bin"))
    assert make_root(home.site) == root
    assert is_fresh(root, home.site)
    assert os.path.samefile(os.path.join(root, "bin/nvcc"), os.path.join(home.site, "nvidia/cu13/bin/nvcc"))
    assert snapshot(os.path.join(home.path, "theirs")) == {"bin": ("folder",), "bin/nvcc": (b"theirs",)}
    assert sorted(os.listdir(os.path.dirname(root))) == [os.readlink(root), "cu13", "ledger"]


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EBUSY])
def test_a_folder_that_cannot_be_moved_aside(home, monkeypatch, code):
    """An overlay moves no directory of a lower layer."""
    root = root_path(home.site)
    write(os.path.join(root, "left over"))
    real = os.rename

    def rename(source, target):
        if source == root:
            raise OSError(code, os.strerror(code), source, None, target)
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    assert make_root(home.site) == root
    assert is_fresh(root, home.site)


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o077])
@pytest.mark.parametrize("renew", [False, True])
def test_nothing_of_ours_is_writable_for_others_and_tools_can_be_started(home, mask, renew):
    before = set(snapshot(home.path))
    previous = os.umask(mask)
    try:
        install(environment(home))
        if renew:
            os.utime(os.path.join(home.site, "nvidia/cu13/bin"))
            install(environment(home))
    finally:
        os.umask(previous)
    for path in set(snapshot(home.path)) - before:
        status = os.lstat(os.path.join(home.path, path))
        if not stat.S_ISLNK(status.st_mode):
            wanted = 0o755 if stat.S_ISDIR(status.st_mode) or "bin/" in path else 0o644
            assert stat.S_IMODE(status.st_mode) == wanted, (path, oct(status.st_mode))


# who is there meanwhile -----------------------------------------------------------------------------------------------


@pytest.fixture
def while_waiting(monkeypatch):
    """Have something happen while uv, which holds its lock, is waited for."""
    real = uv_lock.shared.__enter__

    def while_waiting(event):
        def enter(lock):
            monkeypatch.setattr(uv_lock.shared, "__enter__", real)
            event()
            return real(lock)

        monkeypatch.setattr(uv_lock.shared, "__enter__", enter)

    return while_waiting


@pytest.mark.parametrize("name", ["env", "with space"])
def test_nothing_is_made_where_uv_has_just_uninstalled_it(new_prefix, tmp_path, monkeypatch, while_waiting, name):
    """What is in the cache nobody would remove."""
    prefix = new_prefix(name)
    prefix.toolkit()
    dist_info = prefix.ours()

    def uninstalled():
        shutil.rmtree(dist_info)
        os.unlink(f"{prefix.site}/cuda_shims.pth")
        monkeypatch.setattr(os, "mkdir", lambda *_: pytest.fail("something is made"))

    while_waiting(uninstalled)
    with pytest.raises(UninstalledError):
        make_root(prefix.site)
    assert not os.path.lexists(os.path.dirname(root_path(prefix.site)))
    assert not (tmp_path / "user-cache").exists()


def test_a_root_that_another_process_has_just_made_is_not_made_again(home, monkeypatch, while_waiting):
    made = []

    def other():
        make_root(home.site)
        made.append(os.readlink(root_path(home.site)))
        monkeypatch.setattr(tree, "fill", lambda *_: pytest.fail("it is made again"))

    while_waiting(other)
    assert make_root(home.site) == root_path(home.site)
    assert [os.readlink(root_path(home.site))] == made


# what changes meanwhile -----------------------------------------------------------------------------------------------


def test_a_root_of_what_changed_meanwhile_is_made_again(home, monkeypatch):
    """Whichever of its inputs it is, and however old the change looks."""
    toolkit = os.path.join(home.site, "nvidia/cu13")
    real = tree.fill
    calls = []

    def late(*arguments):
        calls.append(1)
        if len(calls) == 1:
            write(os.path.join(toolkit, "lib/libmore.so.1"))
            os.utime(os.path.join(toolkit, "lib"), (1_600_000_000, 1_600_000_000))
        real(*arguments)

    monkeypatch.setattr(tree, "fill", late)
    root = make_root(home.site)
    assert len(calls) == 2
    assert is_fresh(root, home.site)
    assert os.path.lexists(os.path.join(root, "lib/libmore.so"))


def test_what_does_not_stop_changing(home, monkeypatch):
    """There is a root all the same, and the next start makes it again."""
    toolkit = os.path.join(home.site, "nvidia/cu13")
    real = tree.fill

    def late(*arguments):
        os.utime(os.path.join(toolkit, "lib"))
        real(*arguments)
        os.utime(os.path.join(toolkit, "lib"))

    with monkeypatch.context() as patch:
        patch.setattr(tree, "fill", late)
        root = make_root(home.site)
    assert os.path.isfile(os.path.join(root, "bin/nvcc"))
    assert not is_fresh(root, home.site)
    assert make_root(home.site) == root
    assert is_fresh(root, home.site)


def test_one_that_may_have_changed_unseen_is_not_finished(home, monkeypatch):
    from cuda_shims.files import times

    monkeypatch.setattr(times, "observe", lambda _: ())
    root = make_root(home.site)
    assert os.stat(os.path.join(root, "made-from-3")).st_mtime_ns == 0
    assert not is_fresh(root, home.site)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert make_root(home.site) == root
    assert is_fresh(root, home.site)


@pytest.mark.parametrize("path", ["bin/nvcc", "bin", "lib/libcudart.so", "lib/pkgconfig", "lib64", "made-from-3"])
def test_a_root_of_which_something_is_gone_is_not_fresh(home, path):
    """An uninstaller that met a start of Python, say."""
    root = make_root(home.site)
    assert is_fresh(root, home.site)
    time.sleep(0.02)  # the clock of the file system
    gone = os.path.join(root, path)
    if os.path.isdir(gone) and not os.path.islink(gone):
        shutil.rmtree(gone)
    else:
        os.unlink(gone)
    assert not is_fresh(root, home.site)


def test_a_root_in_a_cache_is_of_its_wheels(prefix):
    """Hosts that share a home may have other wheels at the same path: neither takes the other's root away."""
    prefix.toolkit()
    place = Place(prefix.site, 13)
    first = make_root(prefix.site)
    write_distribution(prefix.site, "nvidia-curand", "1", {"nvidia/cu13/lib/libcurand.so.10": b""})
    second = make_root(prefix.site)
    assert first != second
    assert os.path.isdir(first)
    lines = {path: (Path(path) / "made-from-3").read_text() for path in (first, second)}
    assert "nvidia_curand-1.dist-info\n" in lines[second]
    assert "curand" not in lines[first]
    assert place.fresh_root() == second
    shutil.rmtree(os.path.join(prefix.site, "nvidia_curand-1.dist-info"))
    assert place.fresh_root() is None or place.fresh_root() == first
