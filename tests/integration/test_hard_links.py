"""Who resolves nvcc and libcudart_static.a stays inside the root, whatever the file system makes of hard links."""

from __future__ import annotations

import os
import stat

import pytest
from mounts import layer, whole_seconds
from users import USER

HOME = "print(os.environ.get('CUDA_HOME'))"
#: what torch's AOTInductor, Transformer Engine and many a setup.py resolve
RESOLVED = ("bin/nvcc", "lib/libcudart_static.a", "lib64/libcudart_static.a")


def stays_inside(root):
    real = os.path.realpath(root)
    return [path for path in RESOLVED if not os.path.realpath(os.path.join(root, path)).startswith(f"{real}/")]


def make_large(venv):
    """Nobody copies an nvcc as large as NVIDIA's."""
    nvcc = f"{venv.site}/nvidia/cu13/bin/nvcc"
    with open(nvcc, "rb") as file:
        data = file.read()
    os.unlink(nvcc)  # a hard link to uv's cache
    with open(nvcc, "wb") as file:
        file.write(data)
        file.truncate(34 << 20)
    os.chmod(nvcc, 0o755)  # noqa: S103 # as its wheel has it


def test_beside_the_wheels(new_venv, toolkit):
    venv = new_venv(base=["cuda-shims", *toolkit()])
    make_large(venv)
    root = venv.ask(HOME)
    assert stays_inside(root) == []
    assert os.path.samefile(f"{root}/bin/nvcc", f"{venv.site}/nvidia/cu13/bin/nvcc")
    assert venv.ask(HOME) == root
    # an upgrade is seen, though the old file is still there by its other name
    venv.install(*toolkit("13.4.92"))
    assert venv.ask(HOME) == root
    assert os.path.samefile(f"{root}/bin/nvcc", f"{venv.site}/nvidia/cu13/bin/nvcc")


def test_no_file_of_a_lower_layer_is_copied_up(new_venv, toolkit):
    """As in a container: the image would grow by 34 MB in each layer that starts Python."""
    venv = new_venv(base=["cuda-shims", *toolkit()])
    make_large(venv)
    with layer(venv.path) as upper:
        root = venv.ask(HOME)
        assert root.startswith(venv.site)
        found = os.path.join(upper, os.path.relpath(venv.site, venv.path))
        assert not os.path.exists(os.path.join(found, "nvidia"))
        assert sum(os.lstat(f"{top}/{name}").st_size for top, _, files in os.walk(found) for name in files) < 4 << 20
        assert os.path.islink(f"{root}/bin/nvcc")  # the last resort
        assert stays_inside(root) == ["bin/nvcc"]  # the small one is copied
        assert os.path.isfile(f"{root}/lib/libcudart_static.a")
        assert venv.nvcc() == f"{root}/bin/nvcc"
        assert venv.ask(HOME) == root


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_cache_on_another_file_system(new_venv, toolkit, tmp_path, size):
    venv = new_venv("a venv", base=["cuda-shims", *toolkit()])  # with a space in it: the root goes to the cache
    if size == "large":
        make_large(venv)
    with whole_seconds(tmp_path / "coarse") as cache:
        root = venv.ask(HOME, XDG_CACHE_HOME=str(cache))
        assert root.startswith(f"{cache}/")
        assert os.lstat(f"{root}/bin/nvcc").st_nlink == 1
        assert venv.nvcc(XDG_CACHE_HOME=str(cache)) == f"{root}/bin/nvcc"
        assert venv.ask(HOME, XDG_CACHE_HOME=str(cache)) == root


def test_another_users_files(shared):
    """Linux lets nobody link to what another user owns (protected_hardlinks)."""
    with open("/proc/sys/fs/protected_hardlinks", encoding="ascii") as file:
        if file.read().strip() != "1":
            pytest.skip("fs.protected_hardlinks is off here")
    venv = shared()
    root = venv.answers(USER)
    assert stays_inside(root) == []  # they are small here
    status = os.stat(f"{root}/bin/nvcc")
    assert (status.st_uid, status.st_nlink, stat.S_IMODE(status.st_mode)) == (USER, 1, 0o744 | 0o011)
    assert venv.hook(USER) == root
