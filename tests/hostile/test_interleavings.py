"""Two things at once, in the order in which they hurt most."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from functools import partial

import pytest
from fake_toolkit import NVCC_TOOLS, OLD, age, snapshot, write, write_distribution, write_toolkit
from roots import is_fresh, make_root, planned, root_path

from _cuda_shims import MADE_FROM, ROOTS_FOLDER
from _cuda_shims.places import Place
from cuda_shims.environment.environment import Environment
from cuda_shims.environment.toolkit import read_toolkit
from cuda_shims.errors import UninstalledError
from cuda_shims.files import plan, replace
from cuda_shims.files import write as files_write
from cuda_shims.files.action import CONFLICT, REPLACE
from cuda_shims.files.ledger import LEDGER
from cuda_shims.installation import files as own_files
from cuda_shims.installation import refresh, shims
from cuda_shims.installation import uninstall as uninstallation
from cuda_shims.installation.install import install
from cuda_shims.installation.uninstall import uninstall
from cuda_shims.root import write as root_write


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


@pytest.mark.parametrize("moment", ["before its files", "before its root", "before its link", "after its root"])
@pytest.mark.parametrize("by", ["us", "an installer"])
@pytest.mark.parametrize("maker", ["hook", "install"])
def test_uninstalled_while_a_root_is_made(home, monkeypatch, moment, by, maker):
    write_toolkit(home.site, "13.5.37", ("nvidia-cuda-cuobjdump",))

    def gone():
        if by == "us":
            uninstall(environment(home))
            return
        for tool in NVCC_TOOLS:
            os.unlink(os.path.join(home.bin, tool))
        for name in ("cuda_shims-0.1.0.dist-info", ROOTS_FOLDER):
            shutil.rmtree(os.path.join(home.site, name), ignore_errors=True)
        os.unlink(os.path.join(home.site, "cuda_shims.pth"))

    if moment == "before its files":
        before_call(monkeypatch, own_files, "write_files", gone)
    elif moment == "before its root":
        before_call(monkeypatch, refresh, "write_root", gone)
    elif moment == "before its link":
        before_call(monkeypatch, root_write, "_switch", gone)
    else:
        after_call(monkeypatch, refresh, "write_root", gone)
    with pytest.raises(UninstalledError):
        make_root(home.site, 13) if maker == "hook" else install(environment(home))
    assert ours(home) == set()
    assert snapshot(os.environ["XDG_CACHE_HOME"]) == {}  # nor does it go on where nobody would remove it


def test_an_uninstall_before_which_a_hook_began(home, monkeypatch):
    """It makes its root after roots were removed, and looks for our distribution again before that is gone."""
    make_root(home.site, 13)
    before_call(monkeypatch, uninstallation, "_remove_distribution", lambda: make_root(home.site, 13))
    uninstall(environment(home))
    assert ours(home) == set()


def test_an_upgrade_between_the_shims_and_the_root(home, monkeypatch):
    """What is planned is old when it is written: the same start does it again, and shims and root agree."""

    def upgrade():
        for name in os.listdir(home.site):
            if name.startswith("nvidia"):
                shutil.rmtree(os.path.join(home.site, name))
        home.toolkit("13.6.1")

    before_call(monkeypatch, refresh, "write_root", upgrade)
    root = make_root(home.site, 13)
    assert is_fresh(root, home.site)
    with open(os.path.join(root, "version.txt"), encoding="utf-8") as file:
        assert file.read() == "CUDA Version 13.6.1\n"
    with open(os.path.join(home.bin, "nvcc"), "rb") as file:
        assert b"# toolkit: 13.6.1\n" in file.read()


def test_shims_of_an_older_plan_are_written_last(home, monkeypatch):
    """Another process has made the root for what is there now, and our shims say what was there before."""
    real = own_files.write_files

    def late(*arguments):
        monkeypatch.setattr(own_files, "write_files", real)
        for name in os.listdir(home.site):
            if name.startswith("nvidia"):
                shutil.rmtree(os.path.join(home.site, name))
        home.toolkit("13.6.1")
        make_root(home.site, 13)  # the other one
        real(*arguments)

    monkeypatch.setattr(own_files, "write_files", late)
    make_root(home.site, 13)
    with open(os.path.join(home.bin, "nvcc"), "rb") as file:
        assert file.read() == shims.shim_bytes("13.6.1")
    assert own_files.is_settled(home.site, environment(home).dist_info, planned_files(home))


def planned_files(prefix):
    return own_files.plan_files(prefix.site, prefix.bin, [read_toolkit(Place(prefix.site, 13))])


@pytest.mark.parametrize("late", [False, True])
def test_an_uninstaller_never_gets_its_folder_back(home, monkeypatch, late):
    """A .dist-info that holds nothing but RECORD is a distribution that nobody can remove."""
    folder = environment(home).dist_info
    actions = planned_files(home)
    if late:
        before_call(monkeypatch, replace, "write_entry", lambda: shutil.rmtree(folder))
        own_files.write_files(home.site, folder, actions)
    else:
        shutil.rmtree(folder)
        own_files.write_files(home.site, folder, actions)
    assert not os.path.lexists(folder)


def test_a_link_that_cannot_be_switched_stays(home, monkeypatch):
    """The root before stays whole, and one elsewhere serves."""
    root = make_root(home.site, 13)
    write_distribution(home.site, "nvidia-cuda-more", "1", {"nvidia/cu13/lib/libmore.so.1": b""})
    before = snapshot(os.path.dirname(root), times=True)
    real = os.replace

    def no_switch(source, target):
        if target == root:
            raise PermissionError(13, "no", source, None, target)
        return real(source, target)

    monkeypatch.setattr(os, "replace", no_switch)
    elsewhere = make_root(home.site, 13)
    assert elsewhere.startswith(os.environ["XDG_CACHE_HOME"])
    assert os.path.lexists(os.path.join(elsewhere, "lib/libmore.so"))
    assert snapshot(os.path.dirname(root), times=True) == before


def test_a_folder_in_which_others_write_while_it_is_removed(tmp_path, monkeypatch):
    folder = str(tmp_path / "roots")
    write(os.path.join(folder, f"cu13/{MADE_FROM}"))
    write(os.path.join(folder, "cu13/bin/nvcc"))
    before_call(monkeypatch, os, "rmdir", lambda: write(os.path.join(folder, "cu13/bin/more")))
    files_write.remove_tree(folder, first=MADE_FROM)
    assert not os.path.lexists(folder)
    write(os.path.join(folder, f"cu13/{MADE_FROM}"))
    monkeypatch.setattr(shutil, "rmtree", lambda _: (_ for _ in ()).throw(OSError(39, "not empty", folder)))
    with pytest.raises(OSError, match="not empty"):
        files_write.remove_tree(folder, first=MADE_FROM)
    assert os.listdir(os.path.join(folder, "cu13")) == []  # and it does not count as finished


def test_an_uninstall_beside_a_hook_that_takes_back(home, monkeypatch):
    folder = os.path.dirname(make_root(home.site, 13))
    real = os.listdir
    met = []

    def listdir(path="."):
        if path == folder and os.path.lexists(folder):
            shutil.rmtree(folder)
            met.append(path)
        return real(path)

    monkeypatch.setattr(os, "listdir", listdir)
    changes = uninstall(environment(home))
    assert met
    assert CONFLICT not in {change.kind for change in changes}
    assert not [name for name in real(home.site) if name.startswith("cuda_shims")]


@pytest.mark.parametrize(("module", "function"), [(os, "listdir"), (os, "unlink"), (shutil, "rmtree")])
def test_a_folder_that_another_removes_as_well(module, function, tmp_path, monkeypatch):
    folder = str(tmp_path / "cuda_shims_toolkit")
    write(os.path.join(folder, f"cu13/{MADE_FROM}"))
    before_call(monkeypatch, module, function, partial(shutil.rmtree, folder))
    files_write.remove_tree(folder, first=MADE_FROM)
    assert not os.path.lexists(folder)


@pytest.mark.parametrize(
    ("error", "tries"),
    [(errno.ENOTEMPTY, 11), (errno.EBUSY, 11), (errno.EACCES, 3)],
    ids=["written to", "open", "denied"],
)
def test_a_folder_that_others_use_is_waited_for(error, tries, tmp_path, monkeypatch):
    """What cannot be removed for another reason is not."""
    folder = str(tmp_path / "cuda_shims_toolkit")
    write(os.path.join(folder, f"cu13/{MADE_FROM}"))
    real = shutil.rmtree
    tried = []

    def rmtree(path):
        tried.append(path)
        if len(tried) <= 10:
            raise OSError(error, "no", path)
        real(path)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    with contextlib.suppress(OSError):
        files_write.remove_tree(folder, seconds=60, first=MADE_FROM)
    assert len(tried) == tries
    assert os.path.lexists(folder) == (tries < 11)


def test_a_full_disk_does_not_keep_us_from_going(home, monkeypatch):
    make_root(home.site, 13)
    real = os.mkdir

    def full(path, *arguments, **options):
        if str(path).endswith(files_write.SCRATCH):
            raise OSError(28, "No space left on device", path)
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "mkdir", full)
    uninstall(environment(home))
    assert ours(home) == set()


def test_a_folder_that_cannot_be_moved_goes_file_by_file(home, monkeypatch):
    """On Windows: a program in it runs. And where somebody put a file of his own into it."""
    info = environment(home).dist_info
    write(os.path.join(info, "theirs"))
    uninstall(environment(home))
    assert ours(home) == {os.path.relpath(each, home.path) for each in (info, os.path.join(info, "theirs"))}
    shutil.rmtree(info)
    home.ours()
    monkeypatch.setattr(os, "rename", lambda *_: (_ for _ in ()).throw(PermissionError(13, "it runs")))
    uninstall(environment(home))
    assert ours(home) == set()


def test_freshness_and_what_is_there(home):
    root = make_root(home.site, 13)
    wanted = planned(home.site, root)
    assert wanted.is_whole()
    os.unlink(os.path.join(root, "lib64"))
    assert (is_fresh(root, home.site), wanted.is_whole()) == (False, False)
    os.utime(root, (OLD, OLD))  # as if a clock had gone back
    assert (is_fresh(root, home.site), wanted.is_whole()) == (True, False)
    kinds = {change.what: change.kind for change in install(environment(home))}
    assert kinds["root"] == REPLACE
    assert wanted.is_whole()


def test_what_a_hostile_record_names_stays(home):
    """Neither a line of RECORD nor one of our ledger makes anything ours, nor what a root was made from."""
    make_root(home.site, 13)
    theirs = [write(os.path.join(home.path, name), b"theirs") for name in ("bin/python", "lib/libx.so", "outside")]
    theirs.append(write(os.path.join(home.site, "numpy/__init__.py"), b"theirs"))
    lines = [os.path.relpath(path, home.site) for path in theirs] + theirs
    folder = environment(home).dist_info
    with open(os.path.join(folder, "RECORD"), "a", encoding="utf-8") as file:
        file.writelines(f"{line},,\n" for line in [*lines, "a\0b", "../" * 40 + "etc/passwd"])
    with open(os.path.join(home.site, ROOTS_FOLDER, LEDGER), "a", encoding="utf-8") as file:
        file.writelines(f"{line}\t{plan.disk_digest(os.path.join(home.site, line))}\n" for line in lines)
    with open(os.path.join(root_path(home.site, 13), MADE_FROM), "a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in ["nvidia/cu13/bin/nvcc", *lines])
    before = {path: value for path, value in snapshot(home.site).items() if path.startswith("nvidia/")}
    write_distribution(home.site, "nvidia-cuda-more", "1", {"nvidia/cu13/lib/libmore.so.1": b""})
    for _ in range(2):  # the second one removes the root before the first
        age(home.site)
        write_distribution(home.site, "nvidia-cuda-more", "1", {"nvidia/cu13/lib/libmore.so.1": b""})
        make_root(home.site, 13)
    for force in (False, True):
        changes = uninstall(environment(home), force=force)
        assert {each.path for each in changes if each.kind == CONFLICT} >= (set(theirs) if not force else set())
        home.ours()
    for path in theirs:
        with open(path, "rb") as file:
            assert file.read() == b"theirs"
    after = snapshot(home.site)
    assert {path: after.get(path) for path in before} == before
    age(home.site)
