"""A user's mistakes, each with its answer: a person who reads that alone can go on."""

from __future__ import annotations

import os
import sys
import venv

import pytest
from fake_toolkit import snapshot, write

from cuda_shims.cli import main

#: a Python 2 answers the question that is asked of an interpreter, too
PYTHON_2 = b"""#!/bin/sh
echo 'cuda-shims was answered: [[2, 7], [], "", ""]'
"""


@pytest.fixture
def there(home, tmp_path, monkeypatch):
    """What the mistakes are about; the toolkit is that of this process."""
    write(str(tmp_path / "build.log"), b"all went well\n")
    write(str(tmp_path / "empty.log"))
    write(str(tmp_path / "log.zip"), b"PK\x03\x04\x14\0")
    write(str(tmp_path / "python2"), PYTHON_2, 0o755)
    os.mkdir(tmp_path / "folder")
    venv.create(tmp_path / "project/.venv")
    monkeypatch.setattr(sys, "stdin", None)
    return home


NO_NAMES = "install makes links and takes no names; run:"
NO_REMOVAL = "uninstall removes cuda-shims itself and takes no names"
NO_LOG = "the log cannot be read"
NO_PYTHON = "this is not a Python interpreter or environment"
#: what was typed, the exit code, the whole answer; in braces, folders
MISTAKES = [
    ("lst", 2, "unknown command 'lst'; did you mean list? cuda-shims --help lists them all"),
    ("list --jsn", 2, "unknown option '--jsn'; did you mean --json? cuda-shims list --help lists them all"),
    ("--json list", 2, "--json goes after the command: cuda-shims list --json"),
    ("nvcc", 2, "unknown command 'nvcc'; run nvcc directly, or with the variables set: cuda-shims exec nvcc"),
    ("install cuda-toolkit", 2, f'{NO_NAMES} pip install "cuda-shims[cu13]"'),
    ("install cublas", 2, f'{NO_NAMES} pip install "cuda-toolkit[cublas]==13.*"'),
    ("install nvidia-cufft", 2, f'{NO_NAMES} pip install "cuda-toolkit[cufft]==13.*"'),
    ("install torch", 2, f"{NO_NAMES} pip install torch"),
    ("uninstall torch", 2, f"{NO_REMOVAL}; run: pip uninstall torch"),
    ("list nvcc", 2, "list takes no names; run: cuda-shims which nvcc"),
    ("root 13", 2, "root does not take '13'; run: cuda-shims root --cuda 13"),
    ("root project/.venv", 2, "root does not take 'project/.venv'; run: cuda-shims root --python project/.venv"),
    ("env bash", 2, "env does not take 'bash'; run: cuda-shims env --format bash"),
    ("doctor build.log", 2, "doctor does not take 'build.log'; run: cuda-shims doctor --log build.log"),
    ("doctor project", 2, "doctor does not take 'project'; run: cd project && cuda-shims doctor"),
    ("exec", 2, "exec: CMD is missing; for example: cuda-shims exec make -j4"),
    ("exec no-such-command", 127, "no-such-command: no such command on PATH; install it, or give its path"),
    ("exec ./no-such", 127, "./no-such: there is no such file"),
    ("--verbose doctor", 2, "--verbose goes after the command: cuda-shims doctor --verbose"),
    (
        "doctor --strict=yes",
        2,
        "doctor: --strict takes no value; for example: pip wheel . 2>&1 | cuda-shims doctor --log -",
    ),
    ("doctor --log build.log --log empty.log", 2, "doctor --log: only one is taken"),
    ("which -lcublas -lcufft", 2, "which -l: only one is taken"),
    ("uninstall nvcc", 2, f"{NO_REMOVAL}; run: pip uninstall nvidia-cuda-nvcc"),
    ("root --cuda 130", 2, "root --cuda: '130' is not a CUDA major; did you mean 13?"),
    (
        "exec cuobjdump",
        127,
        (
            "cuobjdump: nvidia-cuda-cuobjdump holds it (since CUDA 13.2); "
            'run: pip install "cuda-toolkit[cuobjdump]==13.*"'
        ),
    ),
    (
        "env --format cmd.exe",
        2,
        (
            "env --format: 'cmd.exe' is not one of sh, fish, powershell, cmd, json, github, github-path, bash, zsh, "
            "pwsh; did you mean cmd?"
        ),
    ),
    ("env --format tcsh", 2, "env --format: there is none for tcsh; use: cuda-shims exec CMD"),
    ("completion nu", 2, "completion SHELL: 'nu' is not one of bash, zsh, fish, powershell"),
    ("root --cuda 13.5", 2, "root --cuda: '13.5' is not a CUDA major; did you mean 13?"),
    ("root --cuda cu13", 2, "root --cuda: 'cu13' is not a CUDA major; did you mean 13?"),
    (
        "root --python x --target y",
        2,
        "root: --target and --python exclude each other; for example: ./configure --with-cuda=$(cuda-shims root)",
    ),
    (
        "root --cuda 12",
        1,
        (
            f"no pip-installed CUDA 12 toolkit in the environment of {sys.executable}; "
            'install one there: pip install "cuda-toolkit[cudart,nvcc]==12.*"'
        ),
    ),
    ("root --python ./python2", 2, "./python2: this is Python 2.7; cuda-shims needs 3.9 or later"),
    (
        "root --python ./build.log",
        2,
        f"./build.log: {NO_PYTHON} (Permission denied); give --python the path of one",
    ),
    ("root --python folder", 2, f"folder: {NO_PYTHON} (it has no bin/python); give --python the path of one"),
    ("root --python project", 2, f"project: {NO_PYTHON} (it has no bin/python); did you mean project/.venv?"),
    (
        "root --python 3.99",
        2,
        "3.99: there is no python3.99 on PATH; give --python the path of an interpreter or of an environment",
    ),
    (
        "root --target build.log",
        2,
        "{tmp}/build.log: this is not a directory; give --target the one that pip installed into",
    ),
    (
        "root --prefix no-such",
        2,
        "{tmp}/no-such: there is no such directory; give --prefix the one that pip installed into",
    ),
    (
        "root --target project/.venv",
        2,
        "{tmp}/project/.venv: this is an environment with an interpreter: use --python",
    ),
    (
        "root --prefix project/.venv",
        2,
        "{tmp}/project/.venv: it has an interpreter, which reads .pth files there: use --python",
    ),
    (
        "which nvc",
        127,
        "nvc is not installed here: no CUDA wheel on PyPI holds a tool of that name; did you mean nvcc or nvrtc?",
    ),
    (
        "fit flash",
        1,
        (
            f"'flash' is not installed in the environment of {sys.executable}; install it there, or give the "
            "path of its wheel: fit uses no index"
        ),
    ),
    ("doctor --log", 2, "doctor: --log needs a value; for example: pip wheel . 2>&1 | cuda-shims doctor --log -"),
    (
        "doctor --log no-such.log",
        2,
        f"no-such.log: {NO_LOG} (No such file or directory); name a file, or - for standard input",
    ),
    ("doctor --log folder", 2, f"folder: {NO_LOG} (Is a directory); name a file, or - for standard input"),
    ("doctor --log -", 2, f"standard input: {NO_LOG} (it is closed); name a file"),
    (
        "doctor --log log.zip",
        2,
        f"log.zip: {NO_LOG} (it is not text: unpack it first); name a file, or - for standard input",
    ),
]
CHOICES = [
    (
        "CUDA_SHIMS_TOOLKIT",
        "cu13",
        "'cu13' is neither a CUDA major, such as 13, nor the absolute path of a toolkit root",
    ),
    (
        "CUDA_SHIMS_TOOLKIT",
        "/no/cuda",
        "there is no folder /no/cuda; name a toolkit's folder or a CUDA major, or unset it",
    ),
    ("CUDA_SHIMS_PREFER", "foo", "'foo' is neither user nor wheels"),
]


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(("words", "code", "answer"), MISTAKES, ids=[words for words, _, _ in MISTAKES])
def test_its_answer(capsys, tmp_path, words, code, answer):
    assert main(words.split()) == code
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"cuda-shims: {answer.replace('{tmp}', str(tmp_path))}\n")


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("value", ["", " "])
@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["uninstall", "--target"], "--target"),
        (["uninstall", "--prefix"], "--prefix"),
        (["install", "--python"], "--python"),
        (["doctor", "--log"], "--log"),
        (["which", "-l"], "-l"),
        (["which"], "NAME"),
        (["exec"], "CMD"),
        (["fit"], "DISTRIBUTION"),
    ],
)
def test_a_variable_of_a_script_that_is_empty(capsys, there, words, name, value):
    """It must not mean the default: ``uninstall --target "$WHERE"`` would remove the environment's own."""
    before = snapshot(there.path)
    assert main([*words, value]) == 2
    assert capsys.readouterr().err == f"cuda-shims: {words[0]} {name}: the value is empty\n"
    assert snapshot(there.path) == before


