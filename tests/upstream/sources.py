"""The sources of Meson and CMake that hold their own tests, each one release and one digest."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from typing import NamedTuple

from script_support import load_script

#: both of apt's package, wherever apt is; it knows proxies, and looks at the digest
APT_HELPER = "/usr/lib/apt/apt-helper"


class Source(NamedTuple):
    """A release, and the archive that has its tests."""

    suite: str
    version: str
    #: of the file on the mirror of Debian's, or of the sdist on PyPI
    sha256: str
    #: below the mirror; without one it is an sdist
    pool: str = ""

    @property
    def archive(self):
        """Return the name of the file."""
        return os.path.basename(self.pool) or f"{self.suite.lower()}-{self.version}.tar.gz"


#: CMake's sdist on PyPI has no tests; the releases of both are also those that are run
MESON = Source("Meson", "1.12.1", "ab0a6ca09f8ef70c564c8241fb5a23957886a0b53fb58412b5e07eaf07dba743")
CMAKE = Source(
    "CMake",
    "4.3.4",
    "fdeff897b9eb49d764539f2b1edc6eb7e1440df325678a97c1978499e931adda",
    "pool/main/c/cmake/cmake_4.3.4.orig.tar.gz",
)


class UnavailableError(Exception):
    """The archive cannot be had here, by no fault of the tests."""


def unpack(source, folder):
    """
    Get a source and unpack it.

    :param source: which
    :param folder: an existing one
    :returns: the folder of its files
    :raises UnavailableError: when no mirror has it

    """
    archive = os.path.join(folder, source.archive)
    if not os.path.exists(archive):
        (from_debian if source.pool else from_pypi)(source, archive)
    with open(archive, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    if found != source.sha256:
        os.remove(archive)
        raise SystemExit(f"upstream: {source.archive} is not what it was: sha256 {found}")
    target = os.path.join(folder, f"{source.suite.lower()}-{source.version}")
    if not os.path.isdir(target):
        with tarfile.open(archive) as tar:
            # Debian 12's Python 3.11.2 has no filters
            options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(folder, **options)  # noqa: S202 # pinned by its hash
    return target


def from_debian(source, archive):
    """Download from the mirror that apt names; sid's pool has a release as long as one of Debian's suites has it."""
    mirror = load_script("../.ci/debian_pythons").debian_mirror()
    if mirror is None or not os.path.exists(APT_HELPER):
        raise UnavailableError("apt here knows no mirror of Debian's, which has CMake's tests")
    address = mirror.rstrip("/") + "/" + source.pool
    command = [APT_HELPER, "-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=2", "download-file"]
    done = subprocess.run([*command, address, archive], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-300:]
        raise UnavailableError(f"Debian's mirror lacks {source.archive}: tests/upstream/sources.py pins it ({said})")


def from_pypi(source, archive):
    """Download an sdist, as it is."""
    pin = f"{source.suite.lower()}=={source.version}"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", pin]
    command += ["-d", os.path.dirname(archive)]
    subprocess.run(command, check=True, capture_output=True, text=True)
