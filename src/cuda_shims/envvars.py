"""
The environment variables that make build systems find a root. Pure: a mapping in, a mapping out.

The names, and the values for a root, are in :mod:`_cuda_shims`, which sets them when nothing stands in the way.
"""

from __future__ import annotations

import os

from _cuda_shims import COMPILERS, FORWARD, HOMES, MARKER, TOOLKIT, executable, prepended, root_variables, search_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def user_toolkit(environ: Mapping[str, str], root: str) -> str | None:
    """
    Find the toolkit that the user's own variables name.

    A value is ours when it is that of ``root`` or of the marker (an outer environment's hook set it). NVCC and CUDACXX
    may hold a command without nvcc's path (``ccache nvcc``, ``clang++``): that names no toolkit.

    :param environ: the environment
    :param root: the root that we would set
    :returns: the folder of another toolkit, or ``None`` when the variables are unset, empty or ours

    """
    ours = {root, environ.get(MARKER) or root}
    named = [environ.get(name) for name in HOMES] + [nvcc_home(environ.get(name) or "") for name in COMPILERS]
    return next((home for home in named if home and home not in ours), None)


def nvcc_home(command: str) -> str | None:
    """
    Find the toolkit of the nvcc that a command names by its path.

    :param command: the value of NVCC or CUDACXX: a path, which may have blanks in it, or a command line
    :returns: the folder that nvcc's ``bin`` is in, or ``None`` for a command that names nvcc by no absolute path

    """
    for word in (command, *command.split()):
        folder, tool = os.path.split(word)
        if os.path.isabs(word) and tool in {"nvcc", "nvcc.exe"}:
            return os.path.dirname(folder)
    return None


def for_root(environ: Mapping[str, str], root: str, *, compiler: bool = True) -> dict[str, str | None]:
    """
    Compute what a process needs so that every build system in it takes a root.

    :param environ: its environment
    :param root: the root
    :param compiler: whether it has nvcc; if not, no other is named, which would be another toolkit's
    :returns: the variables to set (``None``: to unset), the search paths included

    """
    outer = environ.get(MARKER)
    wanted: dict[str, str | None] = {**root_variables(root), FORWARD: None}
    for name in COMPILERS:
        value = environ.get(name)
        if value and not nvcc_home(value):  # "ccache nvcc" finds our nvcc by PATH, clang++ is no nvcc: the user's stay
            del wanted[name]
        elif not compiler:
            wanted[name] = None
    outers = search_paths(outer) if outer else {}
    for name, folder in search_paths(root).items():
        drop = [outers[name]] if name in outers else []
        wanted[name] = prepended(environ.get(name, ""), folder, *drop)
    return wanted


def for_user_toolkit(environ: Mapping[str, str], home: str) -> dict[str, str | None]:
    """
    Compute what a process needs so that the user's toolkit is taken whole.

    The shim is first on PATH in an isolated build whatever the variables say, and our nvcc with the libraries of
    another CUDA_HOME is the mix that must never be. So the shims are told to forward there, what an outer environment's
    hook set is taken back, and a folder that holds nothing but CUDA's tools comes first on PATH, where
    ``dirname(dirname(which nvcc))`` is right. ``/usr/bin`` may not move: it holds another python.

    :param environ: the environment
    :param home: the toolkit that the user's variables name
    :returns: the variables to set (``None``: to unset); where ``home`` has no nvcc the shims go on with ours

    """
    wanted: dict[str, str | None] = {FORWARD: None}
    outer = environ.get(MARKER)
    path = environ.get("PATH", "")
    if outer:
        wanted.update({name: None for name, value in root_variables(outer).items() if environ.get(name) == value})
        for name, folder in search_paths(outer).items():
            if name in environ:
                parts = environ[name].split(os.pathsep)
                rest = os.pathsep.join(part for part in parts if part != folder)
                wanted[name] = rest or None
        path = wanted.get("PATH") or ""
    if os.path.isabs(home) and os.path.exists(executable(home, "nvcc")):
        wanted[FORWARD] = home
        folder = os.path.join(home, "bin")
        others = ("python", "python3", "sh", "cc", "python.exe")
        if not any(os.path.exists(os.path.join(folder, name)) for name in others):
            wanted["PATH"] = prepended(path, folder)
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
    "nvcc_home",
    "prepended",
    "root_variables",
    "search_paths",
    "user_toolkit",
]
