"""
The only module that writes, with the stages of :mod:`cuda_shims.stages`.

Every file comes into being in a stage and is moved from there to its place by :func:`os.replace`: uv hard-links
installed files from its cache, so writing into one would change every environment that shares it, and a reader must
never see half a file. What we wrote is listed, with digests, in a record of ours.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time

from . import search
from .errors import NotWritableError
from .plan import CONFLICT, CREATE, KEEP, RECORD, REMOVE, REPLACE, record_text
from .plan import digests as plan_digests
from .reading import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .plan import Action
    from .roots import Entry
    from .stages import Stage

#: what ends the name of everything that is not in its place yet
SCRATCH = ".cuda-shims-tmp"
_WINDOWS = os.name == "nt"
_EXCHANGE, _AT_FDCWD = 2, -100  # RENAME_EXCHANGE of linux/fs.h, AT_FDCWD of fcntl.h


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
    """
    Turn what the operating system says while something is written into our error.

    Of a link or a move it names two paths: the second is the one that was to be written.

    :param path: what to name when it did not say of which path it speaks
    :raises NotWritableError: for any :class:`OSError`

    """
    try:
        yield
    except OSError as error:
        raise NotWritableError(str(error.filename2 or error.filename or path), error.strerror or str(error)) from error


def write_entry(path: str, entry: Entry, stage: Stage | None = None) -> None:
    """
    Put one link or file in its place, also in that of a program that runs.

    :param path: its absolute path; its directory has to be there
    :param entry: what to put there
    :param stage: where it comes into being; without one, and where that is another file system, beside its place
    :raises OSError: and then nothing is left behind

    """
    if stage is not None:
        try:
            _move_new(stage.new(), path, entry)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            return
    _move_new(f"{path}.{os.urandom(8).hex()}{SCRATCH}", path, entry)


def _move_new(scratch: str, path: str, entry: Entry, modified: int | None = None) -> None:
    try:
        if entry.link is not None:
            os.symlink(entry.link, scratch)
        else:
            _write_new(scratch, entry)
            # what takes the place of a file that others can read or run is not for its owner alone, whatever the umask
            with contextlib.suppress(OSError):
                os.chmod(scratch, (os.stat(scratch).st_mode | os.stat(path).st_mode) & entry.mode & 0o755)
            if modified is not None:
                os.utime(scratch, ns=(modified, modified))
        try:
            os.replace(scratch, path)
        except PermissionError:
            _set_aside(path)
            os.replace(scratch, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(scratch)
        raise


def _set_aside(path: str) -> None:
    # Windows neither replaces nor removes a program that runs, but renames it, within a drive
    if not _WINDOWS or not os.path.isfile(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    from tempfile import gettempdir  # noqa: PLC0415

    name = f"{os.path.basename(path)}.{os.urandom(8).hex()}.old{SCRATCH}"
    try:
        os.rename(path, os.path.join(gettempdir(), name))
    except OSError:  # another drive: sweep() removes it later
        os.rename(path, os.path.join(os.path.dirname(path), name))


def _write_new(path: str, entry: Entry) -> None:
    # whatever the umask: never writable for group and others
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, entry.mode & 0o755), "wb") as file:
        file.write(entry.data)


def make_folders(path: str) -> None:
    """
    Make a directory and those above it; unlike :func:`os.makedirs` never writable for others, whatever the umask.

    :param path: the directory
    :raises OSError: when it cannot be made

    """
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
    except FileNotFoundError:
        make_folders(os.path.dirname(path))
        make_folders(path)


def create_root(
    stage: Stage, root: str, entries: Iterable[Entry], finish: Callable[[str], None], *, swap: bool = False
) -> bool:
    """
    Make a root in a stage, then give the stage its name in one step. Needs no lock where none is there yet.

    :param stage: a stage in the root's folder, in which nothing is
    :param root: the root's path
    :param entries: what it holds
    :param finish: declares what is in a directory finished, if it is
    :param swap: take the place of a root that is there, for what cannot be renewed entry by entry
    :returns: ``False`` when another process was faster, whose root is then the one
    :raises NotWritableError: and then the root is as it was

    """
    entries = tuple(entries)
    with writing(root):
        for entry in entries:
            path = os.path.join(stage.path, entry.path)
            make_folders(os.path.dirname(path))
            if entry.link is not None:
                os.symlink(entry.link, path)
            else:
                _write_new(path, entry)
        write_record(stage.path, plan_digests(entries), stage)
        write_stamps(stage.path, stage)
        finish(stage.path)
        try:
            if not swap:
                os.rename(stage.path, root)
            elif not _exchange(stage.path, root):
                _take_place(stage.path, root)
        except OSError as error:
            if error.errno in {errno.EEXIST, errno.ENOTEMPTY}:
                return False
            raise
    return True


def _take_place(path: str, root: str) -> None:
    # for a moment there is none
    old = f"{path[: -len(SCRATCH)]}.old{SCRATCH}"
    os.rename(root, old)
    try:
        os.rename(path, root)
    except BaseException:
        with contextlib.suppress(OSError):
            os.rename(old, root)
        raise
    discard(old)


def _exchange(one: str, other: str) -> bool:
    # renameat2(2), which Python has not; False where the kernel, the C library or the file system has none
    import ctypes  # noqa: PLC0415 # a root that cannot be renewed is rare, and this costs milliseconds

    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return not renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE)


def carry_out(folder: str, actions: Iterable[Action], stage: Stage | None = None) -> dict[str, str]:
    """
    Carry a plan out.

    :param folder: the folder that the plan is for
    :param actions: its steps
    :param stage: see :func:`write_entry`
    :returns: path to digest of what is ours there now
    :raises NotWritableError: at the first step that fails; those before it stand, and a second run goes on

    """
    owned = {}
    with writing(folder):
        for action in actions:
            path = os.path.join(folder, action.path)
            if action.kind in {CREATE, REPLACE} and action.entry is not None:
                make_folders(os.path.dirname(path))
                write_entry(path, action.entry, stage)
            elif action.kind == REMOVE:
                remove(path, folder)
            if action.kind in {CREATE, REPLACE, KEEP}:
                owned[action.path] = action.digest
            elif action.kind == CONFLICT and not action.entry:
                continue  # changed by somebody since: theirs now
    return owned


def remove(path: str, folder: str) -> None:
    """
    Remove a file or link, and the directories above it that it leaves empty.

    :param path: what to remove; it need not be there
    :param folder: directories are removed below this one only
    :raises OSError: when the file cannot be removed

    """
    with contextlib.suppress(FileNotFoundError):
        try:
            os.unlink(path)
        except PermissionError:
            _set_aside(path)
    parent = os.path.dirname(os.path.normpath(path))
    while parent.startswith(folder + os.sep):
        try:
            os.rmdir(parent)
        except OSError:
            return
        parent = os.path.dirname(parent)


def remove_tree(folder: str, *, seconds: float = 0.0) -> None:
    """
    Remove a directory of ours with all that is in it; links in it are not followed.

    :param folder: the directory; it need not be there
    :param seconds: how long to go on while others have something in it. On NFS and FUSE it is enough that one has a
        file of it open, say the lock: such a file stays, under another name, until it is closed
    :raises NotWritableError: when something in it cannot be removed

    """
    # counted, and not by a clock, which goes on while a machine sleeps
    tries = _TRIES + round(seconds / _POLL_SECONDS)
    with writing(folder):
        for number in range(1, tries + 1):
            try:
                _remove_once(folder)
            except OSError as error:  # another process makes something in it, or removes it as well
                if os.path.lexists(folder) and (number == tries or (number >= _TRIES and error.errno not in _OCCUPIED)):
                    raise
            if not os.path.lexists(folder):
                return
            if _TRIES <= number < tries:
                time.sleep(_POLL_SECONDS)


def _remove_once(folder: str) -> None:
    if os.path.islink(folder) or os.path.isfile(folder):
        os.unlink(folder)
    elif os.path.lexists(folder):
        import shutil  # noqa: PLC0415 # a root that is made first has nothing to remove, and this costs milliseconds

        # what is not whole any more may not count as finished
        for stamp in [search.FINISHED, *(os.path.join(each, search.FINISHED) for each in os.listdir(folder))]:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(os.path.join(folder, stamp))
        shutil.rmtree(folder)


#: how often a folder is removed in which others write, before that is waited for
_TRIES = 3
_POLL_SECONDS = 0.02
#: EBUSY is NFS's, of a file that was removed and is open
_OCCUPIED = {errno.ENOTEMPTY, errno.EBUSY}


def discard(path: str) -> None:
    """
    Remove what can be removed of something that is not in its place.

    :param path: a file or directory; it need not be there

    """
    with contextlib.suppress(NotWritableError, OSError):
        try:
            os.rmdir(path)  # as most of them are: empty
        except OSError:
            remove_tree(path)


def write_stamps(root: str, stage: Stage) -> None:
    """
    Give a root stamps that say: not finished.

    :param root: its path
    :param stage: where they come into being
    :raises OSError: when they cannot be written

    """
    from .roots import Entry  # noqa: PLC0415 # roots imports nothing of ours that writes; the other way round would loop

    for stamp in (search.FINISHED, search.STAMP):
        _move_new(stage.new(), os.path.join(root, stamp), Entry(stamp, None), 0)


def finish(root: str) -> None:
    """
    Declare a root finished: from now on any change of what it was made from, and of its own folders, is newer.

    :param root: its path; its stamps are ours alone, so their times can be changed where they are
    :raises OSError: when something that it was made from is gone

    """
    for stamp, paths in ((search.STAMP, search.MADE_FROM), (search.FINISHED, search.FOLDERS)):
        newest = max(os.stat(path).st_mtime_ns for path in search.listed(root, paths))
        os.utime(os.path.join(root, stamp), ns=(newest, newest))


def write_record(folder: str, digests: Mapping[str, str], stage: Stage) -> None:
    """
    Write what is ours in a folder; nothing when that is said already.

    :param folder: the folder
    :param digests: path to digest
    :param stage: where the record comes into being
    :raises OSError: when it cannot be written

    """
    from .roots import Entry  # noqa: PLC0415 # roots imports nothing of ours that writes; the other way round would loop

    path = os.path.join(folder, RECORD)
    if digests or os.path.lexists(path):
        text = record_text(digests)
        with contextlib.suppress(OSError):
            if read_bytes(path) == text:
                return
        write_entry(path, Entry(RECORD, None, text), stage)


__all__ = [
    "SCRATCH",
    "carry_out",
    "create_root",
    "discard",
    "finish",
    "make_folders",
    "remove",
    "remove_tree",
    "write_entry",
    "write_record",
    "write_stamps",
    "writing",
]
