"""Read a command line: if it cannot be understood, one sentence says so, and what may have been meant."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable

from cuda_shims.errors import CudaShimsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import SupportsWrite

#: what ends with a help text or the version, before any command
_ANSWERED = {"-h", "--help", "-V", "--version"}
#: what argparse says of a command line, and what we say; an example follows
_SENTENCES = (
    (r"the following arguments are required: (\S+?)(?:, ARG)?", r"\1 is missing"),
    (r"one of the arguments (\S+) (\S+) is required", r"\1 or \2 is missing"),
    (r"argument (\S+): expected .*", r"\1 needs a value"),
    (r"argument (\S+): not allowed with argument (\S+)", r"\1 and \2 exclude each other"),
    (r"argument (\S+): ignored explicit argument .*", r"\1 takes no value"),
)
#: why these commands do not take the name of a package or a tool
_NO_NAMES = {
    "install": "install makes links and takes no names",
    "list": "list takes no names",
    "uninstall": "uninstall removes cuda-shims itself and takes no names",
}


class UsageError(CudaShimsError):
    """A command line that cannot be understood."""

    exit_code = 2


class Command(argparse.ArgumentParser):
    """The parser of a command, which raises :class:`UsageError` where argparse prints a usage and exits."""

    #: a command line that works
    example = "cuda-shims --help"

    def error(self, message: str) -> None:  # type: ignore[override] # it raises, as one that exits does not return
        """Say what is wrong, with a command line that is right."""
        _, _, name = self.prog.partition(" ")
        for pattern, sentence in _SENTENCES:
            match = re.fullmatch(pattern, message)
            if match:
                raise UsageError(f"{name}: {match.expand(sentence)}; for example: {self.example}")
        # of a value that its type refuses
        raise UsageError(f"{name} {message.replace('argument ', '', 1)}")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        # argparse ignores a full disk, which an unbuffered stream reports at once
        print(message, end="", file=file or sys.stderr)


class Once(argparse.Action):
    """An option that may be given once; argparse would silently take the last."""

    def __call__(self, _: object, options: argparse.Namespace, value: object, *__: object) -> None:
        """Take its value."""
        if getattr(options, self.dest) is not None:
            raise argparse.ArgumentError(self, "only one is taken")
        setattr(options, self.dest, value)


class OneOf:
    """The type of a value that is one of a few words."""

    def __init__(self, words: Iterable[str], unserved: Iterable[str] = ()) -> None:
        """Take the words, and shells for which there is only ``exec``."""
        self.words, self.unserved = tuple(words), tuple(unserved)

    def __call__(self, text: str) -> str:
        """Check a value."""
        if text in self.unserved:
            raise argparse.ArgumentTypeError(f"there is none for {text}; use: cuda-shims exec CMD")
        if text not in self.words:
            near = did_you_mean(text.removesuffix(".exe"), self.words)
            raise argparse.ArgumentTypeError(f"{text!a} is not one of {', '.join(self.words)}{near.rstrip(';')}")
        return text


def parse(parsers: dict[str, Command], words: list[str]) -> argparse.Namespace:
    """
    Read a command line.

    :param parsers: those of :func:`~cuda_shims.cli.parser.make_parsers`
    :param words: its words, without the program's name
    :returns: the options of its command
    :raises UsageError: when it cannot be understood
    :raises SystemExit: as argparse does, after a help text or the version

    """
    if words[0] == "help":
        words = [*words[1:], "--help"]
    name = next((each for each in words if not each.startswith("-")), None)
    if words[0].startswith("-") and words[0] not in _ANSWERED:
        name = next((each for each in words if parsers.get(each, parsers[""]) is not parsers[""]), "")
        _refuse_option_in_front(parsers, name, words)
    if name is not None and (not name or name not in parsers):
        raise UsageError(f"unknown command {name!a}{_meant_command(name, parsers)}")
    options, unknown = parsers[""].parse_known_args(words)
    if not unknown:
        return options
    word = unknown[0]
    name = options.command
    if word.startswith("-") and word != "-":
        raise _unknown_option(parsers[name], word.partition("=")[0])
    why, line = _meant_word(name, unknown, options, _options_of(parsers[name]))
    raise UsageError(f"{why or f'{name} does not take {word!a}'}; {line}")


def filled(text: str) -> str:
    """Check a value that must not be empty: a variable of a script that is not set would mean the default."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the value is empty")
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Ask whether one of the known words was meant, if one is like it."""
    from cuda_shims.likeness import find_similar  # noqa: PLC0415 # only for a mistake

    near = find_similar(word, known)
    return f"; did you mean {near[0]}?" if near else ";"


def _options_of(parser: Command) -> list[str]:
    heads = re.findall(r"^  (-.*?)(?:  |$)", parser.format_help(), re.MULTILINE)
    return [word for head in heads for word in re.findall(r"(?<!\S)--?[A-Za-z][a-z-]*", head)]


def _unknown_option(parser: Command, word: str) -> UsageError:
    near = did_you_mean(word, _options_of(parser))
    return UsageError(f"unknown option {word!a}{near} {parser.prog} --help lists them all")


def _refuse_option_in_front(parsers: dict[str, Command], name: str, words: list[str]) -> None:
    from cuda_shims.quoting import quote_path  # noqa: PLC0415 # as above

    word = words[0].partition("=")[0]
    if name and word in _options_of(parsers[name]):
        # with its value; a word that is not to be shown as it is stands for any
        front = words[: words.index(name)]
        shown = " ".join(quote_path(each) if each.isascii() and each.isprintable() else "VALUE" for each in front)
        raise UsageError(f"{word} goes after the command: cuda-shims {name} {shown}")
    if name:
        raise _unknown_option(parsers[name], word)
    if any(word in _options_of(each) for each in parsers.values()):
        raise UsageError(f"{word!a} comes without a command; cuda-shims --help lists them all")
    raise UsageError(f"unknown option {word!a}{did_you_mean(word, _ANSWERED)} cuda-shims --help lists them all")


def _meant_command(name: str, parsers: dict[str, Command]) -> str:
    from cuda_shims.catalog.tools import find_tool  # noqa: PLC0415 # as above

    if find_tool(name):
        return f"; run {name} directly, or with the variables set: cuda-shims exec {name}"
    return f"{did_you_mean(name, [*filter(None, parsers), *_ANSWERED])} cuda-shims --help lists them all"


def _meant_word(name: str, words: list[str], options: argparse.Namespace, known: list[str]) -> tuple[str, str]:
    """Say why a command does not take a word, if that is known, and what may have been meant."""
    word, shown = words[0], _show(words[0])
    lines = {
        "doctor": f"cd {shown} && cuda-shims doctor" if os.path.isdir(word) else f"cuda-shims doctor --log {shown}",
        "env": f"cuda-shims env --format {shown}",
        "list": f"cuda-shims which {shown}",
    }
    if word.isdigit() and "--cuda" in known:
        return "", f"run: cuda-shims {name} --cuda {shown}"
    if os.path.exists(word) and "--python" in known and name != "doctor":
        return "", f"run: cuda-shims {name} --python {shown}"
    if name == "install":
        return _NO_NAMES[name], f"run: {_how_to_install(words, options)}"
    if name == "uninstall":
        return _NO_NAMES[name], f"run: {_how_to_uninstall(word, options)}"
    line = f"run: {lines[name]}" if name in lines else f"cuda-shims {name} --help says what it takes"
    return _NO_NAMES.get(name, ""), line


def _show(word: str) -> str:
    from cuda_shims.quoting import quote_path  # noqa: PLC0415 # as above

    # a word that must not be shown as it is stands for any
    return quote_path(word) if word.isascii() and word.isprintable() else "NAME"


def _how_to_uninstall(word: str, options: argparse.Namespace) -> str:
    from cuda_shims.catalog import tools  # noqa: PLC0415 # as above

    distribution = next((each.distribution for each in tools.COMPONENTS if word == each.extra), _show(word))
    command, _, last = _installer(options).rpartition("install")
    return f"{command}uninstall{last} {distribution}"


def _installer(options: argparse.Namespace) -> str:
    from cuda_shims.cli.place import find_environment  # noqa: PLC0415 # as above
    from cuda_shims.environment.installer import install_command  # noqa: PLC0415

    environment = find_environment(options)
    return install_command(environment, os.environ, here=environment.is_here)


def _how_to_install(words: list[str], options: argparse.Namespace) -> str:
    from cuda_shims.catalog import contents, tools  # noqa: PLC0415 # as above

    extras: list[str] = []
    others: list[str] = []
    for word in words:
        extra = next((each.extra for each in tools.COMPONENTS if word in {each.extra, each.distribution}), "")
        holder = next(iter(contents.find(word)), None)
        extra = extra or (holder.extra if holder else "")
        if word in {"cuda", "cuda-toolkit"}:
            others.append(f'"{tools.BUNDLE}"')
        elif extra:
            extras.append(extra)
        elif not word.startswith("-"):
            others.append(holder.distribution if holder else _show(word))
    toolkit = [f'"cuda-toolkit[{",".join(dict.fromkeys(extras))}]=={tools.NEWEST}.*"'] if extras else []
    return " ".join([_installer(options), *toolkit, *dict.fromkeys(others)])
