"""
Check the English of the pages and of ``src`` by the list in ``docs/CONTRIBUTING.md``.

In ``src`` that is the comments, the docstrings and what cuda-shims prints: strings of three words or more, and the
doctor's messages (``what``, ``why`` and ``fix``).

``python scripts/pages/style.py`` (in ``tox -e docs``) prints each phrase that the list rejects, and what to write
instead. ``python scripts/pages/style.py FILE …`` checks these files only. It skips code, the targets of links, and a
page's comments.

The list is the table below the heading "Words":

- ``mend, mends``: phrases, in any case.
- ``Who``: with a capital letter, at the start of a sentence that is not a question. Headings are exempt.
- ``of … own``: ``…`` stands for one to three words.
- The third column lists longer phrases that are fine.

Vale does the same and more. Its package on PyPI downloads the program from GitHub when it runs, so CI would depend on
that download, and nothing could pin it by hash.
"""

from __future__ import annotations

import ast
import io
import os
import re
import sys
import tokenize
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIST = os.path.join(ROOT, "docs", "CONTRIBUTING.md")
#: one idea a sentence
MOST_WORDS = 40
_TABLE = re.compile(r"^## Words\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
#: a sentence starts after a full stop, a colon is not enough; in a list, a table's cell, a paragraph
_START = r"(?:(?<=[.!?]\s)|(?<=[.!?]\n)|^(?:[ ]*(?:[-*]|\d+\.|>)[ ]+)?|(?<=\|\s))(?:\[|\*\*|[*_(])*"
_SPACE = r"(?: +| *\n *)"
#: the parts of a page that are not English sentences
_SKIPPED = re.compile(
    r"\A---\n.*?\n---\n"
    r"|^(?P<indent>[ ]*)(?P<fence>```+).*?^(?P=indent)(?P=fence)[ ]*$"
    r"|^\n(?:[ ]{4}.*\n)+?(?=\n|\Z)"
    r"|<!--.*?-->"
    r"|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"
    r"|\]\([^)\s]*\)"
    r"|<[^>\n]+>|https?://\S+",
    re.MULTILINE | re.DOTALL,
)

#: what is not English at the start of a comment, and of a docstring's field
_COMMENT, _FIELD = re.compile(r"#:? ?(?:(?:type:|noqa:?)[^#]*(?:# )?)?"), re.compile(r"^:[\w ]+: ")
#: what the doctor prints of a file of messages: a string of TOML behind one of these keys
_MESSAGE = re.compile(
    r'^(?:what|why|fix) = (?P<quotes>"""|\'\'\'|"|\')(?:\\\n)?(?P<text>.*?)(?P=quotes)', re.MULTILINE | re.DOTALL
)
#: a string of a module that is printed has words between blanks; a regular expression has more
_PROSE, _CODE = re.compile(r"[a-z'X]+[,;:]? [a-zX]+[,;:]? [a-zX]+"), re.compile(r"\\|\(\?|\$\{|^\s*[<#@]|\n ")


class Rule(NamedTuple):
    """A row of the list."""

    phrases: tuple[str, ...]
    instead: str
    fine: tuple[str, ...]


class Problem(NamedTuple):
    """What a page says, and should not."""

    line: int
    said: str
    instead: str


def main() -> int:
    """Check; the exit code is 1 if there is a problem."""
    with open(LIST, encoding="utf-8") as file:
        rules = read_rules(file.read())
    named = [os.path.abspath(name) for name in sys.argv[1:]]
    count = 0
    for page in named or [*pages(), *modules()]:
        with open(page, encoding="utf-8") as file:
            text = file.read()
        found = []
        for start, said in printed(text, page):
            # a fix has semicolons between its steps
            spoken = said.replace(";", ",")
            found += [each._replace(line=each.line + start - 1) for each in check(spoken, rules)]
        text = {".py": prose, ".toml": remarks}.get(os.path.splitext(page)[1], str)(text)
        found += check(text, rules, os.path.basename(page) == os.path.basename(LIST))
        for problem in found:
            place = f"{os.path.relpath(page, ROOT)}:{problem.line}"
            print(f"style: {place}: {problem.said!r}: {problem.instead}", file=sys.stderr)
        count += len(found)
    print(f"style: {len(rules)} rules, {count} problems")
    return 1 if count else 0


def pages() -> list[str]:
    """
    List the pages.

    :returns: their paths

    """
    found = [os.path.join(ROOT, name) for name in ("README.md", "CHANGELOG.md")]
    for folder, _, names in sorted(os.walk(os.path.join(ROOT, "docs"))):
        found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".md")]
    return found


def modules() -> list[str]:
    """
    List our modules and the doctor's messages.

    :returns: their paths

    """
    found = os.walk(os.path.join(ROOT, "src"))
    ends = (".py", ".toml")
    return sorted(os.path.join(folder, name) for folder, _, names in found for name in names if name.endswith(ends))


