"""
Pip-installed CUDA toolkits made of small shell scripts, for tests that must not need NVIDIA's wheels.

File lists and places are those of NVIDIA's Linux wheels; the tools print what they were called with, NUL between the
words, so that a test sees every byte.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import sys
import zipfile

from cuda_shims.installation import shims

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: prints its own path, then each argument, each ended by NUL; takes its exit code from FAKE_EXIT
TOOL = b'#!/bin/sh\nprintf \'%s\\0\' "$0" "$@"\nexit ${FAKE_EXIT-0}\n'
#: a compiler-sized header would only slow the tests down
CUDA_H = (
    b"#define CUDA_VERSION %d\nCUresult CUDAAPI cuInit(unsigned int Flags);\n"
    b"CUresult CUDAAPI cuMemAlloc_v2(CUdeviceptr *dptr, size_t bytesize);\n#define cuMemAlloc cuMemAlloc_v2\n"
)
NVML_H = b"nvmlReturn_t DECLDIR nvmlInit_v2(void);\n"
NVCC_TOOLS = ("nvcc", "ptxas", "fatbinary", "nvlink", "bin2c", "cudafe++")
PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
#: an hour old: what a stamp is compared with must not be "just now" (racily clean)
OLD = 1_700_000_000


def cccl_cmake(version: str) -> str:
    """Where the CCCL wheel of that toolkit puts its CMake files."""
    release = tuple(int(part) for part in version.split(".")[:2])
    if release < (13, 2):
        return "lib/cmake"
    return "cuda_cccl/lib/cmake" if release == (13, 2) else "cccl/lib/cmake"


def component_files(version: str = "13.5.37", tool: bytes = TOOL) -> dict[str, dict[str, bytes]]:
    """List for each distribution the files below ``nvidia/cuNN`` that it holds."""
    major, minor = (int(part) for part in version.split(".")[:2])
    lib = b"lib64" if (major, minor) < (13, 2) else b"lib"
    cmake = cccl_cmake(version)
    return {
        "nvidia-cuda-nvcc": {
            **{f"bin/{name}": tool for name in (*NVCC_TOOLS, "__nvcc_device_query")},
            "bin/nvcc.profile": b"TOP = $(_HERE_)/..\nLIBRARIES =+ -L$(TOP)/" + lib + b"\n",
            "bin/crt/link.stub": b"stub\n",
            "bin/crt/prelink.stub": b"stub\n",
            "include/fatbinary_section.h": b"\n",
        },
        "nvidia-nvvm": {
            "nvvm/bin/cicc": tool,
            "nvvm/libdevice/libdevice.10.bc": b"BC",
            "lib/libnvvm.so.4": b"ELF nvvm",
            "include/nvvm.h": b"\n",
        },
        "nvidia-cuda-crt": {"include/crt/host_config.h": b"\n"},
        "nvidia-cuda-runtime": {
            "include/cuda.h": CUDA_H % (major * 1000 + minor * 10),
            "include/cuda_runtime.h": b"\n",
            f"lib/libcudart.so.{major}": b"ELF cudart",
            "lib/libcudart_static.a": b"!<arch>\n",
            "lib/libcudadevrt.a": b"!<arch>\n",
        },
        "nvidia-cuda-cccl": {
            "include/cccl/cub/cub.cuh": b"\n",
            **{f"{cmake}/{name}/{name}-config.cmake": b"\n" for name in ("cccl", "cub", "thrust", "libcudacxx")},
            f"{cmake}/cub/cub-header-search.cmake": b'set(from_install_prefix "../../../")\n',
        },
        "nvidia-cuda-cupti": {"include/cupti.h": b"\n", f"lib/libcupti.so.{major}": b"", "lib/libcheckpoint.so": b""},
        "nvidia-nvml-dev": {"include/nvml.h": NVML_H},
        "nvidia-cuda-cuobjdump": {"bin/cuobjdump": tool},
        "nvidia-cuda-frobnicate": {"bin/cufrobnicate": tool},  # there is none: a tool that no table knows
        "nvidia-cuda-sanitizer-api": {
            "bin/compute-sanitizer": tool,
            "compute-sanitizer/compute-sanitizer": tool,
        },
    }


def split_files(version: str = "12.9.79", tool: bytes = TOOL) -> dict[str, dict[str, bytes]]:
    """List for each distribution of CUDA 12 the files below ``nvidia`` that it holds."""
    major, minor = (int(part) for part in version.split(".")[:2])
    found = {
        "cuda-runtime": {
            "include/cuda.h": CUDA_H % (major * 1000 + minor * 10),
            "include/cuda_runtime.h": b"\n",
            "include/cuda_runtime_api.h": b"\n",
            "include/cooperative_groups/details/info.h": b"\n",
            "lib/libcudart.so.12": b"ELF cudart",
            "lib/libcudart_static.a": b"!<arch>\n",
        },
        "cuda-nvcc": {
            "bin/ptxas": tool,
            "include/crt/host_defines.h": b"\n",
            "nvvm/include/nvvm.h": b"\n",
            "nvvm/lib64/libnvvm.so": b"ELF nvvm",
            "nvvm/libdevice/libdevice.10.bc": b"BC",
        },
        "cuda-cccl": {
            **{f"include/{name}/x.h": b"\n" for name in ("cub", "cuda", "nv", "thrust")},
            "include/__init__.py": b"",
            "lib/cmake/cub/cub-header-search.cmake": b'set(from_install_prefix "../../../")\n',
            "lib/cmake/cccl/cccl-config.cmake": b"\n",
            "lib/__init__.py": b"",
        },
        "cuda-cupti": {
            "include/cupti.h": b"cupti\n",
            "include/generated_cuda_meta.h": b"of cupti\n",
            "include/nv/of_cupti.h": b"\n",
            "lib/libcupti.so.12": b"ELF cupti",
        },
        "cuda-nvrtc": {"include/nvrtc.h": b"\n", "lib/libnvrtc.so.12": b"ELF nvrtc"},
        "cuda-sanitizer-api": {
            "bin/compute-sanitizer": b"\x7fELF\x02 sanitizer",
            "include/generated_cuda_meta.h": b"of the sanitizer\n",
            "lib/libsanitizer-collection.so": b"ELF collection",
        },
        "nvml-dev": {"include/nvml.h": NVML_H},
        "cublas": {"include/cublas_v2.h": b"\n", "lib/libcublas.so.12": b"ELF cublas"},
        "cudnn": {"include/cudnn.h": b"\n", "lib/libcudnn.so.9": b"ELF cudnn"},
    }
    return {
        f"nvidia-{name}-cu{major}": {f"{name.replace('-', '_')}/{path}": data for path, data in files.items()}
        for name, files in found.items()
    }


#: what ``cuda-toolkit[cudart,nvcc,cccl,nvrtc]==12.*`` brings
SPLIT = ("nvidia-cuda-runtime-cu12", "nvidia-cuda-nvcc-cu12", "nvidia-cuda-cccl-cu12", "nvidia-cuda-nvrtc-cu12")


#: what ``cuda-shims[cu13]`` brings
COMPILER = ("nvidia-cuda-nvcc", "nvidia-nvvm", "nvidia-cuda-crt", "nvidia-cuda-runtime", "nvidia-cuda-cccl")


def record_hash(data: bytes) -> str:
    """Spell a hash as RECORD does; not by our own code, which is what is tested."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def is_program(path: str, data: bytes) -> bool:
    """Tell whether a wheel marks a file as executable."""
    return data.startswith((b"#!", b"\x7fELF\x02")) and "/bin/" in path and "/cuda_sanitizer_api/" not in path


