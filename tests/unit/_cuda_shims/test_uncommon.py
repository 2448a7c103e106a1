"""The start-up hook (contract 4.3): what it sets, and that it never harms the Python that starts."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from fake_toolkit import PYTHON, TOOL, Prefix, age, snapshot, write

import _cuda_shims
from _cuda_shims import FORWARD, HOMES, ROOTS_FOLDER, last_paths, places, root_variables, selection, uncommon
from _cuda_shims import variables as envvars
from _cuda_shims.places import Place
from cuda_shims.installation import refresh
from cuda_shims.installation.refresh import make_root

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(uncommon.__file__)))


def expected(root, path="/usr/bin", **more):
    paths = {"PATH": f"{root}/bin:{path}", "PKG_CONFIG_PATH": f"{root}/lib/pkgconfig", **dict(last_paths(root))}
    return {**root_variables(root), **paths, **more}


def beside(prefix, major=13):
    return Place(prefix.site, major).beside


@pytest.fixture
def new_prefix(new_prefix):
    """Have cuda-shims installed in each prefix: a start of Python writes to no other."""

    def make(*arguments):
        made = new_prefix(*arguments)
        made.ours()
        return made

    return make


# what it sets ---------------------------------------------------------------------------------------------------------


def test_nothing_without_a_toolkit(hook, prefix):
    assert hook(prefix.site) == {"PATH": "/usr/bin"}


def test_libraries_alone_hide_no_systems_compiler(hook, prefix):
    prefix.toolkit(components=["nvidia-cuda-runtime"])
    assert hook(prefix.site) == {"PATH": "/usr/bin"}
    assert not os.path.exists(os.path.join(prefix.site, ROOTS_FOLDER))


@pytest.mark.parametrize("rooted", [False, True])
def test_the_root_is_made_and_named(hook, prefix, rooted):
    prefix.toolkit()
    if rooted:
        make_root(Place(prefix.site, 13))
    root = beside(prefix)
    for _ in range(2):
        assert hook(prefix.site) == expected(root)
    assert Place(prefix.site, 13).fresh_root() == root


@pytest.mark.parametrize("entry", [os.path.relpath, os.fsencode])
def test_what_sys_path_has_of_no_absolute_name_is_not_looked_at(hook, prefix, monkeypatch, entry):
    """A relative entry names whatever the current directory holds."""
    prefix.toolkit()
    make_root(Place(prefix.site, 13))
    monkeypatch.chdir(os.path.dirname(prefix.path))
    assert hook(entry(prefix.site)) == {"PATH": "/usr/bin"}


def test_a_stale_root_is_renewed(hook, prefix):
    toolkit = prefix.toolkit()
    hook(prefix.site)
    write(os.path.join(toolkit, "bin/cuobjdump"), TOOL, 0o755)
    root = hook(prefix.site)["CUDA_HOME"]
    assert os.path.exists(os.path.join(root, "bin/cuobjdump"))


@pytest.mark.parametrize("site", ["with space", "plain"])
def test_the_shims_are_stamped_with_the_version(hook, new_prefix, site):
    prefix = new_prefix(site)
    prefix.toolkit()
    hook(prefix.site)
    with open(os.path.join(prefix.bin, "nvcc"), encoding="utf-8") as file:
        assert file.read().splitlines()[2] == "# toolkit: 13.5.37"


def test_an_outer_environments_variables_are_replaced(hook, new_prefix):
    outer, inner = new_prefix("outer"), new_prefix("inner")
    for each in (outer, inner):
        each.toolkit()
    variables = hook(outer.site)
    assert hook(inner.site, **variables) == expected(beside(inner))
    # the root of either way: the inner one is fresh now
    assert hook(inner.site, **variables) == expected(beside(inner))


def test_a_launcher_stays(hook, prefix):
    prefix.toolkit()
    root = beside(prefix)
    for _ in range(2):
        assert hook(prefix.site, CUDACXX="ccache nvcc") == expected(root, CUDACXX="ccache nvcc")


@pytest.fixture
def mine(tmp_path):
    write(str(tmp_path / "cuda/bin/nvcc"), TOOL, 0o755)
    return str(tmp_path / "cuda")


@pytest.mark.parametrize("name", HOMES)
def test_the_users_toolkit_is_left_whole(hook, prefix, mine, name):
    prefix.toolkit()
    for _ in range(2):
        found = hook(prefix.site, **{name: mine})
        assert found == {name: mine, FORWARD: mine, "PATH": f"{mine}/bin:/usr/bin"}


def test_forwarding_is_taken_back(hook, prefix, mine):
    prefix.toolkit()
    root = beside(prefix)
    for _ in range(2):
        assert hook(prefix.site, CUDA_SHIMS_FORWARD=mine) == expected(root)


@pytest.mark.parametrize("way", ["variable", "file"])
def test_the_wheels_are_preferred_when_the_user_says_so(hook, prefix, mine, tmp_path, way):
    prefix.toolkit()
    variables = {"CUDA_SHIMS_PREFER": "wheels"}
    if way == "file":
        variables = {}
        (tmp_path / "pyproject.toml").write_text('[tool.cuda-shims]\nprefer = "wheels"\n')
    root = beside(prefix)
    assert hook(prefix.site, CUDA_HOME=mine, NVCC=f"{mine}/bin/nvcc", **variables) == expected(root)


def test_the_choice_of_a_major(hook, prefix, mine):
    prefix.toolkit()
    prefix.toolkit("12.9.88", ["nvidia-cuda-nvcc"])
    for major in (12, 13):
        found = hook(prefix.site, CUDA_SHIMS_TOOLKIT=str(major), CUDA_HOME=mine)
        assert found == expected(beside(prefix, major), CUDA_SHIMS_TOOLKIT=str(major))
    assert hook(prefix.site, CUDA_SHIMS_TOOLKIT="14") == {"PATH": "/usr/bin", "CUDA_SHIMS_TOOLKIT": "14"}


def test_the_projects_major(hook, prefix, tmp_path):
    """The shims, who read no project, are told: also of one that is not installed, which they refuse then."""
    prefix.toolkit()
    prefix.toolkit("12.9.88", ["nvidia-cuda-nvcc"])
    variables = hook(prefix.site)
    assert variables == expected(beside(prefix))
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = 12\n")
    twelve = beside(prefix, 12)
    for given in ({}, variables):
        assert hook(prefix.site, **given) == expected(twelve, CUDA_SHIMS_FORWARD=twelve)
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = 11\n")
    for given in ({}, variables):
        assert hook(prefix.site, **given) == {"PATH": "/usr/bin", FORWARD: "11"}


def test_an_environment_that_was_moved_below_a_space(hook, new_prefix, tmp_path):
    """Its links are relative, so its root is whole; but CMake cannot link there, and one elsewhere is made."""
    prefix = new_prefix("plain")
    prefix.toolkit()
    hook(prefix.site)
    os.rename(prefix.path, tmp_path / "my env")
    prefix = new_prefix("my env")
    for _ in range(2):
        root = hook(prefix.site)["CUDA_HOME"]
        assert root.startswith(f"{tmp_path}/user-cache/cuda-shims/roots/")
        assert Place(prefix.site, 13).fresh_root() == root


def test_a_root_below_a_space_serves_where_no_other_can_be_made(hook, new_prefix, tmp_path):
    prefix = new_prefix("my env")
    prefix.toolkit()
    caches = {"XDG_CACHE_HOME": f"{tmp_path}/a file", "TMPDIR": f"{tmp_path}/my tmp"}
    write(caches["XDG_CACHE_HOME"])
    os.mkdir(caches["TMPDIR"])
    os.symlink("/nowhere", f"{caches['TMPDIR']}/cuda-shims-{os.geteuid()}")
    os.chmod(caches["TMPDIR"], 0o500)
    for _ in range(2):
        assert hook(prefix.site, **caches)["CUDA_HOME"] == beside(prefix)


def test_the_nearest_with_a_compiler(hook, new_prefix):
    near, far = new_prefix("near"), new_prefix("far")
    near.toolkit()
    far.toolkit("14.0.1")
    assert hook(near.site, far.site)["CUDA_HOME"] == beside(near)
    assert hook(far.site, near.site)["CUDA_HOME"] == beside(far, 14)


def test_wheels_of_several_directories_have_a_root_together(hook, new_prefix):
    near, far = new_prefix("near"), new_prefix("far")
    near.toolkit(components=["nvidia-cuda-cupti"])
    far.toolkit()
    union = Place(far.site, 13, (near.site, far.site)).beside
    for _ in range(2):
        assert hook(near.site, far.site) == expected(union)
    assert os.path.exists(f"{union}/include/cupti.h")
    assert hook(far.site) == expected(beside(far))
    assert not os.path.exists(f"{beside(far)}/include/cupti.h")


def test_a_directory_that_cuda_shims_is_not_installed_in_is_not_written_to(hook, tmp_path):
    other = Prefix(str(tmp_path / "other"))
    other.toolkit()
    before = snapshot(other.path, times=True)
    for _ in range(2):
        root = hook(other.site)["CUDA_HOME"]
        assert root.startswith(f"{tmp_path}/user-cache/cuda-shims/roots/")
    assert snapshot(other.path, times=True) == before


def test_cuda_12_that_was_asked_for(hook, prefix, mine, tmp_path, monkeypatch):
    """It has no compiler to name, and hides none."""
    monkeypatch.setattr(selection, "_USUAL", str(tmp_path / "usr-local-cuda"))
    prefix.split(asked=True)
    root = beside(prefix, 12)
    found = expected(root)
    del found["CUDACXX"], found["NVCC"]
    for _ in range(2):
        assert hook(prefix.site) == found
    assert hook(prefix.site, PATH=f"{mine}/bin") == {"PATH": f"{mine}/bin"}


def test_the_choice_of_a_folder(hook, prefix, mine):
    prefix.toolkit()
    assert hook(prefix.site, CUDA_SHIMS_TOOLKIT=mine) == expected(mine, CUDA_SHIMS_TOOLKIT=mine)
    assert not os.path.exists(beside(prefix))


@pytest.mark.parametrize("name", [PYTHON, "python3.14t", "pypy3.11"])
def test_the_other_half_of_a_build_environment(hook, new_prefix, monkeypatch, name):
    monkeypatch.setattr(os, "__file__", f"/usr/lib/{name}/os.py")  # what the interpreter calls its folders
    own, other = (new_prefix(f"pip-build-env-x/{half}", f"lib/{name}/site-packages") for half in ("normal", "overlay"))
    other.toolkit()
    found = hook(own.site, PATH=f"{other.bin}:/usr/bin")
    assert found == expected(beside(other), f"{other.bin}:/usr/bin")


def test_the_wheels_own_folder_serves_where_no_root_can_be_made(hook, prefix, monkeypatch):
    toolkit = prefix.toolkit()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "symlink", full)
    assert hook(prefix.site) == expected(toolkit)


def test_no_second_try_where_there_is_no_room(hook, prefix, monkeypatch, capfd):
    """On a full disk each start would import all that makes a root, for nothing."""
    toolkit = prefix.toolkit()
    real = os.statvfs(prefix.site)
    calls = []
    monkeypatch.setattr(refresh, "make_root", calls.append)
    full = {"f_bfree": 0, "f_bavail": 0}, {"f_files": 10**6, "f_favail": 3}
    for change in full:
        fields = {name: getattr(real, name) for name in dir(real) if name.startswith("f_")}
        status = SimpleNamespace(**{**fields, **change})
        monkeypatch.setattr(os, "statvfs", lambda _, status=status: status)
        assert hook(prefix.site, CUDA_SHIMS_DEBUG="1") == expected(toolkit)
        assert "no room" in capfd.readouterr().err
    assert calls == []


@pytest.mark.parametrize("change", [{"f_blocks": 0, "f_bfree": 0, "f_bavail": 0}, {"f_files": 0, "f_favail": 0}])
def test_a_file_system_that_does_not_count_has_room(hook, prefix, monkeypatch, change):
    """What a network's or btrfs says of itself."""
    prefix.toolkit()
    real = os.statvfs(prefix.site)
    fields = {name: getattr(real, name) for name in dir(real) if name.startswith("f_")}
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(**{**fields, **change}))
    assert hook(prefix.site) == expected(beside(prefix))


