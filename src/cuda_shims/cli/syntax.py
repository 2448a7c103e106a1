"""
How each shell spells what sets, unsets and extends variables. Pure: :mod:`cuda_shims.cli.shells` says for what.

Each method returns a line, or lines, of the shell's text.
"""

from __future__ import annotations

import re

from _cuda_shims import MARKER

_SURROGATE = re.compile("[\ud800-\udfff]")
#: the start of a path below the root that the shell's CUDA_SHIMS_ROOT names; no value can have it
BELOW_ROOT = "\0"


def check_text(what: str, value: str, shell: str) -> None:
    """Refuse bytes that are not UTF-8, which only sh, fish and JSON can hold."""
    if _SURROGATE.search(value):
        raise ValueError(f"{what} is not UTF-8, which {shell} cannot hold; use the format json")


class _Sh:
    """
    POSIX shells.

    Every line is a statement that ends in a semicolon, so that eval $(…) without quotes, which turns newlines into
    blanks, still works for plain values. No command is run, and no other variable is touched.
    """

    separator = ":"

    def word(self, value: str) -> str:
        # not shlex.quote, which quotes only what must be: here each value looks like every other one
        if value.startswith(BELOW_ROOT):
            return f'"${MARKER}"' + (self.word(value[1:]) if value[1:] else "")
        return "'" + value.replace("'", "'\\''") + "'"

    def set(self, name: str, value: str) -> str:
        return f"{name}={self.word(value)}; export {name};"

    def unset(self, name: str) -> str:
        return f"unset {name};"

    def unset_if(self, name: str, value: str) -> str:
        return f"case ${{{name}-}} in {self.word(value)}) unset {name};; esac;"

    def unset_if_empty(self, name: str) -> list[str]:
        return [f"case ${name} in '') unset {name};; *) export {name};; esac;"]

    def with_root(self, lines: list[str]) -> list[str]:
        return [f"case ${{{MARKER}-}} in ?*)", *lines, ";; esac;"]

    def drop(self, name: str, folder: str) -> list[str]:
        word = self.word(folder)
        return [
            f"{name}=:${{{name}-}}:;",
            f"while case ${name} in *:{word}:*) ;; *) false;; esac;",
            f"do {name}=${{{name}%%:{word}:*}}:${{{name}#*:{word}:}}; done;",
            f"{name}=${{{name}#:}}; {name}=${{{name}%:}};",
        ]

    def put(self, name: str, folder: str, *, last: bool) -> list[str]:
        word = self.word(folder)
        value = f"${{{name}:+${name}:}}{word}" if last else f"{word}${{{name}:+:${name}}}"
        return [*self.drop(name, folder), f"{name}={value}; export {name};"]


class _Fish:
    separator = ":"

    def word(self, value: str) -> str:
        # within single quotes fish reads \\ and \' and nothing else; a newline is written outside them, as \n, because
        # eval (…) would make a blank of it
        if value.startswith(BELOW_ROOT):
            return f'"${MARKER}"' + (self.word(value[1:]) if value[1:] else "")
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "'\\n'") + "'"

    def set(self, name: str, value: str) -> str:
        return f"set -gx {name} {self.word(value)};"

    def unset(self, name: str) -> str:
        return f"set -q {name}; and set -e {name};"

    def unset_if(self, name: str, value: str) -> str:
        return f'test "${name}" = {self.word(value)}; and set -e {name};'

    def unset_if_empty(self, name: str) -> list[str]:
        return [f"set -q {name}[1]; or set -e {name};"]

    def with_root(self, lines: list[str]) -> list[str]:
        return [f"if set -q {MARKER};", *lines, "end;"]

    def drop(self, name: str, folder: str) -> list[str]:
        word = self.word(folder)
        # fish splits PATH, CDPATH and MANPATH at colons; --path (3.0) makes it split others
        lines = [] if name == "PATH" else [f"set -gx --path {name} ${name};"]
        find = f"while set -l cuda_shims_at (contains -i -- {word} ${name})"
        return [*lines, f"{find}; set -e {name}[$cuda_shims_at]; end;"]

    def put(self, name: str, folder: str, *, last: bool) -> list[str]:
        # not fish_add_path: fish 3.2 and later, and it ignores a folder that does not exist yet
        kind = "" if name == "PATH" else "--path "
        value = f"${name} {self.word(folder)}" if last else f"{self.word(folder)} ${name}"
        return [*self.drop(name, folder), f"set -gx {kind}{name} {value};"]


