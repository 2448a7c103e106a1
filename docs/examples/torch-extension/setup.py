"""Has torch compile the operator. What can be said without Python is in pyproject.toml."""

import os

from setuptools import setup
from torch.utils.cpp_extension import CUDA_HOME, BuildExtension, CUDAExtension

# By default torch compiles for the GPUs of the machine that builds, and stops where there is none.
os.environ.setdefault("TORCH_CUDA_ARCH_LIST", "8.0 9.0 10.0 12.0+PTX")

# torch's stable ABI: what is built with any torch runs with each from 2.10 on, under every Python from 3.10 on
FLAGS = ["-O3", "-DUSE_CUDA", "-DTORCH_TARGET_VERSION=0x020a000000000000"]

setup(
    ext_modules=[
        CUDAExtension(
            "swiglu._C",
            ["csrc/swiglu.cu"],
            extra_compile_args={"nvcc": FLAGS, "cxx": []},
            py_limited_api=True,
            # without it, what is in build/ is taken for new when the toolkit is another one
            depends=[os.path.join(CUDA_HOME or "", "version.json")],
        )
    ],
    cmdclass={"build_ext": BuildExtension},
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
