"""Environments: where distributions are installed together, and where their scripts are."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from . import __version__, search
from .errors import BadEnvironmentError
from .records import read_record, record_lines
from .toolkits import distributions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: what a directory that belongs to an interpreter is called
_PACKAGES = {"site-packages", "dist-packages"}
#: how far below its prefix such a directory is
_DEPTH = 3
#: where ``pip install --prefix`` puts distributions below the prefix; Debian's also below its ``local``
_PREFIX_LAYOUTS = tuple(
    os.path.join(*parts, kind)
    for parts in (("lib", "python3*"), ("lib64", "python3*"), ("lib", "pypy3*"), ("local", "lib", "python3*"))
    for kind in ("site-packages", "dist-packages")
)


class Environment(NamedTuple):
    """A place that distributions are installed in."""

    #: its directories of importable modules, in the order of ``sys.path``
    site_dirs: tuple[str, ...]
    #: its scripts directory (``bin``, ``Scripts``)
    scripts: str
    #: the ``.dist-info`` directory of cuda-shims in it, or ``None``
    dist_info: str | None
    #: a ``--target`` or ``--prefix`` directory: Python reads no ``.pth`` file there
    is_target: bool
    #: how to call it in a message; such a directory by its path
    label: str

    @property
    def site_dir(self) -> str:
        """The directory that holds cuda-shims, else the first one."""
        return os.path.dirname(self.dist_info) if self.dist_info else self.site_dirs[0]

    @property
    def option(self) -> str:
        """The option, of pip and of ours, that names such a directory."""
        return "--target" if self.label in self.site_dirs else "--prefix"


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

    :param python: see :func:`cuda_shims.interpreters.ask`
    :returns: its environment
    :raises BadEnvironmentError: when that is no Python, or one that does not answer

    """
    from . import interpreters  # noqa: PLC0415 # not wanted by the start-up hook

    answer = interpreters.ask(python)
    site_dirs = tuple(search.site_dirs(answer.path))
    return _environment(site_dirs, answer.scripts, f"the environment of {answer.executable}")


def target_environment(folder: str) -> Environment:
    """
    Describe a directory that ``pip install --target`` filled.

    :param folder: the directory
    :returns: its environment
    :raises BadEnvironmentError: when there is no such directory, or it is a ``--prefix``

    """
    folder = _existing(folder, "--target")
    dist_info = find_dist_info([folder])
    if not _is_used(folder) and any(map(_is_used, prefix_site_dirs(folder))):
        raise BadEnvironmentError(folder, "this is a prefix, and what is installed is below its lib: give --prefix")
    # site-packages of a prefix is such a directory as well, and its scripts are elsewhere
    scripts = _scripts(dist_info, os.path.join(folder, "bin"))
    return Environment((folder,), scripts, dist_info, is_target=True, label=folder)


def prefix_environment(folder: str) -> Environment:
    """
    Describe a directory that ``pip install --prefix`` filled, and that no interpreter is in.

    :param folder: the directory
    :returns: the environment in it: that of the Python version which has cuda-shims or a toolkit there, of several that
        of this process
    :raises BadEnvironmentError: when there is no such directory, or none that can be told

    """
    from . import interpreters  # noqa: PLC0415 # not wanted by the start-up hook

    folder = _existing(folder, "--prefix")
    if interpreters.own_interpreter(folder):
        raise BadEnvironmentError(folder, "there is an interpreter in it, which reads .pth files there: give --python")
    found: dict[str, list[str]] = {}
    for site_dir in prefix_site_dirs(folder):
        found.setdefault(os.path.basename(os.path.dirname(site_dir)), []).append(site_dir)
    if not found:
        problem = "there is no lib/python3.*/site-packages in it; what pip install --target filled is for --target"
        raise BadEnvironmentError(folder, problem)
    used = {name: dirs for name, dirs in found.items() if any(map(_is_used, dirs))} or found
    this = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if len(used) > 1 and this not in used:
        problem = f"it is one of {', '.join(sorted(used))}: run cuda-shims by the Python that you mean"
        raise BadEnvironmentError(folder, problem)
    site_dirs = used[this if this in used else next(iter(used))]
    dist_info = find_dist_info(site_dirs)
    # beside lib/python3.13/site-packages, and Lib\site-packages
    windows = os.path.basename(os.path.dirname(site_dirs[0])) == "Lib"
    beside = os.path.join(*[os.pardir] * (2 if windows else 3), "Scripts" if windows else "bin")
    scripts = _scripts(dist_info, os.path.normpath(os.path.join(site_dirs[0], beside)))
    return Environment(tuple(site_dirs), scripts, dist_info, is_target=True, label=folder)


def _existing(folder: str, option: str) -> str:
    folder = os.path.abspath(folder)
    if not os.path.isdir(folder):
        raise BadEnvironmentError(folder, f"there is no such directory; give {option} the one that pip installed into")
    return folder


def prefix_site_dirs(folder: str) -> Iterator[str]:
    """
    Find the site-packages directories of a prefix.

    :param folder: the prefix
    :returns: those of each Python version, once

    """
    import glob  # noqa: PLC0415 # not wanted by the start-up hook

    seen = set()
    for layout in (*_PREFIX_LAYOUTS, os.path.join("Lib", "site-packages")):
        for site_dir in sorted(glob.glob(os.path.join(glob.escape(folder), layout))):
            real = os.path.realpath(site_dir)  # lib64 may lead to lib
            # lib/python3.1 is a link of conda's to the only one
            if os.path.isdir(site_dir) and real not in seen and "python3.1" not in site_dir.split(os.sep):
                seen.add(real)
                yield site_dir


def _is_used(site_dir: str) -> bool:
    return bool(find_dist_info([site_dir])) or os.path.isdir(os.path.join(site_dir, "nvidia"))


def find_dist_info(site_dirs: Iterable[str]) -> str | None:
    """
    Find our own distribution.

    :param site_dirs: directories to look in
    :returns: the first ``.dist-info`` directory of cuda-shims, or ``None``

    """
    own = f"cuda_shims-{__version__}.dist-info"  # that of this version first: to list a large environment takes 2 ms
    for site_dir in site_dirs:
        if os.path.isdir(os.path.join(site_dir, own)):
            return os.path.join(site_dir, own)
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


def _scripts(dist_info: str | None, otherwise: str) -> str:
    return (recorded_scripts(dist_info) if dist_info else None) or otherwise


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
    scripts = _scripts(dist_info, scripts)
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
    "prefix_environment",
    "prefix_site_dirs",
    "recorded_file",
    "recorded_scripts",
    "target_environment",
]
