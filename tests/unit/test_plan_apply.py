"""What is planned, and that carrying it out leaves nothing half-done, whatever goes wrong."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import time

import pytest
from fake_toolkit import age, snapshot, write, write_distribution

from cuda_shims import api, apply, plan, root_maker, search, stages
from cuda_shims.environments import Environment
from cuda_shims.errors import NotWritableError
from cuda_shims.roots import Entry

FILE = Entry("a/file", None, b"new", 0o644)
TOOL = Entry("a/tool", None, b"new", 0o755)
LINK = Entry("a/link", "../target")


def install(prefix):
    return api.install(Environment((prefix.site,), prefix.bin, prefix.ours(), is_target=False, label="test"))


def kinds(actions):
    return {action.path: action.kind for action in actions}


# plan -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "recorded", "ours", "force", "kind"),
    [
        (None, False, False, False, plan.CREATE),
        (b"new", False, False, False, plan.KEEP),
        (b"old", True, False, False, plan.REPLACE),
        (b"old", False, True, False, plan.REPLACE),
        (b"old", False, False, True, plan.REPLACE),
        (b"old", False, False, False, plan.CONFLICT),
        ("folder", True, True, True, plan.CONFLICT),
        ("link", False, False, False, plan.CONFLICT),
        ("link", False, False, True, plan.REPLACE),
        ("dangling", False, False, False, plan.CONFLICT),
    ],
)
def test_every_kind(tmp_path, there, recorded, ours, force, kind):
    path = str(tmp_path / FILE.path)
    os.makedirs(os.path.dirname(path))
    if there == "folder":
        os.mkdir(path)
    elif there in {"link", "dangling"}:
        os.symlink(str(tmp_path) if there == "link" else "/nowhere", path)
    elif there is not None:
        write(path, there)
    record = {FILE.path: plan.disk_digest(path)} if recorded else {FILE.path: "sha256:other"}
    (action,) = plan.make_plan(str(tmp_path), [FILE], record, ours=lambda _: ours, force=force)
    assert (action.kind, action.path, action.entry) == (kind, FILE.path, FILE)


@pytest.mark.parametrize(("mode", "kind"), [(0o755, plan.KEEP), (0o700, plan.KEEP), (0o644, plan.REPLACE)])
def test_a_tool_must_be_executable(tmp_path, mode, kind):
    path = write(str(tmp_path / TOOL.path), TOOL.data, mode)
    assert kinds(plan.make_plan(str(tmp_path), [TOOL], {TOOL.path: plan.disk_digest(path)})) == {TOOL.path: kind}


def test_what_is_wanted_no_more_goes_unless_somebody_changed_it(tmp_path):
    recorded = {}
    for name in ("gone", "same", "changed", "folder"):
        path = write(str(tmp_path / name), b"ours")
        recorded[name] = plan.disk_digest(path)
    os.unlink(tmp_path / "gone")
    (tmp_path / "changed").write_bytes(b"theirs")
    os.unlink(tmp_path / "folder")
    os.mkdir(tmp_path / "folder")
    actions = plan.make_plan(str(tmp_path), [FILE], recorded)
    assert kinds(actions) == {
        FILE.path: plan.CREATE,
        "same": plan.REMOVE,
        "changed": plan.CONFLICT,
        "folder": plan.CONFLICT,
    }
    assert actions[0].path == FILE.path  # removals come last
    apply.carry_out(str(tmp_path), actions)
    assert sorted(os.listdir(tmp_path)) == ["a", "changed", "folder"]
    assert (tmp_path / "changed").read_bytes() == b"theirs"


def test_after_apply_the_plan_is_to_keep_all(tmp_path):
    entries = [FILE, TOOL, LINK]
    write(str(tmp_path / TOOL.path), b"foreign")
    os.symlink("elsewhere", tmp_path / LINK.path)
    first = plan.make_plan(str(tmp_path), entries, {}, force=True)
    owned = apply.carry_out(str(tmp_path), first)
    assert owned == {entry.path: plan.entry_digest(entry) for entry in entries}
    assert set(kinds(plan.make_plan(str(tmp_path), entries, owned)).values()) == {plan.KEEP}
    assert os.readlink(tmp_path / LINK.path) == LINK.link
    assert os.stat(tmp_path / TOOL.path).st_mode & 0o777 == 0o755


def test_a_conflict_is_neither_written_nor_owned(tmp_path):
    write(str(tmp_path / FILE.path), b"theirs")
    assert apply.carry_out(str(tmp_path), plan.make_plan(str(tmp_path), [FILE], {})) == {}
    assert (tmp_path / FILE.path).read_bytes() == b"theirs"


def test_a_file_is_replaced_and_not_written_to(tmp_path):
    # uv hard-links installed files from its cache
    cache = write(str(tmp_path / "cache"), b"old")
    os.makedirs(tmp_path / "a")
    os.link(cache, tmp_path / FILE.path)
    apply.carry_out(str(tmp_path), plan.make_plan(str(tmp_path), [FILE], {}, force=True))
    assert (tmp_path / "cache").read_bytes() == b"old"
    assert (tmp_path / FILE.path).read_bytes() == b"new"


@pytest.mark.parametrize(
    ("path", "left"), [("a/b/c/file", []), ("a/b/other/file", ["a", "a/b", "a/b/c", "a/b/c/file"])]
)
def test_removing_takes_empty_folders_along(tmp_path, path, left):
    write(str(tmp_path / "a/b/c/file"))
    write(str(tmp_path / path))
    apply.remove(str(tmp_path / path), str(tmp_path))
    apply.remove(str(tmp_path / path), str(tmp_path))  # no error when it is gone
    assert sorted(snapshot(str(tmp_path))) == left


def test_removing_outside_the_folder_takes_no_folder_along(tmp_path):
    os.mkdir(tmp_path / "site")
    path = write(str(tmp_path / "bin/nvcc"))
    apply.remove(os.path.join(str(tmp_path), "site/../bin/nvcc"), str(tmp_path / "site"))
    assert (os.path.exists(path), os.path.isdir(tmp_path / "bin")) == (False, True)


# our record -----------------------------------------------------------------------------------------------------------


def test_the_record_is_read_back(tmp_path):
    digests = {"a b": "link:x y", "c": "sha256:00", "\udcff": "link:\udcfe"}
    with stages.stage(str(tmp_path)) as stage:
        apply.write_record(str(tmp_path), digests, stage)
        assert plan.read_record(str(tmp_path)) == digests
        before = snapshot(str(tmp_path), times=True)
        apply.write_record(str(tmp_path), dict(reversed(digests.items())), stage)
        assert snapshot(str(tmp_path), times=True) == before
        apply.write_record(str(tmp_path), {}, stage)
    assert plan.read_record(str(tmp_path)) == {}
    assert os.listdir(tmp_path) == [plan.RECORD]


@pytest.mark.parametrize(
    "data", [b"", b"\0\xff\n", b"path\n", b"a\tb\tc\n", b"path\tmd5:0\n", b"\n\n", b"path\tsha256\n", b"{}"]
)
def test_garbage_in_the_record_gives_no_right_to_touch_anything(tmp_path, data):
    (tmp_path / plan.RECORD).write_bytes(data + b"good\tlink:x\n")
    assert plan.read_record(str(tmp_path)).get("path", "sha256") in {"sha256", "sha256:"}
    (tmp_path / plan.RECORD).write_bytes(data)
    assert not [each for each in plan.read_record(str(tmp_path)).values() if len(each) > len("sha256:")]


def test_an_empty_record_is_not_written(tmp_path):
    with stages.stage(str(tmp_path)) as stage:
        apply.write_record(str(tmp_path), {}, stage)
    assert os.listdir(tmp_path) == []


# whatever goes wrong --------------------------------------------------------------------------------------------------


class Fault:
    """Fails from the n-th call of certain functions of os on, as a full disk does."""

    def __init__(self, monkeypatch, names, number):
        self.calls = 0
        self.number = number
        for name in names:
            self._wrap(monkeypatch, name, getattr(os, name))

    def _wrap(self, monkeypatch, name, real):
        def wrapped(*arguments, **options):
            writes = name != "open" or (len(arguments) > 1 and arguments[1] & os.O_WRONLY)
            if writes:
                self.calls += 1
                if self.calls >= self.number:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), arguments[0])
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, wrapped)


def whole(folder):
    """No scratch; no file of ours that is not as recorded; a root that looks fresh is complete."""
    found = snapshot(folder)
    assert not [path for path in found if apply.SCRATCH in path], "scratch is left"
    return found


@pytest.mark.parametrize("renew", [False, True], ids=["new", "renewed"])
def test_a_full_disk_at_every_step(new_prefix, monkeypatch, renew):
    def prepared(name):
        prefix = new_prefix(name)
        prefix.toolkit()
        prefix.ours()
        if renew:
            install(prefix)
            write_distribution(
                prefix.site, "nvidia-cuda-cuobjdump", "13.5.37", {"nvidia/cu13/bin/cuobjdump": b"#!/bin/sh\n"}
            )
            os.unlink(os.path.join(prefix.site, "nvidia/cu13/bin/__nvcc_device_query"))
        return prefix

    def environment(prefix):
        folder = os.path.join(prefix.site, "cuda_shims-0.1.0.dist-info")
        return Environment((prefix.site,), prefix.bin, folder, is_target=False, label="test")

    with monkeypatch.context() as patch:
        count = Fault(patch, ("open", "symlink", "replace", "rename"), 10**9)
        whole_prefix = prepared("whole")
        count.calls = 0
        api.install(environment(whole_prefix))
        steps = count.calls
    expected = set(snapshot(whole_prefix.path))
    assert steps > 10
    prefix = prepared("prefix")
    # every step of a renewal; of a new root, which is moved as a whole, the first, the last and some between
    for number in sorted({1, 2, 3, *range(5, steps, 1 if renew else 9), *range(steps - 12, steps + 1)}, reverse=True):
        if number != steps:
            prefix = prepared(f"prefix{number}")
        before = snapshot(prefix.path)
        with monkeypatch.context() as patch:
            Fault(patch, ("open", "symlink", "replace", "rename"), number)
            with pytest.raises(NotWritableError, match="No space left"):
                api.install(environment(prefix))
        after = whole(prefix.path)
        root = search.root_path(prefix.site, 13)
        if search.is_fresh(root):
            assert set(os.listdir(os.path.join(root, "bin"))) == set(
                os.listdir(os.path.join(prefix.site, "nvidia/cu13/bin"))
            )
        elif not renew:
            assert not os.path.lexists(root)
        else:  # a reader sees no less than before
            assert {path for path in before if not path.endswith("__nvcc_device_query")} <= set(after)
        api.install(environment(prefix))
        assert set(whole(prefix.path)) == expected


def test_an_error_names_a_place_of_ours(prefix, monkeypatch):
    prefix.toolkit()

    def full(source, target, *_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), source, None, target)

    monkeypatch.setattr(os, "symlink", full)
    with pytest.raises(NotWritableError) as raised:
        root_maker.make_root(prefix.site, 13)
    assert raised.value.path.startswith(os.path.join(prefix.site, search.ROOTS_FOLDER))


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("name", ["symlink", "open", "rename", "replace"])
def test_an_interruption_leaves_nothing(prefix, monkeypatch, interruption, name):
    prefix.toolkit()
    before = snapshot(prefix.site)
    real = getattr(os, name)

    def interrupted(*arguments, **options):
        if name == "open" and not arguments[1] & os.O_WRONLY:
            return real(*arguments, **options)
        raise interruption

    with monkeypatch.context() as patch:
        patch.setattr(os, name, interrupted)
        with pytest.raises(interruption):
            root_maker.make_root(prefix.site, 13)
    assert set(whole(prefix.site)) - set(before) <= {search.ROOTS_FOLDER}


def test_the_stamp_is_whole_or_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "utime", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EPERM, "no")))
    with stages.stage(str(tmp_path)) as stage, pytest.raises(OSError, match="no"):
        apply.write_stamps(str(tmp_path), stage)
    assert os.listdir(tmp_path) == []


def test_another_process_was_faster(prefix, monkeypatch):
    prefix.toolkit()
    path = search.root_path(prefix.site, 13)
    real = os.rename

    def late(source, target):
        monkeypatch.setattr(os, "rename", real)
        assert root_maker.write_root(prefix.site, 13, path, driver_stub=True)  # the other one
        return real(source, target)

    monkeypatch.setattr(os, "rename", late)
    assert root_maker.write_root(prefix.site, 13, path, driver_stub=True) is None
    assert search.is_fresh(path)
    whole(prefix.site)


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o077])
@pytest.mark.parametrize("renew", [False, True])
def test_nothing_of_ours_is_writable_for_others_and_tools_can_be_started(prefix, mask, renew):
    prefix.toolkit()
    prefix.ours()
    before = set(snapshot(prefix.path))
    previous = os.umask(mask)
    try:
        install(prefix)
        if renew:
            write(os.path.join(prefix.site, "nvidia/cu13/nvvm/bin/more"))
            install(prefix)
    finally:
        os.umask(previous)
    for path in (
        set(snapshot(prefix.path)) - before - {os.path.relpath(prefix.site, prefix.path) + "/nvidia/cu13/nvvm/bin/more"}
    ):
        status = os.lstat(os.path.join(prefix.path, path))
        if not stat.S_ISLNK(status.st_mode):
            assert not status.st_mode & 0o022, (path, oct(status.st_mode))
    assert os.access(os.path.join(prefix.bin, "nvcc"), os.X_OK)


# locks and leftovers --------------------------------------------------------------------------------------------------


def test_a_lock_that_is_held_is_waited_for_not_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "LOCK_SECONDS", 0.2)
    folder = str(tmp_path / "ours")
    with stages.exclusive(folder) as first, stages.exclusive(folder) as second:
        assert (first, second) == (True, False)
    with stages.exclusive(folder) as third:  # it was given back
        assert third is True


def test_a_root_whose_lock_is_held_is_exchanged(prefix, monkeypatch):
    monkeypatch.setattr(stages, "LOCK_SECONDS", 0.2)
    toolkit = prefix.toolkit()
    root = root_maker.make_root(prefix.site, 13)
    write(os.path.join(toolkit, "lib/libmore.so.1"))
    before = os.stat(root).st_ino
    with stages.exclusive(os.path.dirname(root)):
        assert root_maker.make_root(prefix.site, 13) == root
    assert (search.is_fresh(root), os.stat(root).st_ino == before) == (True, False)
    assert os.path.exists(os.path.join(root, "lib/libmore.so"))


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL])
def test_a_file_system_without_locks(prefix, monkeypatch, code):
    """Then a root is renewed as a whole, in one step, and nothing waits for anything."""
    import fcntl

    def without(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", without)
    toolkit = prefix.toolkit()
    root = root_maker.make_root(prefix.site, 13)
    os.utime(os.path.join(toolkit, "bin"))
    write(os.path.join(root, "bin/left over"))
    before = os.stat(root).st_ino
    assert root_maker.make_root(prefix.site, 13) == root
    assert os.stat(root).st_ino != before
    assert search.is_fresh(root)
    assert not os.path.exists(os.path.join(root, "bin/left over"))
    assert sorted(os.listdir(os.path.dirname(root))) == [".lock", "cu13"]


def test_a_lock_in_a_place_that_cannot_be_made(tmp_path):
    write(str(tmp_path / "file"))
    with pytest.raises(NotWritableError):  # noqa: SIM117
        with stages.exclusive(str(tmp_path / "file/ours")):
            pass


def test_the_lock_on_windows(tmp_path, monkeypatch):
    """It is filelock's, which works here too."""
    monkeypatch.setattr(stages, "LOCK_SECONDS", 0.1)
    path = str(tmp_path / ".lock")
    release = stages._acquire_on_windows(path)
    assert stages._acquire_on_windows(path) is None
    release()
    stages._acquire_on_windows(path)()
    monkeypatch.setitem(sys.modules, "filelock", None)
    assert stages._acquire_on_windows(path) is None
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with stages.exclusive(str(tmp_path)) as locked:
        assert not locked


