"""
The removal of cuda-shims from an environment: which files, and in which order.

Whatever interrupts it, no hook runs in the remaining files, and pip, uv and a second run know them. The start-up files
are removed first, and the ``.dist-info`` with RECORD last. Whole folders are removed by one move, so that the package
is never incomplete.
"""

from __future__ import annotations

import glob
import os
import sys

from _cuda_shims import MADE_FROM, ROOTS_FOLDER
from _cuda_shims.caches import cache_folders, is_private
from _cuda_shims.places import Place
from cuda_shims.environment import record as records
from cuda_shims.environment.environment import current_environment
from cuda_shims.environment.ours import find_dist_info, recorded_file
from cuda_shims.files import plan, replace, write
from cuda_shims.files import stage as stages
from cuda_shims.files.action import CONFLICT, REMOVE, Change
from cuda_shims.files.read import read_bytes
from cuda_shims.installation import conda
from cuda_shims.installation import own as own_files
from cuda_shims.installation.packages import is_package_link
from cuda_shims.installation.refresh import may_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.environment.environment import Environment

_CHANGED = "it has changed since we wrote it; --force removes it"
_BY_HAND = "remove it when no process uses it"
#: how long to wait for a folder in which others have a file open
_SECONDS = 1.0
_ELSEWHERE = "RECORD names it, but cuda-shims has no files there"


def uninstall(environment: Environment | None = None, *, dry_run: bool = False, force: bool = False) -> list[Change]:
    """
    Remove cuda-shims from an environment, its distribution included (the start-up hook would create the rest again).

    :param environment: the environment; by default that of this process
    :param dry_run: change nothing
    :param force: also remove cuda-shims' own files that somebody has changed
    :returns: the changes, with a ``conflict`` for what was left because somebody changed or uses it
    :raises NotWritableError: when something cannot be removed; a second run continues

    """
    environment = environment or current_environment()
    with write.writing(environment.site_dir):
        return _uninstall(environment, dry_run=dry_run, force=force)


def _uninstall(environment: Environment, *, dry_run: bool, force: bool) -> list[Change]:
    files = dict(_recorded_files(environment))
    files.update(_distribution_files(environment))
    scripts = environment.scripts
    conda_files = conda.owners(scripts, [os.path.basename(path) for path in files if os.path.dirname(path) == scripts])
    condas = {os.path.join(scripts, name): package for name, package in conda_files.items()}
    left = {path for path, note in files.items() if note and (not force or note == _ELSEWHERE or path in condas)}
    gone = [path for path in files if path not in left]
    folders = _folders(environment)
    no_record = bool(environment.dist_info and records.read_record(environment.dist_info) is None)
    stayed = [] if dry_run else _remove(environment, gone, folders)
    changes = [Change(REMOVE, "file", path, _restoring(condas.get(path))) for path in gone]
    changes += [Change(REMOVE, "root", path) for path in folders if path not in [each.path for each in stayed]]
    changes += stayed
    for path in sorted(left):  # for example, conda has put its file back over a shim
        note = f"it belongs to conda's {condas[path]}" if path in condas else files[path]
        changes.append(Change(CONFLICT, "file", path, note))
    if no_record:
        note = "it has no RECORD: remove the package with the tool that installed it"
        changes.append(Change(CONFLICT, "package", str(environment.dist_info), note))
    return changes


def _restoring(package: str | None) -> str:
    # pip had put the shim into the place of conda's file
    return f"conda's {package} has a file with that name: {conda.restoring([package])}" if package else ""


def _site_dirs(environment: Environment) -> Iterator[str]:
    for site_dir in environment.site_dirs:
        # a directory that has another cuda-shims is another environment's (--system-site-packages)
        if site_dir == environment.site_dir or (may_write(site_dir) and not find_dist_info([site_dir])):
            yield site_dir


def _folders(environment: Environment) -> list[str]:
    beside = [os.path.join(site_dir, ROOTS_FOLDER) for site_dir in _site_dirs(environment)]
    return [path for path in (*_cached(environment), *beside) if os.path.lexists(path)]


def _cached(environment: Environment) -> Iterator[str]:
    # roots of this environment's wheels in the user's cache; its folder may hold those of others with longer paths
    for site_dir in environment.site_dirs:
        if site_dir == environment.site_dir or not find_dist_info([site_dir]):
            for root, limit in Place(site_dir, 0).elsewhere(os.environ):
                folder = os.path.dirname(root)
                try:
                    names = os.listdir(folder) if is_private(root, limit) else []
                except OSError:
                    continue
                yield from (os.path.join(folder, name) for name in sorted(names) if _is_root(name))


def _is_root(name: str) -> bool:
    kept, _, digest = name.lstrip(".").partition("-")
    return name.endswith(write.SCRATCH) or (kept.startswith("cu") and kept[2:].isdigit() and digest != "")


