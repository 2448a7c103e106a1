"""KeOps: a kernel product; it compiles by NVRTC, which it looks for by ctypes.util.find_library."""

from __future__ import annotations

import os

DISTRIBUTION = "pykeops"


def variables(root):
    folders = [os.path.join(root, "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return {"LD_LIBRARY_PATH": ":".join(filter(None, folders))}


def build(folder):
    os.environ["KEOPS_CACHE_FOLDER"] = folder
    import keopscore

    cuda = keopscore.cuda_config
    found, path, problem = cuda._try_load_library("nvrtc")
    if not found:
        raise RuntimeError(problem)
    assert os.path.exists(os.path.join(os.environ["CUDA_PATH"], "include", "nvrtc.h"))
    return None, [path]


def compare(_made):
    import torch
    from pykeops.torch import LazyTensor

    x, y = (torch.rand(1000, 3, device="cuda") for _ in range(2))
    distances = ((LazyTensor(x[:, None, :]) - LazyTensor(y[None, :, :])) ** 2).sum(-1)
    found = (-distances).exp().sum(dim=1).view(-1)
    return found, (-(torch.cdist(x.double(), y.double()) ** 2)).exp().sum(1)
