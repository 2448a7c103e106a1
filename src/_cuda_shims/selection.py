"""
The selection: which toolkit a process gets, and why. One function with one table of cases, ``tests/support/cases.py``.

The start-up hook, the command line, the Python API and the doctor use it. The two shims implement the same table,
except for the project, which they do not read.
"""

import os

from _cuda_shims import COMPILERS, HOMES, MARKER, SPLIT, TOOLKIT, WHEELS_ARE_ROOT, executable, read_small
from _cuda_shims.places import is_candidate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from _cuda_shims.places import Place

#: no CUDA major has more digits
_DIGITS = 3
#: where CMake, torch and others look for a toolkit when no variable and no PATH has one
_USUAL = "/usr/local/cuda/bin"
#: the distributions that require cuda-toolkit 12 most often: read first, because a large environment has many others
_LIKELY = ("torch-", "cupy_cuda12x-", "numba_cuda-")

#: why a toolkit is selected: the values of :attr:`Selection.because`
CHOSEN, USER, PROJECT, NEAREST, ASKED_FOR, NONE = "chosen", "user", "project", "nearest", "asked for", "none"


class Project:
    """What a project and CUDA_SHIMS_PREFER say."""

    __slots__ = ("prefer", "toolkit")

    def __init__(self, toolkit: "str | None" = None, prefer: str = "user") -> None:
        """Describe it: a CUDA major in digits, and ``user`` or ``wheels``."""
        self.toolkit = toolkit
        self.prefer = prefer


class Selection:
    """The answer: a toolkit of the wheels, or the folder of another, or a refusal, or nothing."""

    __slots__ = ("because", "home", "refused", "toolkit")

    def __init__(
        self, because: str, toolkit: "Place | None" = None, home: "str | None" = None, refused: "str | None" = None
    ) -> None:
        """
        Describe it.

        :param because: why, e.g. :data:`CHOSEN`
        :param toolkit: the wheels whose root the process takes
        :param home: the folder of a toolkit that a person named
        :param refused: a required major or path that does not exist: nothing else replaces it

        """
        self.because = because
        self.toolkit = toolkit
        self.home = home
        self.refused = refused


def select(places: "Sequence[Place]", environ: "Mapping[str, str]", project: "Callable[[], Project]") -> "Selection":
    """
    Select the toolkit of a process.

    :param places: the toolkits on its search path (:func:`_cuda_shims.places.find_places`)
    :param environ: its variables
    :param project: reads the project's choice; called only where that can decide
    :returns: the answer: first what CUDA_SHIMS_TOOLKIT names. Second, what the user's own variables name, unless wheels
        are preferred. Then the project's major. Then the nearest toolkit with a compiler, the newest of one directory.
        Last, CUDA 12 where it is required. A toolkit that is required and does not exist is refused, never replaced

    """
    choice = environ.get(TOOLKIT, "")
    if os.path.isabs(choice):
        return Selection(CHOSEN, home=choice, refused=None if os.path.isdir(choice) else choice)
    if choice:
        return _major(CHOSEN, places, choice) if is_major(choice) else Selection(CHOSEN, refused=choice)
    candidates = [place for place in places if is_candidate(place)]
    home = user_toolkit(environ, candidates)
    wishes = project() if home or candidates else Project()
    if home and wishes.prefer != "wheels":
        return Selection(USER, home=home)
    if wishes.toolkit:
        return _major(PROJECT, places, wishes.toolkit)
    toolkit = next((place for place in candidates if place.has_compiler), None)
    if toolkit:
        return Selection(NEAREST, toolkit)
    toolkit = next((place for place in candidates if is_asked_for(place, environ)), None)
    return Selection(ASKED_FOR, toolkit) if toolkit else Selection(NONE)


def _major(because: str, places: "Sequence[Place]", major: str) -> "Selection":
    toolkit = next((place for place in places if str(place.major) == major and is_candidate(place)), None)
    return Selection(because, toolkit, refused=None if toolkit else major)


def is_major(text: str) -> bool:
    """Tell a CUDA major from other text: "013" would not compare equal to one, and isdigit accepts superscripts."""
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS and text[0] != "0"


