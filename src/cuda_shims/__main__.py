"""``python -m cuda_shims``, and what the ``cuda-shims`` command calls."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the command line of this process, and return the exit code."""
    if __name__ == "__main__":
        _leave_current_directory()
    try:
        from cuda_shims.cli.run import main as run  # noqa: PLC0415 # a json.py of the current directory would be its json
    except KeyboardInterrupt:
        return 130
    return run()


def _leave_current_directory() -> None:
    # "python -m" looks for modules in the current directory first: what a stranger's project has there, an argparse.py
    # or a folder nvidia/cu13, is neither to run nor to pass for a toolkit
    if sys.flags.isolated or getattr(sys.flags, "safe_path", False):
        return
    try:
        current = os.getcwd()
    except OSError:  # it was removed, and Python had to leave it out
        return
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if sys.path[0] == current != ours:
        del sys.path[0]


if __name__ == "__main__":
    raise SystemExit(main())
