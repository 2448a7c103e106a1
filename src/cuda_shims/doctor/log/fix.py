"""How to fix what the log of a build shows, for the project and the environment that it is explained in."""

from __future__ import annotations

import os
import re

from _cuda_shims import COMPILERS, HOMES, ROOTS_FOLDER, executable
from cuda_shims.catalog import contents, tools
from cuda_shims.config import load_pyproject
from cuda_shims.doctor import host_compiler, visual_studio
from cuda_shims.doctor import project as needs
from cuda_shims.doctor.case import spell_setting
from cuda_shims.doctor.compiler import propose_compiler
from cuda_shims.errors import ConfigError
from cuda_shims.fit import spell_requirement
from cuda_shims.quoting import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from cuda_shims.doctor.case import Case

_WINDOWS = os.name == "nt"
_OWN, _UV = "build-system.requires", ("tool", "uv", "extra-build-dependencies")
#: uv of a package that comes from an index; its own project it names with a path
_FOREIGN = re.compile(r"Failed to (?:download and )?build `([\w.-]{1,100})==")
#: what a build of CUDA sources needs at least
_COMPILER = ("cccl", "cudart", "nvcc")
#: the same, with what nvcc's own extra does not pin in every release
_WHOLE = tuple(each.extra for each in tools.COMPONENTS if each.distribution in tools.COMPILER_COMPONENTS)
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
        """Look at what fixes depend on."""
        self.case = case
        self.text = text
        #: what the build requires; ``None`` where no pyproject.toml has it: then the environment counts
        self.requires, self.list = _requires(case.directory, text)
        #: the parts that they name, or bring; what comes with torch and its like is not known
        self.brought = {part for each in self.requires or () for part in needs.read_parts([each]) or ()}
        #: what to say of a component that is not there
        self.lacking = "that is not installed" if self.requires is None else f"{self.list} does not bring that"
        #: parts that findings of this log ask for: one line brings them all
        self.wanted: set[str] = set()
        names = {needs.name_of(each) for each in self.requires or ()}
        #: whether the build that failed is one that has us
        self.has_shims = "cuda-shims" in names or "cuda_shims_toolkit" in text

    def has(self, part: str) -> bool:
        """Tell whether the build's requirements bring a part or, if these are unknown, the environment has it."""
        return self.case.has(part) if self.requires is None else part in self.brought

    def need(self) -> str:
        """Say how to get all the components that findings of this log ask for."""
        return self._bring(sorted(self.wanted))

    def need_and_shims(self) -> str:
        """Say how to get these, and a root that has libraries as linkers ask for them."""
        if self.has_shims:
            return self.need()
        if self.requires is not None:
            return f'{self.need()}, and add "cuda-shims"'
        ours = self.case.environment.dist_info is not None
        return self.need() if ours else f"{self.need()}; {self.case.pip('cuda-shims')}"

    def whole(self) -> str:
        """Say how to get all parts of the compiler at one release."""
        parts = {each.distribution for each in tools.COMPONENTS}
        pins = [each for each in self.requires or () if needs.name_of(each) in parts]
        return self._bring(_WHOLE) + (f" in the place of {', '.join(pins)}" if pins else "")

    def _bring(self, parts: Iterable[str]) -> str:
        if self.requires is None:
            return self.case.pip(*self.case.requirements(parts))
        return needs.spell_addition(self.case, self.requires, parts, "" if self.list == _OWN else f" to {self.list}")

    def shims(self) -> str:
        """Say how to get a toolkit where build systems look for it."""
        case = self.case
        if self.requires is not None and not (self.has_shims and self.has("nvcc")):
            missing = [extra for extra in _COMPILER if not self.has(extra)]
            self.wanted.update(missing)
            steps = [self.need()] if missing else []
            if not self.has_shims:
                to = "requires" if self.list == _OWN else self.list
                steps.append('add "cuda-shims"' if steps else f'in pyproject.toml, add "cuda-shims" to {to}')
            return ", and ".join(steps)
        if not case.home:
            return case.pip(tools.BUNDLE)
        if case.environment.dist_info is None:
            return case.pip("cuda-shims")
        if case.environ.get("CUDA_SHIMS_STARTUP") == "0":
            return "unset CUDA_SHIMS_STARTUP"
        theirs = case.other_toolkit()
        if theirs:
            names = (*HOMES, *COMPILERS)
            return "unset " + " ".join(each for each in names if theirs in case.environ.get(each, ""))
        return f"run the build as: {case.command('exec')} CMD; what else is wrong, {case.command('doctor')} says"

    def linker(self, name: str) -> str:
        """Say how the linker finds a library that is there."""
        if not self.has_shims:
            return self.shims()
        if name.endswith(".lib"):
            beside = rf"..\..\{ROOTS_FOLDER}\cu{self.case.toolkit.major if self.case.toolkit else tools.NEWEST}"
            folder = rf"{beside}\lib\x64" if contents.is_made(name) else r"lib\x64"
            return rf'build in an "x64 Native Tools Command Prompt", or give the linker /LIBPATH:"%CUDA_HOME%\{folder}"'
        folder = "lib/stubs" if name in {"cuda", "nvidia-ml"} else "lib"
        return f'give the linker -L"$CUDA_HOME/{folder}"; where CUDA_HOME is not set: {self.case.command("exec")} CMD'

    def host(self, told: dict[str, int] | None = None) -> str:
        """Say how to get a host compiler, no newer than the newest that nvcc takes where the log says so."""
        case = self.case
        limit = told or (host_compiler.read_limits(case.home) if case.home else {})
        compiler = next(host_compiler.host_compilers(case.environ))
        if not host_compiler.suits(compiler, limit):
            return propose_compiler(case, compiler, limit)
        if _WINDOWS:
            return self.visual_studio()
        if not told:
            return "install g++ (Debian: apt-get install g++) where the build runs"
        kind, newest = next(iter(told.items()))
        name = f"{'clang++' if kind == 'clang' else 'g++'}-{newest}"
        by = f"{spell_setting('NVCC_CCBIN', name)}, for CMake: {spell_setting('CUDAHOSTCXX', name)}"
        return f"install {name} or an older one (Debian: apt-get install {name}) where the build runs, then: {by}"

    def visual_studio(self) -> str:
        """Say how to get the host compiler of Windows."""
        limit = host_compiler.read_limits(self.case.home) if _WINDOWS and self.case.home else {}
        return visual_studio.propose(limit, self.case.environ)

    def release(self, wanted: str) -> str:
        """Say how to get another release of the toolkit, e.g. 13.2."""
        minor = ".".join(wanted.split(".")[:2])
        requirement = spell_requirement(minor)
        if self.requires is None:
            return self.case.pip(requirement)
        line = needs.add_extras(self.requires, _WHOLE)
        if line:
            requirement = f"{line.partition(']')[0]}]=={minor}.*"
        return f'in pyproject.toml: "{requirement}"'

    def any_release(self, distribution: str) -> str:
        """Say how to require releases that exist."""
        line = (needs.add_extras(self.requires or (), ()) or "cuda-toolkit").partition("]")[0]
        line = line if "[" in line else f"cuda-toolkit[{','.join(_COMPILER)}"
        line = f"{line}]=={tools.NEWEST}.*"
        return (
            f'require "{line}"'
            if distribution == "cuda-toolkit"
            else f"take cuda-toolkit, which requires {distribution}"
        )

    def fresh(self) -> str:
        """Say how to build without what another build left."""
        if not _EDITABLE.search(self.text):
            return "remove the build directory, or: cmake --fresh"
        wanted = list(self.requires or ())
        if "cuda-shims" not in {needs.name_of(each) for each in wanted}:
            wanted.append(tools.BUNDLE)
        # what not every shell quotes alike: fish has escapes between single quotes, cmd variables between double ones
        first = self.case.pip(*(each for each in wanted if not set('"%' if _WINDOWS else "\\") & set(each)))
        first += "" if self.requires else " and what build-system.requires names"
        # not to remove the build directory, without which an import fails as well
        return f"install it anew, in an environment that stays: {first}; pip install --no-build-isolation -e ."

    def cuda_path(self) -> str:
        """Say how to name the toolkit root to clang."""
        root = quote_path(self.case.home or "") if _WINDOWS else f'"$({self.case.command("root")})"'
        return f"--cuda-path={root}"

    def architectures(self) -> str:
        """Say what nvcc compiles for, as the nvcc of the environment lists it if there is one."""
        home = self.case.home
        nvcc = executable(home, "nvcc") if home else ""
        if nvcc and os.path.exists(nvcc):
            code, text = host_compiler.run([nvcc, "--list-gpu-arch"], self.case.environ)
            listed = [int(each[len("compute_") :]) for each in text.split() if each[len("compute_") :].isdigit()]
            if code == 0 and listed:
                return ", ".join(map(str, sorted(listed)))
        return ", ".join(map(str, sorted(ARCHITECTURES)))


def _requires(directory: str, text: str) -> tuple[list[str] | None, str]:
    """Give what a build requires, and the name of the list of it in pyproject.toml."""
    try:
        project = load_pyproject(directory) if directory else {}
    except ConfigError:
        return None, _OWN
    foreign = _FOREIGN.findall(text)
    given: Any
    if foreign and project:
        # somebody else's sdist: what the project itself is built with has no part in that
        own, lists = f"extra-build-dependencies.{foreign[-1]}", needs.find_table(project, *_UV)
        given = next((each for name, each in lists.items() if needs.name_of(name) == needs.name_of(foreign[-1])), [])
    else:
        own, given = _OWN, needs.find_table(project, "build-system").get("requires")
    if isinstance(given, list):
        given = [each.get("requirement") if isinstance(each, dict) else each for each in given]
    return needs.read_strings(given), own
