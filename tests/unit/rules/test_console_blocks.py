"""
Each block of commands of the pages is run by something, or says why it cannot; options in it are those there are.

Blocks of settings are read by the parser of their language.
"""

from __future__ import annotations

import ast
import hashlib
import re
import shlex
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from checkout import CHECKOUT

from cuda_shims.cli.parser import make_parsers
from cuda_shims.cli.usage import UsageError, parse

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: page -> the test that reads its commands, and the heading below which it does; all of the page if none
RUN_FROM_THE_PAGE = {
    "docs/tutorial.md": ("e2e/test_tutorial.py", ""),
    "docs/how-to/shell-and-editor.md": ("e2e/test_shell_page.py", ""),
    "docs/how-to/offline.md": ("e2e/test_offline.py", ""),
    "docs/how-to/verify.md": ("integration/test_verify.py", "## Compare an installed copy"),
}
TABLE = CHECKOUT / "tests/console_blocks.txt"
NOT = "not run: "
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
#: our command where a command stands, and what it is given
_OURS = re.compile(r"(?:^|[|;(]|&&)\s*(?:\w+=\S* )*(?:\S*/)?(?:cuda-shims|python -m cuda_shims)(?=[ )]|$)([^|;)>#]*)")


class Block(NamedTuple):
    """Commands, one below the other."""

    page: str
    #: where it begins, of the page's text
    start: int
    commands: tuple[str, ...]

    @property
    def key(self):
        return self.page, hashlib.sha256("\n".join(self.commands).encode()).hexdigest()[:8]


