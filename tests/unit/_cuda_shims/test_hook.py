"""The common case of the hook, and what every part of :mod:`_cuda_shims` asks."""

from __future__ import annotations

import builtins
import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import time

import pytest
from fake_toolkit import OLD, TOOL, age, write
from shim_support import plant

import _cuda_shims
from _cuda_shims import (
    MADE_FROM,
    MAX_BYTES,
    OWN_FOLDERS,
    WATCHED,
    has_compiler,
    is_fresh,
    is_trusted,
    last_paths,
    mentions_us,
    path_values,
    read_small,
    root_variables,
    search_paths,
    toolkit_majors,
)

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(_cuda_shims.__file__)))
ROOT, OUTER = "/env/root", "/outer/root"


# what is in a directory -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "majors"),
    [
        (["cu13"], [13]),
        (["cu9", "cu13", "cu10"], [13, 10, 9]),
        (["cu", "cu13x", "cu-1", "cublas", "Cu13", "cu1²", "x"], [0]),
        (["cu013", "cu0", "cu1000", "cu999999999999"], [0]),
        (["__pycache__", "__init__.py"], []),
        (["cudnn", "cu13"], [13]),
        (["cu999", "cu1"], [999, 1]),
        (["cu14", "cuda_nvcc", "cu13"], [14, 13, 12]),
        (["cuda_runtime", "cu12"], [12]),
        ([], []),
    ],
)
def test_majors(tmp_path, names, majors):
    for name in names:
        os.makedirs(tmp_path / "nvidia" / name)
    assert toolkit_majors(str(tmp_path)) == majors


def test_majors_of_what_is_no_directory(tmp_path):
    write(str(tmp_path / "nvidia"), b"a file")
    for path in (str(tmp_path), str(tmp_path / "nowhere"), "\0"):
        assert toolkit_majors(path) == []


def test_a_compiler_is_nvcc(prefix):
    prefix.toolkit(components=["nvidia-cuda-runtime"])
    assert not has_compiler(prefix.site, 13)
    prefix.toolkit()
    assert has_compiler(prefix.site, 13)
    assert not has_compiler(prefix.site, 14)


def test_no_more_than_the_start_of_a_file_is_read(tmp_path):
    path = write(str(tmp_path / "large"), b"x" * (MAX_BYTES + 5))
    assert len(read_small(path)) == MAX_BYTES


@pytest.mark.timeout(60)
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert read_small(str(tmp_path / "pipe")) == b""


# freshness; that the shim agrees is tested with the shim --------------------------------------------------------------


@pytest.fixture
def wheels(prefix):
    return prefix.toolkit()


@pytest.fixture
def root(prefix, wheels):
    return plant(f"{wheels}/../../cuda_shims_toolkit/cu13".replace("/nvidia/cu13/../..", ""), prefix.site)


@pytest.fixture
def fresh(prefix, root):
    """Tell whether the root is fresh now."""
    return lambda *sites: is_fresh(root, prefix.site, 13, sites)


def touch(path, nanoseconds=1):
    os.utime(path, ns=(OLD * 10**9, OLD * 10**9 + nanoseconds))


@pytest.mark.parametrize("folder", WATCHED)
def test_each_folder_of_the_wheels_is_looked_at(fresh, wheels, folder):
    assert fresh()
    touch(wheels + folder, 0)
    assert fresh()
    touch(wheels + folder)
    assert not fresh()


@pytest.mark.parametrize("folder", OWN_FOLDERS)
def test_each_folder_of_the_root_is_looked_at(fresh, root, folder):
    touch(root + folder)
    assert not fresh()
    age(os.path.realpath(root))
    assert fresh()


@pytest.mark.parametrize("folder", [each for each in WATCHED if each])
def test_a_folder_that_no_wheel_has_is_not_newer(wheels, fresh, folder):
    shutil.rmtree(wheels + folder)
    age(wheels)
    assert fresh() is (folder != "/bin")  # nvcc is in it


def test_wheels_that_are_gone(fresh, wheels):
    shutil.rmtree(wheels)
    assert not fresh()


