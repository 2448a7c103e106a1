"""The shell: which nvcc its PATH gives, and which toolkit its variables name."""

from __future__ import annotations

import os

from _cuda_shims import COMPILERS, HOMES, MARKER, TOOLKIT, all_paths, executable, root_variables, search_paths
from _cuda_shims.places import find_places
from _cuda_shims.selection import is_folder
from _cuda_shims.shims import is_shim
from cuda_shims.doctor.case import ERROR, OK, WARNING, Finding, is_nvcc, spell_setting
from cuda_shims.environment.environment import prefix_site_dirs
from cuda_shims.environment.path import on_path
from cuda_shims.installation import conda
from cuda_shims.quoting import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.doctor.case import Case

_WINDOWS = os.name == "nt"


def check_path(case: Case) -> Iterator[Finding]:
    """Find another nvcc before ours on PATH, or none."""
    if not case.home or (case.toolkit and "nvcc" not in case.toolkit.tools):
        return
    scripts = case.environment.scripts
    first = next(on_path("nvcc", _read_path(case)), None)
    no_shim = first is None or (os.path.dirname(first) == scripts and not is_shim(first))
    if no_shim and case.environment.dist_info and scripts in _read_path(case).split(os.pathsep):
        return  # another check says what is wrong with the environment's own
    why = "make, and everything that you start from this shell, compiles with it"
    fix = f"activate the environment, or: {case.command('exec')} CMD"
    if first is None:
        if os.path.exists(os.path.join(scripts, "activate")) or conda.is_conda(scripts):
            what = f"PATH has no nvcc while the environment is not activated; {case.command('exec')} CMD has one."
            yield Finding("path", OK, what)
        else:
            why = "a shell and make find no nvcc; builds started from Python do"
            fix = f"put {scripts} on PATH" if _WINDOWS else f'export PATH={quote_path(scripts)}:"$PATH"'
            yield Finding("path-none", WARNING, f"PATH has no nvcc: {scripts} is not on it.", why, fix)
    elif _runs_home(case, first):
        other = _find_other_python(case, first)
        if other:
            what = f"PATH gives {first}, which runs the toolkit of another Python, in {other}."
            why = "the Pythons of one prefix (a user site) share its shims, which run the first Python's toolkit"
            yield Finding("path-other-python", WARNING, what, why, spell_setting(TOOLKIT, case.home))
        else:
            yield Finding("path", OK, f"PATH gives {first}.")
    elif first == executable(case.shell.get(MARKER, ""), "nvcc"):
        return  # another check says so
    elif is_shim(first):
        yield Finding("path-other-environment", WARNING, f"PATH gives another environment's shim, {first}.", why, fix)
    else:
        yield Finding("path-other-nvcc", WARNING, f"PATH gives another nvcc, {first}.", why, fix)


def _find_other_python(case: Case, shim: str) -> str | None:
    site_dir = case.toolkit.site_dir if case.toolkit and not case.environ.get(TOOLKIT) else ""
    found = [
        each
        for each in prefix_site_dirs(os.path.dirname(os.path.dirname(shim)))
        if any(place.has_compiler for place in find_places([each]))
    ]
    same = not site_dir or site_dir not in found or found[0] == site_dir
    return None if same or not is_shim(shim) else found[0]


def _read_path(case: Case) -> str:
    path = case.shell.get("PATH", "")
    if _WINDOWS and case.home and case.shell.get(MARKER) == case.home:
        # which does not tell what the shell gave this process: the start-up hook has put the root's bin first
        first, _, rest = path.partition(os.pathsep)
        return rest if first == search_paths(case.home)["PATH"] else path
    return path


def _runs_home(case: Case, path: str) -> bool:
    folder = os.path.dirname(path)
    if is_shim(path):  # another environment's shim runs that environment's toolkit
        return os.path.realpath(os.path.dirname(os.path.realpath(path))) == os.path.realpath(case.environment.scripts)
    own = {case.home, case.toolkit.path if case.toolkit else None}
    return os.path.dirname(folder) in own


