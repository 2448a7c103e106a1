"""What CMake's find modules do not find, wholly or in part: a toolkit, a package, a library."""

from __future__ import annotations

import re

from cuda_shims.catalog import contents, tools
from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.clue import version
from cuda_shims.doctor.log.fix import Scene
from cuda_shims.doctor.log.history import DROPPED
from cuda_shims.doctor.log.tool import judge_nvcc
from cuda_shims.doctor.part import part_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.cause import Explain, Words

_UNTOLD = "the build has {}, which holds it, and this command was not told where"
#: what is missing where there is no toolkit at all
_TOOLKIT = re.compile(
    r"CUDA_(?:TOOLKIT_ROOT_DIR|TOOLKIT_INCLUDE|NVCC_EXECUTABLE)|CUDAToolkit_(?:ROOT|ROOT_DIR|BIN_DIR|NVCC_EXECUTABLE)"
)
_DRIVER = re.compile(r"(?i)(?:CUDA_(?:CUDA|DRIVER)|LIBCUDA|CUDA_DRV)(?:_LIB\w*)?")
_NVML = re.compile(r"(?i)(?:CUDA_)?(?:NVML|nvidia_ml)_LIB\w*")
_COMPANIONS = re.compile(
    r"(?i)(?P<name>CUDNN|NCCL|CUTENSOR|CUSPARSELT)_(?:LIBRAR(?:Y|IES)|INCLUDE_DIRS?|INCLUDE_PATH|LIBRARY_PATH|LIB_DIR)"
)
#: what FindCUDA looks for in each toolkit
_TOOLKITS_OWN = re.compile(
    r"(?i)cu(?:blas|blaslt|fft|rand|solver|sparse|dart_static|dadevrt|pti)|npp\w*|nvrtc|nvtoolsext"
)
#: how many of CMake's errors are looked at
_ERRORS = 200
#: libraries that FindCUDA requires and that a release of CUDA has dropped


def explain_cccl(words: Words, scene: Scene) -> Cause:
    """Explain a CCCL, Thrust or CUB that CMake does not find."""
    name = words["name"] or words["other"]
    what = f"CMake does not find {name}."
    if not scene.has("cccl"):
        scene.wanted.add("cccl")
        return Cause("need", what, _judge_package("nvidia-cuda-cccl", scene), Scene.need_package, name)
    why = "the wheels hold its CMake files where CMake does not look; our root has them in lib/cmake"
    return Cause("shims", what, why, Scene.shims, name)


def explain_package(words: Words, scene: Scene) -> Cause | None:
    """Explain a companion that CMake's find_package does not find."""
    name = words["name"] or words["other"]
    held = [each for each in contents.find(f"{name}::{name}") if tools.is_compiled(each.releases[-1])]
    if not held:
        return None
    part = part_of(held[0])
    what, distribution = f"CMake does not find {name}.", scene.case.distribution_of(part)
    if not scene.has(part):
        scene.wanted.add(part)
        return Cause("need", what, _judge_package(distribution, scene), Scene.need_package, name)
    if not scene.has_shims:
        why = f"{distribution} holds it where CMake does not look; our root has it"
        return Cause("shims", what, why, Scene.shims, name)
    fix = f'-D{name}_ROOT="$CUDA_HOME"'
    return Cause(f"package {name}", what, _UNTOLD.format(distribution), lambda scene: scene.by_home(fix))


def _judge_package(distribution: str, scene: Scene) -> str:
    if scene.bare:
        return f"of the wheels {distribution} holds it; CMake looks only in the system's folders and where it is told"
    return f"{distribution} holds it, and {scene.build.lacking}"


def explain_lone_package(words: Words, scene: Scene) -> Cause | None:
    """Explain a companion if the log does not show whether CMake went on; cmake-gui marks no line."""
    return (explain_asked_package if "CMake Error at " in scene.text else explain_package)(words, scene)


