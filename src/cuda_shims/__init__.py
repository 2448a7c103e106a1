"""
Makes NVIDIA's pip-installed CUDA toolkit findable by every build system.

The names below are loaded when they are first used: the start-up hook imports this package at every start of Python.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what type checkers take for typing.TYPE_CHECKING, without importing typing at Python start-up
if TYPE_CHECKING:
    from typing import Any

    from .api import install, uninstall, variables
    from .errors import (
        BadEnvironmentError,
        ConfigError,
        CudaShimsError,
        NotWritableError,
        ToolkitNotFoundError,
        ToolNotFoundError,
    )
    from .toolkits import Toolkit, find_toolkits

__version__ = "0.1.0"

_HOMES = {
    "BadEnvironmentError": "errors",
    "ConfigError": "errors",
    "CudaShimsError": "errors",
    "NotWritableError": "errors",
    "ToolNotFoundError": "errors",
    "Toolkit": "toolkits",
    "ToolkitNotFoundError": "errors",
    "find_toolkits": "toolkits",
    "install": "api",
    "uninstall": "api",
    "variables": "api",
}


def __getattr__(name: str) -> Any:
    """
    Load a public name (:pep:`562`).

    :param name: the attribute asked for
    :returns: the object
    :raises AttributeError: for a name that is not public

    """
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 # at start-up nobody asks for a name

    return getattr(import_module(f".{home}", __name__), name)


__all__ = [
    "BadEnvironmentError",
    "ConfigError",
    "CudaShimsError",
    "NotWritableError",
    "ToolNotFoundError",
    "Toolkit",
    "ToolkitNotFoundError",
    "__version__",
    "find_toolkits",
    "install",
    "uninstall",
    "variables",
]
