"""Sdists from PyPI that want CUDA when they are built: what each needs beyond cuda-shims, and what must come of it."""

from __future__ import annotations

from typing import NamedTuple

from e2e_support import NVCC_VERSION, TOOLKIT
from example_support import RELEASES

TORCH = "torch==2.15.0"
SHIMS = "cuda-shims[cu13]"


class Sdist(NamedTuple):
    """A release on PyPI, what its build needs, and what must come of it."""

    name: str
    version: str
    #: the extras of cuda-toolkit beyond those of ``cuda-shims[cu13]``
    extras: str = ""
    #: further requirements that its build has and does not name
    more: tuple[str, ...] = ()
    #: what its ``build-system.requires`` names, which pip without isolation has to find installed
    own: tuple[str, ...] = ("setuptools", "wheel")
    environ: tuple[tuple[str, str], ...] = ()
    #: config settings
    settings: tuple[tuple[str, str], ...] = ()
    #: file pattern of a library in the package, those of CUDA that it needs, what GPU it has code for
    libraries: tuple[tuple[str, tuple[str, ...], str], ...] = ()
    #: the nvcc that has made that code
    nvcc: str = NVCC_VERSION
    #: what loads it, and what that has to print
    load: str = ""
    prints: str = ""
    #: a requirement of it at run time that it does not name
    runtime: tuple[str, ...] = ()
    #: a pattern of the message of its build without cuda-shims that the doctor has to quote; and whether it fails
    quote: str = ""
    fails: bool = True
    #: the first Python that it is for
    python: tuple[int, int] = (3, 9)

    @property
    def pin(self):
        return f"{self.name}=={self.version}"

    @property
    def release(self):
        """Return what keeps its build at the release of CUDA that the tests know; torch does so by itself."""
        return [] if TORCH in self.more else [f"cuda-toolkit=={TOOLKIT}"]

    def requires(self, shims):
        """Return what is added to its build."""
        return [shims, *([f"cuda-toolkit[{self.extras}]"] if self.extras else []), *self.more]


SDISTS = [
    Sdist(  # setuptools; C++ with Boost.Python, which it carries; links with the driver
        "pycuda",
        "2026.1",
        extras="curand,profiler",
        own=("setuptools", "wheel", "numpy"),
        libraries=(("pycuda/_driver*.so", ("libcuda.so.1", "libcurand.so.10"), ""),),
        # no call of the driver: the stub gives no text for an error, which PyCUDA takes for one
        load="import pycuda._driver as cuda; print(cuda.get_version(), cuda.get_curand_version())",
        prints="(13, 5, 0) (10, 40, 5)",
        runtime=("numpy",),
        quote=r"\*\*\* WARNING: nvcc not in path\.",
        python=(3, 10),
    ),
    Sdist(  # setuptools, nvcc as its compiler and linker; links with the driver and NVRTC
        "pyvkfft",
        "2025.1.1",
        extras="nvrtc",
        own=("setuptools", "wheel", "numpy"),
        environ=(("VKFFT_BACKEND", "cuda"),),
        libraries=(("pyvkfft/_vkfft_cuda*.so", ("libcuda.so.1", "libnvrtc.so.13"), "75"),),
        load="""
import ctypes, glob, os, sysconfig
(path,) = glob.glob(os.path.join(sysconfig.get_path("platlib"), "pyvkfft/_vkfft_cuda*.so"))
library = ctypes.CDLL(path)
print(library.cuda_compile_version(), library.cuda_runtime_version(), library.cuda_driver_version())
""",
        prints="13050 13050 0",
        quote=r"nvcc not in path\. Skipping pyvkfft\.cuda module installation\.",
        fails=False,
    ),
    Sdist(  # scikit-build-core, CMake's language CUDA, pybind11 and SWIG
        "cuvec",
        "6.0.1",
        own=("scikit-build-core[pyproject]", "setuptools_scm", "swig!=4.3", "pybind11", "cmake", "ninja"),
        settings=(
            ("cmake.define.CMAKE_CUDA_ARCHITECTURES", "80"),
            ("cmake.define.CUVEC_CUDA_OPTIONAL", "OFF"),
        ),
        libraries=(
            ("cuvec/cuvec_cpython*.so", (), "80"),
            ("cuvec/cuvec_pybind11*.so", (), "80"),
            ("cuvec/_cuvec_swig*.so", (), ""),
        ),
        load="import cuvec.pybind11, cuvec.swig; cuvec.zeros((2, 3), 'float32')",
        prints="CUDA driver version is insufficient for CUDA runtime version",
        quote=r"Could not find nvcc, please set CUDAToolkit_ROOT\.",
    ),
    Sdist(  # torch's CUDAExtension
        "diso",
        "0.1.4",
        more=(TORCH,),
        own=("setuptools", "wheel"),
        environ=(("FORCE_CUDA", "1"), ("TORCH_CUDA_ARCH_LIST", "8.0")),
        libraries=(("diso/_C.so", ("libcudart.so.13",), "80"),),
        nvcc=RELEASES["13.2.2"].nvcc,
        load="import diso, torch; print(torch.version.cuda, diso.DiffMC())",
        prints="13.2 DiffMC()",
        runtime=(TORCH,),
        # torch takes /usr/local/cuda where there is such a folder, as the empty one is that hides what was in it
        quote=r"OSError: CUDA_HOME environment variable is not set\.|nvcc not found at '/usr/local/cuda/bin/nvcc'",
        python=(3, 11),
    ),
    Sdist(  # setuptools that runs nvcc by its name; small
        "cuda-kernels",
        "0.2.0",
        own=("setuptools", "wheel"),
        libraries=(
            ("cuda_kernels/autocorrelation/_autocorrelation_cuda.so", (), "75"),
            ("cuda_kernels/reduction/_reduction_cuda.so", (), "75"),
        ),
        load="import cuda_kernels, numpy; cuda_kernels.reduction_sum(numpy.ones(9, 'float32'))",
        prints="CUDA error CUDA driver version is insufficient for CUDA runtime version at cuda_kernels",
        quote=r"nvcc not found: building CPU-only",
        fails=False,
    ),
]
#: small: the one that every run of the tests builds
QUICK = SDISTS[-1]
