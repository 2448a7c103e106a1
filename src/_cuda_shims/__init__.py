"""
The common case of the start-up hook: one toolkit on ``sys.path``, its root fresh, no user variable in the way.

This runs at every start of Python in an environment. It is a single module because importing a second would double its
cost, and so would ``from __future__``. ``cuda_shims.pth`` loads it by its path, because the import system would list
all of site-packages first. It is a folder because uv, when it uninstalls, removes the byte code of folders only.
Everything else, and everything that could fail, is in :mod:`_cuda_shims.uncommon`. Types are in comments, because
annotations are evaluated, which slows a start by 0.6 %. ``tox -e bench`` measures it.

A root is *fresh* when neither it nor anything that it was made from has changed since. Its file
:data:`MADE_FROM` names the distributions. Its time is that of the newest folder that was examined, so a few ``stat``
calls suffice, in Python and in the shim's ``test -nt`` alike. Times are compared as "newer than", not as "equal to": a
copied environment or an image layer truncates or renews them, and must stay fresh. An upgrade is noticed even when the
clock went backwards, because the name of a distribution's ``.dist-info`` folder contains its version.
"""

import builtins
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping  # noqa: F401 # in comments
    from typing import Any

ROOTS_FOLDER = "cuda_shims_toolkit"  # next to NVIDIA's "nvidia" folder; everything in it is ours, a link for each root
#: in a root: what it was made from, a line each, relative to its site-packages directory; after a "!", what did not
#: exist. The number is that of the layout and rises when the content of roots changes. The file's time is the stamp,
#: and therefore it is written last
MADE_FROM = "made-from-3"
#: folders of the wheels whose time changes when a wheel is added or removed: a root links to whole folders below them
WATCHED = ("", "/bin", "/include", "/lib", "/nvvm")
OWN_FOLDERS = ("", "/bin", "/lib")  # likewise the root's own: an uninstaller may run while it is made
#: name a directory: torch, setuptools recipes (CUDA_HOME), Meson, CuPy, Rust, CMake's last resort (CUDA_PATH), CMake
#: projects that only link (CUDAToolkit_ROOT). Never CUDA_ROOT (JAX reads it) or LD_LIBRARY_PATH.
HOMES = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT")
#: name the compiler: CMake prefers an nvcc next to c++ to PATH (CUDACXX); the cc crate, CuPy (NVCC)
COMPILERS = ("CUDACXX", "NVCC")
#: on Windows the wheels have a toolkit's layout: their folder is the root, :data:`ROOTS_FOLDER` holds what is missing
WHEELS_ARE_ROOT = os.name == "nt"
COMPANIONS = ("/search", "/include")  # of a root with companions, at the end of PATH: its libraries, and its headers
#: in it, on Windows: which folders go last on which of these search paths, ``NAME=FOLDER`` a line. Microsoft's compiler
#: and linker read LIB and INCLUDE. If unset, they stay unset: clang-cl and lld-link then look for Visual Studio
SEARCH_PATHS, SEARCHED = "search-paths", ("PATH", "LIB", "INCLUDE")
LINKING = ("LIBRARY_PATH", "CMAKE_LIBRARY_PATH")  # read only at link time: a root's stubs of the driver go last
#: the CUDA major whose wheels have no ``nvidia/cuNN``, but a folder for each component: ``nvidia/cuda_runtime`` …
SPLIT = 12
MARKER = "CUDA_SHIMS_ROOT"  # we set it, so that a nested environment can tell our values from its user's
#: a user's choice of a toolkit, a major or the path of a root: it beats everything, and we never set it
TOOLKIT = "CUDA_SHIMS_TOOLKIT"
#: where the shims should forward to: the toolkit that the user's variables or the project name, or a major that the
#: project requires and nobody installed. A nested environment's hook can tell it from a user's choice, and unsets it
FORWARD = "CUDA_SHIMS_FORWARD"

EXE = ".exe" if os.name == "nt" else ""  # the end of a program's name
OUTSIDE = ("cutensor", "cuquantum")  # the folders of companion wheels that are not below "nvidia"
_LONGEST = len("cu999")  # no CUDA major has more digits: a folder cu999999999999 is not the newest toolkit
READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a FIFO waits for a writer
MAX_BYTES = 1024 * 1024  # no more is read of a pyproject.toml, or of the list of what a root was made from
_done_for: "list[tuple[object, ...]]" = []


