"""Has autoconf, configure and make build the library, and puts it into the wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AutotoolsHook(BuildHookInterface):
    """Runs them, outside of the sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library; ``version`` is ``editable`` for an editable install."""
        source = os.path.join(self.root, "native")
        self._folder = tempfile.TemporaryDirectory(prefix="spectrum-")
        folder = self._folder.name
        for command in (
            ["autoconf", "-o", os.path.join(folder, "configure"), os.path.join(source, "configure.ac")],
            ["sh", "./configure", f"--srcdir={source}"],
            ["make", f"-j{os.cpu_count()}"],
        ):
            try:
                subprocess.run(command, cwd=folder, check=True)
            except FileNotFoundError:
                raise SystemExit(f"spectrum is built by {command[0]}, which is not installed") from None
            except subprocess.CalledProcessError as error:
                raise SystemExit(f"{command[0]} failed with exit code {error.returncode}") from None
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        library = os.path.join(folder, "libspectrum.so")
        build_data["force_include"][library] = "spectrum/libspectrum.so"
        if version == "editable":  # the package is imported from where its source is
            shutil.copy(library, os.path.join(self.root, "src", "spectrum"))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the wheel has now: nothing of it is for a later build, which may be with another toolkit."""
        self._folder.cleanup()
