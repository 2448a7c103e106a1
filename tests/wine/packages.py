"""What the tests on Windows take from PyPI, each file pinned by its hash."""

from __future__ import annotations

import subprocess
import sys
import zipfile

#: NVIDIA's first wheel with console scripts of the same names as our shims, which is for arm64
NVCC_FOR_ARM64 = ("nvidia-cuda-nvcc", "13.5.37", "90cd227f071d1e36daf4f70ef7b57fd03f9f1c5a53ed9e9e47aece05f5af3c39")
#: wheels for Windows on x86-64: release, hash
_WHEELS = {
    "cmake": ("4.4.4", "ad8e0a38b5707e27882701146bdfffecacd80e7703fa0fc36c77528518d545af"),
    "ninja": ("1.13.2", "1293f4078278b70d0ee4b6cc8f3a9e030656c9b2f59909970343c4fe76070118"),
    "uv": ("0.13.9", "6a44b2ed8111d2f60d2b92627c5dccda3f7ed7570b18ce115e569cd68c28246b"),
    "ziglang": ("0.17.1", "69c3dfc3aff6a297ec4017aa904782c0e450eb988982d7f675d83edce27526fb"),
}


def download(folder, name, release, digest, *options):
    """Download one file of a release, by its hash, and return its path."""
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{name}=={release} --hash=sha256:{digest}\n")
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes", *options]
    subprocess.run([*pip, "-d", str(folder), "-r", str(requirement)], check=True)
    requirement.unlink()
    (file,) = (each for each in folder.iterdir() if each.is_file())
    return file


def download_wheel(folder, name, release, digest, platform="win_amd64"):
    """Download a wheel for Windows."""
    return download(folder, name, release, digest, "--only-binary", ":all:", "--platform", platform)


def unpack_wheel(folder, name, *starts):
    """Unpack a wheel for Windows, or of it what begins with one of some paths; return the folder."""
    wheel = download_wheel(folder, name, *_WHEELS[name])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [each for each in archive.namelist() if not starts or each.startswith(starts)])
    wheel.unlink()
    return folder
