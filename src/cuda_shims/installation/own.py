"""Our files in an environment: content and place decide, not who wrote them or who claims them."""

from __future__ import annotations

import os

from _cuda_shims import ROOTS_FOLDER
from _cuda_shims.shims import is_shim
from cuda_shims.catalog.tools import TOOLS
from cuda_shims.files.ledger import is_inside, read_ledger
from cuda_shims.files.read import read_bytes
from cuda_shims.installation import shims
from cuda_shims.installation.packages import is_package_link, may_be_package_link

_SITECUSTOMIZE_MARK = b"# cuda-shims sitecustomize"
#: the start-up files of the wheel
HOOK_FILES = ("cuda_shims.pth",)
#: the start-up file of a folder where Python reads no ``.pth`` file
TARGET_HOOK = "sitecustomize.py"


def read_recorded(site_dir: str, scripts: str) -> dict[str, str]:
    """Read which files we wrote outside of a root: path, relative to the site-packages directory, to digest."""
    folder = os.path.join(site_dir, ROOTS_FOLDER)
    return read_ledger(folder, lambda path: may_be_ours(site_dir, scripts, os.path.join(site_dir, path)))


def is_hook(path: str) -> bool:
    """Tell whether a path has the name of a start-up file."""
    return os.path.basename(path) in {*HOOK_FILES, TARGET_HOOK}


def is_linked_hook(path: str) -> bool:
    """
    Tell whether a start-up file is a link to that of this version (uv's ``--link-mode symlink``).

    Such a file works although ``install`` would write a file instead.

    :param path: the path of an existing start-up file
    :returns: whether it is
    :raises OSError: when it cannot be read

    """
    return os.path.islink(path) and read_bytes(path) == shims.template(os.path.basename(path))


def is_ours_by_content(path: str) -> bool:
    """Recognise our own file by its content, whoever wrote it and in whichever version."""
    if os.path.basename(path) in HOOK_FILES or (is_package_link(path) and os.path.islink(path)):
        return True
    if os.path.basename(path) == TARGET_HOOK:
        return read_bytes(path).startswith(_SITECUSTOMIZE_MARK)
    return is_shim(path)


def may_be_ours(site_dir: str, scripts: str, path: str) -> bool:
    """
    Tell whether an absolute path is one where cuda-shims has files, whoever claims so.

    Anybody who can write to the environment may have written RECORD and our ledger. A file that these name is removed
    only in these places. Links on the way are followed; the path itself is not.
    """
    place = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    if os.path.dirname(place) == os.path.realpath(scripts):
        name = os.path.basename(place)
        name = name.removesuffix(".exe")
        return name == "cuda-shims" or any(each.name == name for each in TOOLS) or is_shim(path)
    if may_be_package_link(scripts, place):
        return True
    if not is_inside(path, os.path.realpath(site_dir)):
        return False
    first, *rest = os.path.relpath(place, os.path.realpath(site_dir)).split(os.sep)
    if first == "__pycache__":
        return "cuda_shims" in "".join(rest[:1])
    return "cuda_shims" in first or first == TARGET_HOOK
