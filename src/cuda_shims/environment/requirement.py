"""
Requirements in the metadata of a distribution, read only as far as needed to tell which CUDA they name.

``packaging`` reads everything, and would be a requirement of every build that requires cuda-shims.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: name, extras, versions with or without the parentheses of older metadata, or a URL, marker
_LINE = re.compile(
    r"([A-Za-z0-9][\w.-]*) ?(?:\[([^\]]*)\])? ?(?:\(([^()]*)\)|([^;@()]*?))? ?(?:@ ?\S+)? ?(?:;(.*))?", re.ASCII
)
#: the maximum length: no line of a real one is longer
_LONGEST = 4000
_CLAUSE = re.compile(r"\s*(===|==|~=|!=|<=|>=|<|>)\s*([\w.*+!-]+)\s*", re.ASCII)
_TOKEN = re.compile(r"\s*(?:([()])|(===|==|~=|!=|<=|>=|<|>)|'([^']*)'|\"([^\"]*)\"|([A-Za-z_.]+))")
#: brackets in brackets: no marker has as many, and each is a call of a function
_DEEPEST = 20
#: greater than any number in a version
LAST = sys.maxsize


class Requirement(NamedTuple):
    """One requirement."""

    #: normalised: ``nvidia-cuda-runtime``
    name: str
    #: normalised
    extras: frozenset[str]
    #: operator and version of each clause: ``(("<", "14"), (">=", "13.0.3"))``
    clauses: tuple[tuple[str, str], ...]
    #: when it counts; empty: always
    marker: str

    def __str__(self) -> str:
        """Spell it without its marker."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        return f"{self.name}{extras}{','.join(operator + version for operator, version in self.clauses)}"

    def minors(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """
        Tell the minor releases that its versions can have.

        :returns: the first and the last: ``==13.0.96`` is ``((13, 0), (13, 0))``, ``>=13.2`` has no last one but
            ``(LAST, LAST)``

        """
        low, high = (0, 0), (LAST, LAST)
        for operator, text in self.clauses:
            numbers = release_of(text)
            if not numbers or operator == "!=":
                continue
            first, *rest = numbers
            minor = (first, rest[0] if rest else 0)
            if operator in {"==", "===", "~="}:
                # ==13.* and ~=13.0 allow any minor release, ==13 is 13.0
                is_open = (operator == "~=" and len(numbers) == 2) or (text.endswith(".*") and not rest)  # noqa: PLR2004
                low, high = max(low, minor), min(high, (first, LAST) if is_open else minor)
            elif operator in {">=", ">"}:
                low = max(low, minor)
            elif operator == "<=" or any(rest[1:]):
                high = min(high, minor)
            else:  # <13.2 ends with 13.1, <14 with the last 13
                high = min(high, (first, minor[1] - 1) if minor[1] else (first - 1, LAST))
        return low, high

    def allows(self, version: str) -> bool:
        """Tell whether a version is among those that it allows; pre-releases count as their release."""
        return all(_compares(version, operator, text) for operator, text in self.clauses)

    def counts(self, extras: Collection[str], variables: Mapping[str, str]) -> bool:
        """
        Tell whether its marker holds.

        :param extras: the required ones, normalised
        :param variables: what a marker may name, of :func:`machine`; anything else, such as Python's version, is
            taken to hold: it does not decide about CUDA
        :returns: whether it does; ``True`` for anything that is not a marker

        """
        tokens = [match.groups() for match in _TOKEN.finditer(self.marker)]
        if not tokens or self.marker.count("(") > _DEEPEST:
            return True
        try:
            return _Marker(tokens, extras, variables).any_of()
        except IndexError:
            return True


def parse_requirement(line: str) -> Requirement | None:
    """Read one ``Requires-Dist``; ``None`` if it is not a requirement."""
    line = " ".join(line.split())
    match = _LINE.fullmatch(line) if len(line) <= _LONGEST else None
    if not match:
        return None
    name, extras, bracketed, plain, marker = match.groups()
    parts = [each for each in (bracketed or plain or "").split(",") if each.strip()]
    clauses = [each for each in map(_CLAUSE.fullmatch, parts) if each]
    if len(clauses) < len(parts):
        return None
    return Requirement(
        normalise(name),
        frozenset(normalise(each.strip()) for each in (extras or "").split(",") if each.strip()),
        tuple((each.group(1), each.group(2)) for each in clauses),
        (marker or "").strip(),
    )


def normalise(name: str) -> str:
    """Spell the name of a distribution or an extra as indexes do."""
    return re.sub(r"[-_.]+", "-", name).lower()


def machine() -> dict[str, str]:
    """Name this machine as markers do."""
    return {
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_system": platform.system(),
        "platform_machine": platform.machine(),
    }


def release_of(version: str) -> tuple[int, ...]:
    """Take the numbers that a version begins with: ``(2, 9, 1)`` of ``2.9.1+cu130``; none where it begins with none."""
    match = re.match(r"v?(?:\d{1,4}!)?(\d{1,9}(?:\.\d{1,9}){0,20})", version.strip())
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()


def _compares(version: str, operator: str, text: str) -> bool:
    if operator == "===":
        return version == text
    have, want = release_of(version), release_of(text)
    if operator in {"==", "!="}:
        if text.endswith(".*"):
            same = _padded(have, want)[0][: len(want)] == want
        elif "+" in text:
            same = version.lower() == text.lower()
        else:
            same = len(set(_padded(have, want))) == 1
        return same is (operator == "==")
    one, other = _padded(have, want)
    if operator == "~=":
        return one >= other and have[: len(want) - 1] == want[:-1]
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[operator]


def _padded(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    width = max(len(one), len(other))
    return one + (0,) * (width - len(one)), other + (0,) * (width - len(other))


class _Marker:
    """The tokens of a marker, as they are read."""

    def __init__(
        self, tokens: list[tuple[str | None, ...]], extras: Collection[str], variables: Mapping[str, str]
    ) -> None:
        """Start at the first one."""
        self.tokens = tokens
        self.extras = extras
        self.variables = variables
        self.at = 0

    def any_of(self) -> bool:
        """Read what ``or`` joins."""
        found = self._all_of()
        while self._word("or"):
            found = self._all_of() or found
        return found

    def _all_of(self) -> bool:
        found = self._one()
        while self._word("and"):
            found = self._one() and found
        return found

    def _word(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][4] == word:
            self.at += 1
            return True
        return False

    def _next(self) -> tuple[str | None, ...]:
        self.at += 1
        return self.tokens[self.at - 1]

    def _one(self) -> bool:
        first = self._next()
        if first[0] == "(":
            found = self.any_of()
            self._next()
            return found
        operator = self._next()
        is_not = operator[4] == "not"
        if is_not:
            operator = self._next()
        second = self._next()
        one, other = (self._value(each) for each in (first, second))
        if one is None or other is None or operator[1] not in {"==", "===", "!=", None}:
            return True
        if "extra" in {first[4], second[4]}:
            wanted = other if first[4] == "extra" else one
            return (normalise(wanted) in self.extras) is (operator[1] != "!=")
        if operator[1] is None:
            return (one in other) is not is_not
        return (one == other) is (operator[1] != "!=")

    def _value(self, token: tuple[str | None, ...]) -> str | None:
        """Give the text of a token; that of an extra, which has several, does not count."""
        if token[4]:
            return "" if token[4] == "extra" else self.variables.get(token[4])
        return next((each for each in token[2:4] if each is not None), None)
