"""The input of the doctor's checks, and their findings."""

from __future__ import annotations

import os
import shlex
import sys
from types import MappingProxyType
from typing import NamedTuple

from _cuda_shims import COMPILERS, HOMES, TOOLKIT, executable
from _cuda_shims.places import find_places, is_candidate, search_path_of
from _cuda_shims.selection import Project, named_folders, named_nvcc, nvcc_home, select, user_toolkit
from _cuda_shims.shims import is_shim
from cuda_shims.catalog import companions, tools
from cuda_shims.doctor.part import distribution_of_13, is_companion
from cuda_shims.doctor.source_tree import find_uses
from cuda_shims.environment.distribution import distributions
from cuda_shims.environment.installer import install_command, name_program, place_options
from cuda_shims.environment.toolkit import read_toolkit
from cuda_shims.process import reader
from cuda_shims.quoting import quote_requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cuda_shims.config import Config
    from cuda_shims.doctor.source_tree import Use
    from cuda_shims.environment.environment import Environment
    from cuda_shims.environment.toolkit import Toolkit

#: an *error* means that a build does not work. A *warning*, that some do not, or that a shell gets something else than
#: a build does. A *hint*, that some builds of the project need more
OK, HINT, WARNING, ERROR = "ok", "hint", "warning", "error"
_WINDOWS = os.name == "nt"


class Finding(NamedTuple):
    """A check's finding."""

    #: a stable name for programs
    code: str
    #: ``ok``, ``hint``, ``warning`` or ``error``
    level: str
    #: one sentence
    what: str
    #: the consequence
    why: str = ""
    #: a command or an instruction
    fix: str = ""
    #: another one, instead of that
    alternative: str = ""


class Case(NamedTuple):
    """The environment and the project that the doctor examines."""

    environment: Environment
    #: the variables that builds have
    environ: Mapping[str, str]
    config: Config
    toolkits: list[Toolkit]
    #: the one that builds take; ``None`` when there is none, and when CUDA_SHIMS_TOOLKIT names a folder instead
    toolkit: Toolkit | None
    #: what CUDA_HOME should name; ``None`` when there is no toolkit, and for CUDA 12 that nobody requires
    home: str | None
    #: whether the environment is that of this process
    here: bool
    #: the project's root
    directory: str = ""
    #: the variables that the shell has, which the start-up hook has not touched
    shell: Mapping[str, str] = MappingProxyType({})
    #: finds what a project uses of CUDA, for several checks
    uses: Callable[[str], list[Use]] = find_uses

    def other_toolkit(self) -> str | None:
        """Find the toolkit that the user's own variables name, if it is not ours."""
        named = user_toolkit(self.environ, [each.place for each in self.toolkits])
        return None if named == self.home else named

    def named_folder(self, environ: Mapping[str, str]) -> str | None:
        """Find the folder, or the missing nvcc, that a user's own variable names, if it is not ours."""
        named = named_folders(environ, [each.place for each in self.toolkits])
        compilers = [each for name in COMPILERS for each in [named_nvcc(environ.get(name, ""))] if each]
        named += [each for each in compilers if not nvcc_home(each) and not os.path.exists(each)]
        return next((each for each in named if each != self.home), None)

    @property
    def users(self) -> str | None:
        """The toolkit that builds take instead of the wheels, because the user's own variables name it."""
        if self.environ.get(TOOLKIT) or self.config.prefer == "wheels":
            return None
        return self.other_toolkit()

    def command(self, word: str) -> str:
        """Spell one of our commands for the environment."""
        return self.for_here(f"cuda-shims {word}")

    def for_here(self, text: str) -> str:
        """Make our commands in a text apply to the environment, and work in the shell."""
        return name_program(text, self.shell, *place_options(self.environment, here=self.here))

    def removal(self, *names: str) -> str:
        """Spell how variables are removed in the shell."""
        if _WINDOWS:  # cmd and PowerShell have no common way
            return f"remove the variable{'s' if len(names) > 1 else ''} {' and '.join(names)}"
        return " ".join(["set -e" if reader(self.shell) == "fish" else "unset", *names])

    def evaluation(self, word: str, *options: str) -> str:
        """Spell how the shell evaluates what one of our commands prints for it."""
        command = " ".join([self.command(word), *options])
        if _WINDOWS:
            return f"{command} --format powershell | Out-String | Invoke-Expression"
        return f"{command} --format fish | source" if reader(self.shell) == "fish" else f'eval "$({command})"'

    def pip(self, *arguments: str) -> str:
        """Spell the line that installs something in the environment."""
        command = install_command(self.environment, self.environ, here=self.here)
        return " ".join([command, *map(quote_requirement, arguments)])

    def extras(self, *components: str) -> str:
        """Spell the requirement for some distributions of a toolkit: ``cuda-toolkit[nvvm]==13.5.*``."""
        return self.requirement(each.extra for each in tools.COMPONENTS if each.distribution in components)

    def distribution(self, name: str) -> str:
        """Name the toolkit's counterpart of a distribution of CUDA 13: ``nvidia-cublas-cu12``."""
        return self.toolkit.distribution(name) if self.toolkit else name

    def distribution_of(self, part: str) -> str:
        """Name the distribution of a :mod:`~cuda_shims.doctor.part`, as the toolkit has it: ``nvidia-cudnn-cu13``."""
        if not is_companion(part):
            return self.distribution(distribution_of_13(part))
        return companions.distribution_of(part, self.toolkit.major if self.toolkit else tools.NEWEST)

    def has(self, part: str) -> bool:
        """Tell whether the distribution of a part is installed where the toolkit is."""
        name = self.distribution_of(part)
        if not is_companion(part):
            return self.toolkit is not None and name in self.toolkit.components
        sites = self.toolkit.place.sites if self.toolkit else self.environment.site_dirs
        return any(name == each for site in sites for each, _, _ in distributions(site, "nvidia", "cu"))

    def requirements(self, parts: Iterable[str]) -> list[str]:
        """Spell the requirements that bring parts: extras at the toolkit's release, companions of its major."""
        listed = list(parts)
        extras = [each for each in listed if not is_companion(each)]
        others = [self.distribution_of(each) for each in listed if is_companion(each)]
        return [self.requirement(extras), *others] if extras else others

    def requirement(self, extras: Iterable[str]) -> str:
        """Spell the requirement that brings extras at the toolkit's release."""
        return f"cuda-toolkit[{','.join(extras)}]=={self.toolkit.release if self.toolkit else tools.NEWEST}.*"


