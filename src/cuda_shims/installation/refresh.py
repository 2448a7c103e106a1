"""Makes a missing or stale root of a toolkit, for a start of Python and for the commands."""

from __future__ import annotations

import errno
import os

import _cuda_shims
from _cuda_shims import ROOTS_FOLDER, WHEELS_ARE_ROOT
from _cuda_shims.caches import is_private
from _cuda_shims.places import is_build_environment
from cuda_shims.files import write
from cuda_shims.files.rights import OWN, rights_of
from cuda_shims.root.build import plan_root
from cuda_shims.root.write import write_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from _cuda_shims.places import Place
    from cuda_shims.environment.toolkit import Toolkit
    from cuda_shims.files.rights import Rights

_SHARED = "others can write to it"
#: the errors for a folder that somebody removes at this moment: an uninstaller, or another process that tidies up
_REMOVED = {errno.ENOENT, errno.ENOTEMPTY, errno.ESTALE}


def make_root(place: Place, environ: Mapping[str, str] | None = None) -> str:
    """
    Make a toolkit's root if it is missing or stale, and update the shims and our RECORD.

    :param place: where its wheels are
    :param environ: the variables that say where a cache is; by default ``os.environ``
    :returns: the value of CUDA_HOME
    :raises NotWritableError: when it cannot be made anywhere; nothing is left behind
    :raises UninstalledError: when cuda-shims was uninstalled in the meantime

    """
    environ = os.environ if environ is None else environ
    root = place.usable_root(environ)
    if root is not None:
        return root
    rights = rights_in(place.site_dir)
    if rights is None and not os.path.exists(_cuda_shims.__file__):
        from cuda_shims.errors import UninstalledError  # noqa: PLC0415

        raise UninstalledError(place.site_dir)  # nobody would remove a root in a cache
    # where nobody keeps anything, RECORD and a shim that names its toolkit are useless: a build has the root
    # on PATH before it
    if rights is None or is_build_environment(place.site_dir):
        return make_first(place, environ, rights)
    from cuda_shims.installation.stamp import Stamps  # noqa: PLC0415 # not needed in a build environment

    stamps = Stamps(place, rights)
    with stamps.installed as installed, stamps.lock:
        return make_first(place, environ, rights, before=stamps.stamp, check=installed.check)


def rights_in(site_dir: str) -> Rights | None:
    """
    Tell whether a start of Python may write to a site-packages directory, and with which rights.

    :param site_dir: the directory
    :returns: the rights of new files; ``None`` if cuda-shims was never installed or told to install there, and if
        only we could remove the new files

    """
    try:
        return rights_of(site_dir) if may_write(site_dir) else None
    except OSError:
        return None


def may_write(site_dir: str) -> bool:
    """Tell whether we may write to a site-packages directory without a command."""
    if is_build_environment(site_dir):
        return True
    from cuda_shims.environment.ours import find_dist_info  # noqa: PLC0415 # not needed in a build environment
    from cuda_shims.files.ledger import LEDGER  # noqa: PLC0415

    return bool(find_dist_info([site_dir])) or os.path.exists(os.path.join(site_dir, ROOTS_FOLDER, LEDGER))


def is_foreign(folder: str, place: Place) -> bool:
    """Tell whether the owner of the folder of our roots is somebody who could not change the wheels either."""
    if WHEELS_ARE_ROOT or not os.path.lexists(folder):
        return False
    owners = {os.stat(each).st_uid for each in (place.owned, place.site_dir)}
    return os.lstat(folder).st_uid not in {0, os.geteuid(), *owners}


def allowed_paths(place: Place, environ: Mapping[str, str], rights: Rights | None) -> Iterator[tuple[str, str | None]]:
    """
    Name the paths that a root may have.

    :param place: the toolkit's wheels
    :param environ: the environment variables; see :meth:`_cuda_shims.places.Place.elsewhere`
    :param rights: the result of :func:`rights_in`; with ``None`` no path next to the wheels is allowed
    :returns: (path, limit) of each: see :meth:`_cuda_shims.places.Place.paths`

    """
    return (each for each in place.paths(environ) if each[1] is not None or rights is not None)


