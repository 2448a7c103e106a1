"""
The common case of the start-up hook: one toolkit on ``sys.path``, its root fresh, no variable of the user's in the way.

This runs at every start of Python in an environment, so it is one module beside :mod:`cuda_shims` and not in it:
importing a second module costs as much as all that is done here, and so does ``from __future__``. ``cuda_shims.pth``
loads it by its path, because the import system would list all of site-packages first. It is a folder, though one file
would do, because uv removes the byte code of folders only when it uninstalls. Everything else, and everything that
could fail, is in :mod:`cuda_shims.startup`. Measured by ``scripts/bench.py``.

A root is *fresh* when nothing that it was made from has changed since, and nothing in it either (an uninstaller may be
at work while it is made). It holds a folder of links to those things, and one of links to its own folders (on Windows,
where links are for administrators, files with their paths), each with a stamp that carries the newest of their
modification times, so a handful of ``stat`` calls answer, in Python and in the shim's ``test -nt`` alike. Times are
compared as "newer than" and not as "equal to": a copied environment or an image layer truncates or renews them, and
must stay fresh. An upgrade is noticed even when the clock went backwards, because the ``.dist-info`` folder of a
distribution is named by its version.
"""

import os
import sys

#: the folder of ours beside NVIDIA's ``nvidia`` folder; what is below it is ours, a folder for each major
ROOTS_FOLDER = "cuda_shims_toolkit"
#: names each thing that a root was made from; the number is the layout's, raised when a root's content is
MADE_FROM = "made-from-1"
#: likewise each folder of the root itself
FOLDERS = "folders-1"
#: the stamp of the first, and that of the second; written last, so that a root without it is not finished
STAMP, FINISHED = "stamp", "finished"
#: name a directory: torch, setuptools recipes (CUDA_HOME); Meson, CuPy, Rust, CMake's last resort (CUDA_PATH); CMake
#: projects that only link (CUDAToolkit_ROOT). Never CUDA_ROOT (JAX reads it), LIBRARY_PATH or LD_LIBRARY_PATH.
HOMES = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT")
#: name the compiler: CMake prefers an nvcc beside c++ to PATH (CUDACXX); the cc crate, CuPy (NVCC)
COMPILERS = ("CUDACXX", "NVCC")
#: On Windows the wheels have a toolkit's layout: their own folder is the root, and :data:`ROOTS_FOLDER` holds what they
#: lack
WHEELS_ARE_ROOT = os.name == "nt"
#: the CUDA major whose wheels have no ``nvidia/cuNN``, but a folder for each component: ``nvidia/cuda_runtime`` …
SPLIT = 12
#: what we set, so that a nested environment knows our values from its user's
MARKER = "CUDA_SHIMS_ROOT"
#: a user's choice among toolkits, a major or the path of a root: it beats everything, and we never set it
TOOLKIT = "CUDA_SHIMS_TOOLKIT"
#: where we tell the shims to forward: the toolkit that the user's own variables name. A name of its own, because a
#: nested environment's hook has to know this from a choice that a user made, and has to take it back
FORWARD = "CUDA_SHIMS_FORWARD"

_EXE = ".exe" if os.name == "nt" else ""
#: no CUDA major has more than three digits: a folder ``cu999999999999`` is not the newest toolkit
_LONGEST = len("cu999")
_done_for: "list[tuple[object, ...]]" = []


def toolkit_majors(site_dir: str) -> "list[int]":
    """
    List the CUDA majors whose wheels are in a directory.

    :param site_dir: a site-packages directory, or any directory of ``sys.path``
    :returns: the NN of each ``nvidia/cuNN`` folder, newest first; :data:`SPLIT` also for what may be components of it
        (those of CUDA 11 have folders of the same names: :func:`cuda_shims.search.majors` tells them apart)

    """
    try:
        names = os.listdir(os.path.join(site_dir, "nvidia"))
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return []
    majors = {name[2:] for name in names if name.startswith("cu") and len(name) <= _LONGEST and name[2:].isdigit()}
    found = {int(each) for each in majors if each.isascii() and each[0] != "0"}
    if not WHEELS_ARE_ROOT and any(name.startswith("cuda_") for name in names):
        found.add(SPLIT)
    return sorted(found, reverse=True)


