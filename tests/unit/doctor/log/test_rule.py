"""What the files of ``messages`` may hold: a mistake in them is named here, and nowhere else."""

from __future__ import annotations

import copy
import inspect
import re
import string
from types import SimpleNamespace

import pytest

from cuda_shims.doctor.log import rule as rules
from cuda_shims.doctor.log.fix import Scene

TABLES = {"patterns", "not_found", "shared", "rule"}
SAID = {"explain", "key", "what", "why", "fix", "fix_by"}
KEYS = {"code", "after", "when", "needles", "pattern", "program", "like"} | SAID
#: what a rule has of needles, pattern and program; and of the keys that say something
MESSAGES = ({"needles", "pattern"}, {"program"})
TEXTS = (
    {"explain"},
    *({"what", "why", by, *more} for by in ("fix", "fix_by") for more in ((), ("explain",))),
)


def placeholders(text):
    return [match.groups() for match in rules.PLACEHOLDER.finditer(text)]


def is_function(holder, name):
    return inspect.isfunction(getattr(holder, name, None))


def used_patterns(row):
    return {each for key in ("needles", "pattern") for _, each in placeholders(str(row.get(key, "")))}


def find_mistakes(table):
    """Yield a sentence for each."""
    yield from (f"there is no table {name}" for name in sorted(set(table) ^ TABLES))
    patterns, shared = table["patterns"], table["shared"]
    used = set()
    for pattern in patterns.values():
        used |= {each for _, each in placeholders(pattern)}
    for row in table["not_found"]:
        if set(row) != MESSAGES[0]:
            yield f"not_found: has {', '.join(sorted(row))}"
        used |= used_patterns(row) - {"PROGRAM"}
    for name, row in shared.items():
        yield from (f"shared.{name}: what is {key}?" for key in sorted(set(row) - SAID))
    codes = {row.get("code") for row in table["rule"]}
    for number, row in enumerate(table["rule"], 1):
        where = f"rule {number} ({row.get('code')})"
        yield from (f"{where}: {each}" for each in find_mistakes_in(row, table, codes))
        used |= used_patterns(row) | {row.get("program", "")}
    yield from (f"patterns: there is no {name}" for name in sorted(used - {*patterns, ""}))
    yield from (f"patterns.{name}: no rule uses it" for name in sorted(set(patterns) - used))
    likes = {row.get("like") for row in table["rule"]}
    yield from (f"shared.{name}: no rule uses it" for name in sorted(set(shared) - likes))
    explained = {row.get("explain") for row in (*table["rule"], *shared.values())}
    for module, held in rules.MODULES.items():
        for name, function in inspect.getmembers(held, inspect.isfunction):
            if (
                function.__module__ == held.__name__
                and name.startswith("explain_")
                and f"{module}.{name}" not in explained
            ):
                yield f"{module}.{name}: no rule uses it"


def find_mistakes_in(row, table, codes):
    if any(not isinstance(each, str) for each in row.values()):
        yield "a value is no string"
        return
    yield from (f"what is {key}?" for key in sorted(set(row) - KEYS))
    like = row.get("like")
    if like is not None and like not in table["shared"]:
        yield f"there is no shared.{like}"
    shared = table["shared"].get(like, {})
    yield from (f"{key} is in shared.{like}, too" for key in sorted(set(row) & set(shared)))
    row = {**shared, **row}
    if "code" not in row:
        yield "it has no code"
    if set(row) & set().union(*MESSAGES) not in MESSAGES:
        yield "it takes needles and pattern, or program"
    if set(row) & set().union(*TEXTS) not in TEXTS:
        yield "it takes explain, or what, why, and fix or fix_by"
    if row.get("when", "weak") not in {"weak", "vague", "note", "latent"}:
        yield f"when is {row['when']}"
    yield from (f"after {code}, which no rule has" for code in row.get("after", "").split() if code not in codes)
    yield from find_unknown_names(row, table["patterns"])


def find_unknown_names(row, patterns):
    if "fix_by" in row and not is_function(Scene, row["fix_by"]):
        yield f"Scene has no {row['fix_by']}"
    module, _, name = row.get("explain", "").partition(".")
    if "explain" in row and not is_function(rules.MODULES.get(module), name):
        yield f"there is no function {row['explain']}"
    pattern = row.get("pattern", "")
    parts = [pattern, *(patterns.get(name, "") for _, name in placeholders(pattern))]
    groups = {each for part in parts for each in re.findall(r"\(\?P<(\w+)>", part)}
    for key in sorted(set(row) & {"what", "why", "fix"}):
        for module, name in placeholders(row[key]):
            if not isinstance(getattr(rules.MODULES.get(module), name, None), str):
                yield f"{key}: there is no text {module}.{name}"
        caught = {name for _, name, _, _ in string.Formatter().parse(row[key]) if name is not None}
        yield from (f"{key}: the pattern has no group {name}" for name in sorted(caught - groups))


