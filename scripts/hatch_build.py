"""
Hatchling build hook: one copy of the POSIX shim per tool of nvidia-cuda-nvcc in the wheel's ``.data/scripts``.

Hatchling's ``shared-scripts`` table maps one source to one name, and these six names share one source. The copies are
written with mode 0755 because pip and installer keep the mode of the zip entry (only uv repairs it).
"""

from __future__ import annotations

import os
import runpy
import shutil
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShimBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the shims to wheels (standard and editable) and the mode of every shim."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Render each shim into a scratch directory and hand it to hatchling."""
        package = os.path.join(self.root, "src", "cuda_shims")
        shipped = runpy.run_path(os.path.join(package, "catalog.py"))["SHIPPED_SHIMS"]
        self._scratch = tempfile.mkdtemp(prefix="cuda-shims-build-")
        for tool in shipped:
            target = os.path.join(self._scratch, tool)
            shutil.copyfile(os.path.join(package, "templates", "shim.sh"), target)
            os.chmod(target, 0o755)  # noqa: S103
            build_data["shared_scripts"][target] = tool

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the scratch directory."""
        shutil.rmtree(self._scratch, ignore_errors=True)
