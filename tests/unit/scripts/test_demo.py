"""The demo's pure functions and its failure sentences; a real run is the README's first command."""

from __future__ import annotations

import argparse
import io
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from checkout import CHECKOUT
from script_support import load_script

SCRIPT = os.path.join(CHECKOUT, "scripts", "demo.py")
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the demo runs on Linux")


@pytest.fixture(scope="module")
def demo():
    return load_script("demo")


def run(*arguments, **environment):
    command = [sys.executable, SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


@pytest.fixture
def only(tmp_path):
    """A PATH that holds nothing but the named tools."""

    def make(*names):
        for name in names:
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)
        return str(tmp_path)

    return make


@pytest.mark.parametrize(
    ("text", "constraint"),
    [("13", "13.*"), ("13.4", "13.4.*"), ("13.4.*", "13.4.*"), ("13.4.3", "13.4.3"), ("13.0.3.0", "13.0.3.0")],
)
def test_toolkit_version(demo, text, constraint):
    assert demo.toolkit_version(text) == constraint


@pytest.mark.parametrize("text", ["12.9", "14", "newest", "", "13.", "13.4 ; x", "130"])
def test_toolkit_version_refused(demo, text):
    with pytest.raises(argparse.ArgumentTypeError, match="no CUDA 13 version"):
        demo.toolkit_version(text)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("NewConnectionError('x')\nERROR: No matching distribution found for hatchling", "no network"),
        ("  cause: error sending request for url (…)", "no network"),
        ("ERROR: No matching distribution found for cuda-toolkit==13.77.*", "no release fits"),
        ("OSError: [Errno 28] No space left on device", "TMPDIR"),
        ("#error -- unsupported GNU version! gcc versions later than 16", "CUDAHOSTCXX"),
    ],
)
def test_reason(demo, output, reason):
    assert reason in demo.reason_for(output)


def test_no_reason(demo):
    assert demo.reason_for("undefined reference to `main'") is None


@pytest.mark.parametrize("prefix", ["", "https://example.org/a/b/"])
def test_download_progress(demo, tmp_path, prefix):
    name = "nvidia_nvvm-13.5.37-py3-none-manylinux2010_x86_64.whl"
    line = f"  Downloading {prefix}{name} (4.0 MB)\n"
    assert demo.download_progress(line, str(tmp_path)) is None
    folder = tmp_path / "pip-unpack-abc"
    folder.mkdir()
    (folder / name).write_bytes(b"x" * 1_000_000)
    assert demo.download_progress(line, str(tmp_path)) == "nvidia_nvvm-13.5.37: 1.0 of 4.0 MB, 25 %"
    assert demo.download_progress("Collecting nvidia-nvvm", str(tmp_path)) is None


def test_shortened(demo):
    line = "  Downloading https://x/f/nvidia_nvvm-13.5.37-py3-none-manylinux2010_x86_64.whl (75.1 MB)\n"
    assert demo.shortened(line) == "Downloading nvidia_nvvm-13.5.37 (75.1 MB)"
    assert len(demo.shortened("y" * 300)) == 100


def test_compiler_used(demo, tmp_path):
    folder = tmp_path / "CMakeFiles" / "3.25.1"
    folder.mkdir(parents=True)
    (folder / "CMakeCUDACompiler.cmake").write_text(
        'set(CMAKE_CUDA_COMPILER "/e/bin/nvcc")\nset(CMAKE_CUDA_COMPILER_VERSION "13.5.37")\nset(OTHER "x")\n'
    )
    assert demo.compiler_used(str(tmp_path)) == {"COMPILER": "/e/bin/nvcc", "COMPILER_VERSION": "13.5.37"}


def test_compiler_used_without_record(demo, tmp_path):
    with pytest.raises(demo.DemoError, match="no record"):
        demo.compiler_used(str(tmp_path))


@pytest.mark.parametrize(
    ("root", "answer"),
    [
        ("/tmp/b/overlay/lib/python3.11/site-packages/cuda_shims_toolkit/cu13", True),
        ("/tmp/b/local/lib/python3.11/dist-packages/nvidia/cu13", True),
        ("/home/me/.cache/cuda-shims/roots/3a99712d3351da99/cu13", True),
        ("/usr/local/cuda-13.0", False),
        ("/usr/lib/nvidia/cu13", False),
    ],
)
def test_from_wheels(demo, root, answer):
    assert demo.from_wheels(root) is answer


def options(**changes):
    chosen = {"keep": False, "toolkit": None, "front_end": "pip", "cupy": False, **changes}
    return argparse.Namespace(**chosen)


