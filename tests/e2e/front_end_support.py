"""How the front ends that build one project's own folder are run: PDM, Poetry, Hatch, tox."""

from __future__ import annotations

import sys

TOX = """
[tox]
env_list = probe
[testenv]
package = wheel
commands = python -c "import cuda_probe; print(cuda_probe.versions('static'))"
"""


def direct(world):
    """Name our wheel to a front end that knows neither find-links nor constraints."""
    return f"cuda-shims @ {world.wheel.as_uri()}"


def pdm(world, project, out, scratch):
    # this release breaks with newer releases of these two
    tools = world.tools("pdm", "pdm==2.29.3", "hishel[httpx]<2", "unearth<0.19")
    environ = world.environ(TMPDIR=scratch, PDM_CHECK_UPDATE="0", PDM_CONFIG_FILE=scratch / "config.toml")
    world.run(tools / "pdm", "use", "-q", "-f", sys.executable, cwd=project, env=environ)
    world.run(tools / "pdm", "build", "-v", "--no-sdist", "--dest", out, cwd=project, env=environ)


def poetry_source(world):
    """Name the index as a simple one: Poetry asks PyPI itself by an API of its own, which a mirror need not have."""
    return f'\n[[tool.poetry.source]]\nname = "index"\nurl = "{world.index}"\npriority = "primary"\n'


def poetry(world, project, scratch, *command):
    tools = world.tools("poetry", "poetry==2.5.1")
    environ = world.environ(
        TMPDIR=scratch, POETRY_VIRTUALENVS_PATH=scratch / "venvs", POETRY_VIRTUALENVS_USE_POETRY_PYTHON="true"
    )
    world.run(tools / "poetry", *command, "-n", cwd=project, env=environ)


def hatch(world, project, scratch, *command, rc=0, **variables):
    tools = world.tools("hatch", "hatch==1.18.2")
    config = scratch / "config.toml"
    config.touch()
    environ = world.environ(TMPDIR=scratch, HATCH_DATA_DIR=scratch / "hatch", HATCH_CONFIG=config, **variables)
    return world.run(tools / "hatch", *command, cwd=project, env=environ, rc=rc)


def tox(world, project, *options, settings="", plugins=(), **variables):
    tools = world.tools("-".join(["tox", *plugins]), "tox~=4.67", *plugins)
    (project / "tox.ini").write_text(TOX + settings)
    return world.run(tools / "tox", "-v", *options, cwd=project, env=world.environ(**variables))
