"""
Hatchling build hook: the shims in the wheel's ``.data/scripts``, the start-up file beside the package.

Both are copies of files that the package keeps, for ``cuda-shims install``: hatchling's own tables map a source to one
place only, and one shim serves six names. The copies are written with mode 0755 because pip and installer keep the mode
of the zip entry (only uv repairs it).

The wheel for Windows has the forwarder of ``src/launcher`` instead of the script. It is compiled by the ``ziglang``
wheel, which makes both of Windows' architectures on any machine, and the same bytes each time; a Visual Studio would do
neither. ``CUDA_SHIMS_WHEEL_PLATFORM`` asks for another platform's wheel than this machine's.

What either says of a tool that is not there is written into it by ``advice.py``, from the catalog of this checkout.
"""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: wheel platform tag -> zig's name of the architecture
WINDOWS = {"win_amd64": "x86_64", "win_arm64": "aarch64"}
#: pinned: another zig writes other bytes
ZIG = "ziglang==0.17.1"


class ShimBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the shims and the start-up file to a wheel, standard or editable."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what building this platform's wheel needs beyond hatchling."""
        return [ZIG] if wheel_platform() in WINDOWS else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Copy the templates into a scratch directory and hand them to hatchling."""
        templates = os.path.join(self.root, "src", "cuda_shims", "installation", "templates")
        self._scratch = tempfile.mkdtemp(prefix="cuda-shims-build-")
        platform = wheel_platform()
        writer = runpy.run_path(os.path.join(self.root, "scripts", "build", "advice.py"))
        advice = writer["Advice"](self.root)
        if platform in WINDOWS:
            launcher = os.path.join(self._scratch, "launcher")
            shutil.copytree(os.path.join(self.root, "src", "launcher"), launcher)
            _write(os.path.join(launcher, "advice.h"), writer["header"](advice))
            shim = compile_launcher(launcher, self._scratch, platform, self._version())
            build_data["force_include"][shim] = "cuda_shims/installation/templates/shim.exe"
            build_data["tag"] = f"py3-none-{platform}"
        else:
            with open(os.path.join(templates, "shim.sh"), encoding="utf-8") as file:
                script = writer["with_block"](file.read(), advice)
            shim = _write(os.path.join(self._scratch, "shim.sh"), script)
            if version != "editable":  # that has the checkout's
                build_data["force_include"][shim] = "cuda_shims/installation/templates/shim.sh"
        suffix = ".exe" if platform in WINDOWS else ""
        catalog = runpy.run_path(os.path.join(self.root, "src", "cuda_shims", "catalog", "tools.py"))
        for tool in catalog["SHIPPED_SHIMS"]:
            build_data["shared_scripts"][self._copy(shim, tool + suffix, 0o755)] = tool + suffix
        name = "cuda_shims.pth"
        build_data["force_include"][self._copy(os.path.join(templates, name), name, 0o644)] = name

    def _version(self) -> str:
        return str(self.metadata.version)

    def _copy(self, source: str, name: str, mode: int) -> str:
        target = os.path.join(self._scratch, name)
        shutil.copyfile(source, target)
        os.chmod(target, mode)
        return target

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the scratch directory."""
        shutil.rmtree(self._scratch, ignore_errors=True)


def _write(path: str, text: str) -> str:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    os.chmod(path, 0o755)  # noqa: S103 # as the checkout has the script
    return path


def wheel_platform() -> str:
    """
    Tell which wheel is to be built.

    :returns: ``any``, or a key of :data:`WINDOWS`
    :raises SystemExit: for a platform that has no wheel of its own

    """
    here = sysconfig.get_platform().replace("-", "_").replace(".", "_") if os.name == "nt" else "any"
    platform = os.environ.get("CUDA_SHIMS_WHEEL_PLATFORM") or here
    if platform not in {"any", *WINDOWS}:
        raise SystemExit(f"cuda-shims: no wheel for {platform}: NVIDIA's are for {', '.join(WINDOWS)} and Linux (any)")
    return platform


def compile_launcher(source: str, folder: str, platform: str, version: str) -> str:
    """
    Compile the Windows shim.

    :param source: the folder of ``shim.c``
    :param folder: where the program goes
    :param platform: a key of :data:`WINDOWS`
    :param version: of cuda-shims, for the program's properties
    :returns: the program's path
    :raises SystemExit: when the compiler fails; its words are on stderr

    """
    import ziglang  # noqa: PLC0415 # a build requirement of the Windows wheels alone

    headers = os.path.join(os.path.dirname(ziglang.__file__), "lib", "libc", "include", "any-windows-any")
    numbers = ",".join([*(part for part in version.split(".") if part.isdigit()), "0", "0", "0", "0"][:4])
    resources, program = os.path.join(folder, "shim.res"), os.path.join(folder, "shim.exe")
    zig = [sys.executable, "-m", "ziglang"]
    defines = ["/d", f"SHIM_NUMBERS={numbers}", "/d", f'SHIM_VERSION="{version}"']
    # no C runtime (see shim.c), so its headers have to be named, and no check that would need it
    options = [
        *("-target", f"{WINDOWS[platform]}-windows-gnu", "-Os", "-Wall", "-Wextra", "-Werror"),
        *("-ffreestanding", "-nostdlib", "-isystem", headers, "-fno-asynchronous-unwind-tables"),
        *("-fno-stack-protector", "-fno-sanitize=all", "-Wl,--subsystem,console", "-Wl,-e,start", "-s"),
    ]
    for command in (
        [*zig, "rc", *defines, "/fo", resources, "shim.rc"],
        [*zig, "cc", *options, "-o", program, "shim.c", resources, "-lkernel32"],
    ):
        done = subprocess.run(command, cwd=source, check=False)  # names without a folder: none of it in the program
        if done.returncode:
            raise SystemExit(f"cuda-shims: the Windows shim cannot be compiled: {command[3]} of zig failed")
    return program
