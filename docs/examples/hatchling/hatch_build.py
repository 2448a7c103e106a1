"""Has nvcc compile the library, and puts it into the wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NvccHook(BuildHookInterface):
    """Runs nvcc."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library; ``version`` is ``editable`` for an editable install."""
        nvcc = shutil.which("nvcc")
        if nvcc is None:
            raise SystemExit("nearest is compiled by nvcc, which is not on PATH")
        archs = [each for each in os.environ.get("CUDAARCHS", "").split(";") if each]
        arch = [f"-gencode=arch=compute_{each},code=sm_{each}" for each in archs] or ["-arch=all-major"]
        self._folder = tempfile.TemporaryDirectory(prefix="nearest-")
        library = os.path.join(self._folder.name, "libnearest.so")
        source = os.path.join(self.root, "src", "nearest.cu")
        options = ["-shared", "-O3", "-std=c++17", "-Xcompiler", "-fPIC"]
        done = subprocess.run([nvcc, *options, *arch, source, "-o", library], check=False)
        if done.returncode:
            raise SystemExit(f"nvcc failed with exit code {done.returncode}; its words are above")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        build_data["force_include"][library] = "nearest/libnearest.so"
        if version == "editable":  # the package is imported from where its source is
            shutil.copy(library, os.path.join(self.root, "src", "nearest"))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the wheel has now: nothing of it is for a later build, which may be with another toolkit."""
        self._folder.cleanup()
