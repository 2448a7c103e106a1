"""
A toolkit whose wheels lie in several directories of one search path: its root has what all of them hold.

What torch pins comes with a base environment, and the compiler with one on top; Bazel and pex give each wheel a folder.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import subprocess

import pytest
from fake_toolkit import write
from users import WHOLE
from venv_support import find_uv

HOME = "import os; print(os.environ.get('CUDA_HOME'))"
API = "import cuda_shims; print(cuda_shims.variables()['CUDA_HOME'])"
CUBLAS = {"include/cublas_v2.h": b"\n", "lib/libcublas.so.13": b"ELF cublas"}
NVRTC = {"include/nvrtc.h": b"\n", "lib/libnvrtc.so.13": b"ELF nvrtc"}
#: what a classic toolkit has with those wheels, beside what it has without them
WITH_CUBLAS = ("include/cublas_v2.h", "lib64/libcublas.so", "lib64/libcublas.so.13", "lib/pkgconfig/cublas-13.5.pc")
#: what torch requires, and what cuda-shims[cu13] brings then
LIBRARIES = ("nvidia-cuda-runtime",)
COMPILER = ("nvidia-cuda-nvcc", "nvidia-nvvm", "nvidia-cuda-crt", "nvidia-cuda-cccl")


def pinned(names, version="13.5.37"):
    return [f"{name}=={version}" for name in names]


#: what the root of all those wheels has
ALL = (*WHOLE, *WITH_CUBLAS)


def lacks(root, names=ALL):
    """List what a root does not have."""
    assert os.path.isabs(root), root
    return [name for name in names if not os.path.exists(f"{root}/{name}")]


def is_beside(root, site):
    """Tell whether a root lies beside the wheel of nvcc, under the name of CUDA 13, and of a search path if need be."""
    folder, name = os.path.split(root)
    return folder == f"{site}/cuda_shims_toolkit" and re.fullmatch("cu13(-[0-9a-f]{8})?", name) is not None


def doctor(venv, cwd, **environ):
    done = subprocess.run(
        [venv.python, "-m", "cuda_shims", "doctor", "--json"], env=venv.environ(**environ), cwd=cwd,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return json.loads(done.stdout)["findings"]


@pytest.fixture
def cublas(more_wheels):
    return more_wheels("nvidia-cublas", CUBLAS)


@pytest.fixture
def project(tmp_path):
    """Return the folder of a project that needs what both environments hold."""
    folder = str(tmp_path / "project")
    write(f"{folder}/CMakeLists.txt", b"project(x CUDA)\ntarget_link_libraries(x CUDA::cublas CUDA::cudart)\n")
    write(f"{folder}/x.cu", b"#include <cublas_v2.h>\n#include <cuda_runtime.h>\n")
    return folder


# --- an environment over another ---


@pytest.fixture
def over(system_python, cublas, tmp_path):
    """Give a function that makes an environment over the system's Python, which has libraries alone."""

    def over(by):
        base = system_python
        base.install(*pinned(LIBRARIES), cublas, by="uv copy" if by == "uv" else "newest pip")
        path = str(tmp_path / "over")
        if by == "uv":
            base.run(find_uv(), "venv", "-q", "--system-site-packages", "--python", base.python, path)
            pip = [find_uv(), "pip", "install", "-q", "--python", f"{path}/bin/python"]
        else:
            base.run(base.python, "-m", "venv", "--system-site-packages", "--without-pip", path)
            pip = [f"{path}/bin/python", os.path.join(base.house, "newest pip", "pip"), "install", "-q"]
        where = ["--no-index", "--no-deps", "--find-links", base.house]
        base.run(*pip, *where, base.wheel, *pinned(COMPILER))
        return path

    return over


@pytest.mark.parametrize("by", ["pip", "uv"])
@pytest.mark.parametrize("first", ["hook", "shim", "root"])
def test_an_environment_over_a_base(system_python, over, by, first):
    path = over(by)
    (site,) = glob.glob(f"{path}/lib/python3*/site-packages")
    commands = {
        "hook": [f"{path}/bin/python", "-c", HOME],
        "shim": [f"{path}/bin/nvcc"],
        "root": [f"{path}/bin/cuda-shims", "root"],
    }

    def ask(name):
        said = system_python.run(*commands[name]).split("\0")[0].strip()
        return said.removesuffix("/bin/nvcc")

    root = ask(first)
    assert system_python.lacks(root, ALL) == []
    assert {ask(name) for name in commands} == {root}
    assert is_beside(root, site)
    assert system_python.run(f"{path}/bin/python", "-c", API).strip() == root
    assert system_python.run(f"{root}/bin/nvcc").split("\0")[0] == f"{root}/bin/nvcc"


