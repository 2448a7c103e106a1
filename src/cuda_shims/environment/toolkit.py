"""The pip-installed toolkits of a search path, described: version, components, tools."""

from __future__ import annotations

import os
import sys

from _cuda_shims import SPLIT
from _cuda_shims.places import Place, find_places, has_components, search_path_of
from cuda_shims.catalog.tools import TOOLS, distribution_of
from cuda_shims.environment.companion import find_companions
from cuda_shims.environment.distribution import distributions
from cuda_shims.files.read import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cuda_shims.environment.companion import Companion


class Toolkit:
    """The wheels of one CUDA major on a search path, perhaps in several directories."""

    __slots__ = ("companions", "components", "folders", "found_via", "is_split", "place", "tools", "version")

    def __init__(  # noqa: PLR0913
        self,
        place: Place,
        version: str,
        folders: tuple[str, ...],
        components: dict[str, str],
        tools: dict[str, str],
        *,
        companions: Iterable[Companion] = (),
        is_split: bool = False,
        found_via: str = "argument",
    ) -> None:
        """
        Describe a toolkit. :func:`find_toolkits` finds those that are installed.

        :param place: the directory of its wheels, where its root may be too
        :param version: the version of the compiler's wheel (without a compiler, of the runtime's), e.g. ``13.5.37``
        :param folders: the folders that hold ``include``, ``lib`` and ``bin``, nearest first, with links unresolved;
            CUDA 12 has one for each component
        :param components: the normalised name and the version of every distribution that has files in one of them
        :param tools: the name and the path of every tool that is installed
        :param companions: the folders of companion wheels (cuDNN, NCCL …) of any major
        :param is_split: whether it has a folder for each component
        :param found_via: where it was found: ``sys.path``, ``PATH`` (a prefix without an interpreter), or ``argument``

        """
        self.place = place
        self.version = version
        self.folders = folders
        self.components = components
        self.tools = tools
        self.companions = tuple(companions)
        self.is_split = is_split
        self.found_via = found_via

    def __repr__(self) -> str:
        """Show it, for a failed test."""
        return f"Toolkit({self.version!r}, {self.place!r})"

    @property
    def major(self) -> int:
        """The CUDA major, e.g. 13."""
        return self.place.major

    @property
    def site_dir(self) -> str:
        """The site-packages directory of its compiler."""
        return self.place.site_dir

    @property
    def path(self) -> str:
        """The folder that the wheels share. CUDA 12's share only ``…/nvidia``, which is not laid out as a toolkit."""
        return os.path.join(self.site_dir, "nvidia") if self.is_split else self.place.wheels

    @property
    def release(self) -> str:
        """The CUDA release, e.g. ``13.5``."""
        return ".".join(self.version.split(".")[:2])

    def distribution(self, name: str) -> str:
        """Name the distribution of a component of CUDA 13 as this toolkit has it, e.g. ``nvidia-cublas-cu12``."""
        return distribution_of(name, self.major if self.is_split else None)

    @property
    def root(self) -> str | None:
        """The path of its toolkit root, or ``None`` if that is missing or out of date."""
        return self.place.fresh_root()

    @property
    def home(self) -> str:
        """The value for CUDA_HOME: the root, or without a root the wheels' own folder (not for CUDA 12)."""
        return self.root or self.path


def find_toolkits(search_path: Iterable[str] | None = None) -> list[Toolkit]:
    """
    Find the toolkits of a search path.

    :param search_path: the directories to look in. The default is ``sys.path``, then each prefix on PATH that has no
        interpreter (pip and PDM put half of a build environment into one)
    :returns: a toolkit for each major, in the order of the path; in one directory, the newest major first

    """
    if search_path is not None:
        return list(_described(find_places(search_path)))
    return list(_described(find_places(search_path_of(sys.path, os.environ.get("PATH", ""))), found=True))


def _described(places: Iterable[Place], *, found: bool = False) -> Iterator[Toolkit]:
    for place in places:
        via = "sys.path" if place.site_dir in sys.path else "PATH"
        toolkit = read_toolkit(place, via if found else "argument")
        # pip leaves empty folders behind: those of CUDA 13 after 14 has replaced it
        if toolkit.components or toolkit.tools or toolkit.version != str(place.major):
            yield toolkit


def read_toolkit(place: Place, found_via: str = "argument") -> Toolkit:
    """
    Describe one toolkit.

    :param place: where its wheels are
    :param found_via: how it was found: see :class:`Toolkit`
    :returns: the toolkit; one without components and tools if the folders are empty

    """
    if place.major == SPLIT and any(map(has_components, place.sites)):
        return _read_components(place, found_via)
    folders = tuple(os.path.join(site, "nvidia", f"cu{place.major}") for site in place.sites)
    components: dict[str, str] = {}
    for site in reversed(place.sites):
        components.update(installed_components(site, place.major))
    version = components.get("nvidia-cuda-nvcc") or components.get("nvidia-cuda-runtime") or _header_version(folders)
    version = version or str(place.major)
    more = find_companions(place.sites, place.major)
    return Toolkit(place, version, folders, components, _tools(folders), companions=more, found_via=found_via)


def _header_version(folders: Iterable[str]) -> str | None:
    from cuda_shims.environment.header import header_version  # noqa: PLC0415 # of a copied tree

    return next(filter(None, map(header_version, folders)), None)


def _read_components(place: Place, found_via: str) -> Toolkit:
    from cuda_shims.environment.cuda12 import installed  # noqa: PLC0415 # not needed in most environments

    found = installed(place.sites)
    components = {name: version for name, version, _ in reversed(found)}
    folders = [path for _, _, path in found]
    for site in place.sites:
        shared = os.path.join(site, "nvidia", f"cu{SPLIT}")
        if os.path.isdir(shared):  # but cuDSS, for example, has nvidia/cu12
            for name, version in installed_components(site, SPLIT):
                components.setdefault(name, version)
            folders.append(shared)
    # that of the headers first: an nvcc wheel of 12.x has only ptxas
    known = ("nvidia-cuda-runtime-cu12", "nvidia-cuda-nvcc-cu12", "nvidia-cuda-nvrtc-cu12")
    version = next((components[name] for name in known if name in components), str(SPLIT))
    return Toolkit(
        *(place, version, tuple(folders), components, _tools(folders)),
        companions=find_companions(place.sites, SPLIT),
        is_split=True,
        found_via=found_via,
    )


def installed_components(site_dir: str, major: int) -> Iterator[tuple[str, str]]:
    """List the distributions that have files in a toolkit's folder."""
    needle = f"nvidia/cu{major}/".encode()
    for name, version, folder in distributions(site_dir, "nvidia"):
        if name.startswith("nvidia-"):
            try:
                if needle in read_bytes(os.path.join(site_dir, folder, "RECORD")):
                    yield name, version
            except OSError:
                continue


def _tools(folders: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in folders:
        for tool in TOOLS:
            for folder in ("bin", os.path.join("nvvm", "bin")):
                for suffix in ("", ".exe"):
                    candidate = os.path.join(path, folder, tool.name + suffix)
                    if tool.name not in found and os.path.isfile(candidate):
                        found[tool.name] = candidate
    return found
