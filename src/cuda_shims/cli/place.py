"""Which environment, project and variables a command is about, by its options."""

from __future__ import annotations

import os

from cuda_shims.environment import environment as environments

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from cuda_shims.environment.environment import Environment
    from cuda_shims.selection import Scope


#: a folder that holds no pyproject.toml
NOWHERE = "/nonexistent"


def current_directory() -> str:
    """Name the folder whose ``pyproject.toml`` counts; a shell's current folder may have been removed."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return NOWHERE


def find_environment(options: argparse.Namespace) -> Environment:
    """Find the environment that ``--python``, ``--target`` or ``--prefix`` names, else that of this process."""
    if options.target:
        return environments.target_environment(options.target)
    if options.prefix:
        return environments.prefix_environment(options.prefix)
    if options.python:
        return environments.interpreter_environment(options.python)
    return environments.current_environment()


def find_scope(options: argparse.Namespace) -> Scope:
    """Find what a command is about; ``--cuda`` counts as if the user had set CUDA_SHIMS_TOOLKIT."""
    from _cuda_shims import TOOLKIT  # noqa: PLC0415
    from cuda_shims.selection import Scope  # noqa: PLC0415

    environ = {**os.environ, TOOLKIT: options.cuda} if options.cuda else os.environ
    elsewhere = bool(options.python or options.target or options.prefix)
    return Scope(current_directory(), environ, find_environment(options), elsewhere)
