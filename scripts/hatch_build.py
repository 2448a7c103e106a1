"""
Hatchling build hook: the shims in the wheel's ``.data/scripts``, the start-up files beside the package.

Both are copies of templates that the package keeps, for ``cuda-shims install``: hatchling's own tables map a source to
one place only, and one shim serves six names. The copies are written with mode 0755 because pip and installer keep the
mode of the zip entry (only uv repairs it).
"""

from __future__ import annotations

import os
import runpy
import shutil
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShimBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the shims and the start-up files to a wheel, standard or editable."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Copy the templates into a scratch directory and hand them to hatchling."""
        package = os.path.join(self.root, "src", "cuda_shims")
        self._scratch = tempfile.mkdtemp(prefix="cuda-shims-build-")
        for tool in runpy.run_path(os.path.join(package, "catalog.py"))["SHIPPED_SHIMS"]:
            build_data["shared_scripts"][self._copy(package, "shim.sh", tool, 0o755)] = tool
        for name in ("cuda_shims.pth", "cuda_shims.start"):
            build_data["force_include"][self._copy(package, name, name, 0o644)] = name

    def _copy(self, package: str, template: str, name: str, mode: int) -> str:
        target = os.path.join(self._scratch, name)
        shutil.copyfile(os.path.join(package, "templates", template), target)
        os.chmod(target, mode)
        return target

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the scratch directory."""
        shutil.rmtree(self._scratch, ignore_errors=True)
