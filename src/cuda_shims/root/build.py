"""A toolkit's root as it should be: what it holds, and what it is made from."""

from __future__ import annotations

import os
import time

from cuda_shims.environment.toolkit import read_toolkit
from cuda_shims.files import times, tree
from cuda_shims.root import sources
from cuda_shims.root.layout import entries_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _cuda_shims.places import Place
    from cuda_shims.environment.toolkit import Toolkit
    from cuda_shims.files.entry import Entry

#: what compiling and linking need; a folder where a root links to the whole of it
_COMPILER = ("bin/nvcc", "bin/ptxas", "nvvm/bin", "include", "lib/libcudart_static.a")
#: pip takes no longer between the removal of a wheel and its next version; after that the wheel was uninstalled
_AT_WORK_SECONDS = 60.0


class RootPlan:
    """A toolkit's root as it should be."""

    __slots__ = ("entries", "path", "seen", "toolkit", "watched")

    def __init__(self, toolkit: Toolkit, path: str, *, beside: bool) -> None:
        """Decide what it holds; on Windows, the files missing from the wheels."""
        lines = sources.lines(toolkit, beside=beside)
        self.toolkit = toolkit
        self.path = path
        #: what it is made from, and when each of these last changed; empty where the times say nothing
        self.watched = tuple(sources.watched(toolkit, lines))
        unfinished = any(companion.is_unfinished() for companion in toolkit.companions)
        self.seen = () if unfinished else times.observe(self.watched)
        self.entries: list[Entry] = entries_of(toolkit, path, lines)

    def is_outdated(self) -> bool:
        """Tell whether what it is made from has changed, or gone, since it was read."""
        try:
            return bool(self.seen) and times.change_times(self.watched) != self.seen
        except OSError:
            return True

    def is_interim(self) -> bool:
        """
        Tell whether an installer is between two wheels: the existing root stays, and the next start tries again.

        This happens if the plan lacks a part of the compiler that the existing root has, and the wheels have just
        changed. The links of that root become whole when the wheel has come; one without it would stay until the
        next start of Python (``tests/e2e/test_upgraded_meanwhile.py``).
        """
        paths = [entry.path for entry in self.entries]
        lost = [
            part
            for part in _COMPILER
            if os.path.lexists(os.path.join(self.path, part))
            and not any(path == part or path.startswith(part + "/") for path in paths)
        ]
        try:
            newest = max(times.change_times(self.watched), default=0)
        except OSError:  # one was removed in the meantime
            return bool(lost)
        return bool(lost) and time.time() - newest / 1_000_000_000 < _AT_WORK_SECONDS

    def is_whole(self) -> bool:
        """Tell whether the existing root is complete; a fresh one may not be if a clock went backwards."""
        try:
            return all(tree.is_as(os.path.join(self.path, entry.path), entry) for entry in self.entries)
        except OSError:
            return False


def plan_root(place: Place, path: str) -> RootPlan:
    """
    Plan a root from the wheels as they are now.

    :param place: where the wheels are
    :param path: where the root goes: one of :meth:`_cuda_shims.places.Place.paths`
    :returns: the plan
    :raises OSError: on Windows, when a CMake file of the wheels cannot be read

    """
    return RootPlan(read_toolkit(place), path, beside=path == place.beside)
