"""Has make and pkg-config build the library, and puts it into the wheel."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PkgConfigHook(BuildHookInterface):
    """Runs native/Makefile."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library; ``version`` is ``editable`` for an editable install, and then it is built as well."""
        folder = os.path.join(self.directory, "native")
        command = ["make", "-C", os.path.join(self.root, "native"), f"BUILD={os.path.abspath(folder)}"]
        try:
            subprocess.run([*command, f"-j{os.cpu_count()}"], check=True)
        except FileNotFoundError:
            raise SystemExit("random-walk is built by make, which is not installed") from None
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"make failed with exit code {error.returncode}; its words are above") from None
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        build_data["force_include"][os.path.join(folder, "librandom_walk.so")] = "random_walk/librandom_walk.so"
