"""How to mend what the log of a build shows, for the project and the environment that it is explained in."""

from __future__ import annotations

import os
import re

from . import catalog, envvars, host_compilers, needs, surroundings, visual_studio
from .config import load_pyproject
from .errors import ConfigError
from .findings import quoted, setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .findings import Case

_WINDOWS = os.name == "nt"
_OWN = "build-system.requires"
#: uv of a package that comes from an index; its own project it names with a path
_FOREIGN = re.compile(r"Failed to (?:download and )?build `([\w.-]{1,100})==")
#: what a build of CUDA sources needs at least
_COMPILER = ("cccl", "cudart", "nvcc")
#: the same, with what nvcc's own extra does not pin in every release
_WHOLE = tuple(each.extra for each in catalog.COMPONENTS if each.distribution in catalog.COMPILER_COMPONENTS)
#: what every nvcc of CUDA 13 compiles for, and the release that others came with: nvcc --list-gpu-arch of 13.0 to 13.5
ARCHITECTURES = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121}
LATER_ARCHITECTURES = {107: "13.4"}
#: what is rebuilt when it is imported: scikit-build-core, meson-python
_EDITABLE = re.compile(
    r"_editable(?:_skbc_\w{1,100}|_loader|)\.py|Running cmake --build & --install in"
    r"|rebuilding the \"[^\"\n]{1,100}\" editable package failed"
)


