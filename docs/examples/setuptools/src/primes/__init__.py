"""Primes, found on a GPU."""

from __future__ import annotations

from . import _primes


def cuda_versions() -> tuple[int, int]:
    """Return the versions of CUDA's headers and of its runtime library, as CUDA counts: 13050 is 13.5."""
    return _primes.versions()


def below(limit: int) -> list[int]:
    """Return the primes below a number."""
    return [number for number, prime in enumerate(_primes.sieve(limit)) if prime]


def selftest() -> None:
    """Count the primes below ten million, and compare with what is known."""
    if sum(_primes.sieve(10_000_000)) != 664_579 or below(30) != [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]:
        raise AssertionError("the GPU finds other primes")
