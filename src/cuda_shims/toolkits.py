"""The pip-installed toolkits of a search path, described: version, components, tools."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from . import search
from .catalog import TOOLS, distribution_of
from .reading import read_bytes, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


#: the macro of cuda.h with the release, how many digits it has at most, and what of a line can be its definition
_VERSION, _DIGITS, _MAX_LINE = "CUDA_VERSION", 6, 200


class Toolkit(NamedTuple):
    """
    What the wheels of one CUDA major form in one site-packages directory.

    A named tuple and not a dataclass: ``dataclasses`` costs more to import than a root costs to make.
    """

    #: the CUDA major, e.g. 13
    major: int
    #: version of the compiler's distribution (of the runtime's where there is no compiler), e.g. ``13.5.37``
    version: str
    #: the folder that the wheels share, e.g. ``…/site-packages/nvidia/cu13``; unresolved. That of CUDA 12's components,
    #: ``…/nvidia``, is no toolkit by itself
    path: str
    #: the site-packages directory that holds it
    site_dir: str
    #: normalised distribution name to version, of every installed distribution that has files in :attr:`path`
    components: dict[str, str]
    #: tool name to its path, of every tool of :data:`cuda_shims.catalog.TOOLS` that is there
    tools: dict[str, str]
    #: where it was found: ``sys.path``, ``PATH`` (a prefix without an interpreter), or ``argument``
    found_via: str
    #: of CUDA 12, the folders of its components, in the order in which its root merges them; else empty
    parts: tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that hold ``include``, ``lib``, ``bin``: :attr:`path`, or those of the components."""
        return self.parts or (self.path,)

    @property
    def release(self) -> str:
        """The CUDA release, e.g. ``13.5``."""
        return ".".join(self.version.split(".")[:2])

    def distribution(self, name: str) -> str:
        """
        Name the distribution of a component of this toolkit.

        :param name: that of CUDA 13, as :mod:`cuda_shims.catalog` has it
        :returns: e.g. ``nvidia-cublas-cu12``

        """
        return distribution_of(name, self.major if self.parts else None)

    @property
    def root(self) -> str | None:
        """The path of its fresh root, or ``None``."""
        return search.fresh_root(self.site_dir, self.major)

    @property
    def home(self) -> str:
        """What CUDA_HOME should name: the root, or the wheels' own folder while there is none (not of CUDA 12)."""
        return self.root or self.path


def find_toolkits(search_path: Iterable[str] | None = None) -> list[Toolkit]:
    """
    Find the toolkits of a search path.

    :param search_path: directories to look in; by default ``sys.path``, then the prefixes of PATH entries that have no
        interpreter of their own (where pip and PDM put the other half of a build environment)
    :returns: in the order of the path, the newest major first within a directory

    """
    if search_path is not None:
        return list(_describe(search_path, "argument"))
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = list(_describe(sys.path, "sys.path"))
    places = {toolkit.site_dir for toolkit in found}
    siblings = (each for each in search.sibling_site_dirs(os.environ.get("PATH", ""), version) if each not in places)
    return [*found, *_describe(siblings, "PATH")]


def _describe(search_path: Iterable[object], found_via: str) -> Iterator[Toolkit]:
    for site_dir in search.site_dirs(search_path):
        for major in search.majors(site_dir):
            toolkit = read_toolkit(site_dir, major, found_via)
            # pip leaves empty folders behind: those of CUDA 13 where 14 has been installed in its place
            if toolkit.components or toolkit.tools or toolkit.version != str(major):
                yield toolkit


def read_toolkit(site_dir: str, major: int, found_via: str = "argument") -> Toolkit:
    """
    Describe one toolkit.

    :param site_dir: the site-packages directory
    :param major: e.g. 13
    :param found_via: how it was found
    :returns: the toolkit; a folder with nothing in it gives one without components and tools

    """
    path = search.toolkit_path(site_dir, major)
    if major == search.SPLIT and search.has_components(site_dir):
        return _read_components(site_dir, path, found_via)
    components = dict(installed_components(site_dir, major))
    version = components.get("nvidia-cuda-nvcc") or components.get("nvidia-cuda-runtime") or header_version(path)
    return Toolkit(major, version or str(major), path, site_dir, components, dict(_tools(path)), found_via)


