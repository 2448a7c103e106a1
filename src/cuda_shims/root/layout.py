"""
The contents of a toolkit root: a list of entries. Reads the wheels' folders, writes nothing.

The layout is that of CUDA's installer, as far as build systems look at it: each comment says who needs a path. A
wheel's file comes first (of several wheels, the nearest on the search path). Ours only fill gaps, so a future wheel
with a ``lib/stubs`` wins.

Nothing in a root leads to the root or above it: ``find -L``, ``cp -rL``, ``shutil.copytree`` and every other walk
that follows links ends (``tests/e2e/test_walkers.py``).
"""

from __future__ import annotations

import os

from _cuda_shims import COMPANIONS, MADE_FROM, WHEELS_ARE_ROOT
from cuda_shims.catalog.companions import in_the_toolkits_folder
from cuda_shims.catalog.tools import COMPONENTS
from cuda_shims.files.entry import Entry
from cuda_shims.files.read import read_bytes
from cuda_shims.root import pkg_config
from cuda_shims.root.merge import merged, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cuda_shims.environment.toolkit import Toolkit

#: where the wheels put CCCL's CMake files: 13.0 and 13.1, 13.2, 13.3 and later. Only from lib/cmake do they find their
#: headers (``../../../include/cccl``)
_CCCL_CMAKE = (("lib", "cmake"), ("cuda_cccl", "lib", "cmake"), ("cccl", "lib", "cmake"))
#: nvCOMP's as well
_CMAKE = (*_CCCL_CMAKE, ("lib64", "cmake"))
#: of ``nvcc.profile``
_CCCL_OPTION = b'"-isystem" "$(TOP)/include/cccl"'
#: hard links: a program that resolves links to find the toolkit (torch's AOTInductor, Transformer Engine,
#: ``realpath`` of nvcc in many a setup.py) must stay inside the root
_HARD = {"bin/nvcc", "lib/libcudart_static.a"}
#: who declares what the driver's library exports; each may be missing
_DRIVER_HEADERS = ("cuda.h", "cudaGL.h", "cudaEGL.h", "cudaVDPAU.h", "cudaProfiler.h")


class _Tree:
    """Collects entries; the first one for a path stays."""

    def __init__(self, root: str, beside: str | None) -> None:
        self.root = root
        #: the root's site-packages directory
        self.beside = beside
        self.entries: dict[str, Entry] = {}

    def link(self, path: str, target: str) -> None:
        """
        Link to an absolute path.

        The link is relative if both are in one directory: a moved or copied environment still works. Elsewhere a
        symbolic link on the way to the root would lead ``..`` astray.
        """
        if self.beside and target.startswith(self.beside + os.sep):
            said = os.path.relpath(target, os.path.dirname(os.path.join(self.root, path)))
        else:
            said = target
        self.entries.setdefault(path, Entry(path, said, hard=target if path in _HARD else None))

    def alias(self, path: str, target: str) -> None:
        """Link to a path inside the root."""
        self.entries.setdefault(path, Entry(path, target))

    def text(self, path: str, data: str | bytes, mode: int = 0o644) -> None:
        self.entries.setdefault(path, Entry(path, None, os.fsencode(data) if isinstance(data, str) else data, mode))

    def merge(self, folder: str, sources: Iterable[str]) -> None:
        """Link what several folders hold, in our folder."""
        for path, target in merged(tuple(sources), f"{folder}/"):
            self.link(path, target)


def entries_of(toolkit: Toolkit, root: str, sources: Iterable[str]) -> list[Entry]:
    """List what a toolkit's root holds; on Windows, where the wheels' folder is the root, the files that it lacks."""
    site_dir = toolkit.site_dir
    tree = _Tree(root, site_dir if root.startswith(site_dir + os.sep) else None)
    if WHEELS_ARE_ROOT:
        from cuda_shims.root.supplement import supplement  # noqa: PLC0415 # not needed elsewhere

        for path, data in supplement(toolkit, root, _companions(toolkit)):
            tree.text(path, data)
    else:
        _root(tree, toolkit)
    tree.text(MADE_FROM, "".join(f"{line}\n" for line in sources))
    return list(tree.entries.values())


