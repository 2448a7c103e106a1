"""
What can go wrong with a toolkit in an environment, each with its consequence and its fix.

Every check stands alone, reads only, and may run nvcc and the host compiler, but compiles nothing. An *error* means
that a build does not work, a *warning* that some do not, or that a shell gets something else than a build does.
"""

from __future__ import annotations

import os
import platform
import shlex
import sys
from typing import NamedTuple

from . import api, catalog, envvars, host_compilers, own_files, plan, report, root_maker, roots, search, shims
from .config import Config, load_config
from .errors import ConfigError
from .toolkits import distributions, find_toolkits, header_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .environments import Environment
    from .host_compilers import HostCompiler
    from .toolkits import Toolkit

OK, WARNING, ERROR = "ok", "warning", "error"
#: what tells that a component is there, below the toolkit's folder, and what fails without it
_COMPONENTS = {
    "nvidia-cuda-nvcc": ("bin/nvcc", "there is no compiler"),
    "nvidia-nvvm": ("nvvm/bin/cicc", "nvcc compiles nothing without cicc"),
    "nvidia-cuda-crt": ("include/crt/host_config.h", "nvcc compiles nothing without the headers in crt/"),
    "nvidia-cuda-runtime": ("include/cuda_runtime.h", "every .cu file includes cuda_runtime.h"),
    "nvidia-cuda-cccl": ("include/cccl", "cuda_fp16.h includes nv/target, and Thrust, CUB and libcu++ are missing"),
}
_BUILDS_GO_ON = "builds started from Python work all the same: the start-up hook puts the root's bin first on PATH"


class Finding(NamedTuple):
    """What a check found."""

    #: a stable name for programs
    code: str
    #: ``ok``, ``warning`` or ``error``
    level: str
    #: one sentence
    what: str
    #: the consequence
    why: str = ""
    #: a command or an instruction
    fix: str = ""


class _Case(NamedTuple):
    environment: Environment
    environ: Mapping[str, str]
    config: Config
    toolkits: list[Toolkit]
    #: the one that builds take; ``None`` when there is none, and when CUDA_SHIMS_TOOLKIT names a folder instead
    toolkit: Toolkit | None
    #: what CUDA_HOME should name
    home: str | None
    #: whether the environment is that of this process
    here: bool

    def command(self, word: str) -> str:
        """Spell a command of ours for this environment."""
        return " ".join(["cuda-shims", *word.split(), *self._place("--target", "--python")])

    def pip(self, *requirements: str) -> str:
        """Spell pip's line that installs something in this environment."""
        options = [] if self.environment.is_target else self._place("--target", "--python")
        target = self._place("--target", "") if self.environment.is_target else []
        quoted = [f'"{each}"' if set(each) & set("[*<>") else each for each in requirements]
        return " ".join(["pip", *options, "install", *target, *quoted])

    def extras(self, *components: str) -> str:
        """Name the requirement that brings components at the release of the toolkit."""
        names = [each.extra for each in catalog.COMPONENTS if each.distribution in components]
        return f"cuda-toolkit[{','.join(names)}]=={self.toolkit.release if self.toolkit else 13}.*"

    def _place(self, target: str, python: str) -> list[str]:
        if self.environment.is_target:
            return [target, shlex.quote(self.environment.site_dirs[0])]
        return [] if self.here else [python, shlex.quote(os.path.join(self.environment.scripts, "python"))]


def examine(environment: Environment, environ: Mapping[str, str], directory: str) -> list[Finding]:
    """
    Look for all that can go wrong.

    :param environment: the environment to examine
    :param environ: the environment variables that builds are to have
    :param directory: the project's root, whose ``pyproject.toml`` counts
    :returns: the findings, in the order of the checks; whatever state the environment is in, nothing is raised

    """
    found: list[Finding] = []
    try:
        config = load_config(directory, environ)
    except ConfigError as error:
        config = Config()
        found.append(Finding("config-invalid", ERROR, str(error), "builds ignore it and take the defaults", "correct it"))
    except Exception as error:  # noqa: BLE001 # as below
        config = Config()
        found.append(_failed("config", error))
    try:
        case = _case(environment, environ, config)
    except Exception as error:  # noqa: BLE001 # as below
        return _printable([*found, _failed("toolkits", error)])
    for check in _CHECKS:
        try:
            found += check(case)
        except Exception as error:  # noqa: BLE001 # a check that cannot be made may not take the others' findings away
            found.append(_failed(check.__name__.strip("_"), error))
    return _printable(found)


