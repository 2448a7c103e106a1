"""
The command line: parse, call, print.

Exit codes: 0 done; 1 a finding or a refusal; 2 wrong usage or configuration; 127 a tool or command that is not there.
"""

from __future__ import annotations

import argparse
import io
import os
import sys

from . import __version__, plan
from .errors import CudaShimsError
from .output import SCHEMA, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .api import Change
    from .chosen import Place
    from .findings import Finding

EXIT_CODES = (
    "exit codes: 0 done; 1 a finding or a refusal; 2 wrong usage or configuration; 127 a tool or command is not there"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run a command line.

    :param arguments: without the program's name; by default those of this process
    :returns: the exit code

    """
    parser = make_parser()
    if not (sys.argv[1:] if arguments is None else arguments):  # the first thing that anybody tries
        parser.print_help(sys.stderr)
        return 2
    options = parser.parse_args(arguments)
    output = Output(options)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A path is printed as it is, also one that is not UTF-8. A pipe of Windows takes the letters of one code
            # page, PYTHONIOENCODING may say ASCII: the others are shown as \u65e5, and --json has them all.
            utf_8 = stream.encoding.lower().replace("-", "") == "utf8" and os.name != "nt"
            stream.reconfigure(errors="surrogateescape" if utf_8 else "backslashreplace")
    try:
        with output.patience(options.name):
            code: int = options.run(options, output)
        sys.stdout.flush()
    except CudaShimsError as error:
        print(f"cuda-shims: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader has seen enough (| head)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # something that has to be read cannot be
        print(f"cuda-shims: {error.filename or 'cannot go on'}: {error.strerror or error}", file=sys.stderr)
        return 1
    return code


def make_parser() -> argparse.ArgumentParser:
    """
    Make the parser.

    :returns: it, with all commands; each option's ``run`` is what runs its command

    """
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON (with a schema version)")
    common.add_argument("-v", "--verbose", action="count", default=0, help="say more")
    common.add_argument("-q", "--quiet", action="count", default=0, help="say less")
    place = argparse.ArgumentParser(add_help=False)
    where = place.add_mutually_exclusive_group()
    where.add_argument("--python", metavar="PATH", help="another interpreter (a path, or 3.12), or environment")
    where.add_argument("--target", metavar="DIR", help="a directory that pip install --target filled")
    where.add_argument("--prefix", metavar="DIR", help="a directory that pip install --prefix filled")
    choice = argparse.ArgumentParser(add_help=False)
    choice.add_argument("--cuda", metavar="MAJOR", type=_major, help="this CUDA, 12 say (default: the newest one)")
    change = argparse.ArgumentParser(add_help=False)
    change.add_argument("--dry-run", action="store_true", help="only say what would be done")
    change.add_argument("--force", action="store_true", help="also replace or remove files that are not ours")

    parser = argparse.ArgumentParser(
        prog="cuda-shims",
        description="Makes NVIDIA's pip-installed CUDA toolkit findable by every build system.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"cuda-shims {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, run: Any, text: str, example: str, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=f"example: {example}   ({EXIT_CODES})",
            parents=[common, *parents],
        )
        added.set_defaults(run=run, name="" if run is _exec else name)
        return added

    command("install", _install, "make roots, shims and start-up hook", "cuda-shims install --dry-run", place, change)
    command(
        "uninstall", _uninstall, "remove all that is ours, cuda-shims included", "cuda-shims uninstall", place, change
    )
    command(
        "list", _list, "list the tools: where each is, which one PATH gives", "cuda-shims list --json", place, choice
    )
    text = "print the path of a tool, header, library or CMake target, or say which wheel holds it"
    which = command("which", _which, text, "cuda-shims which CUDA::nvjpeg", place, choice)
    what = which.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "name", metavar="NAME", nargs="?", help="such as nvcc, cudaProfiler.h, libcublas.so, CUDA::nvjpeg"
    )
    what.add_argument("-l", metavar="LIBRARY", dest="library", help="as a linker takes it: -lcublas")
    command(
        "root", _root, "print the path of the toolkit root", "./configure --with-cuda=$(cuda-shims root)", place, choice
    )
    env = command("env", _env, "print the variables for a shell", 'eval "$(cuda-shims env)"', place, choice)
    env.add_argument("--format", choices=_formats(), default="sh", help="for which shell (default: sh)")
    execute = command("exec", _exec, "run a command with the variables set", "cuda-shims exec make -j4", place, choice)
    execute.add_argument("command", metavar="CMD")
    execute.add_argument("arguments", metavar="ARG", nargs=argparse.REMAINDER)
    text = "look for all that can go wrong, each with its fix"
    doctor = command("doctor", _doctor, text, "pip wheel . 2>&1 | cuda-shims doctor --log -", place, choice)
    doctor.add_argument("--log", metavar="FILE", help="explain the log of a failed build (-: standard input) instead")
    shells = ("bash", "zsh", "fish", "powershell")  # of completion.SHELLS, which is not wanted otherwise
    example = 'eval "$(cuda-shims completion bash)"'
    command("completion", _completion, "print what makes a shell complete these commands", example).add_argument(
        "shell", choices=shells
    )
    return parser


def _major(text: str) -> str:
    if not (text.isascii() and text.isdigit()) or text.startswith("0"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a CUDA major, such as 12")
    return text


def _formats() -> tuple[str, ...]:
    from .shells import FORMATS  # noqa: PLC0415

    return (*FORMATS, "github-path")


def _directory() -> str:
    # where a pyproject.toml may be; a shell can stand in a directory that was removed
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "/nonexistent"


def _environment(options: argparse.Namespace) -> Any:
    from . import environments  # noqa: PLC0415

    if options.target:
        return environments.target_environment(options.target)
    if options.prefix:
        return environments.prefix_environment(options.prefix)
    if options.python:
        return environments.interpreter_environment(options.python)
    return environments.current_environment()


def _install(options: argparse.Namespace, output: Output) -> int:
    from .api import install  # noqa: PLC0415
    from .config import load_config  # noqa: PLC0415

    environment = _environment(options)
    config = load_config(_directory(), os.environ)
    changes = install(environment, dry_run=options.dry_run, force=options.force, driver_stub=config.driver_stub)
    code = _report(changes, output, dry_run=options.dry_run)
    if environment.dist_info is None:
        output.remark(
            f"cuda-shims: the start-up hook needs cuda-shims itself, which is not installed in {environment.label}: "
            "pip install cuda-shims"
        )
    return code


def _uninstall(options: argparse.Namespace, output: Output) -> int:
    from .api import uninstall  # noqa: PLC0415

    environment = _environment(options)
    changes = uninstall(environment, dry_run=options.dry_run, force=options.force)
    inside = environment.site_dir + os.sep

    def is_module(change: Change) -> bool:
        folder = os.path.dirname(change.path)
        return change.kind == plan.REMOVE and folder.startswith(inside) and folder != environment.scripts

    modules = [change for change in changes if is_module(change)] if output.level <= 0 else []
    return _report(changes, output, dry_run=options.dry_run, modules=modules)


def _report(changes: Sequence[Change], output: Output, *, dry_run: bool, modules: Sequence[Change] = ()) -> int:
    words = {plan.CREATE: "created", plan.REPLACE: "replaced", plan.REMOVE: "removed", plan.KEEP: "unchanged"}
    would = "would be " if dry_run else ""
    lines = []
    for change in changes:
        word = words.get(change.kind, "left alone")
        if change.kind not in {plan.KEEP, plan.CONFLICT}:
            word = would + word
        if change not in modules and (change.kind != plan.KEEP or output.level > 0):
            lines.append(f"{word} {change.path}" + (f" ({change.note})" if change.note else ""))
    if modules:  # a hundred lines that nobody reads
        lines.append(f"{would}removed: cuda-shims itself, {len(modules)} files (-v lists them)")
    if not any(change.kind not in {plan.KEEP, plan.CONFLICT} for change in changes):
        lines.append("nothing to do: all is as it should be" if changes else "nothing of ours is there")
    conflicts = [change for change in changes if change.kind == plan.CONFLICT]
    shown = lines if output.level >= 0 else []
    output.answer({"dry_run": dry_run, "changes": [change._asdict() for change in changes]}, *shown)
    files = [change for change in conflicts if change.what not in {"root", "package"}]
    if files:
        output.remark(f"cuda-shims: {len(files)} file(s) are not ours and were left alone; --force takes them", -1)
    elif conflicts:
        output.remark(f"cuda-shims: {conflicts[0].path} was left alone: {conflicts[0].note}", -1)
    return 1 if conflicts else 0


def _place(options: argparse.Namespace) -> Place:
    from .chosen import Place  # noqa: PLC0415
    from .envvars import TOOLKIT  # noqa: PLC0415

    environ = {**os.environ, TOOLKIT: options.cuda} if options.cuda else os.environ
    return Place(_directory(), environ, _environment(options), bool(options.python or options.target or options.prefix))


def _list(options: argparse.Namespace, output: Output) -> int:
    from .chosen import toolkits  # noqa: PLC0415
    from .report import tool_rows  # noqa: PLC0415

    toolkit, *others = toolkits(_place(options))
    rows = tool_rows(toolkit, os.environ.get("PATH", ""))
    lines = [f"CUDA {toolkit.version} in {toolkit.home}"]
    width = max(len(row["tool"]) for row in rows)
    held = {row["tool"]: f"{row['distribution']} {row['version']}" for row in rows if row["path"]}
    wide = max(map(len, held.values()), default=0)
    for row in rows:
        if row["path"]:
            lines.append(f"  {row['tool']:{width}}  {held[row['tool']]:{wide}}  {row['path']}")
        else:
            never, _, _ = row["fix"].partition("; ")  # said of most tools of CUDA 12
            lines.append(f"  {row['tool']:{width}}  -  {never if toolkit.parts and 'before' in never else row['fix']}")
        if row["on_path"] and not row["on_path_is_ours"]:
            lines.append(f"  {'':{width}}  PATH gives another one: {row['on_path']}")
        elif row["shadows"]:
            lines.append(f"  {'':{width}}  before {', '.join(row['shadows'])}")
    lines += [f"CUDA {each.version} is in {each.home}: cuda-shims list --cuda {each.major}" for each in others]
    described = [{**each._asdict(), "root": each.root} for each in (toolkit, *others)]
    output.answer({"toolkit": described[0], "others": described[1:], "tools": rows}, *lines)
    return 0


def _which(options: argparse.Namespace, output: Output) -> int:
    from . import chosen, lookup, provides  # noqa: PLC0415
    from .errors import ToolNotFoundError  # noqa: PLC0415

    place = _place(options)
    name = options.name if options.library is None else f"-l{options.library}"
    answer = lookup.which(
        name, lambda: chosen.with_tool(place, name), lambda: place.environment.site_dirs, place.environ
    )
    data = {"tool": name, "kind": answer.kind, "path": answer.path, "toolkit": answer.toolkit}
    holdings = [each._asdict() for each in provides.find(name)]
    output.answer({**data, "holdings": holdings}, *([answer.path] if answer.path else []))
    if not answer.path:
        raise ToolNotFoundError(lookup.shown(name), answer.fix)
    return 0


def _root(options: argparse.Namespace, output: Output) -> int:
    from .chosen import home_of  # noqa: PLC0415

    home = home_of(_place(options), output.remark)
    output.answer({"root": home}, home)
    return 0


def _env(options: argparse.Namespace, output: Output) -> int:
    from .chosen import home_of, shell_variables  # noqa: PLC0415
    from .envvars import TOOLKIT, prepended, search_paths  # noqa: PLC0415
    from .shells import github_path_line, render  # noqa: PLC0415

    home = home_of(_place(options), output.remark)
    variables = shell_variables(home, os.environ)
    if options.cuda:  # or the next start of Python would set the newest again
        variables[TOOLKIT] = options.cuda
    folders = search_paths(home)
    chosen = "json" if options.json else options.format
    if chosen == "github":  # which can extend PATH alone, so the others are what they are now and ours
        others = {name: folders.pop(name) for name in tuple(folders) if name != "PATH"}
        variables |= {name: prepended(os.environ.get(name, ""), folder) for name, folder in others.items()}
    try:
        to_path = chosen == "github-path"
        text = github_path_line(folders["PATH"]) if to_path else render(variables, folders, chosen)
    except ValueError as error:  # a path that this shell cannot spell
        output.remark(f"cuda-shims: {error}", -1)
        return 1
    output.write(text)
    if chosen == "github":
        output.remark('and for PATH: cuda-shims env --format github-path >> "$GITHUB_PATH"')
    return 0


def _exec(options: argparse.Namespace, output: Output) -> int:
    from .catalog import find_tool, missing_tool_fix  # noqa: PLC0415
    from .chosen import home_of  # noqa: PLC0415
    from .envvars import for_root  # noqa: PLC0415
    from .processes import become, changed  # noqa: PLC0415
    from .search import compiles  # noqa: PLC0415

    place = _place(options)
    home = home_of(place, output.remark)
    environ = changed(place.environ, for_root(place.environ, home, compiler=compiles(home)))
    sys.stdout.flush()
    try:
        return become(options.command, options.arguments, environ)
    except (FileNotFoundError, NotADirectoryError):
        why = missing_tool_fix(options.command, 12) if find_tool(options.command) and not compiles(home) else ""
        output.remark(f"cuda-shims: {options.command}: {why or 'no such command on PATH'}", -1)
        return 127
    except OSError as error:
        output.remark(f"cuda-shims: {options.command}: cannot be run ({error.strerror})", -1)
        return 126


def _completion(options: argparse.Namespace, output: Output) -> int:
    from .catalog import TOOLS  # noqa: PLC0415
    from .completion import render  # noqa: PLC0415

    output.write(render(make_parser(), options.shell, [tool.name for tool in TOOLS]))
    return 0


def _doctor(options: argparse.Namespace, output: Output) -> int:
    from .doctor import examine  # noqa: PLC0415

    if options.log:
        return _explain(options, output)
    place = _place(options)
    findings = examine(place.environment, place.environ, place.directory)
    lines = [line for each in findings for line in _told(each)]
    bad = [each for each in findings if each.level != "ok"]
    errors = sum(each.level == "error" for each in bad)
    verdict = "a build will find this toolkit" + (f"; {len(bad)} warning(s) above" if bad else "")
    if errors:
        verdict = f"a build will not work: {errors} error(s) above"
    shown = lines if output.level > 0 else [line for line in lines if not line.startswith("ok")]
    output.answer({"findings": [each._asdict() for each in findings], "ok": not bad}, *shown, verdict)
    return 1 if bad else 0


def _told(finding: Finding, *place: str) -> list[str]:
    lines = [f"{finding.level}: {finding.what}", *place]
    lines += [f"  why: {finding.why}"] if finding.why else []
    lines += [f"  fix: {finding.fix}"] if finding.fix else []
    return lines


def _explain(options: argparse.Namespace, output: Output) -> int:
    from .config import Config, load_config  # noqa: PLC0415
    from .diagnosis import explain  # noqa: PLC0415
    from .errors import ConfigError  # noqa: PLC0415
    from .findings import make_case  # noqa: PLC0415
    from .logs import read_log  # noqa: PLC0415

    log = read_log(options.log)
    if log.skipped:
        output.remark(f"cuda-shims: of this long log only the end was looked at, from line {log.first_line} on", -1)
    place = _place(options)
    try:
        config = load_config(place.directory, place.environ)
    except ConfigError as error:  # a mistake there is for doctor without --log to say
        output.remark(f"cuda-shims: {error}", 1)
        config = Config()
    case = make_case(place.environment, place.environ, config)._replace(directory=place.directory)
    found = explain(log, case)
    lines = [line for each in found for line in _told(each.finding, f"  line {each.line}: {each.quote}")]
    if not found:
        lines = ["no message in this log is one that cuda-shims knows, which is no proof that the build is healthy"]
    findings = [{**each.finding._asdict(), "line": each.line, "quote": each.quote} for each in found]
    output.answer({"findings": findings, "ok": not found, "skipped_bytes": log.skipped}, *lines)
    return 1 if found else 0


__all__ = ["EXIT_CODES", "SCHEMA", "main", "make_parser"]
