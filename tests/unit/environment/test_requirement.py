"""Requirements as metadata spells them; what packaging would say of the same is what they are held to."""

from __future__ import annotations

import time

import pytest

from cuda_shims.environment.requirement import LAST, machine, parse_requirement, release_of

HERE = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}


def test_a_whole_one():
    found = parse_requirement('CUDA_Toolkit[nvcc, CUDA.rt] <14 , >=13.0.3 ; sys_platform == "linux"')
    assert found == ("cuda-toolkit", {"nvcc", "cuda-rt"}, (("<", "14"), (">=", "13.0.3")), 'sys_platform == "linux"')
    assert str(found) == "cuda-toolkit[cuda-rt,nvcc]<14,>=13.0.3"


@pytest.mark.parametrize(
    ("line", "name", "clauses"),
    [
        ("torch", "torch", ()),
        ("nvidia-cuda-runtime-cu11 (==11.7.99) ; os_name == 'posix'", "nvidia-cuda-runtime-cu11", (("==", "11.7.99"),)),
        ("torch @ https://host/torch-2.9%2Bcu130.whl ; os_name == 'posix'", "torch", ()),
        ("torch@https://host/torch.whl", "torch", ()),
        ("torch == 2.9.*", "torch", (("==", "2.9.*"),)),
    ],
)
def test_spellings(line, name, clauses):
    found = parse_requirement(line)
    assert (found.name, found.clauses) == (name, clauses)


@pytest.mark.parametrize(
    "line",
    ["", "torch 2.15", "torch=2.15", "[cu13]", "-r file", "torch[", "torch>=2 <3", "torch==2\x1b[31m", "a" * 5000],
)
def test_what_is_none(line):
    assert parse_requirement(line) is None


@pytest.mark.parametrize(
    ("versions", "low", "high"),
    [
        ("==13.0.96", (13, 0), (13, 0)),
        ("==13.0.48.*", (13, 0), (13, 0)),
        ("==13.0.*", (13, 0), (13, 0)),
        ("==13", (13, 0), (13, 0)),
        ("===13.4.1", (13, 4), (13, 4)),
        ("==13.*", (13, 0), (13, LAST)),
        ("~=13.0.3", (13, 0), (13, 0)),
        ("~=13.1", (13, 1), (13, LAST)),
        (">=13.2", (13, 2), (LAST, LAST)),
        (">13.2", (13, 2), (LAST, LAST)),
        ("<14,>=13.0.3", (13, 0), (13, LAST)),
        ("<14.0.0", (0, 0), (13, LAST)),
        ("<13.2", (0, 0), (13, 1)),
        ("<13.2.0", (0, 0), (13, 1)),
        ("<13.2.1", (0, 0), (13, 2)),
        ("<=13.2", (0, 0), (13, 2)),
        ("!=13.2.0", (0, 0), (LAST, LAST)),
        ("", (0, 0), (LAST, LAST)),
    ],
)
def test_minors(versions, low, high):
    assert parse_requirement(f"cuda-toolkit{versions}").minors() == (low, high)


@pytest.mark.parametrize(
    ("versions", "version", "answer"),
    [
        ("==2.14.1", "2.14.1+cu130", True),
        ("==2.14", "2.14.0", True),
        ("==2.14.1+cu130", "2.14.1+cu129", False),
        ("==2.14.*", "2.14.1", True),
        ("==2.1.*", "2.14.1", False),
        ("!=2.14.1", "2.14.1", False),
        ("!=2.14.*", "2.13.0", True),
        (">=2.14,<2.15", "2.14.1", True),
        (">=2.14,<2.15", "2.15.0", False),
        ("~=2.14.0", "2.14.5", True),
        ("~=2.14.0", "2.15.0", False),
        ("~=2.14", "2.15.0", True),
        ("<=2.14", "2.14.1", False),
        (">2.14", "2.14.1", True),
        ("===2.14.1", "2.14.1+cu130", False),
    ],
)
def test_versions_that_are_allowed(versions, version, answer):
    assert parse_requirement(f"torch{versions}").allows(version) is answer


@pytest.mark.parametrize(
    ("marker", "answer"),
    [
        ('platform_system == "Linux"', True),
        ('platform_system == "Windows"', False),
        ('platform_system != "Windows"', True),
        ('"Linux" == platform_system', True),
        ('platform_system == "Linux" and platform_machine == "aarch64"', False),
        ('platform_system == "Windows" or platform_machine == "x86_64"', True),
        # and binds tighter than or
        ('os_name == "posix" or os_name == "nt" and os_name == "java"', True),
        ('(os_name == "posix" or os_name == "nt") and os_name == "java"', False),
        ("(sys_platform == 'linux' or sys_platform == 'win32') and extra == 'all'", False),
        ("(sys_platform == 'linux' or sys_platform == 'win32') and extra == 'with.CUDA'", True),
        ("'with-cuda' == extra", True),
        ("extra != 'with-cuda'", False),
        ("platform_machine in 'x86_64 aarch64'", True),
        ("platform_machine not in 'x86_64 aarch64'", False),
        ('python_version < "3.15"', True),
        ('python_version < "3.15" and platform_system == "Windows"', False),
        ("implementation_name == 'pypy'", True),
        ("nonsense", True),
        ("((((", True),
        ("(" * 1500, True),
        ("os_name ==", True),
        ("extra == (", True),
        ("extra == python_version", True),
        ("%%%", True),
    ],
)
def test_markers(marker, answer):
    assert parse_requirement(f"torch ; {marker}").counts({"with-cuda"}, HERE) is answer


def test_this_machine_answers_what_the_markers_of_torch_ask():
    assert set(HERE) == set(machine())
    assert all(machine().values())


def test_releases():
    assert release_of("1!2.9.1.dev3+cu130") == (2, 9, 1)
    assert release_of("v13") == (13,)
    assert release_of("nightly") == ()


def test_a_long_line_takes_no_long_time():
    start = time.process_time()  # which a busy machine does not make longer
    for line in (
        "a" + " " * 1_000_000 + "(",
        "a" * 3999,
        "a ;" + " or " * 900,
        "a[" + "," * 3900,
        "a @ " + "x " * 1900,
    ):
        found = parse_requirement(line)
        if found:
            found.counts((), HERE)
    assert time.process_time() - start < 3
