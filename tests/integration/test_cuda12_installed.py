"""CUDA 12 in real environments, by real installers: a root that follows every wheel, beside CUDA 13's or alone."""

from __future__ import annotations

import os
import stat

import pytest
from fake_toolkit import SPLIT
from venv_support import check_records

CHOSEN = {"CUDA_SHIMS_TOOLKIT": "12"}
HOME = "print(os.environ.get('CUDA_HOME'))"
SANITIZER = "nvidia-cuda-sanitizer-api-cu12"


def old(version, *names):
    return [f"{name}=={version}" for name in (names or SPLIT)]


@pytest.mark.parametrize("by", ["newest pip", "uv hardlink"])
def test_every_wheel_reaches_the_root(new_venv, by):
    venv = new_venv(base=["cuda-shims", *old("12.8.93")])
    root = os.path.join(venv.site, "cuda_shims_toolkit", "cu12")

    def version():
        with open(os.path.join(root, "version.txt"), encoding="utf-8") as file:
            return file.read().split()[-1]

    assert venv.ask(HOME, **CHOSEN) == root
    assert version() == "12.8.93"
    assert not os.path.lexists(os.path.join(root, "bin/compute-sanitizer"))
    venv.install(*old("12.9.79"), by=by)
    ptxas = venv.run(os.path.join(venv.bin, "ptxas"), "-x", **CHOSEN).split("\0")[0]
    assert ptxas == os.path.join(root, "bin/ptxas")  # the shim sees that the root is stale
    assert version() == "12.9.79"
    venv.install(*old("12.9.79", SANITIZER), by=by)
    assert venv.ask(HOME, **CHOSEN) == root
    assert os.access(os.path.join(root, "bin/compute-sanitizer"), os.X_OK)
    assert os.access(os.path.join(venv.bin, "compute-sanitizer"), os.X_OK)
    file = os.path.join(venv.site, "nvidia/cuda_sanitizer_api/bin/compute-sanitizer")
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o644
    venv.uninstall("nvidia-cuda-nvrtc-cu12", by=by)
    assert venv.ask(HOME, **CHOSEN) == root
    assert not os.path.lexists(os.path.join(root, "lib/libnvrtc.so"))
    assert check_records(venv.site) > 60
    venv.uninstall("cuda-shims", by=by)
    assert not [path for path in venv.files() if "cuda_shims" in path]


def test_side_by_side(new_venv, toolkit):
    venv = new_venv(base=["cuda-shims", *toolkit(), *old("12.9.79")])
    for major, chosen in ((13, {}), (12, CHOSEN), (13, {"CUDA_SHIMS_TOOLKIT": "13"})):
        root = os.path.join(venv.site, "cuda_shims_toolkit", f"cu{major}")
        assert venv.ask(HOME, **chosen) == root
        said = venv.run(os.path.join(venv.bin, "ptxas"), **chosen).split("\0")[0]
        assert said == os.path.join(root, "bin/ptxas")
        option = ["--cuda", chosen["CUDA_SHIMS_TOOLKIT"]] if chosen else []
        assert venv.run(os.path.join(venv.bin, "cuda-shims"), "root", *option) == f"{root}\n"
    with open(os.path.join(venv.bin, "ptxas"), encoding="utf-8") as file:
        assert "# toolkit: 13.5.37, 12.9.79\n" in file.read()  # a compiler cache has to see either's upgrade
    venv.uninstall(*SPLIT, by="newest pip")
    assert venv.run(os.path.join(venv.bin, "ptxas")).startswith(os.path.join(venv.site, "cuda_shims_toolkit/cu13"))
    said = venv.run(os.path.join(venv.bin, "cuda-shims"), "list", "--cuda", "12", code=1)
    assert said == ""
