"""The command line: what each command answers, its exit codes, and what bad input gets (contract 4.5)."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from checkout import CHECKOUT
from fake_toolkit import (
    NVCC_TOOLS,
    TOOL,
    Prefix,
    snapshot,
    write,
    write_distribution,
    write_ours,
    write_toolkit,
)

from _cuda_shims import ROOTS_FOLDER, places
from _cuda_shims.places import Place
from cuda_shims import __main__, __version__
from cuda_shims.catalog import tools
from cuda_shims.cli import main
from cuda_shims.cli.output import SCHEMA
from cuda_shims.cli.parser import FORMATS, VARIABLES
from cuda_shims.environment import record
from cuda_shims.environment.environment import target_environment

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(places.__file__)))
COMMANDS = ("install", "uninstall", "list", "which", "root", "env", "exec", "fit", "doctor")


@pytest.fixture
def call(capfd):
    def call(*arguments):
        capfd.readouterr()
        try:
            code = main(list(arguments))
        except SystemExit as stopped:
            code = stopped.code
        return SimpleNamespace(code=code, out=(said := capfd.readouterr()).out, err=said.err)

    return call


def refused(done, code, *words):
    """One sentence on stderr, nothing on stdout, and the documented exit code."""
    assert (done.code, done.out) == (code, ""), done
    assert done.err.startswith("cuda-shims: ")
    assert done.err.count("\n") == 1
    for word in words:
        assert word in done.err


# install and uninstall ------------------------------------------------------------------------------------------------


def test_install_then_nothing_to_do_then_uninstall(call, home):
    done = call("install")
    root = Place(home.site, 13).beside
    assert (done.code, done.err) == (0, "")
    assert f"created {root} (CUDA 13.5.37, " in done.out
    for tool in NVCC_TOOLS:
        assert f"replaced {home.bin}/{tool}\n" in done.out
    assert "cuda_shims.pth" not in done.out
    assert Place(home.site, 13).fresh_root() == root

    before = snapshot(home.path, times=True)
    done = call("install")
    assert (done.code, done.out, done.err) == (0, "nothing to do: everything is as it should be\n", "")
    assert snapshot(home.path, times=True) == before
    done = call("install", "-v")
    assert f"unchanged {home.site}/cuda_shims.pth\n" in done.out
    assert snapshot(home.path, times=True) == before

    done = call("uninstall")
    assert (done.code, done.err) == (0, "")
    assert f"removed {home.bin}/nvcc\n" in done.out
    assert not [path for path in snapshot(home.path) if "cuda" in path.replace("nvidia", "") and "shims" in path]
    assert sorted(os.listdir(home.bin)) == ["pip"]
    done = call("uninstall")
    assert (done.code, done.out, done.err) == (0, "there is nothing to remove\n", "")


def test_what_others_have_is_as_it_was_after_all(call, home):
    alone = Prefix(home.path + "-alone")
    alone.toolkit()
    shutil.copy(os.path.join(home.bin, "pip"), alone.bin)
    call("install")
    call("uninstall")
    assert snapshot(home.path) == snapshot(alone.path)


def test_dry_runs_write_nothing(call, home):
    fresh = snapshot(home.path, times=True)
    for _ in range(2):
        done = call("install", "--dry-run")
        assert (done.code, done.err) == (0, "")
        assert f"would create {Place(home.site, 13).beside}" in done.out
        assert f"would replace {home.bin}/nvcc\n" in done.out
        assert snapshot(home.path, times=True) == fresh
    call("install")
    there = snapshot(home.path, times=True)
    done = call("uninstall", "--dry-run")
    assert f"would remove {home.bin}/nvcc\n" in done.out
    assert snapshot(home.path, times=True) == there


@pytest.mark.usefixtures("home")
def test_what_a_dry_run_says_is_what_is_done(call):
    for command in ("install", "uninstall"):
        planned = json.loads(call(command, "--dry-run", "--json").out)
        done = json.loads(call(command, "--json").out)
        assert (planned.pop("dry_run"), done.pop("dry_run")) == (True, False)
        assert planned == done
        assert planned["schema"] == SCHEMA
        assert {change["what"] for change in planned["changes"]} <= {"root", "shim", "hook", "file", "package"}


@pytest.mark.usefixtures("home")
def test_quiet_and_verbose(call):
    assert call("install", "-q").out == ""
    assert call("install", "-q").out == ""
    assert "unchanged" in call("install", "-v").out


def test_an_optional_tool_gets_a_shim_when_it_is_there(call, home):
    call("install")
    assert not os.path.exists(os.path.join(home.bin, "cuobjdump"))
    home.toolkit(components=["nvidia-cuda-cuobjdump"])
    assert f"created {home.bin}/cuobjdump\n" in call("install").out
    info = os.path.join(home.site, "cuda_shims-0.1.0.dist-info")
    assert "../../../bin/cuobjdump" in record.record_lines(record.read_record(info))
    shutil.rmtree(os.path.join(home.site, "nvidia_cuda_cuobjdump-13.5.37.dist-info"))
    os.unlink(os.path.join(home.site, "nvidia/cu13/bin/cuobjdump"))
    assert f"removed {home.bin}/cuobjdump\n" in call("install").out
    assert "../../../bin/cuobjdump" not in record.record_lines(record.read_record(info))


@pytest.mark.parametrize("again", ["the hook", "install"])
def test_what_install_wrote_stays_when_a_toolkit_is_upgraded(call, home, again):
    call("install")
    write(os.path.join(home.site, "nvidia/cu13/bin/cuobjdump"), TOOL, 0o755)
    time.sleep(0.1)  # or it would be checked once more, being racily clean
    call("install" if again == "install" else "root")
    assert "cuda_shims.pth" in os.listdir(home.site)
    assert call("install").out == "nothing to do: everything is as it should be\n"


def test_record_says_of_every_file_what_it_is(call, home):
    call("install")
    info = os.path.join(home.site, "cuda_shims-0.1.0.dist-info")
    rows = record.record_lines(record.read_record(info))
    assert rows[ROOTS_FOLDER] == ("", "")
    for path, (digest, size) in rows.items():
        if digest:
            with open(os.path.join(home.site, path), "rb") as file:
                data = file.read()
            assert (record.record_hash(data), str(len(data))) == (digest, size), path


# other people's files -------------------------------------------------------------------------------------------------


def test_another_distributions_script_is_left_alone_and_named(call, home):
    theirs = b"#!/usr/bin/python\nprint('theirs')\n"
    write_distribution(home.site, "other-nvcc", "1.0", {"../../../bin/nvcc": theirs})
    path = os.path.join(home.bin, "nvcc")
    for _ in range(2):
        done = call("install")
        assert done.code == 1
        assert f"left alone {path} (it belongs to other-nvcc 1.0)" in done.out
        assert done.err == "cuda-shims: 1 file(s) are not ours and stay; --force overrides this\n"
        with open(path, "rb") as file:
            assert file.read() == theirs
    done = call("install", "--force")
    assert (done.code, f"replaced {path}\n" in done.out) == (0, True)
    assert call("install").out == "nothing to do: everything is as it should be\n"


def test_nobodys_file(call, home):
    write(os.path.join(home.bin, "nvcc"), b"mine")
    assert "it belongs to no installed distribution" in call("install").out


def test_a_shim_that_is_gone_is_repaired(call, home):
    call("install")
    os.unlink(os.path.join(home.bin, "nvcc"))
    os.chmod(os.path.join(home.bin, "ptxas"), 0o644)
    done = call("install")
    assert f"created {home.bin}/nvcc\n" in done.out
    assert f"replaced {home.bin}/ptxas\n" in done.out
    assert os.access(os.path.join(home.bin, "ptxas"), os.X_OK)


def test_uninstall_leaves_what_somebody_changed(call, home):
    call("install")
    path = write(os.path.join(home.bin, "nvcc"), b"theirs")
    done = call("uninstall")
    assert done.code == 1
    assert f"left alone {path} (it has changed since we wrote it; --force removes it)" in done.out
    assert sorted(os.listdir(home.bin)) == ["nvcc", "pip"]


def test_uninstall_by_force(call, home):
    call("install")
    write(os.path.join(home.bin, "nvcc"), b"theirs")
    assert call("uninstall", "--force").code == 0
    assert os.listdir(home.bin) == ["pip"]


def test_uninstall_without_record_says_who_can(call, home):
    os.unlink(os.path.join(home.site, "cuda_shims-0.1.0.dist-info", "RECORD"))
    done = call("uninstall")
    assert done.code == 1
    assert "it has no RECORD: remove the package with the tool that installed it" in done.out


def test_uninstall_takes_compiled_files_along(call, home):
    module = write(os.path.join(home.site, "cuda_shims/some.py"), b"x = 1\n")
    import importlib.util
    import py_compile

    cached = importlib.util.cache_from_source(module)
    py_compile.compile(module)
    for tag in ("cpython-38", "cpython-38.opt-1", "pypy310"):
        shutil.copy(cached, os.path.join(os.path.dirname(cached), f"some.{tag}.pyc"))
    with open(os.path.join(home.site, "cuda_shims-0.1.0.dist-info", "RECORD"), "a", encoding="utf-8") as file:
        file.write(f"cuda_shims/some.py,{record.record_hash(b'x = 1' + bytes([10]))},6\n")
    assert call("uninstall").code == 0
    assert not os.path.exists(os.path.join(home.site, "cuda_shims"))


# other environments ---------------------------------------------------------------------------------------------------


def test_a_base_environment_is_not_touched(call, new_prefix, at_home):
    base, venv = new_prefix("base"), new_prefix("venv")
    base.toolkit()
    base.ours()
    write(os.path.join(base.bin, "python3"))
    at_home(base)
    call("install")
    before = snapshot(base.path, times=True)
    venv.ours()
    at_home(venv, base.site)
    for command in ("install", "root", "uninstall"):
        assert call(command).code == 0
        assert snapshot(base.path, times=True) == before, command


def test_a_base_environment_without_us_is_not_written_to(call, new_prefix, at_home, tmp_path):
    base, venv = new_prefix("base"), new_prefix("venv")
    base.toolkit()
    write(os.path.join(base.bin, "python3"))
    before = snapshot(base.path, times=True)
    venv.ours()
    at_home(venv, base.site)
    done = call("install")
    assert done.code == 0
    assert f"created {tmp_path}/user-cache/" in done.out
    assert snapshot(base.path, times=True) == before
    assert call("root").out.startswith(f"{tmp_path}/user-cache/")


@pytest.mark.parametrize("wheel_first", [False, True])
def test_a_root_elsewhere_is_removed_too(call, new_prefix, at_home, tmp_path, wheel_first):
    prefix = new_prefix("with space")
    prefix.toolkit()
    prefix.ours()
    at_home(prefix)
    call("install")
    assert [path for path in snapshot(str(tmp_path / "user-cache")) if path.endswith("bin/nvcc")]
    if wheel_first:
        shutil.rmtree(os.path.join(prefix.site, "nvidia"))
    call("uninstall")
    assert not [path for path in snapshot(str(tmp_path / "user-cache")) if "cu13" in path]


def test_another_interpreters_environment(call, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    prefix = Prefix(str(tmp_path / "venv"))
    prefix.toolkit()
    before = snapshot(prefix.path)
    python = os.path.join(prefix.bin, "python")
    done = call("install", "--python", python)
    assert (done.code, f"created {prefix.bin}/nvcc\n" in done.out) == (0, True)
    needs = "the start-up hook needs cuda-shims itself, which is not installed in the environment of"
    assert re.search(rf"{needs} .*: pip --python {re.escape(python)} install cuda-shims\n", done.err)
    root = Place(prefix.site, 13).beside
    assert call("root", "--python", prefix.path).out == f"{root}\n"
    assert call("which", "--python", python, "nvcc").out == f"{root}/bin/nvcc\n"
    assert call("uninstall", "--python", python).code == 0
    assert snapshot(prefix.path) == before


def test_a_target_directory(call, tmp_path):
    target = str(tmp_path / "target")
    write_toolkit(target)
    write_ours(target, os.path.join(target, "bin"))
    before = snapshot(target)
    done = call("install", "--target", target)
    assert (done.code, f"created {target}/sitecustomize.py\n" in done.out) == (0, True)
    assert call("install", "--target", target).out == "nothing to do: everything is as it should be\n"
    # a root that is renewed by the hook takes nothing away
    write(os.path.join(target, "nvidia/cu13/bin/cuobjdump"), TOOL, 0o755)
    assert call("root", "--target", target).out == f"{Place(target, 13).beside}\n"
    assert os.path.exists(os.path.join(target, "sitecustomize.py"))
    assert call("uninstall", "--target", target).code == 0
    assert {path for path in snapshot(target) if "nvidia" not in path} == set()
    assert {path for path in before if path.startswith("nvidia")} <= set(snapshot(target))


def test_a_prefix(call, new_prefix):
    prefix = new_prefix("prefix")
    prefix.toolkit()
    prefix.ours()
    done = call("install", "--prefix", prefix.path)
    assert (done.code, f"created {prefix.site}/sitecustomize.py\n" in done.out) == (0, True)
    assert call("install", "--prefix", prefix.path).out == "nothing to do: everything is as it should be\n"
    assert call("root", "--prefix", prefix.path).out == f"{Place(prefix.site, 13).beside}\n"
    assert call("uninstall", "--prefix", prefix.path).code == 0
    assert not [path for path in snapshot(prefix.path) if "shims" in path or "customize" in path]


def test_a_sitecustomize_of_somebody_else(call, tmp_path):
    target = str(tmp_path / "target")
    write_toolkit(target)
    write_ours(target, os.path.join(target, "bin"))
    path = write(os.path.join(target, "sitecustomize.py"), b"theirs = True\n")
    done = call("install", "--target", target)
    assert (done.code, f"left alone {path} " in done.out) == (1, True)
    call("uninstall", "--target", target)
    with open(path, "rb") as file:
        assert file.read() == b"theirs = True\n"


# questions ------------------------------------------------------------------------------------------------------------


def test_list(call, home, tmp_path, monkeypatch):
    write(str(tmp_path / "other/nvcc"), TOOL, 0o755)
    write(str(tmp_path / "first/ptxas"), TOOL, 0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/first:{home.bin}:{tmp_path}/other")
    done = call("list")
    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert lines[0] == f"CUDA 13.5.37 in {home.site}/nvidia/cu13"
    assert lines[1] == "  nvcc               13.5.37  nvidia-cuda-nvcc"
    assert "  cuobjdump          -        cuda-toolkit[cuobjdump]==13.*" in lines
    assert lines[-6:] == [
        "to install a missing one:",
        '  pip install "cuda-toolkit[cuobjdump]==13.*"',
        f"PATH gives others, from {tmp_path}/first:",
        "  ptxas",
        f"PATH has others behind these, in {tmp_path}/other:",
        "  nvcc",
    ]
    data = json.loads(call("list", "--json").out)
    assert (data["schema"], data["toolkit"]["version"], data["toolkit"]["root"]) == (SCHEMA, "13.5.37", None)
    assert data["tools"][0]["shadows"] == [f"{tmp_path}/other/nvcc"]
    assert data["tools"][0]["path"] == f"{home.site}/nvidia/cu13/bin/nvcc"


def test_list_fits_a_narrow_terminal(call, home, tmp_path, monkeypatch):
    """But for paths and the line that installs, which have to be copied."""
    for tool in tools.TOOLS:
        write(str(tmp_path / "other" / tool.name), TOOL, 0o755)
    monkeypatch.setenv("PATH", f"{home.bin}:{tmp_path}/other")
    lines = [line for line in call("list").out.splitlines() if str(tmp_path) not in line and "pip install" not in line]
    assert len(lines) > 12
    assert max(map(len, lines)) <= 60


def test_list_of_a_whole_toolkit_installs_nothing(call, home):
    for tool in tools.TOOLS:
        write(os.path.join(home.site, "nvidia/cu13/bin", tool.name), TOOL, 0o755)
    out = call("list").out
    assert "to install" not in out
    assert len(out.splitlines()) == 1 + len(tools.TOOLS)


def test_list_of_another_environment_installs_there(call, home):
    done = call("list", "--target", home.site)
    assert f'  pip install --target {home.site} "cuda-toolkit[cuobjdump]==13.*"' in done.out
    row = json.loads(call("list", "--target", home.site, "--json").out)["tools"][7]
    assert f"pip install --target {home.site} " in row["fix"]


def test_which_and_root(call, home):
    assert call("which", "nvcc").out == f"{home.site}/nvidia/cu13/bin/nvcc\n"
    root = Place(home.site, 13).beside
    assert call("root").out == f"{root}\n"  # made by asking
    assert call("which", "cicc").out == f"{root}/nvvm/bin/cicc\n"
    said = json.loads(call("which", "nvcc", "--json").out)
    (held,) = said.pop("holdings")
    assert (held["distribution"], held["extra"], held["kind"]) == ("nvidia-cuda-nvcc", "nvcc", "tool")
    assert said == {
        "schema": SCHEMA,
        "tool": "nvcc",
        "kind": "tool",
        "path": f"{root}/bin/nvcc",
        "toolkit": "13.5.37",
    }
    assert json.loads(call("root", "--json").out) == {"schema": SCHEMA, "root": root}


def test_the_chosen_toolkit(call, home, tmp_path, monkeypatch):
    home.toolkit("12.9.88", ["nvidia-cuda-nvcc"])
    assert call("root").out.endswith("/cu13\n")
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = 12\n")
    assert call("root").out.endswith("/cu12\n")
    monkeypatch.setenv("CUDA_SHIMS_TOOLKIT", "13")
    assert call("root").out.endswith("/cu13\n")
    (tmp_path / "my cuda").mkdir()
    monkeypatch.setenv("CUDA_SHIMS_TOOLKIT", str(tmp_path / "my cuda"))
    assert call("root").out == f"{tmp_path}/my cuda\n"
    monkeypatch.setenv("CUDA_SHIMS_TOOLKIT", "14")
    refused(call("root"), 1, "no pip-installed CUDA 14 toolkit in the environment of")


def test_a_toolkit_with_a_compiler_comes_first(call, prefix, new_prefix, at_home):
    libraries = new_prefix("libraries")
    libraries.toolkit("14.0.1", ["nvidia-cuda-runtime"])
    prefix.toolkit()
    at_home(libraries, prefix.site)
    assert call("which", "nvcc").out == f"{prefix.site}/nvidia/cu13/bin/nvcc\n"


@pytest.mark.parametrize("form", [each for each in FORMATS if each != "github-path"])
def test_env(call, home, form):
    root = Place(home.site, 13).beside
    done = call("env", "--format", form)
    assert done.code == 0
    assert done.out.count(root) >= 6
    assert done.out.endswith("\n")
    assert ("github-path" in done.err) is (form == "github")


def test_env_for_github_path_and_json(call, home):
    root = Place(home.site, 13).beside
    assert call("env", "--format", "github-path").out == f"{root}/bin\n"
    assert root in call("env", "--json").out
    assert isinstance(json.loads(call("env", "--json").out), dict)


def test_env_of_what_goes_last_on_path(call, tmp_path, monkeypatch):
    """The folders of companions: JSON has them, and GitHub's files cannot."""
    monkeypatch.setenv("CUDA_SHIMS_TOOLKIT", str(tmp_path))
    assert json.loads(call("env", "--json").out)["last_search_paths"] == {}
    assert "companion" not in call("env", "--format", "github").err
    (tmp_path / "search").mkdir()
    said = json.loads(call("env", "--json").out)
    assert said["last_search_paths"] == {"PATH": f"{tmp_path}/search:{tmp_path}/include"}
    assert said["search_paths"]["PATH"] == f"{tmp_path}/bin"
    done = call("env", "--format", "github")
    assert f"{tmp_path}/search" not in done.out
    assert 'in a step that looks for them run: eval "$(cuda-shims env)"' in done.err


