"""Whether nvcc runs, and whether it accepts the host compiler; both are run, and nothing is compiled."""

from __future__ import annotations

import os

from _cuda_shims import executable
from cuda_shims.doctor import host_compiler, visual_studio
from cuda_shims.doctor.case import ERROR, OK, WARNING, Finding, spell_setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.doctor.case import Case
    from cuda_shims.doctor.host_compiler import HostCompiler

_WINDOWS = os.name == "nt"


def check_host_compiler(case: Case) -> Iterator[Finding]:
    """Find a host compiler that nvcc refuses, or that does not work: nvcc itself says so only when it compiles."""
    if case.home and not (case.toolkit and case.toolkit.is_split):  # without nvcc no host compiler is needed
        limit = host_compiler.read_limits(case.home)
        for compiler in host_compiler.host_compilers(case.environ):
            yield _judge(case, compiler, limit)


def _judge(case: Case, compiler: HostCompiler, limit: dict[str, int]) -> Finding:
    name = compiler.name
    if host_compiler.suits(compiler, limit):
        return Finding("host-compiler", OK, f"The host compiler is {name} ({compiler.path}).")
    fix = propose_compiler(case, compiler, limit)
    if not compiler.kind:
        return _judge_unusable(case, compiler, fix)
    if host_compiler.allows_unsupported(case.environ):
        what = f"The host compiler is {name} ({compiler.path}), which you told nvcc to allow."
        return Finding("host-compiler", OK, what)
    upto = " and ".join(f"{kind} up to {host_compiler.spell_version(kind, major)}" for kind, major in limit.items())
    what = f"The host compiler is {name} ({compiler.path}), and this nvcc supports {upto}."
    why = f"nvcc refuses it, unless you pass {host_compiler.ALLOW_FLAG} (NVCC_APPEND_FLAGS), which is at your own risk"
    return Finding("host-compiler-unsupported", ERROR, what, why, fix)


def _judge_unusable(case: Case, compiler: HostCompiler, fix: str) -> Finding:
    by = "nvcc runs" if compiler.source == "nvcc" else f"{compiler.source} names"
    why = "nvcc passes the host code of every .cu file to it"
    if compiler.path:
        what = f"{by} {compiler.path}, which is not a working C++ compiler: {compiler.problem}."
        fix = "take that entry out of PATH" if compiler.problem == host_compiler.NOT_RUN else fix
        return Finding("host-compiler-broken", ERROR, what, why, fix)
    if not compiler.command:
        why = 'nvcc treats the empty name as a compiler: "No such file or directory"'
        return Finding("no-host-compiler", ERROR, f"{compiler.source} is set and empty.", why, fix)
    if compiler.command == "cl.exe" and visual_studio.find_prompt(case.environ):
        why = "nvcc runs it, and so does CMake with Ninja; setuptools and Meson find it without PATH"
        return Finding("host-compiler-not-on-path", WARNING, "cl.exe is not on PATH.", why, fix)
    what = f"There is no host compiler: {by} {compiler.command}, which does not exist."
    return Finding("no-host-compiler", ERROR, what, why, fix)


def propose_compiler(case: Case, compiler: HostCompiler, limit: dict[str, int]) -> str:
    """Say how to get another host compiler."""
    source = compiler.source
    flags = source.endswith("_FLAGS")
    if source != "nvcc" and host_compiler.suits(host_compiler.ask(*host_compiler.DEFAULT, case.environ), limit):
        return f"take -ccbin out of {source}" if flags else case.removal(source)
    before = f"take -ccbin out of {source}, and: " if flags else ""
    if _WINDOWS:
        return before + visual_studio.propose(limit, case.environ)
    name = "NVCC_CCBIN" if flags or source == "nvcc" else source
    other = host_compiler.find_accepted(limit, case.environ)
    if other:
        return f"{before}{spell_setting(name, other)}"
    newest = f"g++-{limit['gcc']}" if "gcc" in limit else "g++"
    return (
        f"{before}install g++ (Debian: apt-get install g++), {newest} at most; if gcc is newer: export {name}={newest}"
    )


def check_nvcc(case: Case) -> Iterator[Finding]:
    """Find an nvcc that does not start, or that takes another folder for its toolkit."""
    if not case.home or (case.toolkit and case.toolkit.is_split):
        return
    nvcc = executable(case.home, "nvcc")
    if not os.path.exists(nvcc) or not next(host_compiler.host_compilers(case.environ)).kind:
        return  # another check says so, and nvcc says nothing more without its host compiler
    if not visual_studio.can_name(nvcc):
        return  # another check says so
    code, text = host_compiler.run([nvcc, "--dryrun", "-x", "cu", os.devnull], case.environ)
    wheel = case.toolkit.components.get("nvidia-cuda-nvcc") if case.toolkit else None
    again = case.pip("--force-reinstall", f"nvidia-cuda-nvcc=={wheel}") if wheel else f"repair {case.home}"
    if code != 0:
        what = f"{nvcc} does not run: {host_compiler.last_line(text) or f'exit code {code}'}."
        why = "it compiles nothing; if the system says that an existing file is missing, its loader is (musl, NixOS)"
        flags = [name for name in ("NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS") if case.environ.get(name)]
        fix = f"correct or unset {' and '.join(flags)}" if flags else again
        if "Could not open output file" in text:
            why, fix = (
                "it writes its intermediate files there",
                "set TMPDIR to a folder that has room and that you can write to",
            )
        yield Finding("nvcc-fails", ERROR, what, why, fix)
        return
    # a run without TOP succeeds too, but without an include directory
    top = next((line[len("#$ TOP=") :] for line in text.splitlines() if line.startswith("#$ TOP=")), None)
    if top is not None and _normalise(top) == _normalise(case.home):
        yield Finding("nvcc", OK, f"nvcc runs, and its toolkit is {case.home}.")
    else:
        found = os.path.normpath(top) if top else "nothing (its nvcc.profile is missing)"
        what = f"{nvcc} uses as its toolkit: {found}."
        yield Finding("nvcc-wrong-home", ERROR, what, "it finds no headers, or another toolkit's", again)


def _normalise(path: str) -> str:
    return os.path.normcase(os.path.normpath(path))
