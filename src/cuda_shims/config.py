"""
The choices of a user: ``[tool.cuda-shims]`` of a project's ``pyproject.toml`` and the ``CUDA_SHIMS_*`` variables.

The environment beats the file: it belongs to the person who builds, and the file to the author of the sources.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import NamedTuple

from _cuda_shims import mentions_us
from _cuda_shims.selection import Project, is_major
from cuda_shims.errors import ConfigError, NotTomlError, UnreadableConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

#: a larger file is refused before it is read, and one that configures us before it is parsed. No pyproject.toml has
#: this size. Parsing takes ten times its memory, and tomllib took 2.7 s for 1 MiB, at each start of Python
MAX_BYTES, MAX_PARSED = 1024 * 1024, 256 * 1024
#: A TOML reader takes time and memory by the square of the number of a key's parts: 40 kB of ``a.a.a.…`` cost tomllib
#: 14 s and 1.6 GB. The sum of those squares that is still read, and the number of dots in a line that does not count
_MAX_WORK, _FREE_DOTS = 1_000_000, 50
#: how much of somebody's text an error repeats
_SHOWN = 60

_TABLE = "tool.cuda-shims"
_PREFER = ("user", "wheels")
#: the type of a file's value, for a reader; with TOML's names, not Python's
_KINDS = {bool: "a boolean", int: "an integer", float: "a float", str: "a string", list: "an array", dict: "a table"}


class Config(NamedTuple):
    """A user's choices; a field without a choice has its default."""

    #: the CUDA major to take, in digits (``"13"``), or from the environment also the absolute path of a toolkit root;
    #: ``None``: the newest installed one
    toolkit: str | None = None
    #: whose toolkit wins if the user's CUDA_HOME or a similar variable names one: ``"user"``, theirs, or ``"wheels"``
    prefer: str = "user"


def load_config(directory: str, environ: Mapping[str, str]) -> Config:
    """
    Read what was chosen.

    Only ``directory`` itself is looked at: PEP 517 runs a back end in the project's root, and a search upwards would
    let a stranger's ``/tmp/pyproject.toml`` decide for every build below ``/tmp``.

    :param directory: the project's root
    :param environ: ``CUDA_SHIMS_TOOLKIT`` (a major or an absolute path) and ``CUDA_SHIMS_PREFER`` (``user``,
        ``wheels``); empty means unset
    :returns: the environment's choice, else the file's, else the default, for each field
    :raises ConfigError: for a value that cannot be used, in either; for a ``pyproject.toml`` that cannot be read, or
        that mentions cuda-shims and is not TOML. A missing file is not an error

    """
    chosen = _from_file(os.path.join(directory, "pyproject.toml"))
    chosen.update(_from_environment(environ))
    return Config(**chosen)


def read_project(directory: str, environ: Mapping[str, str]) -> Project:
    """
    Read what a project chooses, for the start-up hook.

    :param directory: the project's root
    :param environ: see :func:`load_config`
    :returns: its choice, without that of ``CUDA_SHIMS_TOOLKIT``
    :raises ConfigError: see :func:`load_config`

    """
    config = load_config(directory, {name: value for name, value in environ.items() if name != "CUDA_SHIMS_TOOLKIT"})
    return Project(config.toolkit, config.prefer)


def load_pyproject(directory: str) -> dict[str, Any]:
    """
    Read the whole of a project's ``pyproject.toml``.

    :param directory: the project's root
    :returns: the document; empty if the file is missing
    :raises ConfigError: for a file that cannot be read, or is not TOML

    """
    return load_toml(os.path.join(directory, "pyproject.toml"))


def load_toml(path: str) -> dict[str, Any]:
    """
    Read a TOML file.

    :param path: the file
    :returns: the document; empty if the file is missing
    :raises ConfigError: for a file that cannot be read, or is not TOML

    """
    return _parse(path, _read(path))


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    toolkit = environ.get("CUDA_SHIMS_TOOLKIT")
    if toolkit:
        if not is_major(toolkit) and not os.path.isabs(toolkit):
            problem = f"{_shown(toolkit)} is neither a CUDA major, such as 13, nor the absolute path of a toolkit root"
            raise ConfigError("environment", "CUDA_SHIMS_TOOLKIT", problem)
        chosen["toolkit"] = toolkit
    prefer = environ.get("CUDA_SHIMS_PREFER")
    if prefer:
        if prefer not in _PREFER:
            raise ConfigError("environment", "CUDA_SHIMS_PREFER", f"{_shown(prefer)} is neither user nor wheels")
        chosen["prefer"] = prefer
    return chosen


