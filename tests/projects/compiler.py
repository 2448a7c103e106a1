"""
The host compiler, which notes what it compiles and links, and of a big project compiles a part.

It stands first on PATH under the names of gcc and its like, as ccache does, so that a build and nvcc run it. A source
that the plan leaves out is compiled as an empty file, by the same command: what configures, compiles the others, links
and packs is the project's own. nvcc asks for a kernel's text once for each architecture, and gets that of the last one.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = (".cu", ".cpp", ".cc", ".cxx", ".c")
#: options whose next word is no source
OPERAND = re.compile(r"-([oxIDU]|M[FTQ]|isystem|iquote|idirafter|include|imacros)$")
#: a file between two steps of nvcc: its run, and the kernel
STEP = re.compile(r"(tmpxft_\w+)-\w+?_(.+?)\.(?:compute_\w+\.)?(?:cpp1\.ii|cpp4\.ii|cudafe1\.cpp)$")
#: folders and files of what is compiled to see whether it can be
PROBES = ("/CMakeFiles/", "/CMakeScratch/", "/meson-private/", "/conftest")


def find_source(command: list[str]) -> int | None:
    """Return where on the command line the source is."""
    for index in range(len(command) - 1, 0, -1):
        word = command[index]
        if word.endswith(SOURCES) and not word.startswith("-") and not OPERAND.match(command[index - 1]):
            return index
    return None


def is_projects(path: str) -> bool:
    """Say whether a source is of an unpacked sdist, which has a PKG-INFO, and none that a configuration tries."""
    if any(probe in path for probe in PROBES):
        return False
    folder = os.path.dirname(path)
    while folder != os.path.dirname(folder):
        if os.path.exists(os.path.join(folder, "PKG-INFO")):
            return True
        folder = os.path.dirname(folder)
    return False


def is_last(words: list[str]) -> bool:
    """Say whether nvcc asks for the last of the architectures, whose host code the object gets."""
    values = dict(word.partition("=")[::2] for word in words if word.startswith("-D__CUDA_ARCH_"))
    architecture, every = values.get("-D__CUDA_ARCH__"), values.get("-D__CUDA_ARCH_LIST__")
    return not architecture or not every or int(architecture) == max(map(int, every.split(",")))


class Plan:
    """What of a project is compiled; several compilers at once ask it."""

    def __init__(self, text: str) -> None:
        """Take it as the runner has written it."""
        plan = json.loads(text)
        self.folder: str = plan["folder"]
        #: patterns of the sources that are compiled, or how many kernels of each folder; none: all
        self.sources: list[str] | int | None = plan["sources"]
        self.state: str = plan["state"]

    def _claim(self, name: str, value: str) -> str:
        """Return what was claimed first under a name."""
        path = os.path.join(self.state, name)
        try:
            os.symlink(value, path)
        except FileExistsError:
            return os.readlink(path)
        return value

    def takes(self, path: str) -> bool:
        """Say whether a source is compiled as it is."""
        if self.sources is None or path.endswith(".c") or not is_projects(path):
            return True
        if isinstance(self.sources, list):
            return any(fnmatch.fnmatch(path, pattern) for pattern in self.sources)
        # the kernels of a folder are one kind
        kind = hashlib.sha256(os.path.dirname(path).encode()).hexdigest()
        return path.endswith(".cu") and any(
            self._claim(f"{kind}-{number}", path) == path for number in range(self.sources)
        )

    def takes_text(self, words: list[str]) -> bool:
        """Say whether nvcc gets the text of a kernel, for the architecture that it asks for."""
        return self.sources is None or is_last(words)

    def leave(self, step: re.Match[str] | None) -> None:
        """Remember for which kernel a run of nvcc got nothing."""
        if step:
            self._claim("-".join(step.groups()), "left")

    def has_left(self, step: re.Match[str]) -> bool:
        """Say whether that is so of the kernel of a later step."""
        return os.path.lexists(os.path.join(self.state, "-".join(step.groups())))

    def empty(self, path: str) -> str:
        """Return an empty file of the source's kind."""
        return os.path.join(self.folder, "empty" + os.path.splitext(path)[1])

    def note(self, kind: str, words: list[str], code: int, source: str = "", *, taken: bool = True) -> None:
        """Write down what was done."""
        toolkit = [word for word in words if "cuda" in word.lower() and "/" in word]
        row = {"kind": kind, "source": source, "taken": taken, "code": code, "toolkit": toolkit[:40]}
        with open(os.path.join(self.state, "log.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def link(plan: Plan, command: list[str]) -> int:
    """Run what is no compiling."""
    code = subprocess.run(command, check=False).returncode
    probe = any(name in os.getcwd() + os.sep for name in PROBES)
    # of nvcc's link of device code the last step is a compiling
    if not probe and "-c" not in command and any(word.endswith((".o", ".a")) or word == "-shared" for word in command):
        plan.note("link", command, code)
    return code


def preprocess(plan: Plan, command: list[str], path: str) -> int:
    """Give nvcc the text of a kernel, or nothing."""
    taken = plan.takes(path)
    output = command[command.index("-o") + 1]
    if taken and (plan.takes_text(command) or not is_projects(path)):
        code = subprocess.run(command, check=False).returncode
    else:
        with open(output, "w", encoding="utf-8"):
            code = 0
        if not taken:
            plan.leave(STEP.match(os.path.basename(output)))
    if is_projects(path):
        plan.note("kernel" if path.endswith(".cu") else "text", command, code, path, taken=taken)
    return code


def compile_source(plan: Plan, command: list[str], index: int) -> int:
    """Compile a source, or an empty one in its place."""
    path = os.path.realpath(command[index])
    # what nvcc has made of a kernel, and gives back for its last step
    step = STEP.match(os.path.basename(path))
    if step and plan.has_left(step):
        command = [command[0], "-c", "-fPIC", plan.empty(path), "-o", command[command.index("-o") + 1]]
    taken = bool(step) or plan.takes(path)
    if not taken:
        if "-o" not in command:
            command = [*command, "-o", os.path.splitext(os.path.basename(path))[0] + ".o"]
        command[index] = plan.empty(path)
    code = subprocess.run(command, check=False).returncode
    if "-c" in command and not step and is_projects(path):
        plan.note("object", command, code, path, taken=taken)
    return code


def main() -> int:
    """Run the compiler of this name."""
    with open(os.path.join(HERE, "plan.json"), encoding="utf-8") as file:
        plan = Plan(file.read())
    command = [os.path.join("/usr/bin", os.path.basename(sys.argv[0])), *sys.argv[1:]]
    index = find_source(command)
    if index is None or not {"-c", "-E", "-S", "-M", "-MM"} & set(command):
        return link(plan, command)
    if "-E" in command and "-o" in command and not any(word.startswith("-M") for word in command):
        return preprocess(plan, command, os.path.realpath(command[index]))
    return compile_source(plan, command, index)


if __name__ == "__main__":
    sys.exit(main())