def printed(source: str, path: str) -> Iterator[tuple[int, str]]:
    """
    Find the texts that a file prints.

    :param source: what is in the file
    :param path: its path, whose ending says what it is
    :returns: the line and the text of each; an expression in a text, or what it catches of a log, counts as a word

    """
    if path.endswith(".toml"):
        for match in _MESSAGE.finditer(source):
            line = source.count("\n", 0, match.start("text")) + 1
            yield line, re.sub(r"\{\w+\}|<[a-z]+\.[A-Z_]+>", "X", match["text"]).replace("\\\n", "\n")
    elif path.endswith(".py"):
        tree = ast.parse(source)
        parts = {id(each) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for each in node.values}
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
        parts |= {
            id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and _has_docstring(node)
        }
        for node in ast.walk(tree):
            values = node.values if isinstance(node, ast.JoinedStr) else [node]
            if id(node) not in parts and isinstance(node, (ast.Constant, ast.JoinedStr)):
                text = "".join(str(each.value) if isinstance(each, ast.Constant) else "X" for each in values)
                if _PROSE.search(text) and not _CODE.search(text):
                    yield node.lineno, text


def _has_docstring(node: ast.AST) -> bool:
    return ast.get_docstring(node) is not None


def prose(source: str) -> str:
    """
    Take the English out of a module.

    :param source: the module
    :returns: its docstrings and comments, on the same lines: the summary of a docstring is a heading, a parameter and
        the start of a comment are items of a list

    """
    lines = [""] * (source.count("\n") + 2)
    before, commented = tokenize.NEWLINE, 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        first = token.start[0]
        if token.type == tokenize.COMMENT:
            alone = token.line.lstrip().startswith("#")
            lines[first] = ("" if alone and commented == first - 1 else "- ") + _COMMENT.sub("", token.string)
            commented = first if alone else 0
            continue
        if token.type == tokenize.STRING and before in {tokenize.INDENT, tokenize.NEWLINE, tokenize.DEDENT}:
            words = [_FIELD.sub("- ", line.strip()) for line in token.string.strip('"').split("\n")]
            lines[first : first + len(words)] = words
            summary = first if words[0] else first + 1
            lines[summary] = f"# {lines[summary]}"
        if token.type != tokenize.NL:
            before = token.type
    return "\n".join(lines[1:])


def remarks(source: str) -> str:
    """
    Take the comments out of a TOML file.

    :param source: the file
    :returns: its comments, on the same lines

    """
    return "\n".join(line.lstrip("# ") if line.startswith("#") else "" for line in source.split("\n"))


def read_rules(text: str) -> list[Rule]:
    """
    Read the list.

    :param text: of the page that has it
    :returns: its rows

    """
    (section,) = _TABLE.findall(text)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return [Rule(_phrases(left), right, _phrases(fine)) for left, right, fine in rows[2:]]


def check(text: str, rules: list[Rule], has_list: bool = False) -> list[Problem]:
    """
    Find what a page should say in other words.

    :param text: the page, in Markdown
    :param rules: the list
    :param has_list: the list is in this page, and not checked itself
    :returns: the problems, by line

    """
    if has_list:
        text = _TABLE.sub(lambda match: _blank(match.group()), text)
    text = _SKIPPED.sub(_code_as_a_word, text)
    found = []
    for rule in rules:
        fine = [match.span() for phrase in rule.fine for match in _pattern(phrase).finditer(text)]
        for phrase in rule.phrases:
            for match in _pattern(phrase).finditer(text):
                if any(start <= match.start() and match.end() <= end for start, end in fine):
                    continue
                if phrase[0].isupper() and _ends_as_question(text, match.end()):
                    continue
                found.append(_problem(text, match.start("said"), match.group("said"), rule.instead))
    for start, sentence in _sentences(text):
        words = len(re.findall(r"\w[\w'-]*", sentence))
        if words > MOST_WORDS:
            found.append(_problem(text, start, f"{sentence[:40]}…", f"{words} words: make it two sentences"))
        elif sentence.count(";") > 1:
            found.append(_problem(text, start, f"{sentence[:40]}…", "two semicolons: make it two sentences"))
    return sorted(found)


def _phrases(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(",") if part.strip())


def _pattern(phrase: str) -> re.Pattern[str]:
    words = [r"\w[\w'-]*(?: +\w[\w'-]*){0,2}" if word == "…" else re.escape(word) for word in phrase.split()]
    said = rf"\b(?P<said>{_SPACE.join(words)})(?!\w)"
    if phrase[0].isupper():
        return re.compile(_START + said, re.MULTILINE)
    return re.compile(said, re.IGNORECASE)


def _code_as_a_word(match: re.Match[str]) -> str:
    """Keep the length, so that places stay; code inside a sentence counts as a word."""
    return "X" * len(match.group()) if match.group("ticks") else _blank(match.group())


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _ends_as_question(text: str, start: int) -> bool:
    end = re.compile(r"[.!?](?=\s|$)|\n\n|\|").search(text, start)
    return end is not None and end.group() == "?"


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """Take paragraphs and list items apart; headings and tables have no sentences that could be too long."""
    for block in re.finditer(r"(?:^(?![#|])[^\n]*\S[^\n]*\n?)+", text, re.MULTILINE):
        ends = [match.end() for match in re.finditer(r"[.!?](?=\s)|\n(?=\s*(?:[-*]|\d+\.)\s)", block.group())]
        for start, end in zip([0, *ends], [*ends, len(block.group())]):
            sentence = block.group()[start:end]
            yield block.start() + start + len(sentence) - len(sentence.lstrip()), " ".join(sentence.split())


def _problem(text: str, start: int, said: str, instead: str) -> Problem:
    return Problem(text.count("\n", 0, start) + 1, " ".join(said.split()), instead)


if __name__ == "__main__":
    raise SystemExit(main())
