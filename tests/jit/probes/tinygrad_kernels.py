"""tinygrad: NVRTC, which it looks for in LD_LIBRARY_PATH and system folders, and nvcc from PATH."""

from __future__ import annotations

import os

DISTRIBUTION = "tinygrad"


def variables(root):
    folders = [os.path.join(root, "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return {"LD_LIBRARY_PATH": ":".join(filter(None, folders))}


def build(folder):
    os.environ["CACHEDB"] = os.path.join(folder, "cache.db")
    from tinygrad.runtime.autogen import nvrtc
    from tinygrad.runtime.support import compiler_cuda

    source = 'extern "C" __global__ void one(float *x) { x[threadIdx.x] = 1; }'
    for compiler in (compiler_cuda.NVRTCCompiler("sm_90"), compiler_cuda.NVCCCompiler("sm_90")):
        assert b".target sm_90" in compiler.compile(source)
    return None, [nvrtc.dll._name]


def compare(_made):
    import numpy as np
    from tinygrad import Tensor

    a, b = (np.random.default_rng(seed).random((256, 256), "f4") for seed in (1, 2))
    found = (Tensor(a, device="CUDA") @ Tensor(b, device="CUDA")).relu().sum(0).numpy()
    return found, np.maximum(a.astype("f8") @ b, 0).sum(0)