def _case(environment: Environment, environ: Mapping[str, str], config: Config) -> _Case:
    here = set(environment.site_dirs) <= set(sys.path)
    # what PYTHONPATH adds, and pip's other prefix, are on this process's path alone
    toolkits = find_toolkits(environment.site_dirs) or (find_toolkits() if here else [])
    choice = config.toolkit or ""
    if os.path.isabs(choice) and _is_nvcc(envvars.executable(choice, "nvcc")):
        return _Case(environment, environ, config, toolkits, None, choice, here)
    wanted = [toolkit for toolkit in toolkits if str(toolkit.major) == choice] or toolkits
    toolkit = next((each for each in wanted if "nvcc" in each.tools), wanted[0] if wanted else None)
    return _Case(environment, environ, config, toolkits, toolkit, toolkit.home if toolkit else None, here)


def _failed(check: str, error: Exception) -> Finding:
    name = check.replace("_", " ")
    what = f"The check of {name} could not be made: {error or type(error).__name__}."
    return Finding("check-failed", WARNING, what, "what it would have found is not known", "see what the message names")


def _printable(found: list[Finding]) -> list[Finding]:
    # a file's name may hold bytes that are no text, and control characters that a terminal obeys
    def plain(text: str) -> str:
        return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)

    return [Finding(*map(plain, each)) for each in found]


def _is_nvcc(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK) and not shims.is_shim(path)


def _platform(case: _Case) -> Iterator[Finding]:
    del case
    machine = platform.machine()
    if sys.platform != "linux" or machine not in {"x86_64", "aarch64"}:
        why = "this version of cuda-shims knows NVIDIA's wheels for Linux on x86_64 and aarch64"
        what = f"This is {sys.platform} on {machine}, which is not supported."
        yield Finding("unsupported-platform", ERROR, what, why, "build on such a machine, or in a container of one")
    else:
        yield Finding("platform", OK, f"This is Linux on {machine}.")


def _choice(case: _Case) -> Iterator[Finding]:
    choice = case.config.toolkit
    if not choice:
        return
    by_user = bool(case.environ.get(envvars.TOOLKIT))
    source = envvars.TOOLKIT if by_user else "pyproject.toml ([tool.cuda-shims] toolkit)"
    fix = f"unset {envvars.TOOLKIT}" if by_user else "change it there"
    there = ", ".join(f"CUDA {toolkit.version}" for toolkit in case.toolkits) or "none"
    if os.path.isabs(choice):
        if case.home == choice:
            yield Finding("choice", OK, f"{source} names {choice}: builds take it and not the wheels.")
        else:
            what = f"{source} names {choice}, which has no bin/nvcc that can be run."
            yield Finding("no-such-toolkit", ERROR, what, "builds look for everything there", fix)
    elif choice not in {str(toolkit.major) for toolkit in case.toolkits}:
        what = f"{source} asks for CUDA {choice}, and what is installed is: {there}."
        why = "shims and cuda-shims itself refuse to run another one"
        yield Finding("no-such-toolkit", ERROR, what, why, f"{fix}, or: {case.pip(f'cuda-toolkit[all]=={choice}.*')}")
    else:
        yield Finding("choice", OK, f"{source} asks for CUDA {choice}, which is there.")


def _toolkit(case: _Case) -> Iterator[Finding]:
    compilers = {toolkit.site_dir for toolkit in case.toolkits if "nvcc" in toolkit.tools}
    older = ""
    empty = False
    for site_dir in case.environment.site_dirs:
        for name, version, _ in distributions(site_dir):
            if name in {"nvidia-cuda-nvcc-cu11", "nvidia-cuda-nvcc-cu12"}:
                older = f"; {name} {version} holds no nvcc: on PyPI there is one from CUDA 13.0 on"
            if name == "nvidia-cuda-nvcc" and site_dir not in compilers:
                empty = True
                yield _without_files(case, version)
    if case.toolkit:
        yield Finding("toolkit", OK, f"CUDA {case.toolkit.version} is in {case.toolkit.path}.")
    elif not case.home and not empty:
        what = f"There is no pip-installed CUDA toolkit in {case.environment.label}."
        yield Finding("no-toolkit", ERROR, what, f"there is nothing to compile with{older}", case.pip("cuda-shims[cu13]"))


