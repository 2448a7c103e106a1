"""SGLang, `sglang.kernels.jit`: a gated activation, compiled when it is first called."""

from __future__ import annotations

import os

DISTRIBUTION = "sglang"
ARTEFACT = "sglang_activation.so"


def build(folder):
    if os.path.exists(carried := os.path.join(os.environ.get("JIT_ARTEFACTS", ""), ARTEFACT)):
        import tvm_ffi

        return tvm_ffi.load_module(carried), [carried]
    os.environ["SGLANG_JIT_CACHE_DIR"] = folder
    import torch
    from sglang.kernels.jit.utils import override_jit_cuda_arch
    from sglang.kernels.jit.utils.compile import toolchain
    from sglang.kernels.ops.activation import activation

    with override_jit_cuda_arch(9, 0, "a"):
        return activation.activation_module(torch.float16), [toolchain.cuda_home()]


def compare(made):
    import torch

    x = torch.randn(64, 8192, device="cuda").half()
    y = torch.empty(64, 4096, device="cuda").half()
    made.run_activation(x, y, "silu")
    left, right = x.double().chunk(2, -1)
    return y, torch.nn.functional.silu(left) * right
