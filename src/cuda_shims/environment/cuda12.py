"""
The folders of CUDA 12's wheels, one for each component.

``nvidia-cuda-runtime-cu12`` is in ``nvidia/cuda_runtime``, with its own ``include`` and ``lib``, and so are the
others (read from wheels of 12.0 to 12.9).
"""

from __future__ import annotations

import os

from _cuda_shims import SPLIT
from cuda_shims.catalog.tools import COMPONENTS, distribution_of
from cuda_shims.environment.distribution import distributions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def installed(site_dirs: Iterable[str]) -> list[tuple[str, str, str]]:
    """
    Find the installed components of CUDA 12; cuDNN and other companions are not components.

    :param site_dirs: the directories, nearest first
    :returns: (normalised name, version, folder) of each, in the order of the table

    """
    versions = {site: {name: version for name, version, _ in distributions(site, "nvidia")} for site in site_dirs}
    found = []
    for part in COMPONENTS:
        name = distribution_of(part.distribution, SPLIT)
        for site, there in versions.items():
            path = os.path.join(site, "nvidia", name[len("nvidia-") : -len("-cu12")].replace("-", "_"))
            if name in there and os.path.isdir(path):
                found.append((name, there[name], path))
    return found