@pytest.mark.parametrize("first", ["hook", "shim", "root"])
def test_cuda_shims_alone_over_a_base(system_python, tmp_path, first):
    """As in images and on clusters, where the toolkit is in the base."""
    base = system_python
    base.install(*pinned(LIBRARIES), *pinned(COMPILER), by="uv copy")
    path = str(tmp_path / "over")
    base.run(find_uv(), "venv", "-q", "--system-site-packages", "--python", base.python, path)
    where = ["--no-index", "--no-deps", "--find-links", base.house]
    base.run(find_uv(), "pip", "install", "-q", "--python", f"{path}/bin/python", *where, base.wheel)
    os.symlink(f"{path}/bin/nvcc", tmp_path / "nvcc")
    commands = {
        "hook": [f"{path}/bin/python", "-c", HOME],
        "shim": [f"{path}/bin/nvcc"],
        "link": [str(tmp_path / "nvcc")],
        "root": [f"{path}/bin/cuda-shims", "root"],
    }

    def ask(name):
        return base.run(*commands[name]).split("\0")[0].strip().removesuffix("/bin/nvcc")

    root = ask(first)
    assert base.lacks(root, WHOLE) == []
    assert {name: ask(name) for name in commands} == dict.fromkeys(commands, root)


@pytest.mark.parametrize("way", ["PYTHONPATH", "a .pth file", "nowhere"])
@pytest.mark.parametrize("first", ["hook", "shim"])
def test_no_wheel_in_its_own_prefix(new_venv, toolkit, way, first):
    """An environment that has cuda-shims alone, and a toolkit where its Python looks as well."""
    other = new_venv("other", base=toolkit())
    venv = new_venv("venv", base=["cuda-shims"])
    environ = {"PYTHONPATH": other.site} if way == "PYTHONPATH" else {}
    if way == "a .pth file":
        write(f"{venv.site}/more.pth", f"{other.site}\n".encode())
    commands = {"hook": [venv.python, "-c", HOME], "shim": ["sh", "-c", f"{venv.bin}/nvcc 2>&1 || :"]}

    def ask(name):
        return venv.run(*commands[name], **environ).split("\0")[0].strip().removesuffix("/bin/nvcc")

    ask(first)
    root = ask("hook")
    if way == "nowhere":
        assert root == "None"
        assert "not installed in this environment" in ask("shim")
    else:
        assert ask("shim") == root
        assert lacks(root, WHOLE) == []


def test_the_base_changes(system_python, over, more_wheels):
    """A root is as fresh as each of the directories that it is made from."""
    path = over("uv")
    hook, shim = [f"{path}/bin/python", "-c", HOME], [f"{path}/bin/nvcc"]

    def lacks(command, names):
        root = system_python.run(*command).split("\0")[0].strip().removesuffix("/bin/nvcc")
        return system_python.lacks(root, names)

    more = ("lib64/libnvrtc.so", "include/nvrtc.h")
    assert lacks(hook, ALL) == []
    assert lacks(hook, more) == list(more)
    system_python.install(more_wheels("nvidia-cuda-nvrtc", NVRTC), by="uv copy")
    for command in (hook, shim):
        assert lacks(command, (*ALL, *more)) == []
    system_python.run(
        find_uv(), "pip", "uninstall", "-q", "--system", "--python", system_python.python, "nvidia-cublas"
    )
    for command in (shim, hook):
        assert lacks(command, (*WHOLE, *more)) == []
        assert lacks(command, WITH_CUBLAS) == list(WITH_CUBLAS)


def test_the_nearest_wins(system_python, over, more_wheels):
    """As an import does: the environment's own file, and not that of the base."""
    path = over("uv")
    ours = more_wheels("nvidia-cublas", {**CUBLAS, "include/cublas_v2.h": b"// nearer\n"}, version="13.5.99")
    command = [find_uv(), "pip", "install", "-q", "--no-deps", "--no-index", "--python", f"{path}/bin/python", ours]
    system_python.run(*command)
    root = system_python.run(f"{path}/bin/python", "-c", HOME).strip()
    assert system_python.lacks(root, ALL) == []
    assert system_python.run("cat", f"{root}/include/cublas_v2.h") == "// nearer\n"


