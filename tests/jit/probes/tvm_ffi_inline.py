"""tvm-ffi, `load_inline`: what others' kernels are built on."""

from __future__ import annotations

DISTRIBUTION = "apache-tvm-ffi"
SOURCE = """
#include <tvm/ffi/container/tensor.h>
__global__ void kernel(const float* x, float* y, int64_t n) {
  int64_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i] * x[i] + 1;
}
void square(tvm::ffi::TensorView x, tvm::ffi::TensorView y) {
  int64_t n = x.size(0);
  kernel<<<(n + 255) / 256, 256>>>(static_cast<float*>(x.data_ptr()), static_cast<float*>(y.data_ptr()), n);
}
"""


def build(folder):
    from tvm_ffi import cpp
    from tvm_ffi.cpp import extension

    made = cpp.load_inline("square_inline", cuda_sources=SOURCE, functions="square", build_directory=folder)
    return made, [extension._find_cuda_home()]


def compare(made):
    import torch

    x = torch.rand(100_003, device="cuda")
    y = torch.empty_like(x)
    made.square(x, y)
    torch.cuda.synchronize()
    return y, x.double() ** 2 + 1
