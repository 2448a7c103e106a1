"""What the doctor says of PATH and of the user's variables."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from fake_toolkit import write
from patient import HEALTHY, TOOL, codes, only

from _cuda_shims import COMPILERS, HOMES, ROOTS_FOLDER, root_variables
from cuda_shims.doctor import case
from cuda_shims.doctor.checks import examine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="roots and shims of this version are for Linux")


# --- PATH ---


def test_another_nvcc_on_path(healthy):
    other = os.path.dirname(write(os.path.join(healthy.folder, "other", "bin", "nvcc"), b"#!/bin/sh\n", 0o755))
    found = only(healthy.bad(PATH=f"{other}:{healthy.environ['PATH']}"))
    assert (found.code, found.level) == ("path-other-nvcc", "warning")
    assert f"{other}/nvcc" in found.what
    assert f"cuda-shims exec --python {healthy.prefix.bin}/python CMD" in found.fix
    assert healthy.bad(PATH=f"{healthy.environ['PATH']}:{other}") == {}


@pytest.mark.parametrize("foreign", [True, False])
def test_what_is_wrong_with_the_active_environments_own_is_said_once(healthy, foreign):
    """``shim-foreign``, ``shim-stale``: its fix is not to activate the environment, or to put it on PATH."""
    path = os.path.join(healthy.prefix.bin, "nvcc")
    if foreign:
        os.unlink(path)
        write(path, b"#!/bin/sh\n", 0o755)
    else:
        os.chmod(path, 0o644)
    found = healthy.examine()
    assert [each.code for each in found if each.level != "ok"] == ["shim-foreign" if foreign else "shim-stale"]
    assert "path" not in {each.code for each in found}


def test_another_environments_shim_on_path(healthy, new_prefix):
    other = new_prefix("other")
    other.shim("nvcc")
    assert list(healthy.bad(PATH=f"{other.bin}:{healthy.environ['PATH']}")) == ["path-other-environment"]


def test_a_link_to_our_shim_is_ours(healthy):
    folder = os.path.join(healthy.folder, "links")
    os.mkdir(folder)
    os.symlink(os.path.join(healthy.prefix.bin, "nvcc"), os.path.join(folder, "nvcc"))
    assert healthy.bad(PATH=f"{folder}:{healthy.tools}") == {}


@pytest.mark.parametrize("kind", ["root", "wheel"])
def test_the_toolkits_own_folder_on_path_is_ours(healthy, kind):
    folder = healthy.root if kind == "root" else os.path.join(healthy.prefix.site, "nvidia/cu13")
    assert healthy.bad(PATH=f"{folder}/bin:{healthy.tools}") == {}


def test_two_pythons_with_one_folder_of_scripts(healthy, new_prefix):
    """A user site's shims are those of both, and run the toolkit of the first."""
    other = new_prefix(os.path.basename(healthy.prefix.path), "lib/python3.0/site-packages")
    assert healthy.bad() == {}
    other.toolkit()
    found = only(healthy.bad())
    assert (found.code, found.level) == ("path-other-python", "warning")
    assert found.what.endswith(f"which runs the toolkit of another Python, in {other.site}.")
    assert found.fix == f"export CUDA_SHIMS_TOOLKIT={healthy.root}"
    assert "path-other-python" not in healthy.bad(CUDA_SHIMS_TOOLKIT="13")
    assert healthy.bad(PATH=f"{healthy.root}/bin:{healthy.tools}") == {}


def test_a_conda_environment_that_is_not_active(healthy):
    os.mkdir(os.path.join(healthy.prefix.path, "conda-meta"))
    assert healthy.bad(PATH=healthy.tools) == {}


@pytest.mark.parametrize("mark", ["uv-receipt.toml", "pipx_metadata.json"])
def test_pip_is_told_of_a_tools_environment(patient, monkeypatch, mark):
    patient.toolkit(components=["nvidia-cuda-nvcc"])
    monkeypatch.setattr(sys, "path", [patient.prefix.site, *sys.path])
    assert patient.bad()["component-missing"].fix.startswith("pip install ")
    write(os.path.join(patient.prefix.path, mark))
    fix = patient.bad()["component-missing"].fix
    assert fix.startswith(f"pip --python {patient.prefix.bin}/python install ")


