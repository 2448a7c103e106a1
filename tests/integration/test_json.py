"""Real answers in JSON, held to the schemas of docs/reference/json.md."""

from __future__ import annotations

import json
import os
import re
import subprocess

import fastjsonschema
import pytest
from checkout import CHECKOUT
from fake_toolkit import write_distribution
from venv_support import TOML

from cuda_shims.cli.parser import make_parsers

PAGE = os.path.join(CHECKOUT, "docs", "reference", "json.md")
#: what answers with something else than JSON: a program's own output, a script for a shell
WITHOUT = {"exec", "completion"}


def schemas():
    """Read heading to schema; closed: the page allows a later release more keys, and this one has no others."""
    with open(PAGE, encoding="utf-8") as file:
        found = re.findall(r"^## ([^\n]+)\n.*?^```json\n(.*?)^```", file.read(), re.MULTILINE | re.DOTALL)
    closed = {}
    for heading, block in found:
        for name in heading.split(", "):
            closed[name] = json.loads(block, object_hook=closing)
    return closed


def closing(value):
    return {**value, "additionalProperties": False} if "properties" in value and "type" in value else value


def validate(name, text):
    document = json.loads(text)
    fastjsonschema.validate(schemas()[name], document)
    return document


@pytest.fixture
def ask(new_venv, toolkit):
    """Give a function that asks an environment with a toolkit."""
    venv = new_venv(base=["cuda-shims", *TOML, *toolkit()])

    def run(*arguments, log=None, **environ):
        command = [venv.python, "-m", "cuda_shims", *arguments, "--json"]
        return subprocess.run(
            command, env=venv.environ(**environ), input=log, capture_output=True, text=True, check=False, cwd=venv.home
        )

    def ask(name, *arguments, code=0, **more):
        done = run(*name.split(), *arguments, **more)
        assert done.returncode == code, done
        return validate(name, done.stdout)

    ask.run = run
    ask.venv = venv
    return ask


def test_the_page_has_every_command():
    assert set(schemas()) == set(make_parsers()) - {"", *WITHOUT} | {"doctor --log"}


def test_install_and_uninstall(ask):
    assert {each["what"] for each in ask("install", "--dry-run")["changes"]} == {"root", "shim", "hook", "file"}
    os.unlink(os.path.join(ask.venv.bin, "ptxas"))
    with open(os.path.join(ask.venv.bin, "ptxas"), "w", encoding="ascii") as file:
        file.write("somebody's\n")
    changes = ask("install", code=1)["changes"]
    assert {each["kind"] for each in changes} >= {"keep", "conflict"}
    notes = [each["note"] for each in changes if each["kind"] == "conflict"]
    assert notes == ["it belongs to no installed distribution"]
    assert {each["kind"] for each in ask("uninstall", code=1)["changes"]} == {"remove", "conflict"}


def test_what_only_answers(ask):
    found = ask("list", PATH=f"{ask.venv.bin}:/usr/bin:/bin")
    assert found["toolkit"]["version"] == "13.5.37"
    assert found["toolkit"]["folders"] == [found["toolkit"]["path"]]
    rows = {row["tool"]: row for row in found["tools"]}
    assert rows["nvcc"]["on_path_is_ours"]
    assert rows["nvdisasm"]["path"] is None
    assert "pip install" in rows["nvdisasm"]["fix"]

    for name in ("nvcc", "cuda_runtime.h", "cublas_v2.h", "CUDA::nvjpeg", "libcublas.so", "frobnicate"):
        is_here = name in {"nvcc", "cuda_runtime.h"}
        found = ask("which", name, code=0 if is_here else 127)
        assert (found["path"] is not None) == is_here
        assert bool(found["holdings"]) == (name != "frobnicate")

    root = ask("root")["root"]
    found = ask("env")
    assert found["variables"]["CUDA_HOME"] == root
    assert found["search_paths"]["PATH"] == f"{root}/bin"

    found = ask("doctor", "--strict", code=1, CUDA_HOME="/nowhere", CUDA_PATH="/nowhere", CUDAToolkit_ROOT="/nowhere")
    assert not found["ok"]
    assert {each["level"] for each in found["findings"]} >= {"ok", "error"}

    log = "hello\n/usr/bin/ld: cannot find -lcublas: No such file or directory\n"
    (found,) = ask("doctor --log", "-", log=log, code=1)["findings"]
    assert found["line"] == 2
    assert ask("doctor --log", "-", log="hello\n")["ok"]


def test_what_fits(ask):
    write_distribution(ask.venv.site, "torch", "2.15.0", {}, ["cuda-toolkit[cudart]==13.2.2"])
    assert ask("fit")["requirement"] == "cuda-shims[cu132]"
    assert ask("fit", "torch", "--format", "constraints")["constraints"][-1] == "torch==2.15.0"
    done = ask.run("fit", "numpy")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_two_toolkits_and_one_that_is_not_there(ask):
    ask.venv.install("nvidia-cuda-runtime-cu12==12.9.79", "nvidia-cuda-nvcc-cu12==12.9.79")
    (other,) = ask("list")["others"]
    assert other["major"] == 12
    assert len(other["folders"]) == 2
    done = ask.run("root", "--cuda", "11")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
