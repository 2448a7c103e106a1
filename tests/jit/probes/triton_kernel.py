"""Triton: the wheels' ptxas in the place of its own."""

from __future__ import annotations

import os

DISTRIBUTION = "triton"


def build(folder):
    os.environ["TRITON_CACHE_DIR"] = folder
    if home := os.environ.get("CUDA_HOME"):
        os.environ["TRITON_PTXAS_PATH"] = os.path.join(home, "bin", "ptxas")
    import triton
    from triton import knobs
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource
    from triton_source import scale

    source = ASTSource(
        fn=scale, signature={"x": "*fp32", "y": "*fp32", "n": "i32", "width": "constexpr"}, constexprs={"width": 256}
    )
    cubin = triton.compile(source, target=GPUTarget("cuda", 90, 32)).asm["cubin"]
    assert cubin[:4] == b"\x7fELF"
    return scale, [knobs.nvidia.ptxas.path, knobs.nvidia.ptxas.version]


def compare(made):
    import torch

    x = torch.rand(100_003, device="cuda")
    y = torch.empty_like(x)
    made[(x.numel() // 256 + 1,)](x, y, x.numel(), width=256)
    return y, 2.5 * x.double() + 1
