"""
What a toolkit root holds: a list of entries. Reads the wheels' folders, writes nothing.

The layout is that of CUDA's own installer, as far as build systems look at it: each comment names who needs a thing.
What a wheel has, comes first; ours only fills gaps, so a future wheel with a ``lib/stubs`` of its own wins.
"""

from __future__ import annotations

import contextlib
import os
from typing import NamedTuple

from . import __version__, component_folders, search
from .catalog import COMPILER_COMPONENTS, COMPONENTS
from .component_folders import names as _names
from .reading import read_bytes, read_text
from .toolkits import distributions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .toolkits import Toolkit

#: where the wheels put CCCL's CMake files: 13.0 and 13.1, 13.2, 13.3 and later. Only from lib/cmake do they find their
#: headers (``../../../include/cccl``), by this line of ``*-header-search.cmake``
_CCCL_CMAKE = (("lib", "cmake"), ("cuda_cccl", "lib", "cmake"), ("cccl", "lib", "cmake"))
_CCCL_HEADERS = b'set(from_install_prefix "../../../")'
#: of ``nvcc.profile``
_CCCL_OPTION = b'"-isystem" "$(TOP)/include/cccl"'
#: directories of a toolkit that tell by their modification time that a wheel came or went
_WATCHED = ("", "bin", "include", "lib", "lib/cmake", "cccl/lib/cmake", "nvvm", "nvvm/bin", "nvvm/libdevice")
#: who declares what the driver's library exports; each may be missing
_DRIVER_HEADERS = ("cuda.h", "cudaGL.h", "cudaEGL.h", "cudaVDPAU.h", "cudaProfiler.h")
#: what a program has to link beside a static library
_PRIVATE_LIBS = {"cudart_static": " -lrt -lpthread -ldl", "cudadevrt": " -lcudart_static -lrt -lpthread -ldl"}


class Entry(NamedTuple):
    """One thing to be on disk: a symbolic link or a file."""

    #: path relative to the folder that the list is for, with ``/``
    path: str
    #: what the link says, or ``None`` for a file
    link: str | None
    #: a file's content
    data: bytes = b""
    #: a file's permission bits
    mode: int = 0o644


