"""Our wheel by each installer: what is there after it, and that nothing of ours is there after we go (contract 4.4)."""

from __future__ import annotations

import glob
import json
import os
import stat
import zipfile

import pytest
from fake_toolkit import NVCC_TOOLS, snapshot
from venv_support import INSTALLERS, check_records

# a sixth is the same shim seven times, a tenth the headers of 140 files, another the messages that the doctor knows;
# more is something that got in by accident
WHEEL_LIMIT = 450_000


def test_the_wheel(cuda_shims_wheel):
    with zipfile.ZipFile(cuda_shims_wheel) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
    scripts = {name.split("/")[-1]: entry for name, entry in entries.items() if ".data/scripts/" in name}
    assert set(scripts) == set(NVCC_TOOLS)
    assert {stat.S_IMODE(entry.external_attr >> 16) for entry in scripts.values()} == {0o755}
    assert {"cuda_shims.pth", "cuda_shims/py.typed"} <= set(entries)
    assert not [name for name in entries if "sitecustomize" in name and "templates" not in name]
    assert str(cuda_shims_wheel).endswith("-py3-none-any.whl")
    assert os.path.getsize(cuda_shims_wheel) < WHEEL_LIMIT


@pytest.mark.parametrize("installer", INSTALLERS)
def test_installed_and_used(new_venv, toolkit, installer):
    venv = new_venv()
    other = new_venv("other", base=["cuda-shims", *toolkit()])  # shares uv's cache, and with it files
    venv.install("cuda-shims", *toolkit(), by=installer)
    cache, others, wheels = snapshot(venv.uv_cache), snapshot(other.path), snapshot(f"{venv.site}/nvidia")
    assert os.listdir(venv.bin).count("nvcc") == 1

    # at once: no Python has started since
    root = os.path.join(venv.site, "cuda_shims_toolkit/cu13")
    assert not os.path.lexists(root)
    assert venv.nvcc() == f"{root}/bin/nvcc"
    # and through a link in another folder on PATH
    os.symlink(f"{venv.bin}/nvcc", f"{venv.home}/nvcc")
    assert venv.run("sh", "-c", "nvcc", PATH=f"{venv.home}:/usr/bin:/bin").split("\0")[0] == f"{root}/bin/nvcc"

    # the hook: this process, its children, and theirs
    show = "print(os.environ['CUDA_HOME'], os.environ['NVCC'], shutil.which('nvcc'))"
    expected = f"{root} {root}/bin/nvcc {root}/bin/nvcc"
    assert venv.ask(show) == expected
    child = "['sh', '-c', 'echo $CUDA_HOME $NVCC $(command -v nvcc)']"
    assert venv.ask(f"print(subprocess.check_output({child}, text=True))") == expected
    assert venv.run(venv.python, "-I", "-c", "import os; print(os.environ.get('CUDA_HOME'))").strip() == root
    assert venv.ask("print(os.environ.get('CUDA_HOME'))", CUDA_SHIMS_STARTUP="0") == "None"
    with open(f"{venv.bin}/nvcc", encoding="utf-8") as file:
        assert "# toolkit: 13.5.37\n" in file.readlines()[:3]

    # our RECORD is one, and names what was written since
    code = "from importlib.metadata import files\nfor f in files('cuda-shims'):\n if f.locate().exists(): print(f)"
    named = venv.ask(code).splitlines()
    assert {"cuda_shims_toolkit", "cuda_shims.pth", "../../../bin/nvcc"} <= set(named)
    assert check_records(venv.site) > 60
    venv.run(venv.python, "-m", "cuda_shims", "install")
    before = snapshot(venv.path, times=True)
    assert venv.run(venv.python, "-m", "cuda_shims", "install") == "nothing to do: everything is as it should be\n"
    assert snapshot(venv.path, times=True) == before

    # what others have is as it was: uv's cache, an environment that shares its files, NVIDIA's own
    assert snapshot(f"{venv.site}/nvidia") == wheels
    assert snapshot(other.path) == others
    assert snapshot(venv.uv_cache) == cache


UNINSTALLS = [
    ("newest pip", "newest pip"),
    ("old pip", "old pip"),
    ("uv hardlink", "uv"),
    ("uv hardlink", "ours"),
    ("newest pip", "uv"),
    ("uv symlink", "newest pip"),
    ("old pip", "ours"),
    ("uv copy", "old pip"),
]


