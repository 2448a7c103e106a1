"""What the doctor's checks are given, and what they give."""

from __future__ import annotations

import os
import shlex
import sys
from typing import NamedTuple

from . import catalog, envvars, shims
from .startup import is_asked_for
from .toolkits import find_toolkits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .config import Config
    from .environments import Environment
    from .toolkits import Toolkit

#: an *error* means that a build does not work; a *warning*, that some do not, or that a shell gets something else than
#: a build does
OK, WARNING, ERROR = "ok", "warning", "error"
_WINDOWS = os.name == "nt"


class Finding(NamedTuple):
    """What a check found."""

    #: a stable name for programs
    code: str
    #: ``ok``, ``warning`` or ``error``
    level: str
    #: one sentence
    what: str
    #: the consequence
    why: str = ""
    #: a command or an instruction
    fix: str = ""


class Case(NamedTuple):
    """What is examined."""

    environment: Environment
    #: the variables that builds have
    environ: Mapping[str, str]
    config: Config
    toolkits: list[Toolkit]
    #: the one that builds take; ``None`` when there is none, and when CUDA_SHIMS_TOOLKIT names a folder instead
    toolkit: Toolkit | None
    #: what CUDA_HOME should name, ``None`` when there is nothing, and for CUDA 12 that nobody asked for
    home: str | None
    #: whether the environment is that of this process
    here: bool
    #: the project's root
    directory: str = ""

    def command(self, word: str) -> str:
        """
        Spell a command of ours for the environment.

        :param word: e.g. ``install``
        :returns: the line

        """
        return " ".join(["cuda-shims", word, *self._place()])

    def pip(self, *arguments: str) -> str:
        """
        Spell the line that installs something in the environment.

        :param arguments: requirements and options
        :returns: the line

        """
        place = self._place()
        if not place and _is_tool(self.environment):  # which has no pip, and that on PATH is of another environment
            place = ["--python", quoted(os.path.join(self.environment.scripts, "python"))]
        before, after = ([], place) if self.environment.is_target else (place, [])
        words = [f'"{each}"' if set("[*<>") & set(each) else each for each in arguments]
        return " ".join(["pip", *before, "install", *after, *words])

    def extras(self, *components: str) -> str:
        """
        Spell the requirement that brings components at the toolkit's release.

        :param components: distributions of a toolkit
        :returns: e.g. ``cuda-toolkit[nvvm]==13.5.*``

        """
        return self.requirement(each.extra for each in catalog.COMPONENTS if each.distribution in components)

    def distribution(self, name: str) -> str:
        """
        Name the distribution of a component of the toolkit.

        :param name: that of CUDA 13
        :returns: e.g. ``nvidia-cublas-cu12``

        """
        return self.toolkit.distribution(name) if self.toolkit else name

    def requirement(self, extras: Iterable[str]) -> str:
        """
        Spell the requirement that brings extras at the toolkit's release.

        :param extras: of ``cuda-toolkit``
        :returns: e.g. ``cuda-toolkit[cublas]==13.5.*``

        """
        return f"cuda-toolkit[{','.join(extras)}]=={self.toolkit.release if self.toolkit else catalog.NEWEST}.*"

    def _place(self) -> list[str]:
        if self.environment.is_target:
            return [self.environment.option, quoted(self.environment.label)]
        return [] if self.here else ["--python", quoted(os.path.join(self.environment.scripts, "python"))]


def _is_tool(environment: Environment) -> bool:
    # what "uv tool install" and pipx make
    prefix = os.path.dirname(environment.scripts)
    return any(os.path.exists(os.path.join(prefix, name)) for name in ("uv-receipt.toml", "pipx_metadata.json"))


def make_case(environment: Environment, environ: Mapping[str, str], config: Config) -> Case:
    """
    Gather what the checks look at.

    :param environment: the environment to examine
    :param environ: the environment variables
    :param config: the user's choices
    :returns: the case

    """
    here = set(environment.site_dirs) <= set(sys.path)
    # what PYTHONPATH adds, and pip's other prefix, are on this process's path alone
    toolkits = find_toolkits(environment.site_dirs) or (find_toolkits() if here else [])
    choice = config.toolkit or ""
    if os.path.isabs(choice) and is_nvcc(envvars.executable(choice, "nvcc")):
        return Case(environment, environ, config, toolkits, None, choice, here)
    wanted = [toolkit for toolkit in toolkits if str(toolkit.major) == choice] or toolkits
    toolkit = next((each for each in wanted if "nvcc" in each.tools), wanted[0] if wanted else None)
    if toolkit and toolkit.parts and choice != str(toolkit.major) and not is_asked_for(toolkit.site_dir, environ):
        return Case(environment, environ, config, toolkits, toolkit, None, here)
    return Case(environment, environ, config, toolkits, toolkit, toolkit.home if toolkit else None, here)


def quoted(path: str) -> str:
    """
    Quote a path for the shells of this system.

    :param path: the path
    :returns: it as one word; on Windows as cmd and PowerShell both take it

    """
    if _WINDOWS:
        return f'"{path}"' if any(not (each.isalnum() or each in "\\/:._-+") for each in path) else path
    return shlex.quote(path)


def setting(name: str, value: str) -> str:
    """
    Spell how a variable is set: cmd and PowerShell have no common way.

    :param name: the variable
    :param value: the value
    :returns: a command; on Windows an instruction

    """
    return f"set the variable {name} to {value}" if _WINDOWS else f"export {name}={shlex.quote(value)}"


def is_nvcc(path: str) -> bool:
    """
    Tell whether an executable can be a compiler.

    :param path: its path
    :returns: ``False`` for a shim

    """
    return os.path.isfile(path) and os.access(path, os.X_OK) and not shims.is_shim(path)


def printable(finding: Finding) -> Finding:
    """
    Make a finding safe to print: names of files may hold bytes that are no text, and what a terminal obeys.

    :param finding: the finding
    :returns: it, such characters as escapes

    """
    return Finding(*("".join(each if each.isprintable() else ascii(each)[1:-1] for each in text) for text in finding))


__all__ = ["ERROR", "OK", "WARNING", "Case", "Finding", "is_nvcc", "make_case", "printable", "quoted", "setting"]
