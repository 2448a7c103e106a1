"""Roots of toolkits in one site-packages directory, for tests that are about something else than places."""

from __future__ import annotations

import os

import _cuda_shims
from _cuda_shims.places import Place
from cuda_shims.files.rights import rights_of
from cuda_shims.installation import refresh
from cuda_shims.root.build import plan_root


def root_path(site_dir, major=13):
    """Where a root beside its wheels is."""
    return os.path.join(site_dir, _cuda_shims.ROOTS_FOLDER, f"cu{major}")


def make_root(site_dir, major=13):
    """Make it as the hook does."""
    return refresh.make_root(Place(site_dir, major))


def write_root(site_dir, major=13):
    """Make it as ``install`` does: beside its wheels, if they lie where a build copes with it, whoever's they are."""
    return refresh.make_first(Place(site_dir, major), os.environ, rights_of(site_dir), anew=True)


def is_fresh(root, site_dir, major=13):
    """Tell whether a root counts as fresh."""
    return _cuda_shims.is_fresh(root, site_dir, major)


def planned(site_dir, root, major=13):
    """Plan what a root should hold."""
    return plan_root(Place(site_dir, major), root)
