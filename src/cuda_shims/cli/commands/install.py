"""``cuda-shims install``."""

from __future__ import annotations

import argparse
import os

from cuda_shims.cli.changes import report
from cuda_shims.cli.output import Output
from cuda_shims.cli.place import current_directory, find_environment
from cuda_shims.config import load_config
from cuda_shims.environment.installer import install_command
from cuda_shims.installation.install import install


def run(options: argparse.Namespace, output: Output) -> int:
    """Create roots, shims and the start-up hook."""
    environment = find_environment(options)
    load_config(current_directory(), os.environ)
    changes = install(environment, dry_run=options.dry_run, force=options.force)
    code = report(changes, output, dry_run=options.dry_run)
    if environment.dist_info is None:
        what = "the start-up hook needs cuda-shims itself, which is not installed in"
        command = install_command(environment, os.environ, here=environment.is_here)
        output.remark(f"cuda-shims: {what} {environment.label}: {command} cuda-shims")
    return code
