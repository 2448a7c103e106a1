"""A root of CUDA 12 has, besides the components' files, a compute-sanitizer that runs, and a stand-in for nvcc."""

from __future__ import annotations

import os

from _cuda_shims import SPLIT
from cuda_shims.catalog.tools import missing_tool_fix
from cuda_shims.root.merge import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: the compute-sanitizer of 12.9 looks for its libraries in its own folder, which has none: in a root it has a separate
#: folder, laid out as in the wheel of CUDA 13
_SANITIZER_FOLDER = "cuda_sanitizer_api"
#: what runs a file of mode 0644; kernel and C library agree on these paths
_LOADERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}
#: NVIDIA's file has mode 0644 in the wheel of 12.9, and is not ours to change. A copy of it would cost 7 MB in each
#: environment and do no more. The option names the folder of its libraries: by /proc/self/exe it would look in
#: the loader's folder. It may be given once
_SANITIZER = b"""#!/bin/sh
# compute-sanitizer of CUDA 12, whose file no wheel marks as executable
file=$(command -p readlink -f -- "$0")
folder=${file%/bin/*}/compute-sanitizer
for word; do
  case $word in --injection-path | --injection-path=*) exec LOADER "$folder/compute-sanitizer" "$@" ;; esac
done
exec LOADER "$folder/compute-sanitizer" --injection-path "$folder" "$@"
"""
#: CUDA 12 has no compiler, and this is not one: CMake 3.25 finds a toolkit only by the path of its nvcc, and the
#: version by what that prints, whatever its exit code. Without it CMake would take a shim, which is next on PATH. It is
#: a shim itself. It prints what CMake expects on stdout, and that is true, so a good build's log has no complaint
_NVCC = b"""#!/bin/sh
# cuda-shims shim: no compiler, and says so; CMake finds the toolkit by it
why="nvcc (cuda-shims): CUDA 12 is installed here, and REASON"
case " $* " in
  *' __cmake_determine_cuda '*) printf '%s\\n' "#\\$ TOP=${0%/bin/*}" "$why" ;;
  *' --version '*) printf '%s\\n' 'Cuda compilation tools, release RELEASE, VVERSION' "$why" ;;
  *) printf '%s\\n' "$why" >&2 ;;
esac
exit 127
"""


def is_sanitizer(folder: str) -> bool:
    """Tell the sanitizer's folder from the others."""
    return os.path.basename(folder) == _SANITIZER_FOLDER


def sanitizer_links(folder: str) -> Iterator[tuple[str, str]]:
    """Lay the sanitizer out."""
    for part in ("bin", "lib"):
        for name in names(folder, part):
            yield f"compute-sanitizer/{name}", os.path.join(folder, part, name)
    if os.path.isdir(os.path.join(folder, "include")):
        yield "compute-sanitizer/include", os.path.join(folder, "include")


def sanitizer_script(machine: str) -> bytes | None:
    """Write the script that runs the compute-sanitizer of CUDA 12."""
    loader = _LOADERS.get(machine)
    return _SANITIZER.replace(b"LOADER", loader.encode()) if loader else None


def nvcc_script(version: str) -> bytes:
    """Write the script that replaces nvcc."""
    release = ".".join(version.split(".")[:2])
    reason = missing_tool_fix("nvcc", SPLIT).replace('"', '\\"')
    text = _NVCC.replace(b"REASON", reason.encode())
    return text.replace(b"RELEASE", release.encode()).replace(b"VERSION", version.encode())
