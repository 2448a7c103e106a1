"""Environments that move, are copied, shared, upgraded, read-only, or have an awkward path."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from fake_toolkit import snapshot
from venv_support import check_records

HOME = "print(os.environ.get('CUDA_HOME'))"


def test_moved_and_copied(new_venv, toolkit, tmp_path):
    venv = new_venv(base=["cuda-shims", *toolkit()])
    root = venv.ask(HOME)
    for move, name in ((shutil.copytree, "copied"), (os.rename, "moved")):
        target = str(tmp_path / name)
        move(venv.path, target, **({"symlinks": True} if name == "copied" else {}))
        there = root.replace(venv.path, target)
        done = venv.run(f"{target}/bin/nvcc").split("\0")[0]
        assert done == f"{there}/bin/nvcc"
        assert venv.run(f"{target}/bin/python", "-c", f"import os; {HOME}").strip() == there
        assert os.path.realpath(done).startswith(f"{target}/")


def test_an_upgrade_reaches_the_root_and_the_shims(new_venv, toolkit):
    venv = new_venv(base=["cuda-shims", *toolkit("13.4.92")])
    root = venv.ask(HOME)
    shims = {}
    for version in ("13.4.92", "13.5.37", "13.4.92"):
        venv.install(*toolkit(version))
        assert venv.nvcc() == f"{root}/bin/nvcc"  # the shim sees that the root is stale
        with open(f"{root}/version.txt", encoding="utf-8") as file:
            assert file.read() == f"CUDA Version {version}\n"
        assert venv.ask(HOME) == root
        with open(f"{venv.bin}/nvcc", "rb") as file:
            shims.setdefault(version, file.read())
        assert f"# toolkit: {version}\n".encode() in shims[version]
        assert check_records(venv.site) > 60
    assert len(set(shims.values())) == 2  # a compiler cache sees the difference
    venv.uninstall("cuda-shims", by="newest pip")
    assert not [path for path in venv.files() if "cuda_shims" in path]


@pytest.mark.parametrize("name", ["with space", "žluťoučký kůň", "it's"])
def test_an_awkward_path(new_venv, toolkit, name, home):
    venv = new_venv(name, base=["cuda-shims", *toolkit()])
    root = venv.ask(HOME)
    assert root.startswith(f"{home}/cache/cuda-shims/roots/")
    assert venv.nvcc() == f"{root}/bin/nvcc"
    assert os.path.samefile(f"{root}/bin/nvcc", f"{venv.site}/nvidia/cu13/bin/nvcc")
    venv.uninstall("cuda-shims", by="ours")
    assert not [path for path in snapshot(str(home / "cache")) if "cu13" in path]
    assert not [path for path in venv.files() if "cuda_shims" in path]


def test_a_root_elsewhere_stays_when_its_environment_is_gone(new_venv, toolkit):
    """Another host or container, which has that environment at that path, may share the cache."""
    gone, new = (new_venv(name, base=["cuda-shims", *toolkit()]) for name in ("a gone", "a new"))
    root = gone.ask(HOME)
    before = snapshot(os.path.realpath(root), times=True)
    os.rename(gone.path, f"{gone.path} elsewhere")
    assert new.ask(HOME) != root
    assert snapshot(os.path.realpath(root), times=True) == before
    os.rename(f"{gone.path} elsewhere", gone.path)
    assert gone.ask(HOME) == root


def test_read_only(new_venv, toolkit, home):
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root and unshare: apt-get install util-linux")
    venv = new_venv(base=["cuda-shims", *toolkit()])
    before = snapshot(venv.path)
    mount = 'mount -o bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99; '
    script = mount + f'"$1/bin/python" -c "import os; {HOME}"; "$1/bin/nvcc"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", venv.path],
        env=venv.environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in {1, 99} and "unshare" in done.stderr + "mount" * (done.returncode == 99):
        pytest.skip(f"no mounts here: {done.stderr}")
    assert (done.returncode, done.stderr) == (0, "")
    root, nvcc = done.stdout.rstrip("\0").split("\n")
    assert root.startswith(f"{home}/cache/cuda-shims/roots/")
    assert nvcc == f"{root}/bin/nvcc"
    assert snapshot(venv.path) == before


def test_a_target_directory(new_venv, toolkit, tmp_path):
    venv = new_venv()
    target = str(tmp_path / "target")
    venv.install("cuda-shims", *toolkit(), by="newest pip", options=["--target", target])
    before = set(snapshot(target))
    later = tmp_path / "later"
    later.mkdir()
    (later / "sitecustomize.py").write_text("import builtins; builtins.hidden = __file__\n")
    path = f"{target}:{later}"
    root = f"{target}/cuda_shims_toolkit/cu13"
    show = f"{HOME}; print(getattr(__builtins__, 'hidden', None)); print(shutil.which('nvcc'))"
    assert venv.ask(show, PYTHONPATH=path).split("\n")[0] == "None"  # Python reads no .pth there
    assert venv.run(f"{target}/bin/nvcc").split("\0")[0] == f"{root}/bin/nvcc"

    out = venv.run(venv.python, "-m", "cuda_shims", "install", "--target", target, PYTHONPATH=target)
    assert f"created {target}/sitecustomize.py\n" in out
    assert venv.ask(show, PYTHONPATH=path).split("\n") == [root, f"{later}/sitecustomize.py", f"{root}/bin/nvcc"]
    assert venv.ask(show, PYTHONPATH=target).split("\n") == [root, "None", f"{root}/bin/nvcc"]
    assert venv.run(f"{target}/bin/nvcc").split("\0")[0] == f"{root}/bin/nvcc"

    venv.run(venv.python, "-m", "cuda_shims", "uninstall", "--target", target, PYTHONPATH=target)
    left = {each for each in snapshot(target) if "__pycache__" not in each}
    ours = {each for each in before if "cuda_shims" in each or each.startswith(("bin", "__pycache__"))}
    assert left == {each for each in before - ours if "__pycache__" not in each}
    assert not [each for each in snapshot(target) if "cuda_shims" in each]


@pytest.mark.parametrize("by", ["newest pip", "uv hardlink"])
def test_a_target_inside_of_another_environment(new_venv, toolkit, by):
    """pip's RECORD of a target says ../../bin, which means the target's own bin."""
    venv = new_venv(base=["cuda-shims", *toolkit()])
    venv.ask("pass")
    target = f"{venv.path}/lib/target"
    outside = snapshot(venv.path, times=True)
    del outside["lib"]
    venv.install("cuda-shims", *toolkit(), by=by, options=["--target", target])
    environ = {"PYTHONPATH": target, "CUDA_SHIMS_STARTUP": "0"}
    venv.run(venv.python, "-m", "cuda_shims", "install", "--target", target, **environ)
    # of the wheels of both, which are all on the path
    assert venv.ask(HOME, PYTHONPATH=target).startswith(f"{target}/cuda_shims_toolkit/cu13-")
    venv.run(venv.python, "-m", "cuda_shims", "uninstall", "--target", target, **environ)
    assert not [each for each in snapshot(target) if "shims" in each or each.startswith("bin/")]
    after = snapshot(venv.path, times=True)
    assert {each: after.get(each) for each in outside} == outside


@pytest.mark.parametrize("with_us", [False, True], ids=["without us", "with us"])
def test_a_toolkit_of_a_base_environment(new_venv, toolkit, home, with_us):
    base = new_venv("base", base=[*toolkit(), *(["cuda-shims"] if with_us else [])])
    base.ask("pass")  # its own hook, where it has one
    venv = new_venv("venv", base=["cuda-shims"])
    # what --system-site-packages does: the base's directory comes last
    with open(f"{venv.site}/zz_base.pth", "w", encoding="utf-8") as file:
        file.write(f"{base.site}\n")
    before = snapshot(base.path, times=True)
    empty = {path for path in snapshot(venv.path) if "__pycache__" not in path}
    root = venv.ask(HOME)
    if with_us:
        assert root == f"{base.site}/cuda_shims_toolkit/cu13"
    else:
        assert root.startswith(f"{home}/cache/cuda-shims/roots/")
    assert os.path.samefile(f"{root}/bin/nvcc", f"{base.site}/nvidia/cu13/bin/nvcc")
    venv.run(venv.python, "-m", "cuda_shims", "install")
    venv.uninstall("cuda-shims", by="ours")
    assert snapshot(base.path, times=True) == before
    assert {path for path in snapshot(venv.path) if "shims" in path} == set()
    assert {path for path in empty if "shims" not in path and not path.startswith("bin/")} <= set(snapshot(venv.path))


def test_an_outer_and_an_inner_environment(new_venv, toolkit):
    outer = new_venv("outer", base=["cuda-shims", *toolkit("13.4.92")])
    inner = new_venv("inner", base=["cuda-shims", *toolkit("13.5.37")])
    child = f"import os, shutil; {HOME}; print(os.environ['PATH'], shutil.which('nvcc'))"
    code = f"print(subprocess.check_output([{inner.python!r}, '-c', {child!r}], text=True))"
    home, rest = outer.ask(code).split("\n")
    path, nvcc = rest.rsplit(" ", 1)
    assert home == f"{inner.site}/cuda_shims_toolkit/cu13"
    assert nvcc == f"{home}/bin/nvcc"
    assert outer.path not in path


def test_the_users_toolkit(new_venv, toolkit, tmp_path):
    venv = new_venv(base=["cuda-shims", *toolkit()])
    mine = tmp_path / "cuda"
    (mine / "bin").mkdir(parents=True)
    shutil.copy(f"{venv.site}/nvidia/cu13/bin/nvcc", mine / "bin/nvcc")
    shim = f"print(subprocess.check_output([{venv.bin!r} + '/nvcc'], text=True))"
    show = f"{HOME}; print(os.environ.get('NVCC')); {shim}; print(shutil.which('nvcc'))"
    lines = venv.ask(show, CUDA_HOME=str(mine)).split("\n")
    assert lines == [str(mine), "None", f"{mine}/bin/nvcc\0", f"{mine}/bin/nvcc"]
    lines = venv.ask(show, CUDA_HOME=str(mine), CUDA_SHIMS_PREFER="wheels").split("\n")
    assert not [line for line in lines if str(mine) in line]
