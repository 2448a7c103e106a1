"""What no compiler, linker or CMake found: a header, a library, a target or a function, and the wheel that has it."""

from __future__ import annotations

import re
import shlex

from cuda_shims.catalog import contents, tools
from cuda_shims.doctor.log import clue
from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.fix import Scene
from cuda_shims.doctor.log.history import DROPPED, HEADERS
from cuda_shims.doctor.log.package import explain_variable
from cuda_shims.doctor.part import is_companion, part_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.cause import Fix, Words

#: headers and libraries that belong to other software than CUDA, and how to get that
_OTHERS = {
    r"(?i:nvinfer\w*|nvonnx\w*|nvuff\w*|nvcaffeparser)(?:\.h)?": "TensorRT",
    r"(?:cutlass|cute)/[\w/.]+": "CUTLASS",
    r"optix(?:_\w+)?\.h": "OptiX",
    r"THC/\w+\.c?u?h": "torch",
    r"ATen/cuda/CUDAConfig\.h|c10/cuda/impl/cuda_cmake_macros\.h": "torch for CUDA",
    r"nvcuvid(?:\.h)?|cuviddec\.h|nvEncodeAPI\.h": "the Video Codec SDK",
}
_GET = {
    "TensorRT": (
        "TensorRT is not a part of CUDA, and its packages on PyPI have no headers",
        "install its development packages (Debian: libnvinfer-dev …) or NVIDIA's tar file, and name its folders",
    ),
    "CUTLASS": (
        "CUTLASS is not a part of CUDA: projects bring it as a git submodule",
        "git submodule update --init --recursive, and build again; or build from the sdist, which has it",
    ),
    "OptiX": ("the OptiX SDK is not a part of CUDA", "install it, and set OptiX_INSTALL_DIR to its folder"),
    "torch": (
        "torch left its THC headers out with release 1.11",
        "take a release of the project that does without them, or torch<1.11",
    ),
    "torch for CUDA": (
        "a torch for CPUs does not have it, and the project compiles for CUDA",
        "install a torch that was built for CUDA (its version has a +cu at its end), in an isolated build too",
    ),
    "the Video Codec SDK": ("it is not a part of CUDA", "download it from NVIDIA, and give the build its folders"),
}
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
_UNVERSIONED = "the wheels hold it only with a number at its end (libcublas.so.13); our root has both"
_DLL = "the wheel for Windows holds its DLL; our root has what links with that"
_LIB64 = "nvcc of CUDA 13.0 and 13.1 looks in lib64, which the wheels do not have; our root has it"
_UNTOLD = "the build has {}, which holds it, and this command was not told where"
_SETUPTOOLS = r"setup\.py|build[/\\](?:temp|lib)\.|bdist_wheel|build_ext|\.cp3\d{1,2}-win|\.cpython-3"
_TARGETS_SINCE = (3, 17)
_CCCL = ("thrust/", "cub/", "cuda/", "nv/")
#: how the symbols begin that a link of device code defines
DEVICE_CODE = "__(?:fatbinwrap|cudaRegisterLinkedBinary)_"
NVTX = "it is of NVTX 2, which CUDA 13, and CUDA 12 of conda and for Windows, leave out; NVTX 3 has only headers"


def explain_header(words: Words, scene: Scene) -> Cause | None:
    """Explain a header that a compiler did not find."""
    name = words["name"]
    if name == "cuda_runtime.h" and scene.says(r"(?:/stdc-predef\.h:\d{1,4}:\d{1,4}|cc1plus)[^\n]{4,60}cuda_runtime"):
        return None  # nvcc's own, before the first line of a source
    what = f"The header {name} is not found."
    if name == "nvToolsExt.h":
        lacks = not scene.has("nvtx")
        if lacks:
            scene.wanted.add("nvtx")
        instead = "#include <nvtx3/nvToolsExt.h> instead, and link to nothing"
        return Cause(name, what, NVTX, lambda scene: f"{instead}; {scene.need()}" if lacks else instead)
    if name in _SAMPLES:
        why = "it belongs to NVIDIA's samples (cuda-samples, Common/) and not to the toolkit"
        return Cause("samples", what, why, say("copy it from there into the project"), name)
    other = _explain_other(name, what)
    if other:
        return other
    if name == "texture_fetch_functions.h":
        why = "clang's own headers include it, and CUDA 13 has it no more: this clang is too old for CUDA 13"
        return Cause("clang", what, why, say("compile with a newer clang, or with nvcc"))
    folder, target = ("include/cccl", "CCCL::CCCL") if name.startswith(_CCCL) else ("include", "CUDA::cudart")
    there = scene.by_home(
        f'give this compiler -I"$CUDA_HOME/{folder}", in CMake: target_link_libraries(TARGET PRIVATE {target})'
    )
    held = [each for each in contents.find(name) if each.kind == "header"]
    return _explain_held(name, held, scene, what, there)


