"""
Draw the pictures of the pages that show what cuda-shims does, from what it really does.

``python scripts/pages/pictures.py`` makes an environment with NVIDIA's wheels and this checkout, asks it, and writes
``docs/images``: ``list.svg`` is what the command prints, ``root.svg`` is what a toolkit's root has
and the wheels have not, ``search-order.svg`` is the list of the reference's page. ``--check`` writes nothing and fails
where a picture is no longer what comes out; ``tests/e2e/test_pictures.py`` runs that. ``flow.svg`` is drawn by hand.

In what is shown the temporary folder is ``/home/me`` and the interpreter is ``python3.13``.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from html import escape
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IMAGES = os.path.join(ROOT, "docs", "images")
REFERENCE = os.path.join(ROOT, "docs", "reference", "reference.md")
TOOLKIT = "cuda-toolkit[nvcc,cccl,cudart]==13.5.0"
HOME = "/home/me"
#: what a build system looks for in a toolkit, and who does
WANTED = (
    ("bin/nvcc", "everybody"),
    ("nvvm/bin/cicc", "nvcc"),
    ("include/cuda_runtime.h", "the compiler"),
    ("include/cccl/thrust/version.h", "projects with CCCL"),
    ("lib64", "torch, setuptools recipes"),
    ("lib/libcudart.so.13", "programs that run"),
    ("lib/libcudart.so", "the linker: -lcudart"),
    ("lib/stubs/libcuda.so", "the linker: -lcuda, where no driver is"),
    ("lib/cmake/cccl/cccl-config.cmake", "find_package(CCCL)"),
    ("lib/pkgconfig/cudart-13.5.pc", "pkg-config"),
    ("targets/x86_64-linux/lib", "CMake"),
    ("nvvm/lib64/libnvvm.so", "nvcc -dlto"),
    ("version.json", "CMake, where there is no nvcc"),
)
#: a terminal's columns
COLUMNS = 92
_CELL, _LINE = 7.225, 18  # of 12 pixels' monospace
_STYLE = """
    .paper { fill: #ffffff; }
    .box { fill: #f6f8fa; stroke: #d1d9e0; stroke-width: 1.5; }
    .ours { fill: #dafbe1; stroke: #1a7f37; stroke-width: 1.5; }
    .arrow { fill: none; stroke: #818b98; stroke-width: 2; }
    text { font-family: -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 15px; fill: #1f2328; }
    .name { font-weight: 600; }
    .soft { fill: #59636e; font-size: 14px; }
    .code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 13px; }
    .yes { fill: #1a7f37; font-weight: 600; }
    .no { fill: #cf222e; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; }
      .box { fill: #151b23; stroke: #3d444d; }
      .ours { fill: #12261e; stroke: #3fb950; }
      .arrow { stroke: #9198a1; }
      text { fill: #f0f6fc; }
      .soft { fill: #9198a1; }
      .yes { fill: #3fb950; }
      .no { fill: #f85149; }
    }"""
_TERMINAL = """
    .paper { fill: #0d1117; }
    text { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 12px; fill: #e6edf3;
           white-space: pre; }
    .prompt { fill: #9198a1; }
    .sgr-1-31 { fill: #ff7b72; font-weight: 600; }
    .sgr-32, .sgr-36 { fill: #56d364; }
    .sgr-33 { fill: #e3b341; }
    .sgr-34 { fill: #58a6ff; }
    .sgr-2 { fill: #9198a1; }"""


class Room(NamedTuple):
    """An environment with the wheels, and a project."""

    folder: str

    @property
    def scripts(self) -> str:
        """Its scripts directory."""
        return os.path.join(self.folder, "saxpy", ".venv", "bin")

    def run(self, *command: str, code: int = 0, **environ: str) -> str:
        """
        Run a command as a user of the environment does.

        :param command: it
        :param code: the exit code that it must have
        :param environ: variables besides
        :returns: what it printed, with the names that pictures have

        """
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("CUDA", "NVCC"))},
            "PATH": f"{self.scripts}:/usr/bin:/bin",
            "HOME": self.folder,
            **environ,
        }
        cwd = os.path.join(self.folder, "saxpy")
        done = subprocess.run(command, env=env, cwd=cwd, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != code:
            raise SystemExit(f"pictures: {command} ended with {done.returncode}, not {code}:\n{done.stdout}")
        return re.sub(r"python3\.\d+", "python3.13", done.stdout.replace(self.folder, HOME))


def main() -> None:
    """Write the pictures, or compare them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 2)[1])
    parser.add_argument("--check", action="store_true", help="fail where a picture is not what comes out")
    parser.add_argument("--wheel", default=ROOT, help="a wheel of cuda-shims (default: made of this checkout)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pictures = draw(make_room(os.path.realpath(folder), options.wheel))
    if not options.check:
        for name, text in pictures.items():
            with open(os.path.join(IMAGES, name), "w", encoding="utf-8") as file:
                file.write(text)
    elif stale := different(pictures, IMAGES):
        again = "python scripts/pages/pictures.py draws them anew"
        raise SystemExit(f"pictures: no longer so: {', '.join(stale)}; {again}")


def different(pictures: dict[str, str], folder: str) -> list[str]:
    """
    Compare pictures with those of a folder.

    :param pictures: file name to SVG
    :param folder: the folder
    :returns: the names of those that are not there so

    """
    found = []
    for name, text in pictures.items():
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                if file.read() == text:
                    continue
        found.append(name)
    return found


def make_room(folder: str, ours: str) -> Room:
    """
    Install NVIDIA's wheels and cuda-shims.

    :param folder: an empty folder
    :param ours: a wheel of cuda-shims, or a checkout
    :returns: what was made of it

    """
    project = os.path.join(folder, "saxpy")
    os.mkdir(project)
    subprocess.run([sys.executable, "-m", "venv", os.path.join(project, ".venv")], check=True)
    python = os.path.join(project, ".venv", "bin", "python")
    subprocess.run([python, "-m", "pip", "install", "-q", TOOLKIT, ours], check=True)
    return Room(folder)


def draw(room: Room) -> dict[str, str]:
    """
    Draw all.

    :param room: the environment
    :returns: file name to SVG

    """
    home = room.run("cuda-shims", "root").strip()
    root = room.folder + home[len(HOME) :].replace("python3.13", f"python3.{sys.version_info[1]}")
    wheels = os.path.join(os.path.dirname(os.path.dirname(root)), "nvidia", "cu13")
    has = [(path, who, *(os.path.exists(os.path.join(each, path)) for each in (wheels, root))) for path, who in WANTED]
    listed = room.run("cuda-shims", "list", FORCE_COLOR="1")
    with open(REFERENCE, encoding="utf-8") as file:
        steps = re.findall(r"^\d\. (.*?)[;.]$", file.read().partition("## Variables")[0], re.MULTILINE | re.DOTALL)
    return {
        "list.svg": terminal("What cuda-shims list prints", "cuda-shims list", listed),
        "root.svg": comparison(has),
        "search-order.svg": ladder([" ".join(step.split()) for step in steps]),
    }


def svg(title: str, width: float, height: float, style: str, *body: str) -> str:
    """
    Make a picture's text.

    :param title: what it is, for who does not see it
    :param width: in pixels
    :param height: likewise
    :param style: CSS
    :param body: lines
    :returns: the text

    """
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title">',
            f'  <title id="title">{escape(title)}</title>',
            f"  <style>{style}\n  </style>",
            f'  <rect class="paper" width="{width:g}" height="{height:g}" rx="8"/>',
            *body,
            "</svg>\n",
        ]
    )


def terminal(title: str, command: str, output: str) -> str:
    """
    Draw a terminal.

    :param title: see :func:`svg`
    :param command: what was typed
    :param output: what was printed, with colours (SGR)
    :returns: the SVG

    """
    rows: list[list[tuple[str, str]]] = [[("prompt", "$ "), ("", command)]]
    for line in output.rstrip("\n").split("\n"):
        rows += wrapped([part for part in runs(line) if part[1]])
    body = []
    for number, row in enumerate(rows):
        spans, column = "", 0
        for style, text in row:
            # at its column, whichever font there is, and as wide as that many
            place = f'x="{20 + column * _CELL:g}" textLength="{len(text) * _CELL:g}" lengthAdjust="spacingAndGlyphs"'
            spans += f"<tspan {place}{f' class={chr(34)}{style}{chr(34)}' if style else ''}>{escape(text)}</tspan>"
            column += len(text)
        body.append(f'  <text y="{32 + number * _LINE}">{spans}</text>')
    return svg(title, 40 + COLUMNS * _CELL, 24 + len(rows) * _LINE + 12, _TERMINAL, *body)


def runs(line: str) -> list[tuple[str, str]]:
    """
    Read the colours of a line.

    :param line: with SGR sequences
    :returns: (CSS class, text) of each part

    """
    first, *others = re.split(r"\x1b\[([\d;]*)m", line)
    codes, texts = others[::2], others[1::2]
    styles = ["" if code in {"", "0"} else "sgr-" + code.replace(";", "-") for code in codes]
    return [("", first), *zip(styles, texts)]


def wrapped(parts: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """
    Break a line where a terminal does: at its last column.

    :param parts: see :func:`runs`
    :returns: lines

    """
    rows: list[list[tuple[str, str]]] = [[]]
    column = 0
    for style, rest in parts:
        text = rest
        while text:
            if column == COLUMNS:
                rows.append([])
                column = 0
            piece, text = text[: COLUMNS - column], text[COLUMNS - column :]
            rows[-1].append((style, piece))
            column += len(piece)
    return rows


def comparison(rows: list[tuple[str, str, bool, bool]]) -> str:
    """
    Draw the root against the wheels.

    :param rows: path, who looks for it, whether the wheels' folder has it, and the root
    :returns: the SVG

    """
    height = 76 + 30 * len(rows)
    body = [
        f'  <rect class="box" x="300" y="16" width="112" height="{height - 28}" rx="8"/>',
        f'  <rect class="ours" x="424" y="16" width="112" height="{height - 28}" rx="8"/>',
        '  <text class="name" x="356" y="42" text-anchor="middle">the wheels</text>',
        '  <text class="name" x="480" y="42" text-anchor="middle">the root</text>',
        '  <text class="soft" x="556" y="42">who looks for it</text>',
    ]
    for number, (path, who, before, after) in enumerate(rows):
        y = 74 + 30 * number
        body.append(f'  <text class="code" x="24" y="{y}">{escape(path)}</text>')
        for x, there in ((356, before), (480, after)):
            style, sign = ("yes", "\u2713") if there else ("no", "\u2013")
            body.append(f'  <text class="{style}" x="{x}" y="{y}" text-anchor="middle">{sign}</text>')
        body.append(f'  <text class="soft" x="556" y="{y}">{escape(who)}</text>')
    return svg("What a toolkit's root has that NVIDIA's wheels have not", 820, height, _STYLE, *body)


def ladder(steps: list[str]) -> str:
    """
    Draw where a shim looks.

    :param steps: the page's list
    :returns: the SVG

    """
    body, y = [], 20
    for number, step in enumerate(steps, 1):
        lines = folded(step.replace("`", ""), 84)
        height = 22 + 22 * len(lines)
        last = number == len(steps)
        style = "box" if last else "ours"
        body.append(f'  <rect class="{style}" x="64" y="{y}" width="732" height="{height}" rx="8"/>')
        body.append(f'  <text class="name" x="36" y="{y + height / 2 + 5:g}" text-anchor="middle">{number}</text>')
        for row, line in enumerate(lines):
            body.append(f'  <text x="84" y="{y + 27 + 22 * row}">{escape(line)}</text>')
        if not last:
            body.append(f'  <path class="arrow" d="M430 {y + height} v28 m-5 -7 l5 7 l5 -7"/>')
            body.append(f'  <text class="soft" x="444" y="{y + height + 19}">not there</text>')
        y += height + 30
    return svg("Where a shim looks for its tool, in this order", 820, y - 8, _STYLE, *body)


def folded(text: str, width: int) -> list[str]:
    """
    Break a text at blanks.

    :param text: it
    :param width: so many letters at most in a line
    :returns: lines

    """
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


if __name__ == "__main__":
    main()
