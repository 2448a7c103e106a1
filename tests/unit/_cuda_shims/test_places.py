"""Where toolkits and roots are looked for."""

from __future__ import annotations

import os

import pytest
from fake_toolkit import PYTHON, TOOL, write, write_distribution
from shim_support import plant

from _cuda_shims import places, shims
from _cuda_shims.caches import cache_folders, is_private
from _cuda_shims.places import Place, find_places, majors, search_path_of

# toolkits of a search path --------------------------------------------------------------------------------------------


def test_toolkits_in_the_order_of_the_path_newest_first(new_prefix):
    one, two = (new_prefix(name).site for name in ("one", "two"))
    for site, major in ((one, 12), (one, 13), (two, 14)):
        write(os.path.join(site, f"nvidia/cu{major}/bin/nvcc"), TOOL, 0o755)
    path = ["relative", "", None, b"/bytes", "/nowhere", one, two, one]
    assert find_places(path) == [Place(one, 13), Place(one, 12), Place(two, 14)]
    assert find_places([two, one]) == [Place(two, 14), Place(one, 13), Place(one, 12)]
    assert find_places([]) == []


def test_a_toolkit_is_of_all_its_wheels_and_where_its_compiler_is(new_prefix):
    near, far, more = (new_prefix(name).site for name in ("near", "far", "more"))
    for site, file in ((near, "lib/libcudart.so.13"), (far, "bin/nvcc"), (more, "bin/nvcc")):
        write(os.path.join(site, "nvidia/cu13", file), TOOL, 0o755)
    assert find_places([near, far, more]) == [Place(far, 13, (near, far, more))]
    assert find_places([near]) == [Place(near, 13)]
    assert not find_places([near])[0].has_compiler
    assert find_places([near, far])[0].has_compiler


def test_cuda_12_is_where_its_components_are(new_prefix):
    """Those of CUDA 11 have folders of the same names."""
    eleven, near, far = (new_prefix(name) for name in ("eleven", "near", "far"))
    write(f"{eleven.site}/nvidia/cuda_runtime/lib/libcudart.so.11")
    os.mkdir(f"{eleven.site}/nvidia_cuda_runtime_cu11-11.8.89.dist-info")
    assert majors(eleven.site) == []
    near.split(components=["nvidia-cublas-cu12"])
    assert majors(near.site) == []
    far.split()
    assert find_places([near.site]) == []
    assert find_places([eleven.site, near.site, far.site]) == [Place(far.site, 12, (near.site, far.site))]
    write(f"{near.site}/nvidia/cu12/include/x.h")  # a folder of that name is CUDA 12's, whatever is in it
    assert find_places([near.site, far.site]) == [Place(far.site, 12, (near.site, far.site))]


def test_candidates_of_a_build(new_prefix):
    compiler, libraries, twelve = (new_prefix(name) for name in ("compiler", "libraries", "twelve"))
    compiler.toolkit()
    libraries.toolkit("14.0.1", components=["nvidia-cuda-runtime"])
    twelve.split()
    found = find_places([each.site for each in (compiler, libraries, twelve)])
    assert [(each.major, places.is_candidate(each)) for each in found] == [(13, True), (14, False), (12, True)]


def test_a_companion_of_one_major_beside_the_wheels_of_another(new_prefix):
    """As where CUDA 12's libraries came with torch; what is for the other toolkit is in that one's root."""
    compiler, twelve = new_prefix("compiler"), new_prefix("twelve")
    compiler.toolkit()
    twelve.split()
    sites = [twelve.site, compiler.site]
    assert Place(compiler.site, 13) in find_places(sites)
    write_distribution(twelve.site, "nvidia-nccl-cu13", "2.1", {"nvidia/nccl/include/nccl.h": b""})
    assert Place(compiler.site, 13, tuple(sites)) in find_places(sites)
    assert Place(twelve.site, 12) in find_places(sites)
    assert find_places([twelve.site]) == [Place(twelve.site, 12)]


def test_places_are_values():
    assert Place("/a", 13) == Place("/a", 13, ("/a",))
    assert len({Place("/a", 13), Place("/a", 13), Place("/a", 12), Place("/b", 13), Place("/a", 13, ("/a", "/b"))}) == 4
    assert Place("/a", 13) != "/a"
    assert repr(Place("/a", 13)) == "Place('/a', 13, ('/a',))"


# the other half of a build environment --------------------------------------------------------------------------------


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
    assert list(places.sibling_site_dirs(f"/usr/bin:relative/bin::{entry}")) == expected


