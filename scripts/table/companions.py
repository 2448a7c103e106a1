"""
Write ``src/cuda_shims/catalog/companions.txt``: where NVIDIA's companion wheels lie and what each holds.

``python scripts/table/companions.py`` asks for the lists of files of the newest wheels for CUDA 12 and 13, of every
system that has any, and, for the folders, of all that there have been for CUDA 13: torch pins older ones. The majors
and releases are those of ``contents.txt``, which is written first. With ``--check`` (``tox -e contents``) nothing is
written, and a table that is out of date ends it with exit code 1 and the difference.

Left out:

- nvidia-nvcomp, nvidia-nvimgcodec, nvidia-cudnn-frontend: Python packages, which use what they hold themselves;
- nvidia-cutlass, and the copy of CUTLASS within nvidia-mathdx: a project has a CUTLASS of its own, of its own version,
  and the toolkit's folder comes before it;
- nvidia-cudnn-jit: a second, smaller cuDNN, whose files have the names of the first one's;
- wheels for Tegra; tensorrt and its like, which hold no headers.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from contents import HEADER, LIBRARY, ROOT, block, conditions, signed, wrapped, write_or_check
from contents import TABLE as TOOLKIT
from pip._vendor.packaging.utils import parse_wheel_filename
from wheel_index import SYSTEMS, Index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pip._vendor.packaging.version import Version

TABLE = os.path.join(ROOT, "src", "cuda_shims", "catalog", "companions.txt")
HEAD = """\
# Which companion wheel holds which header and library. scripts/table/companions.py writes this from the wheels.
# [distribution folder ...]: cuNN in a folder, and -cuNN at the end of each distribution but nvidia-mathdx, is cu13 or
# cu12. The blocks are in order of precedence; a name that contents.txt has is not here. Conditions, as in contents.txt:
# of a whole wheel after "where".
"""
#: in the order in which they are asked; cufftmp has older copies of cuFFT's headers
DISTRIBUTIONS = (
    *("nvidia-cudnn", "nvidia-nccl", "nvidia-nvshmem", "cutensor", "nvidia-cusparselt", "nvidia-cudss"),
    *("nvidia-libnvcomp", "nvidia-nvjpeg2k", "nvidia-nvtiff", "nvidia-cublasmp", "nvidia-cusolvermp", "nvidia-cufftmp"),
    *("nvidia-libmathdx", "nvidia-mathdx"),
    *("custatevec", "cutensornet", "cudensitymat", "cupauliprop", "custabilizer"),
)
#: one wheel for every CUDA
EVERY_MAJOR = {"nvidia-mathdx"}
CMAKE = re.compile(r"lib(?:64)?/cmake/([^/]+)/.+-?[cC]onfig\.cmake")
#: the first folder of a wheel that is laid out as a toolkit is; not a project's copy that a wheel brings
FOLDER = re.compile(r"(?!.*/external/)(.+?)/((?:include|lib|lib64|bin)/.+)")


class Wheel(NamedTuple):
    """One to read."""

    distribution: str
    major: str
    version: Version
    system: str
    url: str


def wheels(index: Index, distribution: str, major: str) -> list[Wheel]:
    """
    List the wheels of a companion for a CUDA major.

    :param index: where to look
    :param distribution: its name without the major
    :param major: the major
    :returns: them, for each system that they are for, the newest first

    """
    name = distribution if distribution in EVERY_MAJOR else f"{distribution}-cu{major}"
    found = []
    for each in index.files(name):
        _, version, _, tags = parse_wheel_filename(each["filename"])
        if version.is_prerelease:
            continue
        platforms = {tag.platform for tag in tags}
        for system, markers in SYSTEMS.items():
            machine = markers["platform_machine"].lower()
            fits = rf"any|manylinux\w*_{machine}" if system.startswith("linux") else rf"any|win_{machine}"
            if any(re.fullmatch(fits, platform) for platform in platforms):
                found.append(Wheel(distribution, major, version, system, each["url"]))
    return sorted(found, key=lambda wheel: wheel.version, reverse=True)


def held(names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """
    Sort the files of a wheel.

    :param names: their paths
    :returns: folder, kind and name of each that is asked for

    """
    for path in names:
        match = FOLDER.fullmatch(path)
        if match is None or path.endswith("/"):
            continue
        folder, rest = match.groups()
        for kind, pattern in (("header", HEADER), ("library", LIBRARY), ("cmake", CMAKE)):
            if one := pattern.fullmatch(rest):
                yield folder, kind, one.group(1)
                break


def table(index: Index, toolkit: str) -> str:
    """
    Read the wheels.

    :param index: where they are
    :param toolkit: the text of ``contents.txt``
    :returns: the table

    """
    words = set(toolkit.split())
    (line,) = re.findall(r"^releases: (.*)$", toolkit, re.MULTILINE)
    every = line.split()
    majors = list(dict.fromkeys(release.partition(".")[0] for release in every))[::-1]
    whole = frozenset((release, system) for release in every for system in SYSTEMS)

    def names(wheel: Wheel) -> list[str]:
        with index.open(wheel.url) as archive:
            return archive.namelist()

    lines = []
    with ThreadPoolExecutor(8) as pool:
        for distribution in DISTRIBUTIONS:
            listed = {major: wheels(index, distribution, major) for major in majors}
            newest = {(wheel.major, wheel.system): wheel for some in listed.values() for wheel in reversed(some)}
            chosen = [*newest.values(), *listed[majors[0]]]
            folders: dict[str, None] = {}
            universe: set[tuple[str, str]] = set()
            where: dict[tuple[str, str], set[tuple[str, str]]] = {}
            for wheel, files in zip(chosen, pool.map(names, chosen)):
                here = {(each, wheel.system) for each in every if each.partition(".")[0] == wheel.major}
                for folder, kind, name in held(files):
                    folders.setdefault(re.sub(rf"\bcu{wheel.major}\b", "cuNN", folder))
                    if name not in words and newest[wheel.major, wheel.system] is wheel:
                        universe |= here
                        where.setdefault((kind, name), set()).update(here)
            lines.append(f"[{distribution} {' '.join(folders)}]")
            lines += wrapped("where", ", ".join(conditions(frozenset(universe), whole, every)) or "everywhere")
            lines += block({key: frozenset(each) for key, each in where.items()}, frozenset(universe), every)
    return signed(HEAD, [each for each in lines if each != "where: everywhere"])


def main() -> int:
    """Write or check."""
    with open(TOOLKIT, encoding="ascii") as file:
        return write_or_check(TABLE, table(Index(), file.read()))


if __name__ == "__main__":
    raise SystemExit(main())
