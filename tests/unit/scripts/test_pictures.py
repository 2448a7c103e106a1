"""How the pictures are drawn; that they show what comes out today is in tests/e2e."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET

import pytest
from checkout import CHECKOUT
from script_support import load_script

IMAGES = os.path.join(CHECKOUT, "docs", "images")


@pytest.fixture(scope="module")
def pictures():
    return load_script("pages/pictures")


def shown(svg):
    """Read what a terminal's picture shows, a line each."""
    rows = {}
    for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):  # noqa: S314 # of our own making
        rows[float(text.get("y"))] = "".join(text.itertext())
    return [rows[y] for y in sorted(rows)]


def test_a_terminal_shows_what_was_printed(pictures):
    said = "\x1b[1;31merror:\x1b[0m a <b> & c\n  \x1b[36m  fix:\x1b[0m none\n"
    svg = pictures.terminal("Title", "cuda-shims x", said)
    assert shown(svg) == ["$ cuda-shims x", "error: a <b> & c", "    fix: none"]
    assert 'class="sgr-1-31">error:<' in svg


def test_a_terminal_breaks_long_lines(pictures):
    text = "x" * (pictures.COLUMNS - 3)
    svg = pictures.terminal("Title", "y", f"{text}\x1b[33mwarning\x1b[0m")
    assert shown(svg) == ["$ y", text + "war", "ning"]
    assert svg.count('class="sgr-33"') == 2


def test_every_colour_of_ours_has_its_own(pictures):
    from cuda_shims.cli.output import _COLOURS

    for colour in _COLOURS.values():
        assert f".sgr-{colour.replace(';', '-')}" in pictures._TERMINAL


def test_words_are_folded(pictures):
    assert pictures.folded("aa bb cc dddddddd e", 5) == ["aa bb", "cc", "dddddddd", "e"]


def test_what_differs_is_named(pictures, tmp_path):
    (tmp_path / "same.svg").write_text("1", encoding="utf-8")
    (tmp_path / "other.svg").write_text("2", encoding="utf-8")
    found = pictures.different({"same.svg": "1", "other.svg": "1", "new.svg": "1"}, str(tmp_path))
    assert found == ["other.svg", "new.svg"]


@pytest.mark.parametrize("name", sorted(os.listdir(IMAGES)))
def test_each_picture_is_well_formed_and_has_a_title(name):
    root = ET.parse(os.path.join(IMAGES, name)).getroot()  # noqa: S314
    assert root.find("{http://www.w3.org/2000/svg}title").text
    for path in ("README.md", "docs/reference/reference.md"):
        with open(os.path.join(CHECKOUT, path), encoding="utf-8") as file:
            if re.search(rf"!\[[^\]]+\]\([^)]*images/{re.escape(name)}\)", file.read()):
                return
    pytest.fail(f"no page shows {name}")
