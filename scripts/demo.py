"""
Show what cuda-shims does, from a checkout, on a machine that needs nothing but Python and a C++ compiler.

Builds this checkout's wheel, then docs/examples/scikit-build-core in an isolated environment that holds that wheel and
NVIDIA's, and loads the result; where there is a GPU, it runs it too. Everything happens in a temporary folder.
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import importlib.util
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLE, EXAMPLE_TITLE = os.path.join(CHECKOUT, "docs", "examples", "scikit-build-core"), "build the example"
DOWNLOAD, DISK = 160, 600  # MB: of NVIDIA's wheels; in the temporary folder, at most
BEAT, PATIENCE = 0.5, 30.0  # seconds: how often a terminal's line changes; how long a log has no line
# they can name another toolkit of this machine, and the demo is about the wheels alone
FOREIGN_VARIABLES = ("CUDACXX", "CUDAToolkit_ROOT", "CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "NVCC")
# what pip, uv, scikit-build-core, CMake and ninja say that tells how far they are
SHOWN = re.compile(
    r"\s*(Downloading |Using cached .*MB|WARNING: Retrying|Successfully built|-- The CUDA compiler|\[\d+/\d+\] "
    r"|\*\*\* (Configuring|Building|Making)|Installing collected|Successfully installed)"
)
PHASES = {  # what begins with a line of scikit-build-core, pip or uv; before them comes the build environment
    "*** Configuring CMake...": "CMake finds and tries the compiler",
    "*** Building project with Ninja...": "nvcc compiles and links",
    "*** Installing project into wheel...": "pack the wheel",
    "Successfully built": "remove the build environment",
}
NETWORK = (
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|Failed to establish|dns error|client error"
    r"|Temporary failure in name resolution|error sending request"
)
REASONS = {  # what a failed command's output says about the reason
    NETWORK: "no network: the package index cannot be reached",
    r"No matching distribution|ResolutionImpossible|No solution found": "no release fits this machine and --toolkit",
    r"No space left on device": "the disk is full: set TMPDIR to a folder on a larger one",
    r"unsupported (GNU|clang) version": "this C++ compiler is too new for this nvcc: let CUDAHOSTCXX name an older one",
}
PROBE = """\
import importlib.util, json, vector_ops
found = {"path": vector_ops.library_path(), "runtime": vector_ops.runtime_version(), "gpus": vector_ops.device_count()}
if found["gpus"]:
    found["error"] = vector_ops.selftest()
    if importlib.util.find_spec("cupy"):
        import cupy
        x, y = cupy.arange(1000, dtype="f4"), cupy.ones(1000, "f4")
        vector_ops.axpy(2.0, x, y)
        found["cupy"] = float(abs(y - (2 * x + 1)).max())