def test_each_line_is_looked_at(prefix, fresh):
    names = [name for name in os.listdir(prefix.site) if name.endswith(".dist-info")]
    assert len(names) > 1
    for name in names:
        touch(f"{prefix.site}/{name}")
        assert not fresh()
        age(f"{prefix.site}/{name}")
        assert fresh()
        os.rename(f"{prefix.site}/{name}", f"{prefix.site}/x")  # an upgrade: its name has the version
        assert not fresh()
        os.rename(f"{prefix.site}/x", f"{prefix.site}/{name}")
    assert fresh()


def test_a_line_of_another_directory(prefix, new_prefix):
    """It is absolute, and that directory's folders count likewise."""
    other, prefix = new_prefix("other"), new_prefix("near")
    libraries = other.toolkit(components=["nvidia-cuda-cupti"])
    prefix.toolkit()
    name = f"{other.site}/nvidia_cuda_cupti-13.5.37.dist-info"
    root = plant(f"{prefix.site}/cuda_shims_toolkit/cu13-x", prefix.site, lines=[name])
    sites = (prefix.site, other.site)
    assert is_fresh(root, prefix.site, 13, sites)
    for path in (name, libraries, f"{libraries}/lib"):
        touch(path)
        assert not is_fresh(root, prefix.site, 13, sites)
        age(path)
    shutil.rmtree(libraries)
    assert is_fresh(root, prefix.site, 13, sites)  # its dist-info tells
    os.rename(name, f"{name}x")
    assert not is_fresh(root, prefix.site, 13, sites)


def test_nvcc_was_replaced(fresh, wheels):
    """The root's hard link outlives what it was made from."""
    nvcc = f"{wheels}/bin/nvcc"
    os.unlink(nvcc)
    write(nvcc, TOOL + b"#\n", 0o755)
    age(f"{wheels}/bin")
    assert not fresh()


@pytest.mark.parametrize("change", ["size", "time", None])
def test_nvcc_was_copied(fresh, root, change):
    """A copied environment has two files of one size and time; any others are not the same."""
    nvcc = f"{root}/bin/nvcc"
    os.unlink(nvcc)
    write(nvcc, TOOL + (b"#" if change == "size" else b""), 0o755)
    age(f"{root}/bin")
    age(nvcc, OLD - (change == "time"))
    assert fresh() is (change is None)


@pytest.mark.parametrize("whose", ["root", "wheels"])
def test_nvcc_is_gone(fresh, root, wheels, whose):
    folder = {"root": root, "wheels": wheels}[whose]
    os.unlink(f"{folder}/bin/nvcc")
    age(f"{folder}/bin")
    assert not fresh()


def test_a_root_of_components_has_no_nvcc_of_theirs(prefix):
    prefix.split()
    prefix.toolkit()  # of which the root is planted
    root = plant(f"{prefix.site}/cuda_shims_toolkit/cu12", prefix.site)
    os.unlink(f"{root}/bin/nvcc")
    age(os.path.realpath(root))
    assert is_fresh(root, prefix.site, 12)


@pytest.mark.parametrize("content", [b"\xff\xfe\n", b"a\0b\n"])
def test_a_list_that_is_none(root, fresh, content):
    write(f"{root}/{MADE_FROM}", content)
    age(os.path.realpath(root))
    assert not fresh()


def test_without_a_list_or_of_another_layout(root, fresh):
    os.rename(f"{root}/{MADE_FROM}", f"{root}/made-from-1")
    age(os.path.realpath(root))
    assert not fresh()
    os.mkdir(f"{root}/{MADE_FROM}")
    age(os.path.realpath(root))
    assert not fresh()


def test_a_copied_environment_stays_fresh_and_a_future_one_too(prefix, root, fresh, tmp_path):
    copied = str(tmp_path / "copy")
    shutil.copytree(prefix.path, copied, symlinks=True)
    site = os.path.join(copied, os.path.relpath(prefix.site, prefix.path))
    assert is_fresh(os.path.join(site, "cuda_shims_toolkit/cu13"), site, 13)
    os.utime(f"{root}/{MADE_FROM}", (OLD * 3, OLD * 3))
    assert fresh()


