"""
Build all that is published, the sdist and the wheel of each platform, on one machine, and print the SHA-256 of each.

``python scripts/build/build_wheels.py [FOLDER]`` (default: ``dist``) needs Python 3.9 or later with ``venv``, and
nothing installed: what builds is fetched into an environment of its own, in the releases and by the hashes of
``scripts/build/build-requirements.txt``. The same commit gives the same bytes on every machine whose Python compresses
with zlib, whatever its version, the user, the place, the umask, the time zone and the language; ``tox -e wheel`` tries.
``docs/how-to/verify.md`` says how to compare.

``build-system.requires`` pins nothing, since whoever packages cuda-shims has one hatchling for all. Constraints for
``python -m build``, instead of an environment of our own, were the alternative: an older pip (23.0 with Python 3.9)
refuses a hash in one, and ``build`` itself would have to be there.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLATFORMS = ("any", "win_amd64", "win_arm64")
REQUIREMENTS = os.path.join(ROOT, "scripts", "build", "build-requirements.txt")
#: What a build may see of the caller's environment: where programs and scratch space are. SOURCE_DATE_EPOCH, HATCH_*,
#: CPATH and PYTHON* would change what is built
_PASSED = ("PATH", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "ZIG_GLOBAL_CACHE_DIR")
#: where zig keeps what it has compiled of itself: most of a minute, if it is not there yet
_HOMES = ("HOME", "LOCALAPPDATA")
_HOOK = "import sys; from hatchling import build; getattr(build, sys.argv[1])(sys.argv[2])"


def main() -> None:
    """Build, and list what was built as ``sha256sum`` does."""
    parser = argparse.ArgumentParser(description="Build all that is published.")
    parser.add_argument("folder", nargs="?", default=os.path.join(ROOT, "dist"), help="where to (default: dist)")
    parser.add_argument("--no-isolation", action="store_true", help="with what this environment has installed")
    options = parser.parse_args()
    for path in build_all(options.folder, isolation=not options.no_isolation):
        print(f"{digest(path)}  {path}")
    if "ng" in zlib.ZLIB_RUNTIME_VERSION or hasattr(zlib, "ZLIBNG_VERSION"):
        remark("this Python compresses with zlib-ng: what is in the archives is the same, the archives are not")


def build_all(folder: str, *, isolation: bool = True) -> list[str]:
    """
    Build the sdist and every wheel.

    :param folder: where to
    :param isolation: whether what builds is fetched into an environment of its own, else this one has it
    :returns: their paths

    """
    return _build(folder, ["sdist", *PLATFORMS], isolation=isolation)


def build_wheel(folder: str, platform: str, *, isolation: bool = True) -> str:
    """
    Build the wheel of a platform.

    :param folder: where to
    :param platform: of :data:`PLATFORMS`
    :param isolation: as above
    :returns: its path

    """
    (path,) = _build(folder, [platform], isolation=isolation)
    return path


def _build(folder: str, what: list[str], *, isolation: bool) -> list[str]:
    os.makedirs(folder, exist_ok=True)
    paths = []
    with tempfile.TemporaryDirectory(prefix="cuda-shims-wheels-") as scratch:
        source = take_source(os.path.join(scratch, "source"))
        python = _new_environment(os.path.join(scratch, "venv")) if isolation else sys.executable
        passed = _PASSED if isolation else (*_PASSED, *_HOMES)
        environ = dict.fromkeys(("HOME", "ZIG_GLOBAL_CACHE_DIR"), scratch) if isolation else {}
        environ.update((name, value) for name, value in os.environ.items() if name.upper() in passed)
        for each in what:
            out = os.path.join(scratch, each)
            os.mkdir(out)
            hook = "build_sdist" if each == "sdist" else "build_wheel"
            variables = {} if each == "sdist" else {"CUDA_SHIMS_WHEEL_PLATFORM": each}
            # -I: neither variables, nor the user's own site-packages, nor the current directory
            command = [python, "-I", "-c", _HOOK, hook, out]
            subprocess.run(command, check=True, cwd=source, env={**environ, **variables}, stdout=subprocess.DEVNULL)
            (name,) = os.listdir(out)
            paths.append(shutil.move(os.path.join(out, name), os.path.join(folder, name)))
    return paths


def _new_environment(folder: str) -> str:
    if importlib.util.find_spec("ensurepip") is None:
        raise SystemExit("build_wheels: this Python has no ensurepip; on Debian and Ubuntu: apt install python3-venv")
    venv.create(folder, with_pip=True)
    python = os.path.join(folder, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))
    options = ["-q", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    if subprocess.run([python, "-m", "pip", "install", *options, "-r", REQUIREMENTS], check=False).returncode:
        raise SystemExit(f"build_wheels: what builds cannot be installed: see {REQUIREMENTS}")
    return python


def take_source(folder: str) -> str:
    """
    Copy what git tracks, so that nothing else that lies about in a checkout is built.

    :param folder: where to
    :returns: the folder to build in: without git, the checkout itself

    """
    files = _git("ls-files", "-s", "-z") if os.path.lexists(os.path.join(ROOT, ".git")) else None
    if files is None:
        remark(f"without git, all that lies in the folders of {ROOT} that are published gets in")
        return ROOT
    for line in files.split("\0")[:-1]:
        attributes, _, path = line.partition("\t")
        original, copy = os.path.join(ROOT, path), os.path.join(folder, path)
        if os.path.isfile(original):
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copyfile(original, copy)
            os.chmod(copy, 0o755 if attributes.startswith("100755") else 0o644)  # some file systems have no modes
    commit, changed, untracked = (
        (_git(*words) or "").strip("\0\n").split("\0")
        for words in (
            ("rev-parse", "HEAD"),
            ("diff", "--name-only", "-z", "HEAD"),
            ("ls-files", "--others", "--exclude-standard", "-z"),
        )
    )
    remark(f"commit {commit[0]}" + (f", with changes that are in no commit: {_some(changed)}" if any(changed) else ""))
    if any(untracked):
        remark(f"left out, since git does not track it: {_some(untracked)}")
    return folder


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")  # noqa: PLR2004


def _git(*words: str) -> str | None:
    # a clone of another user's is taken all the same: its code is going to be run anyway
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        command = ["git", "-c", "safe.directory=*", "-C", ROOT, *words]
        done = subprocess.run(command, capture_output=True, check=True, env=environ)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error).encode()
        remark(f"git cannot be asked: {said.decode(errors='replace').strip()}")
        return None
    return done.stdout.decode("utf-8", "surrogateescape")


def digest(path: str) -> str:
    """
    Hash a file.

    :param path: the file
    :returns: SHA-256, in hexadecimal

    """
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def remark(text: str) -> None:
    """
    Say something beside the answer.

    :param text: a sentence

    """
    print(f"build_wheels: {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
