"""The making of a toolkit's root: where it goes, what it holds, and that it is done once."""

from __future__ import annotations

import contextlib
import os
import site
import sys
from typing import NamedTuple

from . import apply, own_files, plan, roots, search
from .environments import find_dist_info, recorded_scripts
from .errors import NotWritableError
from .roots import Entry
from .toolkits import Toolkit, read_toolkit


class RootPlan(NamedTuple):
    """A toolkit's root as it should be."""

    toolkit: Toolkit
    #: its place
    path: str
    #: whether that is beside the wheels
    beside: bool
    entries: list[Entry]
    #: what its stamp is to carry
    newest: int


def make_root(site_dir: str, major: int) -> str:
    """
    Make a toolkit's root if it is missing or stale, and let the shims and our RECORD know.

    :param site_dir: the site-packages directory that holds the wheels
    :param major: e.g. 13
    :returns: the root's path
    :raises NotWritableError: when it can be made nowhere; nothing is left behind

    """
    root = search.fresh_root(site_dir, major)
    if root is not None:
        return root
    writable = is_ours(site_dir) and os.access(site_dir, os.W_OK)
    wanted = plan_root(read_toolkit(site_dir, major), beside=writable, driver_stub=wants_driver_stub())
    write_root(wanted)
    dist_info = find_dist_info([site_dir])
    scripts = recorded_scripts(dist_info) if dist_info else None
    if writable and scripts:
        toolkits = [read_toolkit(site_dir, each) for each in search.toolkit_majors(site_dir)]
        with contextlib.suppress(NotWritableError):  # the root serves all the same, and install says what it cannot do
            actions = own_files.plan_files(site_dir, scripts, toolkits)
            own_files.write_files(site_dir, dist_info, actions)
    return search.toolkit_path(site_dir, major) if search.WHEELS_ARE_ROOT else wanted.path


def is_ours(site_dir: str) -> bool:
    """
    Tell whether we may write to a site-packages directory without being asked.

    :param site_dir: the directory
    :returns: whether cuda-shims is installed in it, or was told to install there, or it belongs to no interpreter and
        no user (the other half of a build environment that pip or PDM split in two)

    """
    if find_dist_info([site_dir]) or os.path.exists(os.path.join(site_dir, search.ROOTS_FOLDER, plan.RECORD)):
        return True
    if os.path.basename(site_dir) not in {"site-packages", "dist-packages"}:
        return False
    prefix = os.path.dirname(os.path.dirname(site_dir))
    pythons = ["python.exe", os.path.join("Scripts", "python.exe")]
    if not search.WHEELS_ARE_ROOT:  # lib/python3.13/site-packages
        prefix = os.path.dirname(prefix)
        pythons = [os.path.join("bin", name) for name in ("python3", "python")]
    # Debian's interpreter installs to /usr/local and is in /usr
    homes = {sys.prefix, sys.base_prefix, os.path.join(sys.base_prefix, "local"), site.getuserbase()}
    return prefix not in homes and not any(os.path.exists(os.path.join(prefix, name)) for name in pythons)


def plan_root(toolkit: Toolkit, *, beside: bool = True, driver_stub: bool = True) -> RootPlan:
    """
    Decide where a toolkit's root goes and what it holds; on Windows, that of what the wheels lack.

    :param toolkit: the toolkit
    :param beside: whether it may be made beside the wheels
    :param driver_stub: see :func:`cuda_shims.roots.root_entries`
    :returns: the plan

    """
    path = search.root_path(toolkit.site_dir, toolkit.major)
    newest = plan.newest_change([each for _, each in roots.made_from(toolkit)])
    if search.WHEELS_ARE_ROOT:
        return RootPlan(toolkit, path, True, roots.supplement_entries(toolkit, path), newest)
    if not beside or not search.is_plain(path):
        outside = search.outside_root_path(toolkit.site_dir, toolkit.major)
        # a user's cache directory with a space in it is no better: then everything but CMake's linking works
        if not beside or search.is_plain(outside):
            path, beside = outside, False
    return RootPlan(toolkit, path, beside, roots.root_entries(toolkit, path, driver_stub=driver_stub), newest)


def write_root(wanted: RootPlan) -> None:
    """
    Make or renew a root, and for one that is not beside its wheels the pointer by which shims find it.

    :param wanted: the plan
    :raises NotWritableError: and then the root is as it was, or some of its links are new; it counts as stale

    """
    if not _create(wanted):
        folder = os.path.dirname(wanted.path)
        with apply.exclusive(folder):
            apply.sweep(folder)
            if not search.is_fresh(wanted.path):  # else it was made while we waited
                _renew(wanted)
    toolkit = wanted.toolkit
    if not wanted.beside and is_ours(toolkit.site_dir) and os.access(toolkit.site_dir, os.W_OK):
        beside = search.root_path(toolkit.site_dir, toolkit.major)
        pointer = beside + search.POINTER_SUFFIX
        apply.remove_tree(beside)  # the environment was moved to where a root beside the wheels does not serve
        entry = Entry("", None, os.fsencode(wanted.path) + b"\n")
        if plan.disk_digest(pointer) != plan.entry_digest(entry):
            with apply.writing(pointer):
                apply.write_entry(pointer, entry)


def _create(wanted: RootPlan) -> bool:
    if os.path.lexists(wanted.path):
        return False
    with apply.writing(wanted.path):
        apply.make_folders(os.path.dirname(wanted.path))
    made = apply.create_root(wanted.path, wanted.entries, plan.digests(wanted.entries), wanted.newest)
    if made and not wanted.beside:
        apply.sweep_outside(os.path.dirname(os.path.dirname(wanted.path)))
    return made


def _renew(wanted: RootPlan) -> None:
    if not plan.fits(wanted.path, wanted.entries):
        apply.create_root(wanted.path, wanted.entries, plan.digests(wanted.entries), wanted.newest, swap=True)
        return
    recorded = plan.read_record(wanted.path)
    # all that is in a root is ours: a link that differs is one that an older wheel needed
    owned = apply.carry_out(wanted.path, plan.make_plan(wanted.path, wanted.entries, recorded, ours=lambda _: True))
    with apply.writing(wanted.path):
        apply.write_record(wanted.path, owned)
        apply.write_stamp(wanted.path, wanted.newest)


def wants_driver_stub() -> bool:
    """
    Read whether roots are to get link-time stand-ins of the driver's libraries.

    :returns: what the configuration says; yes where it cannot be read, which the command line reports

    """
    if not os.environ.get("CUDA_SHIMS_DRIVER_STUB") and not os.path.exists("pyproject.toml"):
        return True
    from .config import load_config  # noqa: PLC0415
    from .errors import ConfigError  # noqa: PLC0415

    try:
        return load_config(os.getcwd(), os.environ).driver_stub
    except (ConfigError, OSError):
        return True


__all__ = ["RootPlan", "is_ours", "make_root", "plan_root", "wants_driver_stub", "write_root"]
