"""The metadata of distributions: installed ones, and those of wheels and files that a user names."""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import NamedTuple

from cuda_shims.environment.distribution import distributions
from cuda_shims.environment.requirement import Requirement, normalise, parse_requirement
from cuda_shims.errors import UnreadableMetadataError
from cuda_shims.files.read import MAX_BYTES, read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: the ends of a distribution's path: a wheel, an installed one, a wheel's metadata on an index (:pep:`658`)
_PATHS = (".whl", ".dist-info", ".metadata")
_NAMES = {"METADATA", "PKG-INFO"}
#: what a name and a version may consist of; both are printed
_PLAIN = re.compile(r"[A-Za-z0-9][\w.!+-]{0,200}", re.ASCII)


class Metadata(NamedTuple):
    """What a distribution says about itself."""

    #: normalised
    name: str
    version: str
    requires: tuple[Requirement, ...]


class Installed:
    """The distributions of some site-packages directories; their metadata is read on demand."""

    def __init__(self, site_dirs: Iterable[str]) -> None:
        """List them; the nearest of a name counts."""
        self._folders: dict[str, str] = {}
        for site_dir in site_dirs:
            for name, _, folder in distributions(site_dir):
                self._folders.setdefault(normalise(name), os.path.join(site_dir, folder))

    def __iter__(self) -> Iterator[str]:
        """Go through their normalised names."""
        return iter(self._folders)

    def get(self, name: str) -> Metadata | None:
        """Read the metadata of one; ``None`` if it is not installed, or cannot be read."""
        folder = self._folders.get(name)
        if folder is None:
            return None
        try:
            return read_metadata(folder)
        except UnreadableMetadataError:
            return None


def is_path(text: str) -> bool:
    """Tell whether a user means a file: ``torch`` means the installed one, even next to a checkout of that name."""
    return os.path.basename(text) != text or text.endswith(_PATHS) or text in _NAMES


def read_metadata(path: str) -> Metadata:
    """
    Read the metadata of a distribution.

    :param path: a wheel, a ``.dist-info`` folder, or a file that holds metadata
    :returns: the metadata
    :raises UnreadableMetadataError: when there is none at that path, or it cannot be read

    """
    try:
        if path.endswith(".whl"):
            data = _from_wheel(path)
        else:
            data = read_bytes(os.path.join(path, "METADATA") if os.path.isdir(path) else path)
    except (OSError, ValueError) as error:  # the latter for a NUL in a path
        raise UnreadableMetadataError(path, getattr(error, "strerror", None) or str(error)) from error
    found = _parse(data.decode("utf-8", "replace"))
    if found is None:
        raise UnreadableMetadataError(path, "it has no name or no version")
    return found


def _from_wheel(path: str) -> bytes:
    import struct  # noqa: PLC0415
    import zipfile  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    if not stat.S_ISREG(os.stat(path).st_mode):  # as read_bytes, which reads no wheel of a gigabyte
        raise OSError(errno.EINVAL, "this is not a regular file", path)
    try:
        with zipfile.ZipFile(path) as wheel:
            for entry in wheel.infolist():
                folder, _, name = entry.filename.partition("/")
                if name == "METADATA" and folder.endswith(".dist-info"):
                    with wheel.open(entry) as file:
                        return file.read(MAX_BYTES)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError) as error:
        raise UnreadableMetadataError(path, f"it is not a complete wheel: {error}") from error
    raise UnreadableMetadataError(path, "it has no .dist-info/METADATA")


def _parse(text: str) -> Metadata | None:
    """Read the lines up to the first empty one: the description follows."""
    name, version, requires = "", "", []
    for line in text.splitlines():
        if not line.strip():
            break
        key, _, value = line.partition(":")  # a line that begins with a blank continues the line above
        key, value = key.lower(), value.strip()
        if key == "name":
            name = normalise(value)
        elif key == "version":
            version = value
        elif key == "requires-dist":
            requires.append(parse_requirement(value))
    if not _PLAIN.fullmatch(name) or not _PLAIN.fullmatch(version):
        return None
    return Metadata(name, version, tuple(each for each in requires if each))
