"""
SHA-256 without :mod:`hashlib`, which loads OpenSSL: that takes a fifth of the time of making a root.

:mod:`random` of the standard library does the same.
"""

from __future__ import annotations

try:
    from _sha2 import sha256  # type: ignore[import-not-found] # Python 3.12 and later
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]
    except ImportError:  # PyPy
        from hashlib import sha256

__all__ = ["sha256"]
