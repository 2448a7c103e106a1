"""The selection as commands ask for it; what it decides: ``tests/unit/_cuda_shims/test_selection.py``."""

from __future__ import annotations

import os
import sys

from _cuda_shims.places import Place
from cuda_shims.environment.environment import target_environment
from cuda_shims.selection import Scope


def test_only_of_this_process_the_search_path_counts(new_prefix, monkeypatch):
    """And PATH, where pip puts the other half of a build environment."""
    own, half, target = (
        new_prefix("pip-build-env-1/overlay"),
        new_prefix("pip-build-env-1/normal"),
        new_prefix("target"),
    )
    for prefix, version in ((own, "13.5.37"), (half, "14.0.1"), (target, "15.0.1")):
        prefix.toolkit(version)
    monkeypatch.setattr(sys, "path", ["/nowhere", own.site])
    scope = Scope("/nowhere", {"PATH": os.pathsep.join([half.bin, "/usr/bin"])}, target_environment(target.site))
    assert scope.places() == [Place(own.site, 13), Place(half.site, 14)]
    assert scope._replace(elsewhere=True).places() == [Place(target.site, 15)]
