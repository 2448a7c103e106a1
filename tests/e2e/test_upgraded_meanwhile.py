"""
A build goes on while uv or pip replaces its toolkit: no object fails that would not with a classic toolkit's files.

One round by uv for every run; ``--matrix`` has two by each installer, or as many as ``CUDA_SHIMS_TEST_ROUNDS`` says:
``tox -e stress`` runs twenty, some two hours.
"""

from __future__ import annotations

import os

import pytest
from upgrade_support import RELEASES, Place, toolkit

ROUNDS, OBJECTS = int(os.environ.get("CUDA_SHIMS_TEST_ROUNDS") or 2), 50


def rounds(places, by, number, objects, **more):
    """Upgrade and downgrade in turns, in each place; return what became of it, by way."""
    found = {"ours": [], "classic": []}
    for turn in range(number):
        version = RELEASES[1 - turn % 2]
        for place in places:
            result = place.round(by, version, objects, **more)
            found[result.way].append(result)
            print(result._asdict())  # noqa: T201 # pytest -s shows how it goes
    return found


def check(found):
    """Outside of the installer's run nothing fails; within it no more than chance lets it in a classic toolkit."""
    faults = [fault for way in found.values() for each in way for fault in each.faults]
    assert faults == []
    ours, classic = (sum(each.failed for each in found[way]) for way in ("ours", "classic"))
    assert ours <= classic + 3 * (classic + 1) ** 0.5, f"{ours} objects failed, {classic} with a classic toolkit"


@pytest.mark.timeout(600)
@pytest.mark.matrix
def test_upgraded_by_uv(world, tmp_path):
    places = [Place(world, tmp_path / way, classic=way == "classic") for way in ("ours", "classic")]
    check(rounds(places, "uv", 1, 20))


@pytest.mark.matrix
@pytest.mark.timeout(600 + 300 * ROUNDS)
@pytest.mark.parametrize("starts", [True, False], ids=["Python starts", "no Python starts"])
@pytest.mark.parametrize("by", ["uv", "pip"])
def test_upgraded_again_and_again(world, tmp_path, by, starts):
    wheelhouse = tmp_path / "wheels"
    if by == "pip":
        pip = world.tools("pip-newest", "pip", "setuptools") / "python"
        for version in RELEASES:
            world.run(pip, "-m", "pip", "download", "-q", "-d", wheelhouse, toolkit(version))
    places = [
        Place(world, tmp_path / way, classic=way == "classic", wheelhouse=wheelhouse) for way in ("ours", "classic")
    ]
    check(rounds(places, by, ROUNDS, OBJECTS, starts=starts))
