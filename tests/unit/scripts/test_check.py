"""Which Python the README's second command tests with: some Python, whatever is there."""

from __future__ import annotations

import configparser
import os
import re
import sys

import pytest
from checkout import CHECKOUT
from script_support import load_script


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
        ({9, 14, 15}, "python3.14", "python3.15"),
        ({15}, "python3.15", "python3.15"),
    ],
)
def test_chosen(check, minors, usual, newest):
    assert list(check.chosen(minors).values()) == [usual, newest]


def test_what_is_here(check, tmp_path):
    for name in ("python3.10", "python3.12", "python3", "python3.8"):
        (tmp_path / name).touch(0o755)
    assert check.minors_on(str(tmp_path)) == {10, 12, sys.version_info[1]}


def test_what_ci_has_unpacked_is_looked_at(check, tmp_path, monkeypatch):
    """Of the folder that ``.ci/run`` names, and after the machine's own."""
    with open(os.path.join(CHECKOUT, ".ci", "run"), encoding="utf-8") as file:
        (folder,) = re.findall(r"debian_pythons\.py (\S+)", file.read())
    monkeypatch.setattr(check, "ROOT", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    for place in (f"{folder}/usr/bin", "pyenv/versions/3.14.1/bin"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "python3.14").touch(0o755)
    assert check.interpreters() == [str(tmp_path / "pyenv/versions/3.14.1/bin"), str(tmp_path / folder / "usr/bin")]
    assert 14 in check.minors_on(os.pathsep.join(check.interpreters()))


def test_no_environment_asks_for_another(check):
    """A list of interpreters, or one that is not handed over, is skipped where it is not there."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(os.path.join(CHECKOUT, "tox.ini"), encoding="utf-8")
    names = {config[section]["base_python"] for section in config.sections() if "base_python" in config[section]}
    asked = {re.fullmatch(r"\{env:(\w+):python3\.\d+\}", name).group(1) for name in names}
    assert sorted(asked) == sorted(check.chosen({9}))
