"""
Write the table of docs/how-to/run-time-compilers.md from what ``tests/jit/run.py`` found.

Results are JSON lines, of machines with a GPU and without; a later one for the same probe replaces an earlier one. The
page between its two marks is written anew, all else is left.

usage: python scripts/pages/run_time.py RESULTS [RESULTS ...] [--date YYYY-MM-DD]
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from results import take_results

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "how-to", "run-time-compilers.md")
BEGIN, END = "<!-- scripts/pages/run_time.py writes from here -->", "<!-- to here -->"
#: what a process inherits, as tests/jit/run.py has it, with each column's title
COLUMNS = {"shims": "with cuda-shims", "empty": "inheriting nothing", "bare": "bare wheels", "classic": "classic"}
GPU = "gpu"
LONGEST = 150
#: what a linker and a shell say, above the last line of a compiler's caller
_TELLING = re.compile(r"^.*?(cannot find -l.*|\S+: not found)$", re.MULTILINE)


def read(lines: list[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """
    Read results.

    :param lines: a JSON document each
    :returns: a probe's name -> the column -> its row
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for line in lines:
        row = json.loads(line)
        how = GPU if row.get("gpu") else row["how"]
        at = found.setdefault(row["probe"], {})
        # on a GPU a probe runs in several ways; one that gave the right answers is what there is to say
        if how != GPU or row.get("right") or not at.get(how, {}).get("right"):
            at[how] = row
    return found


class Notes:
    """Footnotes, each reason once."""

    def __init__(self) -> None:
        """Start with none."""
        self.texts: list[str] = []

    def mark(self, row: dict[str, Any]) -> str:
        """Return the number of a row's reason."""
        problem = row.get("problem", "")
        lines = _TELLING.findall(problem) or [line.strip() for line in problem.splitlines() if line.strip()]
        text = re.sub(r"(?<![\w:])/[\w./+-]+/(?=[\w.+-]+)", "…/", lines[-1] if lines else "wrong answers")
        if row.get("code", 0) < 0:
            text = f"ended by signal {-row['code']}"
        text = text[:LONGEST].replace("`", "'")
        if text not in self.texts:
            self.texts.append(text)
        return f"[{self.texts.index(text) + 1}]"


def cell(rows: dict[str, dict[str, Any]], how: str, notes: Notes) -> str:
    """
    Say what became of a probe.

    :param rows: its rows, by column
    :param how: the column
    :param notes: where a reason goes
    :returns: what the cell shows
    """
    row = rows.get(how)
    if row is None:
        return ""
    if row.get("skipped"):
        return "needs a GPU"
    if "problem" not in row and row.get("right") is not False:
        return f"right, {row['error']:.0e}" if how == GPU else "✓"
    told = rows.get("told", {})
    if how == "shims" and told and "problem" not in told:
        return f"✓ with `{'`, `'.join(told['variables'])}` {notes.mark(row)}"
    return f"✗ {notes.mark(row)}"


def _rows(found: dict[str, dict[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [row for rows in found.values() for row in rows.values()]


def render(found: dict[str, dict[str, dict[str, Any]]], date: str) -> str:
    """
    Write the table.

    :param found: what :func:`read` returned
    :param date: of the run
    :returns: Markdown
    """
    notes = Notes()
    machines = sorted({row["gpu"] for row in _rows(found) if row.get("gpu")})
    heads = ["package", "release", *COLUMNS.values(), "on a GPU"]
    titles = {next(iter(rows.values()))["title"]: rows for rows in found.values()}
    body = []
    for title in sorted(titles, key=str.lower):
        rows = titles[title]
        # of both machines, where they differ
        of = {how: row["version"] for how, row in rows.items() if "version" in row}
        here = next((version for how, version in of.items() if how != GPU), "")
        release = ", ".join(dict.fromkeys(filter(None, [here, of.get(GPU, "")])))
        cells = [cell(rows, how, notes) for how in (*COLUMNS, GPU)]
        body.append(" | ".join([title, release, *cells]))
    compilers = [
        ", ".join(sorted({row["nvcc"] for row in _rows(found) if "nvcc" in row and bool(row.get("gpu")) == gpu}))
        for gpu in (False, True)
    ]
    gpus = ", ".join(machines) or "none"
    text = [f"*Measured on {date} with nvcc {compilers[0]}; GPU: {gpus}, nvcc {compilers[1]}.*", ""]
    text += [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(f"| {line} |" for line in body), ""]
    text += [f"{number}. `{reason}`" for number, reason in enumerate(notes.texts, 1)]
    return "\n".join(text)


def main(arguments: list[str] | None = None) -> int:
    """Write the page's table; 1 where a classic toolkit does what we do not."""
    lines, date = take_results(__doc__, arguments)
    found = read(lines)
    with open(PAGE, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
    after = rest.partition(END)[2]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n{render(found, date)}\n\n{END}{after}")
    worse = [name for name, rows in found.items() if behind(rows)]
    for name in worse:
        print(f"{name}: a classic toolkit does it, and we do not")
    return 1 if worse else 0


def behind(rows: dict[str, dict[str, Any]]) -> bool:
    """Return whether a classic toolkit does what we do not, told or not."""
    ours = [rows[how] for how in ("shims", "told") if how in rows]
    done = "problem" not in rows.get("classic", {"problem": ""})
    return bool(ours) and done and all("problem" in row for row in ours)


if __name__ == "__main__":
    raise SystemExit(main())
