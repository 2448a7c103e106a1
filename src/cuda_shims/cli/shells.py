"""
How a set of variables is written for a shell: the text, when evaluated, gives back every byte of every value. Pure.

Each format and its use:

- sh: ``eval "$(python -m cuda_shims env)"`` in dash, bash, busybox, ksh, zsh
- fish: ``python -m cuda_shims env --format fish | source``
- powershell: ``python -m cuda_shims env --format powershell | Invoke-Expression``, Windows PowerShell 5.1 and later
- cmd: a batch file, ``… env --format cmd > cuda.cmd``, then ``call cuda.cmd``
- json: for a program
- github: lines to append to the file that ``$GITHUB_ENV`` names; :func:`github_path_line` is for ``$GITHUB_PATH``

A value is text as :func:`os.fsdecode` gives it, and the result must be written with :func:`os.fsencode`: bytes that
are not UTF-8 travel as lone surrogates. sh, fish and json hold them; the others cannot, and say so.

In sh, fish and PowerShell a second evaluation changes nothing: a folder is removed from its search path and put first.
A test whether PATH already holds it would leave it behind a toolkit that came later, while CUDA_HOME names this one.

The text that removes variables compares them with CUDA_SHIMS_ROOT in the shell that evaluates it. So this module does
not need to know that root, and what the user has set since stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from _cuda_shims import MARKER
from cuda_shims.cli.syntax import SHELLS, check_text


def render(
    variables: Mapping[str, str],
    search_paths: Mapping[str, str],
    fmt: str,
    *,
    last: Sequence[tuple[str, str]] = (),
    drop: Sequence[tuple[str, str]] = (),
) -> str:
    """Write variables for a shell."""
    shell = SHELLS.get(fmt)
    for name, folder in (*search_paths.items(), *last, *drop):
        _check_folder(name, folder, (shell and shell.separator) or _separator(folder))
    variables = dict(sorted(variables.items()))
    if shell is None:
        return _json(variables, search_paths, last) if fmt == "json" else _github(variables, search_paths)
    lines = [shell.set(name, value) for name, value in variables.items()]
    lines += [line for name, folder in drop for line in shell.drop(name, folder)]
    lines += [line for name, folder in search_paths.items() for line in shell.put(name, folder, last=False)]
    lines += [line for name, folder in last for line in shell.put(name, folder, last=True)]
    return "\n".join(lines) + "\n"


def render_back(
    variables: Mapping[str, str],
    search_paths: Iterable[tuple[str, str]],
    fmt: str,
    *,
    always: Iterable[str] = (),
    back: Mapping[str, str] | None = None,
) -> str:
    """Write the text that removes variables, and puts the user's own values back."""
    shell = SHELLS[fmt]
    lines = [shell.unset_if(name, value) for name, value in variables.items()]
    for name, folder in search_paths:
        lines += [*shell.drop(name, folder), *shell.unset_if_empty(name)]
    lines = [shell.unset(name) for name in always] + shell.with_root([*lines, shell.unset(MARKER)])
    lines += [shell.set(name, value) for name, value in (back or {}).items()]
    return "\n".join(lines) + "\n"


def github_path_line(path_entry: str) -> str:
    """
    Write a folder for the file that ``$GITHUB_PATH`` names: GitHub puts it first on PATH for all later steps.

    The runner reads one folder a line (``AddPathFileCommand`` in actions/runner), and has no quoting.
    """
    _check_folder("PATH", path_entry, _separator(path_entry))
    check_text("the folder for PATH", path_entry, "GitHub Actions")
    if "\n" in path_entry or "\r" in path_entry:
        raise ValueError(f"{path_entry!r} has a line break, which $GITHUB_PATH cannot hold")
    return f"{path_entry}\n"


def join_folders(folders: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Join the folders of each variable, in their order, as the variable has them."""
    found: dict[str, list[str]] = {}
    for name, folder in folders:
        found.setdefault(name, []).append(folder)
    return {name: _separator(each[0]).join(each) for name, each in found.items()}


def _separator(folder: str) -> str:
    # by the folder, not by this machine: the text may be written here and evaluated elsewhere
    return ":" if folder.startswith("/") else ";"


def _check_folder(name: str, folder: str, separator: str) -> None:
    if separator in folder:
        raise ValueError(f"{folder!r} cannot be on {name}, whose entries {separator!r} separates here")


def _json(variables: Mapping[str, str], search_paths: Mapping[str, str], last: Sequence[tuple[str, str]]) -> str:
    # ASCII, so that no code page of any console changes it; a byte that is not UTF-8 is then \udcXX
    document = {
        "schema": 1,
        "variables": variables,
        "search_paths": search_paths,
        "last_search_paths": join_folders(last),
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _github(variables: Mapping[str, str], search_paths: Mapping[str, str]) -> str:
    # refused here too: the variables are useless without the folder
    github_path_line(search_paths["PATH"])
    text = ""
    for name, value in variables.items():
        check_text(f"the value of {name}", value, "GitHub Actions")
        # a Windows runner treats a CR before the newline as part of it, a POSIX runner does not
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
