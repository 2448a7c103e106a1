"""What a page is written from: the files of results that its command line names, and the day of the run."""

from __future__ import annotations

import argparse
import datetime as dt


def take_results(about: str | None, arguments: list[str] | None = None) -> tuple[list[str], str]:
    """
    Read a command line: RESULTS [RESULTS ...] [--date YYYY-MM-DD].

    :param about: the script's own description
    :param arguments: the words, by default those of this process
    :returns: the lines of all the files, and the day, by default today
    """
    parser = argparse.ArgumentParser(description=(about or "").strip().partition("\n")[0])
    parser.add_argument("results", nargs="+")
    parser.add_argument("--date", default=dt.datetime.now(tz=dt.timezone.utc).date().isoformat())
    options = parser.parse_args(arguments)
    lines = []
    for name in options.results:
        with open(name, encoding="utf-8") as file:
            lines += file.read().splitlines()
    return lines, options.date