def explain_asked_package(words: Words, scene: Scene) -> Cause | None:
    """Explain a companion that CMake went on without, where that is what stopped it later."""
    name = words["name"].lower()
    position = scene.text.find("CMake Error at ")
    for _ in range(_ERRORS):
        if position < 0:
            return None
        if name in scene.text[position : position + 500].lower():
            return explain_package(words, scene)
        position = scene.text.find("CMake Error at ", position + 1)
    return None


def explain_package_version(words: Words, _: Scene) -> Cause:
    """Explain a companion that CMake finds in another release than the required one."""
    name, wanted, found = words["name"], words["other"], words["found"]
    what = f"The project requires {name} {wanted}, and CMake finds {found}."
    why = "another release of it lies where CMake looks first, the system's say"
    return Cause("", what, why, say(f"name the folder of the right one: -D{name}_ROOT=DIR, and configure again"))


def explain_caffe2_versions(words: Words, _: Scene) -> Cause:
    """Explain an nvcc and headers that torch's CMake package finds to be of two releases."""
    name, found = words["name"].rstrip("."), words["found"].rstrip(".")
    if found:
        what = f"torch's CMake package finds an nvcc of CUDA {found}, and headers of CUDA {name}."
        why = "PATH leads to one toolkit, and CUDA_HOME, CUDA_TOOLKIT_ROOT_DIR or CMake's cache to another"
        fix = 'have one toolkit: export CUDA_HOME=DIR PATH="DIR/bin:$PATH"; and configure in a new build directory'
        return Cause("", what, why, say(fix))
    what = f"torch's CMake package reads no release from nvcc; the headers are of CUDA {name}."
    why = "its check is that of an old torch, and FindCUDA does not set the variable that it reads"
    fix = "take a newer torch; or enable the language CUDA after find_package(Torch), in a new build directory"
    return Cause("", what, why, say(fix))


def explain_incomplete(words: Words, scene: Scene) -> Cause:
    """Explain a toolkit that CMake found in part, or not at all."""
    missing = " ".join(words["name"].split())
    if any(_TOOLKIT.fullmatch(each) for each in missing.split()):
        return Cause("nvcc-not-found", "CMake finds no toolkit.", judge_nvcc(scene), Scene.shims, code="nvcc-not-found")
    what = f"CMake finds a toolkit that lacks {missing}."
    if scene.has("cudart") or scene.says("nvidia/cu13"):
        why = "the wheels' folder is not laid out as CUDA's installer lays out a toolkit; our root is"
        return Cause("shims", what, why, Scene.shims)
    if scene.says(r"/mnt/[a-z]/[^\n]{0,200}nvcc\.exe|/mnt/[a-z]/[^\n]{0,60}NVIDIA GPU Computing Toolkit"):
        what = "CMake takes the toolkit of Windows, below /mnt, which has nothing for Linux."
        why = "WSL puts the folders of Windows' PATH on its own"
        fix = "{} inside WSL, and its bin first on PATH"
        return Cause("wsl", what, why, lambda scene: fix.format(scene.by_wheels()))
    found = f" {words['found']}" if words.get("found") else ""
    why = f"it is not next to the nvcc{found} that CMake took: the toolkit is incomplete, split, or mixed of two"
    by = "name one whole toolkit: -DCUDAToolkit_ROOT=DIR (FindCUDA: -DCUDA_TOOLKIT_ROOT_DIR=DIR)"
    return Cause("incomplete", what, why, lambda scene: f"{by}; {scene.whole_toolkit()}")


