"""Messages of what configures a build: CMake, Meson, setuptools, torch, cargo."""

from __future__ import annotations

from . import log_causes, log_remains, log_versions
from .log_causes import LINK, NOWHERE, plain
from .log_fixes import Scene
from .log_rules import NAME, PATH, Rule, rule

_LACKS = "the wheels' folder is no toolkit as CUDA's installer makes one, a root of ours is"
_CMAKE = plain("CMake finds no nvcc.", NOWHERE, Scene.shims)
_NO_HOME = plain("torch finds no toolkit.", f"{NOWHERE}; a torch for CPUs alone (+cpu) never looks", Scene.shims)
_INCOMPLETE = plain("CMake finds a toolkit that lacks {name}.", _LACKS, Scene.shims, "shims")
_MESON = plain("Meson finds no toolkit.", "it reads CUDA_PATH and CUDA_HOME, which nobody has set", Scene.shims)
_EMPTY = "nvcc is given no architecture at all, and CMake does not let that pass"
_ARCHITECTURES = "name some: -DCMAKE_CUDA_ARCHITECTURES=80, or the variable CUDAARCHS; and take the empty setting away"
_TORCH_ARCH = 'name them: TORCH_CUDA_ARCH_LIST="8.0;9.0+PTX"'
_AT = r"CMake Error at [^\n]{1,300}:\d{1,6} \(find_package\): "
_CCCL = r"(?P<name>CCCL|Thrust|CUB|libcudacxx)"