def _explain_other(name: str, what: str) -> Cause | None:
    other = next((other for pattern, other in _OTHERS.items() if re.fullmatch(pattern, name)), None)
    if other is None:
        return None
    why, fix = _GET[other]
    if name.lower() == "nvinfer.h" and name != "NvInfer.h":
        why, fix = (
            f"TensorRT's header is called NvInfer.h, and {name} is another name",
            "correct the name in the source",
        )
    return Cause(other, what, why, say(fix), name, "other-software")


def explain_other(words: Words, _: Scene) -> Cause | None:
    """Explain a package of other software than CUDA that CMake did not find."""
    name = words["name"]
    other = {"tensorrt": "TensorRT", "nvinfer": "TensorRT", "optix": "OptiX"}.get(name.lower())
    if other is None:
        return None
    why, fix = _GET[other]
    return Cause(other, f"CMake does not find {name}.", why, say(fix), name)


def explain_library(words: Words, scene: Scene) -> Cause | None:
    """Explain a library that a linker did not find."""
    name, windows = words["name"], words.get("windows")
    if name.endswith("-NOTFOUND"):  # what CMake makes of a variable that it could not fill
        return explain_variable({"name": name[: -len("-NOTFOUND")]}, scene)
    if name.startswith("CUDA::"):  # what CMake makes of a target that it does not know
        return explain_target(words, scene)
    spelling = f"{name}.lib" if windows else f"-l{name}"
    what = f"The library {name} ({spelling}) is not found."
    if name in DROPPED:
        return Cause(name, what, f"CUDA {DROPPED[name][0]} has dropped it", say(DROPPED[name][1]))
    if contents.driver_stub(spelling) and not windows:
        return _explain_driver(spelling, name, scene, what)
    held = [each for each in contents.find(spelling) if each.kind == "library"]
    shared = name.replace("_static", "")
    if not _keep_compiled(held) and shared != name and _keep_compiled(contents.find(f"-l{shared}")):
        in_cmake = f", in CMake to CUDA::{shared}" if contents.target_names(shared) else ""
        return _explain_shared(name, f"-l{shared}", in_cmake, scene, what)
    cause = _explain_held(spelling, held, scene, what, "")
    asked = spelling if windows else name
    cause = cause or _explain_other(name, what)
    return cause._replace(fix=lambda scene: scene.linker(asked)) if cause and cause.key == "paths" else cause


def explain_target(words: Words, scene: Scene) -> Cause | None:
    """Explain a missing CMake target."""
    name = words["name"]
    what = f"CMake has no target {name}."
    return _explain_known_target(name, scene, what) or _explain_held_target(name, scene, what)


