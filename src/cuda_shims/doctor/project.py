"""
What a project's build files use of CUDA, which of NVIDIA's wheels has it, and what ``build-system.requires`` brings.

It explains errors such as CMake's ``Target "x" links to: CUDA::cublas but the target was not found``, which name no
wheel. A use that a build may not need, within ``if()`` for example, is a hint.
"""

from __future__ import annotations

import re

from cuda_shims.catalog import tools
from cuda_shims.catalog.tools import COMPILER_COMPONENTS
from cuda_shims.config import load_pyproject
from cuda_shims.doctor.case import ERROR, HINT, OK, WARNING, Finding
from cuda_shims.doctor.part import EXTRAS, is_companion, part_required, with_brought
from cuda_shims.errors import ConfigError, NotTomlError
from cuda_shims.quoting import quote_requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from cuda_shims.doctor.case import Case
    from cuda_shims.doctor.source_tree import Use

_OPTIONAL = (
    "it is under a condition, in an option or a generator expression, or in a file that not every build compiles"
)
_NOT_FOUND = 'the build fails: "target was not found" (CMake), "cannot find -l…" (linker), "No such file" (compiler)'


def name_of(requirement: str) -> str:
    """Name the distribution that is required, as indexes spell it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]).lower()


def read_parts(requires: Iterable[str]) -> set[str] | None:
    """Tell which parts of CUDA a build's requirements bring."""
    names: set[str] = set()
    known = False
    everything = set(EXTRAS.values())
    for requirement in requires:
        name = name_of(requirement)
        given = re.match(r"\s*[\w.-]+\s*\[([^\]]*)\]", requirement)
        extras = {each.strip().lower() for each in given.group(1).split(",")} if given else set()
        if _brings_unknown(requirement):
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
            old = re.findall(r"[\w.-]+", match.group(1) or "")
            return f"cuda-toolkit[{','.join(sorted({*old, *extras}))}]{match.group(2)}"
    return None


def find_table(document: Any, *names: str) -> dict[str, Any]:
    """Find a table of a TOML document, empty where it is missing or is not a table."""
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def read_strings(given: object) -> list[str] | None:
    """Take the strings out of a value that should be a list of strings."""
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else None


def check_pyproject(case: Case) -> Iterator[Finding]:
    """Find a pyproject.toml that cannot be read: no front end builds a project with one that is not TOML."""
    try:
        load_pyproject(case.directory)
    except ConfigError as error:
        what, fix = f"{error.source} {error.problem}.", "correct the file there"
        if isinstance(error, NotTomlError):
            yield Finding("pyproject-unreadable", ERROR, what, "pip, uv and build stop at it", fix)
        else:
            yield Finding("pyproject-unreadable", WARNING, what, "the project's choice and its needs are unknown", fix)


def read_requires(directory: str) -> list[str] | None:
    """Read what the build requires, ``None`` where no pyproject.toml says it."""
    try:
        return read_strings(find_table(load_pyproject(directory), "build-system").get("requires"))
    except ConfigError:  # another check says so
        return None


def find_lacking(case: Case) -> str | None:
    """
    Find what an isolated build of the project lacks to find a toolkit.

    :param case: what is examined
    :returns: how to add it, empty if nothing is missing; ``None`` where there is no project that uses CUDA and says
        what its build requires

    """
    requires = read_requires(case.directory)
    if requires is None:
        return None
    brought = {part for each in requires for part in read_parts([each]) or ()}
    ours, uses = "cuda-shims" in map(name_of, requires), case.uses(case.directory)
    if not (brought or ours or uses):
        return None
    wanted = set() if "nvcc" in brought else {"cccl", "cudart", "nvcc"}
    if wanted or read_parts(requires) is not None:
        wanted |= {use.part for use in uses if use.sure and use.part}
    missing = sorted(wanted - brought)
    steps = [spell_addition(case, requires, missing)] if missing else []
    if not ours:
        steps.append('add "cuda-shims"' if steps else 'in pyproject.toml, add "cuda-shims"')
    return ", and ".join(steps)


def check_needs(case: Case) -> Iterator[Finding]:
    """Find what the project uses of CUDA and its build does not get: the build's own error names no wheel."""
    uses = case.uses(case.directory)
    found = [*_check_nowhere(case, uses), *_check_parts(case, [use for use in uses if use.part])]
    if "need-undeclared" not in {each.code for each in found}:  # whose fix has everything that is missing
        found += _check_requires(case, uses)
    if found or uses:
        yield from found or [Finding("needs", OK, "Everything that the project's files use from CUDA is installed.")]


