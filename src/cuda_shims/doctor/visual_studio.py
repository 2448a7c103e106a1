"""
The doctor's checks only for Windows: Visual Studio, which has the host compiler, and paths that nvcc cannot take.

Microsoft documents how to find Visual Studio: vswhere.exe, at a fixed path since Visual Studio 2017.
"""

from __future__ import annotations

import os
import re

from cuda_shims.config import load_pyproject
from cuda_shims.doctor import host_compiler, project
from cuda_shims.doctor.case import ERROR, OK, WARNING, Finding, spell_setting
from cuda_shims.errors import ConfigError
from cuda_shims.quoting import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cuda_shims.doctor.case import Case

_WINDOWS = os.name == "nt"
_VSWHERE = ("Microsoft Visual Studio", "Installer", "vswhere.exe")
_TOOLS = "Microsoft.VisualStudio.Component.VC.Tools.x86.x64"
#: the script that sets a developer prompt's variables, below Visual Studio's folder
_BATCH_FILE = ("VC", "Auxiliary", "Build", "vcvars64.bat")
_USES_CUDA = re.compile(r"^[^#\n]*\b(?:project|enable_language)\s*\([^)]*\bCUDA\b", re.IGNORECASE | re.MULTILINE)
_MAX_BYTES = 1_000_000
#: MAX_PATH without its NUL: nvcc.exe declares no long paths, so LongPathsEnabled has no effect on it
_MAX_PATH = 259
#: the longest path of the wheels of 13.5 below site-packages, with the ``bin/../`` that nvcc inserts
_LONGEST = len(
    "/nvidia/cu13/bin/../include/cccl/cuda/__ptx/instructions/generated/fence_proxy_async_generic_sync_restrict.h"
)
#: where pip's isolated builds have their site-packages, below the folder for temporary files
_ISOLATED = len("/pip-build-env-01234567/overlay/Lib/site-packages")


def find_prompt(environ: Mapping[str, str]) -> str | None:
    """Find the newest Visual Studio that has a C++ compiler."""
    for name in ("ProgramFiles(x86)", "PROGRAMFILES(X86)", "ProgramFiles", "PROGRAMFILES"):
        vswhere = os.path.join(environ.get(name) or os.sep, *_VSWHERE)
        if os.path.isfile(vswhere):
            command = [vswhere, "-latest", "-products", "*", "-requires", _TOOLS, "-property", "installationPath"]
            code, text = host_compiler.run([*command, "-utf8"], environ)
            batch_file = os.path.join(host_compiler.last_line(text), *_BATCH_FILE)
            return batch_file if code == 0 and os.path.isfile(batch_file) else None
    return None


def propose(limit: Mapping[str, int], environ: Mapping[str, str]) -> str:
    """Say how to get a host compiler."""
    newest = f" (MSVC {host_compiler.spell_version('MSVC', limit['MSVC'])} at most)" if "MSVC" in limit else ""
    batch_file = find_prompt(environ)
    if batch_file:
        return f'build in an "x64 Native Tools Command Prompt"{newest}, or after: call {quote_path(batch_file)}'
    return f'install the Build Tools for Visual Studio with "Desktop development with C++"{newest}'


def check_generator(case: Case) -> Iterator[Finding]:
    """Find a CMake generator that needs files of CUDA's installer."""
    if not _WINDOWS or not case.home:
        return
    why = "MSBuild needs files of CUDA's installer that no wheel has; CMake says: No CUDA toolset found"
    fix = f"{spell_setting('CMAKE_GENERATOR', 'Ninja')}, and put cl.exe on PATH"
    chosen = case.environ.get("CMAKE_GENERATOR", "")
    if chosen.startswith("Visual Studio"):
        what = f"CMAKE_GENERATOR is {chosen}, which cannot use a pip-installed toolkit."
        yield Finding("cmake-generator", ERROR, what, why, fix)
    elif chosen:
        yield Finding("cmake-generator", OK, f"CMAKE_GENERATOR is {chosen}.")
    elif _takes_default_generator(case.directory):
        what = "CMake's default generator is Visual Studio, which cannot use a pip-installed toolkit."
        yield Finding("cmake-generator", WARNING, what, why, fix)


def _takes_default_generator(directory: str) -> bool:
    try:
        with open(os.path.join(directory, "CMakeLists.txt"), encoding="utf-8", errors="replace") as file:
            text = file.read(_MAX_BYTES)
    except OSError:
        return False
    return bool(_USES_CUDA.search(text)) and not any(each.startswith("-G") for each in _cmake_arguments(directory))


def _cmake_arguments(directory: str) -> list[str]:
    try:
        document = load_pyproject(directory)
    except ConfigError:  # another check reports it
        return []
    return project.read_strings(project.find_table(document, "tool", "scikit-build", "cmake").get("args")) or []


def can_name(path: str) -> bool:
    """Tell whether nvcc.exe accepts a path: it reads its command line in this Windows' code page."""
    if not _WINDOWS:
        return True
    try:
        path.encode("mbcs")
    except UnicodeEncodeError:
        return False
    return True


def check_code_page(case: Case) -> Iterator[Finding]:
    """Find a toolkit below a path that nvcc.exe cannot spell."""
    if case.home and not can_name(case.home):
        what = f"nvcc.exe cannot run below {case.home}: the path has letters that this Windows' code page lacks."
        why = "it ends with exit code 5, and says nothing"
        yield Finding("path-letters", ERROR, what, why, "create the environment in a folder with a plain path")


def check_long_paths(case: Case) -> Iterator[Finding]:
    """Find paths that are too long for nvcc.exe and cl.exe."""
    if not _WINDOWS or not case.toolkit:
        return
    why = f"nvcc.exe and cl.exe open no path of more than {_MAX_PATH} characters: no such file or directory"
    temporary = case.environ.get("TEMP") or case.environ.get("TMP") or ""
    if len(case.toolkit.site_dir) + _LONGEST > _MAX_PATH:
        what = f"Below {case.toolkit.site_dir} the paths of CCCL's headers get too long."
        yield Finding("paths-too-long", ERROR, what, why, "create the environment in a folder with a shorter path")
    elif len(temporary) + _ISOLATED + _LONGEST > _MAX_PATH:
        what = f"In isolated builds, below {temporary}, the paths of CCCL's headers get too long."
        yield Finding("paths-too-long", WARNING, what, why, spell_setting("TEMP", "C:\\T") + ", and TMP too")
    else:
        yield Finding("paths", OK, "No path gets too long.")


CHECKS = (check_generator, check_code_page, check_long_paths)
