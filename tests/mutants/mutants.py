"""
Mutation tests: small changes to the code, one at a time, each of which some unit test should notice.

cosmic-ray makes the changes. It writes them to the file, in a copy of this checkout, so that what a test starts has
them too: another Python, a copy of the package. A tool that chooses its mutants inside the process (mutmut) would test
less, and its detours are what the tests of a start of Python count.

The tests of the mutant's module run first, then those of its folder, then others; the first that fails ends it. Who
survives is shown: a test is missing, unless nothing has changed. ``--sample 20 cuda_shims.files`` tries 20 of each
module, always the same ones for one ``--seed``; no place in the code twice before each had its turn.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.testing import run_tests
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import TestOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cosmic_ray.work_item import MutationSpec, WorkItem

CHECKOUT = Path(__file__).resolve().parents[2]
UNIT = Path("tests/unit")
#: what is mutated, and which tests of it are in other folders than its own
PACKAGES = {
    "_cuda_shims": "root/test_windows.py root/test_cuda12.py",
    "cuda_shims.files": "root/test_write.py root/test_windows.py installation/test_uninstall.py",
    "cuda_shims.environment": "root/test_union.py cli/test_list.py cli/test_elsewhere.py",
    "cuda_shims.root": "cli/test_cuda12.py",
    "cuda_shims.selection": "cli/test_elsewhere.py cli/test_lookup.py cli/test_commands.py cli/test_cuda12.py",
    "cuda_shims.installation": "test_virtualenv_plugin.py root/test_windows.py cli/test_commands.py cli/test_cuda12.py",
}
SLOW = {"test_commands.py", "test_cuda12.py", "test_driver_stub.py", "test_lookup.py", "test_refresh.py"}
#: they are about a script of sh
NOT_PYTHON = {"test_shim_sh.py", "test_shim_roots.py"}
#: whether equal values are one object is the interpreter's affair
SAME = re.compile(r"core/ReplaceComparisonOperator_(Is_Eq|IsNot_NotEq|Eq_Is|NotEq_IsNot)$")
#: before what cosmic-ray takes for an operator, and is a star of parameters or in a list
NO_OPERAND = re.compile(r"[(\[{,:=]\s*$")
#: how often longer than the unchanged code the tests may take, and for how many seconds at least
PATIENCE, AT_LEAST = 3, 30
PYTEST = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]


class Module(NamedTuple):
    """A module that is mutated."""

    package: str
    #: relative to the checkout
    path: Path

    @property
    def name(self) -> str:
        return ".".join(self.path.relative_to("src").with_suffix("").parts).removesuffix(".__init__")

    def tests(self) -> list[str]:
        """List the files of tests: its own, those of its folder, and the others of its package; the slow ones last."""
        folder = UNIT / self.path.parent.relative_to("src" if self.package == "_cuda_shims" else "src/cuda_shims")
        own = sorted(folder.glob(f"test_{self.path.stem}*.py"))
        near = sorted(folder.glob("test_*.py")) if folder != UNIT else []
        files = dict.fromkeys([*own, *near, *(UNIT / each for each in PACKAGES[self.package].split())])
        found = [each for each in files if each.name not in NOT_PYTHON]
        return [str(each) for each in sorted(found, key=lambda each: each not in own and each.name in SLOW)]


def modules(wanted: list[str]) -> Iterator[Module]:
    """Find what is wanted: modules and packages by their names, all by default."""
    for package in PACKAGES:
        path = Path("src", *package.split("."))
        for each in sorted(path.rglob("*.py")) or [path.with_suffix(".py")]:
            module = Module(package, each)
            chosen = not wanted or any(f"{module.name}.".startswith(f"{name}.") for name in wanted)
            if chosen and "templates" not in each.parts:
                yield module


def mutants(module: Module, folder: str) -> list[WorkItem]:
    """List the mutants of a module, without those that cannot change what it does."""
    text = module.path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    spans = list(annotations(ast.parse(text)))

    def matters(mutation: MutationSpec) -> bool:
        at = row, column = tuple(mutation.start_pos)
        before = lines[row - 2] + lines[row - 1][:column]
        return not (
            SAME.match(mutation.operator_name)
            or ("BinaryOperator" in mutation.operator_name and NO_OPERAND.search(before))
            or "TYPE_CHECKING" in lines[row - 1]
            or any(start <= at < end for start, end in spans)
        )

    with use_db(os.path.join(folder, f"{module.name}.sqlite")) as session:
        init([module.path], session, {})
        found = [item for item in session.work_items if matters(item.mutations[0])]
    return sorted(found, key=lambda item: (item.mutations[0].start_pos, item.mutations[0].operator_name))


def annotations(tree: ast.AST) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Find where types are written: nothing evaluates them."""
    for node in ast.walk(tree):
        for each in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(each, ast.expr):
                yield (each.lineno, each.col_offset), (each.end_lineno or 0, each.end_col_offset or 0)


