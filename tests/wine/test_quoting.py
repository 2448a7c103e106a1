"""The text for cmd, evaluated by wine's cmd.exe, which is not Microsoft's but reads batch files as that does."""

from __future__ import annotations

import random

from bed import windows

from cuda_shims import shells

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