def make_case(
    environment: Environment, environ: Mapping[str, str], config: Config, shell: Mapping[str, str] | None = None
) -> Case:
    """
    Gather what the checks read.

    :param environment: the environment to examine
    :param environ: the environment variables
    :param config: the user's choices
    :param shell: the variables that the shell has; by default the same
    :returns: the case

    """
    shell = environ if shell is None else shell
    here = environment.is_here
    # what PYTHONPATH adds, and pip's other prefix, are only on this process's path
    places = find_places(environment.site_dirs)
    if not places and here:
        places = find_places(search_path_of(sys.path, environ.get("PATH", "")))
    # the toolkit that the user's own variables name is a finding, and must not hide the others
    without = {name: value for name, value in environ.items() if name not in {*HOMES, *COMPILERS}}
    project = Project(None if environ.get(TOOLKIT) else config.toolkit)
    answer = select(places, without, lambda: project)
    toolkits = [read_toolkit(place) for place in places]
    toolkits = [each for each in toolkits if each.components or each.tools or each.version != str(each.major)]
    if answer.home:
        home = answer.home if is_nvcc(executable(answer.home, "nvcc")) else None
        return Case(environment, environ, config, toolkits, None, home, here, shell=shell)
    chosen = next((each for each in toolkits if each.place == answer.toolkit), None)
    home = chosen.home if chosen else None
    chosen = chosen or next((each for each in toolkits if is_candidate(each.place)), next(iter(toolkits), None))
    return Case(environment, environ, config, toolkits, chosen, home, here, shell=shell)


def spell_setting(name: str, value: str) -> str:
    """Spell how a variable is set: cmd and PowerShell have no common way."""
    return f"set the variable {name} to {value}" if _WINDOWS else f"export {name}={shlex.quote(value)}"


def is_nvcc(path: str) -> bool:
    """Tell whether an executable can be a compiler."""
    return os.path.isfile(path) and os.access(path, os.X_OK) and not is_shim(path)


def escape(finding: Finding) -> Finding:
    """Make a finding safe to print: file names may hold bytes that are not text, and control codes of a terminal."""
    return Finding(*("".join(each if each.isprintable() else ascii(each)[1:-1] for each in text) for text in finding))
