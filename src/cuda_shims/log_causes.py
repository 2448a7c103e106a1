"""
What a message is about: the wheel that holds a header, a library or a tool, and the library that has a function.

Each function is given the words that a rule's pattern caught and what fixes depend on. It returns the cause, or
``None`` where the message is none of ours, e.g. for a header that no wheel of NVIDIA's holds.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from . import catalog, provides
from .log_fixes import Scene

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    #: what a pattern caught; what it may catch and did not is empty
    Words = Mapping[str, str]
    Fix = Callable[[Scene], str]


class Cause(NamedTuple):
    """Why a build failed."""

    #: tells causes apart: those of one key are one, however many messages it has; empty: the rule's code
    key: str
    #: one sentence
    what: str
    #: what is behind it
    why: str
    #: says how to mend it, when all causes of a log are known
    fix: Fix
    #: what further messages of the same cause are told apart by
    name: str = ""
    #: in the place of the rule's
    code: str = ""


#: not of the toolkit, and asked for as if they were: what a name begins with -> the wheel, and where that holds it
_ELSEWHERE = {
    "cudnn": ("cuDNN", "nvidia-cudnn-cu13", "nvidia/cudnn"),
    "nccl": ("NCCL", "nvidia-nccl-cu13", "nvidia/nccl"),
    "cutensor": ("cuTENSOR", "cutensor-cu13", "cutensor"),
    "cusparseLt": ("cuSPARSELt", "nvidia-cusparselt-cu13", "nvidia/cu13"),
}
_SAMPLES = {"helper_cuda.h", "helper_functions.h", "helper_math.h", "helper_string.h", "helper_timer.h"}
#: what the name of a function begins with -> the library that has it
_FUNCTIONS = {
    r"(?:__)?cuda[A-Z]": "cudart",
    r"cublasLt[A-Z]": "cublasLt",
    r"cublas[A-Z]": "cublas",
    r"cufft[A-Z]": "cufft",
    r"curand[A-Z]": "curand",
    r"cusolverMg[A-Z]": "cusolverMg",
    r"cusolver[A-Z]": "cusolver",
    r"cusparse[A-Z]": "cusparse",
    r"nvrtc[A-Z]": "nvrtc",
    r"(?:__)?nvJitLink[A-Z]": "nvJitLink",
    r"nvjpeg[A-Z]": "nvjpeg",
    r"nvml[A-Z]": "nvidia-ml",
    r"cu(?:Array|Ctx|Device|Driver|Event|Func|Get|Graph|Init|Kernel|Launch|Library|Link|Mem|Module|Occupancy|Pointer"
    r"|Stream|Tensor|Tex)": "cuda",
}
_UNVERSIONED = "the wheels hold it with a number at its end alone (libcublas.so.13); a root of ours has both"
_LIB64 = "nvcc of CUDA 13.0 and 13.1 looks in lib64, which the wheels do not have; a root of ours has it"
_UNTOLD = "the build has {}, which holds it, and this command was not told where"
NOWHERE = "the wheels put it into site-packages/nvidia/cu13/bin, where no build system looks"
LINK = "nvcc takes its toolkit from the path that it is started by: through a link or a copy of it, it finds none"
_CCCL = ("thrust/", "cub/", "cuda/", "nv/")


def plain(what: str, why: str, fix: str | Fix, key: str = "") -> Callable[[Words, Scene], Cause]:
    """
    Make the function of a rule whose message says it all.

    :param what: see :class:`Cause`; words in braces are those that the pattern caught
    :param why: the same
    :param fix: the same, or a method of :class:`~cuda_shims.log_fixes.Scene`
    :param key: see :class:`Cause`
    :returns: the function

    """

    def explain(words: Words, _: Scene) -> Cause:
        words = {name: " ".join(each.split()) for name, each in words.items()}
        said = fix if callable(fix) else fixed(fix.format_map(words))
        return Cause(key, what.format_map(words), why.format_map(words), said, words.get("name", ""))

    return explain


def launched(_: Words, scene: Scene) -> Cause | None:
    """Explain an nvcc that sccache does not find."""
    return tool({"name": "nvcc"}, scene) if "sccache nvcc " in scene.text else None


def fixed(text: str) -> Fix:
    """
    Make a fix of what is known at once.

    :param text: the instruction
    :returns: what gives it

    """
    return lambda _: text


def header(words: Words, scene: Scene) -> Cause | None:
    """Explain a header that a compiler did not find."""
    name = words["name"]
    what = f"The header {name} is not found."
    if name == "nvToolsExt.h":
        return Cause(name, what, _NVTX, fixed("#include <nvtx3/nvToolsExt.h> instead, and link to nothing"))
    if name in _SAMPLES:
        why = "it belongs to NVIDIA's samples (cuda-samples, Common/) and not to the toolkit"
        return Cause("samples", what, why, fixed("copy it from there into the project"), name)
    if name == "texture_fetch_functions.h":
        why = "clang's own headers include it, and CUDA 13 has it no more: this clang is too old for CUDA 13"
        return Cause("clang", what, why, fixed("compile with a newer clang, or with nvcc"))
    folder, target = ("include/cccl", "CCCL::CCCL") if name.startswith(_CCCL) else ("include", "CUDA::cudart")
    there = (
        f'give this compiler -I"$CUDA_HOME/{folder}", in CMake: target_link_libraries(TARGET PRIVATE {target}); '
        f"where CUDA_HOME is not set: {scene.case.command('exec')} CMD"
    )
    held = [each for each in provides.find(name) if each.kind == "header"]
    return _held(name, held, scene, what, there) or _elsewhere(name, scene, what)


def library(words: Words, scene: Scene) -> Cause | None:
    """Explain a library that a linker did not find."""
    name, windows = words["name"], words.get("windows")
    if name.startswith("CUDA::"):  # what CMake makes of a target that it does not know
        return target(words, scene)
    spelling = f"{name}.lib" if windows else f"-l{name}"
    what = f"The library {name} ({spelling}) is not found."
    if name == "nvToolsExt":
        return Cause(name, what, _NVTX, fixed("#include <nvtx3/nvToolsExt.h>, and link to nothing"))
    if provides.driver_stub(spelling) and not windows:
        return _of_driver(spelling, name, scene, what)
    held = [each for each in provides.find(spelling) if each.kind == "library"]
    if windows and not held and _of_today(provides.find(name)):
        why = "the wheel for Windows holds its DLL alone, and no library to link to"
        fix = "name a toolkit of CUDA's installer in CUDA_HOME, or load the DLL when the program runs"
        return Cause(name, what, why, fixed(fix))
    shared = name.replace("_static", "")
    if not _of_today(held) and shared != name and _of_today(provides.find(f"-l{shared}")):
        why = "of this library the wheels hold the shared one alone"
        return Cause(name, what, why, fixed(f"link to -l{shared}, in CMake to CUDA::{shared}"))
    cause = _held(spelling, held, scene, what, "") or _elsewhere(name, scene, what)
    return cause._replace(fix=lambda scene: scene.linker(name)) if cause and cause.key == "paths" else cause


def target(words: Words, scene: Scene) -> Cause | None:
    """Explain a target of CMake's that is not there."""
    name = words["name"]
    what = f"CMake has no target {name}."
    if name.startswith(("CCCL::", "Thrust::", "CUB::", "libcudacxx::")):
        held = [each for each in provides.find("thrust/version.h") if each.kind == "header"]
        there = f"find_package({name.partition(':')[0]} REQUIRED) in CMakeLists.txt, before it is linked to"
        return _held(name, held, scene, what, there)
    if name == "CUDA::nvToolsExt":
        return Cause("nvToolsExt", what, _NVTX, fixed("#include <nvtx3/nvToolsExt.h>, and link to CUDA::nvtx3"))
    if provides.driver_stub(name):
        return _of_driver(name, "cuda" if name == "CUDA::cuda_driver" else "nvidia-ml", scene, what)
    if name.endswith("_static") and not _of_today(provides.find(name)):
        shared = name[: -len("_static")]
        if _of_today(provides.find(shared)):
            why = "of this library the wheels hold the shared one alone"
            return Cause(name, what, why, fixed(f"link to {shared}"))
    held = provides.find("CUDA::cudart" if name == "CUDA::toolkit" else name)
    there = "find_package(CUDAToolkit REQUIRED) in CMakeLists.txt, before it is linked to"
    cause = _held(name, held, scene, what, there)
    if cause and cause.key == "paths" and "Found CUDAToolkit" in scene.text:
        return cause._replace(key="shims", why=_UNVERSIONED, fix=Scene.shims)
    return cause


