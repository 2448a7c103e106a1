"""What the log of a build says: each cause once, in the order in which they appear, without their consequences."""

from __future__ import annotations

import heapq
import re
from itertools import islice
from typing import NamedTuple

from cuda_shims.doctor.case import ERROR, WARNING, Finding, escape
from cuda_shims.doctor.log.clue import ENDED, FAILED, find_success
from cuda_shims.doctor.log.fix import Scene
from cuda_shims.doctor.log.rule import load_table, make_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.doctor.case import Case
    from cuda_shims.doctor.log.cause import Cause
    from cuda_shims.doctor.log.read import Log
    from cuda_shims.doctor.log.rule import Rule

RULES = tuple(make_rules(load_table()))
#: how many messages of one rule are looked at, how many different ones, and how many names one finding lists
_MOST, _DIFFERENT, _NAMES = 10_000, 300, 8
#: how far a match reaches before its needle and behind it, and how far apart needles are looked for: most of a large
#: log is never looked at by a regular expression
_BEFORE, _AFTER, _STEP = 800, 2000, 1000
#: how much of a log one rule looks at, from its beginning and from its end: of what is full of a rule's needle
_ENOUGH = 400_000
#: a build that says this may end with a wheel, which lacks CUDA or a part; what else it said before was only a probe
_LEFT_OUT = {
    *("cccl-not-found", "companion-not-found", "cuda-left-out", "cuda-unidentified", "extension-not-built"),
    *("nvcc-not-found", "nvcc-path", "opencv-cuda", "placeholder-wheel", "toolkit-incomplete"),
}
#: once one of the first is found, a file that is missing later is a consequence: it was never installed
_INSTALLERS = {"no-such-version", "no-wheel", "placeholder-wheel", "renamed-package"}
_UNINSTALLED = {"header-missing", "library-missing", "nvcc-link", "nvcc-not-found", "target-missing", "tool-missing"}


class Explanation(NamedTuple):
    """A finding in a log."""

    finding: Finding
    #: where the log says it, as an editor counts
    line: int
    #: what it says there
    quote: str


class _Hit(NamedTuple):
    position: int
    rule: Rule
    cause: Cause

    @property
    def code(self) -> str:
        return self.cause.code or self.rule.code


def explain(log: Log, case: Case) -> list[Explanation]:
    """
    Explain the log of a build that failed.

    :param log: what it says
    :param case: the environment and the project that fixes are for
    :returns: the causes; none where the log has no message that is known

    """
    scene = Scene(case, log.text)
    hits = sorted(_find_hits(scene), key=lambda hit: hit.position)
    success = find_success(log.text) if hits else 0
    hits = [hit for hit in hits if hit.position >= success or hit.code in _LEFT_OUT]
    causes: dict[str, list[_Hit]] = {}
    for hit in _drop_consequences(hits, log.text):
        causes.setdefault(hit.cause.key or hit.code, []).append(hit)
    for same in causes.values():  # one may need what another's line must bring too
        same[0].cause.fix(scene)
    return [_join(same, scene, log) for same in causes.values()]


def _find_hits(scene: Scene) -> Iterator[_Hit]:
    where: dict[str, list[int]] = {needle: [] for rule in RULES for needle in rule.needles}
    for needle in where:
        where[needle] += _find_positions(needle, scene.text)
    for rule in RULES:
        known: set[tuple[str, ...]] = set()
        for match in islice(_find_matches(rule, scene.text, where), _MOST):
            words = match.groupdict("")
            if tuple(words.values()) not in known and len(known) < _DIFFERENT:
                known.add(tuple(words.values()))
                cause = rule.explain(words, scene)
                if cause:
                    yield _Hit(match.start(), rule, cause)


def _find_matches(rule: Rule, text: str, where: dict[str, list[int]]) -> Iterator[re.Match[str]]:
    end = 0
    for start, stop in _bound(list(_find_windows([where[needle] for needle in rule.needles]))):
        for match in rule.regex.finditer(text, max(start, end), stop):
            end = match.end()
            yield match


def _find_windows(positions: list[list[int]]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a text that a match can be in, in order, none overlapping another."""
    start = stop = -1
    for position in heapq.merge(*positions):
        if position - _BEFORE > stop:
            if stop >= 0:
                yield start, stop
            start = max(0, position - _BEFORE)
        stop = position + _STEP + _AFTER
    if stop >= 0:
        yield start, stop


def _bound(windows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave of many windows, or long ones, the beginning and the end."""
    if sum(stop - start for start, stop in windows) <= 2 * _ENOUGH:
        return windows
    first, last, left = [], [], _ENOUGH
    for start, stop in windows:
        first.append((start, min(stop, start + left)))
        left -= min(stop - start, left)
        if not left:
            break
    left = _ENOUGH
    for start, stop in reversed(windows):
        last.append((max(start, stop - left), stop))
        left -= min(stop - start, left)
        if not left:
            break
    return first + last[::-1]


def _find_positions(needle: str, text: str) -> Iterator[int]:
    # one that follows within a step is in the first one's window
    position = text.find(needle)
    while position >= 0:
        yield position
        position = text.find(needle, position + _STEP)


def _drop_consequences(hits: list[_Hit], text: str) -> list[_Hit]:
    promoted = {code for hit in hits if hit.rule.when != "latent" for code in hit.rule.after}
    hits = [hit for hit in hits if hit.rule.when != "latent" or hit.code in promoted]
    codes = {hit.code for hit in hits}
    if codes & _INSTALLERS:
        hits = [hit for hit in hits if hit.code not in _UNINSTALLED]
    # a part missing from the requirements is a separate cause
    hits = [hit for hit in hits if hit.cause.key == "need" or not hit.rule.after & (codes - {hit.code})]
    for those in ({"weak", "vague", "note"}, {"weak", "note"}):  # where there is one that says more
        kept = [hit for hit in hits if hit.rule.when not in those]
        if kept:
            return kept
    if re.search(FAILED, text):
        return [hit for hit in hits if hit.rule.when != "note"]
    # without a tool that failed, a warning is not a cause, unless a part of a log is all there is
    alone = all(hit.rule.when == "note" for hit in hits) and not re.search(ENDED, text)
    return hits if alone else []


def _join(same: list[_Hit], scene: Scene, log: Log) -> Explanation:
    first = same[0]
    what, why, fix = first.cause.what, first.cause.why, first.cause.fix(scene)
    names = list(dict.fromkeys(hit.cause.name for hit in same if hit.cause.name not in {"", first.cause.name}))
    if names:
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        what += f" Likewise: {', '.join(names[:_NAMES])}{more}."
    level = WARNING if first.rule.when in {"weak", "note"} else ERROR
    (quote,) = escape(Finding(log.quote(first.position), "", ""))[:1]
    return Explanation(escape(Finding(first.code, level, what, why, fix)), log.line(first.position), quote)
