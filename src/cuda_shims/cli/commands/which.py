"""``cuda-shims which``."""

from __future__ import annotations

import argparse

from _cuda_shims import TOOLKIT
from cuda_shims.catalog import contents
from cuda_shims.cli import lookup
from cuda_shims.cli.output import Output
from cuda_shims.cli.place import NOWHERE, find_scope
from cuda_shims.config import load_config
from cuda_shims.environment.installer import for_environment
from cuda_shims.errors import CudaShimsError, ToolNotFoundError
from cuda_shims.process import given_environment
from cuda_shims.selection import Scope


def run(options: argparse.Namespace, output: Output) -> int:
    """Print where something is, or fail with the line that installs it."""
    scope = find_scope(options)
    name = options.name if options.library is None else f"-l{options.library}"
    answer = lookup.which(name, scope)
    data = {"tool": name, "kind": answer.kind, "path": answer.path, "toolkit": answer.toolkit}
    holdings = [each._asdict() for each in contents.find(name)]
    output.answer({**data, "holdings": holdings}, *([answer.path] if answer.path else []))
    if not answer.path:
        fix = for_environment(answer.fix, scope.environment, scope.environ, here=not scope.elsewhere)
        where = [f"in {scope.environment.label}"] if scope.elsewhere else []
        raise ToolNotFoundError(lookup.shorten(name), fix, *where)
    if answer.kind == "tool" and not scope.elsewhere:
        _tell_of_shells(name, answer.path, scope, output)
    return 0


def _tell_of_shells(name: str, path: str, scope: Scope, output: Output) -> None:
    """Say when a shell gets another one, because the project chose: shims read no pyproject.toml."""
    ours, theirs = (load_config(directory, scope.environ) for directory in (scope.directory, NOWHERE))
    if ours == theirs:
        return
    # without the variables that the start-up hook set for the project's choice
    shell = scope._replace(directory=NOWHERE, environ={**given_environment(), TOOLKIT: theirs.toolkit or ""})
    try:
        other = lookup.which(name, shell).path
    except CudaShimsError:
        other = None
    if other != path:
        fix = f"{TOOLKIT}={ours.toolkit}" if ours.toolkit != theirs.toolkit else f"CUDA_SHIMS_PREFER={ours.prefer}"
        what = other or "not found"
        output.remark(f"cuda-shims: shims do not read pyproject.toml: from a shell it is {what}; export {fix}")
