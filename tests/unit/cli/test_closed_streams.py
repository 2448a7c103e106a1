"""Commands whose standard output or standard error is closed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

COMMANDS = [
    "list",
    "which nvcc",
    "root",
    "env",
    "env --unset",
    "doctor",
    "fit",
    "install",
    "uninstall",
    "completion bash",
]


def run(*words, closed, environ):
    code = "import sys; from cuda_shims.cli import main; sys.exit(main(sys.argv[1:]))"
    line = f'exec "$@" {closed}'
    return subprocess.run(
        ["sh", "-c", line, "sh", sys.executable, "-c", code, *words],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def environ(prefix):
    """The variables of a process that has a toolkit."""
    prefix.toolkit()
    prefix.ours()
    path = ":".join([prefix.site, *(each for each in sys.path if each)])
    return {"PATH": f"{prefix.bin}:/usr/bin:/bin", "PYTHONPATH": path, "CUDA_SHIMS_STARTUP": "0"}


@pytest.mark.parametrize("words", COMMANDS)
def test_no_standard_output(environ, words):
    done = run(*words.split(), closed=">&-", environ=environ)
    assert done.returncode == 1
    assert done.stderr == "cuda-shims: standard output is closed, and the answer goes there\n"


@pytest.mark.parametrize("words", [words for words in COMMANDS if words not in {"fit", "uninstall"}])
def test_a_reader_that_has_seen_enough(environ, words):
    """Such as ``head``: nothing is said of it."""
    code = "import sys; from cuda_shims.cli import main; sys.exit(main(sys.argv[1:]))"
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", code, *words.split()]
    done = subprocess.run(command, env=environ, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_nothing_is_done_where_the_answer_cannot_be_given(environ, prefix):
    run("install", closed=">&-", environ=environ)
    done = run("list", "--json", closed="", environ=environ)
    assert '"root": null' in done.stdout
    assert prefix.site in done.stdout


def test_exec_has_no_answer_of_its_own(environ):
    done = run("exec", "sh", "-c", 'echo "$CUDA_HOME" >&2; exit 5', closed=">&-", environ=environ)
    assert done.returncode == 5
    assert done.stderr.endswith("/cu13\n")


@pytest.mark.parametrize("words", ["which no-such-tool", "root --cuda 11", "env --unset --format github", "which"])
def test_no_standard_error(environ, words):
    """What belongs there is lost, and is not taken for the answer."""
    done = run(*words.split(), closed="2>&-", environ=environ)
    assert done.returncode in {1, 2, 127}
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("words", ["list", "root", "doctor"])
def test_no_stream_at_all(environ, words):
    done = run(*words.split(), closed="<&- >&- 2>&-", environ=environ)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
