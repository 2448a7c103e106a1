"""Has make build the library, and puts it into the wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class MakeHook(BuildHookInterface):
    """Runs native/Makefile."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library; ``version`` is ``editable`` for an editable install."""
        self._folder = tempfile.TemporaryDirectory(prefix="histogram-")
        folder = self._folder.name
        command = ["make", "-C", os.path.join(self.root, "native"), f"BUILD={folder}"]
        try:
            subprocess.run([*command, f"-j{os.cpu_count()}"], check=True)
        except FileNotFoundError:
            raise SystemExit("histogram is built by make, which is not installed") from None
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"make failed with exit code {error.returncode}; its words are above") from None
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        library = os.path.join(folder, "libhistogram.so")
        build_data["force_include"][library] = "histogram/libhistogram.so"
        if version == "editable":  # the package is imported from where its source is
            shutil.copy(library, os.path.join(self.root, "src", "histogram"))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the wheel has now: nothing of it is for a later build, which may be with another toolkit."""
        self._folder.cleanup()
