"""
The checks of a toolkit in an environment: each finding has its consequence and its fix.

Every check is independent and only reads. Those of :mod:`cuda_shims.doctor.compiler` run nvcc and the host compiler,
and compile nothing.
"""

from __future__ import annotations

import functools

from _cuda_shims import TOOLKIT
from cuda_shims.config import Config, load_config
from cuda_shims.doctor import build_folder, compiler, conda, cuda12, hook, project, root, shell, toolkit, visual_studio
from cuda_shims.doctor.case import ERROR, WARNING, Case, Finding, escape, make_case
from cuda_shims.errors import ConfigError, UnreadableConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cuda_shims.environment.environment import Environment

_CHECKS = (
    toolkit.check_platform,
    toolkit.check_choice,
    toolkit.check_toolkit,
    cuda12.check_cuda12,
    toolkit.check_components,
    toolkit.check_companions,
    toolkit.check_versions,
    toolkit.check_torch,
    toolkit.check_executables,
    root.check_root,
    hook.check_hook,
    hook.check_shims,
    conda.check_conda,
    shell.check_path,
    shell.check_other_environment,
    shell.check_variables,
    compiler.check_host_compiler,
    compiler.check_nvcc,
    *visual_studio.CHECKS,
    project.check_pyproject,
    project.check_needs,
    build_folder.check_build_folders,
)


def examine(
    environment: Environment, environ: Mapping[str, str], directory: str, variables: Mapping[str, str] | None = None
) -> list[Finding]:
    """
    Run all checks.

    :param environment: the environment to examine
    :param environ: the environment variables that builds have
    :param directory: the project's root, whose ``pyproject.toml`` counts
    :param variables: those that the shell has, before the start-up hook changed them; by default ``environ``
    :returns: the findings, in the order of the checks; nothing is raised, whatever state the environment is in

    """
    found: list[Finding] = []
    config = Config()
    try:
        config = load_config(directory, environ)
    except ConfigError as error:
        found += _judge_config(error)
    except Exception as error:  # noqa: BLE001 # as below
        found.append(_failed("configuration", error))
    try:
        case = make_case(environment, environ, config, variables)
    except Exception as error:  # noqa: BLE001 # as below
        found.append(_failed("toolkits", error))
    else:
        # its files are read once, because they may be many
        case = case._replace(directory=directory, uses=functools.lru_cache(maxsize=1)(case.uses))
        for check in _CHECKS:
            found += _results(check, case)
    return [escape(each) for each in found]


def _judge_config(error: ConfigError) -> Iterator[Finding]:
    what = str(error) if str(error).endswith("?") else f"{error}."
    fix = f"correct or unset {error.key}" if error.source == "environment" else f"correct {error.key} there"
    if error.key == TOOLKIT:  # a required toolkit is given or refused, never replaced
        yield Finding("config-invalid", ERROR, what, "builds find no toolkit", fix)
    elif not isinstance(error, UnreadableConfigError):  # which another check says
        yield Finding("config-invalid", WARNING, what, "builds continue without it, and our commands stop", fix)


def _results(check: Callable[[Case], Iterator[Finding]], case: Case) -> list[Finding]:
    found: list[Finding] = []
    try:
        found += check(case)
    except Exception as error:  # noqa: BLE001 # a check that fails must not hide what others found
        found.append(_failed(check.__name__.partition("_")[2].replace("_", " "), error))
    return found


def _failed(check: str, error: Exception) -> Finding:
    what = f"The check of {check} failed: {str(error) or type(error).__name__}."
    return Finding("check-failed", WARNING, what, "its result is unknown", "see what the message names")
