"""Where a build runs: no code of the current directory is run, nothing goes over a network, no secret is told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest
from fake_toolkit import write
from venv_support import TOML

COMMANDS = (
    ["list"],
    ["list", "--json"],
    ["which", "nvcc"],
    ["root"],
    ["env"],
    ["env", "--json"],
    ["exec", "true"],
    ["which", "cublas_v2.h"],
    ["doctor", "--log", "/etc/passwd"],
    ["doctor"],
    ["doctor", "--json"],
    ["install"],
    ["install", "--force", "--python", "PYTHON"],
)
#: what a checkout could have, to be taken for a program that we, or those that we start, run
PROGRAMS = (
    "nvcc",
    "cicc",
    "gcc",
    "g++",
    "cc",
    "c++",
    "clang++",
    "python",
    "python3",
    "sh",
    "ls",
    "readlink",
    "ld",
    "env",
)


@pytest.fixture
def mine(tmp_path):
    """Return a folder full of modules and programs that note that they ran, and the file of their notes."""
    folder, notes = tmp_path / "checkout", tmp_path / "ran.txt"
    line = f"open({str(notes)!r}, 'a').write(__name__ + '\\n')\n"
    library = os.path.dirname(os.__file__)
    names = {name.partition(".")[0] for name in os.listdir(library) if re.fullmatch(r"[a-z_]\w*(\.py)?", name)}
    names |= {
        "cuda_shims",
        "_cuda_shims",
        "filelock",
        "tomli",
        "tomllib",
        "sitecustomize",
        "usercustomize",
        "_virtualenv",
    }
    for name in names - {"__pycache__", "site", "lib2to3"}:
        write(str(folder / f"{name}.py"), line.encode())
    for name in PROGRAMS:
        write(str(folder / name), f"#!/bin/sh\necho program {name} >>{notes}\n".encode(), 0o755)
    return folder, notes


def stale(venv):
    """Make the environment such that there is work to do."""
    shutil.rmtree(f"{venv.site}/cuda_shims_toolkit", ignore_errors=True)


@pytest.mark.parametrize("how", ["script", "-P -m", "-I -m", "-m"])
def test_no_code_of_the_current_directory_runs(new_venv, toolkit, mine, how, tmp_path):
    venv = new_venv(base=["cuda-shims", *TOML, *toolkit()])
    folder, notes = mine
    # as the real one, which asks gcc what it is
    nvcc = f"{venv.site}/nvidia/cu13/bin/nvcc"
    os.unlink(nvcc)
    write(nvcc, b"#!/bin/sh\nexec gcc --version\n", 0o755)
    if how == "-P -m" and sys.version_info < (3, 11):
        pytest.skip("python -P came with 3.11")
    if how == "-m":  # a cuda_shims.py there is what was asked for
        (folder / "cuda_shims.py").unlink()
        write(str(tmp_path / "probe.py"), b"import sys; print(*sys.modules)")
        # nor can anything be done about what Python itself has loaded by then
        for name in venv.run(venv.python, "-m", "probe", cwd=tmp_path).split():
            (folder / f"{name}.py").unlink(missing_ok=True)
    before = [f"{venv.bin}/cuda-shims"] if how == "script" else [venv.python, *how.split(), "cuda_shims"]
    # the shell's own PATH, with all the ways to name the current directory: our programs look at none of them
    path = f".:{venv.bin}:/usr/bin:/bin::"
    # Python's own options do the same for all of them
    for command in COMMANDS if how in {"script", "-m"} else COMMANDS[-3:]:
        stale(venv)
        words = [venv.python if word == "PYTHON" else word for word in command]
        done = subprocess.run([*before, *words], cwd=folder, env=venv.environ(PATH=path), check=False)
        assert done.returncode in {0, 1, 127}, command
        assert not notes.exists(), (command, notes.read_text())


def test_neither_hook_nor_shim_runs_code_of_the_current_directory(new_venv, toolkit, mine, tmp_path):
    venv = new_venv(base=["cuda-shims", *TOML, *toolkit()])
    folder, notes = mine
    script = tmp_path / "elsewhere" / "script.py"
    write(str(script), b"print('done')\n")
    for command in ([venv.python, str(script)], [f"{venv.bin}/nvcc"], ["/bin/sh", f"{venv.bin}/nvcc"]):
        stale(venv)
        done = subprocess.run(
            command, cwd=folder, env=venv.environ(PATH=f".:{venv.bin}:/usr/bin:/bin:"), check=True, capture_output=True
        )
        assert b"\nEVIL" not in done.stdout
        assert not notes.exists(), (command, notes.read_text())
        assert os.path.exists(f"{venv.site}/cuda_shims_toolkit/cu13/made-from-3"), command
    # that they can be found out
    subprocess.run(
        [venv.python, "-c", "import json"], cwd=folder, env=venv.environ(), check=False, stderr=subprocess.DEVNULL
    )
    assert notes.exists()


def without_network(tmp_path):
    """Return the command that runs another in a network namespace with nothing in it, traced, and the trace."""
    trace = str(tmp_path / "trace")
    for program, package in (("strace", "strace"), ("unshare", "util-linux")):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}: apt-get install {package}")
    command = ["strace", "-f", "-qq", "-e", "trace=network,execve", "-o", trace]
    for options in (["-n"], ["-r", "-n"]):
        full = ["unshare", *options, *command]
        done = subprocess.run([*full, "true"], capture_output=True, text=True, check=False)
        if not done.returncode:
            return full, trace
    pytest.skip(f"no network namespace or no tracing to be had: {done.stderr.strip()}")
    return None


def internet_calls(trace):
    with open(trace, encoding="utf-8") as file:
        return [line for line in file if re.search(r"AF_INET|AF_NETLINK|AF_PACKET|sin6?_port", line)]


def started(trace):
    with open(trace, encoding="utf-8") as file:
        return re.findall(r'execve\("([^"]*)".* = 0$', file.read(), re.MULTILINE)


def test_nothing_goes_over_a_network(new_venv, toolkit, tmp_path):
    venv = new_venv(base=["cuda-shims", *TOML, *toolkit()])
    full, trace = without_network(tmp_path)
    lines = []
    for command in (*COMMANDS, ["uninstall", "--dry-run"]):
        words = ["$VENV/bin/python" if word == "PYTHON" else word for word in command]
        lines += [
            'rm -rf "$SITE/cuda_shims_toolkit"',
            f'"$VENV/bin/cuda-shims" {" ".join(words)} || case $? in 1 | 127) ;; *) exit 9 ;; esac',
        ]
    for command in ('"$VENV/bin/nvcc" x', '"$VENV/bin/python" -c pass', '"$VENV/bin/nvcc" x'):
        lines += ['rm -rf "$SITE/cuda_shims_toolkit"', command]
    script = "set -e\n" + "\n".join(lines) + '\n"$VENV/bin/cuda-shims" uninstall\n'
    environ = venv.environ(VENV=venv.path, SITE=venv.site, PATH=f"{venv.bin}:/usr/bin:/bin")
    subprocess.run([*full, "sh", "-c", script], env=environ, check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    assert internet_calls(trace) == []
    assert not os.path.exists(f"{venv.site}/cuda_shims")
    # the start of Python that has most to do starts no process
    venv.install("cuda-shims")
    shutil.rmtree(f"{venv.site}/cuda_shims_toolkit", ignore_errors=True)
    subprocess.run([*full, venv.python, "-c", "pass"], env=environ, check=True)
    assert os.path.exists(f"{venv.site}/cuda_shims_toolkit/cu13/made-from-3")
    assert internet_calls(trace) == []
    assert started(trace) == [venv.python]
    # that either would be seen
    code = "import os, socket; socket.socket().connect_ex(('127.0.0.1', 9)); os.system('/bin/true')"
    subprocess.run([*full, venv.python, "-c", code], env=environ, check=True)
    assert len(internet_calls(trace)) >= 2
    assert len(started(trace)) >= 2


def test_no_secret_is_told(new_venv, toolkit, tmp_path):
    """Only the variables that this is about are, and of pyproject.toml only requirements on CUDA."""
    venv = new_venv(base=["cuda-shims", *TOML, *toolkit()])
    names = "AWS_SECRET_ACCESS_KEY GITHUB_TOKEN TWINE_PASSWORD UV_PUBLISH_TOKEN PIP_INDEX_URL UV_INDEX UV_DEFAULT_INDEX"
    names += " PIP_EXTRA_INDEX_URL HTTPS_PROXY SSH_AUTH_SOCK DATABASE_URL NPM_TOKEN HF_TOKEN CUDA_SECRET NETRC LOGNAME"
    secrets = {name: f"https://user:s3cret-{name}@example.invalid/" for name in names.split()}
    project = tmp_path / "project"
    write(
        str(project / "pyproject.toml"),
        b'[build-system]\nrequires = ["cuda-toolkit[nvcc]==13.*", "x @ https://u:s3cret-requires@example.invalid/x.whl"]\n'
        b'[tool.uv]\nindex-url = "https://u:s3cret-uv@example.invalid/"\n',
    )
    write(str(project / "x.cu"), b"#include <cublas_v2.h>\n// s3cret-source\n")
    write(str(project / "CMakeLists.txt"), b"target_link_libraries(x CUDA::cufft) # s3cret-cmake\n")
    environ = venv.environ(PATH=f"{venv.bin}:/usr/bin:/bin", CUDA_SHIMS_DEBUG="1", **secrets)

    def run(*command):
        stale(venv)
        done = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode in {0, 1, 127}, done
        assert "s3cret" not in done.stdout + done.stderr, command
        assert "cuda-shims: CUDA_HOME=" in done.stderr  # the hook, which explains itself
        return done.stdout

    commands = (*COMMANDS, ["doctor", "-v"], ["list", "-v"], ["env", "--format", "github"])
    lines = [[venv.python if word == "PYTHON" else word for word in command] for command in commands]
    said = [run(f"{venv.bin}/cuda-shims", *words) for words in lines]
    run(venv.python, "-c", "0")
    assert any("need-undeclared" in text for text in said)
