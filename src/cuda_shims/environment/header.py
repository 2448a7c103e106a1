"""What a toolkit's headers say about it."""

from __future__ import annotations

import os

from cuda_shims.files.read import read_text

#: the macro of cuda.h with the release, its maximum of digits, and the maximum of blanks in its definition
_VERSION, _DIGITS, _MAX_LINE = "CUDA_VERSION", 6, 200


def header_version(path: str) -> str | None:
    """
    Read a toolkit's release from its headers, for one that has no metadata (a copied tree).

    :param path: the toolkit's folder or root
    :returns: ``13.5`` for ``#define CUDA_VERSION 13050`` in ``cuda.h``; ``None`` if that cannot be read

    """
    try:
        text = read_text(os.path.join(path, "include", "cuda.h"))
    except OSError:
        return None
    for line in text.splitlines() if _VERSION in text else ():
        define, name, digits = [*line[:_MAX_LINE].split(), "", "", ""][:3]
        if (define, name) == ("#define", _VERSION) and digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS:
            return f"{int(digits) // 1000}.{int(digits) % 1000 // 10}"
    return None
