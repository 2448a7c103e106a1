"""How a root is written: whole, then one link is switched; and that who follows its links stays inside."""

from __future__ import annotations

import os
import threading

import pytest
from fake_toolkit import age, write_distribution
from roots import is_fresh, make_root, planned, root_path

from cuda_shims.files import stage, tree
from cuda_shims.files.rights import OWN
from cuda_shims.root.write import write_root


@pytest.fixture
def home(prefix):
    prefix.toolkit()
    prefix.ours()
    return prefix


def versions(prefix):
    folder = os.path.dirname(root_path(prefix.site))
    return sorted(name for name in os.listdir(folder) if name.startswith(".cu13-"))


def upgrade(prefix, number):
    write_distribution(prefix.site, f"nvidia-more{number}", "1", {f"nvidia/cu13/lib/libmore{number}.so.1": b""})


def test_who_resolves_links_stays_inside(home):
    root = make_root(home.site)
    real = os.path.realpath(root)
    for path in ("bin/nvcc", "lib/libcudart_static.a", "lib64/libcudart_static.a"):
        assert os.path.realpath(os.path.join(root, path)).startswith(f"{real}/"), path
        wheel = os.path.join(home.site, "nvidia/cu13", path.replace("64", ""))
        assert os.path.samefile(os.path.join(root, path), wheel)


@pytest.mark.parametrize("size", [1, 5 << 20])
@pytest.mark.parametrize("why", ["layered", "refused"])
def test_where_no_hard_link_can_be_made(home, monkeypatch, why, size):
    """A small file is copied, with its time; a large one is linked to."""
    wheels = os.path.join(home.site, "nvidia/cu13")
    with open(os.path.join(wheels, "bin/nvcc"), "ab") as file:
        file.truncate(size)
    age(home.site)
    if why == "layered":
        monkeypatch.setattr(tree, "_is_layered", lambda _: True)
        monkeypatch.setattr(os, "link", lambda *_: pytest.fail("it would copy the file up"))
    else:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError(1, "no")))
    root = make_root(home.site)
    nvcc, library = (os.path.join(root, each) for each in ("bin/nvcc", "lib/libcudart_static.a"))
    assert os.path.islink(nvcc) == (size > 4 << 20)
    assert os.access(nvcc, os.X_OK)
    for path, wheel in ((nvcc, "bin/nvcc"), (library, "lib/libcudart_static.a")):
        own, theirs = os.stat(path), os.stat(os.path.join(wheels, wheel))
        assert (own.st_size, own.st_mtime_ns, own.st_nlink) == (theirs.st_size, theirs.st_mtime_ns, 1)
    assert not os.path.islink(library)
    assert is_fresh(root, home.site)
    assert planned(home.site, root).is_whole()


def test_a_wheel_that_is_a_link_itself(home, tmp_path):
    """As uv lays it out with ``--link-mode symlink``: the file is linked to, and not its link."""
    wheel = os.path.join(home.site, "nvidia/cu13/bin/nvcc")
    os.rename(wheel, tmp_path / "nvcc")
    os.symlink(tmp_path / "nvcc", wheel)
    age(home.site)
    root = make_root(home.site)
    assert not os.path.islink(os.path.join(root, "bin/nvcc"))
    assert os.path.samefile(os.path.join(root, "bin/nvcc"), wheel)
    assert is_fresh(root, home.site)


def test_nothing_leads_back(home):
    root = make_root(home.site)
    real = os.path.realpath(root)
    for top, folders, files in os.walk(root):
        for path in (os.path.join(top, name) for name in (*folders, *files)):
            if os.path.islink(path):
                assert not f"{real}/".startswith(os.path.join(os.path.realpath(path), "")), path
    count = sum(len(files) for _, _, files in os.walk(root, followlinks=True))
    assert count < 200


def test_a_build_keeps_what_it_resolved(home):
    """The root before stays until the next one is made, and older ones go."""
    root = make_root(home.site)
    seen = [os.path.realpath(root)]
    for number in range(3):
        upgrade(home, number)
        assert make_root(home.site) == root
        assert os.path.realpath(root) not in seen
        assert os.path.isfile(os.path.join(seen[-1], "bin/nvcc"))
        seen.append(os.path.realpath(root))
        assert [os.path.exists(each) for each in seen] == [each in seen[-2:] for each in seen]
    assert len(versions(home)) == 2


