"""What a shim's bytes are, and how one is told from other people's files."""

from __future__ import annotations

import pytest

from _cuda_shims.shims import is_shim
from cuda_shims.installation import shims


@pytest.mark.parametrize(
    ("data", "ours"),
    [
        (b"#!/bin/sh\n# cuda-shims shim: runs ...\n", True),
        (b"#!/bin/sh\nexec nvcc\n# cuda-shims shim", False),
        (b"MZ" + b"\0" * 9000 + b"cuda-shims shim\0", True),
        (b"MZ" + b"\0" * 9000, False),
        (b"MZ" + b"\0" * 65536 + b"cuda-shims shim", False),  # somebody's program that mentions us
        (b"", False),
    ],
)
def test_our_own_are_known(tmp_path, data, ours):
    path = tmp_path / "nvcc"
    path.write_bytes(data)
    assert is_shim(str(path)) is ours


def test_windows_has_the_compiled_one(monkeypatch):
    monkeypatch.setattr(shims, "SUFFIX", ".exe")
    monkeypatch.setattr(shims, "template", lambda name: name.encode())
    assert shims.shim_bytes() == b"shim.exe"
    assert shims.shim_bytes("13.5.37") == b"shim.exe\r\ntoolkit: 13.5.37\r\n"
