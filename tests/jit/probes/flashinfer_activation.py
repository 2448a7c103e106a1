"""FlashInfer: a gated activation, compiled by ninja and nvcc."""

from __future__ import annotations

import os

DISTRIBUTION = "flashinfer-python"


def build(folder):
    os.environ["FLASHINFER_WORKSPACE_BASE"] = folder
    os.environ.setdefault("FLASHINFER_CUDA_ARCH_LIST", "9.0a")
    from flashinfer.jit import activation, cpp_ext

    return activation.gen_act_and_mul_module("silu").build_and_load(), [cpp_ext.get_cuda_path()]


def compare(_made):
    import torch
    from flashinfer import activation

    x = torch.randn(64, 8192, device="cuda").half()
    left, right = x.double().chunk(2, -1)
    return activation.silu_and_mul(x), torch.nn.functional.silu(left) * right
