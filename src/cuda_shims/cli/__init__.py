"""The command line."""

from __future__ import annotations

from cuda_shims.cli.run import main as main
