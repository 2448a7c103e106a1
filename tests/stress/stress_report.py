"""What the actors of ``stress.py`` wrote down, counted and judged."""

from __future__ import annotations

import glob
import json
import os
import re
from collections import Counter
from typing import Any

#: what an actor wrote down
Row = dict[str, Any]
#: name to figure
Figures = dict[str, Any]
ROOT = "/cuda_shims_toolkit/cu13"
_WRITTEN_TO = r"cuda_shims(_toolkit|/__pycache__)`: (Is a directory|Directory not empty)"
_NO_SHIM = r"No such file or directory: '\S+/bin/cuobjdump'"


def rows(work: str) -> list[Row]:
    """Read what all actors wrote down; a line that is being written is left out."""
    found = []
    for path in glob.glob(os.path.join(glob.escape(work), "log", "*.jsonl")):
        with open(path, encoding="utf-8") as file:
            found += [json.loads(line) for line in file if line.endswith("\n")]
    return found


def progress(found: list[Row]) -> str:
    """Say in one line how far it is."""
    kinds = Counter(row["kind"] for row in found)
    failed = sum(row["kind"] == "compile" and row["locked"] and bool(row["rc"]) for row in found)
    return f"{dict(kinds)}, {failed} failed under the lock"


def facts(found: list[Row]) -> Figures:
    """
    Count and judge.

    :returns: figures by name; ``faults`` lists what must not have been
    """
    kinds: dict[str, list[Row]] = {}
    for row in found:
        kinds.setdefault(row["kind"], []).append(row)
    changes = kinds.get("change", [])
    figures: Figures = {"faults": []}
    _starts(kinds.get("start", []), figures)
    _compiles(kinds.get("compile", []), changes, figures)
    _installers([*kinds.get("installer", []), *kinds.get("uninstall", [])], changes, figures)
    _installs(kinds.get("cuda-shims install", []), changes, figures)
    _uninstalled(kinds.get("uninstalled", []), kinds.get("again", []), figures)
    _readers(kinds, changes, figures)
    figures["hosts"] = sorted(row["name"] for row in kinds.get("host", []) if not any(row["codes"]))
    return figures


def _starts(starts: list[Row], figures: Figures) -> None:
    seconds = sorted(row["end"] - row["begin"] for row in starts)
    figures["starts of Python"] = len(starts)
    figures["  their median and longest, s"] = f"{seconds[len(seconds) // 2]:.2f} {seconds[-1]:.2f}" if starts else ""
    loud = [row for row in starts if row["rc"] or row["said"]]
    figures["  that failed or printed something"] = len(loud)
    figures["faults"] += [f"a start of Python: {row['rc']} {row['said']}" for row in loud]


def _compiles(compiles: list[Row], changes: list[Row], figures: Figures) -> None:
    locked = [row for row in compiles if row["locked"]]
    failed = [row for row in locked if _failed(row)]
    figures["compiles"] = len(locked)
    figures["  by way"] = dict(Counter(row["way"] for row in locked))
    figures["  failed"] = len(failed)
    beside = [row for row in locked if not _failed(row) and not row["top"].endswith(ROOT)]
    figures["  by the wheels' folder, not by the root"] = len(beside)
    figures["  why there was no root"] = dict(Counter(line for row in locked for line in row["why"]))
    figures["faults"] += [
        f"a compile ({row['way']}, {row['who']}): {row['rc']} {row['said']} {row['why']}" for row in failed
    ]
    free = [row for row in compiles if not row["locked"]]
    for name, some in (
        ("compiles without the lock", [row for row in free if row["way"] != "bare"]),
        ("compiles by the wheels' own nvcc, no lock", [row for row in free if row["way"] == "bare"]),
    ):
        failed = [row for row in some if _failed(row)]
        unexplained = [row for row in failed if not _overlaps(row, changes)]
        figures[name] = len(some)
        figures[f"{name}: failed"] = len(failed)
        figures[f"{name}: failed, no installer at work"] = len(unexplained)
        figures[f"{name}: sorts"] = dict(Counter(_sort_of_failure(row["said"]) for row in failed))
        figures["faults"] += [f"a compile ({name}): {row['rc']} {row['said']}" for row in unexplained]


