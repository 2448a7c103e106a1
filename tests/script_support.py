"""The scripts as modules: they are run by their paths, and in no package."""

from __future__ import annotations

import importlib.util
import os

_SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scripts")


def load_script(name):
    """Return a new module of ``scripts/NAME.py``."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(_SCRIPTS, f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
