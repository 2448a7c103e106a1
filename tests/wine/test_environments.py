"""Virtual environments of Windows' CPython: what pip installs is found, by a shell, by Python and by a build."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from bed import windows
from packages import NVCC_FOR_ARM64, download_wheel
from venvs import PAIRS, SHIPPED, install_nvcc, make_venv, pip, toolkit

pytestmark = pytest.mark.timeout(1200)

_KERNEL = "__global__ void k(float *x) { x[threadIdx.x] *= 2; }\n"
_SAY = "import json, os; print(json.dumps(dict(os.environ)))"


def test_shims_are_native_programs(scripts):
    for tool in SHIPPED:
        assert (scripts / f"{tool}.exe").read_bytes()[:2] == b"MZ"
        assert not (scripts / tool).exists(), "CMake takes a file without a suffix for the compiler"


def test_every_tool_runs_by_path(bed, scripts, pair):
    path = f"{windows(scripts)};C:\\windows\\system32"
    jobs = [{"command": f"{tool} --version", "environ": {"PATH": path}} for tool in SHIPPED]
    for tool, answer in zip(SHIPPED, bed.jobs(*jobs)):
        assert answer["code"] == 0, answer
        assert f"V{pair[2]}" in answer["out"] + answer["err"] or tool == "cudafe++", answer


def test_start_up_hook(bed, scripts):
    environ = json.loads(bed.run(scripts / "python.exe", "-c", _SAY))
    root = windows(scripts.parent / "Lib/site-packages/nvidia/cu13")
    assert {name: environ[name] for name in ("CUDA_HOME", "CUDA_PATH", "CUDATOOLKIT_ROOT")} == dict.fromkeys(
        ("CUDA_HOME", "CUDA_PATH", "CUDATOOLKIT_ROOT"), root
    )
    assert environ["CUDACXX"] == environ["NVCC"] == f"{root}\\bin\\nvcc.exe"
    assert environ["PATH"].partition(";")[0] == f"{root}\\bin"
    assert "PKG_CONFIG_PATH" not in environ


def test_users_own_toolkit_is_left_alone(bed, scripts):
    """Any folder counts that is there."""
    environ = json.loads(bed.run(scripts / "python.exe", "-c", _SAY, CUDA_HOME="C:\\windows"))
    assert environ["CUDA_HOME"] == "C:\\windows"
    assert "CUDA_PATH" not in environ


def test_command_line(bed, scripts, pair):
    python = scripts / "python.exe"
    root = windows(scripts.parent / "Lib/site-packages/nvidia/cu13")
    assert bed.run(python, "-m", "cuda_shims", "root").strip() == root
    assert bed.run(scripts / "cuda-shims.exe", "which", "ptxas").strip() == f"{root}\\bin\\ptxas.exe"
    assert f"CUDA {pair[2]}" in bed.run(python, "-m", "cuda_shims", "list")


def test_which(bed, scripts):
    root = windows(scripts.parent / "Lib/site-packages/nvidia/cu13")
    for name, place in (
        ("crt\\host_config.h", "include\\crt\\host_config.h"),
        ("thrust/sort.h", "include\\cccl\\thrust\\sort.h"),
        ("cudart.lib", "lib\\x64\\cudart.lib"),
        ("cudart64_13.dll", "bin\\x86_64\\cudart64_13.dll"),
        ("-lcudart_static", "lib\\x64\\cudart_static.lib"),
        ("CUDA::cuda_driver", "lib\\x64\\cuda.lib"),
        ("ptxas.exe", "bin\\ptxas.exe"),
    ):
        assert bed.run(scripts / "cuda-shims.exe", "which", name).strip() == f"{root}\\{place}"
    pip = f"run: {windows(scripts / 'python.exe')} -m pip install"
    for name, fix in (
        ("cudaProfiler.h", f"nvidia-cuda-profiler-api holds it; {pip}"),
        ("CUDA::cublas", f"nvidia-cublas holds its DLL, and cuda-shims makes what links with that; {pip}"),
        ("libcudart.so", "nvidia-cuda-runtime holds it for Linux only"),
    ):
        assert fix in bed.run(scripts / "cuda-shims.exe", "which", name, rc=None)


def test_exec(bed, scripts, pair, tmp_path, monkeypatch):
    """The command's exit code, arguments and variables; os.exec* of Windows loses them."""
    python = scripts / "python.exe"
    code = "import os, sys; print(os.environ['CUDA_HOME'], sys.argv[1:]); sys.exit(3)"
    words = ["-m", "cuda_shims", "exec", "python", "-c", code, "a b", ""]
    said = bed.run(python, *words, rc=3, path=[scripts], CUDA_SHIMS_STARTUP="0")
    assert said.strip() == f"{windows(scripts.parent / 'Lib/site-packages/nvidia/cu13')} ['a b', '']"
    assert f"V{pair[2]}" in bed.run(python, "-m", "cuda_shims", "exec", "nvcc", "--version", CUDA_SHIMS_STARTUP="0")
    # cmd.exe would take what is in the current directory, and so does shutil.which()
    shutil.copy(scripts / "cuda-shims.exe", tmp_path / "planted.exe")
    monkeypatch.chdir(tmp_path)
    assert "planted: no such command" in bed.run(python, "-m", "cuda_shims", "exec", "planted", "--version", rc=None)
    assert "cuda-shims 0." in bed.run(python, "-m", "cuda_shims", "exec", ".\\planted", "--version")


