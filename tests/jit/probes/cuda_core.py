"""cuda.core: NVRTC, with CUDA's and CCCL's headers out of the root."""

from __future__ import annotations

import os

DISTRIBUTION = "cuda-core"
SOURCE = """
#include <cuda_fp16.h>
#include <cuda/std/type_traits>
extern "C" __global__ void scale(const float *x, float *y, int n) {
  static_assert(cuda::std::is_same<int, int>::value, "");
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = 2.5f * x[i] + __half2float(__float2half(0.5f));
}
"""


def build(_folder):
    from cuda.core import Program, ProgramOptions
    from cuda.pathfinder import find_nvidia_header_directory, load_nvidia_dynamic_lib

    home = os.environ.get("CUDA_HOME")
    include = os.path.join(home, "include") if home else find_nvidia_header_directory("cudart")
    options = ProgramOptions(arch="sm_90", include_path=[include, os.path.join(include, "cccl")])
    made = Program(SOURCE, "c++", options).compile("cubin")
    return made, [load_nvidia_dynamic_lib("nvrtc").abs_path, include]


def compare(made):
    import cupy
    from cuda.core import Device, LaunchConfig, launch

    device = Device()
    device.set_current()
    stream = device.create_stream()
    x = cupy.random.rand(100_003, dtype=cupy.float32)
    y = cupy.empty_like(x)
    device.sync()
    launch(
        stream,
        LaunchConfig(grid=x.size // 256 + 1, block=256),
        made.get_kernel("scale"),
        x.data.ptr,
        y.data.ptr,
        x.size,
    )
    stream.sync()
    return y.get(), 2.5 * x.get().astype("f8") + 0.5