def _recorded_files(environment: Environment) -> Iterator[tuple[str, str]]:
    # what install and the hook wrote; with each path the reason to keep it, if there is one
    for site_dir in _site_dirs(environment):
        recorded = own_files.read_recorded(site_dir, environment.scripts)
        for action in plan.removals(site_dir, recorded):
            path = os.path.normpath(os.path.join(site_dir, action.path))
            # recorded, but not written yet when a process was killed: the file is our wheel's
            ours = action.kind == REMOVE or (os.path.isfile(path) and own_files.is_ours_by_content(path))
            yield path, "" if ours else _CHANGED
        hook = os.path.join(site_dir, own_files.TARGET_HOOK)
        if os.path.isfile(hook) and own_files.is_ours_by_content(hook):  # an upgrade has removed the ledger
            yield hook, ""
            yield from ((each, "") for each in _byte_code(hook))


def _distribution_files(environment: Environment) -> Iterator[tuple[str, str]]:
    # what the installer wrote, and the byte code of it; likewise
    if environment.dist_info is None:
        return
    site_dir = environment.site_dir
    lines = records.record_lines(records.read_record(environment.dist_info) or "")
    for line, (digest, _) in lines.items():
        path = recorded_file(site_dir, line) if "\0" not in line else ""
        if not os.path.lexists(path) or (os.path.isdir(path) and not is_package_link(path)):
            continue
        if not own_files.may_be_ours(site_dir, environment.scripts, path):
            yield path, _ELSEWHERE
            continue
        yield path, "" if _is_as_written(path, digest) or own_files.is_ours_by_content(path) else _CHANGED
        if path.endswith(".py"):
            yield from ((each, "") for each in _byte_code(path))


def _byte_code(path: str) -> list[str]:
    # of whichever interpreter
    cached = os.path.join(os.path.dirname(path), "__pycache__", os.path.basename(path)[:-3])
    return glob.glob(f"{glob.escape(cached)}.*.pyc")


def _is_as_written(path: str, digest: str) -> bool:
    try:
        return not digest or records.record_hash(read_bytes(path)) == digest
    except OSError:  # no regular file
        return False


def _remove(environment: Environment, gone: list[str], folders: list[str]) -> list[Change]:
    sys.dont_write_bytecode = True  # of a module that is imported from here on nobody would remove it
    for path in filter(own_files.is_hook, gone):
        replace.remove(path, environment.site_dir)
    # what a start of Python wrote before that: the list goes with the folder
    gone += [path for path, note in _recorded_files(environment) if not note and path not in gone]
    for folder in folders:
        try:
            names = os.listdir(folder)
        except (FileNotFoundError, NotADirectoryError):  # a start of Python has taken it back; a link
            names = []
        for name in sorted(names, reverse=True) if os.path.basename(folder) == ROOTS_FOLDER else ():  # links first
            if name.lstrip(".").startswith("cu"):  # not what we wrote down: shims are known by it
                write.remove_tree(os.path.join(folder, name), seconds=_SECONDS, first=MADE_FROM)
    if environment.dist_info:
        try:
            with stages.Stage(os.path.join(environment.site_dir, ROOTS_FOLDER)) as stage:
                _remove_distribution(environment, environment.dist_info, gone, stage)
        except OSError:  # no folder can be made on a full disk; or this fails again
            _remove_distribution(environment, environment.dist_info, gone, None)
    else:
        for path in gone:
            replace.remove(path, environment.site_dir)
    # last, and again: a hook that began before the start-up files were removed may have made a root since
    return [change for folder in _folders(environment) for change in _remove_folder(folder)]


def _remove_folder(folder: str) -> Iterator[Change]:
    try:
        write.remove_tree(folder, seconds=_SECONDS, first=MADE_FROM)
    except OSError as error:  # a second run cannot continue: cuda-shims is gone
        yield Change(CONFLICT, "root", folder, f"{error.strerror}; {_BY_HAND}")
    if os.path.basename(folder) != ROOTS_FOLDER:
        for cache, _ in cache_folders(os.environ):
            if folder.startswith(cache + os.sep):
                write.remove_empty(os.path.dirname(folder), os.path.dirname(cache))


def _remove_distribution(environment: Environment, dist_info: str, gone: list[str], stage: stages.Stage | None) -> None:
    site_dir = environment.site_dir
    going = set(gone)
    tops = {os.path.relpath(path, site_dir).split(os.sep)[0] for path in gone}
    packages = sorted(os.path.join(site_dir, top) for top in tops if top not in {os.pardir, "__pycache__"})
    packages = [each for each in packages if each != dist_info and os.path.isdir(each)]
    in_folders = tuple(os.path.join(each, "") for each in (*packages, dist_info))
    for path in gone:
        if not path.startswith(in_folders):
            replace.remove(path, site_dir)
    for folder in (*packages, dist_info):
        inside = [os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names]
        if stage is None or not going.issuperset(inside) or not _move_away(folder, stage):
            record = os.path.join(folder, "RECORD")
            for path in sorted(going.intersection(inside), key=lambda path: (path == record, path)):
                replace.remove(path, site_dir)


def _move_away(folder: str, stage: stages.Stage) -> bool:
    try:
        os.rename(folder, stage.new())
    except OSError:  # Windows: a program in it runs
        return False
    return True
