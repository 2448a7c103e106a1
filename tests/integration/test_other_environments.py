"""Other environments: prefixes, bundles, a user site, conda's; tools of uv and pipx; other Pythons'."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import stat
import subprocess
import sys

import pytest
from conda_layout import TOOLS, conda_compiler, conda_environment
from fake_toolkit import PYTHON, snapshot, write
from venv_support import find_uv

HOME = "print(os.environ.get('CUDA_HOME'))"
CHAINED = "print(getattr(__import__('builtins'), 'hidden', None))"


def pythons():
    """List the interpreters of pyenv, and this one's: version to path."""
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    found = {}
    for path in sorted(glob.glob(f"{glob.escape(root)}/versions/3.*/bin/python")):
        version = os.path.basename(os.path.dirname(os.path.dirname(path))).rpartition(".")[0]
        found[version] = os.path.realpath(path)
    return {**found, PYTHON[6:]: os.path.realpath(sys.executable)}


def another_python():
    for version, path in sorted(pythons().items(), key=lambda item: -int(item[0].partition(".")[2])):
        code = "import sys, ensurepip, zlib; sys.exit(sys.version_info < (3, 9))"
        done = subprocess.run([path, "-c", code], capture_output=True, check=False)
        if version != PYTHON[6:] and not done.returncode:
            return version, path
    pytest.skip("needs another Python, 3.9 or later: pyenv install 3.13")
    return None


def ours(path):
    """What is ours in a folder, byte code apart."""
    return {
        each for each in snapshot(str(path)) if "shims" in each or "sitecustomize" in each or each.startswith("bin/")
    }


def below(site, name="cu13"):
    return f"{site}/cuda_shims_toolkit/{name}"


# --- prefixes and bundles ---


@pytest.mark.parametrize("by", ["newest pip", "uv hardlink"])
def test_a_prefix(new_venv, toolkit, tmp_path, by):
    venv, user = new_venv(base=["cuda-shims"]), new_venv("user")
    prefix = str(tmp_path / "prefix")
    # pip takes what the running environment has for installed, and puts it into no prefix
    options = ["--prefix", prefix, *([] if by.startswith("uv") else ["--ignore-installed"])]
    venv.install(*toolkit(), by=by, options=options)
    bare = ours(prefix)
    venv.install("cuda-shims", by=by, options=options)
    site = f"{prefix}/lib/{PYTHON}/site-packages"
    behind = tmp_path / "behind"
    write(str(behind / "sitecustomize.py"), b"import builtins; builtins.hidden = __file__\n")
    environ = {"PYTHONPATH": f"{site}:{behind}"}
    assert user.ask(f"{HOME}; {CHAINED}", **environ).split("\n") == ["None", f"{behind}/sitecustomize.py"]
    doctor = [venv.python, "-m", "cuda_shims", "doctor", "--json", "--strict", "--prefix", prefix]
    found = {each["code"]: each for each in json.loads(venv.run(*doctor, code=1))["findings"]}
    assert found["hook-missing"]["fix"] == f"{venv.python} -m cuda_shims install --prefix {prefix}"

    out = venv.run(venv.python, "-m", "cuda_shims", "install", "--prefix", prefix)
    assert f"created {site}/sitecustomize.py\n" in out
    assert user.ask(f"{HOME}; {CHAINED}", **environ).split("\n") == [below(site), f"{behind}/sitecustomize.py"]
    assert venv.run(f"{prefix}/bin/nvcc").split("\0")[0] == f"{below(site)}/bin/nvcc"
    assert venv.run(venv.python, "-m", "cuda_shims", "root", "--prefix", prefix).strip() == below(site)
    found = {each["code"]: each for each in json.loads(venv.run(*doctor, code=1))["findings"]}
    assert found["hook"]["level"] == found["shims"]["level"] == "ok"
    assert "nothing to do" in venv.run(venv.python, "-m", "cuda_shims", "install", "--prefix", prefix)
    # its site-packages is what --target takes, too
    assert "nothing to do" in venv.run(venv.python, "-m", "cuda_shims", "install", "--target", site)

    venv.run(venv.python, "-m", "cuda_shims", "uninstall", "--prefix", prefix)
    assert ours(prefix) == bare
    assert user.ask(f"{HOME}; {CHAINED}", **environ).split("\n") == ["None", f"{behind}/sitecustomize.py"]


