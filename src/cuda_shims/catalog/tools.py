"""
The contents of NVIDIA's wheels: closed tables of tools and components, read from the wheels of CUDA 12.0 to 13.5.

Nothing here touches a disk or imports anything, so the wheel's build hook can run it, and a start of Python does not
import :mod:`typing`.
"""

from __future__ import annotations


class Tool:
    """An executable that some CUDA wheel holds."""

    __slots__ = ("distribution", "extra", "name", "since")

    def __init__(self, name: str, distribution: str, extra: str, since: str) -> None:
        """Describe it."""
        self.name = name
        self.distribution = distribution
        self.extra = extra
        self.since = since


class Component:
    """A distribution that is part of a toolkit."""

    __slots__ = ("distribution", "extra", "key", "title")

    def __init__(self, distribution: str, extra: str, key: str, title: str) -> None:
        """Describe it: CUDA 13's name, the extra that installs it, and its name in NVIDIA's ``version.json``."""
        self.distribution = distribution
        self.extra = extra
        self.key = key
        self.title = title


#: the majors for which NVIDIA publishes nvcc on PyPI, for messages. Installed majors are found by their folders,
#: whatever their numbers
COMPILED: tuple[int, ...] = (13,)
#: the major to install if none is installed
NEWEST = COMPILED[-1]
#: one of our extras, in ``pyproject.toml``, which installs everything that compiling needs
BUNDLE = f"cuda-shims[cu{NEWEST}]"

TOOLS: tuple[Tool, ...] = (
    Tool("nvcc", "nvidia-cuda-nvcc", "nvcc", "13.0"),
    Tool("ptxas", "nvidia-cuda-nvcc", "nvcc", "12.0"),
    Tool("fatbinary", "nvidia-cuda-nvcc", "nvcc", "13.0"),
    Tool("nvlink", "nvidia-cuda-nvcc", "nvcc", "13.0"),
    Tool("bin2c", "nvidia-cuda-nvcc", "nvcc", "13.0"),
    Tool("cudafe++", "nvidia-cuda-nvcc", "nvcc", "13.0"),
    Tool("cicc", "nvidia-nvvm", "nvvm", "13.0"),
    Tool("cuobjdump", "nvidia-cuda-cuobjdump", "cuobjdump", "13.2"),
    Tool("nvdisasm", "nvidia-cuda-nvdisasm", "nvdisasm", "13.2"),
    Tool("compute-sanitizer", "nvidia-cuda-sanitizer-api", "sanitizer", "12.9"),
    Tool("tileiras", "nvidia-cuda-tileiras", "tileiras", "13.1"),
    Tool("tileirdisasm", "nvidia-cuda-tileiras", "tileiras", "13.4"),
)

#: tools whose shims are in our wheel; those of the others are written with their tool, because a shim that
#: finds nothing would hide that the tool is missing (``shutil.which``) from a build system that only checks its name
SHIPPED_SHIMS: tuple[str, ...] = tuple(tool.name for tool in TOOLS if tool.distribution == "nvidia-cuda-nvcc")

#: tools whose shims are written when the tool is installed; cicc is private to nvcc and on no toolkit's PATH
OPTIONAL_SHIMS: tuple[str, ...] = tuple(tool.name for tool in TOOLS if tool.name not in {*SHIPPED_SHIMS, "cicc"})

#: what nvcc needs to compile and link: :data:`BUNDLE`
COMPILER_COMPONENTS: tuple[str, ...] = (
    "nvidia-cuda-nvcc",
    "nvidia-nvvm",
    "nvidia-cuda-crt",
    "nvidia-cuda-runtime",
    "nvidia-cuda-cccl",
)