def _read_components(site_dir: str, shared: str, found_via: str) -> Toolkit:
    from .component_folders import installed  # noqa: PLC0415 # not wanted in most environments

    found = installed(site_dir, distributions(site_dir, "nvidia"))
    components = {each.distribution: each.version for each in found}
    parts = [each.path for each in found]
    if os.path.isdir(shared):  # cuDSS, say, has nvidia/cu12 all the same
        components.update(installed_components(site_dir, search.SPLIT))
        parts.append(shared)
    # that of the headers first: a nvcc of 12.x is only ptxas
    known = ("nvidia-cuda-runtime-cu12", "nvidia-cuda-nvcc-cu12", "nvidia-cuda-nvrtc-cu12")
    version = next((components[name] for name in known if name in components), str(search.SPLIT))
    tools: dict[str, str] = {}
    for part in reversed(parts):
        tools.update(_tools(part))
    path = os.path.join(site_dir, "nvidia")
    return Toolkit(search.SPLIT, version, path, site_dir, components, tools, found_via, tuple(parts))


def distributions(site_dir: str, *words: str) -> Iterator[tuple[str, str, str]]:
    """
    List the distributions of a directory by the names of their ``.dist-info`` folders.

    Not :mod:`importlib.metadata`: importing it costs more than making a root, and it parses what a folder's name says.

    :param site_dir: the site-packages directory
    :param words: with what a name is to begin, in small letters, up to its first hyphen: the thousands of others in a
        large environment cost next to nothing then; by default all are listed
    :returns: (normalised name, version, folder name) of each, as :pep:`427` and the recording specification spell them;
        without those whose folder has a letter that neither has: what is read here is written into scripts

    """
    try:
        names = os.listdir(site_dir)
    except OSError:
        return
    if words:
        names = [name for name in names if name.lower().startswith(words)]
    for folder in sorted(name for name in names if name.endswith(".dist-info")):
        name, dash, version = folder[: -len(".dist-info")].partition("-")
        if dash and _is_plain(folder):
            yield name.lower().replace("_", "-").replace(".", "-"), version, folder


def _is_plain(name: str) -> bool:
    # not a regular expression: importing re costs as much as all the rest
    return name.isascii() and all(each.isalnum() or each in "-_.+!" for each in name)


def installed_components(site_dir: str, major: int) -> Iterator[tuple[str, str]]:
    """
    List the distributions that have files in a toolkit's folder.

    :param site_dir: the site-packages directory
    :param major: e.g. 13
    :returns: (normalised name, version) of each; a placeholder (nvidia-cuda-nvcc 0.0.0a0) has no files there

    """
    needle = f"nvidia/cu{major}/".encode()
    for name, version, folder in distributions(site_dir, "nvidia"):
        if name.startswith("nvidia-"):
            try:
                if needle in read_bytes(os.path.join(site_dir, folder, "RECORD")):
                    yield name, version
            except OSError:
                continue


def header_version(path: str) -> str | None:
    """
    Read a toolkit's release from its headers, for one that has no metadata (a copied tree).

    :param path: the toolkit's folder or root
    :returns: ``13.5`` for ``#define CUDA_VERSION 13050`` in ``cuda.h``, ``None`` if that cannot be read

    """
    try:
        text = read_text(os.path.join(path, "include", "cuda.h"))
    except OSError:
        return None
    for line in text.splitlines() if _VERSION in text else ():
        define, name, digits = [*line[:_MAX_LINE].split(), "", "", ""][:3]
        if (define, name) == ("#define", _VERSION) and digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS:
            return f"{int(digits) // 1000}.{int(digits) % 1000 // 10}"
    return None


def _tools(path: str) -> Iterator[tuple[str, str]]:
    for tool in TOOLS:
        for folder in ("bin", os.path.join("nvvm", "bin")):
            for suffix in ("", ".exe"):
                candidate = os.path.join(path, folder, tool.name + suffix)
                if os.path.isfile(candidate):
                    yield tool.name, candidate


__all__ = ["Toolkit", "distributions", "find_toolkits", "header_version", "installed_components", "read_toolkit"]
