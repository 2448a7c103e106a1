"""How anything of ours is planned, staged and written. Knows nothing of CUDA."""
