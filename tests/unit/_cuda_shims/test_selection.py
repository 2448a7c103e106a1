"""The selection: every row of its table, and what the answers are made of."""

from __future__ import annotations

import os

import pytest
from cases import CASES, FOLDERS, WHEELS, Row, lay_out
from fake_toolkit import TOOL, Prefix, write, write_distribution, write_shim

from _cuda_shims import root_variables, selection
from _cuda_shims.places import Place, find_places
from _cuda_shims.selection import Project, has_nvcc, is_asked_for, is_major, nvcc_home, select, user_toolkit

ROOT, OUTER = "/env/cuda_shims_toolkit/cu13", "/outer/root"
HERE = [Place("/env", 13)]


@pytest.fixture(autouse=True)
def no_cuda_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(selection, "_USUAL", str(tmp_path / "usr-local-cuda/bin"))


@pytest.fixture
def layout(tmp_path):
    """Lay out the wheels of a row; returns the search path."""

    def layout(wheels):
        prefixes = {name: Prefix(str(tmp_path / name)) for name in ("nearer", "own", "farther")}
        for name, toolkits in WHEELS[wheels].items():
            lay_out(toolkits, prefixes[name])
        return [prefix.site for prefix in prefixes.values()]

    return layout


@pytest.fixture
def places(tmp_path):
    """Make what the variables of a row name; returns ``name -> path``."""
    for name in ("cuda", "my cuda"):
        write(f"{tmp_path}/{name}/bin/nvcc", TOOL, 0o755)
    folders = {name: str(tmp_path / name) for name in (*FOLDERS, "none")}
    return {**folders, "bin": "/usr/bin", "nvcc": "nvcc"}


def project_of(row: Row):
    """Read what a row's project says, by hand: the file is not this module's business."""
    lines = dict(line.split(" = ") for line in row.project.split("\n") if line)
    said = {name: value.strip("'") for name, value in lines.items()}
    prefer = row.prefer if "CUDA_SHIMS_PREFER" in row.variables else said.get("prefer", "user")
    return Project(said.get("toolkit"), prefer)


@pytest.mark.parametrize("row", CASES, ids=str)
def test_every_row(layout, places, row):
    found = find_places(layout(row.wheels))
    roots = {f"cu{place.major}": place.beside for place in found}
    for root in roots.values():
        os.makedirs(root)
    places |= roots
    answer = select(found, row.environ(places), lambda: project_of(row))
    given = answer.home
    if answer.toolkit:
        given = answer.toolkit.beside
    if answer.refused:
        given = f"refused {answer.refused}"
    wanted = {"refused": f"refused {row.more.format_map(places)}", "nothing": None}
    wanted.update({name: places[name] for name in FOLDERS}, **{name[2:]: root for name, root in roots.items()})
    assert given == wanted[row.answer]


@pytest.fixture
def all_there(monkeypatch):
    """Let each folder that a variable names be there."""
    monkeypatch.setattr(selection, "is_folder", os.path.isabs)


def because(environ=(), project="", prefer="user", found=HERE):
    return select(found, dict(environ), lambda: Project(project or None, prefer)).because


@pytest.mark.usefixtures("all_there")
def test_why(prefix):
    prefix.toolkit()
    found = find_places([prefix.site])
    assert because(found=found) == "nearest"
    assert because({"CUDA_SHIMS_TOOLKIT": "13"}, found=found) == "chosen"
    assert because({"CUDA_SHIMS_TOOLKIT": "14"}, found=found) == "chosen"
    assert because({"CUDA_SHIMS_TOOLKIT": "x"}, found=found) == "chosen"
    assert because({"CUDA_SHIMS_TOOLKIT": "/usr"}, found=found) == "chosen"
    assert because({"CUDA_HOME": "/opt/cuda"}, found=found) == "user"
    assert because(project="13", found=found) == "project"
    assert because(project="14", found=found) == "project"
    assert because(found=[]) == "none"
    prefix.split(asked=True)
    assert because(found=[Place(prefix.site, 12)]) == "asked for"


@pytest.mark.parametrize(
    ("environ", "toolkit"),
    [({}, False), ({"CUDA_SHIMS_TOOLKIT": "13"}, True), ({"CUDA_SHIMS_TOOLKIT": "x"}, True)],
)
def test_a_project_is_read_only_where_it_can_decide(prefix, environ, toolkit):
    """Where nothing is installed and nothing is named, a start of Python reads no file for it."""
    if toolkit:
        prefix.toolkit()

    def read():
        raise AssertionError("the project was read")

    select(find_places([prefix.site]), environ, read)


# majors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "major"),
    [(text, True) for text in ("1", "13", "999")]
    + [(text, False) for text in ("1000", "013", "0", "1²", "13.5", "cu13", "-1", "٣", " 13", "13\n")],
)
def test_what_a_major_is(text, major):
    assert is_major(text) is major


