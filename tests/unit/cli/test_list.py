"""What list and which answer; that the shim agrees is tested by running it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from fake_toolkit import TOOL, write, write_shim

from _cuda_shims.places import Place
from cuda_shims.catalog.tools import TOOLS
from cuda_shims.cli.commands.list import tool_rows
from cuda_shims.cli.lookup import which_tool
from cuda_shims.environment.environment import target_environment
from cuda_shims.environment.path import on_path, runs_ours
from cuda_shims.environment.toolkit import read_toolkit
from cuda_shims.errors import ConfigError, ToolkitNotFoundError, ToolNotFoundError
from cuda_shims.installation.refresh import make_root
from cuda_shims.selection import Scope


def test_on_path(tmp_path):
    one = write(str(tmp_path / "one/nvcc"), TOOL, 0o755)
    write(str(tmp_path / "text/nvcc"), TOOL, 0o644)
    os.makedirs(tmp_path / "folder/nvcc")
    os.symlink(tmp_path / "one", tmp_path / "alias")
    two = write(str(tmp_path / "two/nvcc"), TOOL, 0o755)
    folders = [str(tmp_path / name) for name in ("text", "folder", "one", "alias", "two", "one")]
    assert list(on_path("nvcc", os.pathsep.join(["", "one", *folders]))) == [one, two]


@pytest.mark.parametrize("rooted", [False, True])
def test_rows(prefix, tmp_path, rooted):
    prefix.toolkit()
    if rooted:
        make_root(Place(prefix.site, 13))
    toolkit = read_toolkit(Place(prefix.site, 13))
    shim = prefix.shim()
    other = write(str(tmp_path / "other/nvcc"), TOOL, 0o755)
    ptxas = write(str(tmp_path / "other/ptxas"), TOOL, 0o755)
    path = os.pathsep.join([prefix.bin, os.path.dirname(other), os.path.join(toolkit.home, "bin")])
    rows = {row["tool"]: row for row in tool_rows(toolkit, path)}
    assert list(rows) == [tool.name for tool in TOOLS]
    assert rows["nvcc"] == {
        "tool": "nvcc",
        "path": toolkit.tools["nvcc"],
        "distribution": "nvidia-cuda-nvcc",
        "version": "13.5.37",
        "fix": None,
        "on_path": shim,
        "on_path_is_ours": True,
        "shadows": [other],
    }
    assert (rows["ptxas"]["on_path"], rows["ptxas"]["on_path_is_ours"]) == (ptxas, False)
    assert rows["bin2c"]["on_path"] == os.path.join(toolkit.home, "bin/bin2c")
    assert rows["bin2c"]["on_path_is_ours"] is True
    assert (rows["cuobjdump"]["path"], rows["cuobjdump"]["on_path"]) == (None, None)
    assert 'pip install "cuda-toolkit[cuobjdump]==13.*"' in rows["cuobjdump"]["fix"]


@pytest.mark.parametrize("absolute", [True, False])
def test_a_link_to_our_shim_runs_ours_and_another_environments_shim_does_not(prefix, new_prefix, tmp_path, absolute):
    prefix.toolkit()
    toolkit = read_toolkit(Place(prefix.site, 13))
    shim, link = prefix.shim(), str(tmp_path / "nvcc")
    os.symlink(shim if absolute else os.path.relpath(shim, tmp_path), link)
    assert runs_ours(link, toolkit) is True
    assert runs_ours(new_prefix("other").shim(), toolkit) is False
    system = write(str(tmp_path / "system/nvcc"), TOOL, 0o755)
    os.symlink(system, tmp_path / "another")
    assert runs_ours(str(tmp_path / "another"), toolkit) is False


CASES = [
    # tool, toolkit installed, root made, variables; what both answer
    ("nvcc", True, False, {}, "{site}/nvidia/cu13/bin/nvcc"),
    ("nvcc", True, True, {}, "{root}/bin/nvcc"),
    ("cicc", True, True, {}, "{root}/nvvm/bin/cicc"),
    ("nvcc", True, True, {"CUDA_SHIMS_TOOLKIT": "13"}, "{root}/bin/nvcc"),
    ("nvcc", True, True, {"CUDA_SHIMS_TOOLKIT": "{mine}"}, "{mine}/bin/nvcc"),
    ("cicc", True, True, {"CUDA_SHIMS_TOOLKIT": "{mine}"}, "{mine}/nvvm/bin/cicc"),
    ("ptxas", True, True, {"CUDA_SHIMS_TOOLKIT": "{mine}"}, ConfigError),
    ("nvcc", True, True, {"CUDA_HOME": "{mine}"}, "{mine}/bin/nvcc"),
    ("cicc", True, True, {"CUDA_HOME": "{mine}"}, "{mine}/nvvm/bin/cicc"),
    ("ptxas", True, True, {"CUDA_HOME": "{mine}"}, "{root}/bin/ptxas"),
    ("nvcc", True, True, {"CUDA_HOME": "{mine}", "CUDA_SHIMS_TOOLKIT": "13"}, "{root}/bin/nvcc"),
    ("nvcc", False, False, {}, "{system}/nvcc"),
    ("cuobjdump", True, True, {}, "{system}/cuobjdump"),
    ("cuobjdump", True, True, {"CUDA_SHIMS_TOOLKIT": "13"}, ToolNotFoundError),
    ("nvcc", False, False, {"CUDA_SHIMS_TOOLKIT": "13"}, ToolkitNotFoundError),
    ("nvdisasm", True, True, {}, ToolNotFoundError),
    ("nvdisasm", False, False, {}, ToolNotFoundError),
    ("no-such-tool", True, False, {}, ToolNotFoundError),
]


@pytest.mark.parametrize(("tool", "installed", "rooted", "variables", "expected"), CASES)
def test_which_answers_what_the_shim_runs(prefix, tmp_path, monkeypatch, tool, installed, rooted, variables, expected):
    names = {"site": prefix.site, "mine": str(tmp_path / "mine"), "system": str(tmp_path / "system")}
    for path in ("mine/bin/nvcc", "mine/nvvm/bin/cicc", "system/nvcc", "system/cuobjdump"):
        write(str(tmp_path / path), TOOL, 0o755)
    shim = prefix.shim(tool)
    if installed:
        prefix.toolkit()
    if rooted:
        prefix.ours()
        names["root"] = make_root(Place(prefix.site, 13))
    write_shim(str(tmp_path / "another"), tool)
    path = os.pathsep.join([prefix.bin, str(tmp_path / "another"), names["system"]])
    environ = {"PATH": path, **{name: value.format(**names) for name, value in variables.items()}}

    base = [each for each in sys.path if "-packages" not in each]
    monkeypatch.setattr(sys, "path", [*base, prefix.site])
    scope = Scope("/nonexistent", environ, target_environment(prefix.site))
    done = subprocess.run([shim], env=environ, capture_output=True, check=False)
    if isinstance(expected, str):
        answer, of = which_tool(tool, scope)
        assert answer == expected.format(**names)
        assert (of is not None) is ("{site}" in expected or "{root}" in expected)
        assert done.stdout.split(b"\0")[0].decode() == answer
    else:
        with pytest.raises(expected):
            which_tool(tool, scope)
        assert done.returncode == 127


def test_a_folder_of_shims_is_no_choice(prefix):
    prefix.toolkit()
    prefix.shim()
    with pytest.raises(ConfigError, match="holds no nvcc"):
        which_tool("nvcc", Scope("/nonexistent", {"CUDA_SHIMS_TOOLKIT": prefix.path}, target_environment(prefix.site)))
