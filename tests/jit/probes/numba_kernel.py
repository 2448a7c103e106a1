"""Numba-CUDA: NVVM and libdevice of the wheels."""

from __future__ import annotations

DISTRIBUTION = "numba-cuda"


def build(_folder):
    import math

    from numba import cuda, types
    from numba.cuda.cuda_paths import get_cuda_paths

    def scale(x, y):
        i = cuda.grid(1)
        if i < x.size:
            y[i] = math.exp(x[i]) * 2  # of libdevice

    cuda.compile_ptx(scale, (types.float32[:], types.float32[:]), cc=(9, 0))
    return cuda.jit(scale), [f"{name}: {each.info}" for name, each in get_cuda_paths().items() if each.info]


def compare(made):
    import numpy as np
    from numba import cuda

    x = np.random.default_rng(1).random(100_003, "f4")
    y = np.empty_like(x)
    on_x, on_y = cuda.to_device(x), cuda.to_device(y)
    made[x.size // 256 + 1, 256](on_x, on_y)
    return on_y.copy_to_host(), np.exp(x.astype("f8")) * 2