def write(path: str, data: bytes = b"", mode: int = 0o644) -> str:
    """Write a file, its folders too."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)
    return path


def write_distribution(
    site_dir: str, name: str, version: str, files: dict[str, bytes], requires: Iterable[str] = ()
) -> str:
    """Install a distribution by hand: its files, its ``.dist-info`` with RECORD."""
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    lines = []
    for path, data in files.items():
        write(os.path.join(site_dir, path), data, 0o755 if is_program(path, data) else 0o644)
        lines.append(f"{path},{record_hash(data)},{len(data)}\n")
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    metadata += "".join(f"Requires-Dist: {each}\n" for each in requires).encode()
    write(os.path.join(site_dir, folder, "METADATA"), metadata)
    lines += [f"{folder}/METADATA,{record_hash(metadata)},{len(metadata)}\n", f"{folder}/RECORD,,\n"]
    write(os.path.join(site_dir, folder, "RECORD"), "".join(lines).encode())
    return os.path.join(site_dir, folder)


def write_toolkit(
    site_dir: str, version: str = "13.5.37", components: Iterable[str] = COMPILER, tool: bytes = TOOL
) -> str:
    """Install a toolkit by hand; returns its folder."""
    major = int(version.partition(".")[0])
    files = component_files(version, tool)
    for name in components:
        write_distribution(
            site_dir, name, version, {f"nvidia/cu{major}/{path}": data for path, data in files[name].items()}
        )
    age(site_dir)
    return os.path.join(site_dir, "nvidia", f"cu{major}")


def write_split(
    site_dir: str,
    version: str = "12.9.79",
    components: Iterable[str] = SPLIT,
    tool: bytes = TOOL,
    *,
    asked: bool = False,
) -> None:
    """Install CUDA 12 by hand; ``asked``: and ``cuda-toolkit``, which a user asked for."""
    files = split_files(version, tool)
    for name in components:
        write_distribution(site_dir, name, version, {f"nvidia/{path}": data for path, data in files[name].items()})
    if asked:
        write_distribution(site_dir, "cuda-toolkit", version, {})
    age(site_dir)


def write_ours(site_dir: str, scripts: str) -> str:
    """Install what an installer unpacks of our wheel, the package itself apart; returns the ``.dist-info``."""
    os.makedirs(scripts, exist_ok=True)
    folder = write_distribution(
        site_dir,
        "cuda-shims",
        "0.1.0",
        {"cuda_shims.pth": shims.template("cuda_shims.pth")},
    )
    data = shims.shim_bytes()
    with open(os.path.join(folder, "RECORD"), "a", encoding="utf-8") as record:
        for tool in NVCC_TOOLS:
            path = write_shim(scripts, tool)
            record.write(f"{os.path.relpath(path, site_dir)},{record_hash(data)},{len(data)}\n")
    age(site_dir)
    return folder


def write_shim(folder: str, tool: str = "nvcc") -> str:
    """Put a shim somewhere."""
    return write(os.path.join(folder, tool), shims.shim_bytes(), 0o755)


def age(folder: str, when: int = OLD) -> None:
    """Make a tree look as if nothing had changed for long."""
    for top, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.utime(os.path.join(top, name), (when, when), follow_symlinks=False)
    os.utime(folder, (when, when))


def snapshot(folder: str, *, times: bool = False) -> dict[str, object]:
    """Describe every file, link and folder below a folder: type and content, with ``times`` also inode and mtime."""
    found: dict[str, object] = {}
    for top, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(top, name)
            status = os.lstat(path)
            content: object = "folder"
            if os.path.islink(path):
                content = os.readlink(path)
            elif name in files and not os.access(path, os.R_OK):  # an unfinished one
                content = "unreadable"
            elif name in files:
                with open(path, "rb") as file:
                    content = file.read()
            extra = (status.st_ino, status.st_mtime_ns, status.st_mode) if times else ()
            found[os.path.relpath(path, folder)] = (content, *extra)
    return found


def write_wheel(folder: str, version: str = "13.5.37", components: Iterable[str] = COMPILER) -> list[str]:
    """Write wheels by hand, as NVIDIA's are: py3-none-any here, tools with mode 0744; returns their paths."""
    major = version.partition(".")[0]
    below = "nvidia" if major == "12" else f"nvidia/cu{major}"
    every = {**(split_files(version) if major == "12" else component_files(version)), "cuda-toolkit": {}}
    return [
        write_files_wheel(folder, name, version, {f"{below}/{path}": data for path, data in every[name].items()})
        for name in components
    ]


