"""CuPy, `RawModule(backend="nvcc")`: a kernel with a header of CUDA's."""

from __future__ import annotations

DISTRIBUTION = "cupy-cuda13x"
SOURCE = """
#include <cuda_fp16.h>
extern "C" __global__ void scale(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = 2.5f * x[i] + __half2float(__float2half(0.5f));
}
"""


def build(_folder):
    import cupy
    from cupy.cuda import compiler

    cubin = compiler.compile_using_nvcc(SOURCE, arch="90")
    assert cubin[:4] == b"\x7fELF", cubin[:4]
    return None, [cupy._environment.get_nvcc_path()]


def compare(_made):
    import cupy

    x = cupy.random.rand(1_000_003, dtype=cupy.float32)
    y = cupy.empty_like(x)
    kernel = cupy.RawModule(code=SOURCE, backend="nvcc").get_function("scale")
    kernel((x.size // 256 + 1,), (256,), (x, y, cupy.int32(x.size)))
    return y.get(), 2.5 * x.get().astype("f8") + 0.5
