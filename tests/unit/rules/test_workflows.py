"""What GitHub runs is what everybody can run, pinned by commit, with no right that it does not need."""

from __future__ import annotations

import configparser
import glob
import os
import re

import pytest
from checkout import CHECKOUT

FOLDER = os.path.join(CHECKOUT, ".github")
WORKFLOWS = sorted(glob.glob(os.path.join(FOLDER, "workflows", "*.yml")))


def read(path):
    with open(os.path.join(CHECKOUT, path), encoding="utf-8") as file:
        return file.read()


@pytest.fixture(params=WORKFLOWS, ids=os.path.basename)
def workflow(request):
    return read(request.param)


def environments(text):
    """List the names that tox.ini's ``py{39,310}`` and the like stand for."""
    found = set()
    for each in re.findall(r"[\w-]*(?:\{[^}]*\})?[\w-]*", text):
        before, brace, rest = each.partition("{")
        inner, _, after = rest.partition("}")
        found |= {before + part.strip() + after for part in inner.split(",")} if brace else {each}
    return found - {""}


def known():
    tox = configparser.ConfigParser(interpolation=None)
    tox.read_string(read("tox.ini"))
    listed = environments(tox["tox"]["env_list"])
    return listed, listed | environments(" ".join(name[8:] for name in tox.sections() if name.startswith("testenv:")))


def called(text):
    """List the environments of tox that a workflow calls, by a word or by its matrix."""
    words = re.findall(r"(?:\.ci/run|scripts/check\.py) -e (\S+)", text)
    assert len(words) == len(re.findall(r"\.ci/run\b|scripts/check\.py\b", re.sub(r"(?m)^#.*", "", text)))
    rows = [re.findall(r"- (\S+)", each) for each in re.findall(r"environments?:\n((?: +- .*\n)+)", text)]
    rows.append([word for word in words if not word.startswith('"$ENVIRONMENT')])
    return {name for row in rows for each in row for name in each.split(",")}


def test_there_are_workflows():
    assert {os.path.basename(path) for path in WORKFLOWS} >= {"release.yml", "test.yml", "weekly.yml"}


def test_each_action_is_pinned_by_its_commit_and_says_which_release_that_is(workflow):
    lines = re.findall(r"uses: .*", workflow)
    assert lines
    pinned = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [each for each in lines if not pinned.fullmatch(each)] == []


def test_an_action_has_one_commit_everywhere():
    pins = {line for path in WORKFLOWS for line in re.findall(r"uses: (.*)", read(path))}
    assert len({each.partition("@")[0] for each in pins}) == len(pins)


def test_rights(workflow):
    """Reading is what all have; more has a job, with the reason beside it."""
    assert "\npermissions:\n  contents: read\n" in workflow
    more = re.findall(r"^ {6}([\w-]+: write.*)$", workflow, re.MULTILINE)
    assert all(re.fullmatch(r"(?:id-token|contents): write # .+", each) for each in more)
    assert workflow.count(": write") == len(more)
    assert workflow.count("actions/checkout@") == workflow.count("persist-credentials: false")
    assert not re.search(r"pull_request_target|workflow_run|secrets\.", workflow)
    # what others choose the words of, a branch, a title, comes to a script as a variable and not as a part of it
    assert not re.search(r"run: .*\$\{\{", workflow)


def test_what_is_called_is_there(workflow):
    assert called(workflow) <= known()[1]
    for path in re.findall(r"(?<=run: )\.ci/\w+|(?:scripts|tests)/[\w/]+\.py|docs/[\w/-]+\.md", workflow):
        assert os.path.isfile(os.path.join(CHECKOUT, path)), path


@pytest.mark.parametrize("page", [".github/pull_request_template.md", "docs/CONTRIBUTING.md", "docs/how-to/release.md"])
def test_the_environments_that_pages_name(page):
    named = re.findall(r"(?:(?:check\.py|…|\.ci/run|tox)(?: run)?|`)(?: |(?<=`))-e ([\w,-]+)", read(page))
    assert named
    assert {name for each in named for name in each.split(",")} - {"NAME"} <= known()[1]


def test_all_that_check_py_runs_is_run_on_each_change():
    assert called(read(os.path.join(FOLDER, "workflows", "test.yml"))) == known()[0]


def test_each_python_that_tox_knows_is_installed(workflow):
    wanted = {re.sub(r"py3(\d+)", r"3.\1", each) for each in called(workflow) if each.startswith("py3")}
    assert wanted <= set(re.findall(r"^ +(3\.\d+)$", workflow, re.MULTILINE))


def test_forms_ask_for_the_doctor():
    forms = [path for path in glob.glob(os.path.join(FOLDER, "ISSUE_TEMPLATE", "*.yml")) if "config" not in path]
    assert forms
    for path in forms:
        asked = re.split(r"^  - type: ", read(path), flags=re.MULTILINE)
        (doctor,) = (each for each in asked if "label: cuda-shims doctor --json" in each)
        assert "required: true" in doctor
