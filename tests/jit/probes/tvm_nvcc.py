"""TVM, `compile_cuda`: nvcc."""

from __future__ import annotations

DISTRIBUTION = "apache-tvm"
SOURCE = """
extern "C" __global__ void scale(const float *x, float *y, int n) {
  if (threadIdx.x < n) y[threadIdx.x] = 2.5f * x[threadIdx.x];
}
"""


def build(_folder):
    import tvm
    from tvm.support import nvcc

    with tvm.target.Target({"kind": "cuda", "arch": "sm_90"}):
        cubin = bytes(nvcc.compile_cuda(SOURCE, target_format="cubin", arch="sm_90", compiler="nvcc"))
    assert cubin[:4] == b"\x7fELF"
    return cubin, [nvcc.find_cuda_path()]


def compare(made):
    import cupy

    x = cupy.random.rand(256, dtype=cupy.float32)
    y = cupy.empty_like(x)
    module = cupy.cuda.function.Module()
    module.load(made)
    module.get_function("scale")((1,), (256,), (x, y, cupy.int32(256)))
    return y.get(), 2.5 * x.get().astype("f8")
