"""
The selection for the commands and the API; :mod:`_cuda_shims.selection` decides.

Adds what a start of Python does not need: errors for refused choices, and a description of the toolkit.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from _cuda_shims import COMPILERS, TOOLKIT, root_variables
from _cuda_shims.places import find_places, search_path_of
from _cuda_shims.selection import Project, nvcc_home, select
from _cuda_shims.shims import compiles
from cuda_shims.config import load_config
from cuda_shims.environment.toolkit import read_toolkit
from cuda_shims.errors import ConfigError, ToolkitNotFoundError
from cuda_shims.process import given_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _cuda_shims.places import Place
    from cuda_shims.environment.environment import Environment
    from cuda_shims.environment.toolkit import Toolkit


class Scope(NamedTuple):
    """The environment, project and variables that a selection is made for."""

    #: the project's root, whose ``pyproject.toml`` counts
    directory: str
    #: the variables that count
    environ: Mapping[str, str]
    environment: Environment
    #: whether that is not the one of this process
    elsewhere: bool = False

    def places(self) -> list[Place]:
        """List the toolkits on its search path."""
        if self.elsewhere:
            return find_places(self.environment.site_dirs)
        return find_places(search_path_of(sys.path, self.environ.get("PATH", "")))


class Selected(NamedTuple):
    """A selection that was not refused."""

    #: the folder of a toolkit that a person named; else ``None``
    home: str | None
    #: the toolkits of the wheels: the selected one first, if it is one of them, then the others
    toolkits: list[Toolkit]
    #: why: see :mod:`_cuda_shims.selection`
    because: str


def selected(scope: Scope) -> Selected:
    """
    Find the toolkit that a process uses.

    :param scope: what the selection is made for
    :returns: the selected toolkit, and the others
    :raises ConfigError: for a choice that cannot be used, or that names a folder that does not exist
    :raises ToolkitNotFoundError: when the chosen toolkit is not installed, or none is

    """
    config = load_config(scope.directory, scope.environ)  # even if it does not decide: a mistake is reported
    toolkit = config.toolkit if config.toolkit != scope.environ.get(TOOLKIT) else None
    places = scope.places()
    answer = select(places, scope.environ, lambda: Project(toolkit, config.prefer))
    if answer.refused and os.path.isabs(answer.refused):
        problem = f"there is no folder {answer.refused}; name a toolkit's folder or a CUDA major, or unset it"
        raise ConfigError("environment", TOOLKIT, problem)
    found = [read_toolkit(place) for place in places]
    found.sort(key=lambda toolkit: toolkit.place != answer.toolkit)
    if answer.refused or not (answer.home or found):
        raise no_toolkit(scope.environment, answer.refused)
    return Selected(answer.home, found, answer.because)


def no_toolkit(environment: Environment, wanted: str | None = None) -> ToolkitNotFoundError:
    """Say that an environment has no toolkit, or none of a major, and which command installs one there."""
    from cuda_shims.environment.installer import install_command  # noqa: PLC0415 # only for a mistake

    install = install_command(environment, os.environ, here=environment.is_here)
    return ToolkitNotFoundError(environment.label, wanted, install)


def shell_variables(root: str, environ: Mapping[str, str]) -> dict[str, str]:
    """
    Compute the variables that a shell needs for a root, except the search paths.

    :param root: the root
    :param environ: the variables of this process
    :returns: name to value. For a root without a compiler, an empty value replaces the compiler of another toolkit:
        not every shell can be told to unset it

    """
    variables = root_variables(root)
    if not compiles(root):
        for name in COMPILERS:
            del variables[name]
            if nvcc_home(given_environment().get(name) or environ.get(name, "")):
                variables[name] = ""
    return variables
