"""Messages of what installs a build's requirements: pip and uv."""

from __future__ import annotations

from . import log_versions
from .log_causes import plain
from .log_rules import Rule, rule

RULES: tuple[Rule, ...] = (
    rule(
        "no-such-version",
        "No matching distribution found for",
        r"No matching distribution found for (?P<name>(?:cuda-toolkit|nvidia-[\w-]{1,60})[^\s(]{0,100})",
        log_versions.requirement,
    ),
    rule(
        "no-such-version",
        "Because ",
        r"Because (?:there (?:is|are) no versions? of|only [^\s]{1,80} (?:is|are) available and"
        r" (?:you require|[^\s]{1,80} depends on)) (?P<name>(?:cuda-toolkit|nvidia-[\w-]{1,60})[^\s]{0,100})",
        log_versions.requirement,
        after="no-wheel",
    ),
    rule(
        "no-wheel",
        "Wheels are available for",
        r"Wheels are available for '(?P<name>nvidia-[\w-]{1,60})' \([^)]{1,40}\) on the following platforms",
        plain("There is no wheel of {name} for this system.", log_versions.SYSTEMS, log_versions.OTHER_SYSTEM),
    ),
    rule(
        "placeholder-wheel",
        "0.0.0a0",
        r"(?P<name>nvidia[-_][\w-]{1,60}?)[-=]{1,2}0\.0\.0a0",
        plain(
            "{name} 0.0.0a0 is a placeholder without files.",
            "pip takes it where NVIDIA has no wheel: on musl (Alpine), macOS and ppc64le",
            log_versions.OTHER_SYSTEM,
        ),
        after="no-wheel",
    ),
    rule(
        "no-such-extra",
        "not provide the extra",
        r"cuda-toolkit (?P<found>[\w.]{1,20}) does not provide the extra '(?P<name>[\w-]{1,40})'",
        log_versions.extra,
    ),
    rule(
        "no-such-extra",
        "does not have an extra named",
        r"package 'cuda-toolkit==(?P<found>[\w.]{1,20})' does not have an extra named '(?P<name>[\w-]{1,40})'",
        log_versions.extra,
    ),
    rule(
        "renamed-package",
        "IS DEPRECATED",
        r"THIS PROJECT '(?P<name>nvidia-[\w-]{1,60})' IS DEPRECATED",
        log_versions.renamed,
    ),
)

__all__ = ["RULES"]
