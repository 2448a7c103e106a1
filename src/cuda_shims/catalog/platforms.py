"""The systems that NVIDIA has CUDA wheels for, and this one."""

from __future__ import annotations

import sys

#: :data:`sys.platform` to its name for a reader, and the machines as :func:`platform.machine` spells them there
_SYSTEMS = {
    "linux": ("Linux", ("x86_64", "aarch64")),
    "win32": ("Windows", ("AMD64", "ARM64")),
    "darwin": ("macOS", ()),
}
#: in words
SERVED = ", and for ".join(f"{name} on {' and '.join(machines)}" for name, machines in _SYSTEMS.values() if machines)
FIX = "build on such a machine, or in a container there"


def here() -> str:
    """Name this system, e.g. ``Linux on x86_64``."""
    return f"{_SYSTEMS.get(sys.platform, (sys.platform, ()))[0]} on {_machine()}"


def unserved() -> str:
    """
    Say in half a sentence that NVIDIA has no wheels for this system, and what to do; an empty string where it has some.

    The C library of a Linux is not considered: where it is musl, pip installs a placeholder, and the doctor says so.
    """
    if _machine() in _SYSTEMS.get(sys.platform, ("", ()))[1]:
        return ""
    return f"NVIDIA has no CUDA wheels for {here()}; they are for {SERVED}: {FIX}"


def _machine() -> str:
    import platform  # noqa: PLC0415 # costs milliseconds, and errors are imported for their names

    return platform.machine()
