"""
The bytes of a shim. Pure; the shim itself is a file of ``templates``, one for every tool.

That is ``shim.sh``, and in the wheels for Windows ``shim.exe``, which is compiled from ``src/launcher/shim.c``.
"""

from __future__ import annotations

import os

from .reading import read_bytes

#: the second line of every shim begins so: by it we know our own, and a shim knows another one
MARK = b"# cuda-shims shim"
_UNSTAMPED = b"# toolkit: none yet\n"
#: what the files in the scripts directory end with
SUFFIX = ".exe" if os.name == "nt" else ""
#: an executable of ours holds this, and no shim is larger; so does shim.c tell one
_EXECUTABLE_MARK, _EXECUTABLE_SIZE = b"cuda-shims shim", 65536


def template(name: str) -> bytes:
    """
    Read a template of this package.

    :param name: its file name
    :returns: its content; bytes, because no platform may change its line ends

    """
    with open(os.path.join(os.path.dirname(__file__), "templates", name), "rb") as file:
        return file.read()


def shim_bytes(versions: str = "") -> bytes:
    """
    Make a shim.

    Compiler caches hash or stat the compiler that they are given. A shim that is the same before and after an upgrade
    of the toolkit would give stale hits, so its bytes name the toolkits that it can run.

    :param versions: the versions of the environment's toolkits, e.g. ``13.5.37``; empty for the shim in our wheel
    :returns: the same under every tool's name

    """
    if SUFFIX:  # what follows an executable's sections is not loaded
        return template("shim.exe") + (f"\r\ntoolkit: {versions}\r\n".encode() if versions else b"")
    script = template("shim.sh")
    return script.replace(_UNSTAMPED, f"# toolkit: {versions}\n".encode(), 1) if versions else script


def is_shim(path: str) -> bool:
    """
    Tell whether a file is a shim of ours, of whatever version.

    :param path: the file; a link is followed
    :returns: ``False`` also for what cannot be read

    """
    try:
        if os.stat(path).st_size > _EXECUTABLE_SIZE:
            return False
        whole = read_bytes(path)
    except OSError:
        return False
    if whole.startswith(b"MZ"):
        return _EXECUTABLE_MARK in whole
    return whole.partition(b"\n")[2].startswith(MARK)


__all__ = ["MARK", "SUFFIX", "is_shim", "shim_bytes", "template"]