def test_env_in_a_shell(call, home):
    text = call("env").out
    done = subprocess.run(["sh", "-c", text + 'printf "%s\\n" "$CUDA_HOME" "$NVCC"; command -v nvcc'],
                          capture_output=True, text=True, check=True)  # fmt: skip
    root = Place(home.site, 13).beside
    assert done.stdout.splitlines() == [root, f"{root}/bin/nvcc", f"{root}/bin/nvcc"]


def test_env_of_a_path_that_a_format_cannot_hold(call, tmp_path, monkeypatch):
    (tmp_path / "a:b").mkdir()
    monkeypatch.setenv("CUDA_SHIMS_TOOLKIT", str(tmp_path / "a:b"))
    refused(call("env"), 1, "cannot be on PATH")


def test_exec(call, home, monkeypatch):
    calls = []

    def execvpe(*arguments):
        calls.append(arguments)
        raise SystemExit  # it does not return

    monkeypatch.setattr(os, "execvpe", execvpe)
    monkeypatch.setenv("CUDA_SHIMS_FORWARD", "/old")
    call("exec", "make", "-j4", "--version", "--")
    ((command, arguments, environ),) = calls
    root = Place(home.site, 13).beside
    assert (command, arguments) == ("make", ["make", "-j4", "--version", "--"])
    assert (environ["CUDA_HOME"], environ["PATH"].split(":")[0]) == (root, f"{root}/bin")
    assert "CUDA_SHIMS_FORWARD" not in environ
    assert "CUDA_HOME" not in os.environ


