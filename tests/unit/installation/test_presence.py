"""That what was written goes when cuda-shims was uninstalled meanwhile; whole uninstallers are in tests/integration."""

from __future__ import annotations

import os
import shutil

import pytest
from fake_toolkit import snapshot, write
from roots import make_root, root_path

from _cuda_shims import ROOTS_FOLDER
from cuda_shims.environment.toolkit import find_toolkits
from cuda_shims.errors import UninstalledError
from cuda_shims.installation.files import plan_files, write_files
from cuda_shims.installation.presence import while_installed


@pytest.fixture
def home(prefix):
    prefix.toolkit()
    return prefix, prefix.ours()


def uninstall(prefix, dist_info):
    """Remove what an installer knows of."""
    shutil.rmtree(dist_info)
    os.unlink(f"{prefix.site}/cuda_shims.pth")
    for name in os.listdir(prefix.bin):
        os.unlink(f"{prefix.bin}/{name}")


def test_while_it_is_installed_all_stays(home):
    prefix, dist_info = home
    with while_installed(prefix.site, dist_info, prefix.bin) as installed:
        root = make_root(prefix.site)
        installed.check()
    assert os.path.isdir(root)


@pytest.mark.parametrize("error", [None, OSError("no room"), KeyboardInterrupt()])
def test_what_was_written_goes(home, error):
    """An interruption goes on its way."""
    prefix, dist_info = home
    theirs = f"{prefix.bin}/nvcc"

    def write_meanwhile():
        with while_installed(prefix.site, dist_info, prefix.bin):
            make_root(prefix.site)
            uninstall(prefix, dist_info)
            prefix.shim("cuobjdump")
            write(theirs, b"theirs")
            if error:
                raise error

    with pytest.raises(type(error) if isinstance(error, KeyboardInterrupt) else UninstalledError):
        write_meanwhile()
    assert not os.path.lexists(os.path.dirname(root_path(prefix.site)))
    assert os.listdir(prefix.bin) == [os.path.basename(theirs)]
    assert not [path for path in snapshot(prefix.path) if "cuda_shims" in path]


@pytest.mark.parametrize("gone", ["METADATA", ".", "../cuda_shims.pth"])
def test_the_signs_of_it(home, gone):
    """pip and uv remove one of them before the folder of roots."""
    prefix, dist_info = home
    installed = while_installed(prefix.site, dist_info if "pth" not in gone else None, prefix.bin)
    assert not installed.is_gone()
    path = os.path.normpath(os.path.join(dist_info, gone))
    shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    assert installed.is_gone()
    with pytest.raises(UninstalledError):
        installed.check()


def test_an_upgrade_is_no_uninstall(home):
    prefix, dist_info = home
    with while_installed(prefix.site, dist_info, prefix.bin):
        root = make_root(prefix.site)
        os.rename(dist_info, dist_info.replace("0.1.0", "0.2.0"))
    assert os.path.isdir(root)
    assert os.path.basename(os.path.dirname(root)) == ROOTS_FOLDER


@pytest.fixture
def full(prefix):
    prefix.toolkit()
    prefix.info = prefix.ours()
    prefix.theirs = write(os.path.join(prefix.bin, "ninja"), b"#!/bin/sh\n", 0o755)
    return prefix


def write_all(prefix):
    write_files(prefix.site, prefix.info, plan_files(prefix.site, prefix.bin, find_toolkits([prefix.site])))
    write(os.path.join(prefix.site, ROOTS_FOLDER, "cu13/made-from-3"))


def begin_uninstall(prefix):
    """Do what an installer does first; what it has not read of in RECORD stays."""
    shutil.rmtree(prefix.info)
    os.unlink(os.path.join(prefix.site, "cuda_shims.pth"))


@pytest.mark.parametrize("ledger", [True, False])
def test_what_was_written_after_an_uninstall_goes(full, ledger):
    """The shims too whose names an uninstaller has taken away with our ledger; and nothing of anybody else's."""

    def write_too_late():
        with while_installed(full.site, full.info, full.bin):
            write_all(full)
            begin_uninstall(full)
            if not ledger:
                os.unlink(os.path.join(full.site, ROOTS_FOLDER, "ledger"))

    with pytest.raises(UninstalledError):
        write_too_late()
    assert os.listdir(full.bin) == ["ninja"]
    assert not [name for name in os.listdir(full.site) if "cuda_shims" in name]


@pytest.mark.parametrize(("left", "goes"), [(["RECORD"], True), (["INSTALLER", "RECORD"], False), ([], False)])
def test_a_record_that_we_wrote_after_uv_had_removed_it_goes(full, left, goes):
    installed = while_installed(full.site, full.info, full.bin)
    for name in set(os.listdir(full.info)) - set(left):
        os.unlink(os.path.join(full.info, name))
    for name in left:
        write(os.path.join(full.info, name))
    with pytest.raises(UninstalledError), installed:
        pass
    assert os.path.isdir(full.info) is not goes
    assert goes or sorted(os.listdir(full.info)) == left


def test_where_no_scripts_are_known_they_stay(full):
    installed = while_installed(full.site, full.info, None)
    begin_uninstall(full)
    with pytest.raises(UninstalledError), installed:
        pass
    assert os.path.exists(os.path.join(full.bin, "nvcc"))


def test_a_mistake_of_ours_is_not_hidden(full):
    def fail():
        with while_installed(full.site, full.info, full.bin):
            begin_uninstall(full)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
