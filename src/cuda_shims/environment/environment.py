"""Environments: where distributions are installed together, and where their scripts are."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from _cuda_shims import places
from cuda_shims.environment.ours import PACKAGES, find_dist_info, recorded_scripts
from cuda_shims.errors import BadEnvironmentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

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
    #: the path of its interpreter; empty for such a directory
    python: str = ""

    @property
    def site_dir(self) -> str:
        """The directory that holds cuda-shims, else the first one."""
        return os.path.dirname(self.dist_info) if self.dist_info else self.site_dirs[0]

    @property
    def is_here(self) -> bool:
        """Whether it is that of this process."""
        return set(self.site_dirs) <= set(sys.path)

    @property
    def option(self) -> str:
        """The option, pip's and ours, that names such a directory."""
        return "--target" if self.label in self.site_dirs else "--prefix"


def current_environment() -> Environment:
    """
    Describe the environment of this process.

    Not by ``sys.prefix``: in pip's isolated build that is the outer environment's. ``sys.path`` tells the directories,
    and the RECORD of our distribution there tells where the installer put the shims.
    """
    import sysconfig  # noqa: PLC0415 # not needed by the start-up hook

    site_dirs = tuple(places.site_dirs(sys.path))
    return _environment(site_dirs, sysconfig.get_path("scripts"), sys.executable)


def interpreter_environment(python: str) -> Environment:
    """
    Describe the environment of another interpreter, by asking it.

    :param python: its path, its name or version as on a command line, or the path of an environment's directory
    :returns: its environment
    :raises BadEnvironmentError: when that is not a Python of 3.9 or later, or does not answer

    """
    from cuda_shims.environment import interpreter  # noqa: PLC0415 # not needed by the start-up hook

    path, scripts, executable = interpreter.ask(python)
    return _environment(tuple(places.site_dirs(path)), scripts, executable)


def target_environment(folder: str) -> Environment:
    """
    Describe a directory that ``pip install --target`` filled.

    :param folder: the directory
    :returns: its environment
    :raises BadEnvironmentError: when there is no such directory, or it is a ``--prefix``

    """
    from cuda_shims.environment import interpreter  # noqa: PLC0415 # not needed by the start-up hook

    folder = _existing(folder, "--target")
    dist_info = find_dist_info([folder])
    if not _is_used(folder) and interpreter.own_interpreter(folder):
        raise BadEnvironmentError(folder, "this is an environment with an interpreter: use --python")
    if not _is_used(folder) and any(map(_is_used, prefix_site_dirs(folder))):
        raise BadEnvironmentError(folder, "this is a prefix, whose packages are below its lib: use --prefix")
    # a prefix's site-packages looks the same, but its scripts are elsewhere
    scripts = _scripts(dist_info, os.path.join(folder, "bin"))
    return Environment((folder,), scripts, dist_info, is_target=True, label=folder)


def prefix_environment(folder: str) -> Environment:
    """
    Describe a directory that ``pip install --prefix`` filled and that has no interpreter of its own.

    :param folder: the directory
    :returns: the environment in it; if several Python versions have one, that of the version that has cuda-shims or a
        toolkit there, else that of this process
    :raises BadEnvironmentError: when there is no such directory, it has an interpreter or no site-packages, or it is
        not clear which Python version is meant

    """
    from cuda_shims.environment import interpreter  # noqa: PLC0415 # not needed by the start-up hook

    folder = _existing(folder, "--prefix")
    if interpreter.own_interpreter(folder):
        raise BadEnvironmentError(folder, "it has an interpreter, which reads .pth files there: use --python")
    found: dict[str, list[str]] = {}
    for site_dir in prefix_site_dirs(folder):
        found.setdefault(os.path.basename(os.path.dirname(site_dir)), []).append(site_dir)
    if not found:
        problem = "it has no lib/python3.*/site-packages; if pip install --target filled it, use --target"
        raise BadEnvironmentError(folder, problem)
    used = {name: dirs for name, dirs in found.items() if any(map(_is_used, dirs))} or found
    this = places.library_name()
    if len(used) > 1 and this not in used:
        problem = f"it has packages of {' and '.join(sorted(used))}: run cuda-shims with one of them"
        raise BadEnvironmentError(folder, problem)
    site_dirs = used[this if this in used else next(iter(used))]
    dist_info = find_dist_info(site_dirs)
    # as well as lib/python3.13/site-packages and Lib\site-packages
    windows = os.path.basename(os.path.dirname(site_dirs[0])) == "Lib"
    beside = os.path.join(*[os.pardir] * (2 if windows else 3), "Scripts" if windows else "bin")
    scripts = _scripts(dist_info, os.path.normpath(os.path.join(site_dirs[0], beside)))
    return Environment(tuple(site_dirs), scripts, dist_info, is_target=True, label=folder)


def _existing(folder: str, option: str) -> str:
    folder = os.path.abspath(folder)
    if not os.path.isdir(folder):
        what = "this is not a directory" if os.path.exists(folder) else "there is no such directory"
        raise BadEnvironmentError(folder, f"{what}; give {option} the one that pip installed into")
    return folder


def prefix_site_dirs(folder: str) -> Iterator[str]:
    """Find the site-packages directories of a prefix, those of each Python version once."""
    import glob  # noqa: PLC0415 # not needed by the start-up hook

    seen = set()
    for layout in (*_PREFIX_LAYOUTS, os.path.join("Lib", "site-packages")):
        for site_dir in sorted(glob.glob(os.path.join(glob.escape(folder), layout))):
            real = os.path.realpath(site_dir)  # lib64 may lead to lib
            # lib/python3.1 is conda's link to the only one
            if os.path.isdir(site_dir) and real not in seen and "python3.1" not in site_dir.split(os.sep):
                seen.add(real)
                yield site_dir


def _is_used(site_dir: str) -> bool:
    return bool(find_dist_info([site_dir])) or os.path.isdir(os.path.join(site_dir, "nvidia"))


def _scripts(dist_info: str | None, otherwise: str) -> str:
    return (recorded_scripts(dist_info) if dist_info else None) or otherwise


def _environment(site_dirs: tuple[str, ...], scripts: str, python: str) -> Environment:
    site_dirs = tuple(each for each in site_dirs if os.path.isdir(each)) or site_dirs
    # the standard library's directories come first on sys.path and hold no distributions
    dist_info = find_dist_info(site_dirs)
    likely = tuple(
        each for each in site_dirs if _may_hold_distributions(each) or each == os.path.dirname(dist_info or "")
    )
    scripts = _scripts(dist_info, scripts)
    label = f"the environment of {python}"
    return Environment(likely or site_dirs, scripts, dist_info, is_target=False, label=label, python=python)


def _may_hold_distributions(folder: str) -> bool:
    return os.path.basename(folder) in PACKAGES or os.path.isdir(
        os.path.join(folder, "nvidia")
    )  # a --target directory on PYTHONPATH