def test_exec_for_real(home):
    code = f"import sys; sys.path.insert(0, {home.site!r}); from cuda_shims.cli import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "exec", "sh", "-c", 'nvcc "$@"; exit 5', "sh", "a b", "", "-x"],
        env={**os.environ, "PYTHONPATH": SOURCE},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 5
    nvcc = os.path.join(Place(home.site, 13).beside, "bin/nvcc")
    assert done.stdout == os.fsencode(nvcc) + b"\0a b\0\0-x\0"


@pytest.mark.parametrize("entry", ["/usr/bin", "a-file"])
@pytest.mark.usefixtures("home")
def test_exec_of_no_command(call, monkeypatch, tmp_path, entry):
    write(str(tmp_path / "a-file"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / entry), os.environ["PATH"], str(tmp_path / entry)]))
    refused(call("exec", "no-such-command"), 127, "no-such-command: no such command on PATH")


@pytest.mark.usefixtures("home")
def test_exec_of_what_cannot_run(call, tmp_path):
    refused(call("exec", write(str(tmp_path / "text"), b"x")), 126, "cannot be run (Permission denied)")


class Finding(NamedTuple):
    code: str
    level: str
    what: str
    why: str
    fix: str
    alternative: str = ""


@pytest.fixture
def findings(monkeypatch):
    """What doctor finds is tested with the doctor; here is what the command line makes of it."""
    found = []
    monkeypatch.setitem(sys.modules, "cuda_shims.doctor.checks", SimpleNamespace(examine=lambda *_: found))
    return lambda *levels: found.extend(Finding(code, level, f"a {level}", "", "") for code, level in levels)


