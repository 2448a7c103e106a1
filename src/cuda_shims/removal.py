"""
The removal of cuda-shims from an environment: what goes, and in which order.

Whatever interrupts it, no hook runs in what is left, and what is left is known to pip, uv and a second run: the
start-up files go first, and the ``.dist-info`` with RECORD last. Whole folders go by one move, so that the package is
never half there.
"""

from __future__ import annotations

import contextlib
import glob
import os
import sys

from . import apply, conda, own_files, plan, records, search, stages
from .environments import current_environment, find_dist_info, recorded_file
from .errors import NotWritableError
from .plan import CONFLICT, REMOVE, Change
from .reading import read_bytes
from .root_maker import is_ours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .environments import Environment

_CHANGED = "it is not as we wrote it; --force removes it"
_BY_HAND = "remove it when no process uses it"
_ELSEWHERE = "RECORD names it, and it is in no place of cuda-shims"


def uninstall(environment: Environment | None = None, *, dry_run: bool = False, force: bool = False) -> list[Change]:
    """
    Remove all that is ours from an environment, the distribution included: the hook would make the rest again.

    :param environment: where; by default the environment of this process
    :param dry_run: only say what would be done
    :param force: remove files of ours that somebody changed since, too
    :returns: what was removed, and a ``conflict`` for what was left: it is not as we wrote it, or others use it
    :raises NotWritableError: when something cannot be removed; a second run goes on

    """
    environment = environment or current_environment()
    files = dict(_recorded_files(environment))
    files.update(_distribution_files(environment))
    scripts = environment.scripts
    conda_files = conda.owners(scripts, [os.path.basename(path) for path in files if os.path.dirname(path) == scripts])
    condas = {os.path.join(scripts, name): package for name, package in conda_files.items()}
    left = {path for path, note in files.items() if note and (not force or note == _ELSEWHERE or path in condas)}
    gone = [path for path in files if path not in left]
    folders = [path for path in _folders(environment) if os.path.lexists(path)]
    no_record = bool(environment.dist_info and records.read_record(environment.dist_info) is None)
    stayed = [] if dry_run else _remove(environment, gone, folders)
    changes = [Change(REMOVE, "file", path, _restoring(condas.get(path))) for path in gone]
    changes += [Change(REMOVE, "root", path) for path in folders if path not in [each.path for each in stayed]]
    changes += stayed
    for path in sorted(left):  # conda has put its file back in the place of a shim, say
        note = f"it belongs to conda's {condas[path]}" if path in condas else files[path]
        changes.append(Change(CONFLICT, "file", path, note))
    if no_record:
        note = "it has no RECORD: remove the package with the tool that installed it"
        changes.append(Change(CONFLICT, "package", str(environment.dist_info), note))
    return changes


def _restoring(package: str | None) -> str:
    # pip had put the shim into the place of conda's file
    return f"conda's {package} has one of that name: {conda.restoring([package])}" if package else ""


def _site_dirs(environment: Environment) -> Iterator[str]:
    for site_dir in environment.site_dirs:
        # a directory that has a cuda-shims of its own is another environment's (--system-site-packages)
        if site_dir == environment.site_dir or (is_ours(site_dir) and not find_dist_info([site_dir])):
            yield site_dir


def _folders(environment: Environment) -> Iterator[str]:
    for site_dir in _site_dirs(environment):
        yield os.path.dirname(search.outside_root_path(site_dir, 0))
        yield os.path.join(site_dir, search.ROOTS_FOLDER)


def _recorded_files(environment: Environment) -> Iterator[tuple[str, str]]:
    # what install and the hook wrote; with each path why it may not go, if it may not
    for site_dir in _site_dirs(environment):
        recorded = own_files.read_recorded(site_dir, environment.scripts)
        for action in plan.removals(site_dir, recorded):
            path = os.path.normpath(os.path.join(site_dir, action.path))
            # written down, and not written yet when a process was killed: the file of our wheel is there
            ours = action.kind == REMOVE or (os.path.isfile(path) and own_files.is_ours_by_content(path))
            yield path, "" if ours else _CHANGED


