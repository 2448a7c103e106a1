"""What the doctor checks around a toolkit: PATH, the user's variables, the host compiler, and what nvcc says."""

from __future__ import annotations

import os

from . import conda, envvars, host_compilers, processes, report, search, shims, visual_studio
from .environments import prefix_site_dirs
from .findings import ERROR, OK, WARNING, Finding, is_nvcc, quoted, setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .findings import Case
    from .host_compilers import HostCompiler

_WINDOWS = os.name == "nt"


def _path(case: Case) -> Iterator[Finding]:
    if not case.home or (case.toolkit and "nvcc" not in case.toolkit.tools):
        return
    scripts = case.environment.scripts
    first = next(report.on_path("nvcc", _shell_path(case)), None)
    why = "make, and all that is started from this shell, compiles with it"
    fix = f"activate the environment, or: {case.command('exec')} CMD"
    if first is None:
        if os.path.exists(os.path.join(scripts, "activate")) or conda.is_conda(scripts):
            what = f"PATH has no nvcc while the environment is not activated; {case.command('exec')} CMD has one."
            yield Finding("path", OK, what)
        else:
            why = "a shell and make find no nvcc; builds started from Python do"
            fix = f"put {scripts} on PATH" if _WINDOWS else f'export PATH={quoted(scripts)}:"$PATH"'
            yield Finding("path-none", WARNING, f"PATH has no nvcc: {scripts} is not on it.", why, fix)
    elif _runs_home(case, first):
        other = _other_python(case, first)
        if other:
            what = f"PATH gives {first}, which runs the toolkit of another Python, in {other}."
            why = (
                "the shims of one prefix are those of each Python in it (a user site), and take the first that has one"
            )
            yield Finding("path-other-python", WARNING, what, why, setting(envvars.TOOLKIT, case.home))
        else:
            yield Finding("path", OK, f"PATH gives {first}.")
    elif shims.is_shim(first):
        yield Finding("path-other-environment", WARNING, f"PATH gives another environment's shim, {first}.", why, fix)
    else:
        yield Finding("path-other-nvcc", WARNING, f"PATH gives another nvcc, {first}.", why, fix)


def _other_python(case: Case, shim: str) -> str | None:
    site_dir = case.toolkit.site_dir if case.toolkit and not case.environ.get(envvars.TOOLKIT) else ""
    found = [each for each in prefix_site_dirs(os.path.dirname(os.path.dirname(shim))) if any(search.compilers([each]))]
    same = not site_dir or site_dir not in found or found[0] == site_dir
    return None if same or not shims.is_shim(shim) else found[0]


def _shell_path(case: Case) -> str:
    # what the shell gave this process: the start-up hook has put the root's bin before it
    if _WINDOWS and case.home and case.environ.get(envvars.MARKER) == case.home:
        first, _, rest = case.environ.get("PATH", "").partition(os.pathsep)
        return rest if first == envvars.search_paths(case.home)["PATH"] else case.environ["PATH"]
    given = processes.given("PATH") if case.environ is os.environ else None
    return case.environ.get("PATH", "") if given is None else given


def _runs_home(case: Case, path: str) -> bool:
    folder = os.path.dirname(path)
    if shims.is_shim(path):  # one of another environment runs the toolkit of that
        return os.path.realpath(os.path.dirname(os.path.realpath(path))) == os.path.realpath(case.environment.scripts)
    own = {case.home, case.toolkit.path if case.toolkit else None}
    return os.path.dirname(folder) in own


