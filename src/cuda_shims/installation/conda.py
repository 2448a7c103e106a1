"""
Conda: files of its packages in an environment's scripts directory may have the names of our shims.

conda-forge's cuda-nvcc-tools has ``bin/nvcc`` and the others. An installer of wheels does not know conda's packages,
and replaces such a file; conda does not know wheels.
"""

from __future__ import annotations

import os

from cuda_shims.files.read import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

#: where conda notes its packages, one JSON file for each, below the prefix
_NOTES = "conda-meta"


def is_conda(scripts: str) -> bool:
    """Tell whether a scripts directory belongs to a conda environment, and not to a virtual one made from it."""
    return os.path.isdir(os.path.join(os.path.dirname(scripts), _NOTES))


def owners(scripts: str, names: Collection[str]) -> dict[str, str]:
    """
    Find the conda packages that own files of a scripts directory.

    :param scripts: the directory
    :param names: the names of the files to look for
    :returns: file name to the package's name and version (``cuda-nvcc-tools 13.0.48``); files of no package are left
        out

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
    """Spell the command that restores replaced files of packages, named as :func:`owners` names them."""
    return " ".join(["conda install --force-reinstall", *sorted({each.partition(" ")[0] for each in packages})])


def _package(note: str, wanted: Iterable[str]) -> tuple[str, set[str]]:
    # its name and version, and which of the files it has; a note may have a megabyte, and a hundred notes are usual
    try:
        data = read_bytes(note)
        if any(f'"{file}"'.encode() in data for file in wanted):
            import json  # noqa: PLC0415

            package = json.loads(data)
            return f"{package['name']} {package['version']}", set(wanted).intersection(map(str, package["files"]))
    except (OSError, LookupError, TypeError, ValueError, RecursionError):
        pass
    return "", set()