def _explain_known_target(name: str, scene: Scene, what: str) -> Cause | None:
    if name.startswith(("CCCL::", "Thrust::", "CUB::", "libcudacxx::")):
        held = [each for each in contents.find("thrust/version.h") if each.kind == "header"]
        there = f"find_package({name.partition(':')[0]} REQUIRED) in CMakeLists.txt, before it is linked to"
        return _explain_held(name, held, scene, what, there)
    if name == "CUDA::nvToolsExt":
        fix = "#include <nvtx3/nvToolsExt.h>, and link to CUDA::nvtx3"
        if scene.says("Caffe2|torch::nvtoolsext"):
            fix = (
                "take a newer torch, whose CMake files do without it; or define it in CMakeLists.txt before "
                "find_package(Torch): add_library(CUDA::nvToolsExt INTERFACE IMPORTED)"
            )
        return Cause("nvToolsExt", what, NVTX, say(fix))
    if scene.cmake_release and scene.cmake_release < _TARGETS_SINCE and name.startswith("CUDA::"):
        why = "FindCUDAToolkit, which makes the targets CUDA::…, came with CMake 3.17, and an older CMake runs"
        return Cause("cmake", what, why, lambda scene: scene.install("cmake>=3.17"), name)
    if contents.driver_stub(name):
        return _explain_driver(name, "cuda" if name == "CUDA::cuda_driver" else "nvidia-ml", scene, what)
    if name.endswith("_static") and not _keep_compiled(contents.find(name)):
        shared = name[: -len("_static")]
        if _keep_compiled(contents.find(shared)):
            return _explain_shared(name, shared, "", scene, what)
    return None


def _explain_held_target(name: str, scene: Scene, what: str) -> Cause | None:
    held = contents.find("CUDA::cudart" if name == "CUDA::toolkit" else name)
    there = "find_package(CUDAToolkit REQUIRED) in CMakeLists.txt, before it is linked to"
    if name.startswith("CUDAToolkit::"):
        there += f"; before CMake 4.5 it is CUDA::{name.rpartition('::')[2]} alone"
    of_companion = bool(held) and is_companion(part_of(held[0]))
    if of_companion:
        there = "find_package in CMakeLists.txt, before it is linked to, of the module or package that defines it"
    cause = _explain_held(name, held, scene, what, there)
    if cause and cause.key == "need" and scene.bare:
        why = "the toolkit that CMake found lacks its library, or CMake was told of none"
        return cause._replace(why=f"{why}; {cause.why.partition(';')[0]}", fix=Scene.complete)
    if cause and cause.key == "paths" and scene.says("Found CUDAToolkit") and not of_companion:
        return cause._replace(key="shims", why=_UNVERSIONED, fix=Scene.shims)
    return cause


def _explain_shared(name: str, shared: str, in_cmake: str, scene: Scene, what: str) -> Cause:
    why, instead = "of this library the wheels hold only the shared one", f"link to {shared}{in_cmake}"
    cause = _explain_held(shared, contents.find(shared), scene, what, "")
    if cause is None or cause.key == "paths":  # it is installed
        return Cause(name, what, why, say(instead))
    bring = cause.fix
    return Cause(name, what, why, lambda scene: f"{instead}; {bring(scene)}")


def _explain_driver(spelling: str, name: str, scene: Scene, what: str) -> Cause:
    why = "it is of NVIDIA's driver; our root has a stub of it for linking, and no wheel for Linux has"
    extra = "cudart" if name == "cuda" else "nvml"  # what has the header that the stub is made from
    if scene.bare:
        why = "it is of NVIDIA's driver; for linking, a toolkit has a stub of it"
        return Cause("shims", what, why, Scene.stub, spelling)
    if not scene.has(extra):
        scene.wanted.add(extra)
        return Cause("need", what, why, Scene.need_and_shims, spelling)
    return Cause("shims", what, why, lambda scene: scene.linker(name), spelling)


def _keep_compiled(held: list[contents.Holding]) -> list[contents.Holding]:
    return [each for each in held if tools.is_compiled(each.releases[-1])]