def test_the_folders_of_cuda_12_serve_in_place_of_no_root(hook, prefix, tmp_path, monkeypatch):
    monkeypatch.setattr(selection, "_USUAL", str(tmp_path / "usr-local-cuda"))
    prefix.split(asked=True)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "symlink", full)
    assert hook(prefix.site) == {"PATH": "/usr/bin"}


# what a project says --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "environ", "toolkit", "prefer"),
    [
        (None, {}, None, "user"),
        ("[project]\nname = 'x'\n", {}, None, "user"),
        (None, {"CUDA_SHIMS_PREFER": "wheels"}, None, "wheels"),
        (None, {"CUDA_SHIMS_PREFER": "garbage"}, None, "user"),
        ("[tool.cuda-shims]\ntoolkit = 13\n", {}, "13", "user"),
        ("[tool.cuda-shims]\ntoolkit = '13'\nprefer = 'wheels'\n", {}, "13", "wheels"),
        ("[tool.cuda-shims]\nprefer = 'wheels'\n", {"CUDA_SHIMS_PREFER": "user"}, None, "user"),
        ("[tool.cuda-shims]\ntoolkit = 13\n", {"CUDA_SHIMS_TOOLKIT": "14"}, "13", "user"),
        ("[tool.cuda-shims]\ntoolkit = 'newest'\n", {}, None, "user"),
        ("[tool.cuda-shims\n", {"CUDA_SHIMS_PREFER": "wheels"}, None, "wheels"),
    ],
)
def test_what_a_project_says(tmp_path, text, environ, toolkit, prefer):
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    found = uncommon.read_project(environ)
    assert (found.toolkit, found.prefer) == (toolkit, prefer)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to itself"])
