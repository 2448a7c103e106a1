"""What cuda-shims does to an environment when it is told to: install, uninstall; and the variables for a toolkit."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from . import apply, envvars, own_files, plan, records, search
from .environments import current_environment, find_dist_info, recorded_file
from .errors import ToolkitNotFoundError
from .root_maker import is_ours, make_root, plan_root, wants_driver_stub, write_root
from .toolkits import distributions, find_toolkits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .environments import Environment
    from .toolkits import Toolkit


class Change(NamedTuple):
    """Something that install or uninstall did, or would do, or could not do."""

    #: ``create``, ``replace``, ``keep``, ``remove`` or ``conflict``
    kind: str
    #: what it is: ``root``, ``shim``, ``hook``, ``record``, ``package``
    what: str
    #: its absolute path
    path: str
    #: more, for a reader: whose a file is, how many entries a root has
    note: str = ""


def install(
    environment: Environment | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    driver_stub: bool | None = None,
) -> list[Change]:
    """
    Make everything of ours that an environment should have: roots, shims, start-up hook.

    :param environment: where; by default the environment of this process
    :param dry_run: only say what would be done
    :param force: take the place of files that are not ours
    :param driver_stub: whether roots get link-time stand-ins of the driver's libraries; by default as configured
    :returns: what was done, with a ``keep`` for what was right already and a ``conflict`` for what is somebody else's
    :raises ToolkitNotFoundError: when there is no toolkit there
    :raises NotWritableError: when something cannot be written; what was written before that stands

    """
    environment = environment or current_environment()
    toolkits = find_toolkits(environment.site_dirs)
    if not toolkits:
        raise ToolkitNotFoundError(environment.label)
    stub = wants_driver_stub() if driver_stub is None else driver_stub
    site_dir = environment.site_dir
    changes = [_install_root(toolkit, site_dir, stub=stub, dry_run=dry_run) for toolkit in toolkits]
    hook = environment.dist_info is not None
    beside = [toolkit for toolkit in toolkits if toolkit.site_dir == site_dir]  # as the start-up hook sees it
    actions = own_files.plan_files(
        site_dir, environment.scripts, beside, hook=hook, target=environment.is_target, force=force
    )
    if not dry_run and not own_files.is_settled(site_dir, environment.dist_info, actions):
        with apply.exclusive(os.path.join(site_dir, search.ROOTS_FOLDER)):
            own_files.write_files(site_dir, environment.dist_info, actions)
    for action in actions:
        path = os.path.normpath(os.path.join(site_dir, action.path))
        note = f"it belongs to {owner(environment.site_dirs, path)}" if action.kind == plan.CONFLICT else ""
        changes.append(Change(action.kind, "hook" if own_files.is_hook(path) else "shim", path, note))
    return changes


def _install_root(toolkit: Toolkit, site_dir: str, *, stub: bool, dry_run: bool) -> Change:
    root = toolkit.root
    if root is not None:
        return Change(plan.KEEP, "root", root, f"CUDA {toolkit.version}")
    wanted = plan_root(toolkit, beside=is_ours(toolkit.site_dir) or site_dir == toolkit.site_dir, driver_stub=stub)
    kind = plan.REPLACE if os.path.lexists(wanted.path) else plan.CREATE
    if not dry_run:
        write_root(wanted)
    return Change(kind, "root", wanted.path, f"CUDA {toolkit.version}, {len(wanted.entries)} entries")


def owner(site_dirs: Sequence[str], path: str) -> str:
    """
    Tell which distribution a file belongs to.

    :param site_dirs: where distributions are
    :param path: the file's absolute path
    :returns: its name and version, or ``no installed distribution``

    """
    base = os.path.basename(path)
    for site_dir in site_dirs:
        for name, version, folder in distributions(site_dir):
            text = records.read_record(os.path.join(site_dir, folder)) or ""
            if name != "cuda-shims" and base in text:
                for line in records.record_lines(text):
                    if os.path.normpath(os.path.join(site_dir, line)) == path:
                        return f"{name} {version}"
    return "no installed distribution"


def uninstall(environment: Environment | None = None, *, dry_run: bool = False, force: bool = False) -> list[Change]:
    """
    Remove all that is ours from an environment, the distribution included: the hook would make the rest again.

    :param environment: where; by default the environment of this process
    :param dry_run: only say what would be done
    :param force: remove files of ours that somebody changed since, too
    :returns: what was removed, and a ``conflict`` for what was left because it is not as we wrote it
    :raises NotWritableError: when something cannot be removed; a second run goes on

    """
    environment = environment or current_environment()
    changes = []
    for site_dir in environment.site_dirs:
        # a directory that has a cuda-shims of its own is another environment's (--system-site-packages)
        if site_dir != environment.site_dir and (find_dist_info([site_dir]) or not is_ours(site_dir)):
            continue
        folder = os.path.join(site_dir, search.ROOTS_FOLDER)
        gone = plan.removals(site_dir, plan.read_record(folder))
        files = {os.path.normpath(os.path.join(site_dir, each.path)): each.kind for each in gone}
        changes += _remove(site_dir, files, dry_run=dry_run, force=force)
        for path in (os.path.dirname(search.outside_root_path(site_dir, 0)), folder):
            if os.path.lexists(path):
                changes.append(Change(plan.REMOVE, "root", path))
                if not dry_run:
                    apply.remove_tree(path)
    if environment.dist_info:
        done = {change.path for change in changes}
        changes += _uninstall_distribution(environment.dist_info, done, dry_run=dry_run, force=force)
    return changes


def _uninstall_distribution(dist_info: str, done: set[str], *, dry_run: bool, force: bool) -> list[Change]:
    import glob  # noqa: PLC0415

    text = records.read_record(dist_info)
    if text is None:
        note = "it has no RECORD: remove the package with the tool that installed it"
        return [Change(plan.CONFLICT, "package", dist_info, note)]
    site_dir = os.path.dirname(dist_info)
    paths: dict[str, str] = {}
    for path, (digest, _) in records.record_lines(text).items():
        absolute = recorded_file(site_dir, path)
        if not os.path.lexists(absolute) or os.path.isdir(absolute) or absolute in done:
            continue
        with apply.writing(absolute), open(absolute, "rb") as file:
            as_written = not digest or records.record_hash(file.read()) == digest
        paths[absolute] = plan.REMOVE if as_written or own_files.is_ours_by_content(absolute) else plan.CONFLICT
        if path.endswith(".py"):  # byte code, of whichever interpreter
            cached = os.path.join(os.path.dirname(absolute), "__pycache__", os.path.basename(path)[:-3])
            paths.update(dict.fromkeys(glob.glob(f"{glob.escape(cached)}.*.pyc"), plan.REMOVE))
    return _remove(site_dir, paths, dry_run=dry_run, force=force)


def _remove(site_dir: str, paths: Mapping[str, str], *, dry_run: bool, force: bool) -> list[Change]:
    changes = []
    for path, kind in paths.items():
        if kind == plan.CONFLICT and not force:
            changes.append(Change(kind, "file", path, "it is not as we wrote it; --force removes it"))
            continue
        changes.append(Change(plan.REMOVE, "file", path))
        if not dry_run:
            with apply.writing(path):
                apply.remove(path, site_dir)
    return changes


def variables(toolkit: Toolkit | None = None, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """
    Compute the environment variables that make build systems find a toolkit.

    :param toolkit: the toolkit; by default the first one with a compiler on ``sys.path``, whose root is made if need be
    :param environ: what they are for (its PATH is what ours is put before); by default ``os.environ``
    :returns: name to value, PATH included
    :raises ToolkitNotFoundError: when there is no toolkit

    """
    environ = os.environ if environ is None else environ
    if toolkit is None:
        found = next(search.compilers(sys.path), None)
        if found is None:
            raise ToolkitNotFoundError(current_environment().label)
        home = make_root(*found)
    else:
        home = toolkit.home
    return {name: value for name, value in envvars.for_root(environ, home).items() if value is not None}


__all__ = ["Change", "install", "owner", "uninstall", "variables"]
