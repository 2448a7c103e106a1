"""
Write what is made from the parser, and check every link of the pages.

That is ``docs/reference/command-line.md``, the manual page, and what shells complete commands by. ``python
scripts/pages/docs.py`` writes; with ``--check`` (``tox -e docs``) a file that is out of date or a link that leads
nowhere ends it with exit code 1. Links to other sites are not followed: a test must pass without a network.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import completion
import manpage

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "reference", "command-line.md")
HEAD = """\
# Command line

`cuda-shims` and `python -m cuda_shims` are the same, except in a directory that has a `cuda_shims.py`: `python -m`
runs that file; `python -P -m` (3.11 or later) and `python -I -m` do not.

On a terminal the answers have colours (never with `NO_COLOR=1`, always with `FORCE_COLOR=1`), and a step that takes
longer than a second says so.

`cuda-shims completion` prints what makes a shell complete the commands. Write it once where your shell looks: it then
works in every environment.

| `cuda-shims completion …` | |
|---|---|
| `bash > ~/.local/share/bash-completion/completions/cuda-shims` | with the package bash-completion |
| `zsh > ~/.zfunc/_cuda-shims` | with `fpath+=~/.zfunc; autoload -Uz compinit; compinit` in `~/.zshrc` |
| `fish > ~/.config/fish/completions/cuda-shims.fish` | |
| `powershell >> $PROFILE` | PowerShell |

The sdist has this page as a manual page, `docs/reference/cuda-shims.1`, for people who package cuda-shims for a system.

"""


def main() -> int:
    """Write or check."""
    problems = []
    for path, wanted in ((PAGE, HEAD + command_line()), (manpage.PAGE, manpage.manual()), *completion.scripts()):
        if "--check" not in sys.argv[1:]:
            with open(path, "w", encoding="utf-8") as file:
                file.write(wanted)
            continue
        with open(path, encoding="utf-8") as file:
            # Pythons wrap help texts differently: only the words count
            if file.read().split() != wanted.split():
                problems.append(f"{os.path.relpath(path, ROOT)} is out of date: python scripts/pages/docs.py writes it")
    pages = [os.path.join(ROOT, name) for name in ("README.md", "CHANGELOG.md")]
    for folder, _, names in os.walk(os.path.join(ROOT, "docs")):
        pages += [os.path.join(folder, name) for name in names if name.endswith(".md")]
        for name in names:
            if name.endswith(".svg"):
                ET.parse(os.path.join(folder, name))  # noqa: S314 # our own pictures
    for page in pages:
        problems += broken_links(page)
    for problem in problems:
        print(f"docs: {problem}", file=sys.stderr)
    print(f"docs: {len(pages)} pages, {len(problems)} problems")
    return 1 if problems else 0


def command_line() -> str:
    """
    Ask the program for its help texts.

    :returns: Markdown

    """
    words = [[], *([name] for name in commands())]
    parts = []
    for each in words:
        title = " ".join(["cuda-shims", *each])
        parts.append(f"## {title}\n\n```text\n{ask([*each, '--help'])}```\n")
    return "\n".join(parts)


def commands() -> list[str]:
    """
    List the commands.

    :returns: their names, in the parser's order

    """
    return re.findall(r"^    ([a-z]+)(?: |$)", ask(["--help"]), re.MULTILINE)


def ask(arguments: list[str]) -> str:
    """
    Run the command line.

    :param arguments: what to give it
    :returns: what it printed

    """
    environ = {**os.environ, "COLUMNS": "92", "NO_COLOR": "1", "PYTHON_COLORS": "0"}
    command = [sys.executable, "-m", "cuda_shims", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8", env=environ).stdout


def broken_links(page: str) -> list[str]:
    """
    Find the links of a page that lead nowhere.

    :param page: a Markdown file
    :returns: a sentence for each

    """
    with open(page, encoding="utf-8") as file:
        text = re.sub(r"```.*?```", "", file.read(), flags=re.DOTALL)
    found = []
    targets = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text)
    for target in (first or second for first, second in targets):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        full = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        if not os.path.exists(full):
            found.append(f"{os.path.relpath(page, ROOT)}: {target} is not there")
        elif anchor and anchor not in anchors(full):
            found.append(f"{os.path.relpath(page, ROOT)}: {target}: no such heading")
    return found


def anchors(page: str) -> set[str]:
    """
    Name the headings of a page as GitHub does.

    :param page: a Markdown file
    :returns: the anchors

    """
    with open(page, encoding="utf-8") as file:
        headings = re.findall(r"^#+ (.+)$", file.read(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    raise SystemExit(main())
