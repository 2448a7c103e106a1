"""
Build folders of a project that CMake configured with another release of the toolkit than the installed one.

make and ninja compile again what is older than a header. A header that uv has linked from its cache is as old as the
cache's. So after an upgrade nothing is compiled, and after an edit one object is from the new toolkit and the others
are from the old one. CMake itself never asks the compiler for its version again.
"""

from __future__ import annotations

import os
import re

from _cuda_shims import executable
from cuda_shims.doctor.case import WARNING, Finding
from cuda_shims.files.read import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.doctor.case import Case

_FOLDER = re.compile(r"(?:build|cmake-build|out|_skbuild)")
_MOST = 100
_VALUE = r'(?m)^set\(CMAKE_CUDA_COMPILER%s "([^"\n]{1,1000})"\)'
_WHY = "make and ninja compare the times of files, and uv installs old ones: objects of the old release may stay"


def check_build_folders(case: Case) -> Iterator[Finding]:
    """Find build folders that another release of the toolkit has configured."""
    compiler = case.toolkit and case.toolkit.components.get("nvidia-cuda-nvcc")
    if not compiler or not case.home or not case.directory:
        return
    nvcc = executable(case.home, "nvcc")
    found, again = [], ""
    for folder in _folders(case.directory):
        path, version = _read_compiler(folder)
        if version and version != compiler and _is_same(path, nvcc):
            found.append(f"{os.path.relpath(folder, case.directory)} ({version})")
            if os.path.exists(os.path.join(folder, ".skbuild-info.json")):
                again = "; an editable install: install again"
    if found:
        what = (
            f"The toolkit has nvcc {compiler}, but these build folders were made with another one: {', '.join(found)}."
        )
        yield Finding("build-stale", WARNING, what, _WHY, f"remove them, and build again{again}")


def _is_same(path: str, nvcc: str) -> bool:
    # the wheels' own path is another name for the root
    try:
        return os.path.samefile(path, nvcc)
    except OSError:
        return False


def _folders(directory: str) -> Iterator[str]:
    for name in _names(directory):
        if _FOLDER.match(name):
            folder = os.path.join(directory, name)
            yield folder
            yield from (os.path.join(folder, each) for each in _names(folder))


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))[:_MOST]
    except OSError:
        return []


def _read_compiler(folder: str) -> tuple[str, str]:
    inside = os.path.join(folder, "CMakeFiles")
    for name in _names(inside):  # a folder for each CMake that ran: 3.25.1
        if name[:1].isdigit():
            try:
                text = read_text(os.path.join(inside, name, "CMakeCUDACompiler.cmake"))
            except OSError:
                continue
            path, version = (re.search(_VALUE % each, text) for each in ("", "_VERSION"))
            if path and version:
                return path.group(1), version.group(1)
    return "", ""
