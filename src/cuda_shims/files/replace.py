"""
How a file replaces another one.

Every file is created in a stage and moved from there with :func:`os.replace`. uv hard-links installed files from its
cache, so writing into one would change every environment that shares it, and a reader must never see half a file. Our
ledger lists what we wrote, with digests.
"""

from __future__ import annotations

import errno
import os
import stat

from cuda_shims.files.action import CREATE, KEEP, REMOVE, REPLACE
from cuda_shims.files.entry import Entry
from cuda_shims.files.ledger import LEDGER, ledger_text
from cuda_shims.files.read import read_bytes
from cuda_shims.files.rights import OWN
from cuda_shims.files.write import SCRATCH, make, remove_empty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cuda_shims.files.action import Action
    from cuda_shims.files.rights import Rights
    from cuda_shims.files.stage import Stage

_WINDOWS = os.name == "nt"


def write_entry(path: str, entry: Entry, stage: Stage | None = None) -> None:
    """
    Put one link or file in its place, even if it is a running program.

    :param path: its absolute path; its directory must exist
    :param entry: what to put there
    :param stage: where it is made first, and whose rights it has; without a stage, or if the stage is on another file
        system, it is made next to its place
    :raises OSError: when it cannot be written; nothing is left behind

    """
    rights = OWN if stage is None else stage.rights
    if stage is not None:
        try:
            _move_new(stage.new(), path, entry, rights)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            return
    _move_new(f"{path}.{os.urandom(8).hex()}{SCRATCH}", path, entry, rights)


def _move_new(scratch: str, path: str, entry: Entry, rights: Rights) -> None:
    try:
        make(scratch, entry, rights)
        _inherit(scratch, path, entry, rights)
        try:
            os.replace(scratch, path)
        except PermissionError:
            _set_aside(path)
            os.replace(scratch, path)
    except BaseException:
        try:
            os.unlink(scratch)
        except OSError:
            pass
        raise


def _inherit(scratch: str, path: str, entry: Entry, rights: Rights) -> None:
    # the new file keeps the old one's owner and readers; only the owner, and a group that may write to everything
    # there, may write to it
    try:
        old = os.lstat(path)
    except OSError:
        return
    if entry.link is not None or not stat.S_ISREG(old.st_mode) or _WINDOWS:
        return
    new = os.stat(scratch)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        try:
            os.chown(scratch, old.st_uid, old.st_gid)
        except OSError:
            pass
    os.chmod(scratch, (old.st_mode & (0o755 | rights.group)) | (entry.mode & 0o755))


def _set_aside(path: str) -> None:
    # Windows neither replaces nor removes a running program, but renames it, within a drive
    if not _WINDOWS or not os.path.isfile(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    from tempfile import gettempdir  # noqa: PLC0415

    name = f"{os.path.basename(path)}.{os.urandom(8).hex()}.old{SCRATCH}"
    try:
        os.rename(path, os.path.join(gettempdir(), name))
    except OSError:  # another drive: sweep() removes it later
        os.rename(path, os.path.join(os.path.dirname(path), name))


def carry_out(folder: str, actions: Iterable[Action], stage: Stage | None = None) -> dict[str, str]:
    """
    Carry a plan out.

    :param folder: the folder of the plan
    :param actions: its steps
    :param stage: see :func:`write_entry`
    :returns: path to digest of what is ours there now
    :raises OSError: at the first step that fails; earlier steps stand, and a second run continues

    """
    owned = {}
    for action in actions:
        path = os.path.join(folder, action.path)
        if action.kind in {CREATE, REPLACE} and action.entry is not None:
            (OWN if stage is None else stage.rights).make_folders(os.path.dirname(path))
            try:
                write_entry(path, action.entry, stage)
            except OSError:
                if action.entry.link is None:
                    raise
                continue
        elif action.kind == REMOVE:
            remove(path, folder)
        if action.kind in {CREATE, REPLACE, KEEP}:
            owned[action.path] = action.digest
    return owned


def remove(path: str, folder: str) -> None:
    """
    Remove a file or link, and the directories above it that it leaves empty.

    :param path: what to remove; it need not exist
    :param folder: only directories below this one are removed
    :raises OSError: when the file cannot be removed

    """
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except PermissionError:
        _set_aside(path)
    remove_empty(os.path.dirname(os.path.normpath(path)), folder)


def write_ledger(folder: str, digests: Mapping[str, str], stage: Stage) -> None:
    """
    Write the ledger of a folder, unless it says the same already.

    :param folder: the folder
    :param digests: path to digest, of what is ours there
    :param stage: where the ledger is made first
    :raises OSError: when it cannot be written

    """
    path = os.path.join(folder, LEDGER)
    if digests or os.path.lexists(path):
        text = ledger_text(digests)
        try:
            if read_bytes(path) == text:
                return
        except OSError:
            pass
        write_entry(path, Entry(LEDGER, None, text), stage)
