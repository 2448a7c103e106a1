"""How to fix what the log of a build shows, for the project and the environment that it is explained in."""

from __future__ import annotations

import os
import re

from _cuda_shims import COMPILERS, HOMES, ROOTS_FOLDER, executable
from cuda_shims.catalog import contents, tools
from cuda_shims.doctor import host_compiler, visual_studio
from cuda_shims.doctor import project as needs
from cuda_shims.doctor.case import spell_setting
from cuda_shims.doctor.compiler import propose_compiler
from cuda_shims.doctor.log import clue, folder, older
from cuda_shims.doctor.log.history import ARCHITECTURES, GCC_LIMITS
from cuda_shims.doctor.log.requires import Requires
from cuda_shims.doctor.part import is_companion
from cuda_shims.fit import spell_requirement
from cuda_shims.quoting import quote_path, quote_requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.case import Case

_WINDOWS = os.name == "nt"
#: what a build of CUDA sources needs at least
_COMPILER = ("cccl", "cudart", "nvcc")
#: the same, with what nvcc's own extra does not pin in every release
_WHOLE = tuple(each.extra for each in tools.COMPONENTS if each.distribution in tools.COMPILER_COMPONENTS)
_ENDS = 500_000
#: the newest gcc of the first nvcc of a wheel; nvcc 11.8 reads no NVCC_CCBIN (Debian's has no such word in it)
_OURS = GCC_LIMITS["13.0"]
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
        self._said: dict[str, bool] = {}
        #: of a large log the beginning, the end and what uv names between them, for what is looked for in all of it
        at = max(text.rfind(" build `") - 40, 0)
        self._ends = text if len(text) <= 2 * _ENDS else f"{text[:_ENDS]}\n{text[at : at + 200]}\n{text[-_ENDS:]}"
        #: what the build requires
        self.build = Requires(case, self._ends)
        #: parts that findings of this log need: one line brings them all
        self.wanted: set[str] = set()
        #: whether the build that failed is one that has us
        self.has_shims = self.build.names("cuda-shims") or "cuda_shims_toolkit" in text
        #: the release of the toolkit that ran, and that torch was built for, where the log shows one
        self.toolkit_home = clue.toolkit_home(self._ends) if self.build.listed is None and not case.home else ""
        self.cmake_release = clue.cmake_release(self._ends)
        self.toolkit_release, self.torch_release = clue.toolkit_release(self._ends), clue.torch_release(self._ends)
        #: the CUDA that the build needs, and that no wheel's compiler is of
        self.older = older.find_older(
            text[:_ENDS] if self.bare or self.build.sdist else "", self.torch_release, self.toolkit_release
        )

    def says(self, pattern: str) -> bool:
        """Tell whether the log has something that a pattern fits; it is looked for once."""
        if pattern not in self._said:
            self._said[pattern] = bool(re.search(pattern, self._ends))
        return self._said[pattern]

    def has(self, part: str) -> bool:
        """Tell whether the build's requirements bring a part or, if these are unknown, the environment has it."""
        return self.build.has(part)

    @property
    def bare(self) -> bool:
        """Whether nothing is known of the build's requirements, and none of our toolkits is here."""
        return self.build.listed is None and self.case.toolkit is None and not self.case.home

    def need(self) -> str:
        """Say how to get all the components that findings of this log need."""
        return self.build.bring(sorted(self.wanted))

    def need_header(self) -> str:
        """Say how to get these, for a compiler."""
        return self._or_told(folder.spell_headers(self.wanted)) if self.bare else self.need()

    def _or_told(self, told: str) -> str:
        if self.older:
            return f"{told}; where the toolkit lacks it: {self._with_toolkit()}"
        return f"{self._with_toolkit()}; an installed toolkit: {told}"

    def _with_toolkit(self) -> str:
        if self.older:
            return older.spell_whole(
                self.older, map(self.case.distribution_of, filter(is_companion, sorted(self.wanted)))
            )
        return self.case.pip(tools.BUNDLE, *self.case.requirements(sorted(self.wanted)))

    def complete(self) -> str:
        """Say how to get them where the build takes a toolkit that is none of the wheels'."""
        if self.older:
            return f"install it into that toolkit, or {self._with_toolkit()}"
        return f"install it into that toolkit, or take the wheels' instead: {self._with_toolkit()}"

    def need_package(self) -> str:
        """Say how to get these, for CMake's find_package."""
        return self.need_and_shims(cmake=True)

    def need_and_shims(self, *, cmake: bool = False) -> str:
        """Say how to get these, and a root with the names that linkers look for."""
        if self.has_shims:
            return self.need()
        if self.bare:
            meson, windows = self.says("requested CUDA module"), self.says(clue.WINDOWS)
            theirs = folder.spell_libraries(self.wanted, cmake=cmake, meson=meson, windows=windows)
            return self._or_told(theirs)
        if self.build.listed is not None:
            return self.need() if self.build.sdist else f'{self.need()}, and add "cuda-shims"'
        ours = self.case.environment.dist_info is not None
        return self.need() if ours else f"{self.need()}; {self.case.pip('cuda-shims')}"

    def whole(self) -> str:
        """Say how to get all parts of the compiler at one release."""
        parts = {each.distribution for each in tools.COMPONENTS}
        pins = [quote_requirement(each) for each in self.build.listed or () if needs.name_of(each) in parts]
        return self.build.bring(_WHOLE) + (f" instead of {', '.join(pins)}" if pins else "")

    def shims(self) -> str:
        """Say how to get a toolkit where build systems look for it."""
        if self.says(r"\+rocm\d"):
            return "build the project for ROCm, as its page says: this torch is for AMD's GPUs; NVIDIA's need another"
        if self.older:
            return older.spell_shims(self.older, torch=bool(self.torch_release))
        if self.says(clue.MACOS):
            return "build on Linux or Windows: CUDA left macOS with release 10.2; or leave CUDA out of the build"
        return self.need() if self.build.sdist else self._our_toolkit()

    def _our_toolkit(self) -> str:
        case = self.case
        if self.build.listed is not None and not (self.has_shims and self.has("nvcc")):
            missing = [extra for extra in _COMPILER if not self.has(extra)]
            self.wanted.update(missing)
            steps = [self.need()] if missing else []
            if not self.has_shims:
                steps.append('add "cuda-shims"' if steps else self.build.install("cuda-shims"))
            return ", and ".join(steps)
        if add := self._add_root():
            return add
        if self.build.isolated:
            return "unset CUDA_HOME, CUDA_PATH, CUDACXX and CUDA_SHIMS_STARTUP where the build is started"
        return f"run the build as: {case.command('exec')} CMD; what else is wrong, {case.command('doctor')} says"

    @property
    def has_root(self) -> bool:
        """Whether the build has our root: by what it requires, or where the environment counts, by that."""
        return self.has_shims or (self.build.listed is None and not self._add_root())

    def _add_root(self) -> str:
        """Say how the environment's builds get our root; empty where they have it."""
        case = self.case
        if not case.home:
            return f"{case.pip(tools.BUNDLE)}; or put the bin folder of an installed toolkit on PATH (sudo has its own)"
        if case.environment.dist_info is None:
            return case.pip("cuda-shims")
        if case.environ.get("CUDA_SHIMS_STARTUP") == "0":
            return case.removal("CUDA_SHIMS_STARTUP")
        theirs = case.other_toolkit()
        if theirs:
            return case.removal(*(each for each in (*HOMES, *COMPILERS) if theirs in case.environ.get(each, "")))
        return ""

    def newer(self, since: str) -> str:
        """Say how to get an nvcc of some release or a later one."""
        if since and tools.is_compiled(since) and self.has("nvcc"):
            return f"{quote_requirement(f'cuda-toolkit=={since}.*')} or later"
        named = f"CUDA {since} or later" if since else "a newer CUDA"
        if self.torch_release and not tools.is_compiled(self.torch_release):
            return named
        by = "a newer JetPack" if self.older == older.JETPACK else f"CUDA {tools.NEWEST} by wheels: {self.by_wheels()}"
        return f"{named} ({by})"

    def whole_toolkit(self) -> str:
        """Say how to get a toolkit that lacks nothing, where another one exists too."""
        return self._with_toolkit() if self.older else f"a whole one by wheels: {self.by_wheels()}"

    def by_wheels(self) -> str:
        """Say how to get the wheels' toolkit, where another one exists too."""
        return self.case.pip(tools.BUNDLE) if self.build.listed is None and not self.case.home else self.shims()

    def named(self) -> str:
        """Say how to get a toolkit, and how to name it to a program that expects another folder."""
        if self.build.listed is not None or self.older:
            return self.shims()
        name = folder.spell_home(self.case.command("root"))
        how = "" if self.case.home else f"{self.case.pip(tools.BUNDLE)}; "
        return f"{how}{name}, or the Makefile's own variable for it; a toolkit elsewhere likewise"

    def exported(self) -> str:
        """Say how a build that no Python starts finds a toolkit."""
        if self.build.listed is not None or self.case.home or self.older:
            return self.shims()
        run = f"{self.case.pip(tools.BUNDLE)}; then run the build as: {self.case.command('exec')} CMD"
        return f"{run}; a toolkit elsewhere: export CUDA_PATH=DIR, its bin on PATH"

    def ninja(self) -> str:
        """Say how the build gets ninja."""
        return self.install("ninja")

    def linker(self, name: str) -> str:
        """Say how the linker finds an installed library."""
        if not self.has_root:
            return self.shims()
        if name.endswith(".lib"):
            beside = rf"..\..\{ROOTS_FOLDER}\cu{self.case.toolkit.major if self.case.toolkit else tools.NEWEST}"
            below = rf"{beside}\lib\x64" if contents.is_made(name) else r"lib\x64"
            return rf'build in an "x64 Native Tools Command Prompt", or give the linker /LIBPATH:"%CUDA_HOME%\{below}"'
        below = "lib/stubs" if name in {"cuda", "nvidia-ml"} else "lib"
        return self.by_home(f'give the linker -L"$CUDA_HOME/{below}"')

    def stub(self) -> str:
        """Say how the linker finds the driver's stub without one of our toolkits."""
        by = 'export LIBRARY_PATH="$CUDA_HOME/lib64/stubs:$LIBRARY_PATH"'
        return f"{by}, or give the linker that folder by -L; if no toolkit is installed: {self._with_toolkit()}"

    def rooted(self) -> str:
        """Say how CMake finds another toolkit than the one that it was told of."""
        return f"correct or unset CUDAToolkit_ROOT; {self.whole_toolkit()}"

    def by_home(self, how: str) -> str:
        """Say how $CUDA_HOME is used, which the shell sets first; an isolated build has one, or cannot be given one."""
        if self.build.isolated or not self.case.home:
            return how
        return f"{self.case.evaluation('env')}; then {how}"

    def host(self, told: dict[str, int] | None = None) -> str:
        """Say how to get a host compiler, no newer than the newest that nvcc takes where the log says so."""
        case = self.case
        limit = told or (host_compiler.read_limits(case.home) if case.home else {})
        if told and "gcc" in told:  # of clang the log says nothing: none for an nvcc that is too old for gcc
            limit = {"clang": 0, **told}
        kind, newest = next(iter((told or {}).items()), ("gcc", _OURS))
        compiler = next(host_compiler.host_compilers(case.environ))
        other = host_compiler.find_accepted(limit, case.environ) if told else None
        if not host_compiler.suits(compiler, limit) and (other or not told):
            return _spell_compilers(other) if other and newest < _OURS else propose_compiler(case, compiler, limit)
        if _WINDOWS:
            return self.visual_studio()
        if not told:
            return "install g++ (Debian: apt-get install g++) where the build runs"
        return _spell_host(f"{'clang++' if kind == 'clang' else 'g++'}-{newest}")

    def older_host(self, gcc: int) -> str:
        """Say how to get a gcc that this nvcc accepts, or an nvcc that accepts this gcc."""
        takes = [newest for since, newest in GCC_LIMITS.items() if _ran(self.toolkit_release, since)]
        since = next((since for since, newest in GCC_LIMITS.items() if newest > gcc), "")
        return f"{_spell_host(f'g++-{min([*takes[-1:], gcc - 1])}')}; or take {self.newer(since)}"

    def newer_host(self) -> str:
        """Say how to get a newer host compiler."""
        newest = next(
            reversed([newest for since, newest in GCC_LIMITS.items() if _ran(self.toolkit_release, since)]), 0
        )
        upto = f", g++-{newest} at most" if newest and self.toolkit_release else ""
        return f"install a newer g++ where the build runs{upto}, then: {_spell_compilers('g++-N')}"

    def visual_studio(self) -> str:
        """Say how to get the host compiler of Windows."""
        limit = host_compiler.read_limits(self.case.home) if _WINDOWS and self.case.home else {}
        return visual_studio.propose(limit, self.case.environ)

    def older_visual_studio(self) -> str:
        """Say how to get a Visual Studio that an nvcc takes, or an nvcc that takes it."""
        older = "install an older MSVC toolset too, which vcvarsall.bat x64 -vcvars_ver=… starts"
        return f"{older}; or take {self.newer('')}"

    def install(self, requirement: str) -> str:
        """Say how the build gets a program that a package has."""
        return self.build.install(requirement)

    def release(self, wanted: str) -> str:
        """Say how to get another release of the toolkit, e.g. 13.2."""
        minor = ".".join(wanted.split(".")[:2])
        requirement = spell_requirement(minor)
        line = needs.add_extras(self.build.listed or (), _WHOLE)
        if line:
            requirement = f"{line.partition(']')[0]}]=={minor}.*"
        return self.build.replace(requirement)

    def any_release(self, distribution: str) -> str:
        """Say how to require releases that exist."""
        line = (needs.add_extras(self.build.listed or (), ()) or "cuda-toolkit").partition("]")[0]
        line = line if "[" in line else f"cuda-toolkit[{','.join(_COMPILER)}"
        line = f"{line}]=={tools.NEWEST}.*"
        return (
            f'require "{line}"'
            if distribution == "cuda-toolkit"
            else f"take cuda-toolkit, which requires {distribution}"
        )

    def fresh(self) -> str:
        """Say how to build without what another build left."""
        if not _EDITABLE.search(self._ends):
            return "remove the build directory, or: cmake --fresh"
        wanted = list(self.build.listed or ())
        if "cuda-shims" not in {needs.name_of(each) for each in wanted}:
            wanted.append(tools.BUNDLE)
        # what not every shell quotes alike: fish has escapes between single quotes, cmd variables between double ones
        first = self.case.pip(*(each for each in wanted if not set('"%' if _WINDOWS else "\\") & set(each)))
        first += "" if self.build.listed else " and what build-system.requires names"
        # not to remove the build directory, without which an import fails as well
        anew = self.case.pip("--no-build-isolation", "-e", ".")
        return f"install it again, in an environment that stays: {first}; {anew}"

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
        known = [
            each for each, (since, until) in ARCHITECTURES.items() if _ran(f"{tools.NEWEST}.0", since) and not until
        ]
        return ", ".join(map(str, sorted(known)))


def _spell_host(name: str) -> str:
    by = f"{spell_setting('NVCC_CCBIN', name)}, for CMake: {spell_setting('CUDAHOSTCXX', name)}"
    by = _spell_compilers(name) if int(name.rpartition("-")[2]) < _OURS else by
    return f"install {name} or an older one (Debian: apt-get install {name}) where the build runs, then: {by}"


def _spell_compilers(name: str) -> str:
    """Name a host compiler to a build whose nvcc may read no NVCC_CCBIN: torch and CMake make -ccbin of these."""
    c = name.replace("g++", "gcc").replace("clang++", "clang")
    settings = ", ".join(spell_setting(*each) for each in (("CC", c), ("CXX", name), ("CUDAHOSTCXX", name)))
    return f"{settings}; for nvcc itself -ccbin {name}"


def _ran(release: str, since: str) -> bool:
    return not release or clue.version(since) <= clue.version(release)