# trust ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def trusted(prefix, root, wheels):
    """Tell whether the root may be run."""
    return lambda: is_trusted(root, prefix.site, wheels)


def test_a_root_of_this_users_is_trusted(trusted):
    assert trusted()


@pytest.mark.parametrize("target", ["{made}", "../elsewhere", "cu13-0123abcd", "./.cu13-0123abcd"])
def test_a_link_to_elsewhere_is_not(root, trusted, target):
    """It is whose it leads to, and anybody's: were it a folder of the superuser's, say."""
    made = os.path.realpath(root)
    shutil.copytree(made, f"{os.path.dirname(root)}/cu13-0123abcd")
    shutil.copytree(made, f"{os.path.dirname(root)}/../elsewhere")
    os.unlink(root)
    os.symlink(target.format(made=made), root)
    assert os.path.isdir(root)
    assert not trusted()


def test_what_is_no_link_has_no_answer(root, trusted):
    made = os.path.realpath(root)
    os.unlink(root)
    with pytest.raises(FileNotFoundError):
        trusted()
    os.rename(made, root)
    with pytest.raises(OSError, match="cu13"):
        trusted()


ME, OTHER, OWNER, LEADER = 12345, 54321, 2345, 3456


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("which", ["made", "folder"])
@pytest.mark.parametrize(("maker", "expected"), [(ME, True), (0, True), (OWNER, True), (LEADER, True), (OTHER, False)])
def test_whose_it_is(prefix, root, wheels, trusted, monkeypatch, which, maker, expected):
    """Of this user, the superuser or who could change the wheels; the folder too: its owner could put another there."""
    os.chown(wheels, OWNER, OWNER)
    os.chown(prefix.site, LEADER, LEADER)
    os.lchown(root, OTHER, OTHER)  # whoever made the link
    os.chown({"made": os.path.realpath(root), "folder": os.path.dirname(root)}[which], maker, maker)
    monkeypatch.setattr(os, "geteuid", lambda: ME)
    assert trusted() is expected


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_link_in_place_of_the_folder_is_whoever_made_its(root, trusted, monkeypatch):
    folder = os.path.dirname(root)
    os.rename(folder, f"{folder}-moved")
    os.symlink(f"{folder}-moved", folder)
    assert trusted()
    os.lchown(folder, OTHER, OTHER)
    monkeypatch.setattr(os, "geteuid", lambda: ME)
    assert not trusted()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_root_of_somebody_else_is_not_named(hook, prefix, root):
    """Here nothing may be written beside it: one in the cache takes its place."""
    assert hook(prefix.site)["CUDA_HOME"] == root
    os.chown(os.path.realpath(root), OTHER, OTHER)
    assert hook(prefix.site)["CUDA_HOME"] not in {None, root}


