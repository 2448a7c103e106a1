"""Folders of an installed toolkit in which a compiler or a linker does not look unless told."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

_HEADERS = {"cccl": "include/cccl", "cupti": "extras/CUPTI/include"}
#: parts with files for find_package
_PACKAGES = {"cccl", "nvcomp"}


def spell_headers(parts: Collection[str]) -> str:
    """Say how a compiler finds the headers of parts of an installed toolkit."""
    return _spell("CPATH", ["include", *(folder for part, folder in _HEADERS.items() if part in parts)])


def spell_libraries(parts: Collection[str], *, cmake: bool, meson: bool, windows: bool) -> str:
    """
    Say how a linker finds the libraries of parts of an installed toolkit.

    Meson looks only in lib64; CMake reads no variable of compilers, and of a prefix it may not look in lib64.

    """
    if cmake and windows:
        return r"set CMAKE_PREFIX_PATH to its folder, and CMAKE_LIBRARY_PATH to its lib\x64"
    if cmake:
        packages = ":$CUDA_HOME/lib64/cmake" if _PACKAGES.intersection(parts) else ""
        return f'export CMAKE_PREFIX_PATH="$CUDA_HOME{packages}" CMAKE_LIBRARY_PATH="$CUDA_HOME/lib64"'
    if windows:
        return r"put its lib\x64 on LIB"
    if "cupti" in parts and meson:
        return "link its extras/CUPTI/lib64/libcupti.so into its lib64, where Meson looks"
    return _spell("LIBRARY_PATH", ["lib64", *(["extras/CUPTI/lib64"] if "cupti" in parts else [])])


def spell_home(command: str) -> str:
    """Say how CUDA_HOME gets what a command prints."""
    return f"set CUDA_HOME to what {command} prints" if os.name == "nt" else f'export CUDA_HOME="$({command})"'


def _spell(name: str, folders: list[str]) -> str:
    return f'export {name}="{":".join(f"$CUDA_HOME/{each}" for each in folders)}"'
