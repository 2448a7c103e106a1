"""Messages of what compiles: nvcc and its tools, host compilers, clang; and of headers that do not fit."""

from __future__ import annotations

from . import log_causes, log_versions
from .log_causes import plain
from .log_fixes import Scene
from .log_rules import HOST, NAME, Rule, not_found, rule

_CLANG = "clang has no nvcc to ask, and looks in /usr/local/cuda and for ptxas on PATH"
_OLD_CLANG = "each clang knows the releases of CUDA and the GPUs of its time; CUDA 13 asks for a new one"

RULES: tuple[Rule, ...] = (
    # --- headers
    rule(
        "nvcc-link",
        "<command-line>: fatal error: ",
        r"<command-line>: fatal error: cuda_runtime\.h: No such file or directory",
        log_causes.nvcc_link,
    ),
    rule(
        "header-missing",
        "fatal error: ",
        f"(?<!<command-line>:\\x20)fatal error: '?{NAME}'?(?:: No such file or directory| file not found)",
        log_causes.header,
        after="nvcc-not-found",
    ),
    rule(
        "header-missing",
        "open source file",
        f"(?:catastrophic )?error: cannot open source file '{NAME}'",
        log_causes.header,
        after="nvcc-not-found",
    ),
    rule(
        "header-missing",
        "Cannot open include file",
        f"fatal error C1083: Cannot open include file: '{NAME}'",
        log_causes.header,
        after="nvcc-not-found",
    ),
    # --- versions that do not fit
    rule(
        "version-mismatch",
        "Unsupported .version",
        r"Unsupported \.version (?P<name>\d{1,2}\.\d{1,2}); current version is '(?P<found>\d{1,2}\.\d{1,2})'",
        log_versions.ptx,
    ),
    rule(
        "version-mismatch",
        "CUDA toolkit headers are incompatible",
        "error(?: C1189)?: (?:#error:? )?'?CUDA compiler and CUDA toolkit headers are incompatible",
        plain(
            "nvcc and the headers are of two releases of CUDA.",
            "nvidia-cuda-nvcc and nvidia-cuda-runtime are of two releases, e.g. because torch pins the latter alone",
            Scene.whole,
        ),
    ),
    rule(
        "older-objects",
        "newer than toolkit",
        r"nvlink fatal : Input file '(?P<name>[^\n\x27]{1,300})' newer than toolkit",
        plain(
            "The object {name} was compiled by a newer nvcc than the one that links it.",
            "an earlier build with another toolkit has left it",
            Scene.fresh,
        ),
    ),
    # --- architectures and options
    rule(
        "architecture",
        "nsupported gpu architecture",
        r"nvcc fatal : Unsupported gpu architecture '(?P<name>\w{1,30})'",
        log_versions.architecture,
    ),
    rule(
        "architecture",
        "is not defined for option",
        r"fatal : Value '(?P<name>(?:sm|compute|lto)_\w{1,10})' is not defined for option '(?:gpu-name|arch|gpu-arch)",
        log_versions.architecture,
    ),
    rule(
        "architecture-pair",
        "Incompatible code generation requested",
        r"Incompatible code generation requested: arch='(?P<name>\w{1,20})', code='(?P<found>\w{1,20})'",
        plain(
            "nvcc is asked for code for {found} from {name}.",
            "code can be made for the virtual architecture's number and higher ones alone",
            "give both the same number: -gencode arch=compute_80,code=sm_80",
        ),
    ),
    rule(
        "nvcc-option",
        "Unknown option",
        r"nvcc fatal : Unknown option '(?P<name>-[^\s\x27]{1,200})'",
        plain(
            "nvcc has no option {name}.",
            "it gives none of its own to the host compiler unless told; or it is one of another release",
            "-Xcompiler={name} if it is one of the host compiler",
        ),
    ),
    # --- host compilers
    rule(
        "host-compiler-unsupported",
        "unsupported ",
        r"error: (?:#error )?-- unsupported (?P<name>GNU|clang|ICC|PGI) version! (?:gcc versions later than"
        r" (?P<gcc>\d{1,2}) are not supported|clang version must be less than (?P<clang>\d{1,2}))?",
        log_versions.unsupported_compiler,
    ),
    rule(
        "host-compiler-unsupported",
        "unsupported Microsoft",
        r"C1189: #error:[\s-]{1,12}unsupported Microsoft Visual Studio version!",
        log_versions.unsupported_msvc,
    ),
    rule(
        "host-compiler-unsupported",
        "The current installed version of",
        r"The current installed version of (?P<name>[\w+-]{1,30}) \((?P<found>[\d.]{1,20})\) is (?:greater|less) than",
        plain("torch does not take {name} {found} for this CUDA.", log_versions.LIMITS, Scene.host),
    ),
    rule(
        "host-compiler-missing",
        "cl.exe",
        r"nvcc fatal : Cannot find compiler 'cl\.exe' in PATH",
        log_versions.no_msvc,
    ),
    rule(
        "host-compiler-missing",
        "Microsoft Visual C++ ",
        r"Microsoft Visual C\+\+ 14\.\d or greater is required",
        log_versions.no_msvc,
    ),
    rule(
        "host-compiler-missing",
        "Failed to preprocess host compiler properties",
        r"(?P<name>[^\s:]{1,300}): No such file or directory"
        r" nvcc fatal : Failed to preprocess host compiler properties",
        log_versions.host_compiler,
    ),
    rule(
        "host-compiler-missing",
        "cannot execute",
        r"fatal error: cannot execute '(?P<name>cc1plus)': (?:execvp|posix_spawnp?): No such",
        log_versions.host_compiler,
    ),
    *not_found("host-compiler-missing", HOST, log_versions.host_compiler),
    rule(
        "host-compiler-missing",
        "No CMAKE_CXX_COMPILER could be found",
        "No (?P<name>CMAKE_CXX_COMPILER) could be found",
        log_versions.host_compiler,
    ),
    rule(
        "glibc-too-new",
        "exception specification is incompatible",
        r"exception specification is incompatible with that of previous function '(?P<name>(?:cospi|sinpi|rsqrt)f?)'",
        plain(
            "CUDA's headers and the C library both declare {name}, and differ.",
            "glibc has it since 2.41 (cospi, sinpi) or 2.42 (rsqrt), which CUDA 13.0 and 13.2 know respectively",
            "take cuda-toolkit==13.2.* or later, or build where glibc is older (a manylinux container)",
        ),
    ),
    # --- sources that are older than CUDA 13
    rule(
        "cxx17",
        "C++",
        r"(?P<name>libcu\+\+|CUB|Thrust|CCCL) requires at least C\+\+ ?17",
        plain(
            "{name} asks for C++17.",
            "the build gives an older -std; CUDA 13's CCCL has dropped C++11 and C++14",
            "-std=c++17, in CMake: set(CMAKE_CUDA_STANDARD 17) and set(CMAKE_CXX_STANDARD 17)",
        ),
    ),
    rule(
        "removed-in-13",
        "cudaDeviceProp",
        r"(?:class |struct )?'?cudaDeviceProp'? has no member (?:named )?'(?P<name>clockRate|deviceOverlap|computeMode"
        r"|kernelExecTimeoutEnabled|memoryClockRate|singleToDoublePrecisionPerfRatio|cooperativeMultiDeviceLaunch)'",
        plain(
            "cudaDeviceProp has no {name} any more.",
            "CUDA 13 has taken it out of the structure",
            "cudaDeviceGetAttribute() gives the value (cudaDevAttrClockRate, cudaDevAttrGpuOverlap …)",
            "cudaDeviceProp",
        ),
    ),
    rule(
        "removed-in-13",
        "has no member",
        r"namespace 'thrust' has no member (?:class |template )?'(?P<name>(?:unary|binary)_function)'",
        plain(
            "Thrust has no {name} any more.",
            "CCCL 3, that of CUDA 13, has taken it out",
            "derive from nothing: the types that it gave are not needed any more",
            "functional",
        ),
    ),
    rule(
        "removed-in-13",
        "has no member",
        r"namespace 'cub' has no member (?:class |template )?"
        r"'(?P<name>Sum|Max|Min|(?:Ine|E)quality|Difference|Division)'",
        plain(
            "CUB has no {name} any more.",
            "CCCL 3, that of CUDA 13, has taken it out",
            "take those of <cuda/std/functional> and <cuda/functional>: cuda::std::plus, cuda::maximum, cuda::minimum",
            "cub",
        ),
    ),
    # --- clang as the compiler of CUDA
    rule(
        "clang-cuda",
        "--cuda-path",
        "clang(?:-\\d{1,2})?: error: cannot find (?:CUDA installation|libdevice for \\w{1,10}); provide",
        plain("clang finds no toolkit.", _CLANG, lambda scene: f"--cuda-path={scene.root()}"),
    ),
    rule(
        "clang-cuda",
        "unsupported CUDA gpu architecture",
        "unsupported CUDA gpu architecture: (?P<name>\\w{1,20})",
        plain("This clang does not know {name}.", _OLD_CLANG, "compile with a newer clang, or with nvcc", "clang"),
    ),
)

__all__ = ["RULES"]
