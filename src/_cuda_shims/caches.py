"""
The places of roots that cannot be next to their wheels: a user's cache directory, or a private folder.

Imported only where the root next to the wheels is unusable.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: the letters of a root's path in the cache; the shim has the same
_KEY_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._+@%,=~-")
#: as ``stat.S_IFDIR``: the module is not loaded at every start
_FOLDER = 0o040000


def digest(parts: "Iterable[str]") -> str:
    """Tell lists of paths apart, in eight letters."""
    # not a cryptographic hash: importing one takes milliseconds, and a root is examined before it is used
    from binascii import crc32  # noqa: PLC0415 # built in, but needed only here

    return f"{crc32(os.fsencode(chr(0).join(parts))):08x}"  # no path has a NUL


def plain_key(path: str) -> str:
    """Spell a path for a cache in letters that build tools accept."""
    # each run of other letters becomes one "_", whatever a shell considers a letter
    letters = []
    for letter in path:
        if letter in _KEY_LETTERS:
            letters.append(letter)
        elif letters[-1:] != [""]:
            letters.append("")
    return "".join(letter or "_" for letter in letters)


def cache_folders(environ: "Mapping[str, str]") -> "Iterator[tuple[str, str]]":
    """
    Name the folders for roots that cannot be next to their wheels.

    The user's cache directory (XDG base directory specification), then, for a user without a home, a private folder in
    TMPDIR. A relative path would depend on the current directory.

    :param environ: the environment variables; XDG_CACHE_HOME, HOME and TMPDIR count
    :returns: (our folder, the ``limit`` to pass to :func:`is_private`) of each; none of them need exist

    """
    # a slash at the end would hide the directory that is examined last
    cache, home = environ.get("XDG_CACHE_HOME", "").rstrip(os.sep), environ.get("HOME", "")
    if not os.path.isabs(cache):
        cache = os.path.join(home, ".cache") if os.path.isabs(home) else ""
    if cache:
        yield os.path.join(cache, "cuda-shims"), cache
    temporary = environ.get("TMPDIR", "")
    if not (os.path.isabs(temporary) and os.path.isdir(temporary)):
        temporary = "/tmp"  # noqa: S108
    own = os.path.join(temporary, f"cuda-shims-{os.geteuid()}")
    yield own, own


def is_private(path: str, limit: str) -> bool:
    """
    Tell whether only this user and the superuser can replace a path.

    :param path: an absolute path, which itself need not exist
    :param limit: the highest folder above it that is checked
    :returns: whether all folders from ``limit`` down to the path's own belong to one of them, and nobody else can write
        to them
    :raises OSError: when one of these folders does not exist

    """
    folder = os.path.dirname(path)
    trusted = {0, os.geteuid()}
    while True:
        status = os.stat(folder) if folder == limit else os.lstat(folder)
        group = status.st_mode & 0o020 and status.st_gid != status.st_uid  # a private group has its user's number
        if status.st_uid not in trusted or status.st_mode & 0o002 or group or status.st_mode & 0o170000 != _FOLDER:
            return False
        if folder == limit:  # maybe a link, which its maker can turn (tests/unit/_cuda_shims/test_places.py)
            return os.lstat(limit).st_uid in trusted
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