def test_a_project_that_cannot_be_read(tmp_path, monkeypatch, capfd, kind):
    path = str(tmp_path / "pyproject.toml")
    {"folder": os.mkdir, "pipe": os.mkfifo, "link to itself": lambda path: os.symlink(path, path)}[kind](path)
    monkeypatch.setenv("CUDA_SHIMS_DEBUG", "1")
    found = uncommon.read_project({"CUDA_SHIMS_PREFER": "wheels"})
    assert (found.toolkit, found.prefer) == (None, "wheels")
    assert ("configuration not used" in capfd.readouterr().err) is (kind != "pipe")


# that it harms nobody -------------------------------------------------------------------------------------------------


def test_the_off_switch(hook, prefix):
    prefix.toolkit()
    before = snapshot(prefix.path, times=True)
    assert hook(prefix.site, CUDA_SHIMS_STARTUP="0") == {"PATH": "/usr/bin"}
    assert snapshot(prefix.path, times=True) == before


@pytest.mark.parametrize("odd", [None, b"/bytes", 3, "\0"])
def test_an_odd_entry_of_the_path(hook, prefix, odd):
    prefix.toolkit()
    root = make_root(Place(prefix.site, 13))
    assert hook(odd, prefix.site) == expected(root)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (_cuda_shims, "_common_case"),
        (_cuda_shims, "toolkit_majors"),
        (uncommon, "activate"),
        (uncommon, "_update"),
        (uncommon, "_make"),
        (uncommon, "find_places"),
        (places.Place, "fresh_root"),
        (selection, "select"),
        (selection, "user_toolkit"),
        (envvars, "for_root"),
        (refresh, "make_root"),
    ],
)
@pytest.mark.parametrize("error", [RuntimeError, OSError, RecursionError, UnicodeError])
def test_it_never_raises_and_never_prints(hook, prefix, monkeypatch, capfd, module, name, error):
    prefix.toolkit()

    def broken(*_, **__):
        raise error

    monkeypatch.setattr(module, name, broken)
    found = hook(prefix.site)
    assert found in ({"PATH": "/usr/bin"}, expected(os.path.join(prefix.site, "nvidia/cu13")))
    assert capfd.readouterr() == ("", "")


