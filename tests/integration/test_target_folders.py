"""A folder that ``--target`` filled: the hook is there after cuda-shims was upgraded in it, and gone after it went."""

from __future__ import annotations

import os

import pytest
from venv_support import find_uv

HOME = "print(os.environ.get('CUDA_HOME'))"
UV_MODES = ("hardlink", "copy", "symlink")


class Bundle:
    """Such a folder, with a toolkit and cuda-shims."""

    def __init__(self, venv, folder, toolkit):
        self.venv = venv
        self.folder = str(folder)
        venv.install("cuda-shims", *toolkit(), options=["--target", self.folder])
        self.install()

    def python(self, code=HOME):
        """Start Python with the folder on its path; it may say nothing but what it was asked for."""
        return self.venv.ask(f"sys.stderr = sys.stdout\n{code}", PYTHONPATH=self.folder)

    def install(self):
        """Run ``install --target`` out of the folder itself."""
        command = [self.venv.python, "-m", "cuda_shims", "install", "--target", self.folder]
        return self.venv.run(*command, PYTHONPATH=self.folder)

    def check(self):
        """The hook works, with a root beside the wheels."""
        root = f"{self.folder}/cuda_shims_toolkit/cu13"
        assert self.python() == root
        assert os.path.isfile(f"{root}/lib64/libcudart.so")
        assert self.venv.run(f"{self.folder}/bin/nvcc").split("\0")[0] == f"{root}/bin/nvcc"


@pytest.fixture
def bundle(new_venv, toolkit, tmp_path):
    bundle = Bundle(new_venv(), tmp_path / "bundle", toolkit)
    bundle.check()
    return bundle


def uv_upgrades(bundle, wheel, mode):
    command = [find_uv(), "pip", "install", "-q", "-p", bundle.venv.python, "--target", bundle.folder]
    bundle.venv.run(*command, "--no-deps", "--offline", "--link-mode", mode, "-U", str(wheel))


def pip_upgrades(bundle, wheel, version):
    pip = [bundle.venv.python, os.path.join(bundle.venv.house, version, "pip"), "install", "-q"]
    bundle.venv.run(*pip, "--disable-pip-version-check", "--no-deps", "-U", "--target", bundle.folder, str(wheel))


UPGRADES = {
    **{f"uv {mode}": lambda bundle, wheel, mode=mode: uv_upgrades(bundle, wheel, mode) for mode in UV_MODES},
    **{name: lambda bundle, wheel, name=name: pip_upgrades(bundle, wheel, name) for name in ("newest pip", "old pip")},
}


@pytest.mark.parametrize("by", UPGRADES)
def test_upgraded(bundle, later_wheel, by):
    """uv uninstalls what RECORD names, then installs: what ``install --target`` wrote has to outlive that."""
    UPGRADES[by](bundle, later_wheel)
    assert bundle.python("import cuda_shims; print(cuda_shims.__version__)") == "99.0"
    bundle.check()


@pytest.mark.parametrize("by", UPGRADES)
def test_upgraded_and_told_to_install_once_more(bundle, later_wheel, by):
    UPGRADES[by](bundle, later_wheel)
    bundle.install()
    bundle.check()
    assert bundle.install() == "nothing to do: everything is as it should be\n"


def test_the_toolkit_is_upgraded(bundle, toolkit):
    bundle.venv.install(*toolkit("13.4.92"), options=["--target", bundle.folder, "-U"])
    bundle.check()
    with open(f"{bundle.folder}/cuda_shims_toolkit/cu13/version.txt", encoding="utf-8") as file:
        assert "13.4.92" in file.read()


def test_uninstalled(new_venv, toolkit, tmp_path):
    """Nothing of ours is left; if not at once then after a start of Python, and that says nothing."""
    venv = new_venv()
    folder = tmp_path / "bundle"
    venv.install(*toolkit(), options=["--target", str(folder)])
    before = {path for path in map(str, folder.rglob("*")) if "__pycache__" not in path}
    bundle = Bundle(venv, folder, toolkit)
    bundle.check()
    uninstall = [find_uv(), "pip", "uninstall", "-q", "-p", venv.python, "--target", bundle.folder, "cuda-shims"]
    venv.run(*uninstall)
    assert bundle.python() == "None"
    assert {path for path in map(str, folder.rglob("*")) if "__pycache__" not in path} == before
