"""``cuda-shims exec``."""

from __future__ import annotations

import argparse

from _cuda_shims.shims import compiles
from _cuda_shims.variables import for_root
from cuda_shims import process
from cuda_shims.catalog.tools import find_tool, missing_tool_fix
from cuda_shims.cli.advice import for_environment
from cuda_shims.cli.output import Output
from cuda_shims.cli.place import find_scope
from cuda_shims.installation.home import home_of


def run(options: argparse.Namespace, output: Output) -> int:
    """Become a command, with the variables set."""
    scope = find_scope(options)
    home = home_of(scope, output.remark)
    environ = process.apply(scope.environ, for_root(scope.environ, home, compiler=compiles(home)))
    program = options.program
    try:
        return process.become(program, options.arguments, environ)
    except (FileNotFoundError, NotADirectoryError):
        why = missing_tool_fix(program, 12) if find_tool(program) and not compiles(home) else ""
        why = for_environment(why, scope.environment, here=not scope.elsewhere)
        output.remark(f"cuda-shims: {program}: {why or 'no such command on PATH'}", -1)
        return 127
    except OSError as error:
        output.remark(f"cuda-shims: {program}: cannot be run ({error.strerror})", -1)
        return 126
