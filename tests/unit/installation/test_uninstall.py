"""What an uninstall takes from the caches, and what it never takes."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import write, write_distribution
from roots import make_root

from cuda_shims.environment.environment import Environment
from cuda_shims.files import replace
from cuda_shims.files import write as write_files
from cuda_shims.files.action import CONFLICT, REMOVE
from cuda_shims.installation.uninstall import uninstall


@pytest.fixture
def cached(prefix):
    """Return an environment whose root is in the cache, and that root."""
    prefix.toolkit()
    return prefix, make_root(prefix.site)


def environment(*prefixes):
    first = prefixes[0]
    dist_info = os.path.join(first.site, "cuda_shims-0.1.0.dist-info")
    sites = tuple(prefix.site for prefix in prefixes)
    return Environment(sites, first.bin, dist_info if os.path.isdir(dist_info) else None, is_target=False, label="test")


def test_roots_in_the_cache_go_and_no_folder_stays(cached, tmp_path):
    prefix, root = cached
    prefix.ours()
    changes = uninstall(environment(prefix), dry_run=True)
    named = {os.path.basename(change.path) for change in changes if change.what == "root"}
    assert named == {os.path.basename(root), os.readlink(root)}
    assert os.path.isdir(root)
    changes = uninstall(environment(prefix))
    assert {change.kind for change in changes} == {REMOVE}
    assert os.listdir(tmp_path / "user-cache") == []


def test_those_of_users_without_a_home(prefix, tmp_path, monkeypatch):
    prefix.toolkit()
    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, "")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    assert make_root(prefix.site).startswith(str(tmp_path / "temporary"))
    uninstall(environment(prefix))
    assert os.listdir(tmp_path / "temporary") == []


def test_that_of_a_base_environment_goes_too(new_prefix, tmp_path):
    """``--system-site-packages``: the wheels are the base's, which never had cuda-shims."""
    venv, base = new_prefix("venv"), new_prefix("base")
    base.toolkit()
    venv.ours()
    make_root(base.site)
    uninstall(environment(venv, base))
    assert os.listdir(tmp_path / "user-cache") == []


def test_another_environments_stays(new_prefix):
    """One that has cuda-shims of its own, though it is on the path; one whose path goes on."""
    venv, base = new_prefix("venv"), new_prefix("base")
    inner = new_prefix(f"venv/{os.path.relpath(venv.site, venv.path)}/inner")
    for prefix in (venv, base, inner):
        prefix.toolkit()
    roots = [make_root(prefix.site) for prefix in (venv, base, inner)]
    for prefix in (venv, base):
        prefix.ours()
    uninstall(environment(venv, base))
    assert [os.path.exists(root) for root in roots] == [False, True, True]


def test_what_is_no_root_stays(cached):
    prefix, root = cached
    theirs = write(os.path.join(os.path.dirname(root), "cu13 notes"), b"theirs")
    prefix.ours()
    uninstall(environment(prefix))
    assert os.listdir(os.path.dirname(theirs)) == ["cu13 notes"]


def test_what_record_names_elsewhere_stays(prefix, tmp_path):
    """It is text that anybody may have written who can write to the environment."""
    dist_info = prefix.ours()
    theirs = [write(str(tmp_path / "theirs")), write(f"{prefix.site}/numpy/core.py"), write(f"{prefix.bin}/python")]
    with open(os.path.join(dist_info, "RECORD"), "a", encoding="utf-8") as record:
        record.writelines(f"{os.path.relpath(path, prefix.site)},,\n" for path in theirs)
        record.write("cuda_shims\0.py,,\n")
    changes = uninstall(environment(prefix), force=True)
    assert sorted(change.path for change in changes if change.kind == CONFLICT) == sorted(theirs)
    assert all(os.path.exists(path) for path in theirs)
    assert not os.path.exists(dist_info)


def test_no_hook_runs_while_its_folder_goes(prefix, monkeypatch):
    """It would make a root anew."""
    prefix.toolkit()
    prefix.ours()
    root = make_root(prefix.site)
    hook = f"{prefix.site}/cuda_shims.pth"
    assert os.path.exists(hook)
    real = write_files.remove_tree
    seen = []

    def remove_tree(folder, **options):
        seen.append(os.path.exists(hook))
        real(folder, **options)

    monkeypatch.setattr(write_files, "remove_tree", remove_tree)
    uninstall(environment(prefix))
    assert True not in seen
    assert seen
    assert not os.path.lexists(root)


def test_what_a_start_has_written_that_ended_meanwhile(prefix, monkeypatch):
    """It saw the start-up files when it was done, so it took nothing back."""
    prefix.toolkit()
    prefix.ours()
    make_root(prefix.site)
    real = replace.remove
    late = []

    def remove(path, folder):
        if not late:
            late.append(path)
            tool = {"nvidia/cu13/bin/cuobjdump": b"#!/bin/sh\n"}
            write_distribution(prefix.site, "nvidia-cuda-cuobjdump", "13.5.37", tool)
            make_root(prefix.site)
            assert os.path.isfile(f"{prefix.bin}/cuobjdump")
        real(path, folder)

    monkeypatch.setattr(replace, "remove", remove)
    changes = uninstall(environment(prefix))
    assert f"{prefix.bin}/cuobjdump" in {change.path for change in changes}
    assert os.listdir(prefix.bin) == []


def test_a_cache_that_others_can_write_to_is_not_looked_at(cached):
    """A link of theirs there leads anywhere."""
    prefix, root = cached
    os.chmod(os.path.dirname(root), 0o777)  # noqa: S103
    prefix.ours()
    uninstall(environment(prefix))
    assert os.path.exists(root)


@pytest.mark.parametrize("force", [False, True])
def test_what_was_changed_since_goes_by_force_alone(prefix, force):
    """RECORD is text that anybody may have written who can write to it; --force is about files of ours."""
    theirs = [write(os.path.join(prefix.path, name), b"theirs") for name in ("lib/libz.so", "bin/ninja")]
    changed = os.path.join(prefix.site, "cuda_shims/more.py")
    info = prefix.ours()
    write(changed, b"changed since")
    with open(os.path.join(info, "RECORD"), "a", encoding="utf-8") as record:
        record.writelines(f"{os.path.relpath(path, prefix.site)},sha256=x,1\n" for path in (*theirs, changed))
    changes = uninstall(environment(prefix), force=force)
    left = theirs if force else [*theirs, changed]
    assert sorted(each.path for each in changes if each.kind == CONFLICT) == sorted(left)
    assert [os.path.exists(path) for path in (*theirs, changed)] == [True, True, not force]
