"""What one file of a project uses of CUDA, by the words in it, and whether each build of the file needs it."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from cuda_shims.doctor.condition import clean_cmake, find_conditions, in_generator_expression
from cuda_shims.doctor.part import find_part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.doctor.condition import Spans

#: the starts of the names of NVIDIA's headers and libraries; a project may have a sanitizer.h or
#: vector_types.h itself
_NVIDIAS = re.compile(r"cu|nv|nccl|npp|thrust/|CL/|cooperative_groups")
COMPILED = (".cu", ".c", ".cc", ".cpp", ".cxx")
SOURCES = (*COMPILED, ".cuh", ".h", ".hpp", ".pyx", ".pxd")
_MAKEFILES = {"Makefile", "makefile", "GNUmakefile", "configure.ac"}
#: the forms of NAME in the table of contents
_WORD = re.compile(r"[\w.+/-]+(?:::\w+)?")


class Found(NamedTuple):
    """Something of CUDA that a file uses."""

    line: int
    #: as it is written, ``CUDA::cublas``
    spelling: str
    #: the part that has it; empty: no wheel of CUDA 13 holds it
    part: str
    #: whether a build that takes this file cannot do without it
    sure: bool


class Read(NamedTuple):
    """What a file says."""

    found: list[Found]
    #: folders and files that it includes, ``vendor/x``, ``cmake/x.cmake``, and whether in each build
    taken: list[tuple[str, bool]]
    #: sources that it names, ``src/a.cu``, in each build
    sources: list[str]
    #: targets that it makes itself
    made: set[str]
    #: the names of what it downloads, in small letters
    fetched: str


class _Pattern(NamedTuple):
    """How a use is written."""

    #: its first group has the names
    regex: str
    #: how one is told of
    spelling: str
    #: whether one outside any condition is one of each build: "yes", "no", "required" if the call says so, "optional"
    #: unless it says that
    sure: str = "yes"


def kind_of(name: str) -> str:
    """Name the kind of a file by its name: ``cmake``, ``source`` …; empty for a file that is not read."""
    suffix = os.path.splitext(name)[1]
    if name == "CMakeLists.txt" or suffix == ".cmake":
        return "cmake"
    if suffix in SOURCES:
        return "source"
    if name in _MAKEFILES:
        return "make"
    known = {"setup.py": "python", "meson.build": "meson", "build.rs": "rust"}
    return known.get(name, "settings" if name in {"setup.cfg", "pyproject.toml"} else "")


_INCLUDE = r"(?m)^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)"
#: also -l:libcusolver.so.12
_LINK = r"(?<![\w-])-l(?::lib)?([\w-]+)"
_LINKED = _Pattern(_LINK, "-l{}")
_LISTED = _Pattern(r"\blibraries\s*=\s*\[([^\]]{0,1000})\]", "-l{}")
_PATTERNS = {
    "cmake": [
        _Pattern(r"\bCUDA(?:Toolkit)?::(\w+)", "CUDA::{}"),
        _Pattern(r"\b(?!CUDA(?:Toolkit)?::)(\w+::\w+)", "{}"),
        _Pattern(r"(?i)\bfind_package\s{0,9}\(\s{0,99}(\w+)[^()]{0,4000}", "find_package({})", "required"),
        _Pattern(r"\$\{CUDA_(\w{1,40}?)_LIBRAR(?:Y|IES)\}", "CUDA_{}_LIBRARY"),
        _Pattern(r"(?i)\btarget_link_libraries\s{0,9}\(([^()]{0,4000})", "{}"),
        _Pattern(_LINK, "-l{}", "no"),
        _Pattern(r"(?i)\bfind_(?:library|path)\s{0,9}\(([^()]{0,4000})", "{}", "no"),
    ],
    "meson": [
        _Pattern(
            r"dependency\(\s*'cuda'[^)]{0,500}?\bmodules\s*:\s*(\[[^][]{0,1000}\]|'[^'\n]*')[^)]{0,500}",
            "module '{}'",
            "optional",
        ),
        _Pattern(r"\bfind_library\(\s{0,99}'(\w+)'[^)]{0,500}", "library '{}'", "optional"),
    ],
    "rust": [_Pattern(r"rustc-link-lib=(?:[\w+-]+=)?(\w+)", "library {}")],
    "python": [_LINKED, _LISTED, _Pattern(r"[\"'](\w{1,40})[\"']", "{}", "no")],
    "make": [_LINKED, _LISTED],
    "settings": [_LINKED, _LISTED],
    "source": [
        _Pattern(_INCLUDE, "{}"),
        _Pattern(r"(?m)^[ \t]*cdef[ \t]+extern[ \t]+from[ \t]+[\"']([^\"'\n]+)", "{}"),
    ],
}
_TAKEN = {
    "cmake": r"(?i)\b(?:add_subdirectory|include)\s{0,99}\(\s{0,99}\"?([^\s()\";]+)",
    "source": _INCLUDE,
    "meson": r"\bsubdir\s{0,9}\(\s{0,99}'([^'\n]+)'",
}
_MADE = re.compile(r"(?i)\badd_library\s{0,99}\(\s{0,99}([\w:.-]+)")
_FETCHED = re.compile(
    r"(?i)\b(?:FetchContent_Declare|CPM\w{1,40}|ExternalProject_Add|rapids_cpm_\w{1,40})\s{0,9}\(([^()]*)"
)
_OPTIONAL = re.compile(r"\brequired\s{0,9}:\s{0,9}(?!\s|true)")
_PATH = re.compile(r"(?<![\w./-])[\w./-]+")


def read_file(name: str, text: str) -> Read:
    """Read what a file says."""
    kind = kind_of(name)
    if kind == "cmake":
        text = clean_cmake(text)
    conditions = find_conditions(kind, text)  # Python's before comments are removed: a # may be in a string
    if kind not in {"cmake", "source"}:
        text = re.sub(r"#[^\n]*", lambda match: " " * len(match.group()), text)
    taking = re.finditer(_TAKEN[kind], text) if kind in _TAKEN else ()
    taken = [(match.group(1), match.start() not in conditions) for match in taking]
    paths = _PATH.finditer(text) if kind in {"cmake", "python", "meson", "settings", "make"} else ()
    named = [path for path in paths if path.group().endswith(COMPILED) and path.start() not in conditions]
    sources = [path.group().lstrip("/") for path in named]
    made = set(_MADE.findall(text)) if kind == "cmake" else set()
    fetched = " ".join(_FETCHED.findall(text)).lower() if kind == "cmake" else ""
    return Read(list(_find(kind, text, conditions)), taken, sources, made, fetched)


def find_uses_in(name: str, text: str) -> Iterator[Found]:
    """Find what a file uses of CUDA."""
    yield from read_file(name, text).found


def _find(kind: str, text: str, conditions: Spans) -> Iterator[Found]:
    known: dict[tuple[str, str], str | None] = {}
    for pattern in _PATTERNS.get(kind, ()):
        line, at = 1, 0
        for match in re.finditer(pattern.regex, text):
            sure = match.start() not in conditions and _is_demanded(pattern, match.group())
            for each in _WORD.finditer(match.group(1)):
                word, place = each.group(), match.start(1) + each.start()
                line, at = line + text.count("\n", at, place), place
                if (pattern.regex, word) not in known:
                    known[pattern.regex, word] = _look_up(kind, pattern, word)
                part = known[pattern.regex, word]
                if part is not None:
                    free = sure and not (kind == "cmake" and in_generator_expression(text, place))
                    yield Found(line, pattern.spelling.format(word), part, free)


def _is_demanded(pattern: _Pattern, call: str) -> bool:
    if pattern.sure == "required":
        return "REQUIRED" in call
    return pattern.sure == "yes" or (pattern.sure == "optional" and not _OPTIONAL.search(call))


def _look_up(kind: str, pattern: _Pattern, word: str) -> str | None:
    if "::" in word:  # in a list of libraries: the pattern for targets has it
        return find_part(word, header=False) if "::" in pattern.regex else None
    if pattern.spelling.startswith("find_package"):
        return find_part(f"{word}::{word}", header=False)  # the target with the same name
    if pattern.spelling.startswith("CUDA_"):
        return find_part(word, header=False) or find_part(word.lower(), header=False)
    header = kind == "source" or (kind == "cmake" and word.endswith((".h", ".hpp")))
    # words that are not known to be names of libraries or headers
    loose = header or pattern.spelling == "{}"
    return find_part(word, header=header) if not loose or _NVIDIAS.match(word) else None
