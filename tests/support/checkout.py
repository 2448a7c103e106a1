"""Where this checkout is, whichever folder the test that asks is in."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
