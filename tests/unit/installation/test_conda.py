"""Conda's notes of its packages: which has a file of the name of a shim."""

from __future__ import annotations

import json
import os

import pytest
from fake_toolkit import write

from cuda_shims.config import Config
from cuda_shims.doctor.case import make_case
from cuda_shims.doctor.conda import check_conda
from cuda_shims.environment.environment import Environment
from cuda_shims.installation import conda

FILES = ["bin/ptxas", "bin/nvcc", "bin/nvcc.profile"]


def note(prefix, name="cuda-nvcc-tools", version="13.0.88", **values):
    data = {"name": name, "version": version, "files": FILES, **values}
    write(f"{prefix.path}/conda-meta/{name}-{version}-0.json", json.dumps(data).encode())


def check(prefix):
    environment = Environment((prefix.site,), prefix.bin, None, is_target=False, label="test")
    return list(check_conda(make_case(environment, {}, Config())))


def test_owners(prefix):
    assert conda.owners(prefix.bin, ["nvcc"]) == {}
    assert not conda.is_conda(prefix.bin)
    note(prefix, "python", "3.13.1", files=["bin/python"])
    assert conda.is_conda(prefix.bin)
    assert conda.owners(prefix.bin, ["nvcc", "ptxas"]) == {}
    note(prefix)
    note(prefix, "other", "1", files=["bin/cuobjdump", "targets/bin/nvlink"])
    label = "cuda-nvcc-tools 13.0.88"
    assert conda.owners(prefix.bin, ["nvcc", "ptxas", "nvlink", "cuobjdump"]) == {
        "nvcc": label,
        "ptxas": label,
        "cuobjdump": "other 1",
    }
    assert conda.owners(prefix.bin, []) == {}
    assert conda.restoring([label, "other 1", label]) == "conda install --force-reinstall cuda-nvcc-tools other"


@pytest.mark.parametrize(
    "data",
    [
        b'"bin/nvcc"',
        b'["bin/nvcc"]',
        b'{"files": "bin/nvcc"}',
        b'{"files": ["bin/nvcc"]}',
        b'{"name": "x", "version": 1, "files": 3, "y": "bin/nvcc"}',
        b'{"name": "x", "version": "1", "files": [["bin/nvcc"]]}',
        b'{"bin/nvcc"',
        b'"bin/nvcc"' + b"[" * 100_000,
        b"[" * 100_000 + b'"bin/nvcc"',
        b'\xff"bin/nvcc"',
        b"",
    ],
)
def test_a_note_that_is_none(prefix, data):
    write(f"{prefix.path}/conda-meta/bad.json", data)
    os.mkfifo(f"{prefix.path}/conda-meta/fifo.json")
    os.mkdir(f"{prefix.path}/conda-meta/folder.json")
    write(f"{prefix.path}/conda-meta/history", b"no json\n")
    assert conda.owners(prefix.bin, ["nvcc"]) == {}
    note(prefix)
    assert list(conda.owners(prefix.bin, ["nvcc"])) == ["nvcc"]


def test_the_doctor(prefix):
    note(prefix)
    write(f"{prefix.bin}/nvcc", b"conda's\n", 0o755)
    assert check(prefix) == []
    prefix.shim("nvcc")
    prefix.shim("nvlink")
    (found,) = check(prefix)
    assert (found.code, found.level) == ("conda-replaced", "warning")
    assert f"Our shims in {prefix.bin} have replaced conda's nvcc (cuda-nvcc-tools 13.0.88)." == found.what
    assert found.fix.startswith("conda remove cuda-nvcc-tools && cuda-shims install")
