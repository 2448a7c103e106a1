"""
What can go wrong with a toolkit in an environment, each with its consequence and its fix.

Every check stands alone and reads only; those of :mod:`cuda_shims.surroundings` run nvcc and the host compiler, and
compile nothing.
"""

from __future__ import annotations

import os

from . import (
    api,
    build_folders,
    catalog,
    component_findings,
    conda,
    envvars,
    needs,
    own_files,
    plan,
    root_maker,
    search,
    surroundings,
    systems,
    visual_studio,
)
from .config import Config, load_config, load_pyproject
from .errors import ConfigError
from .findings import ERROR, OK, WARNING, Case, Finding, make_case, printable
from .toolkits import distributions, header_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .environments import Environment
    from .toolkits import Toolkit

#: what tells that a component is there, below the toolkit's folder, and what fails without it
_COMPONENTS = {
    "nvidia-cuda-nvcc": ("bin/nvcc", "there is no compiler"),
    "nvidia-nvvm": ("nvvm/bin/cicc", "nvcc compiles nothing without cicc"),
    "nvidia-cuda-crt": ("include/crt/host_config.h", "nvcc compiles nothing without the headers in crt/"),
    "nvidia-cuda-runtime": ("include/cuda_runtime.h", "nvcc includes cuda_runtime.h in every .cu file"),
    "nvidia-cuda-cccl": ("include/cccl", "cuda_fp16.h includes nv/target, and Thrust, CUB and libcu++ are missing"),
}
_NOT_FOUND = "CMake says that the target was not found, the linker that it cannot find -l…, the compiler: no such file"
_UNTOLD = "builds started from Python are not told where the toolkit is"
_SHELL_ONLY = "a shell is affected, and make; builds started from Python have the root's own bin first on PATH"


def examine(environment: Environment, environ: Mapping[str, str], directory: str) -> list[Finding]:
    """
    Look for all that can go wrong.

    :param environment: the environment to examine
    :param environ: the environment variables that builds have
    :param directory: the project's root, whose ``pyproject.toml`` counts
    :returns: the findings, in the order of the checks; nothing is raised, whatever state the environment is in

    """
    found: list[Finding] = []
    config = Config()
    try:
        config = load_config(directory, environ)
    except ConfigError as error:
        found.append(Finding("config-invalid", ERROR, str(error), "builds go on without it", "correct what it names"))
    except Exception as error:  # noqa: BLE001 # as below
        found.append(_failed("configuration", error))
    try:
        case = make_case(environment, environ, config)
    except Exception as error:  # noqa: BLE001 # as below
        found.append(_failed("toolkits", error))
    else:
        case = case._replace(directory=directory)
        for check in (*_CHECKS, *surroundings.CHECKS, *visual_studio.CHECKS, _needs, build_folders.check):
            found += _results(check, case)
    return [printable(each) for each in found]


def _results(check: Callable[[Case], Iterator[Finding]], case: Case) -> list[Finding]:
    found: list[Finding] = []
    try:
        found += check(case)
    except Exception as error:  # noqa: BLE001 # a check that cannot be made may not take away what others found
        found.append(_failed(check.__name__.strip("_").replace("_", " "), error))
    return found


def _failed(check: str, error: Exception) -> Finding:
    what = f"The check of {check} could not be made: {str(error) or type(error).__name__}."
    return Finding("check-failed", WARNING, what, "what it would have found is not known", "see what the message names")


def _platform(_: Case) -> Iterator[Finding]:
    if systems.unserved():
        what = f"This is {systems.here()}, for which NVIDIA has no CUDA wheels."
        yield Finding("unsupported-platform", ERROR, what, f"they are for {systems.SERVED}", systems.FIX)
    else:
        yield Finding("platform", OK, f"This is {systems.here()}.")