class _Tree:
    """Collects entries; the first one for a path stays."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.entries: dict[str, Entry] = {}

    def link(self, path: str, target: str) -> None:
        """Link to an absolute path, by a relative link: a moved or copied environment keeps working."""
        self.alias(path, os.path.relpath(target, os.path.dirname(os.path.join(self.place, path))))

    def alias(self, path: str, target: str) -> None:
        """Link to a path inside the root."""
        self.entries.setdefault(path, Entry(path, target))

    def text(self, path: str, data: str | bytes, mode: int = 0o644) -> None:
        self.entries.setdefault(path, Entry(path, None, os.fsencode(data) if isinstance(data, str) else data, mode))


def root_entries(
    toolkit: Toolkit, place: str, sources: Iterable[tuple[str, str]], *, driver_stub: bool = True
) -> list[Entry]:
    """
    List what a toolkit's root holds on Linux.

    :param toolkit: the toolkit
    :param place: the absolute path that the root will have (links are relative to it)
    :param sources: what :func:`made_from` says
    :param driver_stub: whether to make link-time stand-ins of the driver's libraries
    :returns: the entries, :data:`cuda_shims.search.STAMP` apart

    """
    tree = _Tree(place)
    _sanitizer(tree, toolkit)
    _profile(tree, toolkit)
    # a real bin/ with a link per file: nvcc takes bin/.. for the root, and the kernel would resolve a linked folder
    for folder in _folders_of(toolkit):
        for name in _names(folder, "bin"):
            tree.link(f"bin/{name}", os.path.join(folder, "bin", name))
    if toolkit.parts:
        tree.text("bin/nvcc", component_folders.nvcc_script(toolkit.version), 0o755)
    _headers(tree, toolkit)
    libraries = _libraries(tree, toolkit)
    _nvvm(tree, toolkit, libraries)
    _cccl_cmake(tree, toolkit)
    if driver_stub:
        _driver_stubs(tree, toolkit)
    for machine in _target_names(_machine()):  # Meson and the cc crate insist; both names exist for aarch64
        tree.alias(f"targets/{machine}-linux/include", "../../include")
        tree.alias(f"targets/{machine}-linux/lib", "../../lib")
    if _find(toolkit, "include", "cupti.h"):  # FindCUDAToolkit, torch
        tree.alias("extras/CUPTI/include", "../../include")
        tree.alias("extras/CUPTI/lib64", "../../lib")
    _pkgconfig(tree, toolkit, libraries)
    tree.text("version.txt", f"CUDA Version {toolkit.version}\n")  # Meson; FindCUDA
    tree.text("version.json", _version_json(toolkit))  # FindCUDAToolkit where there is no nvcc
    _made_from(tree, toolkit, sources)
    return list(tree.entries.values())


def supplement_entries(toolkit: Toolkit, place: str, sources: Iterable[tuple[str, str]]) -> list[Entry]:
    """
    List what a toolkit's folder lacks on Windows, where that folder is the root: CCCL's CMake files, in working order.

    Copies, with the way to their headers put right. version.json is not among it: no build system looks for it but in
    the toolkit's folder, which is NVIDIA's, and none of them needs it where nvcc and the headers are.

    :param toolkit: the toolkit
    :param place: the absolute path of the folder that they go to (their paths are relative to it)
    :param sources: what :func:`made_from` says
    :returns: the entries, :data:`cuda_shims.search.STAMP` apart

    """
    tree = _Tree(place)
    way = os.path.relpath(toolkit.path, os.path.join(place, "lib", "cmake", "cccl")).replace(os.sep, "/")
    for folder in _CCCL_CMAKE[1:]:
        for package in _names(toolkit.path, *folder):
            for name in _names(toolkit.path, *folder, package):
                data = read_bytes(os.path.join(toolkit.path, *folder, package, name))
                data = data.replace(_CCCL_HEADERS, f'set(from_install_prefix "{way}")'.encode())
                tree.text(f"lib/cmake/{package}/{name}", data)
    paths = [os.path.relpath(path, place).replace(os.sep, "/") for _, path in sources]
    tree.text(search.MADE_FROM, "\n".join(paths))
    tree.text(search.FOLDERS, "\n".join(_folders(tree)))
    return list(tree.entries.values())


def _find(toolkit: Toolkit, *parts: str) -> str | None:
    # the first of the wheels' folders that has a file
    paths = (os.path.join(folder, *parts) for folder in toolkit.folders)
    return next((path for path in paths if os.path.exists(path)), None)


def _folders_of(toolkit: Toolkit) -> list[str]:
    # all but that of CUDA 12's sanitizer
    return [each for each in toolkit.folders if not component_folders.is_sanitizer(each)]


def _sanitizer(tree: _Tree, toolkit: Toolkit) -> None:
    whole = os.path.join(toolkit.path, "compute-sanitizer")
    if not toolkit.parts and os.path.isdir(whole):
        tree.link("compute-sanitizer", whole)
    for folder in filter(component_folders.is_sanitizer, toolkit.parts):
        for path, target in component_folders.sanitizer_links(folder):
            tree.link(path, target)
        script = component_folders.sanitizer_script(_machine())
        if "compute-sanitizer/compute-sanitizer" in tree.entries and script:
            tree.text("bin/compute-sanitizer", script, 0o755)


def _profile(tree: _Tree, toolkit: Toolkit) -> None:
    # without the wheel of CCCL nvcc names a folder that is not there, and CMake 4, which asks nvcc for its folders,
    # stops at such a one when a project links CUDA::cudart_static
    path = _find(toolkit, "bin", "nvcc.profile")
    if path and not _find(toolkit, "include", "cccl"):
        with contextlib.suppress(OSError):
            data = read_bytes(path)
            if _CCCL_OPTION in data:
                tree.text("bin/nvcc.profile", data.replace(_CCCL_OPTION, b""))


def _headers(tree: _Tree, toolkit: Toolkit) -> None:
    folders = [path for path in (os.path.join(each, "include") for each in _folders_of(toolkit)) if os.path.isdir(path)]
    if not toolkit.parts and folders:
        tree.link("include", folders[0])
        return
    for path, target in component_folders.merged(folders, "include/"):
        tree.link(path, target)


def _libraries(tree: _Tree, toolkit: Toolkit) -> dict[str, str]:
    # the library names (``cudart``) that -l can take from lib/, with the file that each stands for
    found: dict[str, str] = {}
    for folder in _folders_of(toolkit):
        for name in _names(folder, "lib"):
            target = os.path.join(folder, "lib", name)
            if not os.path.isdir(target):
                tree.link(f"lib/{name}", target)
                stem, dot_so, _ = name.partition(".so")
                if name.startswith("lib") and dot_so:
                    found[stem[3:]] = max(name, found.get(stem[3:], ""), key=lambda each: (len(each), each))
                elif name.startswith("lib") and name.endswith(".a"):
                    found.setdefault(name[3:-2], name)
            elif name != "cmake":  # lib/stubs, say, of some later wheel
                for inner in _names(target):
                    tree.link(f"lib/{name}/{inner}", os.path.join(target, inner))
    for library, name in found.items():
        if ".so." in name:  # -lcudart, and every find_library
            tree.alias(f"lib/lib{library}.so", name)
    tree.alias("lib64", "lib")  # nvcc.profile of 13.0 and 13.1, torch, setuptools recipes, xmake
    return found


def _nvvm(tree: _Tree, toolkit: Toolkit, libraries: dict[str, str]) -> None:
    for folder in _folders_of(toolkit):
        for name in _names(folder, "nvvm"):
            if name not in {"lib64", "include"}:
                tree.link(f"nvvm/{name}", os.path.join(folder, "nvvm", name))
            else:
                for inner in _names(folder, "nvvm", name):
                    tree.link(f"nvvm/{name}/{inner}", os.path.join(folder, "nvvm", name, inner))
    if "nvvm" in libraries:  # nvlink -dlto opens this very name; numba looks here too
        tree.alias("nvvm/lib64/libnvvm.so", f"../../lib/{libraries['nvvm']}")
        tree.alias(f"nvvm/lib64/{libraries['nvvm']}", f"../../lib/{libraries['nvvm']}")
    header = _find(toolkit, "include", "nvvm.h")
    if header:
        tree.link("nvvm/include/nvvm.h", header)


def _cccl_cmake(tree: _Tree, toolkit: Toolkit) -> None:
    for home in _folders_of(toolkit):
        for folder in _CCCL_CMAKE:
            for name in _names(home, *folder):
                tree.link(f"lib/cmake/{name}", os.path.join(home, *folder, name))


def _driver_stubs(tree: _Tree, toolkit: Toolkit) -> None:
    from . import driver_stub as stub  # noqa: PLC0415 # its regular expressions are wanted only here

    for headers, library, soname, functions, code in (
        (_DRIVER_HEADERS, "libcuda.so", stub.CUDA_SONAME, stub.driver_functions, stub.CUDA_ERROR_STUB_LIBRARY),
        (("nvml.h",), "libnvidia-ml.so", stub.NVML_SONAME, stub.nvml_functions, stub.NVML_ERROR_LIBRARY_NOT_FOUND),
    ):
        try:
            text = "".join(_text(_find(toolkit, "include", header)) for header in headers)
            data = stub.stub_library(soname, functions(text), _machine(), code)
        except ValueError:  # a machine that CUDA knows nothing of
            return
        if text:
            tree.text(f"lib/stubs/{library}", data)


def _text(path: str | None) -> str:
    try:
        return read_text(path) if path else ""
    except OSError:
        return ""


def _machine() -> str:
    return os.uname().machine  # platform.machine() says the same, and its module costs milliseconds to import


def _target_names(machine: str) -> tuple[str, ...]:
    return ("aarch64", "sbsa") if machine == "aarch64" else (machine,)


def _pkgconfig(tree: _Tree, toolkit: Toolkit, libraries: dict[str, str]) -> None:
    # named and worded as by CUDA's installer, but for the root, which pkg-config derives from the file's place
    # what pkg-config would take for more than a name has no file
    plain = [library for library in libraries if all(each.isalnum() or each in "._+-" for each in library)]
    flags = {library.lower(): f"-L${{libdir}} -l{library}{_PRIVATE_LIBS.get(library, '')}" for library in plain}
    for stub in ("cuda", "nvidia-ml"):
        if f"lib/stubs/lib{stub}.so" in tree.entries:
            flags[stub] = f"-L${{libdir}}/stubs -l{stub}"
    for name, libs in flags.items():
        tree.text(
            f"lib/pkgconfig/{name}-{toolkit.release}.pc",
            "cudaroot=${pcfiledir}/../..\nlibdir=${cudaroot}/lib\nincludedir=${cudaroot}/include\n\n"
            f"Name: {name}\nDescription: CUDA {name} library\nVersion: {toolkit.release}\n"
            f"Libs: {libs}\nCflags: -I${{includedir}}\n",
        )


def _version_json(toolkit: Toolkit) -> str:
    rows = [("cuda", "CUDA SDK", toolkit.version)]
    for part in COMPONENTS:
        version = toolkit.components.get(toolkit.distribution(part.distribution))
        rows += [(part.key, part.title, version)] if version else []
    body = ",\n".join(
        f'   "{key}" : {{\n      "name" : "{name}",\n      "version" : "{value}"\n   }}' for key, name, value in rows
    )
    return "{\n" + body + "\n}\n"


def _made_from(tree: _Tree, toolkit: Toolkit, sources: Iterable[tuple[str, str]]) -> None:
    if not tree.place.startswith(toolkit.site_dir + os.sep):
        tree.link(search.SITE, toolkit.site_dir)
    for name, path in sources:
        tree.link(f"{search.MADE_FROM}/{name}", path)
    for folder in _folders(tree):
        name = "root" if folder == os.curdir else folder.replace("/", "-")
        tree.alias(f"{search.FOLDERS}/{name}", f"../{folder}")


def _folders(tree: _Tree) -> list[str]:
    # the folders that hold something: an uninstaller that is at work at the same time may take it away again
    return sorted({os.path.dirname(path) or os.curdir for path in tree.entries})


def made_from(toolkit: Toolkit) -> Iterator[tuple[str, str]]:
    """
    Name what a root depends on.

    :param toolkit: its toolkit
    :returns: (a name, an absolute path) of each directory or file whose change makes the root stale

    """
    for top in toolkit.folders:
        prefix = f"{os.path.basename(top)}-" if toolkit.parts else ""
        for folder in _WATCHED:
            path = os.path.join(top, folder) if folder else top
            if os.path.isdir(path):
                yield prefix + (folder.replace("/", "-") or "toolkit"), path
    if toolkit.parts:  # where the folder of a component that is new will be
        yield "toolkit", toolkit.path
    for name, folder in _watched_distributions(toolkit):
        if name != "cuda-shims":
            yield folder, os.path.join(toolkit.site_dir, folder)
        else:  # not the folder: we write RECORD there
            yield folder, os.path.join(toolkit.site_dir, folder, "METADATA")


def _watched_distributions(toolkit: Toolkit) -> list[tuple[str, str]]:
    # with the others, whose upgrade renews a directory above, each start of Python would get slower
    wanted = {"cuda-shims", *COMPILER_COMPONENTS, *(toolkit.components if toolkit.parts else ())}
    versions = {**toolkit.components, "cuda-shims": __version__}
    # asked for by the names that they have as a rule: to list a large environment takes as long as half a root
    usual = {name: f"{name.replace('-', '_')}-{versions.get(name)}.dist-info" for name in wanted}
    if all(os.path.isdir(os.path.join(toolkit.site_dir, folder)) for folder in usual.values()):
        return sorted(usual.items(), key=lambda item: item[1])
    found = distributions(toolkit.site_dir, "cuda", "nvidia")
    return [(name, folder) for name, _, folder in found if name in wanted]


__all__ = ["Entry", "made_from", "root_entries"]
