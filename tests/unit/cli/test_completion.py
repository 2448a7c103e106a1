"""Shell completion in the shells themselves: what a person who presses Tab gets."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest
from fake_toolkit import write

from cuda_shims.cli import main
from cuda_shims.cli.parser import FORMATS, SHELLS, make_parsers

#: how a shell that a person types into is started and told of our completions, as the page says
START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "bind 'set enable-bracketed-paste off'; eval \"$(cat script)\""),
    "zsh": (
        ["zsh", "-f", "-i"],
        (
            "unsetopt zle_bracketed_paste; mkdir .zfunc; cp script .zfunc/_cuda-shims; "
            "fpath+=~/.zfunc; autoload -Uz compinit; compinit -u -D"
        ),
    ),
}


def needs(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: apt-get install {program}")


@pytest.fixture
def script(tmp_path, capsys):
    """Give a function that writes the completions of a shell to a file."""

    def write(shell):
        assert main(["completion", shell]) == 0
        path = tmp_path / "script"
        path.write_text(capsys.readouterr().out)
        return path

    (tmp_path / "some-file").touch()
    (tmp_path / "some-folder").mkdir()
    return write


def press_tab(folder, shell, line):
    """Type a line at a terminal, press Tab, and return what the line then is."""
    needs(shell)
    command, start = START[shell]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        environ = {**os.environ, "HOME": str(folder), "TERM": "dumb", "PS1": "", "COLUMNS": "1000"}
        os.execvpe(command[0], command, environ)  # noqa: S606
    try:
        os.write(terminal, f"{start}; echo re''ady\n".encode())
        read_until(terminal, "ready")
        os.write(terminal, f"{line}\t\x01echo '[\x05]'\n".encode())
        return re.search(r"\n\[(.*?)\]", read_until(terminal, r"\n\[[^\n]*\]"), re.DOTALL).group(1).strip()
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def read_until(terminal, pattern):
    text, end = "", time.monotonic() + 60
    while not re.search(pattern, text):
        assert time.monotonic() < end, text
        if select.select([terminal], [], [], 0.1)[0]:
            text += os.read(terminal, 65536).decode(errors="replace").replace("\r", "")
    return text


def fish(folder, line):
    needs("fish")
    completions = folder / ".config/fish/completions"
    completions.mkdir(parents=True)
    shutil.copy(folder / "script", completions / "cuda-shims.fish")
    write(str(folder / "bin/cuda-shims"), b"#!/bin/sh\n", 0o755)  # fish loads those of commands that exist
    command = ["fish", "-c", 'complete -C "$argv[1]"', line]
    environ = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / ".config")}
    environ["PATH"] = f"{folder}/bin:{environ['PATH']}"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, env=environ)
    assert not done.stderr
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


LINES = [
    ("wh", "which"),
    ("--v", "--version"),
    ("install --ta", "--target"),
    ("env --format f", "fish"),
    ("which nvd", "nvdisasm"),
    ("install --target some", "some-folder"),
    ("doctor --log some-fi", "some-file"),
    ("exec truncat", "truncate"),
    ("exec true some-fi", "some-file"),
]


@pytest.mark.parametrize("shell", START)
@pytest.mark.parametrize(("typed", "word"), LINES)
def test_tab(script, shell, typed, word):
    path = script(shell)
    line = press_tab(path.parent, shell, f"cuda-shims {typed}").rstrip("/")
    assert line.split() == ["cuda-shims", *typed.split()[:-1], word]


@pytest.mark.parametrize(("typed", "word"), LINES)
def test_fish(script, typed, word):
    path = script("fish")
    assert word in [each.rstrip("/") for each in fish(path.parent, f"cuda-shims {typed}")]


def test_fish_tells_commands_apart(script):
    path = script("fish")
    assert sorted(fish(path.parent, "cuda-shims e")) == ["env", "exec"]


def test_powershell(script):
    needs("pwsh")
    path = script("powershell")
    code = "Get-Content -Raw ./script | Invoke-Expression; "
    code += "(TabExpansion2 'cuda-shims env --format f' 25).CompletionMatches.CompletionText"
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-c", code], cwd=path.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["fish"]


@pytest.mark.parametrize("shell", SHELLS)
def test_no_command_and_no_option_is_forgotten(script, shell):
    """They come from the parser by ``scripts/pages/docs.py``, which writes them again."""
    text = script(shell).read_text()
    parsers = make_parsers()
    options = {each for parser in parsers.values() for each in parser._option_string_actions if each[:2] == "--"}
    for word in (*filter(None, parsers), *options, *FORMATS, *SHELLS, "tileirdisasm"):
        assert re.search(rf"(?<!\w){word.lstrip('-')}(?!\w)", text), word
