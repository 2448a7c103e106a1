"""
CMake's generator in a developer prompt of Visual Studio.

By default CMake takes Visual Studio's own, which needs files of CUDA's installer that no wheel has ("No CUDA toolset
found"). Ninja takes the compiler that is first on PATH.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

#: what a developer prompt sets; nvcc takes cl.exe from PATH by it
PROMPT = "VSCMD_VER"
GENERATOR = "CMAKE_GENERATOR"
#: the generator that we set, so that it can be unset; a user's own choice is never ours
MARKER = "CUDA_SHIMS_GENERATOR"
#: with these a user chooses a generator or the compiler
_CHOICES = (GENERATOR, f"{GENERATOR}_PLATFORM", f"{GENERATOR}_TOOLSET", f"{GENERATOR}_INSTANCE", "CC", "CXX")
#: what CMake takes with Ninja, whichever is first on PATH (its CMakeDetermineCCompiler.cmake)
_COMPILERS = ("cl.exe", "cc.exe", "gcc.exe", "clang.exe")


def choose(environ: "Mapping[str, str]") -> "dict[str, str]":
    """
    Choose Ninja where CMake finds it, and Microsoft's compiler before any other, and nothing has chosen otherwise.

    :param environ: the environment variables
    :returns: the variables to set, if any

    """
    if PROMPT not in environ or any(environ.get(name) for name in _CHOICES):
        return {}
    ninja = compiler = None
    for folder in filter(None, environ.get("PATH", "").split(os.pathsep)):
        ninja = ninja or _first(folder, ("ninja.exe",))
        compiler = compiler or _first(folder, _COMPILERS)
        if ninja and compiler:
            break
    return {GENERATOR: "Ninja", MARKER: "Ninja"} if ninja and compiler == _COMPILERS[0] else {}


def _first(folder: str, names: "tuple[str, ...]") -> "str | None":
    return next((name for name in names if os.path.isfile(os.path.join(folder, name))), None)


def taken_back(environ: "Mapping[str, str]") -> "dict[str, None]":
    """Name the variables to unset of those that :func:`choose` has set, if any."""
    if not environ.get(MARKER):
        return {}
    return dict.fromkeys([MARKER, *([GENERATOR] if environ.get(GENERATOR) == environ[MARKER] else [])])
