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

from cuda_shims.catalog import contents, tools
from cuda_shims.catalog.tools import COMPILER_COMPONENTS
from cuda_shims.config import load_pyproject
from cuda_shims.doctor.case import ERROR, OK, WARNING, Finding
from cuda_shims.doctor.part import EXTRAS, is_companion, part_of, part_required, with_brought

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from cuda_shims.doctor.case import Case

#: what the names of headers begin with that are NVIDIA's; a project may have a sanitizer.h or vector_types.h of its own
_NVIDIAS = re.compile(r"cu|nv|nccl|npp|thrust/|CL/|cooperative_groups")
_SYSTEM = "windows" if os.name == "nt" else "linux"
#: what makes a directory the root of a project; the files of any other, a home or a /tmp, ask for nothing
_PROJECT_FILES = (
    *("pyproject.toml", "setup.py", "setup.cfg", "CMakeLists.txt", "meson.build", "Cargo.toml"),
    *("Makefile", "makefile", "GNUmakefile", "configure.ac", "configure", "build.ninja"),
)
_SKIPPED = {"build", "dist", "node_modules", "site-packages", "__pycache__"}
_MAX_FILES, _MAX_BYTES = 2000, 1024 * 1024
_NOT_FOUND = "CMake says that the target was not found, the linker that it cannot find -l…, the compiler: no such file"
_SOURCES = (".cu", ".cuh", ".c", ".cc", ".cpp", ".cxx", ".h", ".hpp")


class Use(NamedTuple):
    """Where a project asks for something of CUDA."""

    #: path and line, ``src/CMakeLists.txt:12``
    place: str
    #: as it is written, ``CUDA::cublas``
    spelling: str
    #: the part that it is of; empty: no wheel of CUDA 13 holds it
    part: str


def find_uses_in(name: str, text: str) -> Iterator[tuple[int, str, str]]:
    """Find what a file asks of CUDA."""
    if not name.endswith(_SOURCES):
        text = re.sub(r"#[^\n]*", "", text)
    for pattern, spelling in _patterns(name):
        line, at = 1, 0
        for match in re.finditer(pattern, text):
            line, at = line + text.count("\n", at, match.start()), match.start()
            for word in re.findall(r"[\w.+/-]+(?:::\w+)?", match.group(1)):
                # of a package, the target that is called as it is
                asked = f"{word}::{word}" if spelling.startswith("find_package") else word
                part = _find_part(asked, header=name.endswith(_SOURCES))
                if part is not None:
                    yield line, spelling.format(word), part


def _patterns(name: str) -> list[tuple[str, str]]:
    """Return patterns whose group has the names, each with how a use is spelled; time is linear on any text."""
    stem, suffix = os.path.splitext(name)
    if name == "CMakeLists.txt" or suffix == ".cmake":
        return [
            (r"\bCUDA(?:Toolkit)?::(\w+)", "CUDA::{}"),
            (r"\b(?!CUDA(?:Toolkit)?::)(\w+::\w+)", "{}"),
            (r"(?i)\bfind_package\s{0,9}\(\s{0,99}(\w+)", "find_package({})"),
        ]
    if name == "meson.build":
        in_call = r"dependency\(\s*'cuda'[^)]{0,500}?\bmodules\s*:\s*(\[[^][]{0,1000}\]|'[^'\n]*')"
        return [(in_call, "module '{}'")]
    if name == "build.rs":
        return [(r"rustc-link-lib=(?:[\w+-]+=)?(\w+)", "library {}")]
    makefile = stem in {"Makefile", "makefile", "GNUmakefile"}
    if makefile or name in {"setup.py", "setup.cfg", "configure.ac", "pyproject.toml"}:
        return [(r"(?<![\w-])-l([\w-]+)", "-l{}"), (r"\blibraries\s*=\s*\[([^\]]{0,1000})\]", "-l{}")]
    return [(r"(?m)^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)", "{}")] if suffix in _SOURCES else []


def _find_part(word: str, *, header: bool) -> str | None:
    if header or "::" in word:
        return next(iter(_parts(word)), None) if _NVIDIAS.match(word) or not header else None
    # a DLL counts: it is not what a build links with, and its wheel is what comes nearest
    for name in (f"CUDA::{word}", f"-l{word}", word if contents.kind_of(word) == "library" else ""):
        if parts := _parts(name):
            return parts[0]
    # of the static ones the wheels hold the shared library alone; NVTX 2 left with CUDA 12.9
    static = word.removesuffix("_static")
    return "" if contents.target_names(word) or (static != word and _parts(f"-l{static}")) else None


def _parts(name: str) -> list[str]:
    newest = contents.releases()[-1]
    found = [each for each in contents.find(contents.driver_stub(name) or name) if newest in each.releases]
    return [part_of(each) for each in found if each.kind != "tool" and _SYSTEM in each.platforms]