@pytest.mark.usefixtures("there")
def test_a_command_that_is_empty(capsys):
    assert main([""]) == 2
    said = "unknown command ''; cuda-shims --help lists them all"
    assert capsys.readouterr().err == f"cuda-shims: {said}\n"


@pytest.mark.usefixtures("there")
def test_a_log_from_a_pipe_without_its_option(capsys):
    assert main(["doctor", "-"]) == 2
    assert capsys.readouterr().err == "cuda-shims: doctor does not take '-'; run: cuda-shims doctor --log -\n"


@pytest.mark.usefixtures("there")
def test_a_command_in_quotes(capsys):
    assert main(["exec", "nvcc --version"]) == 127
    assert "give the command and its arguments without quotes around them" in capsys.readouterr().err


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    "line",
    [answer.rpartition("run: cuda-shims ")[2] for _, _, answer in MISTAKES if "run: cuda-shims " in answer],
)
def test_the_line_in_it_is_understood(capsys, line):
    assert main(line.split()) in {0, 1}
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(("variable", "value", "answer"), CHOICES)
def test_a_variable(capsys, monkeypatch, variable, value, answer):
    monkeypatch.setenv(variable, value)
    assert main(["root"]) == 2
    assert capsys.readouterr().err == f"cuda-shims: environment: {variable}: {answer}\n"


@pytest.mark.usefixtures("there")
def test_an_empty_log(capsys):
    """A build that says nothing is no mistake, so a script goes on."""
    assert main(["doctor", "--log", "empty.log"]) == 0
    said = "this log is empty; builds write errors to standard error: pip wheel . > build.log 2>&1\n"
    assert capsys.readouterr().out == said


@pytest.mark.usefixtures("there")
def test_doctor_outside_of_a_project(capsys):
    assert main(["doctor"]) in {0, 1}
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines()[-1].startswith("a build will ")
    assert "pyproject.toml" not in said.out
