"""
Companion wheels that have lost their files.

cuDNN for CUDA 12 and 13 share one folder, and so do most companions. The wheel installed last overwrites the first,
and the one uninstalled first removes the other's files. An installer still reports the other as installed.
"""

from __future__ import annotations

import os

from cuda_shims.catalog.companions import MAJOR, distribution_of, folders, name_without_major
from cuda_shims.catalog.contents import HEADER_SUFFIXES
from cuda_shims.environment.distribution import distributions
from cuda_shims.environment.record import read_record, record_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def find_lost(site_dirs: Iterable[str], major: int) -> dict[str, str]:
    """
    Find the installed companion wheels whose headers or libraries are gone, or belong to another wheel.

    :param site_dirs: the directories, nearest first
    :param major: the CUDA major of the wheels
    :returns: name to version

    """
    places: dict[str, list[str]] = {}
    for folder, names in folders().items():
        for name in names:
            places.setdefault(distribution_of(name, major), []).append(folder.replace(MAJOR, f"cu{major}") + "/")
    found: dict[str, str] = {}
    seen: set[str] = set()
    for site in site_dirs:
        listed = [each for each in distributions(site, "nvidia", "cu") if each[0] not in seen]
        stems = [name_without_major(name) for name, _, _ in listed]
        for name, version, folder in listed:
            if name in places:
                seen.add(name)
                is_shared = stems.count(name_without_major(name)) > 1
                recorded = _recorded(os.path.join(site, folder), tuple(places[name]))
                if any(_is_lost(os.path.join(site, *path.split("/")), size, is_shared) for path, size in recorded):
                    found[name] = version
    return found


def _recorded(dist_info: str, starts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for path, (_, size) in record_lines(read_record(dist_info) or "").items():
        # other files are not needed to build, and may have been removed on purpose
        if path.startswith(starts) and (path.endswith(HEADER_SUFFIXES) or ".so" in path):
            yield path, size


def _is_lost(path: str, size: str, is_shared: bool) -> bool:
    try:
        there = os.stat(path).st_size
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return True
    return is_shared and size.isdecimal() and str(there) != size  # where it is not, a library may be stripped