def _variables(case: Case) -> Iterator[Finding]:
    if not case.home:
        return
    marker = case.environ.get(envvars.MARKER, "")
    named: dict[str, tuple[str, list[str]]] = {}
    for name in (*envvars.HOMES, *envvars.COMPILERS):
        values = {name: case.environ.get(name, ""), envvars.MARKER: marker}
        folder = envvars.user_toolkit(values, case.home)
        if folder:
            real = os.path.realpath(folder) if os.path.isabs(folder) else folder
            named.setdefault(real, (folder, []))[1].append(name)
    if not named:
        yield Finding("variables", OK, "None of your variables names another toolkit.")
        return
    all_names = [name for _, names in named.values() for name in names]
    if case.config.prefer == "wheels" or case.environ.get(envvars.TOOLKIT):
        what = f"Your choice of toolkit goes before what these variables name: {', '.join(all_names)}."
        yield Finding("variables", OK, what)
        return
    ours = [name for name in envvars.HOMES if case.environ.get(name) and name not in all_names]
    if len(named) > 1 or ours:
        places = [*named.values(), *([(case.home, ours)] if ours else [])]
        what = "Variables disagree: " + "; ".join(f"{' and '.join(names)}: {folder}" for folder, names in places)
        why = "one build takes its compiler from one toolkit and its libraries from another"
        yield Finding("variables-disagree", ERROR, f"{what}.", why, f"unset {' '.join(all_names)}")
    # where there is no root the wheels' folder is home: under another name it is not said to lack what a root has
    wheels = os.path.realpath(case.toolkit.path) if case.toolkit and case.toolkit.path != case.home else None
    for real, (folder, names) in named.items():
        verb = "name" if len(names) > 1 else "names"
        yield _named(folder, f"{' and '.join(names)} {verb}", f"unset {' '.join(names)}", is_wheels=real == wheels)


def _named(folder: str, names: str, unset: str, *, is_wheels: bool) -> Finding:
    nvcc = envvars.executable(folder, "nvcc")
    why = "builds look for a toolkit there and find none"
    if not os.path.isabs(folder) or not os.path.isdir(folder):
        return Finding("variables-no-folder", ERROR, f"{names} {folder}: there is no such folder.", why, unset)
    if shims.is_shim(nvcc):
        what = f"{names} {folder}, an environment, whose bin/nvcc is a shim."
        why = "headers and libraries are not there"
        return Finding("variables-environment", ERROR, what, why, f'{unset}; or name "$(cuda-shims root)"')
    if not is_nvcc(nvcc):
        what = f"{names} {folder}, which has no bin/nvcc that can be run."
        return Finding("variables-no-nvcc", ERROR, what, why, unset)
    if is_wheels:  # what one did without us
        what = f"{names} the wheels' own folder, {folder}."
        why = "lib64, libcudart.so, the driver's stub and CMake files that work are in the root alone"
        return Finding("variables-wheels", WARNING, what, why, f'{unset}; or name "$(cuda-shims root)"')
    what = f"{names} another toolkit, {folder}."
    why = "builds take that one and not the wheels"
    return Finding("variables-elsewhere", WARNING, what, why, f"{unset}; or: {setting('CUDA_SHIMS_PREFER', 'wheels')}")


def _host_compiler(case: Case) -> Iterator[Finding]:
    if case.home and not (case.toolkit and case.toolkit.parts):  # no nvcc, no host compiler of it
        limit = host_compilers.limits(case.home)
        for compiler in host_compilers.host_compilers(case.environ):
            yield _judged(case, compiler, limit)


def _judged(case: Case, compiler: HostCompiler, limit: dict[str, int]) -> Finding:
    name = compiler.name
    if host_compilers.suits(compiler, limit):
        return Finding("host-compiler", OK, f"The host compiler is {name} ({compiler.path}).")
    fix = other_compiler(case, compiler, limit)
    if not compiler.kind:
        return _unusable(case, compiler, fix)
    if host_compilers.allows_unsupported(case.environ):
        what = f"The host compiler is {name} ({compiler.path}), which you told nvcc to allow."
        return Finding("host-compiler", OK, what)
    upto = " and ".join(f"{kind} up to {host_compilers.version(kind, major)}" for kind, major in limit.items())
    what = f"The host compiler is {name} ({compiler.path}), and this nvcc takes {upto}."
    why = f"nvcc stops at it, unless told {host_compilers.ALLOW_FLAG} (NVCC_APPEND_FLAGS), which is at your risk"
    return Finding("host-compiler-unsupported", ERROR, what, why, fix)


