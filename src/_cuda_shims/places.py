"""
Places: where a toolkit's wheels are, and where its root may be.

This module answers questions and writes nothing. The questions of every start of Python, and what makes a root fresh,
are in :mod:`_cuda_shims`.
"""

import os

from _cuda_shims import (
    ROOTS_FOLDER,
    SPLIT,
    WHEELS_ARE_ROOT,
    has_compiler,
    is_fresh,
    is_trusted,
    toolkit_majors,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: the companion whose one wheel is for every CUDA, as its ``.dist-info`` spells it
OF_EVERY_MAJOR = "nvidia_mathdx"
#: the starts of names of build environments: pip and PDM make them of two prefixes, uv of one
_BUILD_ENVIRONMENTS = ("pip-build-env-", "pdm-build-env-", "builds-v")


class Place:
    """
    The wheels of one CUDA major on a search path, and the places of their root.

    A class with slots: a named tuple would import modules that a start of Python has no time for.
    """

    __slots__ = ("major", "site_dir", "sites")

    def __init__(self, site_dir: str, major: int, sites: "tuple[str, ...]" = ()) -> None:
        """Describe it: ``site_dir`` has nvcc and the root, ``sites`` its wheels and companions, nearest first."""
        self.site_dir = site_dir
        self.major = major
        self.sites = sites or (site_dir,)

    def __repr__(self) -> str:
        """Show it, for a failed test."""
        return f"Place({self.site_dir!r}, {self.major}, {self.sites!r})"

    def __eq__(self, other: object) -> bool:
        """Tell whether another place is the same."""
        return isinstance(other, Place) and (self.site_dir, self.major, self.sites) == (
            other.site_dir,
            other.major,
            other.sites,
        )

    def __hash__(self) -> int:
        """Follow :meth:`__eq__`."""
        return hash((self.site_dir, self.major, self.sites))

    @property
    def wheels(self) -> str:
        """The folder that the wheels of one directory share, unresolved: nvcc must be started by it."""
        return os.path.join(self.site_dir, "nvidia", f"cu{self.major}")

    @property
    def has_compiler(self) -> bool:
        """Whether it has nvcc."""
        return has_compiler(self.site_dir, self.major)

    @property
    def owned(self) -> str:
        """The folder whose owner is that of the wheels: each component of CUDA 12 has its own folder in it."""
        return self.wheels if os.path.isdir(self.wheels) else os.path.dirname(self.wheels)

    @property
    def beside(self) -> str:
        """The root's path next to the wheels; on Windows, that of the files missing from the wheels."""
        name = f"cu{self.major}"
        if len(self.sites) > 1:  # another search path has other wheels, and another root
            from _cuda_shims import caches  # noqa: PLC0415 # not needed by the usual start

            name += f"-{caches.digest(self.sites)}"
        return os.path.join(self.site_dir, ROOTS_FOLDER, name)

    def elsewhere(self, environ: "Mapping[str, str]") -> "Iterator[tuple[str, str]]":
        """
        Name the root's paths for users who cannot write next to the wheels; none on Windows.

        The name tells which wheels they are: hosts that share a home may have other wheels at the same path.

        :param environ: the environment variables; XDG_CACHE_HOME, HOME and TMPDIR count
        :returns: (path, the ``limit`` to pass to :func:`_cuda_shims.caches.is_private`) of each

        """
        if WHEELS_ARE_ROOT:
            return
        from _cuda_shims import caches  # noqa: PLC0415 # not needed by the usual start

        key = caches.plain_key(self.site_dir)
        name = f"cu{self.major}-{caches.digest((*self.sites, *map(os.path.basename, self.distributions())))}"
        for cache, limit in caches.cache_folders(environ):
            yield f"{cache}/roots{key}/{name}", limit

    def distributions(self) -> "Iterator[str]":
        """Name the paths of the ``.dist-info`` folders of CUDA's distributions: they tell which wheels these are."""
        for site in self.sites:
            try:
                names = os.listdir(site)
            except OSError:
                continue
            end = f"_cu{self.major}"  # cutensor_cu13
            for name in sorted(name for name in names if name.endswith(".dist-info")):
                if name.startswith("nvidia") or name.partition("-")[0].endswith(end):
                    yield os.path.join(site, name)

    def paths(self, environ: "Mapping[str, str]") -> "Iterator[tuple[str, str | None]]":
        """
        Name every path that its root may have, in the order in which they are tried.

        :param environ: see :meth:`elsewhere`
        :returns: (path, limit) of each, where the limit is ``None`` next to the wheels, else as in
            :meth:`elsewhere`; paths that break build tools come last

        """
        beside = self.beside
        if is_plain(beside):
            yield beside, None
        others = tuple(self.elsewhere(environ))
        yield from (each for each in others if is_plain(each[0]))
        if not is_plain(beside):
            yield beside, None
        yield from (each for each in others if not is_plain(each[0]))

    def is_safe(self, root: str, limit: "str | None") -> bool:
        """Tell whether a root, given as :meth:`paths` does, exists, may be run, and nobody else can replace it."""
        try:
            trusted = WHEELS_ARE_ROOT or is_trusted(root, self.site_dir, self.owned)
            if limit is None or not trusted:
                return trusted
            from _cuda_shims import caches  # noqa: PLC0415 # not needed by the usual start

            return caches.is_private(root, limit)
        except OSError:
            return False

    def serves(self, root: str, limit: "str | None") -> bool:
        """Tell whether a root, given as :meth:`paths` does, is fresh and may be run."""
        return self.is_safe(root, limit) and is_fresh(root, self.site_dir, self.major, self.sites)

    def fresh_root(self, environ: "Mapping[str, str] | None" = None) -> "str | None":
        """
        Find a fresh root.

        :param environ: see :meth:`elsewhere`; by default ``os.environ``
        :returns: what CUDA_HOME should name, or ``None``; on Windows the wheels' own folder, if the files missing from
            it are fresh

        """
        for path, limit in self.paths(os.environ if environ is None else environ):
            if self.serves(path, limit):
                return self.wheels if WHEELS_ARE_ROOT else path
        return None

    def usable_root(self, environ: "Mapping[str, str]") -> "str | None":
        """
        Find a fresh root whose path build tools accept: a root below a path with a space is the last resort.

        :param environ: see :meth:`elsewhere`
        :returns: as :meth:`fresh_root`, and ``None`` for a fresh root at such a path

        """
        root = self.fresh_root(environ)
        return root if root is None or WHEELS_ARE_ROOT or is_plain(root) else None


def is_plain(path: str) -> bool:
    """
    Tell whether build tools accept the path of a toolkit; the shim uses the same rule.

    CMake cannot link against a toolkit below a path with a space (it splits nvcc's ``-L`` lines). ``:`` and ``;``
    separate paths, and nvcc runs its tools through a shell.
    """
    return all(char.isalnum() or char in "/._+@%,=~-" or not char.isascii() for char in path)


def majors(site_dir: str) -> "list[int]":
    """List the CUDA majors of a directory's wheels, newest first; CUDA 11's folders, named alike, do not count."""
    found = [major for major in toolkit_majors(site_dir) if major]
    whole = os.path.join(site_dir, "nvidia", f"cu{SPLIT}")
    if SPLIT in found and not os.path.isdir(whole) and not has_components(site_dir):
        found.remove(SPLIT)
    return found


def has_components(site_dir: str) -> bool:
    """
    Tell whether a directory holds components of CUDA 12: distributions whose name begins with ``nvidia-cuda-``.

    Only cuBLAS, for example, is not a toolkit. Always ``False`` on Windows, where no root is made of components.
    """
    start, end = "nvidia_cuda_", f"_cu{SPLIT}"
    try:
        names = [] if WHEELS_ARE_ROOT else os.listdir(site_dir)
    except OSError:
        return False
    stems = (name.partition("-")[0] for name in names if name.startswith(start) and name.endswith(".dist-info"))
    folders = (stem[len("nvidia_") : -len(end)] for stem in stems if stem.endswith(end))
    return any(os.path.isdir(os.path.join(site_dir, "nvidia", folder)) for folder in folders)


def companion_majors(site_dir: str) -> "list[int]":
    """
    List the CUDA majors of the companion wheels in a directory, cuDNN for example.

    Their names tell, which end in ``-cu13``; 0 stands for every major, which mathdx is for.
    """
    if not toolkit_majors(site_dir):
        return []
    stems = {name.partition("-")[0] for name in os.listdir(site_dir) if name.endswith(".dist-info")}
    ends = {stem.rpartition("_cu")[2] for stem in stems if stem.startswith(("nvidia_", "cu"))}
    found = [int(end) for end in ends if len(end) == len("13") and end.isdigit()]
    return [*found, 0] if OF_EVERY_MAJOR in stems else found


def site_dirs(search_path: "Iterable[object]") -> "Iterator[str]":
    """Keep the absolute directories of a search path, once each: the others depend on the current directory."""
    seen = set()
    for entry in search_path:
        if isinstance(entry, str) and os.path.isabs(entry) and entry not in seen:
            seen.add(entry)
            yield entry


def find_places(search_path: "Iterable[object]") -> "list[Place]":
    """
    Find the toolkits of a search path: one for each CUDA major, with all its wheels there.

    :param search_path: directories, e.g. ``sys.path``
    :returns: the toolkits, by the directory of their nvcc (of their first wheel where there is none), nearest first;
        within a directory the newest first

    """
    directories = list(site_dirs(search_path))
    wheels: "dict[int, list[str]]" = {}
    sites: "dict[int, list[str]]" = {}
    own = {site_dir: majors(site_dir) for site_dir in directories}
    for site_dir, held in own.items():
        for major in held:
            wheels.setdefault(major, []).append(site_dir)
    for site_dir, held in own.items():
        # its companions of another directory's toolkit: the only reason to list the distributions
        others = companion_majors(site_dir) if set(wheels) - set(held) else []
        for major in {*held, *others}:
            sites.setdefault(major, []).append(site_dir)
    places = []
    for major, found in wheels.items():
        home = next((each for each in found if has_compiler(each, major)), None)
        if home is None and major == SPLIT:
            home = next((each for each in found if has_components(each)), None)
        there = {*sites[major], *sites.get(0, ())}
        places.append(Place(home or found[0], major, tuple(each for each in directories if each in there)))
    return sorted(places, key=lambda place: (directories.index(place.site_dir), -place.major))


def is_candidate(place: "Place") -> bool:
    """Tell whether a build may be given a toolkit: it has a compiler, or it is CUDA 12, whose wheels never have one."""
    return place.has_compiler or (place.major == SPLIT and any(map(has_components, place.sites)))


def search_path_of(search_path: "Iterable[object]", path: str) -> "list[str]":
    """
    Complete a search path with the other half of a build environment that pip or PDM split in two.

    They put static and dynamic requirements into separate prefixes, and start-up files of the first run before the
    second is on ``sys.path``.

    :param search_path: ``sys.path``
    :param path: the value of PATH, which names the scripts directories of both halves
    :returns: the absolute directories of the search path, then those of the other half

    """
    found = list(site_dirs(search_path))
    if any(is_build_environment(each) for each in found) or not any(majors(each) for each in found):
        found += [each for each in sibling_site_dirs(path) if each not in found]
    return found


def is_build_environment(site_dir: str) -> bool:
    """Tell whether a directory belongs to a build environment that pip, PDM or uv made: nobody keeps it."""
    return any(part.startswith(_BUILD_ENVIRONMENTS) for part in site_dir.split(os.sep))


def library_name() -> str:
    """
    Name the folder below ``lib`` that the running interpreter has its own library in, and site-packages in any prefix.

    :returns: e.g. ``python3.13``, ``python3.14t`` (free-threaded), ``pypy3.11``; sysconfig would take more time than
        the rest of the hook

    """
    return os.path.basename(os.path.dirname(getattr(os, "__file__", "")))


def sibling_site_dirs(path: str) -> "Iterator[str]":
    """
    Find the site-packages directories of PATH entries whose prefix has no interpreter.

    A prefix with an interpreter is another environment.
    """
    for folder in path.split(os.pathsep):
        prefix, name = os.path.split(folder.rstrip(os.sep))
        if not os.path.isabs(folder) or name not in {"bin", "Scripts"}:
            continue
        layouts = (
            [os.path.join("Lib", "site-packages")]
            if name == "Scripts"
            else [os.path.join("lib", library_name(), kind) for kind in ("site-packages", "dist-packages")]
        )
        for layout in layouts:
            site_dir = os.path.join(prefix, layout)
            if toolkit_majors(site_dir) and not any(
                os.path.exists(os.path.join(folder, python)) for python in ("python3", "python", "python.exe")
            ):
                yield site_dir
