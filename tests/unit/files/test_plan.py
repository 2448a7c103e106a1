"""What is planned, and what carrying it out leaves."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import snapshot, write

from cuda_shims.files import plan, replace
from cuda_shims.files.action import CONFLICT, CREATE, KEEP, REMOVE, REPLACE
from cuda_shims.files.entry import Entry

FILE = Entry("a/file", None, b"new", 0o644)
TOOL = Entry("a/tool", None, b"new", 0o755)
LINK = Entry("a/link", "../target")


def kinds(actions):
    return {action.path: action.kind for action in actions}


@pytest.mark.parametrize(
    ("there", "recorded", "ours", "force", "kind"),
    [
        (None, False, False, False, CREATE),
        (b"new", False, False, False, KEEP),
        (b"old", True, False, False, REPLACE),
        (b"old", False, True, False, REPLACE),
        (b"old", False, False, True, REPLACE),
        (b"old", False, False, False, CONFLICT),
        ("folder", True, True, True, CONFLICT),
        ("link", False, False, False, CONFLICT),
        ("link", False, False, True, REPLACE),
        ("dangling", False, False, False, CONFLICT),
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


@pytest.mark.parametrize(("mode", "kind"), [(0o755, KEEP), (0o700, KEEP), (0o644, REPLACE)])
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
        FILE.path: CREATE,
        "same": REMOVE,
        "changed": CONFLICT,
        "folder": CONFLICT,
    }
    assert actions[0].path == FILE.path  # removals come last
    replace.carry_out(str(tmp_path), actions)
    assert sorted(os.listdir(tmp_path)) == ["a", "changed", "folder"]
    assert (tmp_path / "changed").read_bytes() == b"theirs"


def test_after_apply_the_plan_is_to_keep_all(tmp_path):
    entries = [FILE, TOOL, LINK]
    write(str(tmp_path / TOOL.path), b"foreign")
    os.symlink("elsewhere", tmp_path / LINK.path)
    first = plan.make_plan(str(tmp_path), entries, {}, force=True)
    owned = replace.carry_out(str(tmp_path), first)
    assert owned == {entry.path: plan.entry_digest(entry) for entry in entries}
    assert set(kinds(plan.make_plan(str(tmp_path), entries, owned)).values()) == {KEEP}
    assert os.readlink(tmp_path / LINK.path) == LINK.link
    assert os.stat(tmp_path / TOOL.path).st_mode & 0o777 == 0o755


def test_a_conflict_is_neither_written_nor_owned(tmp_path):
    write(str(tmp_path / FILE.path), b"theirs")
    assert replace.carry_out(str(tmp_path), plan.make_plan(str(tmp_path), [FILE], {})) == {}
    assert (tmp_path / FILE.path).read_bytes() == b"theirs"


def test_a_file_is_replaced_and_not_written_to(tmp_path):
    # uv hard-links installed files from its cache
    cache = write(str(tmp_path / "cache"), b"old")
    os.makedirs(tmp_path / "a")
    os.link(cache, tmp_path / FILE.path)
    replace.carry_out(str(tmp_path), plan.make_plan(str(tmp_path), [FILE], {}, force=True))
    assert (tmp_path / "cache").read_bytes() == b"old"
    assert (tmp_path / FILE.path).read_bytes() == b"new"


@pytest.mark.parametrize(
    ("path", "left"), [("a/b/c/file", []), ("a/b/other/file", ["a", "a/b", "a/b/c", "a/b/c/file"])]
)
def test_removing_takes_empty_folders_along(tmp_path, path, left):
    write(str(tmp_path / "a/b/c/file"))
    write(str(tmp_path / path))
    replace.remove(str(tmp_path / path), str(tmp_path))
    replace.remove(str(tmp_path / path), str(tmp_path))  # no error when it is gone
    assert sorted(snapshot(str(tmp_path))) == left


def test_removing_outside_the_folder_takes_no_folder_along(tmp_path):
    os.mkdir(tmp_path / "site")
    path = write(str(tmp_path / "bin/nvcc"))
    replace.remove(os.path.join(str(tmp_path), "site/../bin/nvcc"), str(tmp_path / "site"))
    assert (os.path.exists(path), os.path.isdir(tmp_path / "bin")) == (False, True)
