"""What a message says of versions: releases of CUDA and its parts, architectures, host compilers, requirements."""

from __future__ import annotations

import re

from . import catalog, provides
from .log_causes import Cause, fixed
from .log_fixes import ARCHITECTURES, LATER_ARCHITECTURES, Scene

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .log_causes import Words

LIMITS = "each release of nvcc knows the compilers of its time (include/crt/host_config.h)"
SYSTEMS = "NVIDIA's wheels are for Linux with glibc on x86_64 and aarch64, and for Windows"
OTHER_SYSTEM = "build on Linux with glibc (of Docker's images python:3-slim, not python:3-alpine), or on Windows"
FINDCUDA = "CMake has dropped FindCUDA (CMP0146), and the project's cmake_minimum_required asks for what came after it"
FINDCUDA_FIX = (
    "project(… LANGUAGES CXX CUDA), and add_library instead; until then: cmake_policy(SET CMP0146 OLD) before it"
)
_NO_12 = "NVIDIA publishes no nvcc for CUDA 12 as a wheel"
_COMPILED = " or ".join(str(each) for each in catalog.COMPILED)
#: when pip and uv could not ask, what they did not find says nothing
_NO_NETWORK = re.compile(
    r"(?:NameResolution|NewConnection|ConnectTimeout|ReadTimeout|Proxy|SSL|MaxRetry)Error|Temporary failure in name"
    r"|[Nn]etwork is unreachable|network was disabled|dns error|error sending request|client error \(Connect\)"
)


def architecture(words: Words, scene: Scene) -> Cause | None:
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
        why = f"no release up to CUDA {provides.releases()[-1]} has it"
    return Cause("architecture", f"The compiler does not know the architecture {name}.", why, fixed(fix), name)


def ptx(words: Words, _: Scene) -> Cause:
    """Explain PTX that is too new for ptxas."""
    new, old = (
        each.replace("9.", "13.", 1) if each.startswith("9.") else "" for each in (words["name"], words["found"])
    )
    parts = f" (CUDA {new} and {old})" if new and old else ""
    what = f"cicc wrote PTX {words['name']}, and this ptxas reads {words['found']}: they are of two releases{parts}."
    why = "nvidia-cuda-nvcc was pinned, and nvidia-nvvm and nvidia-cuda-crt, which it requires, were not"
    return Cause("", what, why, Scene.whole)


def toolkit_version(words: Words, _: Scene) -> Cause:
    """Explain a find_package(CUDAToolkit) that wants another version."""
    wanted, found = words["name"], words["found"]
    what = f"The project asks for CUDA {wanted}, and CMake finds {found}."
    if not catalog.is_compiled(wanted):
        fix = f"ask for less in find_package(CUDAToolkit), or name a toolkit of CUDA {wanted} in CUDA_HOME"
        return Cause("", what, f"the wheels that hold nvcc are of CUDA {_COMPILED}; {_NO_12}", fixed(fix))
    return Cause("", what, "cuda-toolkit is required at another release", lambda scene: scene.release(wanted))


def torch_version(words: Words, _: Scene) -> Cause:
    """Explain a toolkit of another major than torch's."""
    found = words["found2"] or words["found"]
    wanted = words["name2"] or words["name"]
    what = f"This torch was built for CUDA {wanted}, and the toolkit is of CUDA {found}."
    why = "extensions of torch are compiled with the CUDA that torch has"
    if catalog.is_compiled(wanted):
        unset = "" if catalog.is_compiled(found) else "unset CUDA_HOME and CUDA_PATH, which name the other toolkit; "
        return Cause("", what, why, lambda scene: unset + scene.release(wanted))
    fix = (
        f"take a torch that was built for CUDA {_COMPILED} (its version ends in +cu{catalog.NEWEST}0 or so), "
        f"in build-system.requires too; or name a toolkit of CUDA {wanted} in CUDA_HOME: {_NO_12}"
    )
    return Cause("", what, why, fixed(fix))


def cmake_version(words: Words, scene: Scene) -> Cause:
    """Explain a CMake that is too old."""
    wanted = f"cmake>={words['name']}"
    what = f"The project asks for CMake {words['name']}, and {words['found']} runs."
    fix = f'in pyproject.toml, add "{wanted}"' if scene.requires is not None else scene.case.pip(wanted)
    return Cause("", what, "pip has newer ones than most systems", fixed(fix))


