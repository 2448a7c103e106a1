"""Tells which files are our shims: they are not compilers, whatever their names."""

import os

from _cuda_shims import read_small

#: the start of the second line of every POSIX shim
MARK = b"# cuda-shims shim"
#: our executables contain this, and no shim is larger; shim.c uses the same test
_EXECUTABLE_MARK, _EXECUTABLE_SIZE = b"cuda-shims shim", 65536


def compiles(root: str) -> bool:
    """
    Tell whether builds should be told of a root's nvcc.

    :param root: the path of a root, or of any toolkit
    :returns: ``False`` for a root of CUDA 12's wheels, whose nvcc is our script; ``True`` for any toolkit that a user
        names

    """
    return not is_shim(os.path.join(root, "bin", "nvcc"))


def is_shim(path: str) -> bool:
    """
    Tell whether a file is one of our shims, of any version.

    :param path: the file; links are followed
    :returns: ``False`` also for a file that cannot be read

    """
    try:
        if os.stat(path).st_size > _EXECUTABLE_SIZE:
            return False
        whole = read_small(path)
    except OSError:
        return False
    if whole.startswith(b"MZ"):
        return _EXECUTABLE_MARK in whole
    return whole.partition(b"\n")[2].startswith(MARK)
