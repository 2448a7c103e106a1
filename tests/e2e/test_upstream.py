"""Some of Meson's and CMake's own tests, by their own runners: those that bare wheels fail pass with cuda-shims."""

from __future__ import annotations

import pytest
import sources
import suites
import ways
from e2e_support import EXTRAS, TOOLKIT

# they share the sources, in which Meson's runner writes, and the environments
pytestmark = [pytest.mark.xdist_group("upstream"), pytest.mark.timeout(900)]

#: one of each, which does not pass with the bare wheels; all of them: tox -e upstream
CASES = {"Meson": ["cuda/10 "], "CMake": r"^Cuda\.Bin2C$"}


@pytest.fixture(scope="module")
def made(world, tmp_path_factory):
    """Return a folder, and what makes each way's environment in it, once."""
    folder = tmp_path_factory.mktemp("upstream")
    there = {}

    def way(name):
        if name not in there:
            there[name] = ways.make_way(world, name, folder, f"{EXTRAS},cublas,nvml", suites.TOOLS, TOOLKIT)
        return there[name]

    return folder, way


@pytest.mark.parametrize(
    ("suite", "name", "outcome"),
    [
        ("CMake", ways.SHIMS, "passed"),
        ("Meson", ways.SHIMS, "passed"),
        pytest.param("CMake", ways.BARE, "failed", marks=pytest.mark.matrix),
    ],
)
def test_a_slice(world, made, suite, name, outcome):
    folder, way = made
    try:
        source = sources.unpack(getattr(sources, suite.upper()), str(folder))
    except sources.UnavailableError as error:
        pytest.skip(str(error))
    work = folder / f"{suite}-{name}"
    work.mkdir()
    results = suites.RUN[suite](world, way(name), source, work, CASES[suite])
    assert [each.outcome for each in results] == [outcome], results
