"""What the system's loader, or a linker in its place, does not find: a library, or in one a function."""

from __future__ import annotations

import re

from cuda_shims.catalog import companions, contents, tools
from cuda_shims.doctor.log import driver, folder, library
from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.clue import FAILED
from cuda_shims.doctor.log.fix import Scene
from cuda_shims.doctor.log.history import SONAMES
from cuda_shims.doctor.part import is_companion, part_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.log.cause import Words

_DRIVER = ("libcuda.so", "libnvidia-ml.so")
MIXED = "the loader takes that library from another CUDA release, often from LD_LIBRARY_PATH, which goes first"
UNMIX = (
    "unset LD_LIBRARY_PATH, or remove the other release's folder from it; where the system's packages and the wheels "
    "have the same library, keep one; then reinstall all nvidia-… wheels"
)
_IMPORT = "import torch before it; if that does not help, "
_RECOMPILE = "compile it against this torch: reinstall it with --no-build-isolation --no-cache-dir --no-binary"
_OF_TORCH = re.compile(r"lib(?:torch|c10|caffe2)\w*\.so")
#: what TensorFlow looks for where there is no GPU, too
_ALWAYS = re.compile(r"libcudart\.|cudart64_|libcuda\.|nvcuda\.")
_EXTENSION = re.compile(r"_Z\w{0,12}?(?:3c10|2at|5torch|6caffe2)|THP[A-Z]")


def explain_shared_library(words: Words, scene: Scene) -> Cause | None:
    """Explain a library that the loader did not find."""
    name = words["name"] or words["first"]
    what = f"{name} is not found where a program or an extension is loaded."
    if name.endswith(".dll"):
        return _explain_dll(name, what)
    if _OF_TORCH.match(name):
        why = "it belongs to torch: the extension was compiled for another torch, or is imported before torch"
        return Cause("torch-abi", what, why, say(f"{_IMPORT}{_RECOMPILE}"))
    if name.startswith(_DRIVER):
        why = "it is part of NVIDIA's driver, which a machine that only builds does not have"
        link = (
            "; if the driver has only libcuda.so.1, a program that opens libcuda.so needs a link to it"
            if name == "libcuda.so"
            else ""
        )
        fix = (
            "in a build: do not load the result; else run it where nvidia-smi works (a container: --gpus all, and "
            f"NVIDIA_DRIVER_CAPABILITIES with compute; WSL: /usr/lib/wsl/lib on LD_LIBRARY_PATH){link}"
        )
        return Cause("driver", what, why, say(fix))
    if name.endswith(".so") and contents.find(name):
        why = "a toolkit has it by that name in its lib64, where the loader does not look"
        fix = "put lib64 of a toolkit of that release on LD_LIBRARY_PATH; with the wheels of CUDA 13: "
        return Cause(name, what, why, say(f'{fix}export LD_LIBRARY_PATH="$(cuda-shims root)/lib"'))
    held = [each for each in contents.find(name) if each.kind == "library"]
    held = [each for each in held if tools.is_compiled(each.releases[-1])]
    if not held:
        return _explain_older(name, what, scene)
    part = part_of(held[0])
    distribution, below = held[0].distribution, f"nvidia/cu{tools.NEWEST}/lib"
    if is_companion(part):
        distribution = scene.case.distribution_of(part)
        below = next(where for where, names in companions.folders().items() if part in names)
        below = below.replace(companions.MAJOR, distribution.rpartition("-")[2])
    why = f"{distribution} holds it in site-packages, where the loader does not look"
    bring = scene.install(distribution) if scene.build.isolated else scene.case.pip(distribution)
    fix = f"{bring}, and a run path ($ORIGIN/../{below}) or a preload"
    twelve = next((each.distribution for each in contents.find(name) if each.distribution.endswith("-cu12")), "")
    if twelve:
        fix += f"; for a program of CUDA 12: {twelve}"
    return Cause(name, what, why, say(fix))


def _explain_dll(name: str, what: str) -> Cause | None:
    match = re.match(r"(?:cu(?:dart|blas|blasLt|dnn\w{0,20}|fft|rand|solver|sparse)|nvrtc|nvJitLink)64_(\d{1,3})", name)
    if not match:
        return None
    number = match[1]  # 80 is CUDA 8.0, 110 is 11.0, 12 is 12
    release = f"{number[:-1]}.{number[-1]}" if "50" <= number.zfill(2) <= "99" or len(number) > 2 else number  # noqa: PLR2004
    where = f"cuDNN {release}" if name.startswith("cudnn") else f"the CUDA that has this name (its {release} is in it)"
    why = f"it is of {where}, which is not installed, or whose bin folder is not on PATH"
    fix = "install that release, and put its bin folder on PATH, or install a build for the CUDA that you have"
    return Cause(name, what, why, say(fix))


def explain_dlopen(words: Words, scene: Scene) -> Cause | None:
    """Explain a library that TensorFlow does without."""
    if _ALWAYS.match(words["name"] or words["first"]) and scene.says(FAILED):  # a log of something else
        return None
    return explain_shared_library(words, scene)