@pytest.mark.parametrize(
    ("levels", "code", "verdict"),
    [
        (["ok"], 0, "a build will find this toolkit"),
        (["ok", "warning"], 0, "a build will find this toolkit; 1 warning above"),
        (["ok", "hint"], 0, "a build will find this toolkit"),
        (["hint", "warning"], 0, "a build will find this toolkit; 1 warning above"),
        (["warning", "warning"], 0, "a build will find this toolkit; 2 warnings above"),
        (["error", "ok", "error"], 1, "a build will not work: 2 errors above"),
        (["warning", "error"], 1, "a build will not work: 1 error above"),
    ],
)
@pytest.mark.usefixtures("home")
def test_doctor(call, findings, levels, code, verdict):
    findings(*(("c", level) for level in levels))
    done = call("doctor")
    assert (done.code, done.err) == (code, "")
    assert done.out.splitlines()[-1] == verdict
    assert call("doctor", "--strict").code == int(bool({"warning", "error"} & set(levels)))
    shown = [line for line in done.out.splitlines() if line.startswith(("ok", "hint", "warning", "error"))]
    assert shown == [f"{level}: a {level}" for level in levels if level != "ok"]
    data = json.loads(call("doctor", "--json").out)
    assert (data["schema"], data["ok"]) == (SCHEMA, code == 0)
    assert [each["level"] for each in data["findings"]] == levels
    assert ("ok: a ok" in call("doctor", "-v").out) is ("ok" in levels)
    data = json.loads(call("doctor", "--json", "--strict").out)
    assert data["ok"] is (not {"warning", "error"} & set(levels))