def _variables(root):
    return dict.fromkeys(("CUDA_HOME", "CUDA_PATH", "CUDATOOLKIT_ROOT", "CUDA_SHIMS_ROOT"), root)


def _nvcc_by_path(bed, folder, **environ):
    """What cmd's ``nvcc --version`` says where one folder is on PATH."""
    path = f"{folder};C:\\windows\\system32"
    (answer,) = bed.jobs({"command": "nvcc --version", "environ": {"PATH": path, **environ}})
    return answer["out"] + answer["err"]


def test_first_start_completes_the_environment(bed, windows_wheel, tmp_path):
    """Shims of tools that came with more wheels, and what the toolkit lacks; an uninstall takes all of it away."""
    version, release, nvcc = PAIRS[0]
    scripts = make_venv(bed, tmp_path / "v", version, toolkit(release, "cuobjdump"), windows(windows_wheel))
    python, site_dir = scripts / "python.exe", scripts.parent / "Lib/site-packages"
    theirs = {path: path.stat().st_mtime_ns for path in site_dir.glob("nvidia/**/*") if path.is_file()}
    supplement = site_dir / "cuda_shims_toolkit/cu13"
    config = supplement / "lib/cmake/cccl/cccl-config.cmake"
    assert not config.exists()
    environ = json.loads(bed.run(python, "-c", _SAY))
    assert environ["CMAKE_PREFIX_PATH"] == windows(supplement)
    assert config.exists()
    for tool in ("cuobjdump", "nvcc"):  # a compiler cache that hashes its compiler sees an upgrade
        assert (scripts / f"{tool}.exe").read_bytes().endswith(f"\r\ntoolkit: {nvcc}\r\n".encode())
        assert nvcc in bed.run(scripts / f"{tool}.exe", "--version")
    made = {path: path.stat().st_mtime_ns for path in supplement.rglob("*")}
    bed.run(python, "-c", "pass")
    assert {path: path.stat().st_mtime_ns for path in supplement.rglob("*")} == made
    assert "everything is as it should be" in bed.run(python, "-m", "cuda_shims", "install")

    pip(bed, python, "uninstall", "-y", "-q", "cuda-shims")
    assert not [path for path in site_dir.iterdir() if "cuda_shims" in path.name]
    assert not [tool for tool in (*SHIPPED, "cuobjdump", "cuda-shims") if (scripts / f"{tool}.exe").exists()]
    assert {path: path.stat().st_mtime_ns for path in theirs} == theirs
    assert f"V{nvcc}" in bed.run(site_dir / "nvidia/cu13/bin/nvcc.exe", "--version")


def test_uninstall_by_our_own_command(bed, windows_wheel, tmp_path):
    """It removes the program that runs it, too: that one is renamed aside."""
    version, _, nvcc = PAIRS[0]
    scripts = make_venv(bed, tmp_path / "v", version)
    install_nvcc(bed, scripts / "python.exe", nvcc, windows_wheel)
    site_dir = scripts.parent / "Lib/site-packages"
    bed.run(scripts / "cuda-shims.exe", "uninstall")
    assert not [path for path in site_dir.iterdir() if "cuda_shims" in path.name]
    assert not [tool for tool in (*SHIPPED, "cuda-shims") if (scripts / f"{tool}.exe").exists()]
    assert f"V{nvcc}" in bed.run(site_dir / "nvidia/cu13/bin/nvcc.exe", "--version")


@pytest.fixture
def new_folder(bed):
    """Give a function that names a folder for a virtual environment on the drive C, for Windows and for us."""
    return lambda *parts: (
        "\\".join(["C:", "users", *parts]),
        Path(bed.environ["WINEPREFIX"], "drive_c", "users", *parts),
    )


