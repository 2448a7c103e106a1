"""
Interpreters that do not stand beside their environment's scripts: Debian's own, and that of a bare prefix.

What is run is a tool, from a shell, where no Python has started since the wheels came: two RUN lines of a Dockerfile.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess

import pytest
from users import WHOLE

INSTALLS = {
    "pip": ("newest pip", []),
    "uv": ("uv copy", []),
    "pip --user": ("newest pip", ["--user"]),
}
HOME = "import os; print(os.environ.get('CUDA_HOME'))"


@pytest.mark.parametrize("how", INSTALLS)
@pytest.mark.parametrize("linked", [False, True], ids=["by its name", "by a link"])
def test_a_tool_of_debians_python(system_python, toolkit, tmp_path, how, linked):
    installer, options = INSTALLS[how]
    system_python.install("cuda-shims", *toolkit(), by=installer, options=options)
    scripts = f"{system_python.home}/.local/bin" if "--user" in options else "/usr/local/bin"
    assert system_python.lacks(scripts, ["nvcc"]) == []
    system_python.start_clean()
    tool = "nvcc"
    if linked:
        tool = str(tmp_path / "nvcc")
        os.symlink(f"{scripts}/nvcc", tool)
    path = f"PATH={scripts}:/usr/bin:/bin"
    nvcc = system_python.run("/usr/bin/env", "-", path, f"HOME={system_python.home}", tool)
    root, _, name = nvcc.split("\0")[0].rpartition("/bin/")
    assert name == "nvcc"
    assert system_python.lacks(root, WHOLE) == [], root
    # and that is what a start of Python names
    environ = {"PATH": path[len("PATH=") :], "XDG_CACHE_HOME": None}
    assert system_python.run("/usr/bin/python3", "-c", HOME, **environ).strip() == root
    assert system_python.run("cuda-shims", "root", **environ).strip() == root
    assert system_python.run("cuda-shims", "which", "nvcc", **environ).strip() == f"{root}/bin/nvcc"


def test_an_upgrade_by_debians_pip(system_python, toolkit):
    """The root is stale, and the shim has it made again."""
    system_python.install("cuda-shims", *toolkit("13.4.92"), by="newest pip")
    system_python.run("/usr/bin/python3", "-c", "pass")
    system_python.install(*toolkit(), by="uv copy")
    root = system_python.run("nvcc").split("\0")[0].removesuffix("/bin/nvcc")
    assert system_python.lacks(root, WHOLE) == [], root
    assert system_python.run("cat", f"{root}/version.txt") == "CUDA Version 13.5.37\n"


@pytest.mark.parametrize("by", ["newest pip", "uv copy"])
def test_a_prefix(new_venv, toolkit, tmp_path, by):
    """Its site-packages names the interpreter by its version, and PATH has that one."""
    venv, prefix = new_venv(), str(tmp_path / "prefix")
    options = ["--prefix", prefix, *([] if by.startswith("uv") else ["--ignore-installed"])]
    venv.install("cuda-shims", *toolkit(), by=by, options=options)
    (site,) = glob.glob(f"{prefix}/lib/python3*/site-packages")
    os.mkdir(tmp_path / "bin")
    os.symlink(venv.python, tmp_path / "bin" / os.path.basename(os.path.dirname(site)))
    nvcc = venv.run(f"{prefix}/bin/nvcc", PATH=f"{tmp_path}/bin:/usr/bin:/bin").split("\0")[0]
    root = nvcc.removesuffix("/bin/nvcc")
    assert [name for name in WHOLE if not os.path.exists(f"{root}/{name}")] == [], root


@pytest.mark.parametrize("why", ["another version", "it fails", "the current directory"])
def test_an_interpreter_that_cannot_make_it(new_venv, toolkit, tmp_path, why):
    """What stands on PATH under that name may be anything: the wheels' own folder serves, and nothing is said."""
    venv, prefix = new_venv(), str(tmp_path / "prefix")
    venv.install("cuda-shims", *toolkit(), options=["--prefix", prefix])
    (site,) = glob.glob(f"{prefix}/lib/python3*/site-packages")
    os.mkdir(tmp_path / "bin")
    name = "python3.99" if why == "another version" else os.path.basename(os.path.dirname(site))
    script = tmp_path / "bin" / name
    script.write_text(f"#!/bin/sh\necho noise\necho noise >&2\necho ran >{tmp_path}/ran\nexit 3\n")
    script.chmod(0o755)
    # an entry that is not absolute names what a checkout holds: nothing of it is run
    path = ".::" if why == "the current directory" else str(tmp_path / "bin")
    environ = venv.environ(PATH=path)
    done = subprocess.run(
        [f"{prefix}/bin/nvcc"], env=environ, cwd=tmp_path / "bin", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\0")[0] == f"{site}/nvidia/cu13/bin/nvcc"
    assert os.path.exists(tmp_path / "ran") == (why == "it fails")


def test_pypy(new_venv, toolkit, tmp_path):
    """PyPy's folders have no ``python3.N`` in their path."""
    python = shutil.which("pypy3")
    if python is None:
        pytest.skip("needs PyPy: apt-get install pypy3")
    venv, prefix = new_venv(), str(tmp_path / "prefix")
    pip = os.path.join(venv.house, "PyPy's pip", "pip")
    options = ["-q", "--no-deps", "--no-index", "--find-links", venv.house, "--ignore-installed", "--prefix", prefix]
    environ = {"PATH": f"{os.path.dirname(python)}:/usr/bin:/bin", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    venv.run(python, pip, "install", *options, "--no-warn-script-location", venv.wheel, *toolkit(), **environ)
    (scripts,) = {os.path.dirname(path) for path in glob.glob(f"{prefix}/**/bin/cudafe++", recursive=True)
                  if "/nvidia/" not in path}  # fmt: skip
    root = venv.run(f"{scripts}/nvcc", **environ).split("\0")[0].removesuffix("/bin/nvcc")
    assert [name for name in WHOLE if not os.path.exists(f"{root}/{name}")] == [], root
