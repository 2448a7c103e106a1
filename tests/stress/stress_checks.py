"""What ``stress.py`` looks at: the root while it is renewed, files that may be torn, and what is left."""

from __future__ import annotations

import base64
import contextlib
import csv
import functools
import glob
import hashlib
import os
import stat
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOTS = "cuda_shims_toolkit"
SCRATCH = "cuda-shims-tmp"
SHIM_MARK = b"#!/bin/sh\n# cuda-shims shim"
_SHIM = os.path.join(
    *(os.path.dirname(os.path.abspath(__file__)), "..", ".."),
    *("src", "cuda_shims", "installation", "templates", "shim.sh"),
)
with open(_SHIM, "rb") as _file:
    SHIM_END = _file.read()[-40:]
#: what every root has, with what each begins
REQUIRED = {
    "bin/nvcc": b"\x7fELF",
    "bin/ptxas": b"\x7fELF",
    "bin/nvcc.profile": b"",
    "nvvm/bin/cicc": b"\x7fELF",
    "nvvm/lib64/libnvvm.so": b"\x7fELF",
    "nvvm/libdevice/libdevice.10.bc": b"",
    "lib/libcudart.so": b"\x7fELF",
    "lib64/libcudart_static.a": b"!<arch>\n",
    "lib/stubs/libcuda.so": b"\x7fELF",
    "include/cuda_runtime.h": b"",
    "include/cuda.h": b"",
    "version.json": b"{",
}
#: comes and goes while a compile runs
OPTIONAL = "cuobjdump"


def is_elf(path: str) -> bool:
    """Tell whether a compiler's output is there."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


class RootWatch:
    """A reader of a root, who knows what it saw before."""

    def __init__(self, root: str, *, grace: float = 0.0) -> None:
        """Watch a root; a file system on which no name is replaced in one step is given some seconds of grace."""
        self.root = root
        self.grace = grace
        self.looks = 0  # at the most needed names
        self.checked = 0  # looks at every name
        self.left_out = 0  # names that went for good
        self.stamps: set[tuple[int, int]] = set()
        self.begin()

    def begin(self) -> None:
        """Forget what was seen: the wheels changed."""
        self.names: set[str] = set()
        self.gone: set[str] = set()
        self.whole: set[str] = set()

    def look(self) -> Iterator[str]:
        """Look once at each name, and often at that of the compiler; say what is less than before."""
        for _ in range(100):
            self.looks += 1
            if "bin/nvcc" in self.whole and not self._sees("bin/nvcc", os.path.exists):
                yield "bin/nvcc is away for a moment"
        self.checked += 1
        for name, start in REQUIRED.items():
            if self._sees(name, functools.partial(_begins, start=start)):
                self.whole.add(name)
            elif name in self.whole:
                yield f"{name} resolves no more"
        there = {name for name in self.names if self._sees(name, os.path.lexists)}
        self.gone |= self.names - there
        for name in sorted(self.gone & there):
            if OPTIONAL not in name:
                yield f"{name} was away and came back"
            self.gone.discard(name)
        self.names |= set(_names(self.root, ""))
        try:
            status = os.stat(f"{self.root}/made-from-3")
        except OSError:
            return
        self.stamps.add((status.st_ino, status.st_mtime_ns))

    def _sees(self, name: str, sees: Callable[[str], bool]) -> bool:
        path = f"{self.root}/{name}"
        if sees(path):
            return True
        if not self.grace:
            return False
        time.sleep(self.grace)
        return sees(path)

    def end(self) -> None:
        """Count what went and did not come back, as what the other wheels do not have."""
        self.left_out += sum(OPTIONAL not in name for name in self.gone)


def _begins(path: str, start: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            data = file.read(max(len(start), 1))
    except OSError:
        return False
    return bool(data) and data.startswith(start)


def _names(root: str, below: str) -> Iterator[str]:
    # every name of a root that is finished; links are not followed
    try:
        entries = list(os.scandir(os.path.join(root, below)))
    except OSError:
        return
    for entry in entries:
        name = f"{below}/{entry.name}".lstrip("/")
        if SCRATCH in name:
            continue
        yield name
        if entry.is_dir(follow_symlinks=False):
            yield from _names(root, name)


def record_rows(path: str) -> list[list[str]]:
    """
    Read a RECORD strictly.

    :raises ValueError: when it is torn
    """
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    rows = list(csv.reader(text.splitlines()))
    if not text.endswith("\n") or any(len(row) != 3 or not row[0] for row in rows):
        raise ValueError(f"{path} is torn: {text[-200:]!r}")
    return rows


def record_hash(data: bytes) -> str:
    """Spell a hash as RECORD does; not by the code that is tested."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def torn_files(env: str, site: str) -> tuple[list[str], list[str]]:
    """
    Look for torn files of ours.

    :returns: what is wrong at any time; files that RECORD speaks of wrongly, which is wrong when it lasts
    """
    torn, differ = [], []
    for dist_info in glob.glob(os.path.join(glob.escape(site), "cuda_shims-*.dist-info")):
        try:
            rows = record_rows(os.path.join(dist_info, "RECORD"))
        except (OSError, ValueError) as error:
            torn.append(str(error))
            continue
        for path, digest, _ in rows:
            absolute = os.path.normpath(os.path.join(site, path))
            if not digest:
                continue
            try:
                with open(absolute, "rb") as file:
                    data = file.read()
            except OSError as error:
                # uv unpacks a wheel with its RECORD, then moves the scripts, then writes RECORD anew
                moving = os.path.dirname(absolute) == os.path.join(env, "bin") or ".data/scripts/" in path
                (differ if moving else torn).append(str(error))
                continue
            if record_hash(data) != digest:
                whole = data.startswith(SHIM_MARK) and data.endswith(SHIM_END)
                (differ if whole else torn).append(path)
    for path in glob.glob(os.path.join(glob.escape(site), ROOTS, "ledger")):
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            continue
        lines = text.splitlines()
        if text and (not text.endswith("\n") or any("\tlink:" not in x and "\tsha256:" not in x for x in lines)):
            torn.append(f"{path} is torn: {text[-200:]!r}")
    return torn, differ


