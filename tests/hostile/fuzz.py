"""
Feed the parsers what nobody would write: each may raise its documented errors and no other, and none may be slow.

    python tests/hostile/fuzz.py [--seconds 60] [--seed 1] [--toolkit DIR] [TARGET ...]

The corpus is real: the RECORDs of the distributions beside this interpreter, the build files of ``docs/examples``, the
headers of a toolkit (``--toolkit``, else the one on ``sys.path``), and what broke a parser once. Inputs are mutations
of it, the same for the same seed. What breaks a parser in a new way is kept in a folder that is named at the end.

``--growth`` looks for time that grows faster than the input instead: every token of a format, and every two, repeated
over and over. ``--atheris TARGET`` hands one target to Google's coverage-guided fuzzer, where it is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import os
import random
import signal
import sys
import tempfile
import time
from typing import TYPE_CHECKING

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))

from fuzz_targets import COMMON, FOUND, TARGETS, Target, put

from cuda_shims.environment import toolkit as toolkits

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
#: the largest input, in bytes; a piece of this size is cut from a larger file
LARGEST = 64 * 1024
#: no parser may take more of the processor's time than this for such an input, on a slow machine
SECONDS = 5.0
#: messages that begin alike are of one kind
_KIND = 40


# inputs --------------------------------------------------------------------------------------------------------------


def corpus(target: Target, toolkit: str | None) -> list[bytes]:
    """
    Collect what a target's inputs are made of.

    :param target: the target
    :param toolkit: the folder of a toolkit
    :returns: at least its sample

    """
    found = [target.sample]
    for pattern in target.files:
        places = [ROOT] if pattern.startswith("docs/") else [*filter(None, [toolkit]), *sys.path]
        paths = {each for place in places for each in glob.glob(os.path.join(glob.escape(place), pattern))}
        for path in sorted(paths)[:200]:
            with contextlib.suppress(OSError), open(path, "rb") as file:
                found.append(file.read())
    return found


def _piece(data: bytes, random_: random.Random, most: int = LARGEST) -> bytes:
    size = min(len(data), random_.choice((16, 256, 4096, most)))
    start = random_.randrange(len(data) - size + 1)
    return data[start : start + size]


def mutation(seeds: list[bytes], tokens: list[bytes], random_: random.Random) -> bytes:
    """
    Make an input.

    :param seeds: the corpus
    :param tokens: words of the format
    :param random_: decides
    :returns: at most :data:`LARGEST` bytes

    """
    data = bytearray(_piece(random_.choice(seeds), random_))
    for _ in range(random_.choice((0, 1, 1, 2, 4, 16))):
        at = random_.randrange(len(data) + 1)
        end = min(len(data), at + random_.choice((0, 0, 1, 1, 4, 40)))
        kind = random_.randrange(5)
        if kind == 0:
            data[at:end] = random_.choice(tokens)
        elif kind == 1:
            data[at:end] = bytes(random_.randrange(256) for _ in range(random_.randrange(6)))
        elif kind == 2:
            data[at:end] = _piece(random_.choice(seeds), random_, 512)
        elif kind == 3:
            part = bytes(data[at : at + random_.choice((1, 3, 9, 80))]) + random_.choice((b"", random_.choice(tokens)))
            data[at:at] = part * random_.choice((2, 9, 200, 5000))
        else:
            del data[at:end]
        del data[LARGEST:]
    return bytes(data)


def _tokens(target: Target) -> list[bytes]:
    return [each.encode("utf-8") for each in f"{target.tokens}|{COMMON}".split("|") if each]


class TookTooLongError(Exception):
    """An input that a parser did not get through in time."""


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TookTooLongError(f"more than {seconds} s")

    # the processor's time, not a clock's: a parser is not slow because the machine is busy. SIGALRM is pytest-timeout's
    handler = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)


def attempt(target: Target, data: bytes, folder: str) -> str:
    """
    Give a target one input.

    :param target: the target
    :param data: the input
    :param folder: an empty folder for files, which may be used again
    :returns: what is wrong, or nothing

    """
    try:
        with _limited(SECONDS):
            target.run(data, folder)
    except target.errors:
        return ""
    except Exception as error:  # noqa: BLE001 # that is what is looked for
        return f"{type(error).__name__}: {error}"[:200]
    return ""


def fuzz(name: str, seed: int, numbers: range, toolkit: str | None = None) -> list[tuple[str, bytes]]:
    """
    Give a target inputs.

    :param name: the target's name
    :param seed: together with an input's number it decides what the input is
    :param numbers: the inputs' numbers; with number 0 come those of :data:`fuzz_targets.FOUND`
    :param toolkit: see :func:`corpus`
    :returns: what went wrong, with the input

    """
    target = TARGETS[name]
    seeds, tokens, bad = corpus(target, toolkit), _tokens(target), []
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            # a string: its hash does not depend on the process
            inputs = [mutation(seeds, tokens, random.Random(f"{seed} {name} {number}"))]  # noqa: S311
            for data in [*FOUND.get(name, ()), *inputs] if number == 0 else inputs:
                wrong = attempt(target, data, folder)
                if wrong:
                    bad.append((wrong, data))
    return bad


def growth(name: str, unit_bytes: int = 32 * 1024) -> Iterator[tuple[str, list[float]]]:
    """
    Look for time that grows faster than the input.

    :param name: the target's name
    :param unit_bytes: the size of the smallest of three inputs, each twice as long as the one before
    :returns: what is repeated, and the seconds, of each that takes more than three times as long for twice as much

    """
    target = TARGETS[name]
    tokens = _tokens(target)
    with tempfile.TemporaryDirectory() as folder:
        for unit in [*tokens, *(one + two for one in tokens for two in tokens)]:
            times: list[float] = []
            for size in (unit_bytes, 2 * unit_bytes, 4 * unit_bytes):
                start = time.process_time()
                attempt(target, target.sample + unit * (size // len(unit)), folder)
                times.append(time.process_time() - start)
                if times[-1] < 0.02 * size / unit_bytes:  # too little to tell
                    break
            else:
                if times[2] > 3 * times[1] > 9 * times[0]:
                    yield ascii(unit), times


# the command ---------------------------------------------------------------------------------------------------------


def main() -> int:
    """Run; the exit code is 1 if anything was found."""
    parser = argparse.ArgumentParser(description="Feeds the parsers what nobody would write.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="other inputs (default: 1)")
    parser.add_argument("--toolkit", help="a toolkit's folder, for its headers")
    parser.add_argument("--growth", action="store_true", help="look for time that grows faster than the input")
    parser.add_argument("--atheris", metavar="TARGET", help="run one target under atheris; libFuzzer's options follow")
    options, rest = parser.parse_known_args()
    names = options.targets or list(TARGETS)
    unknown = [name for name in [*names, *filter(None, [options.atheris])] if name not in TARGETS]
    if unknown or (rest and not options.atheris):
        parser.error(f"unknown: {' '.join(unknown or rest)}")
    toolkit = options.toolkit or next((each.path for each in toolkits.find_toolkits()), None)
    if options.atheris:
        return _atheris(options.atheris, rest, toolkit)
    if options.growth:
        return _look_for_growth(names)
    return _look_for_errors(names, options.seconds, options.seed, toolkit)


def _look_for_growth(names: list[str]) -> int:
    found = 0
    for name in names:
        for unit, times in growth(name):
            found += 1
            print(f"{name}: {unit} repeated: {', '.join(f'{each:.2f}' for each in times)} s", flush=True)
    print(f"{found} found")
    return 1 if found else 0


def _look_for_errors(names: list[str], wanted: float, seed: int, toolkit: str | None) -> int:
    kept = tempfile.mkdtemp(prefix="cuda-shims-fuzz-")
    counts, seconds = dict.fromkeys(names, 0), dict.fromkeys(names, 0.0)
    found: dict[tuple[str, str], int] = {}
    end = time.monotonic() + wanted
    while time.monotonic() < end:
        for name in names:
            start = time.perf_counter()
            bad = fuzz(name, seed, range(counts[name], counts[name] + 200), toolkit)
            counts[name] += 200
            seconds[name] += time.perf_counter() - start
            for wrong, data in bad:
                kind = (name, wrong[:_KIND])
                found[kind] = found.get(kind, 0) + 1
                if found[kind] == 1:
                    print(f"{name}: {wrong} ({put(data, kept, f'{name}-{len(found)}')})", flush=True)
    for name in names:
        print(f"{name:12} {counts[name]:9} inputs, {counts[name] / max(seconds[name], 0.001):7.0f} a second")
    print(f"{sum(counts.values())} inputs, {sum(found.values())} bad ones of {len(found)} kinds, kept in {kept}")
    return 1 if found else 0


def _atheris(name: str, rest: list[str], toolkit: str | None) -> int:
    import atheris

    target = TARGETS[name]
    folder = tempfile.mkdtemp(prefix="cuda-shims-fuzz-")
    for number, data in enumerate([*corpus(target, toolkit), *FOUND.get(name, ())]):
        put(data[:LARGEST], folder, "corpus", str(number))

    def once(data: bytes) -> None:
        with contextlib.suppress(*target.errors):
            target.run(data, folder)

    atheris.instrument_all()
    atheris.Setup(
        [sys.argv[0], os.path.join(folder, "corpus"), f"-max_len={LARGEST}", *(each for each in rest if each != "--")],
        once,
    )
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
