"""
A host compiler for nvcc.exe and CMake under wine: a folder laid out as Visual Studio's, with stand-ins for programs.

Microsoft's compiler is in no package. ``ziglang``'s wheel for Windows has clang-cl, lld-link and llvm-lib, which
``programs/msvc.c`` calls as nvcc and CMake would call Microsoft's.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from bed import HERE, compile_program, windows
from packages import unpack_wheel

_TOOLS = "VS/VC/Tools/MSVC/14.44.35207/bin/Hostx64/x64"
#: nvcc looks for this one above cl.exe, and else calls it a compiler for an unsupported system
_BATCH_FILES = "VS/VC/Auxiliary/Build"
#: what CUDA's headers include
_HEADERS = (
    "algorithm assert.h cassert cctype cfloat climits cmath corecrt.h crtdefs.h cstdarg cstddef cstdint cstdio cstdlib "
    "cstring ctime ctype.h float.h functional limits.h math.h memory.h new sal.h stdarg.h stddef.h stdint.h stdio.h "
    "stdlib.h string.h time.h type_traits utility vcruntime.h"
)
#: what CMake links every program with
_LIBRARIES = "advapi32 comdlg32 gdi32 kernel32 ole32 oleaut32 shell32 user32 uuid winspool"


class VisualStudio(NamedTuple):
    """A developer command prompt's variables, and what it has put on PATH."""

    #: the folder of cl.exe, its path here
    folder: Path
    variables: dict[str, str]


def visual_studio(bed):
    """Return the stand-in, made once."""
    folder, variables = bed.once("visual-studio", lambda folder: _make(bed, folder))
    return VisualStudio(Path(folder), variables)


def _make(bed, folder):
    drive = Path(bed.environ["WINEPREFIX"]) / "drive_c"
    tools, batch_files = drive / _TOOLS, drive / _BATCH_FILES
    tools.mkdir(parents=True)
    batch_files.mkdir(parents=True)
    for name in ("vcvarsall.bat", "vcvars64.bat"):
        (batch_files / name).write_bytes(b"@echo off\r\n")
    for name in ("cl", "link", "lib"):
        compile_program(HERE / "programs/msvc.c", tools / f"{name}.exe", "-municode")
    headers = folder / "headers"
    headers.mkdir()
    stand_in = HERE / "programs/msvc_headers/stand_in.h"
    (headers / stand_in.name).write_bytes(stand_in.read_bytes())
    for name in _HEADERS.split():
        (headers / name).write_text(f"#pragma once\n#include <{stand_in.name}>\n")
    libraries = folder / "libraries"
    libraries.mkdir()
    for name in _LIBRARIES.split():
        (libraries / f"{name}.lib").write_bytes(b"!<arch>\n")
    (folder / "zig").mkdir()
    wanted = ("ziglang/zig.exe", "ziglang/lib/include/", "ziglang/lib/std/")
    zig = unpack_wheel(folder / "zig", "ziglang", *wanted) / "ziglang/zig.exe"
    variables = {
        "VSCMD_VER": "17.14",
        "LIB": windows(libraries),
        "LDFLAGS": "/MANIFEST:NO",  # CMake would call rc.exe and mt.exe, of which there are no stand-ins
        "ZIG_EXE": windows(zig),
        "MSVC_HEADERS": windows(headers),
    }
    return str(tools), variables
