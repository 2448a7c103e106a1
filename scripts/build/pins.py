"""
Renew the pins: the exact releases, by hash, of all that builds what is published and of all that tests it.

``python scripts/build/pins.py`` (needs ``uv``) asks for the newest releases that each supported Python can have, and
writes

- ``scripts/build/build-requirements.txt``: what builds the wheels. One release for every Python: it is named in the
  wheel
- ``.ci/tox.txt``: tox and what it needs, installed by ``scripts/check.py``
- ``.ci/constraints.txt``: what tox installs into its environments, by ``constraints`` in ``tox.ini``

The third is no ``UV_CONSTRAINT`` and no ``PIP_CONSTRAINT``: those would reach the builds that the tests start, and they
are about the newest releases. It is no lock file of uv's either, because that names the index that it was made with.
``tox -r`` makes environments anew with new pins; tox under Python 3.9 knows none yet. Debian's packages are not pinned:
Debian keeps no older releases to install.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OLDEST = "3.9"
BUILD = os.path.join("scripts", "build", "build-requirements.txt")
TOX = os.path.join(".ci", "tox.txt")
CONSTRAINTS = os.path.join(".ci", "constraints.txt")
HEAD = "# {}. Written by scripts/build/pins.py: run it to renew them.\n"


def main() -> None:
    """Write all three."""
    search = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    uv = shutil.which("uv", path=search)
    if uv is None:
        raise SystemExit("pins: uv is missing: pip install uv")
    groups = wanted()
    write(uv, BUILD, "What builds the wheels and the sdist", groups["build"], "--fork-strategy", "fewest")
    write(uv, TOX, "What runs the tests", groups["tox"])
    write(uv, CONSTRAINTS, "What the environments of tox hold", groups["test"], "-c", BUILD)


def wanted() -> dict[str, list[str]]:
    """
    Read what is to be pinned.

    :returns: the requirements of ``build``, ``tox`` and ``test``

    """
    project = pyproject()
    with open(os.path.join(ROOT, "scripts", "build", "hatch_build.py"), encoding="utf-8") as file:
        (zig,) = re.findall(r'^ZIG = "(.*)"$', file.read(), re.MULTILINE)
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(os.path.join(ROOT, "tox.ini"), encoding="utf-8")
    build = [*project["build-system"]["requires"], zig]
    groups = [each for group in project["dependency-groups"].values() for each in group]
    dependencies = project["project"]["dependencies"]
    return {"build": build, "tox": tox["tox"]["requires"].split(), "test": [*build, *groups, *dependencies]}


def pyproject() -> dict[str, Any]:
    """
    Read our ``pyproject.toml``.

    :returns: the document

    """
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415
    else:
        import tomli as tomllib  # noqa: PLC0415
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        return dict(tomllib.load(file))


def write(uv: str, path: str, title: str, requirements: list[str], *options: str) -> None:
    """
    Resolve requirements, for every platform and every Python from :data:`OLDEST` on, and write what came of it.

    :param uv: its path
    :param path: the file, relative to the checkout
    :param title: what it pins
    :param requirements: what to resolve
    :param options: more of uv's

    """
    command = [uv, "pip", "compile", "-", "-q", "--universal", "--python-version", OLDEST, "--generate-hashes"]
    command += ["--upgrade", "--no-header", "--no-annotate", "--no-python-downloads", *options]
    done = subprocess.run(
        command, input="\n".join(requirements), stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise SystemExit(f"pins: {path} stays as it was")
    with open(os.path.join(ROOT, path), "w", encoding="utf-8", newline="\n") as file:
        file.write(HEAD.format(title) + done.stdout)
    print(f"pins: {path}: {len(re.findall(r'^[a-z]', done.stdout, re.MULTILINE))} releases")


if __name__ == "__main__":
    main()
