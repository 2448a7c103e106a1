"""A root's plan: when it is not to be carried out."""

from __future__ import annotations

import os
import shutil

import pytest
from fake_toolkit import age
from roots import planned

from _cuda_shims.places import Place
from cuda_shims.installation.refresh import make_root


def take_away(prefix, path):
    """Do what an installer does before it installs the next version of a wheel, or what is left of one."""
    whole = os.path.join(prefix.site, "nvidia/cu13", path)
    (shutil.rmtree if os.path.isdir(whole) else os.unlink)(whole)
    return whole


@pytest.mark.parametrize("path", ["bin/ptxas", "nvvm/bin", "lib/libcudart_static.a"])
def test_an_installer_is_between_two_wheels(prefix, path):
    """What the old root names comes back; where it does not, the wheel was uninstalled."""
    prefix.toolkit()
    prefix.ours()
    place = Place(prefix.site, 13)
    root = make_root(place)
    made = os.readlink(root)
    gone = take_away(prefix, path)
    assert make_root(place) == root
    assert os.readlink(root) == made
    assert place.fresh_root() is None  # the next start tries again
    prefix.toolkit()
    assert os.path.exists(os.path.join(root, path))
    shutil.rmtree(gone) if os.path.isdir(gone) else os.unlink(gone)
    age(os.path.join(prefix.site, "nvidia"))
    os.utime(os.path.join(root, "made-from-3"), (0, 0))
    make_root(place)
    assert os.readlink(root) != made
    assert not os.path.lexists(os.path.join(root, path))


def test_a_plan_is_outdated_once_what_it_was_made_of_has_changed(prefix):
    wheels = prefix.toolkit()
    plan = planned(prefix.site, os.path.join(prefix.site, "root"))
    assert plan.seen
    assert not plan.is_outdated()
    os.utime(os.path.join(wheels, "bin"))
    assert plan.is_outdated()
    shutil.rmtree(wheels)
    assert plan.is_outdated()


def test_a_plan_of_what_changes_just_now_says_nothing(prefix, monkeypatch):
    monkeypatch.setattr("cuda_shims.files.times.observe", lambda _: ())
    prefix.toolkit()
    assert not planned(prefix.site, os.path.join(prefix.site, "root")).is_outdated()
