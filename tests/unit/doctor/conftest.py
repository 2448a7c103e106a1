"""Environments for the doctor."""

from __future__ import annotations

import pytest
from fake_toolkit import write

pytest.register_assert_rewrite("patient")

from patient import TOOL, Patient  # noqa: E402 # its asserts say what they compared

from cuda_shims.doctor import case  # noqa: E402


@pytest.fixture(autouse=True)
def sh(monkeypatch):
    """Have a POSIX shell, which may not be the one that runs the tests, read what the doctor prints."""
    monkeypatch.setattr(case, "reader", lambda _: "sh")


@pytest.fixture
def patient(prefix, tmp_path):
    return Patient(prefix, tmp_path)


@pytest.fixture
def healthy(patient):
    """An environment with all wheels, our shims and hook, and a root."""
    patient.toolkit()
    patient.ours()
    patient.install()
    return patient


@pytest.fixture
def elsewhere(tmp_path):
    write(str(tmp_path / "elsewhere" / "bin" / "nvcc"), TOOL, 0o755)
    return str(tmp_path / "elsewhere")
