"""Has nvcc compile the library, and puts it into the wheel: hooks of pdm-backend."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from typing import Any


def pdm_build_hook_enabled(context: Any) -> bool:
    """Wheels need the library, editable ones too; a source distribution does not."""
    return context.target != "sdist"


def pdm_build_initialize(context: Any) -> None:
    """Set the tag: a library that knows nothing of Python serves every version."""
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    context.builder.config_settings = {
        **context.builder.config_settings,
        "--python-tag": "py3",
        "--py-limited-api": "none",
        "--plat-name": platform,
    }


def pdm_build_update_files(context: Any, files: dict[str, Any]) -> None:
    """Build the library and add it."""
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        raise SystemExit("game-of-life is compiled by nvcc, which is not on PATH")
    archs = [each for each in os.environ.get("CUDAARCHS", "").split(";") if each]
    arch = [f"-gencode=arch=compute_{each},code=sm_{each}" for each in archs] or ["-arch=all-major"]
    library = context.ensure_build_dir() / "libgame_of_life.so"
    options = ["-shared", "-O3", "-std=c++17", "-Xcompiler", "-fPIC"]
    done = subprocess.run([nvcc, *options, *arch, context.root / "src/life.cu", "-o", library], check=False)
    if done.returncode:
        raise SystemExit(f"nvcc failed with exit code {done.returncode}; its words are above")
    files[os.path.join("game_of_life", library.name)] = library
    if context.target == "editable":  # the package is imported from where its source is
        shutil.copy(library, context.root / "src/game_of_life")