def _judge_home(scene: Scene, *, of_header: bool) -> tuple[str, Fix]:
    """Tell whether a toolkit of the log lacks something, or a compiler was not told of it."""
    home = scene.toolkit_home
    if not of_header or scene.says(rf"-(?:I|isystem) ?{re.escape(home)}/include(?![\w/])"):
        return f"the toolkit in {home} lacks it", Scene.complete
    folder = f"{home}/include" if "cccl" not in scene.wanted else f"{home}/include:{home}/include/cccl"
    told = f"export CPATH={shlex.quote(folder)}"
    why = f"the compiler was not told of {home}/include, or the toolkit there lacks it"
    return why, lambda scene: f"{told}; if the toolkit lacks it: {scene.complete()}"


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
        why = f"{distribution} holds it{since}, and {scene.build.lacking}"
        if scene.toolkit_home:
            lacks, fix = _judge_home(scene, of_header=of_header)
            return Cause("need", what, f"{lacks}; of the wheels {distribution} holds it{since}", fix, name)
        if scene.bare:
            why = f"of the wheels {distribution} holds it{since}; the build was told of no folder that has it"
            if name in HEADERS:
                why += f"; CUDA {HEADERS[name]} was the first that has it"
            if of_header and name.startswith(_CCCL):
                why += "; CUDA 13 has Thrust, CUB and libcu++ in include/cccl, where only nvcc looks without being told"
            if part == "cupti":
                why += "; an installed toolkit has CUPTI apart, in extras/CUPTI"
        key = "toolkit" if part in scene.build.bundled else "need"
        return Cause(key, what, why, Scene.need_header if of_header else Scene.need_and_shims, name)
    if not of_header and not scene.has_root:
        why = _LIB64 if name in {"-lcudadevrt", "-lcudart_static"} else _UNVERSIONED
        why = _DLL if name.endswith(".lib") else why
        return Cause("shims", what, why, Scene.shims, name)
    return Cause("paths", what, _UNTOLD.format(distribution), say(there), name)


def find_library(function: str) -> str | None:
    """Give the library that has a function, as -l names it."""
    return next((lib for start, lib in _FUNCTIONS.items() if re.match(start, function)), None)


def explain_symbol(words: Words, scene: Scene) -> Cause | None:
    """Explain a function that a linker did not find."""
    name = words["name"]
    if re.match(rf"{DEVICE_CODE}\d+_cuda_device_runtime", name):
        why = "the device runtime was linked on the device, and the host's linker is not given libcudadevrt"
        fix = (
            "link with -lcudadevrt -lcudart_static behind the objects, from the same toolkit; in CMake: "
            "target_link_libraries(TARGET PRIVATE CUDA::cudadevrt)"
        )
        return Cause("cudadevrt", "The device runtime, libcudadevrt, was not linked.", why, say(fix))
    if re.match(DEVICE_CODE, name):
        why = "the objects hold relocatable device code (-rdc=true), and nothing has linked that"
        fix = (
            "link with nvcc, or link the device code first: nvcc -dlink *.o -o dlink.o; in CMake: "
            "set_target_properties(TARGET PROPERTIES CUDA_SEPARABLE_COMPILATION ON CUDA_RESOLVE_DEVICE_SYMBOLS ON)"
        )
        return Cause("device-link", "The device code was not linked.", why, say(fix))
    lib = find_library(name)
    if lib is None:
        return None
    wanted = {"cuda": "CUDA::cuda_driver", "nvidia-ml": "CUDA::nvml"}.get(lib, f"CUDA::{lib}")
    if not contents.target_names(wanted):  # a companion's, which no module of CMake knows
        wanted = lib
    part = next((part_of(each) for each in _keep_compiled(contents.find(wanted))), "")
    lacks = bool(part) and not scene.has(part)
    if lacks:
        scene.wanted.add(part)
    spelling = f"{lib}.lib" if scene.says(clue.WINDOWS) else f"-l{lib}"
    by_link = f"link with {spelling}, in CMake: target_link_libraries(TARGET PRIVATE {wanted})"
    why = f"lib{lib} has it, and nothing named that to the linker"
    if scene.says("DSO missing from command line"):
        why = f"lib{lib} has it, which another library brings, and the linker takes only what its command names"
    elif scene.says(rf"-l{lib}(?:_static)?(?![\w-])|[/\\]lib{lib}\.(?:so|a)(?![\w-])"):
        by_link = (
            f"put -l{lib} behind the objects and libraries that need it; if it already is, put first -L "
            f"of the toolkit whose headers compile (-Wl,--trace shows which lib{lib} is taken)"
        )
        why = f"lib{lib} has it; the linker was given that before what needs it, or in another release"
    elif scene.says(_SETUPTOOLS):
        by_link += f'; in setup.py: libraries=["{lib}"] for the extension'

    def link(scene: Scene) -> str:
        return f"{by_link}; {scene.need_and_shims()}" if lacks else by_link

    return Cause(f"symbols of {lib}", f"The function {name} is not found by the linker.", why, link, name)


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
