"""
Write the manual page, ``docs/reference/cuda-shims.1``, from the parser and the reference.

It is in the sdist, for those who package cuda-shims for a system; not in the wheel, which every build downloads.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from cuda_shims import __version__, cli, completion

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "reference", "cuda-shims.1")
REFERENCE = os.path.join(ROOT, "docs", "reference", "reference.md")
VALUES = {"files": "FILE", "folders": "DIR", "anything": "VALUE"}


def manual() -> str:
    """
    Write the page.

    :returns: troff, by the macros of man(7)
    """
    parser = cli.make_parser()
    program, *commands = completion.describe(parser, ("NAME",))
    lines = [
        f'.TH CUDA-SHIMS 1 "" "cuda-shims {__version__}" "User Commands"',
        ".SH NAME",
        "cuda-shims \\- makes NVIDIA's pip-installed CUDA toolkit findable by every build system",
        ".SH SYNOPSIS",
        ".B cuda-shims",
        ".I COMMAND",
        "[\\fIOPTION\\fR ...]",
        ".SH OPTIONS",
        *_options(program),
        ".SH COMMANDS",
    ]
    for command in commands:
        value = "CMD [ARG ...]" if command.argument == "commands" else "NAME" if command.argument else ""
        lines += [".SS " + f"cuda-shims {command.name} {value}".strip()]
        lines += [_plain(f"{command.help[0].upper()}{command.help[1:]}."), *_options(command)]
    lines += [".SH ENVIRONMENT"]
    with open(REFERENCE, encoding="utf-8") as file:
        _, _, text = file.read().partition("What you may set:\n")
    for name, meaning in re.findall(r"^\| `(\w+)` \| (.*) \|$", text.partition("\n## ")[0], re.MULTILINE):
        lines += [".TP", f".B {name}", _plain(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", meaning).replace("`", ""))]
    lines += [".SH EXIT STATUS"]
    for code, meaning in re.findall(r"(\d+) ([^;]+)", cli.EXIT_CODES.partition(": ")[2]):
        lines += [".TP", f".B {code}", _plain(meaning)]
    lines += [".SH EXAMPLES"]
    for example in re.findall(r"^example: (.*?)   \(", "\n".join(_epilogs(parser)), re.MULTILINE):
        lines += [".PP", ".nf", _plain(example), ".fi"]
    return "\n".join(lines) + "\n"


def _options(command: completion.Command) -> Iterator[str]:
    for option in command.options:
        value = "|".join(option.values) if isinstance(option.values, tuple) else VALUES[option.values]
        flags = ", ".join(f"\\fB{_plain(flag)}\\fR" for flag in option.flags)
        yield ".TP"
        yield f"{flags} \\fI{_plain(value)}\\fR" if value else flags
        yield _plain(option.help)


def _epilogs(parser: object) -> Iterator[str]:
    for action in parser._actions:  # noqa: SLF001 # argparse says nowhere else what it knows
        for each in (action.choices or {}).values() if isinstance(action.choices, dict) else ():
            yield each.epilog


def _plain(text: str) -> str:
    # a hyphen that is typed, and a line that begins like a request
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


__all__ = ["PAGE", "manual"]