def _of_driver(spelling: str, name: str, scene: Scene, what: str) -> Cause:
    why = "it is of NVIDIA's driver; a root of ours has a stub of it for linking, and no wheel for Linux has"
    extra = "cudart" if name == "cuda" else "nvml"  # what has the header that the stub is made from
    if not scene.has(extra):
        scene.wanted.add(extra)
        return Cause("need", what, why, Scene.need_and_shims, spelling)
    return Cause("shims", what, why, lambda scene: scene.linker(name), spelling)


_NVTX = "NVTX 2 left CUDA with release 13.0; of NVTX 3 there are headers alone"


def _of_today(held: list[provides.Holding]) -> list[provides.Holding]:
    return [each for each in held if catalog.is_compiled(each.releases[-1])]


def _held(name: str, held: list[provides.Holding], scene: Scene, what: str, there: str) -> Cause | None:
    found = next(iter(_of_today(held)), None)
    if found is None:
        if not held:
            return None
        last = f"{held[0].distribution} held it up to CUDA {held[0].releases[-1]}"
        why = f"{last}; no wheel of CUDA {catalog.NEWEST} does"
        return Cause(name, what, why, fixed("do without it, or name an older toolkit in CUDA_HOME"))
    of_header = found.kind == "header"
    if not scene.has(found.extra):
        scene.wanted.add(found.extra)
        since = f" since CUDA {found.releases[0]}" if found.releases[0] not in {"12.9", "13.0"} else ""
        why = f"{found.distribution} holds it{since}, and {scene.lacking}"
        return Cause("need", what, why, Scene.need if of_header else Scene.need_and_shims, name)
    if not of_header and not scene.has_shims:
        why = _LIB64 if name in {"-lcudadevrt", "-lcudart_static"} else _UNVERSIONED
        return Cause("shims", what, why, Scene.shims, name)
    return Cause("paths", what, _UNTOLD.format(found.distribution), fixed(there), name)