def _companions(toolkit: Toolkit) -> list[str]:
    return [each.path for each in toolkit.companions if each.owners()]


def _root(tree: _Tree, toolkit: Toolkit) -> None:
    folders = list(toolkit.folders)
    if toolkit.is_split:
        from cuda_shims.root import cuda12  # noqa: PLC0415 # not needed in most environments

        folders = [each for each in folders if not cuda12.is_sanitizer(each)]
        _split(tree, toolkit)
    _profile(tree, folders)
    # a real bin/ with a link per file: nvcc takes bin/.. for the root, and the kernel would resolve a linked folder
    tree.merge("bin", (os.path.join(each, "bin") for each in folders))
    companions = _companions(toolkit)
    _whole(tree, [*folders, *companions], "include")
    if not toolkit.is_split:
        _whole(tree, folders, "compute-sanitizer")
    libraries = _libraries(tree, folders)
    libraries.update({**_libraries(tree, companions), **libraries})
    tree.alias("lib64", "lib")  # nvcc.profile of 13.0 and 13.1, torch, setuptools recipes, xmake
    _nvvm(tree, folders, libraries)
    for home in [*folders, *companions]:
        for folder in _CMAKE:
            for name in names(home, *folder):
                tree.link(f"lib/cmake/{name}", os.path.join(home, *folder, name))
    _driver_stubs(tree, folders)
    if companions or any(each in toolkit.components for each in in_the_toolkits_folder(toolkit.major)):
        _search(tree)
    machine = _machine()
    for name in ("aarch64", "sbsa") if machine == "aarch64" else (machine,):  # Meson, the cc crate
        tree.alias(f"targets/{name}-linux/include", "../../include")
        tree.alias(f"targets/{name}-linux/lib", "../../lib")
    if _find(folders, "include", "cupti.h"):  # FindCUDAToolkit, torch
        tree.alias("extras/CUPTI/include", "../../include")
        tree.alias("extras/CUPTI/lib64", "../../lib")
    stubs = [name for name in ("cuda", "nvidia-ml") if f"lib/stubs/lib{name}.so" in tree.entries]
    for name, text in pkg_config.files(toolkit, libraries, stubs):
        tree.text(f"lib/pkgconfig/{name}", text)
    tree.text("version.txt", f"CUDA Version {toolkit.version}\n")  # Meson; FindCUDA
    tree.text("version.json", _version_json(toolkit))  # FindCUDAToolkit where there is no nvcc


def _search(tree: _Tree) -> None:
    # lightgbm, xgboost and dlib read no CUDA variable, but CMake's find_library() searches PATH, after what a project
    # or a user names; CMAKE_PREFIX_PATH comes before (tests/e2e/test_companions.py). Not lib itself: without a
    # cmake on PATH, a shell that looks for one would try to run the folder lib/cmake
    for path in [each for each in tree.entries if each.startswith("lib/") and each.count("/") == 1]:
        tree.alias(f"{COMPANIONS[0][1:]}/{path[len('lib/') :]}", f"../{path}")


def _find(folders: Iterable[str], *parts: str) -> str | None:
    # the first of the wheels' folders that has a file
    paths = (os.path.join(folder, *parts) for folder in folders)
    return next((path for path in paths if os.path.exists(path)), None)


def _split(tree: _Tree, toolkit: Toolkit) -> None:
    from cuda_shims.root import cuda12  # noqa: PLC0415 # as above

    for folder in filter(cuda12.is_sanitizer, toolkit.folders):
        for path, target in cuda12.sanitizer_links(folder):
            tree.link(path, target)
        script = cuda12.sanitizer_script(_machine())
        if "compute-sanitizer/compute-sanitizer" in tree.entries and script:
            tree.text("bin/compute-sanitizer", script, 0o755)
    tree.text("bin/nvcc", cuda12.nvcc_script(toolkit.version), 0o755)


