"""
How a set of variables is written for a shell: text whose evaluation gives back every byte of every value. Pure.

What each format's text is for (:data:`FORMATS`):

========== ==========================================================================================================
sh         ``eval "$(python -m cuda_shims env)"``: dash, bash, busybox, ksh, zsh
fish       ``python -m cuda_shims env --format fish | source``
powershell ``python -m cuda_shims env --format powershell | Invoke-Expression``, Windows PowerShell 5.1 and later
cmd        a batch file that is called: ``… env --format cmd > cuda.cmd``, then ``call cuda.cmd``
json       a program
github     what is appended to the file that ``$GITHUB_ENV`` names; :func:`github_path_line` is for ``$GITHUB_PATH``
========== ==========================================================================================================

A value is text as :func:`os.fsdecode` gives it, and the result is to be written with :func:`os.fsencode`: bytes that
are not UTF-8 travel as lone surrogates. sh, fish and json hold them; the others cannot, and say so.

In sh, fish and PowerShell a second evaluation changes nothing: a folder is taken off its search path and put first. A
test whether PATH holds it already would leave it behind a toolkit that came later, while CUDA_HOME names this one.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SURROGATE = re.compile("[\ud800-\udfff]")


def render(variables: Mapping[str, str], search_paths: Mapping[str, str], fmt: str) -> str:
    """
    Write variables for a shell.

    :param variables: name to value, without the search paths
    :param search_paths: PATH and its like, each with the folder that the shell puts first on it when it evaluates the
        text, whatever it is then
    :param fmt: one of :data:`FORMATS`
    :returns: the text, which ends in a newline; the same for the same variables in any order. ``github``: without
        the folders: PATH has a file of its own, and nothing there can extend another variable
    :raises ValueError: one sentence: an unknown format; a name that is none; a value or a folder with a NUL, or with
        something else that this format cannot hold; a folder that PATH cannot hold

    """
    writer = _WRITERS.get(fmt)
    if writer is None:
        raise ValueError(f"{fmt!r} is not a format; there are {', '.join(FORMATS)}")
    for name in (*variables, *search_paths):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a variable; use letters, digits and underscores")
    for name, value in variables.items():
        if name.upper() == "PATH" or name in search_paths:
            raise ValueError(f"{name} is not set as a whole: what it had before would be lost")
        if "\0" in value:
            raise ValueError(f"the value of {name} has a NUL, which no environment can hold")
    for name, folder in search_paths.items():
        _check_folder(name, folder, _SEPARATORS.get(fmt) or _separator(folder))
    return writer(dict(sorted(variables.items())), search_paths)


def github_path_line(path_entry: str) -> str:
    """
    Write a folder for the file that ``$GITHUB_PATH`` names: GitHub puts it first on PATH for all later steps.

    The runner reads one folder a line (``AddPathFileCommand`` in actions/runner), and there is no quoting.

    :param path_entry: the folder
    :returns: one line, with its newline
    :raises ValueError: one sentence: a folder that PATH or a line cannot hold

    """
    _check_folder("PATH", path_entry, _separator(path_entry))
    _check_text("the folder for PATH", path_entry, "GitHub Actions")
    if "\n" in path_entry or "\r" in path_entry:
        raise ValueError(f"{path_entry!r} has a line break, which $GITHUB_PATH cannot hold")
    return f"{path_entry}\n"


def _separator(folder: str) -> str:
    # from the folder and not from this machine: the text may be written here and evaluated elsewhere
    return ":" if folder.startswith("/") else ";"


def _check_folder(name: str, folder: str, separator: str) -> None:
    if not folder:
        raise ValueError(f"an empty entry of {name} would mean the current directory")
    if "\0" in folder:
        raise ValueError(f"the folder for {name} has a NUL, which no environment can hold")
    if separator in folder:
        raise ValueError(f"{folder!r} cannot be on {name}, whose entries {separator!r} separates here")


def _check_text(what: str, value: str, shell: str) -> None:
    if _SURROGATE.search(value):
        raise ValueError(f"{what} is not UTF-8, which {shell} cannot hold; use the format json")


# sh ------------------------------------------------------------------------------------------------------------------


def _sh(variables: Mapping[str, str], search_paths: Mapping[str, str]) -> str:
    lines = [f"{name}={_sh_quoted(value)}; export {name};" for name, value in variables.items()]
    # Every line is a statement that ends in a semicolon, so that eval $(…) without quotes, which makes blanks of
    # newlines, still works for plain values. No command is run, and no variable but these is touched.
    for name, folder in search_paths.items():
        first = _sh_quoted(folder)
        lines += [
            f"{name}=:${{{name}-}}:;",
            f"while case ${name} in *:{first}:*) ;; *) false;; esac;",
            f"do {name}=${{{name}%%:{first}:*}}:${{{name}#*:{first}:}}; done;",
            f"{name}=${{{name}#:}}; {name}=${{{name}%:}};",
            f"{name}={first}${{{name}:+:${name}}}; export {name};",
        ]
    return "\n".join(lines) + "\n"


def _sh_quoted(value: str) -> str:
    # not shlex.quote, which quotes only what must be: here each value looks like every other one
    return "'" + value.replace("'", "'\\''") + "'"


# fish ----------------------------------------------------------------------------------------------------------------


def _fish(variables: Mapping[str, str], search_paths: Mapping[str, str]) -> str:
    lines = [f"set -gx {name} {_fish_quoted(value)};" for name, value in variables.items()]
    # not fish_add_path: fish 3.2 and later, and it leaves out a folder that is not there yet
    for name, folder in search_paths.items():
        first = _fish_quoted(folder)
        # fish splits at colons what is called PATH, and CDPATH and MANPATH; --path (3.0) tells it of others
        kind = "" if name == "PATH" else "--path "
        lines += [f"set -gx {kind}{name} ${name};"] if kind else []
        lines += [
            f"while set -l cuda_shims_at (contains -i -- {first} ${name}); set -e {name}[$cuda_shims_at]; end;",
            f"set -gx {kind}{name} {first} ${name};",
        ]
    return "\n".join(lines) + "\n"


def _fish_quoted(value: str) -> str:
    # within single quotes fish reads \\ and \' and nothing else; a newline is written outside them, as \n, because
    # eval (…) would make a blank of it
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "'\\n'") + "'"


# PowerShell ----------------------------------------------------------------------------------------------------------


def _powershell(variables: Mapping[str, str], search_paths: Mapping[str, str]) -> str:
    lines = []
    for name, value in variables.items():
        if not value:
            raise ValueError(f"the value of {name} is empty, which PowerShell takes for: not set")
        _check_text(f"the value of {name}", value, "PowerShell")
        lines.append(f"$env:{name} = {_powershell_quoted(value)}")
    # Equals and not -ceq, which compares as a culture does and takes strings for equal that are not. Without the "if"
    # an unset PATH would give an empty entry, the current directory.
    for name, folder in search_paths.items():
        _check_text(f"the folder for {name}", folder, "PowerShell")
        first, old = _powershell_quoted(folder), f"$env:{name}"
        others = f"{old} -split [IO.Path]::PathSeparator | Where-Object {{ -not {first}.Equals($_) }}"
        lines.append(f"{old} = (@({first}) + @(if ({old}) {{ {others} }})) -join [IO.Path]::PathSeparator")
    return "\n".join(lines) + "\n"


def _powershell_quoted(value: str) -> str:
    # Anything but printable ASCII is written as a number. Windows PowerShell reads a program's output in the console's
    # code page, whatever that program wrote; it takes U+2018 to U+201B for single quotes; and Invoke-Expression gets
    # one line at a time.
    parts: list[str] = []
    for run in re.findall(r"[ -~]+|[^ -~]+", value):
        if " " <= run[0] <= "~":
            parts.append("'" + run.replace("'", "''") + "'")
        else:
            units = run.encode("utf-16-be")
            parts += [f"[char]0x{units[at : at + 2].hex()}" for at in range(0, len(units), 2)]
    if len(parts) == 1 and parts[0].startswith("'"):
        return parts[0]
    # a string on the left: [char] + [char] would be a sum
    return "(" + " + ".join(["''", *parts]) + ")"


# cmd -----------------------------------------------------------------------------------------------------------------


def _cmd(variables: Mapping[str, str], search_paths: Mapping[str, str]) -> str:
    lines = [f'@set "{name}={_cmd_escaped(f"the value of {name}", value)}"' for name, value in variables.items()]
    # not guarded against a second call: in a batch file %PATH% cannot be compared, part by part, without a command that
    # gives its quotes, carets and exclamation marks a meaning
    for name, folder in search_paths.items():
        lines.append(f'@set "{name}={_cmd_escaped(f"the folder for {name}", folder)};%{name}%"')
    return "\n".join(lines) + "\n"


def _cmd_escaped(what: str, value: str) -> str:
    # Between the quotes of set "NAME=value" a batch file gives a meaning to % alone: ^ & | < > ( ) are plain, and
    # ! too while delayed expansion is off, as it is by default. A doubled % is one % in a batch file only: typed at the
    # prompt, or run by for /f, it stays two.
    if not value:
        raise ValueError(f"{what} is empty, which cmd takes for: not set")
    _check_text(what, value, "cmd")
    if re.search(r'["\x00-\x1f]', value):
        raise ValueError(f"{what} has a double quote or a control character, which a batch file's set cannot hold")
    return value.replace("%", "%%")


# json ----------------------------------------------------------------------------------------------------------------


def _json(variables: Mapping[str, str], search_paths: Mapping[str, str]) -> str:
    # ASCII, so that no code page of any console changes it; a byte that is not UTF-8 is then \udcXX
    document = {"schema": 1, "variables": variables, "search_paths": search_paths}
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


# GitHub Actions ------------------------------------------------------------------------------------------------------


def _github(variables: Mapping[str, str], search_paths: Mapping[str, str]) -> str:
    # refused here too: nobody wants the variables without the folder
    github_path_line(search_paths["PATH"])
    text = ""
    for name, value in variables.items():
        _check_text(f"the value of {name}", value, "GitHub Actions")
        # a Windows runner takes a CR before the newline for a part of it, a POSIX runner does not
        if value.endswith("\r"):
            raise ValueError(f"the value of {name} ends in a carriage return, which not every runner keeps")
        if "\n" not in value:
            text += f"{name}={value}\n"
            continue
        # a delimiter that the value does not have, instead of a random one: equal variables give equal text
        delimiter = "CUDA_SHIMS_END"
        while delimiter in value:
            delimiter += "_"
        text += f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
    return text


_WRITERS: dict[str, Callable[[Mapping[str, str], Mapping[str, str]], str]] = {
    "sh": _sh,
    "fish": _fish,
    "powershell": _powershell,
    "cmd": _cmd,
    "json": _json,
    "github": _github,
}

#: what separates the entries of PATH where the shell alone decides it; elsewhere the folder does
_SEPARATORS = {"sh": ":", "fish": ":", "cmd": ";"}

#: what :func:`render` can write
FORMATS: tuple[str, ...] = tuple(_WRITERS)

__all__ = ["FORMATS", "github_path_line", "render"]
