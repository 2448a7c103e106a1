"""Has ninja build the library, and puts it into the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NinjaHook(BuildHookInterface):
    """Runs native/configure.py, then ninja."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library; ``version`` is ``editable`` for an editable install, and then it is built as well."""
        folder = os.path.join(os.path.abspath(self.directory), "native")
        configure = os.path.join(self.root, "native", "configure.py")
        try:
            subprocess.run([sys.executable, configure, folder], check=True)
            subprocess.run(["ninja", "-C", folder], check=True)
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"the build of the library failed with exit code {error.returncode}") from None
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        build_data["force_include"][os.path.join(folder, "libtranspose.so")] = "transpose/libtranspose.so"