def test_a_prefix_of_debians_pip(new_venv, toolkit, tmp_path):
    """It is PREFIX/local, and a sitecustomize of Debian's own comes behind ours."""
    python = "/usr/bin/python3"
    if not os.path.exists("/etc/debian_version") or not os.path.exists(python):
        pytest.skip("this is no Debian, or its python3 is not installed")
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("Debian's own pip is not installed (package python3-pip)")
    venv, prefix = new_venv(base=["cuda-shims"]), str(tmp_path / "prefix")
    options = ["-q", "--no-deps", "--no-index", "--find-links", venv.house, "--ignore-installed", "--prefix", prefix]
    venv.run(python, "-m", "pip", "install", *options, "--no-warn-script-location", venv.wheel, *toolkit())
    venv.run(venv.python, "-m", "cuda_shims", "install", "--prefix", prefix)
    (site,) = glob.glob(f"{prefix}/**/dist-packages", recursive=True)
    code = f"import os, sys; {HOME}; print(getattr(sys.modules.get('sitecustomize'), '__file__', None))"
    root, chained = venv.run(python, "-c", code, PYTHONPATH=site).split()
    assert root == below(site)
    (own,) = venv.run(python, "-c", f"{code}").split()[1:]
    assert chained == (own if own != "None" else f"{site}/sitecustomize.py")
    scripts = os.path.join(site.partition("/lib/")[0], "bin")
    assert venv.run(f"{scripts}/nvcc").split("\0")[0] == f"{below(site)}/bin/nvcc"
    venv.run(venv.python, "-m", "cuda_shims", "uninstall", "--prefix", prefix)
    assert not [path for path in snapshot(prefix) if "shims" in path or "customize" in path]
    assert os.listdir(scripts) == []


def test_two_folders_on_pythonpath(new_venv, toolkit, tmp_path):
    """
    Each has a sitecustomize of ours: the first runs the second, and neither the other one for ever.

    Both are on the path, so the toolkit is one of both, that of the first where they differ.
    """
    venv = new_venv()
    first, second, behind = (str(tmp_path / name) for name in ("first", "second", "behind"))
    for target, version in ((first, "13.4.92"), (second, "13.5.37")):
        venv.install("cuda-shims", *toolkit(version), options=["--target", target])
        venv.run(venv.python, "-m", "cuda_shims", "install", "--target", target, PYTHONPATH=target)
    write(f"{behind}/sitecustomize.py", b"import builtins; builtins.hidden = __file__\n")
    for path, version in (((first, second, behind), "13.4.92"), ((second, behind, first), "13.5.37")):
        code = ["-c", f"import os; {HOME}; {CHAINED}"]
        done = subprocess.run(
            [venv.python, *code],
            env=venv.environ(PYTHONPATH=":".join(path)),
            capture_output=True,
            text=True,
            check=True,
        )
        home, chained = done.stdout.split()
        # both have wheels, which form one toolkit
        assert re.fullmatch(re.escape(below(path[0])) + "-[0-9a-f]{8}", home)
        with open(f"{home}/version.txt", encoding="utf-8") as file:
            assert version in file.read()
        assert (chained, done.stderr) == (f"{behind}/sitecustomize.py", "")


