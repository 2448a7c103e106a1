"""The kernel of warp_kernel: Warp reads it from a file."""

import warp as wp


@wp.kernel
def scale(x: wp.array(dtype=float), y: wp.array(dtype=float)):
    i = wp.tid()
    y[i] = 2.5 * x[i] + 1.0
