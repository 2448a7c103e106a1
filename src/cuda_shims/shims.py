"""The bytes of a shim. Pure; the shim itself is the file ``templates/shim.sh``, one for every tool."""

from __future__ import annotations

import os

#: the second line of every shim begins so: by it we know our own, and a shim knows another one
MARK = b"# cuda-shims shim"
_UNSTAMPED = b"# toolkit: none yet\n"


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
    :returns: the script, the same under every tool's name

    """
    script = template("shim.sh")
    return script.replace(_UNSTAMPED, f"# toolkit: {versions}\n".encode(), 1) if versions else script


def is_shim(path: str) -> bool:
    """
    Tell whether a file is a shim of ours, of whatever version.

    :param path: the file; a link is followed
    :returns: ``False`` also for what cannot be read

    """
    try:
        with open(path, "rb") as file:
            return file.read(512).partition(b"\n")[2].startswith(MARK)
    except OSError:
        return False


__all__ = ["MARK", "is_shim", "shim_bytes", "template"]