def test_a_bundle(new_venv, toolkit, tmp_path):
    """A folder that is made on one machine, moved, and used by another Python of the same minor, which cannot write."""
    maker, user = new_venv("maker", base=["cuda-shims"]), new_venv("user")
    made, bundle = str(tmp_path / "made"), str(tmp_path / "task")
    maker.install("cuda-shims", *toolkit(), by="newest pip", options=["--target", made])
    maker.run(maker.python, "-m", "cuda_shims", "install", "--target", made)
    os.rename(made, bundle)
    shutil.rmtree(maker.path)
    for folder, _, names in os.walk(bundle):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    before = snapshot(bundle, times=True)
    code = f"{HOME}; print(subprocess.check_output(['nvcc'], text=True).split(chr(0))[0])"
    environ = {"PYTHONPATH": bundle, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        assert user.ask(code, **environ).split("\n") == [below(bundle), f"{below(bundle)}/bin/nvcc"]
        assert user.run(f"{bundle}/bin/nvcc").split("\0")[0] == f"{below(bundle)}/bin/nvcc"
        for path in glob.glob(f"{below(bundle)}/bin/*"):
            wheel = f"{bundle}/nvidia/cu13/bin/{os.path.basename(path)}"
            assert os.path.realpath(path).startswith(f"{bundle}/nvidia/") or os.path.samefile(path, wheel)
        assert snapshot(bundle, times=True) == before
        # a folder that a program adds to sys.path itself, later
        late = f"sys.path.insert(0, {bundle!r}); import cuda_shims; print(cuda_shims.variables()['CUDA_HOME'])"
        assert user.ask(late, PYTHONDONTWRITEBYTECODE="1") == below(bundle)
    finally:
        for folder, _, _ in os.walk(bundle):
            os.chmod(folder, 0o700)


# --- a user site ---


def test_a_user_site_of_two_pythons(new_venv, toolkit, tmp_path):
    version, other = another_python()
    this = os.path.realpath(sys.executable)
    tool = new_venv("tool", base=["cuda-shims"])
    base = str(tmp_path / "base")
    environ = {"PYTHONUSERBASE": base, "PIP_BREAK_SYSTEM_PACKAGES": "1"}
    pip = os.path.join(tool.house, "newest pip", "pip")
    sites = {}
    for python, name, release in ((this, PYTHON, "13.5.37"), (other, f"python{version}", "13.4.92")):
        wheels = [tool.wheel, *toolkit(release)]
        options = ["-q", "--user", "--no-deps", "--no-index", "--find-links", tool.house, "--no-warn-script-location"]
        tool.run(python, pip, "install", *options, "--root-user-action=ignore", *wheels, **environ)
        sites[python] = f"{base}/lib/{name}/site-packages"
        assert tool.run(python, "-c", f"import os; {HOME}", **environ).strip() == below(sites[python])
        # not with -I, which knows no user site
        assert tool.run(tool.python, "-m", "cuda_shims", "root", "--python", python, **environ).strip() == below(
            sites[python]
        )
    first = min(sites.values())
    shell = {**environ, "PATH": f"{base}/bin:/usr/bin:/bin"}
    assert tool.run("nvcc", **shell).split("\0")[0] == f"{below(first)}/bin/nvcc"
    for python, site in sites.items():
        said = json.loads(tool.run(python, "-m", "cuda_shims", "doctor", "--json", "--strict", code=1, **shell))
        found = {each["code"]: each for each in said["findings"]}
        assert ("path-other-python" in found) == (site != first)
        if site != first:
            assert found["path-other-python"]["fix"] == f"export CUDA_SHIMS_TOOLKIT={below(site)}"
            assert tool.run("nvcc", **shell, CUDA_SHIMS_TOOLKIT=below(site)).split("\0")[0] == f"{below(site)}/bin/nvcc"

    # the shims are those of both: they go with one, and the other makes them again
    tool.run(tool.python, "-m", "cuda_shims", "uninstall", "--python", other, **environ)
    assert not os.path.lexists(f"{base}/bin/nvcc")
    assert not [each for each in snapshot(sites[other]) if "shims" in each and "__pycache__" not in each]
    tool.run(this, "-m", "cuda_shims", "install", **environ)
    left = below(first) if first == sites[this] else f"{first}/nvidia/cu13"  # the other's wheels are still there
    assert tool.run("nvcc", **shell).split("\0")[0] == f"{left}/bin/nvcc"
    tool.run(this, "-m", "cuda_shims", "uninstall", **environ)
    assert os.listdir(f"{base}/bin") == []


# --- conda ---


@pytest.fixture
def conda(new_venv, tmp_path):
    """Give a Venv that is conda's."""
    venv = new_venv("maker")
    venv.path = conda_environment(str(tmp_path / "conda"))
    venv.bin = f"{venv.path}/bin"
    venv.python = f"{venv.bin}/python"
    venv.site = f"{venv.path}/lib/{PYTHON}/site-packages"
    return venv


def findings(venv, **environ):
    done = subprocess.run(
        [venv.python, "-m", "cuda_shims", "doctor", "--json"],
        env=venv.environ(**environ),
        cwd=venv.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return {each["code"]: each for each in json.loads(done.stdout)["findings"]}


def test_conda(conda, toolkit):
    before = conda.files()
    conda.install("cuda-shims", *toolkit(), by="newest pip")
    root = below(conda.site)
    assert conda.nvcc() == f"{root}/bin/nvcc"  # not by way of lib/python3.1
    assert conda.ask(HOME) == root
    active = {"PATH": f"{conda.bin}:/usr/bin:/bin", "CONDA_PREFIX": conda.path}
    assert conda.run("nvcc", **active).split("\0")[0] == f"{root}/bin/nvcc"
    for environ in ({}, active):
        found = findings(conda, **environ)
        assert {found[code]["level"] for code in ("path", "shims", "hook", "root")} == {"ok"}
        assert "conda-replaced" not in found
    assert "not activated" in findings(conda)["path"]["what"]
    # from elsewhere, by the environment's folder
    tool = [sys.executable, "-m", "cuda_shims", "root", "--python", conda.path]
    assert conda.run(*tool).strip() == root
    conda.uninstall("cuda-shims", by="ours")
    # Python compiles its own library, too
    before, after = ({path for path in each if "/__pycache__" not in path} for each in (before, conda.files()))
    assert {path for path in after if not re.search("nvidia", path)} == before


def test_condas_own_compiler(conda, toolkit):
    conda_compiler(conda.path)
    conda.install("cuda-shims", *toolkit(), by="newest pip")
    root = below(conda.site)
    active = {"PATH": f"{conda.bin}:/usr/bin:/bin", "CONDA_PREFIX": conda.path}
    # pip has replaced it, and a link of conda's leads to a shim
    assert conda.run("nvcc", **active).split("\0")[0] == f"{root}/bin/nvcc"
    linked = conda.run(f"{conda.path}/targets/x86_64-linux/bin/nvcc").split("\0")[0]
    assert os.path.realpath(linked) == os.path.realpath(f"{root}/bin/nvcc")
    found = findings(conda, **active)["conda-replaced"]
    assert found["level"] == "warning"
    assert set(TOOLS) <= set(found["what"].replace(",", "").split())
    assert "(cuda-nvcc-tools 13.0.88)" in found["what"]
    assert "conda install --force-reinstall cuda-nvcc-tools" in found["alternative"]

    # conda puts it back, with us installed
    conda_compiler(conda.path)
    assert conda.run("nvcc", **active) == "conda nvcc\n"
    assert conda.ask("print(shutil.which('nvcc'))", **active) == f"{root}/bin/nvcc"
    said = json.loads(conda.run(conda.python, "-m", "cuda_shims", "install", "--json", code=1))
    notes = {change["note"] for change in said["changes"] if change["kind"] == "conflict"}
    assert notes == {"it belongs to conda's cuda-nvcc-tools 13.0.88"}
    found = findings(conda, **active)
    assert "conda's cuda-nvcc-tools 13.0.88" in found["shim-foreign"]["what"]
    assert "uninstall (not pip" in found["shim-foreign"]["alternative"]
    assert "conda-replaced" not in found

    # we go, and conda's stays, whatever is forced
    said = conda.run(conda.python, "-m", "cuda_shims", "uninstall", "--force", code=1)
    assert f"left alone {conda.bin}/nvcc (it belongs to conda's cuda-nvcc-tools 13.0.88)\n" in said
    assert conda.run("nvcc", **active) == "conda nvcc\n"
    assert not [path for path in conda.files() if "shims" in path]


def test_condas_compiler_is_gone_with_us(conda, toolkit):
    conda_compiler(conda.path)
    conda.install("cuda-shims", *toolkit(), by="newest pip")
    said = conda.run(conda.python, "-m", "cuda_shims", "uninstall")
    assert not os.path.lexists(f"{conda.bin}/nvcc")
    line = f"removed {conda.bin}/nvcc (conda's cuda-nvcc-tools 13.0.88 has a file with that name: "
    assert f"{line}conda install --force-reinstall cuda-nvcc-tools)\n" in said


# --- uv and pipx ---


def test_uv_run_with(new_venv, toolkit):
    venv = new_venv("project", base=toolkit())
    cache = {"UV_CACHE_DIR": venv.uv_cache}
    where = ["--no-project", "--offline", "--no-index", "--find-links", venv.house, "--with", venv.wheel]
    show = f"import os, shutil; {HOME}; print(shutil.which('nvcc'))"
    script = 'nvcc; cuda-shims root; exec python -c "$0"'
    wheels = [word for name in toolkit() for word in ("--with", name)]

    # all of it in uv's own environment, which it keeps
    run = [find_uv(), "run", "-q", "-p", sys.executable, *where, *wheels]
    roots = set()
    for _ in range(2):
        nvcc, rest = venv.run(*run, "sh", "-c", script, show, **cache).split("\0")
        root, again, which = rest.split()
        assert [nvcc, which, again] == [f"{root}/bin/nvcc"] * 2 + [root]
        assert root.startswith(f"{venv.uv_cache}/")
        roots.add(root)
    assert len(roots) == 1

    # the wheels in the project's environment, which is not ours to write to
    before = snapshot(venv.path, times=True)
    run = [find_uv(), "run", "-q", "--active", *where]
    nvcc, rest = venv.run(*run, "sh", "-c", script, show, VIRTUAL_ENV=venv.path, **cache).split("\0")
    root, again, which = rest.split()
    assert [nvcc, which, again] == [f"{root}/bin/nvcc"] * 2 + [root]
    assert root.startswith(f"{venv.home}/cache/cuda-shims/roots/")
    assert snapshot(venv.path, times=True) == before


def check_tool(venv, folder, environ):
    """The exposed links run the tool's own environment, and the doctor knows it."""
    path = {"PATH": f"{folder}:/usr/bin:/bin", **environ}
    assert os.path.islink(f"{folder}/nvcc")
    nvcc = venv.run("nvcc", **path).split("\0")[0]
    root = venv.run("cuda-shims", "root", **path).strip()
    assert nvcc == f"{root}/bin/nvcc"
    said = json.loads(venv.run("cuda-shims", "doctor", "--json", "--strict", code=1, **path))
    found = {each["code"]: each for each in said["findings"]}
    assert {found[code]["level"] for code in ("path", "shims", "hook", "root")} == {"ok"}
    rows = json.loads(venv.run("cuda-shims", "list", "--json", **path))["tools"]
    assert set(TOOLS) <= {row["tool"] for row in rows if row["on_path_is_ours"]}
    # pip has to be told which environment
    python = f"{root.partition('/lib/')[0]}/bin/python"
    assert found["component-missing"]["fix"].startswith(f"uv pip install --python {python} ")


@pytest.mark.parametrize("link_mode", ["hardlink", "symlink"])
def test_uv_tool_install(new_venv, toolkit, tmp_path, link_mode):
    venv = new_venv("maker")
    wheels = [word for name in toolkit() if "cccl" not in name for word in ("--with", name)]
    environ = {
        "UV_TOOL_DIR": str(tmp_path / "tools"),
        "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
        "UV_LINK_MODE": link_mode,
    }
    where = ["-q", "--offline", "--no-index", "--find-links", venv.house, "-p", sys.executable]
    venv.run(find_uv(), "tool", "install", *where, *wheels, venv.wheel, **environ)
    check_tool(venv, str(tmp_path / "bin"), environ)
    venv.run(find_uv(), "tool", "uninstall", "-q", "cuda-shims", **environ)
    assert os.listdir(tmp_path / "bin") == []
    assert not os.path.lexists(tmp_path / "tools/cuda-shims")


def test_pipx(new_venv, toolkit, tmp_path, once):
    def make(folder):
        command = [find_uv(), "pip", "install", "-q", "-p", sys.executable, "--target", str(folder), "pipx"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return str(folder) if not done.returncode else done.stderr

    pipx = once("pipx", make)
    if not os.path.isdir(pipx):
        pytest.skip(f"pipx cannot be had: {pipx[-300:]}")
    venv = new_venv("maker")
    environ = {
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_DEFAULT_BACKEND": "uv",  # pip would fetch a newer pip
        "PATH": f"{os.path.dirname(find_uv())}:/usr/bin:/bin",
    }
    run = [sys.executable, "-m", "pipx"]
    options = ["-q", "--pip-args", f"--no-index --find-links {venv.house}"]
    environ["PYTHONPATH"] = pipx
    if "--backend" not in venv.run(*run, "install", "--help", **environ):
        pytest.skip("the pipx for this Python has no uv in it, and fetches a pip")
    venv.run(*run, "install", *options, "--python", sys.executable, venv.wheel, **environ)
    wheels = [name for name in toolkit() if "cccl" not in name]
    venv.run(*run, "inject", *options, "cuda-shims", *wheels, **environ)
    del environ["PYTHONPATH"], environ["PATH"]
    check_tool(venv, str(tmp_path / "bin"), environ)
    venv.run(*run, "uninstall", "cuda-shims", **environ, PYTHONPATH=pipx)
    assert os.listdir(tmp_path / "bin") == []


# --- other interpreters ---


def test_an_environment_of_another_python(new_venv, toolkit, tmp_path):
    version, other = another_python()
    tool = new_venv("tool", base=["cuda-shims"])
    path = str(tmp_path / "theirs")
    tool.run(find_uv(), "venv", "-q", "--python", other, path)
    site = f"{path}/lib/python{version}/site-packages"
    install = [find_uv(), "pip", "install", "-q", "-p", path, "--no-index", "--no-deps", "--find-links", tool.house]
    tool.run(*install, tool.wheel, *toolkit())
    command = [tool.python, "-m", "cuda_shims"]
    out = tool.run(*command, "install", "--python", path)
    assert f"created {below(site)} (CUDA 13.5.37" in out
    assert "nothing to do" in tool.run(*command, "install", "--python", path)
    assert f"CUDA 13.5.37 in {below(site)}" in tool.run(*command, "list", "--python", path)
    assert f"CUDA_HOME={below(site)}" in tool.run(*command, "env", "--python", path).replace("'", "").replace('"', "")
    found = json.loads(tool.run(*command, "doctor", "--json", "--strict", "--python", path, code=1))["findings"]
    assert {each["level"] for each in found if each["code"] in {"hook", "shims", "root"}} == {"ok"}
    assert tool.run(f"{path}/bin/nvcc").split("\0")[0] == f"{below(site)}/bin/nvcc"

    # however it is named, and whatever it prints
    script = write(f"{tmp_path}/script", f'#!/bin/sh\necho hello\nexec {path}/bin/python "$@"\n'.encode(), 0o755)
    write(f"{site}/noise.pth", b"import sys; print('[1, 2]'); print('more', file=sys.stderr)\n")
    for named in (f"{path}/bin/python3", os.path.relpath(path, tool.home), script, f"python{version}", version):
        said = tool.run(*command, "root", "--python", named, PATH=f"{path}/bin:/usr/bin:/bin")
        assert said.strip() == below(site), named

    tool.run(*command, "uninstall", "--python", path)
    assert not [each for each in snapshot(path) if "shims" in each or each == "bin/nvcc"]