def has_compiler(site_dir: str, major: int) -> bool:
    """
    Tell whether a toolkit can compile: wheels of libraries alone (torch's) must not hide a system's compiler.

    :param site_dir: the site-packages directory that holds the wheels
    :param major: e.g. 13
    :returns: whether it has nvcc

    """
    return os.path.exists(executable(os.path.join(site_dir, "nvidia", f"cu{major}"), "nvcc"))


def is_fresh(root: str) -> bool:
    """
    Tell whether a root is finished and nothing that it was made from has changed since.

    :param root: the root's path
    :returns: ``False`` also for a root that is not there

    """
    try:
        for stamp, paths in ((STAMP, listed(root, MADE_FROM)), (FINISHED, listed(root, FOLDERS))):
            newest = os.stat(os.path.join(root, stamp)).st_mtime_ns
            for path in paths:
                if os.stat(path).st_mtime_ns > newest:
                    return False
    except (OSError, ValueError):  # ValueError: the file is no text
        return False
    return True


def listed(root: str, name: str) -> "list[str]":
    """
    List what a root names.

    :param root: its path
    :param name: :data:`MADE_FROM` or :data:`FOLDERS`
    :returns: paths
    :raises OSError: when the root names nothing
    :raises ValueError: likewise

    """
    path = os.path.join(root, name)
    if WHEELS_ARE_ROOT:
        with open(path, encoding="utf-8") as file:
            names = file.read().split("\n")
        path = root
    else:
        names = os.listdir(path)
    if not names:
        raise ValueError(path)
    return [os.path.join(path, name) for name in names]


def is_trusted(root: str, wheels: str) -> bool:
    """
    Tell whether what a root links to may be run: it belongs to this user, to the superuser, or to whose the wheels are.

    In a prefix that several users write to, or in a cache directory that ``sudo`` left at its caller's, anybody could
    have made it, and its nvcc would run as whoever builds.

    :param root: an existing root
    :param wheels: the folder of its wheels
    :returns: whether it is; on Windows, where links are not made, always
    :raises OSError: when it is not there

    """
    owner = os.lstat(root).st_uid
    if owner == 0 or owner == os.geteuid():
        return True
    return owner == os.stat(wheels).st_uid


def executable(folder: str, tool: str) -> str:
    """
    Name a tool below a root.

    :param folder: the root
    :param tool: e.g. ``nvcc``
    :returns: its path

    """
    return os.path.join(folder, "bin", tool + _EXE)


def root_variables(root: str) -> "dict[str, str]":
    """
    Compute the variables for a root, the search paths apart.

    :param root: its path
    :returns: name to value, the marker included

    """
    nvcc = executable(root, "nvcc")
    return {**dict.fromkeys(HOMES, root), **dict.fromkeys(COMPILERS, nvcc), MARKER: root}


def search_paths(root: str) -> "dict[str, str]":
    """
    Name the folders that go first on search paths: what is found by no other variable.

    pkg-config looks for .pc files there. On Windows CMake looks for packages there: beside nvcc it would find CCCL's
    own, which stop a build.

    :param root: the root
    :returns: the name of each search path, and the folder

    """
    paths = {"PATH": os.path.join(root, "bin")}
    if not WHEELS_ARE_ROOT:
        paths["PKG_CONFIG_PATH"] = os.path.join(root, "lib", "pkgconfig")
        return paths
    folder, name = os.path.split(root)
    if os.path.basename(folder) == "nvidia":  # and not a toolkit that a user chose
        paths["CMAKE_PREFIX_PATH"] = os.path.join(os.path.dirname(folder), ROOTS_FOLDER, name)
    return paths


