"""What is to be on disk, and what is done about it, as values."""

from __future__ import annotations

import pytest

from cuda_shims.files.action import CREATE, KEEP, Action, Change
from cuda_shims.files.entry import Entry

FILE = ("lib/x", None, b"data", 0o755, "/wheels/x")


@pytest.mark.parametrize(
    ("kind", "values", "others"),
    [
        (Entry, FILE, ("lib/y", "x", b"", 0o644, None)),
        (Action, (CREATE, "a", Entry(*FILE), "sha256:0"), (KEEP, "b", None, "")),
        (Change, (CREATE, "shim", "/a", "it is new"), (KEEP, "root", "/b", "")),
    ],
)
def test_rows_are_values(kind, values, others):
    row = kind(*values)
    assert row == kind(*values)
    assert hash(row) == hash(kind(*values))
    for number, other in enumerate(others):
        assert row != kind(*values[:number], other, *values[number + 1 :])
    assert row != values
    assert set(row.as_dict().values()) == set(values)


def test_a_row_of_another_kind_is_another_one():
    assert Action(CREATE, "a", None, "") != Change(CREATE, "a", "", "")
    assert Entry("a", None) != "a"


def test_a_row_is_shown_by_its_fields():
    assert repr(Change(KEEP, "root", "/r")) == "Change(kind='keep', what='root', path='/r', note='')"


def test_an_entry_is_a_file_that_everybody_may_read():
    assert Entry("a", None).as_dict() == {"data": b"", "hard": None, "link": None, "mode": 0o644, "path": "a"}
