"""
Real projects of other people, none edited, built from their sdists on NVIDIA's wheels alone, on a machine without CUDA.

Each is built by uv, isolated; by pip without isolation; and by pip with a classic toolkit of the same files in
/usr/local/cuda and without cuda-shims, which is the measure. Of the big ones a part is compiled (``compiler.py``). What
came of it is a JSON line each; ``scripts/pages/projects.py`` writes the page from them.

usage: python tests/projects/projects.py [--results FILE] [--work DIR] [--way WAY] [NAME ...]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(os.path.dirname(HERE), folder) for folder in ("support", "e2e")]

from project_table import Project, read_table  # noqa: E402
from project_ways import TOOLKITS, WAYS, Built, Place  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESULTS = os.path.join(HERE, "results.jsonl")
ERROR = re.compile(r"(?i)\berror\b|not found|could not|cannot|no module named")


def outcome(built: Built, way: str) -> str:
    """Return what came of a build: only one that has taken the toolkit is a build."""
    if built.code is None:
        return "out of time"
    if built.code:
        return "failed"
    words = [word for step in built.steps for word in step["toolkit"]]
    if way == "classic" and any(TOOLKITS["uv"] in word for word in words):
        return "another toolkit"
    return "built" if any(TOOLKITS[way] in word for word in words) else "without CUDA"


def explain(world: Any, place: Path, built: Built) -> dict[str, str]:
    """Return what the doctor says of a log, and the line that seems to say it."""
    scripts = world.tools("doctor", "cuda-shims")
    said = world.run(scripts / "cuda-shims", "doctor", "--json", "--log", place / "build.log", cwd=place, rc=None)
    try:
        findings = json.loads(said)["findings"]
    except (ValueError, KeyError):
        findings = []
    lines = [line.strip() for line in built.said.splitlines() if ERROR.search(line) and not line.startswith("DEBUG")]
    return {
        "doctor": "; ".join(f"{each['code']}: {each.get('quote', '')}" for each in findings)[:400],
        "line": (lines or [""])[0][:300],
    }


def count(built: Built) -> dict[str, int]:
    """Count what was compiled: sources and not commands, of which nvcc has several for one."""
    kernels = {step["source"]: step["taken"] for step in built.steps if step["kind"] == "kernel"}
    taken = {step["source"] for step in built.steps if step["kind"] == "kernel" and step["taken"]}
    objects = {step["source"] for step in built.steps if step["kind"] == "object" and step["taken"]}
    return {
        "kernels": len(taken),
        "of": len(kernels),
        "objects": len(objects - set(kernels)),
        "links": sum(1 for step in built.steps if step["kind"] == "link" and step["code"] == 0),
    }


def build(world: Any, project: Project, ways: list[str], work: Path, release: str) -> Iterator[dict[str, Any]]:
    """Build a project by all ways, and give a row of the results for each."""
    folder = Path(tempfile.mkdtemp(prefix=f"{project.name}-", dir=work))
    place = Place(world, folder, project, release)
    for way in ways:
        begin = time.monotonic()
        try:
            built = place.build(way)
        except AssertionError as error:  # the environment cannot be made
            built = Built(1, str(error), [])
            (folder / way).mkdir(exist_ok=True)
            (folder / way / "build.log").write_text(str(error), encoding="utf-8")
        row = {
            "project": project.name,
            "version": project.version,
            "way": way,
            "date": dt.datetime.now(tz=dt.timezone.utc).date().isoformat(),
            "outcome": outcome(built, way),
            "seconds": round(time.monotonic() - begin),
            **count(built),
        }
        if row["outcome"] != "built":
            row |= explain(world, folder / way, built)
        shutil.copy(folder / way / "build.log", work / f"{project.name}-{way}.log")
        print(json.dumps(row), flush=True)
        yield row
    shutil.rmtree(folder)


def write(path: str, row: dict[str, Any]) -> None:
    """Put a row in the place of that of the same build, in the table's order."""
    kept: dict[tuple[str, str], str] = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                other = json.loads(line)
                kept[other["project"], other["way"]] = line.rstrip("\n")
    kept[row["project"], row["way"]] = json.dumps(row)
    ordered = [(name, way) for name in read_table() for way in WAYS]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(kept[key] + "\n" for key in ordered if key in kept)


def main() -> int:
    """Build what was asked for; 1 if a project is built with a classic toolkit and not with the wheels."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[1])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--results", default=RESULTS)
    parser.add_argument("--work", help="where environments are made, and uv's cache is kept; some 20 GB")
    parser.add_argument("--way", action="append", choices=WAYS)
    options = parser.parse_args()
    work = Path(options.work or tempfile.mkdtemp(prefix="cuda-shims-projects-"))
    work.mkdir(parents=True, exist_ok=True)
    # apart from the user's: what is built here in part, must not be installed by anybody
    os.environ["UV_CACHE_DIR"] = str(work / "uv-cache")
    from e2e_support import TOOLKIT, World
    from our_wheel import build_wheel

    made = Path(tempfile.mkdtemp(prefix="made-", dir=work))

    def once(name: str, make: Callable[[Path], Any]) -> Any:
        folder = made / name
        answer = made / f"{name}.json"
        if not answer.exists():
            folder.mkdir()
            answer.write_text(json.dumps(make(folder)), encoding="utf-8")
        return json.loads(answer.read_text(encoding="utf-8"))

    world = World(once, Path(os.environ.get("CUDA_SHIMS_TEST_WHEEL") or once("wheel", build_wheel)))
    table = read_table()
    lost = []
    for name in options.names or table:
        outcomes = {}
        for row in build(world, table[name], options.way or list(WAYS), work, TOOLKIT):
            write(options.results, row)
            outcomes[row["way"]] = row["outcome"]
        if outcomes.get("classic") == "built":
            lost += [f"{name}, {way}: {what}" for way, what in outcomes.items() if what != "built"]
    shutil.rmtree(made)
    print(*lost, sep="\n", file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
