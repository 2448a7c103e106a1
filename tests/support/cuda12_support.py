"""What the tests of CUDA 12 share, whose wheels have a folder for each component and no compiler."""

from __future__ import annotations

import pytest
from fake_toolkit import SPLIT

from _cuda_shims import selection
from cuda_shims.catalog.tools import BUNDLE

EVERY = (
    *SPLIT,
    "nvidia-cuda-cupti-cu12",
    "nvidia-cuda-sanitizer-api-cu12",
    "nvidia-nvml-dev-cu12",
    "nvidia-cublas-cu12",
)
COMPILER_LINE = f'pip install "{BUNDLE}"'
NVCC = "NVIDIA publishes no nvcc on PyPI before CUDA 13"


@pytest.fixture(autouse=True)
def no_system(monkeypatch, tmp_path):
    """This machine may have a CUDA where everybody looks."""
    monkeypatch.setattr(selection, "_USUAL", str(tmp_path / "usr-local-cuda/bin"))


@pytest.fixture
def new_prefix(new_prefix):
    """Make prefixes that have cuda-shims, so that a root lies beside its wheels."""

    def make(*words):
        prefix = new_prefix(*words)
        prefix.ours()
        return prefix

    return make


@pytest.fixture
def prefix(new_prefix):
    return new_prefix()
