"""Whether the installed toolkit is complete: its wheels, their files and versions."""

from __future__ import annotations

import os

from _cuda_shims import TOOLKIT, has_compiler, toolkit_majors
from _cuda_shims.places import is_candidate
from cuda_shims.catalog import platforms, tools
from cuda_shims.doctor import project
from cuda_shims.doctor.case import ERROR, HINT, OK, WARNING, Finding
from cuda_shims.environment.distribution import distributions
from cuda_shims.environment.header import header_version
from cuda_shims.environment.loss import find_lost
from cuda_shims.errors import NoFitError
from cuda_shims.fit import TORCH, find_torch, other_build, spell_requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.doctor.case import Case
    from cuda_shims.environment.toolkit import Toolkit

#: the file below the toolkit's folder that proves that a component is installed, and what fails without it
_COMPONENTS = {
    "nvidia-cuda-nvcc": ("bin/nvcc", "there is no compiler"),
    "nvidia-nvvm": ("nvvm/bin/cicc", "nvcc compiles nothing without cicc"),
    "nvidia-cuda-crt": ("include/crt/host_config.h", "nvcc compiles nothing without the headers in crt/"),
    "nvidia-cuda-runtime": ("include/cuda_runtime.h", "nvcc includes cuda_runtime.h in every .cu file"),
    "nvidia-cuda-cccl": ("include/cccl", "cuda_fp16.h includes nv/target, and Thrust, CUB and libcu++ are missing"),
}


def check_platform(_: Case) -> Iterator[Finding]:
    """Name this system: NVIDIA has wheels for few."""
    if platforms.unserved():
        what = f"This is {platforms.here()}, for which NVIDIA has no CUDA wheels."
        yield Finding("unsupported-platform", ERROR, what, f"they are for {platforms.SERVED}", platforms.FIX)
    else:
        yield Finding("platform", OK, f"This is {platforms.here()}.")


def check_choice(case: Case) -> Iterator[Finding]:
    """Find a toolkit that the user or the project has chosen and that does not exist."""
    choice = case.config.toolkit
    if not choice:
        return
    by_user = bool(case.environ.get(TOOLKIT))
    source = TOOLKIT if by_user else "[tool.cuda-shims] toolkit in pyproject.toml"
    fix, other = case.removal(TOOLKIT) if by_user else "remove it there, or name another one", ""
    if by_user and case.shell.get(TOOLKIT) != choice:
        source, fix = "--cuda", "run it without --cuda"
    if os.path.isabs(choice):
        if case.home == choice:
            yield Finding("choice", OK, f"{source} names {choice}: builds use it instead of the wheels.")
        else:
            what = f"{source} names {choice}, which has no bin/nvcc that runs."
            yield Finding("no-such-toolkit", ERROR, what, "builds look for everything there", fix)
    elif choice not in {str(toolkit.major) for toolkit in case.toolkits if is_candidate(toolkit.place)}:
        there = ", ".join(_described(toolkit) for toolkit in case.toolkits) or "none"
        what = f"{source} requires CUDA {choice}, but the installed toolkit is: {there}."
        if not platforms.unserved():
            fix, other = case.pip(tools.toolkit_requirement(choice)), fix
        if case.users and not by_user:
            why = f"builds take {case.users}, which your variables name, and would find none without them"
            yield Finding("no-such-toolkit", WARNING, what, why, fix, other)
        else:
            why = "cuda-shims does not replace it with another one"
            yield Finding("no-such-toolkit", ERROR, what, why, fix, other)
    else:
        yield Finding("choice", OK, f"{source} requires CUDA {choice}, which is installed.")


def _described(toolkit: Toolkit) -> str:
    return f"CUDA {toolkit.version}" + ("" if is_candidate(toolkit.place) else ", without nvcc")


def check_toolkit(case: Case) -> Iterator[Finding]:
    """Find a missing toolkit, and wheels without files."""
    why = "there is nothing to compile with"
    empty = False
    for site_dir in case.environment.site_dirs:
        for name, version, _ in distributions(site_dir, "nvidia"):
            if name in {"nvidia-cuda-nvcc-cu11", "nvidia-cuda-nvcc-cu12"}:
                why = f"{name} {version} contains no nvcc; PyPI has it since CUDA 13.0"
            has_it = any(has_compiler(site_dir, major) for major in toolkit_majors(site_dir))
            if name == "nvidia-cuda-nvcc" and not has_it and not platforms.unserved():
                empty = True
                yield _judge_empty(case, version)
    if case.toolkit:
        yield Finding("toolkit", OK, f"CUDA {case.toolkit.version} is in {case.toolkit.path}.")
    elif not (case.home or case.users or case.config.toolkit or empty or platforms.unserved()):
        yield _judge_missing(case, why)


def _judge_missing(case: Case, why: str) -> Finding:
    what, fix = f"There is no pip-installed CUDA toolkit in {case.environment.label}", case.pip(tools.BUNDLE)
    lacking = project.find_lacking(case)
    if lacking is None:
        return Finding("no-toolkit", ERROR, f"{what}.", why, fix)
    if not lacking:
        what = f"{what}; the project's build-system.requires installs one in each isolated build."
        return Finding("no-toolkit", HINT, what, "a build without isolation finds none", f"for such a build: {fix}")
    what = f"{what}, and the project's build-system.requires does not install one that a build finds."
    return Finding("no-toolkit", ERROR, what, why, f"{lacking}; for a build without isolation: {fix}")


