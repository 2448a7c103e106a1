"""The table of all projects below docs/examples; ``test_examples.py`` builds each of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from example_support import Example

#: where Debian's librust-*-dev packages put crates
REGISTRY = "/usr/share/cargo/registry"


def debians_crates(_world, project, environ):
    """Let cargo take crates from Debian's packages: crates.io need not be within reach."""
    if not list(Path(REGISTRY).glob("cc-1.*")):
        pytest.skip("the cc crate is not on this machine (Debian package librust-cc-dev)")
    (project / ".cargo").mkdir()
    text = f'[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "{REGISTRY}"\n'
    (project / ".cargo/config.toml").write_text(text)
    environ["CARGO_HOME"] = str(project.parent / "cargo")


EXAMPLES = (
    Example("scikit-build-core", "CMake: the language (scikit-build-core)", "vector_ops"),
    Example(
        "scikit-build-core",
        "CMake 3.24: the language",
        "vector_ops",
        label="cmake-3.24",
        heavy="another CMake",
        requires=("cmake==3.24.*",),
    ),
    Example(
        "scikit-build-core",
        "CMake, newest 3.x: the language",
        "vector_ops",
        label="cmake-3",
        heavy="another CMake",
        requires=("cmake==3.*",),
    ),
    Example(
        "scikit-build-core",
        "CMake, newest: the language",
        "vector_ops",
        label="cmake-newest",
        requires=("cmake>=4",),
    ),
    Example(
        "cmake-toolkit",
        "CMake: find_package(CUDAToolkit), shared libraries",
        "small_gemm",
        needed=frozenset({"libcublas.so.13", "libcublasLt.so.13", "libcudart.so.13"}),
    ),
    Example("cmake-separable", "CMake: separable compilation, device link", "mandelbrot"),
    Example("cmake-cccl", "CMake: find_package(CCCL)", "running_sum"),
    Example("cmake-findcuda", "CMake: the old find_package(CUDA)", "collatz"),
    Example("cmake-runtime", "CMake: C++ only, with the runtime", "gpu_memory", device_code=False),
    Example("meson-python", "Meson: the language (meson-python)", "heat"),
    Example(
        "meson-dependency",
        "Meson: dependency('cuda') from C++",
        "dot_product",
        needed=frozenset({"libcublas.so.13"}),
        device_code=False,
    ),
    Example("setuptools", "setuptools: locate_cuda and a rule for nvcc", "primes"),
    Example("setuptools-cython", "setuptools: Cython with a kernel", "blur"),
    Example("hatchling", "hatchling: a build hook", "nearest"),
    Example("pdm-backend", "pdm-backend: a build hook", "game_of_life"),
    Example(
        "torch-extension",
        "torch: CUDAExtension with ninja",
        "swiglu",
        needed=frozenset({"libcudart.so.13"}),
        pinned="13.2.2",
        environ=(("TORCH_CUDA_ARCH_LIST", "8.0"),),
        heavy="torch is 3 GB",
    ),
    Example(
        "maturin",
        "Rust: the cc crate's cuda(true), CUDA_HOME (maturin)",
        "levenshtein_gpu",
        programs=(("cargo", "cargo"),),
        prepare=debians_crates,
    ),
    Example("make", "make", "histogram", programs=(("make", "make"),)),
    Example("ninja", "ninja", "transpose"),
    Example(
        "autotools",
        "autotools: configure --with-cuda",
        "spectrum",
        needed=frozenset({"libcufft.so.12"}),
        programs=(("make", "make"), ("autoconf", "autoconf")),
    ),
    Example(
        "pkg-config",
        "pkg-config and make",
        "random_walk",
        needed=frozenset({"libcudart.so.13", "libcurand.so.10"}),
        device_code=False,
        programs=(("make", "make"), ("pkg-config", "pkg-config")),
    ),
)

if __name__ == "__main__":  # scripts/pages/matrix.py asks which rows there are
    print(json.dumps([[row.system, str(row.path), row.requires] for row in EXAMPLES]))
