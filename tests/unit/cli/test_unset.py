"""What ``cuda-shims env --unset`` prints, in real shells: afterwards everything is as it was before ``env``."""

from __future__ import annotations

import json
import os

import pytest
from shell_support import CAT, SHELLS, decoded, evaluate

from _cuda_shims import FORWARD, MARKER, TOOLKIT, all_paths, last_paths, root_variables, search_paths
from cuda_shims.cli import main, shells
from cuda_shims.cli.commands import env

ROOTS = [b"/x", b"/x y/cu13", b"/it's", b"/a*b", b"/[a]", b"/$HOME", b"/`x`", b"/a\\b", b"/\xff", "/日本".encode()]
BEFORE = [
    {},
    {"PKG_CONFIG_PATH": "/mine/pc", "LIBRARY_PATH": "/mine:/and mine", "CMAKE_LIBRARY_PATH": "/mine"},
    {"CUDA_PATH": "/usr/local/cuda", "NVCC": "ccache nvcc"},
]
POSIX = [shell for shell in SHELLS if SHELLS[shell][2] == "sh"]


@pytest.fixture
def unset(capsys, monkeypatch):
    """Give a function that answers what ``env --unset`` prints in a shell."""

    def unset(fmt, *options, **environ):
        monkeypatch.setattr(env, "given_environment", lambda: environ)
        assert main(["env", "--unset", "--format", fmt, *options]) == 0
        return capsys.readouterr().out

    return unset


def put(root, fmt, **more):
    return shells.render({**root_variables(root), **more}, search_paths(root), fmt, last=last_paths(root))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("root", ROOTS)
def test_the_environment_is_as_it_was(unset, tmp_path, shell, root):
    fmt, root = SHELLS[shell][2], decoded(root)
    plain = evaluate(shell, "", str(tmp_path))
    once = put(root, fmt)
    assert evaluate(shell, once, str(tmp_path)) != plain
    for text in (once, once * 2):
        assert evaluate(shell, text + unset(fmt), str(tmp_path)) == plain


@pytest.mark.parametrize("shell", SHELLS)
def test_what_was_there_for_companions_that_have_gone(unset, tmp_path, shell):
    fmt = SHELLS[shell][2]
    once = shells.render(
        root_variables("/x"), search_paths("/x"), fmt, last=[("PATH", "/x/search"), ("PATH", "/x/include")]
    )
    assert evaluate(shell, once + unset(fmt), str(tmp_path)) == evaluate(shell, "", str(tmp_path))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("before", BEFORE)
def test_what_the_user_had_stays(unset, tmp_path, shell, before):
    fmt = SHELLS[shell][2]
    kept = {name: value for name, value in before.items() if name.endswith("LIBRARY_PATH") or name.startswith("PKG")}
    plain = evaluate(shell, "", str(tmp_path), **kept)
    assert evaluate(shell, put("/x", fmt) + unset(fmt), str(tmp_path), **kept) == plain
    # where nothing is ours, nothing is taken
    plain = evaluate(shell, "", str(tmp_path), **before)
    assert evaluate(shell, unset(fmt), str(tmp_path), **before) == plain
    # nor what the user has set since
    later = shells.render({"CUDA_HOME": "/later", "CUDACXX": "clang++"}, {"PATH": "/later/bin"}, fmt)
    found = evaluate(shell, put("/x", fmt) + later + unset(fmt), str(tmp_path), **kept)
    assert (found[b"CUDA_HOME"], found[b"CUDACXX"]) == (b"/later", b"clang++")
    assert found[b"PATH"] == b"/later/bin:/usr/bin:/bin"
    assert not {b"CUDA_PATH", b"CUDAToolkit_ROOT", b"NVCC", b"CUDA_SHIMS_ROOT"} & set(found)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("theirs", ["/usr/local/cuda", "/my cuda/it's", "/x"])
