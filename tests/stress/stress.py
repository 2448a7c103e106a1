"""
Many processes start Python and compile in one environment while its wheels are upgraded, and ours comes and goes.

What must hold: no compile fails that would not fail in a quiet environment, a reader never sees a root with less than
before, no file is torn, and afterwards nothing is left over. ``stress_actors.py`` says who does what, and under which
lock; ``stress_checks.py`` what is looked at. Real wheels of NVIDIA's, on a machine that seems to have no CUDA.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(os.path.dirname(HERE), folder) for folder in ("support", "e2e")]

import stress_checks as checks  # noqa: E402
import stress_report as report  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

EXTRAS = "cccl,crt,cudart,nvcc,nvvm"
VERSIONS = ("13.4.3", "13.5.0")
# as pip has it in its isolated builds
SITECUSTOMIZE = """\
import site, sys
for path in [{site!r}]:
    assert path not in sys.path
    site.addsitedir(path)
"""


def toolkit(version: str) -> str:
    """Name a toolkit as a requirement."""
    return f"cuda-toolkit[{EXTRAS}]=={version}"


def optional(version: str) -> list[str]:
    """Name the wheel that comes and goes."""
    return [f"nvidia-cuda-cuobjdump=={version.rpartition('.')[0]}.*", "--no-deps"]


class Stress:
    """One run."""

    def __init__(self, world: Any, work: str, options: argparse.Namespace) -> None:
        """Take the machine without CUDA, an empty folder, and what was asked for."""
        self.world = world
        self.work = work
        self.options = options
        self.env = os.path.join(work, "env")
        self.python = os.path.join(self.env, "bin", "python")
        self.lower = os.path.join(work, "lower")
        for name in ("locks", "log", "actors", "home", "overlay"):
            os.makedirs(os.path.join(work, name))
        home = os.path.join(work, "home")
        # an actor finds uv's cache by its variable and not by the home folder
        self.environ = world.environ(HOME=home, UV_CACHE_DIR=world.uv_cache, XDG_CACHE_HOME=None)
        version = ".".join(map(str, sys.version_info[:2]))
        self.site = os.path.join(self.env, "lib", f"python{version}", "site-packages")
        self.root = os.path.join(self.site, checks.ROOTS, "cu13")

    def say(self, text: str) -> None:
        """Print a line at once, with the time."""
        print(time.strftime("%H:%M:%S"), text, flush=True)

    def uv(self, *words: str, env: str | None = None, mode: str = "hardlink") -> None:
        """Install into an environment."""
        python = os.path.join(env or self.env, "bin", "python")
        command = [self.world.uv, "pip", "install", "-q", "-p", python, "--link-mode", mode, *words]
        self.world.run(*command, env={**self.environ, "CUDA_SHIMS_STARTUP": "0"})

    def venv(self, name: str) -> str:
        """Make an environment."""
        folder = os.path.join(self.work, name)
        base = os.path.realpath(sys.executable)
        self.world.run(self.world.uv, "venv", "-q", "-p", base, folder, env=self.environ)
        return folder

    def fill_cache(self) -> dict[str, str]:
        """Bring the wheels that the actors install into uv's cache, and hash what it holds of them if wanted."""
        found = {}
        for number, version in enumerate(VERSIONS):
            folder = self.venv(f"cached-{number}")
            wheels = [toolkit(version), "pip", str(self.world.wheel)]
            self.uv(*wheels, env=folder, mode="symlink")
            self.uv(*optional(version), env=folder, mode="symlink")
            for top, _, files in os.walk(folder):
                paths = [os.path.join(top, name) for name in files]
                found.update({os.path.realpath(path): "" for path in paths if os.path.islink(path)})
            shutil.rmtree(folder)
        cache = os.path.realpath(self.world.uv_cache)
        if not self.options.hash:
            return {}
        return {path: checks.digest(path) for path in found if path.startswith(cache)}

    def prepare(self) -> None:
        """Make the environment; fetch what the installers are going to want."""
        self.cached = self.fill_cache()
        self.say(f"uv's cache: {len(self.cached)} files of these wheels hashed")
        wheelhouse = ""
        if self.options.fuse:
            for folder in (self.lower, self.env):
                os.mkdir(folder)
            subprocess.run(["bindfs", "-o", "attr_timeout=0.05,entry_timeout=0.05", self.lower, self.env], check=True)
        self.venv("env")
        self.uv(toolkit(VERSIONS[1]), "pip")
        if self.options.pip:
            wheelhouse = self.options.wheelhouse or os.path.join(self.work, "wheels")
            for version in VERSIONS:
                command = [self.python, "-m", "pip", "download", "-q", "-d", wheelhouse, toolkit(version)]
                self.world.run(*command, env=self.environ)
        self.before = checks.tree(self.env)
        self.uv(str(self.world.wheel), "--no-deps")
        with open(os.path.join(self.work, "overlay", "sitecustomize.py"), "w", encoding="utf-8") as file:
            file.write(SITECUSTOMIZE.format(site=self.site))
        config = {
            "work": self.work,
            "env": self.env,
            "site": self.site,
            "root": self.root,
            "wheels_home": os.path.join(self.site, "nvidia", "cu13"),
            "base_python": os.path.realpath(self.python),
            "overlay": os.path.join(self.work, "overlay"),
            "environ": self.environ,
            "uv": self.world.uv,
            "wheel": str(self.world.wheel),
            "wheelhouse": wheelhouse,
            "toolkits": [toolkit(version) for version in VERSIONS],
            "optional": optional(VERSIONS[1]),
            "rounds": self.options.rounds,
            "pause": self.options.pause,
            "processes": self.options.processes,
            "hosts": self.options.hosts,
            "lower": self.lower if self.options.fuse else "",
        }
        with open(os.path.join(self.work, "config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)

    def start(self, role: str, number: int = 0) -> subprocess.Popen[bytes]:
        """Start an actor; a host in namespaces of its own, where process numbers begin at 1 again."""
        actors = os.path.join(HERE, "stress_actors.py")
        command = [sys.executable, actors, os.path.join(self.work, "config.json"), role, str(number)]
        if role == "host":
            command = ["unshare", "-m", "-n", "-u", "-p", "-f", "--mount-proc", "--kill-child", *command]
        environ = {**self.environ, "CUDA_SHIMS_STARTUP": "0"}
        return subprocess.Popen([*self.world.hide, *command], env=environ)

    def run(self) -> dict[str, Any]:
        """Let the actors act until the workers have done their rounds."""
        hosts, processes = self.options.hosts, self.options.processes
        begin = time.monotonic()
        workers = [self.start("host", each) for each in range(hosts)] if hosts else []
        workers = workers or [self.start("worker", each) for each in range(processes)]
        others = [self.start("starter", each) for each in range(2 + processes // 8)]
        others += [self.start(role) for role in ("upgrader", "tools", "shims", "reader", "records")]
        said = begin
        try:
            while any(worker.poll() is None for worker in workers):
                time.sleep(0.5)
                if time.monotonic() > said + 30:
                    said = time.monotonic()
                    self.say(f"{said - begin:.0f} s: {report.progress(report.rows(self.work))}")
                if time.monotonic() > begin + self.options.limit:
                    raise SystemExit("stress: the workers are not done in time; what they did is in " + self.work)
        finally:
            with open(os.path.join(self.work, "stop"), "w", encoding="utf-8"):
                pass
            for process in workers:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
            codes = [process.wait() for process in [*workers, *others]]
        self.say(f"{time.monotonic() - begin:.0f} s: all ended")
        facts = report.facts(report.rows(self.work))
        facts["seconds"] = round(time.monotonic() - begin)
        if any(codes):
            facts["faults"].append(f"actors ended with {Counter(codes)}")
        return facts

    def compare_with_quiet(self) -> list[str]:
        """Put the environment in order, and compare its root with that of one in which nothing else happened."""
        self.uv("--reinstall", toolkit(VERSIONS[1]), "pip")
        self.world.run(self.world.uv, "pip", "uninstall", "-q", "-p", self.python, "nvidia-cuda-cuobjdump")
        quiet = self.venv("quiet")
        self.uv(toolkit(VERSIONS[1]), "pip", env=quiet)
        self.uv(str(self.world.wheel), "--no-deps", env=quiet)
        for folder in (self.env, quiet):
            said = self.world.run(os.path.join(folder, "bin", "python"), "-c", "pass", env=self.environ)
            if said:
                return [f"a start of Python said {said}"]
            self.world.run(os.path.join(folder, "bin", "python"), "-m", "cuda_shims", "install", env=self.environ)
        there = os.path.join(quiet, os.path.relpath(os.path.dirname(self.root), self.env))
        found = checks.difference(checks.roots(there), checks.roots(os.path.dirname(self.root)))
        return [f"root, against a quiet one: {line}" for line in found]

    def leftovers(self) -> list[str]:
        """Look for what is left while cuda-shims is installed, and after it was uninstalled."""
        found = [f"left over: {path}" for path in checks.strays(self.env, self.site, self.before)]
        torn, differ = checks.torn_files(self.env, self.site)
        found += [f"torn: {path}" for path in [*torn, *differ]]
        self.world.run(self.python, "-m", "cuda_shims", "uninstall", env=self.environ)
        after = checks.difference(self.before, checks.tree(self.env))
        found += [f"after uninstall: {line}" for line in after]
        found += [f"after uninstall, in the user's folder: {path}" for path in checks.ours(self.environ["HOME"])]
        changed = [path for path, digest in self.cached.items() if checks.digest(path) != digest]
        return found + [f"uv's cache was written to: {path}" for path in changed]


def stress(world: Any, work: str, options: argparse.Namespace) -> dict[str, Any]:
    """
    Run it all.

    :param world: the machine without CUDA, see tests/e2e/e2e_support.py
    :param work: an empty folder, on the file system that uv's cache is on
    :param options: see :func:`parser`
    :returns: the figures; ``faults`` is to be empty
    """
    run = Stress(world, work, options)
    try:
        run.prepare()
        facts = run.run()
        facts["faults"] += run.compare_with_quiet()
        left = run.leftovers()
    finally:
        if options.fuse:
            subprocess.run(["umount", "-l", run.env], check=False)
    facts["leftovers"] = len(left)
    facts["cached files, unchanged"] = len(run.cached)
    facts["faults"] += left
    return facts


def parser() -> argparse.ArgumentParser:
    """Make the command line's parser."""
    parser = argparse.ArgumentParser(description=__doc__.strip().partition("\n")[0])
    add = parser.add_argument
    add("--processes", type=int, default=32, help="how many work at a time (%(default)s)")
    add("--rounds", type=int, default=50, help="how often each starts Python and compiles (%(default)s)")
    add("--pause", type=float, default=3.0, help="seconds between two upgrades (%(default)s)")
    add("--hosts", type=int, default=0, help="spread the processes over so many namespaces")
    add("--fuse", action="store_true", help="over bindfs, each host with a mount and so with locks of its own")
    add("--limit", type=float, default=7200, help="seconds after which to give up (%(default)s)")
    add("--no-pip", dest="pip", action="store_false", help="upgrade by uv only, and download nothing more")
    add("--no-hash", dest="hash", action="store_false", help="do not look whether uv's cache was written to")
    add("--wheelhouse", help="where pip's wheels are or are to be downloaded to")
    add("--work", help="the folder to work in; it stays (default: a temporary one)")
    return parser


def main() -> None:
    """Run the stress test by itself."""
    from e2e_support import World  # the tests' own ways
    from our_wheel import build_wheel

    options = parser().parse_args()
    work = tempfile.mkdtemp(prefix="cuda-shims-stress-") if not options.work else os.path.abspath(options.work)
    os.makedirs(work, exist_ok=True)
    from pathlib import Path

    def once(name: str, make: Callable[[Path], Any]) -> Any:
        folder = Path(work, "made", name)
        folder.mkdir(parents=True)
        return make(folder)

    world = World(once, Path(os.environ.get("CUDA_SHIMS_TEST_WHEEL") or once("wheel", build_wheel)))
    facts = stress(world, os.path.join(work, "run"), options)
    report.show(facts)
    if not options.work and not facts["faults"]:
        shutil.rmtree(work)
    sys.exit(bool(facts["faults"]))


if __name__ == "__main__":
    main()
