"""torch, an extension built isolated elsewhere: docs/examples/torch-extension; nothing is compiled."""

from __future__ import annotations

DISTRIBUTION = "swiglu"
NEEDS_GPU = True


def build(_folder):
    import swiglu

    return swiglu, swiglu.cuda_versions()


def compare(made):
    import torch

    made.selftest()
    x = torch.randn(513, 2044, device="cuda")
    gate, up = x.double().chunk(2, dim=-1)
    return made.swiglu(x), torch.nn.functional.silu(gate) * up
