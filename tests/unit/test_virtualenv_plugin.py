"""The virtualenv plugin where no virtualenv asks it: what is copied and refused, other layouts, unknown releases."""

from __future__ import annotations

import argparse
import os
import sys
import types

import pytest
from fake_toolkit import NVCC_TOOLS, record_hash, snapshot, write, write_distribution, write_ours

from cuda_shims import virtualenv_plugin
from cuda_shims.errors import BadEnvironmentError
from cuda_shims.installation import copy as copies
from cuda_shims.installation import shims
from cuda_shims.virtualenv_plugin import CudaShims

pytest.importorskip("distlib.scripts", reason="needs distlib: pip install virtualenv")

HERE = sys.version_info[:2]
WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Install a cuda-shims, and let it be the one that is copied; returns its ``.dist-info``."""
    site = str(tmp_path / "source/lib/python3.12/site-packages")
    dist_info = write_ours(site, str(tmp_path / "source/bin"))
    with open(f"{dist_info}/RECORD", "a", encoding="utf-8") as record:
        for path in (f"{site}/cuda_shims/__init__.py", f"{site}/cuda_shims/__pycache__/x.pyc"):
            write(path, b"# ours\n")
            record.write(f"{os.path.relpath(path, site)},{record_hash(b'# ours' + bytes([10]))},7\n")
        record.write("cuda_shims_toolkit,,\n/etc/passwd,,\n../../../../../../etc/passwd,,\n")
        record.write("cuda_shims-0.1.0.dist-info/direct_url.json,,\ncuda_shims-0.1.0.dist-info/INSTALLER,,\n")
    monkeypatch.setattr(copies, "__file__", f"{site}/cuda_shims/installation/copy.py")
    return dist_info


def stand_in(folder, *, windows=False, version=HERE):
    """Return what the plugin asks of a creator."""
    site, scripts = ("Lib/site-packages", "Scripts") if windows else ("lib/python3.12/site-packages", "bin")
    os.makedirs(folder / site)
    os.makedirs(folder / scripts)
    interpreter = types.SimpleNamespace(version_info=(*version, 1, "final", 0), executable="/opt/python")
    exe = write(str(folder / scripts / ("python.exe" if windows else "python")), b"", 0o755)
    return types.SimpleNamespace(
        purelib=folder / site, script_dir=folder / scripts, exe=exe, interpreter=interpreter, dest=folder
    )


def generated(creator):
    return CudaShims(argparse.Namespace(cuda_shims=True), creator.interpreter).generate(creator)


@pytest.fixture
def no_requirements(monkeypatch):
    monkeypatch.setattr(sys, "path", [])


def test_not_asked_for_nothing_is_done(tmp_path):
    creator = stand_in(tmp_path / "env")
    before = snapshot(str(tmp_path))
    assert CudaShims(argparse.Namespace(cuda_shims=False)).generate(creator) == []
    assert snapshot(str(tmp_path)) == before


@pytest.mark.usefixtures("source", "no_requirements")
@pytest.mark.parametrize("windows", [False, True])
def test_copied_to_either_layout(tmp_path, windows, monkeypatch):
    suffix = ".exe" if windows else ""
    monkeypatch.setattr(shims, "SUFFIX", suffix)
    monkeypatch.setattr(shims, "template", lambda _: b"MZ cuda-shims shim")
    creator = stand_in(tmp_path / "env", windows=windows)
    scripts = generated(creator)
    names = {f"{tool}{suffix}" for tool in NVCC_TOOLS} | {"cuda-shims"}
    assert {os.path.basename(path) for path in scripts} == names
    assert set(os.listdir(creator.script_dir)) == {*names, os.path.basename(creator.exe)}
    with open(creator.purelib / "cuda_shims-0.1.0.dist-info/RECORD", encoding="utf-8") as file:
        lines = dict(line.rstrip("\n").split(",", 1) for line in file)
    assert next(iter(lines)) == "cuda_shims.pth"
    up = "../../Scripts" if windows else "../../../bin"
    assert {path for path in lines if ".." in path} == {f"{up}/{name}" for name in names}
    for path, noted in lines.items():
        with open(creator.purelib / path, "rb") as file:
            data = file.read()
        assert noted == ("," if path.endswith("/RECORD") else f"{record_hash(data)},{len(data)}")
    assert not {"cuda_shims_toolkit", "cuda_shims-0.1.0.dist-info/direct_url.json"} & set(lines)
    assert not [path for path in lines if "pyc" in path or "passwd" in path]
    # every file that is there is named
    site = {path for path, (content, *_) in snapshot(str(creator.purelib)).items() if content != "folder"}
    assert site == {path for path in lines if ".." not in path}


@pytest.mark.usefixtures("no_requirements")
def test_a_file_that_cannot_be_read_is_named_and_nothing_is_written(tmp_path, source):
    creator = stand_in(tmp_path / "env")
    os.unlink(os.path.join(os.path.dirname(source), "cuda_shims/__init__.py"))
    with pytest.raises(BadEnvironmentError, match=r"__init__\.py: RECORD names it, and it cannot be read"):
        generated(creator)
    assert os.listdir(creator.purelib) == []


@pytest.mark.usefixtures("source")
def test_refused_before_anything_is_made(tmp_path, monkeypatch):
    creator = stand_in(tmp_path / "env", version=(3, 8))
    with pytest.raises(BadEnvironmentError) as caught:
        CudaShims(argparse.Namespace(cuda_shims=True), creator.interpreter)
    assert str(caught.value) == "/opt/python: this is Python 3.8; cuda-shims needs 3.9 or later"
    # where the interpreter was not told at first
    with pytest.raises(BadEnvironmentError):
        CudaShims(argparse.Namespace(cuda_shims=True)).generate(creator)
    # an editable installation: the package is not where its metadata is
    monkeypatch.setattr(copies, "__file__", str(tmp_path / "src/cuda_shims/installation/copy.py"))
    with pytest.raises(BadEnvironmentError, match="this cuda-shims is editable or has no RECORD"):
        CudaShims(argparse.Namespace(cuda_shims=True))


def test_under_tox_it_fails_as_tox_does(tmp_path, monkeypatch):
    class Fail(Exception):  # noqa: N818 # tox's name
        pass

    monkeypatch.setattr(copies, "__file__", str(tmp_path / "src/cuda_shims/installation/copy.py"))
    monkeypatch.setitem(sys.modules, "tox.tox_env.errors", types.SimpleNamespace(Fail=Fail))
    with pytest.raises(Fail, match=r"^cuda-shims: .*is editable"):
        CudaShims(argparse.Namespace(cuda_shims=True))


def distribution(site, name="filelock", wheel=WHEEL, metadata=b""):
    dist_info = write_distribution(site, name, "1.0", {f"{name}/__init__.py": b""})
    write(f"{dist_info}/WHEEL", wheel)
    write(f"{dist_info}/METADATA", b"Name: filelock\n" + metadata)
    return dist_info


@pytest.mark.parametrize(
    ("metadata", "fits"),
    [
        (b"", True),
        (b"Requires-Python: >=3.9\n", True),
        (b"Requires-Python: >= 3.11\n", True),
        (b"Requires-Python: >=3.12\n", False),
        (b"Requires-Python: <4,>=3.8\n", False),
    ],
)
def test_a_requirement_that_the_other_python_can_run(tmp_path, metadata, fits):
    dist_info = distribution(str(tmp_path), metadata=metadata)
    found = copies.find_for("filelock", ["/nonexistent", str(tmp_path)], (3, 11))
    assert found == (dist_info if fits else None)


def test_a_requirement_that_is_no_wheel_of_python_alone(tmp_path):
    dist_info = distribution(str(tmp_path), wheel=WHEEL.replace(b"py3-none-any", b"cp311-cp311-linux_x86_64"))
    assert copies.find_for("filelock", [str(tmp_path)], (3, 11)) is None
    os.unlink(f"{dist_info}/WHEEL")
    assert copies.find_for("filelock", [str(tmp_path)], (3, 11)) is None
    assert copies.find_for("tomli", [str(tmp_path)], (3, 11)) is None


def test_a_requirement_whose_name_begins_alike(tmp_path):
    distribution(str(tmp_path), name="file")
    assert copies.find_for("file-lock", [str(tmp_path)], (3, 11)) is None
    dist_info = distribution(str(tmp_path), name="file_lock")
    assert copies.find_for("file-lock", [str(tmp_path)], (3, 11)) == dist_info


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize(("version", "copied", "missing"), [((3, 10), ["filelock"], "tomli"), ((3, 12), [], "")])
def test_requirements_come_along(tmp_path, monkeypatch, caplog, version, copied, missing):
    monkeypatch.setattr(virtualenv_plugin, "_WINDOWS", True)
    distribution(str(tmp_path / "others"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "others")])
    creator = stand_in(tmp_path / "env", version=version)
    if not copied:  # it has its own
        distribution(str(creator.purelib))
    before = snapshot(str(creator.purelib), times=True)
    generated(creator)
    assert os.path.exists(creator.purelib / "filelock/__init__.py")
    after = snapshot(str(creator.purelib), times=True)
    assert {path: after[path] for path in before} == before
    for name in copied:
        with open(creator.purelib / f"{name}-1.0.dist-info/INSTALLER", encoding="utf-8") as file:
            assert file.read() == "virtualenv\n"
        assert not os.path.exists(creator.purelib / f"{name}-1.0.dist-info/REQUESTED")
    assert [record.getMessage().split(" for ")[0] for record in caplog.records] == (
        [f"cuda-shims: no {missing}"] if missing else []
    )


@pytest.mark.usefixtures("source")
def test_filelock_is_for_windows(tmp_path, monkeypatch, caplog):
    distribution(str(tmp_path / "others"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "others")])
    creator = stand_in(tmp_path / "env", version=(3, 12))
    generated(creator)
    assert os.path.exists(creator.purelib / "cuda_shims/__init__.py")
    assert not os.path.exists(creator.purelib / "filelock")
    assert caplog.records == []


class Selector:
    """Stands for virtualenv's ActivationSelector."""

    def __init__(self):
        self.parser = argparse.ArgumentParser()
        self.interpreter = None

    def handle_selected_arg_parse(self, options):
        return options

    def create(self, options):
        return [options]


