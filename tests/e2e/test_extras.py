"""What the extras of cuda-shims bring, by uv's resolver and the index's metadata: parts of one release of CUDA."""

from __future__ import annotations

import pytest
from slices import keep_ends
from torch_support import TORCH, check_compiler, compile_requirements


@pytest.fixture
def resolve(world, tmp_path):
    """Give a function that resolves what an extra requires, and returns the versions."""

    def resolve(extra, *more):
        ours = f"cuda-shims[{extra}] @ {world.wheel.as_uri()}"
        return compile_requirements(world, tmp_path / "requirements.txt", ours, *more)

    return resolve


@pytest.mark.parametrize("minor", keep_ends(["13.0", "13.1", "13.2", "13.3", "13.4", "13.5"], first=False))
def test_of_one_minor(resolve, minor):
    check_compiler(resolve(f"cu{minor.replace('.', '')}"), minor)


@pytest.mark.parametrize("torch", keep_ends(TORCH, first=False))
def test_beside_torch(resolve, torch):
    """Whose release of the toolkit decides."""
    pinned = TORCH[torch]
    found = resolve("cu13", f"torch=={torch}")
    assert found["cuda-toolkit"] == pinned
    check_compiler(found, ".".join(pinned.split(".")[:2]))


@pytest.mark.matrix
def test_the_newest(resolve):
    assert "nvidia-cublas" in resolve("cu13-all")
    assert "nvidia-cublas" not in resolve("cu13")