def ours(env: str) -> list[str]:
    """List what is ours in an environment: by its name, or a shim by what it says."""
    return [path for path in _paths(env) if _is_ours(env, path)]


def _is_ours(env: str, path: str) -> bool:
    if "cuda_shims" in path or SCRATCH in path or "cuda-shims" in path:
        return True
    if os.path.dirname(path) != "bin":
        return False
    try:
        with open(os.path.join(env, path), "rb") as file:
            return file.read(len(SHIM_MARK)) == SHIM_MARK
    except OSError:
        return False


def tree(folder: str) -> dict[str, str]:
    """Describe all that is in a folder: a link by what it says, a file by its mode and hash, a folder by its mode."""
    found = {}
    for path in _paths(folder):
        with contextlib.suppress(FileNotFoundError):
            found[path] = _described(os.path.join(folder, path))
    return found


def roots(folder: str) -> dict[str, str]:
    """Describe what is in a folder of roots; of each root that which its link names, and not those before it."""
    found = {}
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.islink(path):
            found.update({f"{name}/{inner}": what for inner, what in tree(os.path.realpath(path)).items()})
        elif not name.startswith(".cu"):
            found[name] = _described(path)
    return found


def _paths(folder: str) -> Iterator[str]:
    for top, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            yield os.path.relpath(os.path.join(top, name), folder)


def _described(path: str) -> str:
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return f"link {os.readlink(path)}"
    if stat.S_ISDIR(mode):
        return f"folder {mode & 0o777:o}"
    return f"file {mode & 0o777:o} {digest(path)}"


def digest(path: str) -> str:
    """Hash a file."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def difference(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Say what is more, less or other, the byte code of other people's modules apart."""

    def mine(found: dict[str, str]) -> dict[str, str]:
        return {path: what for path, what in found.items() if "__pycache__" not in path or "cuda_shims" in path}

    old, new = mine(before), mine(after)
    said = [f"- {path}" for path in sorted(old.keys() - new.keys())]
    said += [f"+ {path}" for path in sorted(new.keys() - old.keys())]
    both = sorted(old.keys() & new.keys())
    return said + [f"! {path}: {old[path]} -> {new[path]}" for path in both if old[path] != new[path]]


def strays(env: str, site: str, known: Iterable[str]) -> list[str]:
    """List what no RECORD names, neither is known, nor below our folder, nor byte code of somebody's module."""
    named = set(known)
    for record in glob.glob(os.path.join(glob.escape(site), "*.dist-info", "RECORD")):
        for row in record_rows(record):
            named.add(os.path.relpath(os.path.join(site, row[0]), env))
    toolkit = os.path.relpath(os.path.join(site, ROOTS), env)
    found = []
    for path in _paths(env):
        whole = os.path.join(env, path)
        folder = os.path.isdir(whole) and not os.path.islink(whole)
        if folder or path in named or path.startswith(f"{toolkit}{os.sep}"):
            continue
        if "__pycache__" in path and os.path.exists(os.path.join(env, _source(path))):
            continue
        found.append(path)
    leftovers = [path for path in _paths(env) if SCRATCH in path]
    ghosts = [
        folder
        for folder in glob.glob(os.path.join(glob.escape(site), "*.dist-info"))
        if not os.path.exists(os.path.join(folder, "METADATA"))
    ]
    return [*found, *leftovers, *ghosts]


def _source(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(os.path.dirname(folder), name.split(".")[0] + ".py")
