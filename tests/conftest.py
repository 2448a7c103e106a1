"""What every layer shares: a folder that all workers of a run see, things made once in it, and our own wheel."""

from __future__ import annotations

import faulthandler
import json
import os
import re
import shutil
from pathlib import Path

import pytest
from checkout import CHECKOUT
from filelock import FileLock
from our_wheel import build_wheel

STDERR = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption(
        "--matrix", action="store_true", help="run every cell of the compatibility matrix, not the slice of it"
    )


def pytest_configure(config):
    config.addinivalue_line("markers", "matrix: a cell of the compatibility matrix that only --matrix runs")
    config.stash[STDERR] = os.dup(2)  # what a test writes to 2 itself is captured


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """
    End a process whose test hangs, and say where, when pytest-timeout has not.

    Its signal is no more than a mark until Python code runs again; a run that hung in something else once said nothing
    for an hour. faulthandler's thread needs no interpreter. xdist starts another worker and reports the test. Not by
    pytest's ``faulthandler_exit_on_timeout``: it has one limit for all tests, and pytest for Python 3.9 lacks it.
    """
    marker = item.get_closest_marker("timeout")
    config = item.config
    seconds = float(marker.args[0] if marker else config.getoption("timeout") or config.getini("timeout"))
    faulthandler.dump_traceback_later(seconds + 60, exit=True, file=config.stash[STDERR])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--matrix"):
        left_out = [item for item in items if item.get_closest_marker("matrix")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def pytest_runtest_logreport(report):
    """Note what became of a cell of the matrix in the file that CUDA_SHIMS_TEST_RESULTS names, a JSON line each."""
    results = os.environ.get("CUDA_SHIMS_TEST_RESULTS")
    if not results or "PYTEST_XDIST_WORKER" in os.environ:
        return
    cell = dict(report.user_properties).get("cell")
    if cell and (report.when == "call" or not report.passed):
        crash = getattr(report.longrepr, "reprcrash", None)
        reason = getattr(report, "wasxfail", "") or (crash.message if crash else str(report.longrepr or ""))
        outcome = "known" if hasattr(report, "wasxfail") and report.skipped else report.outcome
        row = {**cell, "test": report.nodeid, "outcome": outcome, "seconds": round(report.duration, 1)}
        with open(results, "a", encoding="utf-8") as file:
            file.write(json.dumps({**row, "reason": reason[-500:]}) + "\n")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """Return a folder that is the same in every xdist worker of this run, and new in each run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def once(run_folder):
    """Return ``once(name, make)``: calls ``make(folder)`` in one worker and gives its answer, JSON, to all of them."""

    def once(name, make):
        answer = run_folder / f"{name}.json"
        with FileLock(run_folder / f"{name}.lock"):
            if not answer.exists():
                folder = run_folder / name
                shutil.rmtree(folder, ignore_errors=True)  # what a make that failed has left
                folder.mkdir()
                text = json.dumps(make(folder))
                answer.write_text(text)
            return json.loads(answer.read_text())

    return once


@pytest.fixture(scope="session")
def cuda_shims_wheel(once):
    """Return the path of our wheel: that which ``CUDA_SHIMS_TEST_WHEEL`` names, else one built from this checkout."""
    if given := os.environ.get("CUDA_SHIMS_TEST_WHEEL"):
        return Path(given).resolve(strict=True)
    return Path(once("wheel", build_wheel))


@pytest.fixture(scope="session")
def later_wheel(once):
    """Return the path of a wheel of the same code whose version is a later one."""

    def make(folder):
        checkout = folder / "checkout"
        shutil.copytree(CHECKOUT, checkout, ignore=shutil.ignore_patterns(".*", "__pycache__", "dist"))
        settings = (checkout / "pyproject.toml").read_text()
        (path,) = re.findall(r'(?m)^\[tool\.hatch\.version\]\npath = "(.+)"$', settings)
        module = checkout / path
        module.write_text(re.sub(r'(?m)^__version__ = ".*"$', '__version__ = "99.0"', module.read_text()))
        return build_wheel(folder, checkout)

    return Path(once("later-wheel", make))
