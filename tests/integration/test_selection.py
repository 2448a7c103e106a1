"""
Every row of the table of the selection (contract 4.0), in real environments: one answer, whoever is asked.

Asked are a start of Python, the Python API, each command, the doctor, and the shim by each shell that may be /bin/sh.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest
from cases import CASES, FOLDERS, WHEELS
from fake_toolkit import PYTHON, write, write_distribution
from shim_support import SHELLS
from venv_support import TOML, Venv

from _cuda_shims.places import find_places

#: prints its own path
_TOOL = b'#!/bin/sh\nprintf "%s" "$0"\n'
_MACHINES_OWN = "/usr/local/cuda/bin/nvcc"
#: what a process of the environment is asked: by then the hook has run as it does at every start
_ASK = """\
import contextlib, io, json, os, shutil, subprocess, sys
tool, shell, shim = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
names = ("CUDA_HOME", "CUDA_SHIMS_ROOT", "CUDA_SHIMS_FORWARD")
answers = {"hook": {name: os.environ.get(name) for name in names}, "PATH": shutil.which(tool)}
done = subprocess.run([*shell, shim], capture_output=True, text=True)
answers["shim"] = [done.returncode, done.stdout.rstrip("\\0"), done.stderr]
import cuda_shims
try:
    answers["api"] = [0, cuda_shims.variables()["CUDA_HOME"], ""]
except cuda_shims.CudaShimsError as error:
    answers["api"] = [1, "", f"{error}\\n"]