@pytest.mark.parametrize("order", ["ours first", "ours last"])
@pytest.mark.parametrize(("installer", "remover"), UNINSTALLS)
def test_uninstalled_nothing_of_ours_is_left(new_venv, toolkit, installer, remover, order):
    venv = new_venv()
    bare = venv.files()
    venv.install(*toolkit(), by=installer)
    with_wheels = venv.files()
    venv.install("cuda-shims", by=installer)
    root = venv.ask("print(os.environ['CUDA_HOME'])")
    venv.run(venv.python, "-m", "cuda_shims", "install")  # what install adds goes, too
    assert os.path.exists(f"{root}/bin/nvcc")
    by = installer if remover == "ours" else remover
    names = [requirement.split("==")[0] for requirement in toolkit()]
    if order == "ours last":
        venv.uninstall(*names, by=by)
        venv.uninstall("cuda-shims", by=remover)
        left = {path for path, value in venv.files().items() if "/nvidia" not in path or value != ("folder",)}
        assert left == set(bare)  # pip leaves empty folders of NVIDIA's, with us or without
    else:
        venv.uninstall("cuda-shims", by=remover)
        assert venv.files() == with_wheels
        assert check_records(venv.site) > 25
        assert venv.ask("print(os.environ.get('CUDA_HOME'))") == "None"
        assert not glob.glob(f"{venv.site}/*shims*")


def test_uninstalled_by_another_python(new_venv, toolkit):
    """No file that another Python version compiled is left."""
    tool = new_venv("tool", base=["cuda-shims"])
    venv = new_venv()
    before = venv.files()
    venv.install("cuda-shims", *toolkit())
    venv.run(venv.python, "-O", "-c", "import cuda_shims.cli.run")
    words = (tool.python, "-m", "cuda_shims", "uninstall", "--python", venv.python)
    long = venv.run(*words, "--dry-run", "-v").splitlines()
    modules = [line for line in long if "/cuda_shims/" in line]
    short = venv.run(*words).splitlines()
    assert f"would remove {venv.bin}/nvcc" in long
    assert f"removed {venv.bin}/nvcc" in short
    said = [line for line in short if line.startswith("removed cuda-shims itself, ")]
    assert len(said) == 1
    assert int(said[0].split()[3]) >= len(modules) > len(short)
    assert len(long) == len(short) - 1 + int(said[0].split()[3])
    assert {path for path in venv.files() if "nvidia" not in path} == set(before)


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_another_distribution_with_a_script_of_that_name(new_venv, toolkit, first):
    venv = new_venv(base=toolkit())
    pip = "newest pip"
    for name in ("cuda-shims", "other-nvcc") if first == "ours" else ("other-nvcc", "cuda-shims"):
        venv.install(name, by=pip)
    shim = f"{venv.bin}/nvcc"

    def is_ours():
        with open(shim, "rb") as file:
            return b"# cuda-shims shim" in file.read(200)

    # builds keep working either way: the hook comes first on PATH
    root = venv.ask("print(os.environ['CUDA_HOME'])")
    assert venv.ask("print(shutil.which('nvcc'))") == f"{root}/bin/nvcc"
    assert is_ours() is (first == "theirs")
    if first == "ours":
        done = venv.run(venv.python, "-m", "cuda_shims", "install", "--json", code=1)
        (conflict,) = [change for change in json.loads(done)["changes"] if change["kind"] == "conflict"]
        assert (conflict["path"], conflict["note"]) == (shim, "it belongs to other-nvcc 1.0")
        venv.run(venv.python, "-m", "cuda_shims", "install", "--force")
    assert is_ours()
    assert venv.nvcc() == f"{root}/bin/nvcc"

    # it goes, and takes the name along: ours is repaired
    venv.uninstall("other-nvcc", by=pip)
    assert not os.path.exists(shim)
    venv.run(venv.python, "-m", "cuda_shims", "install")
    assert is_ours()
    venv.uninstall("cuda-shims", by=pip)
    assert not glob.glob(f"{venv.bin}/nvcc") + glob.glob(f"{venv.site}/*shims*")


def test_ours_goes_and_theirs_stays(new_venv):
    venv = new_venv(base=["cuda-shims"])
    venv.install("other-nvcc", by="newest pip")
    venv.run(venv.python, "-m", "cuda_shims", "uninstall", code=1)
    assert venv.run(f"{venv.bin}/nvcc").strip() == "other"