def _choice(case: Case) -> Iterator[Finding]:
    choice = case.config.toolkit
    if not choice:
        return
    by_user = bool(case.environ.get(envvars.TOOLKIT))
    source = envvars.TOOLKIT if by_user else "[tool.cuda-shims] toolkit in pyproject.toml"
    fix = f"unset {envvars.TOOLKIT}" if by_user else "change it there"
    if os.path.isabs(choice):
        if case.home == choice:
            yield Finding("choice", OK, f"{source} names {choice}: builds take it and not the wheels.")
        else:
            what = f"{source} names {choice}, which has no bin/nvcc that can be run."
            yield Finding("no-such-toolkit", ERROR, what, "builds look for everything there", fix)
    elif choice not in {str(toolkit.major) for toolkit in case.toolkits}:
        there = ", ".join(f"CUDA {toolkit.version}" for toolkit in case.toolkits) or "none"
        what = f"{source} asks for CUDA {choice}, and the toolkit that is installed is: {there}."
        yield Finding("no-such-toolkit", ERROR, what, "cuda-shims gives no other one than that asked for", fix)
    else:
        yield Finding("choice", OK, f"{source} asks for CUDA {choice}, which is there.")


def _toolkit(case: Case) -> Iterator[Finding]:
    compilers = {toolkit.site_dir for toolkit in case.toolkits if "nvcc" in toolkit.tools}
    why = "there is nothing to compile with"
    empty = False
    for site_dir in case.environment.site_dirs:
        for name, version, _ in distributions(site_dir, "nvidia"):
            if name in {"nvidia-cuda-nvcc-cu11", "nvidia-cuda-nvcc-cu12"}:
                why = f"{name} {version} holds no nvcc; on PyPI there is one from CUDA 13.0 on"
            if name == "nvidia-cuda-nvcc" and site_dir not in compilers and not systems.unserved():
                empty = True
                yield _without_files(case, version)
    if case.toolkit:
        yield Finding("toolkit", OK, f"CUDA {case.toolkit.version} is in {case.toolkit.path}.")
    elif not case.home and not empty and not systems.unserved():
        what = f"There is no pip-installed CUDA toolkit in {case.environment.label}."
        yield Finding("no-toolkit", ERROR, what, why, case.pip(catalog.BUNDLE))


def _without_files(case: Case, version: str) -> Finding:
    if version.startswith("0."):
        what = f"nvidia-cuda-nvcc {version} is a placeholder without a compiler."
        why = "pip takes it where NVIDIA has no wheel: on musl (Alpine), macOS and ppc64le"
        fix = "use Linux with glibc on x86_64 or aarch64 (python:3-slim instead of python:3-alpine), then: "
        return Finding("placeholder-wheel", ERROR, what, why, fix + case.pip(catalog.BUNDLE))
    what = f"nvidia-cuda-nvcc {version} is installed, and its compiler is not there."
    fix = case.pip("--force-reinstall", "--no-deps", f"nvidia-cuda-nvcc=={version}")
    return Finding("empty-wheel", ERROR, what, "there is nothing to compile with", fix)


def _components(case: Case) -> Iterator[Finding]:
    toolkit = case.toolkit
    if not toolkit or toolkit.parts:
        return
    files = {name: os.path.join(toolkit.path, file) for name, (file, _) in _COMPONENTS.items()}
    gone = [name for name, file in files.items() if not os.path.exists(file) and not os.path.exists(file + ".exe")]
    missing = [name for name in gone if name not in toolkit.components]
    broken = [name for name in gone if name in toolkit.components]
    exact = [f"{name}=={toolkit.components[name]}" for name in broken]
    for code, names, what, fix in (
        ("component-missing", missing, "Not installed", case.pip(case.extras(*missing))),
        ("component-broken", broken, "Installed without its files", case.pip("--force-reinstall", "--no-deps", *exact)),
    ):
        if names:
            level = WARNING if names == ["nvidia-cuda-cccl"] else ERROR
            why = "; ".join(_COMPONENTS[name][1] for name in names)
            yield Finding(code, level, f"{what}: {', '.join(names)}.", why, fix)
    if not gone:
        yield Finding("components", OK, "All that nvcc needs is installed.")