def test_a_start_up_file_that_is_a_link(healthy, tmp_path):
    """As uv's --link-mode symlink makes it; in the place of one that is old, install puts a file."""
    path = os.path.join(healthy.prefix.site, "cuda_shims.pth")
    os.rename(path, tmp_path / "cuda_shims.pth")
    os.symlink(tmp_path / "cuda_shims.pth", path)
    assert healthy.bad() == {}
    write(str(tmp_path / "cuda_shims.pth"), b"import os\n")
    assert list(healthy.bad()) == ["hook-missing"]


def test_nothing_on_path(healthy):
    found = only(healthy.bad(PATH=healthy.tools))
    assert found.code == "path-none"
    assert found.fix == f'export PATH={healthy.prefix.bin}:"$PATH"'


def test_not_activated(healthy):
    write(os.path.join(healthy.prefix.bin, "activate"))
    found = healthy.examine(PATH=healthy.tools)
    assert {each.level for each in found} == {"ok"}
    assert "not activated" in found[HEALTHY.index("path")].what


def test_path_is_the_shells_and_not_the_hooks(healthy):
    """A process of ours has the root's bin in front: the hook has put it there, for that process alone."""
    environ = {**healthy.environ, "PATH": f"{healthy.root}/bin:{healthy.tools}"}
    found = examine(healthy.environment, environ, healthy.folder, {"PATH": healthy.tools})
    assert [each.code for each in found if each.level != "ok"] == ["path-none"]


# --- the user's variables ---


@pytest.mark.parametrize("name", HOMES)
def test_home_names_another_toolkit(healthy, elsewhere, name):
    found = only(healthy.bad(**{name: elsewhere}))
    assert (found.code, found.level) == ("variables-elsewhere", "warning")
    assert found.what == f"{name} names another toolkit, {elsewhere}."
    assert (found.fix, found.alternative) == (f"unset {name}", "export CUDA_SHIMS_PREFER=wheels")


@pytest.mark.parametrize("name", [*HOMES, *COMPILERS])
@pytest.mark.parametrize("way", ["itself", "a link"])
def test_the_wheels_own_folder(healthy, tmp_path, name, way):
    folder = os.path.join(healthy.prefix.site, "nvidia/cu13")
    if way == "a link":
        os.symlink(folder, tmp_path / "link")
        folder = str(tmp_path / "link")
    found = only(healthy.bad(**{name: folder if name in HOMES else f"{folder}/bin/nvcc"}))
    assert (found.code, found.level) == ("variables-wheels", "warning")
    assert found.what == f"{name} names the wheels' own folder, {folder}."
    assert found.fix == f"unset {name}"


def test_the_wheels_own_folder_by_another_name_where_there_is_no_root(healthy, tmp_path):
    shutil.rmtree(os.path.join(healthy.prefix.site, ROOTS_FOLDER))
    os.symlink(os.path.join(healthy.prefix.site, "nvidia/cu13"), tmp_path / "link")
    found = healthy.bad(CUDA_HOME=str(tmp_path / "link"))
    assert "root-missing" in found
    assert "variables-elsewhere" in found


@pytest.mark.parametrize("name", COMPILERS)
@pytest.mark.parametrize("launcher", ["", "ccache "])
def test_compiler_names_another_toolkit(healthy, elsewhere, name, launcher):
    assert list(healthy.bad(**{name: f"{launcher}{elsewhere}/bin/nvcc"})) == ["variables-elsewhere"]


@pytest.mark.parametrize("value", ["ccache nvcc", "nvcc", "/usr/bin/clang++", ""])
def test_compiler_names_no_toolkit(healthy, value):
    assert healthy.bad(CUDACXX=value) == {}


def test_the_same_toolkit_by_two_names(healthy, elsewhere, tmp_path):
    os.symlink(elsewhere, tmp_path / "link")
    found = only(healthy.bad(CUDA_HOME=elsewhere, CUDA_PATH=str(tmp_path / "link")))
    assert found.code == "variables-elsewhere"
    assert found.what == f"CUDA_HOME and CUDA_PATH name another toolkit, {elsewhere}."
    assert only(healthy.bad(CUDA_PATH=str(tmp_path / "link"))).what.endswith("/link.")


