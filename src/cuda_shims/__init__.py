"""
Makes NVIDIA's pip-installed CUDA toolkit findable by every build system.

The names below are loaded when they are first used: the start-up hook imports this package at every start of Python.
"""

from __future__ import annotations

from cuda_shims.version import __version__

TYPE_CHECKING = False  # what type checkers take for typing.TYPE_CHECKING, without importing typing at Python start-up
if TYPE_CHECKING:
    from typing import Any

    from cuda_shims.environment.toolkit import Toolkit, find_toolkits
    from cuda_shims.errors import (
        BadEnvironmentError,
        ConfigError,
        CudaShimsError,
        NotWritableError,
        ToolkitNotFoundError,
        ToolNotFoundError,
    )
    from cuda_shims.installation.home import variables
    from cuda_shims.installation.install import install
    from cuda_shims.installation.uninstall import uninstall

_HOMES = {
    "BadEnvironmentError": "errors",
    "ConfigError": "errors",
    "CudaShimsError": "errors",
    "NotWritableError": "errors",
    "ToolNotFoundError": "errors",
    "Toolkit": "environment.toolkit",
    "ToolkitNotFoundError": "errors",
    "find_toolkits": "environment.toolkit",
    "install": "installation.install",
    "uninstall": "installation.uninstall",
    "variables": "installation.home",
}


def __getattr__(name: str) -> Any:
    """Load a public name (:pep:`562`)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 # at start-up nobody uses a name

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
