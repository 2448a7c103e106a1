"""The script that writes the table of companion wheels: its rules, and a run over wheels that are made up."""

from __future__ import annotations

import contextlib
import sys
import types

import pytest
from script_support import load_script

from cuda_shims.catalog import table

TOOLKIT = "releases: 12.9 13.0 13.1\n[nvidia-cublas cublas]\nheader: toolkit.h\n"
WHEELS = {
    "one_cu13-2.0-py3-none-manylinux_2_27_x86_64.whl": ["nvidia/one/include/one.h", "nvidia/one/lib/libone.so.2"],
    "one_cu13-2.0-py3-none-win_amd64.whl": ["nvidia/one/include/one.h", "nvidia/one/bin/x64/one.dll"],
    "one_cu13-1.0-py3-none-win_amd64.whl": ["nvidia/before/include/gone.h"],
    "one_cu13-3.0a0-py3-none-any.whl": ["nvidia/never/include/one.h"],
    "one_cu12-2.0-py3-none-manylinux_2_27_x86_64.whl": ["nvidia/one/include/one.h", "nvidia/one/include/old.h"],
    "two_cu13-1.0-py3-none-manylinux_2_28_aarch64.manylinux_2_29_aarch64.whl": [
        *("nvidia/cu13/include/two.h", "nvidia/cu13/include/toolkit.h", "nvidia/cu13/lib64/cmake/two/two-config.cmake"),
        *(
            "nvidia/cu13/lib64/libtwo.bc",
            "two_cu13-1.0.dist-info/RECORD",
            "nvidia/cu13/lib/",
            "nvidia/cu13/__init__.py",
        ),
    ],
    "nvidia_mathdx-1.0-py3-none-any.whl": [
        *("nvidia/mathdx/include/dx.hpp", "nvidia/mathdx/external/cutlass/include/cute/tensor.hpp"),
    ],
}
TABLE = """\
[one nvidia/one nvidia/before]
where: linux-x86_64, windows-amd64 13.0-
header: one.h
header 12.9: old.h
library linux 13.0-: libone.so.2
library windows 13.0-: one.dll
[two nvidia/cuNN]
where: linux-aarch64 13.0-
cmake: two
header: two.h
library: libtwo.bc
[nvidia-mathdx nvidia/mathdx]
header: dx.hpp
"""


class Index:
    def files(self, name):
        files = [each for each in WHEELS if each.partition("-")[0].replace("_", "-") == name]
        return [{"filename": each, "url": each} for each in files]

    @contextlib.contextmanager
    def open(self, url):
        yield types.SimpleNamespace(namelist=lambda: WHEELS[url])


@pytest.fixture
def script(monkeypatch):
    pytest.importorskip("pip._internal", reason="the script uses pip, which is not here")
    script = load_script("table/companions")
    monkeypatch.setattr(script, "DISTRIBUTIONS", ("one", "two", "nvidia-mathdx"))
    return script


def test_a_run(script):
    text = script.table(Index(), TOOLKIT)
    assert text == script.signed(script.HEAD, TABLE.splitlines())
    # and what reads the table understands it
    found = table.parse(TOOLKIT, text)
    assert [each[0] + " " + each[3] for each in found.files["library"]["libone.so.2"]] == ["one-cu13 linux-x86_64"] * 2
    assert [each.system for each in found.files["header"]["old.h"]] == ["linux-x86_64"]


def test_write_and_check(script, tmp_path, monkeypatch, capsys):
    for name, text in (("TABLE", ""), ("TOOLKIT", TOOLKIT)):
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(script, name, str(tmp_path / name))
    monkeypatch.setattr(script, "Index", Index)
    monkeypatch.setattr(sys, "argv", ["companions.py"])
    assert script.main() == 0
    monkeypatch.setattr(sys, "argv", ["companions.py", "--check"])
    assert script.main() == 0
    capsys.readouterr()
    # a wheel on the index holds what the table lacks
    monkeypatch.setitem(WHEELS, "two_cu12-1.0-py3-none-win_arm64.whl", ["nvidia/cu12/include/new.h"])
    assert script.main() == 1
    assert "+header 12.9: new.h" in capsys.readouterr().out.splitlines()


def test_the_order_is_that_of_the_table():
    script = load_script("table/companions")
    with open(script.TABLE, encoding="ascii") as file:
        names = [line[1:].split()[0] for line in file if line.startswith("[")]
    assert names == list(script.DISTRIBUTIONS)