def sample(items: list[WorkItem], size: int | None, seed: str) -> list[WorkItem]:
    """Choose mutants: of each place in the code one, then of each another one."""
    shuffled = random.Random(seed).sample(items, len(items))  # noqa: S311
    turns: Counter[object] = Counter()
    ranked = []
    for item in shuffled:
        turns[item.mutations[0].start_pos] += 1
        ranked.append((turns[item.mutations[0].start_pos], item))
    return [item for _, item in sorted(ranked, key=lambda each: each[0])[:size]]


class Run:
    """What became of the mutants of each package."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self._limits: dict[frozenset[str], float] = {}

    def limit(self, tests: list[str]) -> float:
        """Run tests of the code as it is, and tell how many seconds they may take of a mutant."""
        if frozenset(tests) not in self._limits:
            start = time.monotonic()
            outcome, output = run_tests(shlex.join([*PYTEST, *tests]), 3600)
            if outcome != TestOutcome.SURVIVED:
                raise SystemExit(f"mutants: the tests fail without a mutant:\n{output}")
            self._limits[frozenset(tests)] = AT_LEAST + PATIENCE * (time.monotonic() - start)
        return self._limits[frozenset(tests)]

    def module(self, module: Module, items: list[WorkItem], chosen: list[WorkItem]) -> None:
        """Try the mutants of a module."""
        counts = self.counts.setdefault(module.package, Counter())
        counts["mutants"] += len(items)
        tests = module.tests()
        for number, item in enumerate(chosen, 1):
            result = mutate_and_test(item.mutations, shlex.join([*PYTEST, *tests]), self.limit(tests))
            changes = re.findall(r"(?m)^[-+](?!-- |\+\+ ).*", result.diff or "")
            if not changes or result.test_outcome is None:  # cosmic-ray could not make it after all
                continue
            counts.update(["tried", result.test_outcome.value, *(["timeout"] if result.output == "timeout" else [])])
            if result.test_outcome == TestOutcome.SURVIVED:
                head = f"survived: {module.path}:{item.mutations[0].start_pos[0]}: {item.mutations[0].operator_name}"
                print(head, *changes, sep="\n    ", flush=True)
            print(f"{module.name}: {number} of {len(chosen)}", file=sys.stderr)

    def report(self) -> None:
        """Print the score of each package."""
        names = ("mutants", "tried", "killed", "timeout", "survived")
        print("{:26}{:>9}{:>9}{:>9}{:>9}{:>9}   score".format("package", *names))
        for package, counts in self.counts.items():
            score = counts["killed"] / max(counts["tried"], 1)
            print("{:26}{:9}{:9}{:9}{:9}{:9}{:8.1%}".format(package, *(counts[name] for name in names), score))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, metavar="N", help="how many of each module; by default all")
    parser.add_argument("--seed", default="0", help="which ones")
    parser.add_argument("name", nargs="*", help="a package or module; by default all")
    options = parser.parse_args()
    os.chdir(CHECKOUT)
    found = list(modules(options.name)) or parser.error(f"nothing is called so; there are {', '.join(PACKAGES)}")
    with tempfile.TemporaryDirectory(prefix="cuda-shims-mutants-") as folder:
        copy = os.path.join(folder, "checkout")
        shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "dist"))
        os.chdir(copy)
        os.environ.update(PYTHONPATH=f"{copy}/src", CUDA_SHIMS_STARTUP="0", PYTEST_ADDOPTS=f"--basetemp={folder}/tests")
        run = Run()
        try:
            for module in found:
                run.module(module, items := mutants(module, folder), sample(items, options.sample, options.seed))
        finally:
            run.report()


if __name__ == "__main__":
    main()
