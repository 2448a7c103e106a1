"""
Who does what to the environment of ``stress.py``: each actor is a process of its own that notes what it did.

Run as ``stress_actors.py CONFIG ROLE NUMBER``.

An installer that replaces nvcc or a header under a running nvcc breaks that compile, whoever started it. So a compile
holds a reader's lock, and the installers of the toolkit and the uninstallation of cuda-shims a writer's. Starts of
Python, and with them the making of roots, ``cuda-shims install`` and an optional wheel that comes and goes are under no
lock of these tests. Times are those of the monotonic clock, which all processes share.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import stress_checks as checks

if TYPE_CHECKING:
    from collections.abc import Iterator

KERNEL = "__global__ void k(int *x) { x[threadIdx.x] = 1; }\n"
COMPILE = ["-arch=sm_80", "-v", "-cubin"]
#: takes lib64 and the unversioned library of the runtime as well
LINK = ["-arch=sm_80", "-v", "-shared", "-Xcompiler", "-fPIC", "-cudart", "shared", "-lcuda"]
#: what a build back end does
CHILD = "import subprocess, sys; sys.exit(subprocess.run(['nvcc', *sys.argv[1:]]).returncode)"
WAYS = ("hook", "shim", "isolated", "hook", "shim", "hook, linked")
UNINSTALLERS = ("cuda-shims", "uv", "pip")
UV_LINK_MODES = ("hardlink", "copy", "symlink", "clone")
#: of a hundred rounds, so many compile once more without the lock, and once more with the wheels' own nvcc
SAMPLE = 10


class Actor:
    """One process of the run."""

    def __init__(self, config: dict[str, Any], role: str, number: int) -> None:
        """Prepare the folders of this actor."""
        self.config = config
        self.role = role
        self.number = number
        self.work = config["work"]
        self.env = config["env"]
        self.python = os.path.join(self.env, "bin", "python")
        self.site = config["site"]
        name = f"{role}-{number}"
        self.folder = os.path.join(self.work, "actors", name)
        self.environ = {**config["environ"], "TMPDIR": os.path.join(self.folder, "tmp"), "PYTHONNOUSERSITE": "1"}
        os.makedirs(self.environ["TMPDIR"], exist_ok=True)
        self.log = open(os.path.join(self.work, "log", f"{name}.jsonl"), "a", encoding="utf-8", buffering=1)  # noqa: SIM115

    def note(self, kind: str, **facts: object) -> None:
        """Write down what happened."""
        self.log.write(json.dumps({"kind": kind, "who": f"{self.role}-{self.number}", **facts}) + "\n")

    def stopped(self) -> bool:
        """Tell whether the run is over."""
        return os.path.exists(os.path.join(self.work, "stop"))

    def run(self, kind: str, *command: str, environ: dict[str, str] | None = None, **facts: object) -> dict[str, Any]:
        """Run a command, and write down how it went."""
        begin = time.monotonic()
        done = subprocess.run(
            command,
            env=environ or self.environ,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        row = {"begin": begin, "end": time.monotonic(), "rc": done.returncode, "said": done.stdout[-3000:], **facts}
        self.note(kind, **row)
        return {**row, "said": done.stdout}

    @contextlib.contextmanager
    def lock(self, name: str, kind: int) -> Iterator[None]:
        """Hold a lock of these tests. The gate lets a writer in, where new readers would come before it for ever."""
        folder = os.path.join(self.work, "locks")
        with open(os.path.join(folder, name), "a", encoding="utf-8") as file:
            with open(os.path.join(folder, f"{name}.gate"), "a", encoding="utf-8") as gate:
                fcntl.flock(gate, kind)
                fcntl.flock(file, kind)
            yield

    @contextlib.contextmanager
    def changing(self, what: str) -> Iterator[None]:
        """Change what a compile needs, while none runs."""
        with self.lock("compiles", fcntl.LOCK_EX):
            begin = time.monotonic()
            try:
                yield
            finally:
                self.note("change", what=what, begin=begin, end=time.monotonic())

    # --- workers ---

    def worker(self) -> None:
        """Start Python in the environment, then compile; and again."""
        with open(os.path.join(self.folder, "k.cu"), "w", encoding="utf-8") as file:
            file.write(KERNEL)
        for number in range(self.config["rounds"]):
            with self.lock("starts", fcntl.LOCK_SH):
                self.run("start", self.python, "-c", "pass")
            way = WAYS[(self.number + number) % len(WAYS)]
            with self.lock("compiles", fcntl.LOCK_SH):
                self.compile(way, locked=True)
            turn = (self.number * 7 + number) % SAMPLE
            if turn == 0:
                self.compile(way, locked=False)
            elif turn == SAMPLE // 2:
                self.compile("bare", locked=False)

    def starter(self) -> None:
        """Start Python also while the workers wait for an installer's end."""
        while not self.stopped():
            with self.lock("starts", fcntl.LOCK_SH):
                self.run("start", self.python, "-c", "pass")
            time.sleep(self.config["pause"] / 30)

    def compile(self, way: str, *, locked: bool) -> None:
        """Compile in one of the ways, and look at what came out."""
        output = os.path.join(self.folder, "k.out")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(output)
        arguments = [*(LINK if "linked" in way else COMPILE), "k.cu", "-o", output]
        environ, path = {**self.environ, "CUDA_SHIMS_DEBUG": "1"}, self.environ["PATH"]
        if way == "shim":
            environ["PATH"] = f"{self.env}/bin:{path}"
            command = ["/bin/sh", "-c", 'nvcc "$@"', "sh", *arguments]
        elif way == "isolated":
            environ.update(PATH=f"{self.env}/bin:{path}", PYTHONPATH=self.config["overlay"])
            command = [self.config["base_python"], "-c", CHILD, *arguments]
        elif way == "bare":
            command = [os.path.join(self.config["wheels_home"], "bin", "nvcc"), *arguments]
        else:
            command = [self.python, "-c", CHILD, *arguments]
        begin = time.monotonic()
        row = {"way": way, "locked": locked, "begin": begin}
        try:
            done = subprocess.run(
                command, env=environ, cwd=self.folder, capture_output=True, text=True, errors="replace", check=False
            )
        except OSError as error:  # the wheels' own nvcc is not there
            self.note("compile", **row, end=time.monotonic(), rc=127, said=str(error), made=False, top="", why=[])
            return
        row.update(end=time.monotonic(), rc=done.returncode, made=checks.is_elf(output))
        said = done.stdout + done.stderr
        tops = [line[7:] for line in said.splitlines() if line.startswith("#$ TOP=")]
        why = [line for line in said.splitlines() if line.startswith("cuda-shims: no root")]
        said = "\n".join(line for line in said.splitlines() if not line.startswith(("#$ ", "cuda-shims: ")))
        self.note("compile", **row, top=os.path.normpath(tops[0]) if tops else "", why=why, said=said[-3000:])

    # --- those who change the environment ---

    def uv(self, kind: str, command: str, *words: str, mode: str = "hardlink", **facts: object) -> dict[str, Any]:
        """Run uv on the environment, with what its cache has."""
        options = ["--offline", "--link-mode", mode] if command == "install" else []
        first = [self.config["uv"], "pip", command, "-q", "-p", self.python]
        return self.run(kind, *first, *options, *words, by=f"uv {mode}" if options else "uv", **facts)

    def pip(self, kind: str, command: str, *words: str, **facts: object) -> dict[str, Any]:
        """Run the environment's pip, with the wheels that were fetched for it."""
        options = ["--no-index", "--find-links", self.config["wheelhouse"]] if command == "install" else ["--yes"]
        first = [self.python, "-m", "pip", command, "-q", "--root-user-action=ignore"]
        return self.run(kind, *first, *options, *words, by="pip", **facts)

    def upgrader(self) -> None:
        """Bring the other toolkit, again and again, by each installer in turn."""
        ways = itertools.cycle([*UV_LINK_MODES, "pip"] if self.config["wheelhouse"] else UV_LINK_MODES)
        toolkits = itertools.cycle(self.config["toolkits"])
        while not self.stopped():
            way, toolkit = next(ways), next(toolkits)
            with self.lock("installers", fcntl.LOCK_EX), self.changing("toolkit"):
                if way == "pip":
                    self.pip("installer", "install", toolkit, what=toolkit)
                else:
                    self.uv("installer", "install", toolkit, mode=way, what=toolkit)
            time.sleep(self.config["pause"])

    def tools(self) -> None:
        """Run ``cuda-shims install``, and let an optional tool come and go, while compiles run."""
        while not self.stopped():
            # two installers of NVIDIA's wheels at a time are nobody's promise
            for command in ("install", "uninstall"):
                with self.lock("installers", fcntl.LOCK_EX):
                    optional = self.config["optional"] if command == "install" else self.config["optional"][:1]
                    self.uv("installer", command, *optional, what="optional tool")
                for _ in range(2):
                    with self.lock("starts", fcntl.LOCK_SH):
                        self.run("cuda-shims install", self.python, "-m", "cuda_shims", "install")
                    time.sleep(self.config["pause"] / 4)

    def shims(self) -> None:
        """Uninstall and reinstall cuda-shims in each way that there is, while Python starts go on."""
        wheel = ["--no-deps", self.config["wheel"]]
        for turn in itertools.count():
            if self.stopped():
                return
            with self.changing("cuda-shims"):
                if turn % 4 == 3:
                    self.pip("installer", "install", "--force-reinstall", *wheel, what="cuda-shims")
                    continue
                if self.uninstall(turn % 4)["rc"]:  # uv, when a start of Python writes to the folder that it removes
                    self.note("again", by=UNINSTALLERS[turn % 4])
                    with self.lock("starts", fcntl.LOCK_EX):
                        self.uninstall(turn % 4)
                with self.lock("starts", fcntl.LOCK_EX):  # those that were on their way have ended
                    left = [*checks.ours(self.env), *checks.ours(os.path.join(self.work, "home"))]
                    self.note("uninstalled", by=UNINSTALLERS[turn % 4], left=left, at=time.monotonic())
                time.sleep(self.config["pause"] / 4)  # now they start while there is no cuda-shims
                if turn % 4 == 2:
                    self.pip("installer", "install", *wheel, what="cuda-shims")
                else:
                    self.uv("installer", "install", *wheel, what="cuda-shims")
            time.sleep(self.config["pause"] * 2)

    def uninstall(self, by: int) -> dict[str, Any]:
        """Uninstall cuda-shims."""
        if by == 0:
            return self.run("uninstall", self.python, "-m", "cuda_shims", "uninstall", by="cuda-shims")
        installer = self.uv if by == 1 else self.pip
        return installer("uninstall", "uninstall", "cuda-shims")

    # --- those who look ---

    def reader(self) -> None:
        """Watch the root while nobody changes the wheels that it needs, and note when it has less than before."""
        # of 2,000 links that were replaced over bindfs, a reader missed 1,500 for a moment, and 5 of as many files
        watch = checks.RootWatch(self.config["root"], grace=0.2 if self.config["lower"] else 0.0)
        while not self.stopped():
            with self.lock("compiles", fcntl.LOCK_SH):
                begin = time.monotonic()
                watch.begin()
                while time.monotonic() < begin + 2 * self.config["pause"]:
                    for fault in watch.look():
                        self.note("less", fault=fault, begin=time.monotonic(), end=time.monotonic())
                watch.end()
        self.note("looks", looks=watch.looks, whole=watch.checked, roots=len(watch.stamps), left_out=watch.left_out)

    def records(self) -> None:
        """Watch RECORD, what it names, and our own records, at all times."""
        looks = 0
        pending: dict[str, float] = {}
        said: dict[str, float] = {}
        while not self.stopped():
            looks += 1
            time.sleep(0.02)  # two processes that only look would take half of a small machine
            now = time.monotonic()
            torn, differ = checks.torn_files(self.env, self.site)
            for fault in torn:
                if now - said.get(fault, 0) > 0.1:  # an uninstallation has thousands of them
                    said[fault] = now
                    self.note("torn", fault=fault, begin=now, end=time.monotonic())
            # a shim and its line are two files, written one after the other
            pending = {path: pending.get(path, now) for path in differ}
            for path, since in pending.items():
                if now - since > 30:
                    self.note("torn", fault=f"{path} differs from RECORD for long", begin=since, end=now)
        self.note("looks", looks=looks)

    # --- another host ---

    def host(self) -> None:
        """Be a host with a name, process numbers and a network of its own, on which some workers run."""
        socket.sethostname(f"stress-host-{self.number}")
        if self.config["lower"]:  # over the one that is there: a mount of this host's own
            subprocess.run(
                ["bindfs", "-o", "nonempty,attr_timeout=0.05,entry_timeout=0.05", self.config["lower"], self.env],
                check=True,
            )
        count = self.config["processes"] // self.config["hosts"]
        numbers = range(self.number * count, (self.number + 1) * count)
        command = [sys.executable, os.path.abspath(__file__), *sys.argv[1:2], "worker"]
        children = [subprocess.Popen([*command, str(number)]) for number in numbers]
        self.note("host", name=socket.gethostname(), codes=[child.wait() for child in children])


def main() -> None:
    """Be one actor."""
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    actor = Actor(config, sys.argv[2], int(sys.argv[3]))
    try:
        getattr(actor, actor.role)()
    finally:
        shutil.rmtree(actor.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