def test_no_second_work_while_the_path_is_the_same(hook, prefix, new_prefix, monkeypatch):
    prefix.toolkit()
    hook(prefix.site)
    calls = []
    monkeypatch.setattr(_cuda_shims, "_common_case", lambda *_: calls.append(1) or True)
    _cuda_shims.main()
    assert calls == []
    sys.path.append(new_prefix("more").site)
    _cuda_shims.main()
    assert calls == [1]


def test_a_wrong_configuration_stops_nothing(hook, prefix, mine, tmp_path, monkeypatch, capfd):
    prefix.toolkit()
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\nprefer = 3\n")
    assert hook(prefix.site, CUDA_HOME=mine)[FORWARD] == mine
    assert hook(prefix.site, CUDA_HOME=mine, CUDA_SHIMS_DEBUG="1")[FORWARD] == mine
    out, err = capfd.readouterr()
    assert (out, "prefer" in err) == ("", True)
    monkeypatch.setattr(os, "getcwd", lambda: (_ for _ in ()).throw(FileNotFoundError()))
    assert hook(prefix.site, CUDA_HOME=mine)[FORWARD] == mine


@pytest.mark.parametrize("debug", ["", "0", "1"])
def test_it_explains_itself_on_stderr_alone(hook, prefix, capfd, debug):
    hook(prefix.site, CUDA_SHIMS_DEBUG=debug)
    prefix.toolkit()
    hook(prefix.site, CUDA_SHIMS_DEBUG=debug)
    out, err = capfd.readouterr()
    assert out == ""
    # with a root and nothing unusual, most starts
    hook(prefix.site, CUDA_SHIMS_DEBUG=debug)
    again = capfd.readouterr().err
    assert (f"cuda-shims: CUDA_HOME={beside(prefix)}\n" in again) is (debug == "1")
    if debug == "1":
        assert "cuda-shims: selected: none" in err
        assert f"cuda-shims: CUDA_HOME={beside(prefix)}\n" in err
    else:
        assert err == ""


