"""The output of a command: its answer, as text or JSON, on stdout; remarks on stderr."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

#: raised when a key of the JSON output changes its meaning or goes
SCHEMA = 1


class Output:
    """Where a command's answer goes: text or JSON on stdout, remarks on stderr."""

    def __init__(self, options: argparse.Namespace) -> None:
        """
        Take what the options say.

        :param options: the parsed command line

        """
        self.json: bool = options.json
        self.level: int = options.verbose - options.quiet

    def answer(self, data: dict[str, Any], *lines: str) -> None:
        """
        Print the answer.

        :param data: it as JSON, the schema version apart
        :param lines: it as text

        """
        if self.json:
            import json  # noqa: PLC0415

            print(json.dumps({"schema": SCHEMA, **data}, indent=2))
        else:
            for line in lines:
                print(line)

    def remark(self, line: str, level: int = 0) -> None:
        """
        Tell a person something that is not the answer.

        :param line: the text
        :param level: how much has to be wanted: 0 normal, 1 with ``-v``, -1 even with ``-q``

        """
        if self.level >= level:
            print(line, file=sys.stderr)


__all__ = ["SCHEMA", "Output"]
