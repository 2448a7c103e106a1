"""What cuda-shims does to an environment when it is told to: install, uninstall; and the variables for a toolkit."""

from __future__ import annotations

import os
import sys

from . import conda, envvars, own_files, plan, records, search, stages, uv_lock
from .environments import current_environment
from .errors import ToolkitNotFoundError
from .plan import Change
from .removal import uninstall
from .root_maker import is_ours, is_whole, make_root, place_of_root, plan_root, wants_driver_stub, write_root
from .toolkits import distributions, find_toolkits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .environments import Environment
    from .toolkits import Toolkit


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
    :raises UninstalledError: when cuda-shims was uninstalled meanwhile; nothing that was written stands

    """
    environment = environment or current_environment()
    toolkits = find_toolkits(environment.site_dirs)
    if not toolkits:
        raise ToolkitNotFoundError(environment.label)
    stub = wants_driver_stub() if driver_stub is None else driver_stub
    site_dir = environment.site_dir
    hook = environment.dist_info is not None
    beside = [toolkit for toolkit in toolkits if toolkit.site_dir == site_dir]  # as the start-up hook sees it

    def planned() -> list[plan.Action]:
        return own_files.plan_files(
            site_dir, environment.scripts, beside, hook=hook, target=environment.is_target, force=force
        )

    actions = planned()
    if dry_run:
        changes = [_install_root(toolkit, site_dir, stub=stub, dry_run=True) for toolkit in toolkits]
    else:
        installed = own_files.while_installed(site_dir, environment.dist_info, environment.scripts)
        with installed as check, uv_lock.shared(site_dir):
            check()
            if not own_files.is_settled(site_dir, environment.dist_info, actions):
                with stages.exclusive(os.path.join(site_dir, search.ROOTS_FOLDER)):
                    actions = planned()  # another process may have written meanwhile
                    check()
                    own_files.write_files(site_dir, environment.dist_info, actions)
            changes = [_install_root(toolkit, site_dir, stub=stub, dry_run=False) for toolkit in toolkits]
            stages.tidy(os.path.join(site_dir, search.ROOTS_FOLDER))
    for action in actions:
        path = os.path.normpath(os.path.join(site_dir, action.path))
        note = f"it belongs to {owner(environment.site_dirs, path)}" if action.kind == plan.CONFLICT else ""
        changes.append(Change(action.kind, "hook" if own_files.is_hook(path) else "shim", path, note))
    return changes


def _install_root(toolkit: Toolkit, site_dir: str, *, stub: bool, dry_run: bool) -> Change:
    may = is_ours(toolkit.site_dir) or site_dir == toolkit.site_dir
    path = place_of_root(toolkit.site_dir, toolkit.major, beside=may)
    path = toolkit.root or path if not search.WHEELS_ARE_ROOT else path
    wanted = plan_root(toolkit, path, driver_stub=stub)
    if search.serves(path, toolkit.site_dir, toolkit.major) and is_whole(wanted):
        return Change(plan.KEEP, "root", toolkit.home, f"CUDA {toolkit.version}")
    kind = plan.REPLACE if os.path.lexists(path) else plan.CREATE
    if not dry_run:
        write_root(toolkit.site_dir, toolkit.major, path, driver_stub=stub, anew=True)
    return Change(kind, "root", path, f"CUDA {toolkit.version}, {len(wanted.entries)} entries")


def owner(site_dirs: Sequence[str], path: str) -> str:
    """
    Tell which distribution a file belongs to.

    :param site_dirs: where distributions are
    :param path: the file's absolute path
    :returns: its name and version, those of conda's package, or ``no installed distribution``

    """
    base = os.path.basename(path)
    for site_dir in site_dirs:
        for name, version, folder in distributions(site_dir):
            text = records.read_record(os.path.join(site_dir, folder)) or ""
            if name != "cuda-shims" and base in text:
                for line in records.record_lines(text):
                    if os.path.normpath(os.path.join(site_dir, line)) == path:
                        return f"{name} {version}"
    package = conda.owners(os.path.dirname(path), [base]).get(base)
    return f"conda's {package}" if package else "no installed distribution"


def variables(toolkit: Toolkit | None = None, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """
    Compute the environment variables that make build systems find a toolkit.

    :param toolkit: the toolkit; by default the first one with a compiler on ``sys.path``, else CUDA 12, whose root is
        made if need be
    :param environ: what they are for (its PATH is what ours is put before); by default ``os.environ``
    :returns: name to value, PATH included
    :raises ToolkitNotFoundError: when there is no toolkit
    :raises NotWritableError: when a root is needed and can be made nowhere

    """
    environ = os.environ if environ is None else environ
    if toolkit is None:
        found = next(search.compilers(sys.path), None) or next(search.candidates(sys.path), None)
        if found is None:
            raise ToolkitNotFoundError(current_environment().label)
        home = make_root(*found)
    else:
        home = make_root(toolkit.site_dir, toolkit.major) if toolkit.parts else toolkit.home
    changes = envvars.for_root(environ, home, compiler=search.compiles(home))
    return {name: value for name, value in changes.items() if value is not None}


__all__ = ["Change", "install", "owner", "uninstall", "variables"]