def test_a_lock_whose_file_an_uninstaller_has_removed(tmp_path, monkeypatch):
    """Who got that would share it with nobody."""
    folder, real = str(tmp_path), os.open
    opened = []

    def late(path, *arguments):
        descriptor = real(path, *arguments)
        opened.append(path)
        if len(opened) == 1:
            os.unlink(path)
        return descriptor

    monkeypatch.setattr(os, "open", late)
    with stages.exclusive(folder) as locked:
        assert locked
        assert len(opened) == 2
        with stages.exclusive(folder) as again:
            assert not again


def test_what_killed_processes_left_is_swept_when_no_process_holds_it(prefix):
    toolkit = prefix.toolkit()
    root = root_maker.make_root(prefix.site, 13)
    folder = os.path.dirname(root)
    here, elsewhere = stages._who_locks(folder), "01234567-1a-"  # another host's locks are not seen
    names = (f"{here}dead", f"{elsewhere}old", f"{elsewhere}young", "old", "young")
    dead, old_stage, young_stage, old, young = (os.path.join(folder, f"{name}{apply.SCRATCH}") for name in names)
    for each in (dead, old_stage, young_stage):
        write(os.path.join(each, "bin/nvcc"))
    age(old_stage)
    write(old)  # what is no directory has no lock
    age(old)
    write(young)
    with stages.stage(folder) as alive:
        write(os.path.join(alive.path, "bin/nvcc"))
        os.utime(os.path.join(toolkit, "bin"))
        root_maker.make_root(prefix.site, 13)
        assert os.listdir(alive.path) == ["bin"]
    assert sorted(os.listdir(folder)) == [
        ".lock",
        *map(os.path.basename, (young_stage,)),
        "cu13",
        "young.cuda-shims-tmp",
    ]


