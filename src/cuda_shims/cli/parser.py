"""The options of every command. What runs a command is its module in :mod:`cuda_shims.cli.commands`."""

from __future__ import annotations

import argparse
import re

from cuda_shims.version import __version__

EXIT_CODES = (
    "exit codes: 0 done; 1 an error or a refusal; 2 wrong usage or configuration; 127 a tool or command is not there"
)
#: what ``env`` can write, by :mod:`cuda_shims.cli.shells`, which no other command wants
FORMATS = ("sh", "fish", "powershell", "cmd", "json", "github", "github-path")

#: shells that read what is written for another
ALIASES = {"bash": "sh", "zsh": "sh", "pwsh": "powershell"}

#: what ``fit`` can write
FIT_FORMATS = ("pip", "uv", "constraints")

#: each shell that completes our commands, and the file of ``completions`` that makes it do so
SHELLS = {
    "bash": "cuda-shims.bash",
    "zsh": "_cuda-shims",
    "fish": "cuda-shims.fish",
    "powershell": "cuda-shims.ps1",
}


def make_parsers() -> dict[str, argparse.ArgumentParser]:
    """
    Make the parser, and that of each command.

    :returns: the parser of each command by its name, and by the empty name the one that holds them all

    """
    parser = argparse.ArgumentParser(
        prog="cuda-shims",
        description="Makes NVIDIA's pip-installed CUDA toolkit findable by every build system.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("-V", "--version", action="version", version=f"cuda-shims {__version__}")
    parsers = {"": parser}
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, text: str, example: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=f"example: {example}   ({EXIT_CODES})",
            parents=[common, *parents],
        )
        command.set_defaults(command=name)
        parsers[name] = command
        return command

    common, place, cuda, change = _common_options()
    add("install", "make roots, shims and start-up hook", "cuda-shims install --dry-run", place, change)
    add("uninstall", "remove all that is ours, cuda-shims included", "cuda-shims uninstall", place, change)
    add("list", "list the tools: where each is, which one PATH gives", "cuda-shims list --json", place, cuda)
    text = "print the path of a tool, header, library or CMake target, or say which wheel holds it"
    which = add("which", text, "cuda-shims which CUDA::nvjpeg", place, cuda)
    what = which.add_mutually_exclusive_group(required=True)
    text = "such as nvcc, cudaProfiler.h, libcublas.so, CUDA::nvjpeg"
    what.add_argument("name", metavar="NAME", nargs="?", help=text)
    what.add_argument("-l", metavar="LIBRARY", dest="library", help="as a linker takes it: -lcublas")
    add("root", "print the path of the toolkit root", "./configure --with-cuda=$(cuda-shims root)", place, cuda)
    env = add("env", "print the variables for a shell", 'eval "$(cuda-shims env)"', place, cuda)
    env.add_argument("--unset", action="store_true", help="print what takes them back, with the same --cuda")
    formats = (*FORMATS, *ALIASES)
    env.add_argument("--format", choices=formats, default="sh", help="for which shell (default: sh)")
    execute = add("exec", "run a command with the variables set", "cuda-shims exec make -j4", place, cuda)
    execute.add_argument("program", metavar="CMD")
    execute.add_argument("arguments", metavar="ARG", nargs=argparse.REMAINDER)
    text = "print the requirement of the toolkit that fits torch, or another distribution"
    fit = add("fit", text, 'pip install "$(cuda-shims fit)"', place)
    text = "its name, or the path of its wheel (default: torch, else all that need CUDA)"
    fit.add_argument("distribution", metavar="DISTRIBUTION", nargs="?", help=text)
    text = "a requirement, uv's extra-build-dependencies, or constraints (default: pip)"
    fit.add_argument("--format", choices=FIT_FORMATS, default="pip", help=text)
    text = "the package that uv builds (default: their-package)"
    fit.add_argument("--for", metavar="PACKAGE", dest="package", type=_package, default="their-package", help=text)
    text = "look for all that can go wrong, each with its fix"
    doctor = add("doctor", text, "pip wheel . 2>&1 | cuda-shims doctor --log -", place, cuda)
    doctor.add_argument("--log", metavar="FILE", help="explain the log of a failed build (-: standard input) instead")
    doctor.add_argument("--strict", action="store_true", help="exit with 1 for warnings too")
    text = "print what makes a shell complete these commands"
    completion = add("completion", text, 'eval "$(cuda-shims completion bash)"')
    completion.add_argument("shell", choices=tuple(SHELLS))
    return parsers


def _common_options() -> list[argparse.ArgumentParser]:
    # what every command has; where; which CUDA; what changes files
    common, place, cuda, change = parsers = [argparse.ArgumentParser(add_help=False) for _ in range(4)]
    common.add_argument("--json", action="store_true", help="print JSON (with a schema version)")
    common.add_argument("-v", "--verbose", action="count", default=0, help="say more")
    common.add_argument("-q", "--quiet", action="count", default=0, help="say less")
    where = place.add_mutually_exclusive_group()
    where.add_argument("--python", metavar="PATH", help="another interpreter (a path, or 3.12), or environment")
    where.add_argument("--target", metavar="DIR", help="a directory that pip install --target filled")
    where.add_argument("--prefix", metavar="DIR", help="a directory that pip install --prefix filled")
    cuda.add_argument(
        "--cuda", metavar="MAJOR", type=_major, help="this CUDA, 12 say (default: CUDA_SHIMS_TOOLKIT, or the newest)"
    )
    change.add_argument("--dry-run", action="store_true", help="only say what would be done")
    change.add_argument("--force", action="store_true", help="also replace or remove files that are not ours")
    return parsers


def _major(text: str) -> str:
    if not (text.isascii() and text.isdigit()) or text.startswith("0"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a CUDA major, such as 12")
    return text


def _package(text: str) -> str:
    name = text.strip()
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):  # a key that uv refuses, or no TOML
        raise argparse.ArgumentTypeError(f"{text!a} is not the name of a package, such as flash-attn")
    return name
