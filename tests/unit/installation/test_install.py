"""What install does that a start of Python does not."""

from __future__ import annotations

import os

import pytest

from cuda_shims.environment.environment import Environment
from cuda_shims.files.action import CONFLICT
from cuda_shims.installation.install import install


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: what it owns is trusted by everybody")
def test_who_is_told_to_writes_what_its_owner_cannot_be_given(prefix, monkeypatch):
    """A member of the group of a shared environment; as other users: tests/integration/test_other_owners.py."""
    prefix.toolkit()
    info = prefix.ours()
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    changes = install(Environment((prefix.site,), prefix.bin, info, is_target=False, label="test"))
    assert CONFLICT not in {each.kind for each in changes}
    with open(os.path.join(prefix.bin, "nvcc"), encoding="utf-8") as file:
        assert "# toolkit: 13.5.37\n" in file.read()
