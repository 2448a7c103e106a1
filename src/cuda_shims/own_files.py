"""The files of ours that are not in a root: shims, start-up files, and our distribution's RECORD of them."""

from __future__ import annotations

import contextlib
import os

from . import apply, plan, records, search, shims, stages
from .catalog import OPTIONAL_SHIMS, SHIPPED_SHIMS, TOOLS
from .environments import find_dist_info
from .errors import NotWritableError, UninstalledError
from .reading import read_bytes
from .roots import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .toolkits import Toolkit

_SITECUSTOMIZE_MARK = b"# cuda-shims sitecustomize"
#: the start-up files of the wheel
HOOK_FILES = ("cuda_shims.pth", "cuda_shims.start")
_TARGET_HOOK = "sitecustomize.py"
#: what is ours after a plan is carried out
_OURS = {plan.CREATE, plan.REPLACE, plan.KEEP}


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
        names = (_TARGET_HOOK,) if target else HOOK_FILES
        entries += [Entry(name, None, shims.template(name)) for name in names]
    recorded = read_recorded(site_dir, scripts)
    # a root that is made anew asks for no start-up files, and those that install wrote stay
    recorded = {path: digest for path, digest in recorded.items() if hook or not is_hook(path)}
    return plan.make_plan(site_dir, entries, recorded, ours=is_ours_by_content, force=force)


def read_recorded(site_dir: str, scripts: str) -> dict[str, str]:
    """
    Read which files of ours were written that are not in a root.

    :param site_dir: the site-packages directory
    :param scripts: the scripts directory
    :returns: path, relative to ``site_dir``, to digest

    """
    folder = os.path.join(site_dir, search.ROOTS_FOLDER)
    return plan.read_record(folder, lambda path: may_be_ours(site_dir, scripts, os.path.join(site_dir, path)))


def is_hook(path: str) -> bool:
    """
    Tell whether a path has the name of a start-up file.

    :param path: the path
    :returns: whether it does

    """
    return os.path.basename(path) in {*HOOK_FILES, _TARGET_HOOK}


def is_linked_hook(path: str) -> bool:
    """
    Tell whether a start-up file is that of this version, by way of a link (uv's ``--link-mode symlink``).

    :param path: the path of an existing start-up file
    :returns: whether it is; that ``install`` puts a file in its place is no fault of it
    :raises OSError: when it cannot be read

    """
    return os.path.islink(path) and read_bytes(path) == shims.template(os.path.basename(path))


def is_ours_by_content(path: str) -> bool:
    """
    Tell a file of ours by what it is, whoever wrote it and whichever version of us.

    :param path: an existing file
    :returns: whether it is a shim or a start-up file of cuda-shims
    :raises OSError: when it cannot be read

    """
    if os.path.basename(path) in HOOK_FILES:
        return True
    if os.path.basename(path) == _TARGET_HOOK:
        return read_bytes(path).startswith(_SITECUSTOMIZE_MARK)
    return shims.is_shim(path)


def may_be_ours(site_dir: str, scripts: str, path: str) -> bool:
    """
    Tell whether a path is one where cuda-shims has files, whoever says so.

    RECORD, and our own record, are text that anybody may have written who can write to the environment. What is removed
    because they name it is in these places alone.

    :param site_dir: the site-packages directory
    :param scripts: the scripts directory
    :param path: an absolute path
    :returns: whether it is; links on the way to it are followed, and the one that it names itself is not

    """
    place = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    if os.path.dirname(place) == os.path.realpath(scripts):
        name = os.path.basename(place)
        name = name.removesuffix(".exe")
        return name == "cuda-shims" or any(each.name == name for each in TOOLS) or shims.is_shim(path)
    if not plan.is_inside(path, os.path.realpath(site_dir)):
        return False
    first, *rest = os.path.relpath(place, os.path.realpath(site_dir)).split(os.sep)
    if first == "__pycache__":
        return "cuda_shims" in "".join(rest[:1])
    return "cuda_shims" in first or first == _TARGET_HOOK


def write_files(site_dir: str, dist_info: str | None, actions: Sequence[plan.Action]) -> None:
    """
    Carry out what :func:`plan_files` planned, and write down what is ours: in our record and in our RECORD.

    That is written down before it is there, and crossed out when it is gone, so that whatever happens in between an
    uninstaller knows of each file.

    :param site_dir: the site-packages directory
    :param dist_info: the ``.dist-info`` directory of cuda-shims there, or ``None``
    :param actions: the plan
    :raises NotWritableError: when something cannot be written; a second run goes on

    """
    folder = os.path.join(site_dir, search.ROOTS_FOLDER)
    with stages.stage(folder) as stage:
        now = os.stat(stage.path).st_mtime
        for scripts in {os.path.dirname(os.path.join(site_dir, each.path)) for each in actions}:
            if os.path.isdir(scripts):
                stages.sweep(scripts, now)
        recorded = plan.read_record(folder, lambda _: True)  # nothing is removed because of it
        claimed = {each.path: each.digest for each in actions if each.kind in _OURS}
        _write_down(folder, dist_info, {**recorded, **claimed}, _amended_record(dist_info, actions), stage)
        owned = apply.carry_out(site_dir, actions, stage)
        kept = {path: digest for path, digest in recorded.items() if is_hook(path)}
        amended = _amended_record(dist_info, actions, gone=True)
        _write_down(folder, dist_info, {**kept, **owned}, amended, stage)