def requirement(words: Words, scene: Scene) -> Cause | None:
    """Explain a requirement that pip or uv found nothing for."""
    if _NO_NETWORK.search(scene.text):
        return None
    name = words["name"].rstrip(".,;:")
    base = re.split(r"[^\w-]", name, maxsplit=1)[0]
    what = f"There is no {name} where pip or uv looks."
    if base.endswith("-cu13") and base[: -len("-cu13")] in {each.distribution for each in catalog.COMPONENTS}:
        return renamed({"name": base}, scene)
    known = provides.releases()[1:]
    why = f"no such version, no wheel for this system, or an index without it; known: CUDA {known[0]} to {known[-1]}"
    return Cause(base, what, why, lambda scene: f"{scene.any_release(base)}; {SYSTEMS}")


def extra(words: Words, _: Scene) -> Cause:
    """Explain an extra that cuda-toolkit does not have."""
    name, found = words["name"], words["found"]
    what = f"cuda-toolkit {found} has no extra {name}."
    extras = sorted(each.extra for each in catalog.COMPONENTS)
    if name in extras:
        return Cause(name, what, "later releases have it", fixed("take cuda-toolkit==13.2.* or later"))
    return Cause(name, what, "so that nothing was installed for it", fixed(f"its extras are: {', '.join(extras)}"))


def renamed(words: Words, scene: Scene) -> Cause:
    """Explain a distribution whose name CUDA 13 has dropped."""
    old = words["name"]
    name = re.sub(r"-cu\d+$", "", old)
    component = next((each for each in catalog.COMPONENTS if each.distribution == name), None)
    fix = f'require "{scene.case.requirement([component.extra])}"' if component else f"require {name}"
    why = "from CUDA 13 on the names have no -cu13 at their end; those that have are empty"
    return Cause(old, f"{old} holds nothing.", why, fixed(f"{fix} in its place"))


def unsupported_compiler(words: Words, _: Scene) -> Cause:
    """Explain a host compiler that nvcc refuses."""
    kind = {"GNU": "gcc"}.get(words["name"], words["name"])
    newest = int(words["gcc"] or 0) or int(words["clang"] or 1) - 1
    upto = f" newer than {newest}" if newest else ""
    limit = {kind: newest} if newest else {}
    return Cause("host", f"This nvcc takes no {kind}{upto}.", LIMITS, lambda scene: scene.host(limit))


def unsupported_msvc(_: Words, __: Scene) -> Cause:
    """Explain a Visual Studio that nvcc refuses."""
    return Cause("host", "This nvcc does not take this Visual Studio.", LIMITS, Scene.visual_studio)


def no_msvc(_: Words, __: Scene) -> Cause:
    """Explain a missing cl.exe."""
    why = "nvcc hands the host half of every .cu file to it; a developer prompt has it on PATH"
    return Cause("host", "There is no cl.exe on PATH.", why, Scene.visual_studio)


def host_compiler(words: Words, _: Scene) -> Cause:
    """Explain a missing host compiler."""
    name = words.get("made") or words["name"]
    what = f"There is no {name}."
    if name == "CMAKE_CXX_COMPILER":
        what = "CMake finds no C++ compiler."
    why = "nvcc hands the host half of every .cu file to a C++ compiler"
    if "/" in name or "\\" in name:
        return Cause("host", what, why, fixed("correct or unset what names it: -ccbin, NVCC_CCBIN or CUDAHOSTCXX"))
    return Cause("host", what, why, Scene.host)


def meson_log(_: Words, scene: Scene) -> Cause:
    """Say where Meson has written what its compiler said."""
    match = re.search(r"A full log can be found at ([^\n\r]{1,400})", scene.text)
    place = match.group(1).strip() if match else "meson-logs/meson-log.txt"
    fix = scene.case.command("doctor") + f" --log {place}"
    return Cause("", "nvcc does not compile Meson's first program.", "Meson writes what it said to a log", fixed(fix))


__all__ = [
    "FINDCUDA",
    "FINDCUDA_FIX",
    "LIMITS",
    "OTHER_SYSTEM",
    "SYSTEMS",
    "architecture",
    "cmake_version",
    "extra",
    "host_compiler",
    "meson_log",
    "no_msvc",
    "ptx",
    "renamed",
    "requirement",
    "toolkit_version",
    "torch_version",
    "unsupported_compiler",
    "unsupported_msvc",
]
