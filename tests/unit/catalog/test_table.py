"""The two tables of what is in which wheel: how they are spelled, and when they are read."""

from __future__ import annotations

import os
import re
import zlib

import pytest

from cuda_shims.catalog import contents, table

TEXT = """\
# a comment
releases: 12.9 13.0 13.1 13.2
targets of CMake 4: a b=c,d
[one first linux-x86_64 windows 13.0-]
header: a.h
 b.h
header linux: c.h
header windows 13.0,13.2-: d.h
[two second]
library 12.9-13.0: libe.so.1
library windows-arm64: e1_0.dll
"""


def test_the_format():
    found = table.parse(TEXT)
    assert found.releases == ("12.9", "13.0", "13.1", "13.2")
    assert found.targets == {"a": ("a",), "b": ("c", "d")}
    assert found.stems == {"e": ["libe.so.1"], "e1": ["e1_0.dll", "e1.lib"]}
    assert found.made == {"e1.lib"}
    where = {
        name: [(each.distribution, each.release, each.system) for each in places]
        for files in found.files.values()
        for name, places in files.items()
    }
    of_13 = ("13.0", "13.1", "13.2")
    assert where["a.h"] == where["b.h"]
    assert where["b.h"] == [("one", each, system) for each in of_13 for system in ("linux-x86_64", "windows")]
    assert where["c.h"] == [("one", each, "linux-x86_64") for each in of_13]
    assert where["d.h"] == [("one", each, "windows") for each in ("13.0", "13.2")]
    assert where["libe.so.1"][:2] == [("two-cu12", "12.9", "linux"), ("two-cu12", "12.9", "windows")]
    assert {each[2] for each in where["e1_0.dll"]} == {"windows-arm64"}


OTHERS = """\
[three nvidia/three nvidia/cuNN]
where: linux, windows-arm64 13.0-
header: f.h
library windows: F64_1.dll
[nvidia-mathdx nvidia/mathdx]
cmake: g
header: g.hpp g/h.hpp
"""


def test_the_format_of_companions():
    found = table.parse(TEXT, OTHERS)
    assert {each.extra for each in found.files["header"]["f.h"]} == {""}
    assert [each[0] + " " + each[2] + " " + each[3] for each in found.files["header"]["f.h"]] == [
        *(f"three-cu{each.partition('.')[0]} {each} linux" for each in found.releases),
        *(f"three-cu13 {each} windows-arm64" for each in found.releases[1:]),
    ]
    assert {each.system for each in found.files["library"]["F64_1.dll"]} == {"windows-arm64"}
    assert {each.distribution for each in found.files["header"]["g.hpp"]} == {"nvidia-mathdx"}
    # the toolkit's are found by FindCUDAToolkit
    assert found.companions == {"f": "F", "g": "g.hpp"}


@pytest.mark.parametrize("name", ["contents", "companions"])
def test_nobody_has_changed_a_table_by_hand(name):
    path = os.path.join(os.path.dirname(table.__file__), f"{name}.txt")
    with open(path, encoding="ascii", newline="") as file:
        text = file.read()
    said, body = re.search(r"^# checksum (\w+)\n((?s:.*))", text, re.MULTILINE).groups()
    assert said == f"{zlib.crc32(body.encode()):08x}", f"run: python scripts/table/{name}.py"


def test_the_table_is_read_when_it_is_asked(monkeypatch):
    table.read_table.cache_clear()
    opened = []
    monkeypatch.setattr("builtins.open", lambda *arguments, **_: opened.append(arguments) or open_(*arguments))
    contents.find("cuda.h")
    contents.find("nvcc")
    assert len(opened) == 2  # the toolkit's and the companions'


open_ = open