def toolkit_majors(site_dir):  # type: (str) -> list[int]
    """List the CUDA majors of the wheels in a directory, newest first; 0 if it has only NVIDIA's other wheels."""
    try:
        names = os.listdir(site_dir + os.sep + "nvidia")
    except OSError:
        names = []
    except ValueError:  # a NUL in the path
        return []
    found = []
    for name in names:
        if name.startswith("cu"):
            digits = name[2:]
            if digits.isdigit() and len(name) <= _LONGEST and digits.isascii() and digits[0] != "0":
                found.append(int(digits))
            elif not WHEELS_ARE_ROOT and name.startswith("cuda_") and SPLIT not in found:
                found.append(SPLIT)
    if found:
        return sorted(set(found), reverse=True)
    others = set(names) - {"__init__.py", "__pycache__"} or [x for x in OUTSIDE if os.access(site_dir + os.sep + x, 0)]
    return [0] if others else []


def has_compiler(site_dir, major):  # type: (str, int) -> bool
    """Tell whether a toolkit has nvcc: wheels with only libraries (torch's) must not hide a system's compiler."""
    return os.path.exists(f"{site_dir}{os.sep}nvidia{os.sep}cu{major}{os.sep}bin{os.sep}nvcc{EXE}")


def is_fresh(root, site_dir, major, sites=()):  # type: (str, str, int, tuple[str, ...]) -> bool # noqa: C901, PLR0911 # a call for each question costs a start
    """Tell whether a root is finished, has its compiler, and nothing that it was made from has changed since."""
    stat, stamp = os.stat, f"{root}/{MADE_FROM}"
    try:
        newest = stat(stamp).st_mtime_ns
        for folder in OWN_FOLDERS:
            if (folder != "/bin" or not WHEELS_ARE_ROOT) and stat(root + folder).st_mtime_ns > newest:
                return False
        for line in os.fsdecode(read_small(stamp)).split("\n"):
            absent, path = line[:1] == "!", line.lstrip("!")
            if path and path[0] != "/" and path[1:2] != ":":  # os.path.isabs() costs as much as stat()
                path = f"{site_dir}/{path}"
            if os.access(path, os.F_OK) if absent else path and stat(path).st_mtime_ns > newest:
                return False
        for site in sites or (site_dir,):
            wheels = f"{site}/nvidia/cu{major}"
            for folder in WATCHED:
                try:
                    if stat(wheels + folder).st_mtime_ns > newest:
                        return False
                except FileNotFoundError:
                    if site == site_dir and not folder and major != SPLIT:
                        return False
        if WHEELS_ARE_ROOT or major == SPLIT:
            return True
        # A root's nvcc is a hard link where possible, and outlives the wheel's file when an installer replaces that.
        # A copied environment has a copy with the same time
        own, wheel = stat(f"{root}/bin/nvcc"), stat(f"{site_dir}/nvidia/cu{major}/bin/nvcc")
    except (OSError, ValueError):  # ValueError: the file is not text
        return False
    same = own.st_ino == wheel.st_ino and own.st_dev == wheel.st_dev
    return same or (own.st_size == wheel.st_size and own.st_mtime_ns == wheel.st_mtime_ns)


def read_small(path):  # type: (str) -> bytes
    """Read the start of a file, :data:`MAX_BYTES` at most, and never wait for a FIFO's writer."""
    descriptor = os.open(path, READ_FLAGS)
    try:
        return os.read(descriptor, MAX_BYTES)
    finally:
        os.close(descriptor)


def is_trusted(root, site_dir, wheels):  # type: (str, str, str) -> bool
    """
    Tell whether a root's target is safe to run: made by this user, the superuser, or a user who can change the wheels.

    In a prefix that several users write to, anybody could have made it, and its nvcc would run as the user who builds.

    :returns: whether it is safe, and its folder too, whose owner could replace it
    :raises OSError: when the root is not a link, or its target or a folder is missing

    """
    target = os.readlink(root)
    # anybody can have made a link to elsewhere, whoever owns its target
    if os.sep in target or target[:1] != ".":
        return False
    folder = os.path.dirname(root)
    owners = {os.lstat(folder).st_uid, os.lstat(f"{folder}{os.sep}{target}").st_uid} - {0, os.geteuid()}
    return not owners or owners <= {os.stat(wheels).st_uid, os.stat(site_dir).st_uid}


def executable(folder, tool):  # type: (str, str) -> str
    """Name a tool below a root."""
    return os.path.join(folder, "bin", tool + EXE)  # a folder that a person named may end in a slash, or be one


def root_variables(root):  # type: (str) -> dict[str, str]
    """Compute the variables for a root, with the marker, without the search paths."""
    return {**dict.fromkeys(HOMES, root), **dict.fromkeys(COMPILERS, executable(root, "nvcc")), MARKER: root}