def user_toolkit(environ: "Mapping[str, str]", places: "Sequence[Place]") -> "str | None":
    """
    Find the toolkit that the user's own variables name.

    A value is ours when it is that of the marker (an outer environment's hook or ``cuda-shims env`` set it) or of a
    root next to the wheels. NVCC and CUDACXX may hold a command without nvcc's path (``ccache nvcc``, ``clang++``):
    that names no toolkit. Neither does a missing folder (a profile's ``/usr/local/cuda`` that was removed), nor a
    relative path, which means another folder in each directory.

    :param environ: the environment variables
    :param places: the toolkits of the wheels, whose roots are ours
    :returns: the folder of another toolkit, or ``None`` when the variables are unset, empty, ours, or name none

    """
    return next((home for home in named_folders(environ, places) if is_folder(home)), None)


def named_folders(environ: "Mapping[str, str]", places: "Sequence[Place]") -> "list[str]":
    """
    List the folders that the user's own variables name, whether they exist or not.

    :param environ: the environment variables
    :param places: the toolkits of the wheels, whose roots are ours and not listed
    :returns: the folders: those of CUDA_HOME and similar variables first, then those of NVCC and CUDACXX

    """
    named = [environ.get(name) for name in HOMES] + [nvcc_home(environ.get(name) or "") for name in COMPILERS]
    if not any(named):
        return []
    ours = {environ.get(MARKER), *(place.wheels if WHEELS_ARE_ROOT else place.beside for place in places)}
    return [home for home in named if home and home not in ours]


def is_folder(path: str) -> bool:
    """Tell whether a variable's value is the absolute path of an existing folder: a relative one has many meanings."""
    return os.path.isabs(path) and os.path.isdir(path)


def nvcc_home(command: str) -> "str | None":
    """
    Find the toolkit of the nvcc that a command names by its path.

    :param command: the value of NVCC or CUDACXX
    :returns: the folder that nvcc's ``bin`` is in, or ``None`` for a command that names no nvcc in a ``bin``: a wrapper
        of that name in another folder has no toolkit around it

    """
    folder = os.path.dirname(named_nvcc(command) or "")
    return os.path.dirname(folder) if os.path.basename(folder).lower() == "bin" else None


def named_nvcc(command: str) -> "str | None":
    """
    Find the nvcc that a command names by its path.

    :param command: the value of NVCC or CUDACXX: a path, which may have blanks in it, or a command line
    :returns: its path, or ``None`` for a command that names nvcc by no absolute path

    """
    words = command.split()
    if not any(map(os.path.isabs, words[1:])):  # then a blank is part of its path
        words.insert(0, command)
    for word in words:
        if os.path.isabs(word) and os.path.basename(word) in {"nvcc", "nvcc.exe"}:
            return word
    return None


def is_asked_for(place: "Place", environ: "Mapping[str, str]") -> bool:
    """
    Tell whether the wheels of CUDA 12 are installed as a toolkit, and not because some package loads their libraries.

    They have no compiler, so they must not hide one. An installed cuda-toolkit 12 proves little: cupy-cuda12x[ctk] and
    numba-cuda[cu12] require it, and so do torch's builds for CUDA 12.6 and 12.8. A REQUESTED file proves no more: uv
    writes one for every distribution. So cuda-toolkit 12 counts when no other distribution in its folder requires it.
    """
    names = [name for name in os.listdir(place.site_dir) if name.endswith(".dist-info")]
    if not any(name.startswith(f"cuda_toolkit-{SPLIT}.") for name in names):
        return False
    if has_nvcc(environ):
        return False
    names.sort(key=lambda name: not name.startswith(_LIKELY))
    return not any(_requires_toolkit(os.path.join(place.site_dir, name)) for name in names)


def has_nvcc(environ: "Mapping[str, str]") -> bool:
    """
    Tell whether a build finds an nvcc that does not come from the wheels.

    :param environ: the environment variables; PATH and the marker count
    :returns: whether PATH or the usual place has one that is neither a shim nor what an outer hook has set

    """
    from _cuda_shims.shims import is_shim  # noqa: PLC0415 # not needed where wheels have a compiler

    outer = executable(environ.get(MARKER, ""), "nvcc")
    for folder in (*environ.get("PATH", "").split(os.pathsep), _USUAL):
        nvcc = os.path.join(folder, "nvcc")
        there = os.path.isabs(nvcc) and os.path.isfile(nvcc) and os.access(nvcc, os.X_OK)
        if there and nvcc != outer and not is_shim(nvcc):
            return True
    return False


def _requires_toolkit(dist_info: str) -> bool:
    if os.path.basename(dist_info).startswith("cuda_shims-"):  # for its extra cu13
        return False
    try:
        text = read_small(os.path.join(dist_info, "METADATA"))
    except OSError:
        return False
    return b"\nrequires-dist: cuda-toolkit" in text.replace(b"_", b"-").lower()