def test_what_the_user_had_comes_back(home, capsys, monkeypatch, tmp_path, shell, theirs):
    """Also a toolkit of the user's that wins over the wheels, and so is the root that ``env`` names."""
    fmt = SHELLS[shell][2]
    monkeypatch.setattr(env, "home_of", lambda *_: "/x")
    assert home
    before = {"CUDA_HOME": theirs, "NVCC": f"{theirs}/bin/nvcc"}

    def text(*options, **environ):
        monkeypatch.setattr(env, "given_environment", lambda: environ)
        assert main(["env", "--format", fmt, *options]) == 0
        return capsys.readouterr().out

    def environ_after(script):
        return {
            os.fsdecode(name): os.fsdecode(value)
            for name, value in evaluate(shell, script, str(tmp_path), **before).items()
        }

    plain, put = environ_after(""), text(**before)
    put += text(**environ_after(put))  # a second time
    assert environ_after(put)["CUDA_HOME"] == "/x"
    assert environ_after(put + text("--unset", **environ_after(put))) == plain
    # not what the user has set since
    later = put + shells.render({"CUDA_HOME": "/later"}, {}, fmt)
    assert environ_after(later + text("--unset", **environ_after(later))) == {**plain, "CUDA_HOME": "/later"}


def test_what_a_shell_cannot_spell_is_not_kept(home, capsys, monkeypatch):
    assert home
    monkeypatch.setattr(env, "given_environment", lambda: {"CUDA_HOME": 'C:\\"cuda"', "CUDA_PATH": "C:\\cuda"})
    assert main(["env", "--format", "cmd"]) == 0
    said = capsys.readouterr().out
    assert '@set "CUDA_SHIMS_OLD_CUDA_PATH=C:\\cuda"' in said
    assert "OLD_CUDA_HOME" not in said


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox", "zsh"])
def test_eval_without_quotes(unset, tmp_path, monkeypatch, shell):
    plain = evaluate(shell, "", str(tmp_path))
    text = unset("sh")
    (tmp_path / "put").write_text(put("/x", "sh"))
    program, _, fmt = SHELLS[shell]
    monkeypatch.setitem(SHELLS, shell, (program, f'. "${{1%/*}}/put"; eval $({CAT} $1)', fmt))
    assert evaluate(shell, text, str(tmp_path)) == plain


@pytest.mark.parametrize("shell", SHELLS)
def test_a_choice_of_cuda(unset, tmp_path, shell):
    """It is taken back where the same option says so; else it may be the user's own, and a person is told."""
    fmt = SHELLS[shell][2]
    plain = evaluate(shell, "", str(tmp_path))
    once = put("/x/cu12", fmt, **{TOOLKIT: "12"})
    assert evaluate(shell, once + unset(fmt, "--cuda", "12"), str(tmp_path)) == plain
    left = evaluate(shell, once + unset(fmt), str(tmp_path))
    assert left == {**plain, TOOLKIT.encode(): b"12"}


def test_a_choice_that_stays_is_named(capsys, monkeypatch):
    monkeypatch.setattr(env, "given_environment", lambda: {TOOLKIT: "12", MARKER: "/x/cu12"})
    assert main(["env", "--unset"]) == 0
    assert "cuda-shims env --unset --cuda 12" in capsys.readouterr().err
    for arguments in (["--cuda", "12"], ["-q"]):
        assert main(["env", "--unset", *arguments]) == 0
        assert capsys.readouterr().err == ""


def test_no_toolkit_is_needed(unset, monkeypatch):
    monkeypatch.setattr("sys.path", [])
    assert "unset CUDA_HOME" in unset("sh")


@pytest.mark.parametrize("fmt", ["powershell", "cmd"])
def test_each_variable_is_in_the_text_of_shells_that_are_not_here(unset, fmt):
    text = unset(fmt)
    for name in (*root_variables("/x"), *dict(all_paths("/x")), FORWARD, MARKER):
        assert name in text
    # each line stands for itself: Invoke-Expression gets one at a time
    for line in text.splitlines():
        assert line.count("{") == line.count("}")
        assert line.count("(") == line.count(")")
        assert line.startswith("@" if fmt == "cmd" else ("$env:", "if ("))


def test_json(unset):
    root = {**root_variables("/x"), "NVCC": "ccache nvcc"}
    found = json.loads(unset("json", **root))
    assert found["variables"] == {name: None for name in (*root_variables("/x"), FORWARD) if name != "NVCC"}
    # those of PATH also without companions, which may have gone since
    assert found["search_paths"] == {**dict(all_paths("/x")), "PATH": "/x/bin:/x/search:/x/include"}
    assert json.loads(unset("json", "--json"))["search_paths"] == {}


@pytest.mark.parametrize("fmt", ["github", "github-path"])
def test_github_takes_nothing_back(capsys, fmt):
    assert main(["env", "--unset", "--format", fmt]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert 'eval "$(cuda-shims env --unset)"' in said.err