RULES: tuple[Rule, ...] = (
    # --- CMake
    rule("nvcc-not-found", "Failed to find nvcc.", r"Failed to find nvcc\.", _CMAKE, after="nvcc-link"),
    rule(
        "nvcc-not-found",
        "please set CUDAToolkit_ROOT",
        "^Could not find (?:'nvcc' executable in any searched paths|nvcc), please set CUDAToolkit_ROOT",
        _CMAKE,
    ),
    rule(
        "nvcc-not-found",
        "No CMAKE_CUDA_COMPILER could be found",
        "No CMAKE_CUDA_COMPILER could be found",
        _CMAKE,
        after="toolset",
    ),
    rule("nvcc-not-found", "Specify CUDA_TOOLKIT_ROOT_DIR", "^Specify CUDA_TOOLKIT_ROOT_DIR", _CMAKE),
    rule(
        "toolkit-incomplete",
        "Could NOT find CUDA",
        r"^Could NOT find CUDA(?:Toolkit)? \(missing: (?P<name>[\w\s]{1,200}?)\)",
        _INCOMPLETE,
        after="nvcc-not-found",
    ),
    rule(
        "toolkit-incomplete",
        "Could NOT find CUDAToolkit",
        r"-- Could NOT find CUDAToolkit \(missing: (?P<name>[\w\s]{1,200}?)\)",
        _INCOMPLETE,
        after="nvcc-not-found",
        when="latent",
    ),
    rule(
        "nvcc-not-found",
        "please set CUDAToolkit_ROOT",
        "-- Could not find (?:'nvcc' executable in any searched paths|nvcc), please set CUDAToolkit_ROOT",
        _CMAKE,
        when="latent",
    ),
    rule(
        "toolkit-version",
        "Found unsuitable version",
        r"Could NOT find CUDA(?:Toolkit)?: Found unsuitable version '(?P<found>[\d.]{1,20})', but required is"
        r" (?:at least|exact version) '(?P<name>[\d.]{1,20})'",
        log_versions.toolkit_version,
    ),
    rule(
        "nvcc-link",
        "CUDA library root",
        "Couldn't find CUDA library root",
        plain("nvcc finds no toolkit of its own.", LINK, Scene.shims),
    ),
    rule(
        "target-missing",
        "but the target was not found",
        f"Target '[^\\n]{{1,150}}' links to(?: target)?:? '?{NAME}'? but the target was not found",
        log_causes.target,
        after="nvcc-not-found toolkit-incomplete toolkit-version nvcc-link",
    ),
    rule(
        "cccl-not-found",
        "CMake Error at",
        f"{_AT}(?:By not providing 'Find{_CCCL}\\.cmake'"
        f"|Could not find a package configuration file provided by '{_CCCL.replace('name', 'other')}')",
        log_causes.cccl,
    ),
    rule(
        "cccl-headers",
        "_VERSION_INCLUDE_DIR",
        r"Could not find _\w{3,10}_VERSION_INCLUDE_DIR using the following files",
        plain(
            "CCCL's CMake files do not find their headers.",
            "the wheels of CUDA 13.2 and later hold them where those files do not look; a root of ours has both",
            Scene.shims,
            "shims",
        ),
    ),
    rule(
        "stale",
        "is not a full path",
        f"The CMAKE_CUDA_COMPILER: {PATH} is not a full path (?:to an existing compiler tool|and was not found)",
        log_remains.stale(
            "CMake is told of a compiler that is not there, {name}.",
            "CMakeCache.txt of an earlier build names it, or -DCMAKE_CUDA_COMPILER; what had it is gone",
        ),
    ),
    rule(
        "stale",
        "in the environment variable CUDACXX",
        "Could not find (?:the )?compiler (?:specified|set) in (?:the )?environment variable CUDACXX:"
        f" {PATH}\\.(?=\\s)",
        plain("CUDACXX names a compiler that is not there, {name}.", "another environment had it", "unset CUDACXX"),
    ),
    rule(
        "architecture",
        "do not all work with this compiler",
        r"CMAKE_CUDA_ARCHITECTURES: (?P<name>[\w;-]{1,200}) do not all work with this compiler",
        log_versions.architecture,
    ),
    rule(
        "architecture-empty",
        "CMAKE_CUDA_ARCHITECTURES must be",
        "CMAKE_CUDA_ARCHITECTURES must be (?:non-empty|valid) if set",
        plain("CMAKE_CUDA_ARCHITECTURES is set, and names no architecture.", _EMPTY, _ARCHITECTURES),
    ),
    rule(
        "architecture-empty",
        "CUDA_ARCHITECTURES is empty",
        "CUDA_ARCHITECTURES is empty for target '(?P<name>[^\\n]{1,150}?)'",
        plain("The target {name} has an empty CUDA_ARCHITECTURES.", _EMPTY, _ARCHITECTURES),
    ),
    rule(
        "architecture-native",
        "but no GPU was detected",
        "CUDA_ARCHITECTURES is set to 'native', but no GPU was detected",
        plain(
            "CUDA_ARCHITECTURES is native, and this machine has no GPU.",
            "CMake asks the GPU what to compile for; to build, none is needed",
            "name some: -DCMAKE_CUDA_ARCHITECTURES=80, for scikit-build-core the config setting "
            "cmake.define.CMAKE_CUDA_ARCHITECTURES=80",
        ),
    ),
    rule(
        "cmake-version",
        "or higher is required",
        r"CMake (?P<name>[\d.]{1,20}) or higher is required\. You are running version (?P<found>[\d.]{1,20})",
        log_versions.cmake_version,
    ),
    rule(
        "cmake-policy",
        "has been removed from CMake",
        r"Compatibility with CMake < (?P<name>[\d.]{1,20}) has been removed from CMake",
        plain(
            "The project asks for what CMake was before {name}, and this CMake is too new for that.",
            "CMake 4 has dropped it, and pip installs CMake 4",
            "set the variable CMAKE_POLICY_VERSION_MINIMUM to 3.5, or require cmake<4",
        ),
    ),
    rule(
        "findcuda-removed",
        "cuda_",
        r"Unknown CMake command '(?P<name>cuda_\w{3,40})'",
        plain("CMake has no {name}.", log_versions.FINDCUDA, log_versions.FINDCUDA_FIX),
    ),
    rule(
        "findcuda-removed",
        "FindCUDA.cmake",
        f"{_AT}By not providing 'FindCUDA\\.cmake'",
        plain("CMake has no find_package(CUDA).", log_versions.FINDCUDA, log_versions.FINDCUDA_FIX),
    ),
    rule(
        "toolset",
        "No CUDA toolset found",
        r"No CUDA toolset found\.",
        plain(
            "CMake's generator is Visual Studio, which finds no CUDA.",
            "MSBuild wants files of CUDA's installer that no wheel has",
            "set the variable CMAKE_GENERATOR to Ninja, and have cl.exe on PATH",
        ),
    ),
    # --- Meson
    rule(
        "nvcc-not-found",
        "Unknown compiler(s)",
        r"Unknown compiler\(s\): \[\['nvcc'\]\]",
        plain("Meson finds no nvcc.", NOWHERE, Scene.shims),
    ),
    rule(
        "nvcc-not-found",
        "Please specify the desired CUDA Toolkit version",
        r"failed: Please specify the desired CUDA Toolkit version \(e\.g\.",
        _MESON,
    ),
    rule(
        "toolkit-incomplete",
        "CUDA target",
        r"CUDA target '(?P<name>targets/[\w-]{1,40})' does not exist",
        plain("Meson finds a toolkit that lacks {name}.", _LACKS, Scene.shims, "shims"),
        when="latent",
    ),
    rule(
        "library-missing",
        "find requested CUDA module",
        f"failed: Couldn't find requested CUDA module '{NAME}'",
        log_causes.library,
        after="toolkit-incomplete",
    ),
    rule(
        "library-missing",
        "shared or static library",
        f"ERROR: (?:C|C\\+\\+|Cuda) shared or static library '{NAME}' not found",
        log_causes.library,
    ),
    rule(
        "meson-log",
        "nvcc cannot compile programs",
        "ERROR: Compiler (?:[^\\s]{1,200} )?[^\\s]{0,200}nvcc cannot compile programs",
        log_versions.meson_log,
        when="weak",
    ),
    rule(
        "meson-cuda",
        "Dependency",
        r"ERROR: Dependency 'cuda' not found",
        plain(
            "Meson finds no CUDA of the version that meson.build asks for.",
            "it takes the version of what CUDA_PATH names",
            Scene.shims,
        ),
        when="weak",
    ),
    # --- setuptools, torch
    rule(
        "nvcc-not-found",
        "nvcc binary could not be located",
        r"nvcc binary could not be located in your \$PATH",
        plain("setup.py finds no nvcc.", NOWHERE, Scene.shims),
    ),
    rule(
        "nvcc-not-found",
        "nvcc not ",
        "nvcc not (?:in path|found: building CPU-only)",  # PyCUDA, which goes on; pyvkfft, which leaves CUDA out
        plain("setup.py finds no nvcc.", NOWHERE, Scene.shims),
    ),
    rule(
        "toolkit-incomplete",
        "path could not be located in",
        r"CUDA (?P<name>\w{1,20}) path could not be located in",
        plain("setup.py finds a toolkit that lacks {name}.", _LACKS, Scene.shims, "shims"),
    ),
    rule(
        "nvcc-not-found",
        "CUDA_HOME environment variable is not set",
        r"(?<![\x22\x27])CUDA_HOME environment variable is not set",
        _NO_HOME,
    ),
    rule(
        "nvcc-not-found",
        "CUDA was not found on the system",
        "CUDA was not found on the system, please set the CUDA_HOME",
        _NO_HOME,
    ),
    rule(
        "nvcc-not-found",
        "nvcc was not found.",
        r"nvcc was not found\.",
        plain("nvcc is not found.", NOWHERE, Scene.shims),
    ),
    rule(
        "stale",
        "nvcc not found at",
        f"nvcc not found at '{PATH}'\\.",
        plain(
            "torch finds no nvcc at {name}.",
            "CUDA_HOME names that folder; without it torch takes /usr/local/cuda if there is one",
            Scene.shims,
        ),
    ),
    rule(
        "torch-version",
        "mismatches the version that was used to compile",
        r"detected CUDA version \((?P<found>%s|[\d.]{1,10})\) mismatches the version that was used to compile\s{0,80}"
        r"PyTorch \((?P<name>%s|[\d.]{1,10})\)\. Please make sure to use the same CUDA versions\."
        r"(?:', '(?P<found2>[\d.]{1,10})', '(?P<name2>[\d.]{1,10})'\))?",
        log_versions.torch_version,
    ),
    rule(
        "torch-architecture",
        "Unknown CUDA arch",
        r"Unknown CUDA arch \((?P<name>[\w.+]{1,20})\) or GPU not supported",
        plain("torch does not know the architecture {name}.", "TORCH_CUDA_ARCH_LIST names it", _TORCH_ARCH),
    ),
    rule(
        "torch-no-gpu",
        "arch_list[-1] += '+PTX'",
        r"arch_list\[-1\] \+= '\+PTX' (?:[\^~\s]{1,160})?IndexError: list index out of range",
        plain(
            "torch does not know which architectures to compile for.",
            "it asks the GPUs of the machine, and there is none",
            _TORCH_ARCH,
        ),
    ),
    rule(
        "torch-no-gpu",
        "No CUDA runtime is found",
        "No CUDA runtime is found, using CUDA_HOME",
        plain(
            "torch sees no GPU.",
            "this machine has none, or no driver; that alone stops no build: torch compiles for what it is told",
            _TORCH_ARCH,
        ),
        when="weak",
    ),
    # --- cargo
    rule(
        "cudarc-version",
        "Unsupported cuda toolkit version",
        r"Unsupported cuda toolkit version: '(?P<name>[\d.]{1,10})'",
        plain(
            "cudarc does not know CUDA {name}.",
            "each of its releases has a list of those of CUDA",
            "cargo update -p cudarc; or set the variable CUDARC_CUDA_VERSION to the newest that it knows, e.g. 13000",
        ),
    ),
)

__all__ = ["RULES"]