def test_the_file_has_no_mistake():
    assert list(find_mistakes(rules.load_table())) == []
    assert len(list(rules.make_rules(rules.load_table()))) > 130


HEADERS = next(at for at, row in enumerate(rules.load_table()["rule"]) if row["code"] == "cccl-headers")


def change(index, **keys):
    return lambda table: table["rule"][index].update(keys)


@pytest.mark.parametrize(
    ("spoil", "mistake"),
    [
        (lambda table: table.update(states={}), "there is no table states"),
        (lambda table: table["patterns"].update(NEW="x"), "patterns.NEW: no rule uses it"),
        (lambda table: table["patterns"].pop("NAME"), "patterns: there is no NAME"),
        (lambda table: table["shared"].update(new={"fix": "x"}), "shared.new: no rule uses it"),
        (lambda table: table["shared"]["nowhere"].update(wyh="x"), "shared.nowhere: what is wyh?"),
        (lambda table: table["not_found"][0].pop("needles"), "not_found: has pattern"),
        (change(0, paterns="x"), "rule 1 (no-such-version): what is paterns?"),
        (change(0, after=["no-wheel"]), "rule 1 (no-such-version): a value is no string"),
        (change(0, after="no-wheels"), "rule 1 (no-such-version): after no-wheels, which no rule has"),
        (change(0, when="late"), "rule 1 (no-such-version): when is late"),
        (change(0, like="new"), "rule 1 (no-such-version): there is no shared.new"),
        (lambda table: table["rule"][0].pop("code"), "rule 1 (None): it has no code"),
        (change(0, program="NVCC"), "rule 1 (no-such-version): it takes needles and pattern, or program"),
        (change(0, pattern="<PTAH>"), "patterns: there is no PTAH"),
        (change(0, needles="<NEEDLSE>"), "patterns: there is no NEEDLSE"),
        (change(0, explain="release.explain_it"), "rule 1 (no-such-version): there is no function release.explain_it"),
        (change(0, explain="os.getcwd"), "rule 1 (no-such-version): there is no function os.getcwd"),
        (change(0, fix="x"), "rule 1 (no-such-version): it takes explain, or what, why, and fix or fix_by"),
        (change(2, fix_by="shims"), "rule 3 (no-wheel): it takes explain, or what, why, and fix or fix_by"),
        (change(HEADERS, fix_by="shim"), f"rule {HEADERS + 1} (cccl-headers): Scene has no shim"),
        (change(2, fix="x"), "rule 3 (no-wheel): fix is in shared.other-system, too"),
        (change(2, what="{it}"), "rule 3 (no-wheel): what: the pattern has no group it"),
        (change(2, why="<release.IT>"), "rule 3 (no-wheel): why: there is no text release.IT"),
        (change(2, why="<NAME>"), "rule 3 (no-wheel): why: there is no text None.NAME"),
    ],
)
def test_a_mistake_is_named(spoil, mistake):
    table = copy.deepcopy(rules.load_table())
    spoil(table)
    assert mistake in list(find_mistakes(table))


def make_rule(**row):
    (rule,) = rules.make_rules({"patterns": {"NAME": r"(?P<name>\w+)"}, "shared": {}, "not_found": [], "rule": [row]})
    return rule


def test_how_a_pattern_is_read():
    rule = make_rule(
        code="it",
        needles="is lost|is gone",
        pattern="\n  ^the \"<NAME>' (?:is lost|\n  is gone)\n  ",
        what="No {name}, <tool.LINK>.",
        why="{name}",
        fix="get {name}",
        after="this that",
    )
    assert rule.needles == ("lost", "gone")
    assert rule.after == {"this", "that"}
    match = rule.regex.search("\nthe\n  `nvcc' is\tgone")
    cause = rule.explain(match.groupdict(), None)
    assert cause.what == f"No nvcc, {rules.MODULES['tool'].LINK}."
    assert cause.fix(SimpleNamespace(case=SimpleNamespace(for_here=str))) == "get nvcc"
    assert not rule.regex.search("and the 'nvcc' is gone")
