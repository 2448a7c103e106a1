"""
The folders that the wheels of CUDA 12 have, one for each component, and what is of their layout alone in a root.

``nvidia-cuda-runtime-cu12`` is in ``nvidia/cuda_runtime``, with an ``include`` and a ``lib`` of its own, and so are the
others (read in wheels of 12.0 to 12.9). A root merges them: of what several have, the first one's stays, in the order
of :data:`cuda_shims.catalog.COMPONENTS`.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from . import search
from .catalog import COMPONENTS, distribution_of, missing_tool_fix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: the compute-sanitizer of 12.9 looks for its libraries beside itself, where they are not: in a root it has a folder of
#: its own, laid out as in the wheel of CUDA 13
_SANITIZER_FOLDER = "cuda_sanitizer_api"
#: what runs a file of mode 0644; kernel and C library agree on these paths
_LOADERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}
#: NVIDIA's file has mode 0644 in the wheel of 12.9, and is not ours to change. A copy of it would cost 7 MB in each
#: environment and do no more. The option names the folder of its libraries: by /proc/self/exe it would look beside the
#: loader. It may be given once
_SANITIZER = b"""#!/bin/sh
# compute-sanitizer of CUDA 12, whose file no wheel marks as executable
file=$(command -p readlink -f -- "$0")
folder=${file%/bin/*}/compute-sanitizer
for word; do
  case $word in --injection-path | --injection-path=*) exec LOADER "$folder/compute-sanitizer" "$@" ;; esac
done
exec LOADER "$folder/compute-sanitizer" --injection-path "$folder" "$@"
"""
#: There is no compiler, and this is none: CMake 3.25 finds a toolkit by the path of its nvcc alone, and the version by
#: what that prints, whatever it exits with. Without it a shim, which PATH has next, would be taken. It counts as one
#: itself. What CMake asks for is on stdout with the truth, so that the log of a good build has no complaint
_NVCC = b"""#!/bin/sh
# cuda-shims shim: no compiler, and says so; CMake finds the toolkit by it
why="nvcc (cuda-shims): CUDA 12 is installed here, and REASON"
case " $* " in
  *' __cmake_determine_cuda '*) printf '%s\\n' "#\\$ TOP=${0%/bin/*}" "$why" ;;
  *' --version '*) printf '%s\\n' 'Cuda compilation tools, release RELEASE, VVERSION' "$why" ;;
  *) printf '%s\\n' "$why" >&2 ;;
esac
exit 127
"""


class Component(NamedTuple):
    """A component of CUDA 12 that is installed."""

    #: its normalised name, ``nvidia-cuda-runtime-cu12``
    distribution: str
    version: str
    #: its folder, ``…/site-packages/nvidia/cuda_runtime``
    path: str


def folder_name(distribution: str) -> str:
    """
    Name the folder of a component.

    :param distribution: e.g. ``nvidia-cuda-runtime-cu12``
    :returns: e.g. ``cuda_runtime``

    """
    return distribution[len("nvidia-") : -len("-cu12")].replace("-", "_")


def installed(site_dir: str, distributions: Iterable[tuple[str, str, str]]) -> list[Component]:
    """
    Find the components of CUDA 12 in a directory.

    :param site_dir: the site-packages directory
    :param distributions: see :func:`cuda_shims.toolkits.distributions`
    :returns: those that are there with their folder, in the order of the table; cuDNN and its like are no components

    """
    versions = {name: version for name, version, _ in distributions}
    found = []
    for part in COMPONENTS:
        name = distribution_of(part.distribution, search.SPLIT)
        path = os.path.join(site_dir, "nvidia", folder_name(name))
        if name in versions and os.path.isdir(path):
            found.append(Component(name, versions[name], path))
    return found


def merged(folders: Sequence[str], prefix: str = "") -> Iterator[tuple[str, str]]:
    """
    Merge folders: what only one has becomes a link, a folder that several have is merged in turn.

    :param folders: their paths
    :param prefix: what goes before each name
    :returns: (path in the merged folder, absolute path it stands for), without what makes a folder a Python package

    """
    found: dict[str, list[str]] = {}
    for folder in folders:
        for name in names(folder):
            found.setdefault(name, []).append(os.path.join(folder, name))
    for name, paths in found.items():
        inner = [path for path in paths if os.path.isdir(path)]
        if len(inner) > 1 and inner[0] == paths[0]:
            yield from merged(inner, f"{prefix}{name}/")
        else:
            yield prefix + name, paths[0]


def names(*folder: str) -> list[str]:
    """
    List a folder of a wheel.

    :param folder: its path, in parts
    :returns: the names in it, in order, without what makes it a Python package; none for what is no folder

    """
    try:
        found = sorted(os.listdir(os.path.join(*folder)))
    except OSError:
        return []
    return [name for name in found if name not in {"__init__.py", "__pycache__"}]


def is_sanitizer(folder: str) -> bool:
    """
    Tell the sanitizer's folder from the others.

    :param folder: a component's folder
    :returns: whether it is

    """
    return os.path.basename(folder) == _SANITIZER_FOLDER


def sanitizer_links(folder: str) -> Iterator[tuple[str, str]]:
    """
    Lay the sanitizer out.

    :param folder: its folder
    :returns: (path in the root, absolute path it stands for)

    """
    for part in ("bin", "lib"):
        for name in names(folder, part):
            yield f"compute-sanitizer/{name}", os.path.join(folder, part, name)
    if os.path.isdir(os.path.join(folder, "include")):
        yield "compute-sanitizer/include", os.path.join(folder, "include")


def sanitizer_script(machine: str) -> bytes | None:
    """
    Write the script that runs the compute-sanitizer of CUDA 12.

    :param machine: as :func:`os.uname` names it
    :returns: what goes to ``bin/compute-sanitizer`` of a root, ``None`` for a machine that NVIDIA has no wheels for

    """
    loader = _LOADERS.get(machine)
    return _SANITIZER.replace(b"LOADER", loader.encode()) if loader else None


def nvcc_script(version: str) -> bytes:
    """
    Write what is in the place of a compiler.

    :param version: the toolkit's
    :returns: what goes to ``bin/nvcc`` of a root

    """
    release = ".".join(version.split(".")[:2])
    reason = missing_tool_fix("nvcc", search.SPLIT).replace('"', '\\"')
    text = _NVCC.replace(b"REASON", reason.encode())
    return text.replace(b"RELEASE", release.encode()).replace(b"VERSION", version.encode())


__all__ = [
    "Component",
    "folder_name",
    "installed",
    "is_sanitizer",
    "merged",
    "names",
    "nvcc_script",
    "sanitizer_links",
    "sanitizer_script",
]
