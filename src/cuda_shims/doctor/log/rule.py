"""The messages that are known, and what is said of each: ``messages/shared.toml`` says how these files are read."""

from __future__ import annotations

import os
import re
import shlex
from functools import partial
from typing import NamedTuple

from cuda_shims.config import load_toml
from cuda_shims.doctor.log import (
    architecture,
    compiler,
    driver,
    library,
    loader,
    option,
    package,
    release,
    requirement,
    tool,
)
from cuda_shims.doctor.log.cause import Cause, say
from cuda_shims.doctor.log.fix import Scene

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from cuda_shims.doctor.log.cause import Explain, Words

#: the files that have rules, in the order in which these are tried
PARTS = ("install", "configure", "compile", "link", "run", "system")
#: where the functions and constants are that the file names
MODULES: Mapping[str, Any] = {
    each.__name__.rpartition(".")[2]: each
    for each in (architecture, compiler, driver, library, loader, option, package, release, requirement, tool)
}
#: ``<NAME>`` and ``<tool.NAME>``
PLACEHOLDER = re.compile(r"<(?:([a-z]+)\.)?([A-Z][A-Z_]*)>")
_QUOTE = "['\"\u2018\u2019\u201c\u201d`\u00b4\ufffd]"


class Rule(NamedTuple):
    """A message; the file says what each is."""

    code: str
    needles: tuple[str, ...]
    regex: re.Pattern[str]
    explain: Explain
    after: frozenset[str]
    when: str


def load_table() -> dict[str, Any]:
    """Read the files as one."""
    folder = os.path.join(os.path.dirname(__file__), "messages")
    table = load_toml(os.path.join(folder, "shared.toml"))
    table["rule"] = [rule for part in PARTS for rule in load_toml(os.path.join(folder, f"{part}.toml"))["rule"]]
    return table


def make_rules(table: Mapping[str, Any]) -> Iterator[Rule]:
    """Make the rules that the files describe, in their order."""
    patterns = table["patterns"]
    for given in table["rule"]:
        row = {**table["shared"].get(given.get("like"), {}), **given}
        explain = _find_explain({key: _fill(row[key], {}) for key in row.keys() - {"needles", "pattern"}})
        after = frozenset(row.get("after", "").split())
        for message in table["not_found"] if "program" in row else [row]:
            pattern = message["pattern"].replace("<PROGRAM>", f"<{row.get('program')}>")
            # a word of each: what is between words may be the end of a line
            needles = tuple(max(each.split(), key=len) for each in _fill(message["needles"], patterns).split("|"))
            yield Rule(row["code"], needles, _compile(_fill(pattern, patterns)), explain, after, row.get("when", ""))


def _fill(text: str, patterns: Mapping[str, str]) -> str:
    def find(match: re.Match[str]) -> str:
        module, name = match.groups()
        return str(getattr(MODULES[module], name)) if module else _fill(patterns[name], patterns)

    return PLACEHOLDER.sub(find, text)


def _compile(pattern: str) -> re.Pattern[str]:
    pattern = re.sub(r"(?m)^ +|\n", "", pattern)
    pattern = re.sub("['\"]", _QUOTE, re.sub(r"^\^", r"(?<![^\\n\\r])", pattern))
    return re.compile(pattern.replace(" :", r"\s{0,80}:").replace(" ", r"\s{1,80}"))


def _find_explain(row: Mapping[str, str]) -> Explain:
    said = _state(row) if "what" in row else None
    if "explain" not in row and said:
        return said
    module, _, name = row["explain"].partition(".")
    function: Callable[..., Cause | None] = getattr(MODULES[module], name)
    return partial(function, said) if said else function


def _state(row: Mapping[str, str]) -> Explain:
    """Make the function of a rule whose message says it all."""
    by = getattr(Scene, row["fix_by"]) if "fix_by" in row else None

    def explain(words: Words, _: Scene) -> Cause:
        words = {name: " ".join(each.split()) for name, each in words.items()}
        what, why = (row.get(name, "").format_map(words) for name in ("what", "why"))
        # what a log says may be anything, and a fix is pasted
        fix = row.get("fix", "").format_map({name: shlex.quote(each) if each else "" for name, each in words.items()})
        return Cause(row.get("key", ""), what, why, by or say(fix), words.get("name", ""))

    return explain
