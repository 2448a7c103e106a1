"""``cuda-shims fit``."""

from __future__ import annotations

import argparse

from cuda_shims.cli.output import Output
from cuda_shims.cli.place import find_environment
from cuda_shims.fit import Fit, find_fit


def run(options: argparse.Namespace, output: Output) -> int:
    """Print the requirement of the toolkit that fits."""
    fit = find_fit(find_environment(options), options.distribution)
    need = fit.need
    data = {
        "requirement": fit.requirement,
        "release": fit.release,
        "distribution": need.distribution.name,
        "version": need.distribution.version,
        "because": need.because,
        "build_requires": fit.build_requires,
        "constraints": fit.constraints,
    }
    output.answer(data, *_lines(fit, options.format, options.package))
    output.remark(f"cuda-shims: {need}", 1)
    return 0


def _lines(fit: Fit, chosen: str, package: str) -> list[str]:
    if chosen == "constraints":
        return fit.constraints
    if chosen == "pip":
        return [fit.requirement]
    import json  # noqa: PLC0415

    key = json.dumps(package) if "." in package else package  # JSON's strings are TOML's
    return ["[tool.uv.extra-build-dependencies]", f"{key} = {json.dumps(fit.build_requires)}"]
