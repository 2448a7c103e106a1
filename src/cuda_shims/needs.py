"""
What a project's build files ask of CUDA, which of NVIDIA's wheels has it, and what ``build-system.requires`` brings.

It explains errors such as CMake's ``Target "x" links to: CUDA::cublas but the target was not found``, which name no
wheel. Files are searched for words, not understood: a use within ``if()`` counts as any other.
"""

from __future__ import annotations

import os
import re
import stat
from typing import NamedTuple

from . import provides
from .catalog import COMPILER_COMPONENTS, COMPONENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: what the names of headers begin with that are NVIDIA's; a project may have a sanitizer.h or vector_types.h of its own
_NVIDIAS = re.compile(r"cu|nv|npp|thrust/|CL/|cooperative_groups")
_SYSTEM = "windows" if os.name == "nt" else "linux"
#: what a wheel requires, so that its extra brings these too (METADATA of 13.0 to 13.5)
_BRINGS = {
    "nvcc": "nvvm cudart crt",
    "cublas": "nvrtc",
    "cufft": "nvjitlink",
    "cusparse": "nvjitlink",
    "cusolver": "cublas nvrtc cusparse nvjitlink",
    "tileiras": "nvcc nvvm cudart crt nvjitlink",
}
#: what makes a directory the root of a project; in any other, a home or a /tmp, nobody asks for what lies about
_PROJECT_FILES = (
    *("pyproject.toml", "setup.py", "setup.cfg", "CMakeLists.txt", "meson.build", "Cargo.toml"),
    *("Makefile", "makefile", "GNUmakefile", "configure.ac", "configure", "build.ninja"),
)
_SKIPPED = {"build", "dist", "node_modules", "site-packages", "__pycache__"}
_MAX_FILES, _MAX_BYTES = 2000, 1024 * 1024
_SOURCES = (".cu", ".cuh", ".c", ".cc", ".cpp", ".cxx", ".h", ".hpp")


class Use(NamedTuple):
    """Where a project asks for something of CUDA."""

    #: path and line, ``src/CMakeLists.txt:12``
    place: str
    #: as it is written, ``CUDA::cublas``
    spelling: str
    #: the extra of cuda-toolkit that brings it; empty: no wheel of CUDA 13 holds it
    extra: str


def uses_in(name: str, text: str) -> Iterator[tuple[int, str, str]]:
    """
    Find what a file asks of CUDA.

    :param name: its name, which tells the kind of file
    :param text: what it holds
    :returns: the line, the spelling, and the extra, empty for what no wheel holds

    """
    if not name.endswith(_SOURCES):
        text = re.sub(r"#[^\n]*", "", text)
    for pattern, spelling in _patterns(name):
        line, at = 1, 0
        for match in re.finditer(pattern, text):
            line, at = line + text.count("\n", at, match.start()), match.start()
            for word in re.findall(r"[\w.+/-]+", match.group(1)):
                extra = _extra_of(word, header=spelling == "{}")
                if extra is not None:
                    yield line, spelling.format(word), extra


def _patterns(name: str) -> list[tuple[str, str]]:
    """Return patterns whose group has the names, each with how a use is spelled; time is linear on any text."""
    stem, suffix = os.path.splitext(name)
    if name == "CMakeLists.txt" or suffix == ".cmake":
        return [(r"\bCUDA::(\w+)", "CUDA::{}")]
    if name == "meson.build":
        in_call = r"dependency\(\s*'cuda'[^)]{0,500}?\bmodules\s*:\s*(\[[^][]{0,1000}\]|'[^'\n]*')"
        return [(in_call, "module '{}'")]
    if name == "build.rs":
        return [(r"rustc-link-lib=(?:[\w+-]+=)?(\w+)", "library {}")]
    makefile = stem in {"Makefile", "makefile", "GNUmakefile"}
    if makefile or name in {"setup.py", "setup.cfg", "configure.ac", "pyproject.toml"}:
        return [(r"(?<![\w-])-l([\w-]+)", "-l{}"), (r"\blibraries\s*=\s*\[([^\]]{0,1000})\]", "-l{}")]
    return [(r"(?m)^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)", "{}")] if suffix in _SOURCES else []


