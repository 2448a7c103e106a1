"""The options of every command. Each command's module in :mod:`cuda_shims.cli.commands` runs it."""

from __future__ import annotations

import argparse
import re

from cuda_shims.cli.usage import Command, Once, OneOf, filled
from cuda_shims.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

#: what each exit code means
EXIT_CODES = {
    0: "done",
    1: "an error or a refusal",
    2: "wrong usage or configuration",
    126: "exec: the command cannot be run",
    127: "a tool or command was not found",
}
#: what a person may set, and its meaning; the reference says more
VARIABLES = {
    "CUDA_SHIMS_TOOLKIT": "a CUDA major, or the path of a root; --cuda beats it",
    "CUDA_SHIMS_PREFER": "wheels: they win over your CUDA_HOME",
    "CUDA_SHIMS_STARTUP": "0: the start-up hook does nothing",
    "CUDA_SHIMS_DEBUG": "1: the start-up hook explains itself",
    "NO_COLOR, FORCE_COLOR": "1: no colours; colours in a pipe too",
}
#: what ``env`` can write, by :mod:`cuda_shims.cli.shells`, which no other command needs
FORMATS = ("sh", "fish", "powershell", "cmd", "json", "github", "github-path")

#: shells that read what is written for another
ALIASES = {"bash": "sh", "zsh": "sh", "pwsh": "powershell"}

#: shells that read none of these
UNSERVED = ("csh", "tcsh", "nu", "nushell", "elvish", "xonsh")

#: what ``fit`` can write
FIT_FORMATS = ("pip", "uv", "constraints")

#: each shell that completes our commands, and the file of ``completions`` that makes it do so
SHELLS = {
    "bash": "cuda-shims.bash",
    "zsh": "_cuda-shims",
    "fish": "cuda-shims.fish",
    "powershell": "cuda-shims.ps1",
}


