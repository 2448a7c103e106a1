"""Read a command line: one that cannot be understood gets one sentence, with what was meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable

from cuda_shims.errors import CudaShimsError


class UsageError(CudaShimsError):
    """A command line that cannot be understood."""

    exit_code = 2


def parse(parsers: dict[str, argparse.ArgumentParser], words: list[str]) -> argparse.Namespace:
    """
    Read a command line.

    :param parsers: those of :func:`~cuda_shims.cli.parser.make_parsers`
    :param words: its words, without the program's name
    :returns: the options of its command
    :raises UsageError: when a command, an option or a name is not known
    :raises SystemExit: as argparse does, after a help text, or after what else is wrong

    """
    if words[0] == "help":
        words = [*words[1:], "--help"]
    name = next((each for each in words if not each.startswith("-")), "")
    if name not in parsers:
        raise UsageError(f"unknown command {name!a}{did_you_mean(name, parsers)} cuda-shims --help lists them all")
    options, unknown = parsers[""].parse_known_args(words)
    if not unknown:
        return options
    word = unknown[0]
    if word.startswith("-"):
        known = re.findall(r"--[a-z-]+", parsers[name].format_usage())
        word = word.partition("=")[0]
        if word in known:
            raise UsageError(f"{word} goes behind the command: cuda-shims {name} {word}")
        near = did_you_mean(word, known)
        raise UsageError(f"unknown option {word!a}{near} cuda-shims {name} --help lists them all")
    if name == "install":
        raise UsageError(f"install makes links, and takes no names; {_how_to_install(word, options)}")
    raise UsageError(f"{name} does not take {word!a}; see: cuda-shims {name} --help")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Ask whether one of the known words was meant, if one is like it."""
    from cuda_shims.likeness import find_similar  # noqa: PLC0415 # for a mistake alone

    near = find_similar(word, known)
    return f"; did you mean {near[0]}?" if near else ";"


def _how_to_install(name: str, options: argparse.Namespace) -> str:
    from cuda_shims.catalog import contents, tools  # noqa: PLC0415 # as above
    from cuda_shims.cli.advice import for_environment, missing, system  # noqa: PLC0415
    from cuda_shims.cli.place import find_environment  # noqa: PLC0415

    extra = next((each.extra for each in tools.COMPONENTS if name in {each.extra, each.distribution}), None)
    if extra:
        fix = f"run: {tools.install_line(extra)}"
    elif contents.find(name):
        fix = missing(name, str(tools.NEWEST), {}, system())
    else:
        return "pip installs packages"
    environment = find_environment(options)
    return for_environment(fix, environment, here=environment.is_here)
