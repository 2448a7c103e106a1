"""TileLang: a matrix product, compiled by nvcc, here or before on a machine that has no GPU."""

from __future__ import annotations

import ctypes
import os

DISTRIBUTION = "tilelang"
ARTEFACT = "tilelang_matmul.so"
SIZE = 1024
TILE = 128


def build(folder):
    if os.path.exists(carried := os.path.join(os.environ.get("JIT_ARTEFACTS", ""), ARTEFACT)):
        return ctypes.CDLL(carried), [carried]
    os.environ["TILELANG_CACHE_DIR"] = folder
    import tilelang
    from tilelang import env
    from tilelang import language as tl

    @tl.prim_func
    def product(
        a: tl.Tensor((SIZE, SIZE), "float16"),
        b: tl.Tensor((SIZE, SIZE), "float16"),
        c: tl.Tensor((SIZE, SIZE), "float32"),
    ):
        with tl.Kernel(tl.ceildiv(SIZE, TILE), tl.ceildiv(SIZE, TILE), threads=128) as (x, y):
            a_part = tl.alloc_shared((TILE, 32), "float16")
            b_part = tl.alloc_shared((32, TILE), "float16")
            sums = tl.alloc_fragment((TILE, TILE), "float32")
            tl.clear(sums)
            for k in tl.Pipelined(tl.ceildiv(SIZE, 32), num_stages=3):
                tl.copy(a[y * TILE, k * 32], a_part)
                tl.copy(b[k * 32, x * TILE], b_part)
                tl.gemm(a_part, b_part, sums)
            tl.copy(sums, c[y * TILE, x * TILE])

    try:
        made = tilelang.compile(product, target={"kind": "cuda", "arch": "sm_90a"}, execution_backend="cython")
    except RuntimeError as error:  # it has been compiled and linked, and its library asks for the driver
        if "driver version is insufficient" not in str(error):
            raise
        made = None
    return made, [env.CUDA_HOME]


def compare(made):
    import torch

    a, b = (torch.rand(SIZE, SIZE, device="cuda").half() for _ in range(2))
    c = torch.empty(SIZE, SIZE, device="cuda")
    if isinstance(made, ctypes.CDLL):
        made.get_last_error.restype = ctypes.c_char_p
        stream = torch.cuda.current_stream().cuda_stream
        pointers = [ctypes.c_void_p(each) for each in (a.data_ptr(), b.data_ptr(), c.data_ptr(), stream)]
        if made.init() or made.call(*pointers):
            raise RuntimeError(made.get_last_error())
        torch.cuda.synchronize()
    else:
        made(a, b, c)
    return c, a.double() @ b.double()
