"""Which Python the README's second command tests with: some Python, whatever is there."""

from __future__ import annotations

import configparser
import os
import re
import sys

import pytest
from script_support import load_script

CHECKOUT = os.path.join(os.path.dirname(__file__), "..", "..")


@pytest.fixture(scope="module")
def check():
    return load_script("check")


@pytest.mark.parametrize(
    ("minors", "usual", "newest"),
    [
        ({9, 10, 11, 12, 13}, "python3.11", "python3.13"),
        ({13}, "python3.13", "python3.13"),  # Debian 13
        ({9}, "python3.9", "python3.9"),
        ({12, 10}, "python3.12", "python3.12"),
        ({14}, "python3.14", "python3.14"),
    ],
)
def test_chosen(check, minors, usual, newest):
    assert list(check.chosen(minors).values()) == [usual, newest]


def test_what_is_here(check, tmp_path):
    for name in ("python3.10", "python3.12", "python3", "python3.8"):
        (tmp_path / name).touch(0o755)
    assert check.minors_on(str(tmp_path)) == {10, 12, sys.version_info[1]}


def test_no_environment_asks_for_another(check):
    """A list of interpreters, or one that is not handed over, is skipped where it is not there."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(os.path.join(CHECKOUT, "tox.ini"), encoding="utf-8")
    names = {config[section]["base_python"] for section in config.sections() if "base_python" in config[section]}
    asked = [re.fullmatch(r"\{env:(\w+):python3\.\d+\}", name).group(1) for name in names]
    assert sorted(asked) == sorted(check.chosen({9}))
