"""The command that installs something in an environment, as a line that works where it is read."""

from __future__ import annotations

import os

from cuda_shims.environment.distribution import distributions
from cuda_shims.process import find_program
from cuda_shims.quoting import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cuda_shims.environment.environment import Environment


def place_options(environment: Environment, *, here: bool) -> list[str]:
    """
    Spell the options that name an environment to pip and to our commands.

    :param environment: the environment
    :param here: whether it is that of this process
    :returns: words of a command line; none for the environment that both take by default

    """
    if environment.is_target:
        return [environment.option, quote_path(environment.label)]
    return [] if here else ["--python", _interpreter(environment)]


def install_command(environment: Environment, shell: Mapping[str, str], *, here: bool) -> str:
    """
    Spell the command that installs requirements, which follow it.

    :param environment: where
    :param shell: the variables of the shell that reads it
    :param here: whether it is the environment of this process
    :returns: ``uv pip install`` where uv installed cuda-shims, or the toolkit where cuda-shims is not installed, else
        ``pip install``; with an option where another environment would be taken

    """
    options = place_options(environment, here=here)
    if _is_uvs(environment):
        options = options or ([] if _is_active(environment, shell) else ["--python", _interpreter(environment)])
        return " ".join(["uv pip install", *options])
    if environment.is_target:
        return " ".join(["pip install", *options])
    pip = find_program("pip", shell.get("PATH", ""))
    if not options and not _is_tool(environment) and (not pip or _is_same(os.path.dirname(pip), environment.scripts)):
        return "pip install"
    interpreter = _interpreter(environment)
    # in PowerShell a quoted path is text, not a command
    if _has_pip(environment) and interpreter[0] not in "'\"":
        return f"{interpreter} -m pip install"
    return f"pip --python {interpreter} install"


def _interpreter(environment: Environment) -> str:
    return quote_path(os.path.join(environment.scripts, "python"))


def _is_uvs(environment: Environment) -> bool:
    folders = [environment.dist_info] if environment.dist_info else _toolkits(environment)
    return any(_installer(folder) == "uv" for folder in folders)


def _toolkits(environment: Environment) -> list[str]:
    found = ((site, *each) for site in environment.site_dirs for each in distributions(site, "cuda"))
    return [os.path.join(site, folder) for site, name, _, folder in found if name == "cuda-toolkit"]


def _installer(dist_info: str) -> str:
    try:
        with open(os.path.join(dist_info, "INSTALLER"), encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""


def _is_tool(environment: Environment) -> bool:
    # what "uv tool install" and pipx make: its scripts on PATH are not next to a pip
    prefix = os.path.dirname(environment.scripts)
    return any(os.path.exists(os.path.join(prefix, name)) for name in ("uv-receipt.toml", "pipx_metadata.json"))


def _has_pip(environment: Environment) -> bool:
    return any(name == "pip" for site_dir in environment.site_dirs for name, _, _ in distributions(site_dir, "pip"))


def _is_same(folder: str, other: str) -> bool:
    return os.path.realpath(folder) == os.path.realpath(other)


def _is_active(environment: Environment, shell: Mapping[str, str]) -> bool:
    named = shell.get("VIRTUAL_ENV", "")
    return bool(named) and _is_same(named, os.path.dirname(environment.scripts))
