"""An option of nvcc that the nvcc which ran does not have, or a C++ standard that something else requires."""

from __future__ import annotations

import re
import shlex

from cuda_shims.doctor.log.cause import Cause, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.cause import Explain, Fix, Words
    from cuda_shims.doctor.log.fix import Scene

#: options of nvcc's, and the first release of CUDA that has them
_SINCE = {
    "std": "7.0",
    "generate-dependencies-with-compile": "10.2",
    "forward-unknown-to-host-compiler": "10.2",
    "threads": "11.2",
    "static-global-template-stub": "12.8",
    "compress-mode": "12.8",
}
#: C++ standards, likewise
_STANDARDS = {"11": "7.0", "14": "9.0", "17": "11.0", "20": "12.0"}
#: what the names of options of gcc's and cl.exe's begin with, and none of nvcc's
_OF_HOST = re.compile(r"-(?:f[a-z]|W[a-z]|m(?:arch|tune|avx|sse|fma|f16c|64$|native)|pthread|pipe|rdynamic|Wl,)|/\w")


def explain_option(words: Words, _: Scene) -> Cause:
    """Explain an option that nvcc does not know."""
    name = words["name"]
    what = f"nvcc has no option {name}."
    since = _SINCE.get(re.split(r"[=:]", name.lstrip("-"))[0])
    if since:
        return Cause("", what, f"CUDA {since} was the first that has it, and the nvcc that ran is older", _take(since))
    if _OF_HOST.match(name):
        why = "it is one of the host compiler, and nvcc gives it none of its own unless told"
        return Cause("", what, why, say(f"-Xcompiler={shlex.quote(name)}"))
    why = "it gives none of its own to the host compiler unless told; or it is one of another release"
    return Cause("", what, why, say(f"-Xcompiler={shlex.quote(name)} if it is one of the host compiler"))


def explain_standard(words: Words, _: Scene) -> Cause | None:
    """Explain a C++ standard that nvcc does not know."""
    number = words["name"]
    since = _STANDARDS.get(number)
    if since is None:
        return None
    what = f"nvcc does not know -std=c++{number}."
    return Cause("", what, f"CUDA {since} was the first that has it, and the nvcc that ran is older", _take(since))


def explain_torch_standard(words: Words, _: Scene) -> Cause:
    """Explain a C++ standard that torch's headers require."""
    number = words["name"]
    before = {"14": "1.5", "17": "2.1", "20": "2.14"}.get(number, "")
    what = f"torch's headers require C++{number}, and the build gives an older -std, or none."
    why = f"the project names an older standard for this torch, or its compiler is too old for C++{number}"
    fix = (
        f"-std=c++{number} for the C++ compiler and nvcc, where the project's setup.py or CMakeLists.txt names another"
    )
    return Cause("", what, why, say(f"{fix}; or take torch<{before}" if before else fix))


def explain_half(words: Words, scene: Scene) -> Cause | None:
    """Explain missing operators of half precision."""
    name = words["name"] or words["other"]
    if not scene.says("-D__CUDA_NO_HALF_OPERATORS__"):
        what = f"{name} has no arithmetic or conversion that the source uses."
        why = "__half has it from compute capability 5.3 on, __nv_bfloat16 from 8.0; torch's builds switch it off"
        fix = "leave older architectures out (-arch, CMAKE_CUDA_ARCHITECTURES, TORCH_CUDA_ARCH_LIST)"
        on = "-U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__"
        return Cause("", what, why, say(f"{fix}; for a torch extension: {on}"))
    why = "torch compiles with -D__CUDA_NO_HALF_OPERATORS__ and similar macros: they switch them off, and conversions"
    fix = "in the project's nvcc flags: -U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__"
    return Cause("", f"The operators of {name} are switched off.", why, say(fix))


def explain_if_cuda(said: Explain, words: Words, scene: Scene) -> Cause | None:
    """Explain, in a build of CUDA, a message that other builds may have too."""
    return said(words, scene) if scene.says(r"(?i)cuda|nvcc|flash-attn|flash-attention|xformers|torch") else None


def _take(since: str) -> Fix:
    return lambda scene: f"take {scene.newer(since)}"