def write_files_wheel(folder: str, name: str, version: str, files: dict[str, bytes]) -> str:
    """Write one wheel, of whatever files; returns its path."""
    spelt = name.replace("-", "_")
    info = f"{spelt}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: fake\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    return _zip_wheel(folder, f"{spelt}-{version}-py3-none-any.whl", info, files)


def write_script_wheel(folder: str, name: str = "other-nvcc", script: str = "nvcc") -> str:
    """Write a wheel with a console script of one of our names."""
    spelt = name.replace("-", "_")
    info = f"{spelt}-1.0.dist-info"
    files = {
        f"{spelt}.py": b"def main():\n    print('other')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: fake\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{script} = {spelt}:main\n".encode(),
    }
    return _zip_wheel(folder, f"{spelt}-1.0-py3-none-any.whl", info, files)


def _zip_wheel(folder: str, file_name: str, info: str, files: dict[str, bytes]) -> str:
    record = "".join(f"{path},{record_hash(data)},{len(data)}\n" for path, data in files.items())
    files = {**files, f"{info}/RECORD": (record + f"{info}/RECORD,,\n").encode()}
    path = os.path.join(folder, file_name)
    os.makedirs(folder, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.external_attr = (stat.S_IFREG | (0o744 if is_program(name, data) else 0o644)) << 16
            archive.writestr(entry, data)
    return path


class Prefix:
    """An environment's prefix, with or without parts: what an installer makes."""

    def __init__(self, path: str, site: str | None = None) -> None:
        self.path = path
        self.bin = os.path.join(path, "bin")
        self.site = os.path.join(path, *(site or f"lib/{PYTHON}/site-packages").split("/")).rstrip("/.")
        os.makedirs(self.bin, exist_ok=True)
        os.makedirs(self.site, exist_ok=True)

    def toolkit(self, version: str = "13.5.37", components: Iterable[str] = COMPILER, tool: bytes = TOOL) -> str:
        """Install a toolkit; returns its folder."""
        return write_toolkit(self.site, version, components, tool)

    def split(self, version: str = "12.9.79", components: Iterable[str] = SPLIT, *, asked: bool = False) -> None:
        """Install CUDA 12."""
        write_split(self.site, version, components, asked=asked)

    def ours(self) -> str:
        """Install cuda-shims; returns its ``.dist-info``."""
        return write_ours(self.site, self.bin)

    def shim(self, tool: str = "nvcc") -> str:
        """Put a shim in ``bin``."""
        return write_shim(self.bin, tool)