def _unusable(case: Case, compiler: HostCompiler, fix: str) -> Finding:
    by = "nvcc runs" if compiler.source == "nvcc" else f"{compiler.source} names"
    why = "nvcc hands the host half of every .cu file to it"
    if compiler.path:
        what = f"{by} {compiler.path}, which is no working C++ compiler: {compiler.problem}."
        fix = "take that entry out of PATH" if compiler.problem == host_compilers.NOT_RUN else fix
        return Finding("host-compiler-broken", ERROR, what, why, fix)
    if not compiler.command:
        why = 'nvcc takes the empty name for one: "No such file or directory"'
        return Finding("no-host-compiler", ERROR, f"{compiler.source} is set and empty.", why, fix)
    if compiler.command == "cl.exe" and visual_studio.prompt(case.environ):
        why = "nvcc runs it, and CMake with Ninja; setuptools and Meson find it without PATH"
        return Finding("host-compiler-not-on-path", WARNING, "cl.exe is not on PATH.", why, fix)
    what = f"There is no host compiler: {by} {compiler.command}, which is not there."
    return Finding("no-host-compiler", ERROR, what, why, fix)


def other_compiler(case: Case, compiler: HostCompiler, limit: dict[str, int]) -> str:
    """
    Say how to have another host compiler.

    :param case: the environment
    :param compiler: the one that does not do
    :param limit: see :func:`cuda_shims.host_compilers.limits`
    :returns: an instruction

    """
    source = compiler.source
    flags = source.endswith("_FLAGS")
    if source != "nvcc" and host_compilers.suits(host_compilers.ask(*host_compilers.DEFAULT, case.environ), limit):
        return f"take -ccbin out of {source}" if flags else f"unset {source}"
    before = f"take -ccbin out of {source}, and: " if flags else ""
    if _WINDOWS:
        return before + visual_studio.how_to_get(limit, case.environ)
    name = "NVCC_CCBIN" if flags or source == "nvcc" else source
    other = host_compilers.accepted(limit, case.environ)
    if other:
        return f"{before}{setting(name, other)}"
    newest = f"g++-{limit['gcc']}" if "gcc" in limit else "g++"
    return (
        f"{before}install g++ (Debian: apt-get install g++), {newest} at most; if gcc is newer: export {name}={newest}"
    )


def _nvcc(case: Case) -> Iterator[Finding]:
    if not case.home or (case.toolkit and case.toolkit.parts):
        return
    nvcc = envvars.executable(case.home, "nvcc")
    if not os.path.exists(nvcc) or not next(host_compilers.host_compilers(case.environ)).kind:
        return  # has been said, and nvcc says nothing more without its host compiler
    if not visual_studio.can_be_named(nvcc):
        return  # will be said
    code, text = host_compilers.run([nvcc, "--dryrun", "-x", "cu", os.devnull], case.environ)
    wheel = case.toolkit.components.get("nvidia-cuda-nvcc") if case.toolkit else None
    again = case.pip("--force-reinstall", f"nvidia-cuda-nvcc=={wheel}") if wheel else f"repair {case.home}"
    if code != 0:
        what = f"{nvcc} does not run: {host_compilers.last_line(text) or f'exit code {code}'}."
        why = "it compiles nothing; where the system calls a file missing that is there, its loader is (musl, NixOS)"
        flags = [name for name in ("NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS") if case.environ.get(name)]
        fix = f"correct or unset {' and '.join(flags)}" if flags else again
        yield Finding("nvcc-fails", ERROR, what, why, fix)
        return
    # a run without TOP succeeds too, and then knows no include directory
    top = next((line[len("#$ TOP=") :] for line in text.splitlines() if line.startswith("#$ TOP=")), None)
    if top is not None and _normal(top) == _normal(case.home):
        yield Finding("nvcc", OK, f"nvcc runs, and its toolkit is {case.home}.")
    else:
        found = os.path.normpath(top) if top else "nothing (its nvcc.profile is missing)"
        what = f"{nvcc} takes for its toolkit: {found}."
        yield Finding("nvcc-wrong-home", ERROR, what, "it finds no headers, or those of another toolkit", again)


def _normal(path: str) -> str:
    return os.path.normcase(os.path.normpath(path))


CHECKS = (_path, _variables, _host_compiler, _nvcc)

__all__ = ["CHECKS", "other_compiler"]