def test_a_stage_that_is_swept_before_it_is_locked(tmp_path, monkeypatch):
    """Between its making and its lock another process may take it for abandoned."""
    real = stages._lock
    swept = []

    def late(path):
        if len(swept) < 2:
            swept.append(path)
            if len(swept) == 1:
                descriptor = real(path)  # the other one has it just now
                try:
                    return real(path)
                finally:
                    os.close(descriptor)
                    os.rmdir(path)
            descriptor = real(path)
            os.rmdir(path)  # and here it had it before
            return descriptor
        if len(swept) == 2:
            swept.append(path)
            os.rmdir(path)  # and now it has removed it
        return real(path)

    monkeypatch.setattr(stages, "_lock", late)
    with stages.stage(str(tmp_path)) as stage:
        assert os.path.isdir(stage.path)
        assert stage.path not in swept
    assert os.listdir(tmp_path) == []


def test_a_scratch_that_goes_away_while_it_is_looked_at(prefix, monkeypatch):
    toolkit = prefix.toolkit()
    root = root_maker.make_root(prefix.site, 13)
    write(os.path.join(os.path.dirname(root), f"cu13.1{apply.SCRATCH}"))
    real = os.lstat

    def gone(path, **options):
        if str(path).endswith(apply.SCRATCH):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return real(path, **options)

    monkeypatch.setattr(os, "lstat", gone)
    os.utime(os.path.join(toolkit, "bin"))
    root_maker.make_root(prefix.site, 13)


