"""The table of companion wheels: where they lie."""

from __future__ import annotations

import subprocess
import sys

from cuda_shims.catalog import companions


def test_folders_in_order_of_precedence():
    found = companions.folders()
    assert next(iter(found)) == "nvidia/cudnn"
    assert found["nvidia/cudnn"] == ("nvidia-cudnn",)
    assert found["cutensor"] == ("cutensor",)
    assert found["cuquantum"][:2] == ("custatevec", "cutensornet")
    assert found["nvidia/cublasmp/cuNN"] == ("nvidia-cublasmp",)
    # 0.8, which torch pins, lies elsewhere than 0.10
    assert [folder for folder, names in found.items() if "nvidia-cusparselt" in names] == [
        "nvidia/cuNN",
        "nvidia/cusparselt",
    ]


def test_the_name_of_a_distribution():
    assert companions.distribution_of("nvidia-cudnn", 13) == companions.distribution_of("nvidia-cudnn", "13")
    assert companions.distribution_of("nvidia-cudnn", 12) == "nvidia-cudnn-cu12"
    assert companions.distribution_of("nvidia-mathdx", 13) == "nvidia-mathdx"


def test_it_imports_next_to_nothing():
    """It is read at a start of Python that makes a root."""
    code = (
        "import sys; before = set(sys.modules); import cuda_shims.catalog.companions as c; c.folders(); "
        "print(*sorted(set(sys.modules) - before - {'__future__'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name for name in done.stdout.split() if not name.startswith("cuda_shims")} <= {"os"}