def test_the_doctor_of_an_environment_over_a_base(system_python, over, project):
    """Nothing is missing, so it asks for nothing: what it asked for was installed already."""
    path = over("pip")
    system_python.run(f"{path}/bin/python", "-c", "pass")
    command = f'"{path}/bin/cuda-shims" doctor --json || :'
    found = json.loads(system_python.run("sh", "-c", command, cwd=project))["findings"]
    codes = {each["code"]: f"{each['what']} {each['fix']}" for each in found}
    assert not [code for code in codes if code.startswith(("need-", "component-", "empty-"))], codes
    for name in ("cublas_v2.h", "cuda_runtime.h", "-lcublas", "CUDA::cudart"):
        said = system_python.run(f"{path}/bin/cuda-shims", "which", "--", name)
        system_python.run("test", "-f", said.strip())


def test_a_user_site_over_the_systems(system_python, cublas):
    """``pip install --user`` finds that the libraries are satisfied, and installs the rest."""
    base = system_python
    base.install(*pinned(LIBRARIES), cublas, by="newest pip")
    base.install("cuda-shims", *pinned(COMPILER), by="newest pip", options=["--user"])
    scripts = f"{base.home}/.local/bin"
    environ = {"PATH": f"{scripts}:/usr/bin:/bin"}
    root = base.run(base.python, "-c", HOME, **environ).strip()
    assert base.lacks(root, ALL) == []
    assert is_beside(root, base.user_site())
    assert base.run("nvcc", **environ).split("\0")[0] == f"{root}/bin/nvcc"
    assert base.run("cuda-shims", "root", **environ).strip() == root


@pytest.mark.parametrize("first", ["python", "sh"])
def test_uv_run_with(new_venv, cublas, first):
    """A project's environment that has torch's libraries, and cuda-shims[cu13] for one command."""
    venv = new_venv("project", base=[*pinned(LIBRARIES), cublas])
    where = ["--no-project", "--offline", "--no-index", "--find-links", venv.house, "--with", venv.wheel]
    wheels = [word for name in pinned(COMPILER) for word in ("--with", name)]
    run = [find_uv(), "run", "-q", "--active", *where, *wheels]
    environ = {"VIRTUAL_ENV": venv.path, "UV_CACHE_DIR": venv.uv_cache}
    words = {"python": ["python", "-c", HOME], "sh": ["sh", "-c", "nvcc"]}
    answers = {
        name: venv.run(*run, *words[name], **environ).split("\0")[0].strip().removesuffix("/bin/nvcc")
        for name in (first, *words)
    }
    assert len(set(answers.values())) == 1, answers
    assert lacks(answers[first]) == []


# --- a folder for each wheel ---


@pytest.fixture
def folders(new_venv, cublas, more_wheels, tmp_path):
    """Install each wheel into a folder of its own; returns an environment that has none of them, and the folders."""
    venv = new_venv("maker")
    found = {}
    wheels = {"nvidia-cublas": cublas, "nvidia-cuda-nvrtc": more_wheels("nvidia-cuda-nvrtc", NVRTC)}
    wheels.update({name: f"{name}==13.5.37" for name in (*LIBRARIES, *COMPILER)})
    for name, requirement in {"cuda-shims": "cuda-shims", **wheels}.items():
        found[name] = str(tmp_path / f"pip_deps_{name.replace('-', '_')}" / "site-packages")
        venv.install(requirement, options=["--target", found[name]])
    return venv, found


def path_of(folders, *without):
    return ":".join(folder for name, folder in folders.items() if name not in without)


def test_a_folder_for_each_wheel(folders):
    """By the public function: no ``.pth`` file of a folder on PYTHONPATH is read."""
    venv, folder = folders
    path = path_of(folder, "nvidia-cuda-nvrtc")
    root = venv.run(venv.python, "-c", API, PYTHONPATH=path).strip()
    assert lacks(root) == []
    assert venv.run(venv.python, "-m", "cuda_shims", "root", PYTHONPATH=path).strip() == root
    assert venv.run(f"{root}/bin/nvcc").split("\0")[0] == f"{root}/bin/nvcc"
    assert venv.run(venv.python, "-c", API, PYTHONPATH=path).strip() == root


@pytest.mark.parametrize("order", ["as it is", "reversed"])
def test_a_folder_for_each_wheel_and_the_hook(folders, order):
    """What pex does, and a sitecustomize of Bazel's users: each folder is a site directory, and .pth files are read."""
    venv, folder = folders
    path = path_of(folder, "nvidia-cuda-nvrtc")
    path = path if order == "as it is" else ":".join(reversed(path.split(":")))
    code = f"import site; site.addsitedir({folder['cuda-shims']!r}); {HOME}; import shutil; print(shutil.which('nvcc'))"
    for _ in ("first start", "fresh root"):
        root, nvcc = venv.run(venv.python, "-c", code, PYTHONPATH=path).split()
        assert lacks(root) == []
        assert nvcc == f"{root}/bin/nvcc"
    found = {each["code"]: each for each in doctor(venv, venv.home, PYTHONPATH=path)}
    assert "component-missing" not in found, found