class _PowerShell:
    """PowerShell, whose Invoke-Expression gets one line at a time."""

    separator = ""

    def word(self, value: str) -> str:
        # Anything but printable ASCII is written as a number. Windows PowerShell reads a program's output in the
        # console's code page, whatever that program wrote; and it takes U+2018 to U+201B for single quotes.
        if value.startswith(BELOW_ROOT):
            return f"($env:{MARKER} + {self.word(value[1:])})" if value[1:] else f"$env:{MARKER}"
        parts: list[str] = []
        for run in re.findall(r"[ -~]+|[^ -~]+", value):
            if " " <= run[0] <= "~":
                parts.append("'" + run.replace("'", "''") + "'")
            else:
                units = run.encode("utf-16-be")
                parts += [f"[char]0x{units[at : at + 2].hex()}" for at in range(0, len(units), 2)]
        if len(parts) == 1 and parts[0].startswith("'"):
            return parts[0]
        # a string on the left: [char] + [char] would be a sum
        return "(" + " + ".join(["''", *parts]) + ")"

    def set(self, name: str, value: str) -> str:
        if not value:
            raise ValueError(f"the value of {name} is empty, which PowerShell treats as not set")
        check_text(f"the value of {name}", value, "PowerShell")
        return f"$env:{name} = {self.word(value)}"

    def unset(self, name: str) -> str:
        return f"$env:{name} = $null"

    def unset_if(self, name: str, value: str) -> str:
        # Equals and not -ceq, which compares by culture and finds different strings equal
        return f"if ([string]::Equals($env:{name}, {self.word(value)})) {{ $env:{name} = $null }}"

    def unset_if_empty(self, name: str) -> list[str]:
        return [f"if (-not $env:{name}) {{ $env:{name} = $null }}"]

    def with_root(self, lines: list[str]) -> list[str]:
        return [f"if ($env:{MARKER}) {{ {line} }}" for line in lines]

    def drop(self, name: str, folder: str) -> list[str]:
        return [f"$env:{name} = {self._others(name, folder)} -join [IO.Path]::PathSeparator"]

    def put(self, name: str, folder: str, *, last: bool) -> list[str]:
        parts = [f"@({self.word(folder)})", self._others(name, folder)]
        text = " + ".join(reversed(parts) if last else parts)
        return [f"$env:{name} = ({text}) -join [IO.Path]::PathSeparator"]

    def _others(self, name: str, folder: str) -> str:
        # Without the "if" an unset PATH would give an empty entry, the current directory.
        check_text(f"the folder for {name}", folder, "PowerShell")
        word, old = self.word(folder), f"$env:{name}"
        others = f"{old} -split [IO.Path]::PathSeparator | Where-Object {{ -not {word}.Equals($_) }}"
        return f"@(if ({old}) {{ {others} }})"


class _Cmd:
    separator = ";"

    def word(self, what: str, value: str) -> str:
        # Between the quotes of set "NAME=value" a batch file gives a meaning only to %: ^ & | < > ( ) are plain, and
        # ! too while delayed expansion is off, as it is by default. A doubled % is one % in a batch file only: typed at
        # the prompt, or run by for /f, it stays two.
        if value.startswith(BELOW_ROOT):
            return f"%{MARKER}%{value[1:]}"
        if not value:
            raise ValueError(f"{what} is empty, which cmd treats as not set")
        check_text(what, value, "cmd")
        if re.search(r'["\x00-\x1f]', value):
            raise ValueError(f"{what} has a double quote or a control character, which a batch file's set cannot hold")
        return value.replace("%", "%%")

    def set(self, name: str, value: str) -> str:
        return f'@set "{name}={self.word(f"the value of {name}", value)}"'

    def unset(self, name: str) -> str:
        return f'@set "{name}="'

    def unset_if(self, name: str, value: str) -> str:
        return f'@if "%{name}%"=="{self.word(name, value)}" set "{name}="'

    def unset_if_empty(self, _: str) -> list[str]:
        return []  # there are no empty variables

    def with_root(self, lines: list[str]) -> list[str]:
        return [f"@if defined {MARKER} {line[1:]}" for line in lines]

    def drop(self, name: str, folder: str) -> list[str]:
        # call reads the line again, when %PATH% can be searched for the folder and the semicolon behind it: the
        # last one has one while a dot follows it. A folder with = in its name stays, because it cannot be searched for
        word = self.word(f"the folder for {name}", folder)
        if "=" in folder:
            return []
        return [
            f'@if defined {name} set "{name}=%{name}%;."',
            f'@if defined {name} call set "{name}=%%{name}:{word};=%%"',
            f'@if defined {name} set "{name}=%{name}:~0,-2%"',
        ]

    def put(self, name: str, folder: str, *, last: bool) -> list[str]:
        # not guarded against a second call: in a batch file %PATH% cannot be compared, part by part, without a command
        # that gives its quotes, carets and exclamation marks a meaning
        word = self.word(f"the folder for {name}", folder)
        return [f'@set "{name}=%{name}%;{word}"' if last else f'@set "{name}={word};%{name}%"']


SHELLS: dict[str, _Sh | _Fish | _PowerShell | _Cmd] = {
    "sh": _Sh(),
    "fish": _Fish(),
    "powershell": _PowerShell(),
    "cmd": _Cmd(),
}
