"""Our own parts of an environment: the start-up hook and the shims."""

from __future__ import annotations

import os

from _cuda_shims import MARKER
from cuda_shims.doctor.case import OK, WARNING, Finding
from cuda_shims.files.action import CONFLICT, CREATE, KEEP, REPLACE
from cuda_shims.installation import files as own_files
from cuda_shims.installation.own import is_hook, is_linked_hook
from cuda_shims.installation.owner import owner
from cuda_shims.installation.packages import is_package_link
from cuda_shims.quoting import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.doctor.case import Case

_UNTOLD = "builds that Python starts do not learn where the toolkit is"
_SHELL_ONLY = "this affects shells and make; builds that Python starts have the root's bin first on PATH"


def _find_own_files(case: Case) -> list[tuple[str, str]]:
    environment = case.environment
    hook = environment.dist_info is not None
    target = environment.is_target
    beside = [toolkit for toolkit in case.toolkits if toolkit.site_dir == environment.site_dir]
    actions = own_files.plan_files(environment.site_dir, environment.scripts, beside, hook=hook, target=target)
    wanted = [each for each in actions if each.entry]
    return [(each.kind, os.path.normpath(os.path.join(environment.site_dir, each.path))) for each in wanted]


def check_hook(case: Case) -> Iterator[Finding]:
    """Find a start-up hook that is missing, turned off, somebody else's, or has not run."""
    environment = case.environment
    if environment.dist_info is None:
        what = f"cuda-shims is not installed in {environment.label}, so there is no start-up hook."
        yield Finding("not-installed", WARNING, what, _UNTOLD, case.pip("cuda-shims"))
        return
    wrong = [(kind, path) for kind, path in _find_own_files(case) if is_hook(path) and kind != KEEP]
    wrong = [(kind, path) for kind, path in wrong if kind != REPLACE or not is_linked_hook(path)]
    for kind, path in wrong:
        if kind == CONFLICT:
            what = f"{path} is not ours: it belongs to {owner(environment.site_dirs, path)}."
            fix = 'add this line to it: "import _cuda_shims; _cuda_shims.main()"'
            yield Finding("hook-foreign", WARNING, what, _UNTOLD, fix)
        else:
            state = "missing" if kind == CREATE else "from another version of cuda-shims"
            what = f"The start-up file {path} is {state}."
            yield Finding("hook-missing", WARNING, what, _UNTOLD, case.command("install"))
    compiler = case.toolkit is None or "nvcc" in case.toolkit.tools
    if case.environ.get("CUDA_SHIMS_STARTUP") == "0":
        what = "CUDA_SHIMS_STARTUP=0 turns the start-up hook off."
        yield Finding("hook-off", WARNING, what, _UNTOLD, case.removal("CUDA_SHIMS_STARTUP"))
    elif wrong or not case.here or not case.home or not compiler or case.other_toolkit():
        if not wrong:
            yield Finding("hook", OK, "The start-up hook is in place.")
    elif case.environ.get(MARKER) not in _roots(case):
        what = "The start-up hook has not run in this process, or found another toolkit before this one."
        other = case.for_here("for a folder on PYTHONPATH: cuda-shims install") + " --target DIR"
        yield Finding("hook-not-run", WARNING, what, _UNTOLD, "start Python again, without -S", other)
    else:
        yield Finding("hook", OK, "The start-up hook is in place, and has run in this process.")


def _roots(case: Case) -> set[str | None]:
    # the root that the hook has made may be stale by now
    paths = case.toolkit.place.paths(case.environ) if case.toolkit else ()
    return {case.home, *(path for path, _ in paths)}


def check_shims(case: Case) -> Iterator[Finding]:
    """Find shims that are missing, old, or somebody else's."""
    environment = case.environment
    found = [each for each in _find_own_files(case) if not is_hook(each[1]) and not is_package_link(each[1])]
    if environment.dist_info is None and not any(kind in {KEEP, REPLACE} for kind, _ in found):
        return  # another check reports that we are not installed there
    install = case.command("install")
    if os.path.isdir(environment.scripts) and not os.access(environment.scripts, os.W_OK):
        install = f"as a user who may write to {quote_path(environment.scripts)}, run: {install}"
    # a start of Python updates shims when it makes a root, and makes none from wheels without a compiler
    # (torch's), whose output nothing caches
    compiler = case.toolkit is not None and "nvcc" in case.toolkit.tools
    for kind, code, what, why in (
        (CREATE, "shim-missing", "Shims that are missing", _SHELL_ONLY),
        (REPLACE, "shim-stale", "Shims that are not up to date", "a compiler cache may confuse two toolkits"),
    ):
        names = [os.path.basename(path) for each, path in found if each == kind]
        if names and (compiler or kind != REPLACE):
            text = f"{what} in {environment.scripts}: {', '.join(names)}."
            yield Finding(code, WARNING, text, why, install)
    for path in (path for kind, path in found if kind == CONFLICT):
        whose = owner(environment.site_dirs, path)
        what = f"{path} is not our shim: it belongs to {whose}."
        other = ""
        if whose.startswith("conda's"):
            other = f"{case.command('uninstall')} (not pip, which would remove conda's)"
        yield Finding("shim-foreign", WARNING, what, _SHELL_ONLY, f"{install} --force", other)
    for kind, path in _find_own_files(case):
        if kind in {CONFLICT, REPLACE} and is_package_link(path):
            what = f"{path} is not our link: it belongs to {owner(environment.site_dirs, path)}."
            why = "find_package(CCCL) from a shell, and CUB, Thrust and libcudacxx, may not find this toolkit"
            fix = install if kind == REPLACE else f"remove or rename it, then: {install}"
            yield Finding("package-foreign", WARNING, what, why, fix)
    if all(kind == KEEP for kind, _ in found):
        yield Finding("shims", OK, f"The shims are in {environment.scripts}.")
