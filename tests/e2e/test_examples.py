"""Every project of docs/examples builds, isolated, with the wheels' toolkit alone; what comes out is whole and runs."""

from __future__ import annotations

import re

import pytest
from e2e_support import OTHER_TOOLKIT, TOOLKIT
from example_support import EXAMPLES_FOLDER, RELEASES, beside, build, check_wheel, system_toolkit
from examples import EXAMPLES

pytestmark = pytest.mark.timeout(900)

FRONT_ENDS = ("uv", "pip", "build")
#: whose build system, or part of CUDA, another example or another test of every run has as well
LIKE_OTHERS = {"cmake-separable", "cmake-toolkit", "setuptools-cython", "pdm-backend", "ninja"}


def cells():
    """List example, front end and release of each cell of the matrix; the slice for every run is uv's newest."""
    for example in EXAMPLES:
        for front_end in FRONT_ENDS:
            for release in [example.pinned] if example.pinned else RELEASES:
                if front_end == "build" and release not in {TOOLKIT, example.pinned}:
                    continue  # it installs as pip or uv does
                marks = [pytest.mark.xdist_group(example.name)] if example.heavy else []
                others = example.folder in LIKE_OTHERS or (front_end, release) not in {
                    ("uv", TOOLKIT),
                    ("uv", example.pinned),
                }
                if example.heavy or others:
                    marks.append(pytest.mark.matrix)
                for at, which, reason, link in example.known:
                    if at in {"*", front_end} and which in {"*", release}:
                        marks.append(pytest.mark.xfail(strict=True, reason=f"{reason} ({link})"))
                yield pytest.param(example, front_end, release, id=f"{example.name}-{front_end}-{release}", marks=marks)


EVERY = [
    pytest.param(each, id=each.name, marks=[pytest.mark.xdist_group(each.name)] if each.heavy else [])
    for each in EXAMPLES
]


@pytest.mark.parametrize(("example", "front_end", "release"), list(cells()))
def test_build(world, tmp_path, record_property, example, front_end, release):
    record_property("cell", {"system": example.system, "front_end": front_end, "toolkit": release})
    wheel = build(world, example, tmp_path, front_end, release)
    check_wheel(world, example, wheel, tmp_path, release)


@pytest.mark.matrix
@pytest.mark.parametrize("example", EVERY)
def test_build_beside_a_system_toolkit(world, tmp_path, record_property, example):
    """A toolkit in /usr/local/cuda, on PATH as its manual says, changes nothing."""
    release = example.pinned or TOOLKIT
    record_property("cell", {"system": example.system, "front_end": "uv, a system's CUDA on PATH", "toolkit": release})
    before = beside(world, system_toolkit(world), tmp_path)
    path = f"/usr/local/cuda/bin:{world.base['PATH']}"
    wheel = build(world, example, tmp_path, "uv", release, before=before, PATH=path)
    check_wheel(world, example, wheel, tmp_path, release)


@pytest.mark.matrix
@pytest.mark.parametrize("example", EVERY)
def test_build_with_the_users_toolkit(world, tmp_path, record_property, example):
    """The user's CUDA_HOME, and PKG_CONFIG_PATH to go with it: all of that toolkit, and nothing of the wheels'."""
    cell = {"system": example.system, "front_end": "uv, the user's CUDA_HOME", "toolkit": OTHER_TOOLKIT}
    record_property("cell", cell)
    toolkit = system_toolkit(world)
    before = beside(world, toolkit, tmp_path)
    own = {"CUDA_HOME": "/usr/local/cuda", "PKG_CONFIG_PATH": "/usr/local/cuda/lib64/pkgconfig"}
    wheel = build(world, example, tmp_path, "uv", example.pinned or TOOLKIT, before=before, **own)
    check_wheel(world, example, wheel, tmp_path, OTHER_TOOLKIT, "/usr/local/cuda", toolkit)


def test_table_has_every_example():
    folders = sorted(each.name for each in EXAMPLES_FOLDER.iterdir() if each.is_dir())
    assert sorted({each.folder for each in EXAMPLES}) == folders


@pytest.mark.parametrize("folder", sorted({each.folder for each in EXAMPLES}))
def test_example_names_cuda_shims_in_requires_alone(folder):
    """A user's project needs no line for us but the requirement."""
    for path in (EXAMPLES_FOLDER / folder).rglob("*"):
        if not path.is_file() or path.name == "README.md":
            continue
        text = path.read_text(encoding="utf-8")
        if path.name == "pyproject.toml":
            (requires,) = re.findall(r"(?ms)^requires = \[.*?\]$", text)
            assert '"cuda-shims"' in requires
            assert re.search(r'"cuda-toolkit\[[a-z,]+\]==13\.\*"', requires)
            text = text.replace(requires, "")
        assert not re.search("cuda.?shims", text, re.IGNORECASE), f"{path.name} names cuda-shims"


@pytest.mark.parametrize("folder", sorted({each.folder for each in EXAMPLES}))
def test_example_has_a_short_readme(folder):
    lines = (EXAMPLES_FOLDER / folder / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert len(lines) <= 15
