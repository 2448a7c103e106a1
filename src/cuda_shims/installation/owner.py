"""The owner of a file in an environment: an installed distribution, or one of conda's packages."""

from __future__ import annotations

import os

from cuda_shims.environment import record
from cuda_shims.environment.distribution import distributions
from cuda_shims.installation import conda

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def owner(site_dirs: Sequence[str], path: str) -> str:
    """
    Find the distribution that owns a file.

    :param site_dirs: the directories with distributions to look in
    :param path: the file's absolute path
    :returns: its name and version, those of conda's package, or ``no installed distribution``

    """
    base = os.path.basename(path)
    for site_dir in site_dirs:
        for name, version, folder in distributions(site_dir):
            text = record.read_record(os.path.join(site_dir, folder)) or ""
            if name != "cuda-shims" and base in text:
                for line in record.record_lines(text):
                    if os.path.normpath(os.path.join(site_dir, line)) == path:
                        return f"{name} {version}"
    package = conda.owners(os.path.dirname(path), [base]).get(base)
    return f"conda's {package}" if package else "no installed distribution"