@pytest.mark.usefixtures("home")
def test_doctor_shows_what_a_build_finds(call, findings):
    findings(*((code, "ok") for code in ("platform", "toolkit", "root", "path", "hook")))
    assert call("doctor").out.splitlines() == ["ok: a ok"] * 3 + ["a build will find this toolkit"]
    assert call("doctor", "-q").out.splitlines() == ["a build will find this toolkit"]
    assert len(call("doctor", "-v").out.splitlines()) == 6


@pytest.mark.usefixtures("home")
def test_doctor_of_a_log(call, tmp_path, monkeypatch):
    log = tmp_path / "build.log"
    log.write_text("building\nk.cu:1:10: fatal error: cudaProfiler.h: No such file or directory\n")
    done = call("doctor", "--log", str(log))
    assert (done.code, done.err) == (1, "")
    assert done.out == (
        "error: The header cudaProfiler.h is not found.\n"
        "  line 2: k.cu:1:10: fatal error: cudaProfiler.h: No such file or directory\n"
        "  why: nvidia-cuda-profiler-api holds it, and that is not installed\n"
        '  fix: pip install "cuda-toolkit[profiler]==13.5.*"\n'
    )
    data = json.loads(call("doctor", "--json", "--log", str(log)).out)
    (finding,) = data.pop("findings")
    assert data == {"schema": SCHEMA, "ok": False, "skipped_bytes": 0}
    assert set(finding) == {"code", "level", "what", "why", "fix", "alternative", "line", "quote"}
    assert (finding["code"], finding["line"]) == ("header-missing", 2)

    log.write_text("[tool.cuda-shims]\nall went well\n")
    (tmp_path / "pyproject.toml").write_text("[tool.cuda-shims]\ntoolkit = []\n")  # for doctor without --log to say
    done = call("doctor", "--log", str(log))
    assert (done.code, done.err) == (0, "")
    assert done.out == ("cuda-shims knows no message in this log; that does not prove that the build is healthy\n")
    assert json.loads(call("doctor", "--json", "--log", str(log)).out)["findings"] == []
    assert "toolkit" in call("doctor", "-v", "--log", str(log)).err

    monkeypatch.setattr("cuda_shims.doctor.log.read.MAX_BYTES", 10)
    monkeypatch.setattr("cuda_shims.doctor.log.read._CHUNK", 10)
    log.write_text("a line\n" * 10)
    assert "this log is long, and only its end was read, from line " in call("doctor", "--log", str(log)).err
    refused(call("doctor", "--log", str(tmp_path / "no-such")), 2, "no-such: the log cannot be read (No such file")
    refused(call("doctor", "--log", str(tmp_path)), 2, "the log cannot be read (Is a directory)")


