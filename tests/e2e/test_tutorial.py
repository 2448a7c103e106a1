"""Every command of docs/tutorial.md in its order, in one shell without CUDA, on the files that the page shows."""

from __future__ import annotations

import re
import sys

import pytest
from checkout import CHECKOUT
from e2e_support import pin_toolkit, site_packages
from example_support import device_code

pytestmark = pytest.mark.timeout(600)

PAGE = CHECKOUT / "docs/tutorial.md"
#: a file's text, after the line that names it
_FILE = re.compile(r"`(saxpy/[\w./]+)`[^`]*\n\n```(?:cuda|python|cmake|toml)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
#: what the page shows of the one command that a GPU answers
WITHOUT_DRIVER = "RuntimeError: CUDA driver version is insufficient for CUDA runtime version"


def steps(text):
    """Read the page from its top: ``("file", name, what is added)`` and ``("run", command, what it prints)``."""
    found = [(match.start(), [("file", match[1], match[2])]) for match in _FILE.finditer(text)]
    for match in _CONSOLE.finditer(text):
        parts = re.split(r"^\$ ", match[1], flags=re.MULTILINE)
        assert parts[0] == "", "a block begins with a command"
        found.append((match.start(), [("run", *part.split("\n", 1)) for part in parts[1:]]))
    return [step for _, several in sorted(found) for step in several]


def test_every_command_and_what_it_prints(world, tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("```") == 2 * sum(1 for _ in re.finditer(r"^```\w", text, re.MULTILINE))
    todo = steps(text)
    assert {kind for kind, _, _ in todo} == {"file", "run"}
    shown_files = re.findall(r"```(?:cuda|python|cmake|toml)\n", text)
    assert len([1 for kind, _, _ in todo if kind == "file"]) == len(shown_files)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").symlink_to(sys.executable)
    script = ["exec 2>&1"]
    expected = []
    for number, (kind, name, shown) in enumerate(todo):
        if kind == "file":
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            staged = tmp_path / f"step-{number}"
            staged.write_text(shown, encoding="utf-8")
            # the page adds to a file that it has named before
            script.append(f"cat '{staged}' >> '{path}'")
        else:
            script += [f"echo '<<{number}>>'", name, f"echo '<<{number} ended '$?'>>'"]
            expected.append((number, name, shown))
    (tmp_path / "script").write_text("\n".join([*script, ""]), encoding="utf-8")
    environ = world.environ(tmp_path / "bin", NO_COLOR="1")
    pin_toolkit(environ, tmp_path)  # the page shows what one release prints
    said = world.run("/bin/sh", tmp_path / "script", cwd=tmp_path, env=environ)
    for number, command, shown in expected:
        printed, code = re.search(rf"<<{number}>>\n(.*?)<<{number} ended (\d+)>>", said, re.DOTALL).groups()
        if "import saxpy" in command and WITHOUT_DRIVER in printed:
            assert f"`{WITHOUT_DRIVER}`" in text, "the page says what happens without a driver"
            continue
        assert code == ("1" if "error:" in shown else "0"), f"{command}: {printed[-4000:]}"
        if shown:  # the page's reader has another folder, and another Python
            printed = re.sub(r"python3\.\d+/site", "python3.13/site", printed.replace(str(tmp_path), "/home/me"))
            assert printed == shown, command
    (library,) = site_packages(tmp_path / ".venv").glob("saxpy/libsaxpy.so")
    assert {"80", "90", "100"} <= {architecture for architecture, _, _ in device_code(world, library)}
