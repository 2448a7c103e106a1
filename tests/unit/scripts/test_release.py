"""The version has one place, the changelog its form, and what a release is made of is told the same each time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from checkout import CHECKOUT
from script_support import load_script

import cuda_shims

changelog, release, sbom = (load_script(f"release/{name}") for name in ("changelog", "release", "sbom"))

GOOD = "# Changelog\n\n## 0.2.0 (unreleased)\n\n- This.\n\nAnd fixed:\n\n- That,\n  all of it.\n"
OLDER = "\n## 0.1.0 (2026-12-01)\n\n- First.\n"
FILES = {"cuda_shims-0.1.0.tar.gz": "a" * 64, "cuda_shims-0.1.0-py3-none-any.whl": "b" * 64}


def read(path):
    with open(os.path.join(CHECKOUT, path), encoding="utf-8") as file:
        return file.read()


def test_the_version_has_one_place():
    assert changelog.version() == cuda_shims.__version__
    project = read("pyproject.toml")
    assert 'dynamic = [ "readme", "urls", "version" ]' in project
    assert '[tool.hatch.version]\npath = "src/cuda_shims/version.py"' in project
    assert not re.search(r"(?m)^version\b", project)
    named = []
    for folder in ("src", "scripts"):
        for top, _, names in os.walk(os.path.join(CHECKOUT, folder)):
            paths = [os.path.join(top, name) for name in names if not name.endswith((".pyc", ".exe"))]
            named += [os.path.relpath(path, CHECKOUT) for path in paths if "__version__ =" in read(path)]
    assert [each for each in named if "changelog" not in each] == [os.path.join("src", "cuda_shims", "version.py")]


def test_our_changelog():
    assert changelog.problems_of(read("CHANGELOG.md"), cuda_shims.__version__) == []


@pytest.mark.parametrize(
    ("text", "version", "problem"),
    [
        (GOOD, "0.2.0", ""),
        (GOOD + OLDER, "0.2.0", ""),
        ((GOOD + OLDER).replace("unreleased", "2027-01-31"), "0.2.0", ""),
        (GOOD, "0.3.0", "is not about 0.3.0"),
        (GOOD.replace("# Changelog\n", ""), "0.2.0", "it begins with"),
        (GOOD.replace("# Changelog\n\n", "# Changelog\n\nText.\n\n"), "0.2.0", "it begins with"),
        (GOOD.replace("(unreleased)", ""), "0.2.0", "no heading"),
        (GOOD.replace("unreleased", "soon"), "0.2.0", "no heading"),
        (GOOD + OLDER.replace("0.1.0", "0.3.0"), "0.2.0", "not in order"),
        (GOOD + OLDER.replace("0.1.0", "0.2.0"), "0.2.0", "not in order"),
        (GOOD.replace("0.2", "0.10") + OLDER.replace("0.1.0", "0.9.0"), "0.10.0", ""),
        (GOOD + OLDER.replace("2026-12-01", "unreleased"), "0.2.0", "only the first"),
        (GOOD + OLDER + OLDER.replace("0.1.0", "0.0.9").replace("2026", "2027"), "0.2.0", "dates go down"),
        (GOOD + "\nOf no list.\n", "0.2.0", "'Of no list.' is in no list"),
        ("# Changelog\n\n## 0.2.0 (unreleased)\n\n", "0.2.0", "nothing is said"),
        ("", "0.2.0", "it begins with"),
    ],
)
def test_the_form_of_a_changelog(text, version, problem):
    found = changelog.problems_of(text, version)
    assert bool(found) is bool(problem)
    assert problem in "\n".join(found)


def test_a_release_needs_its_tag_and_its_day(monkeypatch):
    monkeypatch.setattr(release, "repository", lambda: "https://code.example/o/n")
    dated = GOOD.replace("unreleased", "2027-01-31")
    assert release.problems_of(["v0.2.0"], dated, "0.2.0") == []
    for tags in ([], ["0.2.0"], ["v0.2.1"], ["v0.2.0", "v0.2.0"]):
        (problem,) = release.problems_of(tags, dated, "0.2.0")
        assert "the version of the sources is 0.2.0" in problem
    (problem,) = release.problems_of(["v0.2.0"], GOOD, "0.2.0")
    assert "0.2.0 is unreleased" in problem


def test_a_release_needs_to_know_the_repository(monkeypatch):
    monkeypatch.setattr(release, "repository", str)
    (problem,) = release.problems_of(["v0.2.0"], GOOD.replace("unreleased", "2027-01-31"), "0.2.0")
    assert "pyproject.toml does not name the repository" in problem


def test_the_repository_is_named_in_one_place(monkeypatch, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        read("pyproject.toml").replace('repository = ""', 'repository = "https://code.example/o/n"'), encoding="utf-8"
    )
    monkeypatch.setattr(release, "ROOT", str(tmp_path))
    assert release.repository() == "https://code.example/o/n"


def test_a_release_that_may_not_be_builds_nothing():
    command = [sys.executable, os.path.join(CHECKOUT, "scripts", "release", "release.py"), "v999.0.0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "release: the tag is v999.0.0, and the version" in done.stderr


def test_what_a_release_is_made_of():
    text = sbom.document(FILES)
    assert text == sbom.document(dict(reversed(FILES.items())))
    assert text != sbom.document({**FILES, "x.whl": "c" * 64})
    found = json.loads(text)
    main = found["metadata"]["component"]
    assert main["purl"] == f"pkg:pypi/cuda-shims@{cuda_shims.__version__}"
    assert {each["name"]: each["hashes"][0]["content"] for each in main["components"]} == FILES
    required = {each["name"] for each in found["components"] if each["scope"] == "required"}
    assert required == {"filelock", "tomli"}
    assert {each.rpartition("/")[2] for each in found["dependencies"][0]["dependsOn"]} == required
    # each line of the pins, with all its hashes
    pins = read("scripts/build/build-requirements.txt")
    built = [each for each in found["components"] if each["scope"] == "excluded"]
    releases = re.findall(r"^[a-z][\w.-]*==[\w.]+", pins, re.MULTILINE)
    assert [f"{each['name']}=={each['version']}" for each in built] == releases
    assert sum(len(each["hashes"]) for each in built) == pins.count("--hash=sha256:")
    assert {"hatchling", "ziglang"} <= {each["name"] for each in built}
    assert not re.search(r"timestamp|/tmp|://(?!cyclonedx\.org)", text)
