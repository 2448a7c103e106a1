"""Our files outside of a root: shims, start-up files, CMake packages, and our RECORD of them."""

from __future__ import annotations

import os

from _cuda_shims import ROOTS_FOLDER
from cuda_shims.catalog.tools import OPTIONAL_SHIMS, SHIPPED_SHIMS
from cuda_shims.environment import record as records
from cuda_shims.files import action, plan, replace
from cuda_shims.files import stage as stages
from cuda_shims.files.entry import Entry
from cuda_shims.files.ledger import read_ledger
from cuda_shims.files.rights import OWN
from cuda_shims.installation import shims
from cuda_shims.installation.own import HOOK_FILES, TARGET_HOOK, is_hook, is_ours_by_content, read_recorded
from cuda_shims.installation.packages import package_links

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cuda_shims.environment.toolkit import Toolkit
    from cuda_shims.files.action import Action
    from cuda_shims.files.rights import Rights

#: our files after a plan is carried out
_OURS = {action.CREATE, action.REPLACE, action.KEEP}


def plan_files(  # noqa: PLR0913
    site_dir: str,
    scripts: str,
    toolkits: Sequence[Toolkit],
    *,
    hook: bool = False,
    target: bool = False,
    force: bool = False,
) -> list[Action]:
    """
    Plan our files outside of a root: shims, the start-up hook, CMake packages.

    :param site_dir: the site-packages directory; the paths of the actions are relative to it
    :param scripts: the scripts directory
    :param toolkits: the toolkits there
    :param hook: whether to write start-up files
    :param target: whether Python reads no ``.pth`` file there and needs a ``sitecustomize`` instead
    :param force: replace other people's files
    :returns: the actions
    :raises OSError: when an existing file cannot be read

    """
    there = {tool for toolkit in toolkits for tool in toolkit.tools}
    data = shims.shim_bytes(", ".join(toolkit.version for toolkit in toolkits))
    folder = os.path.relpath(scripts, site_dir).replace(os.sep, "/")
    tools = (*SHIPPED_SHIMS, *(tool for tool in OPTIONAL_SHIMS if tool in there))
    entries = [Entry(f"{folder}/{tool}{shims.SUFFIX}", None, data, 0o755) for tool in tools]
    if hook:
        names = (TARGET_HOOK,) if target else HOOK_FILES
        entries += [Entry(name, None, shims.template(name)) for name in names]
    entries += package_links(site_dir, scripts, toolkits)
    recorded = read_recorded(site_dir, scripts)
    # a renewal of a root does not request start-up files, and those that install wrote stay
    recorded = {path: digest for path, digest in recorded.items() if hook or not is_hook(path)}
    return plan.make_plan(site_dir, entries, recorded, ours=is_ours_by_content, force=force)


def write_files(site_dir: str, dist_info: str | None, actions: Sequence[Action], rights: Rights = OWN) -> None:
    """
    Carry out what :func:`plan_files` planned, and record what is ours, in our ledger and in our RECORD.

    A file is recorded before it exists, and struck out after it is gone. Whatever happens in between, an uninstaller
    knows each file.
    """
    folder = os.path.join(site_dir, ROOTS_FOLDER)
    with stages.Stage(folder, rights) as stage:
        for scripts in {os.path.dirname(os.path.join(site_dir, each.path)) for each in actions}:
            if os.path.isdir(scripts):
                stages.sweep(scripts, stage.now())
        recorded = read_ledger(folder, lambda _: True)  # this removes nothing
        claimed = {each.path: each.digest for each in actions if each.kind in _OURS}
        _write_down(dist_info, {**recorded, **claimed}, _amended_record(dist_info, actions), stage)
        owned = replace.carry_out(site_dir, actions, stage)
        kept = {path: digest for path, digest in recorded.items() if is_hook(path)}
        amended = _amended_record(dist_info, actions, gone=True)
        _write_down(dist_info, {**kept, **owned}, amended, stage)


def _write_down(dist_info: str | None, owned: Mapping[str, str], record: tuple[str, str], stage: stages.Stage) -> None:
    replace.write_ledger(stage.folder, owned, stage)
    old, new = record
    # never makes it, nor the directory: an uninstaller may have just removed it
    if new != old and has(dist_info, "RECORD"):
        data = new.encode("utf-8", "surrogateescape")
        replace.write_entry(os.path.join(str(dist_info), "RECORD"), Entry("", None, data, 0), stage)


def has(dist_info: str | None, name: str) -> bool:
    """
    Tell whether our distribution has a file.

    :param dist_info: its ``.dist-info`` directory, or ``None`` where it is not installed
    :param name: the name of a file in that directory
    :returns: whether the file exists

    """
    return dist_info is not None and os.path.lexists(os.path.join(dist_info, name))


def is_settled(site_dir: str, dist_info: str | None, actions: Sequence[Action]) -> bool:
    """Tell whether a plan leaves nothing to write, neither files nor records of them."""
    recorded = read_ledger(os.path.join(site_dir, ROOTS_FOLDER), lambda _: True)
    kept = all(each.kind == action.KEEP and recorded.get(each.path) == each.digest for each in actions)
    old, new = _amended_record(dist_info, actions)
    return kept and old == new


def _amended_record(dist_info: str | None, actions: Sequence[Action], *, gone: bool = False) -> tuple[str, str]:
    # our distribution's RECORD as it is and as it should be; without one there is nothing to amend
    text = records.read_record(dist_info) if dist_info else None
    if text is None:
        return "", ""
    # sitecustomize is only in the ledger: an upgrade in a --target folder would remove it, and does not install one
    mine = [each for each in actions if each.path != TARGET_HOOK]
    add: dict[str, bytes | None] = {ROOTS_FOLDER: None}
    entries = (each.entry for each in mine if each.kind in _OURS and each.entry)
    add.update({entry.path: entry.data if entry.link is None else None for entry in entries})
    drop = [each.path for each in mine if each.kind == action.REMOVE] if gone else []
    # no hook runs any more once the folder that it writes to is gone; as long as that fails, RECORD exists
    first = [*HOOK_FILES, ROOTS_FOLDER]
    return text, records.amended(text, add, drop, first)