def _versions(case: Case) -> Iterator[Finding]:
    toolkit = case.toolkit
    nvcc = toolkit.components.get("nvidia-cuda-nvcc") if toolkit else None
    if not toolkit or not nvcc:
        return
    fix = case.pip(case.extras(*catalog.COMPILER_COMPONENTS))
    others = {name: toolkit.components.get(name) for name in ("nvidia-nvvm", "nvidia-cuda-crt")}
    wrong = [f"{name} {version}" for name, version in others.items() if version and _minor(version) != _minor(nvcc)]
    if wrong:
        what = f"nvidia-cuda-nvcc {nvcc} is there with {' and '.join(wrong)}."
        why = "ptxas refuses what the cicc of another release writes (Unsupported .version), and headers do not fit"
        yield Finding("version-mismatch", ERROR, what, why, fix)
    headers = header_version(toolkit.path)
    if headers and headers != _minor(nvcc):
        what = f"nvidia-cuda-nvcc {nvcc} is there with the headers of CUDA {headers} (nvidia-cuda-runtime)."
        why = 'CCCL, so Thrust and CUB, stops: "CUDA compiler and CUDA toolkit headers are incompatible"'
        yield Finding("header-mismatch", WARNING, what, why, fix)
    elif not wrong:
        yield Finding("versions", OK, f"Compiler and headers are of CUDA {_minor(nvcc)}.")


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _executables(case: Case) -> Iterator[Finding]:
    toolkit = case.toolkit
    if not toolkit:
        return
    wrong = [name for name, path in toolkit.tools.items() if not os.access(path, os.X_OK)]
    if toolkit.parts and "compute-sanitizer" in wrong:  # as its wheel has it; the root runs it
        wrong.remove("compute-sanitizer")
    if not wrong:
        yield Finding("executables", OK, "All tools can be executed.")
        return
    wheels = sorted({toolkit.distribution(tool.distribution) for tool in catalog.TOOLS if tool.name in wrong})
    level = ERROR if {"nvidia-cuda-nvcc", "nvidia-nvvm"} & set(wheels) else WARNING
    exact = [f"{name}=={toolkit.components[name]}" if name in toolkit.components else name for name in wheels]
    why = "a copy or an archive has lost their executable bit, or the file system is mounted noexec"
    fix = case.pip("--force-reinstall", "--no-deps", *exact)  # not chmod: uv links the files of its cache
    yield Finding("not-executable", level, f"Not executable: {', '.join(wrong)}.", why, fix)


def _root(case: Case) -> Iterator[Finding]:
    toolkit = case.toolkit
    if not toolkit or not case.home:
        return
    beside = search.root_path(toolkit.site_dir, toolkit.major)
    root = toolkit.root
    place = beside if search.WHEELS_ARE_ROOT else root
    # with or without the driver's stub: it may have been made for another project, which wants none
    if root and place and not root_maker.is_whole(root_maker.plan_root(toolkit, place, driver_stub=False)):
        what = f"The toolkit root {root} lacks some of what it should hold, though no wheel is newer."
        why = "a clock went backwards while a wheel was installed, or somebody changed it"
        yield Finding("root-damaged", WARNING, what, why, case.command("install"))
    elif root and search.WHEELS_ARE_ROOT:
        yield Finding("root", OK, f"The toolkit root is {root}; {beside} has what it lacks.")
    elif root and not search.is_plain(root):
        why = "CMake cannot link against a toolkit below a path with a space or a sign that a shell knows"
        fix = f"export XDG_CACHE_HOME as a folder with a plain path, then: {case.command('root')}"
        yield Finding("root-path", WARNING, f"The toolkit root is {root}.", why, fix)
    elif root:
        why_not = "has a space or its like" if not search.is_plain(beside) else "is not ours to write to"
        note = "" if root == beside else f", in the cache directory, because that of the wheels {why_not}"
        yield Finding("root", OK, f"The toolkit root is {root}{note}.")
    else:
        yield _no_root(case, toolkit)


