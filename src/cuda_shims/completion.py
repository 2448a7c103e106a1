"""
Shell completion, written from the parser: what a new option needs is its line in the parser. Pure.

====================== ======================================================================
bash                   ``eval "$(cuda-shims completion bash)"`` in ``~/.bashrc``
zsh                    the same in ``~/.zshrc``, after ``compinit``
fish                   ``cuda-shims completion fish | source`` in ``~/.config/fish/config.fish``
powershell             ``cuda-shims completion powershell | Out-String | Invoke-Expression``
====================== ======================================================================

shtab does this for bash and zsh, argcomplete starts Python at each key: one is a dependency, the other takes 50 ms.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: what a value is, by its metavar: what shells can list by themselves
_KINDS = {"PATH": "files", "FILE": "files", "DIR": "folders", "CMD": "commands"}


class Option(NamedTuple):
    """An option of a command."""

    #: ``-h``, ``--help``
    flags: tuple[str, ...]
    help: str
    #: what its value can be: words, or one of ``files``, ``folders``, ``anything``; nothing when it takes none
    values: tuple[str, ...] | str


class Command(NamedTuple):
    """A command of the program."""

    name: str
    help: str
    options: tuple[Option, ...]
    #: what its argument can be, as an option's value
    argument: tuple[str, ...] | str


def describe(parser: argparse.ArgumentParser, words: Sequence[str] = ()) -> Iterator[Command]:
    """
    Read a parser.

    :param parser: of the program, with its commands
    :param words: what an argument that is called ``NAME`` can be
    :returns: the commands, the first of them the program itself, whose name is empty

    """
    yield Command("", parser.description or "", tuple(_options(parser)), ())
    for action in parser._actions:  # noqa: SLF001 # argparse says nowhere else what it knows
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            texts = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001
            for name, sub in action.choices.items():
                yield Command(name, texts.get(name, ""), tuple(_options(sub)), _argument(sub, tuple(words)))


def _options(parser: argparse.ArgumentParser) -> Iterator[Option]:
    for action in parser._actions:  # noqa: SLF001
        if action.option_strings:
            yield Option(tuple(action.option_strings), _plain(action), _values(action) if action.nargs != 0 else ())


def _argument(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> tuple[str, ...] | str:
    for action in parser._actions:  # noqa: SLF001
        if not action.option_strings and action.nargs != argparse.REMAINDER:
            return words if action.metavar == "NAME" else _values(action)
    return ()


def _values(action: argparse.Action) -> tuple[str, ...] | str:
    if action.choices:
        return tuple(str(each) for each in action.choices)
    return _KINDS.get(str(action.metavar), "anything")


def _plain(action: argparse.Action) -> str:
    return (action.help or "").replace("%(default)s", str(action.default))


def render(parser: argparse.ArgumentParser, shell: str, words: Sequence[str] = ()) -> str:
    """
    Write the completion of a program.

    :param parser: its parser; the program's name is its ``prog``
    :param shell: one of :data:`SHELLS`
    :param words: what an argument that is called ``NAME`` can be
    :returns: the script, which ends in a newline

    """
    return SHELLS[shell](parser.prog, tuple(describe(parser, words)))


def _bash(prog: str, commands: tuple[Command, ...]) -> str:
    function = f"_{prog.replace('-', '_')}"
    names = " ".join(each.name for each in commands[1:])
    lines = [
        f"{function}() {{",
        '  local last="${COMP_WORDS[COMP_CWORD-1]}" current="${COMP_WORDS[COMP_CWORD]}"',
        "  local word command= more= words= kind=",
        '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        '    case "$word" in -*) ;; *) more=$command command=${command:-$word} ;; esac',
        "  done",
        '  case "$command $last" in',
    ]
    for command in commands[1:]:
        lines += [
            f"    {'|'.join(_sh(f'{command.name} {flag}') for flag in option.flags)}) {_bash_values(option.values)} ;;"
            for option in command.options
            if option.values
        ]
    lines += ['    *) case "$command" in']
    for command in commands:
        flags = " ".join(flag for option in command.options for flag in option.flags)
        more = names if not command.name else " ".join(command.argument) if isinstance(command.argument, tuple) else ""
        kind = f" kind={command.argument}" if isinstance(command.argument, str) else ""
        lines += [f"      {_sh(command.name)}) words={_sh(f'{flags} {more}'.strip())}{kind} ;;"]
    lines += [
        "    esac ;;",
        "  esac",
        # the words of a command that follows
        '  [ "$kind$more" = commandsexec ] && kind=files',
        '  case "$kind$current" in',
        '    commands[!-]*|commands) COMPREPLY=($(compgen -c -- "$current")) ;;',
        '    files[!-]*|files) COMPREPLY=($(compgen -f -- "$current")) ;;',
        '    folders[!-]*|folders) COMPREPLY=($(compgen -d -- "$current")) ;;',
        '    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;',
        "  esac",
        "}",
        f"complete -o bashdefault -F {function} {prog}",
    ]
    return "\n".join(lines) + "\n"


def _bash_values(values: tuple[str, ...] | str) -> str:
    return f"kind={values}" if isinstance(values, str) else f"words={_sh(' '.join(values))}"


def _zsh(prog: str, commands: tuple[Command, ...]) -> str:
    function = f"_{prog.replace('-', '_')}"
    listed = " ".join(_sh(f"{each.name}:{each.help}") for each in commands[1:])
    lines = [
        f"{function}() {{",
        "  local state line",
        f"  _arguments -C {' '.join(_zsh_options(commands[0]))} '1: :->command' '*:: :->argument'",
        "  case $state in",
        f"    command) local -a names=({listed}); _describe command names ;;",
        "    argument) case ${line[1]} in",
    ]
    for command in commands[1:]:
        argument = _zsh_argument(command)
        lines.append(f"      {command.name}) _arguments {' '.join([*_zsh_options(command), *argument])} ;;")
    lines += ["    esac ;;", "  esac", "}", f"compdef {function} {prog}"]
    return "\n".join(lines) + "\n"


def _zsh_options(command: Command) -> Iterator[str]:
    for option in command.options:
        text = option.help.translate({ord(each): f"\\{each}" for each in "[]:"})
        value = f":value:{_zsh_values(option.values)}" if option.values else ""
        for flag in option.flags:
            yield _sh(f"{flag}[{text}]{value}")


def _zsh_argument(command: Command) -> list[str]:
    if command.argument == "commands":
        return ["'*:: : _normal'"]
    return [_sh(f"1:argument:{_zsh_values(command.argument)}")] if command.argument else []


def _zsh_values(values: tuple[str, ...] | str) -> str:
    if isinstance(values, tuple):
        return "({})".format(" ".join(each.replace(":", "\\:") for each in values))
    return {"files": "_files", "folders": "_files -/"}.get(values, "")


def _fish(prog: str, commands: tuple[Command, ...]) -> str:
    names = " ".join(each.name for each in commands[1:])
    lines = [f"complete -c {prog} -e", f"complete -c {prog} -f"]
    for command in commands:
        seen = f"__fish_seen_subcommand_from {command.name or names}"
        when = f"-n {_fish_quoted(seen if command.name else f'not {seen}')}"
        if command.name:
            before = f"-n {_fish_quoted(f'not __fish_seen_subcommand_from {names}')}"
            lines.append(f"complete -c {prog} {before} -a {command.name} -d {_fish_quoted(command.help)}")
        for option in command.options:
            flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
            value = f" -x {_fish_values(option.values)}".rstrip() if option.values else ""
            lines.append(f"complete -c {prog} {when} {flags}{value} -d {_fish_quoted(option.help)}")
        if command.argument:
            lines.append(f"complete -c {prog} {when} {_fish_values(command.argument)}")
    return "\n".join(lines) + "\n"


def _fish_values(values: tuple[str, ...] | str) -> str:
    if isinstance(values, tuple):
        return f"-a {_fish_quoted(' '.join(values))}"
    lists = {"files": "__fish_complete_path", "folders": "__fish_complete_directories"}
    lists["commands"] = "__fish_complete_subcommand --fcs-skip=2"
    return f"-a {_fish_quoted(f'({lists[values]})')}" if values in lists else ""


def _powershell(prog: str, commands: tuple[Command, ...]) -> str:
    lines = [
        f"Register-ArgumentCompleter -Native -CommandName {prog} -ScriptBlock {{",
        "  param($word, $ast, $position)",
        "  $given = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })",
        "  if ($word) { $given = @($given | Select-Object -SkipLast 1) }",
        "  $command = $given | Where-Object { $_ -notlike '-*' } | Select-Object -First 1",
        '  $words = switch -CaseSensitive ("$command $($given | Select-Object -Last 1)") {',
    ]
    for command in commands[1:]:
        for option in command.options:
            if isinstance(option.values, tuple) and option.values:
                lines += [f"    '{command.name} {flag}' {{ {_ps(option.values)}; break }}" for flag in option.flags]
    lines += ["    default { switch -CaseSensitive ($command) {"]
    for command in (*commands[1:], commands[0]):  # a default clause comes last
        flags = [flag for option in command.options for flag in option.flags]
        more = [each.name for each in commands[1:]] if not command.name else command.argument
        words = [*flags, *(more if not isinstance(more, str) else ())]
        lines.append(f"      {'default' if not command.name else _ps([command.name])} {{ {_ps(words)} }}")
    lines += ["    } }", "  }", '  $words | Where-Object { $_ -like "$word*" }', "}"]
    return "\n".join(lines) + "\n"


def _ps(words: Sequence[str]) -> str:
    return ", ".join("'{}'".format(each.replace("'", "''")) for each in words)


def _fish_quoted(text: str) -> str:
    return "'{}'".format(text.replace("\\", "\\\\").replace("'", "\\'"))


def _sh(text: str) -> str:
    return "'{}'".format(text.replace("'", "'\\''"))


SHELLS: dict[str, Callable[[str, tuple[Command, ...]], str]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
    "powershell": _powershell,
}

__all__ = ["SHELLS", "Command", "Option", "describe", "render"]