def search_paths(root):  # type: (str) -> dict[str, str]
    """
    Name the folders of a root that go first on search paths.

    On Windows CMake looks for packages there. Next to nvcc it would find CCCL's own, which stop a build.
    """
    paths = {"PATH": os.path.join(root, "bin")}
    if not WHEELS_ARE_ROOT:
        paths["PKG_CONFIG_PATH"] = f"{root}/lib/pkgconfig"
        return paths
    folder, name = os.path.split(root)
    if os.path.basename(folder) == "nvidia":  # and not a toolkit that a user chose
        paths["CMAKE_PREFIX_PATH"] = os.path.join(os.path.dirname(folder), ROOTS_FOLDER, name)
    return paths


def last_paths(root):  # type: (str) -> list[tuple[str, str]]
    """
    List (variable, folder) of what goes last on search paths: link-time stubs, and the folders of companions.

    ``-L$CUDA_HOME/lib64 -lcuda`` and ``find_library(cuda)`` find no libcuda.so otherwise; NVIDIA's devel images set
    LIBRARY_PATH likewise. A real driver's library beats them. On Windows: what :data:`SEARCH_PATHS` says.
    """
    if not WHEELS_ARE_ROOT:
        paths = [(name, f"{root}/lib64/stubs") for name in LINKING]
        return paths + [("PATH", root + each) for each in COMPANIONS] if os.access(root + COMPANIONS[0], 0) else paths
    folder, start = search_paths(root).get("CMAKE_PREFIX_PATH", root), os.path.dirname(os.path.dirname(root))
    try:
        lines = os.fsdecode(read_small(f"{folder}{os.sep}{SEARCH_PATHS}")).split("\n")
    except (OSError, ValueError):
        return []
    found = [line.partition("=")[::2] for line in lines]
    return [(name, f"{start}{os.sep}{each}") for name, each in found if each and name in SEARCHED]


def all_paths(root):  # type: (str) -> list[tuple[str, str]]
    """List (variable, folder) of everything that a root has on search paths, or had while it held companions."""
    had = [("PATH", root + each) for each in COMPANIONS if not WHEELS_ARE_ROOT]
    return [*dict.fromkeys([*search_paths(root).items(), *last_paths(root), *had])]


def path_values(root, outer, environ):  # type: (str, str | None, Mapping[str, str]) -> dict[str, str]
    """Compute the search paths for a root, once each; the folders of ``outer``, an outer environment's root, go."""
    first = search_paths(root)
    drop = [folder for _, folder in all_paths(outer)] if outer and outer != root else ()
    values: "dict[str, str]" = {}
    for name, folder in (*first.items(), *last_paths(root)):
        path = values[name] if name in values else environ.get(name, os.defpath if name == "PATH" else "")
        if path:
            split = path.split(os.pathsep) if drop or folder in path else (path,)  # empty ones stay
            parts = [part for part in split if part != folder and part not in drop]
            values[name] = os.pathsep.join([folder, *parts] if first.get(name) == folder else [*parts, folder])
        elif name == "PATH" or name not in SEARCHED:
            values[name] = folder
    return values


def mentions_us(data):  # type: (bytes) -> bool
    """
    Tell whether a ``pyproject.toml`` may have a table or a key for us, and does not only require us, as most do.

    No other file is parsed. TOML can spell our name with an escape that this misses: nobody does.
    """
    text = data.translate(None, b" \t\"'").replace(b"cuda-shims==", b"")
    return b"tool.cuda-shims" in text or b"cuda-shims=" in text or b"cuda-shims." in text


def load(name):  # type: (str) -> Any
    """Import a module of this distribution: in pip's overlay the outer environment's are loaded and come first."""
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
    for each, module in tuple(sys.modules.items()):
        ours = each.partition(".")[0] in {"cuda_shims", "_cuda_shims"} and each != "_cuda_shims"
        if ours and not str(getattr(module, "__file__", None)).startswith(home):
            del sys.modules[each]
    top = name.partition(".")[0]
    if top not in sys.modules:
        from _frozen_importlib import module_from_spec  # noqa: PLC0415 # as cuda_shims.pth does
        from _frozen_importlib_external import spec_from_file_location  # noqa: PLC0415

        folder = home + top
        spec: "Any" = spec_from_file_location(top, f"{folder}{os.sep}__init__.py", submodule_search_locations=[folder])
        sys.modules[top] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[top])
    __import__(name)
    return sys.modules[name]


