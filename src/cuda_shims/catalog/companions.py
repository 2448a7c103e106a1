"""
The companion wheels: CUDA libraries that NVIDIA publishes apart from the toolkit, cuDNN and NCCL among them.

``companions.txt`` says where each is and what it contains; ``scripts/table/companions.py`` writes it from the wheels.
A start of Python that makes a root reads only the heads of its blocks, so this module imports next to nothing.
"""

from __future__ import annotations

import os

#: in a folder's name: ``cu13``, ``cu12``
MAJOR = "cuNN"
#: one wheel for every CUDA: only headers
_OF_EVERY_MAJOR = {"nvidia-mathdx"}


def folders() -> dict[str, tuple[str, ...]]:
    """
    Tell where companion wheels lie.

    :returns: folder below site-packages, with ``/`` and :data:`MAJOR` in it, to the distributions that lie there,
        without ``-cu13``; both in order of precedence

    """
    found: dict[str, tuple[str, ...]] = {}
    for line in text().splitlines():
        if line.startswith("["):
            distribution, *places = line[1:-1].split(" ")
            for folder in places:
                found[folder] = (*found.get(folder, ()), distribution)
    return found


def distribution_of(name: str, major: int | str) -> str:
    """
    Name a companion's distribution for a CUDA major.

    :param name: as :func:`folders` has it
    :param major: the major
    :returns: e.g. ``nvidia-cudnn-cu13``

    """
    return name if name in _OF_EVERY_MAJOR else f"{name}-cu{major}"


def in_the_toolkits_folder(major: int) -> list[str]:
    """
    Name the companions whose wheels put their files next to nvcc's: cuDSS, cuSPARSELt and others.

    :param major: the toolkit's CUDA major
    :returns: the distributions

    """
    return [distribution_of(name, major) for name in folders()[f"nvidia/{MAJOR}"]]


def name_without_major(distribution: str) -> str:
    """Name a companion for any CUDA: ``nvidia-cudnn`` of ``nvidia-cudnn-cu13``."""
    name, _, major = distribution.rpartition("-cu")
    return name if name and major.isdigit() else distribution


def text() -> str:
    """Read the table."""
    # ascii, which it is, would import a codec
    with open(os.path.join(os.path.dirname(__file__), "companions.txt"), encoding="utf-8") as file:
        return file.read()