def _distribution_files(environment: Environment) -> Iterator[tuple[str, str]]:
    # what the installer wrote, and the byte code of it; likewise
    if environment.dist_info is None:
        return
    site_dir = environment.site_dir
    lines = records.record_lines(records.read_record(environment.dist_info) or "")
    for line, (digest, _) in lines.items():
        path = recorded_file(site_dir, line) if "\0" not in line else ""
        if not os.path.lexists(path) or os.path.isdir(path):
            continue
        if not own_files.may_be_ours(site_dir, environment.scripts, path):
            yield path, _ELSEWHERE
            continue
        yield path, "" if _is_as_written(path, digest) or own_files.is_ours_by_content(path) else _CHANGED
        if path.endswith(".py"):  # byte code, of whichever interpreter
            cached = os.path.join(os.path.dirname(path), "__pycache__", os.path.basename(path)[:-3])
            for each in glob.glob(f"{glob.escape(cached)}.*.pyc"):
                yield each, ""


def _is_as_written(path: str, digest: str) -> bool:
    try:
        return not digest or records.record_hash(read_bytes(path)) == digest
    except OSError:  # no regular file
        return False


def _remove(environment: Environment, gone: list[str], folders: list[str]) -> list[Change]:
    sys.dont_write_bytecode = True  # of a module that is imported from here on nobody would remove it
    for path in filter(own_files.is_hook, gone):
        _remove_file(path, environment.site_dir)
    for folder in folders:
        names = []
        with apply.writing(folder), contextlib.suppress(FileNotFoundError):  # a start of Python has taken it back
            names = os.listdir(folder)
        for name in names:
            if name.startswith("cu"):  # not what we wrote down: shims are known by it
                apply.remove_tree(os.path.join(folder, name), seconds=stages.LOCK_SECONDS)
    if environment.dist_info:
        try:
            with stages.stage(os.path.join(environment.site_dir, search.ROOTS_FOLDER)) as stage:
                _remove_distribution(environment, environment.dist_info, gone, stage)
        except NotWritableError:  # a disk is so full that no folder can be made; or this fails again
            _remove_distribution(environment, environment.dist_info, gone, None)
    else:
        for path in gone:
            _remove_file(path, environment.site_dir)
    # last, and again: a hook that had begun before the start-up files went may have made a root since
    return [change for folder in _folders(environment) for change in _remove_folder(folder)]


def _remove_folder(folder: str) -> Iterator[Change]:
    try:
        apply.remove_tree(folder, seconds=stages.LOCK_SECONDS)
    except NotWritableError as error:  # no second run goes on: there is no cuda-shims any more
        yield Change(CONFLICT, "root", folder, f"{error.reason}; {_BY_HAND}")


def _remove_distribution(environment: Environment, dist_info: str, gone: list[str], stage: stages.Stage | None) -> None:
    site_dir = environment.site_dir
    going = set(gone)
    tops = {os.path.relpath(path, site_dir).split(os.sep)[0] for path in gone}
    packages = sorted(os.path.join(site_dir, top) for top in tops if top not in {os.pardir, "__pycache__"})
    packages = [each for each in packages if each != dist_info and os.path.isdir(each)]
    in_folders = tuple(os.path.join(each, "") for each in (*packages, dist_info))
    for path in gone:
        if not path.startswith(in_folders):
            _remove_file(path, site_dir)
    for folder in (*packages, dist_info):
        inside = [os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names]
        if stage is None or not going.issuperset(inside) or not _move_away(folder, stage):
            record = os.path.join(folder, "RECORD")
            for path in sorted(going.intersection(inside), key=lambda path: (path == record, path)):
                _remove_file(path, site_dir)


def _move_away(folder: str, stage: stages.Stage) -> bool:
    try:
        os.rename(folder, stage.new())
    except OSError:  # Windows: a program in it runs
        return False
    return True


def _remove_file(path: str, site_dir: str) -> None:
    with apply.writing(path):
        apply.remove(path, site_dir)


__all__ = ["uninstall"]
