"""
Write the manual page, ``docs/reference/cuda-shims.1``, from the parser and the reference.

It is in the sdist, for those who package cuda-shims for a system; not in the wheel, which every build downloads.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from cuda_shims import __version__
from cuda_shims.cli.parser import EXIT_CODES, make_parsers

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "reference", "cuda-shims.1")
REFERENCE = os.path.join(ROOT, "docs", "reference", "reference.md")


def manual() -> str:
    """
    Write the page.

    :returns: troff, by the macros of man(7)
    """
    commands = make_parsers()
    parser = commands.pop("")
    lines = [
        f'.TH CUDA-SHIMS 1 "" "cuda-shims {__version__}" "User Commands"',
        ".SH NAME",
        "cuda-shims \\- makes NVIDIA's pip-installed CUDA toolkit findable by every build system",
        ".SH SYNOPSIS",
        ".B cuda-shims",
        ".I COMMAND",
        "[\\fIOPTION\\fR ...]",
        ".SH OPTIONS",
        *_options(parser),
        ".SH COMMANDS",
    ]
    values = {"which": "NAME", "exec": "CMD [ARG ...]", "completion": "SHELL"}
    for name, command in commands.items():
        lines += [".SS " + f"cuda-shims {name} {values.get(name, '')}".strip()]
        lines += [_plain(command.description or ""), *_options(command)]
    lines += [".SH ENVIRONMENT"]
    with open(REFERENCE, encoding="utf-8") as file:
        _, _, text = file.read().partition("You may set:\n")
    for name, meaning in re.findall(r"^\| `(\w+)` \| (.*) \|$", text.partition("\n## ")[0], re.MULTILINE):
        lines += [".TP", f".B {name}", _plain(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", meaning).replace("`", ""))]
    lines += [".SH EXIT STATUS"]
    for code, meaning in EXIT_CODES.items():
        lines += [".TP", f".B {code}", _plain(meaning)]
    lines += [".SH EXAMPLES"]
    for command in commands.values():
        lines += [".PP", ".nf", _plain(command.example), ".fi"]
    return "\n".join(lines) + "\n"


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for option in parser._actions:  # noqa: SLF001 # argparse says nowhere else what it knows
        if option.option_strings:
            value = "" if option.nargs == 0 else "|".join(option.choices or [str(option.metavar)])
            flags = ", ".join(f"\\fB{_plain(flag)}\\fR" for flag in option.option_strings)
            yield ".TP"
            yield f"{flags} \\fI{_plain(value)}\\fR" if value else flags
            yield _plain(option.help or "")


def _plain(text: str) -> str:
    # a hyphen that is typed, and a line that begins like a request
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


__all__ = ["PAGE", "manual"]