def test_environment_names_no_other_toolkit(demo, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CUDA_HOME", "/usr/local/cuda")
    made = demo.Demo(str(tmp_path), options(), "/usr/bin/g++")
    assert "CUDA_HOME" not in made.environment
    assert "CUDA_HOME" in capsys.readouterr().out


def test_clang_is_handed_to_nvcc(demo, tmp_path):
    made = demo.Demo(str(tmp_path), options(), "/usr/bin/clang++")
    assert made.environment["CUDAHOSTCXX"] == "/usr/bin/clang++"


def test_constraints(demo, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONSTRAINT", "theirs.txt")
    monkeypatch.delenv("PIP_BUILD_CONSTRAINT", raising=False)
    made = demo.Demo(str(tmp_path), options(toolkit="13.4.*"), "/usr/bin/g++")
    demo.constrain(made.environment, str(tmp_path), "/a b/cuda_shims-0.1.0-py3-none-any.whl", "13.4.*")
    path = tmp_path / "constraints.txt"
    assert path.read_text() == "cuda-shims @ file:///a%20b/cuda_shims-0.1.0-py3-none-any.whl\ncuda-toolkit==13.4.*\n"
    assert made.environment["PIP_CONSTRAINT"] == f"theirs.txt {path.as_uri()}"
    assert made.environment["PIP_BUILD_CONSTRAINT"] == path.as_uri()


def test_failed_step(demo, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    made = demo.Demo(str(work), options(), "/usr/bin/g++")
    with pytest.raises(demo.DemoError, match="cannot do this: see the lines above"):
        made.step("do this", [sys.executable, "-c", "print('because'); raise SystemExit(3)"])
    assert (tmp_path / "work.log").read_text() == "because\n"


def test_help():
    result = run("--help", PATH="/nonexistent")
    assert result.returncode == 0
    assert "--toolkit" in result.stdout


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--toolkit", "12.9"], ["--front-end", "conda"]])
def test_wrong_option(arguments):
    result = run(*arguments, PATH="/nonexistent")
    assert result.returncode == 2
    assert result.stdout == ""


@LINUX
def test_no_compiler():
    result = run(PATH="/nonexistent")
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == "demo: no C++ compiler on PATH, and nvcc needs one; on Debian and Ubuntu: apt install g++\n"


@LINUX
def test_named_compiler_missing(only):
    result = run(PATH=only("g++"), CUDAHOSTCXX="g++-99")
    assert result.returncode == 1
    assert result.stderr == "demo: CUDAHOSTCXX names a compiler that is not there: g++-99\n"


@LINUX
def test_space_in_tmpdir(only, tmp_path):
    folder = tmp_path / "a b"
    folder.mkdir()
    result = run(PATH=only("g++"), TMPDIR=str(folder))
    assert result.returncode == 1
    assert "let TMPDIR name another one" in result.stderr


@LINUX
def test_no_uv(only):
    result = run("--front-end", "uv", PATH=only("g++"))
    assert result.returncode == 1
    assert result.stderr == "demo: uv is not on PATH: install it, or leave --front-end out\n"


@LINUX
def test_clang_will_do(demo, only, monkeypatch):
    monkeypatch.delenv("CUDAHOSTCXX", raising=False)
    monkeypatch.setenv("PATH", only("clang++"))
    assert demo.check_machine("pip").endswith("/clang++")


@LINUX
def test_no_ensurepip(demo, monkeypatch):
    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(demo.DemoError, match="apt install python3-venv"):
        demo.check_machine("pip")


def test_not_linux(demo, monkeypatch):
    monkeypatch.setattr(demo.sys, "platform", "darwin")
    with pytest.raises(demo.DemoError, match="runs on Linux, this is darwin"):
        demo.check_machine("pip")


# what a person sees ---------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self):
        return True


@pytest.fixture
def screen(demo, monkeypatch):
    """Give a function that makes a screen: on a terminal of 40 columns, or not."""

    def screen(stream):
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "40")
        return demo.Screen()

    return screen


def test_a_phase_is_one_line_in_place(screen):
    out = Terminal()
    made = screen(out)
    made.begin("compile")
    made.show("1 of 2")
    made.show("x" * 100)
    made.begin("link")
    made.end()
    lines = out.getvalue().split("\n")
    assert [line.rpartition("\r")[2] for line in lines] == ["    0.0 s  compile\x1b[K", "    0.0 s  link\x1b[K", ""]
    shown = [part.replace("\x1b[K", "") for part in lines[0].split("\r")]
    assert shown[:3] == ["", "      0 s  compile", "      0 s  compile: 1 of 2"]
    assert [len(part) for part in shown[3:]] == [39, 18]


def test_where_nobody_watches_a_phase_is_a_line_when_it_ends(screen):
    out = io.StringIO()
    made = screen(out)
    made.begin("compile")
    made.show("1 of 2")
    made.begin("link")
    made.end(": failed")
    made.end()
    assert out.getvalue() == "    0.0 s  compile\n    0.0 s  link: failed\n"


def test_a_log_is_told_now_and_then(demo, screen, monkeypatch):
    monkeypatch.setattr(demo, "PATIENCE", -1)
    out = io.StringIO()
    made = screen(out)
    made.begin("compile")
    made.show("1 of 2")
    assert out.getvalue() == "      0 s  compile ...\n      0 s  compile: 1 of 2 ...\n"


def test_phases_have_their_names(demo, tmp_path, capsys):
    work = tmp_path / "work"
    work.mkdir()
    lines = ["Collecting x", *demo.PHASES, "Removed"]
    made = demo.Demo(str(work), options(), "/usr/bin/g++")
    made.step(demo.EXAMPLE_TITLE, [sys.executable, "-c", f"print({chr(10).join(lines)!r})"])
    phases = [line.partition(" s  ")[2] for line in capsys.readouterr().out.splitlines()]
    first = "download and install its build environment"
    assert phases == [f"build the example: {each}" for each in (first, *demo.PHASES.values())]


#: stand in for a whole run: it says what worked, fails, or waits
RUNS = {
    "works": "lambda self: self.step('list', ['echo']) and 'It worked.'",
    "fails": "lambda self: self.step('fail', ['false'])",
    "waits": "lambda self: self.step('wait', ['sh', '-c', 'echo waiting; exec sleep 60'])",
}


def run_as(how, tmp_path, only, *arguments, press=None):
    """Run the demo with another Demo.run(); return what it said, and what it left in its folder."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    environ = {"PATH": f"{only('g++')}:/usr/bin:/bin", "TMPDIR": str(folder), "PYTHONPATH": os.path.dirname(SCRIPT)}
    # a shell's background job, which the tests may be, ignores SIGINT, and so do its children
    code = (
        "import signal, sys, demo; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"demo.Demo.run = {RUNS[how]}; sys.exit(demo.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if press:
        wait_for(lambda: [each for each in folder.glob("*.log") if "waiting" in each.read_text()])
        process.send_signal(press)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err, sorted(each.suffix for each in folder.iterdir())


def wait_for(find):
    end = time.monotonic() + 60
    while not find():
        assert time.monotonic() < end
        time.sleep(0.01)


@LINUX
def test_what_it_costs_comes_first_and_what_is_left_last(tmp_path, only):
    code, out, err, left = run_as("works", tmp_path, only)
    lines = out.splitlines()
    assert (code, err, left) == (0, "", [])
    assert lines[0].startswith("downloads about 160 MB of wheels into pip's cache")
    assert re.fullmatch(r"needs up to \d+ MB of disk while it runs, in .*/cuda-shims-demo-\S+", lines[1])
    assert re.fullmatch(r"It worked\. .*/cuda-shims-demo-\S+ is removed\.", lines[-1])


@LINUX
def test_what_is_kept_is_named(tmp_path, only):
    code, out, _, left = run_as("works", tmp_path, only, "--keep")
    assert (code, left) == (0, [""])
    assert re.search(r"It worked\. .*/cuda-shims-demo-\S+ stays\. Try: .*/venv/bin/python -c ", out)


@LINUX
@pytest.mark.parametrize(
    ("how", "press", "why"),
    [("fails", None, "cannot fail: see the lines above"), ("waits", signal.SIGINT, "interrupted")],
)
def test_what_stays_after_a_failure_is_named(tmp_path, only, how, press, why):
    code, out, err, left = run_as(how, tmp_path, only, press=press)
    assert (code, left) == (1, [".log"])
    assert re.fullmatch(rf"demo: {why}; (.*/cuda-shims-demo-\S+) is removed; all output is in \1\.log\n", err)
    assert ("wait: interrupted" in out) is bool(press)


@LINUX
def test_another_press_of_ctrl_c_does_not_stop_the_cleaning(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    code = (
        "import os, shutil, signal, sys, demo; real = shutil.rmtree; "
        "shutil.rmtree = lambda *a, **k: (os.kill(os.getpid(), signal.SIGINT), real(*a, **k)); "
        "print(demo.clean(sys.argv[1], keep=False))"
    )
    environ = {**os.environ, "PYTHONPATH": os.path.dirname(SCRIPT)}
    command = [sys.executable, "-c", code, str(work)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{work} is removed\n", "")
