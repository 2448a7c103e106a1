"""Commands about an environment, as lines that work where they are read: what installs something in it, and ours."""

from __future__ import annotations

import os
import re
import sys

from cuda_shims.environment.distribution import distributions
from cuda_shims.environment.environment import current_environment
from cuda_shims.process import find_program
from cuda_shims.quoting import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cuda_shims.environment.environment import Environment

#: one of our commands in a sentence, as the catalog and the messages spell it
_OURS = re.compile(
    r"(?<![\w./-])cuda-shims (--help|completion|doctor|env|exec|fit|install|list|root|uninstall|which)(?![\w-])"
)


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
    found = find_program("pip", shell.get("PATH", ""))
    pip = "pip" if found else _unfound_pip()
    if environment.is_target:
        return " ".join([f"{pip} install", *options])
    if (
        not options
        and not _is_tool(environment)
        and (not found or _is_same(os.path.dirname(found), environment.scripts))
    ):
        return f"{pip} install"
    interpreter = _interpreter(environment)
    # in PowerShell a quoted path is text, not a command
    if _has_pip(environment) and (os.name != "nt" or interpreter[0] not in "'\""):
        return f"{interpreter} -m pip install"
    return f"{pip} --python {interpreter} install"


def for_environment(fix: str, environment: Environment, shell: Mapping[str, str], *, here: bool) -> str:
    """
    Make the commands of a fix apply to an environment.

    :param fix: text with commands such as ``pip install`` and ``cuda-shims root``
    :param environment: the environment
    :param shell: the variables of the shell that reads it
    :param here: whether it is the environment of this process
    :returns: the text

    """
    fix = fix.replace("pip install", install_command(environment, shell, here=here))
    return name_program(fix, shell, *place_options(environment, here=here))


def name_program(text: str, shell: Mapping[str, str], *options: str) -> str:
    """
    Make our commands in a text work in a shell: PATH may not lead to this cuda-shims.

    :param text: such as ``run: cuda-shims root``
    :param shell: the shell's variables
    :param options: what follows the name of each command
    :returns: the text

    """
    if not _OURS.search(text):
        return text
    program = _program(shell)
    return _OURS.sub(lambda match: " ".join([program, match[1], *options]), text)


def _program(shell: Mapping[str, str]) -> str:
    found = find_program("cuda-shims", shell.get("PATH", ""))
    # uv puts an environment on the PATH of what it runs, not of the shell
    if found and "UV" not in shell:
        folder = os.path.dirname(os.path.realpath(found))
        if _is_same(folder, current_environment().scripts):
            return "cuda-shims"
    return f"{quote_path(sys.executable)} -m cuda_shims"


def _unfound_pip() -> str:
    return f"{quote_path(sys.executable)} -m pip" if _has_pip(current_environment()) else "pip"


def _interpreter(environment: Environment) -> str:
    return quote_path(environment.python or os.path.join(environment.scripts, "python"))


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
