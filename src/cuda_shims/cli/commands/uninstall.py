"""``cuda-shims uninstall``."""

from __future__ import annotations

import argparse
import os

from cuda_shims.cli.changes import report
from cuda_shims.cli.output import Output
from cuda_shims.cli.place import find_environment
from cuda_shims.files.action import REMOVE, Change
from cuda_shims.installation.uninstall import uninstall


def run(options: argparse.Namespace, output: Output) -> int:
    """Remove what cuda-shims made, and cuda-shims itself, whose many files get one line in the answer."""
    environment = find_environment(options)
    changes = uninstall(environment, dry_run=options.dry_run, force=options.force)
    inside = environment.site_dir + os.sep

    def is_module(change: Change) -> bool:
        folder = os.path.dirname(change.path)
        return change.kind == REMOVE and folder.startswith(inside) and folder != environment.scripts

    modules = [change for change in changes if is_module(change)] if output.level <= 0 else []
    return report(changes, output, dry_run=options.dry_run, modules=modules)
