"""``cuda-shims env``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping

from _cuda_shims import (
    FORWARD,
    MARKER,
    SEARCHED,
    TOOLKIT,
    WHEELS_ARE_ROOT,
    all_paths,
    generator,
    last_paths,
    path_values,
    root_variables,
    search_paths,
)
from cuda_shims.cli.output import SCHEMA, Output, is_terminal
from cuda_shims.cli.parser import ALIASES
from cuda_shims.cli.place import find_scope
from cuda_shims.cli.shells import github_path_line, join_folders, render, render_back
from cuda_shims.cli.syntax import BELOW_ROOT, SHELLS
from cuda_shims.environment.installer import name_program, place_options
from cuda_shims.installation.home import home_of
from cuda_shims.process import given_environment, reader
from cuda_shims.selection import shell_variables

#: how the text for a shell is evaluated there
_EVALUATED = {
    "sh": 'eval "$(cuda-shims env)"',
    "fish": "cuda-shims env --format fish | source",
    "powershell": "cuda-shims env --format powershell | Out-String | Invoke-Expression",
    "cmd": "cuda-shims env --format cmd > cuda.cmd & call cuda.cmd",
}

#: with the name of a variable, that of the one in which a shell keeps the user's own value
_OLD = "CUDA_SHIMS_OLD_"
#: how a folder is put last on PATH in GitHub's steps
_STEP = 'in a step that looks for them run: eval "$(cuda-shims env)"'


def run(options: argparse.Namespace, output: Output) -> int:
    """Print the lines that set the variables in a shell, or remove them."""
    chosen = "json" if options.json else ALIASES.get(options.format, options.format)
    shell = given_environment()
    if options.unset:
        return _take_back(chosen, options.cuda, shell, output)
    scope = find_scope(options)
    home = home_of(scope, output.remark)
    variables = shell_variables(home, os.environ)
    if options.cuda:  # or the next start of Python would set the newest again
        variables[TOOLKIT] = options.cuda
    variables |= generator.choose(shell) if WHEELS_ARE_ROOT else {}
    variables |= dict(_kept(shell, chosen))
    first, outer = search_paths(home), shell.get(MARKER)
    unset = {name for name in SEARCHED if name != "PATH" and not shell.get(name)}
    last = [(name, folder) for name, folder in last_paths(home) if name not in unset]
    drop = all_paths(outer) if outer and outer != home else []
    if chosen in {"json", "github"}:  # neither extends a value, except PATH, and GitHub that only in front
        values = path_values(home, outer, shell)
        whole = [name for name in first if name != "PATH"] if chosen == "github" else []
        variables |= {name: values[name] for name in (*whole, *(name for name, _ in last if name != "PATH"))}
        first, drop = {name: first[name] for name in first if name not in whole}, []
        last = [(name, folder) for name, folder in last if name == "PATH"]
        if chosen == "github" and last:
            what = "cuda-shims: GitHub puts no folder last on PATH, where companion libraries are"
            output.remark(name_program(f"{what}; {_STEP}", shell))
            last = []
    try:
        to_path = chosen == "github-path"
        text = github_path_line(first["PATH"]) if to_path else render(variables, first, chosen, last=last, drop=drop)
    except ValueError as error:  # a path that this shell cannot spell
        output.remark(f"cuda-shims: {error}", -1)
        return 1
    output.write(text)
    same = place_options(scope.environment, here=not scope.elsewhere)
    same += ["--cuda", options.cuda] if options.cuda else []
    if is_terminal(sys.stdout) and chosen in _EVALUATED:
        line = _EVALUATED["fish" if chosen == "sh" and reader(shell) == "fish" else chosen]
        output.remark(name_program(f"# to set them in this shell: {line}", shell, *same))
    if chosen == "github":
        line = 'and for PATH: cuda-shims env --format github-path >> "$GITHUB_PATH"'
        output.remark(name_program(line, shell, *same))
    return 0


def _kept(shell: Mapping[str, str], chosen: str) -> Iterator[tuple[str, str]]:
    """Yield what keeps the user's own values, which ``--unset`` puts back; a second ``env`` finds our own."""
    ours = root_variables(shell.get(MARKER, ""))
    for name in ours:
        value = shell.get(name)
        if value and value != ours[name] and name != MARKER and chosen in SHELLS:
            try:
                SHELLS[chosen].set(name, value)
            except ValueError:  # this shell cannot spell it
                continue
            yield _OLD + name, value


def _take_back(chosen: str, cuda: str | None, shell: Mapping[str, str], output: Output) -> int:
    if chosen.startswith("github"):
        fix = 'take the variables back in the shell of a step: eval "$(cuda-shims env --unset)"'
        what = "cuda-shims: GitHub's files add to the environment and take nothing from it"
        output.remark(name_program(f"{what}; {fix}", shell), -1)
        return 2
    root = shell.get(MARKER, "")
    ours = generator.taken_back(shell) if WHEELS_ARE_ROOT else {}
    if chosen == "json":  # which no shell evaluates: the names of our variables in this shell
        names = [name for name, value in root_variables(root).items() if shell.get(name) in {None, value}]
        paths = join_folders(all_paths(root) if root else ())
        document = {"variables": dict.fromkeys([*names, FORWARD, *ours]), "search_paths": paths}
        output.write(json.dumps({"schema": SCHEMA, **document}, indent=2, sort_keys=True))
        return 0
    some = os.path.join(os.sep, "nvidia", "cu0")
    below = {name: _below(some, value) for name, value in root_variables(some).items() if name != MARKER}
    # by the place below the root that the shell names; on Windows some folders are next to it
    found = [(name, _below(root, folder)) for name, folder in (all_paths(root) if root else ())]
    found += [(name, _below(some, folder)) for name, folder in all_paths(some) if folder.startswith(some)]
    if cuda:
        below[TOOLKIT] = cuda
    elif shell.get(TOOLKIT):
        set_by = f"if env --cuda {shell[TOOLKIT]} set it: cuda-shims env --unset --cuda {shell[TOOLKIT]}"
        output.remark(name_program(f"cuda-shims: {TOOLKIT}={shell[TOOLKIT]} stays; {set_by}", shell))
    kept = {name: shell[_OLD + name] for name in below if shell.get(_OLD + name)}
    back = {name: value for name, value in kept.items() if shell.get(name) == root_variables(root)[name]}
    names = [FORWARD, *ours, *(_OLD + name for name in kept)]
    output.write(render_back(below, list(dict.fromkeys(found)), chosen, always=names, back=back))
    return 0


def _below(root: str, path: str) -> str:
    return BELOW_ROOT + path[len(root) :] if path.startswith(root) else path
