"""
The environment variables that make build systems find a root. Pure: a mapping in, a mapping out.

The names, and the values for a root, are in :mod:`_cuda_shims`, which sets them when nothing stands in the way.
"""

from __future__ import annotations

import os

from _cuda_shims import COMPILERS, FORWARD, HOMES, MARKER, TOOLKIT, executable, prepended, root_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def user_toolkit(environ: Mapping[str, str], root: str) -> str | None:
    """
    Find the toolkit that the user's own variables name.

    A value is ours when it is that of ``root`` or of the marker (an outer environment's hook set it). NVCC and CUDACXX
    may hold a command without a folder (``ccache nvcc``): that wraps whichever nvcc PATH finds and names no toolkit.

    :param environ: the environment
    :param root: the root that we would set
    :returns: the folder of another toolkit, or ``None`` when the variables are unset, empty or ours

    """
    ours = {root, environ.get(MARKER) or root}
    for name in HOMES:
        value = environ.get(name)
        if value and value not in ours:
            return value
    for name in COMPILERS:
        for word in reversed((environ.get(name) or "").split()):
            folder, tool = os.path.split(word)
            if os.path.isabs(word) and tool in {"nvcc", "nvcc.exe"} and os.path.dirname(folder) not in ours:
                return os.path.dirname(folder)
    return None


def for_root(environ: Mapping[str, str], root: str) -> dict[str, str | None]:
    """
    Compute what a process needs so that every build system in it takes a root.

    :param environ: its environment
    :param root: the root
    :returns: the variables to set (``None``: to unset), PATH included

    """
    marker = environ.get(MARKER)
    drop = [os.path.join(marker, "bin")] if marker else []
    wanted: dict[str, str | None] = {**root_variables(root), FORWARD: None}
    for name in COMPILERS:
        value = environ.get(name)
        # "ccache nvcc" finds our nvcc by PATH: the user's launcher stays
        if value and not any(os.path.isabs(word) for word in value.split()[-1:]):
            del wanted[name]
    wanted["PATH"] = prepended(environ.get("PATH", ""), os.path.join(root, "bin"), *drop)
    return wanted


def for_user_toolkit(environ: Mapping[str, str], home: str) -> dict[str, str | None]:
    """
    Compute what a process needs so that the user's toolkit is taken whole.

    The shim is first on PATH in an isolated build whatever the variables say, and our nvcc with the libraries of
    another CUDA_HOME is the mix that must never be. So the shims are told to forward there, and a folder that holds
    nothing but CUDA's tools comes first on PATH, where ``dirname(dirname(which nvcc))`` is right. ``/usr/bin`` may not
    move: it holds another python.

    :param environ: the environment
    :param home: the toolkit that the user's variables name
    :returns: the variables to set (``None``: to unset); where ``home`` has no nvcc the shims go on with ours

    """
    folder = os.path.join(home, "bin")
    if not os.path.isabs(home) or not os.path.exists(executable(home, "nvcc")):
        return {FORWARD: None}
    wanted: dict[str, str | None] = {FORWARD: home}
    if not any(os.path.exists(os.path.join(folder, name)) for name in ("python", "python3", "sh", "cc", "python.exe")):
        wanted["PATH"] = prepended(environ.get("PATH", ""), folder)
    return wanted


__all__ = [
    "COMPILERS",
    "FORWARD",
    "HOMES",
    "MARKER",
    "TOOLKIT",
    "executable",
    "for_root",
    "for_user_toolkit",
    "prepended",
    "root_variables",
    "user_toolkit",
]