print(json.dumps(found))
"""


class DemoError(Exception):
    """One sentence for the user: what is missing and what to do."""


def say(text: str) -> None:
    """Print a line at once, whatever stdout is."""
    print(text, flush=True)


def toolkit_version(text: str) -> str:
    """Turn 13.4, 13.4.* or 13.4.3 into what goes behind ``cuda-toolkit==``."""
    if not re.fullmatch(r"13(\.\d+){0,3}(\.\*)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no CUDA 13 version: write 13.4 or 13.4.3")
    return text if text.endswith("*") or text.count(".") > 1 else f"{text}.*"


def check_machine(front_end: str) -> str:
    """Return the host compiler that nvcc is going to use, or say what this machine lacks."""
    if not sys.platform.startswith("linux"):
        raise DemoError(f"the demo runs on Linux, this is {sys.platform}")
    if sys.version_info < (3, 9):  # noqa: UP036 # it is run by whatever python3 is
        raise DemoError(f"Python 3.9 or newer is needed, this is {sys.version.split()[0]}")
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise DemoError(f"this Python has no {module}; on Debian and Ubuntu: apt install python3-venv")
    if front_end == "uv" and not shutil.which("uv"):
        raise DemoError("uv is not on PATH: install it, or leave --front-end out")
    if re.search(r"\s", tempfile.gettempdir()):
        raise DemoError("nvcc --threads fails in a temporary folder with a space: let TMPDIR name another one")
    chosen = os.environ.get("CUDAHOSTCXX")
    for name in [chosen] if chosen else ["g++", "clang++"]:
        found = shutil.which(name)
        if found:
            return found
    if chosen:
        raise DemoError(f"CUDAHOSTCXX names a compiler that is not there: {chosen}")
    raise DemoError("no C++ compiler on PATH, and nvcc needs one; on Debian and Ubuntu: apt install g++")


def reason_for(output: str) -> str | None:
    """Return what explains the output of a failed command, if something does."""
    return next((reason for pattern, reason in REASONS.items() if re.search(pattern, output)), None)


def download_progress(line: str, folder: str) -> str | None:
    """Tell how far pip, whose temporary folder this is, has come with the file that its last line names, if it does."""
    match = re.search(r"Downloading (?:\S*/)?([^\s/]+\.whl)\S* \(([\d.]+) MB\)", line)
    parts = glob.glob(os.path.join(glob.escape(folder), "pip-unpack-*", match.group(1))) if match else []
    if not match or not parts:
        return None
    total, done = float(match.group(2)), max(os.path.getsize(part) for part in parts) / 1e6
    name = "-".join(match.group(1).split("-")[:2])
    return f"{name}: {done:.1f} of {total} MB, {min(100, 100 * done / total):.0f} %"


def compiler_used(build: str) -> dict[str, str]:
    """Read COMPILER, COMPILER_VERSION and COMPILER_TOOLKIT_ROOT from what CMake keeps in its build folder."""
    for path in glob.glob(os.path.join(glob.escape(build), "CMakeFiles", "*", "CMakeCUDACompiler.cmake")):
        with open(path, encoding="utf-8") as stream:
            return dict(re.findall(r'^set\(CMAKE_CUDA_(\w+) "(.*)"\)$', stream.read(), re.MULTILINE))
    raise DemoError(f"the build left no record of its compiler in {build}")


def shortened(line: str) -> str:
    """Make a line fit: of a wheel's name or URL the project and version, of everything the beginning."""
    return re.sub(r"(\S*/)?([^\s/-]+-[^\s/-]+)-\S+\.whl", r"\2", line.strip())[:100]


def from_wheels(root: str) -> bool:
    """Tell whether a toolkit root is that of NVIDIA's wheels, in site-packages or where cuda-shims puts others."""
    return bool(re.search(r"/((site|dist)-packages/(nvidia|cuda_shims_toolkit)|cuda-shims/roots/\w+)/cu\d+$", root))


def architectures(library: str) -> str | None:
    """List the machine code in a library; None where no cuobjdump is on PATH."""
    tool = shutil.which("cuobjdump")
    listed = subprocess.check_output([tool, "--list-elf", library], text=True) if tool else ""
    numbers = sorted({int(number) for number in re.findall(r"\.sm_(\d+)", listed)})
    return ", ".join(f"sm_{number}" for number in numbers) or None


def constrain(environment: dict[str, str], folder: str, wheel: str, toolkit: str | None) -> None:
    """Make isolated builds take a wheel of cuda-shims, not an index's, and a release of ``cuda-toolkit``, if any."""
    path = os.path.join(folder, "constraints.txt")
    line = f"cuda-toolkit=={toolkit}\n" if toolkit else ""
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(f"cuda-shims @ {pathlib.Path(wheel).as_uri()}\n{line}")
    # isolated builds read PIP_CONSTRAINT before pip 25.3 and PIP_BUILD_CONSTRAINT from then on
    for name in ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT", "UV_BUILD_CONSTRAINT"):
        ours = path if name.startswith("UV") else pathlib.Path(path).as_uri()
        environment[name] = f"{environment.get(name, '')} {ours}".strip()