def test_variables_that_an_outer_environments_hook_set(healthy):
    """They are this process's alone, and the hook of this environment has taken their place in builds."""
    environ = {**healthy.environ, **root_variables("/outer/root")}
    found = examine(healthy.environment, environ, healthy.folder, healthy.environ)
    assert {each.level for each in found} == {"ok"}


def test_the_wheels_are_preferred(healthy, elsewhere):
    assert healthy.bad(CUDA_HOME=elsewhere, CUDA_PATH="/nowhere", CUDA_SHIMS_PREFER="wheels") == {}
    assert healthy.bad(CUDA_HOME=elsewhere, CUDA_SHIMS_TOOLKIT="13") == {}
    for choice, said in ({"CUDA_SHIMS_PREFER": "wheels"}, "CUDA_SHIMS_PREFER=wheels"), (None, 'prefer = "wheels"'):
        if choice is None:
            write(os.path.join(healthy.folder, "pyproject.toml"), b'[tool.cuda-shims]\nprefer = "wheels"\n')
        (found,) = [each for each in healthy.examine(CUDA_HOME=elsewhere, **(choice or {})) if each.code == "variables"]
        assert (found.level, found.what.startswith(f"{said} ")) == ("ok", True)
        assert found.what.endswith(" overrides CUDA_HOME in shims and in builds that Python starts.")


def test_variables_disagree(healthy, elsewhere, tmp_path):
    third = str(tmp_path / "third")
    shutil.copytree(elsewhere, third)
    environ = {"CUDA_HOME": elsewhere, "CUDACXX": f"{third}/bin/nvcc"}
    found = healthy.examine(**environ)
    bad = [each for each in found if each.level != "ok"]
    assert codes(bad) == ["variables-disagree", "variables-elsewhere", "variables-elsewhere"]
    assert bad[0].level == "error"
    assert bad[0].what == f"Variables disagree: CUDA_HOME: {elsewhere}; CUDACXX: {third}."
    assert bad[0].fix == "unset CUDA_HOME CUDACXX"


def test_variables_disagree_with_ours(healthy, elsewhere):
    assert list(healthy.bad(CUDA_HOME=healthy.root, CUDA_PATH=elsewhere)) == [
        "variables-disagree",
        "variables-elsewhere",
    ]


@pytest.mark.parametrize("value", ["/nowhere/cuda", "cuda"])
def test_variable_names_no_folder(healthy, value):
    found = only(healthy.bad(CUDA_PATH=value))
    assert (found.code, found.level) == ("variables-no-folder", "warning")
    assert "take the wheels" in found.why
    assert found.fix == "unset CUDA_PATH"


def test_variable_names_a_folder_without_nvcc(healthy, tmp_path):
    assert only(healthy.bad(CUDAToolkit_ROOT=str(tmp_path))).code == "variables-no-nvcc"


def test_variable_names_the_environment(healthy):
    found = only(healthy.bad(CUDA_HOME=healthy.prefix.path))
    assert (found.code, found.level) == ("variables-environment", "error")
    assert found.fix == "unset CUDA_HOME"


@pytest.mark.parametrize(("value", "said"), [("/nosuch/nvcc", "/nosuch/nvcc"), ("/nosuch/bin/nvcc", "/nosuch")])
def test_compiler_that_does_not_exist(healthy, value, said):
    found = only(healthy.bad(CUDACXX=value))
    assert (found.code, found.level) == ("variables-no-folder", "warning")
    assert found.what == f"CUDACXX names {said}, which does not exist."


def test_compiler_that_is_a_wrapper(healthy, tmp_path):
    wrapper = write(str(tmp_path / "wrappers" / "nvcc"), TOOL, 0o755)
    assert healthy.bad(CUDACXX=wrapper) == {}


def test_what_fish_reads(healthy, elsewhere, monkeypatch):
    monkeypatch.setattr(case, "reader", lambda _: "fish")
    assert only(healthy.bad(CUDA_HOME=elsewhere, CUDA_PATH=elsewhere)).fix == "set -e CUDA_HOME CUDA_PATH"
    shell = {**healthy.environ, **root_variables(elsewhere)}
    (found,) = [each for each in examine(healthy.environment, healthy.environ, healthy.folder, shell) if each.fix]
    env = f"cuda-shims env --python {healthy.prefix.bin}/python"
    assert (found.fix, found.alternative) == (f"{env} --format fish | source", f"{env} --unset --format fish | source")
