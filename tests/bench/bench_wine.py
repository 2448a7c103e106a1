"""
The Windows shim's cost, under wine, on the bed of ``tests/wine``: ``bench.py --wine``.

wine starts a process in another way than Windows, so the times say little of Windows, and their ratios more.
"""

from __future__ import annotations

import json
import statistics
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "wine"), str(TESTS / "support")]

from bed import Bed, windows  # noqa: E402
from script_support import load_script  # noqa: E402
from venvs import make_venv, pip  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

#: as NVIDIA's own, for win_arm64, but that it waits for the tool and gives its exit code
_CONSOLE_SCRIPT = """\
import subprocess, sys

def main():
    sys.exit(subprocess.call([{tool!r}, *sys.argv[1:]]))
"""
#: run by Windows' Python: starts each command in turns and prints the seconds that each start took, a line a command
_TIME = """\
import json, os, subprocess, sys, time

rounds, commands = json.loads(sys.argv[1])
taken = [[] for _ in commands]
for number in range(rounds + 1):
    for command, times in zip(commands, taken):
        environ = dict(os.environ, **command.get("environ", {}))
        begin = time.perf_counter()
        subprocess.run(command["words"], env=environ, stdin=subprocess.DEVNULL, capture_output=True)
        times.append(time.perf_counter() - begin)
print(json.dumps([times[1:] for times in taken]))
"""


def shim_rows(folder: str, rounds: int, row: Callable[[str, str, str], None]) -> None:
    """
    Compare the shim with the tool itself and with a console script, and Python's start with and without the hook.

    :param folder: an empty folder
    :param rounds: how often each command runs
    :param row: prints a line: what, the figure, the bar
    """
    bed = Bed(lambda name, make: _made(Path(folder) / name, make))
    wheel = load_script("build/build_wheels").build_wheel(str(Path(folder)), "win_amd64", isolation=False)
    scripts = make_venv(bed, Path(folder) / "v", "3.11", "nvidia-cuda-nvcc==13.5.37", windows(wheel))
    python, site_dir = scripts / "python.exe", scripts.parent / "Lib/site-packages"
    real = windows(site_dir / "nvidia/cu13/bin/bin2c.exe")
    other = _console_script(Path(folder), real)
    pip(bed, python, "install", "-q", windows(other))
    off = {"environ": {"CUDA_SHIMS_STARTUP": "0"}}
    commands: list[dict[str, Any]] = [
        {"words": [real]},
        {"words": [windows(scripts / "bin2c.exe")]},
        {"words": [windows(scripts / "bin2c-script.exe")], **off},
        {"words": [windows(python), "-c", "pass"], **off},
        {"words": [windows(python), "-c", "pass"]},
    ]
    said = bed.run(python, "-c", _TIME, json.dumps([rounds, commands]), timeout=10_800)
    direct, shim, script, without, hook = (statistics.median(times) for times in json.loads(said))
    row("bin2c.exe, run directly, under wine", _ms(direct), "")
    row("bin2c.exe, by the shim", f"{_ms(shim)} ({shim / direct:.2f} x)", "")
    row("bin2c.exe, by a console script", f"{_ms(script)} ({script / direct:.2f} x)", "")
    row("  what each adds to the tool", f"{_ms(shim - direct)} / {_ms(script - direct)}", "")
    row("Python start with CUDA_SHIMS_STARTUP=0, under wine", _ms(without), "")
    row("  with the hook", f"+{_ms(hook - without)} ({hook / without:.3f} x)", "")


def _made(folder: Path, make: Callable[[Path], Any]) -> Any:
    # what the bed makes once; the folder is there when it has been
    answer = folder.with_suffix(".made")
    if not answer.exists():
        folder.mkdir()
        answer.write_text(str(make(folder)))
    return answer.read_text()


def _console_script(folder: Path, tool: str) -> Path:
    name = "bin2c_script-1.0"
    wheel = folder / f"{name}-py3-none-any.whl"
    files = {
        "bin2c_script.py": _CONSOLE_SCRIPT.format(tool=tool),
        f"{name}.dist-info/entry_points.txt": "[console_scripts]\nbin2c-script = bin2c_script:main\n",
        f"{name}.dist-info/METADATA": "Metadata-Version: 2.1\nName: bin2c-script\nVersion: 1.0\n",
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{name}.dist-info/RECORD"] = "".join(f"{each},,\n" for each in files)
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


__all__ = ["shim_rows"]
