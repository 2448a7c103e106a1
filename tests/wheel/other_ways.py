"""Ways to build that must not matter: other Pythons, places, users, settings. ``check_wheel.py`` runs them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))

from script_support import load_script

if TYPE_CHECKING:
    from collections.abc import Callable

scripts = load_script("build/build_wheels")

#: would change a build that looked at them
HOSTILE = {"SOURCE_DATE_EPOCH": "1000000000", "HATCH_BUILD_NO_HOOKS": "1", "CPATH": "/nowhere", "PYTHONOPTIMIZE": "2"}
#: what lies about in a checkout, in folders that are published
LITTER = ("src/cuda_shims/evil.py", "src/_cuda_shims/evil.so", "tests/evil.py", "docs/evil.md", "scripts/evil.py")
NOBODY = 65534


class Way(NamedTuple):
    """A way to build."""

    name: str
    #: that of Python; another one serves where it is missing
    version: str
    #: below the scratch folder
    folder: str
    lay_out: Callable[[Place, str], None]
    #: has to be said on stderr
    says: str
    umask: int
    environ: dict[str, str]
    user: int | None = None
    options: tuple[str, ...] = ("--no-isolation",)


class Place(NamedTuple):
    """Where it is tried."""

    folder: str
    #: of a commit of the sources as they are
    repository: str
    sdist: str

    def clone(self, path: str) -> None:
        """Clone the sources."""
        command = ["git", "-c", "safe.directory=*", "clone", "-q", "--no-hardlinks", self.repository, path]
        subprocess.run(command, check=True)

    def clone_and_litter(self, path: str) -> None:
        """Clone the sources, put things beside them, and give all of it another time."""
        self.clone(path)
        for name in LITTER:
            with open(os.path.join(path, name), "w", encoding="utf-8") as file:
                file.write("raise SystemExit('this is not part of cuda-shims')\n")
        for top, _, names in os.walk(path):
            for name in names:
                os.utime(os.path.join(top, name), (2_000_000_000, 2_000_000_000))

    def export(self, path: str) -> None:
        """Lay the sources out as an archive does that was downloaded."""
        os.makedirs(path)
        subprocess.run(["git", "archive", "-o", path + ".tar", "HEAD"], check=True, cwd=self.repository)
        with tarfile.open(path + ".tar") as archive:
            archive.extractall(path)  # noqa: S202 # our own

    def unpack(self, path: str) -> None:
        """Unpack the sdist."""
        with tarfile.open(self.sdist) as archive:
            archive.extractall(path + ".unpacked")  # noqa: S202 # our own
        (name,) = os.listdir(path + ".unpacked")
        os.rename(os.path.join(path + ".unpacked", name), path)


WAYS = (
    # first, since it takes longest: pip unpacks what builds
    Way("in an environment of its own", "", "isolated", Place.clone, "commit ", 0o007, HOSTILE, options=()),
    Way(
        *("from a littered clone", "3.9", "a clone, žluťoučký", Place.clone_and_litter, LITTER[0], 0o077),
        {"TZ": "Pacific/Chatham", "LC_ALL": "tr_TR.UTF-8", **HOSTILE},
    ),
    Way("without git", "3.13", "no-git", Place.export, "without git", 0, {"TZ": "UTC+12", "LC_ALL": "C"}),
    Way("from the sdist", "3.12", "from-sdist", Place.unpack, "without git", 0o022, {"LC_ALL": "C.UTF-8", **HOSTILE}),
    Way("as another user", "3.10", "/".join(["deep"] * 30), Place.clone, "commit ", 0o027, {"HOME": "/no"}, NOBODY),
)


def build_in_other_ways(folder: str, expected: dict[str, str]) -> str:
    """
    Build in every way, and compare.

    :param folder: scratch space, in which ``first`` has what was built first
    :param expected: file name to SHA-256
    :returns: which ways there were
    :raises SystemExit: when one of them gives other bytes, or does not say what it should

    """
    repository = os.path.join(folder, "repository")
    if shutil.which("git") is None or scripts.take_source(repository) != repository:
        return "once alone: other ways need git, and a clone"
    git = ["git", "-C", repository, "-c", "user.name=x", "-c", "user.email=x"]
    for words in (["init", "-q"], ["add", "-f", "."], ["commit", "-q", "-m", "as it is"]):
        subprocess.run([*git, *words], check=True)
    (sdist,) = (os.path.join(folder, "first", name) for name in expected if name.endswith(".tar.gz"))
    # so that zig does not compile itself once more
    used = os.environ.get("ZIG_GLOBAL_CACHE_DIR") or os.path.join(os.path.expanduser("~"), ".cache", "zig")
    for way in WAYS:
        shutil.copytree(used, _cache(folder, way), dirs_exist_ok=True)
    ways = [way for way in WAYS if way.user is None or (os.name != "nt" and os.geteuid() == 0)]
    place = Place(folder, repository, sdist)
    with ThreadPoolExecutor(2) as pool:
        names = list(pool.map(lambda way: _build(way, place, expected), ways))
    return "; ".join(names)


def _build(way: Way, place: Place, expected: dict[str, str]) -> str:
    source, out = os.path.join(place.folder, way.folder), os.path.join(place.folder, f"out {way.version}")
    os.makedirs(os.path.dirname(source), exist_ok=True)
    way.lay_out(place, source)
    os.mkdir(out)
    python, version = _python(way, place.folder)
    environ = {**os.environ, "TMPDIR": out, "ZIG_GLOBAL_CACHE_DIR": _cache(place.folder, way), **way.environ}
    identity = {}
    if way.user is not None:
        for top in (source, out, _cache(place.folder, way)):
            for parent, folders, files in os.walk(top):
                for name in (".", *folders, *files):
                    os.chown(os.path.join(parent, name), way.user, way.user, follow_symlinks=False)
        identity = {"user": way.user, "group": way.user, "extra_groups": []}
    command = [python, os.path.join(source, "scripts", "build", "build_wheels.py"), *way.options, out]
    done = subprocess.run(
        command, env=environ, cwd="/", umask=way.umask, capture_output=True, text=True, check=False, **identity
    )
    if done.returncode or way.says not in done.stderr:
        raise SystemExit(f"check_wheel: {way.name}: exit {done.returncode}: {done.stdout}{done.stderr}")
    found = {name: scripts.digest(os.path.join(out, name)) for name in os.listdir(out)}
    wrong = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    said = "".join(f"{expected[name]}  {os.path.join(out, name)}\n" for name in expected)
    if wrong or done.stdout != said:
        raise SystemExit(f"check_wheel: {way.name}, Python {version}: other bytes: {', '.join(wrong)}\n{done.stdout}")
    return f"{way.name} (Python {version}, umask {way.umask:03o})"


def _cache(folder: str, way: Way) -> str:
    return os.path.join(folder, f"zig {way.version}")


def _python(way: Way, folder: str) -> tuple[str, str]:
    # an interpreter that has what builds; another user may not get at that of a home directory
    show = [*("-I", "-c"), "import sys; print(sys.executable, '.'.join(map(str, sys.version_info[:2])))"]
    identity = {} if way.user is None else {"user": way.user, "group": way.user, "extra_groups": []}
    for each in (f"python{way.version}", sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            said = subprocess.run([each, *show], capture_output=True, text=True, check=True, **identity).stdout
            break
    else:
        raise SystemExit(f"check_wheel: {way.name}: there is no Python for it")
    path, _, version = said.strip().rpartition(" ")
    if not way.options:
        return path, version
    uv = shutil.which("uv", path=sysconfig.get_path("scripts")) or "uv"
    environment = os.path.join(folder, f"python {way.version}")
    subprocess.run([uv, "venv", "-q", "-p", path, environment], check=True)
    python = os.path.join(environment, "bin", "python")
    subprocess.run(
        [uv, "pip", "install", "-q", "-p", python, "--require-hashes", "-r", scripts.REQUIREMENTS], check=True
    )
    return python, version
