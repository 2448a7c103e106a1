"""
Write what ``cuda-shims completion`` prints, the files of ``src/cuda_shims/cli/completions``, from the parser.

shtab writes them. They are kept in the source because then neither a build nor a user needs it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import shtab

from cuda_shims.catalog.tools import TOOLS
from cuda_shims.cli.parser import SHELLS, make_parsers

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "src", "cuda_shims", "cli", "completions")
#: what the command of ``exec`` can be
COMMAND = {
    "bash": "_cuda_shims_compgen_commands",
    "zsh": "_command_names -e",
    "fish": "(__fish_complete_command)",
    "powershell": "_cuda_shims_compgen_commands",
    "preamble": {
        "bash": "_cuda_shims_compgen_commands() {\n  compgen -c -- $1\n}",
        "powershell": "function _cuda_shims_compgen_commands {\n  param([string]$WordToComplete)\n"
        '  (Get-Command -CommandType Application "$WordToComplete*").Name\n}',
    },
}
#: how shells complete a value, by its metavar
VALUES = {"PATH": shtab.FILE, "FILE": shtab.FILE, "DIR": shtab.DIRECTORY, "CMD": COMMAND, "ARG": shtab.FILE}


def scripts() -> Iterator[tuple[str, str]]:
    """
    Write the completion of each shell.

    :returns: the path of each file, and its content

    """
    parsers = make_parsers()
    for command in parsers.values():
        for action in command._actions:  # noqa: SLF001 # as shtab does
            if action.metavar in VALUES:
                action.complete = VALUES[action.metavar]
            elif action.metavar == "NAME":
                action.choices = [tool.name for tool in TOOLS]
    for shell, name in SHELLS.items():
        text = shtab.complete(parsers[""], shell)
        yield os.path.join(FOLDER, name), "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


__all__ = ["scripts"]
