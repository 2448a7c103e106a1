"""torch, AOTInductor: a library for other programs, with fat binaries by nvcc."""

from __future__ import annotations

import os
import shlex
import subprocess

DISTRIBUTION = "torch"


def build(folder):
    import torch
    from torch._inductor import config
    from torch._inductor.codegen.cuda import compile_utils

    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
    os.environ["TRITON_CACHE_DIR"] = os.path.join(folder, "triton")
    found = [compile_utils._cuda_compiler()]
    if not torch.cuda.is_available():
        config.cuda.arch, config.cuda.version = "90", torch.version.cuda
        source, library = (os.path.join(folder, f"kernel.{each}") for each in ("cu", "so"))
        with open(source, "w", encoding="utf-8") as file:
            file.write("#include <cuda_runtime.h>\n__global__ void one(float *x) { *x = 1; }\n")
        subprocess.run(shlex.split(compile_utils.cuda_compile_command([source], library, "so")), check=True)
        return None, found
    from torch_inductor import function

    config.aot_inductor.emit_multi_arch_kernel = True  # else no nvcc is run: Triton's cubins are packed

    class Model(torch.nn.Module):
        def forward(self, x, y):
            return function(x, y)

    arguments = tuple(torch.rand(512, 512, device="cuda") for _ in range(2))
    package = torch._inductor.aoti_compile_and_package(
        torch.export.export(Model(), arguments), package_path=os.path.join(folder, "model.pt2")
    )
    return torch._inductor.aoti_load_package(package), found


def compare(made):
    import torch_inductor

    return torch_inductor.compare(made)