@pytest.mark.matrix
def test_blanks_in_the_path(bed, windows_wheel, vs, new_folder, tmp_path):
    """A user's first and last name."""
    version, release, nvcc = PAIRS[0]
    folder, _ = new_folder("First Last", "v")
    python = make_venv(bed, folder, version) + r"\python.exe"
    pip(bed, python, "install", "-q", toolkit(release), windows(windows_wheel))
    assert f"V{nvcc}" in _nvcc_by_path(bed, rf"{folder}\Scripts")
    root = rf"{folder}\Lib\site-packages\nvidia\cu13"
    assert json.loads(bed.run(python, "-c", _SAY)).items() >= _variables(root).items()
    source, target = tmp_path / "k.cu", tmp_path / "k.cubin"
    source.write_text(_KERNEL)
    words = ["-cubin", "-arch=sm_90", windows(source), "-o", windows(target)]
    bed.run(rf"{folder}\Scripts\nvcc.exe", *words, path=[vs.folder], compiles=True, **vs.variables)
    assert target.read_bytes().startswith(b"\x7fELF")
    said = bed.run(python, "-m", "cuda_shims", "doctor", path=[vs.folder], **vs.variables)
    assert said.splitlines()[-1].strip() == "a build will find this toolkit"


def test_letters_in_the_path(bed, windows_wheel, vs, new_folder, tmp_path):
    """
    Of two scripts, one of them not in this Windows' code page.

    All that is ours works there. nvcc.exe does not compile there, with us or without, and says not a word: the doctor
    does.
    """
    version, _, nvcc = PAIRS[0]
    folder, place = new_folder("First Last", "Ünï 日", "v")
    python = make_venv(bed, folder, version) + r"\python.exe"
    install_nvcc(bed, python, nvcc, windows_wheel)
    root = rf"{folder}\Lib\site-packages\nvidia\cu13"
    assert f"V{nvcc}" in _nvcc_by_path(bed, rf"{folder}\Scripts")
    assert json.loads(bed.run(python, "-c", _SAY)).items() >= _variables(root).items()
    assert (place / "Lib/site-packages/cuda_shims_toolkit/cu13/made-from-3").exists()
    assert json.loads(bed.run(python, "-m", "cuda_shims", "root", "--json"))["root"] == root
    said = bed.run(python, "-m", "cuda_shims", "root", PYTHONIOENCODING="ascii")
    assert r"First Last\xdcn\xef \u65e5\v" in said.replace("\\\\", "\\")

    source = tmp_path / "k.cu"
    source.write_text(_KERNEL)
    words = ["-cubin", "-arch=sm_90", windows(source), "-o", windows(tmp_path / "k.cubin")]
    for nvcc_exe in (rf"{root}\bin\nvcc.exe", rf"{folder}\Scripts\nvcc.exe"):
        assert bed.run(nvcc_exe, *words, path=[vs.folder], rc=5, **vs.variables) == ""
    said = bed.run(
        python, "-m", "cuda_shims", "doctor", path=[vs.folder], rc=1, PYTHONIOENCODING="utf-8", **vs.variables
    )
    assert f"error: nvcc.exe cannot run below {folder}" in said
    assert "does not run" not in said

    pip(bed, python, "uninstall", "-y", "-q", "cuda-shims")
    assert not [path for path in (place / "Lib/site-packages").iterdir() if "cuda_shims" in path.name]


_BACKEND = """\
import json, os, shutil, subprocess
from setuptools.build_meta import *
from setuptools import build_meta

def get_requires_for_build_wheel(config=None):
    return ["%s"]

def build_wheel(*arguments, **options):
    shim = shutil.which("nvcc", path=os.environ["PATH"].partition(os.pathsep)[2])
    said = subprocess.run([shim, "--version"], capture_output=True, text=True)
    seen = {"environ": dict(os.environ), "shim": shim, "said": said.stdout + said.stderr}
    with open(os.environ["PROBE"], "w") as file:
        json.dump(seen, file)
    return build_meta.build_wheel(*arguments, **options)
"""


@pytest.mark.matrix
def test_split_prefixes(bed, windows_wheel, pair, tmp_path):
    """What the back end asks for, pip installs beside what pyproject.toml asks for: shims here, the toolkit there."""
    (tmp_path / "setup.py").write_text("from setuptools import setup\nsetup(name='probe', version='1.0')\n")
    (tmp_path / "backend.py").write_text(_BACKEND % f"nvidia-cuda-nvcc=={pair[2]}")
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "cuda-shims"]\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    probe = tmp_path / "probe.json"
    variables = {"PIP_FIND_LINKS": windows(windows_wheel.parent), "PROBE": windows(probe)}
    words = ["wheel", "--no-deps", "-w", windows(tmp_path / "out"), windows(tmp_path)]
    pip(bed, bed.python(pair[0]), *words, **variables)
    seen = json.loads(probe.read_text())
    root = seen["environ"]["CUDA_HOME"]
    assert root.endswith(r"\normal\Lib\site-packages\nvidia\cu13")
    assert seen["environ"].items() >= _variables(root).items()
    assert seen["environ"]["CMAKE_PREFIX_PATH"] == root.replace("nvidia", "cuda_shims_toolkit")
    assert r"\overlay\scripts\nvcc.exe" in seen["shim"].lower()
    assert f"V{pair[2]}" in seen["said"]


