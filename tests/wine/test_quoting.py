"""The text for cmd, evaluated by wine's cmd.exe, which is not Microsoft's but reads batch files as that does."""

from __future__ import annotations

import random

from bed import windows

from cuda_shims.cli import shells, syntax

#: printable ASCII but for the double quote, which a batch file's set cannot hold: those that mean something more often
ALPHABET = "%%%^&|<>()!,;=' ~*?" + "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != '"')
COUNT = 400


def test_cmd_gives_back_every_value(bed, tmp_path):
    generator = random.Random(7)  # noqa: S311 # not for secrets: the same values in every run
    values = ["".join(generator.choices(ALPHABET, k=generator.randrange(1, 20))) for _ in range(COUNT)]
    variables = {f"V{number}": value for number, value in enumerate(values)}
    script = shells.render(variables, {"PATH": "C:\\x & y"}, "cmd")
    (tmp_path / "set.cmd").write_bytes(script.replace("\n", "\r\n").encode())
    (tmp_path / "show.cmd").write_bytes(f"@call {windows(tmp_path)}\\set.cmd\r\n@set\r\n".encode())
    said = bed.run("cmd", "/c", f"{windows(tmp_path)}\\show.cmd")
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    assert {name: found.get(name) for name in variables} == variables
    assert found["PATH"].startswith("C:\\x & y;")


#: the first two are put first, the others last
FOLDERS = (("PATH", "bin"), ("LIB", "lib"), ("PATH", "bin\\x86_64"), ("LIB", "lib2"))


def test_cmd_takes_the_variables_back(bed, tmp_path):
    root = "C:\\x y\\cu13"
    names = {"CUDA_HOME": root, "NVCC": f"{root}\\bin\\nvcc.exe", syntax.MARKER: root}
    below = {name: syntax.BELOW_ROOT + value[len(root) :] for name, value in names.items() if name != syntax.MARKER}
    last = [(name, f"{root}\\{each}") for name, each in FOLDERS[2:]]
    put = shells.render(
        {**names, "CUDA_PATH": "C:\\mine"}, {"PATH": f"{root}\\bin", "LIB": f"{root}\\lib"}, "cmd", last=last
    )
    folders = [(name, syntax.BELOW_ROOT + f"\\{each}") for name, each in FOLDERS]
    back = shells.render_back({**below, "CUDA_PATH": syntax.BELOW_ROOT}, folders, "cmd", always=["CUDA_SHIMS_FORWARD"])
    (tmp_path / "put.cmd").write_bytes(put.replace("\n", "\r\n").encode())
    (tmp_path / "back.cmd").write_bytes(back.replace("\n", "\r\n").encode())

    def variables(*scripts):
        lines = [f"@call {windows(tmp_path)}\\{each}.cmd\r\n" for each in scripts]
        (tmp_path / "show.cmd").write_bytes("".join(["@echo off\r\n", *lines, "@set\r\n"]).encode())
        # where PATH has an empty entry wine's call finds no set
        said = bed.run("cmd", "/c", f"{windows(tmp_path)}\\show.cmd", path=[tmp_path])
        return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)

    plain = variables()
    found = variables("put")
    assert found["PATH"] == f"{root}\\bin;{plain['PATH']};{root}\\bin\\x86_64"
    assert found["LIB"] == f"{root}\\lib;;{root}\\lib2"
    assert variables("put", "back") == {**plain, "CUDA_PATH": "C:\\mine"}
    assert variables("back") == plain
