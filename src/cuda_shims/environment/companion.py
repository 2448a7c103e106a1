"""The companion wheels that are installed with a toolkit: CUDA libraries that NVIDIA publishes apart from it."""

from __future__ import annotations

import os
import time

from cuda_shims.catalog.companions import MAJOR, folders, name_without_major
from cuda_shims.environment.distribution import distributions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _cuda_shims.places import Place

#: seconds: an installer writes a wheel's files before its ``.dist-info``, and the time between them is shorter
_AT_WORK_SECONDS = 60.0


class Companion:
    """A folder of companion wheels in a site-packages directory."""

    __slots__ = ("claims", "major", "path")

    def __init__(self, path: str, major: int, claims: list[tuple[str, str, str]]) -> None:
        """
        Describe it; :func:`find_companions` finds it.

        :param path: of the folder, which holds ``include`` and ``lib`` or ``lib64``
        :param major: that of the toolkit
        :param claims: (normalised name, version, path of the ``.dist-info``) of each distribution that may have files
            there

        """
        self.path = path
        self.major = major
        self.claims = claims

    def owners(self) -> dict[str, str]:
        """
        Name the distributions of the toolkit's CUDA major that have files there.

        Those of CUDA 12 and 13 have files of the same names, in the same folder. If both are installed, the folder
        holds the files of the one whose RECORD has their sizes.

        :returns: name to version; none if the files are those of another major

        """
        ours = [each for each in self.claims if self._is_of_major(each[0])]
        if len(ours) < len(self.claims):
            ours = [each for each in ours if _is_as_recorded(self.path, each[2])]
        return {name: version for name, version, _ in ours}

    def _is_of_major(self, distribution: str) -> bool:
        name = name_without_major(distribution)
        return distribution in {name, f"{name}-cu{self.major}"}  # mathdx, which has only headers, is for every major

    def is_unfinished(self) -> bool:
        """Tell whether an installer may be running: the folder has just changed, and differs from its distribution."""
        try:
            newest = max(os.stat(path).st_mtime for path in self.folders())
        except OSError:
            return True
        recent = abs(time.time() - newest) < _AT_WORK_SECONDS  # but not forever if a clock was ahead
        return recent and not any(_is_as_recorded(self.path, folder) for _, _, folder in self.claims)

    def folders(self) -> list[str]:
        """
        Name the folders whose time changes when files are added or removed.

        :returns: first the one that every wheel changes that comes, goes or is upgraded

        """
        paths = (os.path.join(self.path, name) for name in ("lib", "lib64", "include"))
        return [*filter(os.path.isdir, paths), self.path]


def find_companions(site_dirs: Iterable[str], major: int) -> list[Companion]:
    """
    Find the companion wheels of a search path, of any CUDA major, except those in the toolkit's own folder.

    :param site_dirs: the directories, nearest first
    :param major: the toolkit's CUDA major
    :returns: the nearest first; in the order of the table within a directory

    """
    found = []
    for site in site_dirs:
        there = [(path, names) for path, names in _candidates(site, major) if os.path.isdir(path)]
        listed = list(distributions(site, "nvidia", "cu")) if there else []
        for path, names in there:
            claims = [
                (name, version, os.path.join(site, folder))
                for name, version, folder in listed
                if name_without_major(name) in names
            ]
            found.append(Companion(path, major, claims))
    return found


def absent(place: Place) -> Iterator[str]:
    """Name the paths where a companion wheel may appear without changing the time of one of NVIDIA's folders."""
    for site in place.sites:
        for path, _ in _candidates(site, place.major):
            folder = os.path.dirname(path)
            if folder != os.path.join(site, "nvidia") and os.path.isdir(folder) and not os.path.lexists(path):
                yield path


def _candidates(site: str, major: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    for folder, names in folders().items():
        if folder != f"nvidia/{MAJOR}":
            yield os.path.join(site, *folder.replace(MAJOR, f"cu{major}").split("/")), names


def _is_as_recorded(folder: str, dist_info: str) -> bool:
    from cuda_shims.environment.record import read_record, record_lines  # noqa: PLC0415 # seldom needed

    site = os.path.dirname(dist_info)
    start = os.path.relpath(folder, site).replace(os.sep, "/") + "/"
    lines = record_lines(read_record(dist_info) or "")
    sizes = [(path, size) for path, (_, size) in lines.items() if path.startswith(start)]
    try:
        return bool(sizes) and all(
            os.stat(os.path.join(site, *path.split("/"))).st_size == int(size) for path, size in sizes if size.isdigit()
        )
    except (OSError, ValueError):
        return False