def prepended(path: str, folder: str, *drop: str) -> str:
    """
    Put a directory first on a search path, once.

    :param path: the value of PATH or its like
    :param folder: the directory
    :param drop: directories to take out (an outer environment's)
    :returns: the new value; empty entries, which mean the current directory, are kept where they are

    """
    parts = [part for part in path.split(os.pathsep) if part != folder and part not in drop] if path else []
    return os.pathsep.join([folder, *parts])


def main() -> None:
    """
    Make this process and its children find the toolkit that is on ``sys.path``; do nothing if there is none.

    Never raises and never prints, may run many times, takes no argument whatever its version. site runs every ``.pth``
    twice in a virtual environment up to Python 3.14, and in pip's isolated build the outer environment's has run before
    the inner one's: ``cuda_shims.pth`` loads its own module then, but a ``.start`` gets the one that is loaded already.
    """
    try:
        environ = os.environ
        if environ.get("CUDA_SHIMS_STARTUP") == "0":
            return
        # never by __file__ or sys.prefix: in pip's build environment both name the outer one
        if (*sys.path, environ.get(MARKER)) in _done_for:
            return
        if not _common_case(environ):
            from cuda_shims.startup import activate  # noqa: PLC0415

            activate(sys.path, environ)
        _done_for[:] = [(*sys.path, environ.get(MARKER))]
    except Exception as error:  # noqa: BLE001 # an interpreter that cannot start is worse than any missing compiler
        if os.environ.get("CUDA_SHIMS_DEBUG") == "1" and sys.stderr is not None:
            print("cuda-shims: gave up:", repr(error), file=sys.stderr)


def _ready_root(site_dir: str, major: int) -> "str | None":
    root = os.path.join(site_dir, ROOTS_FOLDER, f"cu{major}")
    wheels = os.path.join(site_dir, "nvidia", f"cu{major}")
    if WHEELS_ARE_ROOT:
        return wheels if is_fresh(root) else None
    # CMake cannot link below a path with a space: a root elsewhere has to serve
    return root if " " not in root and is_fresh(root) and is_trusted(root, wheels) else None


def _compilers() -> "list[tuple[str, int]]":
    found, split = [], False
    for entry in sys.path:
        if isinstance(entry, str) and os.path.isabs(entry):
            majors = toolkit_majors(entry)
            split = split or SPLIT in majors
            found += [(entry, major) for major in majors if has_compiler(entry, major)]
    # the project may choose the toolkit that has no compiler
    return [] if split and os.path.exists("pyproject.toml") else found


def _common_case(environ: "os._Environ[str]") -> bool:
    found = _compilers()
    if len(found) != 1 or environ.get(TOOLKIT) or environ.get(FORWARD):
        return False
    site_dir, major = found[0]
    root = _ready_root(site_dir, major)
    if root is None:
        return False
    outer = environ.get(MARKER)
    wanted = root_variables(root)
    ours = root_variables(outer) if outer else wanted
    if any(environ.get(name) not in {None, "", wanted[name], ours[name]} for name in wanted):
        return False
    for name, value in wanted.items():
        if environ.get(name) != value:
            environ[name] = value
    outers = search_paths(outer) if outer else {}
    for name, folder in search_paths(root).items():
        path = environ.get(name, "")
        if path.partition(os.pathsep)[0] != folder or (outer and outer != root):
            environ[name] = prepended(path, folder, *([outers[name]] if name in outers else []))
    return True


__all__ = [
    "COMPILERS",
    "FINISHED",
    "FOLDERS",
    "FORWARD",
    "HOMES",
    "MADE_FROM",
    "MARKER",
    "ROOTS_FOLDER",
    "SPLIT",
    "STAMP",
    "TOOLKIT",
    "WHEELS_ARE_ROOT",
    "executable",
    "has_compiler",
    "is_fresh",
    "is_trusted",
    "listed",
    "main",
    "prepended",
    "root_variables",
    "search_paths",
    "toolkit_majors",
]