def blocks_of(page, text):
    """Read the blocks of a page; comments behind a command are no part of it."""
    found = []
    for match in re.finditer(r"^( *)```console\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL):
        commands = re.findall(r"^ *\$ (.*)$", match[2], re.MULTILINE)
        commands = tuple(re.sub(r"\s+#\s.*$", "", each).strip() for each in commands)
        assert commands, f"{page}: a block without a command: {match[2]!r}"
        found.append(Block(page, match.start(), commands))
    return found


def every_block():
    found = []
    for path in PAGES:
        found += blocks_of(path.relative_to(CHECKOUT).as_posix(), path.read_text(encoding="utf-8"))
    return found


def is_run_from_the_page(block, text):
    if block.page not in RUN_FROM_THE_PAGE:
        return False
    heading = RUN_FROM_THE_PAGE[block.page][1]
    start = text.index(f"{heading}\n") if heading else 0
    end = text.find("\n## ", start + 1) if heading else -1
    return start <= block.start < (end if end != -1 else len(text))


def table():
    """Return ``key -> who``, a test, a script or a reason each."""
    found, key = {}, None
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            found[key].append(line.strip())
        elif line and not line.startswith("#"):
            page, digest, _ = line.split(" ", 2)
            key = page, digest
            assert key not in found, line
            found[key] = []
    return found


def test_every_block_has_who_runs_it():
    texts = {path.relative_to(CHECKOUT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
    wanted = {each.key: each for each in every_block() if not is_run_from_the_page(each, texts[each.page])}
    known = table()
    new = [" ".join([*key, wanted[key].commands[0][:60].rstrip()]) for key in sorted(set(wanted) - set(known))]
    lines = "\n".join(["", *new]) if new else ""
    assert not lines, f"new or changed; tests/console_blocks.txt wants these, and below each who runs it:{lines}"
    assert not set(known) - set(wanted), "no page has these any more"
    assert all(known.values()), "each line is followed by who runs it"


@pytest.mark.parametrize("who", sorted({who for each in table().values() for who in each}))
def test_who_is_there(who):
    if who.startswith(NOT):
        assert len(who) > len(NOT) + 10
        return
    path, _, function = who.partition("::")
    script = path.startswith(("scripts/", "tests/"))
    tree = ast.parse((CHECKOUT / ("" if script else "tests") / path).read_text(encoding="utf-8"))
    assert script or function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert script or function.startswith("test_")


@pytest.mark.parametrize("page", RUN_FROM_THE_PAGE)
def test_a_page_is_read_by_its_test(page):
    test, heading = RUN_FROM_THE_PAGE[page]
    text = (CHECKOUT / "tests" / test).read_text(encoding="utf-8")
    assert Path(page).name in text
    assert heading in text
    blocks = [each for each in every_block() if each.page == page]
    assert any(is_run_from_the_page(each, (CHECKOUT / page).read_text(encoding="utf-8")) for each in blocks)


def _is_taken(arguments):
    try:
        return bool(parse(make_parsers(), arguments))
    except (SystemExit, UsageError):
        return False


@pytest.mark.parametrize("page", sorted({each.page for each in every_block()}))
def test_our_commands_have_those_options(page):
    """The parser takes them: an option that is renamed is found here, whoever runs the block."""
    for command in (each for block in every_block() if block.page == page for each in block.commands):
        for arguments in _OURS.findall(command):
            assert _is_taken(shlex.split(arguments)), command


def test_that_our_commands_are_seen():
    seen = [each for block in every_block() for command in block.commands for each in _OURS.findall(command)]
    assert {shlex.split(each)[0] for each in seen} >= {"doctor", "env", "exec", "install", "root", "uninstall", "which"}


# --- settings ---


def settings(language):
    """List the blocks of a language: ``(page, text)``."""
    found = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        blocks = re.finditer(rf"^( *)```{language}\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)
        found += [(path.relative_to(CHECKOUT).as_posix(), textwrap.dedent(each[2])) for each in blocks]
    return found


@pytest.mark.parametrize(("page", "text"), settings("toml"))
def test_toml(page, text):
    assert tomllib.loads(text), page


@pytest.mark.parametrize(("page", "text"), settings("yaml"))
def test_yaml(page, text):
    assert yaml.safe_load(text), page


#: those of GitHub
WORKFLOWS = [each for each in settings("yaml") if "\njobs:" in f"\n{each[1]}"]


def test_that_settings_are_seen():
    assert {page for page, _ in settings("toml")} >= {"README.md", "docs/how-to/front-ends.md"}
    assert {page for page, _ in WORKFLOWS} == {"docs/how-to/continuous-integration.md"}


@pytest.mark.parametrize(("page", "text"), WORKFLOWS)
def test_a_workflow(page, text):
    """Its systems and actions are those of our own, and the parser takes what it gives us."""
    ours = [each.read_text(encoding="utf-8") for each in (CHECKOUT / ".github/workflows").glob("*.yml")]
    lines = {line.strip() for each in ours for line in each.splitlines()}
    used = [line.strip() for line in text.splitlines() if "uses: " in line]
    assert used
    assert [line for line in used if line not in lines] == [], "with its commit, and its release beside it"
    commands = []
    for job in yaml.safe_load(text)["jobs"].values():
        assert any(job["runs-on"] in each for each in ours)
        assert all(("uses" in step) != ("run" in step) for step in job["steps"])
        commands += [line for step in job["steps"] for line in step.get("run", "").splitlines()]
    seen = [each for command in commands for each in _OURS.findall(command)]
    assert seen, page
    for arguments in seen:
        assert _is_taken(shlex.split(arguments)), arguments


# --- this module's own reading ---


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("```console\n$ a\nout\n$ b  # why\n```\n", [("a", "b")]),
        ("- x\n\n  ```console\n  $ a '#b'\n  ```\n", [("a '#b'",)]),
        ("```text\n$ a\n```\n", []),
    ],
)
def test_blocks_of(text, commands):
    assert [each.commands for each in blocks_of("x.md", text)] == commands


def test_a_change_of_any_command_is_another_block():
    one, other = (blocks_of("x.md", f"```console\n$ a\n$ {each}\n```\n")[0].key for each in ("b", "c"))
    assert one != other
