"""Values through shells: real ones, and PowerShell and cmd by their grammars."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from cuda_shims.cli import shells


def render(variables: dict[str, str], folder: str, fmt: str) -> str:
    """Write variables, and a folder for PATH."""
    return shells.render(variables, {"PATH": folder}, fmt)


def decoded(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def is_utf8(value: bytes) -> bool:
    return decoded(value).isascii() or not re.search("[\ud800-\udfff]", decoded(value))


def variables_of(values: list[bytes]) -> dict[str, str]:
    return {f"V{at}_PATH" if at % 2 else f"V{at}": decoded(value) for at, value in enumerate(values)}


ENV = shutil.which("env") or "/usr/bin/env"
CAT = shutil.which("cat") or "/bin/cat"
_EVAL = f'eval "$({CAT} "$1")"'

#: shell -> the program, how it evaluates the file that is its first argument, the format
SHELLS = {
    "sh": (["sh"], _EVAL, "sh"),
    "dash": (["dash"], _EVAL, "sh"),
    "dash-strict": (["dash", "-eu"], _EVAL, "sh"),
    "bash": (["bash", "--norc"], _EVAL, "sh"),
    "bash-strict": (["bash", "--norc", "-eu", "-o", "pipefail"], _EVAL, "sh"),
    "bash-posix": (["bash", "--posix"], _EVAL, "sh"),
    "bash-histexpand": (["bash", "--norc", "-H"], _EVAL, "sh"),
    "bash-extglob": (["bash", "--norc", "-O", "extglob"], _EVAL, "sh"),
    "bash-source": (["bash", "--norc"], '. "$1"', "sh"),
    "busybox": (["busybox", "ash"], _EVAL, "sh"),
    "zsh": (["zsh", "-f"], _EVAL, "sh"),
    "zsh-rcquotes": (["zsh", "-f", "-o", "rcquotes", "-o", "extendedglob", "-o", "ksharrays"], _EVAL, "sh"),
    "mksh": (["mksh"], _EVAL, "sh"),
    "fish": (["fish"], "source $argv[1]", "fish"),
    "fish-eval": (["fish"], f"eval ({CAT} $argv[1])", "fish"),
}


def evaluate(shell: str, text: str, folder: str, times: int = 1, **environ: str) -> dict[bytes, bytes]:
    """Evaluate a text in a shell and give back the environment that its children get."""
    program, how, _ = SHELLS[shell]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    file = os.path.join(folder, "text")
    with open(file, "wb") as stream:
        stream.write(os.fsencode(text))
    script = "\n".join([how] * times + [f"exec {ENV} -0"])
    name = [] if program[0] == "fish" else ["name"]
    done = subprocess.run(
        [shutil.which(program[0]) or "", *program[1:], "-c", script, *name, file],
        env={"HOME": folder, "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == b""
    return dict(line.split(b"=", 1) for line in done.stdout.split(b"\0") if line)


_QUOTES = "'\u2018\u2019\u201a\u201b"


def powershell_value(text: str) -> str:
    """
    Read an expression by PowerShell's grammar.

    A verbatim string ends at any of five quotes, two of which stand for the first of them (about_Quoting_Rules;
    IsSingleQuote in CharTraits.cs); a [char] cast of a hexadecimal integer; + with a string on its left.
    """
    units: list[int] = []
    at, inside, first = 0, text.startswith("("), True
    if inside:
        assert text.endswith(")")
        text = text[1:-1]
    while at < len(text):
        if not first:
            assert inside
            assert text[at : at + 3] == " + "
            at += 3
        number = re.compile(r"\[char\]0x([0-9a-f]{1,4})(?![0-9a-fA-F])").match(text, at)
        if number:
            assert not first, "a sum, not a string"
            units.append(int(number.group(1), 16))
            at = number.end()
        else:
            assert text[at] in _QUOTES
            at += 1
            while text[at] not in _QUOTES or text[at + 1 : at + 2] in {*_QUOTES}:
                at += 1 if text[at] not in _QUOTES else 2
                units.append(ord(text[at - 1]))
            at += 1
        first = False
    return b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be")


def cmd_assignments(text: str, environ: dict[str, str]) -> dict[str, str]:
    """
    Run a batch file of @set lines as cmd.exe's parser does, delayed expansion off.

    Percents first: %% is one, %NAME% the value, %1 an argument, a lone one is dropped. Then special characters outside
    quotes, of which there must be none. Then set takes what is before the last quote.
    """
    environ = dict(environ)
    for line in text.split("\n")[:-1]:
        expanded, at = "", 0
        while at < len(line):
            if line[at] != "%":
                expanded += line[at]
                at += 1
                continue
            if line.startswith("%%", at):
                expanded += "%"
                at += 2
                continue
            named = re.compile(r"%([^%:]+)%").match(line, at)
            assert named, f"a percent sign that cmd drops: {line!r}"
            expanded += environ.get(named.group(1).upper(), "")
            at = named.end()
        match = re.fullmatch(r'@set "([^="]+)=([^"]*)"', expanded)
        assert match, expanded
        environ[match.group(1).upper()] = match.group(2)
    return environ


def cmd_holds(value: bytes) -> bool:
    return is_utf8(value) and not re.search(rb'["\x00-\x1f]', value)
