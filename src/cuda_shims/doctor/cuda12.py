"""The doctor's checks of CUDA 12: its wheels have no compiler, which is neither a fault nor a broken toolkit."""

from __future__ import annotations

import os

from _cuda_shims import TOOLKIT
from _cuda_shims.selection import has_nvcc
from cuda_shims.catalog.tools import missing_tool_fix
from cuda_shims.doctor.case import ERROR, OK, WARNING, Finding, spell_setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.doctor.case import Case
    from cuda_shims.environment.toolkit import Toolkit

#: the file that proves that a component is installed, and what fails without it
_COMPONENTS = {
    "nvidia-cuda-runtime-cu12": (
        "cuda_runtime/include/cuda_runtime_api.h",
        "cuda.h and cuda_runtime_api.h are missing",
    ),
    "nvidia-cuda-nvcc-cu12": ("cuda_nvcc/include/crt/host_defines.h", "cuda_runtime_api.h includes crt/host_defines.h"),
}


def check_cuda12(case: Case) -> Iterator[Finding]:
    """Check the wheels of CUDA 12, which form a toolkit without a compiler."""
    toolkit = case.toolkit
    if toolkit is None or not toolkit.is_split:
        return
    never = missing_tool_fix("nvcc", toolkit.major).partition(";")[0]
    what = f"CUDA {toolkit.release} is installed, for builds that use its headers and libraries only: {never}."
    yield Finding("no-compiler", OK, what)
    if case.home is None:
        yield _not_told(case, toolkit)
        return
    for name, (file, why) in _COMPONENTS.items():
        if not os.path.exists(os.path.join(toolkit.path, *file.split("/"))):
            if name in toolkit.components:
                exact = f"{name}=={toolkit.components[name]}"
                fix = case.pip("--force-reinstall", "--no-deps", exact)
                yield Finding("component-broken", WARNING, f"Installed without its files: {name}.", why, fix)
            else:
                fix = case.pip(case.extras(name.removesuffix("-cu12")))
                yield Finding("component-missing", WARNING, f"Not installed: {name}.", why, fix)


def _not_told(case: Case, toolkit: Toolkit) -> Finding:
    major = str(toolkit.major)
    other = has_nvcc(case.environ) or case.other_toolkit()
    what = f"CUDA {toolkit.release} is installed, but builds do not see it."
    why = "it has no compiler and may be installed for another package (torch), so it must not hide this machine's"
    project = f"in pyproject.toml: [tool.cuda-shims] toolkit = {major}"
    level = WARNING if other else ERROR
    return Finding("toolkit-not-chosen", level, what, why, spell_setting(TOOLKIT, major), project)
