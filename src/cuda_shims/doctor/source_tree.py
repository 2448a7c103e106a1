"""
What a project uses of CUDA: the files that its build takes, and what each of its builds needs.

Files are searched for words, not understood. A need is sure if it is outside any condition, in a file that the build of
the project itself surely takes. A build may not need the rest, or the project may bring it along.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
from typing import Any, NamedTuple

from cuda_shims.config import load_pyproject
from cuda_shims.doctor.build_file import COMPILED, Found, Read, kind_of, read_file
from cuda_shims.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: the files that make a directory the root of a project; no other, a home or a /tmp, is read
_PROJECT_FILES = (
    *("pyproject.toml", "setup.py", "setup.cfg", "CMakeLists.txt", "meson.build", "Cargo.toml"),
    *("Makefile", "makefile", "GNUmakefile", "configure.ac", "configure", "build.ninja"),
)
_SKIPPED = {"build", "dist", "node_modules", "site-packages", "__pycache__"}
_MAX_LISTED, _MAX_FILES, _MAX_BYTES = 20_000, 2000, 1024 * 1024
#: a build back end, by a word of its name -> the files that it begins with
_BACK_ENDS = {"scikit_build": ("CMakeLists.txt",), "mesonpy": ("meson.build",), "maturin": ("build.rs",)}
#: CMake's own module, which many projects have a copy of: it defines what it names
_COPIES = re.compile(r"FindCUDA(?:Toolkit)?\.cmake$")
_HERE = re.compile(r"^\$\{(?:CMAKE_CURRENT_SOURCE_DIR|CMAKE_CURRENT_LIST_DIR)\}/")
_TOP = re.compile(r"^\$\{(?:\w{1,60}_SOURCE_DIR)\}/")


class Use(NamedTuple):
    """A place where a project uses something of CUDA."""

    #: path and line, ``src/CMakeLists.txt:12``
    place: str
    #: as it is written, ``CUDA::cublas``
    spelling: str
    #: the part that has it; empty: no wheel of CUDA 13 holds it
    part: str
    #: whether each build needs it
    sure: bool


def find_uses(directory: str) -> list[Use]:
    """Find what a project uses of CUDA, the sure needs first, each spelling once."""
    return _Tree(directory).uses() if any(_is_file(os.path.join(directory, name)) for name in _PROJECT_FILES) else []


class _Tree:
    """The files of a project."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.document = _load(directory)
        self.listed = list(_list(directory))
        self.known = set(self.listed)
        self.by_name: dict[str, list[str]] = {}
        for path in self.listed:
            self.by_name.setdefault(posixpath.basename(path), []).append(path)
        #: folders of other projects: an environment's, a build tree, one within this one
        self.foreign = {_folder(path) for path in self.listed if posixpath.basename(path) == "pyproject.toml"} - {""}
        self.left = _MAX_FILES
        self.read: dict[str, Read] = {}
        #: build files that a build takes, and whether each build does
        self.taken: dict[str, bool] = {}

    def uses(self) -> list[Use]:
        for path in self.roots():
            self.take(path, sure=True)
        folders = {_folder(path) for path in self.taken}
        own = [path for path in self.listed if self.is_own(path, folders)]
        for path in sorted(own, key=lambda path: kind_of(posixpath.basename(path)) == "source"):
            self.open(path)
        made = {name for read in self.read.values() for name in read.made}
        fetched = " ".join(read.fetched for read in self.read.values())
        for path in self.compiled():
            self.take(path, sure=True)
        found: dict[str, Use] = {}
        for path, read in self.read.items():
            if _COPIES.search(path):
                continue
            for each in read.found:
                if each.spelling in made or self.ships(path, each):
                    continue
                sure = (
                    self.taken.get(path, False)
                    and each.sure
                    and not (each.part and each.part.removeprefix("nvidia-") in fetched)
                )
                use = Use(f"{path.replace('/', os.sep)}:{each.line}", each.spelling, each.part, sure)
                if each.spelling not in found or (sure and not found[each.spelling].sure):
                    found[each.spelling] = use
        return sorted(found.values(), key=lambda use: not use.sure)

    def roots(self) -> Iterator[str]:
        """Name the files that the build begins with."""
        build = self.document.get("build-system")
        back_end = str(build.get("build-backend", "")) if isinstance(build, dict) else ""
        names = next((names for word, names in _BACK_ENDS.items() if word in back_end), ())
        yield from (path for path in ("pyproject.toml", "setup.cfg") if path in self.known)
        if names:
            folder = _source_folder(self.document) if names[0] == "CMakeLists.txt" else ""
            yield from (
                path
                for path in (posixpath.normpath(posixpath.join(folder, name)) for name in names)
                if path in self.known
            )
        elif "setup.py" in self.known:
            self.open("setup.py")
            yield "setup.py"
            if "CMakeLists.txt" in self.known and re.search("cmake|skbuild", self.text("setup.py"), re.IGNORECASE):
                yield "CMakeLists.txt"
        else:
            top = [path for path in self.listed if "/" not in path and kind_of(path) != "source"]
            whole = {"CMakeLists.txt", "meson.build"} & set(top)  # a Makefile with these is for developers
            yield from (path for path in top if not (whole and kind_of(path) == "make"))

    def take(self, path: str, *, sure: bool) -> None:
        """Follow what a build file includes."""
        waiting = [(path, sure)]
        while waiting:
            path, sure = waiting.pop()
            if self.taken.get(path, False) or (path in self.taken and not sure):
                continue
            self.taken[path] = sure
            self.open(path)
            if path in self.read:
                for name, always in self.read[path].taken:
                    inner = self.resolve(path, name)
                    if inner:
                        waiting.append((inner, sure and always))

    def resolve(self, path: str, name: str) -> str | None:
        here, kind = _folder(path), kind_of(posixpath.basename(path))
        if kind == "source":
            beside = posixpath.normpath(posixpath.join(here, name))
            fit = [beside] if beside in self.known else self.ending(name)
            return fit[0] if len(fit) == 1 else None
        main = "meson.build" if kind == "meson" else "CMakeLists.txt"
        starts = ("",) if _TOP.match(name) and not _HERE.match(name) else (here, "")
        name = _TOP.sub("", _HERE.sub("", name))
        for start in starts:
            for end in ("", f"/{main}"):
                inner = posixpath.normpath(posixpath.join(start, name + end))
                if inner in self.known and kind_of(posixpath.basename(inner)) == kind:
                    return inner
        return next(iter(self.by_name.get(f"{name}.cmake", ())), None)

    def is_own(self, path: str, folders: set[str]) -> bool:
        around = _folder(path)
        while around and around not in self.foreign:
            around = _folder(around)
        inside = around + "/"
        return not around or any(f"{each}/".startswith(inside) and path.startswith(f"{each}/") for each in folders)

    def open(self, path: str) -> None:
        if path not in self.read and self.left > 0:
            self.left -= 1
            self.read[path] = read_file(posixpath.basename(path), self.text(path))

    def text(self, path: str) -> str:
        try:
            with open(os.path.join(self.directory, path), encoding="utf-8", errors="replace") as file:
                return file.read(_MAX_BYTES)
        except OSError:
            return ""

    def compiled(self) -> set[str]:
        """Find the sources that build files name where each build sees it."""
        read = (self.read.get(path) for path, sure in self.taken.items() if sure)
        named = {name for each in read if each for name in each.sources}
        fits = [[path for path in self.ending(name) if path.endswith(COMPILED)] for name in named]
        return {fit[0] for fit in fits if len(fit) == 1}  # else nobody knows which of them it means

    def ships(self, path: str, found: Found) -> bool:
        """Tell whether a header that a source includes comes with the project."""
        return kind_of(posixpath.basename(path)) == "source" and bool(self.ending(found.spelling))

    def ending(self, name: str) -> list[str]:
        """Find the files whose path has this end."""
        name = posixpath.normpath(name)
        return [path for path in self.by_name.get(posixpath.basename(name), ()) if f"/{path}".endswith(f"/{name}")]


def _load(directory: str) -> dict[str, Any]:
    try:
        return load_pyproject(directory)
    except ConfigError:  # another check says so
        return {}


def _source_folder(document: dict[str, Any]) -> str:
    for name in ("tool", "scikit-build", "cmake", "source-dir"):
        document = document.get(name, {}) if isinstance(document, dict) else {}
    return document if isinstance(document, str) else ""


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _list(directory: str) -> Iterator[str]:
    """List the files to read, below the directory, with /."""
    left = _MAX_LISTED
    for folder, folders, names in os.walk(directory):
        if {"pyvenv.cfg", "CMakeCache.txt"} & set(names) and folder != directory:
            folders[:] = []
            continue
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _SKIPPED)
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not kind_of(name) or not _is_file(path):  # reading a FIFO would wait
                continue
            left -= 1
            if left < 0:
                return
            yield os.path.relpath(path, directory).replace(os.sep, "/")


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False
