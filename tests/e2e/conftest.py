"""The end-to-end tests' fixtures: the machine without CUDA, and a place for what a test builds."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("e2e_support", "example_support")

from e2e_support import World  # noqa: E402 # rewritten, its asserts say what they compared


@pytest.fixture(scope="session")
def world(once, cuda_shims_wheel):
    """Return the machine without CUDA."""
    return World(once, cuda_shims_wheel)


@pytest.fixture
def scratch(tmp_path):
    """Return the folder that a test's temporary files, isolated build environments among them, go to."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder
