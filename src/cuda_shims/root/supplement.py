"""
The files that a toolkit needs and the wheels' folder, the root on Windows, lacks. Reads the wheels, writes nothing.

These are CCCL's CMake files where they find their headers, an import library for each DLL without one, and the
headers of wheels that have another folder. Files that only need another place are copied, because only administrators
may create links.

version.json is not among them: build systems look for it only in the toolkit's folder, which is NVIDIA's, and none of
them needs it if nvcc and the headers exist.
"""

from __future__ import annotations

import os

from _cuda_shims import SEARCH_PATHS
from cuda_shims.files.read import read_bytes
from cuda_shims.root.import_library import import_library, library_name, read_exports
from cuda_shims.root.merge import merged, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cuda_shims.environment.toolkit import Toolkit

#: where the wheels put CCCL's CMake files: 13.2, 13.3 and later. Those of 13.0 and 13.1 work where they are: only from
#: lib/cmake do they find their headers (``../../../include/cccl``), by this line of ``*-header-search.cmake``
_CCCL_CMAKE = (("cuda_cccl", "lib", "cmake"), ("cccl", "lib", "cmake"))
_CCCL_HEADERS = b'set(from_install_prefix "../../../")'
#: where wheels for Windows have their DLLs: cuDNN and cuTENSOR, CUDA's libraries, cuSPARSELt, a tool
_DLLS = ("bin", "bin/x86_64", "bin/arm64", "bin/x64", "compute-sanitizer")
#: and import libraries and static ones that a build finds there
_LIBRARIES = ("lib/x64", "lib/arm64")


def supplement(toolkit: Toolkit, root: str, others: Sequence[str] = ()) -> Iterator[tuple[str, bytes]]:
    """
    List the files that the wheels' folder lacks.

    :param toolkit: the toolkit of the wheels
    :param root: where the files will be
    :param others: folders of wheels apart from the toolkit's, with ``bin`` and ``include``
    :returns: for each the path, with ``/``, and the content
    :raises OSError: when a CMake file or a header of the wheels cannot be read

    """
    yield from _cccl(toolkit, root)
    folders = dll_folders(toolkit, others)
    known = {name.lower() for home in toolkit.folders for each in _LIBRARIES for name in names(home, *each.split("/"))}
    first = os.path.join(toolkit.path, "bin")
    found = {"PATH": [each for each in folders if each != first and not each.endswith("compute-sanitizer")]}
    for path, data in import_libraries(folders, known):
        yield path, data
        found["LIB"] = [os.path.join(root, *os.path.dirname(path).split("/"))]
    for path, data in headers(others):
        yield path, data
        found["INCLUDE"] = [os.path.join(root, "include")]
    start = os.path.join(toolkit.site_dir, "")
    lines = [f"{name}={each.removeprefix(start)}\n" for name, each_of in found.items() for each in each_of]
    if lines:
        yield SEARCH_PATHS, os.fsencode("".join(lines))


def _cccl(toolkit: Toolkit, root: str) -> Iterator[tuple[str, bytes]]:
    way = os.path.relpath(toolkit.path, os.path.join(root, "lib", "cmake", "cccl")).replace(os.sep, "/")
    for home in toolkit.folders:
        for folder in _CCCL_CMAKE:
            for package in names(home, *folder):
                for name in names(home, *folder, package):
                    data = read_bytes(os.path.join(home, *folder, package, name))
                    data = data.replace(_CCCL_HEADERS, f'set(from_install_prefix "{way}")'.encode())
                    yield f"lib/cmake/{package}/{name}", data


def dll_folders(toolkit: Toolkit, others: Iterable[str] = ()) -> list[str]:
    """
    List the folders of the wheels that have DLLs, nearest first.

    :param toolkit: what the wheels form
    :param others: see :func:`supplement`

    """
    folders = [os.path.join(home, *each.split("/")) for home in (*toolkit.folders, *others) for each in _DLLS]
    return [folder for folder in folders if any(_is_dll(name) for name in names(folder))]


def _is_dll(name: str) -> bool:
    return name.lower().endswith(".dll")


def import_libraries(folders: Iterable[str], known: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """
    Write an import library for each DLL that has none; a DLL that cannot be read is left out.

    :param folders: of DLLs; the first of several with one name counts
    :param known: in lower case, the names of the existing ``.lib`` files
    :returns: for each the path below a root, and the content

    """
    seen = set(known)
    for folder in folders:
        # nvrtc64_130_0.alt.dll, which only NVRTC itself loads, gives way to nvrtc64_130_0.dll
        for name in sorted(filter(_is_dll, names(folder)), key=lambda each: (each.endswith(".alt.dll"), each)):
            library = f"{library_name(name)}.lib"
            if library.lower() in seen:
                continue
            try:
                exports = read_exports(os.path.join(folder, name))
            except (OSError, ValueError):
                continue
            if exports.names:
                seen.add(library.lower())
                yield f"lib/{exports.folder}/{library}", import_library(name, exports)


def headers(others: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """
    List the headers of wheels apart from the toolkit's.

    :param others: see :func:`supplement`; the first of several with one header counts
    :returns: of each the path below a root, and the content
    :raises OSError: when one cannot be read

    """
    for path, source in merged([os.path.join(each, "include") for each in others], "include/"):
        if not os.path.isdir(source):
            yield path, read_bytes(source)
            continue
        for folder, inner, files in os.walk(source):
            inner[:] = sorted(each for each in inner if each != "__pycache__")
            below = os.path.relpath(folder, source).replace(os.sep, "/")
            for name in sorted(files):
                yield f"{path}/{below}/{name}".replace("/./", "/"), read_bytes(os.path.join(folder, name))