# usage ----------------------------------------------------------------------------------------------------------------


def test_version(call):
    assert call("--version").out == f"cuda-shims {__version__}\n"
    command = [sys.executable, "-m", "cuda_shims", "--version"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": SOURCE}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"cuda-shims {__version__}\n")


def test_in_a_folder_that_was_removed(call, home, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert call("install").code == 0
    assert call("root").out == f"{Place(home.site, 13).beside}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(call, command):
    done = call(command, "--help")
    assert done.code == 0
    assert f"cuda-shims {command}" in done.out.split("example:\n")[1]


def test_help_names_variables_and_exit_codes(call):
    out = call("--help").out
    for word in (*VARIABLES, "126  exec", "127  a tool"):
        assert word in out
    assert "default: CUDA_SHIMS_TOOLKIT" in " ".join(call("root", "--help").out.split())
    assert max(map(len, out.splitlines())) <= 80


def test_help_has_groups(call):
    """A command's own options first, then where it looks, then how it answers."""
    out = call("env", "--help").out.replace("optional arguments:", "options:")  # as Python 3.9 has it
    titles = ("options:", "which environment and CUDA:", "output:", "example:")
    assert [line for line in out.splitlines() if line.endswith(":")] == list(titles)
    assert "--format" in out.partition(titles[1])[0].partition(titles[0])[2]
    assert "--cuda" in out.partition(titles[2])[0].partition(titles[1])[2]


def test_the_whole_help_alone(call):
    done = call()
    assert (done.code, done.out) == (2, "")
    assert "remove everything that cuda-shims wrote" in done.err


@pytest.mark.usefixtures("home")
def test_an_interruption(call, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("cuda_shims.cli.commands.install.install", interrupted)
    done = call("install")
    assert (done.code, done.out, done.err) == (130, "", "")


def test_an_interruption_before_the_command_line_is_read(monkeypatch):
    """Ctrl-C during the first imports, which take the longest of many commands."""

    class Interrupting:
        @staticmethod
        def find_spec(name, *_):
            if name == "cuda_shims.cli.run":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "cuda_shims.cli.run")
    monkeypatch.setattr(sys, "meta_path", [Interrupting, *sys.meta_path])
    assert __main__.main() == 130


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_letters_that_a_stream_cannot_hold(tmp_path, encoding):
    name = tmp_path / "žluťoučký \udcff"
    code = f"import sys; from cuda_shims.cli import main; sys.exit(main(['root', '--target', {str(name)!r}]))"
    environ = {**os.environ, "PYTHONPATH": SOURCE, "PYTHONIOENCODING": f"{encoding}:strict"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, check=False)
    said = os.fsencode(name) if encoding == "utf-8" else b"lu\\u0165ou\\u010dk"
    assert (done.returncode, said in done.stderr, done.stderr.count(b"\n")) == (2, True, 1), done.stderr


@pytest.mark.parametrize("command", [["root"], ["env"], ["list"], ["install"], ["install", "--json"]])
def test_a_path_that_is_not_utf8(tmp_path, command):
    prefix = Prefix(str(tmp_path / "bytes \udcff"))
    prefix.toolkit()
    prefix.ours()
    code = (
        f"import sys; sys.path.insert(0, {prefix.site!r}); from cuda_shims.cli import main; sys.exit(main({command}))"
    )
    # what a UTF-8 locale other than C.UTF-8 does
    environ = {**os.environ, "PYTHONPATH": SOURCE, "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout


# bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("home")
def test_a_tool_that_no_wheel_holds(call):
    refused(
        call("which", "nvprof"), 127, "nvprof is not installed here: no CUDA wheel on PyPI holds a tool of that name"
    )
    refused(call("which", "cuobjdump"), 127, 'run: pip install "cuda-toolkit[cuobjdump]==13.*"')


@pytest.mark.parametrize("command", [["install"], ["root"], ["list"], ["env"], ["which", "nvcc"]])
@pytest.mark.parametrize(
    ("text", "key"),
    [("toolkit = true", "tool.cuda-shims.toolkit"), ("prefer = 3", "prefer"), ("nonsense = 1", "nonsense")],
)
def test_a_config_that_is_wrong(call, home, tmp_path, command, text, key):
    (tmp_path / "pyproject.toml").write_text(f"[tool.cuda-shims]\n{text}\n")
    before = snapshot(home.path, times=True)
    refused(call(*command), 2, str(tmp_path / "pyproject.toml"), key)
    assert snapshot(home.path, times=True) == before


@pytest.mark.parametrize("command", [["install"], ["root"], ["list"], ["env"], ["exec", "true"]])
def test_an_environment_without_wheels(call, prefix, at_home, command):
    prefix.ours()
    at_home(prefix)
    before = snapshot(prefix.path, times=True)
    refused(call(*command), 1, "no pip-installed CUDA toolkit in the environment of", f'pip install "{tools.BUNDLE}"')
    assert snapshot(prefix.path, times=True) == before


def test_which_without_wheels(call, prefix, at_home, monkeypatch):
    at_home(prefix)
    monkeypatch.setenv("PATH", prefix.bin)
    refused(call("which", "nvcc"), 127, "nvcc is not installed here", f'install "{tools.BUNDLE}"')


@pytest.mark.parametrize(
    "command", [["install"], ["uninstall"], ["list"], ["root"], ["which", "nvcc"], ["exec", "true"]]
)
def test_no_python_and_no_target(call, tmp_path, command):
    name, *rest = command
    for path in ("/bin/echo", "/nonexistent", str(tmp_path)):
        refused(call(name, "--python", path, *rest), 2, path, "this is not a Python interpreter or environment")
    refused(call(name, "--target", str(tmp_path / "no"), *rest), 2, "there is no such directory")
    refused(call(name, "--prefix", str(tmp_path / "no"), *rest), 2, "there is no such directory")
    refused(call(name, "--prefix", str(tmp_path), *rest), 2, "it has no lib/python3.*/site-packages")


def as_root_in_a_namespace(script, *arguments):
    """Run a shell script where it may mount; skip where that is not allowed."""
    if not shutil.which("unshare") or os.geteuid() != 0:
        pytest.skip("needs root and unshare: apt-get install util-linux")
    probe = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip(f"no mounts here: {probe.stderr.decode().strip()}")
    environ = {**os.environ, "PYTHONPATH": SOURCE}
    return subprocess.run(
        ["unshare", "-m", "sh", "-ec", script, "sh", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from cuda_shims.cli import main; sys.exit(main(sys.argv[2:]))"


def test_a_read_only_environment(home, tmp_path):
    script = 'mount -o bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"'
    before = snapshot(home.path)

    def run(*command):
        return as_root_in_a_namespace(script, home.path, sys.executable, "-c", MAIN, home.site, *command)

    done = run("install")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("cuda-shims: cannot write ")
    assert "(Read-only file system)" in done.stderr
    assert done.stderr.count("\n") == 1
    done = run("root")  # the user's cache serves
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{tmp_path}/user-cache/")
    assert run("which", "nvcc").stdout == done.stdout.strip() + "/bin/nvcc\n"
    assert snapshot(home.path) == before


def test_a_read_only_environment_in_which_all_is_right(call, home):
    call("install")
    script = 'mount -o bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"'
    done = as_root_in_a_namespace(script, home.path, sys.executable, "-c", MAIN, home.site, "install")
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing to do: everything is as it should be\n", "")


def test_a_full_disk(tmp_path, monkeypatch):
    for name in ("XDG_CACHE_HOME", "TMPDIR"):  # where a root goes otherwise
        monkeypatch.setenv(name, str(tmp_path / "env"))
    # one page for each file: enough for the toolkit, not for its root
    script = """
mkdir "$1"; mount -t tmpfs -o size=$2k,nr_inodes=$3 none "$1"; cp -a "$1-filled/." "$1"; shift 3
"$@" 2>&1 || echo "code $?"
find "$4" -name '*cuda-shims-tmp*' -o -name stamp
"""
    filled = Prefix(str(tmp_path / "env-filled"))
    filled.toolkit()
    filled.ours()
    site = filled.site.replace("env-filled", "env")
    inodes = len(snapshot(filled.path)) + 2
    for size, number in (("100000", inodes + 3), ("100000", inodes + 20), ("100000", inodes + 35)):
        done = as_root_in_a_namespace(
            script, str(tmp_path / "env"), size, str(number), sys.executable, "-c", MAIN, site, "install"
        )
        os.rmdir(tmp_path / "env")
        lines = done.stdout.splitlines()
        assert (lines[1:], done.stderr) == (["code 1"], "")
        assert lines[0].startswith(f"cuda-shims: cannot write {tmp_path}/env/")
        assert "(No space left on device); nothing is half-written: free disk space" in lines[0]


@pytest.mark.parametrize("unbuffered", ["", "1"])  # argparse ignores what an unbuffered stream reports
@pytest.mark.parametrize("words", [["--version"], ["--help"], ["root"], ["list", "--json"]])
def test_an_answer_that_cannot_be_written(home, words, unbuffered):
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-c", MAIN, home.site, *words]
        environ = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environ, check=False)
    assert (done.returncode, done.stderr) == (1, "cuda-shims: cannot continue: No space left on device\n")


def test_no_space_for_a_root_and_a_build_goes_on(call, home, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "symlink", full)
    refused(call("install"), 1, "No space left on device")
    for command in (["root"], ["env"]):
        done = call(*command)
        assert done.code == 0
        assert f"{home.site}/nvidia/cu13" in done.out
        assert "continuing with the wheels' own folder" in done.err
    assert Place(home.site, 13).fresh_root() is None


# the functions behind it ----------------------------------------------------------------------------------------------


def test_the_api(home, monkeypatch):
    import cuda_shims

    (toolkit,) = cuda_shims.find_toolkits()
    monkeypatch.setenv("PATH", "/usr/bin")
    found = cuda_shims.variables(toolkit)
    root = Place(home.site, 13).beside
    assert (found["CUDA_HOME"], found["PATH"]) == (root, f"{root}/bin:/usr/bin")
    assert cuda_shims.variables()["CUDA_HOME"] == root
    assert cuda_shims.variables(toolkit, {"PATH": "/x"})["PATH"] == f"{root}/bin:/x"
    kinds = {(change.kind, change.what) for change in cuda_shims.install()}
    assert ("keep", "root") in kinds
    assert {change.kind for change in cuda_shims.uninstall()} == {"remove"}


def test_the_page_of_the_api(home, monkeypatch, capsys):
    with open(os.path.join(CHECKOUT, "docs", "reference", "python.md"), encoding="utf-8") as file:
        (block,) = re.findall(r"^```python\n(.+?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    exec(block, {})  # noqa: S102 # our own page
    root = Place(home.site, 13).beside
    assert os.environ["CUDA_HOME"] == root
    version, where, *tools_there = capsys.readouterr().out.split(maxsplit=2)
    assert (version, where) == ("13.5.37", root)
    assert "'nvcc'" in tools_there[0]


def test_the_api_without_a_toolkit(prefix, at_home):
    import cuda_shims

    at_home(prefix)
    with pytest.raises(cuda_shims.ToolkitNotFoundError):
        cuda_shims.variables()
    with pytest.raises(cuda_shims.ToolkitNotFoundError):
        cuda_shims.install(target_environment(prefix.path))