def test_two_search_paths_with_one_compiler(folders):
    """What a process was given stays whole while another one, whose path has other libraries, starts beside it."""
    venv, folder = folders
    one, other = path_of(folder, "nvidia-cuda-nvrtc"), path_of(folder, "nvidia-cublas")
    ask = [venv.python, "-c", API]
    first = venv.run(*ask, PYTHONPATH=one).strip()
    assert lacks(first) == []
    second = venv.run(*ask, PYTHONPATH=other).strip()
    assert lacks(second, ("lib64/libnvrtc.so", "include/nvrtc.h")) == []
    assert lacks(first) == []
    assert venv.run(*ask, PYTHONPATH=one).strip() == first
    assert lacks(second, ("lib64/libnvrtc.so", "include/nvrtc.h")) == []


def test_a_folder_beside_an_environment(new_venv, cublas, tmp_path):
    """A library in a folder on PYTHONPATH joins the toolkit of the environment."""
    venv = new_venv(base=["cuda-shims", *pinned((*LIBRARIES, *COMPILER))])
    more = str(tmp_path / "more")
    venv.install(cublas, options=["--target", more])
    root = venv.run(venv.python, "-c", HOME, PYTHONPATH=more).strip()
    assert lacks(root) == []
    # and leaves it again
    root = venv.run(venv.python, "-c", HOME).strip()
    assert not [name for name in WITH_CUBLAS if os.path.lexists(f"{root}/{name}")]
    assert lacks(root, WHOLE) == []


def test_another_major_does_not_join(new_venv, cublas, toolkit, tmp_path):
    """Nor do the libraries of CUDA 14 come into a root of 13."""
    venv = new_venv(base=["cuda-shims", *toolkit()])
    more = str(tmp_path / "more")
    venv.install("nvidia-cuda-runtime==14.0.7", cublas, options=["--target", more])
    root = venv.run(venv.python, "-c", HOME, PYTHONPATH=more).strip()
    assert is_beside(root, venv.site)
    assert lacks(root) == []
    assert not glob.glob(f"{root}/lib/*.so.14")


def test_a_python_that_sees_less(new_venv, cublas, tmp_path):
    """``python -I`` does not look at PYTHONPATH: it must not be given what it cannot load."""
    venv = new_venv(base=["cuda-shims", *pinned((*LIBRARIES, *COMPILER))])
    more = str(tmp_path / "more")
    venv.install(cublas, options=["--target", more])
    with_it = venv.run(venv.python, "-c", HOME, PYTHONPATH=more).strip()
    without = venv.run(venv.python, "-I", "-c", HOME, PYTHONPATH=more).strip()
    assert lacks(without, WHOLE) == []
    assert not [name for name in WITH_CUBLAS if os.path.lexists(f"{without}/{name}")]
    assert lacks(with_it) == []  # which a build may be using


def test_pypy(new_venv, cublas, tmp_path):
    python = shutil.which("pypy3")
    if python is None:
        pytest.skip("needs PyPy: apt-get install pypy3")
    venv, path, more = new_venv(), str(tmp_path / "over"), str(tmp_path / "more")
    venv.run(find_uv(), "venv", "-q", "--python", python, path)
    where = ["-q", "--python", f"{path}/bin/python", "--no-index", "--no-deps", "--find-links", venv.house]
    venv.run(find_uv(), "pip", "install", *where, venv.wheel, *pinned(COMPILER))
    venv.run(find_uv(), "pip", "install", *where, "--target", more, *pinned(LIBRARIES), cublas)
    assert lacks(venv.run(f"{path}/bin/python", "-c", HOME, PYTHONPATH=more).strip()) == []


def test_sys_path_that_grows(new_venv, cublas, tmp_path):
    """A program that adds a folder itself, and asks again."""
    venv = new_venv(base=["cuda-shims", *pinned((*LIBRARIES, *COMPILER))])
    more = str(tmp_path / "more")
    venv.install(cublas, options=["--target", more])
    root = venv.run(venv.python, "-c", f"import sys; sys.path.append({more!r}); {API}").strip()
    assert lacks(root) == []