def make_first(  # noqa: PLR0913
    place: Place,
    environ: Mapping[str, str],
    rights: Rights | None,
    *,
    before: Callable[[Toolkit], None] = lambda _: None,
    check: Callable[[], None] = lambda: None,
    anew: bool = False,
) -> str:
    """Make a root in the first place that works."""
    failure: OSError | None = None
    tried = os.path.join(place.site_dir, ROOTS_FOLDER)
    for path, limit in allowed_paths(place, environ, rights):
        check()  # the uv that we waited for may have uninstalled it
        folder = os.path.dirname(path)
        try:
            if limit is not None:
                _make_private(folder, limit)
            elif is_foreign(folder, place):
                raise PermissionError(errno.EPERM, "it belongs to another user", folder)
            try:
                with _only_one(folder):
                    _make(place, path, limit, OWN if limit is not None or rights is None else rights, before, anew=anew)
            except BaseException:
                write.remove_empty(folder, limit or place.site_dir)
                raise
        except OSError as error:
            failure, tried = failure or error, path
            # no reason for a root elsewhere, which no uninstaller finds. Nor can the signs that it is at work be relied
            # on: a file system of other hosts tells of them late (tests/e2e/test_races.py, over FUSE)
            if limit is None and error.errno in _REMOVED and not os.path.islink(folder):
                check()
                break
        else:
            return place.wheels if WHEELS_ARE_ROOT else path
    with write.writing(tried):
        raise failure or PermissionError(errno.EPERM, "there is no folder for it", tried)


def _make(  # noqa: PLR0913
    place: Place, path: str, limit: str | None, rights: Rights, before: Callable[[Toolkit], None], *, anew: bool
) -> None:
    # its sources may change while it is made; the second attempt uses whatever exists, and the root counts as stale
    # if the sources have changed again
    for last in (False, True):
        wanted = plan_root(place, path)
        if not anew and place.is_safe(path, limit) and wanted.is_interim():
            return
        before(wanted.toolkit)
        if not anew and place.serves(path, limit):  # another process was faster
            if last or not wanted.is_outdated():  # and nothing has changed since our shims were planned
                return
        elif write_root(wanted, rights, unless=lambda: not anew and place.serves(path, limit), force=last):
            return


def shared_folder(folder: str, limit: str) -> str | None:
    """
    Find the folder in a cache that keeps a root out of it: others can write to it, or to one above it.

    :param folder: the folder of the root, which need not exist
    :param limit: see :func:`_cuda_shims.caches.is_private`
    :returns: ``folder``, or the lowest above it that exists; ``None`` when all from ``limit`` down are only ours, or
        ``limit`` does not exist
    :raises OSError: when one of them is removed in the meantime

    """
    while folder != limit and not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    return folder if os.path.isdir(limit) and not is_private(os.path.join(folder, "x"), limit) else None


def _make_private(folder: str, limit: str) -> None:
    shared = shared_folder(folder, limit)
    if shared is not None:
        raise PermissionError(errno.EPERM, _SHARED, shared)
    _make_folders(folder, limit)
    if not is_private(os.path.join(folder, "x"), limit):
        raise PermissionError(errno.EPERM, _SHARED, folder)


def _make_folders(folder: str, limit: str) -> None:
    if not os.path.isdir(folder):
        if folder != limit:  # a missing home is not created
            _make_folders(os.path.dirname(folder), limit)
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            pass


class _only_one:  # noqa: N801 # a context manager
    """On Windows, where a root is a directory, let one process at a time put one in its place."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.lock: object = None

    def __enter__(self) -> None:
        if WHEELS_ARE_ROOT:
            from cuda_shims.files.lock import acquire  # noqa: PLC0415

            self.lock = acquire(self.folder)

    def __exit__(self, *_: object) -> None:
        if self.lock is not None:
            self.lock.release()  # type: ignore[attr-defined]