def test_roots_of_environments_that_are_gone_are_swept(new_prefix, tmp_path):
    gone, here, new = (new_prefix(name) for name in ("a gone", "a here", "a new"))
    for prefix in (gone, here):
        prefix.toolkit()
    roots = [root_maker.make_root(prefix.site, 13) for prefix in (gone, here)]
    write(os.path.join(os.path.dirname(os.path.dirname(roots[0])), "a stray file"))
    os.rename(gone.path, tmp_path / "elsewhere")
    new.toolkit()
    assert os.path.exists(root_maker.make_root(new.site, 13))
    assert [os.path.exists(root) for root in roots] == [False, True]


def test_a_folder_that_changed_just_now_is_waited_for(tmp_path):
    """An installer that has just ended: the root is good at once, and not stale until another start makes it anew."""
    os.utime(tmp_path)
    changed = os.stat(tmp_path).st_mtime_ns
    assert plan.observe([str(tmp_path)]) == (changed,)
    assert plan.observe([str(tmp_path), str(tmp_path / "gone")]) == ()
    assert 50_000_000 <= time.time_ns() - changed < 10**10


def test_a_folder_that_does_not_stop_changing_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(plan.time, "sleep", lambda _: os.utime(tmp_path))
    os.utime(tmp_path)
    assert plan.observe([str(tmp_path)]) == ()