def _explain_older(name: str, what: str, scene: Scene) -> Cause | None:
    release = SONAMES.get(name)
    numbers = re.fullmatch(r"lib(?:cu\w{3,12}|nv\w{3,12})\.so\.((?:[89]|10)\.\d)", name)
    release = numbers[1] if numbers else release
    cudnn = re.fullmatch(r"libcudnn\w{0,20}\.so\.([5-8])", name)
    if cudnn:
        why = f"the program was built for cuDNN {cudnn[1]}, which is not where the loader looks"
        by_wheel = "nvidia-cudnn-cu12==8.9.* and nvidia-cudnn-cu11 have it; " if cudnn[1] == "8" else ""
        fix = f"{by_wheel}install a build for your cuDNN, or put the folder of cuDNN {cudnn[1]} on LD_LIBRARY_PATH"
        return Cause(name, what, why, say(fix))
    if release is None or release == str(tools.NEWEST):
        return None
    why = (
        f"what loads it was built for CUDA {release}, and that library of CUDA {release} is not where the loader looks"
    )
    major = release.partition(".")[0]
    by_wheel = ""
    if release in {"11", "12"}:
        component = {"cudart": "cuda-runtime", "cublasLt": "cublas", "nvrtc": "cuda-nvrtc", "nvJitLink": "nvjitlink"}
        base = name[len("lib") :].partition(".")[0]
        by_wheel = f"nvidia-{component.get(base, base)}-cu{major} has it; "
    built = "build, and compile again"
    if scene.says("ninja: no work to do"):
        built = "that folder (build, ~/.cache/torch_extensions), which another CUDA has left"
    take = f"take a build of it for the installed CUDA (if it was built here: delete {built})"
    return Cause(name, what, why, say(f"{by_wheel}{take}, or put CUDA {release}'s libraries on LD_LIBRARY_PATH"))


def explain_loaded_symbol(words: Words, scene: Scene) -> Cause | None:
    """Explain a function that a CUDA library, or a torch extension, misses in another."""
    name, symbol, needed = words["name"], words["symbol"], words.get("needed", "")
    if re.match(r"lib(?:cu|nv|nccl)", needed) or (
        re.match(r"lib(?:cu|nv|nccl|torch_cuda|c10_cuda)", name)
        and re.match(r"(?:__)?(?:cu[a-zL]{2,12}[A-Z]|nvJitLink|nccl|nvrtc|nvml)", symbol)
    ):
        other = needed or "another library of CUDA's"
        what = f"{name} does not find {symbol} in {other}."
        return Cause("loaded", what, MIXED, say(UNMIX))
    if name.startswith("libcuda.so"):
        return driver.explain_old({}, scene)._replace(code="driver-old")
    if _EXTENSION.match(symbol):
        what = f"{name} does not fit this torch: it does not find {symbol}."
        why = "it was compiled against another release of torch, or another C++ ABI; or it is imported before torch"
        return Cause("torch-abi", what, why, say(f"{_IMPORT}{_RECOMPILE}"))
    if not needed and re.match(library.DEVICE_CODE, symbol):
        return library.explain_symbol({"name": symbol}, scene)
    of = None if needed else library.find_library(symbol)
    if of is None:
        return None
    what = f"{name} does not find {symbol}, which is a function of lib{of}."
    why = f"it was linked without -l{of}, or the loader takes a lib{of} of an older release of CUDA"
    fix = f"build it again with -l{of} (setuptools: libraries=['{of}']); ldd {name} says which lib{of} it loads"
    return Cause(f"symbols of {of}", what, why, say(fix))


def explain_nvvm(_: Words, scene: Scene) -> Cause:
    """Explain an NVVM that Numba does not find."""
    what = "Numba finds no libnvvm.so, or no libdevice next to it."
    why = "it looks in nvvm/lib64 of CUDA_HOME and in conda's environment; nvidia-nvvm has it in site-packages"
    if scene.build.listed is not None:
        scene.wanted.add("nvvm")
        return Cause("", what, why, Scene.need_and_shims)
    bring = "" if scene.has("nvvm") else f"{scene.case.pip(tools.BUNDLE)}; "
    by = folder.spell_home(scene.case.command("root"))
    conda = "with conda: install cuda-nvcc, for CUDA 11 and earlier cudatoolkit"
    return Cause("", what, why, say(f"{bring}{by}; a toolkit elsewhere likewise; {conda}"))


def explain_needed(words: Words, _: Scene) -> Cause | None:
    """Explain a library that a linker was not told of, and that another library needs."""
    name, by = words["name"], words["by"]
    what = f"{by} needs {name}, which the linker does not find."
    if name.startswith(_DRIVER):
        why = "it is part of NVIDIA's driver, which a machine or a container that only builds does not have"
        stub = "cuda" if name.startswith("libcuda") else "nvidia-ml"
        fix = f'link with -L"$CUDA_HOME/lib64/stubs" -l{stub} as well, or with -Wl,--allow-shlib-undefined'
        return Cause("driver", what, why, lambda scene: scene.by_home(fix))
    if name not in SONAMES and not contents.find(name):
        return None
    why = "the linker looks for it in the system's folders and in those of -rpath-link and LD_LIBRARY_PATH"
    by = 'give the linker -Wl,-rpath-link,"$CUDA_HOME/lib64"'
    return Cause(name, what, why, lambda scene: scene.by_home(by))


def explain_glibc(words: Words, _: Scene) -> Cause | None:
    """Explain a program or an extension that was built for a newer system."""
    name, by = words["name"], words["by"]
    if not re.search(r"(?i)cuda|cicc|nvcc|ptxas|nvlink|fatbinary|cudafe|torch|flash_attn|nvidia|libcu", by):
        return None
    what = f"{by} needs {name}, which this system does not have."
    kind = "C++ library" if "CXX" in name else "C library"
    why = f"it was made for a system with a newer {kind}"
    fix = "take a release of it that was made for an older system, compile it here, or use a newer system"
    if "CXX" in name:
        fix += "; conda has a newer libstdcxx-ng, its folder has to be first on LD_LIBRARY_PATH"
    return Cause("", what, why, say(fix))
