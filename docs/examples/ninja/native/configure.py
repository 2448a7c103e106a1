"""
Write build.ninja into a folder, for the nvcc that PATH gives.

usage: python configure.py FOLDER, with CUDAARCHS="80;90" in the environment for other architectures than all major ones
"""

from __future__ import annotations

import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = ["transpose.cu", "versions.cu"]

RULES = """\
nvcc = {nvcc}
arch = {arch}
rule compile
  command = $nvcc -O3 -std=c++17 $arch -Xcompiler -fPIC -MD -MF $out.d -c $in -o $out
  depfile = $out.d
  deps = gcc
rule link
  command = $nvcc $arch -shared -o $out $in
"""


def architectures(wanted: str) -> str:
    """Return nvcc's options for a list such as ``80;90``, or for what its -arch knows: all, all-major, native."""
    if not wanted[0].isdigit():
        return f"-arch={wanted}"
    return " ".join(f"-gencode arch=compute_{each},code=sm_{each}" for each in wanted.split(";"))


def main() -> int:
    """Write it."""
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        print("there is no nvcc on PATH", file=sys.stderr)
        return 1
    lines = [RULES.format(nvcc=nvcc, arch=architectures(os.environ.get("CUDAARCHS") or "all-major"))]
    objects = [f"{os.path.splitext(source)[0]}.o" for source in SOURCES]
    for source, name in zip(SOURCES, objects):
        path = os.path.join(HERE, source).replace("$", "$$").replace(" ", "$ ").replace(":", "$:")
        lines.append(f"build {name}: compile {path}")
    lines.append(f"build libtranspose.so: link {' '.join(objects)}\n")
    os.makedirs(sys.argv[1], exist_ok=True)
    with open(os.path.join(sys.argv[1], "build.ninja"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
