"""Our own distribution in an environment: its ``.dist-info`` folder, and where its shims are."""

from __future__ import annotations

import os

from cuda_shims.environment.distribution import distributions
from cuda_shims.environment.record import read_record, record_lines
from cuda_shims.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: the names of directories that belong to an interpreter
PACKAGES = {"site-packages", "dist-packages"}
#: how far below its prefix such a directory is
_DEPTH = 3


def find_dist_info(site_dirs: Iterable[str]) -> str | None:
    """Find the path of the first ``.dist-info`` directory of cuda-shims in directories, or return ``None``."""
    own = f"cuda_shims-{__version__}.dist-info"  # that of this version first: listing a large environment takes 2 ms
    for site_dir in site_dirs:
        if os.path.isdir(os.path.join(site_dir, own)):
            return os.path.join(site_dir, own)
        for name, _, folder in distributions(site_dir, "cuda"):
            if name == "cuda-shims":
                return os.path.join(site_dir, folder)
    return None


def recorded_scripts(dist_info: str) -> str | None:
    """
    Find the directory where an installer put our shims.

    :param dist_info: our ``.dist-info`` directory
    :returns: the directory that RECORD names for ``nvcc``; ``None`` when it names none, one that does not exist, or one
        that is not a scripts directory of the distribution's own prefix: we write to this directory

    """
    site_dir = os.path.dirname(dist_info)
    for path in record_lines(read_record(dist_info) or ""):
        if os.path.basename(path) in {"nvcc", "nvcc.exe"}:
            folder = os.path.dirname(recorded_file(site_dir, path))
            if _is_scripts_of(folder, site_dir) and os.path.isdir(folder):
                return folder
    return None


def _is_scripts_of(folder: str, site_dir: str) -> bool:
    # PREFIX/bin of PREFIX/lib/python3.13/site-packages, PREFIX\Lib\site-packages, PREFIX/site-packages, PREFIX itself
    prefix, name = os.path.split(folder)
    parts = os.path.relpath(site_dir, prefix).split(os.sep)
    known = parts == [os.curdir] or (parts[0] != os.pardir and parts[-1] in PACKAGES and len(parts) <= _DEPTH)
    return name in {"bin", "Scripts"} and known


def recorded_file(site_dir: str, path: str) -> str:
    """
    Find the file that a line of RECORD names.

    :param site_dir: the directory that contains the ``.dist-info`` directory
    :param path: the line's path
    :returns: its absolute path. pip fills a ``--target`` directory through a temporary one and keeps the lines of
        that one: there ``../../bin/nvcc`` is ``bin/nvcc``

    """
    if path.startswith("../../bin/") and os.path.basename(site_dir) not in PACKAGES:
        path = path[len("../../") :]
    return os.path.normpath(os.path.join(site_dir, path))
