"""A CUDA that the wheels cannot replace: one before 13 that torch, or the toolkit of a log, is of; or JetPack's."""

from __future__ import annotations

import re

from cuda_shims.catalog import tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: a Jetson before Thor, whose CUDA is part of its system
_JETSON = r"(?i)\bjetson|\bjetpack|\bl4t\b|nvidia-l4t|aarch64-linux-gnu/tegra|\d-tegra\b"
_THOR = r"(?i)\bthor\b|jetpack.{0,3}7|sm_110|compute_110"
JETPACK = "JetPack"
_NONE = "no wheel has an nvcc before CUDA 13"


def find_older(text: str, torch: str, toolkit: str) -> str:
    """
    Give the release of that CUDA, or ``JetPack``; empty where the wheels may be the fix.

    :param text: the log, if nothing is known of what the build requires
    :param torch: the release of CUDA that torch was built for
    :param toolkit: that of the toolkit that ran
    """
    if re.search(_JETSON, text) and not re.search(_THOR, text):
        return JETPACK
    return next((each for each in (torch, toolkit if text else "") if each and not tools.is_compiled(each)), "")


def spell_whole(release: str, companions: Iterable[str]) -> str:
    """Say how to get all of it, and the distributions of companions that the findings of the log need."""
    if release == JETPACK:
        return "install JetPack's CUDA (sudo apt-get install nvidia-jetpack)"
    major = release.partition(".")[0]
    theirs = [re.sub(r"\d+$", major, each) for each in companions] if major in {"11", "12"} else []
    more = f", and {', '.join(theirs)} (or the system's -dev package of the same)" if theirs else ""
    return f"install all of CUDA {release}, by NVIDIA's installer or conda ({_NONE}){more}"


def spell_shims(release: str, *, torch: bool) -> str:
    """Say how a build finds it."""
    whole = spell_whole(release, ())
    if release == JETPACK:
        return f'export CUDA_HOME=/usr/local/cuda PATH="/usr/local/cuda/bin:$PATH"; where it is missing: {whole}'
    newer = "; or take a torch that was built for CUDA 13" if torch else ""
    return f"{whole}, and set CUDA_HOME to its folder, PATH to its bin{newer}"
