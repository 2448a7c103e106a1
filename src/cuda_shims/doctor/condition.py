"""Which stretches of a build file or a source count only under a condition: in ``if()``, ``#ifdef``, a function."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from itertools import accumulate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: the start and the end of a block, and how to recognize a file's first block that is not a condition; by kind of file
_CMAKE = re.compile(r"(?i)\b(?:(end)(?:if|function|macro)|if|function|macro)\s{0,99}\(")
_FUNCTION = re.compile(r"(?i)\b(?:(end)(?:function|macro)|function|macro)\s{0,99}\(")
_MESON = re.compile(r"(?m)^[ \t]*(?:(endif)|if)\b")
_MAKE = re.compile(r"(?m)^[ \t]*(?:(endif)|ifn?eq|ifn?def)\b")
_PREPROCESSOR = re.compile(r"(?m)^[ \t]*#[ \t]*(?:(endif)|if(?:n?def)?)\b")
_GUARD = re.compile(r"[ \t]*#[ \t]*if(?:ndef|[ \t]*!)[^\n]*\n\s{0,99}#[ \t]*define\b")
_BRACES = re.compile(r"(\})|\{")
#: comments, strings, parentheses and commands of CMake; each is matched to the end of the text if it does not end
_TOKEN = re.compile(r"(?s)#\[(=*)\[.*?(?:\]\1\]|\Z)|#[^\n]*|\"(?:[^\"\\]|\\.)*(?:\"|\Z)|[()]|\b\w+(?=\s{0,99}\()")
#: commands whose arguments need nothing: they check whether something exists, or mention it
_SILENT = {"if", "elseif", "else", "endif", "while", "message", "option", "cmake_dependent_option", "set_property"}
_GENERATOR, _SPACE = 300, re.compile(r"[\s();]")


class Spans:
    """Stretches of a text."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        """Take them in any order."""
        spans = sorted(spans)
        self._starts = [start for start, _ in spans]
        self._ends = list(accumulate((end for _, end in spans), max))

    def __contains__(self, place: int) -> bool:
        """Tell whether a place is in one of them."""
        before = bisect_right(self._starts, place)
        return bool(before) and place < self._ends[before - 1]


def find_conditions(kind: str, text: str) -> Spans:
    """
    Find what counts only under a condition.

    :param kind: ``cmake`` (after :func:`clean_cmake`), ``python``, ``meson``, ``make``, ``rust``, ``source``
    :param text: the file
    :returns: the stretches; none for a kind of file without conditions

    """
    if kind == "cmake":
        blocks, functions = list(_blocks(_CMAKE, text)), Spans(list(_blocks(_FUNCTION, text)))
        inside = Spans(blocks)
        # after "if(NOT USE_CUDA) return() endif()" the rest is under that condition
        ends = (match.start() for match in re.finditer(r"(?i)\breturn\s{0,99}\(", text))
        leaves = next((each for each in ends if each in inside and each not in functions), len(text))
        return Spans([*blocks, (leaves, len(text))])
    if kind == "python":
        return Spans(_python(text))
    if kind == "source":
        first = next(_PREPROCESSOR.finditer(text), None)
        guarded = first is not None and _GUARD.match(text, first.start()) is not None
        return Spans(list(_blocks(_PREPROCESSOR, text, free=int(guarded))))
    if kind == "rust":
        return Spans(list(_blocks(_BRACES, text, free=1)))
    return Spans(list(_blocks(_MESON if kind == "meson" else _MAKE, text)) if kind in {"meson", "make"} else [])


def _blocks(pattern: re.Pattern[str], text: str, free: int = 0) -> Iterator[tuple[int, int]]:
    depth, start = -free, 0
    for match in pattern.finditer(text):
        if match.group(1) is None:
            if depth == 0:
                start = match.start()
            depth += 1
        elif depth > -free:
            depth -= 1
            if depth == 0:
                yield start, match.end()
    if depth > 0:
        yield start, len(text)


def _python(text: str) -> list[tuple[int, int]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an escape in somebody's string
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # Python 2, or nonsense: nothing in it is sure
        return [(0, len(text))]
    lines = [0, *accumulate(len(line) for line in re.findall(r"[^\n]*\n|[^\n]+", text)), len(text)]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.IfExp, ast.Try)):
            last = node.end_lineno or node.lineno
            main = isinstance(node, ast.If) and any(
                isinstance(each, ast.Name) and each.id == "__name__" for each in ast.walk(node.test)
            )
            if not main:
                found.append((lines[node.lineno - 1], lines[min(last, len(lines) - 1)]))
    return found


def clean_cmake(text: str) -> str:
    """Blank what needs nothing in a CMake file: comments, conditions, messages, help texts."""
    pieces: list[str] = []
    at = depth = 0
    silent = False
    for token in _TOKEN.finditer(text):
        word, between = token.group(), text[at : token.start()]
        at = token.end()
        muted = silent and depth > 0
        pieces.append(_blank(between) if muted else between)
        if word == "(":
            depth += 1
        elif word == ")":
            depth = max(0, depth - 1)
        elif word.startswith("#") or muted:
            word = _blank(word)
        elif word.startswith('"'):
            word = re.sub(r"[()]", " ", word)
        elif depth == 0:
            silent = word.lower() in _SILENT
        pieces.append(word)
    return "".join([*pieces, text[at:]])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def in_generator_expression(text: str, place: int) -> bool:
    """Tell whether a place in a CMake file is within ``$<…>``."""
    before = _SPACE.split(text[max(0, place - _GENERATOR) : place])[-1]
    return before.count("$<") > before.count(">")
