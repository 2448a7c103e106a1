"""The files of ours that are not in a root: shims, start-up files, and our distribution's RECORD of them."""

from __future__ import annotations

import os

from . import apply, plan, records, search, shims
from .catalog import OPTIONAL_SHIMS, SHIPPED_SHIMS
from .roots import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .toolkits import Toolkit

_SITECUSTOMIZE_MARK = b"# cuda-shims sitecustomize"
_HOOK_FILES = ("cuda_shims.pth", "cuda_shims.start")
_TARGET_HOOK = "sitecustomize.py"


def plan_files(  # noqa: PLR0913
    site_dir: str,
    scripts: str,
    toolkits: Sequence[Toolkit],
    *,
    hook: bool = False,
    target: bool = False,
    force: bool = False,
) -> list[plan.Action]:
    """
    Plan the files of ours that are not in a root: shims and the start-up hook.

    :param site_dir: the site-packages directory; the paths of the actions are relative to it
    :param scripts: the scripts directory
    :param toolkits: the toolkits there
    :param hook: whether start-up files are wanted
    :param target: whether Python reads no ``.pth`` file there, so that a ``sitecustomize`` is wanted instead
    :param force: take the place of other people's files
    :returns: the actions

    """
    versions = ", ".join(toolkit.version for toolkit in toolkits)
    there = {tool for toolkit in toolkits for tool in toolkit.tools}
    entries = [
        Entry(
            os.path.relpath(os.path.join(scripts, tool + shims.SUFFIX), site_dir).replace(os.sep, "/"),
            None,
            shims.shim_bytes(versions),
            0o755,
        )
        for tool in (*SHIPPED_SHIMS, *(tool for tool in OPTIONAL_SHIMS if tool in there))
    ]
    if hook:
        names = (_TARGET_HOOK,) if target else _HOOK_FILES
        entries += [Entry(name, None, shims.template(name)) for name in names]
    recorded = plan.read_record(os.path.join(site_dir, search.ROOTS_FOLDER))
    # a root that is made anew asks for no start-up files, and those that install wrote stay
    recorded = {path: digest for path, digest in recorded.items() if hook or not is_hook(path)}
    return plan.make_plan(site_dir, entries, recorded, ours=is_ours_by_content, force=force)


def is_hook(path: str) -> bool:
    """
    Tell whether a path has the name of a start-up file.

    :param path: the path
    :returns: whether it does

    """
    return os.path.basename(path) in {*_HOOK_FILES, _TARGET_HOOK}


def is_ours_by_content(path: str) -> bool:
    """
    Tell a file of ours by what it is, whoever wrote it and whichever version of us.

    :param path: an existing file
    :returns: whether it is a shim or a start-up file of cuda-shims
    :raises OSError: when it cannot be read

    """
    if os.path.basename(path) in _HOOK_FILES:
        return True
    if os.path.basename(path) == _TARGET_HOOK:
        with open(path, "rb") as file:
            return file.read(len(_SITECUSTOMIZE_MARK)) == _SITECUSTOMIZE_MARK
    return shims.is_shim(path)


def write_files(site_dir: str, dist_info: str | None, actions: Sequence[plan.Action]) -> None:
    """
    Carry out what :func:`plan_files` planned, and write down what is ours: in our record and in our RECORD.

    :param site_dir: the site-packages directory
    :param dist_info: the ``.dist-info`` directory of cuda-shims there, or ``None``
    :param actions: the plan
    :raises NotWritableError: when something cannot be written; a second run goes on

    """
    folder = os.path.join(site_dir, search.ROOTS_FOLDER)
    for scripts in {os.path.dirname(os.path.join(site_dir, each.path)) for each in actions if not is_hook(each.path)}:
        if os.path.isdir(scripts):
            apply.sweep(scripts)
    owned = apply.carry_out(site_dir, actions)
    with apply.writing(folder):
        kept = {path: digest for path, digest in plan.read_record(folder).items() if is_hook(path)}
        apply.write_record(folder, {**kept, **owned})
        if dist_info:
            old, new = _amended_record(dist_info, actions)
            if new != old:
                data = new.encode("utf-8", "surrogateescape")
                apply.write_entry(os.path.join(dist_info, "RECORD"), Entry("", None, data))


def is_settled(site_dir: str, dist_info: str | None, actions: Sequence[plan.Action]) -> bool:
    """
    Tell whether a plan leaves nothing to write, neither files nor what we write down of them.

    :param site_dir: the site-packages directory
    :param dist_info: the ``.dist-info`` directory of cuda-shims there, or ``None``
    :param actions: the plan
    :returns: whether all is as it should be

    """
    recorded = plan.read_record(os.path.join(site_dir, search.ROOTS_FOLDER))
    kept = all(each.kind == plan.KEEP and recorded.get(each.path) == each.digest for each in actions)
    old, new = _amended_record(dist_info, actions) if dist_info else ("", "")
    return kept and old == new


def _amended_record(dist_info: str, actions: Sequence[plan.Action]) -> tuple[str, str]:
    # our distribution's RECORD as it is and as it should be; without one there is nothing to amend
    text = records.read_record(dist_info)
    if text is None:
        return "", ""
    add: dict[str, bytes | None] = {search.ROOTS_FOLDER: None}
    ours = {plan.CREATE, plan.REPLACE, plan.KEEP}
    add.update({each.path: each.entry.data for each in actions if each.kind in ours and each.entry})
    return text, records.amended(text, add, [each.path for each in actions if each.kind == plan.REMOVE])


__all__ = ["is_hook", "is_ours_by_content", "is_settled", "plan_files", "write_files"]