@pytest.mark.parametrize("name", ["python3.14t", "pypy3.11"])
def test_siblings_of_an_interpreter_with_another_scheme(new_prefix, monkeypatch, name):
    """Free-threaded CPython and PyPy: os is in the folder of that name."""
    prefix = new_prefix("env", f"lib/{name}/site-packages")
    prefix.toolkit()
    monkeypatch.setattr(os, "__file__", f"/usr/lib/{name}/os.py")
    assert list(places.sibling_site_dirs(prefix.bin)) == [prefix.site]


def test_siblings_need_wheels_of_nvidia(prefix):
    assert list(places.sibling_site_dirs(prefix.bin)) == []


def test_a_sibling_with_a_slash_at_the_end(prefix):
    prefix.toolkit()
    assert [os.path.normpath(each) for each in places.sibling_site_dirs(prefix.bin + "/")] == [prefix.site]


@pytest.mark.parametrize(("name", "both"), [("pip-build-env-x1", True), ("pdm-build-env-x1", True), ("venv", False)])
def test_an_environment_with_a_toolkit_is_whole_but_for_half_of_a_build_environment(new_prefix, name, both):
    own, other, bare = (new_prefix(f"{name}/{half}") for half in ("normal", "overlay", "bare"))
    own.toolkit()
    other.toolkit()
    path = f"/usr/bin:{other.bin}:{own.bin}"
    assert search_path_of(["rel", own.site], path) == ([own.site, other.site] if both else [own.site])
    # one that has none may be the half of an environment of whatever name
    assert search_path_of([bare.site], path) == [bare.site, other.site, own.site]


# where a root may lie -------------------------------------------------------------------------------------------------


def test_beside_the_wheels(new_prefix):
    site = new_prefix().site
    assert Place(site, 13).beside == f"{site}/cuda_shims_toolkit/cu13"
    assert Place(site, 13).wheels == f"{site}/nvidia/cu13"


def test_the_root_of_each_union_has_a_name_of_its_own():
    """One search path's is not another's, in whatever order they make them."""
    unions = [("/a", "/b"), ("/b", "/a"), ("/a", "/c"), ("/a", "/b", "/c"), ("/a", "/b:/c")]
    names = [os.path.basename(Place("/a", 13, sites).beside) for sites in unions]
    assert len({*names, "cu13"}) == len(unions) + 1
    assert all(name.startswith("cu13-") and len(name) == len("cu13-01234567") for name in names)
    assert Place("/a", 13, ("/a", "/b")).beside == Place("/a", 13, ("/a", "/b")).beside


EVERYBODYS = 0o777
HOME, CACHE, SCRATCH = "/home/me", "/var/cache/me", "/var/tmp"  # of which the last is on every machine
OWN = f"cuda-shims-{os.geteuid()}"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": CACHE, "HOME": HOME, "TMPDIR": SCRATCH}, [CACHE, SCRATCH]),
        ({"XDG_CACHE_HOME": f"{CACHE}/", "HOME": HOME}, [CACHE, "/tmp"]),
        ({"XDG_CACHE_HOME": "", "HOME": HOME}, [f"{HOME}/.cache", "/tmp"]),
        ({"XDG_CACHE_HOME": "relative", "HOME": HOME}, [f"{HOME}/.cache", "/tmp"]),
        ({"HOME": "/"}, ["/.cache", "/tmp"]),
        ({"HOME": "relative"}, ["/tmp"]),
        ({"HOME": "."}, ["/tmp"]),
        ({"HOME": ""}, ["/tmp"]),
        ({}, ["/tmp"]),
        ({"TMPDIR": "relative"}, ["/tmp"]),
        ({"TMPDIR": ""}, ["/tmp"]),
        ({"TMPDIR": SCRATCH}, [SCRATCH]),
        ({"TMPDIR": "/no/such/folder"}, ["/tmp"]),
    ],
)
def test_the_caches(environ, expected):
    """A relative one would be in whatever directory is the current one. TMPDIR is everybody's: ours in it is not."""
    *caches, temporary = expected
    own = f"{temporary}/{OWN}"
    assert list(cache_folders(environ)) == [*((f"{cache}/cuda-shims", cache) for cache in caches), (own, own)]


def in_cache(site, major=13, sites=(), cache=CACHE):
    return next(iter(Place(site, major, sites).elsewhere({"XDG_CACHE_HOME": cache})))[0]


def test_the_path_in_a_cache_is_the_environments_own():
    assert in_cache("/a b/ü/c").startswith(f"{CACHE}/cuda-shims/roots/a_b/_/c/cu13-")
    sites = ["/ab", "/ba", "/a b", "/a_b", "/a  b", "/\udcff"]
    assert len({in_cache(site) for site in sites}) == len(sites)
    assert os.path.dirname(in_cache("/ab", 12)) == os.path.dirname(in_cache("/ab", 13))
    assert in_cache("/ab", 12) != in_cache("/ab", 13)
    assert in_cache("/ab", sites=("/ab", "/c")) != in_cache("/ab")


