"""Where toolkits and roots are looked for."""

from __future__ import annotations

import os
import shutil

import pytest
from fake_toolkit import OLD, PYTHON, TOOL, write

from cuda_shims import search
from cuda_shims.root_maker import make_root

VERSION = PYTHON[len("python") :]


@pytest.mark.parametrize(
    ("names", "majors"),
    [
        (["cu13"], [13]),
        (["cu9", "cu13", "cu10"], [13, 10, 9]),
        (["cu", "cu13x", "cu-1", "cublas", "Cu13", "cu1²", "x"], []),
        (["cu14", "cuda_nvcc", "cu13"], [14, 13, 12]),
        (["cuda_runtime", "cu12"], [12]),
        ([], []),
    ],
)
def test_majors(tmp_path, names, majors):
    for name in names:
        os.makedirs(tmp_path / "nvidia" / name)
    assert search.toolkit_majors(str(tmp_path)) == majors


def test_majors_of_what_is_no_directory(tmp_path):
    write(str(tmp_path / "nvidia"), b"a file")
    assert search.toolkit_majors(str(tmp_path)) == []
    assert search.toolkit_majors(str(tmp_path / "nowhere")) == []


def test_compilers_in_the_order_of_the_path_newest_first(new_prefix):
    one, two, libraries = (new_prefix(name).site for name in ("one", "two", "libraries"))
    for site, major in ((one, 12), (one, 13), (two, 14)):
        write(os.path.join(site, f"nvidia/cu{major}/bin/nvcc"), TOOL, 0o755)
    write(os.path.join(libraries, "nvidia/cu15/lib/libcublas.so.15"))
    path = [libraries, "relative", "", None, b"/bytes", "/nowhere", one, two, one]
    assert list(search.compilers(path)) == [(one, 13), (one, 12), (two, 14)]
    assert list(search.compilers(path, 12)) == [(one, 12)]
    assert list(search.compilers(path, 15)) == []


@pytest.mark.parametrize(
    ("folder", "site", "python", "found"),
    [
        ("bin", f"lib/{PYTHON}/site-packages", None, True),
        ("bin", f"lib/{PYTHON}/dist-packages", None, True),
        ("Scripts", "Lib/site-packages", None, True),
        ("bin", f"lib/{PYTHON}/site-packages", "python3", False),
        ("bin", f"lib/{PYTHON}/site-packages", "python", False),
        ("bin", "lib/python3.1/site-packages", None, False),
        ("sbin", f"lib/{PYTHON}/site-packages", None, False),
    ],
)
def test_siblings_are_prefixes_without_an_interpreter(new_prefix, folder, site, python, found):
    prefix = new_prefix("env", site)
    prefix.toolkit()
    if python:
        write(os.path.join(prefix.bin, python), b"", 0o755)
    entry = os.path.join(prefix.path, folder)
    expected = [prefix.site] if found else []
    assert list(search.sibling_site_dirs(f"/usr/bin:relative/bin::{entry}", VERSION)) == expected


def test_siblings_need_wheels_of_nvidia(prefix):
    assert list(search.sibling_site_dirs(prefix.bin, VERSION)) == []


def test_a_sibling_with_a_slash_at_the_end(prefix):
    prefix.toolkit()
    assert [os.path.normpath(each) for each in search.sibling_site_dirs(prefix.bin + "/", VERSION)] == [prefix.site]


# freshness; that the shim agrees is tested with the shim --------------------------------------------------------------


def test_a_copied_root_stays_fresh_and_a_future_one_too(prefix, tmp_path):
    prefix.toolkit()
    root = make_root(prefix.site, 13)
    copied = str(tmp_path / "copy")
    shutil.copytree(prefix.path, copied, symlinks=True)
    assert search.is_fresh(os.path.join(copied, os.path.relpath(root, prefix.path)))
    os.utime(os.path.join(root, search.STAMP), (OLD * 3, OLD * 3))
    assert search.is_fresh(root)


def test_one_nanosecond_is_enough(prefix):
    toolkit = prefix.toolkit()
    root = make_root(prefix.site, 13)
    newest = os.stat(os.path.join(root, search.STAMP)).st_mtime_ns
    os.utime(os.path.join(toolkit, "lib"), ns=(newest, newest))
    assert search.is_fresh(root)
    os.utime(os.path.join(toolkit, "lib"), ns=(newest + 1, newest + 1))
    assert not search.is_fresh(root)


@pytest.mark.parametrize("made", ["", "stamp", "made-from-1"])
def test_half_a_root_is_not_fresh(tmp_path, made):
    root = str(tmp_path / "root")
    if made:
        write(os.path.join(root, made, "x") if made.startswith("made") else os.path.join(root, made))
    os.makedirs(os.path.join(root, "made-from-1"), exist_ok=True)
    assert not search.is_fresh(root)


def test_an_older_layout_is_not_fresh(prefix):
    prefix.toolkit()
    root = make_root(prefix.site, 13)
    os.rename(os.path.join(root, search.MADE_FROM), os.path.join(root, "made-from-0"))
    assert search.fresh_root(prefix.site, 13) is None


# roots that are not beside their wheels -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cache", "folder"), [("/var/cache/me", "/var/cache/me"), ("", "/home/me/.cache"), ("relative", "/home/me/.cache")]
)
def test_the_place_is_the_users_cache(monkeypatch, cache, folder):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    path = search.outside_root_path("/site", 13)
    assert path.startswith(f"{folder}/cuda-shims/roots/")
    assert path.endswith("/cu13")


def test_the_place_is_the_environments_own(tmp_path):
    os.symlink(tmp_path, tmp_path / "alias")
    place = search.outside_root_path
    sites = [str(tmp_path / name) for name in ("ab", "ba", "a b", "\udcff")]
    assert len({place(site, 13) for site in sites}) == len(sites)
    assert place(sites[0], 13) == place(str(tmp_path / "alias/ab"), 13)
    assert os.path.dirname(place(sites[0], 12)) == os.path.dirname(place(sites[0], 13))


def test_a_root_elsewhere_must_be_for_this_directory(new_prefix):
    prefix = new_prefix("a b")
    prefix.toolkit()
    root = make_root(prefix.site, 13)
    assert search.fresh_root(prefix.site, 13) == root == search.outside_root(prefix.site, 13)
    os.unlink(os.path.join(root, search.SITE))
    assert search.outside_root(prefix.site, 13) is None
    os.symlink("/usr", os.path.join(root, search.SITE))
    assert search.outside_root(prefix.site, 13) is None