# the user's own variables ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("all_there")
@pytest.mark.parametrize(
    ("environ", "home"),
    [
        ({}, None),
        ({"CUDA_HOME": ""}, None),
        ({"CUDA_HOME": ROOT, "CUDACXX": f"{ROOT}/bin/nvcc"}, None),
        ({**root_variables(OUTER)}, None),
        ({"CUDA_HOME": OUTER}, OUTER),  # without the marker it is the user's
        ({**root_variables(OUTER), "CUDA_PATH": "/opt/cuda"}, "/opt/cuda"),
        ({"CUDA_ROOT": "/opt/cuda", "LD_LIBRARY_PATH": "/opt/cuda/lib64"}, None),
    ],
)
def test_whose_toolkit_the_variables_name(environ, home):
    assert user_toolkit(environ, HERE) == home


@pytest.mark.usefixtures("all_there")
def test_a_root_of_any_toolkit_here_is_ours():
    both = [*HERE, Place("/env", 14), Place("/far", 13, ("/near", "/far"))]
    for place in both:
        assert user_toolkit({"CUDA_PATH": place.beside}, both) is None
    assert user_toolkit({"CUDA_PATH": both[1].beside}, HERE) == both[1].beside


@pytest.mark.parametrize(
    ("command", "home"),
    [
        ("", None),
        ("nvcc", None),
        ("bin/nvcc", None),
        ("/opt/cuda/bin/nvcc", "/opt/cuda"),
        ("/opt/cuda/bin/nvcc.exe", "/opt/cuda"),
        ("/my cuda/bin/nvcc", "/my cuda"),
        ("/opt/nvcc 13/bin/nvcc", "/opt/nvcc 13"),
        ("/my cuda/bin/nvcc -x", None),
        ("ccache /opt/cuda/bin/nvcc", "/opt/cuda"),
        ("/opt/cuda/bin/nvcc -ccbin /usr/bin/g++", "/opt/cuda"),
        ("ccache nvcc", None),
        ("/usr/bin/clang++", None),
        ("/opt/cuda/bin/nvccx", None),
        ("/nosuch/nvcc", None),
        ("/opt/wrappers/nvcc", None),
    ],
)
def test_the_toolkit_of_a_command(command, home):
    assert nvcc_home(command) == home


# another compiler, and CUDA 12 ----------------------------------------------------------------------------------------


def test_another_nvcc(new_prefix, tmp_path, monkeypatch):
    other, shims, bare = new_prefix("other"), new_prefix("shims"), new_prefix("bare")
    shims.shim()
    path = f"relative::{bare.bin}:{shims.bin}"
    assert not has_nvcc({"PATH": path})
    assert not has_nvcc({})
    nvcc = write(f"{other.bin}/nvcc", TOOL, 0o755)
    assert has_nvcc({"PATH": f"{path}:{other.bin}"})
    assert not has_nvcc({"PATH": other.bin, "CUDA_SHIMS_ROOT": other.path})  # that of an outer hook
    monkeypatch.chdir(tmp_path)
    assert not has_nvcc({"PATH": os.path.relpath(other.bin)})
    os.chmod(nvcc, 0o644)
    assert not has_nvcc({"PATH": other.bin})
    os.unlink(nvcc)
    os.mkdir(nvcc)
    assert not has_nvcc({"PATH": other.bin})
    write(f"{selection._USUAL}/nvcc", TOOL, 0o755)
    assert has_nvcc({})
    os.unlink(f"{selection._USUAL}/nvcc")
    write_shim(selection._USUAL)
    assert not has_nvcc({})


def test_cuda_12_is_asked_for_by_its_user(prefix, tmp_path):
    prefix.split()
    place = Place(prefix.site, 12)
    assert not is_asked_for(place, {})
    write_distribution(prefix.site, "cuda-toolkit", "13.5.0", {})
    assert not is_asked_for(place, {})
    write_distribution(prefix.site, "cuda-toolkit", "12.9.1", {})
    assert is_asked_for(place, {})
    write(f"{tmp_path}/other/nvcc", TOOL, 0o755)
    assert not is_asked_for(place, {"PATH": f"{tmp_path}/other"})


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("Requires-Dist: cuda-toolkit[cudart]==12.*", False),
        ("requires-dist: cuda_toolkit (>=12)", False),
        ("Requires-Dist: nvidia-cuda-runtime-cu12", True),
        ("Summary: of cuda-toolkit", True),
    ],
)
@pytest.mark.parametrize("name", ["torch-2.9", "zzz-1.0"])
def test_cuda_12_that_another_distribution_requires(prefix, line, asked, name):
    prefix.split(asked=True)
    metadata = f"{prefix.site}/{name}.dist-info/METADATA"
    write(metadata, f"Metadata-Version: 2.1\nName: {name}\n{line}\n".encode())
    assert is_asked_for(Place(prefix.site, 12), {}) is asked
    os.rename(os.path.dirname(metadata), f"{prefix.site}/cuda_shims-0.1.0.dist-info")  # for its extra
    assert is_asked_for(Place(prefix.site, 12), {})
