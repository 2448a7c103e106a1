"""PATH as the hook, exec and env leave it: what is found without cuda-shims is found with it."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from fake_toolkit import write

#: each in a process that the hook has run in
USES = {
    "a program": "subprocess.run(['uname'], check=True)",
    "a program, with an environment": "subprocess.run(['uname'], check=True, env=dict(os.environ))",
    "a shell": "subprocess.run('uname', shell=True, check=True)",
    "a shell's program": "subprocess.run(['sh', '-c', 'uname'], check=True)",
    "execvp": "os.execvp('uname', ['uname'])",
    "posix_spawnp": "os.waitpid(os.posix_spawnp('uname', ['uname'], os.environ), 0)",
    "which": "print(shutil.which('uname') and os.uname().sysname)",
}


@pytest.fixture
def venv(new_venv, toolkit):
    return new_venv(base=["cuda-shims", *toolkit()])


@pytest.fixture
def other(tmp_path):
    """Return the folder of a toolkit of the user's."""
    path = str(tmp_path / "other")
    write(f"{path}/bin/nvcc", b"#!/bin/sh\necho other\n", 0o755)
    write(f"{path}/include/cuda.h", b"#define CUDA_VERSION 13040\n")
    return path


def bare(venv, *command, **environ):
    """Run a command with nothing in its environment but what is given."""
    done = subprocess.run(command, env=environ, cwd=venv.home, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.strip()


@pytest.mark.parametrize("use", USES)
def test_no_path(venv, use):
    """``env -i``, cron, systemd, a program that passes an environment of its own."""
    code = f"import os, shutil, subprocess\n{USES[use]}"
    for _ in ("first start", "fresh root"):
        assert bare(venv, venv.python, "-c", code) == os.uname().sysname


@pytest.mark.parametrize("choice", ["CUDA_HOME", "CUDA_SHIMS_TOOLKIT"])
def test_no_path_and_a_toolkit_of_the_users(venv, other, choice):
    code = "import shutil, subprocess; print(shutil.which('nvcc'), flush=True); subprocess.run(['uname'], check=True)"
    assert bare(venv, venv.python, "-c", code, **{choice: other}).split() == [f"{other}/bin/nvcc", os.uname().sysname]


def test_a_nested_environment_without_a_path(venv, new_venv, toolkit):
    """The outer one's folder is taken out, and the system's stay."""
    inner = new_venv("inner", base=["cuda-shims", *toolkit("13.4.92")])
    code = "import shutil, subprocess; print(shutil.which('nvcc')); subprocess.run(['uname'])"
    nested = f"import subprocess; subprocess.run([{inner.python!r}, '-c', {code!r}], check=True)"
    nvcc, uname = bare(venv, venv.python, "-c", nested).split()
    assert sorted([nvcc, uname]) == sorted([f"{inner.site}/cuda_shims_toolkit/cu13/bin/nvcc", os.uname().sysname])


def test_the_tools_are_found_without_a_path(venv):
    root = f"{venv.site}/cuda_shims_toolkit/cu13"
    code = "import os, shutil; print(shutil.which('nvcc')); print(os.environ['PATH'])"
    nvcc, path = bare(venv, venv.python, "-c", code).split()
    assert nvcc == f"{root}/bin/nvcc"
    assert path == f"{root}/bin:{os.defpath}"


def test_a_path_that_is_there_stays_as_it_is(venv):
    """Its empty entries too, which mean the current directory."""
    root = f"{venv.site}/cuda_shims_toolkit/cu13"
    for path in ("/usr/bin:/bin", "/bin:", ":/usr/bin:/bin", "/bin::/usr/bin"):
        for _ in range(2):
            assert venv.ask("print(os.environ['PATH'])", PATH=path) == f"{root}/bin:{path}"


def test_exec_without_a_path(venv):
    assert bare(venv, f"{venv.bin}/cuda-shims", "exec", "uname") == os.uname().sysname
    assert bare(venv, f"{venv.bin}/cuda-shims", "exec", "sh", "-c", "uname") == os.uname().sysname


def test_variables_without_a_path(venv):
    code = "import cuda_shims; print(cuda_shims.variables(environ={})['PATH'])"
    path = bare(venv, venv.python, "-c", code)
    assert path == f"{venv.site}/cuda_shims_toolkit/cu13/bin:{os.defpath}"


@pytest.mark.parametrize("shell", ["dash", "bash", "zsh"])
def test_env_without_a_path(venv, shell):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"needs {shell}: apt-get install {shell}")
    script = f'eval "$({venv.bin}/cuda-shims env)"; uname; env | sed -n s/^CUDA_HOME=//p'
    assert bare(venv, program, "-c", script).split() == [os.uname().sysname, f"{venv.site}/cuda_shims_toolkit/cu13"]


def test_a_shim_without_a_path(venv):
    """Nothing of the environment is there but the shim's own place."""
    assert bare(venv, f"{venv.bin}/nvcc").split("\0")[0] == f"{venv.site}/cuda_shims_toolkit/cu13/bin/nvcc"
