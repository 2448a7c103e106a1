"""
The bytes of a shim. Pure; the shim itself is a file of ``templates``, the same for every tool.

It is ``shim.sh``, and in the wheels for Windows ``shim.exe``, compiled from ``src/launcher/shim.c``.
"""

from __future__ import annotations

import os

_UNSTAMPED = b"# toolkit: none yet\n"
#: the ending of the files in the scripts directory
SUFFIX = ".exe" if os.name == "nt" else ""


def template(name: str) -> bytes:
    """Read a template of this package."""
    with open(os.path.join(os.path.dirname(__file__), "templates", name), "rb") as file:
        return file.read()


def shim_bytes(versions: str = "") -> bytes:
    """
    Make a shim.

    Compiler caches hash or stat the compiler that they call. If an upgrade of the toolkit did not change the shim,
    they would return stale objects. So its bytes name the toolkits that it can run.

    :param versions: the versions of the environment's toolkits, e.g. ``13.5.37``; empty for the shim in our wheel
    :returns: the shim's content, the same under every tool's name

    """
    if SUFFIX:  # what follows an executable's sections is not loaded
        return template("shim.exe") + (f"\r\ntoolkit: {versions}\r\n".encode() if versions else b"")
    script = template("shim.sh")
    return script.replace(_UNSTAMPED, f"# toolkit: {versions}\n".encode(), 1) if versions else script