def _elsewhere(name: str, scene: Scene, what: str) -> Cause | None:
    for start, (title, distribution, folder) in _ELSEWHERE.items():
        if name.startswith(start):
            why = f"{title} is no part of the toolkit: {distribution} holds it, below {folder} of site-packages"
            fix = f"{scene.case.pip(distribution)}, and give the compiler -I and the linker -L of that folder"
            return Cause(start, what, why, fixed(fix))
    return None


def symbol(words: Words, scene: Scene) -> Cause | None:
    """Explain a function that a linker did not find."""
    name = words["name"]
    if name.startswith("__cudaRegisterLinkedBinary"):
        why = "the objects hold relocatable device code (-rdc=true), and nothing has linked that"
        fix = (
            "link with nvcc, or link the device code first: nvcc -dlink *.o -o dlink.o; in CMake: "
            "set_target_properties(TARGET PROPERTIES CUDA_SEPARABLE_COMPILATION ON CUDA_RESOLVE_DEVICE_SYMBOLS ON)"
        )
        return Cause("device-link", "The device code was not linked.", why, fixed(fix))
    lib = next((lib for start, lib in _FUNCTIONS.items() if re.match(start, name)), None)
    if lib is None:
        return None
    wanted = {"cuda": "CUDA::cuda_driver", "nvidia-ml": "CUDA::nvml"}.get(lib, f"CUDA::{lib}")
    extra = next((each.extra for each in _of_today(provides.find(wanted))), "")
    lacks = bool(extra) and not scene.has(extra)
    if lacks:
        scene.wanted.add(extra)
    by_link = f"link with -l{lib}, in CMake: target_link_libraries(TARGET PRIVATE {wanted})"
    why = f"lib{lib} has it, and nothing named that to the linker"

    def mend(scene: Scene) -> str:
        return f"{by_link}; {scene.need_and_shims()}" if lacks else by_link

    return Cause(f"symbols of {lib}", f"The function {name} is not found by the linker.", why, mend, name)


def shared_library(words: Words, scene: Scene) -> Cause | None:
    """Explain a library that the loader did not find."""
    name = words["name"]
    what = f"{name} is not found where a program or an extension is loaded."
    if name.startswith(("libcuda.so", "libnvidia-ml.so")):
        why = "it is part of NVIDIA's driver, which a machine that only builds does not have"
        return Cause(
            "driver", what, why, fixed("load and run the result on a machine with the driver, not in the build")
        )
    held = _of_today([each for each in provides.find(name) if each.kind == "library"])
    if not held:
        return None
    why = f"{held[0].distribution} holds it in site-packages, where the loader does not look by itself"
    folder = f"$ORIGIN/../nvidia/cu{catalog.NEWEST}/lib"
    fix = f"{scene.case.pip(held[0].distribution)}, and a run path ({folder}) or a preload"
    return Cause(name, what, why, fixed(fix))


