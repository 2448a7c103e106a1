"""Who resolves links on the way from nvcc, or from a library, to the toolkit comes to a root, as in a classic one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from e2e_support import TOOLKIT, site_packages
from slices import keep

pytestmark = pytest.mark.timeout(900)

EXTRAS = "cccl,crt,cudart,nvcc,nvvm"
SOURCE = """\
#include <cstdio>
#include <cuda.h>
#include <cuda_runtime.h>
__device__ float twice(float x);
__global__ void apply(float *x) { *x = twice(*x); }
int main(int argc, char **) {
  int runtime = 0;
  cudaRuntimeGetVersion(&runtime);
#ifdef DRIVER
  if (argc > 100) cuInit(0);
#endif
  std::printf("%d\\n", runtime);
  if (argc > 100) apply<<<1, 1>>>(nullptr);
}
"""
TWICE = "__device__ float twice(float x) { return 2 * x; }\n"
#: how a toolkit is looked for: a line of Python that prints where it is, in a process that has the hook's variables
WAYS = {
    # torch's AOTInductor and its C++ wrapper
    "static runtime": (
        'next(iter(Path(os.environ["CUDA_HOME"], "lib64").rglob("libcudart_static.a"))).resolve().parent.parent'
    ),
    # many a setup.py
    "realpath of which": 'Path(os.path.realpath(shutil.which("nvcc"))).parent.parent',
    # transformer-engine-torch
    "nvcc resolved": 'Path(os.environ["CUDA_HOME"], "bin", "nvcc").resolve().parent.parent',
    "CUDACXX resolved": 'Path(os.environ["CUDACXX"]).resolve().parent.parent',
}
#: links that need what the wheels lack
LINKS = {
    "-dlto": ["-dlto"],
    "-cudart shared": ["-rdc=true", "-cudart", "shared"],
    "-lcuda": ["-rdc=true", "-DDRIVER", "-lcuda"],
}


def resolved(world, scripts, way, **more):
    code = f"import os, shutil\nfrom pathlib import Path\nprint({WAYS[way]}, os.environ['CUDA_HOME'], sep='\\n')"
    found, root = world.run(scripts / "python", "-c", code, env=world.environ(scripts, **more)).split("\n")[:2]
    return Path(found), Path(root)


def check_links(world, home, folder, link):
    """Compile and link with a toolkit of that folder, by nothing but its path."""
    (folder / "main.cu").write_text(SOURCE)
    (folder / "twice.cu").write_text(TWICE)
    nvcc = [home / "bin/nvcc", "-arch=sm_90", "main.cu", "twice.cu", "-o", "use", f"-L{home}/lib64"]
    world.run(*nvcc, *LINKS[link], cwd=folder)
    if link == "-lcuda":
        assert "[libcuda.so.1]" in world.run("readelf", "-d", "use", cwd=folder)
    else:
        said = world.run("./use", cwd=folder, env=world.environ(LD_LIBRARY_PATH=home / "lib64"))
        assert said == "13050\n"
    top = world.run("sh", "-c", f"{home}/bin/nvcc -v __x 2>&1 | sed -n 's/^#$ TOP=//p'").strip()
    assert os.path.samefile(top, home)


@pytest.fixture(scope="module")
def scripts(world, tmp_path_factory):
    """Return the scripts directory of an environment with a compiler."""
    return world.venv(tmp_path_factory.mktemp("resolved") / "env", "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}")


@pytest.mark.parametrize("mode", ["hardlink", "copy", "symlink"])
def test_it_leads_to_the_root(world, tmp_path, mode):
    """As each of uv's ways leaves the wheels' files; of the last each is a link to uv's cache."""
    if mode == "symlink" and os.stat(world.uv_cache).st_dev != tmp_path.stat().st_dev:
        pytest.skip("uv's cache and the temporary files are on two file systems: no hard link goes there")
    scripts = world.venv(tmp_path / "env", "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}", link_mode=mode)
    found = {way: resolved(world, scripts, way) for way in WAYS}
    assert {way: str(home) for way, (home, root) in found.items() if not os.path.samefile(home, root)} == {}
    home, _ = found["nvcc resolved"]
    for name in ("bin/nvcc", "lib64/libcudart.so", "lib64/stubs/libcuda.so", "nvvm/lib64/libnvvm.so"):
        assert (home / name).exists(), name