def _without_files(case: _Case, version: str) -> Finding:
    if version.startswith("0."):
        what = f"nvidia-cuda-nvcc {version} is a placeholder without a compiler."
        why = "pip takes it where NVIDIA has no wheel: on musl (Alpine), macOS and ppc64le"
        fix = "use Linux with glibc on x86_64 or aarch64 (python:3-slim instead of python:3-alpine), then: "
        return Finding("placeholder-wheel", ERROR, what, why, fix + case.pip("cuda-shims[cu13]"))
    fix = case.pip("--force-reinstall", "--no-deps", f"nvidia-cuda-nvcc=={version}")
    what = f"nvidia-cuda-nvcc {version} is installed, and its compiler is not there."
    return Finding("placeholder-wheel", ERROR, what, "there is nothing to compile with", fix)


def _components(case: _Case) -> Iterator[Finding]:
    toolkit = case.toolkit
    if not toolkit:
        return
    gone = [name for name, (file, _) in _COMPONENTS.items() if not os.path.exists(os.path.join(toolkit.path, file))]
    for code, names in (
        ("component-missing", [name for name in gone if name not in toolkit.components]),
        ("component-broken", [name for name in gone if name in toolkit.components]),
    ):
        if not names:
            continue
        level = WARNING if names == ["nvidia-cuda-cccl"] else ERROR
        why = "; ".join(_COMPONENTS[name][1] for name in names)
        if code == "component-missing":
            what, fix = f"Not installed: {', '.join(names)}.", case.pip(case.extras(*names))
        else:
            exact = [f"{name}=={toolkit.components[name]}" for name in names]
            what = f"Installed, and files of it are gone: {', '.join(names)}."
            fix = case.pip("--force-reinstall", "--no-deps", *exact)
        yield Finding(code, level, what, why, fix)
    if not gone:
        yield Finding("components", OK, "All that nvcc needs is installed.")


def _versions(case: _Case) -> Iterator[Finding]:
    toolkit = case.toolkit
    nvcc = toolkit.components.get("nvidia-cuda-nvcc") if toolkit else None
    if not toolkit or not nvcc:
        return
    fix = case.pip(case.extras(*catalog.COMPILER_COMPONENTS))
    others = {name: toolkit.components.get(name) for name in ("nvidia-nvvm", "nvidia-cuda-crt")}
    wrong = [f"{name} {version}" for name, version in others.items() if version and _minor(version) != _minor(nvcc)]
    if wrong:
        why = "ptxas refuses what the cicc of another release writes (Unsupported .version), and the headers do not fit"
        yield Finding("version-mismatch", ERROR, f"nvidia-cuda-nvcc {nvcc} is with {' and '.join(wrong)}.", why, fix)
    headers = header_version(toolkit.path)
    if headers and headers != _minor(nvcc):
        what = f"nvidia-cuda-nvcc {nvcc} is with the headers of CUDA {headers} (nvidia-cuda-runtime)."
        why = 'CCCL, and with it Thrust and CUB, stops: "CUDA compiler and CUDA toolkit headers are incompatible"'
        yield Finding("header-mismatch", WARNING, what, why, fix)
    elif not wrong:
        yield Finding("versions", OK, f"The components are all of CUDA {toolkit.release}.")


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _executables(case: _Case) -> Iterator[Finding]:
    toolkit = case.toolkit
    if not toolkit:
        return
    wrong = [name for name, path in toolkit.tools.items() if not os.access(path, os.X_OK)]
    if not wrong:
        yield Finding("executables", OK, "All tools can be executed.")
        return
    wheels = {tool.distribution for tool in catalog.TOOLS if tool.name in wrong}
    level = ERROR if wheels & {"nvidia-cuda-nvcc", "nvidia-nvvm"} else WARNING
    exact = [f"{name}=={toolkit.components[name]}" if name in toolkit.components else name for name in sorted(wheels)]
    why = "something has taken their executable bit (a copy, an archive), or the file system is mounted noexec"
    fix = case.pip("--force-reinstall", "--no-deps", *exact)  # not chmod: uv links files of its cache
    yield Finding("not-executable", level, f"Not executable: {', '.join(wrong)}.", why, fix)


