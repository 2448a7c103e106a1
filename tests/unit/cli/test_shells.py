"""Values through real shells: what comes out of the environment is what went in, byte for byte."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys

import pytest
from github_support import read_env
from shell_support import (
    CAT,
    ENV,
    SHELLS,
    cmd_assignments,
    cmd_holds,
    decoded,
    evaluate,
    is_utf8,
    powershell_value,
    render,
    variables_of,
)

from cuda_shims.cli import shells
from cuda_shims.cli.parser import FORMATS
from cuda_shims.cli.shells import github_path_line

HOSTILE = [
    b"/opt/cuda",
    b"two  blanks and\ta tab ",
    b" leading",
    b"it's",
    b"'",
    b"''",
    b"'''quoted'''",
    b'"',
    b'say "hi"',
    b"$HOME",
    b"${HOME}",
    b"$(echo pwned)",
    b"`echo pwned`",
    b"\\",
    b"\\\\",
    b"ends in \\",
    b"\\'",
    b"'\\",
    b"\\n is no newline",
    b"a\nb",
    b"\n",
    b"ends in newlines\n\n",
    b"a\r\nb",
    b"\r",
    b"!",
    b"!!:s/a/b/ !x!",
    b"%PATH%",
    b"100%",
    b"%%1 %~dp0",
    b"^",
    b"a & b && c | d || e > f < g",
    b"; rm -rf /",
    b"~",
    b"~/x:~root",
    b"# no comment",
    b"-n",
    b"--",
    b"*?[a-z]{1,2}",
    b"(sub) { group; }",
    b"=equals=",
    b"a:b",
    b"$'ansi'",
    b"\x1b[31mred\x1b[0m",
    b"\x01\x02\x7f\x81\x82\x83\x88",
    "grüße 日本 😀".encode(),
    "\u2018smart\u2019 \u201a\u201b \u201cquotes\u201d".encode(),
    b"not utf-8: \xff\xfe\xc3",
    b"NAME<<EOF",
    b"CUDA_SHIMS_END",
    b"a\nCUDA_SHIMS_END\nb",
    b"a\nCUDA_SHIMS_END_\nCUDA_SHIMS_END",
    bytes(range(1, 256)),
    *(b"x%cy" % number for number in range(1, 256)),
]


def _random_values(count: int) -> list[bytes]:
    generator = random.Random(20)  # noqa: S311 # not for secrets: the same values in every run
    alphabet = [
        b"'",
        b'"',
        b"\\",
        b"$",
        b"`",
        b"\n",
        b"!",
        b"%",
        b"^",
        b"}",
        b"{",
        b"(",
        b")",
        b"*",
        b" ",
        b"a",
        b"\xc3",
    ]
    return [b"".join(generator.choices(alphabet, k=generator.randrange(1, 12))) for _ in range(count)]


VALUES = HOSTILE + _random_values(200)
#: those that can be a folder on a POSIX PATH; the bytes one by one are left to the variables
FOLDERS = list({b"/x/" + value: None for value in VALUES if b":" not in value and not re.fullmatch(rb"(?s)x.y", value)})


# real shells ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
@pytest.mark.parametrize("times", [1, 2])
def test_every_value_survives(shell: str, locale: str, times: int, tmp_path) -> None:
    variables = variables_of(VALUES)
    text = render(variables, "/x/bin", SHELLS[shell][2])
    environ = evaluate(shell, text, str(tmp_path), times, LC_ALL=locale)
    got = {name: environ.get(name.encode()) for name in variables}
    assert got == {name: os.fsencode(value) for name, value in variables.items()}
    assert environ[b"PATH"] == b"/x/bin:/usr/bin:/bin"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_every_folder_comes_first_and_once(shell: str, locale: str, tmp_path) -> None:
    # each in front of all that came before, twice each; then one from the middle to the front
    texts = [render({}, decoded(folder), SHELLS[shell][2]) for folder in FOLDERS]
    text = "".join(text * 2 for text in texts) + texts[40]
    environ = evaluate(shell, text, str(tmp_path), LC_ALL=locale)
    wanted = [FOLDERS[40], *reversed(FOLDERS[:40] + FOLDERS[41:]), b"/usr/bin", b"/bin"]
    assert environ[b"PATH"].split(b":") == wanted


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/a", "/x/bin:/a"),
        ("/x/bin", "/x/bin"),
        ("/a:/x/bin", "/x/bin:/a"),
        ("/a:/x/bin:/b", "/x/bin:/a:/b"),
        ("/x/bin:/a:/x/bin:/x/bin:/b:/x/bin", "/x/bin:/a:/b"),
        ("/x/bin/y:/x/binary:/w/x/bin", "/x/bin:/x/bin/y:/x/binary:/w/x/bin"),
        ("/a b:/*", "/x/bin:/a b:/*"),
    ],
)
def test_the_folder_is_moved_to_the_front(shell: str, before: str, after: str, tmp_path) -> None:
    environ = evaluate(shell, render({}, "/x/bin", SHELLS[shell][2]), str(tmp_path), PATH=before)
    assert environ[b"PATH"] == after.encode()


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if SHELLS[shell][2] == "sh"])
@pytest.mark.parametrize(
    ("before", "after"),
    [("", "/x/bin"), (":", "/x/bin::"), ("/a:", "/x/bin:/a:"), (":/a", "/x/bin::/a"), ("/a::/b", "/x/bin:/a::/b")],
)
def test_empty_entries_stay(shell: str, before: str, after: str, tmp_path) -> None:
    # set within the shell: zsh has a PATH of its own where it starts with an empty one
    text = f"PATH={before};\n" + render({}, "/x/bin", "sh") * 2
    environ = evaluate(shell, text, str(tmp_path))
    assert environ[b"PATH"] == after.encode()


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if SHELLS[shell][2] == "sh"])
def test_an_unset_path(shell: str, tmp_path) -> None:
    environ = evaluate(shell, "unset PATH;\n" + render({}, "/x/bin", "sh") * 2, str(tmp_path))
    assert environ[b"PATH"] == b"/x/bin"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "/x y/pc"),
        ("", "/x y/pc"),
        ("/a", "/x y/pc:/a"),
        ("/a:/x y/pc:/b", "/x y/pc:/a:/b"),
        ("/*", "/x y/pc:/*"),
    ],
)
def test_other_search_paths_than_path(shell: str, before: str | None, after: str, tmp_path) -> None:
    text = shells.render({}, {"PATH": "/x/bin", "PKG_CONFIG_PATH": "/x y/pc"}, SHELLS[shell][2])
    environ = evaluate(shell, text, str(tmp_path), 2, **({} if before is None else {"PKG_CONFIG_PATH": before}))
    found = environ[b"PKG_CONFIG_PATH"].rstrip(b":")  # fish keeps the empty entry, which pkg-config skips
    assert (environ[b"PATH"], found) == (b"/x/bin:/usr/bin:/bin", after.encode())


@pytest.mark.parametrize("fmt", ["powershell", "cmd"])
def test_other_search_paths_by_the_grammar(fmt: str) -> None:
    paths = {"PATH": "C:\\bin", "PKG_CONFIG_PATH": "C:\\pc"}
    alone = shells.render({}, {"PATH": "C:\\bin"}, fmt)
    other = alone.replace("PATH", "PKG_CONFIG_PATH").replace("bin", "pc")
    assert shells.render({}, paths, fmt) == alone + other


@pytest.mark.parametrize("shell", SHELLS)
def test_two_toolkits_in_turn(shell: str, tmp_path) -> None:
    fmt = SHELLS[shell][2]
    text = "".join(render({"CUDA_HOME": name}, f"{name}/bin", fmt) for name in ("/one", "/two", "/one"))
    environ = evaluate(shell, text, str(tmp_path))
    assert (environ[b"CUDA_HOME"], environ[b"PATH"]) == (b"/one", b"/one/bin:/two/bin:/usr/bin:/bin")


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox", "zsh"])
def test_eval_without_quotes(shell: str, tmp_path, monkeypatch) -> None:
    program, _, fmt = SHELLS[shell]
    monkeypatch.setitem(SHELLS, shell, (program, f"eval $({CAT} $1)", fmt))
    environ = evaluate(shell, render({"CUDA_HOME": "/x y"}, "/x y/bin", "sh"), str(tmp_path), 2)
    assert (environ[b"CUDA_HOME"], environ[b"PATH"]) == (b"/x y", b"/x y/bin:/usr/bin:/bin")


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if SHELLS[shell][2] == "sh"])
def test_no_other_variable_is_left(shell: str, tmp_path) -> None:
    plain = set(evaluate(shell, ":;", str(tmp_path)))
    assert set(evaluate(shell, render({"CUDA_HOME": "/x"}, "/x/bin", "sh"), str(tmp_path))) == plain | {b"CUDA_HOME"}


# PowerShell ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [value for value in VALUES if is_utf8(value)])
def test_powershell_by_its_grammar(value: bytes) -> None:
    folder = "/x/" + decoded(value).replace(":", "")
    text = render({"CUDA_HOME": decoded(value)}, folder, "powershell")
    assert text.isascii()
    one, two, end = text.split("\n")
    assert end == ""
    name, _, expression = one.partition(" = ")
    assert name == "$env:CUDA_HOME"
    assert powershell_value(expression) == decoded(value)
    found = re.fullmatch(
        r"\$env:PATH = \(@\((?P<first>.*)\) \+ @\(if \(\$env:PATH\) \{ \$env:PATH -split \[IO\.Path\]::PathSeparator"
        r" \| Where-Object \{ -not (?P<other>.*)\.Equals\(\$_\) \} \}\)\) -join \[IO\.Path\]::PathSeparator",
        two,
    )
    assert found
    assert found["first"] == found["other"]
    assert powershell_value(found["first"]) == folder


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh is not installed")
@pytest.mark.parametrize("times", [1, 2])
def test_powershell(times: int, tmp_path) -> None:
    variables = variables_of([value for value in VALUES if is_utf8(value)])
    file = tmp_path / "text"
    file.write_text(render(variables, "/x/b in", "powershell"))
    evaluate = f"Get-Content '{file}' | Invoke-Expression;"
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-NonInteractive", "-Command", evaluate * times + f"{ENV} -0"],
        env={**os.environ, "HOME": str(tmp_path), "PATH": "/usr/bin:/bin:" + os.environ["PATH"]},
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
    )
    environ = dict(line.split(b"=", 1) for line in done.stdout.split(b"\0") if b"=" in line)
    assert {name: environ.get(name.encode()) for name in variables} == {n: v.encode() for n, v in variables.items()}
    assert environ[b"PATH"].split(b":").count(b"/x/b in") == 1


# cmd -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [value for value in VALUES if cmd_holds(value)])
def test_cmd_by_its_grammar(value: bytes) -> None:
    folder = "C:\\" + decoded(value).replace(";", "")
    text = render({"CUDA_HOME": decoded(value)}, folder, "cmd")
    environ = cmd_assignments(text, {"PATH": "C:\\old"})
    assert environ == {"CUDA_HOME": decoded(value), "PATH": f"{folder};C:\\old"}


@pytest.mark.parametrize("value", [value for value in VALUES if not cmd_holds(value)])
def test_cmd_refuses(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"^the value of CUDA_HOME (has a double quote|is not UTF-8)"):
        render({"CUDA_HOME": decoded(value)}, "C:\\bin", "cmd")
    with pytest.raises(ValueError, match=r"^the folder for PATH "):
        render({}, "C:\\" + decoded(value).replace(";", ""), "cmd")


@pytest.mark.skipif(sys.platform != "win32", reason="cmd.exe is not installed")
def test_cmd(tmp_path) -> None:
    values = [value for value in VALUES if cmd_holds(value) and value.isascii()]
    variables = variables_of(values)
    (tmp_path / "text.cmd").write_text(render(variables, "C:\\x y\\bin", "cmd"))
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    (tmp_path / "run.cmd").write_text(f'@call "{tmp_path}\\text.cmd"\n@"{sys.executable}" -c "{show}"\n')
    done = subprocess.run([str(tmp_path / "run.cmd")], stdout=subprocess.PIPE, timeout=60, check=True)
    environ = json.loads(done.stdout)
    assert {name: environ.get(name.upper()) for name in variables} == variables
    assert environ["PATH"].startswith("C:\\x y\\bin;")


# json ----------------------------------------------------------------------------------------------------------------


def test_json() -> None:
    variables = variables_of(VALUES)
    text = render(variables, "C:\\x", "json")
    assert text.isascii()
    document = {"schema": 1, "variables": variables, "search_paths": {"PATH": "C:\\x"}, "last_search_paths": {}}
    assert json.loads(text) == document
    assert render({"B": "1", "A": "é"}, "/x", "json") == (
        '{\n  "last_search_paths": {},\n  "schema": 1,\n  "search_paths": {\n    "PATH": "/x"\n  },\n'
        '  "variables": {\n    "A": "\\u00e9",\n    "B": "1"\n  }\n}\n'
    )


# GitHub Actions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("windows", [False, True])
def test_github_env(windows: bool) -> None:
    variables = variables_of([value for value in VALUES if is_utf8(value) and not value.endswith(b"\r")])
    variables["EMPTY"] = ""
    assert read_env(render(variables, "/x/bin", "github"), windows=windows) == variables


def test_github_forms() -> None:
    assert render({"B": "1", "A": "x y"}, "/x/bin", "github") == "A=x y\nB=1\n"
    assert render({"A": "x\ny"}, "/x/bin", "github") == "A<<CUDA_SHIMS_END\nx\ny\nCUDA_SHIMS_END\n"
    assert render({}, "/x/bin", "github") == ""
    assert github_path_line("/x y/b;in") == "/x y/b;in\n"
    assert github_path_line("C:\\x y\\bin") == "C:\\x y\\bin\n"


# what is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fmt", "folder"),
    [
        ("sh", "/a:b"),
        ("sh", "C:\\x"),
        ("fish", "/a:b"),
        ("powershell", "/a:b"),
        ("powershell", "C:\\a;b"),
        ("cmd", "C:\\a;b"),
        ("json", "/a:b"),
        ("github", "/a:b"),
        ("github", "C:\\a;b"),
    ],
)
def test_a_folder_that_path_would_split(fmt: str, folder: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be on PATH, whose entries '[:;]' separates"):
        render({}, folder, fmt)


@pytest.mark.parametrize(
    ("fmt", "value", "problem"),
    [
        ("powershell", "\udcff", "the value of A is not UTF-8, which PowerShell cannot hold; use the format json"),
        ("powershell", "", "the value of A is empty, which PowerShell treats as not set"),
        ("cmd", "", "the value of A is empty, which cmd treats as not set"),
        ("cmd", "a\nb", "the value of A has a double quote or a control character"),
        ("github", "\udcff", "the value of A is not UTF-8, which GitHub Actions cannot hold"),
        ("github", "a\r", "the value of A ends in a carriage return"),
    ],
)
def test_a_value_that_a_format_cannot_hold(fmt: str, value: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}"):
        render({"A": value}, "/x", fmt)


@pytest.mark.parametrize("folder", ["/x\ny", "/x\r", "/x\udcff", "/a:b"])
def test_a_folder_that_github_cannot_hold(folder: str) -> None:
    with pytest.raises(ValueError, match=r"(line break|not UTF-8|cannot be on PATH)"):
        github_path_line(folder)
    with pytest.raises(ValueError, match=r"(line break|not UTF-8|cannot be on PATH)"):
        render({}, folder, "github")


@pytest.mark.parametrize("fmt", [each for each in FORMATS if each != "github-path"])
def test_order_does_not_matter(fmt: str) -> None:
    assert render({"A": "1", "B": "2"}, "/x", fmt) == render({"B": "2", "A": "1"}, "/x", fmt)