def test_at_no_moment_is_there_none(home):
    root = make_root(home.site)
    stop = threading.Event()
    missing = []

    def look():
        while not stop.is_set():
            if not os.path.isfile(os.path.join(root, "bin/nvcc")):
                missing.append(1)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(5):
            upgrade(home, number)
            make_root(home.site)
    finally:
        stop.set()
        reader.join()
    assert missing == []


def test_what_is_told_of_it(home):
    """Of wheels that have changed meanwhile none is put there, unless it is the last try."""
    root = root_path(home.site)
    os.mkdir(os.path.dirname(root))
    plan = planned(home.site, root)
    assert write_root(plan, OWN)
    before = os.readlink(root)
    os.utime(os.path.join(home.site, "nvidia/cu13/bin"))
    assert not write_root(plan, OWN)
    assert os.readlink(root) == before
    assert write_root(plan, OWN, force=True)
    assert os.readlink(root) != before


def test_another_process_was_faster(home):
    root = make_root(home.site)
    before = os.readlink(root)
    assert not write_root(planned(home.site, root), OWN, unless=lambda: True)
    assert os.readlink(root) == before
    assert versions(home) == [before]


def test_one_of_wheels_that_have_changed_meanwhile_is_not_put_there(home):
    root = make_root(home.site)
    before = os.readlink(root)
    upgrade(home, 1)
    wanted = planned(home.site, root)
    upgrade(home, 2)
    assert not write_root(wanted, OWN)
    assert os.readlink(root) == before
    assert versions(home) == [before]
    assert write_root(wanted, OWN, force=True)
    assert os.readlink(root) != before
    assert not is_fresh(root, home.site)


def test_versions_of_another_search_paths_root_stay(home):
    """Whose link is not there yet, say: that is for who makes them to judge."""
    root = make_root(home.site)
    others = os.path.join(os.path.dirname(root), ".cu13-0123abcd-01234567")
    os.mkdir(others)
    upgrade(home, 1)
    make_root(home.site)
    assert os.path.isdir(others)


def test_it_is_locked_until_a_link_names_it(home, monkeypatch):
    """So nobody takes it for abandoned."""
    root = root_path(home.site)
    real = os.replace
    named = []

    def replace(source, target):
        if target == root:
            named.append(os.path.join(os.path.dirname(root), os.readlink(source)))
            with pytest.raises(BlockingIOError):
                stage.lock(named[0])
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    make_root(home.site)
    stage.release(stage.lock(*named))


def test_one_that_another_process_is_about_to_name_stays(home):
    """Its maker holds a lock on it until a link names it."""
    root = make_root(home.site)
    folder = os.path.dirname(root)
    made = os.path.join(folder, ".cu13-00000000")
    os.mkdir(made)
    lock = stage.lock(made)
    upgrade(home, 1)
    make_root(home.site)
    assert os.path.isdir(made)
    stage.release(lock)
    upgrade(home, 2)
    make_root(home.site)
    assert not os.path.exists(made)


def test_one_that_has_been_named_meanwhile_stays(home, monkeypatch):
    """Between the look at the link and the lock, the other process may have done both."""
    root = make_root(home.site)
    folder = os.path.dirname(root)
    made = os.path.join(folder, ".cu13-00000000")
    os.mkdir(made)
    real = stage.lock

    def late(path):
        if path == made:
            os.unlink(root)
            os.symlink(os.path.basename(made), root)
        return real(path)

    upgrade(home, 1)
    monkeypatch.setattr(stage, "lock", late)
    make_root(home.site)
    assert os.path.isdir(made)


def test_the_time_says_what_it_was_made_of(home):
    """Not when it was made: a change of the wheels at that moment would bear the same time."""
    root = make_root(home.site)
    times = {os.stat(os.path.join(root, name)).st_mtime_ns for name in (".", "bin", "lib", "made-from-3")}
    wheels = os.path.join(home.site, "nvidia/cu13")
    assert times == {max(os.stat(os.path.join(wheels, name)).st_mtime_ns for name in (".", "bin", "include", "lib"))}
    for name in ("bin", "lib", "."):
        with open(os.path.join(root, name, "new"), "wb"):
            pass
        assert not is_fresh(root, home.site)
        root = make_root(home.site)