def find_uses(directory: str) -> list[Use]:
    """Find what a project asks of CUDA."""
    if not any(_is_file(os.path.join(directory, name)) for name in _PROJECT_FILES):
        return []
    found: dict[str, Use] = {}
    for path in _files(directory):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read(_MAX_BYTES)
        except OSError:
            continue
        for line, spelling, part in find_uses_in(os.path.basename(path), text):
            found.setdefault(spelling, Use(f"{os.path.relpath(path, directory)}:{line}", spelling, part))
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


def name_of(requirement: str) -> str:
    """Name the distribution that is required, as indexes spell it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]).lower()


def read_parts(requires: Iterable[str]) -> set[str] | None:
    """Tell what a build's requirements bring of CUDA."""
    names: set[str] = set()
    known = False
    everything = set(EXTRAS.values())
    for requirement in requires:
        name = name_of(requirement)
        given = re.match(r"\s*[\w.-]+\s*\[([^\]]*)\]", requirement)
        extras = {each.strip().lower() for each in given.group(1).split(",")} if given else set()
        if name in {"torch", "jax", "tensorflow"} or name.startswith("cupy"):
            return None
        part = part_required(name)
        known = known or name == "cuda-toolkit" or part is not None
        if name == "cuda-toolkit":
            names |= everything if "all" in extras else extras & everything
        elif name == "cuda-shims" and any(re.match(r"cu\d", each) for each in extras):
            known = True
            whole = any(each.endswith("-all") for each in extras)
            names |= everything if whole else {EXTRAS[each] for each in COMPILER_COMPONENTS}
        elif part:
            names.add(part)
    return with_brought(names) if known else None


def add_extras(requires: Iterable[str], extras: Iterable[str]) -> str | None:
    """Spell a build's requirement with further extras."""
    for requirement in requires:
        match = re.match(r"\s*cuda[-_.]toolkit\s*(?:\[([^\]]*)\])?(.*)", requirement, re.IGNORECASE)
        if match:
            old = [each.strip() for each in (match.group(1) or "").split(",") if each.strip()]
            return f"cuda-toolkit[{','.join(sorted({*old, *extras}))}]{match.group(2)}"
    return None


def find_table(document: Any, *names: str) -> dict[str, Any]:
    """Find a table of a TOML document, empty where there is none, or something else in its place."""
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def read_strings(given: object) -> list[str] | None:
    """Take the strings out of what should be a list of them."""
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else None


def check_needs(case: Case) -> Iterator[Finding]:
    """Find what the project uses of CUDA and its build does not get: the build's own message names no wheel."""
    uses = find_uses(case.directory)
    if not uses:
        return
    requires = read_strings(find_table(load_pyproject(case.directory), "build-system").get("requires")) or []
    brought = read_parts(requires)
    nowhere = [f"{use.spelling} ({use.place})" for use in uses if not use.part]
    undeclared: dict[str, str] = {}
    missing: dict[str, str] = {}
    for use in filter(lambda use: use.part, uses):
        told = f"{use.spelling} ({use.place}) of {case.distribution_of(use.part)}"
        if brought is not None and use.part not in brought:
            undeclared.setdefault(use.part, told)
        elif case.toolkit and not case.has(use.part):
            missing.setdefault(use.part, told)
    if nowhere:
        major = case.toolkit.major if case.toolkit else tools.NEWEST
        what = f"The project uses what no wheel of CUDA {major} holds: {', '.join(nowhere)}."
        why = "the wheels hold the shared libraries alone, and NVTX is headers alone"
        yield Finding("need-nowhere", ERROR, what, why, "use what has no _static in its name, and nvtx3 for nvToolsExt")
    if undeclared:
        what = f"The project uses what its build-system.requires does not bring: {', '.join(undeclared.values())}."
        yield Finding(
            "need-undeclared", _level(undeclared), what, _NOT_FOUND, spell_addition(case, requires, undeclared)
        )
    if missing:
        what = f"The project uses what is not installed: {', '.join(missing.values())}."
        level, why = _level(missing), _NOT_FOUND
        level, why = (level, why) if brought is None else (WARNING, f"without build isolation, {why}")
        yield Finding("need-missing", level, what, why, case.pip(*case.requirements(missing)))
    if not (nowhere or undeclared or missing):
        yield Finding("needs", OK, "What the project's files use of CUDA is there.")


def _level(parts: Iterable[str]) -> str:
    # most projects that can use cuDNN or NCCL build without as well, and no file says which way this one is built
    return WARNING if all(map(is_companion, parts)) else ERROR


def spell_addition(case: Case, requires: Iterable[str], parts: Iterable[str], to: str = "") -> str:
    """Say what brings parts, as a change of the requirements in pyproject.toml."""
    listed = list(parts)
    extras = [each for each in listed if not is_companion(each)]
    line = add_extras(requires, extras) if extras else None
    added = [f'"{each}"' for each in case.requirements([each for each in listed if is_companion(each) or not line])]
    steps = [f'"{line}"'] if line else []
    steps += [f"add {' and '.join(added)}{to}"] if added else []
    return f"in pyproject.toml{':' if line else ','} {', and '.join(steps)}"
