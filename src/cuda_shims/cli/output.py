"""The output of a command: its answer, as text or JSON, on stdout; remarks and progress on stderr."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, TextIO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Event, Thread

#: raised when a key of the JSON output changes its meaning or is removed
SCHEMA = 1
#: how a line begins, and the colour of that: SGR parameters, ECMA-48
_COLOURS = {
    "error:": "1;31",
    "warning:": "33",
    "hint:": "34",
    "ok:": "32",
    "  fix:": "36",
    "   or:": "36",
    "  why:": "2",
}
#: seconds after which a person wonders
PATIENCE = 1.0


class Output:
    """Where a command's answer goes: text or JSON on stdout, remarks on stderr."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Take what the options say."""
        self.json: bool = options.json
        self.level: int = options.verbose - options.quiet
        self._waiting: Thread | None = None
        self._answered: Event | None = None
        self._shown = False

    def answer(self, data: dict[str, Any], *lines: str) -> None:
        """Print the answer: as JSON, to which the schema's version is added, or its lines."""
        self._stop_waiting()
        if self.json:
            import json  # noqa: PLC0415

            print(json.dumps({"schema": SCHEMA, **data}, indent=2))
        else:
            coloured = has_colours(sys.stdout)
            for line in lines:
                print(_paint(line) if coloured else line)

    def write(self, text: str) -> None:
        """Write an answer that a program reads; it gets a line break at its end."""
        self._stop_waiting()
        sys.stdout.write(text if text.endswith("\n") else text + "\n")

    def remark(self, line: str, level: int = 0) -> None:
        """Tell a person something besides the answer: at level 0 normally, at 1 with ``-v``, at -1 even with ``-q``."""
        self._stop_waiting()
        if self.level >= level:
            print(line, file=sys.stderr)

    @contextlib.contextmanager
    def patience(self, name: str) -> Iterator[None]:
        """Say what takes longer than a second, on a terminal, until the answer comes."""
        if name and self.level >= 0 and is_terminal(sys.stderr):
            from threading import Event, Thread  # noqa: PLC0415

            self._answered = Event()
            self._waiting = Thread(target=self._say, args=(name, time.monotonic(), self._answered), daemon=True)
            self._waiting.start()
        try:
            yield
        finally:
            self._stop_waiting()

    def _say(self, name: str, since: float, answered: Event) -> None:
        while not answered.wait(PATIENCE):
            self._shown = True
            sys.stderr.write(f"\rcuda-shims {name}: at it for {time.monotonic() - since:.0f} s")
            sys.stderr.flush()

    def _stop_waiting(self) -> None:
        thread, self._waiting = self._waiting, None
        if thread is not None and self._answered is not None:
            self._answered.set()
            thread.join()
            if self._shown:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a person reads a stream, on a terminal that knows how to erase a line."""
    knows = os.environ.get("TERM") != "dumb" and (os.name != "nt" or "WT_SESSION" in os.environ)
    return knows and stream.isatty()


def has_colours(stream: TextIO) -> bool:
    """Tell whether a stream should be coloured."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_terminal(stream)


def _paint(line: str) -> str:
    for start, colour in _COLOURS.items():
        if line.startswith(start):
            return f"\x1b[{colour}m{start}\x1b[0m{line[len(start) :]}"
    return line
