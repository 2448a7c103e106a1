"""docs/how-to/shell-and-editor.md: its table and its blocks, taken from the page, in a shell that no Python started."""

from __future__ import annotations

import json
import re
import shlex
import shutil

import pytest
from checkout import CHECKOUT
from e2e_support import EXTRAS, NVCC_VERSION, SYSTEM_PATH, TOOLKIT, site_packages

pytestmark = pytest.mark.timeout(300)

PAGE = (CHECKOUT / "docs/how-to/shell-and-editor.md").read_text(encoding="utf-8")
#: program -> whether it works where the environment is active, and whether with the variables too
TABLE = {
    cells[0]: [cell == "works" for cell in cells[1:]]
    for cells in re.findall(r"^\| (.+) \| (works|no) \| (works|no) \|$", PAGE, re.MULTILINE)
}
ACTIVE = ". .venv/bin/activate"
VARIABLES = 'eval "$(cuda-shims env)"'

#: Debian's packages of another name than the program's
PACKAGES = {"clang++": "clang", "ninja": "ninja-build"}
FILES = {
    "CMakeLists.txt": """\
cmake_minimum_required(VERSION 3.21)
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80)
endif()
project(page LANGUAGES CXX CUDA)
find_package(CUDAToolkit REQUIRED)
find_package(CCCL CONFIG REQUIRED)
add_library(kernel SHARED kernel.cu)
target_link_libraries(kernel PRIVATE CUDA::cudart CCCL::CCCL)
""",
    "kernel.cu": "#include <cub/version.cuh>\n__global__ void scale(float *x) { x[threadIdx.x] *= 2; }\n",
    "main.cpp": "#include <cuda_runtime_api.h>\nint main() { return cudaFree(nullptr) == cudaSuccess ? 0 : 0; }\n",
    "Makefile": """\
CUDA_PATH ?= /usr/local/cuda
ABOVE := $(patsubst %/bin/nvcc,%,$(shell which nvcc))
rule:
	nvcc -arch=sm_80 -c kernel.cu -o kernel.o
above:
	c++ -I$(ABOVE)/include main.cpp -L$(ABOVE)/lib64 -lcudart -o above
named:
	c++ -I$(CUDA_PATH)/include main.cpp -L$(CUDA_PATH)/lib64 -lcudart -o named
""",
}


def blocks(heading, language):
    """List the blocks of a language below a heading of the page."""
    text = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def lines(heading, number=0):
    """Return the commands of a block, as a script."""
    return re.sub(r"^\$ ", "", blocks(heading, "console")[number], flags=re.MULTILINE)


class Shell:
    """A project's folder with an environment in it, and a shell there."""

    def __init__(self, world, folder, scripts):
        self.world, self.folder = world, folder
        self.root = site_packages(scripts.rpartition("/")[0]) / "cuda_shims_toolkit/cu13"
        folder.mkdir()
        (folder / ".venv").symlink_to(scripts.rpartition("/")[0])
        for name, text in FILES.items():
            (folder / name).write_text(text)

    def run(self, *commands, rc=0, **more):
        script = "\n".join(["set -e", *commands])
        return self.world.run("sh", "-c", script, cwd=self.folder, env=self.world.environ(**more), rc=rc)

    def cache(self):
        return (self.folder / "build/CMakeCache.txt").read_text()


@pytest.fixture
def shell(world, tmp_path):
    requirements = ("cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}")
    scripts = world.once("shell-page", lambda folder: str(world.venv(folder / "venv", *requirements)))
    return Shell(world, tmp_path / "project", scripts)


def needs(program):
    if shutil.which(program, path=SYSTEM_PATH) is None:
        pytest.skip(f"{program} is not in /usr/bin (Debian package {PACKAGES.get(program, program)})")


# --- the table ---


def cmake(shell, *before):
    needs("cmake")
    shell.run(*before, "cmake -S . -B build")


def rule(shell, *before):
    shell.run(*before, "make rule")


def above(shell, *before):
    shell.run(*before, "make above")


def named(shell, *before):
    shell.run(*before, "make named")


def clang(shell, *before):
    needs("clang++")
    assert "Found CUDA installation: " in shell.run(*before, "clang++ -v")


def clangd(shell, *before):
    (shell.folder / "kernel.cu").write_text(FILES["kernel.cu"].partition("\n")[2])
    program = shell.world.tools("clangd", "clangd") / "clangd"
    shell.run(*before, f"{program} --check=kernel.cu --check-lines=1-1")