def _installers(installers: list[Row], changes: list[Row], figures: Figures) -> None:
    figures["changes of the toolkit"] = sum(row["what"] == "toolkit" for row in changes)
    figures["changes of cuda-shims"] = sum(row["what"] == "cuda-shims" for row in changes)
    names = [f"{row.get('what', 'uninstall cuda-shims').partition('[')[0]}, {row['by']}" for row in installers]
    figures["installers"] = dict(Counter(names))
    # uv ends with an error at a folder that a start of Python writes to at that moment: a root, or byte code
    met = [row for row in installers if row["rc"] and row["kind"] == "uninstall" and row["by"] == "uv"]
    met = [row for row in met if re.search(_WRITTEN_TO, " ".join(row["said"].split()))]
    # pip gives up, and puts everything back, when a shim goes away between its looks: its tool was uninstalled
    gone = [row for row in installers if row["rc"] and row["by"] == "pip" and re.search(_NO_SHIM, row["said"])]
    figures["  uv met a folder that Python wrote to"] = len(met)
    figures["  pip met a shim that was being removed"] = len(gone)
    figures["faults"] += [f"an installer: {row}" for row in installers if row["rc"] and row not in [*met, *gone]]


def _installs(runs: list[Row], changes: list[Row], figures: Figures) -> None:
    # while cuda-shims is taken away it cannot run; while the toolkit is, it may say so
    ours = [row for row in changes if row["what"] == "cuda-shims"]
    figures["cuda-shims install, by exit code"] = dict(Counter(row["rc"] for row in runs))
    for row in runs:
        judged = row["rc"] and not _overlaps(row, ours)
        if judged and (not _overlaps(row, changes) or "Traceback" in row["said"]):
            figures["faults"].append(f"cuda-shims install: {row['rc']} {row['said']}")


def _uninstalled(uninstalled: list[Row], again: list[Row], figures: Figures) -> None:
    # Python makes the folders anew for the byte code of a module that it was reading
    cached = [row for row in uninstalled if any("__pycache__" in path for path in row["left"])]
    figures["  byte code was left by Python"] = len(cached)
    uninstalled = [{**row, "left": _without_byte_code(row["left"])} for row in uninstalled]
    left = [row for row in uninstalled if row["left"]]
    figures["uninstalled in between"] = len(uninstalled)
    figures["  the uninstaller had to be run again"] = dict(Counter(row["by"] for row in again))
    figures["  something was left"] = len(left)
    figures["faults"] += [f"left after an uninstall by {row['by']}: {row['left'][:5]}" for row in left]


def _without_byte_code(left: list[str]) -> list[str]:
    # nor the folders above it, which are empty without it
    caches = [path for path in left if "__pycache__" in path]
    return [path for path in left if not any(f"{cache}/".startswith(f"{path}/") for cache in caches)]


def _readers(kinds: dict[str, list[Row]], changes: list[Row], figures: Figures) -> None:
    ours = [row for row in changes if row["what"] == "cuda-shims"]
    found = {
        "a root had less than before": kinds.get("less", []),
        "a file was torn": [row for row in kinds.get("torn", []) if not _overlaps(row, ours)],
    }
    for row in kinds.get("looks", []):
        reader = row["who"].partition("-")[0]
        figures[f"looks, {reader}"] = {name: value for name, value in row.items() if name not in {"kind", "who"}}
    for name, some in found.items():
        figures[name] = len(some)
        counts = Counter(row["fault"] for row in some)
        figures["faults"] += [f"{name}: {text} ({count} times)" for text, count in counts.items()]


def _failed(row: Row) -> bool:
    return bool(row["rc"]) or not row["made"]


def _overlaps(row: Row, spans: list[Row]) -> bool:
    return any(row["begin"] <= span["end"] and span["begin"] <= row["end"] for span in spans)


def _sort_of_failure(said: str) -> str:
    # the first line that says what went wrong, paths and process numbers left out
    for line in said.splitlines():
        if re.search(r"(?i)error|fatal|not found|no such file|cannot|unsupported|died", line):
            return re.sub(r"(/[^\s:'\"]*/|tmpxft_[0-9a-f_-]+|\d{3,})", "", line)[:110]
    return said.strip()[:110]


def show(figures: Figures) -> None:
    """Print the figures, then the faults."""
    for name, value in figures.items():
        if name != "faults":
            print(f"{name:60} {value}")
    for text in figures["faults"][:100]:
        print("FAULT", text)
    print(f"{len(figures['faults'])} faults")
