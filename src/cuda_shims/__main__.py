"""``python -m cuda_shims``."""

from __future__ import annotations

import os
import sys


def _leave_current_directory() -> None:
    # "python -m" puts the current directory first on sys.path, and a json.py of some checkout would run as part of us.
    # A cuda_shims.py there has run before this: only the script, "python -P -m" and "python -I -m" are safe from that
    if sys.flags.isolated or getattr(sys.flags, "safe_path", False) or not sys.path:
        return
    try:
        here = os.getcwd()
    except OSError:  # it was removed
        here = ""
    package = os.path.dirname(os.path.abspath(__file__))
    if sys.path[0] in {"", here} and os.path.dirname(package) != here:  # else there may be no other entry that has us
        del sys.path[0]


if __name__ == "__main__":
    _leave_current_directory()

from .cli import main  # noqa: E402

if __name__ == "__main__":
    raise SystemExit(main())

__all__ = ["main"]
