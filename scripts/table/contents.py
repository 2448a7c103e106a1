"""
Write ``src/cuda_shims/catalog/contents.txt``: which of NVIDIA's wheels holds which header, library and tool.

``python scripts/table/contents.py`` reads the wheels behind ``cuda-toolkit[all]``, of the newest patch of CUDA 12.9 and
of each later release, for Linux and Windows and both machines of each. Of a wheel, a zip, it asks for the list at its
end: some 600 requests. With ``--check`` (``tox -e contents``) nothing is written, and a table that is out of date ends
it with exit code 1 and the difference. pip's configuration says where the wheels are.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
import textwrap
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import parse_wheel_filename
from pip._vendor.packaging.version import Version
from wheel_index import SYSTEMS, Index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = os.path.join(ROOT, "src", "cuda_shims", "catalog", "contents.txt")
HEAD = """\
# Which wheel holds which header, library and tool. scripts/table/contents.py writes this from the wheels themselves.
# [distribution extra]: the distributions of CUDA 12 have -cu12 at the end. Where something is not always in its wheel
# follow systems, then releases. A folder stands for all in it, __*/ for all whose name begins so.
"""
FIRST = Version("12.9")
#: pinned: the newest one would make the table out of date at each of its releases
CMAKE = "4.4.5"
HEADER = re.compile(r"(?:nvvm/|compute-sanitizer/)?include/(?:cccl/)?(?!__init__)(.+)")
LIBRARY = re.compile(
    r"(?:lib|lib64|lib/x64|lib/arm64|bin|bin/x64|bin/x86_64|bin/arm64|nvvm/lib64|nvvm/bin|nvvm/libdevice"
    r"|compute-sanitizer)/([^/]+\.(?:so[\d.]*|a|bc|lib|dll))"
)
TOOL = re.compile(r"(?:nvvm/)?bin/((?!TreeLauncher)[^/.]+)(?:\.exe)?")
#: a folder of which nobody includes a file by its own name
INTERNAL = re.compile(r"__|.*details?$", re.IGNORECASE)
#: folders with more headers than this are not listed, but for what some release has not; not cuda/, which is also what
#: projects call a folder of their own
LARGE, OPEN = 40, {"cuda"}

#: where and when something is: (release, key of SYSTEMS) each
Places = "frozenset[tuple[str, str]]"


class Wheel(NamedTuple):
    """One to read."""

    release: str
    system: str
    distribution: str
    url: str


def releases(index: Index) -> dict[str, tuple[str, list[Requirement]]]:
    """
    Find the releases of CUDA.

    :param index: where to look
    :returns: release, e.g. ``13.5``, to the version of ``cuda-toolkit`` and what that requires

    """
    newest: dict[str, tuple[Version, str]] = {}
    for each in index.files("cuda-toolkit"):
        version = parse_wheel_filename(each["filename"])[1]
        if version >= FIRST and not version.is_prerelease:
            release = f"{version.major}.{version.minor}"
            newest[release] = max(newest.get(release, (version, each["url"])), (version, each["url"]))
    found = {}
    for release in sorted(newest, key=Version):
        version, url = newest[release]
        with index.open(url) as archive:
            text = archive.read(f"cuda_toolkit-{version}.dist-info/METADATA").decode()
        lines = re.findall(r"^Requires-Dist: (.*)$", text, re.MULTILINE)
        found[release] = (str(version), [Requirement(line) for line in lines])
    return found


def required(requirements: Iterable[Requirement], extra: str, system: str) -> list[Requirement]:
    """
    Tell what an extra of ``cuda-toolkit`` brings.

    :param requirements: all of it
    :param extra: the extra
    :param system: a key of :data:`SYSTEMS`
    :returns: the requirements that hold

    """
    environment = {**SYSTEMS[system], "extra": extra}
    return [each for each in requirements if each.marker and each.marker.evaluate(environment)]


def extras(requirements: list[Requirement]) -> dict[str, str]:
    """
    Tell which extra is for which distribution: the one of its name, else the one that brings the least beside it.

    :param requirements: of ``cuda-toolkit``
    :returns: distribution to extra

    """
    names = {name for each in requirements for name in re.findall(r"extra == [\"']([^\"']+)", str(each.marker))}
    brought = {
        name: {each.name for system in SYSTEMS for each in required(requirements, name, system)} for name in names
    }
    everything = brought.pop("all")
    return {
        each: min((extra not in each, len(names), extra) for extra, names in brought.items() if each in names)[2]
        for each in everything
    }


def held(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """
    Sort the files of a wheel.

    :param names: their paths
    :returns: kind and name, as the table has it, of each that is asked for

    """
    for path in names:
        parts = path.split("/", 2)
        if len(parts) < 3 or parts[0] != "nvidia" or path.endswith("/"):  # noqa: PLR2004
            continue
        for kind, pattern in (("header", HEADER), ("library", LIBRARY), ("tool", TOOL)):
            if match := pattern.fullmatch(parts[2]):
                yield kind, match.group(1)
                break


def collapsed(headers: dict[str, Places]) -> dict[str, Places]:
    """
    Put folders in the place of what is in them.

    :param headers: of one distribution, to where they are
    :returns: the same, shorter: large and internal folders with ``/`` at the end, and what differs from a large one

    """
    inside: dict[str, list[str]] = {}
    for name in headers:
        parts = name.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            inside.setdefault("/".join(parts[:count]), []).append(name)
    union = {folder: frozenset().union(*(headers[name] for name in names)) for folder, names in inside.items()}
    found: dict[str, Places] = {}
    for name, places in headers.items():
        parts = name.split("/")
        path = ["/".join(parts[:count]) for count in range(1, len(parts))]
        above = ""
        for folder in path:
            last = folder.rpartition("/")[2]
            if INTERNAL.match(last):
                above = above or re.sub(r"(^|/)__[^/]*$", r"\1__*", folder) + "/"
                found[above] = found.get(above, frozenset()) | union[folder]
                break
            large = len(inside[folder]) > LARGE and folder not in OPEN
            if union[folder] != found[above] if above else large:
                above = folder + "/"
                found[above] = union[folder]
        public = len(parts) == 2 or "." not in parts[-1]  # noqa: PLR2004 # thrust/sort.h, cuda/std/array
        if parts[-1].startswith("__") and not above:
            above = "/".join([*parts[:-1], "__*/"])
            found[above] = found.get(above, frozenset()) | places
        elif not above or (found[above] != places and public and not any(map(INTERNAL.match, parts))):
            found[name] = places
    return found


def conditions(places: Places, universe: Places, every: list[str]) -> list[str]:
    """
    Spell where and when.

    :param places: to be spelled
    :param universe: where and when the distribution is
    :param every: all releases, in order
    :returns: conditions that together say it; an empty one says: always

    """
    if places == universe:
        return [""]

    def spell(system: str) -> str | None:
        here, there = ({each for each in some if each[1].startswith(system)} for some in (places, universe))
        when = {release for release, _ in here}
        if here != {each for each in there if each[0] in when}:
            return None
        always = {release for release, _ in universe}
        return f"{system} {'' if when == always else spelled(when, every)}".strip() if when else ""

    whole = spell("")
    if whole is not None:
        return [whole]
    found = []
    for system in ("linux", "windows"):
        one = spell(system)
        found += [one] if one is not None else [spell(each) or "" for each in SYSTEMS if each.startswith(system)]
    return [each for each in found if each]


def spelled(when: set[str], every: list[str]) -> str:
    """
    Spell releases.

    :param when: the releases
    :param every: all releases, in order
    :returns: e.g. ``12.9,13.2-``

    """
    runs: list[list[str]] = []
    for before, release in zip(["", *every], every):
        if release in when:
            if runs and runs[-1][-1] == before:
                runs[-1].append(release)
            else:
                runs.append([release])
    ends = [run[0] if len(run) == 1 else f"{run[0]}-{'' if run[-1] == every[-1] else run[-1]}" for run in runs]
    return ",".join(ends)


def targets(index: Index) -> str:
    """
    Read the targets that CMake's FindCUDAToolkit defines.

    :param index: where the wheel of CMake is
    :returns: each, with ``=`` and the libraries that it is searched for by, if they have another name

    """
    url = index.wheel(Requirement(f"cmake=={CMAKE}"), "linux-x86_64")
    with index.whole(url) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("/FindCUDAToolkit.cmake"))
        text = archive.read(name).decode()
    loops = r"foreach *\((\w+) ([\w ]+)\)(.*?)endforeach\(\)"
    text = re.sub(
        loops,
        lambda loop: "".join(loop[3].replace(f"${{{loop[1]}}}", each) for each in loop[2].split()),
        text,
        flags=re.DOTALL,
    )
    found = {"bin2c": "=bin2c", "nvtx3": "=nvtx3/nvToolsExt.h"}  # a tool; headers alone
    for target, rest in re.findall(r"_CUDAToolkit_find_and_add_import_lib\(\s*([\w]+)([^)]*)\)", text):
        words = re.sub(r'"[^"]*"', "", rest).split()
        if target == "lib_name":
            continue
        names = [] if "ONLY_SEARCH_FOR" in words else [target]
        taken = False
        for word in words:
            if word.isupper():
                taken = word in {"ALT", "ONLY_SEARCH_FOR"}
            elif taken and word not in names:
                names.append(word)
        found[target] = "" if names == [target] else "=" + ",".join(names)
    return " ".join(f"{name}{found[name]}" for name in sorted(found, key=str.lower))


def chosen(index: Index, found: dict[str, tuple[str, list[Requirement]]]) -> tuple[list[Wheel], dict[str, str]]:
    """
    Choose the wheels to read.

    :param index: where they are
    :param found: what :func:`releases` found
    :returns: the wheels, and distribution to extra; both without ``-cu12``
    :raises SystemExit: when the names of a release do not follow the others'

    """
    extra_of: dict[str, str] = {}
    wheels = []
    for release, (_, requirements) in found.items():
        suffix = "-cu12" if release.startswith("12.") else ""
        for name, extra in extras(requirements).items():
            if not name.endswith(suffix) or extra_of.setdefault(name.removesuffix(suffix), extra) != extra:
                raise SystemExit(f"provides: {name} or its extra is not named as in other releases in CUDA {release}")
        for system in SYSTEMS:
            wheels += [
                Wheel(release, system, each.name.removesuffix(suffix), index.wheel(each, system))
                for each in required(requirements, "all", system)
            ]
    return wheels, extra_of


def table(index: Index) -> str:
    """
    Read the wheels.

    :param index: where they are
    :returns: the table

    """
    found = releases(index)
    every = list(found)
    wheels, extra_of = chosen(index, found)

    def names(wheel: Wheel) -> list[str]:
        with index.open(wheel.url) as archive:
            return archive.namelist()

    universes: dict[str, set[tuple[str, str]]] = {name: set() for name in sorted(extra_of)}
    where: dict[str, dict[tuple[str, str], set[tuple[str, str]]]] = {name: {} for name in extra_of}
    with ThreadPoolExecutor(8) as pool:
        for wheel, files in zip(wheels, pool.map(names, wheels)):
            universes[wheel.distribution].add((wheel.release, wheel.system))
            for key in held(files):
                where[wheel.distribution].setdefault(key, set()).add((wheel.release, wheel.system))
    whole = frozenset().union(*universes.values())
    lines = [f"releases: {' '.join(every)}", *wrapped(f"targets of CMake {CMAKE}", targets(index))]
    for name, universe in universes.items():
        always = conditions(frozenset(universe), whole, every)
        if len(always) > 1 and any(any(map(str.isdigit, each.partition(" ")[2])) for each in always):
            raise SystemExit(f"provides: the table has no words for where {name} is: {always}")
        lines.append(f"[{' '.join([name, extra_of[name], *always]).strip()}]")
        files = {key: frozenset(places) for key, places in where[name].items()}
        lines += block(files, frozenset(universe), every)
    return signed(HEAD, lines)


def block(files: dict[tuple[str, str], Places], universe: Places, every: list[str]) -> list[str]:
    """
    Spell what a distribution holds.

    :param files: kind and name to where it is
    :param universe: where the distribution is
    :param every: all releases, in order
    :returns: lines

    """
    headers = collapsed({name: places for (kind, name), places in files.items() if kind == "header"})
    files = {key: places for key, places in files.items() if key[0] != "header"}
    files |= {("header", name): places for name, places in headers.items()}
    rows: dict[tuple[str, str], list[str]] = {}
    for (kind, name), places in sorted(files.items()):
        for condition in conditions(places, universe, every):
            rows.setdefault((kind, condition), []).append(name)
    return [
        line
        for (kind, condition), names in sorted(rows.items())
        for line in wrapped(f"{kind} {condition}".strip(), " ".join(names))
    ]


def wrapped(key: str, names: str) -> list[str]:
    """
    Break a line of the table.

    :param key: what it begins with
    :param names: what it lists
    :returns: lines, all but the first with a blank in front

    """
    return textwrap.wrap(f"{key}: {names}", 118, subsequent_indent=" ", break_long_words=False, break_on_hyphens=False)


def signed(head: str, lines: list[str]) -> str:
    """
    Put a table together, with a checksum by which a test knows that nobody has changed it by hand.

    :param head: comments
    :param lines: the table
    :returns: the text of the file

    """
    body = "\n".join(lines) + "\n"
    return f"{head}# checksum {zlib.crc32(body.encode()):08x}\n{body}"


def write_or_check(path: str, text: str) -> int:
    """
    Write a table or, with ``--check``, show where the one that is there differs.

    :param path: its file
    :param text: what it should be
    :returns: the exit code

    """
    if "--check" not in sys.argv[1:]:
        with open(path, "w", encoding="ascii", newline="\n") as file:
            file.write(text)
        return 0
    with open(path, encoding="ascii") as file:
        difference = list(
            difflib.unified_diff(file.read().splitlines(), text.splitlines(), "committed", "now", "", "", 0)
        )
    print("\n".join(difference) or f"{os.path.basename(path)}: the table is that of the wheels")
    return 1 if difference else 0


def main() -> int:
    """Write or check."""
    return write_or_check(TABLE, table(Index()))


if __name__ == "__main__":
    raise SystemExit(main())
