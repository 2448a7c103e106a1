"""``cuda-shims root``."""

from __future__ import annotations

import argparse

from cuda_shims.cli.output import Output
from cuda_shims.cli.place import find_scope
from cuda_shims.installation.home import home_of


def run(options: argparse.Namespace, output: Output) -> int:
    """Print the path of the toolkit root, which is made if it is missing."""
    home = home_of(find_scope(options), output.remark)
    output.answer({"root": home}, home)
    return 0