def check_other_environment(case: Case) -> Iterator[Finding]:
    """Find variables that another environment's ``cuda-shims env`` has set in the shell, and its deactivation left."""
    other = case.shell.get(MARKER, "")
    if not other or other == case.home:
        return
    names = [name for name, value in root_variables(other).items() if case.shell.get(name) == value]
    left = [name for name, each in all_paths(other) if each in case.shell.get(name, "").split(os.pathsep)]
    names += dict.fromkeys(left)
    first = next(on_path("nvcc", _read_path(case)), None)
    gone = "" if os.path.isdir(other) else ", which no longer exists"
    what = f"This shell has variables of another environment's toolkit, {other}{gone}: {', '.join(names)}."
    why = "CMake and make, started from this shell, use that one; builds that Python starts do not"
    if first and os.path.dirname(os.path.dirname(first)) != other:
        why = f"CMake and make, started from this shell, use that one, and nvcc on its PATH is {first}"
    remove = case.evaluation("env", "--unset")
    fix, alternative = (case.evaluation("env"), remove) if case.home else (remove, "")
    yield Finding("shell-other-environment", WARNING, what, why, fix, alternative)


def check_variables(case: Case) -> Iterator[Finding]:
    """Find user variables that name another toolkit, several, or none that works."""
    marker = case.shell.get(MARKER, "")
    named: dict[str, tuple[str, list[str]]] = {}
    for name in (*HOMES, *COMPILERS):
        values = {name: case.shell.get(name, ""), MARKER: marker}
        folder = case.named_folder(values)
        if folder:
            real = os.path.realpath(folder) if os.path.isabs(folder) else folder
            named.setdefault(real, (folder, []))[1].append(name)
    if not named and not case.home:
        return
    if not named:
        yield Finding("variables", OK, "None of your variables names another toolkit.")
        return
    all_names = [name for _, names in named.values() for name in names]
    if case.config.prefer == "wheels" or case.environ.get(TOOLKIT):
        chosen = (name for name in (TOOLKIT, "CUDA_SHIMS_PREFER") if case.environ.get(name))
        choice = next((f"{name}={case.environ[name]}" for name in chosen), 'prefer = "wheels" in pyproject.toml')
        what = f"{choice} overrides {' and '.join(all_names)} in shims and in builds that Python starts."
        yield Finding("variables", OK, what)
        return
    ours = [name for name in HOMES if case.home and case.shell.get(name) and name not in all_names]
    if len(named) > 1 or ours:
        places = [*named.values(), *([(case.home, ours)] if ours else [])]
        what = "Variables disagree: " + "; ".join(f"{' and '.join(names)}: {folder}" for folder, names in places)
        why = "one build takes its compiler from one toolkit and its libraries from another"
        yield Finding("variables-disagree", ERROR, f"{what}.", why, case.removal(*all_names))
    # without a root, the wheels' folder is home: under another name it is not reported for lacking a root's files
    wheels = os.path.realpath(case.toolkit.path) if case.toolkit and case.toolkit.path != case.home else None
    for real, (folder, names) in named.items():
        verb = "name" if len(names) > 1 else "names"
        said = f"{' and '.join(names)} {verb}"
        found = _judge_variables(folder, said, is_wheels=real == wheels, served=bool(case.home))
        found = found._replace(fix=case.removal(*names))
        if found.code == "variables-elsewhere" and not case.home:
            found = Finding("variables", OK, f"{found.what[:-1]}: builds take it.")
        yield found


def _judge_variables(folder: str, names: str, *, is_wheels: bool, served: bool) -> Finding:
    nvcc = executable(folder, "nvcc")
    why = "builds look for a toolkit there, and find none"
    if not is_folder(folder):
        what, level = f"{names} {folder}, which does not exist.", ERROR
        if served:
            why, level = "builds that Python starts take the wheels instead; other builds look there", WARNING
        return Finding("variables-no-folder", level, what, why)
    if is_shim(nvcc):
        what = f"{names} {folder}, an environment, whose bin/nvcc is a shim."
        why = "it has no headers and no libraries"
        return Finding("variables-environment", ERROR, what, why)
    if not is_nvcc(nvcc):
        what = f"{names} {folder}, which has no bin/nvcc that runs."
        return Finding("variables-no-nvcc", ERROR, what, why)
    if is_wheels:  # what one did without us
        what = f"{names} the wheels' own folder, {folder}."
        why = "lib64, libcudart.so, the driver's stub and CMake files that work are only in the root"
        return Finding("variables-wheels", WARNING, what, why)
    what = f"{names} another toolkit, {folder}."
    why = "builds use that one instead of the wheels"
    other = spell_setting("CUDA_SHIMS_PREFER", "wheels")
    return Finding("variables-elsewhere", WARNING, what, why, alternative=other)
