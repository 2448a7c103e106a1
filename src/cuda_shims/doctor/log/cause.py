"""
Why a build failed, and how a rule says it.

A function explains a message. It gets the words that the rule's pattern caught and what fixes depend on, and returns
the cause, or ``None`` for a message that is not about CUDA, e.g. one about a header that none of NVIDIA's wheels holds.
"""

from __future__ import annotations

from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cuda_shims.doctor.log.fix import Scene

    #: what a pattern caught; what it may catch and did not is empty
    Words = Mapping[str, str]
    Fix = Callable[[Scene], str]
    Explain = Callable[[Words, Scene], "Cause | None"]


class Cause(NamedTuple):
    """Why a build failed."""

    #: tells causes apart: those of one key are one, however many messages it has; empty: the rule's code
    key: str
    #: one sentence
    what: str
    #: what is behind it
    why: str
    #: says how to fix it, when all causes of a log are known
    fix: Fix
    #: what further messages of the same cause are told apart by
    name: str = ""
    #: replaces the rule's
    code: str = ""


def say(text: str) -> Fix:
    """Make a fix of what is known at once."""
    return lambda scene: scene.case.for_here(text)
