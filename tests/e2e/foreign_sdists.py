"""Sdists from PyPI that want CUDA when they are built, of the table of projects: what must come of each."""

from __future__ import annotations

from typing import NamedTuple

from e2e_support import NVCC_VERSION, TOOLKIT
from example_support import RELEASES
from project_table import Project, read_table

PROJECTS = read_table()
SHIMS = "cuda-shims[cu13]"


class Sdist(NamedTuple):
    """A release on PyPI, and what must come of its build."""

    project: Project
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
    def name(self):
        return self.project.name

    @property
    def version(self):
        return self.project.version

    @property
    def pin(self):
        return self.project.pin

    @property
    def own(self):
        return self.project.own

    @property
    def environ(self):
        return self.project.environ

    @property
    def settings(self):
        return self.project.settings

    @property
    def release(self):
        """Return what keeps its build at the release of CUDA that the tests know; torch does so by itself."""
        return [] if self.project.torch else [f"cuda-toolkit=={TOOLKIT}"]

    def requires(self, shims):
        """Return what is added to its build, with another requirement than ``cuda-shims[cu13]``."""
        first, *more = self.project.requires
        assert first == SHIMS
        return [shims, *more]


SDISTS = [
    Sdist(  # setuptools; C++ with Boost.Python, which it carries; links with the driver
        PROJECTS["pycuda"],
        libraries=(("pycuda/_driver*.so", ("libcuda.so.1", "libcurand.so.10"), ""),),
        # no call of the driver: the stub gives no text for an error, which PyCUDA takes for one
        load="import pycuda._driver as cuda; print(cuda.get_version(), cuda.get_curand_version())",
        prints="(13, 5, 0) (10, 40, 5)",
        runtime=("numpy",),
        quote=r"\*\*\* WARNING: nvcc not in path\.",
        python=(3, 10),
    ),
    Sdist(  # setuptools, nvcc as its compiler and linker; links with the driver and NVRTC
        PROJECTS["pyvkfft"],
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
        PROJECTS["cuvec"],
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
        PROJECTS["diso"],
        libraries=(("diso/_C.so", ("libcudart.so.13",), "80"),),
        nvcc=RELEASES["13.2.2"].nvcc,
        load="import diso, torch; print(torch.version.cuda, diso.DiffMC())",
        prints="13.2 DiffMC()",
        runtime=(PROJECTS["diso"].torch,),
        # torch takes /usr/local/cuda where there is such a folder, as the empty one is that hides what was in it
        quote=r"OSError: CUDA_HOME environment variable is not set\.|nvcc not found at '/usr/local/cuda/bin/nvcc'",
        python=(3, 11),
    ),
    Sdist(  # setuptools that runs nvcc by its name; small
        PROJECTS["cuda-kernels"],
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
