"""Builds the extension module blur._blur: nvcc makes an object of the kernel, which Cython's module is linked with."""

from __future__ import annotations

import os
import shutil
import subprocess

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


class BuildExt(build_ext):
    """Compiles the kernel first."""

    def build_extension(self, ext: Extension) -> None:
        """Give the kernel to nvcc, and its object and the runtime's library to the link."""
        nvcc = shutil.which("nvcc")
        if nvcc is None:
            raise SystemExit("blur is compiled by nvcc, which is not on PATH")
        home = os.path.dirname(os.path.dirname(nvcc))
        archs = [each for each in os.environ.get("CUDAARCHS", "").split(";") if each]
        arch = [f"-gencode=arch=compute_{each},code=sm_{each}" for each in archs] or ["-arch=all-major"]
        os.makedirs(self.build_temp, exist_ok=True)
        kernel = os.path.join(self.build_temp, "kernel.o")
        command = [nvcc, "-c", "-O3", "-std=c++17", *arch, "-Xcompiler", "-fPIC", "src/kernel.cu", "-o", kernel]
        subprocess.run(command, check=True)
        ext.extra_objects.append(kernel)
        ext.include_dirs.append(os.path.join(home, "include"))
        ext.library_dirs.append(os.path.join(home, "lib64"))
        # without it, what is in build/ is taken for new when the toolkit is another one
        ext.depends.append(os.path.join(home, "version.json"))
        super().build_extension(ext)


setup(
    ext_modules=[
        Extension(
            "blur._blur",
            ["src/blur/_blur.pyx"],
            include_dirs=["src"],
            libraries=["cudart_static", "rt", "pthread", "dl"],
            depends=["src/kernel.cu", "src/kernel.h"],
            language="c++",
        )
    ],
    cmdclass={"build_ext": BuildExt},
)
