"""
The only module that writes.

Every file comes into being under another name in its own directory and is then moved there by :func:`os.replace`: uv
hard-links installed files from its cache, so writing into one would change every environment that shares it, and a
reader must never see half a file. What we wrote is listed, with digests, in a record of ours.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time

from . import search
from .errors import NotWritableError
from .plan import CONFLICT, CREATE, KEEP, RECORD, REMOVE, REPLACE, record_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .plan import Action
    from .roots import Entry

#: what ends the name of everything that is not in its place yet
SCRATCH = ".cuda-shims-tmp"
_WINDOWS = os.name == "nt"
#: how long to wait for another process that makes the same root; a Python start must not hang longer
LOCK_SECONDS = 20.0


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


@contextlib.contextmanager
def exclusive(folder: str) -> Iterator[None]:
    """
    Keep other processes from changing what is in a folder of ours.

    :param folder: the folder; it is made if it is not there
    :raises NotWritableError: when the lock cannot be had

    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 # costs more than making a root, which needs no lock

    with writing(folder):
        make_folders(folder)
        lock = FileLock(os.path.join(folder, ".lock"), timeout=LOCK_SECONDS, mode=0o644)
        try:
            lock.acquire()
        except Timeout as error:
            raise NotWritableError(folder, f"another process has held its lock for {LOCK_SECONDS:.0f} s") from error
    try:
        yield
    finally:
        lock.release()


def write_entry(path: str, entry: Entry) -> None:
    """
    Put one link or file in its place, also in that of a program that runs.

    :param path: its absolute path; directories above it are made
    :param entry: what to put there
    :raises OSError: and then nothing is left behind

    """
    make_folders(os.path.dirname(path))
    scratch = f"{path}.{os.getpid()}{SCRATCH}"
    try:
        if entry.link is not None:
            os.symlink(entry.link, scratch)
        else:
            _write_new(scratch, entry)
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

    name = f"{os.path.basename(path)}.{os.getpid()}.old{SCRATCH}"
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
    root: str, entries: Iterable[Entry], digests: Mapping[str, str], newest: int, *, swap: bool = False
) -> bool:
    """
    Make a root beside its place, then move it there in one step. Needs no lock where none is there yet.

    :param root: its path
    :param entries: what it holds
    :param digests: path to digest of each entry, for the record
    :param newest: its stamp's modification time, see :func:`cuda_shims.plan.newest_change`
    :param swap: take the place of a root that is there: for a moment there is none (Python cannot exchange two names),
        so this is for what cannot be renewed entry by entry
    :returns: ``False`` when another process was faster, whose root is then the one
    :raises NotWritableError: and then nothing is left behind

    """
    scratch = f"{root}.{os.getpid()}{SCRATCH}"
    with writing(root):
        try:
            _discard(scratch)  # a killed process with our number
            for entry in entries:
                path = os.path.join(scratch, entry.path)
                make_folders(os.path.dirname(path))
                if entry.link is not None:
                    os.symlink(entry.link, path)
                else:
                    _write_new(path, entry)
            write_record(scratch, digests)
            write_stamp(scratch, newest)
            if swap:
                os.rename(root, f"{root}.old.{os.getpid()}{SCRATCH}")
            os.rename(scratch, root)
        except OSError as error:
            _discard(scratch)
            if error.errno in {errno.EEXIST, errno.ENOTEMPTY}:
                return False
            raise
        except BaseException:
            _discard(scratch)
            raise
        if swap:
            _discard(f"{root}.old.{os.getpid()}{SCRATCH}")
    return True


def carry_out(folder: str, actions: Iterable[Action]) -> dict[str, str]:
    """
    Carry a plan out.

    :param folder: the folder that the plan is for
    :param actions: its steps
    :returns: path to digest of what is ours there now
    :raises NotWritableError: at the first step that fails; those before it stand, and a second run goes on

    """
    owned = {}
    with writing(folder):
        for action in actions:
            path = os.path.join(folder, action.path)
            if action.kind in {CREATE, REPLACE} and action.entry is not None:
                write_entry(path, action.entry)
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


def remove_tree(folder: str) -> None:
    """
    Remove a directory of ours with all that is in it; links in it are not followed.

    :param folder: the directory; it need not be there
    :raises NotWritableError: when something in it cannot be removed

    """
    with writing(folder):
        if os.path.lexists(folder):
            import shutil  # noqa: PLC0415 # a root that is made first has nothing to remove, and this costs milliseconds

            shutil.rmtree(folder)


def _discard(path: str) -> None:
    # remove what can be removed of something unfinished
    with contextlib.suppress(NotWritableError, OSError):
        if os.path.isfile(path) or os.path.islink(path):
            os.unlink(path)
        else:
            remove_tree(path)


def sweep(folder: str) -> None:
    """
    Remove what killed processes left unfinished.

    :param folder: a folder of ours

    """
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):  # its owner is alive and has just moved it
            # an unfinished root of a process that is alive now is younger than this
            if name.endswith(SCRATCH) and time.time() - os.lstat(path).st_mtime > 2 * LOCK_SECONDS:
                _discard(path)


def sweep_outside(folder: str) -> None:
    """
    Remove roots whose environment is gone.

    :param folder: the folder of all roots that are not beside their wheels

    """
    for key in os.listdir(folder):
        with contextlib.suppress(OSError):  # not a folder, or another process is sweeping
            for name in os.listdir(os.path.join(folder, key)):
                link = os.path.join(folder, key, name, search.SITE)
                if os.path.islink(link) and not os.path.exists(link):
                    _discard(os.path.join(folder, key))


def write_stamp(root: str, newest: int) -> None:
    """
    Declare a root finished.

    :param root: its path
    :param newest: see :func:`cuda_shims.plan.newest_change`
    :raises OSError: when it cannot be written

    """
    path = os.path.join(root, search.STAMP)
    scratch = f"{path}.{os.getpid()}{SCRATCH}"
    try:
        os.close(os.open(scratch, os.O_WRONLY | os.O_CREAT, 0o644))
        os.utime(scratch, ns=(newest, newest))
        os.replace(scratch, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(scratch)
        raise


def write_record(folder: str, digests: Mapping[str, str]) -> None:
    """
    Write what is ours in a folder; nothing when that is said already.

    :param folder: the folder
    :param digests: path to digest
    :raises OSError: when it cannot be written

    """
    from .roots import Entry  # noqa: PLC0415 # roots imports nothing of ours that writes; the other way round would loop

    if digests or os.path.lexists(os.path.join(folder, RECORD)):
        text = record_text(digests)
        path = os.path.join(folder, RECORD)
        with contextlib.suppress(OSError), open(path, "rb") as file:
            if file.read() == text:
                return
        write_entry(path, Entry(RECORD, None, text))


__all__ = [
    "SCRATCH",
    "carry_out",
    "create_root",
    "exclusive",
    "make_folders",
    "remove",
    "remove_tree",
    "sweep",
    "sweep_outside",
    "write_entry",
    "write_record",
    "write_stamp",
    "writing",
]
