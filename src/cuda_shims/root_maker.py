"""The making of a toolkit's root: where it goes, what it holds, and that it is done once."""

from __future__ import annotations

import contextlib
import os
import site
import sys
from typing import NamedTuple

from . import apply, own_files, plan, roots, search, shims, stages, uv_lock
from .catalog import SHIPPED_SHIMS
from .environments import find_dist_info, recorded_scripts
from .errors import NotWritableError
from .roots import Entry
from .toolkits import Toolkit, find_toolkits, read_toolkit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class RootPlan(NamedTuple):
    """A toolkit's root as it should be."""

    toolkit: Toolkit
    #: its place
    path: str
    entries: list[Entry]
    #: when what it is made from changed last, each; empty where that says nothing
    seen: tuple[int, ...]

    def finish(self, folder: str) -> None:
        """
        Declare what was made finished, unless what it was made from has changed, or gone, since.

        :param folder: the root, or the stage that becomes one

        """
        with contextlib.suppress(OSError):
            if self.seen and plan.change_times(path for _, path in roots.made_from(self.toolkit)) == self.seen:
                apply.finish(folder)


def make_root(site_dir: str, major: int) -> str:
    """
    Make a toolkit's root if it is missing or stale, and let the shims and our RECORD know.

    :param site_dir: the site-packages directory that holds the wheels
    :param major: e.g. 13
    :returns: the root's path
    :raises NotWritableError: when it can be made nowhere; nothing is left behind
    :raises UninstalledError: when cuda-shims was uninstalled meanwhile

    """
    root = search.fresh_root(site_dir, major)
    if root is not None:
        return root
    writable = is_writable(site_dir)
    dist_info = find_dist_info([site_dir]) if writable else None
    scripts = recorded_scripts(dist_info) if dist_info else None
    path = place_of_root(site_dir, major, beside=writable)

    def before() -> None:
        with contextlib.suppress(NotWritableError):  # the root serves all the same, and install says what it cannot do
            if scripts is not None:
                toolkits = find_toolkits([site_dir])
                actions = own_files.plan_files(site_dir, scripts, toolkits)
                # one that came with the wheel and is missing may be a shim that is being uninstalled; install makes it
                shipped = {tool + shims.SUFFIX for tool in SHIPPED_SHIMS}
                actions = [x for x in actions if x.kind != plan.CREATE or os.path.basename(x.path) not in shipped]
                if not own_files.is_settled(site_dir, dist_info, actions):
                    own_files.write_files(site_dir, dist_info, actions)

    with contextlib.ExitStack() as stack:
        if writable:
            check = stack.enter_context(own_files.while_installed(site_dir, dist_info, scripts))
            stack.enter_context(uv_lock.shared(site_dir))
            check()  # the uv that was waited for may have uninstalled it
        write_root(site_dir, major, path, driver_stub=wants_driver_stub(), before=before)
    return search.toolkit_path(site_dir, major) if search.WHEELS_ARE_ROOT else path


def is_writable(site_dir: str) -> bool:
    """
    Tell whether we may write to a site-packages directory, and can.

    :param site_dir: the directory
    :returns: whether it is ours to write to without being asked, and the operating system lets us; not where the folder
        of roots is one that another user made

    """
    folder = os.path.join(site_dir, search.ROOTS_FOLDER)
    return is_ours(site_dir) and os.access(folder if os.path.lexists(folder) else site_dir, os.W_OK)


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


def place_of_root(site_dir: str, major: int, *, beside: bool) -> str:
    """
    Decide where a toolkit's root goes; on Windows, what the wheels lack.

    :param site_dir: the site-packages directory that holds the wheels
    :param major: e.g. 13
    :param beside: whether it may be made beside the wheels
    :returns: its path

    """
    path = search.root_path(site_dir, major)
    outside = path if search.WHEELS_ARE_ROOT else search.outside_root_path(site_dir, major)
    # a user's cache directory with a space in it is no better: then everything but CMake's linking works
    return path if beside and (search.is_plain(path) or not search.is_plain(outside)) else outside


def plan_root(toolkit: Toolkit, path: str, *, driver_stub: bool = True) -> RootPlan:
    """
    Decide what a toolkit's root holds; on Windows, that of what the wheels lack.

    :param toolkit: the toolkit
    :param path: see :func:`place_of_root`
    :param driver_stub: see :func:`cuda_shims.roots.root_entries`
    :returns: the plan

    """
    sources = list(roots.made_from(toolkit))
    seen = plan.observe(path for _, path in sources)
    if search.WHEELS_ARE_ROOT:
        entries = roots.supplement_entries(toolkit, path, sources)
    else:
        entries = roots.root_entries(toolkit, path, sources, driver_stub=driver_stub)
    return RootPlan(toolkit, path, entries, seen)


