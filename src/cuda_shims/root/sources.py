"""The sources of a root: paths that must exist, and must not be newer than the root if it is fresh."""

from __future__ import annotations

import os

from _cuda_shims import WATCHED, WHEELS_ARE_ROOT
from cuda_shims.catalog.tools import COMPILER_COMPONENTS
from cuda_shims.environment.companion import absent
from cuda_shims.environment.distribution import distributions
from cuda_shims.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.environment.toolkit import Toolkit


def lines(toolkit: Toolkit, *, beside: bool) -> list[str]:
    """
    List the lines of a root's :data:`_cuda_shims.MADE_FROM`: paths, relative below the toolkit's site-packages.

    A root that is not next to its wheels lists all of NVIDIA's distributions. They distinguish it, for a shim, from
    the root of another host with other wheels at the same path.
    """
    start = os.path.join(toolkit.site_dir, "")
    if WHEELS_ARE_ROOT:
        from cuda_shims.root.supplement import dll_folders  # noqa: PLC0415 # not needed elsewhere

        folders = dll_folders(toolkit)
    else:
        folders = list(_split(toolkit)) if toolkit.is_split else []
    paths = [*_distributions(toolkit, every=not beside), *folders, *_companions(toolkit)]
    lines = [path.removeprefix(start) for path in dict.fromkeys(paths)]
    return [*lines, *(f"!{path.removeprefix(start)}" for path in absent(toolkit.place))]


def watched(toolkit: Toolkit, found: list[str]) -> list[str]:
    """Name all paths whose change makes a root stale, except the root's own folders."""
    wheels = [os.path.join(site, "nvidia", f"cu{toolkit.major}") for site in toolkit.place.sites]
    folders = [each + folder for each in wheels for folder in WATCHED]
    there = (os.path.join(toolkit.site_dir, line) for line in found if not line.startswith("!"))
    return [*filter(os.path.isdir, folders), *there, *(path for each in toolkit.companions for path in each.folders())]


def _split(toolkit: Toolkit) -> Iterator[str]:
    yield toolkit.path  # where the folder of a component that is new will be
    for top in toolkit.folders:  # of CUDA 13 :func:`_cuda_shims.is_fresh` knows them
        yield from filter(os.path.isdir, (top + folder for folder in WATCHED))


def _companions(toolkit: Toolkit) -> Iterator[str]:
    for site in toolkit.place.sites:  # where the folders of most of them come
        yield from filter(os.path.isdir, [os.path.join(site, "nvidia")])
    for companion in toolkit.companions:  # of whichever major: one takes another's place
        yield companion.folders()[0]  # one each: a start of Python looks at all


def _distributions(toolkit: Toolkit, *, every: bool) -> Iterator[str]:
    # with the others, whose upgrade renews a directory above, each start of Python would get slower
    wanted = {"cuda-shims", *COMPILER_COMPONENTS, *(toolkit.components if toolkit.is_split else ())}
    site_dir, sites = toolkit.site_dir, toolkit.place.sites
    versions = {**toolkit.components, "cuda-shims": __version__}
    # searched for by their usual names: listing a large environment takes as long as half a root
    usual = {name: f"{name.replace('-', '_')}-{versions.get(name)}.dist-info" for name in sorted(wanted)}
    if not every and len(sites) == 1 and all(os.path.isdir(os.path.join(site_dir, each)) for each in usual.values()):
        found = [(name, os.path.join(site_dir, folder)) for name, folder in usual.items()]
    else:
        wanted = {"cuda-shims"} if every else wanted
        found = [
            (name, os.path.join(site, folder))
            for site in sites
            for name, _, folder in distributions(site, "cuda", "nvidia")
            if name in wanted
        ]
    if every:
        yield from toolkit.place.distributions()
    for name, path in found:
        yield path if name != "cuda-shims" else os.path.join(path, "METADATA")  # we write RECORD to the folder