def explain_variable(words: Words, scene: Scene) -> Cause | None:
    """Explain a CMake variable that no library or folder was found for."""
    name = words["name"]
    what = f"CMake finds nothing for {name}."
    if _TOOLKIT.fullmatch(name) or name.lower() == "cuda_cudart_library":
        return Cause("nvcc-not-found", "CMake finds no toolkit.", judge_nvcc(scene), Scene.shims, code="nvcc-not-found")
    if _DRIVER.fullmatch(name):
        why = "it stands for libcuda.so, which is part of NVIDIA's driver; for linking, a toolkit has a stub of it"
        stub = '"$CUDA_HOME/lib64/stubs/libcuda.so"'
        fix = f"-D{name}={stub} (WSL: /usr/lib/wsl/lib/libcuda.so)"
        return Cause(
            "driver-stub",
            what,
            why,
            lambda scene: f"{fix}; {scene.shims()}" if scene.build.listed else scene.by_home(fix),
        )
    if _NVML.fullmatch(name):
        why = "it stands for libnvidia-ml.so, which is part of NVIDIA's driver; for linking, a toolkit has a stub of it"
        stub = f'-D{name}="$CUDA_HOME/lib64/stubs/libnvidia-ml.so"'
        return Cause("driver-stub", what, why, lambda scene: scene.by_home(stub), name)
    library = re.fullmatch(r"CUDA_(\w{2,40})_LIBRARY", name)
    if library and library[1] in DROPPED:
        why = f"CUDA {DROPPED[library[1]][0]} has dropped that library, and the FindCUDA of an older CMake looks for it"
        return Cause("findcuda", what, why, lambda scene: scene.install("cmake>=3.18,<4"), name)
    if library and _TOOLKITS_OWN.fullmatch(library[1]):
        why = "the toolkit that FindCUDA took does not have that library where it looks: it is incomplete, or split"
        fix = "name one whole toolkit: -DCUDA_TOOLKIT_ROOT_DIR=DIR"
        by_hand = f'; or -D{name}="$CUDA_HOME/lib64/lib{library[1]}.so"'
        return Cause("incomplete", what, why, lambda scene: f"{fix}{by_hand}; {scene.whole_toolkit()}", name)
    companion = _COMPANIONS.fullmatch(name)
    return explain_package({"name": companion["name"], "other": ""}, scene) if companion else None


def explain_only_index(said: Explain, words: Words, scene: Scene) -> Cause | None:
    """Explain an index that replaces PyPI, and has only what CUDA needs."""
    return said(words, scene) if scene.says(r"download\.pytorch\.org|pypi\.nvidia\.com|pypi\.ngc\.nvidia") else None


def explain_meson(said: Explain, words: Words, scene: Scene) -> Cause | None:
    """Explain a toolkit that Meson does not find: it asks PATH for none."""
    cause = said(words, scene)
    if cause is None or scene.build.listed is not None or scene.case.home:
        return cause
    bring, run = scene.case.pip(tools.BUNDLE), scene.case.command("exec")
    by = "export CUDA_PATH=DIR, where DIR/include/cuda.h is the toolkit's"
    return cause._replace(fix=say(f"{by}; by wheels: {bring}; then run meson as: {run} meson setup …"))


def explain_toolkit_module(_words: Words, _: Scene) -> Cause:
    """Explain a CMake that has no FindCUDAToolkit."""
    what = "This CMake has no FindCUDAToolkit."
    return Cause(
        "cmake", what, "it came with CMake 3.17, and an older one runs", lambda scene: scene.install("cmake>=3.17")
    )


def explain_dialect(words: Words, scene: Scene) -> Cause | None:
    """Explain a C++ standard that CMake does not know how to ask nvcc for."""
    number = words["name"]
    known = {"14": ("9.0", "3.9"), "17": ("11.0", "3.18"), "20": ("12.0", "3.25.2")}.get(number)
    if known is None:
        return None
    nvcc, cmake = known
    what = f"CMake does not know how this nvcc compiles C++{number}."
    why = f"nvcc has it since CUDA {nvcc}, and CMake knows that since {cmake}: one of the two is older"
    ran = scene.toolkit_release
    if ran and version(ran) >= version(nvcc):
        return Cause(
            "cmake",
            what,
            f"CMake knows it since {cmake}, and an older one runs",
            lambda scene: scene.install(f"cmake>={cmake}"),
        )
    if ran:
        why = f"nvcc has it since CUDA {nvcc}, and this one is of CUDA {ran}"
        return Cause(
            "",
            what,
            why,
            lambda scene: f"take {scene.newer(nvcc)}; or set an older standard in CMAKE_CUDA_STANDARD",
        )
    return Cause("", what, why, lambda scene: f"{scene.install(f'cmake>={cmake}')}; and {scene.newer(nvcc)}")
