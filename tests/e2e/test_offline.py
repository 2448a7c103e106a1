"""docs/how-to/offline.md: the commands of the page, with a proxy that does not answer in the place of the network."""

from __future__ import annotations

import re

import pytest
from checkout import CHECKOUT
from e2e_support import TOOLKIT, check_built, cmake_project, unpacked

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(900)]

PAGE = (CHECKOUT / "docs/how-to/offline.md").read_text(encoding="utf-8")
(REQUIREMENTS,) = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
BLOCKS = [
    re.findall(r"^\$ (.*)$", block, re.MULTILINE)
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
]
COLLECT, FOR_WINDOWS, BUILD, LOCK = BLOCKS
(GROUP,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
#: what finds our wheel, which no index has; the versions are the page's business
OURS = dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT"))


def test_the_page(world, tmp_path, scratch):
    tools = world.tools("offline", "pip>=25.3", "uv")
    here = world.environ(tools, **OURS, TMPDIR=scratch, CUDAARCHS="80")
    project = cmake_project(tmp_path / "project", toolkit="13.*")
    (project / "build.in").write_text(REQUIREMENTS.replace("13.*", TOOLKIT))
    for command in (*COLLECT, *FOR_WINDOWS):
        world.run("sh", "-c", command, cwd=project, env=here)
    assert len(list((project / "windows").glob("nvidia_*win_amd64.whl"))) == 5
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "PIP_FIND_LINKS": None}
    offline = {**here, **nowhere, "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_FIND_LINKS": ""}
    offline = {name: value for name, value in offline.items() if value is not None}
    for command in BUILD:
        world.run("sh", "-c", command, cwd=project, env=offline)
        check_built(world, unpacked(project / "dist"), tmp_path)  # pip builds in TMPDIR, uv in its cache
        for wheel in (project / "dist").glob("*.whl"):
            wheel.unlink()
    constraints = project / "build.txt"
    constraints.write_text(re.sub(r"sha256:.{8}", "sha256:00000000", constraints.read_text()))
    for command in BUILD:
        assert re.search("(?i)hash", world.run("sh", "-c", command, cwd=project, env=offline, rc=None))
    assert not list((project / "dist").glob("*.whl"))


def test_a_locked_environment(world, tmp_path):
    tools = world.tools("offline", "pip>=25.3", "uv")
    (tmp_path / "pyproject.toml").write_text(
        f'{GROUP}[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.9"\n'
    )
    env = world.environ(tools, **OURS)
    for command in LOCK:
        world.run("sh", "-c", command, cwd=tmp_path, env=env)
    world.run("sh", "-c", LOCK[1] + " --offline --reinstall", cwd=tmp_path, env=env)
    assert "release 13." in world.run(tmp_path / ".venv/bin/nvcc", "--version", env=env)
    assert 'name = "nvidia-cuda-nvcc"' in (tmp_path / "uv.lock").read_text()