def _check_requires(case: Case, uses: list[Use]) -> Iterator[Finding]:
    lacking = case.toolkit and find_lacking(case)
    if lacking:
        what = "The project's build-system.requires does not install a toolkit that a build finds."
        why = "a build here takes the toolkit of this environment; an isolated build elsewhere finds none"
        level = WARNING if not uses or any(use.sure for use in uses) else HINT
        yield Finding("requires-incomplete", level, what, why, lacking)


def _check_nowhere(case: Case, uses: list[Use]) -> Iterator[Finding]:
    nowhere = [use for use in uses if not use.part]
    sure = [use for use in nowhere if use.sure]
    if nowhere:
        major = case.toolkit.major if case.toolkit else tools.NEWEST
        listed = ", ".join(f"{use.spelling} ({use.place})" for use in sure or nowhere)
        what = f"The project {'uses' if sure else 'may use'} something that no wheel of CUDA {major} holds: {listed}."
        why = "the wheels contain only the shared libraries, and NVTX has only headers"
        fix = "use the library without _static in its name, and nvtx3 instead of nvToolsExt"
        yield Finding("need-nowhere", ERROR if sure else HINT, what, why, fix)


def _check_parts(case: Case, uses: list[Use]) -> Iterator[Finding]:
    requires = read_requires(case.directory) or []
    brought = read_parts(requires)
    if brought is not None and not any(map(_is_of_toolkit, requires)):
        brought = None  # a companion with a toolkit that comes from elsewhere
    # what torch and similar packages bring is not known
    own = brought is not None or any(map(_brings_unknown, requires))
    undeclared: dict[str, str] = {}
    missing: dict[str, str] = {}
    others: dict[str, str] = {}
    for use in uses:
        told = f"{use.spelling} ({use.place}) of {case.distribution_of(use.part)}"
        absent = case.toolkit is not None and not case.has(use.part)
        if brought is not None and use.part not in brought:
            (undeclared if use.sure else others).setdefault(use.part, told)
        elif absent and (use.sure or brought is None):
            (missing if use.sure else others).setdefault(use.part, told)
    if undeclared:
        what = f"The project uses more than its build-system.requires installs: {', '.join(undeclared.values())}."
        yield Finding("need-undeclared", ERROR, what, _NOT_FOUND, find_lacking(case) or "")
    if missing:
        what = f"The project uses more than is installed: {', '.join(missing.values())}."
        level, why = (WARNING, f"without build isolation, {_NOT_FOUND}") if own else (ERROR, _NOT_FOUND)
        yield Finding("need-missing", level, what, why, case.pip(*case.requirements(missing)))
    others = {part: told for part, told in others.items() if part not in undeclared and part not in missing}
    if others:
        there = "is installed" if brought is None else "its build-system.requires installs"
        what = f"The project may use more than {there}: {', '.join(others.values())}."
        fix = case.pip(*case.requirements(others)) if brought is None else spell_addition(case, requires, others)
        yield Finding("need-optional", HINT, what, _OPTIONAL, f"for a build that needs it: {fix}")


def _is_of_toolkit(requirement: str) -> bool:
    name = name_of(requirement)
    return name in {"cuda-toolkit", *EXTRAS} or (name == "cuda-shims" and read_parts([requirement]) is not None)


def _brings_unknown(requirement: str) -> bool:
    name = name_of(requirement)
    return name in {"torch", "jax", "tensorflow"} or name.startswith("cupy")


def spell_addition(case: Case, requires: Iterable[str], parts: Iterable[str], to: str = "") -> str:
    """Say what brings parts, as a change of the requirements in pyproject.toml."""
    listed = list(parts)
    extras = [each for each in listed if not is_companion(each)]
    line = add_extras(requires, extras) if extras else None
    added = [f'"{each}"' for each in case.requirements([each for each in listed if is_companion(each) or not line])]
    steps = [quote_requirement(line)] if line else []
    steps += [f"add {' and '.join(added)}{to}"] if added else []
    return f"in pyproject.toml{':' if line else ','} {', and '.join(steps)}"
