"""docs/how-to/leaving.md: its lines, taken from the page, leave nothing of ours."""

from __future__ import annotations

import glob
import os
import re
import shutil

import pytest
from checkout import CHECKOUT
from venv_support import find_uv

PAGE = (CHECKOUT / "docs/how-to/leaving.md").read_text(encoding="utf-8")
HOME = "print(os.environ.get('CUDA_HOME'))"


def part(heading):
    return PAGE.partition(f"\n{heading}\n")[2].partition("\n## ")[0]


def block(heading):
    (found,) = re.findall(r"^```console\n(.*?)^```", part(heading), re.MULTILINE | re.DOTALL)
    return "".join(f"{line.removeprefix('$ ')}\n" for line in found.splitlines())


#: the table's first three rows
LINES = re.findall(r"^\| (?:any|one of) .* \| `(.*)` \|$", part("## Uninstall"), re.MULTILINE)


@pytest.fixture
def shell(house, tmp_path):
    """Give a function that runs lines in a shell in which an environment is active."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "uv").symlink_to(find_uv())
    pip = folder / "pip"

    def shell(venv, lines, program="sh", **more):
        # who types the line answers the question
        pip.write_text(f'#!/bin/sh\nyes | "{venv.python}" "{house}/newest pip/pip" --disable-pip-version-check "$@"\n')
        pip.chmod(0o755)
        active = {"PATH": f"{venv.bin}:{folder}:/usr/bin:/bin", "VIRTUAL_ENV": venv.path, "XDG_CACHE_HOME": "", **more}
        return venv.run(program, "-c", f"set -e\n{lines}", **active)

    return shell


def cached(home):
    return glob.glob(f"{home}/.cache/cuda-shims/roots/**/cu13-*/bin/nvcc", recursive=True)


def test_the_page_has_three_lines():
    assert [line.split()[0] for line in LINES] == ["cuda-shims", "pip", "uv"]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("name", ["venv", "a venv"], ids=["beside", "in the cache"])
def test_a_line_leaves_nothing(new_venv, toolkit, home, shell, name, line):
    venv = new_venv(name, base=toolkit())
    before = venv.files()
    venv.install("cuda-shims")
    shell(venv, "nvcc -x && cuda-shims install -q")
    assert bool(cached(home)) is (name == "a venv")
    shell(venv, line)
    assert venv.files() == before
    assert venv.ask(HOME) == "None"
    # in the cache: empty folders, or after another's uninstaller the root
    assert bool(cached(home)) is (name == "a venv" and not line.startswith("cuda-shims"))
    shell(venv, block("## The cache"))
    assert not os.path.exists(f"{home}/.cache/cuda-shims")


def test_a_target_folder(new_venv, toolkit, tmp_path, shell):
    venv, target = new_venv(base=["cuda-shims"]), tmp_path / "bundle"
    venv.install(*toolkit(), options=["--target", str(target)])
    before = sorted(target.rglob("*"))
    venv.install("cuda-shims", options=["--target", str(target)])
    shell(venv, f"cuda-shims install -q --target '{target}'")
    assert (target / "sitecustomize.py").exists()
    (line,) = re.findall(r"`(cuda-shims uninstall --target DIR)`", part("## Uninstall"))
    shell(venv, line.replace("DIR", f"'{target}'"))
    left = [each for each in sorted(target.rglob("*")) if "__pycache__" not in each.parts]
    assert [each for each in left if each not in before] == []
    assert [each for each in before if each not in left] == []


def test_a_cache_that_was_cleared_is_made_again(new_venv, toolkit, home, shell):
    venv = new_venv("a venv", base=["cuda-shims", *toolkit()])
    for make in ("nvcc -x", "python -c ''"):
        shell(venv, make)
        assert cached(home)
        shell(venv, block("## The cache"))
        assert not cached(home)


@pytest.mark.parametrize("program", ["sh", "bash", "dash", "zsh"])
@pytest.mark.parametrize("before", [None, "/opt/x/lib/pkgconfig"])
def test_a_shell_is_as_it_was(new_venv, toolkit, shell, program, before):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")
    venv = new_venv(base=["cuda-shims", *toolkit()])
    more = {} if before is None else {"PKG_CONFIG_PATH": before}

    def variables(lines):
        text = shell(venv, f"{lines}\nenv -0", program, **more)
        found = dict(each.split("=", 1) for each in text.rstrip("\0").split("\0"))
        return {name: value for name, value in found.items() if value and name != "_"}

    plain = variables("")
    assert "CUDA_HOME" in variables('eval "$(cuda-shims env)"')
    assert variables(f'eval "$(cuda-shims env)"\n{block("## Shells")}') == plain
