"""Has autoconf, configure and make build the library, and puts it into the wheel."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AutotoolsHook(BuildHookInterface):
    """Runs them, outside of the sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library; ``version`` is ``editable`` for an editable install, and then it is built as well."""
        source = os.path.join(self.root, "native")
        folder = os.path.join(os.path.abspath(self.directory), "native")
        os.makedirs(folder, exist_ok=True)
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
        build_data["force_include"][os.path.join(folder, "libspectrum.so")] = "spectrum/libspectrum.so"
