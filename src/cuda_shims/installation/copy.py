"""
Copies of installed distributions for another environment, without an installer or an index. Only reads.

The copy has the files of the wheel, as RECORD lists them. Files that belong to the place (scripts, byte code, an
installer's notes, what cuda-shims has written since) are made for the new place, or omitted.
"""

from __future__ import annotations

import os
import re

from _cuda_shims import ROOTS_FOLDER
from cuda_shims.environment import record as records
from cuda_shims.environment.distribution import distributions
from cuda_shims.environment.ours import find_dist_info
from cuda_shims.errors import BadEnvironmentError
from cuda_shims.files.entry import Entry
from cuda_shims.files.read import read_bytes, read_text
from cuda_shims.installation.own import HOOK_FILES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: what installers note in a ``.dist-info`` about the place rather than the wheel
_OF_THE_PLACE = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}
_REQUIRES_PYTHON = re.compile(r"^Requires-Python: *>= *(\d+)\.(\d+)", re.MULTILINE)
_REQUIRES_OTHER = re.compile(r"^Requires-Python:", re.MULTILINE)


def own_distribution() -> str:
    """
    Find the ``.dist-info`` directory of the distribution that this module belongs to.

    :raises BadEnvironmentError: when it cannot be copied: it is editable, or has no RECORD

    """
    site_dir = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    dist_info = find_dist_info([site_dir])
    lines = records.record_lines(records.read_record(dist_info) or "") if dist_info else {}
    if dist_info is None or "cuda_shims/__init__.py" not in lines:
        problem = (
            "this cuda-shims is editable or has no RECORD, and cannot be copied; install its wheel next to virtualenv"
        )
        raise BadEnvironmentError(site_dir, problem)
    return dist_info


def find_for(name: str, search_path: Iterable[str], version: tuple[int, ...]) -> str | None:
    """
    Find a distribution that another Python can run as it is.

    :param name: its normalised name
    :param search_path: where to look, e.g. ``sys.path``
    :param version: the other Python's version, e.g. ``(3, 9)``
    :returns: its ``.dist-info`` directory; ``None`` if it is not installed, has compiled code, or is not for that
        version

    """
    for site_dir in search_path:
        for found, _, folder in distributions(site_dir, name.partition("-")[0]):
            if found == name:
                path = os.path.join(site_dir, folder)
                return path if _serves(path, version) else None
    return None


def _serves(dist_info: str, version: tuple[int, ...]) -> bool:
    try:
        wheel = read_text(os.path.join(dist_info, "WHEEL"))
        metadata = read_text(os.path.join(dist_info, "METADATA"))
    except OSError:  # an egg, a package of the operating system
        return False
    oldest = _REQUIRES_PYTHON.search(metadata)
    # other conditions are not read: better no copy than one that does not run
    fits = version >= (int(oldest[1]), int(oldest[2])) if oldest else not _REQUIRES_OTHER.search(metadata)
    return fits and "-none-any" in wheel and records.read_record(dist_info) is not None


def copied(dist_info: str, installer: str, scripts: Mapping[str, bytes], *, requested: bool = False) -> list[Entry]:
    """
    List the files of a copy of a distribution, in the order to write them.

    RECORD is among the first, so that an uninstaller knows the rest whatever happens, and the start-up files come
    last.

    :param dist_info: the ``.dist-info`` directory of the original
    :param installer: the name of the copying program
    :param scripts: the scripts of the new place: path, relative to its site-packages directory, to content
    :param requested: whether a person has requested it by name
    :returns: the files, their paths relative to the new site-packages directory
    :raises BadEnvironmentError: when a file that RECORD names cannot be read

    """
    site_dir, folder = os.path.split(dist_info)
    files = {}
    for path in records.record_lines(records.read_record(dist_info) or ""):
        if _is_of_the_wheel(path, folder):
            try:
                files[path] = read_bytes(os.path.join(site_dir, path))
            except OSError as error:
                problem = f"RECORD names it, and it cannot be read ({error.strerror}); install the package again"
                raise BadEnvironmentError(os.path.join(site_dir, path), problem) from error
    files[f"{folder}/INSTALLER"] = installer.encode() + b"\n"
    if requested:
        files[f"{folder}/REQUESTED"] = b""
    files.update(scripts)
    record = f"{folder}/RECORD"
    text = records.amended("", {**files, record: None}, first=HOOK_FILES)
    entries = [Entry(path, None, data, 0o755 if path in scripts else 0o644) for path, data in files.items()]
    entries.append(Entry(record, None, text.encode("utf-8", "surrogateescape")))
    return sorted(entries, key=lambda entry: (entry.path in HOOK_FILES, not entry.path.startswith(folder)))


def _is_of_the_wheel(path: str, dist_info: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    if os.path.isabs(path) or ".." in parts or "\0" in path or "__pycache__" in parts:
        return False
    return parts[0] != ROOTS_FOLDER and not (parts[0] == dist_info and parts[-1] in _OF_THE_PLACE)
