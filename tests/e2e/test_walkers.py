"""Programs that follow links walk a root as they walk a classic toolkit: they end, and find no file more."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from classic import make_classic
from e2e_support import SYSTEM_PATH, TOOLKIT, site_packages

pytestmark = pytest.mark.timeout(900)

#: files by which a root knows what it was made from: a classic toolkit has none of those
OWN_FILES = 10
#: for a walk that takes a second or two
SECONDS = 120
EXTRAS = {"cu13": "cccl,crt,cudart,nvcc,nvvm", "cu13-all": "all"}


class Limits(NamedTuple):
    """When to stop a walker."""

    files: int
    size: int


class Circle(Exception):  # noqa: N818
    """More was found than there can be."""


def within(limits, paths):
    """Collect paths, but not for ever."""
    found = set()
    for number, path in enumerate(paths):
        if number >= limits.files:
            raise Circle(f"more than {limits.files} files, at last {path}")
        found.add(path)
    return found


def lines(limits, *command, cwd=None):
    """Run a program, which has to end by itself and without a complaint; return its lines."""
    environ = {"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8"}
    command = ["prlimit", f"--fsize={limits.size}", "timeout", str(SECONDS), *map(str, command)]
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            errors="replace",
        )
        try:
            found = within(limits, (line.rstrip("\n") for line in process.stdout))
            code = process.wait()
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        said.seek(0)
        complaints = said.read(500)
        # uv links files from its cache: while another test installs the same wheel, their count of links changes
        changed = complaints and all(line.endswith("file changed as we read it") for line in complaints.splitlines())
        assert code == 0 or (code == 1 and changed), f"{' '.join(command[4:])} ended with {code}: {complaints}"
    return found


def find(folder, _scratch, limits):
    return lines(limits, "find", "-L", ".", "-type", "f", "-printf", "%P\\n", cwd=folder)


def files_below(folder):
    return {os.path.relpath(os.path.join(top, name), folder) for top, _, names in os.walk(folder) for name in names}


def cp(folder, scratch, limits):
    # -l: links to the files instead of their bytes; cp goes the same way
    lines(limits, "cp", "-rLl", folder, scratch / "copy")
    return files_below(scratch / "copy")


def recursive_glob(folder, _scratch, limits):
    paths = glob.iglob(os.path.join(glob.escape(str(folder)), "**"), recursive=True)
    return within(limits, (os.path.relpath(path, folder) for path in paths if os.path.isfile(path)))


def walk(folder, _scratch, limits):
    return within(
        limits,
        (
            os.path.relpath(os.path.join(top, name), folder)
            for top, _, names in os.walk(folder, followlinks=True)
            for name in names
        ),
    )


def copytree(folder, scratch, limits):
    copied = []

    def note(_source, target):
        copied.append(os.path.relpath(target, scratch / "copy"))
        if len(copied) > limits.files:
            # not by an exception: copytree collects those, and goes on
            shutil.rmtree(scratch / "copy")
            pytest.fail(f"more than {limits.files} files, at last {copied[-1]}")

    shutil.copytree(folder, scratch / "copy", copy_function=note)
    return set(copied)


def zip_(folder, scratch, limits):
    if shutil.which("zip", path=SYSTEM_PATH) is None:
        pytest.skip("zip is missing (Debian package zip)")
    lines(limits, "zip", "-q", "-0", "-r", scratch / "all.zip", ".", cwd=folder)
    with zipfile.ZipFile(scratch / "all.zip") as archive:
        found = {name for name in archive.namelist() if not name.endswith("/")}
    (scratch / "all.zip").unlink()
    return found


def tar(folder, _scratch, limits):
    # to /dev/null GNU tar writes nothing, and reads no file's bytes
    names = lines(limits, "tar", "-chvf", "/dev/null", ".", cwd=folder)
    return {name[2:] for name in names if not name.endswith("/")}


WALKERS = {
    "find -L": find,
    "cp -rL": cp,
    "recursive glob": recursive_glob,
    "os.walk": walk,
    "copytree": copytree,
    "zip -r": zip_,
    "tar -h": tar,
}


@pytest.fixture(scope="module")
def toolkits(request, world, tmp_path_factory):
    """Return the site-packages directory of an environment, the root there, and a classic copy of it."""
    place = tmp_path_factory.mktemp(request.param)
    scripts = world.venv(place / "env", "cuda-shims", f"cuda-toolkit[{EXTRAS[request.param]}]=={TOOLKIT}")
    home = world.run(scripts / "python", "-c", "import os; print(os.environ['CUDA_HOME'])").strip()
    site = site_packages(place / "env")
    return site, Path(home), make_classic(site, home, place / "classic")


#: zip copies 3 GB of all libraries, three times: there those are enough that only look
CELLS = [(extra, name) for extra in EXTRAS for name in WALKERS if extra == "cu13" or name != "zip -r"]


@pytest.mark.parametrize(("toolkits", "name"), CELLS, indirect=["toolkits"])
def test_no_more_than_in_a_classic_toolkit(toolkits, name, tmp_path):
    _, root, classic = toolkits
    for folder in ("classic", "root"):
        (tmp_path / folder).mkdir()
    wanted = WALKERS[name](classic, tmp_path / "classic", Limits(10**7, 10**12))
    assert len(wanted) > 1000
    size = sum(os.stat(classic / path).st_size for path in wanted)
    found = WALKERS[name](root, tmp_path / "root", Limits(2 * len(wanted), 2 * size))
    more = sorted(found - wanted)
    assert len(more) <= OWN_FILES, f"{len(found)} files, {len(wanted)} in a classic toolkit; more: {more[:10]}"
    assert wanted - found == set()


@pytest.mark.parametrize("toolkits", EXTRAS, indirect=True)
def test_a_search_of_site_packages(toolkits):
    """As an IDE, a packager or a scanner does: the wheels once, and the root by each of its names."""
    site, _, classic = toolkits

    def entries(folder):
        return glob.iglob(os.path.join(glob.escape(str(folder)), "**"), recursive=True)

    ours = os.path.join(site, "cuda_shims_toolkit")
    with os.scandir(site) as folder:
        wheels = sum(1 for each in folder if each.path != ours for _ in entries(each.path))
    most = wheels + 2 * sum(1 for _ in entries(classic)) + 100
    assert within(Limits(most, 0), entries(site))
