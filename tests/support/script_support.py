"""The scripts as modules: they are run by their paths, and in no package."""

from __future__ import annotations

import importlib.util
import os
import sys

from checkout import CHECKOUT


def load_script(name):
    """
    Return a new module of ``scripts/NAME.py``.

    It finds the modules beside it, and those whose folder it adds to ``sys.path``, as when it is run; those stay
    loaded, and the path is as it was.
    """
    path = os.path.join(CHECKOUT, "scripts", f"{name}.py")
    spec = importlib.util.spec_from_file_location(os.path.basename(name), path)
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    sys.path.insert(0, os.path.dirname(path))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = before
    return module
