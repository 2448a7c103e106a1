"""What is written down of our files: before they are there, and nowhere that an uninstaller has been."""

from __future__ import annotations

import glob
import os
import shutil

import pytest
from fake_toolkit import COMPILER, age, write

from _cuda_shims import ROOTS_FOLDER
from cuda_shims.environment import record
from cuda_shims.environment.record import read_record, record_lines
from cuda_shims.environment.toolkit import find_toolkits
from cuda_shims.files import replace
from cuda_shims.files.action import CREATE
from cuda_shims.files.ledger import read_ledger
from cuda_shims.installation import files
from cuda_shims.installation.files import is_settled, plan_files, write_files


@pytest.fixture
def planned(prefix):
    """Return our distribution, and a plan that has a shim to make."""
    prefix.toolkit(components=[*COMPILER, "nvidia-cuda-cuobjdump"])
    dist_info = prefix.ours()
    actions = files.plan_files(prefix.site, prefix.bin, find_toolkits([prefix.site]))
    assert CREATE in {each.kind for each in actions}
    return dist_info, actions


def written_down(prefix, dist_info):
    ledger = read_ledger(os.path.join(prefix.site, ROOTS_FOLDER), lambda _: True)
    return set(ledger), set(record.record_lines(record.read_record(dist_info)))


def test_it_is_written_down_before_it_is_there(prefix, planned, monkeypatch):
    """Whatever happens in between, an uninstaller knows of it."""
    dist_info, actions = planned
    paths = {each.path for each in actions}
    real = replace.carry_out
    seen = []

    def carry_out(*arguments):
        seen.extend(written_down(prefix, dist_info))
        return real(*arguments)

    monkeypatch.setattr(replace, "carry_out", carry_out)
    files.write_files(prefix.site, dist_info, actions)
    assert [names & paths for names in seen] == [paths, paths]
    assert all(os.path.exists(os.path.join(prefix.site, each)) for each in paths)


def test_the_start_up_file_comes_first_in_record_and_the_folder_next(prefix, planned):
    """As uv removes them: no hook runs any more when the folder that it writes to goes."""
    dist_info, actions = planned
    files.write_files(prefix.site, dist_info, actions)
    names = list(record.record_lines(record.read_record(dist_info)))
    assert names[:2] == ["cuda_shims.pth", ROOTS_FOLDER]


@pytest.mark.parametrize("what", ["RECORD", "folder"])
def test_a_record_that_an_uninstaller_has_just_removed_is_not_made(prefix, planned, monkeypatch, what):
    """Nobody would remove it again."""
    dist_info, actions = planned
    real = files._amended_record

    def amended(*arguments, **options):
        monkeypatch.undo()
        found = real(*arguments, **options)
        os.unlink(os.path.join(dist_info, "RECORD"))
        if what == "folder":
            shutil.rmtree(dist_info)
        return found

    monkeypatch.setattr(files, "_amended_record", amended)
    files.write_files(prefix.site, dist_info, actions)
    assert not os.path.exists(os.path.join(dist_info, "RECORD"))
    assert os.path.isdir(dist_info) is (what == "RECORD")


TOOL = "cuobjdump"


@pytest.fixture
def home(prefix):
    """Return a prefix whose toolkit has a tool more than a compiler, and the shim of that."""
    prefix.toolkit(components=[*COMPILER, f"nvidia-cuda-{TOOL}"])
    info = prefix.ours()
    write_files(prefix.site, info, plan_of(prefix))
    return prefix


def plan_of(prefix):
    return plan_files(prefix.site, prefix.bin, find_toolkits([prefix.site]))


def recorded(info):
    return {os.path.basename(path) for path in record_lines(read_record(info) or "")}


def test_a_tool_that_went_is_crossed_out_when_its_shim_is_gone(home, monkeypatch):
    (info,) = glob.glob(os.path.join(home.site, "cuda_shims-*.dist-info"))
    assert TOOL in recorded(info)
    assert is_settled(home.site, info, plan_of(home))
    for path in glob.glob(os.path.join(home.site, f"nvidia_cuda_{TOOL}-*")):
        shutil.rmtree(path)
    os.unlink(os.path.join(home.site, f"nvidia/cu13/bin/{TOOL}"))
    age(home.site)
    actions = plan_of(home)
    assert not is_settled(home.site, info, actions)
    carry_out, before = replace.carry_out, []

    def noting(*arguments):
        before.append(recorded(info))
        return carry_out(*arguments)

    monkeypatch.setattr(replace, "carry_out", noting)
    write_files(home.site, info, actions)
    assert [TOOL in each for each in before] == [True]  # whoever is killed here leaves no file that nobody knows
    assert TOOL not in recorded(info)
    assert "nvcc" in recorded(info)
    assert not os.path.lexists(os.path.join(home.bin, TOOL))
    assert is_settled(home.site, info, plan_of(home))


def test_what_record_lacks_or_says_wrong_of_ours_is_to_be_written(home):
    (info,) = glob.glob(os.path.join(home.site, "cuda_shims-*.dist-info"))
    record = os.path.join(info, "RECORD")
    whole = read_record(info)
    lines = whole.splitlines(keepends=True)
    ours = [each for each in lines if each.startswith((ROOTS_FOLDER, os.path.relpath(home.bin, home.site)))]
    assert len(ours) == len(os.listdir(home.bin)) + 1
    for line in ours:
        path = line.partition(",")[0]
        for other in ("", f"{path},sha256=~,1\n", f"{path},sha256=!,1\n"):
            write(record, whole.replace(line, other).encode())
            assert not is_settled(home.site, info, plan_of(home)), other
    write(record, whole.encode())
    assert is_settled(home.site, info, plan_of(home))
