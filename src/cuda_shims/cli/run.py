"""Run a command line: parse it, call its command, turn errors into one sentence and an exit code."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from cuda_shims.cli.output import Output
from cuda_shims.cli.parser import make_parsers
from cuda_shims.cli.usage import Command, parse
from cuda_shims.errors import CudaShimsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of this process, and return the exit code."""
    if sys.stderr is None:  # closed: print would take standard output in its place
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    parsers = make_parsers()
    words = sys.argv[1:] if arguments is None else list(arguments)
    if not words:  # the first thing that people try
        parsers[""].print_help(sys.stderr)
        return 2
    _set_error_handlers()
    try:
        options = _parse(parsers, words)
        if sys.stdout is None and options.command != "exec":  # which has no answer of its own
            print("cuda-shims: standard output is closed, and the answer goes there", file=sys.stderr)
            return 1
        return _run(options)
    except CudaShimsError as error:
        from cuda_shims.environment.installer import name_program  # noqa: PLC0415 # only for a mistake

        print(f"cuda-shims: {name_program(str(error), os.environ)}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader has seen enough (| head)
        pass
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # a necessary file cannot be read, or the answer cannot be written
        print(f"cuda-shims: {error.filename or 'cannot continue'}: {error.strerror or error}", file=sys.stderr)
    _drop_output()
    return 1


def _drop_output() -> None:
    """Write what can be written: Python would try the rest again when it ends, and report it."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parse(parsers: dict[str, Command], words: list[str]) -> argparse.Namespace:
    try:
        return parse(parsers, words)
    except SystemExit:
        if sys.stdout is not None:  # what --help and --version print: argparse ignores a failure
            sys.stdout.flush()
        raise


def _set_error_handlers() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A path is printed as it is, even if it is not UTF-8. A pipe on Windows takes the letters of one code
            # page, PYTHONIOENCODING may say ASCII: other letters are shown as \u65e5, and --json has them all.
            utf_8 = stream.encoding.lower().replace("-", "") == "utf8" and os.name != "nt"
            stream.reconfigure(errors="surrogateescape" if utf_8 else "backslashreplace")


def _run(options: argparse.Namespace) -> int:
    command = import_module(f"cuda_shims.cli.commands.{options.command}")
    output = Output(options)
    with output.patience("" if options.command == "exec" else options.command):
        code: int = command.run(options, output)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code
