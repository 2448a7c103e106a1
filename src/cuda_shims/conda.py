"""
Conda: the files of its packages in an environment's scripts directory, whose names may be those of our shims.

conda-forge's cuda-nvcc-tools has ``bin/nvcc`` and the others. An installer of wheels knows nothing of conda's packages,
and replaces such a file; conda knows nothing of wheels.
"""

from __future__ import annotations

import os

from . import shims
from .catalog import TOOLS
from .findings import WARNING, Finding
from .reading import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from .findings import Case

#: where conda notes its packages, a file of JSON for each, below the prefix
_NOTES = "conda-meta"


def is_conda(scripts: str) -> bool:
    """
    Tell whether an environment is conda's.

    :param scripts: its scripts directory
    :returns: whether it is one, and not a virtual environment that was made from one

    """
    return os.path.isdir(os.path.join(os.path.dirname(scripts), _NOTES))


def owners(scripts: str, names: Collection[str]) -> dict[str, str]:
    """
    Find the conda packages that have files in a scripts directory.

    :param scripts: the directory
    :param names: of the files in it that matter
    :returns: file name to the package's name and version, of those that a package has

    """
    notes = os.path.join(os.path.dirname(scripts), _NOTES)
    folder = os.path.basename(scripts)
    found: dict[str, str] = {}
    for note in sorted(os.listdir(notes)) if names and os.path.isdir(notes) else []:
        if note.endswith(".json"):
            label, files = _package(os.path.join(notes, note), [f"{folder}/{name}" for name in names])
            found.update((os.path.basename(file), label) for file in files)
    return found


def restoring(packages: Iterable[str]) -> str:
    """
    Spell the line that brings back what was replaced.

    :param packages: names and versions, as :func:`owners` gives them
    :returns: the line

    """
    return " ".join(["conda install --force-reinstall", *sorted({each.partition(" ")[0] for each in packages})])


def _package(note: str, wanted: Iterable[str]) -> tuple[str, set[str]]:
    # its name and version, and which of the files it has; a note may have a megabyte, and a hundred are usual
    try:
        data = read_bytes(note)
        if any(f'"{file}"'.encode() in data for file in wanted):
            import json  # noqa: PLC0415

            package = json.loads(data)
            return f"{package['name']} {package['version']}", set(wanted).intersection(map(str, package["files"]))
    except (OSError, LookupError, TypeError, ValueError, RecursionError):
        pass
    return "", set()


def check(case: Case) -> Iterator[Finding]:
    """
    Look for shims that are where a conda package has a file.

    :param case: what is examined
    :returns: the findings

    """
    scripts = case.environment.scripts
    ours = [tool.name for tool in TOOLS if shims.is_shim(os.path.join(scripts, tool.name + shims.SUFFIX))]
    found = owners(scripts, ours)
    if found:
        packages = sorted(set(found.values()))
        names = " ".join(each.partition(" ")[0] for each in packages)
        what = f"Our shims in {scripts} are in the place of conda's {', '.join(found)} ({', '.join(packages)})."
        why = "the installer of our wheel replaced them, conda's compiler cannot be run, and conda may put it back"
        ours_alone = f"conda remove {names} && {case.command('install')}"
        fix = f"keep one of the two: {ours_alone}; or: {case.command('uninstall')}; {restoring(packages)}"
        yield Finding("conda-replaced", WARNING, what, why, fix)


__all__ = ["check", "is_conda", "owners", "restoring"]
