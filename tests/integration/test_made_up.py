"""
A made-up CUDA 14 and a made-up tool, in real environments.

What is installed is found by its folder, whatever its number: a new major works with no change to the sources. A new
tool is one line of ``catalog/tools.py``. What else names a major or a tool, so that messages do, is in
``tests/unit/rules/test_one_place.py``, and ``docs/CONTRIBUTING.md`` lists it.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile

import pytest
from checkout import CHECKOUT
from fake_toolkit import NVCC_TOOLS
from our_wheel import build_wheel
from venv_support import NEXT_VERSION, VERSIONS, check_records

HOME = "print(os.environ.get('CUDA_HOME'))"
LINE = "TOOLS: tuple[Tool, ...] = (\n"
NEW_TOOL = '    Tool("cufrobnicate", "nvidia-cuda-frobnicate", "frobnicate", "14.0"),\n'
FROBNICATE = f"nvidia-cuda-frobnicate=={NEXT_VERSION}"


def codes(venv, **environ):
    """Return what the doctor finds: the fake nvcc compiles nothing, so there is always something."""
    command = [venv.python, "-m", "cuda_shims", "doctor", "--json"]
    return {each["code"]: each for each in json.loads(venv.run(*command, code=1, **environ))["findings"]}


@pytest.mark.parametrize("by", ["newest pip", "uv hardlink"])
def test_a_cuda_that_nobody_has_seen(new_venv, toolkit, by):
    venv = new_venv(base=["cuda-shims", *toolkit()])
    thirteen, fourteen = (os.path.join(venv.site, "cuda_shims_toolkit", f"cu{major}") for major in (13, 14))
    assert venv.ask(HOME) == thirteen
    before = codes(venv)
    venv.install(*toolkit(NEXT_VERSION), by=by)
    # an upgrade: the distributions are the same; pip leaves the folders of CUDA 13 behind, empty
    assert not os.path.exists(os.path.join(venv.site, "nvidia/cu13/bin/nvcc"))

    # the shim makes the root, and the hook names it
    assert venv.nvcc() == os.path.join(fourteen, "bin/nvcc")
    code = f"{HOME}\nprint(shutil.which('nvcc'), os.environ['CUDACXX'])"
    assert venv.ask(code).split() == [fourteen, *[os.path.join(fourteen, "bin/nvcc")] * 2]
    with open(os.path.join(fourteen, "version.txt"), encoding="utf-8") as file:
        assert NEXT_VERSION in file.read()
    for path in ("lib64/libcudart.so", "lib/stubs/libcuda.so", "lib/cmake/cccl/cccl-config.cmake"):
        assert os.path.exists(os.path.join(fourteen, path)), path
    assert os.path.exists(os.path.join(fourteen, "lib/pkgconfig/cudart-14.0.pc"))
    with open(os.path.join(venv.bin, "nvcc"), encoding="utf-8") as file:
        assert f"# toolkit: {NEXT_VERSION}\n" in file.read()  # for compiler caches

    said = venv.run(venv.python, "-m", "cuda_shims", "list", "--json")
    tools = {each["tool"]: each for each in json.loads(said)["tools"]}
    assert {tools[name]["version"] for name in NVCC_TOOLS} == {NEXT_VERSION}
    assert venv.run(venv.python, "-m", "cuda_shims", "root") == f"{fourteen}\n"
    after = codes(venv)
    assert set(after) == set(before)
    what = before["toolkit"]["what"]
    assert after["toolkit"]["what"] == what.replace(VERSIONS[1], NEXT_VERSION).replace("nvidia/cu13", "nvidia/cu14")
    assert check_records(venv.site) > 60
    venv.uninstall("cuda-shims", by=by)
    assert not [path for path in venv.files() if "cuda_shims" in path]


def test_a_tool_is_one_line(new_venv, toolkit):
    venv = new_venv(base=["cuda-shims", *toolkit(NEXT_VERSION)])
    catalog = os.path.join(venv.site, "cuda_shims/catalog/tools.py")
    with open(catalog, encoding="utf-8") as file:
        text = file.read()
    assert text.count(LINE) == 1
    os.unlink(catalog)  # it is a hard link to uv's cache
    with open(catalog, "w", encoding="utf-8") as file:
        file.write(text.replace(LINE, LINE + NEW_TOOL))

    def rows():
        said = venv.run(venv.python, "-m", "cuda_shims", "list", "--json")
        return {each["tool"]: each for each in json.loads(said)["tools"]}

    shim, root = (os.path.join(venv.bin, "cufrobnicate"), os.path.join(venv.site, "cuda_shims_toolkit/cu14"))
    assert venv.ask(HOME) == root
    assert not os.path.exists(shim)  # a shim that finds nothing would hide that the tool is missing
    line = f'uv pip install --python {venv.python} "cuda-toolkit[frobnicate]==14.*"'  # as this environment was made
    assert line in rows()["cufrobnicate"]["fix"]
    command = [venv.python, "-m", "cuda_shims", "which", "cufrobnicate"]
    assert venv.run(*command, code=127) == ""

    venv.install(FROBNICATE)
    assert venv.ask(HOME) == root
    tool = os.path.join(root, "bin/cufrobnicate")
    assert venv.run(*command) == f"{tool}\n"
    assert venv.run(shim, "a b").split("\0") == [tool, "a b", ""]
    assert rows()["cufrobnicate"]["path"] == os.path.join(venv.site, "nvidia/cu14/bin/cufrobnicate")
    venv.uninstall("nvidia-cuda-frobnicate", by="newest pip")
    assert venv.ask(HOME) == root
    assert not os.path.exists(shim)
    venv.uninstall("cuda-shims", by="newest pip")
    assert not [path for path in venv.files() if "cuda_shims" in path and not path.endswith("catalog/tools.py")]


def test_a_shim_says_what_the_catalog_of_its_checkout_says(tmp_path):
    """Also where nobody has run ``scripts/build/advice.py``: a patch of a packager's."""
    checkout = tmp_path / "checkout"
    shutil.copytree(CHECKOUT, checkout, ignore=shutil.ignore_patterns(".*", "__pycache__", "dist"))
    catalog = checkout / "src/cuda_shims/catalog/tools.py"
    catalog.write_text(catalog.read_text(encoding="utf-8").replace(LINE, LINE + NEW_TOOL), encoding="utf-8")
    with zipfile.ZipFile(build_wheel(tmp_path / "dist", checkout)) as wheel:
        shims = [wheel.read(name) for name in wheel.namelist() if name.endswith(("/shim.sh", "/scripts/nvcc"))]
    assert len(shims) == 2
    assert len(set(shims)) == 1
    assert b"nvidia-cuda-frobnicate holds it (since CUDA 14.0)" in shims[0]