def test_a_virtualenv_as_we_know_it(monkeypatch, source):
    module = types.SimpleNamespace(ActivationSelector=type("Fresh", (Selector,), dict(vars(Selector))))
    monkeypatch.setitem(sys.modules, "virtualenv.run.plugin.activators", module)
    assert [CudaShims.supports(None) for _ in range(3)] == [False] * 3  # asked in each run of one process
    selector = module.ActivationSelector()
    assert selector.handle_selected_arg_parse("options") == "options"
    options = selector.parser.parse_args([])
    assert selector.create(options) == [options]
    options = selector.parser.parse_args(["--cuda-shims"])
    assert [type(each) for each in selector.create(options)] == [argparse.Namespace, CudaShims]
    assert source


@pytest.mark.parametrize("module", [None, types.SimpleNamespace(), types.SimpleNamespace(ActivationSelector=object)])
def test_another_virtualenv_has_an_activator_like_others(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "virtualenv.run.plugin.activators", module)
    assert CudaShims.supports(None)
    parser = argparse.ArgumentParser()
    CudaShims.add_parser_arguments(parser, None)
    assert parser.parse_args([]).cuda_shims is False


def test_loading_the_plugin_imports_nothing():
    """virtualenv does so at each run, with us or without."""
    source = virtualenv_plugin.__file__
    with open(source, encoding="utf-8") as file:
        top = [line for line in file if line.startswith(("import ", "from "))]
    assert {line.split()[1] for line in top} == {"__future__", "contextlib", "logging", "os", "sys"}