def make_parsers() -> dict[str, Command]:  # noqa: PLR0915 # a list of options, and no branch
    """
    Make the parser, and that of each command.

    :returns: the parser of each command by its name, and by the empty name the one that holds them all

    """
    parser = Command(
        prog="cuda-shims",
        description="Makes NVIDIA's pip-installed CUDA toolkit findable by every build system.",
        epilog="\n\n".join([_table("environment variables", VARIABLES), _table("exit codes", EXIT_CODES)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=f"cuda-shims {__version__}")
    parsers = {"": parser}
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, text: str, example: str) -> Command:
        command = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(command=name)
        command.example = example
        parsers[name] = command
        return command

    _add_change(add("install", "create or repair roots, shims and the start-up hook", "cuda-shims install --dry-run"))
    _add_change(
        add("uninstall", "remove everything that cuda-shims wrote, and cuda-shims", "cuda-shims uninstall --dry-run")
    )
    text = "list the tools: version, wheel, and what else PATH has"
    _add_place(add("list", text, "cuda-shims list --json"), cuda=True)
    text = "print where a tool, header, library or CMake target is, or which wheel holds it"
    which = add("which", text, "cuda-shims which CUDA::nvjpeg")
    what = which.add_mutually_exclusive_group(required=True)
    text = "such as nvcc, cudaProfiler.h, libcublas.so, CUDA::nvjpeg"
    what.add_argument("name", metavar="NAME", type=filled, nargs="?", help=text)
    text = "as a linker takes it: -lcublas"
    what.add_argument("-l", metavar="LIBRARY", type=filled, action=Once, dest="library", help=text)
    _add_place(which, cuda=True)
    text = "print the path of the toolkit root"
    _add_place(add("root", text, "./configure --with-cuda=$(cuda-shims root)"), cuda=True)
    env = add("env", "print the lines that set the variables in a shell", 'eval "$(cuda-shims env)"')
    formats = (*FORMATS, *ALIASES)
    text = f"for which shell: {', '.join(formats)} (default: sh)"
    kind = OneOf(formats, unserved=UNSERVED)
    env.add_argument("--format", metavar="SHELL", choices=formats, type=kind, default="sh", help=text)
    env.add_argument("--unset", action="store_true", help="print the lines that remove them, with the same --cuda")
    _add_place(env, cuda=True)
    execute = add("exec", "run a command with the variables set", "cuda-shims exec make -j4")
    execute.add_argument("program", metavar="CMD", type=filled, help="the command: a name on PATH, or a path")
    execute.add_argument("arguments", metavar="ARG", nargs=argparse.REMAINDER, help="its own arguments and options")
    _add_place(execute, cuda=True)
    text = "print the requirement of the toolkit that fits torch, or another distribution"
    fit = add("fit", text, 'pip install "$(cuda-shims fit)"')
    text = "its name, or the path of its wheel (default: torch, else everything that needs CUDA)"
    fit.add_argument("distribution", metavar="DISTRIBUTION", type=filled, nargs="?", help=text)
    text = "pip: a requirement; uv: a table of extra-build-dependencies; constraints (default: pip)"
    kind = OneOf(FIT_FORMATS)
    fit.add_argument("--format", metavar="FORM", choices=FIT_FORMATS, type=kind, default="pip", help=text)
    text = "the package that uv builds (default: their-package)"
    fit.add_argument("--for", metavar="PACKAGE", dest="package", type=_package, default="their-package", help=text)
    _add_place(fit)
    text = "check the environment and the project, and print the fixes"
    doctor = add("doctor", text, "pip wheel . 2>&1 | cuda-shims doctor --log -")
    text = "explain the log of a failed build (-: standard input) instead"
    doctor.add_argument("--log", metavar="FILE", type=filled, action=Once, help=text)
    doctor.add_argument("--strict", action="store_true", help="exit with 1 for warnings too")
    _add_place(doctor, cuda=True)
    text = "print a script that makes a shell complete these commands"
    completion = add("completion", text, "cuda-shims completion zsh > ~/.zfunc/_cuda-shims")
    text = ", ".join(SHELLS)
    completion.add_argument("shell", metavar="SHELL", choices=tuple(SHELLS), type=OneOf(SHELLS), help=text)
    for name, command in parsers.items():
        if name in {"completion", "exec"}:  # what they print is somebody else's
            command.set_defaults(json=False, verbose=0, quiet=0)
        elif name:
            _add_output(command)
    return parsers


def _table(title: str, rows: Mapping[str, str] | Mapping[int, str]) -> str:
    wide = max(len(str(name)) for name in rows)
    return "\n".join([f"{title}:", *(f"  {name!s:{wide}}  {text}" for name, text in rows.items())])


def _add_place(command: Command, *, cuda: bool = False) -> None:
    group = command.add_argument_group("which environment and CUDA" if cuda else "which environment")
    where = group.add_mutually_exclusive_group()
    text = "an interpreter (a path, or 3.12), or an environment (default: the one cuda-shims runs in)"
    where.add_argument("--python", metavar="PATH", type=filled, help=text)
    where.add_argument("--target", metavar="DIR", type=filled, help="a directory that pip install --target filled")
    where.add_argument("--prefix", metavar="DIR", type=filled, help="a directory that pip install --prefix filled")
    if cuda:
        text = "the CUDA major, such as 12 (default: CUDA_SHIMS_TOOLKIT, or the newest)"
        group.add_argument("--cuda", metavar="MAJOR", type=_major, help=text)


def _add_change(command: Command) -> None:
    command.add_argument("--dry-run", action="store_true", help="only say what would be done")
    command.add_argument("--force", action="store_true", help="also replace or remove files that are not ours")
    _add_place(command)


def _add_output(command: Command) -> None:
    group = command.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print JSON (with a schema version)")
    group.add_argument("-v", "--verbose", action="count", default=0, help="say more")
    group.add_argument("-q", "--quiet", action="count", default=0, help="say less")


def _major(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d?", text, re.ASCII):
        like = re.fullmatch(r"(?:cu|cuda|v)?-?([1-9]\d?)(?:\d|[.].*)?", text, re.IGNORECASE)
        meant = f"; did you mean {like[1]}?" if like else ", such as 12"
        raise argparse.ArgumentTypeError(f"{text!a} is not a CUDA major{meant}")
    return text


def _package(text: str) -> str:
    name = text.strip()
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):  # a key that uv refuses, or no TOML
        raise argparse.ArgumentTypeError(f"{text!a} is not the name of a package, such as flash-attn")
    return name
