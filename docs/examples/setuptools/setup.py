"""Builds the extension module primes._primes: C by the C compiler, .cu files by nvcc."""

from __future__ import annotations

import os
import shutil
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


def locate_cuda() -> dict[str, str]:
    """Find the toolkit: CUDA_HOME names it, or nvcc on PATH is in its bin."""
    home = os.environ.get("CUDA_HOME")
    if home:
        nvcc = os.path.join(home, "bin", "nvcc")
    else:
        found = shutil.which("nvcc")
        if found is None:
            raise SystemExit("nvcc is not on PATH: add it, or set CUDA_HOME")
        nvcc = found
        home = os.path.dirname(os.path.dirname(nvcc))
    config = {
        "home": home,
        "nvcc": nvcc,
        "include": os.path.join(home, "include"),
        "lib64": os.path.join(home, "lib64"),
    }
    for name, path in config.items():
        if not os.path.exists(path):
            raise SystemExit(f"the CUDA {name} path could not be located in {path}")
    return config


CUDA = locate_cuda()
ARCHS = os.environ.get("CUDAARCHS", "")
ARCH = [f"-gencode=arch=compute_{each},code=sm_{each}" for each in ARCHS.split(";") if each] or ["-arch=all-major"]


class BuildExt(build_ext):
    """Gives .cu files to nvcc."""

    def build_extensions(self) -> None:
        """Teach the compiler object the suffix, then build."""
        compile_one = self.compiler._compile  # noqa: SLF001 # where every setup.py with an nvcc rule hooks in
        self.compiler.src_extensions.append(".cu")

        def compile_cuda(obj: str, src: str, ext: str, cc_args: list[str], extra: Any, pp_opts: list[str]) -> None:
            if os.path.splitext(src)[1] != ".cu":
                compile_one(obj, src, ext, cc_args, extra["cc"], pp_opts)
                return
            self.compiler.spawn([CUDA["nvcc"], *cc_args, *pp_opts, src, "-o", obj, *extra["nvcc"]])

        self.compiler._compile = compile_cuda  # noqa: SLF001
        super().build_extensions()


setup(
    ext_modules=[
        Extension(
            "primes._primes",
            ["src/module.c", "src/sieve.cu"],
            include_dirs=["src", CUDA["include"]],
            library_dirs=[CUDA["lib64"]],
            libraries=["cudart_static", "rt", "pthread", "dl", "stdc++"],
            # without the second, what is in build/ is taken for new when the toolkit is another one
            depends=["src/sieve.h", os.path.join(CUDA["home"], "version.json")],
            extra_compile_args={"cc": [], "nvcc": [*ARCH, "-O3", "-std=c++17", "-Xcompiler", "-fPIC"]},
        )
    ],
    cmdclass={"build_ext": BuildExt},
)
