"""torch, `torch.compile`: Inductor's Triton kernels, with the ptxas that TRITON_PTXAS_PATH names."""

from __future__ import annotations

import os

DISTRIBUTION = "torch"
NEEDS_GPU = True


def build(folder):
    import torch

    if home := os.environ.get("CUDA_HOME"):
        os.environ["TRITON_PTXAS_PATH"] = os.path.join(home, "bin", "ptxas")
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
    os.environ["TRITON_CACHE_DIR"] = os.path.join(folder, "triton")
    from triton import knobs

    return torch.compile(function), [knobs.nvidia.ptxas.path, knobs.nvidia.ptxas.version]


def function(x, y):
    import torch

    return torch.nn.functional.gelu(x @ y).softmax(-1) * x.sum(-1, keepdim=True)


def compare(made):
    import torch

    x, y = (torch.rand(512, 512, device="cuda") for _ in range(2))
    return made(x, y), function(x, y)
