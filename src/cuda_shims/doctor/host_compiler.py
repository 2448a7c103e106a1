"""
The C++ compilers that nvcc passes a program's host half to: which one it runs, and which ones it accepts.

Measured with nvcc 13.0 to 13.5: it runs the ``gcc`` on PATH (never ``c++``, and it does not read CXX). The last
``-ccbin`` wins, wherever it is, then NVCC_CCBIN: one path or name (spaces are part of it), or a directory that has a
``gcc``. If NVCC_CCBIN is set and empty, nvcc stops. CMake turns CUDAHOSTCXX into a ``-ccbin``. On Windows the same
holds for ``cl.exe``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import NamedTuple

from cuda_shims.files.read import read_text
from cuda_shims.process import absolute_entries, find_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WINDOWS = os.name == "nt"
#: what nvcc runs by default
DEFAULT = ("nvcc", "cl.exe" if _WINDOWS else "gcc")
#: the flag that makes nvcc take a compiler that it does not accept
ALLOW_FLAG = "-allow-unsupported-compiler"
#: what is wrong with a compiler in the current directory, for example
NOT_RUN = "an empty or relative entry of PATH finds it; it was not run"
#: after this many seconds a command counts as one that never answers
TIMEOUT = 30.0
#: variables whose flags nvcc reads, the one that wins first
_FLAGS = ("NVCC_APPEND_FLAGS", "NVCC_PREPEND_FLAGS")
#: ``-ccbin g++``, ``-ccbin=g++``, ``--compiler-bindir g++``, ``--compiler-bindir=g++``
_CCBIN = re.compile(r"""(?:^|\s)(?:-ccbin|--compiler-bindir)(?:\s+|=)(?:"([^"]*)"|(\S+))""")
#: the banner of cl.exe, in the user's language: ``… Version 19.44.35211 for x64``
_BANNER = re.compile(r"\b(\d{1,4})\.(\d\d)\.\d+")
#: the macros that host_config.h tests, the most specific first: icc and clang define __GNUC__ too
_KINDS = {"__INTEL_CLANG_COMPILER": "icc", "__ICC": "icc", "__clang_major__": "clang", "__GNUC__": "gcc"}
# versions of up to eight digits (__INTEL_CLANG_COMPILER is 20250000) and limits of up to four: int() refuses thousands
# of them, and the compilers below a limit are counted down
_DEFINE = re.compile(rf"^#define ({'|'.join(_KINDS)})\s+(\d{{1,8}})\b", re.MULTILINE | re.ASCII)
_MSC_LIMIT = re.compile(
    r"^#\s*if\s+_MSC_VER\s*<\s*\d+\s*\|\|\s*_MSC_VER\s*>=\s*([1-9]\d{0,3})\b", re.MULTILINE | re.ASCII
)
_GCC_LIMIT = re.compile(r"^#\s*if\s+__GNUC__\s*>\s*([1-9]\d{0,3})\b", re.MULTILINE | re.ASCII)
# clangs of two other makers have separate limits before this one
_CLANG_LIMIT = re.compile(
    r"^#\s*if\s+defined\(__clang__\)[^\n]*\n(?:(?!#)[^\n]*\n)*#\s*if\s[^\n]*__clang_major__\s*>=\s*([1-9]\d{0,3})\b",
    re.MULTILINE | re.ASCII,
)


class HostCompiler(NamedTuple):
    """A compiler that nvcc would run, whether or not it exists."""

    #: who names it: ``nvcc``'s default, or a variable
    source: str
    #: as it is spelt there
    command: str
    #: its executable, or ``None`` when there is none
    path: str | None
    #: ``gcc``, ``clang``, ``icc``, ``MSVC``; empty when it does not answer as a C++ compiler
    kind: str
    #: its major version; for MSVC ``_MSC_VER``, e.g. 1944
    major: int
    #: what it said instead of an answer
    problem: str

    @property
    def name(self) -> str:
        """How to call it in a message."""
        return f"{self.kind} {spell_version(self.kind, self.major)}"


def host_compilers(environ: Mapping[str, str]) -> Iterator[HostCompiler]:
    """Find the compilers that nvcc would run, and ask each what it is."""
    source, command = _find_chosen(environ)
    yield ask(source, command, environ)
    cmake = environ.get("CUDAHOSTCXX")
    if cmake and cmake != command:
        yield ask("CUDAHOSTCXX", cmake, environ)


def _find_chosen(environ: Mapping[str, str]) -> tuple[str, str]:
    for name in _FLAGS:
        given = _CCBIN.findall(environ.get(name, ""))
        if given:
            quoted, bare = given[-1]
            return name, quoted or bare
    if "NVCC_CCBIN" in environ:
        return "NVCC_CCBIN", environ["NVCC_CCBIN"]
    return DEFAULT