def test_a_relative_entry_of_the_path_has_no_toolkit(hook, prefix, root, tmp_path):
    """It is in whatever directory is the current one: a checkout's."""
    assert os.path.isdir(root)
    assert hook(os.path.relpath(prefix.site, tmp_path)) == {"PATH": "/usr/bin"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(("owner", "compiled"), [(0, True), (OTHER, False)])
def test_no_byte_code_in_somebody_elses_environment(hook, prefix, tmp_path, monkeypatch, owner, compiled):
    """Who owns the environment could not remove it."""
    os.mkdir(tmp_path / "package")
    os.chown(tmp_path / "package", owner, owner)
    seen = []
    monkeypatch.setattr(_cuda_shims, "__path__", [str(tmp_path / "package")])
    monkeypatch.setattr(_cuda_shims, "__file__", f"{SOURCE}/_cuda_shims/none.py")
    monkeypatch.setattr(_cuda_shims, "_common_case", lambda _: seen.append(not sys.dont_write_bytecode) or True)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    hook(prefix.site)
    assert seen == [compiled]
    assert not sys.dont_write_bytecode


# the variables --------------------------------------------------------------------------------------------------------


def test_the_variables_of_a_root():
    nvcc = f"{ROOT}/bin/nvcc"
    homes = {"CUDA_HOME": ROOT, "CUDA_PATH": ROOT, "CUDAToolkit_ROOT": ROOT}
    assert root_variables(ROOT) == {**homes, "CUDACXX": nvcc, "NVCC": nvcc, "CUDA_SHIMS_ROOT": ROOT}


def test_the_search_paths_of_a_root():
    assert search_paths(ROOT) == {"PATH": f"{ROOT}/bin", "PKG_CONFIG_PATH": f"{ROOT}/lib/pkgconfig"}
    stubs = f"{ROOT}/lib64/stubs"
    assert last_paths(ROOT) == [("LIBRARY_PATH", stubs), ("CMAKE_LIBRARY_PATH", stubs)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (None, f"/r/bin:{os.defpath}"),
        ("", "/r/bin"),
        ("/usr/bin", "/r/bin:/usr/bin"),
        ("/r/bin:/usr/bin", "/r/bin:/usr/bin"),
        ("/usr/bin:/r/bin:/x:/r/bin", "/r/bin:/usr/bin:/x"),
        ("/o/bin:/usr/bin", "/r/bin:/usr/bin"),
        (":/usr/bin::/x:", "/r/bin::/usr/bin::/x:"),
        ("/r/bin2:/r", "/r/bin:/r/bin2:/r"),
    ],
)
def test_first_on_path_once(path, expected):
    environ = {} if path is None else {"PATH": path}
    for _ in range(2):
        environ = path_values("/r", "/o", environ)
        assert environ["PATH"] == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (None, "{own}"),
        ("", "{own}"),
        ("/usr/lib", "/usr/lib:{own}"),
        ("{own}:/usr/lib", "/usr/lib:{own}"),
        ("{own}:/usr/lib:{own}", "/usr/lib:{own}"),
        ("{outer}:/usr/lib", "/usr/lib:{own}"),
        ("/usr/lib:", "/usr/lib::{own}"),
    ],
)
def test_last_on_a_search_path_once(path, expected):
    """Stubs of the driver, which a real one's library beats."""
    folders = {"own": f"{ROOT}/lib64/stubs", "outer": f"{OUTER}/lib64/stubs"}
    environ = {} if path is None else {"LIBRARY_PATH": path.format_map(folders)}
    for _ in range(2):
        environ = path_values(ROOT, OUTER, environ)
        assert environ["LIBRARY_PATH"] == expected.format_map(folders)


def test_where_path_is_unset_the_systems_programs_are_still_found():
    assert path_values(ROOT, None, {}) == {
        **search_paths(ROOT),
        **dict(last_paths(ROOT)),
        "PATH": f"{ROOT}/bin:{os.defpath}",
    }


def test_where_path_is_empty_there_are_none_and_none_are_added():
    assert path_values(ROOT, None, {"PATH": ""})["PATH"] == f"{ROOT}/bin"


def test_search_paths_that_have_something():
    names = ("PATH", "PKG_CONFIG_PATH", "LIBRARY_PATH", "CMAKE_LIBRARY_PATH")
    folders = {**search_paths(ROOT), **dict(last_paths(ROOT))}
    first = {name: f"{folders[name]}:/a:/b" for name in names[:2]}
    last = {name: f"/a:/b:{folders[name]}" for name in names[2:]}
    assert path_values(ROOT, None, dict.fromkeys(names, "/a:/b")) == {**first, **last}
    outer = {**search_paths(OUTER), **dict(last_paths(OUTER))}
    assert path_values(ROOT, OUTER, {name: f"/a:{outer[name]}:/b" for name in names}) == {**first, **last}
    # its own are not an outer environment's
    environ = {name: f"/a:{folders[name]}:/b" for name in names}
    assert path_values(ROOT, ROOT, environ) == {**first, **last}


# a project's file -----------------------------------------------------------------------------------------------------


