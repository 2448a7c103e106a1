"""Conflicts where conda and pip have files of one name."""

from __future__ import annotations

import os

from _cuda_shims.shims import is_shim
from cuda_shims.catalog.tools import TOOLS
from cuda_shims.doctor.case import WARNING, Finding
from cuda_shims.installation.conda import owners, restoring
from cuda_shims.installation.shims import SUFFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cuda_shims.doctor.case import Case


def check_conda(case: Case) -> Iterator[Finding]:
    """Find shims that replaced a conda package's file."""
    scripts = case.environment.scripts
    ours = [tool.name for tool in TOOLS if is_shim(os.path.join(scripts, tool.name + SUFFIX))]
    found = owners(scripts, ours)
    if found:
        packages = sorted(set(found.values()))
        names = " ".join(each.partition(" ")[0] for each in packages)
        what = f"Our shims in {scripts} have replaced conda's {', '.join(found)} ({', '.join(packages)})."
        why = "the installer of our wheel replaced them: conda's compiler cannot run, and conda may restore it"
        fix = f"conda remove {names} && {case.command('install')}"
        other = f"{case.command('uninstall')}; {restoring(packages)}"
        yield Finding("conda-replaced", WARNING, what, why, fix, other)
