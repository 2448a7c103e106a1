"""
Checks that cuda-shims is still installed where it writes; otherwise removes what was written.

pip and uv do not know about a process that writes, and nobody would remove its files after them. Both remove the
start-up files or METADATA before the folder of roots: a process that still sees these when it is done has finished
before that.
"""

from __future__ import annotations

import os

from _cuda_shims import MADE_FROM, ROOTS_FOLDER
from _cuda_shims.shims import is_shim
from cuda_shims.catalog.tools import TOOLS
from cuda_shims.environment.ours import find_dist_info
from cuda_shims.files import plan, replace, write
from cuda_shims.files.ledger import LEDGER
from cuda_shims.installation import shims
from cuda_shims.installation.files import has
from cuda_shims.installation.own import HOOK_FILES, read_recorded
from cuda_shims.installation.packages import package_paths


class while_installed:  # noqa: N801 # a context manager
    """Write to an environment while cuda-shims is installed in it."""

    def __init__(self, site_dir: str, dist_info: str | None, scripts: str | None) -> None:
        """Note the files that show that it is installed."""
        self.site_dir, self.dist_info, self.scripts = site_dir, dist_info, scripts
        names = (*HOOK_FILES, os.path.join(ROOTS_FOLDER, LEDGER))
        self.signs = [each for each in (os.path.join(site_dir, name) for name in names) if os.path.lexists(each)]
        self.described = has(dist_info, "METADATA")

    def is_gone(self) -> bool:
        """Tell whether it was uninstalled."""
        if self.dist_info and not (
            has(self.dist_info, "METADATA") if self.described else os.path.isdir(self.dist_info)
        ):
            return not has(find_dist_info([self.site_dir]), "METADATA")
        return not all(os.path.lexists(each) for each in self.signs)

    def check(self) -> None:
        """Raise :class:`UninstalledError` if it was uninstalled. Called before a start-up file is written again."""
        if self.is_gone():
            from cuda_shims.errors import UninstalledError  # noqa: PLC0415

            raise UninstalledError(self.site_dir)

    def __enter__(self) -> while_installed:  # noqa: PYI034 # typing.Self is of Python 3.11
        """Begin."""
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        """End, and if it was uninstalled, remove what was written."""
        if self.is_gone():
            # others write there, and do the same when they are done
            try:
                _remove_all(self.site_dir, self.scripts, self.dist_info)
            except OSError:
                pass
            if error is None or isinstance(error, OSError):
                self.check()


def _remove_all(site_dir: str, scripts: str | None, dist_info: str | None) -> None:
    folder = os.path.join(site_dir, ROOTS_FOLDER)
    if scripts is not None:
        replace.carry_out(site_dir, plan.removals(site_dir, read_recorded(site_dir, scripts)))
        # the uninstaller may have removed our record of them
        for path in (os.path.join(scripts, tool.name + shims.SUFFIX) for tool in TOOLS):
            if os.path.lexists(path) and is_shim(path):
                replace.remove(path, scripts)
        for path in filter(os.path.islink, package_paths(scripts)):
            replace.remove(path, scripts)
    try:  # a sign for processes that have started in the meantime
        os.unlink(os.path.join(folder, LEDGER))
    except OSError:
        pass
    if dist_info and os.path.isdir(dist_info) and os.listdir(dist_info) == ["RECORD"]:
        replace.remove(os.path.join(dist_info, "RECORD"), site_dir)  # ours, in a folder that uv had emptied
    write.remove_tree(folder, first=MADE_FROM)
