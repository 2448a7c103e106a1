"""PyCUDA, `SourceModule`: it runs nvcc from PATH."""

from __future__ import annotations

import os

DISTRIBUTION = "pycuda"
SOURCE = """
#include <cuda_fp16.h>
__global__ void scale(float *y, const float *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = 2.5f * x[i] + 1.0f;
}
"""


def variables(root):  # it was linked with cuRAND, and nothing has loaded that before
    folders = [os.path.join(root, "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return {"LD_LIBRARY_PATH": ":".join(filter(None, folders))}


def build(_folder):
    import shutil

    from pycuda import compiler

    cubin = compiler.compile_plain(SOURCE, ["-arch", "sm_90"], False, "nvcc", None)
    assert cubin[:4] == b"\x7fELF", cubin[:4]
    return None, [shutil.which("nvcc")]


def compare(_made):
    import numpy as np
    from pycuda import compiler, driver

    x = np.random.default_rng(1).random(100_003, "f4")
    y = np.empty_like(x)
    module = compiler.SourceModule(
        'extern "C" {' + SOURCE.replace("#include <cuda_fp16.h>", "") + "}", no_extern_c=True
    )
    module.get_function("scale")(
        driver.Out(y), driver.In(x), np.int32(x.size), block=(256, 1, 1), grid=(x.size // 256 + 1, 1)
    )
    return y, 2.5 * x.astype("f8") + 1
