"""The install command: roots, shims, start-up hook."""

from __future__ import annotations

import os

from _cuda_shims import ROOTS_FOLDER, WHEELS_ARE_ROOT
from _cuda_shims.places import is_candidate
from cuda_shims.environment.environment import current_environment
from cuda_shims.environment.toolkit import find_toolkits
from cuda_shims.files import stage
from cuda_shims.files.action import CONFLICT, CREATE, KEEP, REPLACE, Change
from cuda_shims.files.rights import Rights, rights_of
from cuda_shims.files.write import writing
from cuda_shims.installation import files as own_files
from cuda_shims.installation import uv_lock
from cuda_shims.installation.own import is_hook
from cuda_shims.installation.owner import owner
from cuda_shims.installation.packages import is_package_link
from cuda_shims.installation.presence import while_installed
from cuda_shims.installation.refresh import allowed_paths, make_first, rights_in
from cuda_shims.root.build import plan_root
from cuda_shims.selection import no_toolkit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.environment.environment import Environment
    from cuda_shims.environment.toolkit import Toolkit
    from cuda_shims.files.action import Action


def install(environment: Environment | None = None, *, dry_run: bool = False, force: bool = False) -> list[Change]:
    """
    Create what an environment should have: toolkit roots, shims, the start-up hook.

    :param environment: the environment; by default that of this process
    :param dry_run: change nothing
    :param force: replace files that are not cuda-shims' own
    :returns: the changes, with a ``keep`` for what was right already and a ``conflict`` for somebody else's file
    :raises ToolkitNotFoundError: when the environment has no toolkit
    :raises NotWritableError: when something cannot be written; earlier writes stay. Also when somebody uninstalled
        cuda-shims in the meantime; then nothing stays

    """
    environment = environment or current_environment()
    toolkits = find_toolkits(environment.site_dirs)
    if not toolkits:
        raise no_toolkit(environment)
    site_dir = environment.site_dir
    with writing(site_dir):
        changes, actions = _install(environment, toolkits, dry_run=dry_run, force=force)
    for action in actions:
        path = os.path.normpath(os.path.join(site_dir, action.path))
        note = f"it belongs to {owner(environment.site_dirs, path)}" if action.kind == CONFLICT else ""
        if not is_package_link(path):
            changes.append(Change(action.kind, "hook" if is_hook(path) else "shim", path, note))
        elif dry_run or os.path.lexists(path):  # a file system may have no links
            changes.append(Change(action.kind, "file", path, note))
    return changes


def _install(
    environment: Environment, toolkits: list[Toolkit], *, dry_run: bool, force: bool
) -> tuple[list[Change], list[Action]]:
    site_dir, dist_info = environment.site_dir, environment.dist_info
    # wheels with only libraries have no root
    roots = [toolkit for toolkit in toolkits if is_candidate(toolkit.place)]
    beside = find_toolkits([site_dir])  # as the start-up hook sees it

    def planned() -> list[Action]:
        return own_files.plan_files(
            site_dir,
            environment.scripts,
            beside,
            hook=dist_info is not None,
            target=environment.is_target,
            force=force,
        )

    actions = planned()
    if dry_run:
        return [_install_root(toolkit, site_dir) for toolkit in roots], actions
    installed = while_installed(site_dir, dist_info, environment.scripts)
    with installed, uv_lock.shared(site_dir):
        installed.check()
        if not own_files.is_settled(site_dir, dist_info, actions):
            actions = planned()  # another process may have written meanwhile
            installed.check()
            own_files.write_files(site_dir, dist_info, actions, rights_of(site_dir, strict=False))
        changes = [_install_root(toolkit, site_dir, installed) for toolkit in roots]
        stage.tidy(os.path.join(site_dir, ROOTS_FOLDER))
    return changes, actions


def _install_root(toolkit: Toolkit, site_dir: str, installed: while_installed | None = None) -> Change:
    # without ``installed`` it only says what it would do
    place = toolkit.place
    rights = _rights_for_root(toolkit.site_dir, site_dir)
    root = next((each for each in place.paths(os.environ) if place.serves(*each)), None)
    path = root[0] if root else next((path for path, _ in allowed_paths(place, os.environ, rights)), place.beside)
    wanted = plan_root(place, path)
    if root and wanted.is_whole():
        return Change(KEEP, "root", place.wheels if WHEELS_ARE_ROOT else path, f"CUDA {toolkit.version}")
    kind = REPLACE if os.path.lexists(path) else CREATE
    if installed is not None:
        made = make_first(place, os.environ, rights, check=installed.check, anew=True)
        path = path if WHEELS_ARE_ROOT else made
    return Change(kind, "root", path, f"CUDA {toolkit.version}, {len(wanted.entries)} entries")


def _rights_for_root(folder: str, site_dir: str) -> Rights | None:
    rights = rights_in(folder)
    if rights is None and folder == site_dir:  # told to
        try:
            return rights_of(folder)
        except OSError:
            pass
    return rights
