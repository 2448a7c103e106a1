"""
Reading of files that somebody else wrote: only regular ones, with a size that fits their kind.

Opening a FIFO waits for a writer, and a device never ends. A hook that did that would hang every start of Python.
"""

from __future__ import annotations

import errno
import os
import stat

from _cuda_shims import READ_FLAGS

#: more than any header of CUDA, any RECORD or any ledger has (cuda.h: 1.2 MB; torch's RECORD: 2 MB)
MAX_BYTES = 64 * 1024 * 1024


def read_bytes(path: str) -> bytes:
    """
    Read a file.

    :param path: its path; links are followed
    :returns: its content
    :raises OSError: when it cannot be read, is a directory (``EISDIR``), is not a regular file (``EINVAL``), or is
        larger than :data:`MAX_BYTES` (``EFBIG``)

    """
    descriptor = os.open(path, READ_FLAGS)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "this is not a regular file", path)
        if status.st_size > MAX_BYTES:
            raise OSError(errno.EFBIG, f"it is larger than {MAX_BYTES} bytes", path)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES)
    finally:
        os.close(descriptor)


def read_text(path: str) -> str:
    """Read a file like :func:`read_bytes`, as Latin-1, which is quick and always decodes: callers look for ASCII."""
    return read_bytes(path).decode("latin-1")
