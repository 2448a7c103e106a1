"""Real environments and installers with our real wheel; NVIDIA's wheels are made of small scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from fake_toolkit import COMPILER, SPLIT, age, write_files_wheel, write_script_wheel, write_wheel
from places import SITE, Place, prepared

pytest.register_assert_rewrite("system_python", "users", "venv_support")

from venv_support import NEXT_VERSION, OLD_PIP, OLD_VERSIONS, PYPY_PIP, VERSIONS, Venv  # noqa: E402 # its asserts say what they compared


@pytest.fixture(scope="session")
def house(once):
    """Return a folder with every wheel that these tests install, but ours; and each pip, unpacked."""

    def make(folder):
        path = str(folder)
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "-d"]
        # for every Python: that which is best for this one may be a wheel for it alone
        subprocess.run([*command, path, "--only-binary", ":all:", "--platform", "any", "tomli"], check=True)
        for name, requirement in (
            ("newest pip", "pip"),
            ("old pip", f"pip=={OLD_PIP}"),
            ("PyPy's pip", f"pip=={PYPY_PIP}"),
        ):
            subprocess.run([*command, os.path.join(path, name), requirement], check=True)
            (wheel,) = os.listdir(os.path.join(path, name))
            with zipfile.ZipFile(os.path.join(path, name, wheel)) as archive:
                archive.extractall(os.path.join(path, name))
        for version in VERSIONS:
            write_wheel(path, version)
        write_wheel(path, NEXT_VERSION, (*COMPILER, "nvidia-cuda-frobnicate"))
        for version in OLD_VERSIONS:
            write_wheel(path, version, (*SPLIT, "nvidia-cuda-sanitizer-api-cu12"))
        write_script_wheel(path)
        return path

    return once("house", make)


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def new_venv(tmp_path, house, cuda_shims_wheel, home):
    """Give a function that makes environments which have nothing else: here cuda-shims requires nothing."""

    def new_venv(name="venv", *options, base=()):
        venv = Venv(tmp_path / name, house, cuda_shims_wheel, home).create(*options)
        if base:
            venv.install(*base)
        return venv

    return new_venv


@pytest.fixture
def toolkit():
    """Give a function that names the wheels of a toolkit."""
    return lambda version="13.5.37": [
        f"{name}=={version}"
        for name in ("nvidia-cuda-nvcc", "nvidia-nvvm", "nvidia-cuda-crt", "nvidia-cuda-runtime", "nvidia-cuda-cccl")
    ]


@pytest.fixture
def new_place(new_venv, toolkit, tmp_path, home):
    """Give a function that copies an environment with a toolkit and cuda-shims, in which nothing has run yet."""
    template = new_venv("template", base=["cuda-shims", *toolkit()]).path
    age(os.path.join(template, SITE, "nvidia"))
    numbers = iter(range(10**6))
    return lambda prepare=None: prepared(Place(template, tmp_path / f"place{next(numbers)}", home), prepare)


@pytest.fixture
def shared(house, cuda_shims_wheel, toolkit):
    """Give a function that makes an environment with a toolkit; the superuser's, in which the hook has not run."""
    from users import Shared, public_folder

    folders = []

    def make(name="venv", packages=None, python=None):
        folders.append(public_folder())
        venv = Shared(folders[-1], name, house, cuda_shims_wheel, python)
        venv.install("cuda-shims", *(toolkit() if packages is None else packages))
        return venv

    yield make
    for folder in folders:
        shutil.rmtree(folder)


@pytest.fixture
def more_wheels(tmp_path):
    """Give a function that writes the wheel of one more component of CUDA 13, and returns its path."""

    def more_wheels(name, files, version="13.5.37", below="nvidia/cu13"):
        return write_files_wheel(
            str(tmp_path / "more"), name, version, {f"{below}/{path}": files[path] for path in files}
        )

    return more_wheels


@pytest.fixture
def system_python(tmp_path, house, cuda_shims_wheel, home):
    """Return Debian's own Python, with nothing of NVIDIA's or ours."""
    from system_python import SystemPython

    return SystemPython(tmp_path / "usr-local", house, cuda_shims_wheel, home)