def test_the_path_in_a_cache_names_what_the_wheels_are(prefix):
    """Hosts that share a home may have other wheels at the same path."""
    prefix.toolkit()
    first = in_cache(prefix.site)
    assert in_cache(prefix.site) == first
    os.mkdir(f"{prefix.site}/nvidia_cublas-13.5.1.dist-info")
    second = in_cache(prefix.site)
    os.rename(f"{prefix.site}/nvidia_cublas-13.5.1.dist-info", f"{prefix.site}/nvidia_cublas-13.5.2.dist-info")
    assert len({first, second, in_cache(prefix.site)}) == 3
    os.rmdir(f"{prefix.site}/nvidia_cublas-13.5.2.dist-info")
    os.mkdir(f"{prefix.site}/numpy-2.0.dist-info")
    assert in_cache(prefix.site) == first


PLAIN, SPACE = "/plain", "/with space"


@pytest.mark.parametrize(
    ("site", "cache", "expected"),
    [
        (PLAIN, PLAIN, ["beside", "cache", "own"]),
        (PLAIN, SPACE, ["beside", "own", "cache"]),
        (SPACE, PLAIN, ["cache", "own", "beside"]),
        (SPACE, SPACE, ["own", "beside", "cache"]),
    ],
)
def test_every_path_that_a_root_may_have_those_that_tools_cope_with_first(site, cache, expected):
    """CMake cannot link below a path with a space; the key of the environment in a cache has none."""
    environ = {"XDG_CACHE_HOME": cache, "TMPDIR": SCRATCH}
    found = list(Place(site, 13).paths(environ))
    limits = {None: "beside", cache: "cache", f"{SCRATCH}/{OWN}": "own"}
    assert [limits[limit] for _, limit in found] == expected
    begins = {"beside": site, "cache": f"{cache}/cuda-shims/roots/", "own": f"{SCRATCH}/{OWN}/roots/"}
    assert all(path.startswith(begins[limits[limit]]) for path, limit in found)


@pytest.mark.parametrize(
    ("path", "plain"),
    [("/a-b/c.d_e+f@g%h,i=j~k/1", True), ("/žluť/日本", True), ("/\udcff", True)]
    + [(f"/a{sign}b", False) for sign in " \t\n\"'\\:;*?[](){}<>|&$#!`^"],
)
def test_where_build_tools_cope(path, plain):
    assert places.is_plain(path) is plain


# which one is taken ---------------------------------------------------------------------------------------------------


@pytest.fixture
def planted(prefix, tmp_path):
    """Plant a root at each path; returns ``kind -> root``, and the variables that say where the caches are."""
    prefix.toolkit()
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "tmp")}
    os.mkdir(tmp_path / "tmp")
    roots = {}
    for kind, (path, limit) in zip(("beside", "cache", "own"), Place(prefix.site, 13).paths(environ)):
        if limit:
            os.makedirs(os.path.dirname(path), mode=0o700)
        roots[kind] = plant(path, prefix.site)
    return roots, environ


def test_the_first_that_serves(prefix, planted):
    roots, environ = planted
    for kind in ("beside", "cache", "own"):
        assert Place(prefix.site, 13).fresh_root(environ) == roots[kind]
        os.unlink(roots[kind])
    assert Place(prefix.site, 13).fresh_root(environ) is None


