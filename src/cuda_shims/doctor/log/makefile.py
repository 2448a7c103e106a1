"""The variable with which a Makefile names the toolkit, and the command that sets it."""

from __future__ import annotations

import os
import re

from cuda_shims.catalog import tools
from cuda_shims.files.read import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.fix import Scene

_WINDOWS = os.name == "nt"
_NAMES = ("GNUmakefile", "makefile", "Makefile")
_MOST = 200_000
#: NVCC = $(CUDA_PATH)/bin/nvcc
_FOLDER = re.compile(r"\$[({](\w{1,60})[)}]/{1,2}bin/nvcc\b")
#: NVCC ?= /usr/local/cuda/bin/nvcc
_COMPILER = re.compile(r"(?m)^[ \t]{0,8}(\w{1,60})[ \t]{0,20}[:?]{0,2}=[ \t]{0,20}[^\s#$]{0,200}/bin/nvcc\b")
_MADE = r"(?m)^(?:g|mingw32-)?make(?:\[\d{1,2}\])?:\s|\b[Mm]akefile:\d"
#: what has its own variables, and writes Makefiles or calls make
_OTHER = r"(?i)cmake|setup\.py|building wheel|\bmeson\b|ninja: "


def is_made(scene: Scene) -> bool:
    """Tell whether only make ran the build."""
    return scene.says(_MADE) and not has_configured(scene)


def has_configured(scene: Scene) -> bool:
    """Tell whether something else than a Makefile of the project's chose the compiler."""
    return scene.build.isolated or scene.says(_OTHER)


def name_toolkit(scene: Scene) -> str:
    """Say how make gets the toolkit's folder: a variable on its command line replaces the Makefile's own."""
    name, tool = _find_variable(scene.case.directory)
    root = scene.case.command("root")
    named = name or "CUDA_PATH"
    line = f"make {named}=DIR{tool}, where DIR is what {root} prints" if _WINDOWS else f'make {named}="$({root}){tool}"'
    if not scene.case.home:
        line = f"{scene.case.pip(tools.BUNDLE)}; {line}"
    if not name:
        line += ", or as the Makefile calls the toolkit's folder (CUDAPATH, CUDA_HOME, CUDA_DIR)"
    return f"{line}; a toolkit elsewhere: {named}=DIR{tool}"


def _find_variable(directory: str) -> tuple[str, str]:
    """Give the variable that leads to nvcc, and what follows the toolkit's folder in it."""
    for each in _NAMES if directory else ():
        try:
            text = read_text(os.path.join(directory, each))[:_MOST]
        except OSError:
            continue
        folder, compiler = _FOLDER.search(text), _COMPILER.search(text)
        if folder:
            return folder[1], ""
        if compiler:
            return compiler[1], "/bin/nvcc"
    return "", ""
