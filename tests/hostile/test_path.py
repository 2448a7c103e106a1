"""PATH, the current directory and CUDA_SHIMS_TOOLKIT as nobody would set them: shim, hook and command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from fake_toolkit import TOOL, write
from roots import make_root, root_path
from shim_support import failed, ran

from _cuda_shims import places as search
from _cuda_shims.shims import is_shim
from cuda_shims.cli import lookup, main
from cuda_shims.cli.commands.list import tool_rows
from cuda_shims.environment.environment import target_environment
from cuda_shims.environment.path import on_path
from cuda_shims.environment.toolkit import find_toolkits
from cuda_shims.errors import ConfigError, CudaShimsError
from cuda_shims.selection import Scope

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(search.__file__)))
COMMANDS = ("list", "which nvcc", "root", "env", "exec nvcc", "fit", "doctor", "install --dry-run")

# the current directory -----------------------------------------------------------------------------------------------

#: entries of PATH that name the current directory, or something in it
HERE = ["", ".", "./", "./.", "..", "bin", "./bin", "../here", "../here/bin", "bin/../bin"]
#: what a stranger's project may have lying about; each says that it was run
PROGRAMS = ("nvcc", "ptxas", "readlink", "ls", "command", "printf", "env", "sh", "python", "python3", "gcc", "g++")
MODULES = ("argparse", "json", "re", "shutil", "subprocess", "difflib", "platform", "filelock", "tomllib", "tomli")


@pytest.fixture
def planted(tmp_path):
    """A directory to stand in, full of programs and modules that may not run; returns it and what has run."""
    here, log = tmp_path / "here", tmp_path / "log"
    script = f'#!/bin/sh\necho "$0 $*" >>"{log}"\nexit 0\n'.encode()
    module = f"with open({str(log)!r}, 'a') as file:\n    file.write(__name__ + '\\n')\n".encode()
    for folder in ("", "bin", "nvidia/cu13/bin", "nvidia/cu99/bin", "lib/python3.11/site-packages/nvidia/cu99/bin"):
        for name in PROGRAMS:
            write(str(here / folder / name), script, 0o755)
    for name in MODULES:
        write(str(here / f"{name}.py"), module)
    write(str(here / "pyproject.toml"), b'[tool.cuda-shims]\ntoolkit = "13"\n')

    def has_run():
        return log.read_text().splitlines() if log.exists() else []

    return str(here), has_run


@pytest.mark.parametrize("entry", HERE)
@pytest.mark.parametrize("place", ["its own", "the next on PATH", "nowhere"])
def test_the_shim_runs_nothing_of_the_current_directory(call, prefix, tmp_path, planted, entry, place):
    here, has_run = planted
    shim = prefix.shim()
    path = [entry, prefix.bin, entry, str(tmp_path / "system"), entry]
    if place == "its own":
        expected = os.path.join(prefix.toolkit(), "bin/nvcc")
    elif place == "the next on PATH":
        expected = write(str(tmp_path / "system/nvcc"), TOOL, 0o755)
    done = call(shim, "-c", path=path, cwd=here)
    if place == "nowhere":
        failed(done, "not installed")
    else:
        assert ran(done) == expected
    assert has_run() == []


@pytest.mark.parametrize("relative", [True, False])
def test_no_program_of_the_current_directory_reads_a_link(call, prefix, tmp_path, planted, relative):
    here, has_run = planted
    toolkit = prefix.toolkit()
    shim = prefix.shim()
    link = str(tmp_path / "links/nvcc")
    os.mkdir(os.path.dirname(link))
    os.symlink(os.path.relpath(shim, os.path.dirname(link)) if relative else shim, link)
    for entry in HERE:
        done = call(link, path=[entry], cwd=here)
        assert has_run() == []
        assert os.path.normpath(ran(done)) == os.path.join(toolkit, "bin/nvcc")


@pytest.mark.parametrize("entry", HERE)
def test_the_hook_takes_nothing_of_the_current_directory(hook, prefix, planted, monkeypatch, entry):
    here, has_run = planted
    monkeypatch.chdir(here)
    # as site leaves it where a script's folder is not known: what is relative names the current directory
    found = hook(entry, "lib/python3.11/site-packages", PATH=f"{entry}:/usr/bin:{entry}")
    assert found == {"PATH": f"{entry}:/usr/bin:{entry}"}
    prefix.toolkit()
    prefix.ours()
    found = hook(entry, prefix.site, PATH=f"{entry}:/usr/bin:{entry}")
    root = root_path(prefix.site, 13)
    assert found["CUDACXX"] == os.path.join(root, "bin/nvcc")
    # in front of what the user has there, which stays
    assert found["PATH"] == f"{root}/bin:{entry}:/usr/bin:{entry}"
    assert has_run() == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("entry", ["", ".", "bin", "../here"])
def test_the_command_line_takes_nothing_of_the_current_directory(prefix, planted, entry, command):
    here, has_run = planted
    prefix.toolkit()
    prefix.ours()
    root = make_root(prefix.site, 13)
    done = subprocess.run(
        [sys.executable, "-m", "cuda_shims", *command.split()],
        cwd=here,
        env={**os.environ, "PYTHONPATH": f"{SOURCE}:{prefix.site}", "PATH": f"{entry}:{entry}:/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert has_run() == []
    assert "Traceback" not in done.stderr
    assert f"{here}/" not in done.stdout
    if command in {"root", "which nvcc"}:
        assert (done.returncode, done.stdout) == (0, f"{root if command == 'root' else root + '/bin/nvcc'}\n")
    elif command.startswith("exec"):  # the root's bin is in front
        assert done.stdout == f"{root}/bin/nvcc\0"


def test_a_package_in_the_current_directory_runs(tmp_path):
    """``python -m`` in the folder that holds the package itself: a checkout, a --target directory."""
    command = [sys.executable, "-m", "cuda_shims", "--version"]
    # what coverage has of the copy it would look for when the copy is gone
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "COVERAGE"))}
    shutil.copytree(os.path.join(SOURCE, "cuda_shims"), tmp_path / "cuda_shims")
    shutil.copytree(os.path.join(SOURCE, "_cuda_shims"), tmp_path / "_cuda_shims")
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("cuda-shims ")


def test_a_current_directory_that_was_removed(tmp_path):
    command = [sys.executable, "-m", "cuda_shims", "--version"]
    script = 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"'
    environ = {**os.environ, "PYTHONPATH": SOURCE}
    done = subprocess.run(
        ["sh", "-c", script, tmp_path / "gone", *command], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# entries of PATH ------------------------------------------------------------------------------------------------------


@pytest.fixture
def odd_entries(tmp_path):
    """Entries of PATH that exist and cannot be used, or cannot exist."""
    (tmp_path / "file").write_text("")
    os.symlink("loop", tmp_path / "loop")
    os.symlink("nowhere", tmp_path / "dangling")
    os.mkdir(tmp_path / "fifos")
    os.mkfifo(tmp_path / "fifos/nvcc")
    os.makedirs(tmp_path / "folders/nvcc")
    names = ["file", "loop", "dangling", "fifos", "folders", "file/bin", "loop/bin", "x" * 300, "x" * 300 + "/bin"]
    text = ["~", "~/bin", "$HOME/bin", "$(touch pwned)/bin", "`touch pwned`", "*", "/*/bin", "\t", " ", "-n", "--"]
    places = ["//", "///bin", "/proc/self/fd", "/dev/null", "/dev/null/bin", "\udcff", "/\udcff/bin"]
    return [*(str(tmp_path / name) for name in names), *text, *places]


def test_odd_entries_of_path(call, hook, prefix, tmp_path, odd_entries, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shim = prefix.shim()
    before = sorted(os.listdir(tmp_path))
    failed(call(shim, path=odd_entries, cwd=str(tmp_path)), "not installed")
    system = write(str(tmp_path / "system/nvcc"), TOOL, 0o755)
    path = [*odd_entries, str(tmp_path / "system")]
    assert ran(call(shim, path=path, cwd=str(tmp_path))) == system
    assert list(on_path("nvcc", os.pathsep.join(path))) == [system]
    assert hook(PATH=os.pathsep.join(path)) == {"PATH": os.pathsep.join(path)}
    prefix.toolkit()
    prefix.ours()
    root = make_root(prefix.site, 13)
    assert ran(call(shim, path=path, cwd=str(tmp_path))) == f"{root}/bin/nvcc"
    found = hook(prefix.site, PATH=os.pathsep.join(path))["PATH"]
    assert found == os.pathsep.join([f"{root}/bin", *path])
    assert sorted(os.listdir(tmp_path)) == sorted([*before, "system"])


MANY = 5000
#: what no environment holds in one variable is more than 128 KiB
KINDS = {
    "folders": "/no/such/{:05}",
    "prefixes": "/no/{:05}/bin",
    "relative": "relative/{:05}",
    "empty": "",
    "one": "/usr/bin",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.timeout(120)
def test_many_entries_of_path(call, hook, prefix, tmp_path, monkeypatch, kind):
    entries = [KINDS[kind].format(number) for number in range(MANY)]
    system = write(str(tmp_path / "system/nvcc"), TOOL, 0o755)
    path = [*entries, str(tmp_path / "system")]
    shim = prefix.shim()
    assert ran(call(shim, path=path)) == system
    toolkit = prefix.toolkit()
    prefix.ours()
    assert ran(call(shim, path=path)) == os.path.join(toolkit, "bin/nvcc")
    variables = hook(prefix.site, PATH=os.pathsep.join(path))
    root = root_path(prefix.site, 13)
    assert variables["PATH"] == os.pathsep.join([f"{root}/bin", *(each for each in path if each != f"{root}/bin")])
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    (toolkit,) = find_toolkits([prefix.site])
    rows = {row["tool"]: row for row in tool_rows(toolkit, os.environ["PATH"])}
    assert rows["nvcc"]["on_path"] == system
    monkeypatch.setattr(sys, "path", [*(each for each in sys.path if "-packages" not in each), prefix.site])
    scope = Scope("/nonexistent", os.environ, target_environment(prefix.site))
    assert lookup.which_tool("nvcc", scope)[0] == f"{root}/bin/nvcc"


def test_many_entries_and_the_doctor(prefix, monkeypatch, capsys):
    prefix.toolkit()
    prefix.ours()
    entries = [KINDS["prefixes"].format(number) for number in range(MANY)]
    monkeypatch.setattr(sys, "path", [*(each for each in sys.path if "-packages" not in each), prefix.site])
    monkeypatch.setenv("PATH", os.pathsep.join([*entries, "/usr/bin", "/bin"]))
    for command in ("list", "doctor"):
        assert main([command, "--json"]) in {0, 1}
        answer = json.loads(capsys.readouterr().out)
        assert answer["tools" if command == "list" else "findings"]
        assert "check-failed" not in str(answer)


def _without_rights(*command, **environ):
    # the superuser reads every folder: setpriv takes that away, and leaves the user and the files' owner as they are
    drop = []
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("the superuser reads every folder, and there is no setpriv (Debian package util-linux)")
        drop = [setpriv, "--bounding-set=-all", "--inh-caps=-all"]
    return subprocess.run([*drop, *command], env=environ, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize("mode", [0o000, 0o111, 0o444])
def test_entries_of_path_that_may_not_be_read(shell, commands, prefix, new_prefix, tmp_path, mode):
    hidden = new_prefix("hidden")
    hidden.toolkit()
    write(os.path.join(hidden.bin, "nvcc"), TOOL, 0o755)
    write(str(tmp_path / "system/nvcc"), TOOL, 0o755)
    shim = prefix.shim()
    closed = [hidden.bin, os.path.join(hidden.path, "lib")]
    path = os.pathsep.join([*closed, str(tmp_path / "system"), commands])
    code = "import sys; from _cuda_shims import places; from cuda_shims.environment.path import on_path;"
    code += "print(*on_path('nvcc', sys.argv[1]), sep='\\0'); list(places.sibling_site_dirs(sys.argv[1]))"
    try:
        for folder in closed:
            os.chmod(folder, mode)
        done = _without_rights(*shell, shim, PATH=path)
        seen = _without_rights(sys.executable, "-c", code, path, PYTHONPATH=SOURCE, PATH=path)
    finally:
        for folder in closed:
            os.chmod(folder, 0o755)  # noqa: S103 # as it was
    # a folder that may be passed through and not listed holds what can be run
    expected = os.path.join(hidden.bin, "nvcc") if mode == 0o111 else str(tmp_path / "system/nvcc")
    assert ran(done) == expected
    assert (seen.returncode, seen.stderr) == (0, b"")
    assert seen.stdout.decode().split("\0")[0].strip() == expected


# CUDA_SHIMS_TOOLKIT ---------------------------------------------------------------------------------------------------

#: neither a major nor an absolute path
GARBAGE = [
    *("13.5", "13.", ".13", "cu13", "CUDA 13", "+13", "-13", "13 ", " 13", "\t13", "13\n", "\n13", "1\n3", "0x0d"),
    *("\u0661\u0663", "\uff11\uff13", "1\u0663", "\u00b9\u00b3", "XIII", "13;14", "13:14", "13,14", "*", "[0-9]"),
    *("?", "~", "~/cuda", "./cuda", "../cuda", "cuda", " ", ".", "..", "$HOME", "$(touch pwned)", "`touch pwned`"),
    *("'", '"', "\\", "-n", "--", "%s%n", "\udcff", "none", "system", "C:\\cuda", "\r", "1e1", "x" * 100_000),
]
#: digits that are no CUDA major of ours
NUMBERS = ["0", "00", "013", "0013", "12", "14", "130", "1300", "13000", "130000", "13" * 20, "9" * 5000]
#: absolute paths; {cuda} has a toolkit, and so has what leads there
PATHS = {
    "{cuda}": True,
    "{cuda}/": True,
    "{cuda}//": True,
    "/{cuda}": True,
    "{cuda}/.": True,
    "{cuda}/bin/..": True,
    "{link}": True,
    "{cuda} x": True,
    "{cuda}\nx": True,
    "{cuda}*": True,
    "{cuda}$(touch pwned)": True,
    "{cuda}'\"\\": True,
    "{cuda}\udcff": True,
    "{cuda}:x": True,
    "/": False,
    "//": False,
    "/nowhere": False,
    "{cuda}/bin": False,
    "{cuda}/bin/nvcc": False,
    "{loop}": False,
    "{dangling}": False,
    "{prefix}": False,
    "/dev/null": False,
    "/{long}": False,
}


@pytest.fixture
def choices(prefix, tmp_path, monkeypatch):
    """An environment with CUDA 13, and toolkits that a choice may name; gives (shim, root, spell)."""
    prefix.toolkit()
    prefix.ours()
    root = make_root(prefix.site, 13)
    monkeypatch.chdir(tmp_path)
    os.symlink("cuda", tmp_path / "link")
    os.symlink("loop", tmp_path / "loop")
    os.symlink("nowhere", tmp_path / "dangling")
    names = {name: str(tmp_path / name) for name in ("cuda", "link", "loop", "dangling")}
    names.update(prefix=prefix.path, long="x" * 5000)

    def spell(choice):
        text = choice.format(**names)
        write(str(tmp_path / "cuda/bin/nvcc"), TOOL, 0o755)
        if PATHS[choice]:
            write(os.path.join(text, "bin/nvcc"), TOOL, 0o755)
        return text

    return prefix.shim(), root, spell


def _which(prefix, choice):
    # what the command line says
    environ = {"CUDA_SHIMS_TOOLKIT": choice, "PATH": "/usr/bin"}
    scope = Scope("/nonexistent", environ, target_environment(prefix.site), elsewhere=True)
    return lookup.which_tool("nvcc", scope)[0]


@pytest.mark.parametrize("choice", PATHS)
def test_a_choice_that_is_a_path(call, hook, prefix, choices, choice):
    shim, _, spell = choices
    path = spell(choice)
    done = call(shim, CUDA_SHIMS_TOOLKIT=path)
    found = hook(prefix.site, CUDA_SHIMS_TOOLKIT=path)
    if os.path.isdir(path):
        # builds are told, whatever is there: what the user names is not to be another toolkit
        nvcc = os.path.join(path, "bin/nvcc")
        assert (found["CUDA_HOME"], found.get("CUDACXX")) == (path, None if is_shim(nvcc) else nvcc)
        assert found["PATH"].startswith(os.path.join(path, "bin:"))
    else:  # refused, and not replaced
        assert found == {"CUDA_SHIMS_TOOLKIT": path, "PATH": "/usr/bin"}
    if PATHS[choice]:
        assert ran(done) == f"{path}/bin/nvcc"
        assert os.path.normpath(_which(prefix, path)) == os.path.normpath(f"{path}/bin/nvcc")
    else:
        assert (done.returncode, done.stdout) == (127, b"")
        assert b"holds no such tool" in done.stderr
        with pytest.raises(ConfigError, match="holds no nvcc" if os.path.isdir(path) else "there is no folder"):
            _which(prefix, path)
    assert not os.path.exists("pwned")


@pytest.mark.parametrize("choice", [*GARBAGE, *NUMBERS], ids=lambda value: ascii(value)[1:25])
def test_a_choice_of_what_is_not_there(call, prefix, choices, choice):
    shim, _, _ = choices
    done = call(shim, CUDA_SHIMS_TOOLKIT=choice)
    assert (done.returncode, done.stdout) == (127, b"")
    assert b"CUDA_SHIMS_TOOLKIT=" in done.stderr
    with pytest.raises(CudaShimsError):
        _which(prefix, choice)
    assert not os.path.exists("pwned")


@pytest.mark.usefixtures("choices")
def test_the_hook_chooses_nothing_for_a_choice_of_what_is_not_there(hook, prefix):
    found = {choice: hook(prefix.site, CUDA_SHIMS_TOOLKIT=choice) for choice in (*GARBAGE, *NUMBERS)}
    assert found == {choice: {"CUDA_SHIMS_TOOLKIT": choice, "PATH": "/usr/bin"} for choice in found}


def test_a_choice_that_is_there(call, hook, prefix, choices):
    shim, root, _ = choices
    assert ran(call(shim, CUDA_SHIMS_TOOLKIT="13")) == f"{root}/bin/nvcc" == _which(prefix, "13")
    assert hook(prefix.site, CUDA_SHIMS_TOOLKIT="13")["CUDACXX"] == f"{root}/bin/nvcc"
