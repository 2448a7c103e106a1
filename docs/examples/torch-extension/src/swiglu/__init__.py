"""The gated activation SwiGLU as an operator of PyTorch: ``torch.ops.swiglu.swiglu``."""

from __future__ import annotations

import os

import torch

# importing torch has loaded the libraries that the operator needs, the CUDA runtime among them
torch.ops.load_library(os.path.join(os.path.dirname(os.path.abspath(__file__)), "_C.abi3.so"))


def swiglu(x: torch.Tensor) -> torch.Tensor:
    """Return ``silu(gate) * up`` of a float32 tensor on a GPU, whose last dimension holds gate, then up."""
    return torch.ops.swiglu.swiglu(x)


@torch.library.register_fake("swiglu::swiglu")
def _shape(x: torch.Tensor) -> torch.Tensor:
    """Tell torch.compile the shape of the answer."""
    return x.new_empty((*x.shape[:-1], x.shape[-1] // 2))


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    return torch.ops.swiglu.cuda_versions()


def selftest() -> None:
    """Compare with torch's own functions on a GPU, on a tensor that is not contiguous as well."""
    x = torch.randn(513, 2, 1022, device="cuda")
    for each in (x, x.transpose(0, 1), x[:, :0]):
        gate, up = each.chunk(2, dim=-1)
        torch.testing.assert_close(swiglu(each), torch.nn.functional.silu(gate) * up, rtol=1e-4, atol=1e-5)