def _no_root(case: Case, toolkit: Toolkit) -> Finding:
    why = f"the wheels' own folder, {toolkit.path}, serves, where find_package(CUDAToolkit), -lcuda and -dlto fail"
    if toolkit.parts:
        why = "the wheels' own folders, one for each component, form no toolkit"
    thing = "toolkit root"
    if search.WHEELS_ARE_ROOT:
        why = "find_package(CCCL) stops: the wheel's own CMake files do not find their headers"
        thing = "supplement to the toolkit"
    writable = root_maker.is_writable(toolkit.site_dir)
    place = root_maker.place_of_root(toolkit.site_dir, toolkit.major, beside=writable)
    above = place
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if not os.path.isdir(above) or not os.access(above, os.W_OK):
        what = f"The {thing} {place} cannot be made: {above} cannot be written."
        other = "" if search.WHEELS_ARE_ROOT else ", or export XDG_CACHE_HOME as a folder that is"
        return Finding("root-unwritable", ERROR, what, why, f"make it writable{other}, then: {case.command('root')}")
    if above != place:
        return Finding("root-missing", WARNING, f"There is no {thing} {place} yet.", why, case.command("root"))
    if not search.is_trusted(place, search.wheels_path(toolkit.site_dir, toolkit.major)):
        what = f"The {thing} {place} belongs to another user (uid {os.lstat(place).st_uid}), and is not used."
        return Finding("root-foreign", WARNING, what, why, case.command("install"))
    what = f"The {thing} {place} is older than its wheels."
    return Finding("root-stale", WARNING, what, why, case.command("root"))


def _own_files(case: Case) -> list[tuple[str, str]]:
    environment = case.environment
    hook = environment.dist_info is not None
    target = environment.is_target
    beside = [toolkit for toolkit in case.toolkits if toolkit.site_dir == environment.site_dir]
    actions = own_files.plan_files(environment.site_dir, environment.scripts, beside, hook=hook, target=target)
    wanted = [each for each in actions if each.entry]
    return [(each.kind, os.path.normpath(os.path.join(environment.site_dir, each.path))) for each in wanted]


def _hook(case: Case) -> Iterator[Finding]:
    environment = case.environment
    if environment.dist_info is None:
        what = f"cuda-shims is not installed in {environment.label}, so there is no start-up hook."
        yield Finding("not-installed", WARNING, what, _UNTOLD, case.pip("cuda-shims"))
        return
    wrong = [(kind, path) for kind, path in _own_files(case) if own_files.is_hook(path) and kind != plan.KEEP]
    wrong = [(kind, path) for kind, path in wrong if kind != plan.REPLACE or not own_files.is_linked_hook(path)]
    for kind, path in wrong:
        if kind == plan.CONFLICT:
            what = f"{path} is not ours: it belongs to {api.owner(environment.site_dirs, path)}."
            fix = 'add this line to it: "import _cuda_shims; _cuda_shims.main()"'
            yield Finding("hook-foreign", WARNING, what, _UNTOLD, fix)
        else:
            state = "missing" if kind == plan.CREATE else "not that of this version of cuda-shims"
            what = f"The start-up file {path} is {state}."
            yield Finding("hook-missing", WARNING, what, _UNTOLD, case.command("install"))
    compiler = case.toolkit is None or "nvcc" in case.toolkit.tools
    if case.environ.get("CUDA_SHIMS_STARTUP") == "0":
        what = "CUDA_SHIMS_STARTUP=0 turns the start-up hook off."
        yield Finding("hook-off", WARNING, what, _UNTOLD, "unset CUDA_SHIMS_STARTUP")
    elif wrong or not case.here or not case.home or not compiler or envvars.user_toolkit(case.environ, case.home):
        if not wrong:
            yield Finding("hook", OK, "The start-up hook is in place.")
    elif case.environ.get(envvars.MARKER) != case.home:
        what = "The start-up hook has not run in this process, or found another toolkit before this one."
        fix = "start Python again, without -S; a folder on PYTHONPATH needs: cuda-shims install --target DIR"
        yield Finding("hook-not-run", WARNING, what, _UNTOLD, fix)
    else:
        yield Finding("hook", OK, "The start-up hook is in place, and has run in this process.")