#: whether a document configures us; the others, which require us, cost a start of Python no TOML reader
DOCUMENTS = {
    "[tool.cuda-shims]": True,
    "  [tool.cuda-shims]": True,
    "[tool.cuda-shims.x]": True,
    "[ tool . cuda-shims ]": True,
    '[tool."cuda-shims"]': True,
    "[tool.'cuda-shims']": True,
    "[\ttool\t.\t'cuda-shims'\t]": True,
    "['tool'.cuda-shims]": True,
    '["tool"."cuda-shims"]': True,
    "[project]\r\n[tool.cuda-shims]\r\n": True,
    "tool.cuda-shims.toolkit = 13": True,
    "tool.'cuda-shims'.toolkit = 13": True,
    'tool . "cuda-shims" . toolkit = 13': True,
    "tool.cuda-shims = {toolkit = 13}": True,
    "tool = {cuda-shims = {toolkit = 13}}": True,
    "tool = {cuda-shims.toolkit = 13}": True,
    "[tool]\ncuda-shims = {toolkit = 13}": True,
    "[tool]\n'cuda-shims'={toolkit = 13}": True,
    "[tool]\ncuda-shims.toolkit = 13": True,
    "[[tool.cuda-shims]]": True,
    'requires = ["cuda-shims"]\n[tool.cuda-shims]': True,
    "": False,
    'requires = ["cuda-shims"]': False,
    'requires = ["cuda-shims==1.0", "cuda-shims == 1.0"]': False,
    'requires = ["cuda-shims[cu13]>=1.0"]': False,
    'requires = [\n  "cuda-shims",\n  "numpy",\n]': False,
    "requires = ['cuda-shims ; python_version > \"3\"']": False,
    "[tool.x]\ny = 'cuda-shims'": False,
    "[tools.cuda-shims]": False,
    "[tool.x.cuda-shims]": False,
    "[tool.cuda_shims]": False,
    "[tool.cuda-shim]": False,
}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_configures_us(document):
    assert mentions_us(document.encode()) is DOCUMENTS[document]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs tomllib")
@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_toml_reader_agrees(document):
    import tomllib

    found = tomllib.loads(document).get("tool", {})
    assert ("cuda-shims" in found) is DOCUMENTS[document]


