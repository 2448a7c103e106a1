"""
Make all that a release consists of, in ``dist``.

The release workflow runs ``python scripts/release/release.py vX.Y.Z``. The tag has to be that of the version in
``src/cuda_shims/version.py``, and CHANGELOG.md has to give the day: else nothing is built. Then there are the sdist,
the wheel of each platform, ``SHA256SUMS``, what they are made of (CycloneDX) and ``notes.md``, the release's section of
the changelog. ``docs/how-to/release.md`` is the check-list.
"""

from __future__ import annotations

import os
import re
import sys

import changelog
import sbom

sys.path.append(os.path.join(changelog.ROOT, "scripts", "build"))

from build_wheels import ROOT, build_all, digest


def main() -> None:
    """Check, then build."""
    current = changelog.version()
    with open(changelog.PAGE, encoding="utf-8") as file:
        text = file.read()
    problems = problems_of(sys.argv[1:], text, current)
    if problems:
        raise SystemExit("\n".join(f"release: {each}" for each in problems))
    folder = os.path.join(ROOT, "dist")
    if os.path.isdir(folder) and os.listdir(folder):
        raise SystemExit(f"release: {folder} is not empty: remove it, for all in it would be published")
    files = {os.path.basename(path): digest(path) for path in build_all(folder)}
    sums = "".join(f"{files[name]}  {name}\n" for name in sorted(files))
    write(os.path.join(folder, "SHA256SUMS"), sums)
    write(os.path.join(folder, f"cuda_shims-{current}.cdx.json"), sbom.document(files))
    write(os.path.join(folder, "notes.md"), changelog.sections(text)[0].text)
    print(sums, end="")


def problems_of(tags: list[str], text: str, current: str) -> list[str]:
    """
    Tell why there can be no release now.

    :param tags: what was given on the command line
    :param text: the changelog
    :param current: the version of the sources
    :returns: a sentence for each reason

    """
    problems = changelog.problems_of(text, current)
    if tags != [f"v{current}"]:
        problems.append(f"the tag is {' '.join(tags) or 'missing'}, and the version of the sources is {current}")
    if any((each.version, each.date) == (current, "unreleased") for each in changelog.sections(text)):
        problems.append(f"CHANGELOG.md says that {current} is unreleased: write the day in its place")
    if not repository():
        problems.append(
            "pyproject.toml does not name the repository: tool.hatch.metadata.hooks.custom.repository is empty"
        )
    return problems


def repository() -> str:
    """Read the repository's address from pyproject.toml; it may be empty."""
    with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as file:
        return re.findall(r'^repository = "(.*?)"', file.read(), re.MULTILINE)[0]


def write(path: str, text: str) -> None:
    """
    Write a file that is the same on every system.

    :param path: where
    :param text: its content

    """
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


if __name__ == "__main__":
    main()