def ask(source: str, command: str, environ: Mapping[str, str]) -> HostCompiler:
    """Identify a compiler, given as a path, a name on PATH, or a directory that has a ``gcc`` or ``cl.exe``."""
    wanted = os.path.join(command, DEFAULT[1]) if os.path.isdir(command) else command
    path = shutil.which(wanted, path=environ.get("PATH", os.defpath)) if wanted else None
    if path is None:
        return HostCompiler(source, command, None, "", 0, "")
    if not os.path.isabs(path) and not os.path.dirname(wanted):  # nvcc would run it; a diagnosis must not
        return HostCompiler(source, command, path, "", 0, NOT_RUN)
    if _WINDOWS:
        return _ask_msvc(source, command, path, environ)
    # a gcc without a C++ half fails here as it would later
    code, text = run([path, "-E", "-dM", "-x", "c++", os.devnull], environ)
    macros = {name: int(value) for name, value in _DEFINE.findall(text)} if code == 0 else {}
    for macro, kind in _KINDS.items():
        if macro in macros:
            return HostCompiler(source, command, path, kind, macros[macro], "")
    return HostCompiler(source, command, path, "", 0, last_line(text) or "it does not answer like one")


def _ask_msvc(source: str, command: str, path: str, environ: Mapping[str, str]) -> HostCompiler:
    _, text = run([path], environ)
    banner = _BANNER.search(text)
    if banner is None:
        return HostCompiler(source, command, path, "", 0, last_line(text) or "it does not answer like one")
    if re.search(r"\bx86\b", text):
        return HostCompiler(source, command, path, "", 0, "it makes 32-bit programs, which nvcc does not")
    return HostCompiler(source, command, path, "MSVC", int(banner[1]) * 100 + int(banner[2]), "")


def spell_version(kind: str, major: int) -> str:
    """Spell a compiler's major version as its maker does."""
    return f"{major // 100}.{major % 100}" if kind == "MSVC" else str(major)


def read_limits(home: str) -> dict[str, int]:
    """
    Read which compilers an nvcc accepts.

    Source: ``crt/host_config.h`` of CUDA 13.0 to 13.5, ``#if __GNUC__ > 16``, ``#if (__clang_major__ >= 23) || …`` and
    ``#if _MSC_VER < 1920 || _MSC_VER >= 1960``.
    """
    try:
        text = read_text(os.path.join(home, "include", "crt", "host_config.h"))
    except OSError:
        return {}
    found = {}
    gcc, clang, msvc = _GCC_LIMIT.search(text), _CLANG_LIMIT.search(text), _MSC_LIMIT.search(text)
    if _WINDOWS:
        return {"MSVC": int(msvc.group(1)) - 1} if msvc else {}
    if gcc:
        found["gcc"] = int(gcc.group(1))
    if clang:
        found["clang"] = int(clang.group(1)) - 1
    return found


def suits(compiler: HostCompiler, limit: Mapping[str, int]) -> bool:
    """Tell whether an nvcc accepts a compiler."""
    return compiler.kind in {"gcc", "clang", "MSVC"} and compiler.major <= limit.get(compiler.kind, compiler.major)


def find_accepted(limit: Mapping[str, int], environ: Mapping[str, str]) -> str | None:
    """Find another compiler that an nvcc accepts."""
    names = [f"g++-{major}" for major in range(limit.get("gcc", 0), 5, -1)]
    names += [f"clang++-{major}" for major in range(limit.get("clang", 0), 5, -1)]
    for name in (*names, "g++", "c++", "clang++"):
        if find_program(name, environ.get("PATH", os.defpath)):
            compiler = ask("", name, environ)
            if suits(compiler, limit):
                return compiler.path
    return None


def allows_unsupported(environ: Mapping[str, str]) -> bool:
    """Tell whether a user has told nvcc to take any compiler."""
    return any(word.lstrip("-") == ALLOW_FLAG[1:] for name in _FLAGS for word in environ.get(name, "").split())


def run(command: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
    """Run a compiler that may be broken in any way; give its exit code and what it said, or -1 and why it did not."""
    # messages should be in English; nvcc runs gcc even for a dry run, and gets no PATH that leads to the
    # current directory
    path = absolute_entries(environ.get("PATH", os.defpath))
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environ, "PATH": path, "LC_ALL": "C.UTF-8", "VSLANG": "1033"},
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1, f"it did not end within {TIMEOUT:.0f} s"
    except OSError as error:
        return -1, error.strerror or str(error)
    return done.returncode, os.fsdecode(done.stdout)


def last_line(text: str) -> str:
    """Pick from a program's output the line that a reader needs."""
    return next((line.strip()[:200] for line in reversed(text.splitlines()) if line.strip()), "")
