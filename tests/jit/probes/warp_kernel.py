"""Warp: a kernel by the NVRTC that is linked into its own library."""

from __future__ import annotations

import os

DISTRIBUTION = "warp-lang"


def build(folder):
    import warp as wp

    wp.config.kernel_cache_dir = folder
    wp.init()
    from warp_source import scale

    wp.compile_aot_module(__import__("warp_source"), device=None, arch=90, module_dir=folder)
    kinds = {os.path.splitext(each)[1] for each in os.listdir(folder)}
    assert kinds & {".ptx", ".cubin"}, kinds
    return scale, [f"its own NVRTC {'.'.join(map(str, wp._src.context.runtime.toolkit_version))}"]


def compare(made):
    import numpy as np
    import warp as wp

    x = np.random.default_rng(1).random(100_003, "f4")
    on_x, on_y = wp.array(x, device="cuda"), wp.zeros(x.size, dtype=float, device="cuda")
    wp.launch(made, dim=x.size, inputs=[on_x, on_y], device="cuda")
    return on_y.numpy(), 2.5 * x.astype("f8") + 1
