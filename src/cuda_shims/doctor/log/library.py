"""What no compiler, linker, loader or CMake found: a header, a library, a target, a function, and who holds it."""

from __future__ import annotations

import re

from cuda_shims.catalog import companions, contents, tools
from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.fix import Scene
from cuda_shims.doctor.part import is_companion, part_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.cause import Words

_SAMPLES = {"helper_cuda.h", "helper_functions.h", "helper_math.h", "helper_string.h", "helper_timer.h"}
#: what the name of a function begins with -> the library that has it; the first that fits
_FUNCTIONS = {
    r"cudnn[A-Z]": "cudnn",
    r"p?nccl[A-Z]": "nccl",
    r"cutensorMg[A-Z]": "cutensorMg",
    r"cutensornet[A-Z]": "cutensornet",
    r"cutensor[A-Z]": "cutensor",
    r"cusparseLt[A-Z]": "cusparseLt",
    r"cudss[A-Z]": "cudss",
    r"nvcompBatched[A-Z]": "nvcomp",
    r"nvjpeg2k[A-Z]": "nvjpeg2k",
    r"nvtiff[A-Z]": "nvtiff",
    r"cusolverMp[A-Z]": "cusolverMp",
    r"cublasMp[A-Z]": "cublasmp",
    r"custatevec[A-Z]": "custatevec",
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
_DLL = "the wheel for Windows holds its DLL; a root of ours has what links with that"
_LIB64 = "nvcc of CUDA 13.0 and 13.1 looks in lib64, which the wheels do not have; a root of ours has it"
_UNTOLD = "the build has {}, which holds it, and this command was not told where"
_CCCL = ("thrust/", "cub/", "cuda/", "nv/")
_NVTX = "NVTX 2 left CUDA with release 13.0; of NVTX 3 there are headers alone"


def explain_header(words: Words, scene: Scene) -> Cause | None:
    """Explain a header that a compiler did not find."""
    name = words["name"]
    what = f"The header {name} is not found."
    if name == "nvToolsExt.h":
        return Cause(name, what, _NVTX, say("#include <nvtx3/nvToolsExt.h> instead, and link to nothing"))
    if name in _SAMPLES:
        why = "it belongs to NVIDIA's samples (cuda-samples, Common/) and not to the toolkit"
        return Cause("samples", what, why, say("copy it from there into the project"), name)
    if name == "texture_fetch_functions.h":
        why = "clang's own headers include it, and CUDA 13 has it no more: this clang is too old for CUDA 13"
        return Cause("clang", what, why, say("compile with a newer clang, or with nvcc"))
    folder, target = ("include/cccl", "CCCL::CCCL") if name.startswith(_CCCL) else ("include", "CUDA::cudart")
    there = (
        f'give this compiler -I"$CUDA_HOME/{folder}", in CMake: target_link_libraries(TARGET PRIVATE {target}); '
        f"where CUDA_HOME is not set: {scene.case.command('exec')} CMD"
    )
    held = [each for each in contents.find(name) if each.kind == "header"]
    return _explain_held(name, held, scene, what, there)


def explain_library(words: Words, scene: Scene) -> Cause | None:
    """Explain a library that a linker did not find."""
    name, windows = words["name"], words.get("windows")
    if name.startswith("CUDA::"):  # what CMake makes of a target that it does not know
        return explain_target(words, scene)
    spelling = f"{name}.lib" if windows else f"-l{name}"
    what = f"The library {name} ({spelling}) is not found."
    if name == "nvToolsExt":
        return Cause(name, what, _NVTX, say("#include <nvtx3/nvToolsExt.h>, and link to nothing"))
    if contents.driver_stub(spelling) and not windows:
        return _explain_driver(spelling, name, scene, what)
    held = [each for each in contents.find(spelling) if each.kind == "library"]
    shared = name.replace("_static", "")
    if not _keep_compiled(held) and shared != name and _keep_compiled(contents.find(f"-l{shared}")):
        why = "of this library the wheels hold the shared one alone"
        in_cmake = f", in CMake to CUDA::{shared}" if contents.target_names(shared) else ""
        return Cause(name, what, why, say(f"link to -l{shared}{in_cmake}"))
    cause = _explain_held(spelling, held, scene, what, "")
    asked = spelling if windows else name
    return cause._replace(fix=lambda scene: scene.linker(asked)) if cause and cause.key == "paths" else cause


def explain_target(words: Words, scene: Scene) -> Cause | None:
    """Explain a target of CMake's that is not there."""
    name = words["name"]
    what = f"CMake has no target {name}."
    if name.startswith(("CCCL::", "Thrust::", "CUB::", "libcudacxx::")):
        held = [each for each in contents.find("thrust/version.h") if each.kind == "header"]
        there = f"find_package({name.partition(':')[0]} REQUIRED) in CMakeLists.txt, before it is linked to"
        return _explain_held(name, held, scene, what, there)
    if name == "CUDA::nvToolsExt":
        return Cause("nvToolsExt", what, _NVTX, say("#include <nvtx3/nvToolsExt.h>, and link to CUDA::nvtx3"))
    if contents.driver_stub(name):
        return _explain_driver(name, "cuda" if name == "CUDA::cuda_driver" else "nvidia-ml", scene, what)
    if name.endswith("_static") and not _keep_compiled(contents.find(name)):
        shared = name[: -len("_static")]
        if _keep_compiled(contents.find(shared)):
            why = "of this library the wheels hold the shared one alone"
            return Cause(name, what, why, say(f"link to {shared}"))
    held = contents.find("CUDA::cudart" if name == "CUDA::toolkit" else name)
    there = "find_package(CUDAToolkit REQUIRED) in CMakeLists.txt, before it is linked to"
    if name.startswith("CUDAToolkit::"):
        there += f"; before CMake 4.5 it is CUDA::{name.rpartition('::')[2]} alone"
    of_companion = bool(held) and is_companion(part_of(held[0]))
    if of_companion:
        there = "find_package in CMakeLists.txt, before it is linked to, of the module or package that defines it"
    cause = _explain_held(name, held, scene, what, there)
    if cause and cause.key == "paths" and "Found CUDAToolkit" in scene.text and not of_companion:
        return cause._replace(key="shims", why=_UNVERSIONED, fix=Scene.shims)
    return cause


def _explain_driver(spelling: str, name: str, scene: Scene, what: str) -> Cause:
    why = "it is of NVIDIA's driver; a root of ours has a stub of it for linking, and no wheel for Linux has"
    extra = "cudart" if name == "cuda" else "nvml"  # what has the header that the stub is made from
    if not scene.has(extra):
        scene.wanted.add(extra)
        return Cause("need", what, why, Scene.need_and_shims, spelling)
    return Cause("shims", what, why, lambda scene: scene.linker(name), spelling)


def _keep_compiled(held: list[contents.Holding]) -> list[contents.Holding]:
    return [each for each in held if tools.is_compiled(each.releases[-1])]


def _explain_held(name: str, held: list[contents.Holding], scene: Scene, what: str, there: str) -> Cause | None:
    found = next(iter(_keep_compiled(held)), None)
    if found is None:
        if not held:
            return None
        last = f"{held[0].distribution} held it up to CUDA {held[0].releases[-1]}"
        why = f"{last}; no wheel of CUDA {tools.NEWEST} does"
        return Cause(name, what, why, say("do without it, or name an older toolkit in CUDA_HOME"))
    of_header, part = found.kind == "header", part_of(found)
    distribution = scene.case.distribution_of(part) if is_companion(part) else found.distribution
    if not scene.has(part):
        scene.wanted.add(part)
        since = f" since CUDA {found.releases[0]}" if found.releases[0] not in {"12.9", "13.0"} else ""
        why = f"{distribution} holds it{since}, and {scene.lacking}"
        return Cause("need", what, why, Scene.need if of_header else Scene.need_and_shims, name)
    if not of_header and not scene.has_shims:
        why = _LIB64 if name in {"-lcudadevrt", "-lcudart_static"} else _UNVERSIONED
        why = _DLL if name.endswith(".lib") else why
        return Cause("shims", what, why, Scene.shims, name)
    return Cause("paths", what, _UNTOLD.format(distribution), say(there), name)


def explain_symbol(words: Words, scene: Scene) -> Cause | None:
    """Explain a function that a linker did not find."""
    name = words["name"]
    if name.startswith("__cudaRegisterLinkedBinary"):
        why = "the objects hold relocatable device code (-rdc=true), and nothing has linked that"
        fix = (
            "link with nvcc, or link the device code first: nvcc -dlink *.o -o dlink.o; in CMake: "
            "set_target_properties(TARGET PROPERTIES CUDA_SEPARABLE_COMPILATION ON CUDA_RESOLVE_DEVICE_SYMBOLS ON)"
        )
        return Cause("device-link", "The device code was not linked.", why, say(fix))
    lib = next((lib for start, lib in _FUNCTIONS.items() if re.match(start, name)), None)
    if lib is None:
        return None
    wanted = {"cuda": "CUDA::cuda_driver", "nvidia-ml": "CUDA::nvml"}.get(lib, f"CUDA::{lib}")
    if not contents.target_names(wanted):  # a companion's, of which no module of CMake's knows
        wanted = lib
    part = next((part_of(each) for each in _keep_compiled(contents.find(wanted))), "")
    lacks = bool(part) and not scene.has(part)
    if lacks:
        scene.wanted.add(part)
    by_link = f"link with -l{lib}, in CMake: target_link_libraries(TARGET PRIVATE {wanted})"
    why = f"lib{lib} has it, and nothing named that to the linker"

    def link(scene: Scene) -> str:
        return f"{by_link}; {scene.need_and_shims()}" if lacks else by_link

    return Cause(f"symbols of {lib}", f"The function {name} is not found by the linker.", why, link, name)


def explain_shared_library(words: Words, scene: Scene) -> Cause | None:
    """Explain a library that the loader did not find."""
    name = words["name"]
    what = f"{name} is not found where a program or an extension is loaded."
    if name.startswith(("libcuda.so", "libnvidia-ml.so")):
        why = "it is part of NVIDIA's driver, which a machine that only builds does not have"
        return Cause("driver", what, why, say("load and run the result on a machine with the driver, not in the build"))
    held = _keep_compiled([each for each in contents.find(name) if each.kind == "library"])
    if not held:
        return None
    part = part_of(held[0])
    distribution, folder = held[0].distribution, f"nvidia/cu{tools.NEWEST}/lib"
    if is_companion(part):
        distribution = scene.case.distribution_of(part)
        folder = next(where for where, names in companions.folders().items() if part in names)
        folder = folder.replace(companions.MAJOR, distribution.rpartition("-")[2])
    why = f"{distribution} holds it in site-packages, where the loader does not look by itself"
    fix = f"{scene.case.pip(distribution)}, and a run path ($ORIGIN/../{folder}) or a preload"
    return Cause(name, what, why, say(fix))


def explain_cccl(words: Words, scene: Scene) -> Cause:
    """Explain a CCCL, Thrust or CUB that CMake does not find."""
    name = words["name"] or words["other"]
    what = f"CMake does not find {name}."
    if not scene.has("cccl"):
        scene.wanted.add("cccl")
        why = f"nvidia-cuda-cccl holds it, and {scene.lacking}"
        return Cause("need", what, why, Scene.need_and_shims, name)
    why = "the wheels hold its CMake files where CMake does not look; a root of ours has them in lib/cmake"
    return Cause("shims", what, why, Scene.shims, name)


def explain_package(words: Words, scene: Scene) -> Cause | None:
    """Explain a companion that CMake's find_package does not find."""
    name = words["name"] or words["other"]
    held = _keep_compiled(contents.find(f"{name}::{name}"))
    if not held:
        return None
    part = part_of(held[0])
    what, distribution = f"CMake does not find {name}.", scene.case.distribution_of(part)
    if not scene.has(part):
        scene.wanted.add(part)
        return Cause("need", what, f"{distribution} holds it, and {scene.lacking}", Scene.need_and_shims, name)
    if not scene.has_shims:
        why = f"{distribution} holds it where CMake does not look; a root of ours has it"
        return Cause("shims", what, why, Scene.shims, name)
    fix = f'-D{name}_ROOT="$CUDA_HOME"; where CUDA_HOME is not set: {scene.case.command("exec")} CMD'
    return Cause(f"package {name}", what, _UNTOLD.format(distribution), say(fix))


def explain_device_symbol(words: Words, _: Scene) -> Cause:
    """Explain a function that nvlink did not find."""
    name = words["name"]
    what = f"No object that is linked has the device function {name}."
    if re.match(r"cuda[A-Z]", name):
        why = "it is of the device runtime, libcudadevrt"
        fix = "link with -lcudadevrt, in CMake: target_link_libraries(TARGET PRIVATE CUDA::cudadevrt)"
        return Cause("cudadevrt", what, why, say(fix), name)
    why = "the file that defines it is not linked, or was compiled without -rdc=true"
    fix = "compile all with -rdc=true and link all; in CMake: CUDA_SEPARABLE_COMPILATION ON for each target"
    return Cause("device-code", what, why, say(fix), name)
