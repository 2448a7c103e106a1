"""``virtualenv --cuda-shims``: what is in such an environment, and that without the option nothing is different."""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version

import pytest
from fake_toolkit import NVCC_TOOLS, PYTHON, snapshot, write, write_ours
from slices import keep
from venv_support import Venv, check_records, find_uv

from cuda_shims import __version__

#: the oldest that the extra asks for, and the one of these tests
RELEASES = {"oldest": "20.26.0", "pinned": version("virtualenv")}


@pytest.fixture(scope="session")
def hosts(once, cuda_shims_wheel):
    """Return environments that have virtualenv: with cuda-shims, and without."""

    def make(folder):
        made = {}
        for name, release in RELEASES.items():
            for ours in ("", "-with-ours"):
                path = str(folder / (name + ours))
                wanted = [f"virtualenv=={release}", *([str(cuda_shims_wheel)] if ours else [])]
                subprocess.run([find_uv(), "venv", "-q", "-p", sys.executable, path], check=True)
                subprocess.run([find_uv(), "pip", "install", "-q", "-p", f"{path}/bin/python", *wanted], check=True)
                made[name + ours] = path
        return made

    return once("virtualenv-hosts", make)


@pytest.fixture(params=RELEASES)
def release(request):
    return request.param


@pytest.fixture
def made(tmp_path, house, cuda_shims_wheel, home, hosts):
    """Give a function that makes an environment by virtualenv; with ``host`` another one's virtualenv."""

    def made(*options, name="env", host="pinned-with-ours", code=0, says="", **environ):
        venv = Venv(tmp_path / name, house, cuda_shims_wheel, home)
        environ = {"VIRTUALENV_NO_PERIODIC_UPDATE": "1", **environ}
        command = [f"{hosts.get(host, host)}/bin/virtualenv", *options, venv.path]
        done = subprocess.run(
            command, env=venv.environ(**environ), cwd=home, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, (command, done.stdout, done.stderr)
        assert says in done.stdout + done.stderr
        return venv

    return made


WITHOUT = [
    ((), {}),
    (("--no-seed",), {"VIRTUALENV_CUDA_SHIMS": "0"}),
    (("--activators", "bash", "--copies", "--no-setuptools"), {"VIRTUALENV_CUDA_SHIMS": "no"}),
    (("--creator", "venv", "--system-site-packages", "--prompt", "x"), {}),
]


@pytest.mark.parametrize(("options", "variables"), WITHOUT, ids=str)
def test_without_the_option_nothing_differs(made, release, options, variables):
    trees = []
    for host in (release, f"{release}-with-ours"):
        venv = made(*options, host=host, **variables)
        tree = {path: value for path, (value,) in snapshot(venv.path).items()}
        config = tree.pop("pyvenv.cfg").splitlines()
        tree["pyvenv.cfg"] = [line for line in config if not line.startswith(b"command = ")]
        assert len(config) > len(tree["pyvenv.cfg"]) or release == "oldest"
        trees.append((tree, {path: os.lstat(os.path.join(venv.path, path)).st_mode for path in tree}))
        shutil.rmtree(venv.path)
    assert trees[0] == trees[1]
    assert len(trees[0][0]) > 10


def is_made(venv):
    """All of ours is there, and of the environment's own."""
    for tool in (*NVCC_TOOLS, "cuda-shims"):
        assert os.access(f"{venv.bin}/{tool}", os.X_OK)
    assert venv.run(f"{venv.bin}/cuda-shims", "--version") == f"cuda-shims {__version__}\n"
    with open(f"{venv.bin}/cuda-shims", encoding="utf-8") as file:
        assert venv.python in file.readline()
    (site,) = glob.glob(f"{venv.path}/lib/python3*/site-packages")
    assert check_records(site) > 60
    (dist_info,) = glob.glob(f"{site}/cuda_shims-*.dist-info")
    with open(f"{dist_info}/INSTALLER", encoding="utf-8") as file:
        assert file.read() == "virtualenv\n"
    noted = {"direct_url.json", "uv_cache.json", "uv_build.json"}
    assert not noted.intersection(os.listdir(dist_info))
    code = "import importlib.metadata as m, cuda_shims; print(m.version('cuda-shims'), cuda_shims.__file__)"
    assert venv.ask(code) == f"{__version__} {site}/cuda_shims/__init__.py"
    return site


def ini(home):
    path = write(str(home / "virtualenv.ini"), b"[virtualenv]\ncuda_shims = true\n")
    return {"VIRTUALENV_CONFIG_FILE": path}


WAYS = {
    "option": lambda _: (["--cuda-shims"], {}),
    "variable": lambda _: ([], {"VIRTUALENV_CUDA_SHIMS": "1"}),
    "ini": lambda home: ([], ini(home)),
    "variable beats ini": lambda home: (["--cuda-shims"], {**ini(home), "VIRTUALENV_CUDA_SHIMS": "0"}),
}


@pytest.mark.parametrize("way", WAYS)
def test_asked_for(made, home, release, way):
    options, variables = WAYS[way](home)
    venv = made(*options, host=f"{release}-with-ours", **variables)
    assert is_made(venv) == venv.site


def test_the_variable_turns_the_file_off(made, home):
    venv = made(VIRTUALENV_CUDA_SHIMS="0", **ini(home))
    assert not glob.glob(f"{venv.site}/*shims*")


@pytest.mark.parametrize(
    ("release", "options", "there", "gone"),
    [
        ("pinned", ("--activators", "bash"), ("bin/activate",), ("bin/activate.fish", "bin/activate_this.py")),
        ("oldest", ("--activators", "bash"), ("bin/activate",), ("bin/activate.fish", "bin/activate_this.py")),
        ("pinned", ("--activators", "", "--no-seed"), (), ("bin/activate", "bin/pip")),
        ("pinned", ("--copies", "--creator", "venv", "--no-pip"), ("bin/activate",), ("bin/pip",)),
        ("pinned", ("--seeder", "pip", "--no-setuptools", "--system-site-packages"), ("bin/pip",), ()),
    ],
    ids=str,
)
def test_other_choices_stay(made, release, options, there, gone):
    venv = made("--cuda-shims", *options, host=f"{release}-with-ours")
    is_made(venv)
    assert all(os.path.exists(f"{venv.path}/{path}") for path in there)
    assert not [path for path in gone if os.path.exists(f"{venv.path}/{path}")]
    assert os.path.islink(venv.python) is ("--copies" not in options)


@pytest.mark.parametrize("remover", keep(["newest pip", "ours"], of=["newest pip", "old pip", "uv", "ours"]))
def test_used_and_uninstalled(made, toolkit, remover, hosts):
    made("--cuda-shims", name="first")  # what Python compiles of the source is there
    source = snapshot(hosts["pinned-with-ours"], times=True)
    bare = made(host="pinned")
    bare.install(*toolkit())
    expected = bare.files()
    shutil.rmtree(bare.path)
    venv = made("--cuda-shims")
    links = {os.lstat(path).st_nlink for path in glob.glob(f"{venv.site}/*shims*/*.py")}
    assert links == {1}  # none of them is the file of another environment
    venv.install(*toolkit())
    # the first start of Python makes the root; a shell has the shims at once
    root = f"{venv.site}/cuda_shims_toolkit/cu13"
    assert not os.path.lexists(root)
    assert venv.ask("print(os.environ['CUDA_HOME'])") == root
    assert venv.nvcc() == f"{root}/bin/nvcc"
    assert venv.run(venv.python, "-m", "cuda_shims", "install") == "nothing to do: everything is as it should be\n"
    check_records(venv.site)
    venv.uninstall("cuda-shims", by=remover)
    left = venv.files()
    for tree in (left, expected):  # who installed them, and what was started meanwhile
        for path in [path for path in tree if re.search(r"tomli|__pycache__|^pyvenv", path)]:
            del tree[path]
    assert left == expected
    assert snapshot(hosts["pinned-with-ours"], times=True) == source


@pytest.mark.parametrize("by", ["newest pip", "uv copy"])
def test_replaced_by_an_installer(made, toolkit, by):
    venv = made("--cuda-shims")
    venv.install("cuda-shims", *toolkit(), by=by, options=["--reinstall" if "uv" in by else "--force-reinstall"])
    assert len(glob.glob(f"{venv.site}/cuda_shims-*.dist-info")) == 1
    assert venv.ask("print(os.environ['CUDA_HOME'])") == f"{venv.site}/cuda_shims_toolkit/cu13"


def other_pythons():
    found = {f"python3.{minor}": shutil.which(f"python3.{minor}") for minor in range(9, 14)}
    # what pyenv puts on PATH runs for a chosen version alone
    found = {name: path for name, path in found.items() if path and "/shims/" not in path}
    for path in glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3.*")):
        if os.path.basename(path) in {f"python3.{minor}" for minor in range(9, 14)}:
            found[os.path.basename(path)] = path
    found.pop(PYTHON, None)
    return found


def test_of_another_python(made, toolkit):
    found = other_pythons()
    if not found:
        pytest.skip("needs another Python, 3.9 to 3.13")
    for name in {min(found, key=lambda name: int(name[8:])), max(found, key=lambda name: int(name[8:]))}:
        venv = made("--cuda-shims", "-p", found[name], name=name)
        site = is_made(venv)
        assert f"/{name}/" in site
        venv.install(*toolkit())
        assert venv.ask("print(os.environ['CUDA_HOME'])") == f"{site}/cuda_shims_toolkit/cu13"


def test_without_filelock_a_root_is_renewed(made, toolkit):
    venv = made("--cuda-shims")
    assert not glob.glob(f"{venv.site}/filelock*")
    for release in ("13.4.92", "13.5.37"):
        venv.install(*toolkit(release))
        root = venv.ask("print(os.environ['CUDA_HOME'])")
        with open(f"{root}/version.txt", encoding="utf-8") as file:
            assert release in file.read()
        venv.run(venv.python, "-m", "cuda_shims", "install")


def ours_in(venv):
    return {path: value for path, value in snapshot(venv.path, times=True).items() if "shims" in path}


def test_a_second_run(made):
    venv = made("--cuda-shims")
    venv.ask("import cuda_shims.cli.run")
    before = ours_in(venv)
    made("--cuda-shims")
    assert ours_in(venv) == before
    # damaged
    os.unlink(f"{venv.site}/cuda_shims/installation/install.py")
    made("--cuda-shims")
    is_made(venv)
    # an older one
    shutil.rmtree(glob.glob(f"{venv.site}/cuda_shims-*.dist-info")[0])
    shutil.rmtree(f"{venv.site}/cuda_shims")
    older = write_ours(venv.site, venv.bin).replace("0.1.0", "0.0.1")
    os.rename(older.replace("0.0.1", "0.1.0"), older)
    with open(f"{older}/RECORD", encoding="utf-8") as file:
        text = file.read()
    write(f"{older}/RECORD", text.replace("0.1.0", "0.0.1").encode())
    made("--cuda-shims")
    is_made(venv)
    assert not os.path.exists(older)


def test_a_tool_of_somebody_else_stays(made):
    venv = made()
    write(f"{venv.bin}/nvcc", b"theirs")
    made("--cuda-shims", says=f"cuda-shims: {venv.bin}/nvcc is somebody else's and stays")
    with open(f"{venv.bin}/nvcc", "rb") as file:
        assert file.read() == b"theirs"
    with open(glob.glob(f"{venv.site}/cuda_shims-*.dist-info/RECORD")[0], encoding="utf-8") as file:
        assert "bin/nvcc," not in file.read()


def test_an_editable_cuda_shims_is_refused(tmp_path, hosts):
    host = str(tmp_path / "host")
    shutil.copytree(hosts["pinned-with-ours"], host, symlinks=True)
    (record,) = glob.glob(f"{host}/lib/python3*/site-packages/cuda_shims-*.dist-info/RECORD")
    with open(record, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("cuda_shims/")]
    write(record, "".join(lines).encode())
    command = [f"{host}/bin/python", "-m", "virtualenv", "--cuda-shims", str(tmp_path / "env")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "this cuda-shims is editable" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not os.path.exists(tmp_path / "env")