def test_debugging_without_stderr(hook, prefix, monkeypatch):
    prefix.toolkit()
    monkeypatch.setattr(sys, "stderr", None)
    assert "CUDA_HOME" in hook(prefix.site, CUDA_SHIMS_DEBUG="1")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(("owner", "stays"), [(0, False), (12345, True)])
def test_a_guest_takes_away_its_own_byte_code_alone(tmp_path, monkeypatch, owner, stays):
    """What the import system wrote before it was told not to."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    own = write(str(tmp_path / "package/__init__.py"))
    compiled = write(importlib.util.cache_from_source(own))
    os.chown(compiled, owner, owner)
    uncommon.activate_as_guest(lambda _: True, own, keep=False)
    assert os.path.exists(os.path.dirname(compiled)) is os.path.exists(compiled) is stays


# as site runs it ------------------------------------------------------------------------------------------------------


def python(*arguments, **variables):
    return subprocess.run(
        [sys.executable, *arguments],
        env={"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


SITE = "import site, sys; sys.path[:0] = {paths!r}; [site.addsitedir(each) for each in {sites!r}];"
SHOW = "import os; print(os.environ.get('CUDA_HOME')); print(os.environ['PATH'].split(':')[0])"


@pytest.mark.parametrize("times", [1, 2])
def test_the_pth_file(prefix, times):
    prefix.toolkit()
    code = SITE.format(paths=[SOURCE], sites=[prefix.site] * times) + SHOW
    done = python("-I", "-c", code)
    root = beside(prefix)
    assert (done.stdout, done.stderr) == (f"{root}\n{root}/bin\n", "")
    done = python("-I", "-c", code, CUDA_SHIMS_STARTUP="0")
    assert (done.stdout, done.stderr) == ("None\n/usr/bin\n", "")


@pytest.mark.parametrize("left", [None, "_cuda_shims/__pycache__"])
def test_a_pth_file_that_outlived_its_package(prefix, left):
    """A folder that is left of it is a package without a file, and the files of an environment are read twice."""
    prefix.toolkit()
    if left:
        os.makedirs(f"{prefix.site}/{left}")
    done = python("-I", "-S", "-c", SITE.format(paths=[], sites=[prefix.site] * 2) + SHOW)
    assert (done.stdout, done.stderr, done.returncode) == ("None\n/usr/bin\n", "", 0)


@pytest.mark.parametrize("other", [None, "import sys; sys.modules['hidden'] = __name__", "raise ImportError('theirs')"])
def test_sitecustomize_runs_the_one_that_it_hides(new_prefix, tmp_path, other):
    target = new_prefix("target", ".")
    target.toolkit()
    from cuda_shims.installation.shims import template

    write(os.path.join(target.path, "sitecustomize.py"), template("sitecustomize.py"))
    age(target.path)
    if other:
        write(str(tmp_path / "later/sitecustomize.py"), f"{other}\n".encode())
    path = os.pathsep.join([target.path, SOURCE, str(tmp_path / "later")])
    done = python("-c", "import sys; print(sys.modules.get('hidden'));" + SHOW, PYTHONPATH=path)
    root = beside(target)
    hidden = "sitecustomize" if other and "hidden" in other else None
    assert done.stdout == f"{hidden}\n{root}\n{root}/bin\n"
    assert ("theirs" in done.stderr) is bool(other and "theirs" in other)


def test_an_inner_environment_runs_its_own_module(new_prefix, tmp_path):
    """In pip's isolated build the outer environment's hook, of another version maybe, has run in the same process."""
    inner = new_prefix("inner")
    inner.toolkit()
    for package in ("_cuda_shims", "cuda_shims"):
        shutil.copytree(f"{SOURCE}/{package}", f"{inner.site}/{package}")
    outer = tmp_path / "outer"
    write(str(outer / "_cuda_shims/__init__.py"), b"def main(): raise SystemExit('the outer one ran')\n")
    write(str(outer / "cuda_shims/__init__.py"), b"raise SystemExit('the outer one was imported')\n")
    code = f"import sys; sys.path.insert(0, {str(outer)!r}); import _cuda_shims;"
    code += SITE.format(paths=[], sites=[inner.site]) + SHOW
    done = python("-I", "-S", "-c", code)
    root = beside(inner)
    assert (done.stdout, done.stderr) == (f"{root}\n{root}/bin\n", "")
