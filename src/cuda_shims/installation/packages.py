"""
CMake packages of a toolkit next to an environment's scripts directory, for find_package(CCCL) from a shell.

A classic toolkit's ``bin`` on PATH leads CMake to its ``lib/cmake``. An environment's leads to the environment's, which
may belong to conda's packages. So we write links to ``templates/cmake`` that are named after us. CMake searches these
later.
"""

from __future__ import annotations

import os

from cuda_shims.files.entry import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cuda_shims.environment.toolkit import Toolkit

#: whose wheel has the packages
_COMPONENT = "nvidia-cuda-cccl"
_NAMES = [f"{name}-cuda-shims" for name in ("cccl", "cub", "libcudacxx", "thrust")]
#: below the site-packages directory
_FILES = ("cuda_shims", "installation", "templates", "cmake")


def package_links(site_dir: str, scripts: str, toolkits: Iterable[Toolkit]) -> Iterator[Entry]:
    """
    List the links that an environment should have.

    :param site_dir: its site-packages directory, which the paths are relative to
    :param scripts: its scripts directory
    :param toolkits: the toolkits there
    :returns: none on Windows, where CMake looks elsewhere, none in a ``--target`` folder, whose ``lib`` would be a
        module, and none where the files of cuda-shims itself are elsewhere

    """
    folder, files = _folder(scripts), os.path.join(site_dir, *_FILES)
    here = os.path.basename(scripts) == "bin" and site_dir.startswith(folder + os.sep) and os.path.isdir(files)
    if here and any(toolkit.distribution(_COMPONENT) in toolkit.components for toolkit in toolkits):
        for path in package_paths(scripts):
            yield Entry(os.path.relpath(path, site_dir), os.path.relpath(files, folder))


def package_paths(scripts: str) -> list[str]:
    """List the paths that such links have, whether they exist or not."""
    return [os.path.join(_folder(scripts), name) for name in _NAMES]


def is_package_link(path: str) -> bool:
    """Tell whether a path has the name of such a link."""
    return os.path.basename(path) in _NAMES


def may_be_package_link(scripts: str, path: str) -> bool:
    """Tell whether a path is a place of such a link; only its last part may be a link."""
    return is_package_link(path) and os.path.dirname(path) == os.path.realpath(_folder(scripts))


def _folder(scripts: str) -> str:
    return os.path.join(os.path.dirname(scripts), "lib")