def _profile(tree: _Tree, folders: Iterable[str]) -> None:
    # without the wheel of CCCL nvcc names a missing folder, and CMake 4, which gets its folders from nvcc, stops at
    # that when a project links CUDA::cudart_static
    path = _find(folders, "bin", "nvcc.profile")
    if path and not _find(folders, "include", "cccl"):
        try:
            data = read_bytes(path)
        except OSError:
            return
        if _CCCL_OPTION in data:
            tree.text("bin/nvcc.profile", data.replace(_CCCL_OPTION, b""))


def _whole(tree: _Tree, folders: Iterable[str], name: str) -> None:
    # one link where one of the wheels' folders has it
    found = [path for path in (os.path.join(each, name) for each in folders) if os.path.isdir(path)]
    if len(found) == 1:
        tree.link(name, found[0])
    else:
        tree.merge(name, found)


def _libraries(tree: _Tree, folders: Iterable[str]) -> dict[str, str]:
    # the library names (``cudart``) that -l can take from lib/, with the file that each stands for
    found: dict[str, str] = {}
    for folder in folders:
        for target in (os.path.join(folder, each, name) for each in ("lib", "lib64") for name in names(folder, each)):
            name = os.path.basename(target)
            if not os.path.isdir(target):
                tree.link(f"lib/{name}", target)
                stem, dot_so, _ = name.partition(".so")
                if name.startswith("lib") and dot_so:
                    found[stem[3:]] = max(name, found.get(stem[3:], ""), key=lambda each: (len(each), each))
                elif name.startswith("lib") and name.endswith(".a"):
                    found.setdefault(name[3:-2], name)
            elif name != "cmake":  # lib/stubs, say, of some later wheel
                for inner in names(target):
                    tree.link(f"lib/{name}/{inner}", os.path.join(target, inner))
    for library, name in found.items():
        if ".so." in name:  # -lcudart, and every find_library
            tree.alias(f"lib/lib{library}.so", name)
    return found


def _nvvm(tree: _Tree, folders: list[str], libraries: dict[str, str]) -> None:
    for name in sorted({name for folder in folders for name in names(folder, "nvvm")}):
        if name in {"lib64", "include"}:
            tree.merge(f"nvvm/{name}", (os.path.join(each, "nvvm", name) for each in folders))
        else:
            _whole(tree, folders, f"nvvm/{name}")
    if "nvvm" in libraries:  # nvlink -dlto opens this very name; numba looks here too
        tree.alias("nvvm/lib64/libnvvm.so", f"../../lib/{libraries['nvvm']}")
        tree.alias(f"nvvm/lib64/{libraries['nvvm']}", f"../../lib/{libraries['nvvm']}")
    header = _find(folders, "include", "nvvm.h")
    if header:
        tree.link("nvvm/include/nvvm.h", header)


def _driver_stubs(tree: _Tree, folders: Iterable[str]) -> None:
    from cuda_shims.root import driver_stub as stub  # noqa: PLC0415 # needed only here

    for headers, library, soname, functions, code in (
        (_DRIVER_HEADERS, "libcuda.so", stub.CUDA_SONAME, stub.driver_functions, stub.CUDA_ERROR_STUB_LIBRARY),
        (("nvml.h",), "libnvidia-ml.so", stub.NVML_SONAME, stub.nvml_functions, stub.NVML_ERROR_LIBRARY_NOT_FOUND),
    ):
        try:
            text = b"".join([_content(_find(folders, "include", header)) for header in headers])
            data = stub.stub_library(soname, functions(text), _machine(), code)
        except ValueError:  # a machine that CUDA knows nothing of
            return
        if text:
            tree.text(f"lib/stubs/{library}", data)


def _content(path: str | None) -> bytes:
    try:
        return read_bytes(path) if path else b""
    except OSError:
        return b""


def _machine() -> str:
    return os.uname().machine  # platform.machine() says the same, and its module costs milliseconds to import


def _version_json(toolkit: Toolkit) -> str:
    rows = [("cuda", "CUDA SDK", toolkit.version)]
    for part in COMPONENTS:
        version = toolkit.components.get(toolkit.distribution(part.distribution))
        rows += [(part.key, part.title, version)] if version else []
    body = ",\n".join(
        f'   "{key}" : {{\n      "name" : "{name}",\n      "version" : "{value}"\n   }}' for key, name, value in rows
    )
    return "{\n" + body + "\n}\n"