def test_target_directory(bed, windows_wheel, pair, tmp_path):
    """``pip install --target``: no scripts directory of an environment, and Python reads no .pth file there."""
    python, target = bed.python(pair[0]), tmp_path / "with blank"
    install_nvcc(bed, python, pair[2], windows_wheel, "--target", windows(target))
    root = windows(target / "nvidia/cu13")
    path = {"PYTHONPATH": windows(target)}
    assert f"V{pair[2]}" in _nvcc_by_path(bed, windows(target / "bin"))
    assert "CUDA_HOME" not in json.loads(bed.run(python, "-c", _SAY, **path))
    bed.run(python, "-m", "cuda_shims", "install", "--target", windows(target), **path)
    assert json.loads(bed.run(python, "-c", _SAY, **path)).items() >= _variables(root).items()
    bed.run(python, "-m", "cuda_shims", "uninstall", "--target", windows(target), **path)
    assert not [path for path in target.iterdir() if "cuda_shims" in path.name or path.name == "sitecustomize.py"]
    assert f"V{pair[2]}" in bed.run(target / "nvidia/cu13/bin/nvcc.exe", "--version")


@pytest.fixture
def console_scripts(once):
    """Return a wheel with the console scripts that NVIDIA's wheel for arm64 has, and nothing else of it."""

    def make(folder):
        (folder / "nvidia").mkdir()
        (folder / "ours").mkdir()
        theirs = download_wheel(folder / "nvidia", *NVCC_FOR_ARM64, platform="win_arm64")
        name = "nvidia_cuda_nvcc_scripts-13.5.37"
        wheel = folder / "ours" / f"{name}-py3-none-any.whl"
        with zipfile.ZipFile(theirs) as source, zipfile.ZipFile(wheel, "w") as archive:
            files = {each: source.read(each) for each in source.namelist() if "/cuda_entrypoints/" in each}
            (points,) = (each for each in source.namelist() if each.endswith("entry_points.txt"))
            files[f"{name}.dist-info/entry_points.txt"] = source.read(points)
            metadata = "Metadata-Version: 2.1\nName: nvidia-cuda-nvcc-scripts\nVersion: 13.5.37\n"
            files[f"{name}.dist-info/METADATA"] = metadata.encode()
            files[f"{name}.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            files[f"{name}.dist-info/RECORD"] = "".join(f"{each},,\n" for each in files).encode()
            for each, data in files.items():
                archive.writestr(each, data)
        shutil.rmtree(folder / "nvidia")
        return str(wheel)

    return Path(once("console-scripts", make))


@pytest.mark.parametrize("order", [pytest.param("theirs-first", marks=pytest.mark.matrix), "ours-first"])
def test_nvidias_own_console_scripts(bed, windows_wheel, console_scripts, order, tmp_path):
    """The last installer wins, silently; the hook, and so a build, does not care, and we never take theirs unasked."""
    version, _, nvcc = PAIRS[0]
    wheels = [windows(console_scripts), windows(windows_wheel)]
    scripts = make_venv(bed, tmp_path / "v", version)
    python = scripts / "python.exe"
    pip(bed, python, "install", "-q", "--no-deps", f"nvidia-cuda-nvcc=={nvcc}")
    for wheel in wheels if order == "theirs-first" else reversed(wheels):
        pip(bed, python, "install", "-q", wheel)
    shim = scripts / "cudafe++.exe"  # of which they have none
    root = windows(scripts.parent / "Lib/site-packages/nvidia/cu13")
    assert json.loads(bed.run(python, "-c", _SAY)).items() >= _variables(root).items()
    is_ours = (scripts / "nvcc.exe").read_bytes() == shim.read_bytes()
    assert is_ours is (order == "theirs-first")
    said = bed.run(python, "-m", "cuda_shims", "doctor", rc=1)
    if is_ours:
        assert "is not our shim" not in said
    else:
        assert rf"{windows(scripts)}\nvcc.exe is not our shim: it belongs to nvidia-cuda-nvcc-scripts 13.5.37" in said
        refused = bed.run(python, "-m", "cuda_shims", "install", rc=1)
        assert "left alone" in refused
        assert (scripts / "nvcc.exe").read_bytes() != shim.read_bytes()
        bed.run(python, "-m", "cuda_shims", "install", "--force")
        assert (scripts / "nvcc.exe").read_bytes() == shim.read_bytes()
    assert f"V{nvcc}" in _nvcc_by_path(bed, windows(scripts))