COMPONENTS: tuple[Component, ...] = (
    Component("nvidia-cuda-nvcc", "nvcc", "cuda_nvcc", "CUDA NVCC"),
    Component("nvidia-nvvm", "nvvm", "libnvvm", "CUDA NVVM"),
    Component("nvidia-cuda-crt", "crt", "cuda_crt", "CUDA CRT"),
    Component("nvidia-cuda-runtime", "cudart", "cuda_cudart", "CUDA Runtime (cudart)"),
    Component("nvidia-cuda-cccl", "cccl", "cuda_cccl", "CUDA C++ Core Compute Libraries"),
    Component("nvidia-cuda-culibos", "culibos", "cuda_culibos", "CUDA culibos"),
    Component("nvidia-cuda-cuobjdump", "cuobjdump", "cuda_cuobjdump", "cuobjdump"),
    Component("nvidia-cuda-cupti", "cupti", "cuda_cupti", "CUPTI"),
    Component("nvidia-cuda-cuxxfilt", "cuxxfilt", "cuda_cuxxfilt", "CUDA cu++ filt"),
    Component("nvidia-cuda-nvdisasm", "nvdisasm", "cuda_nvdisasm", "CUDA nvdisasm"),
    Component("nvidia-cuda-nvrtc", "nvrtc", "cuda_nvrtc", "CUDA NVRTC"),
    Component("nvidia-cuda-opencl", "opencl", "cuda_opencl", "CUDA OpenCL"),
    Component("nvidia-cuda-profiler-api", "profiler", "cuda_profiler_api", "CUDA Profiler API"),
    Component("nvidia-cuda-sanitizer-api", "sanitizer", "cuda_sanitizer_api", "CUDA Compute Sanitizer API"),
    Component("nvidia-cuda-tileiras", "tileiras", "cuda_tileiras", "CUDA Tile IR assembler"),
    Component("nvidia-cublas", "cublas", "libcublas", "CUDA cuBLAS"),
    Component("nvidia-cudla", "cudla", "libcudla", "CUDA cuDLA"),
    Component("nvidia-cufft", "cufft", "libcufft", "CUDA cuFFT"),
    Component("nvidia-cufile", "cufile", "libcufile", "GPUDirect Storage (cufile)"),
    Component("nvidia-curand", "curand", "libcurand", "CUDA cuRAND"),
    Component("nvidia-cusolver", "cusolver", "libcusolver", "CUDA cuSOLVER"),
    Component("nvidia-cusparse", "cusparse", "libcusparse", "CUDA cuSPARSE"),
    Component("nvidia-npp", "npp", "libnpp", "CUDA NPP"),
    Component("nvidia-nvfatbin", "nvfatbin", "libnvfatbin", "Fatbin interaction library"),
    Component("nvidia-nvjitlink", "nvjitlink", "libnvjitlink", "JIT Linker Library"),
    Component("nvidia-nvjpeg", "nvjpeg", "libnvjpeg", "CUDA nvJPEG"),
    Component("nvidia-nvml-dev", "nvml", "cuda_nvml_dev", "CUDA NVML Headers"),
    Component("nvidia-nvptxcompiler", "nvptxcompiler", "libnvptxcompiler", "CUDA PTX Compiler"),
    Component("nvidia-nvtx", "nvtx", "cuda_nvtx", "CUDA NVTX"),
)


def find_tool(name: str) -> Tool | None:
    """Look a tool up by its file name without extension; ``None`` for a name that no wheel of 12.x or 13.x holds."""
    return next((tool for tool in TOOLS if tool.name == name), None)


def distribution_of(name: str, major: int | None) -> str:
    """
    Name a component's distribution for a CUDA major: up to CUDA 12 each major has its own.

    :param name: the distribution of CUDA 13, e.g. ``nvidia-cublas``
    :param major: the major; ``None`` where there is no toolkit
    :returns: e.g. ``nvidia-cublas-cu12``

    """
    return name if major is None or major >= COMPILED[0] else f"{name}-cu{major}"


def is_compiled(release: str) -> bool:
    """Tell whether PyPI has wheels of nvcc for a release, e.g. ``13.5``, or a major, e.g. ``13``."""
    return release.partition(".")[0] in {str(each) for each in COMPILED}


def install_line(extra: str, release: str | int | None = None) -> str:
    """
    Spell the command that installs a component at the toolkit's version.

    :param extra: an extra of ``cuda-toolkit``
    :param release: the CUDA release or its major; by default :data:`NEWEST`
    :returns: e.g. ``pip install "cuda-toolkit[cublas]==13.*"``

    """
    return f'pip install "cuda-toolkit[{extra}]=={release or NEWEST}.*"'


def toolkit_requirement(major: str | None = None) -> str:
    """
    Spell the requirement that installs a toolkit.

    :param major: the CUDA major, in digits; by default :data:`NEWEST`
    :returns: e.g. ``cuda-shims[cu13]``; for a major without one of our bundles, what compiles or, if it has no
        compiler, what links

    """
    if major is None or int(major) == NEWEST:
        return BUNDLE
    extras = "cudart,nvcc" if int(major) < COMPILED[0] else "cccl,crt,cudart,nvcc,nvvm"
    return f"cuda-toolkit[{extras}]=={major}.*"


def tool_requirement(name: str, major: int | None = None) -> str | None:
    """
    Spell the requirement that installs a tool.

    :param name: a tool of :data:`TOOLS`
    :param major: the CUDA major of the toolkit that lacks it, if there is one
    :returns: e.g. ``cuda-toolkit[cuobjdump]==13.*``; ``None`` if no wheel of that major holds the tool

    """
    tool = find_tool(name)
    if tool is None or (major and major < int(tool.since.partition(".")[0])):
        return None
    if tool.extra in {"nvcc", "nvvm"} and (major or NEWEST) in COMPILED:
        return f"cuda-shims[cu{major or NEWEST}]"
    return f"cuda-toolkit[{tool.extra}]=={major or NEWEST}.*"


def missing_tool_fix(name: str, major: int | None = None) -> str:
    """
    Say how to install a missing tool.

    :param name: the tool's file name without extension
    :param major: the CUDA major of the toolkit that lacks it, if there is one
    :returns: half a sentence, as :class:`cuda_shims.errors.ToolNotFoundError` takes it

    """
    tool = find_tool(name)
    if tool is None:
        return "no CUDA wheel on PyPI holds a tool of that name"
    requirement = tool_requirement(name, major)
    if requirement is None:
        newer = missing_tool_fix(name).replace("run: ", "")
        own = f"name a CUDA {major} of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"
        return f"NVIDIA publishes no {name} on PyPI before CUDA {tool.since}; {newer}, or {own}"
    since = "" if tool.extra in {"nvcc", "nvvm"} else f" (since CUDA {tool.since})"
    return f'{distribution_of(tool.distribution, major)} holds it{since}; run: pip install "{requirement}"'