def main():  # type: () -> None
    """
    Make this process and its children find the toolkit that is on ``sys.path``; do nothing if there is none.

    It never raises and never prints, may run many times, and takes no argument in any version. In pip's isolated build
    the outer environment's hook has run before the inner one's: ``cuda_shims.pth`` then loads its own module. While
    site still reads ``.pth`` files, this waits until it has read all: that of ``uv run --with`` comes after ours, and
    up to Python 3.14 those of a virtual environment are read twice.
    """
    if not hasattr(builtins, "quit") and not sys.flags.no_site:  # site makes it after it has read them
        this = sys.modules["_cuda_shims"]
        if this not in sys.meta_path:
            sys.meta_path.insert(0, this)  # it has find_spec
        return
    if os.environ.get("CUDA_SHIMS_STARTUP") != "0":
        _run()


def find_spec(name, path=None, target=None):  # type: (str, object, object) -> Any
    """Run the hook when site looks for sitecustomize, which it does last, whether or not one exists."""
    if name != "sitecustomize":
        return None
    # from the list itself: the interpreter keeps that, and would free this module last, which slows a start by 1.3 %
    finders = sys.meta_path
    place = 0
    while getattr(finders[place], "find_spec", None) is not find_spec:
        place += 1
    del finders[place]
    _run()
    following = getattr(finders[place], "find_spec", None) if place < len(finders) else None
    return following(name, path, target) if following else None


def _run():  # type: () -> None
    try:
        environ = os.environ
        # never by sys.prefix: in pip's build environment it names the outer one
        if _done_for and (*sys.path, environ.get(MARKER)) in _done_for:
            return
        folder = __path__[0]
        if not WHEELS_ARE_ROOT and os.stat(folder).st_uid != os.geteuid() and os.access(folder, os.W_OK):
            # the environment's owner could not remove byte code that the superuser or a group's member wrote
            before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
            load("_cuda_shims.uncommon").activate_as_guest(_common_case, __file__, keep=before)
        elif not _common_case(environ):
            load("_cuda_shims.uncommon").activate(sys.path, environ)
        _done_for[:] = [(*sys.path, environ.get(MARKER))]
    except Exception as error:  # noqa: BLE001 # an interpreter that cannot start is worse than any missing compiler
        if os.environ.get("CUDA_SHIMS_DEBUG") == "1" and sys.stderr is not None:
            print("cuda-shims: gave up:", repr(error), file=sys.stderr)


def _ready_root(site_dir, major):  # type: (str, int) -> str | None
    root = f"{site_dir}{os.sep}{ROOTS_FOLDER}{os.sep}cu{major}"
    wheels = f"{site_dir}{os.sep}nvidia{os.sep}cu{major}"
    if WHEELS_ARE_ROOT:
        return wheels if is_fresh(root, site_dir, major) else None
    # CMake cannot link below a path with a space: the root must be elsewhere
    try:
        ready = " " not in root and is_trusted(root, site_dir, wheels) and is_fresh(root, site_dir, major)
    except OSError:  # no link
        return None
    return root if ready else None


def _only_toolkit():  # type: () -> tuple[str, int] | None
    found = []
    for entry in sys.path:
        if isinstance(entry, str) and (entry[:1] == "/" or os.path.isabs(entry)):
            found += [(entry, major) for major in toolkit_majors(entry)]
    compilers = [place for place in found if has_compiler(*place)]
    if len(compilers) != 1 or len([major for _, major in found if major in {0, compilers[0][1]}]) > 1:
        return None
    return compilers[0]


def _common_case(environ):  # type: (os._Environ[str]) -> bool
    found = _only_toolkit()
    if found is None or environ.get(TOOLKIT) or environ.get(FORWARD) or environ.get("CUDA_SHIMS_DEBUG") == "1":
        return False
    site_dir, major = found
    root = _ready_root(site_dir, major)
    if root is None or "-build-env-" in site_dir:  # pip's and PDM's: half of the toolkit may be in another prefix
        return False
    outer = environ.get(MARKER)
    wanted = root_variables(root)
    ours = root_variables(outer) if outer else wanted
    for name, value in wanted.items():
        now = environ.get(name)
        if now and now not in {value, ours[name]}:
            return False
    try:
        if mentions_us(read_small("pyproject.toml")):
            return False
    except OSError:
        pass
    wanted.update(path_values(root, outer, environ))
    if WHEELS_ARE_ROOT and "VSCMD_VER" in environ:  # a developer prompt
        wanted.update(load("_cuda_shims.generator").choose(environ))
    for name, value in wanted.items():  # reading an unset variable takes longer than setting it
        environ[name] = value
    return True
