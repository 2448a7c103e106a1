"""
Read ``CHANGELOG.md``, which is kept by hand, and hold it to its form.

``python scripts/release/changelog.py`` (in ``tox -e docs``) says what is wrong with it. A heading is ``## 0.1.0
(unreleased)`` or ``## 0.1.0 (2026-01-31)``, the newest first; the first one is of the version in
``src/cuda_shims/version.py``, which is the only place that has it. What is below are lists, and sentences that end with
a colon before one.

Fragments, a file for each change that a tool puts together (towncrier), are for projects whose pull requests run into
each other in that one file. Here they are few, and whoever reads a change reads its line in the same place.
"""

from __future__ import annotations

import os
import re
import sys
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "CHANGELOG.md")
_HEADING = re.compile(r"## (\d+(?:\.\d+){2}(?:rc\d+)?) \((unreleased|\d{4}-\d\d-\d\d)\)")


class Section(NamedTuple):
    """What is said of one release."""

    version: str
    #: ``unreleased``, or the day
    date: str
    text: str


def main() -> int:
    """Check; the exit code is 1 if something is wrong."""
    with open(PAGE, encoding="utf-8") as file:
        problems = problems_of(file.read(), version())
    for problem in problems:
        print(f"changelog: {problem}", file=sys.stderr)
    return 1 if problems else 0


def version() -> str:
    """
    Read the version from its place.

    :returns: e.g. ``0.1.0``

    """
    with open(os.path.join(ROOT, "src", "cuda_shims", "version.py"), encoding="utf-8") as file:
        (found,) = re.findall(r'^__version__ = "(.*)"$', file.read(), re.MULTILINE)
    return str(found)


def sections(text: str) -> list[Section]:
    """
    Take a changelog apart.

    :param text: it
    :returns: its sections, in its order; what has no proper heading belongs to the one before

    """
    found = []
    for part in re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        match = _HEADING.fullmatch(heading)
        if match:
            found.append(Section(match.group(1), match.group(2), body.strip() + "\n"))
        elif found:
            found[-1] = found[-1]._replace(text=found[-1].text + part)
    return found


def problems_of(text: str, current: str) -> list[str]:
    """
    Find what is wrong with a changelog.

    :param text: it
    :param current: the version of the sources
    :returns: a sentence for each

    """
    headings = re.findall(r"^##? .*", text, re.MULTILINE)
    found = sections(text)
    problems = [f"{each!r} is no heading of a release" for each in headings[1:] if not _HEADING.fullmatch(each)]
    if headings[:1] != ["# Changelog"] or not text.startswith("# Changelog\n\n## "):
        problems.append("it begins with '# Changelog', an empty line and the newest release")
    if [each.version for each in found[:1]] != [current]:
        problems.append(f"its first section is not about {current}, the version in src/cuda_shims/version.py")
    numbers = [[int(part) for part in re.findall(r"\d+", each.version)] for each in found]
    if numbers != sorted(numbers, reverse=True) or len({each.version for each in found}) < len(found):
        problems.append("the releases are not in order, the newest first")
    dates = [each.date for each in found[1:]]
    if "unreleased" in dates or dates != sorted(dates, reverse=True):
        problems.append("only the first release can be unreleased, and dates go down")
    for each in found:
        lines = [line for line in each.text.splitlines() if line and not line.startswith(("- ", "  "))]
        problems += [f"{each.version}: {line!r} is in no list" for line in lines if not line.endswith(":")]
        if "\n- " not in f"\n{each.text}":
            problems.append(f"{each.version}: nothing is said of it")
    return problems


if __name__ == "__main__":
    raise SystemExit(main())
