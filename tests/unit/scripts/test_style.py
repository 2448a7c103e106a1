"""The word list of docs/CONTRIBUTING.md, and how scripts/pages/style.py reads it; ``tox -e docs`` checks the pages."""

from __future__ import annotations

import pytest
from checkout import CHECKOUT
from script_support import load_script

style = load_script("pages/style")
LIST = (CHECKOUT / "docs/CONTRIBUTING.md").read_text(encoding="utf-8")
RULES = style.read_rules(LIST)
PHRASES = [(rule, phrase) for rule in RULES for phrase in rule.phrases]


def said(text, **options):
    return [problem.said for problem in style.check(text, RULES, **options)]


@pytest.mark.parametrize(("rule", "phrase"), PHRASES, ids=[phrase for _, phrase in PHRASES])
def test_each_phrase_is_found(rule, phrase):
    words = phrase.replace("…", "the two words")
    text = f"{words} is it.\n" if phrase[0].isupper() else f"Here {words}\n"
    assert (words, rule.instead) in [problem[1:] for problem in style.check(text, RULES)]


@pytest.mark.parametrize("phrase", [phrase for rule in RULES for phrase in rule.fine])
def test_each_fine_phrase_is_fine(phrase):
    assert said(f"Here {phrase.replace('…', 'a')}.\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "Run `mend it` now.",
        "Run ``mend `it` `` now.",
        "See [the page](mend.md).",
        "<!-- mend -->",
        '<img alt="mend">',
        "https://example.org/mend",
        "```text\nmend\n```",
        "- A list:\n\n  ```text\n  mend\n  ```",
        "Indented:\n\n    mend\n\n    mend",
        "````text\n```\nmend\n```\n````",
        "---\nmend: true\n---\n",
        "This is recommended.",
    ],
)
def test_what_is_not_english_is_skipped(text):
    assert said(f"{text}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "Who calls it waits.",
        "It runs. Who calls it waits.",
        "- Who calls it waits.",
        "| a | Who calls it waits. |",
        "> Who calls it waits.",
        "**Who calls it** waits.",
        "[Who calls it](a.md) waits.",
    ],
)
def test_a_capital_letter_is_the_start_of_a_sentence(text):
    assert said(f"{text}\n") == ["Who"]


@pytest.mark.parametrize(
    "text",
    ["The one who calls it waits.", "Who calls it?", "# Who calls it", "See (Who) there.", "The band The Who plays."],
)
def test_it_is_nothing_else(text):
    assert said(f"{text}\n") == []


def test_lines_may_break_in_a_phrase_and_paragraphs_not():
    assert style.check("One.\nIt turns\nit round.\n", RULES) == [(2, "turns it round", "reverses it")]
    assert said("It turns\n\nit round.\n") == []


@pytest.mark.parametrize("before", ["", "A short one. ", "- A short item\n- "])
def test_a_long_sentence(before):
    words = style.MOST_WORDS
    assert said(f"{before}{'word ' * words}.\n") == []
    (problem,) = style.check(f"{before}{'word ' * (words + 1)}.\n", RULES)
    assert problem.instead == f"{words + 1} words: make it two sentences"
    assert "word word" in problem.said


def test_a_table_has_no_sentences():
    assert said(f"| {'word ' * 50}; a; b |\n") == []


def test_semicolons():
    assert said("One; two.\nThree; four.\n") == []
    assert [problem.instead for problem in style.check("One; two; three.\n", RULES)] == [
        "two semicolons: make it two sentences"
    ]


def test_the_list_itself_is_not_checked():
    assert said(LIST, has_list=True) == []
    assert len(said(LIST)) > len(RULES)


MODULE = '''"""
What mends.

It mends.

:param mends: it mends
"""

MENDS = "mends"  # it is
#: it turns
#: it round, mends
def f():  # noqa: X # mends
    # mends
    """Who mends."""
    return """mends"""
'''


def test_comments_and_docstrings_of_a_module():
    found = [(problem.line, problem.said) for problem in style.check(style.prose(MODULE), RULES)]
    assert found == [
        (2, "mends"),
        (4, "mends"),
        (6, "mends"),
        (10, "turns it round"),
        (11, "mends"),
        (12, "mends"),
        (13, "mends"),
        (14, "mends"),
    ]


def test_the_command(tmp_path, capsys, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("# A page\n\nIt mends that.\n", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["style.py", str(page)])
    assert style.main() == 1
    out, err = capsys.readouterr()
    assert err.endswith("page.md:3: 'mends': fix\n")
    assert out == f"style: {len(RULES)} rules, 1 problems\n"
    page.write_text("# A page\n\nIt fixes that.\n", encoding="utf-8")
    assert style.main() == 0


def test_all_pages_are_checked():
    names = {page[len(style.ROOT) + 1 :] for page in style.pages()}
    assert names >= {"README.md", "CHANGELOG.md", "docs/tutorial.md", "docs/examples/make/README.md"}
    assert f"{style.ROOT}/src/cuda_shims/cli/run.py" in style.modules()


def printed(text, path):
    return list(style.printed(text, path))


def test_what_the_doctor_prints():
    text = 'pattern = "who mends it all"\nwhat = "It mends {name}."\nfix = """\\\n  mend it, \\\n  and <tool.LINK>"""\n'
    assert printed(text, "x.toml") == [(2, "It mends X."), (4, "  mend it, \n  and X")]
    assert [problem.line for _, said in printed(text, "x.toml") for problem in style.check(said, RULES)] == [1, 1]


def test_comments_of_a_toml_file():
    text = "# What mends it\n\nx = '#no mending'\n# --- it mends\n"
    assert style.remarks(text) == "What mends it\n\n\n--- it mends\n"


def test_what_a_module_prints():
    text = (
        '"""Mends it, says the docstring."""\n\nx = {"one": 1}\nsay(\n    f"it mends {x} for "\n    "you and me"\n)\n'
    )
    text += 'y = re.compile(r"a (?:mended thing) of mine")\nz = "two words"\n'
    assert printed(text, "x.py") == [(5, "it mends X for you and me")]


def test_a_problem_has_the_line_of_the_file(tmp_path, capsys, monkeypatch):
    page = tmp_path / "x.toml"
    page.write_text('[[rule]]\nwhat = "This is fine."\nwhy = """\\\n  nobody\n  mends it"""\n')
    monkeypatch.setattr(style.sys, "argv", ["style.py", str(page)])
    assert style.main() == 1
    assert "x.toml:5: 'mends': fix" in capsys.readouterr().err