class Scene:
    """A project and an environment."""

    def __init__(self, case: Case, text: str) -> None:
        """
        Look at what fixes depend on.

        :param case: the environment and the project's root
        :param text: the log

        """
        self.case = case
        self.text = text
        #: what the build requires; ``None`` where no pyproject.toml has it: then the environment counts
        self.requires, self.list = _requires(case.directory, text)
        #: extras of cuda-toolkit that they name, or bring; what comes with torch and its like is not known
        self.brought = {extra for each in self.requires or () for extra in needs.brought_extras([each]) or ()}
        #: what to say of a component that is not there
        self.lacking = "that is not installed" if self.requires is None else f"{self.list} does not bring that"
        #: extras that findings of this log ask for: one line brings them all
        self.wanted: set[str] = set()
        names = {_name(each) for each in self.requires or ()}
        #: whether the build that failed is one that has us
        self.has_shims = "cuda-shims" in names or "cuda_shims_toolkit" in text

    def has(self, extra: str) -> bool:
        """
        Tell whether a component is there for the build.

        :param extra: its extra of ``cuda-toolkit``
        :returns: whether what the build requires brings it; without that, whether the environment has it

        """
        if self.requires is not None:
            return extra in self.brought
        wheels = {each.extra: self.case.distribution(each.distribution) for each in catalog.COMPONENTS}
        toolkit = self.case.toolkit
        return toolkit is not None and wheels.get(extra) in toolkit.components

    def need(self) -> str:
        """
        Say how to have all the components that findings of this log ask for.

        :returns: an instruction

        """
        return self._bring(sorted(self.wanted))

    def need_and_shims(self) -> str:
        """
        Say how to have them, and a root that has libraries as linkers ask for them.

        :returns: an instruction

        """
        if self.has_shims:
            return self.need()
        if self.requires is not None:
            return f'{self.need()}, and add "cuda-shims"'
        ours = self.case.environment.dist_info is not None
        return self.need() if ours else f"{self.need()}; {self.case.pip('cuda-shims')}"

    def whole(self) -> str:
        """
        Say how to have all parts of the compiler at one release.

        :returns: an instruction

        """
        parts = {each.distribution for each in catalog.COMPONENTS}
        pins = [each for each in self.requires or () if _name(each) in parts]
        return self._bring(_WHOLE) + (f" in the place of {', '.join(pins)}" if pins else "")

    def _bring(self, extras: Iterable[str]) -> str:
        requirement = self.case.requirement(extras)
        if self.requires is None:
            return self.case.pip(requirement)
        line = needs.with_extras(self.requires, extras)
        to = "" if self.list == _OWN else f" to {self.list}"
        return f'in pyproject.toml: "{line}"' if line else f'in pyproject.toml, add "{requirement}"{to}'

    def shims(self) -> str:
        """
        Say how to have a toolkit where build systems look for it.

        :returns: an instruction

        """
        case = self.case
        if self.requires is not None and not (self.has_shims and self.has("nvcc")):
            missing = [extra for extra in _COMPILER if not self.has(extra)]
            self.wanted.update(missing)
            mend = [self.need()] if missing else []
            if not self.has_shims:
                to = "requires" if self.list == _OWN else self.list
                mend.append('add "cuda-shims"' if mend else f'in pyproject.toml, add "cuda-shims" to {to}')
            return ", and ".join(mend)
        if not case.home:
            return case.pip(catalog.BUNDLE)
        if case.environment.dist_info is None:
            return case.pip("cuda-shims")
        if case.environ.get("CUDA_SHIMS_STARTUP") == "0":
            return "unset CUDA_SHIMS_STARTUP"
        theirs = envvars.user_toolkit(case.environ, case.home)
        if theirs:
            names = (*envvars.HOMES, *envvars.COMPILERS)
            return "unset " + " ".join(each for each in names if theirs in case.environ.get(each, ""))
        return f"run the build as: {case.command('exec')} CMD; what else is wrong, {case.command('doctor')} says"

    def linker(self, name: str) -> str:
        """
        Say how the linker finds a library that is there.

        :param name: as ``-l`` takes it
        :returns: an instruction

        """
        if not self.has_shims:
            return self.shims()
        if name in {"cuda", "nvidia-ml"} and not self.case.config.driver_stub:
            return "unset CUDA_SHIMS_DRIVER_STUB, or in pyproject.toml, [tool.cuda-shims]: driver-stub = true"
        folder = "lib/stubs" if name in {"cuda", "nvidia-ml"} else "lib"
        return f'give the linker -L"$CUDA_HOME/{folder}"; where CUDA_HOME is not set: {self.case.command("exec")} CMD'

    def host(self, told: dict[str, int] | None = None) -> str:
        """
        Say how to have a host compiler.

        :param told: the newest that nvcc takes, where the log says so
        :returns: an instruction

        """
        case = self.case
        limit = told or (host_compilers.limits(case.home) if case.home else {})
        compiler = next(host_compilers.host_compilers(case.environ))
        if not host_compilers.suits(compiler, limit):
            return surroundings.other_compiler(case, compiler, limit)
        if _WINDOWS:
            return self.visual_studio()
        if not told:
            return "install g++ (Debian: apt-get install g++) where the build runs"
        kind, newest = next(iter(told.items()))
        name = f"{'clang++' if kind == 'clang' else 'g++'}-{newest}"
        by = f"{setting('NVCC_CCBIN', name)}, for CMake: {setting('CUDAHOSTCXX', name)}"
        return f"install {name} or an older one (Debian: apt-get install {name}) where the build runs, then: {by}"

    def visual_studio(self) -> str:
        """
        Say how to have the host compiler of Windows.

        :returns: an instruction

        """
        limit = host_compilers.limits(self.case.home) if _WINDOWS and self.case.home else {}
        return visual_studio.how_to_get(limit, self.case.environ)

    def release(self, wanted: str) -> str:
        """
        Say how to have another release of the toolkit.

        :param wanted: e.g. ``13.2``
        :returns: an instruction

        """
        minor = ".".join(wanted.split(".")[:2])
        requirement = f"cuda-toolkit[{','.join(sorted(_WHOLE))}]=={minor}.*"
        if self.requires is None:
            return self.case.pip(requirement)
        line = needs.with_extras(self.requires, _WHOLE)
        if line:
            requirement = f"{line.partition(']')[0]}]=={minor}.*"
        return f'in pyproject.toml: "{requirement}"'

    def any_release(self, distribution: str) -> str:
        """
        Say how to require what there is.

        :param distribution: ``cuda-toolkit``, or one of its parts
        :returns: an instruction

        """
        line = (needs.with_extras(self.requires or (), ()) or "cuda-toolkit").partition("]")[0]
        line = line if "[" in line else f"cuda-toolkit[{','.join(_COMPILER)}"
        line = f"{line}]=={catalog.NEWEST}.*"
        return (
            f'require "{line}"'
            if distribution == "cuda-toolkit"
            else f"take cuda-toolkit, which requires {distribution}"
        )

    def fresh(self) -> str:
        """
        Say how to build without what another build left.

        :returns: an instruction

        """
        if not _EDITABLE.search(self.text):
            return "remove the build directory, or: cmake --fresh"
        wanted = list(self.requires or ())
        if "cuda-shims" not in {_name(each) for each in wanted}:
            wanted.append(catalog.BUNDLE)
        first = self.case.pip(*(each for each in wanted if not set(";\"'\\$`") & set(each)))
        first += "" if self.requires else " and what build-system.requires names"
        # not to remove the build directory, without which an import fails as well
        return f"install it anew, in an environment that stays: {first}; pip install --no-build-isolation -e ."

    def root(self) -> str:
        """
        Name the toolkit root for a shell.

        :returns: a word

        """
        return quoted(self.case.home or "") if _WINDOWS else f'"$({self.case.command("root")})"'

    def architectures(self) -> str:
        """
        Say what nvcc compiles for, as the nvcc of the environment lists it if there is one.

        :returns: e.g. ``75, 80, 86``

        """
        home = self.case.home
        nvcc = envvars.executable(home, "nvcc") if home else ""
        if nvcc and os.path.exists(nvcc):
            code, text = host_compilers.run([nvcc, "--list-gpu-arch"], self.case.environ)
            listed = [int(each[len("compute_") :]) for each in text.split() if each[len("compute_") :].isdigit()]
            if code == 0 and listed:
                return ", ".join(map(str, sorted(listed)))
        return ", ".join(map(str, sorted(ARCHITECTURES)))


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0].lower().replace("_", "-")


def _requires(directory: str, text: str) -> tuple[list[str] | None, str]:
    """Give what a build requires, and the name of the list of it in pyproject.toml."""
    try:
        project = load_pyproject(directory) if directory else {}
    except ConfigError:
        return None, _OWN
    given: object
    foreign = _FOREIGN.findall(text)
    if foreign and project:
        # somebody else's sdist: what the project itself is built with has no part in that
        own, path = f"extra-build-dependencies.{foreign[-1]}", ("tool", "uv", "extra-build-dependencies")
        given = next((each for name, each in _table(project, *path).items() if _name(name) == _name(foreign[-1])), [])
    else:
        own, given = _OWN, _table(project, "build-system").get("requires")
    if not isinstance(given, list):
        return None, own
    given = [each.get("requirement") if isinstance(each, dict) else each for each in given]
    return [each for each in given if isinstance(each, str)], own


def _table(table: Any, *names: str) -> dict[str, Any]:
    for name in names:
        table = table.get(name) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}


__all__ = ["ARCHITECTURES", "LATER_ARCHITECTURES", "Scene"]
