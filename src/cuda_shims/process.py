"""Running a command instead of this process."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WINDOWS = os.name == "nt"
#: the name of a process
_PARENT = "/proc/{}/comm"
#: the environment that this process was given, whatever it has changed since
_BEFORE = "/proc/self/environ"


def apply(environ: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """
    Change environment variables.

    :param environ: the variables; on Windows with names in capitals, as :data:`os.environ` spells them: there two names
        that differ in case are one, and the first of them in a process's environment would win
    :param changes: the variables to set; ``None`` unsets one
    :returns: the new variables; ``environ`` stays as it is

    """
    result = dict(environ)
    for name, value in changes.items():
        key = name.upper() if _WINDOWS else name
        if value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def given_environment() -> dict[str, str]:
    """Read the variables that the shell gave this process; if the system does not tell, its present ones."""
    if _WINDOWS:  # anybody may make a folder proc on a drive of Windows, and under wine there is one
        return dict(os.environ)
    try:
        with open(_BEFORE, "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return dict(os.environ)
    pairs = (os.fsdecode(word).partition("=") for word in reversed(words))  # of two of one name the first counts
    return {name: value for name, equals, value in pairs if equals}


def reader(shell: Mapping[str, str]) -> str:
    """
    Name the shell whose user reads what this process prints.

    :param shell: the variables that the shell gave this process
    :returns: the name of the parent process if that is a shell, else of the login shell; empty on Windows

    """
    name = ""
    if not _WINDOWS:
        try:
            with open(_PARENT.format(os.getppid()), encoding="utf-8", errors="replace") as file:
                name = file.read().strip()
        except OSError:
            pass
    return name if name.endswith("sh") else os.path.basename(shell.get("SHELL", ""))


def find_program(command: str, path: str) -> str | None:
    """
    Find a program as a shell does, but never in the current directory, which may be anybody's checkout.

    :func:`shutil.which` looks there first on Windows, and elsewhere where PATH has an empty or relative entry.

    :param command: its name, or a path, which is taken as it is
    :param path: the value of PATH
    :returns: its path, or ``None``

    """
    import shutil  # noqa: PLC0415

    # which() adds the current directory to names, and endings, before Python 3.12, to nothing else
    endings = [*os.environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").split(";"), ""] if _WINDOWS else [""]
    entries = [""] if os.path.dirname(command) else filter(None, absolute_entries(path).split(os.pathsep))
    places = (os.path.join(folder, command + ending) for folder in entries for ending in endings)
    return next((each for each in places if shutil.which(each)), None)


def absolute_entries(path: str) -> str:
    """Drop the relative and empty entries from a value of PATH: they depend on the current directory."""
    return os.pathsep.join(each for each in path.split(os.pathsep) if os.path.isabs(each))


def become(command: str, arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """
    Become a command. Windows cannot: there, start it and wait for it.

    (:func:`os.execvpe` there starts another process and ends this one, so the caller continues at once and receives
    0.)

    :param command: its path, or its name, which is looked up on the PATH of ``environ``
    :param arguments: its arguments, without its name
    :param environ: its environment
    :returns: on Windows its exit code, as :func:`sys.exit` takes it
    :raises OSError: when it cannot be started

    """
    if not _WINDOWS:
        os.execvpe(command, [command, *arguments], environ)  # noqa: S606
    import subprocess  # noqa: PLC0415

    path = find_program(command, environ.get("PATH", ""))  # CreateProcess would look on this process's PATH
    if path is None:
        raise FileNotFoundError(command)
    process = subprocess.Popen([path, *arguments], env=dict(environ))
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:  # the command has received it too, and decides
            continue
        return code - 2**32 if code >= 2**31 else code  # 0xC0000005 is a negative number to sys.exit
