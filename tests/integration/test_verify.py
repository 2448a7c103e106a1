"""The commands of docs/how-to/verify.md that compare an installed copy with a wheel: they find what differs."""

from __future__ import annotations

import os
import re
import subprocess

from checkout import CHECKOUT
from fake_toolkit import NVCC_TOOLS

PAGE = os.path.join(CHECKOUT, "docs", "how-to", "verify.md")
STAMPED = "3c3\n< # toolkit: none yet\n---\n> # toolkit: 13.5.37\n"


def compare(venv, folder):
    folder.mkdir()
    with open(PAGE, encoding="utf-8") as file:
        block = (
            file.read().partition("## Compare an installed copy")[2].partition("```console\n")[2].partition("```")[0]
        )
    lines = re.sub(r"^\$ ", "", block, flags=re.MULTILINE)
    for name, value in (("WHEEL", venv.wheel), ("VENV", venv.path), ("SITE", venv.site)):
        lines, count = re.subn(rf"^{name}=.*$", f"{name}='{value}'", lines, flags=re.MULTILINE)
        assert count == 1
    environ = venv.environ(CUDA_SHIMS_STARTUP="0")
    done = subprocess.run(
        ["sh", "-u", "-c", lines], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


def test_an_installed_copy_is_compared_with_the_wheel(new_venv, toolkit, tmp_path):
    venv = new_venv(base=["cuda-shims"])
    venv.run(venv.python, "-m", "cuda_shims", "--version")  # there is byte code
    assert compare(venv, tmp_path / "new") == ""
    venv.install(*toolkit())
    venv.ask("pass")
    assert compare(venv, tmp_path / "with a toolkit") == STAMPED * len(NVCC_TOOLS)
    with open(PAGE, encoding="utf-8") as file:
        assert f"```text\n{STAMPED}```" in file.read()
    for name in ("_cuda_shims/__init__.py", "cuda_shims.pth", "cuda_shims/installation/templates/shim.sh"):
        path = os.path.join(venv.site, name)
        with open(path, "rb") as file:
            data = file.read()
        os.unlink(path)
        with open(path, "wb") as file:
            file.write(data + b"# evil\n")
    open(os.path.join(venv.site, "cuda_shims", "evil.py"), "wb").close()
    said = compare(venv, tmp_path / "changed")
    assert said.count("> # evil\n") == 3
    assert f"Only in {venv.site}/cuda_shims: evil.py\n" in said
