"""The start-up hook (contract 4.3): what it sets, and that it never harms the Python that starts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from fake_toolkit import TOOL, age, snapshot, write

import _cuda_shims
from cuda_shims import envvars, root_maker, search, startup
from cuda_shims.root_maker import make_root

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(startup.__file__)))


def expected(root, path="/usr/bin", **more):
    paths = {"PATH": f"{root}/bin:{path}", "PKG_CONFIG_PATH": f"{root}/lib/pkgconfig"}
    return {**envvars.root_variables(root), **paths, **more}


# what it sets ---------------------------------------------------------------------------------------------------------


def test_nothing_without_a_toolkit(hook, prefix):
    assert hook(prefix.site) == {"PATH": "/usr/bin"}


def test_libraries_alone_hide_no_systems_compiler(hook, prefix):
    prefix.toolkit(components=["nvidia-cuda-runtime"])
    assert hook(prefix.site) == {"PATH": "/usr/bin"}
    assert not os.path.exists(os.path.join(prefix.site, search.ROOTS_FOLDER))


@pytest.mark.parametrize("rooted", [False, True])
def test_the_root_is_made_and_named(hook, prefix, rooted):
    prefix.toolkit()
    if rooted:
        make_root(prefix.site, 13)
    root = search.root_path(prefix.site, 13)
    for _ in range(2):
        assert hook(prefix.site) == expected(root)
    assert search.is_fresh(root)


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
    prefix.ours()
    hook(prefix.site)
    with open(os.path.join(prefix.bin, "nvcc"), encoding="utf-8") as file:
        assert file.read().splitlines()[2] == "# toolkit: 13.5.37"


def test_an_outer_environments_variables_are_replaced(hook, new_prefix):
    outer, inner = new_prefix("outer"), new_prefix("inner")
    for each in (outer, inner):
        each.toolkit()
    variables = hook(outer.site)
    assert hook(inner.site, **variables) == expected(search.root_path(inner.site, 13))
    # the root of either way: the inner one is fresh now
    assert hook(inner.site, **variables) == expected(search.root_path(inner.site, 13))


def test_a_launcher_stays(hook, prefix):
    prefix.toolkit()
    root = search.root_path(prefix.site, 13)
    for _ in range(2):
        assert hook(prefix.site, CUDACXX="ccache nvcc") == expected(root, CUDACXX="ccache nvcc")


@pytest.fixture
def mine(tmp_path):
    write(str(tmp_path / "cuda/bin/nvcc"), TOOL, 0o755)
    return str(tmp_path / "cuda")


@pytest.mark.parametrize("name", envvars.HOMES)
def test_the_users_toolkit_is_left_whole(hook, prefix, mine, name):
    prefix.toolkit()
    for _ in range(2):
        found = hook(prefix.site, **{name: mine})
        assert found == {name: mine, envvars.FORWARD: mine, "PATH": f"{mine}/bin:/usr/bin"}


def test_forwarding_is_taken_back(hook, prefix, mine):
    prefix.toolkit()
    root = search.root_path(prefix.site, 13)
    for _ in range(2):
        assert hook(prefix.site, CUDA_SHIMS_FORWARD=mine) == expected(root)


@pytest.mark.parametrize("way", ["variable", "file"])
def test_the_wheels_are_preferred_when_the_user_says_so(hook, prefix, mine, tmp_path, way):
    prefix.toolkit()
    variables = {"CUDA_SHIMS_PREFER": "wheels"}
    if way == "file":
        variables = {}
        (tmp_path / "pyproject.toml").write_text('[tool.cuda-shims]\nprefer = "wheels"\n')
    root = search.root_path(prefix.site, 13)
    assert hook(prefix.site, CUDA_HOME=mine, NVCC=f"{mine}/bin/nvcc", **variables) == expected(root)


def test_the_choice_of_a_major(hook, prefix, mine):
    prefix.toolkit()
    prefix.toolkit("12.9.88", ["nvidia-cuda-nvcc"])
    for major in (12, 13):
        found = hook(prefix.site, CUDA_SHIMS_TOOLKIT=str(major), CUDA_HOME=mine)
        assert found == expected(search.root_path(prefix.site, major), CUDA_SHIMS_TOOLKIT=str(major))
    assert hook(prefix.site, CUDA_SHIMS_TOOLKIT="14") == {"PATH": "/usr/bin", "CUDA_SHIMS_TOOLKIT": "14"}


def test_the_projects_major(hook, prefix, tmp_path):
    prefix.toolkit()
    prefix.toolkit("12.9.88", ["nvidia-cuda-nvcc"])
    assert hook(prefix.site)["CUDA_HOME"].endswith("/cu13")
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = 12\n")
    assert hook(prefix.site)["CUDA_HOME"].endswith("/cu12")
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = 11\n")
    assert hook(prefix.site)["CUDA_HOME"].endswith("/cu13")


def test_the_choice_of_a_folder(hook, prefix, mine):
    prefix.toolkit()
    assert hook(prefix.site, CUDA_SHIMS_TOOLKIT=mine) == expected(mine, CUDA_SHIMS_TOOLKIT=mine)
    assert not os.path.exists(search.root_path(prefix.site, 13))


def test_the_other_half_of_a_build_environment(hook, new_prefix):
    own, other = new_prefix("own"), new_prefix("other")
    other.toolkit()
    found = hook(own.site, PATH=f"{other.bin}:/usr/bin")
    assert found == expected(search.root_path(other.site, 13), f"{other.bin}:/usr/bin")


def test_the_wheels_own_folder_serves_where_no_root_can_be_made(hook, prefix, monkeypatch):
    toolkit = prefix.toolkit()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "symlink", full)
    assert hook(prefix.site) == expected(toolkit)


# that it harms nobody -------------------------------------------------------------------------------------------------


def test_the_off_switch(hook, prefix):
    prefix.toolkit()
    before = snapshot(prefix.path, times=True)
    assert hook(prefix.site, CUDA_SHIMS_STARTUP="0") == {"PATH": "/usr/bin"}
    assert snapshot(prefix.path, times=True) == before


@pytest.mark.parametrize("odd", [None, b"/bytes", 3, "\0"])
def test_an_odd_entry_of_the_path(hook, prefix, odd):
    prefix.toolkit()
    root = make_root(prefix.site, 13)
    assert hook(odd, prefix.site) == expected(root)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (_cuda_shims, "_common_case"),
        (_cuda_shims, "toolkit_majors"),
        (startup, "activate"),
        (startup, "_choose"),
        (startup, "_update"),
        (search, "candidates"),
        (search, "fresh_root"),
        (envvars, "user_toolkit"),
        (envvars, "for_root"),
        (root_maker, "make_root"),
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
    assert hook(prefix.site, CUDA_HOME=mine)[envvars.FORWARD] == mine
    assert hook(prefix.site, CUDA_HOME=mine, CUDA_SHIMS_DEBUG="1")[envvars.FORWARD] == mine
    out, err = capfd.readouterr()
    assert (out, "prefer" in err) == ("", True)
    monkeypatch.setattr(os, "getcwd", lambda: (_ for _ in ()).throw(FileNotFoundError()))
    assert hook(prefix.site, CUDA_HOME=mine)[envvars.FORWARD] == mine


@pytest.mark.parametrize("debug", ["", "0", "1"])
def test_it_explains_itself_on_stderr_alone(hook, prefix, capfd, debug):
    hook(prefix.site, CUDA_SHIMS_DEBUG=debug)
    prefix.toolkit()
    hook(prefix.site, CUDA_SHIMS_DEBUG=debug)
    out, err = capfd.readouterr()
    assert out == ""
    if debug == "1":
        assert "no toolkit" in err
        assert f"cuda-shims: CUDA_HOME={search.root_path(prefix.site, 13)}\n" in err
    else:
        assert err == ""


def test_debugging_without_stderr(hook, prefix, monkeypatch):
    prefix.toolkit()
    monkeypatch.setattr(sys, "stderr", None)
    assert "CUDA_HOME" in hook(prefix.site, CUDA_SHIMS_DEBUG="1")


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
    prefix.ours()
    code = SITE.format(paths=[SOURCE], sites=[prefix.site] * times) + SHOW
    done = python("-I", "-c", code)
    root = search.root_path(prefix.site, 13)
    assert (done.stdout, done.stderr) == (f"{root}\n{root}/bin\n", "")
    done = python("-I", "-c", code, CUDA_SHIMS_STARTUP="0")
    assert (done.stdout, done.stderr) == ("None\n/usr/bin\n", "")


def test_a_pth_file_that_outlived_its_package(prefix):
    prefix.toolkit()
    prefix.ours()
    done = python("-I", "-S", "-c", SITE.format(paths=[], sites=[prefix.site]) + SHOW)
    assert (done.stdout, done.stderr, done.returncode) == ("None\n/usr/bin\n", "", 0)


def test_the_start_file_names_a_function_that_is_there(prefix):
    prefix.ours()
    with open(os.path.join(prefix.site, "cuda_shims.start"), encoding="utf-8") as file:
        module, _, name = file.read().strip().partition(":")
    assert callable(getattr(sys.modules[module], name))
    # a .start silences the .pth of the same name on 3.15 and later
    assert {"cuda_shims.pth", "cuda_shims.start"} <= set(os.listdir(prefix.site))


def test_the_common_case_imports_nothing_more(prefix):
    prefix.toolkit()
    make_root(prefix.site, 13)
    code = (
        "import sys, os; before = set(sys.modules); sys.path[:0] = {paths!r};"
        "import _cuda_shims; _cuda_shims.main(); print(sorted(set(sys.modules) - before));" + SHOW
    )
    done = python("-I", "-S", "-c", code.format(paths=[SOURCE, prefix.site]))
    assert done.stdout.splitlines()[:2] == ["['_cuda_shims']", search.root_path(prefix.site, 13)]
    assert done.stderr == ""


@pytest.mark.parametrize("other", [None, "import sys; sys.modules['hidden'] = __name__", "raise ImportError('theirs')"])
def test_sitecustomize_runs_the_one_that_it_hides(new_prefix, tmp_path, other):
    target = new_prefix("target", ".")
    target.toolkit()
    target.ours()
    from cuda_shims.shims import template

    write(os.path.join(target.path, "sitecustomize.py"), template("sitecustomize.py"))
    age(target.path)
    if other:
        write(str(tmp_path / "later/sitecustomize.py"), f"{other}\n".encode())
    path = os.pathsep.join([target.path, SOURCE, str(tmp_path / "later")])
    done = python("-c", "import sys; print(sys.modules.get('hidden'));" + SHOW, PYTHONPATH=path)
    root = search.root_path(target.path, 13)
    hidden = "sitecustomize" if other and "hidden" in other else None
    assert done.stdout == f"{hidden}\n{root}\n{root}/bin\n"
    assert ("theirs" in done.stderr) is bool(other and "theirs" in other)


def test_an_inner_environment_runs_its_own_module(new_prefix, tmp_path):
    """In pip's isolated build the outer environment's hook, of another version maybe, has run in the same process."""
    inner = new_prefix("inner")
    inner.toolkit()
    inner.ours()
    shutil.copytree(os.path.join(SOURCE, "_cuda_shims"), os.path.join(inner.site, "_cuda_shims"))
    outer = tmp_path / "outer"
    write(str(outer / "_cuda_shims/__init__.py"), b"def main(): raise SystemExit('the outer one ran')\n")
    code = f"import sys; sys.path.insert(0, {str(outer)!r}); import _cuda_shims; sys.path[0] = {SOURCE!r};"
    code += SITE.format(paths=[], sites=[inner.site]) + SHOW
    done = python("-I", "-S", "-c", code)
    root = search.root_path(inner.site, 13)
    assert (done.stdout, done.stderr) == (f"{root}\n{root}/bin\n", "")
