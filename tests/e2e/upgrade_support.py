"""
A build that runs while an installer replaces the toolkit that it uses.

An installer that replaces nvcc or a header under a running nvcc breaks that compile, whatever it was found by. So each
round is done twice: with a root of ours, and, as the measure, with the same wheels completed by hand to what CUDA's
installer lays out, whose files the same installer replaces in the same way.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple

from e2e_support import site_packages

#: two releases of one major, one after the other
RELEASES = ("13.4.3", "13.5.0")
EXTRAS = "cccl,crt,cudart,nvcc,nvvm"
#: an object says of which nvcc and of which headers it is
SOURCE = """\
#define TEXT(x) #x
#define WORD(x) TEXT(x)
extern const char made_by_{0}[];
__attribute__((used)) const char made_by_{0}[] =
    "MADE-BY " WORD(__CUDACC_VER_MAJOR__) "." WORD(__CUDACC_VER_MINOR__) " " WORD(CUDART_VERSION);
__global__ void kernel_{0}(float *x) {{ x[threadIdx.x] *= {0}; }}
void run_{0}(float *x) {{ kernel_{0}<<<1, 32>>>(x); }}
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.18...4.0)
set(CMAKE_CUDA_ARCHITECTURES 80-real)
project(objects LANGUAGES CUDA)
file(GLOB sources k*.cu)
add_library(objects OBJECT ${sources})
"""
#: notes when each compile began and ended, and how. One that fails at once would let all others fail in that moment
LAUNCHER = """\
#!/bin/sh
begin=$(date +%s.%N)
for word in "$@"; do case $word in *.o) out=$word ;; esac; done
"$@" 2>"$NOTES/$$.txt"
code=$?
printf '%s %s %s %s %s\\n' "$begin" "$(date +%s.%N)" "$code" "${out##*/}" "$$" >>"$NOTES/compiles"
cat "$NOTES/$$.txt" >&2
[ "$code" = 0 ] || sleep 0.5
exit $code
"""
#: what a build back end does
CHILD = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
#: what has to be there, by way of a root, whenever the wheels have it
WATCHED = ("bin/nvcc", "bin/ptxas", "include/cuda_runtime.h", "nvvm/bin/cicc", "lib/libcudart_static.a")
#: how long after an installer's end a start of Python may take to be through with a root
SETTLED = 2.0
#: seconds between two starts of Python during a build
PAUSE = 0.3


class Compile(NamedTuple):
    """One object of a build."""

    begin: float
    end: float
    code: int
    name: str
    #: its nvcc's release and its headers', if it came to be
    made_by: tuple[str, str] | None
    #: what was said on stderr
    said: str


class Round(NamedTuple):
    """What became of a build in which the toolkit was replaced."""

    way: str
    by: str
    version: str
    objects: int
    #: compiles that the installer's run overlaps, and how many of these failed
    overlapping: int
    failed: int
    #: how many are of two toolkits at once
    mixed: int
    #: how long the installer ran
    seconds: float
    #: what failed, or is of another toolkit, though the installer had not begun or had ended; gaps in the root
    faults: list[str]


def toolkit(version):
    """Name a toolkit as a requirement."""
    return f"cuda-toolkit[{EXTRAS}]=={version}"


class Place:
    """An environment, and builds with its toolkit; ``classic``: without us, completed by hand."""

    def __init__(self, world, folder, *, classic, wheelhouse=None):
        self.world = world
        self.folder = Path(folder)
        self.folder.mkdir()
        self.classic = classic
        self.wheelhouse = wheelhouse
        packages = ["cmake", "ninja", "pip", *([] if classic else ["cuda-shims"])]
        self.scripts = world.venv(self.folder / "env", toolkit(RELEASES[0]), *packages)
        self.wheels = site_packages(self.folder / "env") / "nvidia/cu13"
        self.environ = world.environ(self.scripts, HOME=self.folder, UV_CACHE_DIR=world.uv_cache, XDG_CACHE_HOME=None)
        if classic:
            self.home = self.wheels
            (self.wheels / "lib64").symlink_to("lib")
            (self.wheels / "lib/libcudart.so").symlink_to("libcudart.so.13")
            named = dict.fromkeys(("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT"), str(self.home))
            self.environ |= {**named, "CUDACXX": f"{self.home}/bin/nvcc"}
            self.environ["PATH"] = f"{self.home}/bin:{self.environ['PATH']}"
        else:
            code = "import os; print(os.environ['CUDA_HOME'])"
            self.home = Path(world.run(self.scripts / "python", "-c", code, env=self.environ).strip())
        self.launcher = self.folder / "launcher"
        self.launcher.write_text(LAUNCHER)
        self.launcher.chmod(0o755)

    def _start(self, log, *command):
        # as a build back end starts it: out of Python, with the hook's variables
        words = [*self.world.hide, self.scripts / "python", "-c", CHILD, *command]
        environ = {**self.environ, "NOTES": str(log.parent / "notes")}
        with open(log, "w", encoding="utf-8") as file:
            return subprocess.Popen(
                list(map(str, words)),
                env=environ,
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _configured(self, objects):
        folder = self.folder / "project"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "notes").mkdir(parents=True)
        (folder / "CMakeLists.txt").write_text(CMAKE)
        for number in range(objects):
            (folder / f"k{number}.cu").write_text(SOURCE.format(number))
        launcher = f"-DCMAKE_CUDA_COMPILER_LAUNCHER={self.launcher}"
        log = folder / "configure.txt"
        assert self._start(log, "cmake", "-G", "Ninja", "-S", ".", "-B", "build", launcher).wait() == 0, log.read_text()
        assert f"{self.home}/bin/nvcc" in (folder / "build/CMakeCache.txt").read_text()
        shutil.rmtree(folder / "notes")
        (folder / "notes").mkdir()
        return folder

    def install(self, by, version):
        """Replace the toolkit; return when that began and ended."""
        python = self.scripts / "python"
        if by == "uv":
            command = [self.world.uv, "pip", "install", "-q", "--offline", "-p", python]
        else:
            command = [python, "-m", "pip", "install", "-q", "--no-index", "--find-links", self.wheelhouse]
        begin = time.time()
        self.world.run(*command, toolkit(version), env=self.environ)
        return begin, time.time()

    def round(self, by, version, objects, *, starts=True):
        """
        Build, and replace the toolkit when a quarter of it is done.

        :param by: ``uv`` or ``pip``
        :param version: the release that comes; the other one is there
        :param objects: how many
        :param starts: whether Python starts in the environment all the time, by which a root is renewed
        """
        folder = self._configured(objects)
        notes = folder / "notes/compiles"
        log = folder / "build.txt"
        build = self._start(log, "cmake", "--build", "build", "-j", os.cpu_count(), "--", "-k", "0")
        stop, gaps = threading.Event(), []
        threads = [threading.Thread(target=self._watch, args=(stop, gaps))]
        if starts:
            threads.append(threading.Thread(target=self._start_often, args=(stop,)))
        try:
            while not notes.exists() or len(notes.read_text().splitlines()) < objects // 4:
                assert build.poll() is None, log.read_text()
                time.sleep(0.05)
            for thread in threads:
                thread.start()
            begin, end = self.install(by, version)
            build.wait()
        finally:
            if build.poll() is None:  # ninja would go on without it
                os.killpg(build.pid, signal.SIGKILL)
                build.wait()
            stop.set()
            for thread in threads:
                if thread.ident:
                    thread.join()
        compiles = self._compiles(folder)
        assert len(compiles) == objects, f"{len(compiles)} of {objects} compiles noted; {log.read_text()[-3000:]}"
        assert compiles[-1].begin > end, "the build was done before the installer: it takes more objects"
        self._put_right(folder)
        return self._judged(compiles, by, version, begin, end, starts, gaps)

    def _watch(self, stop, gaps):
        """Note what the wheels have and the root has not; a file that came or went meanwhile is no such thing."""
        while not self.classic and not stop.is_set():
            for name in WATCHED:
                before = _identity(self.wheels / name)
                there = (self.home / name).exists()
                if before and not there and _identity(self.wheels / name) == before:
                    gaps.append((name, time.time()))
            time.sleep(0.002)

    def _start_often(self, stop):
        while not stop.is_set():
            subprocess.run([self.scripts / "python", "-c", "pass"], env=self.environ, check=False)
            stop.wait(PAUSE)

    def _compiles(self, folder):
        found = []
        for line in (folder / "notes/compiles").read_text().splitlines():
            begin, end, code, name, number = line.split()
            path = folder / "build/CMakeFiles/objects.dir" / name
            match = re.search(rb"MADE-BY (\d+\.\d+) (\d+)", path.read_bytes()) if code == "0" else None
            headers = int(match[2]) if match else 0
            made_by = (match[1].decode(), f"{headers // 1000}.{headers % 1000 // 10}") if match else None
            said = (folder / f"notes/{number}.txt").read_text(errors="replace")
            found.append(Compile(float(begin), float(end), int(code), name, made_by, said))
        return sorted(found)

    def _put_right(self, folder):
        """After it all a start of Python, and what is built then is whole."""
        self.world.run(self.scripts / "python", "-c", "pass", env=self.environ)
        shutil.rmtree(folder / "build/CMakeFiles/objects.dir")
        log = folder / "again.txt"
        again = self._start(log, "ninja", "-C", "build", "CMakeFiles/objects.dir/k0.cu.o")
        assert again.wait() == 0, log.read_text()

    def _judged(self, compiles, by, version, begin, end, starts, gaps):
        release = ".".join(version.split(".")[:2])
        faults = []
        for name in sorted({name for name, _ in gaps}):
            times = [when - begin for other, when in gaps if other == name]
            faults.append(
                f"the wheels had {name}, the root had not: {times[0]:.2f} to {times[-1]:.2f} s, {len(times)} looks"
            )
        overlapping = [each for each in compiles if each.begin <= end and each.end >= begin]
        for each in compiles:
            when = f"{each.name}, {each.begin - begin:.2f} to {each.end - begin:.2f} s"
            if each.code and each not in overlapping:
                faults.append(f"failed: {when}: {each.said[-500:]}")
            elif each.made_by and each.end < begin and (each.made_by[0] != each.made_by[1]):
                faults.append(f"of two toolkits before the installer began: {when}: {each.made_by}")
            elif each.made_by and each.begin > end + SETTLED and starts and set(each.made_by) != {release}:
                faults.append(f"not of {release}, {each.begin - end:.1f} s after the installer's end: {each.made_by}")
        return Round(
            way="classic" if self.classic else "ours",
            by=by,
            version=version,
            objects=len(compiles),
            overlapping=len(overlapping),
            failed=sum(1 for each in overlapping if each.code),
            mixed=sum(1 for each in compiles if each.made_by and len(set(each.made_by)) > 1),
            seconds=round(end - begin, 2),
            faults=faults,
        )


def _identity(path):
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns
