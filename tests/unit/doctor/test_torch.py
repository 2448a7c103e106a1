"""What the doctor says of a torch that was built for another CUDA than the toolkit is of."""

from __future__ import annotations

import sys

import pytest
from fake_toolkit import age, write_distribution
from patient import HEALTHY, codes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="roots and shims of this version are for Linux")

WITH_TORCH = [*HEALTHY[:4], "torch", *HEALTHY[4:]]


@pytest.fixture
def torch(healthy):
    """Give a function that installs a torch that requires something, and returns what the doctor finds."""

    def torch(version, *requires, **environ):
        write_distribution(healthy.prefix.site, "torch", version, {}, requires)
        age(healthy.prefix.site)
        return healthy.bad(**environ)

    torch.patient = healthy
    return torch


@pytest.mark.parametrize(
    ("version", "requires"),
    [
        ("2.16.0", "cuda-toolkit[cudart]==13.5.0"),
        ("2.16.0+cu135", "numpy"),
        ("1", "nvidia-cudnn-cu13"),
        ("1+cu13", "x"),
    ],
)
def test_the_same(torch, version, requires):
    assert torch(version, requires) == {}
    assert codes(torch.patient.examine()) == WITH_TORCH


def test_a_torch_without_cuda_says_nothing(torch):
    assert torch("2.13.0+cpu") == {}
    assert codes(torch.patient.examine()) == HEALTHY


def test_another_minor(torch):
    (found,) = torch("2.14.1", "cuda-toolkit[cudart,nvrtc]==13.0.3", "nvidia-nccl-cu13").values()
    assert (found.code, found.level) == ("torch-mismatch", "warning")
    assert found.what == "torch 2.14.1 was built for CUDA 13.0, but the toolkit is for CUDA 13.5."
    assert found.fix == f'pip --python {torch.patient.prefix.bin}/python install "cuda-shims[cu130]" torch==2.14.1'


def test_another_minor_than_what_torch_requires(torch):
    """Which has a version of its own."""
    write_distribution(torch.patient.prefix.site, "kernels", "7.1", {}, ["cuda-toolkit==13.0.3"])
    (found,) = torch("2.14.1", "kernels==7.1").values()
    assert found.what == "torch 2.14.1 was built for CUDA 13.0, but the toolkit is for CUDA 13.5."
    assert found.fix.endswith(" torch==2.14.1")


def test_another_major(torch):
    (found,) = torch("2.10.0", "nvidia-cuda-runtime-cu12==12.8.90").values()
    assert (found.code, found.level) == ("torch-mismatch", "warning")
    assert "built for CUDA 12.8, but the toolkit is for CUDA 13.5" in found.what
    assert "torch stops" in found.why
    assert found.fix.startswith("take a build of torch for CUDA 13 (+cu130")


def test_a_torch_that_contradicts_itself(torch):
    (found,) = torch("2.14.1+cu132", "cuda-toolkit==13.0.3").values()
    assert "needs CUDA 13.0 (cuda-toolkit==13.0.3), and torch 2.14.1+cu132 needs CUDA 13.2" in found.what


def test_what_does_not_compile_need_not_fit(patient):
    patient.toolkit(components=("nvidia-cuda-runtime",))
    patient.ours()
    patient.install()
    write_distribution(patient.prefix.site, "torch", "2.14.1", {}, ["cuda-toolkit[cudart]==13.0.3"])
    assert "torch-mismatch" not in patient.bad()


def test_a_toolkit_of_the_users_own_is_not_looked_at(torch, elsewhere):
    assert "torch-mismatch" not in torch("2.14.1", "cuda-toolkit==13.0.3", CUDA_HOME=elsewhere)
