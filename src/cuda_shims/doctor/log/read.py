"""
The log of a build: read within bounds, and brought to the words that the tools said.

Additions of CI services, terminals and front ends to a tool's words (colours, time stamps, boxes, indentation) are
removed. Lines stay lines, so that their numbers are those of the file.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections import deque
from typing import NamedTuple

from cuda_shims.errors import UnreadableLogError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

#: of a longer log the end is looked at: that is where builds fail
MAX_BYTES = 16 * 1024 * 1024
_CHUNK = 1024 * 1024
_QUOTED = 200
_ENCODINGS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
#: what an archive, a compressed file or a program begins with: GitHub's logs come as a zip
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd", b"\x7fELF", b"MZ\x90")
#: CSI and OSC sequences of a terminal, and those of two characters
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[^\n])")
#: the second \r of PowerShell; (?<!\r): from each \r of a long run the whole run would be looked through
_LINE_END = re.compile(r"(?<!\r)\r+\n")
#: 2026-01-02T03:04:05.678Z (GitHub, GitLab, Azure), [2026-01-02 03:04:05] and 03:04:05 (Jenkins), #12 34.56 and 34.567
#: (docker build), 515.6 (the same without a terminal, which writes four digits)
_STAMP = (
    r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?(?: \d\d[OE][+ ])?"
    r"|\[?\d\d:\d\d:\d\d(?:\.\d{1,6})?\]?(?=[ \t])|#\d{1,5} \d{1,6}\.\d{1,3}(?=[ \t])"
    r"|(?:\d{1,6}\.\d{2,3}|\d{3,6}\.\d)(?=[ \t])"
)
#: who of many processes says it: torchrun, Ray and vLLM, mpirun; and what loggers put first (vLLM's, glog)
_PROCESS = (
    r"\[(?:rank|default)\d{1,6}\]:|\((?:[\w.:-]{1,60} )?pid=\d{1,9}(?:, ip=[\d.]{7,15})?\)"
    r"|\[\d{1,6},\d{1,6}\]<std(?:err|out)>:"
    r"|(?:ERROR|WARNING|INFO) \d\d-\d\d \d\d:\d\d:\d\d \[[\w./]{1,80}:\d{1,6}\]"
    r"|[EWIF]\d{4} \d\d:\d\d:\d\d\.\d{6} {1,8}\d{1,9} [\w./-]{1,200}:\d{1,6}\]"
)
#: Spack's number of a line, behind ">> " where it sees an error
_SPACK = r"(?: {2}>> | {5})\d{1,7} {4}"
#: gh's "job<TAB>step<TAB>", "service | " of docker compose, the boxes of pip and uv, "> " of Nix
_PREFIX = re.compile(
    rf"(?:^|(?<=\r))(?:[^\t\r\n]{{1,80}}\t[^\t\r\n]{{1,80}}\t(?=\ufeff?\d{{4}}-)|[\w.-]{{1,60}} {{1,20}}\| "
    rf"|{_SPACK}|{_STAMP}|{_PROCESS}"
    r"|##\[\w{1,12}\]|[╰├]─+[>▶] ?|[ \t\ufeff|│>]{1,100}){1,200}",
    re.MULTILINE,
)
#: a line that Spack has wrapped at the width of the terminal, within a word if need be
_WRAPPED = re.compile(rf"^({_SPACK})[^\n]*(?:\n {{11,17}}\S[^\n]*){{1,200}}", re.MULTILINE)


class Log(NamedTuple):
    """What a build said."""

    #: the cleaned text; where a progress bar wrote over itself there are carriage returns
    text: str
    #: the number of its first line in the file
    first_line: int = 1
    #: how many bytes before it were not looked at
    skipped: int = 0

    def line(self, position: int) -> int:
        """Give the line number of a position in the text, as an editor counts."""
        return self.first_line + self.text.count("\n", 0, position)

    def quote(self, position: int) -> str:
        """Quote the line of a position in the text; of a long line, the part that begins there."""
        start = max(self.text.rfind(each, 0, position) for each in "\r\n") + 1
        ends = [self.text.find(each, position) for each in "\r\n"]
        end = min([each for each in ends if each >= 0] or [len(self.text)])
        if end - start <= _QUOTED:
            return self.text[start:end].rstrip()
        before = "…" if position > start else ""
        after = "…" if end > position + _QUOTED else ""
        return f"{before}{self.text[position : min(end, position + _QUOTED)].rstrip()}{after}"


def read_log(path: str) -> Log:
    """
    Read the log of a build, the end of one that is longer than :data:`MAX_BYTES`.

    All of it is read, in pieces, so that the lines can be counted; only the end is kept.

    :param path: the file, or ``-`` for standard input
    :returns: what it says
    :raises UnreadableLogError: when it cannot be read

    """
    try:
        if path != "-":
            with open(path, "rb") as file:
                return _read(file)
        if sys.stdin is None:
            raise UnreadableLogError("standard input", "it is closed")
        return _read(sys.stdin.buffer)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableLogError("standard input" if path == "-" else path, reason) from error


def _read(file: BinaryIO) -> Log:
    head = file.read(_CHUNK)
    if head.startswith(_PACKED):
        raise ValueError("it is not text: unpack it first")
    encoding = next((name for mark, name in _ENCODINGS if head.startswith(mark)), "")
    newline = "\n".encode(encoding or "ascii")
    kept, size, skipped, line = deque([head]), len(head), 0, 1
    for chunk in iter(lambda: file.read(_CHUNK), b""):
        kept.append(chunk)
        size += len(chunk)
        while size - len(kept[0]) >= MAX_BYTES:
            gone = kept.popleft()
            size -= len(gone)
            skipped += len(gone)
            line += gone.count(newline)
    return Log(clean(_decode(b"".join(kept), encoding)), line, skipped)


def _decode(data: bytes, encoding: str) -> str:
    if not encoding.startswith("utf-16"):
        # UTF-16 without its mark, as PowerShell appends it, is readable without its NULs
        data, encoding = data.replace(b"\0", b""), "utf-8"
    return data.decode(encoding, "replace").replace("\0", "")


def clean(text: str) -> str:
    """Take away what is not a tool's words."""
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    text = _LINE_END.sub("\n", text.replace("\b", ""))
    if "\n  >> " in text:
        text = _join_wrapped(text)
    return _PREFIX.sub("", text)


def _join_wrapped(text: str) -> str:
    """Join the lines that Spack has wrapped; empty ones take their place, so that numbers of lines stay."""
    found = list(_WRAPPED.finditer(text))
    width = max((len(line) for each in found for line in each[0].split("\n")[:-1]), default=0)

    def join(match: re.Match[str]) -> str:
        *lines, last = (line[len(match[1]) :] for line in match[0].split("\n"))
        # of a line that is shorter, Spack has left out the blank at its end
        parts = [line + " " * (len(match[1]) + len(line) < width) for line in lines]
        return match[1] + "".join(parts) + last + "\n" * len(lines)

    return _WRAPPED.sub(join, text)
