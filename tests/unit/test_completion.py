"""Shell completion in the shells themselves: what a person who presses Tab gets."""

from __future__ import annotations

import argparse
import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from cuda_shims import catalog, cli, completion

HOSTILE = 'it\'s [odd]: $(touch made) `touch made` \\ "x" %s'


def parser():
    """Return a parser with an option and an argument of every kind."""
    made = argparse.ArgumentParser(prog="cuda-shims", description="What it is.")
    made.add_argument("--version", action="version", version="1")
    commands = made.add_subparsers()
    install = commands.add_parser("install", help=HOSTILE.replace("%", "%%"))
    install.add_argument("--python", metavar="PATH", help=HOSTILE.replace("%", "%%"))
    install.add_argument("--target", metavar="DIR", help="a folder")
    install.add_argument("-q", "--quiet", action="count", help="less")
    env = commands.add_parser("env", help="variables")
    env.add_argument("--format", choices=("sh", "fish"), default="sh", help="(default: %(default)s)")
    which = commands.add_parser("which", help="find")
    which.add_argument("name", metavar="NAME", nargs="?")
    which.add_argument("-l", metavar="LIBRARY", help="any")
    execute = commands.add_parser("exec", help="run")
    execute.add_argument("command", metavar="CMD")
    execute.add_argument("arguments", metavar="ARG", nargs=argparse.REMAINDER)
    return made


def script(shell):
    return completion.render(parser(), shell, ("nvcc", "nvlink", "ptxas"))


def needs(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def bash(tmp_path, *words):
    """Press Tab behind the last word."""
    needs("bash")
    (tmp_path / "script").write_text(script("bash"))
    code = """\
set -u
. ./script
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_cuda_shims
printf '%s\\n' "${COMPREPLY[@]}"
complete -p cuda-shims >&2
"""
    command = ["bash", "--norc", "-c", code, "bash", "cuda-shims", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == "complete -o bashdefault -F _cuda_shims cuda-shims\n"
    return done.stdout.split()


def fish(tmp_path, *words):
    needs("fish")
    (tmp_path / "script").write_text(script("fish"))
    line = " ".join(["cuda-shims", *words])
    command = ["fish", "--no-config", "-c", 'source ./script; complete -C "$argv[1]"', line]
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env=environ)
    assert not done.stderr
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def zsh(tmp_path, *words):
    """Type a line at a terminal, press Tab, and return what the line then is."""
    needs("zsh")
    (tmp_path / "script").write_text(script("zsh"))
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**os.environ, "HOME": str(tmp_path), "TERM": "dumb", "PS1": ""})  # noqa: S606
    try:
        start = "autoload -Uz compinit; compinit -u -D; unsetopt zle_bracketed_paste; . ./script; print re''ady\n"
        os.write(terminal, start.encode())
        read_until(terminal, "ready")
        os.write(terminal, (" ".join(["cuda-shims", *words]) + "\t\x01print -r -- '[\x05]'\n").encode())
        return re.search(r"\n\[(.*?)\]", read_until(terminal, r"\n\[[^\n]*\]"), re.DOTALL).group(1).strip()
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def read_until(terminal, pattern):
    text, end = "", time.monotonic() + 30
    while not re.search(pattern, text):
        assert time.monotonic() < end, text
        if select.select([terminal], [], [], 0.1)[0]:
            text += os.read(terminal, 65536).decode(errors="replace").replace("\r", "")
    return text


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["in"], ["install"]),
        (["e"], ["env", "exec"]),
        (["--v"], ["--version"]),
        (["install", "--ta"], ["--target"]),
        (["env", "--format", "f"], ["fish"]),
        (["which", "nv"], ["nvcc", "nvlink"]),
    ],
)
def test_words(tmp_path, words, expected):
    assert sorted(bash(tmp_path, *words)) == expected
    assert sorted(fish(tmp_path, *words)) == expected
    if len(expected) == 1:
        assert zsh(tmp_path, *words) == " ".join(["cuda-shims", *words[:-1], *expected])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["install", "--python", "some"], {"some-file", "some-folder"}),
        (["install", "--target", "some"], {"some-folder"}),
        (["exec", "true", "some"], {"some-file", "some-folder"}),
    ],
)
def test_files(tmp_path, words, expected):
    (tmp_path / "some-file").touch()
    (tmp_path / "some-folder").mkdir()
    assert {each.rstrip("/") for each in bash(tmp_path, *words)} == expected
    assert {each.rstrip("/") for each in fish(tmp_path, *words)} == expected
    assert not (tmp_path / "made").exists()


def test_folders_in_zsh(tmp_path):
    (tmp_path / "some-file").touch()
    (tmp_path / "some-folder").mkdir()
    assert zsh(tmp_path, "install", "--target", "some") == "cuda-shims install --target some-folder"
    assert not (tmp_path / "made").exists()


def test_commands(tmp_path):
    assert "true" in bash(tmp_path, "exec", "tru")
    assert "true" in fish(tmp_path, "exec", "tru")
    assert zsh(tmp_path, "exec", "truncat") == "cuda-shims exec truncate"


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_the_command(shell, capsys):
    assert cli.main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert text == completion.render(cli.make_parser(), shell, [tool.name for tool in catalog.TOOLS])
    for word in ("uninstall", "nvcc", "github-path"):
        assert word in text


def test_the_shells_are_those_of_the_parser(capsys):
    with pytest.raises(SystemExit):
        cli.main(["completion", "--help"])
    assert "{" + ",".join(completion.SHELLS) + "}" in capsys.readouterr().out


def test_powershell_is_well_formed():
    """No PowerShell can be had everywhere: brackets are in pairs, quotes closed, and the default clause comes last."""
    text = script("powershell")
    code = re.sub(r"'(?:[^'\n]|'')*'", "", text)
    assert "'" not in code
    for opening, closing in ("{}", "()"):
        assert code.count(opening) == code.count(closing)
    clauses = re.findall(r"^      (\S+) \{", text, re.MULTILINE)
    assert clauses == ["'install'", "'env'", "'which'", "'exec'", "default"]


def test_powershell(tmp_path):
    if shutil.which("pwsh") is None:
        pytest.skip("pwsh is not installed")
    (tmp_path / "script.ps1").write_text(script("powershell"))
    code = ". ./script.ps1; (TabExpansion2 'cuda-shims env --format f' 25).CompletionMatches.CompletionText"
    done = subprocess.run(["pwsh", "-NoProfile", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["fish"]
