"""``cuda-shims exec``."""

from __future__ import annotations

import argparse
import os

from _cuda_shims import SPLIT
from _cuda_shims.shims import compiles
from _cuda_shims.variables import for_root
from cuda_shims import process
from cuda_shims.catalog.tools import find_tool, missing_tool_fix
from cuda_shims.cli.output import Output
from cuda_shims.cli.place import find_scope
from cuda_shims.environment.installer import for_environment
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
        if find_tool(program):
            fix = missing_tool_fix(program, None if compiles(home) else SPLIT)
            why = for_environment(fix, scope.environment, scope.environ, here=not scope.elsewhere)
        else:
            why = "no such command on PATH; install it, or give its path"
            if os.path.dirname(program):
                why = "there is no such file"
            elif " " in program:
                why = "no such command on PATH; give the command and its arguments without quotes around them"
        output.remark(f"cuda-shims: {program}: {why}", -1)
        return 127
    except OSError as error:
        output.remark(f"cuda-shims: {program}: cannot be run ({error.strerror})", -1)
        return 126
