"""
Write what both shims say of a tool that is not there: ``python scripts/build/advice.py``, in the checkout.

Neither can read the catalog, so it is written into them: a block of ``shim.sh`` between two comments, and ``advice.h``
of ``shim.c``. Both are checked in, so that a checkout is whole; a test says when they are old, and the build of a wheel
writes its own.
"""

from __future__ import annotations

import os
import runpy
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHIM = os.path.join("src", "cuda_shims", "installation", "templates", "shim.sh")
HEADER = os.path.join("src", "launcher", "advice.h")
#: the lines before and after the block
MARKS = ("# advice: what scripts/build/advice.py writes from the catalog\n", "# advice: end\n")
#: has no wheel of nvcc, and tools that are in no wheel of it
_BEFORE = 12
#: no tool's name
_UNKNOWN = ""


class Advice:
    """What the catalog of a checkout says."""

    def __init__(self, root: str) -> None:
        """
        Read it.

        :param root: the checkout

        """
        catalog = os.path.join(root, "src", "cuda_shims", "catalog")
        self._tools = runpy.run_path(os.path.join(catalog, "tools.py"))
        self._platforms = runpy.run_path(os.path.join(catalog, "platforms.py"))

    def texts(self, major: int | None = None) -> dict[str, str]:
        """
        Say how to get each tool.

        :param major: the major whose wheels are there and lack it, if there are any
        :returns: tool to half a sentence; that of any other name has no name

        """
        names = [tool.name for tool in self._tools["TOOLS"]]
        return {name: self._tools["missing_tool_fix"](name, major) for name in (*names, _UNKNOWN)}

    def __getitem__(self, name: str) -> Any:
        """Return a constant of the table of tools."""
        return self._tools[name]

    @property
    def macos(self) -> str:
        """What is said there."""
        served, fix = self._platforms["SERVED"], self._platforms["FIX"]
        return f"NVIDIA has no CUDA wheels for macOS; they are for {served}: {fix}"


def block(advice: Advice) -> str:
    """
    Write the block of ``shim.sh``.

    :param advice: what it says
    :returns: its lines, with :data:`MARKS`

    """
    lines = [f"_cs_macos={_quoted(advice.macos)}", "case ${_cs_12:+12-}$_cs_tool in"]
    for prefix, major in ((f"{_BEFORE}-", _BEFORE), ("", None)):
        named: dict[str, list[str]] = {}
        for name, text in advice.texts(major).items():
            if name != _UNKNOWN:
                named.setdefault(text.replace(f"no {name} on", "no $_cs_tool on"), []).append(prefix + name)
        lines += [f"  {' | '.join(names)}) _cs_get={_quoted(text)} ;;" for text, names in named.items()]
    lines += [f"  *) _cs_get={_quoted(advice.texts()[_UNKNOWN])} ;;", "esac"]
    return MARKS[0] + "".join(f"{line}\n" for line in lines) + MARKS[1]


def with_block(script: str, advice: Advice) -> str:
    """
    Put the block into ``shim.sh``.

    :param script: its text
    :param advice: what it says
    :returns: the text with the block that the catalog has now

    """
    before, _, rest = script.partition(MARKS[0])
    _, mark, after = rest.partition(MARKS[1])
    if not mark:
        raise SystemExit(f"advice: {SHIM} lacks the lines {MARKS}")
    return before + block(advice) + after


def header(advice: Advice) -> str:
    """
    Write ``advice.h``.

    :param advice: what it says
    :returns: its text

    """
    lines = [
        "/* What shim.c says of a tool that is not there: scripts/build/advice.py writes it from the catalog. */",
        f"#define NEWEST {_wide(str(advice['NEWEST']))}",
        f"#define BUNDLE {_wide(advice['BUNDLE'])}",
    ]
    for name, major in (("advice", None), (f"advice_{_BEFORE}", _BEFORE)):
        rows = [f"    {{{_wide(tool)}, {_wide(text)}}}," for tool, text in advice.texts(major).items()]
        lines += [f"/* the last one is of any other name */\nstatic const WCHAR *const {name}[][2] = {{", *rows, "};"]
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    # $_cs_tool stays what it is
    for sign in '\\"`':
        text = text.replace(sign, f"\\{sign}")
    return f'"{text}"'


def _wide(text: str) -> str:
    for sign in '\\"':
        text = text.replace(sign, f"\\{sign}")
    return f'L"{text}"'


def main() -> None:
    """Write both."""
    advice = Advice(ROOT)
    with open(os.path.join(ROOT, SHIM), encoding="utf-8") as file:
        script = file.read()
    for path, text in ((SHIM, with_block(script, advice)), (HEADER, header(advice))):
        with open(os.path.join(ROOT, path), "w", encoding="utf-8", newline="\n") as file:
            file.write(text)


if __name__ == "__main__":
    main()
