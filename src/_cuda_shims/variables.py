"""
The environment variables that make build systems find a toolkit. Pure: a mapping in, a mapping out.

The names, and the values for a root, are in :mod:`_cuda_shims`, which sets them in the common case.
"""

import os

from _cuda_shims import (
    COMPILERS,
    FORWARD,
    MARKER,
    WHEELS_ARE_ROOT,
    all_paths,
    executable,
    path_values,
    root_variables,
)
from _cuda_shims.selection import named_nvcc, nvcc_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def for_root(
    environ: "Mapping[str, str]", root: str, *, compiler: bool = True, forward: bool = False
) -> "dict[str, str | None]":
    """
    Compute what a process needs so that every build system in it takes a root.

    :param environ: its environment
    :param root: the root
    :param compiler: whether it has nvcc; if not, none is named, because it would be another toolkit's
    :param forward: whether a shim would find another toolkit unless it is told
    :returns: the variables to set (``None``: to unset), the search paths included

    """
    wanted: "dict[str, str | None]" = {**root_variables(root), FORWARD: root if forward else None}
    for name in COMPILERS:
        value = environ.get(name)
        nvcc = named_nvcc(value) if value else None
        # "ccache nvcc" finds our nvcc by PATH, clang++ is not nvcc, a wrapper of nvcc has its reasons: they stay
        if value and not nvcc_home(value) and (nvcc is None or os.path.exists(nvcc)):
            del wanted[name]
        elif not compiler:
            wanted[name] = None
    wanted.update(path_values(root, environ.get(MARKER), environ))
    if WHEELS_ARE_ROOT:
        from _cuda_shims import generator  # noqa: PLC0415 # not needed elsewhere

        wanted.update(generator.choose(environ))
    return wanted


def without_ours(environ: "Mapping[str, str]") -> "dict[str, str | None]":
    """Compute the changes that undo what a hook or ``cuda-shims env`` set."""
    wanted: "dict[str, str | None]" = {FORWARD: None} if environ.get(FORWARD) else {}
    if WHEELS_ARE_ROOT:
        from _cuda_shims import generator  # noqa: PLC0415 # as above

        wanted.update(generator.taken_back(environ))
    root = environ.get(MARKER)
    if root:
        wanted.update({name: None for name, value in root_variables(root).items() if environ.get(name) == value})
        for name, folder in all_paths(root):
            path = wanted.get(name, environ.get(name))
            if path is not None:
                wanted[name] = os.pathsep.join(part for part in path.split(os.pathsep) if part != folder) or None
    return wanted


def for_user_toolkit(environ: "Mapping[str, str]", home: str) -> "dict[str, str | None]":
    """
    Compute what a process needs so that it takes the user's toolkit and no other.

    In an isolated build the shim is first on PATH, whatever the variables say, and our nvcc must never be mixed with
    the libraries of another CUDA_HOME. So the shims are told to forward there, and what an outer environment's hook set
    is undone. A folder that holds only CUDA's tools comes first on PATH, where ``dirname(dirname(which nvcc))`` is then
    right. ``/usr/bin`` must not move: it holds another python.
    """
    wanted: "dict[str, str | None]" = {FORWARD: None, **without_ours(environ)}
    if os.path.isabs(home) and os.path.exists(executable(home, "nvcc")):
        wanted[FORWARD] = home
        folder = os.path.join(home, "bin")
        others = ("python", "python3", "sh", "cc", "python.exe")
        if not any(os.path.exists(os.path.join(folder, name)) for name in others):
            wanted["PATH"] = prepended(wanted["PATH"] if "PATH" in wanted else environ.get("PATH"), folder)
    return wanted


def prepended(path: "str | None", folder: str) -> str:
    """Put a directory first on a search path, once; empty entries stay."""
    path = os.defpath if path is None else path
    parts = [part for part in path.split(os.pathsep) if part != folder] if path else []
    return os.pathsep.join([folder, *parts])
