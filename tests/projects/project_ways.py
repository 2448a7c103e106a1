"""The ways to build a project: uv, isolated; pip without isolation; and that with a classic toolkit."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from classic import make_classic
from e2e_support import site_packages
from example_support import beside

if TYPE_CHECKING:
    from project_table import Project

WAYS = ("uv", "pip", "classic")
#: what its toolkit's files are known by in the commands of a build
TOOLKITS = {"uv": "/cuda_shims_toolkit/", "pip": "/cuda_shims_toolkit/", "classic": "/usr/local/cuda/"}
COMPILERS = ("cc", "c++", "gcc", "g++", "x86_64-linux-gnu-gcc", "x86_64-linux-gnu-g++")


class Built(NamedTuple):
    """What a build has said and done."""

    code: int | None
    said: str
    #: a row each of what the host compiler was run for
    steps: list[dict[str, Any]]


def lay_compilers(folder: Path, project: Project) -> Path:
    """Make the folder that stands first on PATH: the host compilers, which note what they do."""
    compilers, state = folder / "compilers", folder / "state"
    compilers.mkdir()
    state.mkdir()
    text = Path(__file__).with_name("compiler.py").read_text(encoding="utf-8")
    program = compilers / "compiler.py"
    # by the bare interpreter: no start-up hook, and a build starts it a thousand times
    program.write_text(f"#!{sys.executable} -IS\n{text}", encoding="utf-8")
    program.chmod(0o755)
    for name in COMPILERS:
        if os.path.exists(f"/usr/bin/{name}"):
            shutil.copy(program, compilers / name)
    for ending in (".cu", ".cpp", ".cc", ".cxx"):
        (compilers / f"empty{ending}").touch()
    plan = {"folder": str(compilers), "state": str(state), "sources": project.sources}
    (compilers / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    return compilers


def uv_project(folder: Path, project: Project) -> Path:
    """Lay out a project that has uv give the sdist's build what it needs, as the page on other people's sdists says."""
    folder.mkdir()
    lines = ["[project]", 'name = "app"', 'version = "1"', "[tool.uv]"]
    lines += [f"no-binary-package = {json.dumps([project.name])}"]
    lines += ["[tool.uv.extra-build-dependencies]", f"{project.name} = {json.dumps(project.requires)}"]
    for table, values in (("extra-build-variables", project.environ), ("config-settings-package", project.settings)):
        if values:
            inline = ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in values.items())
            lines += [f"[tool.uv.{table}]", f"{project.name} = {{ {inline} }}"]
    (folder / "pyproject.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return folder


class Place:
    """One project's folder, its environment, and a classic copy of that environment's toolkit."""

    def __init__(self, world: Any, folder: Path, project: Project, release: str) -> None:
        """Take an empty folder; ``release`` keeps the toolkit at the one that was tried."""
        self.world = world
        self.folder = folder
        self.project = project
        self.pinned = folder / "release.txt"
        self.pinned.write_text("" if project.torch else f"cuda-toolkit=={release}\n", encoding="utf-8")
        self.requirements = folder / "requirements.txt"
        line = f"{project.pin} --hash=sha256:{project.sha256}"
        self.requirements.write_text(f"{line}\n", encoding="utf-8")
        # pip does not give those of its command line to what a file requires
        settings = [f" --config-settings={json.dumps(f'{name}={value}')}" for name, value in project.settings.items()]
        self.with_settings = folder / "with-settings.txt"
        self.with_settings.write_text(f"{line}{''.join(settings)}\n", encoding="utf-8")
        self._scripts: Path | None = None
        self._classic: Path | None = None

    def scripts(self) -> Path:
        """Return the scripts directory of the environment without isolation, made the first time."""
        if self._scripts is None:
            pins = self.pinned.read_text(encoding="utf-8").split()
            wanted = ["pip", *self.project.own, *self.project.requires, *pins]
            self._scripts = self.world.venv(self.folder / "venv", *wanted)
        return self._scripts

    def classic(self) -> Path:
        """Return the classic toolkit, made the first time."""
        if self._classic is None:
            command = [self.scripts() / "cuda-shims", "root"]
            root = self.world.run(*command, env=self.world.environ(self.scripts())).strip()
            self._classic = make_classic(site_packages(self.folder / "venv"), root, self.folder / "cuda")
        return self._classic

    def build(self, way: str) -> Built:
        """Build the project by a way, whose traces go with the folder."""
        here = self.folder / way
        (here / "tmp").mkdir(parents=True)
        compilers = lay_compilers(here, self.project)
        variables: dict[str, str | None] = {"TMPDIR": str(here / "tmp"), "PIP_BUILD_CONSTRAINT": None}
        before: list[Any] = []
        cwd = here
        if way == "uv":
            scripts = self.world.venv(here / "venv")
            cwd = uv_project(here / "app", self.project)
            path = [compilers]
            constraints = self.world.base["UV_BUILD_CONSTRAINT"]
            variables["UV_BUILD_CONSTRAINT"] = f"{constraints} {self.pinned}"
            command = [self.world.uv, "pip", "install", "-v", "--no-deps", "-p", scripts / "python"]
            command += ["--refresh-package", self.project.name, "--require-hashes", "-r", self.requirements]
        else:
            path = [compilers, self.scripts()]
            variables |= self.project.environ
            command = ["python", "-m", "pip", "wheel", "-v", "--no-build-isolation", "--no-deps", "--no-cache-dir"]
            command += ["--no-binary", self.project.name, "--require-hashes", "-r", self.with_settings, "-w", here]
        if way == "classic":
            before = beside(self.world, self.classic(), here)
            path.insert(1, Path("/usr/local/cuda/bin"))
            variables |= {"CUDA_HOME": "/usr/local/cuda", "CUDA_PATH": "/usr/local/cuda", "CUDA_SHIMS_STARTUP": "0"}
        env = self.world.environ(*path, **variables)
        code, said = run([*self.world.hide, *before, *command], cwd, env, self.project.limit)
        (here / "build.log").write_text(said, encoding="utf-8")
        log = here / "state/log.jsonl"
        text = log.read_text(encoding="utf-8") if log.exists() else ""
        return Built(code, said, [json.loads(line) for line in text.splitlines()])


def run(command: list[Any], cwd: Path, env: dict[str, str], limit: int) -> tuple[int | None, str]:
    """Run a command, and end it with all that it has started when its time is over: then its code is ``None``."""
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        return None, said
    return process.returncode, said
