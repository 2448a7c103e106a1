"""The links by which CMake finds CCCL from a shell: where there are some, whose they are, how they go."""

from __future__ import annotations

import os
import shutil

import pytest
from fake_toolkit import COMPILER, write
from roots import make_root

from cuda_shims.environment.environment import Environment
from cuda_shims.environment.record import read_record, record_lines
from cuda_shims.environment.toolkit import find_toolkits
from cuda_shims.errors import UninstalledError
from cuda_shims.files.action import CONFLICT, CREATE, KEEP, REMOVE, REPLACE
from cuda_shims.installation.files import is_settled, plan_files, write_files
from cuda_shims.installation.packages import package_links, package_paths
from cuda_shims.installation.presence import while_installed
from cuda_shims.installation.uninstall import uninstall

PACKAGES = ["cccl", "cub", "libcudacxx", "thrust"]
NAMES = [f"{name}-cuda-shims" for name in PACKAGES]


@pytest.fixture
def home(prefix):
    """Return a prefix with a toolkit, cuda-shims and its package's CMake files."""
    prefix.toolkit()
    prefix.ours()
    unpack(prefix.site)
    return prefix


def unpack(site):
    for name in PACKAGES:
        write(f"{site}/cuda_shims/installation/templates/cmake/{name}-config.cmake")


def links(prefix, scripts=None):
    return list(package_links(prefix.site, scripts or prefix.bin, find_toolkits([prefix.site])))


def dist_info(prefix):
    return f"{prefix.site}/cuda_shims-0.1.0.dist-info"


def planned(prefix, **options):
    actions = plan_files(prefix.site, prefix.bin, find_toolkits([prefix.site]), **options)
    return [each for each in actions if os.path.basename(each.path) in NAMES]


def test_a_start_of_python_makes_them_and_record_has_them(home):
    make_root(home.site)
    for name, package in zip(NAMES, PACKAGES):
        path = f"{home.path}/lib/{name}"
        assert not os.path.isabs(os.readlink(path)), "environments are moved and copied"
        assert os.path.isfile(f"{path}/{package}-config.cmake")
        assert record_lines(read_record(dist_info(home)))[os.path.relpath(path, home.site)] == ("", "")
    actions = plan_files(home.site, home.bin, find_toolkits([home.site]))
    assert is_settled(home.site, dist_info(home), actions)


def test_none_where_they_would_lead_nowhere(home, new_prefix):
    assert [os.path.basename(each.path) for each in links(home)] == NAMES
    # CMake looks in the folder above "bin" alone
    assert not links(home, f"{home.path}/Scripts")
    shutil.rmtree(f"{home.site}/cuda_shims")
    assert not links(home)
    other = new_prefix("other")
    other.toolkit(components=[each for each in COMPILER if each != "nvidia-cuda-cccl"])
    unpack(other.site)
    assert not links(other)
    # a folder on PYTHONPATH: its "lib" would be a module
    target = new_prefix("target", ".")
    target.toolkit()
    unpack(target.site)
    assert not links(target)


def test_they_go_with_the_wheel(home):
    make_root(home.site)
    for name in os.listdir(home.site):
        if name.startswith("nvidia_cuda_cccl-"):
            shutil.rmtree(f"{home.site}/{name}")
    assert {each.kind for each in planned(home)} == {REMOVE}
    write_files(home.site, dist_info(home), plan_files(home.site, home.bin, find_toolkits([home.site])))
    assert not [name for name in NAMES if os.path.lexists(f"{home.path}/lib/{name}")]
    assert not [name for name in NAMES if name in read_record(dist_info(home))]


def test_an_old_link_is_replaced_and_a_folder_left_alone(home):
    """One that an earlier version made, whose ledger an upgrade has removed; what somebody else put there."""
    os.symlink("nowhere", f"{home.path}/lib/{NAMES[0]}")
    write(f"{home.path}/lib/{NAMES[1]}/cub-config.cmake")
    assert [each.kind for each in planned(home)] == [REPLACE, CONFLICT, CREATE, CREATE]
    assert [each.kind for each in planned(home, force=True)] == [REPLACE, CONFLICT, CREATE, CREATE]
    write_files(home.site, dist_info(home), plan_files(home.site, home.bin, find_toolkits([home.site])))
    assert [each.kind for each in planned(home)] == [KEEP, CONFLICT, KEEP, KEEP]
    assert NAMES[1] not in read_record(dist_info(home))


def test_uninstalled_without_a_ledger(home):
    """Somebody has removed the folder of roots, in which it is, to have them made anew."""
    make_root(home.site)
    shutil.rmtree(f"{home.site}/cuda_shims_toolkit")
    environment = Environment((home.site,), home.bin, dist_info(home), is_target=False, label="test")
    assert {each.kind for each in uninstall(environment)} == {REMOVE}
    assert not [path for path in package_paths(home.bin) if os.path.lexists(path)]


@pytest.mark.parametrize("theirs", ["file", "folder"])
def test_uninstalled_meanwhile(home, theirs):
    """The uninstaller had no list of them, or had read it before."""
    other = f"{home.path}/lib/{NAMES[0]}"
    write(other if theirs == "file" else f"{other}/cub-config.cmake")

    def write_meanwhile():
        with while_installed(home.site, dist_info(home), home.bin):
            make_root(home.site)
            assert os.path.islink(f"{home.path}/lib/{NAMES[1]}")
            shutil.rmtree(dist_info(home))
            shutil.rmtree(f"{home.site}/cuda_shims_toolkit")
            os.unlink(f"{home.site}/cuda_shims.pth")

    with pytest.raises(UninstalledError):
        write_meanwhile()
    assert [path for path in package_paths(home.bin) if os.path.lexists(path)] == [other]
