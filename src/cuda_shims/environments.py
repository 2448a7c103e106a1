"""Environments: where distributions are installed together, and where their scripts are."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from . import search
from .errors import BadEnvironmentError
from .records import read_record, record_lines
from .toolkits import distributions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: what a directory that belongs to an interpreter is called
_PACKAGES = {"site-packages", "dist-packages"}
#: how far below its prefix such a directory is
_DEPTH = 3
_ASK = """\
import json, sys, sysconfig
print(json.dumps([sys.version_info[:2], sys.path, sysconfig.get_path("scripts"), sys.executable]))
"""


class Environment(NamedTuple):
    """A place that distributions are installed in."""

    #: its directories of importable modules, in the order of ``sys.path``
    site_dirs: tuple[str, ...]
    #: its scripts directory (``bin``, ``Scripts``)
    scripts: str
    #: the ``.dist-info`` directory of cuda-shims in it, or ``None``
    dist_info: str | None
    #: a ``--target`` directory: Python reads no ``.pth`` file there
    is_target: bool
    #: how to call it in a message
    label: str

    @property
    def site_dir(self) -> str:
        """The directory that holds cuda-shims, else the first one."""
        return os.path.dirname(self.dist_info) if self.dist_info else self.site_dirs[0]


def current_environment() -> Environment:
    """
    Describe the environment of this process.

    Not by ``sys.prefix``: in pip's isolated build that is the outer environment's. What is on ``sys.path`` counts, and
    the RECORD of our distribution there says where the installer put the shims.

    :returns: the environment

    """
    import sysconfig  # noqa: PLC0415 # not wanted by the start-up hook

    site_dirs = tuple(search.site_dirs(sys.path))
    return _environment(site_dirs, sysconfig.get_path("scripts"), f"the environment of {sys.executable}")


def interpreter_environment(python: str) -> Environment:
    """
    Describe the environment of another interpreter, by asking it.

    :param python: the path of a Python executable, or of an environment's directory
    :returns: its environment
    :raises BadEnvironmentError: when that is no Python, or one that does not answer

    """
    import json  # noqa: PLC0415
    import subprocess  # noqa: PLC0415

    executable = python
    if os.path.isdir(python):
        candidates = [os.path.join(python, "bin", "python"), os.path.join(python, "Scripts", "python.exe")]
        executable = next((each for each in candidates if os.path.exists(each)), python)
    # -I: what the current directory and PYTHONPATH hold says nothing about that environment
    command = [executable, "-I", "-c", _ASK]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "CUDA_SHIMS_STARTUP": "0"},
        )
        version, path, scripts, real = json.loads(done.stdout)
        is_old = tuple(version) < (3, 9)
        path = [os.fspath(each) for each in path]  # a TypeError for what is no text
        scripts, real = os.fspath(scripts), os.fspath(real)
    except (OSError, RecursionError, TypeError, ValueError, subprocess.SubprocessError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it does not answer as one"
        raise BadEnvironmentError(
            python, f"this is no Python interpreter or environment ({reason}); give --python the path of one"
        ) from error
    if is_old:
        raise BadEnvironmentError(python, f"this is Python {version[0]}.{version[1]}; cuda-shims needs 3.9 or later")
    return _environment(tuple(search.site_dirs(path)), scripts, f"the environment of {real}")


def target_environment(folder: str) -> Environment:
    """
    Describe a directory that ``pip install --target`` filled.

    :param folder: the directory
    :returns: its environment
    :raises BadEnvironmentError: when there is no such directory

    """
    folder = os.path.abspath(folder)
    if not os.path.isdir(folder):
        raise BadEnvironmentError(folder, "there is no such directory; give --target the one that pip installed into")
    dist_info = find_dist_info([folder])
    return Environment((folder,), os.path.join(folder, "bin"), dist_info, is_target=True, label=folder)


def find_dist_info(site_dirs: Iterable[str]) -> str | None:
    """
    Find our own distribution.

    :param site_dirs: directories to look in
    :returns: the first ``.dist-info`` directory of cuda-shims, or ``None``

    """
    for site_dir in site_dirs:
        for name, _, folder in distributions(site_dir, "cuda"):
            if name == "cuda-shims":
                return os.path.join(site_dir, folder)
    return None


def recorded_scripts(dist_info: str) -> str | None:
    """
    Tell where an installer put our shims.

    :param dist_info: our ``.dist-info`` directory
    :returns: the directory that RECORD names for ``nvcc``, or ``None`` when it names none that is there, or one that is
        no scripts directory of the prefix that the distribution is in: what RECORD says is written to

    """
    site_dir = os.path.dirname(dist_info)
    for path in record_lines(read_record(dist_info) or ""):
        if os.path.basename(path) in {"nvcc", "nvcc.exe"} and "\0" not in path:
            folder = os.path.dirname(recorded_file(site_dir, path))
            if _is_scripts_of(folder, site_dir) and os.path.isdir(folder):
                return folder
    return None


def _is_scripts_of(folder: str, site_dir: str) -> bool:
    # PREFIX/bin of PREFIX/lib/python3.13/site-packages, PREFIX\Lib\site-packages, PREFIX/site-packages, PREFIX itself
    prefix, name = os.path.split(folder)
    parts = os.path.relpath(site_dir, prefix).split(os.sep)
    known = parts == [os.curdir] or (parts[0] != os.pardir and parts[-1] in _PACKAGES and len(parts) <= _DEPTH)
    return name in {"bin", "Scripts"} and known


def recorded_file(site_dir: str, path: str) -> str:
    """
    Find the file that a line of RECORD speaks of.

    :param site_dir: the directory that the ``.dist-info`` directory is in
    :param path: the line's path
    :returns: its absolute path. pip fills a ``--target`` directory by way of a temporary one and leaves lines that are
        true of that: there ``../../bin/nvcc`` is ``bin/nvcc``

    """
    if path.startswith("../../bin/") and os.path.basename(site_dir) not in _PACKAGES:
        path = path[len("../../") :]
    return os.path.normpath(os.path.join(site_dir, path))


def _environment(site_dirs: tuple[str, ...], scripts: str, label: str) -> Environment:
    site_dirs = tuple(each for each in site_dirs if os.path.isdir(each)) or site_dirs
    # the standard library's directories come first on sys.path and hold no distributions
    dist_info = find_dist_info(site_dirs)
    likely = tuple(
        each for each in site_dirs if _may_hold_distributions(each) or each == os.path.dirname(dist_info or "")
    )
    if dist_info:
        scripts = recorded_scripts(dist_info) or scripts
    return Environment(likely or site_dirs, scripts, dist_info, is_target=False, label=label)


def _may_hold_distributions(folder: str) -> bool:
    return os.path.basename(folder) in _PACKAGES or os.path.isdir(
        os.path.join(folder, "nvidia")
    )  # a --target directory on PYTHONPATH


__all__ = [
    "Environment",
    "current_environment",
    "find_dist_info",
    "interpreter_environment",
    "recorded_file",
    "recorded_scripts",
    "target_environment",
]
