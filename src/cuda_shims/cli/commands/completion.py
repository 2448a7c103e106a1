"""``cuda-shims completion``: prints a file that ``scripts/pages/docs.py`` writes from the parser."""

from __future__ import annotations

import argparse
import os

from cuda_shims import cli
from cuda_shims.cli.output import Output
from cuda_shims.cli.parser import SHELLS


def run(options: argparse.Namespace, output: Output) -> int:
    """Print the text that makes a shell complete our commands."""
    folder = os.path.join(os.path.dirname(cli.__file__), "completions")
    with open(os.path.join(folder, SHELLS[options.shell]), encoding="utf-8") as file:
        output.write(file.read())
    return 0
