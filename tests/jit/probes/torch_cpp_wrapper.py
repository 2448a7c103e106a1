"""torch, Inductor's C++ wrapper: a library that is linked with CUDA's runtime and driver."""

from __future__ import annotations

import os

DISTRIBUTION = "torch"
SOURCE = """
#include <cuda.h>
#include <cuda_runtime_api.h>
extern "C" int versions() {
  int driver = 0, runtime = 0;
  cuDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  return runtime;
}
"""


def build(folder):
    import torch
    from torch.utils import cpp_extension

    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
    os.environ["TRITON_CACHE_DIR"] = os.path.join(folder, "triton")
    found = [cpp_extension.CUDA_HOME]
    if not torch.cuda.is_available():
        return link(folder), found
    from torch._inductor import config
    from torch_inductor import function

    config.cpp_wrapper = True
    return torch.compile(function), found


def link(folder):
    """Compile and link as the wrapper is, without the kernels: to have those, Inductor asks a GPU what it is."""
    from torch._inductor.cpp_builder import CppBuilder, CppTorchDeviceOptions
    from torch._inductor.cpu_vec_isa import invalid_vec_isa

    source = os.path.join(folder, "wrapper.cpp")
    with open(source, "w", encoding="utf-8") as file:
        file.write(SOURCE)
    options = CppTorchDeviceOptions(vec_isa=invalid_vec_isa, device_type="cuda", aot_mode=True)
    CppBuilder(name="wrapper", sources=[source], output_dir=folder, BuildOption=options).build()
    assert os.path.exists(os.path.join(folder, "wrapper.so"))


def compare(made):
    import torch_inductor

    return torch_inductor.compare(made)
