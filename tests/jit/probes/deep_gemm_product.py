"""DeepGEMM: a matrix product in bfloat16, compiled by nvcc for the shapes at hand; cuobjdump names its kernel."""

from __future__ import annotations

import os

DISTRIBUTION = "deep_gemm"
NEEDS_GPU = True


def build(folder):
    os.environ["DG_JIT_CACHE_DIR"] = folder
    import deep_gemm

    return deep_gemm, [deep_gemm._find_cuda_home()]


def compare(made):
    import torch

    a, b = (torch.randn(512, 1024, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    d = torch.empty(512, 512, device="cuda", dtype=torch.float32)
    made.bf16_gemm_nt(a, b, d)
    return d, a.double() @ b.double().T