def _judge_empty(case: Case, version: str) -> Finding:
    if version.startswith("0."):
        what = f"nvidia-cuda-nvcc {version} is a placeholder without a compiler."
        why = "pip chooses it where NVIDIA has no wheel: on musl (Alpine), macOS and ppc64le"
        fix = "use Linux with glibc on x86_64 or aarch64 (python:3-slim instead of python:3-alpine), then: "
        return Finding("placeholder-wheel", ERROR, what, why, fix + case.pip(tools.BUNDLE))
    what = f"nvidia-cuda-nvcc {version} is installed, but its compiler is missing."
    fix = case.pip("--force-reinstall", "--no-deps", f"nvidia-cuda-nvcc=={version}")
    return Finding("empty-wheel", ERROR, what, "there is nothing to compile with", fix)


def check_components(case: Case) -> Iterator[Finding]:
    """Find missing components that nvcc cannot work without."""
    toolkit = case.toolkit
    if not toolkit or toolkit.is_split:
        return
    gone = [
        name
        for name, (file, _) in _COMPONENTS.items()
        if not any(os.path.exists(f"{folder}/{file}{suffix}") for folder in toolkit.folders for suffix in ("", ".exe"))
    ]
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
        yield Finding("components", OK, "Everything that nvcc needs is installed.")


def check_companions(case: Case) -> Iterator[Finding]:
    """Find companion wheels whose files are gone, or belong to another CUDA."""
    toolkit = case.toolkit
    lost = find_lost(toolkit.place.sites, toolkit.major) if toolkit else {}
    if lost:
        what = f"Installed with missing or replaced files: {', '.join(lost)}."
        why = "a wheel for another CUDA has the same folder: it overwrites the files, and its removal removes them"
        fix = case.pip("--force-reinstall", "--no-deps", *(f"{name}=={version}" for name, version in lost.items()))
        yield Finding("companion-broken", WARNING, what, why, fix)


def check_versions(case: Case) -> Iterator[Finding]:
    """Find a compiler whose parts are from several releases."""
    toolkit = case.toolkit
    nvcc = toolkit.components.get("nvidia-cuda-nvcc") if toolkit else None
    if not toolkit or not nvcc:
        return
    fix = case.pip(case.extras(*tools.COMPILER_COMPONENTS))
    others = {name: toolkit.components.get(name) for name in ("nvidia-nvvm", "nvidia-cuda-crt")}
    wrong = [
        f"{name} {version}"
        for name, version in others.items()
        if version and _cut_to_minor(version) != _cut_to_minor(nvcc)
    ]
    if wrong:
        what = f"nvidia-cuda-nvcc {nvcc} is installed with {' and '.join(wrong)}."
        why = "ptxas refuses what the cicc of another release writes (Unsupported .version), and headers do not fit"
        yield Finding("version-mismatch", ERROR, what, why, fix)
    headers = header_version(toolkit.path)
    if headers and headers != _cut_to_minor(nvcc):
        what = f"nvidia-cuda-nvcc {nvcc} is installed with the headers of CUDA {headers} (nvidia-cuda-runtime)."
        why = 'CCCL, so Thrust and CUB, stops: "CUDA compiler and CUDA toolkit headers are incompatible"'
        yield Finding("header-mismatch", WARNING, what, why, fix)
    elif not wrong:
        yield Finding("versions", OK, f"Compiler and headers are from CUDA {_cut_to_minor(nvcc)}.")


def check_torch(case: Case) -> Iterator[Finding]:
    """Find a torch that was built for another CUDA than the toolkit's."""
    toolkit = case.toolkit
    if not toolkit or "nvcc" not in toolkit.tools or case.users:
        return
    try:
        need = find_torch(case.environment)
    except NoFitError as error:  # a label that contradicts a requirement
        what, why = f"{error.what}.", "torch's release of CUDA is unknown"
        yield Finding("torch-mismatch", WARNING, what, why, case.for_here(error.fix))
        return
    if not need:
        return
    torch = f"torch {need.distribution.version}"
    if need.low <= (toolkit.major, int(toolkit.release.partition(".")[2] or 0)) <= need.high:
        yield Finding("torch", OK, f"{torch} and the toolkit are for CUDA {need.release}.")
        return
    what = f"{torch} was built for CUDA {need.release}, but the toolkit is for CUDA {toolkit.release}."
    why = "its extensions do not compile: torch stops if the majors differ"
    if need.low[0] == toolkit.major:
        why = "its extensions compile with a warning, and may call functions that the libraries loaded by torch lack"
    # with torch, because only cu130 would bring the newest of 13.0, and torch 2.11.0 and 2.12.1 pin 13.0.2: see
    # tests/e2e/test_fitted_torch.py
    fix = other_build(need)
    if tools.is_compiled(need.release):
        fix = case.pip(spell_requirement(need.release), f"{TORCH}=={need.distribution.version}")
    yield Finding("torch-mismatch", WARNING, what, why, fix)


def _cut_to_minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def check_executables(case: Case) -> Iterator[Finding]:
    """Find tools without their executable bit."""
    toolkit = case.toolkit
    if not toolkit:
        return
    wrong = [name for name, path in toolkit.tools.items() if not os.access(path, os.X_OK)]
    if toolkit.is_split and "compute-sanitizer" in wrong:  # as in its wheel; the root runs it
        wrong.remove("compute-sanitizer")
    if not wrong:
        yield Finding("executables", OK, "All tools can be executed.")
        return
    wheels = sorted({toolkit.distribution(tool.distribution) for tool in tools.TOOLS if tool.name in wrong})
    level = ERROR if {"nvidia-cuda-nvcc", "nvidia-nvvm"} & set(wheels) else WARNING
    exact = [f"{name}=={toolkit.components[name]}" if name in toolkit.components else name for name in wheels]
    why = "a copy or an archive has lost their executable bit, or the file system is mounted noexec"
    fix = case.pip("--force-reinstall", "--no-deps", *exact)  # not chmod: uv links to files of its cache
    yield Finding("not-executable", level, f"Not executable: {', '.join(wrong)}.", why, fix)
