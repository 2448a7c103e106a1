"""What a person sees on a terminal: colours, and that something takes long; what a program gets has neither."""

from __future__ import annotations

import argparse
import io
import re
import sys
import time

import pytest

from cuda_shims.cli import output
from cuda_shims.cli.output import Output

LINES = ("error: x", "warning: y", "ok: z", "  why: a", "  fix: b", "a build will find this toolkit: error:")


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def made(level=0, json=False):
    return Output(argparse.Namespace(json=json, verbose=max(level, 0), quiet=max(-level, 0)))


def answered(monkeypatch, stream, **options):
    monkeypatch.setattr(sys, "stdout", stream)
    made(**options).answer({"a": 1}, *LINES)
    return stream.getvalue()


def test_colours_on_a_terminal(monkeypatch):
    text = answered(monkeypatch, Terminal())
    assert text.splitlines()[0] == "\x1b[1;31merror:\x1b[0m x"
    assert text.count("\x1b[0m") == 5
    assert text.splitlines()[-1] == LINES[-1]


@pytest.mark.parametrize(
    ("stream", "variables", "coloured"),
    [
        (io.StringIO, {}, False),
        (io.StringIO, {"FORCE_COLOR": "1"}, True),
        (Terminal, {"NO_COLOR": "1"}, False),
        (Terminal, {"NO_COLOR": ""}, True),
        (Terminal, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (Terminal, {"TERM": "dumb"}, False),
    ],
)
def test_when_there_are_colours(monkeypatch, stream, variables, coloured):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b" in answered(monkeypatch, stream())) is coloured


def test_json_has_no_colours(monkeypatch):
    assert "\x1b" not in answered(monkeypatch, Terminal(), json=True)


def waited(monkeypatch, stream, level=0, name="doctor", how=lambda _: None, lines=2):
    """Run something until so many lines said that it takes long, or half a second; return what stderr then has."""
    monkeypatch.setattr(output, "PATIENCE", 0.05)
    monkeypatch.setattr(sys, "stderr", stream)
    out = made(level)
    with out.patience(name):
        end = time.monotonic() + (60 if lines else 0.5)
        while stream.getvalue().count("at it") < max(lines, 1) and time.monotonic() < end:
            time.sleep(0.01)
        how(out)
        text = stream.getvalue()
        time.sleep(0.15)
        after = stream.getvalue()
    return text, after, stream.getvalue()


def test_what_takes_long_is_said_and_erased(monkeypatch):
    _, _, end = waited(monkeypatch, Terminal())
    assert re.fullmatch(r"(\rcuda-shims doctor: at it for \d+ s){2,}\r\x1b\[K", end)


@pytest.mark.parametrize("how", ["answer", "write", "remark"])
def test_it_is_erased_before_the_answer(monkeypatch, how):
    def answer(out):
        monkeypatch.setattr(sys, "stdout", io.StringIO())
        out.answer({}, "x") if how == "answer" else getattr(out, how)("x")

    text, after, end = waited(monkeypatch, Terminal(), how=answer)
    assert text.endswith("\r\x1b[K" + ("x\n" if how == "remark" else ""))
    assert text == after == end


@pytest.mark.parametrize(
    ("stream", "level", "name"), [(io.StringIO, 0, "doctor"), (Terminal, -1, "doctor"), (Terminal, 0, "")]
)
def test_nothing_is_said_to_a_program(monkeypatch, stream, level, name):
    assert waited(monkeypatch, stream(), level, name, lines=0)[2] == ""


def test_a_quick_command_says_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with made().patience("list"):
        pass
    assert sys.stderr.getvalue() == ""
