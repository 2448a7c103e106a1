"""
The pkg-config files of a root.

The toolkit's are named and worded as by CUDA's installer (``cudart-13.5.pc``), a companion's as in NCCL's own archive
(``nccl.pc``). pkg-config derives the root from the file's place.
"""

from __future__ import annotations

from cuda_shims.catalog.companions import distribution_of, folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cuda_shims.environment.toolkit import Toolkit

#: what a program has to link with a static library
_PRIVATE_LIBS = {"cudart_static": " -lrt -lpthread -ldl", "cudadevrt": " -lcudart_static -lrt -lpthread -ldl"}


def files(toolkit: Toolkit, libraries: Iterable[str], stubs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """
    Write them.

    :param toolkit: the toolkit
    :param libraries: what ``-l`` can take from the root
    :param stubs: likewise from its folder of link-time stubs
    :returns: name and text of each

    """
    # a name that pkg-config would misread gets no file
    plain = [library for library in libraries if all(each.isalnum() or each in "._+-" for each in library)]
    flags = {library.lower(): f"-L${{libdir}} -l{library}{_PRIVATE_LIBS.get(library, '')}" for library in plain}
    flags.update({stub: f"-L${{libdir}}/stubs -l{stub}" for stub in stubs})
    versions = _companions(toolkit)
    for name, libs in flags.items():
        version = next((version for stem, version in versions if name.startswith(stem)), None)
        text = (
            "cudaroot=${pcfiledir}/../..\nlibdir=${cudaroot}/lib\nincludedir=${cudaroot}/include\n\n"
            f"Name: {name}\nDescription: CUDA {name} library\nVersion: {version or toolkit.release}\n"
            f"Libs: {libs}\nCflags: -I${{includedir}}\n"
        )
        yield f"{name}.pc" if version else f"{name}-{toolkit.release}.pc", text


def _companions(toolkit: Toolkit) -> list[tuple[str, str]]:
    # what a companion's libraries begin with (``cudnn``, ``libcudnn_ops.so`` too), the longest first, and its version
    installed = dict(toolkit.components)  # those in the toolkit's own folder
    for companion in toolkit.companions:
        installed.update(companion.owners())
    found = []
    for name in {each for names in folders().values() for each in names}:
        version = installed.get(distribution_of(name, toolkit.major))
        if version:
            found.append((name.removeprefix("nvidia-").removeprefix("lib"), version))
    return sorted(found, key=lambda each: (-len(each[0]), each))
