"""What a compiler does not take: an architecture, a host compiler, or the first program of Meson's."""

from __future__ import annotations

import re

from cuda_shims.catalog import contents
from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.fix import ARCHITECTURES, LATER_ARCHITECTURES, Scene
from cuda_shims.quoting import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.cause import Words

LIMITS = "each release of nvcc knows the compilers of its time (include/crt/host_config.h)"


def explain_architecture(words: Words, scene: Scene) -> Cause | None:
    """Explain an architecture that a compiler does not know."""
    name = " ".join(words["name"].split())
    numbers = [int(each) for each in re.findall(r"\d+", name)]
    number = next((each for each in numbers if each not in ARCHITECTURES), None)
    there = scene.architectures()
    fix = f"set CMAKE_CUDA_ARCHITECTURES (CUDAARCHS), TORCH_CUDA_ARCH_LIST or -arch to some of: {there}"
    if number is None:
        why = "the nvcc that the build runs is older than CUDA 13, or the name has no such number"
    elif number == 101:  # noqa: PLR2004
        why = "it is called 110 from CUDA 13.0 on"
    elif number < min(ARCHITECTURES):
        why = "CUDA 13 compiles for compute capability 7.5 (Turing) and later; 12.9 was the last for older ones"
    elif number in LATER_ARCHITECTURES:
        since = LATER_ARCHITECTURES[number]
        why = f"CUDA {since} was the first with it, and this nvcc is older"
        fix = f"take cuda-toolkit=={since}.* or later; or {fix}"
    else:
        why = f"no release up to CUDA {contents.releases()[-1]} has it"
    return Cause("architecture", f"The compiler does not know the architecture {name}.", why, say(fix), name)


def explain_compiler(words: Words, _: Scene) -> Cause:
    """Explain a host compiler that nvcc refuses."""
    kind = {"GNU": "gcc"}.get(words["name"], words["name"])
    newest = int(words["gcc"] or 0) or int(words["clang"] or 1) - 1
    upto = f" newer than {newest}" if newest else ""
    limit = {kind: newest} if newest else {}
    return Cause("host", f"This nvcc takes no {kind}{upto}.", LIMITS, lambda scene: scene.host(limit))


def explain_no_compiler(words: Words, _: Scene) -> Cause:
    """Explain a missing host compiler."""
    name = words.get("made") or words["name"]
    what = f"There is no {name}."
    if name == "CMAKE_CXX_COMPILER":
        what = "CMake finds no C++ compiler."
    why = "nvcc hands the host half of every .cu file to a C++ compiler"
    if "/" in name or "\\" in name:
        return Cause("host", what, why, say("correct or unset what names it: -ccbin, NVCC_CCBIN or CUDAHOSTCXX"))
    return Cause("host", what, why, Scene.host)


def explain_meson_log(_: Words, scene: Scene) -> Cause:
    """Say where Meson has written what its compiler said."""
    match = re.search(r"A full log can be found at ([^\n\r]{1,400})", scene.text)
    place = match.group(1).strip() if match else "meson-logs/meson-log.txt"
    fix = scene.case.command("doctor") + f" --log {quote_path(place)}"
    return Cause("", "nvcc does not compile Meson's first program.", "Meson writes what it said to a log", say(fix))
