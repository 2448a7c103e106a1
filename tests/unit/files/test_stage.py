"""Stages, and what killed processes left."""

from __future__ import annotations

import errno
import os

import pytest
from fake_toolkit import age, write
from roots import is_fresh, make_root

from cuda_shims.files import stage as stages
from cuda_shims.files import write as writing


def test_what_killed_processes_left_is_swept_when_no_process_holds_it(prefix):
    toolkit = prefix.toolkit()
    prefix.ours()
    folder = os.path.dirname(make_root(prefix.site))
    here, elsewhere = stages._who_locks(folder), "01234567-1a-"  # another host's locks are not seen
    names = (f"{here}dead", f"{elsewhere}old", f"{elsewhere}young", "old", "young")
    dead, old_stage, young_stage, old, young = (os.path.join(folder, f"{name}{writing.SCRATCH}") for name in names)
    for each in (dead, old_stage, young_stage):
        write(os.path.join(each, "bin/nvcc"))
    age(old_stage)
    write(old)  # what is no directory has no lock
    age(old)
    write(young)
    with stages.Stage(folder) as alive:
        write(os.path.join(alive.path, "bin/nvcc"))
        os.utime(os.path.join(toolkit, "bin"))
        make_root(prefix.site)
        assert os.listdir(alive.path) == ["bin"]
    left = {os.path.basename(young_stage), "cu13", "ledger", "young.cuda-shims-tmp"}
    assert {name for name in os.listdir(folder) if not name.startswith(".cu13-")} == left


def test_a_stage_that_is_swept_before_it_is_locked(tmp_path, monkeypatch):
    """Between its making and its lock another process may take it for abandoned."""
    real = stages.lock
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

    monkeypatch.setattr(stages, "lock", late)
    before = os.listdir("/proc/self/fd")
    with stages.Stage(str(tmp_path)) as stage:
        assert os.path.isdir(stage.path)
        assert stage.path not in swept
    assert os.listdir(tmp_path) == []
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_scratch_that_goes_away_while_it_is_looked_at(tmp_path, monkeypatch):
    write(str(tmp_path / f"cu13.1{writing.SCRATCH}"))
    real = os.lstat
    met = []

    def gone(path, **options):
        if os.path.basename(path).startswith("cu13.1"):
            met.append(path)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return real(path, **options)

    monkeypatch.setattr(os, "lstat", gone)
    with stages.Stage(str(tmp_path)):
        assert met


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL])
def test_a_file_system_without_locks(prefix, monkeypatch, code):
    """Then what is left of killed processes goes by its age alone, and nothing waits for anything."""
    import fcntl

    def without(*_):
        raise OSError(code, os.strerror(code))

    real = os.lstat

    def long_ago(path, **options):
        status = real(path, **options)
        if os.path.basename(path).startswith(".cu13-"):
            return os.stat_result((*status[:9], status.st_ctime - 100))
        return status

    monkeypatch.setattr(fcntl, "flock", without)
    toolkit = prefix.toolkit()
    prefix.ours()
    root = make_root(prefix.site)
    write(os.path.join(os.path.dirname(root), ".cu13-00000000", "left over"))
    for number in range(3):
        write(os.path.join(toolkit, f"bin/more{number}"))
        assert make_root(prefix.site) == root
        assert is_fresh(root, prefix.site)
        assert os.path.exists(os.path.join(root, f"bin/more{number}"))
    # none has been there for long
    assert len(os.listdir(os.path.dirname(root))) == 1 + 4 + len({"cu13", "ledger"})
    monkeypatch.setattr(os, "lstat", long_ago)
    os.utime(os.path.join(toolkit, "bin"))
    make_root(prefix.site)
    assert len(os.listdir(os.path.dirname(root))) == 2 + len({"cu13", "ledger"})


def test_no_stage_in_a_place_that_cannot_be_made(tmp_path):
    write(str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"Not a directory|File exists"):  # noqa: SIM117
        with stages.Stage(str(tmp_path / "file/ours")):
            pass


def test_a_folder_is_tidied_only_if_it_has_to_be(tmp_path):
    stages.tidy(str(tmp_path / "nowhere"))
    write(str(tmp_path / "file"))
    stages.tidy(str(tmp_path / "file"))
    before = os.stat(tmp_path).st_mtime_ns
    stages.tidy(str(tmp_path))
    assert os.stat(tmp_path).st_mtime_ns == before
    age(write(str(tmp_path / f"old{writing.SCRATCH}")))
    stages.tidy(str(tmp_path))
    assert os.listdir(tmp_path) == ["file"]