@pytest.mark.parametrize(
    "unit", [b"cuda-shims", b"cuda-shims ", b'[tool, "cuda-shims"\n', b"[tool.", b" ", b'"cuda-shims" ']
)
def test_a_megabyte_that_almost_mentions_us(unit):
    data = unit * (MAX_BYTES // len(unit))
    start = time.process_time()  # which a busy machine does not make longer
    assert not mentions_us(data)
    assert time.process_time() - start < 3


# modules of its own distribution --------------------------------------------------------------------------------------


@pytest.fixture
def distribution(tmp_path):
    """Install a copy of ours; returns its directory."""
    site = str(tmp_path / "site")
    for name in ("_cuda_shims", "cuda_shims"):
        shutil.copytree(f"{SOURCE}/{name}", f"{site}/{name}", ignore=shutil.ignore_patterns("__pycache__"))
    return site


#: as cuda_shims.pth does
LOAD = """\
import importlib.util, sys
spec = importlib.util.spec_from_file_location("_cuda_shims", {site!r} + "/_cuda_shims/__init__.py")
ours = importlib.util.module_from_spec(spec)
ours.__path__ = [{site!r} + "/_cuda_shims"]
spec.loader.exec_module(ours)
sys.modules["_cuda_shims"] = ours
"""


def python(code, *options, **environ):
    done = subprocess.run(
        [sys.executable, "-I", "-S", *options, "-c", code], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_an_outer_distributions_modules_are_not_used(distribution, tmp_path):
    """In pip's isolated build they are loaded already, and come first on sys.path."""
    outer = str(tmp_path / "outer")
    for name in ("_cuda_shims/__init__", "_cuda_shims/places", "cuda_shims/__init__", "cuda_shims/config"):
        write(f"{outer}/{name}.py", b"MAX_BYTES = 0\n")
    names = ["_cuda_shims.uncommon", "_cuda_shims.places", "cuda_shims.config", "cuda_shims.errors", "cuda_shims"]
    code = f"import sys; sys.path[:0] = [{outer!r}]; import _cuda_shims.places, cuda_shims.config\n"
    code += LOAD.format(site=distribution)
    code += f"for name in {names!r}: print(ours.load(name).__file__)\n"
    assert python(code) == [
        f"{distribution}/{name.replace('.', '/')}{'' if '.' in name else '/__init__'}.py" for name in names
    ]


def test_what_is_loaded_already_stays_loaded(distribution):
    code = LOAD.format(site=distribution)
    code += "first = ours.load('cuda_shims.config'); print(ours.load('cuda_shims.config') is first)"
    assert python(code) == ["True"]


def test_a_module_whose_name_begins_alike_is_nobodys_business(distribution):
    code = "import sys, types; sys.modules['cuda_shims_more'] = more = types.ModuleType('cuda_shims_more')\n"
    code += LOAD.format(site=distribution) + "ours.load('cuda_shims.config'); print('cuda_shims_more' in sys.modules)"
    assert python(code) == ["True"]


def test_the_standard_library_is_not_shadowed(distribution):
    """What else lies in site-packages does not come before it: an old backport of enum, say."""
    for name in ("enum", "typing", "stat", "types", "re", "collections", "binascii"):
        write(f"{distribution}/{name}.py", b"raise SystemExit('of site-packages')\n")
    code = f"import sys; sys.path.append({distribution!r}); before = list(sys.path)\n" + LOAD.format(site=distribution)
    code += "ours.load('cuda_shims.config'); ours.load('cuda_shims.installation.refresh'); print(sys.path == before)"
    assert python(code) == ["True"]


# when it runs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def reading(monkeypatch):
    """Have site read .pth files still."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.delattr(builtins, "quit")
    monkeypatch.delitem(sys.modules, "sitecustomize", raising=False)  # Debian's Python has imported its own


@pytest.mark.usefixtures("reading")
def test_it_waits_until_site_has_read_all(hook, prefix, root):
    before = list(sys.meta_path)
    for _ in range(2):  # the .pth files of a virtual environment are read twice
        assert hook(prefix.site) == {"PATH": "/usr/bin"}
    importlib.util.find_spec("othercustomize")
    assert "CUDA_HOME" not in os.environ
    sys.path.append(prefix.path)  # that a later .pth file adds
    importlib.util.find_spec("sitecustomize")
    assert os.environ["CUDA_HOME"] == root
    assert sys.meta_path == before
    assert _cuda_shims._done_for == [(*sys.path, root)]


class Finder:
    """Notes what it is asked for."""

    def __init__(self, spec=None):
        self.asked = []
        self.spec = spec

    def find_spec(self, *what):
        self.asked.append(what)
        return self.spec


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("found_by", [None, 0, 1])
def test_every_other_finder_is_asked_as_if_this_were_none(hook, prefix, root, before, found_by):
    """
    It goes out of the very list that the import system goes through.

    From 3.14 on that goes through a copy (python/cpython issue 130094), and asks the one after it once more.
    """
    spec = importlib.machinery.ModuleSpec("sitecustomize", None)
    others = [Finder(spec if number == found_by else None) for number in range(2)]
    sys.meta_path[:0] = others[before:]
    hook(prefix.site)
    sys.meta_path[:0] = others[:before]
    theirs = importlib.machinery.PathFinder.find_spec("sitecustomize")  # Debian's
    assert importlib.util.find_spec("sitecustomize") == (theirs if found_by is None else spec)
    assert [bool(each.asked) for each in others] == ([True, False] if found_by == 0 else [True, True])
    assert sum(len(each.asked) for each in others) <= 3
    assert {what for each in others for what in each.asked} == {("sitecustomize", None, None)}
    ran = before == 0 or found_by != 0  # what comes before it has found what it waits for
    assert os.environ.get("CUDA_HOME") == (root if ran else None)


def test_without_site_there_is_nothing_to_wait_for(prefix, root):
    code = f"import sys; sys.path[:0] = [{SOURCE!r}, {prefix.site!r}]; import _cuda_shims, os; _cuda_shims.main()\n"
    assert python(f"{code}print(os.environ['CUDA_HOME'])", PATH="/usr/bin") == [root]