def _extra_of(word: str, *, header: bool) -> str | None:
    if header:
        return next(iter(_extras(word)), None) if _NVIDIAS.match(word) else None
    # a DLL counts: it is not what a build links with, and its wheel is what comes nearest
    for name in (f"CUDA::{word}", f"-l{word}", word if provides.kind_of(word) == "library" else ""):
        if extras := _extras(name):
            return extras[0]
    # of the static ones the wheels hold the shared library alone; NVTX 2 left with CUDA 12.9
    static = word.removesuffix("_static")
    return "" if provides.target_names(word) or (static != word and _extras(f"-l{static}")) else None


def _extras(name: str) -> list[str]:
    newest = provides.releases()[-1]
    found = [each for each in provides.find(provides.driver_stub(name) or name) if newest in each.releases]
    return [each.extra for each in found if each.kind != "tool" and _SYSTEM in each.platforms]


def find_uses(directory: str) -> list[Use]:
    """
    Find what a project asks of CUDA.

    :param directory: its root; environments, build trees, hidden folders and other projects below it are left out
    :returns: the first use of each spelling; what cannot be read is left out; nothing for a directory that holds no
        file of a build system

    """
    if not any(_is_file(os.path.join(directory, name)) for name in _PROJECT_FILES):
        return []
    found: dict[str, Use] = {}
    for path in _files(directory):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read(_MAX_BYTES)
        except OSError:
            continue
        for line, spelling, extra in uses_in(os.path.basename(path), text):
            found.setdefault(spelling, Use(f"{os.path.relpath(path, directory)}:{line}", spelling, extra))
    return list(found.values())


def _files(directory: str) -> Iterator[str]:
    left = _MAX_FILES
    for folder, folders, names in os.walk(directory):
        # an environment, a build tree, another project
        marks = {"pyvenv.cfg", "CMakeCache.txt", "pyproject.toml"}
        if marks & set(names) and folder != directory:
            folders[:] = []
            continue
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _SKIPPED)
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not _patterns(name) or not _is_file(path):  # a FIFO would be waited for
                continue
            left -= 1
            if left < 0:
                return
            yield path


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def brought_extras(requires: Iterable[str]) -> set[str] | None:
    """
    Tell what a build's requirements bring of CUDA.

    :param requires: ``build-system.requires``
    :returns: extras of ``cuda-toolkit``; ``None`` where that cannot be told: no toolkit is named, or a distribution
        such as torch brings parts of it

    """
    names: set[str] = set()
    known = False
    by_distribution = {each.distribution: each.extra for each in COMPONENTS}
    everything = set(by_distribution.values())
    for requirement in requires:
        match = re.match(r"\s*([\w.-]+)\s*(?:\[([^\]]*)\])?", requirement)
        if not match:
            continue
        name = re.sub(r"[-_.]+", "-", match.group(1)).lower()
        extras = {each.strip().lower() for each in (match.group(2) or "").split(",")}
        if name in {"torch", "jax", "tensorflow"} or name.startswith("cupy"):
            return None
        known = known or name == "cuda-toolkit" or name in by_distribution
        if name == "cuda-toolkit":
            names |= everything if "all" in extras else extras & everything
        elif name == "cuda-shims" and any(re.match(r"cu\d", each) for each in extras):
            known = True
            whole = any(each.endswith("-all") for each in extras)
            names |= everything if whole else {by_distribution[each] for each in COMPILER_COMPONENTS}
        elif name in by_distribution:
            names.add(by_distribution[name])
    for name in tuple(names):
        names |= set(_BRINGS.get(name, "").split())
    return names if known else None


def with_extras(requires: Iterable[str], extras: Iterable[str]) -> str | None:
    """
    Spell a build's requirement with further extras.

    :param requires: ``build-system.requires``
    :param extras: extras of ``cuda-toolkit`` to add
    :returns: the one requirement that has to change, as it should be; ``None`` if there is none of ``cuda-toolkit``

    """
    for requirement in requires:
        match = re.match(r"\s*cuda[-_.]toolkit\s*(?:\[([^\]]*)\])?(.*)", requirement, re.IGNORECASE)
        if match:
            old = [each.strip() for each in (match.group(1) or "").split(",") if each.strip()]
            return f"cuda-toolkit[{','.join(sorted({*old, *extras}))}]{match.group(2)}"
    return None


__all__ = ["Use", "brought_extras", "find_uses", "uses_in", "with_extras"]
