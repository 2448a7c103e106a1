"""``python -m cuda_shims``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())

__all__ = ["main"]