def jupyter(shell, *before):
    world = shell.world
    kernel = world.venv(shell.folder / "kernel", "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}", "ipykernel")
    tools = world.tools("jupyter", "nbclient", "jupyter-core", "ipykernel")
    (cell,) = blocks("Jupyter", "text")
    (install,) = re.findall(r"`(\.venv/bin/python -m ipykernel install .*)`", PAGE)
    cells = [[line, "assert _exit_code == 0"] for line in [*cell.splitlines(), "!nvcc -arch=sm_80 -c kernel.cu"]]
    code = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    notebook = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}}
    notebook["cells"] = [{**code, "source": "\n".join(each)} for each in cells]
    notebook["cells"].append({**code, "source": "%%bash\nnvcc --version\nmake named"})
    (shell.folder / "page.ipynb").write_text(json.dumps(notebook))
    run = f"{tools}/jupyter execute --kernel_name=project --output=done page.ipynb"
    home = shell.folder / "home"
    home.mkdir()
    shell.run(install.replace(".venv/bin", str(kernel)), *before, run, HOME=home)
    assert (shell.folder / "done.ipynb").read_text().count(f"V{NVCC_VERSION}") == 2


PROGRAMS = [cmake, rule, above, named, clang, clangd, jupyter]
#: what takes long; test_cmake_builds runs in any case
LONG = {cmake, clangd, jupyter}


def rows():
    for row, program in zip(TABLE, PROGRAMS):
        for state, works in zip(("", VARIABLES), TABLE[row]):
            marks = [pytest.mark.matrix] if program in LONG else []
            name = f"{program.__name__}-{'variables' if state else 'active'}"
            yield pytest.param(program, state, works, id=name, marks=marks)


def test_the_table_is_whole():
    assert len(TABLE) == len(PROGRAMS)
    words = ("CMake", "make", "which nvcc", "?=", "clang++", "clangd", "Jupyter")
    assert all(word in row for word, row in zip(words, TABLE))


@pytest.mark.parametrize(("program", "state", "works"), list(rows()))
def test_a_row(shell, program, state, works):
    before = [ACTIVE, *filter(None, [state])]
    if works:
        program(shell, *before)
    else:
        with pytest.raises(AssertionError):
            program(shell, *before)


# --- the blocks ---


def test_cmake_builds(shell):
    needs("cmake")
    said = shell.run(lines("CMake"))
    assert f"Found CCCL: {shell.root}/lib64/cmake/cccl/" in said
    assert "/venv/lib/cccl-cuda-shims\n" in shell.cache()
    assert f"CUDA_CUDART:FILEPATH={shell.root}/" in shell.cache()
    assert (shell.folder / "build/libkernel.so").exists()


@pytest.mark.matrix
def test_an_environment_that_is_named(shell):
    needs("cmake")
    shell.run(lines("CMake", 1))
    assert f"CMAKE_CUDA_COMPILER:FILEPATH={shell.folder}/.venv/bin/nvcc" in shell.cache()


def preset(shell):
    needs("cmake")
    needs("ninja")
    (text,) = blocks("Presets, VS Code, CLion", "json")
    (shell.folder / "CMakePresets.json").write_text(text)
    return shell.run(lines("Presets, VS Code, CLion"))


def test_a_preset(shell):
    assert "Found CCCL: " in preset(shell)
    assert f"CMAKE_CUDA_COMPILER:FILEPATH={shell.folder}/.venv/bin/nvcc" in shell.cache()
    assert json.loads((shell.folder / "build/compile_commands.json").read_text())


@pytest.mark.matrix
def test_clangd_reads_what_cmake_wrote(shell):
    preset(shell)
    check = f"{shell.world.tools('clangd', 'clangd')}/clangd --check=kernel.cu --check-lines=1-2"
    assert "unknown argument" in shell.run(check, rc=None)
    (text,) = blocks("clangd", "yaml")
    (shell.folder / ".clangd").write_text(text.replace("ROOT", shell.run(".venv/bin/cuda-shims root").strip()))
    assert "All checks completed, 0 errors" in shell.run(check)


def test_make_with_a_variable(shell):
    shell.run(ACTIVE, lines("make").replace("\n", " named\n"))


def test_clang_is_told(shell):
    """No clang of Debian 12 knows CUDA 13's headers: what it would run is looked at."""
    needs("clang++")
    command = lines("clang as the CUDA compiler").splitlines()[1]
    assert command.startswith("clang++ ")
    said = shell.run(ACTIVE, f"{command} -###")
    assert f'"{shell.root}/bin/ptxas"' in said
    assert f'"{shell.root}/include"' in said


def test_direnv(shell, tmp_path):
    needs("direnv")
    (text,) = blocks("direnv", "sh")
    (shell.folder / ".envrc").write_text(text)
    command = lines("direnv").replace("make", "make named && direnv exec . printenv CUDA_HOME")
    assert shell.run(command, HOME=tmp_path).splitlines()[-1] == str(shell.root)


def test_without_path_and_variables(shell, tmp_path):
    """As sudo, cron and a Dockerfile's RUN start a command."""
    command = lines("Docker, sudo, cron").strip()
    clean = ["env", "-i", f"HOME={tmp_path}", "PATH=/usr/bin:/bin", "sh", "-c", f"{command} rule named"]
    shell.run(shlex.join(clean))
    assert (shell.folder / "named").exists()
