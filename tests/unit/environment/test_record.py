"""Our lines in RECORD: read back by the standard library's csv, which pip and importlib.metadata use."""

from __future__ import annotations

import csv
import hashlib

import pytest
from fake_toolkit import record_hash

from cuda_shims.environment import record

TEXT = 'a.py,sha256=abc,3\n"with,comma.py",sha256=def,4\nx.dist-info/RECORD,,\n'


def rows(text):
    return {row[0]: tuple(row[1:]) for row in csv.reader(text.splitlines())}


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256))])
def test_hashes_are_spelt_as_installers_spell_them(data):
    assert record.record_hash(data) == record_hash(data)
    assert hashlib.sha256(data).hexdigest() not in record.record_hash(data)


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), '"a ""quoted"" one",h,1\n', "", "garbage\n"])
def test_read_as_csv_does(text):
    assert record.record_lines(text) == {path: row for path, row in rows(text).items() if row}


@pytest.mark.parametrize("path", ["../../../bin/nvcc", "with,comma.py", 'with "quotes"', 'a"b,c', "spa ce", "\udcff"])
def test_added_once_and_renewed(path):
    once = record.amended(TEXT, {path: b"1"})
    twice = record.amended(once, {path: b"22"})
    assert rows(once)[path] == (record_hash(b"1"), "1")
    assert rows(twice) == {**rows(TEXT), path: (record_hash(b"22"), "2")}
    assert len(twice.splitlines()) == len(once.splitlines())
    assert record.amended(twice, {path: b"22"}) == twice
    assert rows(record.amended(twice, {}, [path])) == {key: row for key, row in rows(TEXT).items() if key != path}


def test_a_folder_has_no_hash():
    assert rows(record.amended("", {"folder": None})) == {"folder": ("", "")}


def test_every_other_line_stays_as_it_is():
    text = TEXT.replace("\n", "\r\n") + "odd line\r\n"
    changed = record.amended(text, {"new": b""}, ["a.py"])
    assert [line for line in changed.splitlines() if not line.startswith("new,")] == text.splitlines()[1:]


def test_no_record(tmp_path):
    assert record.read_record(str(tmp_path)) is None
    (tmp_path / "RECORD").write_bytes(b"\xff.py,,\r\n")
    assert record.read_record(str(tmp_path)) == "\udcff.py,,\r\n"


def test_what_is_to_be_removed_first_comes_first():
    """As uv goes from top to bottom, and ends at what it cannot remove."""
    text = "bin/nvcc,,\r\nx.dist-info/RECORD,,\r\nb.pth,,\r\na.pth,,\r\n"
    changed = record.amended(text, {"folder": None, "new": None}, first=["a.pth", "none", "folder"])
    assert changed.split(",,\r\n") == ["a.pth", "folder", "bin/nvcc", "x.dist-info/RECORD", "b.pth", "new", ""]