class Screen:
    """The phases: each one a line, which on a terminal changes in place and elsewhere comes when the phase ends."""

    def __init__(self) -> None:
        """Begin with no phase."""
        self.terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.phase = ""
        self._begin = self._said = 0.0

    def begin(self, phase: str) -> None:
        """Begin a phase, which ends the one before."""
        self.end()
        self.phase, self._begin = phase, time.monotonic()
        self._said = self._begin
        self.show("")

    def show(self, detail: str) -> None:
        """Tell how far the phase is."""
        now = time.monotonic()
        line = f"{now - self._begin:7.0f} s  {self.phase}" + (f": {detail}" if detail else "")
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:width]}\x1b[K", end="", flush=True)
        elif now - self._said > PATIENCE:
            self._said = now
            say(f"{line} ...")

    def end(self, how: str = "") -> None:
        """End the phase, if there is one: well, unless something else is said."""
        if self.phase:
            line = f"{time.monotonic() - self._begin:7.1f} s  {self.phase}{how}"
            say(f"\r{line}\x1b[K" if self.terminal else line)
        self.phase = ""


def _read_lines(stream: Any, lines: queue.SimpleQueue[str]) -> None:
    with stream:  # which nobody else can close while a line is waited for
        for line in stream:
            lines.put(line)
    lines.put("")


class Demo:
    """One run: a folder, the environment of its commands, and what a person sees of them."""

    def __init__(self, work: str, options: argparse.Namespace, host_compiler: str) -> None:
        """Prepare the folder and the variables."""
        self.work, self.options = work, options
        self.python = os.path.join(work, "venv", "bin", "python")
        self.build = os.path.join(work, "build")
        self.temporary = os.path.join(work, "tmp")
        self.screen = Screen()
        self.process: subprocess.Popen[str] | None = None
        os.mkdir(self.temporary)
        dropped = [name for name in FOREIGN_VARIABLES if name in os.environ]
        if dropped:
            say(f"variables of yours that are left out: {', '.join(dropped)}")
        self.environment = {name: value for name, value in os.environ.items() if name not in dropped}
        self.environment.update(TMPDIR=self.temporary, SKBUILD_BUILD_DIR=self.build, PIP_DISABLE_PIP_VERSION_CHECK="1")
        if os.path.basename(host_compiler).startswith("clang"):
            self.environment["CUDAHOSTCXX"] = host_compiler

    def step(self, title: str, command: list[str]) -> str:
        """Run a command: its phases are shown, and all of its output goes to the log and is returned."""
        self.screen.begin(title if title != EXAMPLE_TITLE else f"{title}: download and install its build environment")
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        output, line, detail = [""], "\n", ""
        self.process = process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        with open(f"{self.work}.log", "a", 1, encoding="utf-8") as log:
            threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True).start()
            while line:
                self.screen.show(download_progress(output[-1], self.temporary) or detail)
                with contextlib.suppress(queue.Empty):
                    line = lines.get(timeout=BEAT)
                    output.append(line)
                    log.write(line)
                    detail = self._follow(title, line, detail)
        if process.wait():
            self.screen.end(": failed")
            reason = reason_for("".join(output))
            say("" if reason else "".join(f"   | {line}" for line in output[1:][-25:]))
            raise DemoError(f"cannot {title}: {reason or 'see the lines above'}")
        self.screen.end()
        return "".join(output)

    def stop(self) -> None:
        """Kill what was interrupted, and say in which phase that was."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.screen.end(": interrupted")

    def _follow(self, title: str, line: str, detail: str) -> str:
        """Tell what a line of the output says of how far the step is; some begin another phase."""
        phase = next((PHASES[start] for start in PHASES if line.strip().startswith(start)), "")
        if phase and title == EXAMPLE_TITLE:
            self.screen.begin(f"{title}: {phase}")
            return ""
        return shortened(line) if SHOWN.match(line) else detail

    def build_wheel(self, title: str, project: str, name: str) -> str:
        """Build the wheel of ``project`` in an isolated environment and return its path."""
        wheels = os.path.join(self.work, "wheels")
        if self.options.front_end == "uv":
            self.step(title, ["uv", "build", "--wheel", "--python", self.python, "--out-dir", wheels, project])
        else:
            self.step(title, [self.python, "-m", "pip", "wheel", "-v", "--no-deps", "-w", wheels, project])
        return glob.glob(os.path.join(glob.escape(wheels), f"{name}-*.whl"))[0]

    def run(self) -> str:
        """Make the environment, build both wheels, install, load and run; say what worked."""
        self.step("make a virtual environment", [sys.executable, "-m", "venv", os.path.join(self.work, "venv")])
        ours = self.build_wheel("build the wheel of cuda-shims", CHECKOUT, "cuda_shims")
        constrain(self.environment, self.work, ours, self.options.toolkit)
        wheel = self.build_wheel(EXAMPLE_TITLE, EXAMPLE, "vector_ops")
        wanted = [f"{wheel}[cupy]"] if self.options.cupy else ["--no-deps", "--no-index", wheel]
        self.step("install it", [self.python, "-m", "pip", "install", *wanted])
        loaded = self.step("load it, and run it where there is a GPU", [self.python, "-c", PROBE])
        return self.report(compiler_used(self.build), json.loads(loaded.splitlines()[-1]))

    def report(self, compiler: dict[str, str], result: dict[str, Any]) -> str:
        """Print the answer: which nvcc, and what was loaded; say what worked."""
        root = compiler["COMPILER_TOOLKIT_ROOT"]
        say(f"\nnvcc      {compiler['COMPILER_VERSION']}, run as {compiler['COMPILER']}")
        say(f"toolkit   {'from the wheels' if from_wheels(root) else 'NOT from the wheels'}: {root}")
        say(f"library   {result['path']}, {os.path.getsize(result['path']) / 1e6:.1f} MB")
        found = architectures(result["path"])
        say(f"runtime   CUDA {'.'.join(map(str, result['runtime']))}, loaded{f'; code for {found}' if found else ''}")
        if result["gpus"]:
            say(f"GPU       {result['gpus']} here; both kernels ran, relative error {result['error']:.1e}")
        if "cupy" in result:
            say(f"CuPy      used on its arrays, largest difference {result['cupy']:.1e}")
        if not from_wheels(root):
            raise DemoError(f"the build used a toolkit of this machine, not the wheels: {compiler['COMPILER']}")
        how = "runs on the GPU" if result["gpus"] else "loads (no GPU here can run it)"
        return f"It worked: nvcc {compiler['COMPILER_VERSION']} of NVIDIA's wheels built the example, which {how}."


def clean(work: str, *, keep: bool) -> str:
    """Remove the folder, unless it is to be kept, and say what stays; another Ctrl-C does not stop that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log = f"; all output is in {work}.log" if os.path.exists(f"{work}.log") else ""
    if keep:
        return f"{work} stays{log}"
    shutil.rmtree(work, ignore_errors=True)
    if os.path.exists(work):  # what was interrupted may have written on
        time.sleep(1)
        shutil.rmtree(work, ignore_errors=True)
    return f"{work} {'stays in part' if os.path.exists(work) else 'is removed'}{log}"


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; 0 when all went well, 1 with a sentence on stderr, 2 for a wrong option."""
    parser = argparse.ArgumentParser(
        description="Builds docs/examples/scikit-build-core with the nvcc of NVIDIA's wheels and loads the result.",
        epilog="example: python3 scripts/demo.py --toolkit 13.2 --keep",
    )
    parser.add_argument("--keep", action="store_true", help="leave the temporary folder and say where it is")
    parser.add_argument(
        "--toolkit", type=toolkit_version, metavar="VERSION", help="13.4 or 13.4.3; default: the newest"
    )
    parser.add_argument("--front-end", choices=("pip", "uv"), default="pip", help="what builds (default: %(default)s)")
    parser.add_argument("--cupy", action="store_true", help="install CuPy too; it is used where there is a GPU")
    options = parser.parse_args(arguments)
    work, demo = "", None
    try:
        host_compiler = check_machine(options.front_end)
        work = tempfile.mkdtemp(prefix="cuda-shims-demo-")
        say(f"downloads about {DOWNLOAD} MB of wheels into {options.front_end}'s cache, unless they are there already")
        say(f"needs up to {DISK} MB of disk while it runs, in {work}")
        say(f"Python {sys.version.split()[0]}; C++ compiler {host_compiler}\n")
        demo = Demo(work, options, host_compiler)
        worked = demo.run()
        os.remove(f"{work}.log")
        left = clean(work, keep=options.keep)
    except (DemoError, OSError, KeyboardInterrupt) as error:
        if demo:
            demo.stop()
        left = f"; {clean(work, keep=options.keep)}" if work else ""
        print(f"demo: {str(error) or 'interrupted'}{left}", file=sys.stderr)
        return 1
    say(f"\n{worked} {left}." + (f" Try: {work}/venv/bin/python -c 'import vector_ops'" if options.keep else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