def _root(case: _Case) -> Iterator[Finding]:
    toolkit = case.toolkit
    if not toolkit:
        return
    root = toolkit.root
    beside = search.root_path(toolkit.site_dir, toolkit.major)
    if root and not roots.is_plain(root):
        why = "CMake cannot link against a toolkit below a path with a space, and the cache directory has one too"
        fix = f"export XDG_CACHE_HOME to a folder with a plain path, then: {case.command('root')}"
        yield Finding("root-path", WARNING, f"The toolkit root is {root}.", why, fix)
    elif root:
        reason = "its wheels' folder has a space" if not roots.is_plain(beside) else "its wheels' folder is read-only"
        note = "" if root == beside else f", in the user's cache directory, because {reason} or is not ours to write to"
        yield Finding("root", OK, f"The toolkit root is {root}{note}.")
    else:
        ours = root_maker.is_ours(toolkit.site_dir) and os.access(toolkit.site_dir, os.W_OK)
        place = root_maker.plan_root(toolkit, beside=ours, driver_stub=False).path
        stale = os.path.lexists(place)
        why = f"the wheels' own folder ({toolkit.path}) serves, where find_package(CUDAToolkit), -lcuda and -dlto fail"
        blocker = place
        while not os.path.lexists(blocker):
            blocker = os.path.dirname(blocker)
        if os.path.isdir(blocker) and os.access(blocker, os.W_OK):
            code, state = ("root-stale", "older than the wheels") if stale else ("root-missing", "missing")
            yield Finding(code, WARNING, f"The toolkit root {place} is {state}.", why, case.command("root"))
        else:
            what = f"The toolkit root {place} cannot be made: {blocker} is not writable."
            fix = f"make it writable, or export XDG_CACHE_HOME to a folder that is, then: {case.command('root')}"
            yield Finding("root-unwritable", ERROR, what, why, fix)


def _hook(case: _Case) -> Iterator[Finding]:
    environment = case.environment
    why = "builds started from Python are not told where the toolkit is"
    if environment.dist_info is None:
        what = f"cuda-shims is not installed in {environment.label}, so it has no start-up hook."
        yield Finding("not-installed", WARNING, what, why, case.pip("cuda-shims"))
        return
    wrong = [(kind, path) for kind, path in _own_files(case) if own_files.is_hook(path) and kind != plan.KEEP]
    for kind, path in wrong:
        if kind == plan.CONFLICT:
            what = f"{path} is not ours: it belongs to {api.owner(environment.site_dirs, path)}."
            fix = 'add this line to it: "import cuda_shims.startup; cuda_shims.startup.main()"'
            yield Finding("hook-foreign", WARNING, what, why, fix)
        else:
            state = "missing" if kind == plan.CREATE else "not as this version of cuda-shims has it"
            yield Finding("hook-missing", WARNING, f"The start-up file {path} is {state}.", why, case.command("install"))
    if case.environ.get("CUDA_SHIMS_STARTUP") == "0":
        fix = "unset CUDA_SHIMS_STARTUP"
        yield Finding("hook-off", WARNING, "The start-up hook is turned off: CUDA_SHIMS_STARTUP=0.", why, fix)
    elif not case.here or not case.home or not search_compilers(case) or _taken_over(case):
        if not wrong:
            yield Finding("hook", OK, "The start-up hook is in place.")
    elif case.environ.get(envvars.MARKER) != case.home:
        what = "The start-up hook has not run in this process, or took another toolkit."
        fix = "start Python without -S, and not with cuda-shims on PYTHONPATH alone: that takes cuda-shims install --target"
        yield Finding("hook-not-run", WARNING, what, why, fix)
    elif not wrong:
        yield Finding("hook", OK, "The start-up hook works.")


def search_compilers(case: _Case) -> bool:
    """Tell whether the hook has something to set variables for."""
    return case.toolkit is None or "nvcc" in case.toolkit.tools


def _taken_over(case: _Case) -> bool:
    return bool(case.home and envvars.user_toolkit(case.environ, case.home))


def _own_files(case: _Case) -> list[tuple[str, str]]:
    environment = case.environment
    site_dir = environment.site_dir
    hook = environment.dist_info is not None
    actions = own_files.plan_files(
        site_dir, environment.scripts, case.toolkits, hook=hook, target=environment.is_target
    )
    return [(each.kind, os.path.normpath(os.path.join(site_dir, each.path))) for each in actions if each.entry]
