"""Two things at once, in the order in which they hurt most."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from functools import partial

import pytest
from fake_toolkit import NVCC_TOOLS, age, snapshot, write, write_distribution, write_toolkit

from cuda_shims import api, apply, own_files, plan, root_maker, search, shims
from cuda_shims.environments import Environment
from cuda_shims.errors import NotWritableError, UninstalledError


@pytest.fixture
def home(prefix):
    prefix.toolkit()
    prefix.ours()
    return prefix


def environment(prefix):
    folder = os.path.join(prefix.site, "cuda_shims-0.1.0.dist-info")
    return Environment((prefix.site,), prefix.bin, folder, is_target=False, label="test")


def before_call(monkeypatch, module, name, action):
    """Do something else just before a function is called the first time."""
    real = getattr(module, name)

    def late(*arguments, **options):
        monkeypatch.setattr(module, name, real)
        action()
        return real(*arguments, **options)

    monkeypatch.setattr(module, name, late)


def after_call(monkeypatch, module, name, action):
    real = getattr(module, name)

    def early(*arguments, **options):
        monkeypatch.setattr(module, name, real)
        result = real(*arguments, **options)
        action()
        return result

    monkeypatch.setattr(module, name, early)


def ours(prefix):
    found = snapshot(prefix.path)
    return {path for path in found if "cuda_shims" in path or os.path.basename(path) in {*NVCC_TOOLS, "cuobjdump"}} - {
        path for path in found if "/nvidia/" in path
    }


@pytest.mark.parametrize("moment", ["before its files", "before its root", "after its root"])
@pytest.mark.parametrize("by", ["us", "an installer"])
def test_uninstalled_while_a_hook_makes_a_root(home, monkeypatch, moment, by):
    write_toolkit(home.site, "13.5.37", ("nvidia-cuda-cuobjdump",))

    def uninstall():
        if by == "us":
            api.uninstall(environment(home))
            return
        for tool in NVCC_TOOLS:
            os.unlink(os.path.join(home.bin, tool))
        for name in ("cuda_shims-0.1.0.dist-info", search.ROOTS_FOLDER):
            shutil.rmtree(os.path.join(home.site, name), ignore_errors=True)
        for name in ("cuda_shims.pth", "cuda_shims.start"):
            os.unlink(os.path.join(home.site, name))

    if moment == "before its files":
        before_call(monkeypatch, own_files, "write_files", uninstall)
    elif moment == "before its root":
        before_call(monkeypatch, apply, "create_root", uninstall)
    else:
        after_call(monkeypatch, apply, "create_root", uninstall)
    with pytest.raises(UninstalledError):
        root_maker.make_root(home.site, 13)
    assert ours(home) == set()


def test_an_uninstall_before_which_a_hook_began(home, monkeypatch):
    """It makes its root after roots were removed, and looks for our distribution again before that is gone."""
    root_maker.make_root(home.site, 13)
    from cuda_shims import removal

    before_call(monkeypatch, removal, "_remove_distribution", lambda: root_maker.make_root(home.site, 13))
    api.uninstall(environment(home))
    assert ours(home) == set()


def test_an_upgrade_between_the_shims_and_the_root(home, monkeypatch):
    """What is planned is old when it is written: the same start does it again, and shims and root agree."""

    def upgrade():
        for name in os.listdir(home.site):
            if name.startswith("nvidia"):
                shutil.rmtree(os.path.join(home.site, name))
        home.toolkit("13.6.1")

    before_call(monkeypatch, apply, "create_root", upgrade)
    root = root_maker.make_root(home.site, 13)
    assert search.is_fresh(root)
    with open(os.path.join(root, "version.txt"), encoding="utf-8") as file:
        assert file.read() == "CUDA Version 13.6.1\n"
    with open(os.path.join(home.bin, "nvcc"), "rb") as file:
        assert b"# toolkit: 13.6.1\n" in file.read()


def test_shims_of_an_older_plan_are_written_last(home, monkeypatch):
    """Another process has made the root for what is there now, and our shims say what was there before."""
    real = own_files.write_files

    def late(site_dir, dist_info, actions):
        monkeypatch.setattr(own_files, "write_files", real)
        for name in os.listdir(home.site):
            if name.startswith("nvidia"):
                shutil.rmtree(os.path.join(home.site, name))
        home.toolkit("13.6.1")
        root_maker.make_root(home.site, 13)  # the other one
        real(site_dir, dist_info, actions)

    monkeypatch.setattr(own_files, "write_files", late)
    root_maker.make_root(home.site, 13)
    with open(os.path.join(home.bin, "nvcc"), "rb") as file:
        assert file.read() == shims.shim_bytes("13.6.1")
    assert own_files.is_settled(home.site, environment(home).dist_info, planned(home))


def planned(prefix):
    toolkits = [root_maker.read_toolkit(prefix.site, 13)]
    return own_files.plan_files(prefix.site, prefix.bin, toolkits)


@pytest.mark.parametrize("late", [False, True])
def test_an_uninstaller_never_gets_its_folder_back(home, monkeypatch, late):
    """A .dist-info that holds nothing but RECORD is a distribution that nobody can remove."""
    folder = environment(home).dist_info
    actions = planned(home)
    if late:
        before_call(monkeypatch, apply, "write_entry", lambda: shutil.rmtree(folder))
        own_files.write_files(home.site, folder, actions)
    else:
        shutil.rmtree(folder)
        own_files.write_files(home.site, folder, actions)
    assert not os.path.lexists(folder)


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("there", ["a file", "a link", "a folder whose bin is a link"])
def test_what_stands_in_the_place_of_a_root_is_exchanged(home, monkeypatch, exchange, there):
    root = search.root_path(home.site, 13)
    write(os.path.join(home.path, "theirs/bin/nvcc"), b"theirs")
    os.makedirs(os.path.dirname(root))
    if there == "a file":
        write(root)
    elif there == "a link":
        os.symlink(os.path.join(home.path, "theirs"), root)
    else:
        os.mkdir(root)
        os.symlink(os.path.join(home.path, "theirs/bin"), os.path.join(root, "bin"))
    if not exchange:
        monkeypatch.setattr(apply, "_exchange", lambda *_: False)
    assert root_maker.make_root(home.site, 13) == root
    assert search.is_fresh(root)
    assert os.path.samefile(os.path.join(root, "bin/nvcc"), os.path.join(home.site, "nvidia/cu13/bin/nvcc"))
    assert snapshot(os.path.join(home.path, "theirs"))["bin/nvcc"] == (b"theirs",)
    assert sorted(os.listdir(os.path.dirname(root))) == [".lock", "cu13", "record"]


def test_a_root_that_cannot_be_exchanged_stays(home, monkeypatch):
    root = search.root_path(home.site, 13)
    os.makedirs(root)
    os.symlink(os.path.join(home.site, "nvidia/cu13/bin"), os.path.join(root, "bin"))
    before = snapshot(root)
    real = os.rename

    def second_fails(source, target):
        if target == root and ".old" not in source:
            raise PermissionError(13, "no", source, None, target)
        return real(source, target)

    monkeypatch.setattr(apply, "_exchange", lambda *_: False)
    monkeypatch.setattr(os, "rename", second_fails)
    with pytest.raises(NotWritableError):
        root_maker.make_root(home.site, 13)
    assert snapshot(root) == before


def test_a_folder_in_which_others_write_while_it_is_removed(tmp_path, monkeypatch):
    folder = str(tmp_path / "roots")
    write(os.path.join(folder, "cu13/finished"))
    write(os.path.join(folder, "cu13/bin/nvcc"))
    before_call(monkeypatch, os, "rmdir", lambda: write(os.path.join(folder, "cu13/bin/more")))
    apply.remove_tree(folder)
    assert not os.path.lexists(folder)
    write(os.path.join(folder, "cu13/finished"))
    monkeypatch.setattr(shutil, "rmtree", lambda _: (_ for _ in ()).throw(OSError(39, "not empty", folder)))
    with pytest.raises(NotWritableError, match="not empty"):
        apply.remove_tree(folder)
    assert os.listdir(os.path.join(folder, "cu13")) == []  # and it does not count as finished


def test_an_uninstall_beside_a_hook_that_takes_back(home, monkeypatch):
    folder = os.path.dirname(root_maker.make_root(home.site, 13))
    real = os.listdir
    met = []

    def listdir(path="."):
        if path == folder and os.path.lexists(folder):
            shutil.rmtree(folder)
            met.append(path)
        return real(path)

    monkeypatch.setattr(os, "listdir", listdir)
    changes = api.uninstall(environment(home))
    assert met
    assert plan.CONFLICT not in {change.kind for change in changes}
    assert not [name for name in real(home.site) if name.startswith("cuda_shims")]


@pytest.mark.parametrize(("module", "function"), [(os, "listdir"), (os, "unlink"), (shutil, "rmtree")])
def test_a_folder_that_another_removes_as_well(module, function, tmp_path, monkeypatch):
    folder = str(tmp_path / "cuda_shims_toolkit")
    write(os.path.join(folder, "cu13/finished"))
    before_call(monkeypatch, module, function, partial(shutil.rmtree, folder))
    apply.remove_tree(folder)
    assert not os.path.lexists(folder)


@pytest.mark.parametrize(
    ("error", "tries"),
    [(errno.ENOTEMPTY, 11), (errno.EBUSY, 11), (errno.EACCES, 3)],
    ids=["written to", "open", "denied"],
)
def test_a_folder_that_others_use_is_waited_for(error, tries, tmp_path, monkeypatch):
    """What cannot be removed for another reason is not."""
    folder = str(tmp_path / "cuda_shims_toolkit")
    write(os.path.join(folder, "cu13/finished"))
    real = shutil.rmtree
    tried = []

    def rmtree(path):
        tried.append(path)
        if len(tried) <= 10:
            raise OSError(error, "no", path)
        real(path)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    with contextlib.suppress(NotWritableError):
        apply.remove_tree(folder, seconds=60)
    assert len(tried) == tries
    assert os.path.lexists(folder) == (tries < 11)


def test_a_full_disk_does_not_keep_us_from_going(home, monkeypatch):
    root_maker.make_root(home.site, 13)
    real = os.mkdir

    def full(path, *arguments, **options):
        if str(path).endswith(apply.SCRATCH):
            raise OSError(28, "No space left on device", path)
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "mkdir", full)
    api.uninstall(environment(home))
    assert ours(home) == set()


def test_a_folder_that_cannot_be_moved_goes_file_by_file(home, monkeypatch):
    """On Windows: a program in it runs. And where somebody put a file of his own into it."""
    info = environment(home).dist_info
    write(os.path.join(info, "theirs"))
    api.uninstall(environment(home))
    assert ours(home) == {os.path.relpath(each, home.path) for each in (info, os.path.join(info, "theirs"))}
    shutil.rmtree(info)
    home.ours()
    monkeypatch.setattr(os, "rename", lambda *_: (_ for _ in ()).throw(PermissionError(13, "it runs")))
    api.uninstall(environment(home))
    assert ours(home) == set()


def test_freshness_and_what_is_there(home):
    root = root_maker.make_root(home.site, 13)
    wanted = root_maker.plan_root(root_maker.read_toolkit(home.site, 13), root)
    assert root_maker.is_whole(wanted)
    os.unlink(os.path.join(root, "lib64"))
    assert (search.is_fresh(root), root_maker.is_whole(wanted)) == (False, False)
    apply.finish(root)  # as if a clock had gone back
    assert (search.is_fresh(root), root_maker.is_whole(wanted)) == (True, False)
    kinds = {change.what: change.kind for change in api.install(environment(home))}
    assert kinds["root"] == plan.REPLACE
    assert root_maker.is_whole(wanted)


def test_what_a_hostile_record_names_stays(home):
    """Neither a line of RECORD nor one of our own record makes anything ours."""
    root_maker.make_root(home.site, 13)
    theirs = [write(os.path.join(home.path, name), b"theirs") for name in ("bin/python", "lib/libx.so", "outside")]
    theirs.append(write(os.path.join(home.site, "numpy/__init__.py"), b"theirs"))
    lines = [os.path.relpath(path, home.site) for path in theirs] + theirs
    folder = environment(home).dist_info
    with open(os.path.join(folder, "RECORD"), "a", encoding="utf-8") as file:
        file.writelines(f"{line},,\n" for line in [*lines, "a\0b", "../" * 40 + "etc/passwd"])
    with open(os.path.join(home.site, search.ROOTS_FOLDER, "record"), "a", encoding="utf-8") as file:
        file.writelines(f"{line}\t{plan.disk_digest(os.path.join(home.site, line))}\n" for line in lines)
    with open(os.path.join(search.root_path(home.site, 13), "record"), "a", encoding="utf-8") as file:
        inside = [f"include/{name}" for name in ("cuda.h", "../../nvidia/cu13/bin/nvcc")] + lines
        root = search.root_path(home.site, 13)
        file.writelines(f"{line}\t{plan.disk_digest(os.path.join(root, line))}\n" for line in inside)
    before = {path: value for path, value in snapshot(home.site).items() if path.startswith("nvidia/")}
    write_distribution(home.site, "nvidia-cuda-more", "1", {"nvidia/cu13/lib/libmore.so.1": b""})
    root_maker.make_root(home.site, 13)  # a renewal removes what is recorded and wanted no more
    for force in (False, True):
        changes = api.uninstall(environment(home), force=force)
        assert {each.path for each in changes if each.kind == plan.CONFLICT} >= (set(theirs) if not force else set())
        home.ours()
    for path in theirs:
        with open(path, "rb") as file:
            assert file.read() == b"theirs"
    after = snapshot(home.site)
    assert {path: after.get(path) for path in before} == before
    age(home.site)
