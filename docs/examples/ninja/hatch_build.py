"""Has ninja build the library, and puts it into the wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NinjaHook(BuildHookInterface):
    """Runs native/configure.py, then ninja."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library; ``version`` is ``editable`` for an editable install."""
        self._folder = tempfile.TemporaryDirectory(prefix="transpose-")
        folder = self._folder.name
        configure = os.path.join(self.root, "native", "configure.py")
        try:
            subprocess.run([sys.executable, configure, folder], check=True)
            subprocess.run(["ninja", "-C", folder], check=True)
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"the build of the library failed with exit code {error.returncode}") from None
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        library = os.path.join(folder, "libtranspose.so")
        build_data["force_include"][library] = "transpose/libtranspose.so"
        if version == "editable":  # the package is imported from where its source is
            shutil.copy(library, os.path.join(self.root, "src", "transpose"))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the wheel has now: nothing of it is for a later build, which may be with another toolkit."""
        self._folder.cleanup()
