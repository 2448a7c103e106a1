"""
Carry the programs of the suites to a machine that has a GPU, and neither network nor toolkit.

A folder that ``upstream.py --pack`` fills has the programs that cuda-shims' builds made, the small ones among the
libraries that they need, and ``run.sh``, which starts ``programs.py`` there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from pathlib import Path

import suites
import ways

HERE = Path(__file__).parent
#: beside programs and libraries: what some of them load by its path
LOADED = {".cubin", ".fatbin", ".optixir", ".ptx"}
#: tests of CMake's that compile for the GPU of the machine that they are compiled on
NATIVE = ("CudaOnly.CUBIN", "CudaOnly.OptixIR")
#: a toolkit's library that is larger stays here: the other machine may have it in its own wheels
LARGEST = 5_000_000


def pack_cmake(world, way, source, folder, target):  # noqa: ARG001 # as pack_meson
    """
    Pack what ctest would run.

    :param world: the machine without CUDA
    :param way: that of cuda-shims
    :param source: CMake's sources
    :param folder: of the builds
    :param target: the folder for the other machine
    """
    asked = ["ctest", "--test-dir", folder, "--show-only=json-v1", "-R", suites.CMAKE_TESTS]
    said = world.run(*way.start, *asked, env=way.environ)
    programs = []
    # all that those need is there but the answer of a GPU, which CMake asks for where it compiles
    for name in NATIVE:
        build = Path(folder, "Tests", *name.split("."))
        (noted,) = build.glob("CMakeFiles/*/CMakeCUDACompiler.cmake")
        answer = f'set(CMAKE_CUDA_ARCHITECTURES_NATIVE "{ways.ARCHITECTURE}-real")'
        noted.write_text(re.sub(r"(?m)^set\(CMAKE_CUDA_ARCHITECTURES_NATIVE .*$", answer, noted.read_text()))
        world.run(*way.start, "cmake", build, env=way.environ)
        world.run(*way.start, "cmake", "--build", build, env=way.environ)
    for test in json.loads(said[said.index("{") :])["tests"]:
        command = test["command"]
        at = command.index("--build-and-test")
        build, program = command[at + 2], command[-1]
        path = Path(build, program)
        if command[-2] == "--test-command" and path.is_file():
            programs.append({"suite": "CMake", "test": test["name"], "commands": [[str(path)]], "folder": build})
    _pack(world, way, folder, target, programs)


def pack_meson(world, way, source, folder, target):
    """
    Build Meson's tests once more, for the GPU, and pack them: its runner removes what it has built.

    :param world: the machine without CUDA
    :param way: that of cuda-shims
    :param source: Meson's sources
    :param folder: for the builds
    :param target: the folder for the other machine
    """
    architecture = ways.ARCHITECTURE
    flags = f"-gencode=arch=compute_{architecture},code=sm_{architecture}"
    environ = {**way.environ, "NVCC_APPEND_FLAGS": flags}
    programs = []
    for case in sorted(Path(source, "test cases", "cuda").iterdir(), key=lambda case: int(case.name.split()[0])):
        build = Path(folder, "programs", case.name.split()[0])
        native = Path(folder, "native.ini")
        more = [word for each in sorted(case.glob("nativefile.ini")) for word in ("--native-file", each)]
        meson = [*way.start, "meson"]
        said = world.run(*meson, "setup", "--native-file", native, *more, build, case, env=environ, rc=None)
        said += world.run(*meson, "compile", "-C", build, env=environ, rc=None)
        asked = build / "meson-info" / "intro-tests.json"
        if not asked.exists():
            print(f"Meson, {case.name}: not configured\n{said[-2000:]}", flush=True)
            continue
        number, _, name = case.name.partition(" ")
        commands = [test["cmd"] for test in json.loads(asked.read_text())]
        if not commands:  # one makes its test where there is a GPU, of a program that it makes anyway
            made = (path for path in sorted(build.iterdir()) if path.is_file() and ".so" not in path.name)
            commands = [[str(path)] for path in made if _wanted(path)]
        if commands:
            test = f"{int(number):03} {name}"
            programs.append({"suite": "Meson", "test": test, "commands": commands, "folder": str(build)})
    _pack(world, way, folder, target, programs)


def _pack(world, way, folder, target, programs):
    suite = programs[0]["suite"].lower()
    (target / suite).mkdir(parents=True)
    (target / "lib").mkdir(exist_ok=True)
    for path in sorted(Path(folder).rglob("*")):
        # a library's other names are links, and by one of those a program asks for it
        if path.is_file() and (".so" in path.name or not path.is_symlink()) and _wanted(path):
            copy = target / suite / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
    wants = set()
    for path in [path for path in (target / suite).rglob("*") if path.suffix not in LOADED and path.is_file()]:
        wants |= set(re.findall(r"\(NEEDED\).*\[(.+)\]", world.run("readelf", "-d", path)))
    for library in sorted(wants):
        found = way.home / "lib64" / library
        if found.is_file() and found.stat().st_size < LARGEST:
            shutil.copyfile(found, target / "lib" / library)
    text = json.dumps({"built in": str(folder), "programs": programs}, indent=1)
    (target / f"{suite}.json").write_text(text + "\n")
    shutil.copyfile(HERE / "programs.py", target / "programs.py")


def close(target):
    """Make one archive of what is packed, a third of its size, and put beside it what unpacks and starts it."""
    names = sorted(os.listdir(target))
    with tarfile.open(target / "programs.tar.gz", "w:gz") as archive:
        for name in names:
            archive.add(target / name, name)
    for name in names:
        path = target / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copyfile(HERE / "run.sh", target / "run.sh")


def _wanted(path):
    if path.suffix in LOADED:
        return "CompilerId" not in str(path)
    with open(path, "rb") as file:
        head = file.read(18)
    # an executable or a shared object (e_type), and none of CMake's or Meson's own probes
    executable = head[:4] == b"\x7fELF" and head[16:18] in {b"\x02\x00", b"\x03\x00"}
    return executable and not re.search(r"/(CMakeFiles|meson-private|try_compile)/", str(path))


PACK = {"CMake": pack_cmake, "Meson": pack_meson}