def test_by_default_the_caches_are_those_of_this_process(prefix, planted, monkeypatch):
    roots, environ = planted
    os.unlink(roots["beside"])
    monkeypatch.setenv("TMPDIR", prefix.path)
    assert Place(prefix.site, 13).fresh_root() is None
    monkeypatch.setenv("XDG_CACHE_HOME", environ["XDG_CACHE_HOME"])
    assert Place(prefix.site, 13).fresh_root() == roots["cache"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("kind", ["beside", "cache"])
def test_one_that_somebody_else_made_does_not_serve(prefix, planted, kind):
    roots, environ = planted
    place = Place(prefix.site, 13)
    limit = {"beside": None, "cache": environ["XDG_CACHE_HOME"]}[kind]
    assert place.serves(roots[kind], limit)
    os.chown(os.path.realpath(roots[kind]), 12345, 12345)
    assert not place.serves(roots[kind], limit)
    assert place.fresh_root(environ) not in {None, roots[kind]}


def test_one_in_whose_place_somebody_could_put_another_does_not_serve(prefix, planted):
    """Beside the wheels that is up to whose those are; in a cache, to nobody else."""
    roots, environ = planted
    place = Place(prefix.site, 13)
    os.chmod(os.path.dirname(roots["beside"]), EVERYBODYS)
    assert place.serves(roots["beside"], None)
    os.chmod(os.path.dirname(roots["cache"]), EVERYBODYS)
    assert not place.serves(roots["cache"], environ["XDG_CACHE_HOME"])


# whether a path is this user's own ------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path):
    """Return the folders on the way to a path, the limit first."""
    made = [str(tmp_path / "limit")]
    for name in ("cuda-shims", "roots"):
        made.append(f"{made[-1]}/{name}")
    for each in made:
        os.mkdir(each, 0o755)
    return made


def private(folders):
    return is_private(f"{folders[-1]}/cu13", folders[0])


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize(
    ("mode", "expected"),
    [(0o700, True), (0o755, True), (0o711, True), (0o500, True), (0o702, False), (0o777, False), (0o1777, False)],
)
def test_modes_on_the_way(folders, which, mode, expected):
    os.chmod(folders[which], mode)
    assert private(folders) is expected


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize(
    ("user", "owner", "group", "mode", "expected"),
    [
        (0, 12345, 12345, 0o755, False),
        (12345, 12345, 12345, 0o755, True),
        (12345, 0, 0, 0o755, True),
        (54321, 12345, 12345, 0o755, False),
        (12345, 12345, 12345, 0o775, True),  # a group of the user's own has the user's number
        (12345, 12345, 100, 0o775, False),
        (12345, 12345, 0, 0o775, False),
        (12345, 0, 0, 0o775, True),
        (12345, 0, 12345, 0o775, False),
        (12345, 12345, 100, 0o755, True),
    ],
)
def test_owners_and_groups_on_the_way(folders, monkeypatch, which, user, owner, group, mode, expected):
    os.chown(folders[which], owner, group)
    os.chmod(folders[which], mode)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert private(folders) is expected


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_link_on_the_way(folders, which):
    """The cache directory may be one, of the user's; below it, it is whose it leads to."""
    os.rename(folders[which], f"{folders[0]}-moved")
    os.symlink(f"{folders[0]}-moved", folders[which])
    assert private(folders) is (which == 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_cache_directory_that_is_another_users_link(folders):
    """In a temporary directory anybody makes one, and may let it lead elsewhere at any time."""
    os.rename(folders[0], f"{folders[0]}-moved")
    os.symlink(f"{folders[0]}-moved", folders[0])
    assert private(folders)
    os.lchown(folders[0], 12345, 12345)
    assert not private(folders)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_what_is_not_there(folders, which):
    os.rename(folders[which], f"{folders[0]}-moved")
    with pytest.raises(FileNotFoundError):
        private(folders)


def test_nothing_above_the_limit_is_looked_at(folders, tmp_path):
    os.chmod(tmp_path, EVERYBODYS)
    assert private(folders)


@pytest.mark.timeout(60)
def test_a_limit_that_is_not_on_the_way(folders, tmp_path):
    (tmp_path / "other").mkdir()
    assert not is_private(f"{folders[-1]}/cu13", str(tmp_path / "other"))
    assert not is_private("/usr/lib/cu13", str(tmp_path / "other"))  # the superuser's up to the top


def test_a_file_on_the_way(folders):
    os.rmdir(folders[-1])
    write(folders[-1])
    assert not private(folders)


# shims ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "shim"),
    [
        (b"#!/bin/sh\n# cuda-shims shim: of another version\n", True),
        (b"#!/bin/sh\n#\n# cuda-shims shim\n", False),
        (b"# cuda-shims shim\n", False),
        (b"#!/bin/sh\necho cuda-shims shim\n", False),
        (b"MZ" + b"x" * 50 + b"cuda-shims shim 0.1.0", True),
        (b"MZ" + b"x" * 50, False),
        # as large as shim.c lets one be, and larger
        (b"#!/bin/sh\n# cuda-shims shim\n".ljust(65536, b"x"), True),
        (b"#!/bin/sh\n# cuda-shims shim\n".ljust(65537, b"x"), False),
        (b"", False),
    ],
)
def test_what_a_shim_is(tmp_path, content, shim):
    path = write(str(tmp_path / "nvcc"), content)
    assert shims.is_shim(path) is shim
    os.symlink(path, tmp_path / "link")
    assert shims.is_shim(str(tmp_path / "link")) is shim


def test_what_cannot_be_read_is_none(tmp_path):
    assert not shims.is_shim(str(tmp_path))
    assert not shims.is_shim(str(tmp_path / "nowhere"))


def test_a_root_compiles_unless_its_nvcc_is_ours(prefix):
    """What a user names is taken for whole, whatever it is."""
    assert shims.compiles(prefix.toolkit())
    assert shims.compiles("/nowhere")
    prefix.shim()
    assert not shims.compiles(prefix.path)
