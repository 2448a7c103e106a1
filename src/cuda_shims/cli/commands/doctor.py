"""``cuda-shims doctor``."""

from __future__ import annotations

import argparse

from cuda_shims.cli.output import Output
from cuda_shims.cli.place import find_scope
from cuda_shims.process import given_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cuda_shims.doctor.case import Finding


#: what a build finds: shown even if nothing is wrong with it
_SHOWN = {"toolkit", "root", "path"}
#: what a build finds instead of the environment's
_FOUND = {"variables-elsewhere": "the toolkit that your variables name", "no-toolkit": "the toolkit that it brings"}


def run(options: argparse.Namespace, output: Output) -> int:
    """Check an environment and a project, or explain a log."""
    if options.log:
        return _explain(options, output)
    from cuda_shims.doctor.checks import examine  # noqa: PLC0415 # a log needs none of the checks

    scope = find_scope(options)
    findings = examine(scope.environment, scope.environ, scope.directory, given_environment())
    errors, warnings = (sum(each.level == level for each in findings) for level in ("error", "warning"))
    codes = {each.code for each in findings}
    verdict = f"a build will find {next((_FOUND[code] for code in _FOUND if code in codes), 'this toolkit')}"
    verdict += f"; {_count(warnings, 'warning')} above" if warnings else ""
    if errors:
        verdict = f"a build will not work: {_count(errors, 'error')} above"
    shown = [each for each in findings if each.level != "ok" or output.level >= (0 if each.code in _SHOWN else 1)]
    failed = bool(errors or (options.strict and warnings))
    lines = [line for each in shown for line in _format(each)]
    output.answer({"findings": [each._asdict() for each in findings], "ok": not failed}, *lines, verdict)
    return 1 if failed else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _format(finding: Finding, *place: str) -> list[str]:
    lines = [f"{finding.level}: {finding.what}", *place]
    lines += [f"  why: {finding.why}"] if finding.why else []
    lines += [f"  fix: {finding.fix}"] if finding.fix else []
    lines += [f"   or: {finding.alternative}"] if finding.alternative else []
    return lines


def _explain(options: argparse.Namespace, output: Output) -> int:
    from cuda_shims.config import Config, load_config  # noqa: PLC0415
    from cuda_shims.doctor.case import make_case  # noqa: PLC0415
    from cuda_shims.doctor.log.explain import explain  # noqa: PLC0415
    from cuda_shims.doctor.log.read import read_log  # noqa: PLC0415
    from cuda_shims.errors import ConfigError  # noqa: PLC0415

    log = read_log(options.log)
    if log.skipped:
        output.remark(f"cuda-shims: this log is long, and only its end was read, from line {log.first_line} on", -1)
    scope = find_scope(options)
    try:
        config = load_config(scope.directory, scope.environ)
    except ConfigError as error:  # doctor without --log reports a mistake there
        output.remark(f"cuda-shims: {error}", 1)
        config = Config()
    case = make_case(scope.environment, scope.environ, config)._replace(directory=scope.directory)
    found = explain(log, case)
    lines = [line for each in found for line in _format(each.finding, f"  line {each.line}: {each.quote}")]
    if not found:
        lines = ["cuda-shims knows no message in this log; that does not prove that the build is healthy"]
        if not log.text.strip():
            lines = ["this log is empty; builds write errors to standard error: pip wheel . > build.log 2>&1"]
    findings = [{**each.finding._asdict(), "line": each.line, "quote": each.quote} for each in found]
    output.answer({"findings": findings, "ok": not found, "skipped_bytes": log.skipped}, *lines)
    return 1 if found else 0
