"""
The doctor in the unpacked sdists of other people, beside a compiler and nothing else of CUDA: no false alarm.

An error names what every build takes; all that a build may take is named, at least by a hint.
"""

from __future__ import annotations

import json
import re
import shutil
import tarfile

import pytest
from needed_parts import SDISTS
from script_support import load_script

from cuda_shims.catalog.companions import name_without_major
from cuda_shims.doctor.part import EXTRAS

pytestmark = pytest.mark.timeout(600)

KIND = "application/vnd.pypi.simple.v1+json"


@pytest.fixture(scope="module")
def index():
    return load_script("table/wheel_index").Index()


def unpack(index, sdist, folder):
    """Unpack a release; pip would run its setup.py, which may want torch, to ask it for its metadata."""
    answer = index.session.get(f"{index.url.rstrip('/')}/{sdist.name}/", headers={"Accept": KIND})
    end = re.compile(rf"[-_]{re.escape(sdist.version)}\.(?:tar\.gz|zip)$")
    (url, name) = next(
        (each["url"], each["filename"]) for each in answer.json()["files"] if end.search(each["filename"])
    )
    archive = folder / name
    with index.session.get(url, stream=True) as answer, archive.open("wb") as file:
        answer.raise_for_status()
        for chunk in answer.iter_content(1 << 20):
            file.write(chunk)
    filtered = name.endswith(".gz") and hasattr(tarfile, "data_filter")  # which Debian 12's Python 3.11.2 has not
    shutil.unpack_archive(archive, folder / "sources", **({"filter": "data"} if filtered else {}))
    archive.unlink()
    (top,) = (folder / "sources").iterdir()
    return top


def parts(finding):
    """Name the parts that a finding speaks of."""
    named = re.findall(r"\) of ([\w-]+)", finding["what"])
    return {EXTRAS.get(each) or name_without_major(each) for each in named}


@pytest.mark.matrix
@pytest.mark.parametrize("sdist", SDISTS, ids=lambda sdist: sdist.name)
def test_needs(world, tmp_path, index, sdist):
    scripts = world.tools("needs", "cuda-shims[cu13]")
    sources = unpack(index, sdist, tmp_path)
    said = world.run(scripts / "cuda-shims", "doctor", "--json", cwd=sources, env=world.environ(scripts), rc=None)
    found = [each for each in json.loads(said)["findings"] if each["level"] != "ok"]
    errors = [each for each in found if each["level"] == "error"]
    named = {part for each in found for part in parts(each)}
    assert "need-nowhere" not in {each["code"] for each in errors}
    assert {part for each in errors for part in parts(each)} <= set(sdist.sure.split())
    assert {*sdist.sure.split(), *sdist.may.split()} <= named
    shutil.rmtree(sources)