def is_whole(wanted: RootPlan) -> bool:
    """
    Tell whether a root holds what it should: one that looks fresh may not: a clock went backwards, a link was removed.

    :param wanted: its plan
    :returns: whether all of it is there, as it should be; whatever else is there

    """
    recorded = plan.read_record(wanted.path)
    actions = plan.make_plan(wanted.path, wanted.entries, recorded, ours=lambda _: True)
    return all(each.kind == plan.KEEP for each in actions if each.entry)


def write_root(  # noqa: PLR0913
    site_dir: str,
    major: int,
    path: str,
    *,
    driver_stub: bool,
    before: Callable[[], None] = lambda: None,
    anew: bool = False,
) -> RootPlan | None:
    """
    Make or renew a root, and for one that is not beside its wheels the pointer by which shims find it.

    The time of its last stamp, or for a new root its name, comes last of all: whatever kills this process before that,
    the next start finds no fresh root and does all of it again.

    :param site_dir: the site-packages directory that holds the wheels
    :param major: e.g. 13
    :param path: see :func:`place_of_root`
    :param driver_stub: see :func:`cuda_shims.roots.root_entries`
    :param before: writes what has to be there before the root is
    :param anew: renew it even if it is fresh
    :returns: what was made; ``None`` when another process was faster, whose root is fresh
    :raises NotWritableError: and then the root is as it was, or some of its links are new; it counts as stale

    """
    folder = os.path.dirname(path)
    outside = path != search.root_path(site_dir, major)
    with stages.stage(folder) as stage:
        if outside and is_writable(site_dir):
            with contextlib.suppress(NotWritableError):  # the root serves all the same, without its shims
                _point_to(site_dir, major, path)
        if not os.path.lexists(path):
            before()
            wanted = plan_root(read_toolkit(site_dir, major), path, driver_stub=driver_stub)
            made = apply.create_root(stage, path, wanted.entries, wanted.finish)
            if made and outside:
                stages.sweep_outside(os.path.dirname(folder))
            if made and search.serves(path, site_dir, major):
                return wanted
    with stages.exclusive(folder) as locked:
        before()  # also when the root is fresh: one that was planned earlier may have been written later
        if search.serves(path, site_dir, major) and not anew:
            return None
        wanted = plan_root(read_toolkit(site_dir, major), path, driver_stub=driver_stub)
        with stages.stage(folder) as stage:
            if locked and _is_own(path, site_dir, major) and plan.fits(path, wanted.entries):
                _renew(stage, wanted)
            else:
                apply.create_root(stage, path, wanted.entries, wanted.finish, swap=os.path.lexists(path))
    return wanted


def _is_own(path: str, site_dir: str, major: int) -> bool:
    try:
        return search.is_trusted(path, search.wheels_path(site_dir, major))
    except OSError:
        return False


def _renew(stage: stages.Stage, wanted: RootPlan) -> None:
    recorded = plan.read_record(wanted.path)
    # all that is in a root is ours: a link that differs is one that an older wheel needed
    actions = plan.make_plan(wanted.path, wanted.entries, recorded, ours=lambda _: True)
    with apply.writing(wanted.path):
        # from here on nobody takes it for fresh, whatever of what it was made from is new already
        apply.write_stamps(wanted.path, stage)
        # first what is to be there, so that what is written from here on is known to a later renewal
        apply.write_record(wanted.path, {**recorded, **plan.digests(wanted.entries)}, stage)
        owned = apply.carry_out(wanted.path, actions, stage)
        apply.write_record(wanted.path, owned, stage)
        wanted.finish(wanted.path)


def _point_to(site_dir: str, major: int, path: str) -> None:
    # let the shims know of a root that is not beside its wheels
    beside = search.root_path(site_dir, major)
    pointer = beside + search.POINTER_SUFFIX
    entry = Entry("", None, os.fsencode(path) + b"\n")
    if plan.disk_digest(pointer) != plan.entry_digest(entry):
        with stages.stage(os.path.dirname(pointer)) as stage, apply.writing(pointer):
            apply.write_entry(pointer, entry, stage)
    apply.remove_tree(beside)  # the environment was moved to where a root beside the wheels does not serve


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


__all__ = [
    "RootPlan",
    "is_ours",
    "is_whole",
    "is_writable",
    "make_root",
    "place_of_root",
    "plan_root",
    "wants_driver_stub",
    "write_root",
]
