"""
The one way to write a root: whole, where nobody sees it, then in one step.

A root is a directory ``.cu13-XXXXXXXX`` that never changes after it has its name. A link ``cu13`` next to it is
switched with one :func:`os.replace`. That also works on an overlay's lower layer, and needs no lock. A build that has
resolved the link continues with its root, because the previous root stays until the next one is made. On Windows,
which has no links, the directory itself has the name.
"""

from __future__ import annotations

import os

from _cuda_shims import MADE_FROM, OWN_FOLDERS, WHEELS_ARE_ROOT
from cuda_shims.files import stage as stages
from cuda_shims.files import times, tree, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cuda_shims.files.rights import Rights
    from cuda_shims.root.build import RootPlan

#: how many letters end a version's name: cu13-XXXXXXXX, of another search path, is not a version of cu13
_RANDOM = 8


def write_root(
    wanted: RootPlan, rights: Rights, *, unless: Callable[[], bool] = lambda: False, force: bool = False
) -> bool:
    """
    Make a root, and replace the previous one.

    :param wanted: what it holds
    :param rights: the rights of everything in it
    :param unless: called last: whether another process was faster
    :param force: put it there even if its sources have changed in the meantime: the next start makes it again
    :returns: ``False`` if it was not put there: another process was faster, or the sources have changed in the
        meantime
    :raises OSError: when it cannot be made; the previous root stays as it was

    """
    folder, name = os.path.split(wanted.path)
    with stages.Stage(folder, rights) as stage:
        # the existing ones: another process may make more in the meantime, which we must not judge
        versions = [each for each in os.listdir(folder) if each[:-_RANDOM] == f".{name}-"]
        made = os.path.join(stage.path, name)
        for folder in _own_folders(made):  # even if they stay empty: a start examines them
            rights.make_folder(folder)
        tree.fill(made, wanted.entries, rights)
        _finish(made, wanted)
        if unless() or (wanted.is_outdated() and not force):
            return False
        if WHEELS_ARE_ROOT:
            _take_place(made, wanted.path, stage)
        else:
            _switch(made, wanted.path, stage, versions)
    return True


def _finish(made: str, wanted: RootPlan) -> None:
    # its time means that any change of what it was made from, and of its own folders, is newer from now on
    stamp = os.path.join(made, MADE_FROM)
    newest = times.set_time(stamp, max(wanted.seen)) if wanted.seen else None
    if newest is None:
        os.utime(stamp, ns=(0, 0))
        return
    for folder in _own_folders(made):
        os.utime(folder, ns=(newest, newest))


def _own_folders(made: str) -> list[str]:
    return [made + each for each in OWN_FOLDERS if each != "/bin" or not WHEELS_ARE_ROOT]


def _switch(made: str, path: str, stage: stages.Stage, versions: list[str]) -> None:
    folder, name = os.path.split(path)
    version = f".{name}-{os.urandom(_RANDOM // 2).hex()}"
    link = stage.new()
    os.symlink(version, link)
    stage.rights.give(link)
    descriptor = stages.lock(made)  # until the link names it: then nobody takes it for abandoned
    try:
        os.rename(made, os.path.join(folder, version))
        try:
            previous = _current(path)
            try:
                os.replace(link, path)
            except OSError:
                if os.path.islink(path) or not os.path.isdir(path):
                    raise
                _move_aside(path, stage)
                os.replace(link, path)
        except BaseException:
            write.discard(os.path.join(folder, version))
            raise
    finally:
        stages.release(descriptor)
    for each in versions:
        if each != previous:
            try:
                _discard(path, each, stage)
            except OSError:  # another process has done so
                pass


def _discard(path: str, version: str, stage: stages.Stage) -> None:
    # one that no link names, by a process that was killed, or that was replaced before the last time
    whole = os.path.join(os.path.dirname(path), version)
    age = stage.now() - os.lstat(whole).st_ctime  # its other times are those of the wheels
    stages.discard_abandoned(whole, age, unused=lambda: _current(path) != version)


def _current(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _move_aside(path: str, stage: stages.Stage) -> None:
    try:
        os.rename(path, stage.new())
    except OSError:  # EXDEV: an overlay does not move a directory of a lower layer
        write.remove_tree(path, first=MADE_FROM)


def _take_place(made: str, path: str, stage: stages.Stage) -> None:
    # for a moment there is none
    old = stage.new()
    there = os.path.lexists(path)
    if there:
        os.rename(path, old)
    try:
        os.rename(made, path)
    except BaseException:
        if there:
            os.rename(old, path)
        raise