def _shims(case: Case) -> Iterator[Finding]:
    environment = case.environment
    found = [(kind, path) for kind, path in _own_files(case) if not own_files.is_hook(path)]
    if environment.dist_info is None and not any(kind in {plan.KEEP, plan.REPLACE} for kind, _ in found):
        return  # that we are not installed there has been said
    for kind, code, what, why in (
        (plan.CREATE, "shim-missing", "Shims that are missing", _SHELL_ONLY),
        (
            plan.REPLACE,
            "shim-stale",
            "Shims that are not up to date",
            "a compiler cache may take one toolkit for another",
        ),
    ):
        names = [os.path.basename(path) for each, path in found if each == kind]
        if names:
            text = f"{what} in {environment.scripts}: {', '.join(names)}."
            yield Finding(code, WARNING, text, why, case.command("install"))
    for path in (path for kind, path in found if kind == plan.CONFLICT):
        owner = api.owner(environment.site_dirs, path)
        what = f"{path} is not our shim: it belongs to {owner}."
        fix = case.command("install") + " --force"
        if owner.startswith("conda's"):  # pip would remove it
            fix = f"keep one of the two: {case.command('uninstall')} (not pip, which would remove conda's); or: {fix}"
        yield Finding("shim-foreign", WARNING, what, _SHELL_ONLY, fix)
    if all(kind == plan.KEEP for kind, _ in found):
        yield Finding("shims", OK, f"The shims are in {environment.scripts}.")


def _needs(case: Case) -> Iterator[Finding]:
    uses = needs.find_uses(case.directory)
    if not uses:
        return
    system = load_pyproject(case.directory).get("build-system")
    given = system.get("requires") if isinstance(system, dict) else None
    requires = [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
    brought = needs.brought_extras(requires)
    wheels = {each.extra: case.distribution(each.distribution) for each in catalog.COMPONENTS}
    nowhere: list[str] = []
    undeclared: dict[str, str] = {}
    missing: dict[str, str] = {}
    for use in uses:
        if not use.extra:
            nowhere.append(f"{use.spelling} ({use.place})")
        elif brought is not None and use.extra not in brought:
            undeclared.setdefault(use.extra, f"{use.spelling} ({use.place}) of {wheels[use.extra]}")
        elif case.toolkit and wheels[use.extra] not in case.toolkit.components:
            missing.setdefault(use.extra, f"{use.spelling} ({use.place}) of {wheels[use.extra]}")
    if nowhere:
        major = case.toolkit.major if case.toolkit else catalog.NEWEST
        what = f"The project uses what no wheel of CUDA {major} holds: {', '.join(nowhere)}."
        why = "the wheels hold the shared libraries alone, and NVTX is headers alone"
        yield Finding("need-nowhere", ERROR, what, why, "use what has no _static in its name, and nvtx3 for nvToolsExt")
    if undeclared:
        what = f"The project uses what its build-system.requires does not bring: {', '.join(undeclared.values())}."
        line = needs.with_extras(requires, undeclared)
        fix = f'in pyproject.toml: "{line}"' if line else f'in pyproject.toml, add "{case.requirement(undeclared)}"'
        yield Finding("need-undeclared", ERROR, what, _NOT_FOUND, fix)
    if missing:
        what = f"The project uses what is not installed: {', '.join(missing.values())}."
        level, why = (ERROR, _NOT_FOUND) if brought is None else (WARNING, f"without build isolation, {_NOT_FOUND}")
        yield Finding("need-missing", level, what, why, case.pip(case.requirement(missing)))
    if not (nowhere or undeclared or missing):
        yield Finding("needs", OK, "What the project's files use of CUDA is there.")


_CHECKS = (
    _platform,
    _choice,
    _toolkit,
    component_findings.check,
    _components,
    _versions,
    _executables,
    _root,
    _hook,
    _shims,
    conda.check,
)

__all__ = ["Finding", "examine"]