def _from_file(path: str) -> dict[str, Any]:
    data = _read(path)
    # a file's mistakes that do not concern us are not ours to report
    if not mentions_us(data):
        return {}
    tables = _parse(path, data).get("tool", {})
    if not isinstance(tables, dict):
        raise ConfigError(path, "tool", f"is {_kind(tables)} and must be a table")
    table = tables.get("cuda-shims", {})
    if not isinstance(table, dict):
        raise ConfigError(path, _TABLE, f"is {_kind(table)} and must be a table: [{_TABLE}]")
    chosen: dict[str, Any] = {}
    for key, value in table.items():
        read = _READERS.get(key)
        if read is None:
            raise ConfigError(path, f"{_TABLE}.{_plain(key)}", _unknown(key))
        try:
            chosen[key] = read(value)
        except (TypeError, ValueError) as error:
            raise ConfigError(path, f"{_TABLE}.{key}", str(error)) from None
    return chosen


def _read(path: str) -> bytes:
    try:
        status = os.stat(path)
        # checked before it is opened: opening a FIFO waits for a writer that never comes
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableConfigError(path, _TABLE, "cannot be read: this is not a regular file")
        if status.st_size > MAX_BYTES:
            raise UnreadableConfigError(path, _TABLE, f"is not read: the file is larger than {MAX_BYTES} bytes")
        with open(path, "rb") as file:
            return file.read(MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        problem = f"cannot be read ({error.strerror}): give access to the file or build as its owner"
        raise UnreadableConfigError(path, _TABLE, problem) from None


def _parse(path: str, data: bytes) -> dict[str, Any]:
    # not at the top: it takes longer than the rest, and most starts never come here
    from importlib import import_module  # noqa: PLC0415

    dots = (line.count(b".") for line in data.split(b"\n"))  # a key is in one line
    if sum(each * each for each in dots if each > _FREE_DOTS) > _MAX_WORK:
        raise UnreadableConfigError(path, _TABLE, "cannot be read: the file has lines with too many dots; break them")
    if len(data) > MAX_PARSED:
        raise UnreadableConfigError(path, _TABLE, f"cannot be read: the file is larger than {MAX_PARSED} bytes")
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    try:
        # not "import", which would have to be written twice, once for each name, with one half never run
        toml: Any = import_module(name)
        document: dict[str, Any] = toml.loads(data.decode())
    except ImportError:
        problem = f"cannot be read: {sys.executable} has no {name}, which cuda-shims requires; install it there"
        raise UnreadableConfigError(path, _TABLE, problem) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotTomlError(path, _TABLE, f"cannot be read: the file is not UTF-8 (at line {line})") from None
    except RecursionError:
        problem = "cannot be read: the file's arrays or tables are nested too deeply"
        raise UnreadableConfigError(path, _TABLE, problem) from None
    except ValueError as error:
        # not only TOMLDecodeError: an integer of 5000 digits is a plain ValueError of int()
        raise NotTomlError(path, _TABLE, f"cannot be read: the file is not TOML: {_plain(str(error))}") from None
    return document


def _toolkit(value: object) -> str:
    # A path would let a pyproject.toml that came with somebody's sources choose which executables run: only the
    # environment may. A bool is an int to Python, not to TOML.
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 < value < 1000:  # noqa: PLR2004 # as is_major has it; str() of one of 5000 digits raises
            return str(value)
        raise ValueError("must be a CUDA major, such as 13")
    if not isinstance(value, str):
        raise TypeError(f"is {_kind(value)} and must be a CUDA major, such as 13")
    if is_major(value):
        return value
    if "/" in value or "\\" in value:
        raise ValueError("must be a CUDA major, such as 13: only CUDA_SHIMS_TOOLKIT accepts a path")
    major = value.partition(".")[0]
    right = f": {major} alone" if is_major(major) else ", such as 13"
    raise ValueError(f"{_shown(value)} is not a CUDA major{right}")


def _prefer(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f'is {_kind(value)} and must be "user" or "wheels"')
    if value not in _PREFER:
        raise ValueError(f'{_shown(value)} is neither "user" nor "wheels"')
    return value


_READERS: dict[str, Callable[[object], str]] = {"toolkit": _toolkit, "prefer": _prefer}


def _unknown(key: str) -> str:
    from cuda_shims.likeness import find_similar  # noqa: PLC0415 # only for a mistake

    near = find_similar(key, _READERS)
    return f"is unknown; did you mean {near[0]}?" if near else f"is unknown; the keys are {', '.join(_READERS)}"


def _kind(value: object) -> str:
    # never repr: that of a deeply nested table recurses, and that of an integer of 5000 digits raises
    return _KINDS.get(type(value), "a date or time")


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def _plain(text: str) -> str:
    # an error is one line, whatever a file holds
    short = text if len(text) <= 2 * _SHOWN else text[: 2 * _SHOWN] + "…"
    return short if short.isprintable() else repr(short)
