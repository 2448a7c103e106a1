"""
Write what a release is made of, as CycloneDX 1.6.

``python scripts/release/sbom.py FOLDER`` prints it for the files in FOLDER. It names the published files by their
hashes, what pip installs beside them, and what built them, by the releases and hashes of
``scripts/build/build-requirements.txt``: among that the compiler of the Windows shim. The same files give the same
bytes: there is no time in it, and its number is made from the hashes.

It is published beside the files and not within them (``.dist-info/sboms``, :pep:`770`): that place is for software
which a wheel has in it and its metadata does not name, and our wheels have none. They hold our sources, and on Windows
what a compiler makes of one of them, with no library linked in. Each build that requires cuda-shims would download it.
"""

from __future__ import annotations

import json
import os
import re
import sys
import uuid
from typing import Any

from changelog import ROOT, version

sys.path.append(os.path.join(ROOT, "scripts", "build"))

from build_wheels import REQUIREMENTS, digest
from pins import pyproject

#: the name space of the document's number, made once
_SPACE = uuid.UUID("5f0e7d0c-64f5-5d0e-9d3b-3c1c8b4e7a10")


def main() -> None:
    """Print it."""
    folder = sys.argv[1] if len(sys.argv) > 1 else "dist"
    names = sorted(name for name in os.listdir(folder) if name.endswith((".whl", ".tar.gz")))
    print(document({name: digest(os.path.join(folder, name)) for name in names}), end="")


def document(files: dict[str, str]) -> str:
    """
    Make the document.

    :param files: name to SHA-256 of each that is published
    :returns: JSON

    """
    project, current = pyproject()["project"], version()
    reference = f"pkg:pypi/{project['name']}@{current}"
    needed = [_needed(each) for each in project["dependencies"]]
    with open(REQUIREMENTS, encoding="utf-8") as file:
        builders = [_builder(each) for each in re.findall(r"^[a-z](?:.*\\\n)*.*", file.read(), re.MULTILINE)]
    found = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(_SPACE, "".join(f"{files[name]}  {name}\n" for name in sorted(files))).urn,
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": reference,
                "name": project["name"],
                "version": current,
                "description": project["description"],
                "licenses": [{"license": {"id": project["license"]}}],
                "purl": reference,
                "components": [
                    {"type": "file", "name": name, "hashes": [{"alg": "SHA-256", "content": files[name]}]}
                    for name in sorted(files)
                ],
            }
        },
        "components": [*needed, *builders],
        "dependencies": [{"ref": reference, "dependsOn": [each["bom-ref"] for each in needed]}],
    }
    return json.dumps(found, indent=2) + "\n"


def _needed(requirement: str) -> dict[str, Any]:
    name = re.match(r"[\w.-]+", requirement)[0]  # type: ignore[index]
    # pip chooses the release: what is said is what may be
    rule = {"name": "requirement", "value": requirement}
    purl = f"pkg:pypi/{name}"
    return {"type": "library", "bom-ref": purl, "name": name, "scope": "required", "purl": purl, "properties": [rule]}


def _builder(entry: str) -> dict[str, Any]:
    name, release = re.match(r"([\w.-]+)==([\w.+!-]+)", entry).groups()  # type: ignore[union-attr]
    purl = f"pkg:pypi/{name}@{release}"
    return {
        "type": "application",
        "bom-ref": purl,
        "name": name,
        "version": release,
        "scope": "excluded",  # it builds, and is in nothing that is published
        "hashes": [{"alg": "SHA-256", "content": each} for each in re.findall(r"sha256:(\w+)", entry)],
        "purl": purl,
    }


if __name__ == "__main__":
    main()
