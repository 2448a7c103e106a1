"""The pins of what builds and what tests: there for all that is asked for, one for each Python, by hash, of no host."""

from __future__ import annotations

import functools
import os
import re

import pytest
from checkout import CHECKOUT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from script_support import load_script

PYTHONS = ("3.9.18", "3.10.13", "3.11.2", "3.12.1", "3.13.0", "3.14.0", "3.15.0")
PLATFORMS = ({"sys_platform": "linux", "os_name": "posix"}, {"sys_platform": "win32", "os_name": "nt"})


@pytest.fixture(scope="module")
def pins():
    return load_script("build/pins")


@functools.cache
def read(path):
    with open(os.path.join(CHECKOUT, path), encoding="utf-8") as file:
        text = file.read()
    entries = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    entries = [each.split(" --hash=") for each in entries if not each.startswith("#")]
    return text, [(Requirement(first), hashes) for first, *hashes in entries]


def pinned(path, python, platform):
    environment = {"python_version": ".".join(python.split(".")[:2]), "python_full_version": python, **platform}
    found = {}
    for each, _ in read(path)[1]:
        if each.marker is None or each.marker.evaluate(environment):
            name = canonicalize_name(each.name)
            assert name not in found, f"two releases of {name} for Python {python}"
            (release,) = each.specifier
            assert release.operator == "=="
            found[name] = release.version
    return found, environment


@pytest.mark.parametrize("platform", PLATFORMS, ids=["linux", "windows"])
@pytest.mark.parametrize("python", PYTHONS)
def test_all_that_is_asked_for_is_pinned(pins, python, platform):
    for path, group in ((pins.BUILD, "build"), (pins.TOX, "tox"), (pins.CONSTRAINTS, "test")):
        found, environment = pinned(path, python, platform)
        wanted = [Requirement(each) for each in pins.wanted()[group]]
        assert wanted
        for each in wanted:
            if each.marker is None or each.marker.evaluate(environment):
                release = found.get(canonicalize_name(each.name))
                assert release, f"{each} is not in {path}: python scripts/build/pins.py"
                assert each.specifier.contains(release), f"{each} is {release} in {path}: python scripts/build/pins.py"


def test_each_is_pinned_by_hash_and_names_no_host(pins):
    for path in (pins.BUILD, pins.TOX, pins.CONSTRAINTS):
        text, entries = read(path)
        assert len(entries) >= 5
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for _, hashes in entries for each in hashes)
        assert all(hashes for _, hashes in entries)
        assert not re.search(r"://|index-url|find-links", text)


def test_what_builds_is_the_same_for_every_python_and_in_the_tests(pins):
    """The wheel names the hatchling that made it."""
    build = {python: pinned(pins.BUILD, python, PLATFORMS[0])[0] for python in PYTHONS}
    for python, found in build.items():
        assert found["hatchling"] == build["3.9.18"]["hatchling"]
        tested = pinned(pins.CONSTRAINTS, python, PLATFORMS[0])[0]
        assert {name: tested.get(name) for name in found} == found