def classic(root, home):
    """Copy a toolkit, as CUDA's installer lays it out."""
    for name in ("bin", "include", "lib", "nvvm"):
        shutil.copytree(root / name, home / name)
    (home / "lib64").symlink_to("lib")
    return Path(os.path.realpath(home / "bin/nvcc")).parent.parent


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(
    "way",
    # the second leads to the same folder, and the third is the measure of both
    keep(["static runtime"], of=["static runtime", "realpath of which", "a classic toolkit"]),
)
def test_it_links_from_there(world, scripts, way, link, tmp_path):
    if way == "a classic toolkit":
        home = classic(resolved(world, scripts, "nvcc resolved")[1], tmp_path / "cuda")
        assert home == tmp_path / "cuda"
    else:
        home, _ = resolved(world, scripts, way)
    check_links(world, home, tmp_path, link)


def test_no_file_of_the_wheels_is_changed(world, tmp_path):
    """A hard link is one of the wheel's files: nothing is written to it, and its mode and times stay."""
    scripts = world.venv(tmp_path / "env", "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}", link_mode="copy")
    wheels = site_packages(tmp_path / "env") / "nvidia"

    def state():
        paths = [path for path in wheels.rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.stat().st_size) for path in paths}

    before = state()
    resolved(world, scripts, "nvcc resolved")
    world.run("cuda-shims", "install", env=world.environ(scripts))
    assert state() == before
    world.run(world.uv, "pip", "uninstall", "-q", "-p", scripts / "python", "cuda-shims")
    assert state() == before
    assert {path.stat().st_nlink for path in wheels.rglob("*") if path.is_file()} == {1}


def test_after_an_upgrade(world, tmp_path):
    """The name is of the new compiler: a link to the old one's file would still run it."""
    scripts = world.venv(tmp_path / "env", "cuda-shims", f"cuda-toolkit[{EXTRAS}]==13.4.3")
    for toolkit, version in (("13.4.3", "V13.4"), (TOOLKIT, "V13.5"), ("13.4.3", "V13.4")):
        world.run(world.uv, "pip", "install", "-q", "-p", scripts / "python", f"cuda-toolkit[{EXTRAS}]=={toolkit}")
        for way in WAYS:
            home, root = resolved(world, scripts, way)
            assert version in world.run(home / "bin/nvcc", "--version"), way
            assert os.path.samefile(home, root), f"{home} instead of {root}"


def test_a_root_on_another_file_system(world, tmp_path):
    """No hard link goes there: the library, 1.5 MB, is a copy; the compiler works, and links what it is to link."""
    other = Path("/dev/shm")
    if not os.access(other, os.W_OK) or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs /dev/shm, on another file system than the temporary files")
    cache = other / f"cuda-shims-{os.getpid()}"
    scripts = world.venv(tmp_path / "my env", "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}")
    try:
        home, root = resolved(world, scripts, "static runtime", XDG_CACHE_HOME=cache)
        assert str(root).startswith(f"{cache}/")
        assert os.path.samefile(home, root), f"{home} instead of {root}"
        for number, link in enumerate(LINKS):
            folder = tmp_path / str(number)
            folder.mkdir()
            check_links(world, root, folder, link)
        used = sum(path.lstat().st_blocks * 512 for path in cache.rglob("*"))
        assert used < 10 << 20, f"{used >> 20} MB in a cache: the compiler is no small file"
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def test_nothing_is_copied_up_from_a_lower_layer(world, tmp_path):
    """In a container a hard link to a file of the image's is a copy of it in the container's own layer."""
    scripts = world.venv(tmp_path / "env", "cuda-shims", f"cuda-toolkit[{EXTRAS}]=={TOOLKIT}")
    (tmp_path / "layers").mkdir()
    lines = """\
set -e
mount -t tmpfs none layers && mkdir layers/upper layers/work
mount -t overlay overlay -o lowerdir=env,upperdir=layers/upper,workdir=layers/work env || exit 77
root=$(env/bin/python -c 'import os; print(os.environ["CUDA_HOME"])')
case $root in "$PWD"/env/*) ;; *) echo "not beside the wheels: $root"; exit 1 ;; esac
printf '__global__ void k() {}\\nint main() {}\\n' >k.cu
for words in -dlto '-cudart shared' -lcuda; do "$root/bin/nvcc" -arch=sm_90 k.cu -o k $words; done
find layers/upper -type f -size +2000k
find layers/upper -path '*/nvidia/*'
du -sk layers/upper | cut -f1
"""
    namespace = [] if world.hide else ["unshare", "-m", "--propagation", "private"]
    command = [*world.hide, *namespace, "sh", "-c", lines]
    done = subprocess.run(
        command, cwd=tmp_path, env=world.environ(scripts), capture_output=True, text=True, check=False
    )
    if done.returncode == 77:
        pytest.skip(f"no overlay to be had here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr
    *copied, size = done.stdout.split()
    assert copied == []
    assert int(size) < 4096