from cuda_shims.cli import main
for words in (["root"], ["which", tool], ["env", "--json"], ["doctor", "--json"]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    answers[words[0]] = [code, out.getvalue().strip(), err.getvalue()]
print(json.dumps(answers))
"""
#: the doctor's findings that name a toolkit of the user's
_OF_THE_USER = ("choice", "variables", "variables-elsewhere", "variables-disagree", "variables-no-folder")
_RELEASES = {"12": "12.9.79", "13": "13.5.37", "14": "14.0.7"}


class Laid:
    """An environment with the wheels of a row, and what its variables may name."""

    def __init__(self, folder, venv):
        self.venv = venv
        self.folder = folder
        self.second = f"{folder}/second"
        self.nearer = f"{folder}/nearer"
        self.places = {name: f"{folder}/{name}" for name in (*FOLDERS, "none")}
        self.places |= {"bin": f"{folder}/bin", "nvcc": "nvcc"}
        for name in ("cuda", "my cuda"):
            for tool in ("nvcc", "ptxas"):
                write(f"{self.places[name]}/bin/{tool}", _TOOL, 0o755)
            write(f"{self.places[name]}/include/cuda.h", b"#define CUDA_VERSION 13040\n")
        path = [self.nearer, venv.site, f"{self.second}/lib/{PYTHON}/site-packages"]
        #: major -> its place
        self.majors = {str(place.major): place for place in find_places(path)}
        self.places |= {f"cu{major}": place.beside for major, place in self.majors.items()}

    def environ(self, row):
        return self.venv.environ(
            PATH=f"{self.venv.bin}:{self.second}/bin:/usr/bin:/bin",
            PYTHONPATH=self.nearer if os.path.isdir(self.nearer) else "",
            **row.environ(self.places),
        )

    def root(self, major):
        """Return the root of a major, which is there by now."""
        return self.majors[major].fresh_root(self.venv.environ())

    def run(self, row, *command):
        done = subprocess.run(
            command, env=self.environ(row), cwd=self.project(row), capture_output=True, text=True, check=False
        )
        return [done.returncode, done.stdout.rstrip("\0\n"), done.stderr]

    def project(self, row):
        path = f"{self.folder}/project"
        text = f"[tool.cuda-shims]\n{row.project}\n" if row.project else ""
        write(f"{path}/pyproject.toml", text.encode())
        return path


@pytest.fixture(scope="session")
def laid(tmp_path_factory, house, cuda_shims_wheel):
    """Give a function that lays out the wheels of a row, once."""
    made = {}

    def lay(wheels):
        folder = str(tmp_path_factory.mktemp("selection"))
        home = f"{folder}/home"
        os.mkdir(home)
        venv = Venv(f"{folder}/venv", house, cuda_shims_wheel, home).create()
        venv.install("cuda-shims", *TOML)
        for place, toolkits in WHEELS[wheels].items():
            target = {"own": venv.site, "nearer": f"{folder}/nearer"}.get(place)
            if place == "farther":  # of another prefix, which both Python and the shim are told of
                target = f"{folder}/second/lib/{PYTHON}/site-packages"
                os.makedirs(f"{folder}/second/bin")
                write(f"{venv.site}/farther.pth", f"{target}\n".encode())
            for version, components in toolkits:  # an installer would replace one major by the other
                if components == ("cuda-toolkit",):
                    write_distribution(target, "cuda-toolkit", version, {})
                    continue
                part = f"{folder}/part"
                venv.install(*(f"{name}=={version}" for name in components), options=["--target", part])
                shutil.copytree(part, target, dirs_exist_ok=True, symlinks=True)
                shutil.rmtree(part)
        laid = Laid(folder, venv)
        venv.ask("pass")
        return laid

    def laid(row):
        if row.wheels not in made:
            made[row.wheels] = lay(row.wheels)
        return made[row.wheels]

    return laid


def shells():
    found = {name: [shutil.which(words[0]), *words[1:]] for name, words in SHELLS.items()}
    return {name: words for name, words in found.items() if words[0]}


@pytest.mark.parametrize("row", CASES, ids=str)
def test_every_row(laid, row):
    if row.answer == "12" and not row.variables and not row.project and os.path.exists(_MACHINES_OWN):
        pytest.skip(f"this machine has a CUDA of its own, which CUDA 12's wheels would hide: {_MACHINES_OWN}")
    laid = laid(row)
    venv = laid.venv
    tool = "ptxas" if row.answer == "12" else "nvcc"
    shim = f"{venv.bin}/{tool}"
    code, out, err = laid.run(row, venv.python, "-c", _ASK, tool, json.dumps(shells()["dash"]), shim)
    assert (code, err) == (0, ""), err
    said = json.loads(out)
    said["exec"] = laid.run(row, f"{venv.bin}/cuda-shims", "exec", tool)
    said["shims"] = {name: laid.run(row, *words, shim) for name, words in shells().items()}
    doctor = json.loads(said["doctor"][1])["findings"]
    if row.answer == "refused":
        check_refusal(laid, row, said, doctor)
    elif row.answer == "nothing":
        check_nothing(laid, row, said, doctor)
    else:
        check_answer(laid, row, said, doctor, tool)


def check_answer(laid, row, said, doctor, tool):
    """Each names one toolkit, and the tool that runs is of that."""
    given = row.environ(laid.places)
    by_wheels = row.answer.isdigit()
    home = laid.root(row.answer) if by_wheels else laid.places[row.answer]
    assert home
    chosen = bool(given.get("CUDA_SHIMS_TOOLKIT"))
    by_user = not by_wheels and not chosen
    by_project = by_wheels and not chosen and "toolkit" in row.project
    runs = f"{home}/bin/{tool}"

    assert said["hook"]["CUDA_HOME"] == (given.get("CUDA_HOME") if by_user else home)
    forward = home if by_project or by_user else None
    assert said["hook"]["CUDA_SHIMS_FORWARD"] == forward
    assert said["PATH"] == runs
    assert said["shim"] == [0, runs, ""]
    assert said["api"] == said["root"] == [0, home, ""]
    assert json.loads(said["env"][1])["variables"]["CUDA_HOME"] == home
    assert said["exec"] == [0, runs, ""]
    assert said["which"][:2] == [0, runs]
    # who is started by no Python reads no project: where that makes a difference, "which" says so
    for name, answer in said["shims"].items():
        if row.project and answer[:2] != [0, runs]:
            assert said["which"][2].count("\n") == 1
            assert (answer[1] or "CUDA_SHIMS_TOOLKIT") in said["which"][2], name
        else:
            assert answer == [0, runs, ""], name
            assert said["which"][2] == "", name
    check_doctor(row, home, doctor)


def check_doctor(row, home, doctor):
    """What the user's own variables name is a finding beside what there is to say of the wheels."""
    about = {each["code"]: f"{each['what']} {each['why']}" for each in doctor}
    if row.answer.isdigit():
        named = about.get("toolkit", "") + about.get("choice", "")
        assert _RELEASES[row.answer] in named or home in named, doctor
        assert home not in about.get("variables-elsewhere", ""), doctor
    else:
        assert home in "".join(about.get(code, "") for code in _OF_THE_USER), doctor
        assert "no-toolkit" not in about, doctor


def check_nothing(laid, row, said, doctor):
    home = row.environ(laid.places).get("CUDA_HOME")
    assert said["hook"] == {"CUDA_HOME": home, "CUDA_SHIMS_ROOT": None, "CUDA_SHIMS_FORWARD": None}
    assert said["PATH"] == f"{laid.venv.bin}/nvcc"
    assert said["which"][0] == 127
    for code, out, err in (said["shim"], *said["shims"].values()):
        assert (code, out, err.count("\n")) == (127, "", 1)
    assert {each["level"] for each in doctor} & {"error", "warning"}
    if row.more:
        assert said["root"] == said["api"] == [0, laid.majors[row.more].beside, ""]
    else:
        assert [said[name][0] for name in ("api", "root", "env", "exec")] == [1] * 4


def check_refusal(laid, row, said, doctor):
    """Nothing is given, and each says what was asked for."""
    given = row.environ(laid.places)
    wanted = row.more.format_map(laid.places)
    by_project = not given.get("CUDA_SHIMS_TOOLKIT")
    assert said["hook"]["CUDA_HOME"] == given.get("CUDA_HOME")
    assert said["hook"]["CUDA_SHIMS_FORWARD"] == (wanted if by_project else None)
    assert said["PATH"] == f"{laid.venv.bin}/nvcc"
    for name in ("api", "root", "which", "env", "exec"):
        code, out, err = said[name]
        assert code in {1, 2, 127}, name
        assert (out, err.count("\n"), wanted in err) == ("", 1, True), (name, err)
    refusals = {"shim": said["shim"]} if by_project else {"shim": said["shim"], **said["shims"]}
    for name, (code, out, err) in refusals.items():
        assert (code, out, err.count("\n"), wanted in err) == (127, "", 1, True), (name, err)
    found = [each for each in doctor if each["level"] == "error" and wanted in each["what"]]
    assert found, doctor
