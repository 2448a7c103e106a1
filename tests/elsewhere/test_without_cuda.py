"""What holds wherever Python runs: cuda-shims is in nobody's way, and says in one sentence what is missing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig

import pytest

SCRIPTS = sysconfig.get_path("scripts")
MACOS = sys.platform == "darwin"
#: what is said instead of a line that installs something
NONE_HERE = "NVIDIA has no CUDA wheels for macOS"
INSTALL = ' "cuda-shims[cu13]"'
_KEPT = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "HOME", "USERPROFILE", "COMSPEC", "PATHEXT")


@pytest.fixture
def run(tmp_path):
    """Run a command where nothing but the system itself is on PATH; returns exit code, stdout and stderr."""
    system = os.path.join(os.environ.get("SYSTEMROOT", ""), "System32") if os.name == "nt" else "/usr/bin:/bin"
    if shutil.which("nvcc", path=system):
        pytest.skip(f"needs a system without nvcc in {system}")
    environ = {name: value for name, value in os.environ.items() if name.upper() in _KEPT}
    environ["PATH"] = os.pathsep.join([SCRIPTS, system])

    def run(program, *arguments):
        path = shutil.which(program, path=SCRIPTS) or program
        done = subprocess.run(
            [path, *arguments], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_python_starts_as_before(run):
    code = "import os, cuda_shims; print(cuda_shims.__version__, os.environ.get('CUDA_HOME'))"
    status, out, err = run(sys.executable, "-c", code)
    assert (status, out.split()[1:], err) == (0, ["None"], "")


@pytest.mark.parametrize("tool", ["nvcc", "ptxas", "cudafe++"])
def test_a_shim_says_it_in_one_sentence(run, tool):
    status, out, err = run(tool, "--version")
    assert (status, out, err.count("\n")) == (127, "", 1)
    assert err.startswith(f"{tool} (cuda-shims): not installed in this environment nor elsewhere on PATH; ")
    assert (NONE_HERE if MACOS else INSTALL) in err


@pytest.mark.parametrize("command", ["list", "root", "install", "env"])
def test_the_command_line_says_it_in_one_sentence(run, command):
    status, out, err = run("cuda-shims", command)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("cuda-shims: no pip-installed CUDA toolkit in ")
    assert (NONE_HERE if MACOS else INSTALL) in err
    assert not (MACOS and "pip install" in err)


def test_the_doctor_finds_that_and_nothing_else(run):
    status, out, err = run("cuda-shims", "doctor", "--json")
    errors = [each for each in json.loads(out)["findings"] if each["level"] == "error"]
    assert (status, err) == (1, "")
    assert [each["code"] for each in errors] == ["unsupported-platform" if MACOS else "no-toolkit"]
