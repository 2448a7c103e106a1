"""Environments: this one, another interpreter's, a directory; and what is none."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
import sysconfig

import pytest
from fake_toolkit import PYTHON, write, write_ours

from cuda_shims.environment import environment, interpreter
from cuda_shims.errors import BadEnvironmentError


@pytest.fixture(scope="module")
def venv(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("venvs") / "an env")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


def test_an_interpreter_and_its_folder(venv):
    site = os.path.join(venv, f"lib/{PYTHON}/site-packages")
    for python in (os.path.join(venv, "bin/python"), venv):
        found = environment.interpreter_environment(python)
        assert found.site_dirs == (site,)
        assert (found.site_dir, found.scripts) == (site, os.path.join(venv, "bin"))
        assert (found.dist_info, found.is_target) == (None, False)
        assert os.path.join(venv, "bin/python") in found.label
        assert found.python == os.path.join(venv, "bin/python")


def test_it_is_asked_without_our_hook_and_without_the_current_directory(venv, tmp_path, monkeypatch):
    write(str(tmp_path / "json.py"), b"raise SystemExit('from the current directory')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    site = os.path.join(venv, f"lib/{PYTHON}/site-packages")
    hook = write(os.path.join(site, "test.pth"), b"import os; os.environ['CUDA_SHIMS_STARTUP'] == '0' or os._exit(3)\n")
    try:
        assert environment.interpreter_environment(venv).site_dirs == (site,)
    finally:
        os.unlink(hook)


def test_it_is_asked_in_the_top_directory_and_looks_not_even_there(venv, tmp_path, monkeypatch):
    """Before its first line runs, Python 3.13 has imported more than this one."""
    script = f'#!/bin/sh\npwd >"{tmp_path}/pwd"\nexec "{venv}/bin/python" "$@"\n'
    python = write(str(tmp_path / "python"), script.encode(), 0o755)
    environment.interpreter_environment(python)
    assert (tmp_path / "pwd").read_text() == "/\n"
    write(str(tmp_path / "json.py"), b"raise SystemExit('from the top directory')\n")
    monkeypatch.setattr(interpreter.os.path, "abspath", lambda path: str(tmp_path) if path == os.sep else path)
    environment.interpreter_environment(python)
    assert (tmp_path / "pwd").read_text() == f"{tmp_path}\n"


NO_PYTHON = {
    "missing": None,
    "a text file": (b"text", 0o644),
    "another program": (b"#!/bin/sh\necho hello\n", 0o755),
    "silent": (b"#!/bin/sh\n", 0o755),
    "failing": (b'#!/bin/sh\necho \'[[3, 12], [], "", ""]\'; exit 1\n', 0o755),
    "null": (b"#!/bin/sh\necho null\n", 0o755),
    "a number": (b"#!/bin/sh\necho 3\n", 0o755),
    "too little": (b"#!/bin/sh\necho '[]'\n", 0o755),
    "invalid bytes": (b"#!/bin/sh\nprintf '\\377'\n", 0o755),
    "no program at all": (b"\0\0", 0o755),
    "an empty folder": "folder",
}


@pytest.mark.parametrize("kind", NO_PYTHON)
def test_what_is_no_python(tmp_path, kind):
    path = str(tmp_path / "thing")
    content = NO_PYTHON[kind]
    if content == "folder":
        os.mkdir(path)
    elif content:
        write(path, *content)
    with pytest.raises(BadEnvironmentError, match="this is not a Python interpreter or environment") as raised:
        environment.interpreter_environment(path)
    assert raised.value.path == path
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "Could not find platform libraries\nFatal Python error: init_fs_encoding: no\n\nCurrent thread",
            "Fatal Python",
        ),
        ("Traceback (most recent call last):\n  x\nModuleNotFoundError: No module named 'x'", "ModuleNotFoundError"),
        ("pyenv: python3.12: command not found\n\nThe command exists in", "pyenv: python3.12: command not found"),
        ("\n\x1b[31m" + 10_000 * "x", "[31mxxx"),
    ],
)
def test_what_it_says_when_it_fails_is_told(tmp_path, said, reason):
    write(str(tmp_path / "said"), said.encode())
    path = write(str(tmp_path / "python"), f"#!/bin/sh\ncat '{tmp_path}/said' >&2\nexit 1\n".encode(), 0o755)
    with pytest.raises(BadEnvironmentError) as raised:
        environment.interpreter_environment(path)
    text = str(raised.value)
    assert f"not a Python interpreter or environment ({reason}" in text
    assert text.isprintable()
    assert len(text) < 500


def test_a_broken_site_is_told(venv, monkeypatch, tmp_path):
    monkeypatch.setattr(interpreter, "_KEPT", {"PYTHONHOME"})
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))  # as when the standard library is gone
    with pytest.raises(BadEnvironmentError, match=r"is not a Python interpreter or environment \(Fatal Python error"):
        environment.interpreter_environment(venv)


@pytest.mark.parametrize("noise", ["print('hello')", "print('[1, 2]'); import atexit; atexit.register(print, 'bye')"])
def test_what_else_it_prints_is_no_answer(venv, noise):
    site = os.path.join(venv, f"lib/{PYTHON}/site-packages")
    hook = write(os.path.join(site, "test.pth"), f"import sys; {noise}\n".encode())
    try:
        assert environment.interpreter_environment(venv).site_dirs == (site,)
    finally:
        os.unlink(hook)


def test_a_name_and_a_version_are_looked_for_on_path(venv, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f".:{tmp_path}/first:{venv}/bin:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    write(str(tmp_path / PYTHON), b"#!/bin/sh\necho the current directory >&2; exit 1\n", 0o755)
    write(str(tmp_path / "first" / PYTHON), b"not executable\n")
    expected = environment.interpreter_environment(venv)
    for name in (PYTHON, PYTHON[6:]):
        assert environment.interpreter_environment(name)[:4] == expected[:4]
    for name, meant in (("3.77", "python3.77"), ("pythonx", "pythonx"), ("3.1.2.3", "3.1.2.3")):
        with pytest.raises(BadEnvironmentError) as raised:
            environment.interpreter_environment(name)
        assert str(raised.value) == (
            f"{name}: there is no {meant} on PATH; give --python the path of an interpreter or of an environment"
        )


def test_the_user_site_is_asked_for(tmp_path, monkeypatch):
    """-I would take it away."""
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path))
    site = write_ours(str(tmp_path / f"lib/{PYTHON}/site-packages"), str(tmp_path / "bin"))
    python = os.path.realpath(sys.executable)
    code = "import site; print(site.ENABLE_USER_SITE)"
    if subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout != "True\n":
        pytest.skip("this Python has no user site")
    found = environment.interpreter_environment(python)
    assert (found.dist_info, found.scripts) == (site, str(tmp_path / "bin"))
    monkeypatch.setenv("PYTHONNOUSERSITE", "1")
    assert environment.interpreter_environment(python).dist_info != site


def test_a_folder_with_python3_alone(venv, tmp_path):
    prefix = tmp_path / "prefix"
    (prefix / "bin").mkdir(parents=True)
    write(str(prefix / "bin/python3"), f'#!/bin/sh\nexec "{venv}/bin/python" "$@"\n'.encode(), 0o755)
    assert environment.interpreter_environment(str(prefix)).scripts == os.path.join(venv, "bin")


def test_a_python_that_hangs(tmp_path, monkeypatch):
    path = write(str(tmp_path / "python"), b"#!/bin/sh\nexec sleep 60\n", 0o755)
    real = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: real(*args, **{**options, "timeout": 0.2}))
    with pytest.raises(BadEnvironmentError, match="does not answer"):
        environment.interpreter_environment(path)


def old_python():
    for name in ("python3.8", "python3.7", "python3.6"):
        found = [
            shutil.which(name),
            *sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/{name[6:]}.*/bin/python"))),
        ]
        for path in filter(None, found):
            if subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0:
                return path
    return None


def test_a_python_that_is_too_old(tmp_path):
    fake = write(str(tmp_path / "python"), b'#!/bin/sh\necho \'[[3, 8], ["/x"], "/x", "/x"]\'\n', 0o755)
    with pytest.raises(BadEnvironmentError, match=r"this is Python 3\.8; cuda-shims needs 3\.9 or later"):
        environment.interpreter_environment(fake)
    real = old_python()
    if real is None:
        pytest.skip("needs a Python older than 3.9: pyenv install 3.8")
    with pytest.raises(BadEnvironmentError, match=r"this is Python 3\.\d; cuda-shims needs 3\.9 or later"):
        environment.interpreter_environment(real)


def test_the_oldest_python_that_serves(tmp_path):
    fake = write(str(tmp_path / "python"), b'#!/bin/sh\necho \'[[3, 9], ["/x"], "/bin/x", "/y"]\'\n', 0o755)
    assert interpreter.ask(fake) == (["/x"], "/bin/x", "/y")


def test_a_target(new_prefix):
    prefix = new_prefix("target", ".")
    found = environment.target_environment(prefix.path)
    assert found == ((prefix.path,), prefix.bin, None, True, prefix.path, "")
    info = write_ours(prefix.path, prefix.bin)
    assert environment.target_environment(os.path.relpath(prefix.path)).dist_info == info


@pytest.mark.parametrize("content", [None, b"a file"])
def test_no_target(tmp_path, content):
    if content:
        write(str(tmp_path / "nowhere"), content)
    for name in ("target", "prefix"):
        with pytest.raises(BadEnvironmentError, match=f"(no such|not a) directory; give --{name} the one"):
            getattr(environment, f"{name}_environment")("nowhere")


@pytest.mark.parametrize(
    ("site", "scripts"),
    [
        (f"lib/{PYTHON}/site-packages", "bin"),
        (f"lib64/{PYTHON}/site-packages", "bin"),
        (f"local/lib/{PYTHON}/dist-packages", "local/bin"),  # Debian
        ("lib/python3.99/site-packages", "bin"),
        ("Lib/site-packages", "Scripts"),
    ],
)
def test_a_prefix(tmp_path, site, scripts):
    prefix = str(tmp_path / "[prefix]*")
    os.makedirs(os.path.join(prefix, site))
    folder, scripts = os.path.join(prefix, site), os.path.join(prefix, scripts)
    found = environment.prefix_environment(prefix)
    assert found == ((folder,), scripts, None, True, prefix, "")
    info = write_ours(folder, scripts)
    assert environment.prefix_environment(os.path.relpath(prefix)).dist_info == info
    assert environment.prefix_environment(prefix)[:2] == ((folder,), scripts)
    assert environment.prefix_environment(prefix).option == "--prefix"
    # and where it is given as the other
    with pytest.raises(BadEnvironmentError, match="this is a prefix, whose packages are below its lib: use --prefix"):
        environment.target_environment(prefix)
    target = environment.target_environment(folder)
    assert (target.scripts, target.dist_info, target.option) == (scripts, info, "--target")


def test_a_prefix_of_several_pythons(tmp_path):
    prefix, others = str(tmp_path / "prefix"), ("python3.98", "python3.99")
    for name in (PYTHON, *others):
        os.makedirs(os.path.join(prefix, "lib", name, "site-packages"))
    os.symlink(PYTHON, os.path.join(prefix, "lib/python3.1"))
    os.symlink("lib", os.path.join(prefix, "lib64"))
    assert environment.prefix_environment(prefix).site_dirs == (f"{prefix}/lib/{PYTHON}/site-packages",)
    for count, name in enumerate(others):
        write_ours(f"{prefix}/lib/{name}/site-packages", f"{prefix}/bin")
        if not count:
            assert environment.prefix_environment(prefix).site_dirs == (f"{prefix}/lib/{name}/site-packages",)
    with pytest.raises(
        BadEnvironmentError, match=r"packages of python3\.98 and python3\.99: run cuda-shims with one of"
    ):
        environment.prefix_environment(prefix)
    os.makedirs(f"{prefix}/lib/{PYTHON}/site-packages/nvidia")
    assert environment.prefix_environment(prefix).site_dirs == (f"{prefix}/lib/{PYTHON}/site-packages",)


def test_a_prefix_of_a_free_threaded_python_and_another(tmp_path, monkeypatch):
    """As pip 26 fills one for both builds of a Python; os is in the folder of that name."""
    for name in ("python3.14", "python3.14t"):
        os.makedirs(tmp_path / "lib" / name / "site-packages/nvidia")
    for name in ("python3.14t", "python3.14"):
        monkeypatch.setattr(os, "__file__", f"/usr/lib/{name}/os.py")
        assert environment.prefix_environment(str(tmp_path)).site_dirs == (f"{tmp_path}/lib/{name}/site-packages",)


def test_no_prefix(venv, tmp_path):
    with pytest.raises(BadEnvironmentError, match="it has an interpreter, which reads"):
        environment.prefix_environment(venv)
    with pytest.raises(BadEnvironmentError, match="if pip install --target filled it, use --target"):
        environment.prefix_environment(str(tmp_path))


def test_this_one_is_what_is_on_sys_path(new_prefix, monkeypatch):
    sysconfig.get_config_vars()  # reads a file of the standard library, which goes off sys.path below
    outer, inner = new_prefix("outer"), new_prefix("inner")
    inner_info = write_ours(inner.site, os.path.join(inner.path, "Scripts"))
    write_ours(outer.site, outer.bin)
    monkeypatch.setattr(sys, "path", ["", "relative", sys.path[0], inner.site, outer.site, "/nowhere/site-packages"])
    found = environment.current_environment()
    assert found.site_dirs == (inner.site, outer.site)
    assert (found.dist_info, found.site_dir) == (inner_info, inner.site)
    # not sysconfig's: an installer's RECORD says where it put the shims
    assert found.scripts == os.path.join(inner.path, "Scripts")


def test_scripts_that_are_gone_are_not_recorded_ones(prefix):
    info = prefix.ours()
    assert environment.recorded_scripts(info) == prefix.bin
    shutil.rmtree(prefix.bin)
    assert environment.recorded_scripts(info) is None
    os.unlink(os.path.join(info, "RECORD"))
    assert environment.recorded_scripts(info) is None


def test_scripts_of_the_prefix_beside_are_not_recorded_ones(new_prefix):
    own, other = new_prefix("own", "site-packages"), new_prefix("other")
    assert environment.recorded_scripts(write_ours(own.site, own.bin)) == own.bin
    assert environment.recorded_scripts(write_ours(own.site, other.bin)) is None


@pytest.mark.parametrize(
    "folder",
    ["elsewhere/bin", "env/sbin", "env/lib/bin/", "env/lib/python3.11/site-packages/x/bin", "/bin"],
)
def test_scripts_of_no_prefix_are_not_recorded_ones(prefix, tmp_path, folder):
    """Shims are written there, so what a RECORD says may not lead anywhere else."""
    info = prefix.ours()
    place = tmp_path / folder
    if not place.exists():
        place.mkdir(parents=True)
    write(os.path.join(info, "RECORD"), f"{os.path.relpath(place, prefix.site)}/nvcc,,\n{place}/nvcc,,\n".encode())
    assert (environment.recorded_scripts(info) is None) is (folder != "env/lib/bin/")


def test_scripts_with_a_nul_are_not_recorded_ones(prefix):
    info = prefix.ours()
    place = os.path.relpath(prefix.bin, prefix.site)
    write(os.path.join(info, "RECORD"), f"{place}\0/bin/nvcc,,\n".encode())
    assert environment.recorded_scripts(info) is None
    write(os.path.join(info, "RECORD"), f"{place}\0/bin/nvcc,,\n{place}/nvcc,,\n".encode())
    assert environment.recorded_scripts(info) == prefix.bin


def test_an_environment_of_no_site_packages(monkeypatch, tmp_path):
    sysconfig.get_config_vars()  # the first call imports a module, by the path that there is
    monkeypatch.setattr(sys, "path", [str(tmp_path / "a"), str(tmp_path / "b")])
    assert environment.current_environment().site_dirs == (str(tmp_path / "a"), str(tmp_path / "b"))
    os.mkdir(tmp_path / "b")
    assert environment.current_environment().site_dirs == (str(tmp_path / "b"),)
