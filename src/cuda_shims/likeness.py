"""Which of the words that are known somebody may have meant."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: how alike two words must be for a suggestion: evn and env are 0.67, nvvc and nvcc 0.75, mine.h and mma.h 0.55
_SIMILAR = 0.66
#: how much of a word is compared: that is quadratic, and a file's word may have been written to be slow
_COMPARED = 60


def find_similar(word: str, known: Iterable[str], count: int = 1) -> list[str]:
    """
    Find the known words that are like one, in any case.

    :param word: what somebody wrote
    :param known: the words that are known
    :param count: how many at most
    :returns: the nearest first

    """
    from difflib import get_close_matches  # noqa: PLC0415 # only for a mistake

    by_lower = {each.lower(): each for each in known}
    return [by_lower[each] for each in get_close_matches(word[:_COMPARED].lower(), by_lower, count, _SIMILAR)]