def _write_down(
    folder: str, dist_info: str | None, owned: dict[str, str], record: tuple[str, str], stage: stages.Stage
) -> None:
    with apply.writing(folder):
        apply.write_record(folder, owned, stage)
        old, new = record
        # never makes it, nor the directory: an uninstaller may have removed it just now
        if _has(dist_info, "RECORD") and new != old:
            data = new.encode("utf-8", "surrogateescape")
            apply.write_entry(os.path.join(str(dist_info), "RECORD"), Entry("", None, data), stage)


@contextlib.contextmanager
def while_installed(site_dir: str, dist_info: str | None, scripts: str | None) -> Iterator[Callable[[], None]]:
    """
    Write to an environment as long as cuda-shims is installed in it, and if it is no more, remove what was written.

    pip and uv know nothing of a process that writes, and nobody removes what it writes after them. Both remove the
    start-up files or METADATA before the folder of roots: who still sees them when it is done was done before that.

    :param site_dir: the site-packages directory
    :param dist_info: the ``.dist-info`` directory of cuda-shims there, or ``None``
    :param scripts: the scripts directory, ``None`` where nothing is written to it
    :returns: a check that raises the same error: who finds a start-up file missing asks it before writing one anew
    :raises UninstalledError: when cuda-shims was uninstalled

    """
    names = (*HOOK_FILES, os.path.join(search.ROOTS_FOLDER, plan.RECORD))
    signs = [each for each in (os.path.join(site_dir, name) for name in names) if os.path.lexists(each)]
    described = _has(dist_info, "METADATA")

    def is_gone() -> bool:
        # an upgrade has another name
        if dist_info and not (_has(dist_info, "METADATA") if described else os.path.isdir(dist_info)):
            return not _has(find_dist_info([site_dir]), "METADATA")
        return not all(os.path.lexists(each) for each in signs)

    def check() -> None:
        if is_gone():
            raise UninstalledError(site_dir)

    try:
        yield check
    except OSError as error:  # what was to be read has gone with the rest
        if is_gone():
            raise UninstalledError(site_dir) from error
        raise
    finally:
        if is_gone():
            # others write there, and do the same when they are done
            with contextlib.suppress(NotWritableError, OSError):
                _remove_all(site_dir, scripts, dist_info)
    check()


def _has(dist_info: str | None, name: str) -> bool:
    return dist_info is not None and os.path.lexists(os.path.join(dist_info, name))


def _remove_all(site_dir: str, scripts: str | None, dist_info: str | None) -> None:
    folder = os.path.join(site_dir, search.ROOTS_FOLDER)
    if scripts is not None:
        apply.carry_out(site_dir, plan.removals(site_dir, read_recorded(site_dir, scripts)))
        # the uninstaller may have removed what we wrote down of them
        for path in (os.path.join(scripts, tool.name + shims.SUFFIX) for tool in TOOLS):
            with apply.writing(path):
                if os.path.lexists(path) and shims.is_shim(path):
                    apply.remove(path, scripts)
    with contextlib.suppress(OSError):  # for a process that has begun meanwhile, a sign as well
        os.unlink(os.path.join(folder, plan.RECORD))
    if dist_info and os.path.isdir(dist_info) and os.listdir(dist_info) == ["RECORD"]:
        apply.remove(os.path.join(dist_info, "RECORD"), site_dir)  # ours, in what uv had emptied
    apply.remove_tree(folder)


def is_settled(site_dir: str, dist_info: str | None, actions: Sequence[plan.Action]) -> bool:
    """
    Tell whether a plan leaves nothing to write, neither files nor what we write down of them.

    :param site_dir: the site-packages directory
    :param dist_info: the ``.dist-info`` directory of cuda-shims there, or ``None``
    :param actions: the plan
    :returns: whether all is as it should be

    """
    recorded = plan.read_record(os.path.join(site_dir, search.ROOTS_FOLDER), lambda _: True)
    kept = all(each.kind == plan.KEEP and recorded.get(each.path) == each.digest for each in actions)
    old, new = _amended_record(dist_info, actions)
    return kept and old == new


def _amended_record(dist_info: str | None, actions: Sequence[plan.Action], *, gone: bool = False) -> tuple[str, str]:
    # our distribution's RECORD as it is and as it should be; without one there is nothing to amend
    text = records.read_record(dist_info) if dist_info else None
    if text is None:
        return "", ""
    add: dict[str, bytes | None] = {search.ROOTS_FOLDER: None}
    add.update({each.path: each.entry.data for each in actions if each.kind in _OURS and each.entry})
    drop = [each.path for each in actions if each.kind == plan.REMOVE] if gone else []
    # no hook runs any more when the folder that it writes to goes, and while that fails, RECORD is there
    first = [*HOOK_FILES, _TARGET_HOOK, search.ROOTS_FOLDER]
    return text, records.amended(text, add, drop, first)


__all__ = [
    "HOOK_FILES",
    "is_hook",
    "is_linked_hook",
    "is_ours_by_content",
    "is_settled",
    "may_be_ours",
    "plan_files",
    "read_recorded",
    "while_installed",
    "write_files",
]
