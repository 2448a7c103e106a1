"""A fix line that holds what a checkout's files say: it installs that, and runs nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from cuda_shims.config import Config
from cuda_shims.doctor import project
from cuda_shims.doctor.case import Case
from cuda_shims.doctor.log.fix import Scene
from cuda_shims.environment.environment import Environment
from cuda_shims.quoting import quote_requirement

HOSTILE = [
    "foo && touch made",
    "foo; touch made",
    "foo | touch made",
    "foo$(touch made)",
    "foo`touch made`",
    'foo"; touch made; "',
    "foo'; touch made; '",
    "foo > made",
    "foo ~ * ? [a]",
    "foo!bar !x",
    "a b",
    "",
    "foo; python_version < '3.12'",
    'foo; python_version < "3.12"',
]


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "fish"])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_word_is_one_in_each_shell(tmp_path, shell, text):
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}: apt-get install {shell}")
    line = f"printf '%s|' {quote_requirement(text)}"
    done = subprocess.run([shell, "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{text}|"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("cuda-shims", "cuda-shims"),
        ("nvidia-nvvm==13.5.37", "nvidia-nvvm==13.5.37"),
        ("cuda-toolkit[nvcc]==13.5.*", '"cuda-toolkit[nvcc]==13.5.*"'),
        ("cmake>=4", '"cmake>=4"'),
        ("x!=1", '"x!=1"'),
    ],
)
def test_what_is_read_most_looks_as_everywhere(text, spelt):
    assert quote_requirement(text) == spelt


def test_the_fix_of_an_editable_install(tmp_path):
    """It installs what the project's build-system.requires names, whatever that is."""
    requires = ["setuptools", "foo && touch made", "cuda-shims", "$(touch made)", 'x; python_version < "3.12"']
    # a backslash is in no requirement, and means something between single quotes of fish
    spelt = ", ".join(repr(each) for each in [*requires, "\\\\'; touch made; '"])
    (tmp_path / "pyproject.toml").write_text(f"[build-system]\nrequires = [{spelt}]\n")
    environment = Environment((str(tmp_path),), str(tmp_path / "bin"), None, is_target=False, label="it")
    case = Case(environment, {}, Config(), [], None, None, here=True, directory=str(tmp_path))
    fix = Scene(case, "_editable_loader.py").fresh()
    line = fix.partition(": ")[2].partition("; pip install --no-build")[0]
    pip = "pip() { shift; printf '%s|' \"$@\"; }; "
    done = subprocess.run(["sh", "-c", pip + line], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split("|")[:-1] == requires
    assert not (tmp_path / "made").exists()


def test_an_editable_install_is_done_anew_by_what_installed_us(tmp_path):
    (tmp_path / "INSTALLER").write_text("uv\n")
    scripts = str(tmp_path / "bin")
    environment = Environment((str(tmp_path),), scripts, str(tmp_path), is_target=False, label="it")
    case = Case(environment, {"VIRTUAL_ENV": str(tmp_path)}, Config(), [], None, None, here=True)
    assert Scene(case, "_editable_loader.py").fresh().endswith("; uv pip install --no-build-isolation -e .")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", ["cuda-toolkit[nvcc]{}", "cuda-toolkit[{}]==13.*", "nvidia-nvvm {}", "{}"])
def test_the_fix_of_a_requirement(tmp_path, place, text):
    """Whoever pastes it into a shell, though it is for pyproject.toml, runs nothing of it."""
    requires = [place.format(text), "cuda-toolkit[cudart]==13.*"]
    (tmp_path / "pyproject.toml").write_text(f"[build-system]\nrequires = {json.dumps(requires)}\n")
    (tmp_path / "CMakeLists.txt").write_text("x(CUDA::cublas)")
    environment = Environment((str(tmp_path),), str(tmp_path / "bin"), None, is_target=False, label="it")
    case = Case(environment, {}, Config(), [], None, None, here=True, directory=str(tmp_path))
    (found,) = project.check_needs(case)
    assert "cublas" in found.fix
    scene = Scene(case, "")
    for line in (found.fix, project.find_lacking(case), scene.whole(), scene.release("13.2")):
        for command in (line, f"echo {line.partition(' ')[2]}", f"echo {line.partition(': ')[2]}"):
            subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False)
        assert not (tmp_path / "made").exists()