def tool(words: Words, scene: Scene) -> Cause | None:
    """Explain a tool that is not found."""
    name = words["name"]
    folder, base = os.path.split(name.replace("\\", "/"))
    known = catalog.find_tool(base.removesuffix(".exe"))
    if known is None:
        return None
    what = f"There is no {name}."
    if known.name == "nvcc" and not folder:
        return Cause("nvcc-not-found", what, NOWHERE, Scene.shims)
    if known.extra != "nvcc" and not scene.has(known.extra):
        scene.wanted.add(known.extra)
        since = f" since CUDA {known.since}" if known.since != "13.0" else ""
        why = f"{known.distribution} holds it{since}, and {scene.lacking}"
        return Cause("need", what, why, Scene.need, base, "tool-missing")
    if folder:
        why = (
            "an earlier build, or a variable (CUDACXX, CUDA_HOME, NVCC), names an environment or a toolkit that is gone"
        )
        return Cause("stale", what, why, Scene.fresh, code="stale")
    if known.name in {"cicc", "cudafe++", "fatbinary", "nvlink", "ptxas"}:  # nvcc runs them
        return Cause("nvcc-link", what, LINK, Scene.shims, code="nvcc-link")
    why = f"{known.distribution} holds it, and nothing on PATH leads there"
    return Cause("shims", what, why, Scene.shims, base)


def nvcc_link(_: Words, scene: Scene) -> Cause:
    """Explain an nvcc that does not find its own headers."""
    if scene.has("cudart"):
        return Cause("", "nvcc finds no toolkit of its own.", LINK, Scene.shims)
    scene.wanted |= {"cccl", "crt", "cudart", "nvvm"}
    what = "nvcc does not find cuda_runtime.h, which it includes in each .cu file."
    return Cause("need", what, f"nvidia-cuda-runtime holds it, and {scene.lacking}", Scene.need)


def cccl(words: Words, scene: Scene) -> Cause:
    """Explain a CCCL, Thrust or CUB that CMake does not find."""
    name = words["name"] or words["other"]
    what = f"CMake does not find {name}."
    if not scene.has("cccl"):
        scene.wanted.add("cccl")
        why = f"nvidia-cuda-cccl holds it, and {scene.lacking}"
        return Cause("need", what, why, Scene.need_and_shims, name)
    why = "the wheels hold its CMake files where CMake does not look; a root of ours has them in lib/cmake"
    return Cause("shims", what, why, Scene.shims, name)


def device_symbol(words: Words, _: Scene) -> Cause:
    """Explain a function that nvlink did not find."""
    name = words["name"]
    what = f"No object that is linked has the device function {name}."
    if re.match(r"cuda[A-Z]", name):
        why = "it is of the device runtime, libcudadevrt"
        fix = "link with -lcudadevrt, in CMake: target_link_libraries(TARGET PRIVATE CUDA::cudadevrt)"
        return Cause("cudadevrt", what, why, fixed(fix), name)
    why = "the file that defines it is not linked, or was compiled without -rdc=true"
    fix = "compile all with -rdc=true and link all; in CMake: CUDA_SEPARABLE_COMPILATION ON for each target"
    return Cause("device-code", what, why, fixed(fix), name)


def not_executable(words: Words, scene: Scene) -> Cause | None:
    """Explain a tool that may not be run."""
    known = catalog.find_tool(os.path.basename(words["name"]).removesuffix(".exe"))
    if known is None:
        return None
    why = "a copy or an archive has lost its executable bit, or the file system is mounted noexec"
    fix = scene.case.pip("--force-reinstall", "--no-deps", known.distribution)
    return Cause("", f"{words['name']} may not be run.", why, fixed(fix))


def shim(words: Words, scene: Scene) -> Cause | None:
    """Explain what a shim of ours says before it exits with 127."""
    name, said = words["name"], words["found"]
    if said.split() == ["not", "installed", "in"]:
        return tool({"name": name.removesuffix(".exe")}, scene)
    if "CUDA_SHIMS_TOOLKIT" in said:
        why = "the variable goes before everything"
        return Cause("", f"The shim {name} says: {said}.", why, fixed("unset CUDA_SHIMS_TOOLKIT"))
    what = f"The shim {name} says: {said}."
    return Cause("", what, "it runs nothing but what it was asked for", fixed(said.partition("; ")[2] or said))


__all__ = [
    "LINK",
    "NOWHERE",
    "Cause",
    "cccl",
    "device_symbol",
    "fixed",
    "header",
    "launched",
    "library",
    "not_executable",
    "nvcc_link",
    "plain",
    "shared_library",
    "shim",
    "symbol",
    "target",
    "tool",
]
