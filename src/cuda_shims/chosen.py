"""The toolkit that a command is about: the chosen one, else the newest, and what a shell or a command is told of it."""

from __future__ import annotations

import os
from typing import NamedTuple

from . import search
from .config import load_config
from .envvars import COMPILERS, nvcc_home, root_variables
from .errors import NotWritableError, ToolkitNotFoundError
from .processes import given
from .toolkits import find_toolkits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .environments import Environment
    from .toolkits import Toolkit


class Place(NamedTuple):
    """Where a command looks."""

    #: the project's root, whose ``pyproject.toml`` counts
    directory: str
    #: the variables that count
    environ: Mapping[str, str]
    environment: Environment
    #: whether that is not the one of this process
    elsewhere: bool


def toolkits(place: Place) -> list[Toolkit]:
    """
    Find the toolkit that a command is about, and then the others.

    :param place: where
    :returns: those of the chosen major, else all; those with a compiler first
    :raises ConfigError: for a choice that cannot be used
    :raises ToolkitNotFoundError: when there is none

    """
    choice = load_config(place.directory, place.environ).toolkit
    found = find_toolkits(place.environment.site_dirs if place.elsewhere else None)
    if choice and choice.isdigit():
        found = [toolkit for toolkit in found if str(toolkit.major) == choice]
    if not found:
        raise ToolkitNotFoundError(place.environment.label, choice)
    return sorted(found, key=lambda toolkit: "nvcc" not in toolkit.tools)


def with_tool(place: Place, tool: str) -> Toolkit:
    """
    Find the toolkit for a tool, as a shim does.

    :param place: where
    :param tool: its name
    :returns: the first that has it; the first where none has
    :raises ConfigError: for a choice that cannot be used
    :raises ToolkitNotFoundError: when there is no toolkit

    """
    found = toolkits(place)
    return next((toolkit for toolkit in found if tool in toolkit.tools), found[0])


def home_of(place: Place, remark: Callable[[str], None]) -> str:
    """
    Find what CUDA_HOME should name; the root is made if it is missing.

    :param place: where
    :param remark: tells that the wheels' own folder has to serve
    :returns: its path
    :raises ConfigError: for a choice that cannot be used
    :raises ToolkitNotFoundError: when there is no toolkit
    :raises NotWritableError: when no root can be made, and the wheels' own folder is none either (CUDA 12)

    """
    from .root_maker import make_root  # noqa: PLC0415

    choice = load_config(place.directory, place.environ).toolkit
    if choice and os.path.isabs(choice):
        return choice
    toolkit = toolkits(place)[0]
    try:
        return make_root(toolkit.site_dir, toolkit.major)
    except NotWritableError as error:
        if toolkit.parts:
            raise
        remark(f"cuda-shims: {error}; going on with the wheels' own folder")
        return toolkit.path


def shell_variables(root: str, environ: Mapping[str, str]) -> dict[str, str]:
    """
    Compute what a shell is told, its search paths apart.

    :param root: the root
    :param environ: the variables of this process
    :returns: name to value; for a root without a compiler an empty value takes that of another toolkit back, for not
        every shell can be told to unset it

    """
    variables = root_variables(root)
    if not search.compiles(root):
        for name in COMPILERS:
            del variables[name]
            if nvcc_home(given(name) or environ.get(name, "")):
                variables[name] = ""
    return variables


__all__ = ["Place", "home_of", "shell_variables", "toolkits", "with_tool"]
