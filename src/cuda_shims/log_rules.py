"""
What a known message looks like.

In a pattern a blank stands for white space of any kind, since CMake wraps its messages at 77 columns, ``'`` for a quote
of any kind, and ``^`` for the beginning of a line. Every repetition is bounded, and so is what a pattern costs at one
place of a log: a log costs what its length is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .log_causes import Cause
    from .log_fixes import Scene

    Explain = Callable[[Mapping[str, str], Scene], "Cause | None"]

_QUOTE = "['\"\u2018\u2019\u201c\u201d`\u00b4\ufffd]"
#: tools of the wheels
NVCC = r"(?P<name>nvcc(?:\.exe)?)"
_TOOLS = r"(?:ptxas|fatbinary|nvlink|bin2c|cudafe\+\+|cicc|cuobjdump|nvdisasm|compute-sanitizer|tileiras)(?:\.exe)?"
TOOL = rf"(?P<name>{_TOOLS})"
ANY_TOOL = rf"(?P<name>nvcc(?:\.exe)?|{_TOOLS})"
TOOL_AT = rf"(?P<name>(?:[A-Za-z]:)?[/\\][^\s\x22\x27`:]{{0,300}}[/\\](?:nvcc(?:\.exe)?|{_TOOLS}))"
#: C++ compilers that nvcc and others look for by name
HOST = r"(?P<name>(?:[\w.-]{1,40}-)?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|cc1plus|cl\.exe)(?:-\d{1,2})?)"
#: a header, a library, a target of CMake
NAME = r"(?P<name>\w[\w.+/-]{0,120}(?:::\w{1,60})?)"
PATH = r"(?P<name>[^\s\x22\x27`]{1,400}?)"


class Rule(NamedTuple):
    """A message."""

    #: that of the finding; several messages may have one
    code: str
    #: some of what every text that the pattern fits has in it: to look for that is faster by far
    needles: tuple[str, ...]
    regex: re.Pattern[str]
    explain: Explain
    #: codes of what this is a consequence of: where one of them was found, this is not said
    after: frozenset[str]
    #: said only of a build that failed, and only where nothing else is: ``weak``; ``latent``: only in the place of what
    #: is after it, since by itself it stops no build
    when: str


def rule(code: str, needles: str, pattern: str, explain: Explain, **how: str) -> Rule:
    """
    Make a rule.

    :param code: that of the finding
    :param needles: as in the rule, or with more words, for a reader; with bars between them
    :param pattern: see above
    :param explain: gives the cause
    :param how: ``after`` as in the rule, with blanks between the codes; ``when`` as in the rule
    :returns: the rule

    """
    regex = re.sub(r"^\^", r"(?<![^\\n\\r])", pattern).replace("'", _QUOTE).replace(" ", r"\s{1,80}")
    # a word of each: what is between words may be the end of a line
    words = tuple(max(each.split(), key=len) for each in needles.split("|"))
    return Rule(code, words, re.compile(regex), explain, frozenset(how.get("after", "").split()), how.get("when", ""))


def not_found(code: str, tool: str, explain: Explain) -> list[Rule]:
    """
    Make the rules of a program that is not on PATH: each shell, make, Python and cargo have words of their own for it.

    :param code: that of the finding
    :param tool: a pattern of its name
    :param explain: gives the cause
    :returns: the rules

    """
    end = r"(?![\w+-])"
    return [
        rule(code, "not found", rf"(?:sh|\d): {tool}: (?:command |inaccessible or )?not found", explain),
        rule(code, "command not found: ", f"command not found: {tool}{end}", explain),
        rule(code, "Unknown command", f"fish: Unknown command: '?{tool}{end}", explain),
        rule(code, "No such file", rf"(?:make(?:\[\d\])?: |env: '){tool}'?: No such file or directory", explain),
        rule(code, "No such file", f"No such file or directory: '{tool}'", explain),
        rule(code, "failed: No such file", f"error: command '{tool}' failed: No such file or directory", explain),
        rule(code, "failed to find tool", f"failed to find tool '{tool}'", explain),
        rule(code, "Failed to find tool", f"Failed to find tool\\. Is '{tool}' installed", explain),
        rule(code, "is not recognized as", f"'{tool}' is not recognized as", explain),
        rule(code, "using the following names", f"using the following names: {tool}{end}", explain),
        rule(code, "not found or not executable", f"Program '{tool}' not found or not executable", explain),
    ]


__all__ = ["ANY_TOOL", "HOST", "NAME", "NVCC", "PATH", "TOOL", "TOOL_AT", "Rule", "not_found", "rule"]
