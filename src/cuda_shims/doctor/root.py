"""The toolkit root: whether it exists, where it is, and why it is not elsewhere."""

from __future__ import annotations

import os

from _cuda_shims import WHEELS_ARE_ROOT, is_trusted
from _cuda_shims.places import is_plain
from cuda_shims.doctor.case import ERROR, OK, WARNING, Finding
from cuda_shims.installation.refresh import allowed_paths, rights_in, shared_folder
from cuda_shims.root import build

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.doctor.case import Case
    from cuda_shims.environment.toolkit import Toolkit


def check_root(case: Case) -> Iterator[Finding]:
    """Find a root that is missing, damaged, or where CMake cannot use it."""
    toolkit = case.toolkit
    if not toolkit or not case.home:
        return
    beside = toolkit.place.beside
    root = toolkit.root
    place = beside if WHEELS_ARE_ROOT else root
    if root and place and not build.plan_root(toolkit.place, place).is_whole():
        what = f"The toolkit root {root} is incomplete, although no wheel is newer."
        why = "a clock went backwards while a wheel was installed, or somebody changed it"
        yield Finding("root-damaged", WARNING, what, why, case.command("install"))
    elif root and WHEELS_ARE_ROOT:
        yield Finding("root", OK, f"The toolkit root is {root}; {beside} has the files that it lacks.")
    elif root and not is_plain(root) and not is_plain(_wanted(case, toolkit)[0]):
        why = "CMake cannot link against a toolkit below a path with a space or a shell's special character"
        fix = f"set XDG_CACHE_HOME to a folder with a plain path, then: {case.command('root')}"
        yield Finding("root-path", WARNING, f"The toolkit root is {root}.", why, fix)
    elif root and is_plain(root):
        why_not = "has a space or a special character" if not is_plain(beside) else "cannot be written by this user"
        note = "" if root == beside else f", and not next to the wheels, whose folder {why_not}"
        yield Finding("root", OK, f"The toolkit root is {root}{note}.")
    else:
        yield _judge_missing(case, toolkit)


def _judge_missing(case: Case, toolkit: Toolkit) -> Finding:
    why = f"the wheels' own folder, {toolkit.path}, serves, where find_package(CUDAToolkit), -lcuda and -dlto fail"
    if toolkit.is_split:
        why = "the wheels' own folders, one for each component, form no toolkit"
    thing = "toolkit root"
    if WHEELS_ARE_ROOT:
        why = "find_package(CCCL) stops: the wheel's own CMake files do not find their headers"
        thing = "supplement to the toolkit"
    beside = toolkit.place.beside
    if not WHEELS_ARE_ROOT and os.path.exists(beside) and not is_trusted(beside, toolkit.site_dir, toolkit.place.owned):
        what = f"The {thing} {beside} belongs to another user (uid {os.stat(beside).st_uid}), and is not used."
        return Finding("root-foreign", WARNING, what, why, case.command("install"))
    place, limit = _wanted(case, toolkit)
    above = _find_existing(place)
    if not _can_be_made(place, limit):
        refused = "others can write to it" if _is_writable(above) else "it cannot be written"
        what = f"The {thing} {place} cannot be made in {above}: {refused}."
        other = "" if WHEELS_ARE_ROOT else ", or set XDG_CACHE_HOME to a folder that only you can write to"
        return Finding("root-unwritable", ERROR, what, why, f"make it writable{other}, then: {case.command('root')}")
    if above != place:
        return Finding("root-missing", WARNING, f"There is no {thing} {place} yet.", why, case.command("root"))
    unfinished = next((each.path for each in toolkit.companions if each.is_unfinished()), None)
    if unfinished:
        what = f"The {thing} {place} is made again at each start of Python: {unfinished} differs from its wheel."
        fix = "wait for a minute, or install that wheel again"
        return Finding("root-interim", WARNING, what, "an installer is running there, or was just stopped", fix)
    what = f"The {thing} {place} is older than its wheels."
    return Finding("root-stale", WARNING, what, why, case.command("root"))


def _wanted(case: Case, toolkit: Toolkit) -> tuple[str, str | None]:
    rights = rights_in(toolkit.site_dir)
    paths = [*allowed_paths(toolkit.place, case.environ, rights)] or [(toolkit.place.beside, None)]
    return next((each for each in paths if _can_be_made(*each)), paths[0])


def _can_be_made(path: str, limit: str | None) -> bool:
    ours = limit is None or shared_folder(os.path.dirname(path), limit) is None
    return ours and _is_writable(_find_existing(path))


def _find_existing(path: str) -> str:
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def _is_writable(folder: str) -> bool:
    return os.path.isdir(folder) and os.access(folder, os.W_OK)