def test_a_folder_whose_clock_is_coarse_says_nothing_for_a_while(tmp_path, monkeypatch):
    now = 10**18 + 123
    os.utime(tmp_path, ns=(now, now))
    for later, known in ((0, False), (49_000_000, False), (60_000_000, True), (-1, True)):
        monkeypatch.setattr(plan.time, "time_ns", lambda later=later: now + later)
        assert plan.observe([str(tmp_path)]) == ((now,) if known else ())
    # a file system that counts whole seconds
    now -= 123
    os.utime(tmp_path, ns=(now, now))
    for later, known in ((1_900_000_000, False), (2_100_000_000, True)):
        monkeypatch.setattr(plan.time, "time_ns", lambda later=later: now + later)
        assert plan.observe([str(tmp_path)]) == ((now,) if known else ())


def test_a_root_of_what_changed_meanwhile_is_made_again(prefix, monkeypatch):
    """Whichever of its inputs it is, and however old the change looks."""
    toolkit = prefix.toolkit()
    root = search.root_path(prefix.site, 13)
    real = apply.write_record

    def late(*arguments):
        write(os.path.join(toolkit, "lib/libmore.so.1"))
        os.utime(os.path.join(toolkit, "lib"), (1_600_000_000, 1_600_000_000))
        real(*arguments)

    monkeypatch.setattr(apply, "write_record", late)
    root_maker.make_root(prefix.site, 13)
    assert search.is_fresh(root)
    assert os.path.lexists(os.path.join(root, "lib/libmore.so"))


@pytest.mark.parametrize("path", ["bin/nvcc", "bin", "lib/libcudart.so", "lib/pkgconfig", "lib64", "made-from-1/bin"])
def test_a_root_of_which_something_is_gone_is_not_fresh(prefix, path):
    """An uninstaller that met a start of Python, say."""
    prefix.toolkit()
    root = root_maker.make_root(prefix.site, 13)
    assert search.is_fresh(root)
    time.sleep(0.02)  # the clock of the file system
    gone = os.path.join(root, path)
    if os.path.isdir(gone) and not os.path.islink(gone):
        shutil.rmtree(gone)
    else:
        os.unlink(gone)
    assert not search.is_fresh(root)
