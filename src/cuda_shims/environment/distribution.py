"""The distributions that are installed in a directory, by the names of their ``.dist-info`` folders."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def distributions(site_dir: str, *words: str) -> Iterator[tuple[str, str, str]]:
    """
    List the distributions of a directory.

    Not :mod:`importlib.metadata`: importing it costs more than making a root, and it parses what a folder's name says.

    :param site_dir: the site-packages directory; one that cannot be read has none
    :param words: what a name may begin with, in small letters, up to its first hyphen: this skips the thousands of
        others in a large environment at almost no cost; by default all are listed
    :returns: (normalised name, version, folder name) of each, as :pep:`427` and the recording specification spell them;
        a folder with any other character is left out, because scripts will contain these names

    """
    try:
        names = os.listdir(site_dir)
    except OSError:
        return
    if words:
        names = [name for name in names if name.lower().startswith(words)]
    for folder in sorted(name for name in names if name.endswith(".dist-info")):
        name, dash, version = folder[: -len(".dist-info")].partition("-")
        if dash and _is_plain(folder):
            yield name.lower().replace("_", "-").replace(".", "-"), version, folder


def _is_plain(name: str) -> bool:
    # not a regular expression: importing re takes as long as the rest
    return name.isascii() and all(each.isalnum() or each in "-_.+!" for each in name)
